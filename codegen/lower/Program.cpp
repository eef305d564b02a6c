// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Program.cpp - the pass `build-program`: dispatches become a straight line of calls ----------------------------===//
//
// For each kernel a task that unpacks a frame, and for each planned function three symbols:
//
//   void f_run(context, inputs, outputs, symbols, arena): for each dispatch, fill the frame with addresses and symbol values, then
//     weft_parallel_for(context, k_task, frame, units, grain); for the dispatches of a fork a row of weft_loops and weft_parallel_for_all;
//     before the first that writes state in place: return unless weft_begin_update(context)
//   void f_shapes(symbols, dims)
//   weft_program f_program
//
// A frame is a row of 8-byte words: addresses of operands, results and workspace, values of symbols, the address of the
// error word.
//
//===----------------------------------------------------------------------------------------------------------------===//
#include "codegen/ElementTypes.h"
#include "codegen/Passes.h"
#include "codegen/lower/Descriptor.h"
#include "codegen/lower/ProgramBuilder.h"
#include "codegen/lower/Services.h"
#include "dialects/loom/Views.h"
#include "mlir/Pass/Pass.h"
#include "runtime/weft_runtime.h"

using namespace mlir;
using namespace weft;
using namespace weft::codegen;
using ir::Dim;

constexpr int64_t loopWords = sizeof(weft_loop) / 8;

LogicalResult ProgramBuilder::unknownSymbol(StringRef name) {
  return function.emitError() << "dimension " << name
                              << " is no dimension of an argument, so its value is unknown at run time";
}
/// Symbols are read off the first argument that has them as a bare dimension.
LogicalResult ProgramBuilder::findSymbols() {
  for (BlockArgument argument : function.getArguments())
    for (auto [axis, dim] : llvm::enumerate(ir::getDims(argument)))
      if (auto symbol = dim.asSymbol();
          symbol && llvm::none_of(symbols, [&](const Source &s) { return s.symbol.name == symbol->name; }))
        symbols.push_back({*symbol, argument.getArgNumber(), int64_t(axis)});
  for (auto types : {function.getArgumentTypes(), function.getResultTypes()})
    for (Type type : types)
      for (const Dim &d : ir::getDims(cast<RankedTensorType>(type)))
        for (const ir::Symbol &s : d.symbols())
          if (llvm::none_of(symbols, [&](const Source &k) { return k.symbol.name == s.name; }))
            return unknownSymbol(s.name);
  return success();
}

Value ProgramBuilder::symbolValue(StringRef symbol) {
  auto &value = loaded[symbol];
  if (!value) {
    auto source = llvm::find_if(symbols, [&](const Source &s) { return s.symbol.name == symbol; });
    if (source == symbols.end())
      unknown = symbol.str();
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
  case AffineExprKind::CeilDiv:
    return floorDiv(LLVM::AddOp::create(b, loc, x, LLVM::SubOp::create(b, loc, y, number(1))), y);
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
  if (Operation *op = tensor.getDefiningOp(); loom::isView(op)) {
    FailureOr<Value> whole = address(op->getOperand(0));
    if (failed(whole) || cast<ir::ViewOpInterface>(op).isWhole())
      return whole;
    std::optional<int64_t> first = loom::firstRow(op);
    if (!first)
      return op->emitOpError("is a view of memory that is not contiguous");
    return ahead(*whole, LLVM::MulOp::create(b, loc, number(*first), sliceBytes(tensor)));
  }
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
                                               "weft_constant_" + std::to_string(constants.size()), value,
                                               /*alignment=*/64));
    same = constants.end() - 1;
  }
  return Value(LLVM::AddressOfOp::create(b, loc, *same));
}

