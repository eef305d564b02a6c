// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The host reference of a whole function: see Evaluator.h.
#include "dialects/weft/Evaluator.h"
#include "dialects/weft/Weft.h"
#include "mlir/IR/AttrTypeSubElements.h"

using namespace mlir;
using namespace weft::ir;

HostArray weft::ir::toHostArray(ElementsAttr elements) {
  auto type = cast<ShapedType>(elements.getShapedType());
  HostArray array(type.getElementType(), type.getShape());
  if (array.isFloat()) {
    for (auto [i, v] : llvm::enumerate(elements.getValues<APFloat>())) {
      bool lost;
      v.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &lost);
      array.f[i] = v.convertToDouble();
    }
  } else {
    bool isBool = type.getElementType().isInteger(1);
    for (auto [i, v] : llvm::enumerate(elements.getValues<APInt>()))
      array.i[i] = isBool ? int64_t(v.getZExtValue()) : v.getSExtValue();
  }
  return array;
}

DenseElementsAttr weft::ir::toElements(const HostArray &array) {
  auto type = RankedTensorType::get(array.shape, array.element);
  if (auto element = dyn_cast<FloatType>(array.element)) {
    SmallVector<APFloat> values;
    for (double v : array.f) {
      bool lost;
      values.emplace_back(v).convert(element.getFloatSemantics(), APFloat::rmNearestTiesToEven, &lost);
    }
    if (llvm::all_of(values, [&](const APFloat &v) { return v.bitwiseIsEqual(values.front()); }))
      values.truncate(
          std::min<size_t>(values.size(), 1)); // one number everywhere is a splat, which kernels hold as an immediate
    return DenseElementsAttr::get(type, values);
  }
  SmallVector<APInt> values;
  unsigned width = array.element.getIntOrFloatBitWidth();
  for (int64_t v : array.i)
    values.push_back(APInt(64, uint64_t(v)).trunc(width));
  if (llvm::all_equal(values))
    values.truncate(std::min<size_t>(values.size(), 1));
  return DenseElementsAttr::get(type, values);
}

//===- one op -------------------------------------------------------------------------------------------------------===//

