// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Elements, sizes, errors and loops of a kernel's function; see KernelEmitter.h.
#include "codegen/emit/KernelEmitter.h"
#include "mlir/Dialect/Affine/Utils.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace weft;
using namespace weft::codegen;
using ir::Coord;
using ir::Dim;
using ir::Dims;

Type weft::codegen::storageType(Type element) {
  if (element.isInteger(1))
    return IntegerType::get(element.getContext(), 8);
  return element.isBF16() ? Type(IntegerType::get(element.getContext(), 16)) : element;
}

MemRefType weft::codegen::memoryType(RankedTensorType tensor) {
  int64_t count = 1;
  for (const Dim &d : ir::getDims(tensor))
    count *= d.upper();
  return MemRefType::get({count}, storageType(tensor.getElementType()));
}

SmallVector<StringRef> weft::codegen::symbolsOf(loom::KernelOp kernel) {
  SmallVector<StringRef> names;
  auto collect = [&](Attribute attribute) {
    if (auto dims = dyn_cast<ir::DimsAttr>(attribute))
      for (StringRef name : dims.getNames())
        if (!llvm::is_contained(names, name))
          names.push_back(name);
  };
  auto ofType = [&](Type type) {
    if (auto tensor = dyn_cast<RankedTensorType>(type); tensor && tensor.getEncoding())
      collect(tensor.getEncoding());
  };
  for (Type type : kernel.getBody().front().getArgumentTypes())
    ofType(type);
  kernel.getBody().walk([&](Operation *op) {
    op->getAttrDictionary().walk(collect);
    llvm::for_each(op->getResultTypes(), ofType);
  });
  llvm::sort(names);
  return names;
}

StringAttr weft::codegen::constantMemory(ModuleOp module, DenseElementsAttr value) {
  MLIRContext *context = module.getContext();
  auto flat = RankedTensorType::get({value.getNumElements()}, value.getElementType());
  value = value.reshape(flat);
  if (flat.getElementType().isInteger(1))
    value = value.mapValues(IntegerType::get(context, 8), [](const APInt &v) { return v.zext(8); });
  if (flat.getElementType().isBF16())
    value = value.bitcast(IntegerType::get(context, 16));
  auto type = MemRefType::get(flat.getShape(), storageType(flat.getElementType()));
  int64_t count = 0;
  for (auto global : module.getOps<memref::GlobalOp>()) {
    if (global.getInitialValue() == Attribute(value) && global.getType() == type)
      return global.getSymNameAttr();
    ++count;
  }
  OpBuilder b = OpBuilder::atBlockEnd(module.getBody());
  auto global = memref::GlobalOp::create(b, module.getLoc(), "constant_" + std::to_string(count),
                                         b.getStringAttr("private"), type, value,
                                         /*constant=*/true, /*alignment=*/b.getI64IntegerAttr(64));
  return global.getSymNameAttr();
}

int64_t weft::codegen::lastWideDim(ArrayRef<Dim> dims) {
  int64_t d = int64_t(dims.size()) - 1;
  while (d >= 0 && dims[d] == 1)
    --d;
  return d;
}

KernelEmitter::KernelEmitter(OpBuilder &b, loom::KernelOp kernel, func::FuncOp function, Messages &messages,
                             Machine machine, bool inPlace)
    : ElementEmitter(b, kernel.getLoc(), 1), kernel_(kernel), function_(function), messages_(messages),
      machine_(machine), inPlace_(inPlace) {
  unsigned operands = kernel.getBody().front().getNumArguments(), results = kernel.getTerminator()->getNumOperands(),
           next = 0;
  for (unsigned i = 0; i < operands; ++i)
    operandMemory_.push_back(function.getArgument(next++));
  for (unsigned i = 0; i < results; ++i)
    resultMemory_.push_back(function.getArgument(next++));
  if (kernel.getWorkspace())
    workspace_ = function.getArgument(next++);
  for (StringRef name : symbolsOf(kernel))
    symbols_[name] = function.getArgument(next++);
  begin_ = function.getArgument(next++);
  end_ = function.getArgument(next++);
  error_ = function.getArgument(next++);
}

