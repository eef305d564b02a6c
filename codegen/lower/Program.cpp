//===- Program.cpp - the pass `build-program`: dispatches become a straight line of calls ----------------------------===//
//
// For each kernel a task that unpacks a frame, and for the planned function three symbols:
//
//   void f_run(context, inputs, outputs, symbols, arena): for each dispatch, fill the frame with addresses and symbol values, then
//     weft_parallel_for(context, k_task, frame, units, grain)
//   void f_shapes(symbols, dims)
//   weft_program f_program
//
// A frame is a row of 8-byte words: addresses of operands and results, values of symbols, the address of the error word.
//
//===----------------------------------------------------------------------------------------------------------------===//
#include "codegen/Passes.h"
#include "codegen/emit/KernelEmitter.h"
#include "codegen/lower/Descriptor.h"
#include "codegen/lower/Places.h"
#include "runtime/weft_runtime.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Pass/Pass.h"

using namespace mlir;
using namespace weft;
using namespace weft::codegen;
using ir::Dim;

namespace {
class ProgramBuilder {
public:
  ProgramBuilder(ModuleOp module, func::FuncOp function, bool checkFinite)
      : module(module), function(function), checkFinite(checkFinite), name(function.getSymName()), messages(module), b(module.getContext()),
        loc(function.getLoc()), i64(b.getI64Type()), pointer(LLVM::LLVMPointerType::get(b.getContext())), nothing(LLVM::LLVMVoidType::get(b.getContext())) {
    for (auto global : module.getOps<LLVM::GlobalOp>())
      constants.push_back(global);
  }
  LogicalResult build();

private:
  LogicalResult findSymbols();
  LogicalResult buildRun();
  LogicalResult buildDispatch(loom::DispatchOp dispatch);
  LogicalResult buildBlock(Block &block);
  LogicalResult buildRegion(Block &block, ArrayRef<Value> wanted);
  LogicalResult buildControl(Operation *op);
  LogicalResult buildScan(ir::ScanOp scan);
  LogicalResult buildWhile(ir::WhileOp loop);
  LogicalResult buildCond(ir::CondOp cond);
  void buildTask(LLVM::LLVMFuncOp kernel);
  void buildShapes();
  void buildDescriptor();

  LLVM::LLVMFuncOp declare(StringRef symbol, ArrayRef<Type> arguments);
  Value number(int64_t v) { return LLVM::ConstantOp::create(b, loc, i64, v); }
  Value slot(Value base, int64_t i) { return LLVM::GEPOp::create(b, loc, pointer, i64, base, ArrayRef<LLVM::GEPArg>{LLVM::GEPArg(int32_t(i))}); }
  Value loadFrom(Type type, Value base, int64_t i) { return LLVM::LoadOp::create(b, loc, type, slot(base, i)); }
  Value expand(const Dim &dim);
  Value expand(AffineExpr e, ArrayRef<ir::Symbol> symbols);
  Value symbolValue(StringRef symbol);
  FailureOr<Value> address(Value tensor);
  Value addressOf(const Place &place);
  /// The addresses that `loom.places` of a loop or branch says.
  FailureOr<SmallVector<Value>> placesOf(Operation *op);
  Value ahead(Value base, Value bytes) { return LLVM::GEPOp::create(b, loc, pointer, b.getI8Type(), base, ArrayRef<LLVM::GEPArg>{LLVM::GEPArg(bytes)}); }
  /// Bytes of one slice along axis 0 of a stacked tensor.
  Value sliceBytes(Value stacked);
  /// Whether a loop shall go on: false once the call is cancelled or has met an error.
  Value goesOn();
  Block *newBlock(TypeRange arguments = {}) {
    Block *block = b.createBlock(b.getBlock()->getParent(), {}, arguments, SmallVector<Location>(arguments.size(), loc));
    return block;
  }