namespace {
struct Environment : llvm::DenseMap<Value, HostArray> {
  const Evaluator::Observer *observe = nullptr;
};

LogicalResult evaluateBlock(Block &block, Environment &values, std::vector<HostArray> &outputs);

/// One slice along axis 0, and back.
HostArray sliceOf(const HostArray &x, int64_t at) {
  HostArray part(x.element, ArrayRef(x.shape).drop_front());
  int64_t n = part.size();
  if (x.isFloat())
    std::copy_n(x.f.begin() + at * n, n, part.f.begin());
  else
    std::copy_n(x.i.begin() + at * n, n, part.i.begin());
  return part;
}
void putSlice(HostArray &x, int64_t at, const HostArray &part) {
  if (x.isFloat())
    llvm::copy(part.f, x.f.begin() + at * part.size());
  else
    llvm::copy(part.i, x.i.begin() + at * part.size());
}
HostArray ofType(Type type) {
  return HostArray(cast<RankedTensorType>(type).getElementType(), cast<RankedTensorType>(type).getShape());
}

/// Loops and branches: their regions in the same environment, for they read values from outside.
LogicalResult evaluateControl(Operation *op, Environment &values, std::vector<HostArray> &results) {
  auto run = [&](Block &block, std::vector<HostArray> arguments, std::vector<HostArray> &outputs) {
    for (auto [argument, array] : llvm::zip(block.getArguments(), arguments))
      values[argument] = std::move(array);
    outputs.clear();
    return evaluateBlock(block, values, outputs);
  };
  auto of = [&](Value v) { return values.find(v)->second; };
  if (auto cond = dyn_cast<CondOp>(op))
    return run(of(cond.getPredicate()).i[0] ? cond.getYes().front() : cond.getNo().front(), {}, results);
  std::vector<HostArray> carries;
  if (auto loop = dyn_cast<WhileOp>(op)) {
    for (Value v : loop.getInits())
      carries.push_back(of(v));
    int64_t most = loop.getMax() ? loop.getMax()->getDims()[0].staticSize() : std::numeric_limits<int64_t>::max();
    for (int64_t step = 0; step < most; ++step) {
      std::vector<HostArray> goes, next;
      if (failed(run(loop.getTest().front(), carries, goes)))
        return failure();
      if (!goes[0].i[0])
        break;
      if (failed(run(loop.getBody().front(), carries, next)))
        return failure();
      carries = std::move(next);
    }
    results = std::move(carries);
    return success();
  }
  auto scan = cast<ScanOp>(op);
  unsigned count = scan.numCarries();
  int64_t length = scan.getLength().getDims()[0].staticSize();
  for (Value v : scan.getInits())
    carries.push_back(of(v));
  std::vector<HostArray> stacked;
  for (Type type : llvm::drop_begin(op->getResultTypes(), count))
    stacked.push_back(ofType(type));
  for (int64_t step = 0; step < length; ++step) {
    int64_t at = scan.getReverse() ? length - 1 - step : step;
    std::vector<HostArray> arguments{ofType(scan.index().getType())}, next;
    arguments[0].i[0] = at;
    llvm::append_range(arguments, carries);
    for (Value v : scan.getXs())
      arguments.push_back(sliceOf(of(v), at));
    if (failed(run(*scan.block(), arguments, next)))
      return failure();
    carries.assign(next.begin(), next.begin() + count);
    for (size_t i = 0; i < stacked.size(); ++i)
      putSlice(stacked[i], at, next[count + i]);
  }
  results = std::move(carries);
  llvm::append_range(results, stacked);
  return success();
}

LogicalResult evaluateOp(Operation *op, Environment &values) {
  if (isa<ControlFlowOpInterface>(op)) {
    std::vector<HostArray> results;
    if (failed(evaluateControl(op, values, results)))
      return failure();
    for (auto [value, array] : llvm::zip(op->getResults(), results))
      values[value] = std::move(array);
    return success();
  }
  SmallVector<const HostArray *> operands;
  for (Value operand : op->getOperands())
    operands.push_back(&values.find(operand)->second);
  std::vector<HostArray> results;
  if (failed(weft::ir::evaluateOp(op, operands, results)))
    return failure();
  if (values.observe && *values.observe)
    (*values.observe)(op, operands, results);
  for (auto [value, array] : llvm::zip(op->getResults(), results))
    values[value] = std::move(array);
  return success();
}

/// Decomposes a copy of the op in a function of its own, and evaluates that.
LogicalResult evaluateByParts(DecomposeOpInterface op, ArrayRef<const HostArray *> operands,
                              std::vector<HostArray> &results) {
  OpBuilder b(op->getContext());
  OwningOpRef<func::FuncOp> parts =
      func::FuncOp::create(b, op->getLoc(), "parts", b.getFunctionType(op->getOperandTypes(), op->getResultTypes()));
  Block *body = parts->addEntryBlock();
  b.setInsertionPointToStart(body);
  Operation *copy = b.clone(*op);
  copy->setOperands(body->getArguments());
  Build build(b, op->getLoc(), copy);
  SmallVector<Value> values;
  if (failed(cast<DecomposeOpInterface>(copy).decompose(build, values)))
    return op->emitOpError("does not decompose");
  func::ReturnOp::create(b, op->getLoc(), values);
  copy->erase();
  Environment environment;
  for (auto [argument, array] : llvm::zip(body->getArguments(), operands))
    environment[argument] = *array;
  return evaluateBlock(*body, environment, results);
}

LogicalResult evaluateBlock(Block &block, Environment &values, std::vector<HostArray> &outputs) {
  // The last reader of a value frees its array: a training step has many. A region reads values of the blocks around it
  // as well.
  llvm::DenseMap<Value, unsigned> readers;
  auto eachUse = [&](Operation &op, llvm::function_ref<void(Value)> visit) {
    op.walk([&](Operation *inner) {
      for (Value operand : inner->getOperands())
        if (operand.getParentBlock() == &block)
          visit(operand);
    });
  };
  for (Operation &op : block)
    eachUse(op, [&](Value v) { ++readers[v]; });
  for (Operation &op : block.without_terminator()) {
    if (failed(::evaluateOp(&op, values)))
      return failure();
    eachUse(op, [&](Value v) {
      if (--readers[v] == 0)
        values.erase(v);
    });
  }
  for (Value v : block.getTerminator()->getOperands())
    outputs.push_back(values.find(v)->second);
  return success();
}
} // namespace

LogicalResult weft::ir::evaluateOp(Operation *op, ArrayRef<const HostArray *> operands,
                                   std::vector<HostArray> &results) {
  if (auto call = dyn_cast<func::CallOp>(op)) {
    auto callee = SymbolTable::lookupNearestSymbolFrom<func::FuncOp>(op, call.getCalleeAttr());
    if (!callee || callee.isExternal())
      return op->emitOpError("calls a function without a body: ") << call.getCalleeAttr();
    std::vector<HostArray> inputs;
    for (const HostArray *operand : operands)
      inputs.push_back(*operand);
    FailureOr<std::vector<HostArray>> outputs = Evaluator(callee).run(inputs);
    if (failed(outputs))
      return failure();
    results = std::move(*outputs);
    return success();
  }
  auto reference = dyn_cast<EvaluateOpInterface>(op);
  if (!reference) {
    if (auto parts = dyn_cast<DecomposeOpInterface>(op))
      return evaluateByParts(parts, operands, results);
    return op->emitOpError("has no host reference");
  }
  for (Type type : op->getResultTypes()) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (!tensor || !tensor.hasStaticShape())
      return op->emitOpError("has a result whose shape is not known here: ") << str(type);
    results.emplace_back(tensor.getElementType(), tensor.getShape());
  }
  if (failed(reference.evaluate(operands, results)))
    return failure();
  for (HostArray &result : results)
    result.round();
  return success();
}