//===- elements -----------------------------------------------------------------------------------------------------===//

Coord KernelEmitter::linearIn(Value tensor, ArrayRef<Coord> at) {
  Dims dims = ir::getDims(tensor);
  if (flat_ && !dims.empty())
    return at[0];
  return linearize(at, dims);
}

static Value spread(OpBuilder &b, Location loc, Type as, TypedAttr scalar) {
  if (auto vector = dyn_cast<VectorType>(as))
    scalar = DenseElementsAttr::get(vector, Attribute(scalar));
  return arith::ConstantOp::create(b, loc, scalar);
}

/// The lanes of an access whose neighbours are a few elements apart: whole vectors that cover it, and not an element
/// outside of it, are loaded and shuffled.
static Value loadApart(KernelEmitter &e, Value memory, VectorType type, const Coord &linear) {
  const int64_t n = e.lanes, apart = std::abs(linear.stride), span = (n - 1) * apart + 1;
  Value low = linear.stride < 0 ? e.add(linear.base, e.index((n - 1) * linear.stride)) : linear.base, all;
  SmallVector<int64_t> mask(n, 0);
  for (int64_t vector = 0, covered = 0; vector < apart; ++vector) {
    const int64_t from = std::min(vector * n, span - n);
    Value next = vector::LoadOp::create(e.b, e.loc, type, memory, ValueRange{e.add(low, e.index(from))});
    for (int64_t lane = 0; lane < n; ++lane) {
      const int64_t at = (linear.stride < 0 ? n - 1 - lane : lane) * apart;
      // Behind the first shuffle, lanes that are there are in their places.
      mask[lane] = at < covered ? (vector > 1 ? lane : at) : at < from + n ? (vector ? n : 0) + at - from : 0;
    }
    covered = from + n;
    if (vector == 0)
      all = next;
    if (vector || apart == 1)
      all = vector::ShuffleOp::create(e.b, e.loc, all, next, mask);
  }
  return all;
}

Value KernelEmitter::load(Value memory, Type element, const Coord &linear) {
  Type storage = storageType(element), compute = computeType(element);
  Value v;
  if (lanes == 1 || (!linear.varying && linear.stride == 0))
    v = memref::LoadOp::create(b, loc, memory, ValueRange{linear.base});
  else if (!linear.varying && linear.stride == 1)
    v = vector::LoadOp::create(b, loc, cast<VectorType>(laned(storage)), memory, ValueRange{linear.base});
  else if (!linear.varying && std::abs(linear.stride) <= mostApart && lanes > std::abs(linear.stride))
    v = loadApart(*this, memory, cast<VectorType>(laned(storage)), linear);
  else if (linear.varying && storage.getIntOrFloatBitWidth() >= 32) {
    // LLVM makes one gather instruction of this where the processor's is fast, else single loads.
    auto type = cast<VectorType>(laned(storage));
    Value all =
        arith::ConstantOp::create(b, loc, DenseElementsAttr::get(VectorType::get({lanes}, b.getI1Type()), true));
    Value none = arith::ConstantOp::create(b, loc, b.getZeroAttr(type));
    v = vector::GatherOp::create(b, loc, type, memory, ValueRange{index(0)}, linear.base, all, none);
  } else {
    SmallVector<Value> parts;
    for (int64_t l = 0; l < lanes; ++l) {
      Value at = linear.varying ? Value(vector::ExtractOp::create(b, loc, linear.base, ArrayRef<int64_t>{l}))
                                : add(linear.base, index(l * linear.stride));
      parts.push_back(memref::LoadOp::create(b, loc, memory, ValueRange{at}));
    }
    v = vector::FromElementsOp::create(b, loc, cast<VectorType>(laned(storage)), parts);
  }
  auto like = [&](Type scalar) -> Type {
    return isa<VectorType>(v.getType()) ? Type(VectorType::get({lanes}, scalar)) : scalar;
  };
  if (element.isInteger(1)) {
    Value zero = arith::ConstantOp::create(b, loc, b.getZeroAttr(v.getType()));
    v = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, v, zero);
  } else if (element.isBF16()) {
    // The upper half of an f32.
    v = arith::ExtUIOp::create(b, loc, like(b.getI32Type()), v);
    v = arith::ShLIOp::create(b, loc, v, spread(b, loc, v.getType(), b.getI32IntegerAttr(16)));
    v = arith::BitcastOp::create(b, loc, like(compute), v);
  } else if (compute != element) {
    v = arith::ExtFOp::create(b, loc, like(compute), v);
  }
  return splat(v);
}