  ModuleOp module;
  func::FuncOp function;
  bool checkFinite;
  std::string name;
  Messages messages;
  OpBuilder b;
  Location loc;
  Type i64, pointer, nothing;
  struct Source {
    ir::Symbol symbol;
    int64_t input, axis;
  };
  std::vector<Source> symbols;
  SmallVector<LLVM::GlobalOp> constants;
  // Of the function under construction.
  Value context, inputs, outputs, symbolValues, arena, frame;
  llvm::DenseMap<Value, Value> moving; // addresses of what regions have as arguments and loops and branches as results
  SmallVector<SmallVector<Value>> yields; // where the regions that are open want their values, innermost last
  llvm::StringMap<Value> loaded;
};
} // namespace

/// Symbols are read off the first argument that has them as a bare dimension.
LogicalResult ProgramBuilder::findSymbols() {
  for (BlockArgument argument : function.getArguments())
    for (auto [axis, dim] : llvm::enumerate(ir::getDims(argument)))
      if (auto symbol = dim.asSymbol(); symbol && llvm::none_of(symbols, [&](const Source &s) { return s.symbol.name == symbol->name; }))
        symbols.push_back({*symbol, argument.getArgNumber(), int64_t(axis)});
  for (auto types : {function.getArgumentTypes(), function.getResultTypes()})
    for (Type type : types)
      for (const Dim &d : ir::getDims(cast<RankedTensorType>(type)))
        for (const ir::Symbol &s : d.symbols())
          if (llvm::none_of(symbols, [&](const Source &k) { return k.symbol.name == s.name; }))
            return function.emitError() << "dimension " << s.name << " is no dimension of an argument, so its value is unknown at run time";
  return success();
}

LLVM::LLVMFuncOp ProgramBuilder::declare(StringRef symbol, ArrayRef<Type> arguments) {
  if (auto found = module.lookupSymbol<LLVM::LLVMFuncOp>(symbol))
    return found;
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToEnd(module.getBody());
  return LLVM::LLVMFuncOp::create(b, loc, symbol, LLVM::LLVMFunctionType::get(nothing, arguments));
}

Value ProgramBuilder::symbolValue(StringRef symbol) {
  auto &value = loaded[symbol];
  if (!value) {
    auto source = llvm::find_if(symbols, [&](const Source &s) { return s.symbol.name == symbol; });
    value = loadFrom(i64, symbolValues, source - symbols.begin());
  }
  return value;
}
Value ProgramBuilder::expand(const Dim &dim) { return expand(dim.expr(), dim.symbols()); }
Value ProgramBuilder::expand(AffineExpr e, ArrayRef<ir::Symbol> names) {
  if (auto constant = dyn_cast<AffineConstantExpr>(e))
    return number(constant.getValue());
  if (auto symbol = dyn_cast<AffineSymbolExpr>(e))
    return symbolValue(names[symbol.getPosition()].name);
  auto binary = cast<AffineBinaryOpExpr>(e);
  Value x = expand(binary.getLHS(), names), y = expand(binary.getRHS(), names);
  // Rounding toward minus infinity; divisors are positive.
  auto floorDiv = [&](Value n, Value d) -> Value {
    Value quotient = LLVM::SDivOp::create(b, loc, n, d), rest = LLVM::SRemOp::create(b, loc, n, d);
    Value below = LLVM::ICmpOp::create(b, loc, LLVM::ICmpPredicate::slt, rest, number(0));
    return LLVM::SubOp::create(b, loc, quotient, LLVM::ZExtOp::create(b, loc, i64, below));
  };
  switch (binary.getKind()) {
  case AffineExprKind::Add: return LLVM::AddOp::create(b, loc, x, y);
  case AffineExprKind::Mul: return LLVM::MulOp::create(b, loc, x, y);
  case AffineExprKind::FloorDiv: return floorDiv(x, y);
  case AffineExprKind::CeilDiv: return floorDiv(LLVM::AddOp::create(b, loc, x, LLVM::SubOp::create(b, loc, y, number(1))), y);
  default: return LLVM::SubOp::create(b, loc, x, LLVM::MulOp::create(b, loc, floorDiv(x, y), y));
  }
}

