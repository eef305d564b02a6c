// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Rules of constants, generators and the maps of indices that keep every element: reshape, transpose, broadcast and the
// identities. Those that cut and join (slice, pad, concatenate, reverse) are in Window.cpp.
#include "dialects/weft/rules/Checks.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace weft::ir;

//===- constant -----------------------------------------------------------------------------------------------------===//

LogicalResult ConstantOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, ValueRange operands,
                                           DictionaryAttr attributes, OpaqueProperties properties, RegionRange regions,
                                           SmallVectorImpl<Type> &types) {
  Adaptor op(operands, attributes, properties, regions);
  auto value = given(op.getValueAttr(), attributes, "value");
  auto type = value ? dyn_cast<RankedTensorType>(value.getShapedType()) : RankedTensorType();
  if (!type)
    return emitOptionalError(location, "constant: the value must be a ranked tensor");
  types.push_back(type);
  return success();
}
OpFoldResult ConstantOp::fold(FoldAdaptor) { return getValueAttr(); }

LogicalResult ConstantOp::evaluate(ArrayRef<const HostArray *>, MutableArrayRef<HostArray> results) {
  auto dense = dyn_cast<DenseElementsAttr>(getValue());
  if (!dense)
    return emitOpError("has no dense values to evaluate: ") << getValue();
  HostArray &y = results[0];
  int64_t at = 0;
  if (y.isFloat()) {
    for (APFloat v : dense.getValues<APFloat>()) {
      bool lost;
      v.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &lost);
      y.f[at++] = v.convertToDouble();
    }
    return success();
  }
  bool truth = y.element.isInteger(1);
  for (const APInt &v : dense.getValues<APInt>())
    y.i[at++] = truth ? int64_t(v.getZExtValue()) : v.getSExtValue();
  return success();
}

/// In a kernel all elements of a constant are the same number. Dispatch formation turns other constants into arguments
/// of the kernel, which the emitter loads.
Value ConstantOp::emitElement(ElementEmitter &e, ArrayRef<Coord>) {
  auto dense = dyn_cast<DenseElementsAttr>(getValue());
  Type element = elementOf(getResult());
  if (!dense || !dense.isSplat()) {
    emitOpError("with more than one value must be an argument of the kernel that uses it");
    return e.constant(element, 0);
  }
  if (!isa<FloatType>(element))
    return e.constantInt(element, dense.getSplatValue<APInt>().getSExtValue());
  APFloat v = dense.getSplatValue<APFloat>();
  bool lost;
  v.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &lost);
  return e.constant(element, v.convertToDouble());
}
LogicalResult ConstantOp::vjp(Build &, ArrayRef<Value>, const BitVector &, MutableArrayRef<Value>) { return success(); }
LogicalResult ConstantOp::jvp(Build &, ArrayRef<Value>, MutableArrayRef<Value>) { return success(); }

/// The constant `value` with another static type: of as many elements, or of any number if all elements are the same.
/// Nothing if the attribute is no such constant.
static OpFoldResult retyped(Attribute value, RankedTensorType type, bool sameOrder) {
  auto dense = dyn_cast_or_null<DenseElementsAttr>(value);
  if (!dense || !type.hasStaticShape())
    return {};
  if (dense.isSplat())
    return dense.resizeSplat(type);
  return sameOrder ? OpFoldResult(dense.reshape(type)) : OpFoldResult();
}

//===- dim and iota -------------------------------------------------------------------------------------------------===//

LogicalResult DimOp::verify() {
  if (getSize().getDims().size() != 1)
    return emitOpError("takes one dimension, got ") << str(ArrayRef<Dim>(getSize().getDims()));
  auto type = typeOf(getResult());
  if (type.getRank() != 0 || !type.getElementType().isInteger(32))
    return emitOpError("gives an i32 scalar, not ") << str(type);
  return success();
}
/// The value of a dimension differs from run to run, and no operand of this op tells it. Whoever evaluates a graph
/// replaces symbols by numbers first.
LogicalResult DimOp::evaluate(ArrayRef<const HostArray *>, MutableArrayRef<HostArray> results) {
  Dim dim = getSize().getDims()[0];
  if (!dim.isConstant())
    return emitOpError("cannot be evaluated while ") << dim.str() << " is open: replace symbols by their values first";
  results[0].i[0] = dim.staticSize();
  return success();
}
Value DimOp::emitElement(ElementEmitter &e, ArrayRef<Coord>) {
  return e.splat(toInteger(e, e.size(getSize().getDims()[0]), e.b.getI32Type()));
}