/// Rounds to the nearest, ties to even. It adds half of the last bit that is kept, and one less if that bit is 0. A NaN
/// stays a NaN.
static Value roundToBF16(ir::ElementEmitter &e, Value v) {
  auto &b = e.b;
  Type ints = e.laned(b.getI32Type());
  auto number = [&](uint32_t n) { return spread(b, e.loc, ints, b.getI32IntegerAttr(int32_t(n))); };
  Value bits = arith::BitcastOp::create(b, e.loc, ints, v);
  Value odd = arith::AndIOp::create(b, e.loc, arith::ShRUIOp::create(b, e.loc, bits, number(16)), number(1));
  Value rounded = arith::AddIOp::create(b, e.loc, bits, arith::AddIOp::create(b, e.loc, odd, number(0x7fff)));
  Value nan = arith::CmpFOp::create(b, e.loc, arith::CmpFPredicate::UNO, v, v);
  Value quiet = arith::OrIOp::create(b, e.loc, bits, number(0x400000));
  Value upper = arith::ShRUIOp::create(b, e.loc, arith::SelectOp::create(b, e.loc, nan, quiet, rounded), number(16));
  return arith::TruncIOp::create(b, e.loc, e.laned(b.getIntegerType(16)), upper);
}

Value KernelEmitter::roundedToBF16(Value v) {
  Value bits = arith::ExtUIOp::create(b, loc, laned(b.getI32Type()), roundToBF16(*this, v));
  bits = arith::ShLIOp::create(b, loc, bits, spread(b, loc, bits.getType(), b.getI32IntegerAttr(16)));
  return arith::BitcastOp::create(b, loc, v.getType(), bits);
}