Value ProgramBuilder::addressOf(const Place &place) {
  switch (place.kind) {
  case Place::input: return loadFrom(pointer, inputs, place.index);
  case Place::output: return loadFrom(pointer, outputs, place.index);
  case Place::arena: return ahead(arena, number(place.offset));
  case Place::yielded: return yields.back()[place.index];
  default: return {};
  }
}

FailureOr<Value> ProgramBuilder::address(Value tensor) {
  while (auto view = tensor.getDefiningOp<ir::ReshapeOp>())
    tensor = view.getX();
  if (Value known = moving.lookup(tensor))
    return known;
  FailureOr<Place> place = placeOf(tensor);
  if (failed(place))
    return failure();
  if (Value at = addressOf(*place))
    return at;
  // The kernels are lowered by now, so this constant is a global of the LLVM dialect at once.
  DenseElementsAttr value = place->value;
  if (value.getElementType().isInteger(1))
    value = value.mapValues(b.getI8Type(), [](const APInt &v) { return v.zext(8); });
  value = value.reshape(RankedTensorType::get({value.getNumElements()}, value.getElementType()));
  auto same = llvm::find_if(constants, [&](LLVM::GlobalOp g) { return g.getValueOrNull() == Attribute(value); });
  if (same == constants.end()) {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToEnd(module.getBody());
    auto type = LLVM::LLVMArrayType::get(value.getElementType(), value.getNumElements());
    constants.push_back(LLVM::GlobalOp::create(b, loc, type, /*isConstant=*/true, LLVM::Linkage::Internal,
                                               "weft_constant_" + std::to_string(constants.size()), value, /*alignment=*/64));
    same = constants.end() - 1;
  }
  return Value(LLVM::AddressOfOp::create(b, loc, *same));
}

void ProgramBuilder::buildTask(LLVM::LLVMFuncOp kernel) {
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToEnd(module.getBody());
  auto task = LLVM::LLVMFuncOp::create(b, kernel.getLoc(), (kernel.getSymName() + "_task").str(), LLVM::LLVMFunctionType::get(nothing, {pointer, i64, i64}),
                                       LLVM::Linkage::Internal);
  b.setInsertionPointToStart(task.addEntryBlock(b));
  // All but begin, end and the error word come first in the frame, in the order of the kernel's arguments.
  SmallVector<Value> arguments;
  unsigned count = kernel.getNumArguments();
  for (unsigned i = 0; i + 3 < count; ++i)
    arguments.push_back(loadFrom(kernel.getArgument(i).getType(), task.getArgument(0), i));
  arguments.append({task.getArgument(1), task.getArgument(2), loadFrom(pointer, task.getArgument(0), count - 3)});
  LLVM::CallOp::create(b, loc, kernel, arguments);
  LLVM::ReturnOp::create(b, loc, ValueRange());
}