/// Unpacks a frame for a kernel.
static void buildTask(LLVM::LLVMFuncOp kernel) {
  OpBuilder b = OpBuilder::atBlockEnd(kernel->getBlock());
  Location loc = kernel.getLoc();
  Type i64 = b.getI64Type(), pointer = LLVM::LLVMPointerType::get(b.getContext());
  auto task = LLVM::LLVMFuncOp::create(
      b, loc, (kernel.getSymName() + "_task").str(),
      LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(b.getContext()), {pointer, i64, i64}),
      LLVM::Linkage::Internal);
  b.setInsertionPointToStart(task.addEntryBlock(b));
  auto word = [&](Type type, unsigned i) -> Value {
    Value at = LLVM::GEPOp::create(b, loc, pointer, i64, task.getArgument(0),
                                   ArrayRef<LLVM::GEPArg>{LLVM::GEPArg(int32_t(i))});
    return LLVM::LoadOp::create(b, loc, type, at);
  };
  // All but begin, end and the error word come first in the frame, in the order of the kernel's arguments.
  SmallVector<Value> arguments;
  unsigned count = kernel.getNumArguments();
  for (unsigned i = 0; i + 3 < count; ++i)
    arguments.push_back(word(kernel.getArgument(i).getType(), i));
  arguments.append({task.getArgument(1), task.getArgument(2), word(pointer, count - 3)});
  LLVM::CallOp::create(b, loc, kernel, arguments);
  LLVM::ReturnOp::create(b, loc, ValueRange());
}

FailureOr<ProgramBuilder::Loop> ProgramBuilder::buildFrame(loom::DispatchOp dispatch, int64_t at) {
  auto kernel = module.lookupSymbol<LLVM::LLVMFuncOp>(dispatch.getKernel());
  loom::TaskAttr task = kernel ? loom::taskOf(kernel) : loom::TaskAttr();
  if (!task)
    return dispatch.emitOpError("runs ") << dispatch.getKernelAttr() << ", which is no emitted kernel";
  loc = dispatch.getLoc();
  Value frame = at ? slot(frames, at) : frames;
  int64_t next = 0;
  auto put = [&](Value v) { LLVM::StoreOp::create(b, loc, v, slot(frame, next++)); };
  SmallVector<Value> addresses;
  for (Value operand : dispatch.getOperands()) {
    FailureOr<Value> from = address(operand);
    if (failed(from))
      return failure();
    put(addresses.emplace_back(*from));
  }
  for (Value result : dispatch.getResults()) {
    FailureOr<Value> to = address(result);
    if (failed(to))
      return failure();
    put(addresses.emplace_back(*to));
    moving[result] = *to; // what a region yields is known by this address in the regions inside of it as well
  }
  if (loom::ArenaAttr workspace = dispatch.getWorkspaceAttr())
    put(ahead(arena, number(workspace.getOffset())));
  for (Attribute symbol : task.getSymbols()) {
    StringRef wanted = cast<StringAttr>(symbol).getValue();
    if (llvm::none_of(symbols, [&](const Source &s) { return s.symbol.name == wanted; }))
      return dispatch.emitOpError("depends on dimension ") << wanted << ", which no argument has";
    put(symbolValue(wanted));
  }
  put(context);
  if (next != int64_t(kernel.getNumArguments()) - 2)
    return dispatch.emitOpError("gives its kernel ") << next << " words, which takes " << kernel.getNumArguments() - 2;
  Value code = LLVM::AddressOfOp::create(b, loc, pointer, (kernel.getSymName() + "_task").str());
  Value units = expand(task.getUnits().getDims()[0]);
  if (dispatch.getUnchanged()) {
    Value same = LLVM::ICmpOp::create(b, loc, LLVM::ICmpPredicate::eq, addresses.front(), addresses.back());
    units = LLVM::SelectOp::create(b, loc, same, number(0), units);
  }
  return Loop{code, frame, units, task.getGrain()};
}

void ProgramBuilder::checkResults(loom::DispatchOp dispatch) {
  auto kernel = module.lookupSymbol<LLVM::LLVMFuncOp>(dispatch.getKernel());
  ArrayAttr origins = loom::taskOf(kernel).getOrigins();
  auto check = declareService(module, "weft_check_finite");
  loc = dispatch.getLoc();
  for (auto [i, result] : llvm::enumerate(dispatch.getResults())) {
    Type element = ir::elementOf(result);
    if (!isa<FloatType>(element))
      continue;
    int64_t id =
        messages.add(WEFT_NOT_FINITE, UnknownLoc::get(b.getContext()),
                     cast<StringAttr>(origins[i]).getValue().str() + ": element %d of the result is not finite");
    auto i32 = [&](int64_t v) { return LLVM::ConstantOp::create(b, loc, b.getI32Type(), v); };
    LLVM::CallOp::create(b, loc, check,
                         ValueRange{context, moving[result], expand(ir::product(b.getContext(), ir::getDims(result))),
                                    i32(dtypeOf(element)), i32(id)});
  }
}

