// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Rules of the maps of indices that cut, join, widen and turn round: slice, pad, extend, concatenate, reverse.
#include "dialects/weft/rules/Checks.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace weft::ir;

//===- places and conditions ----------------------------------------------------------------------------------------===//

/// Generates integer arithmetic on positions along a dimension: on scalars if all lanes are at one position, else on
/// vectors.
namespace {
struct Places {
  ElementEmitter &e;
  /// The positions of the lanes: a scalar if all are at one position.
  Value of(const Coord &c) { return c.varying || c.stride != 0 ? e.positions(c) : c.base; }
  Value match(Value scalar, Value like) { return isa<VectorType>(like.getType()) ? e.splat(scalar) : scalar; }
  Coord coord(Value place) { return {place, 0, isa<VectorType>(place.getType())}; }
  Value sub(Value a, Value scalar) { return arith::SubIOp::create(e.b, e.loc, a, match(scalar, a)); }
  Value compare(arith::CmpIPredicate p, Value a, Value scalar) {
    return arith::CmpIOp::create(e.b, e.loc, p, a, match(scalar, a));
  }
  /// Moves positions into [0, size - 1], so that a load stays in bounds for the lanes whose value is not used, too.
  Value clamp(Value a, Value size) {
    Value last = arith::SubIOp::create(e.b, e.loc, size, e.index(1));
    Value low = arith::MinSIOp::create(e.b, e.loc, a, match(last, a));
    return arith::MaxSIOp::create(e.b, e.loc, low, match(e.index(0), a));
  }
  Value both(Value a, Value b) {
    if (!a || !b)
      return a ? a : b;
    if (isa<VectorType>(a.getType()) != isa<VectorType>(b.getType()))
      (isa<VectorType>(a.getType()) ? b : a) = e.splat(isa<VectorType>(a.getType()) ? b : a);
    return arith::AndIOp::create(e.b, e.loc, a, b);
  }
  Value select(Value p, Value a, Value b) { return arith::SelectOp::create(e.b, e.loc, p, a, b); }
};
} // namespace

/// Whether an element of x is in memory, or a few ops on elements at that position: code for it may stand twice.
static bool isNear(Value x, unsigned ops = 4) {
  Operation *op = x.getDefiningOp();
  if (!op || op->getNumOperands() == 0)
    return true;
  Access access = accessOf(op);
  for (unsigned i = 0; i < op->getNumOperands(); ++i)
    if (ops == 0 || !access.isRepeated(i) || !isNear(op->getOperand(i), ops - 1))
      return false;
  return isa<PointwiseOpInterface>(op);
}
/// Nearly all vectors lie inside of an operand that has something around it, or next to it. There lanes are read as
/// they lie in memory, one load, and only at its borders each by itself. `places`: the coordinates in the operand along
/// the dimensions that have borders, and their sizes.
static Value insideOrElse(ElementEmitter &e, Value x, ArrayRef<Coord> at, ArrayRef<std::pair<Coord, Value>> places,
                          llvm::function_ref<Value()> elsewhere) {
  bool apart = false;
  for (auto &[c, size] : places) {
    if (c.varying || c.stride < 0)
      return elsewhere();
    apart |= c.stride != 0;
  }
  if (e.lanes == 1 || !apart || !isNear(x))
    return elsewhere();
  // Unsigned: a negative place is a large one.
  Value ok;
  auto require = [&](Value place, Value size) {
    Value in = arith::CmpIOp::create(e.b, e.loc, arith::CmpIPredicate::ult, place, size);
    ok = ok ? Value(arith::AndIOp::create(e.b, e.loc, ok, in)) : in;
  };
  for (auto &[c, size] : places) {
    require(c.base, size);
    if (c.stride != 0)
      require(e.add(c.base, e.index((e.lanes - 1) * c.stride)), size);
  }
  auto branch = scf::IfOp::create(e.b, e.loc, e.laned(ElementEmitter::computeType(elementOf(x))), ok, true);
  OpBuilder::InsertionGuard guard(e.b);
  e.b.setInsertionPointToStart(branch.thenBlock());
  scf::YieldOp::create(e.b, e.loc, e.splat(e.element(x, at)));
  e.b.setInsertionPointToStart(branch.elseBlock());
  scf::YieldOp::create(e.b, e.loc, e.splat(elsewhere()));
  return branch.getResult(0);
}