LogicalResult ProgramBuilder::buildDispatch(loom::DispatchOp dispatch) {
  auto kernel = module.lookupSymbol<LLVM::LLVMFuncOp>(dispatch.getKernel());
  if (!kernel || !kernel->hasAttr("weft.units"))
    return dispatch.emitOpError("runs ") << dispatch.getKernelAttr() << ", which is no emitted kernel";
  loc = dispatch.getLoc();
  int64_t next = 0;
  auto put = [&](Value v) { LLVM::StoreOp::create(b, loc, v, slot(frame, next++)); };
  SmallVector<Value> results;
  for (Value operand : dispatch.getOperands()) {
    FailureOr<Value> at = address(operand);
    if (failed(at))
      return failure();
    put(*at);
  }
  for (Value result : dispatch.getResults()) {
    FailureOr<Value> at = address(result);
    if (failed(at))
      return failure();
    put(*at);
    results.push_back(*at);
    moving[result] = *at; // what a region yields is known by this address in the regions inside of it as well
  }
  for (Attribute symbol : kernel->getAttrOfType<ArrayAttr>("weft.symbols")) {
    StringRef wanted = cast<StringAttr>(symbol).getValue();
    if (llvm::none_of(symbols, [&](const Source &s) { return s.symbol.name == wanted; }))
      return dispatch.emitOpError("depends on dimension ") << wanted << ", which no argument has";
    put(symbolValue(wanted));
  }
  put(context);
  Dim units = cast<ir::DimsAttr>(kernel->getAttr("weft.units")).getDims()[0];
  int64_t grain = cast<IntegerAttr>(kernel->getAttr("weft.grain")).getInt();
  auto run = declare("weft_parallel_for", {pointer, pointer, pointer, i64, i64});
  Value task = LLVM::AddressOfOp::create(b, loc, pointer, (kernel.getSymName() + "_task").str());
  LLVM::CallOp::create(b, loc, run, ValueRange{context, task, frame, expand(units), number(grain)});
  if (!checkFinite)
    return success();
  auto origins = kernel->getAttrOfType<ArrayAttr>("weft.origins");
  auto check = declare("weft_check_finite", {pointer, pointer, i64, b.getI32Type(), b.getI32Type()});
  for (auto [i, result] : llvm::enumerate(dispatch.getResults())) {
    Type element = ir::elementOf(result);
    if (!isa<FloatType>(element))
      continue;
    int64_t id = messages.add(WEFT_NOT_FINITE, UnknownLoc::get(b.getContext()),
                              cast<StringAttr>(origins[i]).getValue().str() + ": element %d of the result is not finite");
    auto i32 = [&](int64_t v) { return LLVM::ConstantOp::create(b, loc, b.getI32Type(), v); };
    LLVM::CallOp::create(b, loc, check, ValueRange{context, results[i], expand(ir::product(b.getContext(), ir::getDims(result))), i32(dtypeOf(element)), i32(id)});
  }
  return success();
}

LogicalResult ProgramBuilder::buildBlock(Block &block) {
  for (Operation &op : block.without_terminator()) {
    if (auto dispatch = dyn_cast<loom::DispatchOp>(op)) {
      if (failed(buildDispatch(dispatch)))
        return failure();
    } else if (isa<ir::ControlFlowOpInterface>(op)) {
      if (failed(buildControl(&op)))
        return failure();
    } else if (!isa<ir::ConstantOp, ir::ReshapeOp>(op)) {
      return op.emitOpError("is no dispatch, loop, branch, constant or reshape: dispatch formation left it over");
    }
  }
  return success();
}
LogicalResult ProgramBuilder::buildRegion(Block &block, ArrayRef<Value> wanted) {
  yields.emplace_back(wanted);
  LogicalResult built = buildBlock(block);
  yields.pop_back();
  return built;
}

FailureOr<SmallVector<Value>> ProgramBuilder::placesOf(Operation *op) {
  auto places = op->getAttrOfType<ArrayAttr>("loom.places");
  if (!places)
    return op->emitOpError("has no places: the plan comes first");
  SmallVector<Value> addresses;
  for (Attribute attribute : places) {
    std::optional<Place> place = placeFrom(attribute);
    Value at = place ? addressOf(*place) : Value();
    if (!at)
      return op->emitOpError("has an unknown place: ") << attribute;
    addresses.push_back(at);
  }
  return addresses;
}
Value ProgramBuilder::sliceBytes(Value stacked) {
  ir::Dims dims = ir::getDims(stacked);
  Dim count = ir::product(b.getContext(), ArrayRef<Dim>(dims).drop_front());
  return LLVM::MulOp::create(b, loc, expand(count), number(std::max<int64_t>(1, ir::elementOf(stacked).getIntOrFloatBitWidth() / 8)));
}
Value ProgramBuilder::goesOn() {
  LLVM::LLVMFuncOp service = module.lookupSymbol<LLVM::LLVMFuncOp>("weft_goes_on");
  if (!service) {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToEnd(module.getBody());
    service = LLVM::LLVMFuncOp::create(b, loc, "weft_goes_on", LLVM::LLVMFunctionType::get(b.getI32Type(), {pointer}));
  }
  Value word = LLVM::CallOp::create(b, loc, service, ValueRange{context}).getResult();
  return LLVM::ICmpOp::create(b, loc, LLVM::ICmpPredicate::ne, word, LLVM::ConstantOp::create(b, loc, b.getI32Type(), 0));
}