Value KernelEmitter::resultsAligned() {
  Value bits = index(0);
  for (unsigned i = 0; i < kernel().getTerminator()->getNumOperands(); ++i)
    bits = arith::OrIOp::create(b, loc, bits, memref::ExtractAlignedPointerAsIndexOp::create(b, loc, resultMemory(i)));
  Value rest = arith::AndIOp::create(b, loc, bits, index(streamAlignment - 1));
  return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, rest, index(0));
}
void KernelEmitter::fence() { LLVM::FenceOp::create(b, loc, LLVM::AtomicOrdering::seq_cst); }
void KernelEmitter::streamIfAligned(llvm::function_ref<void()> streamed, llvm::function_ref<void()> plain) {
  auto branch = scf::IfOp::create(b, loc, resultsAligned(), /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPoint(branch.thenBlock()->getTerminator());
  streaming(streamed);
  fence();
  b.setInsertionPoint(branch.elseBlock()->getTerminator());
  plain();
}

void KernelEmitter::store(Value value, Value memory, Type element, const Coord &linear) {
  if (element.isInteger(1))
    value = arith::ExtUIOp::create(b, loc, laned(storageType(element)), value);
  else if (element.isBF16())
    value = roundToBF16(*this, value);
  else if (computeType(element) != element)
    value = arith::TruncFOp::create(b, loc, laned(element), value);
  if (lanes == 1) {
    memref::StoreOp::create(b, loc, value, memory, ValueRange{linear.base});
    return;
  }
  if (!linear.varying && linear.stride == 1) {
    int64_t bytes = lanes * storageType(element).getIntOrFloatBitWidth() / 8;
    vector::StoreOp::create(b, loc, value, memory, ValueRange{linear.base}, streaming_,
                            streaming_ ? llvm::MaybeAlign(bytes) : llvm::MaybeAlign());
    return;
  }
  for (int64_t l = 0; l < lanes; ++l) {
    Value at = linear.varying ? Value(vector::ExtractOp::create(b, loc, linear.base, ArrayRef<int64_t>{l}))
                              : add(linear.base, index(l * linear.stride));
    memref::StoreOp::create(b, loc, vector::ExtractOp::create(b, loc, value, ArrayRef<int64_t>{l}), memory,
                            ValueRange{at});
  }
}

Value KernelEmitter::element(Value tensor, ArrayRef<Coord> at) {
  Operation *op = tensor.getDefiningOp();
  if (Value hero = heroes_.lookup(tensor))
    return hero;
  if (Value value = aliases_.lookup(tensor))
    return element(value, at);
  // A value that several ops read at one position is computed once. Without this the code of a chain of squares, each
  // of which reads its operand twice, would double with each op.
  Key key{tensor, b.getInsertionBlock(), lanes, {}};
  for (const Coord &c : at)
    key.at.push_back({c.base, c.stride, c.varying});
  for (auto &[known, value] : memo_[tensor])
    if (known == key)
      return value;
  if (Value scalar = rowValues_.lookup({tensor, row_}))
    return splat(scalar);
  if (Value memory = rowMemory_.lookup({tensor, row_}))
    return load(memory, computeType(ir::elementOf(tensor)), at.back());
  Location before = loc;
  Value result;
  Type type = cast<RankedTensorType>(tensor.getType()).getElementType();
  if (auto argument = dyn_cast<BlockArgument>(tensor)) {
    Coord linear = linearIn(tensor, at);
    if (reads_)
      reads_->push_back({tensor, linear});
    auto turned = turned_.find(tensor);
    if (turned != turned_.end() && !linear.varying && linear.stride != 0 && linear.stride != 1)
      result = load(turned->second.first, type, {turned->second.second, 1, false});
    else
      result = load(operandMemory_[argument.getArgNumber()], type, linear);
  } else {
    loc = op->getLoc();
    DenseElementsAttr value;
    if (auto constant = dyn_cast<ir::ConstantOp>(op);
        constant && matchPattern(op, m_Constant(&value)) && !value.isSplat()) {
      StringAttr name = constantMemory(kernel_->getParentOfType<ModuleOp>(), value);
      Value memory = memref::GetGlobalOp::create(b, loc, memoryType(cast<RankedTensorType>(tensor.getType())), name);
      result = load(memory, type, linearIn(tensor, at));
    } else {
      result = splat(cast<ir::PointwiseOpInterface>(op).emitElement(*this, at));
    }
    loc = before;
  }
  // The block is part of the key, because code behind a branch cannot use a value that was computed inside the branch.
  memo_[tensor].push_back({std::move(key), result});
  return result;
}

void KernelEmitter::prefetch(Value tensor, ArrayRef<Coord> at, int64_t cache) {
  if (auto argument = dyn_cast<BlockArgument>(tensor))
    return prefetch(operandMemory(argument), linearIn(tensor, at).base, cache);
  // An element that is computed is not in memory itself. Asks for the elements at the same position that it is computed
  // from.
  Operation *op = tensor.getDefiningOp();
  ir::Access access = ir::accessOf(op);
  for (OpOperand &operand : op->getOpOperands())
    if (access.readsOwnPosition(operand.getOperandNumber()))
      prefetch(operand.get(), at, cache);
}
void KernelEmitter::prefetch(Value memory, Value linear, int64_t cache, bool toWrite) {
  memref::PrefetchOp::create(b, loc, memory, ValueRange{linear}, toWrite, /*localityHint=*/unsigned(cache),
                             /*isDataCache=*/true);
}

void KernelEmitter::setHero(Value result, Value accumulator) {
  heroes_[result] = accumulator;
  memo_.clear();
}

void KernelEmitter::setRowValue(Value reduction, Value scalar) { rowValues_[{reduction, row_}] = scalar; }
void KernelEmitter::setRowMemory(Value tensor, Value memory) { rowMemory_[{tensor, row_}] = memory; }
void KernelEmitter::endRows() {
  row_ = 0;
  rowValues_.clear();
  rowMemory_.clear();
  memo_.clear();
}

void KernelEmitter::recording(SmallVector<Access> &reads, llvm::function_ref<void()> body) {
  reads_ = &reads;
  body();
  reads_ = nullptr;
}
std::optional<SmallVector<KernelEmitter::Access>> KernelEmitter::readsOf(llvm::function_ref<void()> body) {
  SmallVector<Access> reads;
  Block aside;
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(&aside);
    recording(reads, body);
  }
  bool pure = llvm::all_of(aside, [](Operation &op) { return op.getNumRegions() == 0; });
  memo_.clear();
  aside.dropAllReferences();
  aside.clear();
  return pure ? std::optional(reads) : std::nullopt;
}
void KernelEmitter::setTurned(Value operand, Value memory, Value from) { turned_[operand] = {memory, from}; }
void KernelEmitter::endTurned() {
  turned_.clear();
  memo_.clear();
}