LogicalResult IotaOp::verify() {
  auto type = typeOf(getResult());
  if (type.getElementType().isInteger(1))
    return emitOpError("counts, so its element type must be a number, not i1");
  return success();
}
LogicalResult IotaOp::evaluate(ArrayRef<const HostArray *>, MutableArrayRef<HostArray> results) {
  HostArray &y = results[0];
  forEachIndex(y.shape, [&](ArrayRef<int64_t> at, int64_t n) {
    if (y.isFloat())
      y.f[n] = double(at[getAxis()]);
    else
      y.i[n] = at[getAxis()];
  });
  return success();
}
Value IotaOp::emitElement(ElementEmitter &e, ArrayRef<Coord> at) {
  Value positions = e.positions(at[getAxis()]);
  Type type = ElementEmitter::computeType(elementOf(getResult()));
  if (!isa<FloatType>(type))
    return toInteger(e, positions, type);
  // f32 is converted from i32, for which vector units have one instruction. A number too large for i32 is also too
  // large for f32 to tell it from its neighbours.
  Type integer = type.isF64() ? Type(e.b.getI64Type()) : Type(e.b.getI32Type());
  return arith::SIToFPOp::create(e.b, e.loc, e.laned(type), toInteger(e, positions, integer));
}

//===- reshape ------------------------------------------------------------------------------------------------------===//

LogicalResult ReshapeOp::verify() {
  if (elementOf(getX()) != elementOf(getResult()))
    return emitOpError("changes the element type: ")
           << str(getX().getType()) << " to " << str(getType()) << "; write cast";
  if (!sameSize(getDims(getX()), getDims(getResult())))
    return emitOpError("changes the number of elements: ") << str(getX().getType()) << " to " << str(getType());
  return success();
}
OpFoldResult ReshapeOp::fold(FoldAdaptor adaptor) {
  if (getX().getType() == getType())
    return getX();
  if (auto before = getX().getDefiningOp<ReshapeOp>()) {
    getXMutable().assign(before.getX());
    return getResult();
  }
  return retyped(adaptor.getX(), typeOf(getResult()), /*sameOrder=*/true);
}
LogicalResult ReshapeOp::evaluate(ArrayRef<const HostArray *> x, MutableArrayRef<HostArray> results) {
  if (x[0]->size() != results[0].size())
    return emitOpError("has ") << x[0]->size() << " elements to put into " << results[0].size();
  for (int64_t at = 0, n = results[0].size(); at < n; ++at)
    results[0].set(at, *x[0], at);
  return success();
}

/// The coordinates that a linear position has in a tensor of these dimensions.
static void delinearize(ElementEmitter &e, const Coord &linear, ArrayRef<Dim> dims, MutableArrayRef<Coord> result) {
  bool same = !linear.varying && linear.stride == 0;
  Value rest = same ? linear.base : e.positions(linear);
  auto coord = [&](Value v) { return Coord{v, 0, isa<VectorType>(v.getType())}; };
  for (int64_t d = int64_t(dims.size()) - 1; d > 0; --d) {
    Value size = same ? e.size(dims[d]) : e.splat(e.size(dims[d]));
    result[d] = coord(arith::RemUIOp::create(e.b, e.loc, rest, size));
    rest = arith::DivUIOp::create(e.b, e.loc, rest, size);
  }
  result[0] = coord(rest);
}

SmallVector<Run> weft::ir::matchRuns(ArrayRef<Dim> to, ArrayRef<Dim> from) {
  SmallVector<int64_t> given, wanted; // dimensions that are not 1
  for (auto [d, dim] : llvm::enumerate(to))
    if (!(dim == 1))
      given.push_back(d);
  for (auto [d, dim] : llvm::enumerate(from))
    if (!(dim == 1))
      wanted.push_back(d);
  auto dims = [](ArrayRef<Dim> all, ArrayRef<int64_t> places) {
    return Dims(llvm::map_range(places, [&](int64_t d) { return all[d]; }));
  };
  SmallVector<Run> runs;
  for (size_t g = 0, w = 0; w < wanted.size() && g < given.size();) {
    // The smallest run that begins at (g, w), by its number of dimensions on both sides together. If there is no
    // smaller one, it is everything that is left.
    size_t gs = given.size() - g, ws = wanted.size() - w;
    for (size_t total = 2; total < gs + ws; ++total)
      for (size_t n = 1; n < total; ++n)
        if (n <= gs && total - n <= ws &&
            sameSize(dims(to, ArrayRef(given).slice(g, n)), dims(from, ArrayRef(wanted).slice(w, total - n)))) {
          gs = n;
          ws = total - n;
        }
    runs.push_back(
        {SmallVector<int64_t>(ArrayRef(given).slice(g, gs)), SmallVector<int64_t>(ArrayRef(wanted).slice(w, ws))});
    g += gs;
    w += ws;
  }
  return runs;
}