LogicalResult ProgramBuilder::buildControl(Operation *op) {
  loc = op->getLoc();
  if (auto scan = dyn_cast<ir::ScanOp>(op))
    return buildScan(scan);
  if (auto loop = dyn_cast<ir::WhileOp>(op))
    return buildWhile(loop);
  if (auto cond = dyn_cast<ir::CondOp>(op))
    return buildCond(cond);
  return op->emitOpError("has no lowering");
}

// A carry is at one of three addresses: where it came from, or one of its two buffers. The loop hands on (where it is, where the next one goes,
// where that after it goes): the first value is never written.
LogicalResult ProgramBuilder::buildScan(ir::ScanOp scan) {
  FailureOr<SmallVector<Value>> places = placesOf(scan);
  if (failed(places))
    return failure();
  unsigned carries = scan.numCarries(), stacked = scan.getNumResults() - carries;
  SmallVector<Value> start{number(0)};
  for (unsigned k = 0; k < carries; ++k) {
    FailureOr<Value> first = address(scan.getInits()[k]);
    if (failed(first))
      return failure();
    start.append({*first, (*places)[2 * k], (*places)[2 * k + 1]});
  }
  ArrayRef<Value> results = ArrayRef(*places).drop_front(2 * carries).take_front(stacked);
  Value positionAt = places->back(), length = expand(scan.getLength().getDims()[0]);
  SmallVector<Value> sources, steps;
  for (Value x : scan.getXs()) {
    FailureOr<Value> at = address(x);
    if (failed(at))
      return failure();
    sources.push_back(*at);
    steps.push_back(sliceBytes(x));
  }
  for (OpResult r : scan.getResults().drop_front(carries))
    steps.push_back(sliceBytes(r));
  Block *before = b.getBlock();
  SmallVector<Type> types{i64};
  types.append(3 * carries, pointer);
  Block *header = newBlock(types), *body = newBlock(), *after = newBlock();
  b.setInsertionPointToEnd(before);
  LLVM::BrOp::create(b, loc, start, header);
  b.setInsertionPointToEnd(header);
  Value step = header->getArgument(0);
  Value more = LLVM::ICmpOp::create(b, loc, LLVM::ICmpPredicate::slt, step, length);
  LLVM::CondBrOp::create(b, loc, LLVM::AndOp::create(b, loc, more, goesOn()), body, ValueRange(), after, ValueRange());
  b.setInsertionPointToEnd(body);
  Value position = step;
  if (scan.getReverse())
    position = LLVM::SubOp::create(b, loc, LLVM::SubOp::create(b, loc, length, step), number(1));
  LLVM::StoreOp::create(b, loc, LLVM::TruncOp::create(b, loc, b.getI32Type(), position), positionAt);
  moving[scan.index()] = positionAt;
  SmallVector<Value> wanted, next;
  for (unsigned k = 0; k < carries; ++k) {
    moving[scan.carry(k)] = header->getArgument(1 + 3 * k);
    wanted.push_back(header->getArgument(2 + 3 * k));
  }
  for (unsigned j = 0; j < sources.size(); ++j)
    moving[scan.slice(j)] = ahead(sources[j], LLVM::MulOp::create(b, loc, position, steps[j]));
  for (unsigned i = 0; i < stacked; ++i)
    wanted.push_back(ahead(results[i], LLVM::MulOp::create(b, loc, position, steps[sources.size() + i])));
  if (failed(buildRegion(*scan.block(), wanted)))
    return failure();
  loc = scan.getLoc();
  next.push_back(LLVM::AddOp::create(b, loc, step, number(1)));
  for (unsigned k = 0; k < carries; ++k)
    next.append({header->getArgument(2 + 3 * k), header->getArgument(3 + 3 * k), header->getArgument(2 + 3 * k)});
  LLVM::BrOp::create(b, loc, next, header);
  b.setInsertionPointToEnd(after);
  for (unsigned k = 0; k < carries; ++k)
    moving[scan.getResult(k)] = header->getArgument(1 + 3 * k);
  for (unsigned i = 0; i < stacked; ++i)
    moving[scan.getResult(carries + i)] = results[i];
  return success();
}