//===- a function ---------------------------------------------------------------------------------------------------===//

FailureOr<SymbolValues> Evaluator::bind(ArrayRef<HostArray> inputs) {
  if (inputs.size() != function.getNumArguments())
    return function.emitOpError("takes ") << function.getNumArguments() << " arguments, got " << inputs.size();
  SymbolValues symbols;
  auto shapeText = [](const HostArray &array) {
    std::string text = llvm::join(llvm::map_range(array.shape, [](int64_t d) { return std::to_string(d); }), ", ");
    return std::string("[").append(text).append("]");
  };
  auto wrong = [&](unsigned i) {
    return function.emitOpError("argument ") << i << " is " << str(function.getArgumentTypes()[i]) << ", got "
                                             << inputs[i].element << " " << shapeText(inputs[i]);
  };
  for (auto [i, array] : llvm::enumerate(inputs)) {
    auto type = dyn_cast<RankedTensorType>(function.getArgumentTypes()[i]);
    if (!type || type.getElementType() != array.element || type.getRank() != array.rank())
      return wrong(i);
    for (auto [d, size] : llvm::zip(getDims(type), array.shape)) {
      std::optional<Symbol> symbol = d.asSymbol();
      if (!symbol || symbols.count(symbol->name))
        continue;
      if (size < symbol->lower || size > symbol->upper)
        return wrong(i) << ": " << symbol->name << " is between " << symbol->lower << " and " << symbol->upper;
      symbols[symbol->name] = size;
    }
  }
  auto value = [&](StringRef name) -> std::optional<int64_t> {
    auto found = symbols.find(name.str());
    return found == symbols.end() ? std::nullopt : std::optional(found->second);
  };
  for (auto [i, array] : llvm::enumerate(inputs))
    for (auto [d, size] : llvm::zip(getDims(cast<RankedTensorType>(function.getArgumentTypes()[i])), array.shape)) {
      std::optional<int64_t> expected = d.evaluate(value);
      if (!expected)
        return function.emitOpError("no argument has the symbols of dimension ")
               << d.str() << " as dimensions of their own";
      if (*expected != size)
        return wrong(i) << ": " << d.str() << " is " << *expected << " by the arguments before it";
    }
  return symbols;
}

/// Replaces symbols by their values in all types and attributes of a function.
static void specialize(func::FuncOp function, const SymbolValues &symbols) {
  auto value = [&](StringRef name) -> std::optional<int64_t> {
    auto found = symbols.find(name.str());
    return found == symbols.end() ? std::nullopt : std::optional(found->second);
  };
  auto evaluated = [&](ArrayRef<Dim> dims) {
    Dims result;
    for (const Dim &d : dims) {
      std::optional<int64_t> size = d.evaluate(value);
      result.push_back(size ? Dim(function.getContext(), *size) : d);
    }
    return result;
  };
  AttrTypeReplacer replacer;
  replacer.addReplacement([&](RankedTensorType type) -> std::pair<Type, WalkResult> {
    return {getTensorType(evaluated(getDims(type)), type.getElementType()), WalkResult::skip()};
  });
  replacer.addReplacement([&](DimsAttr dims) -> std::pair<Attribute, WalkResult> {
    return {getDimsAttr(dims.getContext(), evaluated(dims.getDims())), WalkResult::skip()};
  });
  replacer.recursivelyReplaceElementsIn(function, /*replaceAttrs=*/true, /*replaceLocs=*/false, /*replaceTypes=*/true);
}

FailureOr<std::vector<HostArray>> Evaluator::run(ArrayRef<HostArray> inputs) {
  if (function.isExternal() || !function.getBody().hasOneBlock())
    return function.emitOpError("has no straight-line body to evaluate");
  FailureOr<SymbolValues> symbols = bind(inputs);
  if (failed(symbols))
    return failure();
  // The copy stands where the function stands, so that calls find their callees.
  OpBuilder b(function);
  OwningOpRef<func::FuncOp> copy;
  func::FuncOp run = function;
  if (!symbols->empty()) {
    copy = cast<func::FuncOp>(b.clone(*function));
    run = *copy;
    specialize(run, *symbols);
  }
  Environment values;
  values.observe = &observe;
  for (auto [argument, array] : llvm::zip(run.getArguments(), inputs))
    values[argument] = array;
  std::vector<HostArray> outputs;
  if (failed(evaluateBlock(run.getBody().front(), values, outputs)))
    return failure();
  return outputs;
}