/// Works on runs, so that dimensions outside of one keep their coordinates; splitting needs no division then, and lanes
/// stay neighbours. The coordinate of a dimension of size 1 is 0.
Value ReshapeOp::emitElement(ElementEmitter &e, ArrayRef<Coord> at) {
  Dims to = getDims(getResult()), from = getDims(getX());
  SmallVector<Coord> source(from.size(), Coord{e.index(0), 0, false});
  for (const Run &run : matchRuns(to, from)) {
    auto select = [](auto all, ArrayRef<int64_t> places) {
      return llvm::map_to_vector<4>(places, [&](int64_t d) { return all[d]; });
    };
    auto coords = select(at, run.to);
    Coord linear = coords.size() == 1 ? coords[0] : e.linearize(coords, select(ArrayRef<Dim>(to), run.to));
    SmallVector<Coord> split(run.from.size());
    if (split.size() == 1)
      split[0] = linear; // one dimension on this side: lanes keep their stride
    else
      delinearize(e, linear, select(ArrayRef<Dim>(from), run.from), split);
    for (auto [d, coord] : llvm::zip(run.from, split))
      source[d] = coord;
  }
  return e.element(getX(), source);
}
LogicalResult ReshapeOp::vjp(Build &e, ArrayRef<Value> ct, const BitVector &wanted, MutableArrayRef<Value> result) {
  if (ct[0] && wanted[0])
    result[0] = e.reshape(ct[0], getDims(getX()));
  return success();
}
LogicalResult ReshapeOp::jvp(Build &e, ArrayRef<Value> t, MutableArrayRef<Value> result) {
  if (t[0])
    result[0] = e.reshape(t[0], getDims(getResult()));
  return success();
}

//===- unpack -------------------------------------------------------------------------------------------------------===//

LogicalResult UnpackOp::verify() {
  Dims panels = getDims(getX()), matrix = getDims(getResult());
  if (elementOf(getX()) != elementOf(getResult()))
    return emitOpError("keeps the element type: operand ")
           << str(getX().getType()) << ", result " << str(getResult().getType());
  if (panels.size() != 3 || matrix.size() != 2 || !panels[2].isConstant() || panels[2].staticSize() < 1 ||
      !(panels[1] == matrix[0]) || !(panels[0] == matrix[1].ceilDiv(panels[2])))
    return emitOpError("expected panels [ceil(N / width), K, width] of a matrix [K, N], found ")
           << str(getX().getType()) << " and " << str(getResult().getType());
  return success();
}
LogicalResult UnpackOp::evaluate(ArrayRef<const HostArray *> x, MutableArrayRef<HostArray> results) {
  int64_t width = x[0]->shape[2];
  std::vector<int64_t> strides = x[0]->strides();
  forEachIndex(results[0].shape, [&](ArrayRef<int64_t> at, int64_t n) {
    results[0].set(n, *x[0], linear({at[1] / width, at[0], at[1] % width}, strides));
  });
  return success();
}
Value UnpackOp::emitElement(ElementEmitter &e, ArrayRef<Coord> at) {
  // Emitters of products read panels whole (codegen/emit/contract/ContractPanels.cpp); this is for whoever asks for
  // elements.
  bool one = !at[1].varying && at[1].stride == 0;
  Value column = one ? at[1].base : e.positions(at[1]), width = e.index(getDims(getX())[2].staticSize());
  if (auto vector = dyn_cast<VectorType>(column.getType()))
    width = vector::BroadcastOp::create(e.b, e.loc, vector, width);
  auto coordinate = [&](Value v) { return Coord{v, 0, isa<VectorType>(v.getType())}; };
  return e.element(getX(), {coordinate(arith::DivUIOp::create(e.b, e.loc, column, width)), at[0],
                            coordinate(arith::RemUIOp::create(e.b, e.loc, column, width))});
}

//===- transpose ----------------------------------------------------------------------------------------------------===//