static bool isEmpty(ArrayRef<Dim> dims) {
  return llvm::any_of(dims, [](const Dim &d) { return d == 0; });
}
/// The run-time values of an op's attribute of dimensions, as they follow from the shapes of its operand and result.
static LogicalResult sizesOf(Operation *op, ArrayRef<Dim> dims, const HostArray &x, const HostArray &y,
                             SmallVectorImpl<int64_t> &sizes) {
  for (const Dim &d : dims) {
    std::optional<int64_t> size = sizeFromShapes(d, {getDims(op->getOperand(0)), getDims(op->getResult(0))},
                                                 {ArrayRef(x.shape), ArrayRef(y.shape)});
    if (!size)
      return op->emitOpError("cannot be evaluated while ")
             << d.str() << " is open: replace symbols by their values first";
    sizes.push_back(*size);
  }
  return success();
}
/// What the last element that a window of `size` elements reaches leaves behind it in `whole`: negative if it reaches
/// too far.
static Dim roomBehind(const Dim &start, int64_t stride, const Dim &size, const Dim &whole) {
  MLIRContext *context = start.expr().getContext();
  return whole - start - (size - Dim(context, 1)) * Dim(context, stride) - Dim(context, 1);
}

//===- slice --------------------------------------------------------------------------------------------------------===//

LogicalResult SliceOp::verify() {
  Dims from = getDims(getX()), to = getDims(getResult()), starts = getStarts().getDims();
  if (elementOf(getX()) != elementOf(getResult()))
    return emitOpError("changes the element type: ") << str(getX().getType()) << " to " << str(getType());
  if (to.size() != from.size())
    return emitOpError("needs a result dimension for each of the ")
           << from.size() << " dimensions of " << str(getX().getType()) << ", got " << str(getType());
  for (auto [d, dim] : llvm::enumerate(from)) {
    if (getStrides()[d] < 1)
      return emitOpError("stride ") << getStrides()[d] << " of dimension " << d
                                    << " must be positive; reverse turns an axis round";
    if (alwaysAtLeast(starts[d], 0) && alwaysAtLeast(roomBehind(starts[d], getStrides()[d], to[d], dim), 0))
      continue;
    InFlightDiagnostic error = emitOpError("takes ")
                               << to[d].str() << " elements from " << starts[d].str() << " on, every "
                               << getStrides()[d] << ", of dimension " << d << " of " << str(getX().getType());
    if (dim.isConstant() && starts[d].isConstant() && to[d].isConstant())
      return error << ": that reaches outside";
    return error << ": that can reach outside for some value of its symbols; narrow their bounds";
  }
  return success();
}
OpFoldResult SliceOp::fold(FoldAdaptor) {
  // As many elements from inside the operand as it has are the operand.
  return getX().getType() == getType() ? OpFoldResult(getX()) : OpFoldResult();
}
LogicalResult SliceOp::evaluate(ArrayRef<const HostArray *> x, MutableArrayRef<HostArray> results) {
  SmallVector<int64_t> starts;
  if (failed(sizesOf(*this, getStarts().getDims(), *x[0], results[0], starts)))
    return failure();
  std::vector<int64_t> strides = x[0]->strides();
  int64_t first = linear(starts, strides);
  for (auto [s, step] : llvm::zip(strides, getStrides()))
    s *= step;
  forEachIndex(results[0].shape,
               [&](ArrayRef<int64_t> at, int64_t n) { results[0].set(n, *x[0], first + linear(at, strides)); });
  return success();
}
Value SliceOp::emitElement(ElementEmitter &e, ArrayRef<Coord> at) {
  SmallVector<Coord> source;
  for (auto [c, start, stride] : llvm::zip(at, getStarts().getDims(), getStrides())) {
    Coord moved = stride == 1 ? c : e.scale(c, stride);
    source.push_back(start == 0 ? moved : e.shift(moved, e.size(start)));
  }
  return e.element(getX(), source);
}
/// The transpose of a slice is a pad with zeros.
static Value padded(Build &e, Value a, Value value, RankedTensorType type, DimsAttr low, ArrayRef<int64_t> interior) {
  return PadOp::create(e.b, e.loc, type, a, value, low, e.b.getDenseI64ArrayAttr(interior));
}
static Value zeroScalar(Build &e, Type element) { return e.full(0, RankedTensorType::get({}, element)); }
LogicalResult SliceOp::vjp(Build &e, ArrayRef<Value> ct, const BitVector &wanted, MutableArrayRef<Value> result) {
  if (!ct[0] || !wanted[0])
    return success();
  SmallVector<int64_t> interior;
  for (int64_t stride : getStrides())
    interior.push_back(stride - 1);
  result[0] = padded(e, ct[0], zeroScalar(e, elementOf(ct[0])), typeOf(getX()), getStarts(), interior);
  return success();
}
LogicalResult SliceOp::jvp(Build &e, ArrayRef<Value> t, MutableArrayRef<Value> result) {
  if (t[0])
    result[0] = e.slice(t[0], getStarts().getDims(), getStrides(), getDims(getResult()));
  return success();
}