Value KernelEmitter::scratch(Type element, int64_t count) {
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(&function_.getBody().front());
  return memref::AllocaOp::create(b, loc, MemRefType::get({count}, element), b.getI64IntegerAttr(64));
}

Value KernelEmitter::address(Value memory) {
  Value at = memref::ExtractAlignedPointerAsIndexOp::create(b, loc, memory);
  return LLVM::IntToPtrOp::create(b, loc, LLVM::LLVMPointerType::get(b.getContext()),
                                  Value(arith::IndexCastOp::create(b, loc, b.getI64Type(), at)));
}

void KernelEmitter::storeResults(ArrayRef<Coord> at) {
  SmallVector<Value> values;
  for (Value yielded : kernel_.getTerminator()->getOperands())
    values.push_back(element(yielded, at));
  // All loads come before the first store, because a result may be written over an operand.
  for (auto [i, yielded] : llvm::enumerate(kernel_.getTerminator()->getOperands()))
    store(values[i], resultMemory_[i], cast<RankedTensorType>(yielded.getType()).getElementType(),
          linearIn(yielded, at));
}

//===- sizes and errors ---------------------------------------------------------------------------------------------===//

Value KernelEmitter::size(const Dim &dim) {
  if (dim.isConstant())
    return index(dim.staticSize());
  for (auto &[known, value] : sizes_)
    if (known == dim)
      return value;
  // A size is computed at the beginning of the function, so that every loop can use it.
  OpBuilder::InsertionGuard guard(b);
  if (lastSize_)
    b.setInsertionPointAfter(lastSize_);
  else
    b.setInsertionPointToStart(&function_.getBody().front());
  SmallVector<Value> symbols;
  for (const ir::Symbol &s : dim.symbols())
    symbols.push_back(symbols_.lookup(s.name));
  Value value = affine::expandAffineExpr(b, loc, dim.expr(), {}, symbols);
  if (b.getInsertionPoint() != b.getInsertionBlock()->begin())
    lastSize_ = &*std::prev(b.getInsertionPoint());
  sizes_.push_back({dim, value});
  return value;
}