void ProgramBuilder::beginUpdate() {
  if (std::exchange(updating, true))
    return;
  Block *before = b.getBlock();
  Block *failed = newBlock(), *go = newBlock();
  b.setInsertionPointToEnd(before);
  LLVM::CondBrOp::create(b, loc, ask("weft_begin_update"), go, ValueRange(), failed, ValueRange());
  b.setInsertionPointToEnd(failed);
  LLVM::ReturnOp::create(b, loc, ValueRange());
  b.setInsertionPointToEnd(go);
}

/// Words of a dispatch's frame.
static int64_t frameWords(LLVM::LLVMFuncOp kernel) { return kernel ? kernel.getNumArguments() : 0; }

bool ProgramBuilder::writesState(ArrayAttr places) {
  return llvm::any_of(places, [](Attribute place) {
    auto output = dyn_cast<loom::OutputAttr>(place);
    return output && output.getInput() >= 0;
  });
}

LogicalResult ProgramBuilder::buildDispatches(ArrayRef<loom::DispatchOp> dispatches) {
  loc = dispatches.front()->getLoc();
  if (llvm::any_of(dispatches, [](loom::DispatchOp dispatch) {
        return dispatch.getPlacesAttr() && writesState(dispatch.getPlacesAttr());
      }))
    beginUpdate();
  SmallVector<Loop> all;
  int64_t at = 0;
  for (loom::DispatchOp dispatch : dispatches) {
    FailureOr<Loop> loop = buildFrame(dispatch, at);
    if (failed(loop))
      return failure();
    all.push_back(*loop);
    at += frameWords(module.lookupSymbol<LLVM::LLVMFuncOp>(dispatch.getKernel()));
  }
  if (all.size() == 1) {
    auto run = declareService(module, "weft_parallel_for");
    LLVM::CallOp::create(b, loc, run,
                         ValueRange{context, all[0].task, all[0].frame, all[0].units, number(all[0].grain)});
  } else {
    for (auto [i, loop] : llvm::enumerate(all)) {
      Value row = slot(loops, int64_t(i) * loopWords);
      for (auto [k, word] :
           llvm::enumerate(std::array<Value, 4>{loop.task, loop.frame, loop.units, number(loop.grain)}))
        LLVM::StoreOp::create(b, loc, word, slot(row, int64_t(k)));
    }
    auto run = declareService(module, "weft_parallel_for_all");
    LLVM::CallOp::create(
        b, loc, run, ValueRange{context, loops, LLVM::ConstantOp::create(b, loc, b.getI32Type(), int64_t(all.size()))});
  }
  if (checkFinite)
    llvm::for_each(dispatches, [&](loom::DispatchOp dispatch) { checkResults(dispatch); });
  return success();
}

/// Calls f with the dispatches that run together, one list after the other, and with every other op.
static LogicalResult eachFork(Block &block, llvm::function_ref<LogicalResult(ArrayRef<loom::DispatchOp>)> onFork,
                              llvm::function_ref<LogicalResult(Operation *)> onOther) {
  SmallVector<loom::DispatchOp> fork;
  auto flush = [&] {
    LogicalResult done = fork.empty() ? success() : onFork(fork);
    fork.clear();
    return done;
  };
  for (Operation &op : block.without_terminator()) {
    if (isa<ir::ConstantOp>(op) || loom::isView(&op))
      continue;
    auto dispatch = dyn_cast<loom::DispatchOp>(op);
    bool together =
        dispatch && !fork.empty() && dispatch.getForkAttr() && dispatch.getForkAttr() == fork.back().getForkAttr();
    if (!together && failed(flush()))
      return failure();
    if (dispatch)
      fork.push_back(dispatch);
    else if (failed(onOther(&op)))
      return failure();
  }
  return flush();
}

LogicalResult ProgramBuilder::buildBlock(Block &block) {
  return eachFork(
      block, [&](ArrayRef<loom::DispatchOp> fork) { return buildDispatches(fork); },
      [&](Operation *op) -> LogicalResult {
        if (isa<ir::ControlFlowOpInterface>(op))
          return buildControl(op);
        return op->emitOpError("is no dispatch, loop, branch, constant or view: dispatch formation left it over");
      });
}
Value ProgramBuilder::ask(StringRef question) {
  Value word = LLVM::CallOp::create(b, loc, declareService(module, question), ValueRange{context}).getResult();
  return LLVM::ICmpOp::create(b, loc, LLVM::ICmpPredicate::ne, word,
                              LLVM::ConstantOp::create(b, loc, b.getI32Type(), 0));
}