LogicalResult ProgramBuilder::buildWhile(ir::WhileOp loop) {
  FailureOr<SmallVector<Value>> places = placesOf(loop);
  if (failed(places))
    return failure();
  unsigned carries = loop.getInits().size();
  SmallVector<Value> start{number(0)};
  for (unsigned k = 0; k < carries; ++k) {
    FailureOr<Value> first = address(loop.getInits()[k]);
    if (failed(first))
      return failure();
    start.append({*first, (*places)[2 * k], (*places)[2 * k + 1]});
  }
  Value most = loop.getMax() ? expand(loop.getMax()->getDims()[0]) : number(std::numeric_limits<int64_t>::max());
  Block *before = b.getBlock();
  SmallVector<Type> types{i64};
  types.append(3 * carries, pointer);
  Block *header = newBlock(types), *test = newBlock(), *body = newBlock(), *after = newBlock();
  b.setInsertionPointToEnd(before);
  LLVM::BrOp::create(b, loc, start, header);
  b.setInsertionPointToEnd(header);
  Value step = header->getArgument(0);
  Value more = LLVM::ICmpOp::create(b, loc, LLVM::ICmpPredicate::slt, step, most);
  LLVM::CondBrOp::create(b, loc, LLVM::AndOp::create(b, loc, more, goesOn()), test, ValueRange(), after, ValueRange());
  b.setInsertionPointToEnd(test);
  SmallVector<Value> wanted, next{};
  for (unsigned k = 0; k < carries; ++k) {
    moving[loop.getTest().getArgument(k)] = moving[loop.getBody().getArgument(k)] = header->getArgument(1 + 3 * k);
    wanted.push_back(header->getArgument(2 + 3 * k));
  }
  if (failed(buildRegion(loop.getTest().front(), {places->back()})))
    return failure();
  loc = loop.getLoc();
  Value holds = LLVM::ICmpOp::create(b, loc, LLVM::ICmpPredicate::ne, LLVM::LoadOp::create(b, loc, b.getI8Type(), places->back()), LLVM::ConstantOp::create(b, loc, b.getI8Type(), 0));
  // Asked again: a test that was left out says nothing.
  LLVM::CondBrOp::create(b, loc, LLVM::AndOp::create(b, loc, holds, goesOn()), body, ValueRange(), after, ValueRange());
  b.setInsertionPointToEnd(body);
  if (failed(buildRegion(loop.getBody().front(), wanted)))
    return failure();
  loc = loop.getLoc();
  next.push_back(LLVM::AddOp::create(b, loc, step, number(1)));
  for (unsigned k = 0; k < carries; ++k)
    next.append({header->getArgument(2 + 3 * k), header->getArgument(3 + 3 * k), header->getArgument(2 + 3 * k)});
  LLVM::BrOp::create(b, loc, next, header);
  b.setInsertionPointToEnd(after);
  for (unsigned k = 0; k < carries; ++k)
    moving[loop.getResult(k)] = header->getArgument(1 + 3 * k);
  return success();
}

LogicalResult ProgramBuilder::buildCond(ir::CondOp cond) {
  FailureOr<SmallVector<Value>> places = placesOf(cond);
  FailureOr<Value> predicate = address(cond.getPredicate());
  if (failed(places) || failed(predicate))
    return failure();
  Value holds = LLVM::ICmpOp::create(b, loc, LLVM::ICmpPredicate::ne, LLVM::LoadOp::create(b, loc, b.getI8Type(), *predicate), LLVM::ConstantOp::create(b, loc, b.getI8Type(), 0));
  Block *before = b.getBlock();
  Block *yes = newBlock(), *no = newBlock(), *after = newBlock();
  b.setInsertionPointToEnd(before);
  LLVM::CondBrOp::create(b, loc, holds, yes, ValueRange(), no, ValueRange());
  for (auto [block, region] : {std::pair(yes, &cond.getYes()), std::pair(no, &cond.getNo())}) {
    b.setInsertionPointToEnd(block);
    if (failed(buildRegion(region->front(), *places)))
      return failure();
    LLVM::BrOp::create(b, loc, ValueRange(), after);
  }
  b.setInsertionPointToEnd(after);
  for (auto [r, at] : llvm::zip(cond.getResults(), *places))
    moving[r] = at;
  return success();
}