//===- pad ----------------------------------------------------------------------------------------------------------===//

LogicalResult PadOp::verify() {
  Dims from = getDims(getX()), to = getDims(getResult()), low = getLow().getDims();
  if (elementOf(getX()) != elementOf(getResult()) || elementOf(getX()) != elementOf(getValue()))
    return emitOpError("needs one element type, got ")
           << str(getX().getType()) << ", value " << str(getValue().getType()) << " and result " << str(getType());
  if (typeOf(getValue()).getRank() != 0)
    return emitOpError("fills with a scalar, got ") << str(getValue().getType());
  if (to.size() != from.size())
    return emitOpError("needs a result dimension for each of the ")
           << from.size() << " dimensions of " << str(getX().getType()) << ", got " << str(getType());
  for (auto [d, dim] : llvm::enumerate(from)) {
    if (getInterior()[d] < 0 || !alwaysAtLeast(low[d], 0))
      return emitOpError("widths of dimension ") << d << " must not be negative: low " << low[d].str() << ", interior "
                                                 << getInterior()[d] << "; slice cuts";
    if (!alwaysAtLeast(roomBehind(low[d], getInterior()[d] + 1, dim, to[d]), 0))
      return emitOpError("result dimension ")
             << d << " has " << to[d].str() << " elements, too few for " << low[d].str() << " in front of " << dim.str()
             << " with " << getInterior()[d] << " between neighbours";
  }
  return success();
}
LogicalResult PadOp::evaluate(ArrayRef<const HostArray *> x, MutableArrayRef<HostArray> results) {
  SmallVector<int64_t> low;
  HostArray &y = results[0];
  if (failed(sizesOf(*this, getLow().getDims(), *x[0], y, low)))
    return failure();
  for (int64_t n = 0; n < y.size(); ++n)
    y.set(n, *x[1], 0);
  std::vector<int64_t> strides = y.strides();
  int64_t first = linear(low, strides);
  for (auto [s, between] : llvm::zip(strides, getInterior()))
    s *= between + 1;
  forEachIndex(x[0]->shape, [&](ArrayRef<int64_t> at, int64_t n) { y.set(first + linear(at, strides), *x[0], n); });
  return success();
}
Value PadOp::emitElement(ElementEmitter &e, ArrayRef<Coord> at) {
  Dims from = getDims(getX()), to = getDims(getResult()), low = getLow().getDims();
  Value fill = e.element(getValue(), {});
  if (isEmpty(from))
    return fill;
  Places p{e};
  SmallVector<Coord> own(at);
  SmallVector<std::pair<Coord, Value>> borders;
  SmallVector<int64_t> wide;
  bool between = false;
  for (auto [d, c] : llvm::enumerate(at)) {
    if (from[d] == to[d]) // no width at all: lanes keep their stride
      continue;
    if (!(low[d] == 0))
      own[d] = e.shift(c, arith::SubIOp::create(e.b, e.loc, e.index(0), e.size(low[d])));
    wide.push_back(int64_t(d));
    borders.push_back({own[d], e.size(from[d])});
    between |= getInterior()[d] > 0;
  }
  auto oneByOne = [&] {
    Value inside;
    Dims clamped;
    SmallVector<Coord> source(own);
    for (auto [d, border] : llvm::zip(wide, borders)) {
      Value size = border.second, place = p.of(own[d]);
      if (int64_t step = getInterior()[d] + 1; step > 1) {
        // Signed: in front of the first element the place is negative, and its remainder does not matter.
        Value by = p.match(e.index(step), place);
        inside = p.both(inside,
                        p.compare(arith::CmpIPredicate::eq, arith::RemSIOp::create(e.b, e.loc, place, by), e.index(0)));
        inside = p.both(inside, p.compare(arith::CmpIPredicate::sge, place, e.index(0)));
        place = arith::DivSIOp::create(e.b, e.loc, place, by);
      }
      // Unsigned: a negative place is a large one.
      inside = p.both(inside, p.compare(arith::CmpIPredicate::ult, place, size));
      source[d] = p.coord(p.clamp(place, size));
      clamped.push_back(from[d]);
    }
    Value x = e.elementWithin(clamped, getX(), source);
    return inside ? p.select(inside, x, fill) : x;
  };
  return between ? oneByOne() : insideOrElse(e, getX(), own, borders, oneByOne);
}
static Value cutBack(Build &e, PadOp op, Value a) {
  SmallVector<int64_t> strides;
  for (int64_t between : op.getInterior())
    strides.push_back(between + 1);
  return e.slice(a, op.getLow().getDims(), strides, getDims(op.getX()));
}
LogicalResult PadOp::vjp(Build &e, ArrayRef<Value> ct, const BitVector &wanted, MutableArrayRef<Value> result) {
  if (!ct[0])
    return success();
  Value inner = cutBack(e, *this, ct[0]);
  auto total = [&](Value v) { return e.sum(v, llvm::to_vector(llvm::seq<int64_t>(0, typeOf(v).getRank()))); };
  if (wanted[0])
    result[0] = inner;
  if (wanted[1]) // what is not operand is fill
    result[1] = e.sub(total(ct[0]), total(inner));
  return success();
}
LogicalResult PadOp::jvp(Build &e, ArrayRef<Value> t, MutableArrayRef<Value> result) {
  if (t[0] || t[1])
    result[0] = padded(e, t[0] ? t[0] : e.zeros(getX()), t[1] ? t[1] : e.zeros(getValue()), typeOf(getResult()),
                       getLow(), getInterior());
  return success();
}