/// On an argument or a result whose last dimension holds the parts of complex elements: passes/derive/SplitComplex.cpp.
static constexpr StringLiteral complexMark = "weft.complex";

LogicalResult ProgramBuilder::buildRun() {
  b.setInsertionPointToEnd(module.getBody());
  auto run = LLVM::LLVMFuncOp::create(
      b, loc, name + "_run", LLVM::LLVMFunctionType::get(nothing, {pointer, pointer, pointer, pointer, pointer}));
  b.setInsertionPointToStart(run.addEntryBlock(b));
  context = run.getArgument(0);
  inputs = run.getArgument(1);
  outputs = run.getArgument(2);
  symbolValues = run.getArgument(3);
  arena = run.getArgument(4);
  loaded.clear();
  // One frame serves all dispatches, for they have run when weft_parallel_for returns; those of a fork have one each.
  int64_t words = 1, most = 0;
  function.walk([&](Block *block) {
    (void)eachFork(
        *block,
        [&](ArrayRef<loom::DispatchOp> fork) {
          int64_t sum = 0;
          for (loom::DispatchOp dispatch : fork)
            sum += frameWords(module.lookupSymbol<LLVM::LLVMFuncOp>(dispatch.getKernel()));
          words = std::max(words, sum);
          most = std::max(most, int64_t(fork.size()));
          return success();
        },
        [](Operation *) { return success(); });
  });
  frames = LLVM::AllocaOp::create(b, loc, pointer, i64, number(words), /*alignment=*/8);
  if (most > 1)
    loops = LLVM::AllocaOp::create(b, loc, pointer, i64, number(most * loopWords), /*alignment=*/8);
  for (const Source &s : symbols)
    symbolValue(s.symbol.name);
  if (failed(buildBlock(function.getBody().front())))
    return failure();
  Operation *end = function.getBody().front().getTerminator();
  for (auto [i, value] : llvm::enumerate(end->getOperands())) {
    FailureOr<Place> place = placeOf(value);
    if (failed(place))
      return failure();
    if (auto control = dyn_cast_or_null<ir::ControlFlowOpInterface>(value.getDefiningOp());
        control && moving.contains(value))
      continue;
    if (place->kind != Place::output || place->index != int64_t(i))
      return end->emitOpError("returns a value that does not live in output ") << i;
  }
  LLVM::ReturnOp::create(b, loc, ValueRange());
  return success();
}

void ProgramBuilder::buildShapes() {
  b.setInsertionPointToEnd(module.getBody());
  auto shapes =
      LLVM::LLVMFuncOp::create(b, loc, name + "_shapes", LLVM::LLVMFunctionType::get(nothing, {pointer, pointer}));
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
  SmallVector<int64_t> inPlace; // which input's memory an output may be
  for (Value v : function.getBody().front().getTerminator()->getOperands()) {
    auto control = dyn_cast<ir::ControlFlowOpInterface>(v.getDefiningOp());
    inPlace.push_back(control && !control.isLoop()
                          ? placeFrom(loom::placesOf(control)[cast<OpResult>(v).getResultNumber()])->over
                          : placeOf(v)->over);
  }
  auto parameters = [&](TypeRange types, ArrayRef<int64_t> shared, auto attribute) {
    Rows rows;
    for (auto [i, type] : llvm::enumerate(types)) {
      auto tensor = cast<RankedTensorType>(type);
      auto path = dyn_cast_or_null<StringAttr>(attribute(unsigned(i), "weft.name"));
      // The parts of a complex element lie side by side: one dimension less to the caller.
      bool complex = bool(attribute(unsigned(i), complexMark));
      Type element = tensor.getElementType();
      rows.push_back(Descriptor::parameter(path ? path.getValue() : "",
                                           dtypeOf(complex ? ComplexType::get(element) : element),
                                           tensor.getRank() - complex, shared.empty() ? -1 : shared[i]));
    }
    return rows;
  };
  Rows in = parameters(function.getArgumentTypes(), {},
                       [&](unsigned i, StringRef name) { return function.getArgAttr(i, name); });
  Rows out = parameters(function.getResultTypes(), inPlace,
                        [&](unsigned i, StringRef name) { return function.getResultAttr(i, name); });
  Rows syms, texts;
  for (const Source &s : symbols)
    syms.push_back(Descriptor::symbol(s.symbol.name, s.symbol.lower, s.symbol.upper, s.input, s.axis));
  for (auto &[status, text] : messages.all())
    texts.push_back(Descriptor::message(status, text));
  auto size = [](const Rows &rows) { return Descriptor::i32(int64_t(rows.size())); };
  auto inAt = table("_inputs", in), outAt = table("_outputs", out), symsAt = table("_symbols", syms),
       textsAt = table("_messages", texts);
  bool needsTiles = function
                        .walk([&](loom::DispatchOp dispatch) {
                          auto kernel = module.lookupSymbol<LLVM::LLVMFuncOp>(dispatch.getKernel());
                          return loom::taskOf(kernel).getTiles() ? WalkResult::interrupt() : WalkResult::advance();
                        })
                        .wasInterrupted();
  // The order of weft_program's fields.
  d.structure(name + "_program", {Descriptor::i32(WEFT_ABI_VERSION), size(in), size(out), size(syms), size(texts),
                                  Descriptor::i32(needsTiles), Descriptor::text(name), inAt, outAt, symsAt, textsAt,
                                  Descriptor::i64(arenaBytes(function)), Descriptor::address(name + "_shapes"),
                                  Descriptor::address(name + "_run"), Descriptor::i64(int64_t(cpuFeatures))});
}