static SmallVector<int64_t> inverse(ArrayRef<int64_t> permutation) {
  SmallVector<int64_t> back(permutation.size());
  for (auto [i, p] : llvm::enumerate(permutation))
    back[p] = i;
  return back;
}
LogicalResult TransposeOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, ValueRange operands,
                                            DictionaryAttr attributes, OpaqueProperties properties, RegionRange regions,
                                            SmallVectorImpl<Type> &types) {
  Adaptor op(operands, attributes, properties, regions);
  auto permutation = given(op.getPermutationAttr(), attributes, "permutation");
  auto x = tensorOperand("transpose", location, operands[0]);
  if (!x || failed(checkAttributes<TransposeOp>(location, operands, attributes, properties)))
    return failure();
  Dims dims = getDims(x), moved;
  for (int64_t p : permutation.asArrayRef())
    moved.push_back(dims[p]);
  types.push_back(getTensorType(moved, x.getElementType()));
  return success();
}
OpFoldResult TransposeOp::fold(FoldAdaptor adaptor) {
  if (llvm::equal(getPermutation(), llvm::seq<int64_t>(0, getPermutation().size())))
    return getX();
  if (auto before = getX().getDefiningOp<TransposeOp>()) {
    SmallVector<int64_t> both;
    for (int64_t p : getPermutation())
      both.push_back(before.getPermutation()[p]);
    setPermutation(both);
    getXMutable().assign(before.getX());
    return getResult();
  }
  return retyped(adaptor.getX(), typeOf(getResult()), /*sameOrder=*/false);
}
LogicalResult TransposeOp::evaluate(ArrayRef<const HostArray *> x, MutableArrayRef<HostArray> results) {
  std::vector<int64_t> strides = x[0]->strides(), moved;
  for (int64_t p : getPermutation())
    moved.push_back(strides[p]);
  forEachIndex(results[0].shape, [&](ArrayRef<int64_t> at, int64_t n) { results[0].set(n, *x[0], linear(at, moved)); });
  return success();
}
Value TransposeOp::emitElement(ElementEmitter &e, ArrayRef<Coord> at) {
  SmallVector<Coord> source(at.size());
  for (auto [i, p] : llvm::enumerate(getPermutation()))
    source[p] = at[i];
  return e.element(getX(), source);
}
LogicalResult TransposeOp::vjp(Build &e, ArrayRef<Value> ct, const BitVector &wanted, MutableArrayRef<Value> result) {
  if (ct[0] && wanted[0])
    result[0] = e.transpose(ct[0], inverse(getPermutation()));
  return success();
}
LogicalResult TransposeOp::jvp(Build &e, ArrayRef<Value> t, MutableArrayRef<Value> result) {
  if (t[0])
    result[0] = e.transpose(t[0], getPermutation());
  return success();
}

//===- broadcast ----------------------------------------------------------------------------------------------------===//