//===- extend -------------------------------------------------------------------------------------------------------===//

/// How many elements each axis may lend to one side, at most. Nothing: as many as are asked for, if there is one at
/// all.
static std::optional<Dim> mostLent(StringRef mode, const Dim &size) {
  if (mode == "edge")
    return std::nullopt;
  return mode == "wrap" ? size : size - Dim(size.expr().getContext(), 1);
}
/// The elements behind the operand's along an axis.
static Dim widthBehind(ExtendOp op, int64_t axis) {
  return getDims(op.getResult())[axis] - getDims(op.getX())[axis] - op.getLow().getDims()[axis];
}
LogicalResult ExtendOp::verify() {
  Dims from = getDims(getX()), to = getDims(getResult()), low = getLow().getDims();
  StringRef mode = getMode();
  if (mode != "edge" && mode != "reflect" && mode != "wrap")
    return emitOpError("knows the modes \"edge\", \"reflect\" and \"wrap\", got \"") << mode << "\"";
  if (elementOf(getX()) != elementOf(getResult()))
    return emitOpError("changes the element type: ") << str(getX().getType()) << " to " << str(getType());
  if (to.size() != from.size())
    return emitOpError("needs a result dimension for each of the ")
           << from.size() << " dimensions of " << str(getX().getType()) << ", got " << str(getType());
  for (int64_t d = 0; d < int64_t(from.size()); ++d) {
    if (!llvm::is_contained(getAxes(), d)) {
      if (!(from[d] == to[d]) || !(low[d] == 0))
        return emitOpError("widens dimension ")
               << d << ", which is none of its axes: " << str(getX().getType()) << " to " << str(getType());
      continue;
    }
    Dim high = widthBehind(*this, d);
    if (!alwaysAtLeast(low[d], 0) || !alwaysAtLeast(high, 0))
      return emitOpError("widths of dimension ")
             << d << " must not be negative: low " << low[d].str() << ", high " << high.str() << "; slice cuts";
    std::optional<Dim> most = mostLent(mode, from[d]);
    bool enough = most ? alwaysAtLeast(*most - low[d], 0) && alwaysAtLeast(*most - high, 0) : alwaysAtLeast(from[d], 1);
    if (enough)
      continue;
    InFlightDiagnostic error = emitOpError("in mode \"")
                               << mode << "\" of dimension " << d << " of " << str(getX().getType()) << " to "
                               << str(getType()) << ": low " << low[d].str() << " and high " << high.str();
    error << (mode == "edge"      ? " need one element at least to repeat"
              : mode == "reflect" ? " can be at most the size - 1, for the edge itself is not repeated"
                                  : " can be at most the size");
    if (!from[d].isConstant() || !low[d].isConstant() || !high.isConstant())
      error << ", for every value of their symbols; narrow their bounds";
    return error;
  }
  return success();
}
OpFoldResult ExtendOp::fold(FoldAdaptor) {
  return getX().getType() == getType() ? OpFoldResult(getX()) : OpFoldResult();
}
LogicalResult ExtendOp::evaluate(ArrayRef<const HostArray *> x, MutableArrayRef<HostArray> results) {
  SmallVector<int64_t> low;
  if (failed(sizesOf(*this, getLow().getDims(), *x[0], results[0], low)))
    return failure();
  std::vector<int64_t> strides = x[0]->strides();
  forEachIndex(results[0].shape, [&](ArrayRef<int64_t> at, int64_t n) {
    int64_t from = 0;
    for (auto [d, place] : llvm::enumerate(at)) {
      int64_t p = place - low[d], size = x[0]->shape[d];
      if (getMode() == "edge")
        p = std::clamp<int64_t>(p, 0, size - 1);
      else if (getMode() == "wrap")
        p = p < 0 ? p + size : p >= size ? p - size : p;
      else
        p = p < 0 ? -p : p >= size ? 2 * (size - 1) - p : p;
      from += p * strides[d];
    }
    results[0].set(n, *x[0], from);
  });
  return success();
}
Value ExtendOp::emitElement(ElementEmitter &e, ArrayRef<Coord> at) {
  Dims from = getDims(getX()), low = getLow().getDims(), clamped;
  Places p{e};
  SmallVector<Coord> own(at);
  SmallVector<std::pair<Coord, Value>> borders;
  for (int64_t d : getAxes()) {
    if (!(low[d] == 0))
      own[d] = e.shift(at[d], arith::SubIOp::create(e.b, e.loc, e.index(0), e.size(low[d])));
    borders.push_back({own[d], e.size(from[d])});
    clamped.push_back(from[d]);
  }
  return insideOrElse(e, getX(), own, borders, [&] {
    SmallVector<Coord> source(own);
    auto from0 = [&](Value scalar, Value a) { return arith::SubIOp::create(e.b, e.loc, p.match(scalar, a), a); };
    for (auto [d, border] : llvm::zip(getAxes(), borders)) {
      Value size = border.second, place = p.of(own[d]);
      if (getMode() == "wrap") {
        Value all = p.match(size, place);
        Value in = p.select(p.compare(arith::CmpIPredicate::slt, place, e.index(0)),
                            arith::AddIOp::create(e.b, e.loc, place, all), place);
        place =
            p.select(p.compare(arith::CmpIPredicate::sge, in, size), arith::SubIOp::create(e.b, e.loc, in, all), in);
      } else if (getMode() == "reflect") {
        // The distance from the front, and then that of it from the back: size - 1 - |size - 1 - |p||.
        Value last = arith::SubIOp::create(e.b, e.loc, size, e.index(1));
        auto distance = [&](Value a) { return arith::MaxSIOp::create(e.b, e.loc, a, from0(e.index(0), a)); };
        place = from0(last, distance(from0(last, distance(place))));
      }
      source[d] = p.coord(p.clamp(place, size));
    }
    return e.elementWithin(clamped, getX(), source);
  });
}
static Value extended(Build &e, ExtendOp op, Value a) {
  auto type = withElement(typeOf(op.getResult()), elementOf(a));
  return ExtendOp::create(e.b, e.loc, type, a, op.getModeAttr(), op.getAxesAttr(), op.getLowAttr());
}
LogicalResult ExtendOp::vjp(Build &e, ArrayRef<Value> ct, const BitVector &wanted, MutableArrayRef<Value> result) {
  if (!ct[0] || !wanted[0])
    return success();
  Dims from = getDims(getX()), low = getLow().getDims();
  Dim zero(getContext(), 0), one(getContext(), 1);
  StringRef mode = getMode();
  Value sum = ct[0];
  // Axis by axis: what was read of the operand, and what each side read of it, put back to where that came from.
  for (int64_t d : getAxes()) {
    Value all = sum;
    auto part = [&](const Dim &start, const Dim &size) {
      Dims starts(from.size(), zero), sizes = getDims(all);
      starts[d] = start, sizes[d] = size;
      return e.slice(all, starts, SmallVector<int64_t>(from.size(), 1), sizes);
    };
    sum = part(low[d], from[d]);
    auto type = typeOf(sum);
    auto side = [&](const Dim &start, const Dim &size, const Dim &edge, const Dim &mirrored, const Dim &wrapped) {
      if (size == 0)
        return;
      Value a = part(start, size);
      if (mode == "edge") {
        Dims kept = getDims(a);
        kept[d] = one;
        a = e.reshape(e.sum(a, {d}), kept);
      } else if (mode == "reflect") {
        a = ReverseOp::create(e.b, e.loc, a.getType(), a, e.b.getDenseI64ArrayAttr({d}));
      }
      Dims to(from.size(), zero);
      to[d] = mode == "edge" ? edge : mode == "reflect" ? mirrored : wrapped;
      if (getDims(a)[d] == from[d])
        sum = e.add(sum, a);
      else
        sum = e.add(sum, padded(e, a, zeroScalar(e, elementOf(a)), type, getDimsAttr(getContext(), to),
                                SmallVector<int64_t>(from.size(), 0)));
    };
    Dim high = widthBehind(*this, d);
    side(zero, low[d], zero, one, from[d] - low[d]);
    side(low[d] + from[d], high, from[d] - one, from[d] - one - high, zero);
  }
  result[0] = sum;
  return success();
}
LogicalResult ExtendOp::jvp(Build &e, ArrayRef<Value> t, MutableArrayRef<Value> result) {
  if (t[0])
    result[0] = extended(e, *this, t[0]);
  return success();
}