LogicalResult ProgramBuilder::build() {
  for (StringRef suffix : {"_run", "_shapes", "_program", "_inputs", "_outputs", "_symbols", "_messages"})
    if (std::string symbol = name + suffix.str(); module.lookupSymbol(symbol))
      return function.emitError() << "program " << name << " needs the symbol " << symbol
                                  << ", which another function of the module has: rename one of them";
  if (failed(findSymbols()))
    return failure();
  if (failed(buildRun()))
    return failure();
  if (!unknown.empty())
    return unknownSymbol(unknown);
  loc = function.getLoc();
  buildShapes();
  buildDescriptor();
  function.erase(); // what it said is said in code now
  return success();
}

namespace {
struct BuildProgram : PassWrapper<BuildProgram, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(BuildProgram)
  BuildProgram() = default;
  BuildProgram(const BuildProgram &other) : PassWrapper(other) {}
  BuildProgram(bool check, uint64_t features) {
    checkFinite = check;
    cpuFeatures = features;
  }
  Option<bool> checkFinite{*this, "check-finite",
                           llvm::cl::desc("check every float result of a dispatch for NaN and infinity"),
                           llvm::cl::init(false)};
  Option<uint64_t> cpuFeatures{*this, "cpu-features", llvm::cl::desc("instruction sets that the code may use"),
                               llvm::cl::init(0)};

  StringRef getArgument() const override { return "build-program"; }
  StringRef getDescription() const override { return "dispatches to calls, and the program's descriptor"; }
  void getDependentDialects(DialectRegistry &registry) const override { registry.insert<LLVM::LLVMDialect>(); }
  void runOnOperation() override {
    ModuleOp module = getOperation();
    SmallVector<func::FuncOp> programs = findPrograms(module);
    if (programs.empty()) {
      module.emitError("there is no function to make a program of");
      return signalPassFailure();
    }
    SmallVector<LLVM::LLVMFuncOp> kernels;
    for (auto kernel : module.getOps<LLVM::LLVMFuncOp>())
      if (loom::taskOf(kernel))
        kernels.push_back(kernel);
    for (LLVM::LLVMFuncOp kernel : kernels)
      buildTask(kernel);
    for (func::FuncOp program : programs)
      if (failed(ProgramBuilder(module, program, checkFinite, cpuFeatures).build()))
        return signalPassFailure();
    // What the attributes of earlier stages said is said in code now.
    module->removeAttr(loom::messagesMark);
    for (LLVM::LLVMFuncOp kernel : kernels)
      kernel->removeAttr(loom::taskMark);
  }
};
} // namespace

std::unique_ptr<Pass> weft::codegen::createBuildProgram(bool checkFinite, uint64_t cpuFeatures) {
  return std::make_unique<BuildProgram>(checkFinite, cpuFeatures);
}
void weft::codegen::registerBuildProgram() { PassRegistration<BuildProgram>(); }