/// Whether dimension i of the operand has size 1 and is repeated in the result.
static bool expands(BroadcastOp op, int64_t i) {
  Dim from = getDims(op.getX())[i];
  return from == 1 && !(from == getDims(op.getResult())[op.getDims()[i]]);
}
LogicalResult BroadcastOp::verify() {
  ::Dims from = weft::ir::getDims(getX()), to = weft::ir::getDims(getResult());
  if (elementOf(getX()) != elementOf(getResult()))
    return emitOpError("changes the element type: ")
           << str(getX().getType()) << " to " << str(getType()) << "; write cast";
  for (auto [i, d] : llvm::enumerate(getDims()))
    if (!(from[i] == 1) && !(from[i] == to[d]))
      return emitOpError("cannot repeat dimension ")
             << i << " of " << str(getX().getType()) << " along dimension " << d << " of " << str(getType())
             << ": sizes must be equal, or 1 in the operand";
  return success();
}
OpFoldResult BroadcastOp::fold(FoldAdaptor adaptor) {
  if (getX().getType() == getType() && llvm::is_sorted(getDims()))
    return getX();
  if (auto before = getX().getDefiningOp<BroadcastOp>()) {
    SmallVector<int64_t> both;
    for (int64_t d : before.getDims())
      both.push_back(getDims()[d]);
    setDims(both);
    getXMutable().assign(before.getX());
    return getResult();
  }
  return retyped(adaptor.getX(), typeOf(getResult()), /*sameOrder=*/false);
}
LogicalResult BroadcastOp::evaluate(ArrayRef<const HostArray *> x, MutableArrayRef<HostArray> results) {
  std::vector<int64_t> from = x[0]->strides(), to(results[0].rank(), 0);
  for (auto [i, d] : llvm::enumerate(getDims()))
    to[d] = x[0]->shape[i] == 1 ? 0 : from[i];
  forEachIndex(results[0].shape, [&](ArrayRef<int64_t> at, int64_t n) { results[0].set(n, *x[0], linear(at, to)); });
  return success();
}
Value BroadcastOp::emitElement(ElementEmitter &e, ArrayRef<Coord> at) {
  SmallVector<Coord> source;
  for (auto [i, d] : llvm::enumerate(getDims()))
    source.push_back(expands(*this, i) ? Coord{e.index(0), 0, false} : at[d]);
  return e.element(getX(), source);
}
/// The transpose of a broadcast: sums over the dimensions along which elements were repeated, then puts the others back
/// into the order and the shape of the operand.
LogicalResult BroadcastOp::vjp(Build &e, ArrayRef<Value> ct, const BitVector &wanted, MutableArrayRef<Value> result) {
  if (!ct[0] || !wanted[0])
    return success();
  SmallVector<int64_t> kept, summed, order;
  for (auto [i, d] : llvm::enumerate(getDims()))
    if (!expands(*this, i))
      kept.push_back(d);
  for (int64_t d = 0; d < typeOf(getResult()).getRank(); ++d)
    if (!llvm::is_contained(kept, d))
      summed.push_back(d);
  for (int64_t d : kept)
    order.push_back(llvm::count_if(kept, [&](int64_t other) { return other < d; }));
  result[0] = e.reshape(e.transpose(e.sum(ct[0], summed), order), weft::ir::getDims(getX()));
  return success();
}
LogicalResult BroadcastOp::jvp(Build &e, ArrayRef<Value> t, MutableArrayRef<Value> result) {
  if (t[0])
    result[0] = e.broadcast(t[0], withElement(typeOf(getResult()), elementOf(t[0])), getDims());
  return success();
}

//===- identities ---------------------------------------------------------------------------------------------------===//

static LogicalResult sameValue(ArrayRef<const HostArray *> x, HostArray &y) {
  y = *x[0];
  return success();
}
#define WEFT_IDENTITY(Op, name)                                                                                        \
  LogicalResult Op::inferReturnTypes(MLIRContext *, std::optional<Location> location, ValueRange operands,             \
                                     DictionaryAttr, OpaqueProperties, RegionRange, SmallVectorImpl<Type> &types) {    \
    auto x = tensorOperand(name, location, operands[0]);                                                               \
    types.push_back(x);                                                                                                \
    return success(bool(x));                                                                                           \
  }                                                                                                                    \
  LogicalResult Op::evaluate(ArrayRef<const HostArray *> x, MutableArrayRef<HostArray> results) {                      \
    return sameValue(x, results[0]);                                                                                   \
  }                                                                                                                    \
  Value Op::emitElement(ElementEmitter &e, ArrayRef<Coord> at) { return e.element(getX(), at); }
WEFT_IDENTITY(CopyOp, "copy")
WEFT_IDENTITY(AfterOp, "after")
WEFT_IDENTITY(MarkOp, "mark")
WEFT_IDENTITY(StopGradientOp, "stop_gradient")
#undef WEFT_IDENTITY

#define WEFT_PASSES_DERIVATIVE(Op)                                                                                     \
  LogicalResult Op::vjp(Build &, ArrayRef<Value> ct, const BitVector &, MutableArrayRef<Value> result) {               \
    result[0] = ct[0];                                                                                                 \
    return success();                                                                                                  \
  }                                                                                                                    \
  LogicalResult Op::jvp(Build &, ArrayRef<Value> t, MutableArrayRef<Value> result) {                                   \
    result[0] = t[0];                                                                                                  \
    return success();                                                                                                  \
  }
WEFT_PASSES_DERIVATIVE(CopyOp)
WEFT_PASSES_DERIVATIVE(AfterOp)
WEFT_PASSES_DERIVATIVE(MarkOp)
#undef WEFT_PASSES_DERIVATIVE

LogicalResult StopGradientOp::vjp(Build &, ArrayRef<Value>, const BitVector &, MutableArrayRef<Value>) {
  return success();
}
LogicalResult StopGradientOp::jvp(Build &, ArrayRef<Value>, MutableArrayRef<Value>) { return success(); }