//===- concatenate --------------------------------------------------------------------------------------------------===//

LogicalResult ConcatenateOp::inferReturnTypes(MLIRContext *context, std::optional<Location> location,
                                              ValueRange operands, DictionaryAttr attributes,
                                              OpaqueProperties properties, RegionRange regions,
                                              SmallVectorImpl<Type> &types) {
  Adaptor op(operands, attributes, properties, regions);
  auto at = given(op.getAxisAttr(), attributes, "axis");
  if (operands.empty())
    return emitOptionalError(location, "concatenate: needs at least one operand");
  auto first = tensorOperand("concatenate", location, operands[0]);
  if (!first || failed(checkAttributes<ConcatenateOp>(location, operands, attributes, properties)))
    return failure();
  int64_t axis = at.getInt();
  Dims dims = getDims(first);
  for (auto [i, operand] : llvm::enumerate(operands.drop_front())) {
    auto type = tensorOperand("concatenate", location, operand);
    if (!type)
      return failure();
    if (type.getElementType() != first.getElementType())
      return emitOptionalError(location, "concatenate: element types differ: operand 0 is ", str(first), ", operand ",
                               i + 1, " is ", str(type), "; write cast(x, dtype)");
    if (type.getRank() != first.getRank() || without(getDims(type), {axis}) != without(dims, {axis}))
      return emitOptionalError(location, "concatenate: dimensions other than axis ", axis, " differ: operand 0 is ",
                               str(first), ", operand ", i + 1, " is ", str(type));
    dims[axis] = dims[axis] + getDims(type)[axis];
  }
  types.push_back(getTensorType(dims, first.getElementType()));
  return success();
}
LogicalResult ConcatenateOp::evaluate(ArrayRef<const HostArray *> x, MutableArrayRef<HostArray> results) {
  std::vector<int64_t> strides = results[0].strides();
  int64_t first = 0;
  for (const HostArray *part : x) {
    forEachIndex(part->shape,
                 [&](ArrayRef<int64_t> at, int64_t n) { results[0].set(first + linear(at, strides), *part, n); });
    first += part->shape[getAxis()] * strides[getAxis()];
  }
  return success();
}
/// Every operand is asked at a clamped place, and the lane's place decides whose element it is. Along other axes the
/// lanes stay neighbours; along the joined one they are gathered.
Value ConcatenateOp::emitElement(ElementEmitter &e, ArrayRef<Coord> at) {
  Places p{e};
  int64_t axis = getAxis();
  Value place = p.of(at[axis]), result;
  Dim first(getContext(), 0);
  for (Value input : getInputs()) {
    Dims dims = getDims(input);
    if (isEmpty(dims))
      continue;
    Value start = first == 0 ? Value() : e.size(first);
    SmallVector<Coord> source(at);
    bool whole = dims[axis] == getDims(getResult())[axis];
    if (!whole)
      source[axis] = p.coord(p.clamp(start ? p.sub(place, start) : place, e.size(dims[axis])));
    Value element = e.elementWithin(whole ? Dims() : Dims{dims[axis]}, input, source);
    result = result ? p.select(p.compare(arith::CmpIPredicate::sge, place, start), element, result) : element;
    first = first + dims[axis];
  }
  // An empty result is never asked for an element, yet code for it is made.
  return result ? result : e.constant(elementOf(getResult()), 0);
}
LogicalResult ConcatenateOp::vjp(Build &e, ArrayRef<Value> ct, const BitVector &wanted, MutableArrayRef<Value> result) {
  if (!ct[0])
    return success();
  Dim zero(getContext(), 0);
  Dims starts(typeOf(getResult()).getRank(), zero);
  SmallVector<int64_t> strides(starts.size(), 1);
  for (auto [i, input] : llvm::enumerate(getInputs())) {
    if (wanted[i])
      result[i] = e.slice(ct[0], starts, strides, getDims(input));
    starts[getAxis()] = starts[getAxis()] + getDims(input)[getAxis()];
  }
  return success();
}
LogicalResult ConcatenateOp::jvp(Build &e, ArrayRef<Value> t, MutableArrayRef<Value> result) {
  if (llvm::none_of(t, [](Value v) { return bool(v); }))
    return success();
  SmallVector<Value> parts;
  for (auto [tangent, input] : llvm::zip(t, getInputs()))
    parts.push_back(tangent ? tangent : e.zeros(input));
  result[0] = ConcatenateOp::create(e.b, e.loc, getType(), parts, getAxisAttr());
  return success();
}