void KernelEmitter::require(Value ok, ir::RuntimeError error, Value detail, StringRef message) {
  raises_ |= error != ir::RuntimeError::internal;
  int64_t id = messages_.add(int32_t(error), loc, message);
  bool vector = isa<VectorType>(ok.getType());
  Value all = vector ? Value(vector::ReductionOp::create(b, loc, vector::CombiningKind::AND, ok)) : ok;
  Value bad = arith::XOrIOp::create(b, loc, all, arith::ConstantIntOp::create(b, loc, 1, 1));
  auto branch = scf::IfOp::create(b, loc, bad, /*withElseRegion=*/false);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(branch.thenBlock());
  Type i64 = b.getI64Type(),
       wide = vector ? Type(VectorType::get(cast<VectorType>(ok.getType()).getShape(), i64)) : i64;
  auto constant = [&](int64_t v) {
    TypedAttr scalar = b.getI64IntegerAttr(v);
    return arith::ConstantOp::create(
        b, loc, vector ? TypedAttr(DenseElementsAttr::get(cast<VectorType>(wide), Attribute(scalar))) : scalar);
  };
  if (vector && !isa<VectorType>(detail.getType()))
    detail = vector::BroadcastOp::create(
        b, loc, VectorType::get(cast<VectorType>(ok.getType()).getShape(), detail.getType()), detail);
  Value word = arith::OrIOp::create(b, loc, arith::ExtUIOp::create(b, loc, wide, detail), constant(id << 32));
  word = arith::SelectOp::create(b, loc, ok, constant(-1), word);
  if (vector)
    word = vector::ReductionOp::create(b, loc, vector::CombiningKind::MINUI, word);
  // The smallest error word wins, so that the message does not depend on which thread was first.
  memref::AtomicRMWOp::create(b, loc, arith::AtomicRMWKind::minu, word, error_, ValueRange{index(0)});
}

//===- loops --------------------------------------------------------------------------------------------------------===//

SmallVector<Value> KernelEmitter::loop(Value lo, Value hi, int64_t step, ValueRange carried, Body body) {
  auto op = scf::ForOp::create(b, loc, lo, hi, index(step), carried);
  OpBuilder::InsertionGuard guard(b);
  if (carried.empty()) {
    b.setInsertionPoint(op.getBody()->getTerminator());
    body(op.getInductionVar(), {});
  } else {
    b.setInsertionPointToStart(op.getBody());
    scf::YieldOp::create(b, loc, body(op.getInductionVar(), op.getRegionIterArgs()));
  }
  return SmallVector<Value>(op.getResults());
}

void KernelEmitter::loop(Value lo, Value hi, int64_t step, llvm::function_ref<void(Value)> body) {
  loop(lo, hi, step, {}, [&](Value i, ValueRange) {
    body(i);
    return SmallVector<Value>();
  });
}

int64_t BlockedSum::chain(int64_t rounds, int64_t each) const {
  if (!block || rounds <= roundsOfBlock(each))
    return block ? std::max<int64_t>(1, rounds * each) : 1;
  return chain(llvm::divideCeil(rounds, roundsOfBlock(each)), 1);
}

SmallVector<Value> KernelEmitter::loop(Value lo, Value hi, int64_t step, ValueRange carried, const BlockedSum &sum,
                                       int64_t rounds, int64_t each, Body body) {
  int64_t group = sum.block ? sum.roundsOfBlock(each) : rounds;
  if (rounds <= group)
    return loop(lo, hi, step, carried, body);
  return loop(lo, hi, step * group, carried, sum, llvm::divideCeil(rounds, group), 1, [&](Value i, ValueRange total) {
    Values block =
        group == 1 ? body(i, sum.start) : loop(i, minimum(add(i, index(step * group)), hi), step, sum.start, body);
    return sum.combine(total, block);
  });
}

SmallVector<int64_t> KernelEmitter::tailWidths(int64_t lanes, const Dim &extent) {
  SmallVector<int64_t> widths;
  for (int64_t width = lanes / 2; width >= 1; width /= 2)
    if (extent.isConstant() || width == lanes / 4 || width == 1)
      widths.push_back(width);
  return widths;
}