/// On an argument or a result whose last dimension holds the parts of complex elements: passes/derive/SplitComplex.cpp.
static constexpr StringLiteral complexMark = "weft.complex";

LogicalResult ProgramBuilder::buildRun() {
  b.setInsertionPointToEnd(module.getBody());
  auto run = LLVM::LLVMFuncOp::create(b, loc, name + "_run", LLVM::LLVMFunctionType::get(nothing, {pointer, pointer, pointer, pointer, pointer}));
  b.setInsertionPointToStart(run.addEntryBlock(b));
  context = run.getArgument(0);
  inputs = run.getArgument(1);
  outputs = run.getArgument(2);
  symbolValues = run.getArgument(3);
  arena = run.getArgument(4);
  loaded.clear();
  // One frame serves all dispatches: weft_parallel_for returns when all tasks have run.
  int64_t words = 1;
  for (auto kernel : module.getOps<LLVM::LLVMFuncOp>())
    if (kernel->hasAttr("weft.units"))
      words = std::max<int64_t>(words, kernel.getNumArguments());
  frame = LLVM::AllocaOp::create(b, loc, pointer, i64, number(words), /*alignment=*/8);
  for (const Source &s : symbols)
    symbolValue(s.symbol.name);
  if (failed(buildBlock(function.getBody().front())))
    return failure();
  Operation *end = function.getBody().front().getTerminator();
  for (auto [i, value] : llvm::enumerate(end->getOperands())) {
    FailureOr<Place> place = placeOf(value);
    if (failed(place))
      return failure();
    if (auto control = dyn_cast_or_null<ir::ControlFlowOpInterface>(value.getDefiningOp()); control && moving.contains(value))
      continue;
    if (place->kind != Place::output || place->index != int64_t(i))
      return end->emitOpError("returns a value that does not live in output ") << i;
  }
  LLVM::ReturnOp::create(b, loc, ValueRange());
  return success();
}

void ProgramBuilder::buildShapes() {
  b.setInsertionPointToEnd(module.getBody());
  auto shapes = LLVM::LLVMFuncOp::create(b, loc, name + "_shapes", LLVM::LLVMFunctionType::get(nothing, {pointer, pointer}));
  b.setInsertionPointToStart(shapes.addEntryBlock(b));
  symbolValues = shapes.getArgument(0);
  loaded.clear();
  int64_t next = 0;
  auto store = [&](Type type, bool complex) {
    ir::Dims dims = ir::getDims(cast<RankedTensorType>(type));
    for (const Dim &d : ArrayRef<Dim>(dims).drop_back(complex))
      LLVM::StoreOp::create(b, loc, expand(d), slot(shapes.getArgument(1), next++));
  };
  for (auto [i, type] : llvm::enumerate(function.getArgumentTypes()))
    store(type, bool(function.getArgAttr(unsigned(i), complexMark)));
  for (auto [i, type] : llvm::enumerate(function.getResultTypes()))
    store(type, bool(function.getResultAttr(unsigned(i), complexMark)));
  LLVM::ReturnOp::create(b, loc, ValueRange());
}