//===- reverse ------------------------------------------------------------------------------------------------------===//

LogicalResult ReverseOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, ValueRange operands,
                                          DictionaryAttr attributes, OpaqueProperties properties, RegionRange regions,
                                          SmallVectorImpl<Type> &types) {
  auto x = tensorOperand("reverse", location, operands[0]);
  if (!x || failed(checkAttributes<ReverseOp>(location, operands, attributes, properties)))
    return failure();
  types.push_back(x);
  return success();
}
LogicalResult ReverseOp::evaluate(ArrayRef<const HostArray *> x, MutableArrayRef<HostArray> results) {
  std::vector<int64_t> strides = x[0]->strides();
  int64_t first = 0;
  for (int64_t axis : getAxes()) {
    first += (x[0]->shape[axis] - 1) * strides[axis];
    strides[axis] = -strides[axis];
  }
  forEachIndex(results[0].shape,
               [&](ArrayRef<int64_t> at, int64_t n) { results[0].set(n, *x[0], first + linear(at, strides)); });
  return success();
}
Value ReverseOp::emitElement(ElementEmitter &e, ArrayRef<Coord> at) {
  SmallVector<Coord> source(at);
  Dims dims = getDims(getX());
  for (int64_t axis : getAxes()) {
    Value last = e.add(e.size(dims[axis]), e.index(-1));
    if (at[axis].varying)
      last = e.splat(last);
    source[axis] = {arith::SubIOp::create(e.b, e.loc, last, at[axis].base), -at[axis].stride, at[axis].varying};
  }
  return e.element(getX(), source);
}
static Value reversed(Build &e, ReverseOp op, Value a) {
  return a ? Value(ReverseOp::create(e.b, e.loc, a.getType(), a, op.getAxesAttr())) : Value();
}
LogicalResult ReverseOp::vjp(Build &e, ArrayRef<Value> ct, const BitVector &wanted, MutableArrayRef<Value> result) {
  if (wanted[0])
    result[0] = reversed(e, *this, ct[0]);
  return success();
}
LogicalResult ReverseOp::jvp(Build &e, ArrayRef<Value> t, MutableArrayRef<Value> result) {
  result[0] = reversed(e, *this, t[0]);
  return success();
}