void KernelEmitter::tiledCarrying(Value lo, Value hi, const Dim &extent, ArrayRef<int64_t> widths,
                                  SmallVector<Value> &carried,
                                  llvm::function_ref<void(Value, int64_t, SmallVector<Value> &)> body,
                                  const BlockedSum &sum) {
  int64_t left = extent.isConstant() ? extent.staticSize() : -1, most = extent.upper();
  for (int64_t width : widths) {
    if (left >= 0 && left < width)
      continue;
    int64_t rounds = most / width;
    most = width - 1;
    if (left >= 0)
      left %= width;
    Value stop = hi;
    bool last = left == 0 || width == 1;
    if (!last) {
      // lo + (hi - lo) / width * width
      Value span = arith::SubIOp::create(b, loc, hi, lo);
      stop = add(lo, mul(arith::DivUIOp::create(b, loc, span, index(width)), index(width)));
    }
    carried = loop(lo, stop, width, carried, sum, rounds, 1, [&](Value i, ValueRange values) {
      SmallVector<Value> all(values);
      body(i, width, all);
      return all;
    });
    if (last)
      return;
    lo = stop;
  }
}

int64_t KernelEmitter::chainOf(const Dim &extent, ArrayRef<int64_t> widths, const BlockedSum &sum) {
  int64_t longest = 1, most = extent.upper();
  for (int64_t width : widths) {
    longest = std::max(longest, sum.chain(most / width, 1));
    most = std::min(most, width - 1);
  }
  return longest;
}

void KernelEmitter::tiled(Value lo, Value hi, const Dim &extent, ArrayRef<int64_t> widths,
                          llvm::function_ref<void(Value, int64_t)> body) {
  SmallVector<Value> none;
  tiledCarrying(lo, hi, extent, widths, none, [&](Value i, int64_t width, SmallVector<Value> &) { body(i, width); });
}

SmallVector<Value> KernelEmitter::delinearize(Value linear, ArrayRef<Dim> dims) {
  SmallVector<Value> at(dims.size());
  int64_t outermost = 0;
  while (outermost < int64_t(dims.size()) && dims[outermost] == 1)
    ++outermost;
  for (int64_t d = int64_t(dims.size()) - 1; d >= 0; --d) {
    if (dims[d] == 1) {
      at[d] = index(0);
    } else if (d == outermost) {
      at[d] = linear;
    } else {
      Value n = size(dims[d]);
      at[d] = arith::RemUIOp::create(b, loc, linear, n);
      linear = arith::DivUIOp::create(b, loc, linear, n);
    }
  }
  return at;
}

// Each row is interleaved with the row that is half of the matrix away. After log2(size) rounds the matrix is
// transposed.
Values KernelEmitter::transpose(Values rows) {
  int64_t size = int64_t(rows.size());
  SmallVector<int64_t> low, high;
  for (int64_t i = 0; i < size; ++i) {
    low.push_back(i / 2 + i % 2 * size);
    high.push_back(low.back() + size / 2);
  }
  for (int64_t done = 1; done < size; done *= 2) {
    Values next;
    for (int64_t i = 0; i < size / 2; ++i)
      for (auto &mask : {low, high})
        next.push_back(vector::ShuffleOp::create(b, loc, rows[i], rows[i + size / 2], mask));
    rows = std::move(next);
  }
  return rows;
}

Value KernelEmitter::minimum(Value x, Value y) { return arith::MinSIOp::create(b, loc, x, y); }

int64_t KernelEmitter::pickLanes(int64_t bits, const Dim &along) const {
  int64_t n = std::max<int64_t>(1, machine_.vectorBytes * 8 / bits);
  while (n > 1 && along.isConstant() && n > along.staticSize())
    n /= 2;
  return n;
}

int64_t KernelEmitter::widestBits() {
  int64_t bits = 32;
  auto look = [&](Type type) {
    if (auto tensor = dyn_cast<RankedTensorType>(type))
      bits = std::max<int64_t>(bits, tensor.getElementTypeBitWidth());
  };
  llvm::for_each(kernel_.getBody().front().getArgumentTypes(), look);
  for (Operation &op : kernel_.getBody().front())
    llvm::for_each(op.getResultTypes(), look);
  return bits;
}

int64_t KernelEmitter::elementCost() {
  int64_t cost = 1;
  for (Operation &op : kernel_.getBody().front().without_terminator())
    if (auto point = dyn_cast<ir::PointwiseOpInterface>(op))
      cost += point.isCheap() ? 1 : 16;
  return cost;
}