void ProgramBuilder::buildDescriptor() {
  Descriptor d(module);
  using Rows = std::vector<std::vector<Descriptor::Field>>;
  auto table = [&](StringRef suffix, const Rows &rows) {
    if (rows.empty())
      return Descriptor::address("");
    std::string global = name + suffix.str();
    d.array(global, rows);
    return Descriptor::address(global);
  };
  auto parameters = [&](TypeRange types, auto attribute) {
    Rows rows;
    for (auto [i, type] : llvm::enumerate(types)) {
      auto tensor = cast<RankedTensorType>(type);
      auto path = dyn_cast_or_null<StringAttr>(attribute(unsigned(i), "weft.name"));
      // The parts of a complex element lie side by side: one dimension less to the caller.
      bool complex = bool(attribute(unsigned(i), complexMark));
      int32_t dtype = dtypeOf(tensor.getElementType());
      rows.push_back(Descriptor::parameter(path ? path.getValue() : "", !complex ? dtype : dtype == WEFT_F32 ? WEFT_C64 : WEFT_C128, tensor.getRank() - complex));
    }
    return rows;
  };
  Rows in = parameters(function.getArgumentTypes(), [&](unsigned i, StringRef name) { return function.getArgAttr(i, name); });
  Rows out = parameters(function.getResultTypes(), [&](unsigned i, StringRef name) { return function.getResultAttr(i, name); });
  Rows syms, texts;
  for (const Source &s : symbols)
    syms.push_back(Descriptor::symbol(s.symbol.name, s.symbol.lower, s.symbol.upper, s.input, s.axis));
  for (auto &[status, text] : messages.all())
    texts.push_back(Descriptor::message(status, text));
  auto size = [](const Rows &rows) { return Descriptor::i32(int64_t(rows.size())); };
  auto inAt = table("_inputs", in), outAt = table("_outputs", out), symsAt = table("_symbols", syms), textsAt = table("_messages", texts);
  // The order of weft_program's fields.
  d.structure(name + "_program",
              {Descriptor::i32(WEFT_ABI_VERSION), size(in), size(out), size(syms), size(texts), Descriptor::text(name), inAt, outAt, symsAt, textsAt,
               Descriptor::i64(arenaBytes(function)), Descriptor::address(name + "_shapes"), Descriptor::address(name + "_run")});
}

LogicalResult ProgramBuilder::build() {
  if (failed(findSymbols()))
    return failure();
  SmallVector<LLVM::LLVMFuncOp> kernels;
  for (auto kernel : module.getOps<LLVM::LLVMFuncOp>())
    if (kernel->hasAttr("weft.units"))
      kernels.push_back(kernel);
  for (LLVM::LLVMFuncOp kernel : kernels)
    buildTask(kernel);
  if (failed(buildRun()))
    return failure();
  loc = function.getLoc();
  buildShapes();
  buildDescriptor();
  // What the graph's encodings and the attributes of earlier stages said is said in code now.
  function.erase();
  module->removeAttr("weft.messages");
  for (LLVM::LLVMFuncOp kernel : kernels)
    for (StringRef attribute : {"weft.units", "weft.grain", "weft.symbols", "weft.origins"})
      kernel->removeAttr(attribute);
  return success();
}

namespace {
struct BuildProgram : PassWrapper<BuildProgram, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(BuildProgram)
  BuildProgram() = default;
  BuildProgram(const BuildProgram &other) : PassWrapper(other) {}
  explicit BuildProgram(bool check) { checkFinite = check; }
  Option<bool> checkFinite{*this, "check-finite", llvm::cl::desc("check every float result of a dispatch for NaN and infinity"), llvm::cl::init(false)};

  StringRef getArgument() const override { return "build-program"; }
  StringRef getDescription() const override { return "dispatches to calls, and the program's descriptor"; }
  void getDependentDialects(DialectRegistry &registry) const override { registry.insert<LLVM::LLVMDialect>(); }
  void runOnOperation() override {
    func::FuncOp function = findProgram(getOperation());
    if (!function) {
      getOperation().emitError("there is no function to make a program of");
      return signalPassFailure();
    }
    if (failed(ProgramBuilder(getOperation(), function, checkFinite).build()))
      signalPassFailure();
  }
};
} // namespace

std::unique_ptr<Pass> weft::codegen::createBuildProgram(bool checkFinite) { return std::make_unique<BuildProgram>(checkFinite); }
void weft::codegen::registerBuildProgram() { PassRegistration<BuildProgram>(); }
