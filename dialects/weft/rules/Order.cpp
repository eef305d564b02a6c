// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Rules of ops that order the elements of an axis.
#include "dialects/weft/rules/Checks.h"
#include <limits>
#include <numeric>

using namespace mlir;
using namespace weft::ir;

/// Places along an axis are i32.
static LogicalResult checkCount(StringRef op, std::optional<Location> location, RankedTensorType x, int64_t axis) {
  if (getDims(x)[axis].upper() <= std::numeric_limits<int32_t>::max())
    return success();
  return emitOptionalError(location, op, ": axis ", axis, " of ", str(x), " has more elements than an i32 can count");
}

LogicalResult SortOp::inferReturnTypes(MLIRContext *context, std::optional<Location> location, ValueRange operands,
                                       DictionaryAttr attributes, OpaqueProperties properties, RegionRange regions,
                                       SmallVectorImpl<Type> &types) {
  Adaptor op(operands, attributes, properties, regions);
  auto axis = given(op.getAxisAttr(), attributes, "axis");
  auto x = tensorOperand("sort", location, operands[0]);
  if (!x || failed(checkAttributes<SortOp>(location, operands, attributes, properties)))
    return failure();
  if (failed(checkCount("sort", location, x, axis.getInt())))
    return failure();
  types.push_back(x);
  types.push_back(withElement(x, IntegerType::get(context, 32)));
  return success();
}
LogicalResult TopKOp::inferReturnTypes(MLIRContext *context, std::optional<Location> location, ValueRange operands,
                                       DictionaryAttr attributes, OpaqueProperties properties, RegionRange regions,
                                       SmallVectorImpl<Type> &types) {
  Adaptor op(operands, attributes, properties, regions);
  auto x = tensorOperand("top_k", location, operands[0]);
  if (!x || failed(checkAttributes<TopKOp>(location, operands, attributes, properties)))
    return failure();
  int64_t axis = given(op.getAxisAttr(), attributes, "axis").getInt();
  DimsAttr k = given(op.getKAttr(), attributes, "k");
  if (!k || k.getDims().size() != 1)
    return emitOptionalError(location, "top_k: k is one number");
  Dims dims = getDims(x);
  Dim kept = k.getDims()[0], size = dims[axis];
  if (failed(checkCount("top_k", location, x, axis)))
    return failure();
  if (!alwaysAtLeast(kept, 0) || !alwaysAtLeast(size - kept, 0))
    return emitOptionalError(location, "top_k: k is ", kept.str(), ", expected 0 to ", size.str(),
                             ", the elements of axis ", axis, " of ", str(x));
  dims[axis] = kept;
  types.push_back(getTensorType(dims, x.getElementType()));
  types.push_back(getTensorType(dims, IntegerType::get(context, 32)));
  return success();
}
LogicalResult TopKMaskOp::inferReturnTypes(MLIRContext *context, std::optional<Location> location, ValueRange operands,
                                           DictionaryAttr attributes, OpaqueProperties properties, RegionRange regions,
                                           SmallVectorImpl<Type> &types) {
  Adaptor op(operands, attributes, properties, regions);
  auto x = tensorOperand("top_k_mask", location, operands[0]),
       counts = tensorOperand("top_k_mask", location, operands[1]);
  if (!x || !counts || failed(checkAttributes<TopKMaskOp>(location, operands, attributes, properties)))
    return failure();
  int64_t axis = given(op.getAxisAttr(), attributes, "axis").getInt();
  if (failed(checkCount("top_k_mask", location, x, axis)))
    return failure();
  if (getDims(counts) != without(getDims(x), {axis}))
    return emitOptionalError(location, "top_k_mask: one count for each row along axis ", axis, " of ", str(x),
                             " is expected, found ", str(counts));
  types.push_back(withElement(x, IntegerType::get(context, 1)));
  return success();
}

namespace {
/// A row of an array along an axis.
struct Row {
  int64_t number, start, step; // in row-major order of the rows; element i is at start + i * step
};
} // namespace
static void forEachRow(const HostArray &x, int64_t axis, llvm::function_ref<void(const Row &)> body) {
  std::vector<int64_t> strides = x.strides();
  SmallVector<int64_t> outer(x.shape.begin(), x.shape.end()), steps(strides.begin(), strides.end());
  outer.erase(outer.begin() + axis);
  steps.erase(steps.begin() + axis);
  forEachIndex(outer, [&](ArrayRef<int64_t> at, int64_t n) { body({n, linear(at, steps), strides[axis]}); });
}
/// The places of a row's elements in their order.
static std::vector<int64_t> orderOf(const HostArray &x, const Row &row, int64_t count, bool descending, bool nanFirst) {
  std::vector<int64_t> order(static_cast<size_t>(count));
  std::iota(order.begin(), order.end(), 0);
  auto sort = [&](const auto &values) {
    llvm::sort(order, [&](int64_t i, int64_t j) {
      auto a = values[row.start + i * row.step], b = values[row.start + j * row.step];
      if ((a != a) != (b != b))
        return nanFirst ? a != a : b != b;
      if (a == b || a != a)
        return i < j;
      return descending ? a > b : a < b;
    });
  };
  if (x.isFloat())
    sort(x.f);
  else
    sort(x.i);
  return order;
}

LogicalResult SortOp::evaluate(ArrayRef<const HostArray *> operands, MutableArrayRef<HostArray> results) {
  const HostArray &x = *operands[0];
  forEachRow(x, getAxis(), [&](const Row &row) {
    for (auto [i, place] : llvm::enumerate(orderOf(x, row, x.shape[getAxis()], getDescending(), /*nanFirst=*/false))) {
      results[0].set(row.start + int64_t(i) * row.step, x, row.start + place * row.step);
      results[1].i[row.start + int64_t(i) * row.step] = place;
    }
  });
  return success();
}
LogicalResult TopKOp::evaluate(ArrayRef<const HostArray *> operands, MutableArrayRef<HostArray> results) {
  const HostArray &x = *operands[0];
  SmallVector<Row> to; // the rows of the results
  forEachRow(results[1], getAxis(), [&](const Row &row) { to.push_back(row); });
  forEachRow(x, getAxis(), [&](const Row &row) {
    std::vector<int64_t> order = orderOf(x, row, x.shape[getAxis()], /*descending=*/true, /*nanFirst=*/true);
    order.resize(size_t(results[1].shape[getAxis()]));
    for (auto [i, place] : llvm::enumerate(order)) {
      int64_t at = to[row.number].start + int64_t(i) * to[row.number].step;
      results[0].set(at, x, row.start + place * row.step);
      results[1].i[at] = place;
    }
  });
  return success();
}
LogicalResult TopKMaskOp::evaluate(ArrayRef<const HostArray *> operands, MutableArrayRef<HostArray> results) {
  const HostArray &x = *operands[0];
  int64_t count = x.shape[getAxis()];
  forEachRow(x, getAxis(), [&](const Row &row) {
    int64_t kept = std::clamp<int64_t>(operands[1]->i[row.number], 0, count);
    for (auto [i, place] : llvm::enumerate(orderOf(x, row, count, /*descending=*/true, /*nanFirst=*/true)))
      results[0].i[row.start + place * row.step] = int64_t(i) < kept;
  });
  return success();
}

LogicalResult SearchSortedOp::inferReturnTypes(MLIRContext *context, std::optional<Location> location,
                                               ValueRange operands, DictionaryAttr, OpaqueProperties, RegionRange,
                                               SmallVectorImpl<Type> &types) {
  auto sorted = tensorOperand("searchsorted", location, operands[0]),
       values = tensorOperand("searchsorted", location, operands[1]);
  if (!sorted || !values)
    return failure();
  Dims rows = getDims(sorted), dims = getDims(values);
  if (sorted.getElementType() != values.getElementType() || rows.empty() || dims.size() != rows.size() ||
      ArrayRef(rows).drop_back() != ArrayRef(dims).drop_back())
    return emitOptionalError(location, "searchsorted: expected rows of one type and as many rows of values, found ",
                             str(sorted), " and ", str(values));
  if (failed(checkCount("searchsorted", location, sorted, int64_t(rows.size()) - 1)))
    return failure();
  types.push_back(withElement(values, IntegerType::get(context, 32)));
  return success();
}
LogicalResult SearchSortedOp::evaluate(ArrayRef<const HostArray *> x, MutableArrayRef<HostArray> results) {
  int64_t count = x[0]->shape.back(), each = x[1]->shape.back();
  auto search = [&](const auto &sorted, const auto &values) {
    for (int64_t n = 0; n < x[1]->size(); ++n) {
      auto v = values[n];
      int64_t before = 0;
      for (int64_t i = 0; i < count; ++i) {
        auto a = sorted[n / each * count + i];
        bool less = a == a && (v != v || a < v), equal = a == v || (a != a && v != v);
        before += less || (getRight() && equal);
      }
      results[0].i[n] = before;
    }
  };
  if (x[0]->isFloat())
    search(x[0]->f, x[1]->f);
  else
    search(x[0]->i, x[1]->i);
  return success();
}
Access SearchSortedOp::getAccess() {
  Access access = Access::ofResult(*this);
  access.loops.back().kind = LoopKind::opaque;
  access.operands[0] = access.operands[1] = access.results[0];
  access.operands[0].back() = Axis();
  return access;
}
LogicalResult SearchSortedOp::setAccess(const Access &now) {
  const Axes &result = now.results[0];
  Axes sorted = result;
  if (result.empty() || !llvm::all_of(result, [](const Axis &axis) { return axis.loop().has_value(); }) ||
      now.loops[*result.back().loop()].kind != LoopKind::opaque || now.operands[1] != result)
    return failure();
  sorted.back() = Axis();
  return success(now.operands[0] == sorted);
}

/// What sort and top_k give are elements of x, by the indices.
#define WEFT_CHOICE(Op)                                                                                                \
  LogicalResult Op::vjp(Build &e, ArrayRef<Value> ct, const BitVector &wanted, MutableArrayRef<Value> result) {        \
    if (ct[0] && wanted[0])                                                                                            \
      result[0] = ScatterAddAlongOp::create(e.b, e.loc, e.zeros(e.x()), e.y(1), ct[0], getAxisAttr());                 \
    return success();                                                                                                  \
  }                                                                                                                    \
  LogicalResult Op::jvp(Build &e, ArrayRef<Value> t, MutableArrayRef<Value> result) {                                  \
    if (t[0])                                                                                                          \
      result[0] = TakeAlongOp::create(e.b, e.loc, t[0], e.y(1), getAxisAttr());                                        \
    return success();                                                                                                  \
  }
WEFT_CHOICE(SortOp)
WEFT_CHOICE(TopKOp)
#undef WEFT_CHOICE

/// All results have all axes at loops of their own; what the op does along one of them is its own business. Of top_k
/// that loop counts what is chosen.
static Access ordered(Operation *op, int64_t axis) {
  Access access = Access::ofResult(op);
  access.loops[axis].kind = LoopKind::opaque;
  for (Axes &axes : access.results)
    axes = access.results[0];
  access.operands[0] = access.results[0];
  access.operands[0][axis] = Axis();
  return access;
}
/// The axis of such an op over these loops.
static std::optional<int64_t> orderedAxis(const Access &now) {
  std::optional<int64_t> found;
  if (now.operands[0].size() != now.results[0].size())
    return std::nullopt;
  for (auto [d, axis] : llvm::enumerate(now.results[0])) {
    if (!axis.loop())
      return std::nullopt;
    if (now.loops[*axis.loop()].kind != LoopKind::opaque) {
      if (now.operands[0][d] != axis)
        return std::nullopt;
      continue;
    }
    if (found)
      return std::nullopt;
    found = int64_t(d);
  }
  if (llvm::any_of(now.results, [&](const Axes &axes) { return axes != now.results[0]; }))
    return std::nullopt;
  return found;
}
#define WEFT_ORDERED(Op)                                                                                               \
  Access Op::getAccess() { return ordered(*this, getAxis()); }                                                         \
  LogicalResult Op::setAccess(const Access &now) {                                                                     \
    std::optional<int64_t> axis = orderedAxis(now);                                                                    \
    if (axis)                                                                                                          \
      setAxis(uint64_t(*axis));                                                                                        \
    return success(axis.has_value());                                                                                  \
  }
WEFT_ORDERED(SortOp)
WEFT_ORDERED(TopKOp)
#undef WEFT_ORDERED
Access TopKMaskOp::getAccess() {
  Access access = ordered(*this, getAxis());
  access.operands[1] = access.results[0];
  access.operands[1].erase(access.operands[1].begin() + getAxis());
  return access;
}
LogicalResult TopKMaskOp::setAccess(const Access &now) {
  std::optional<int64_t> axis = orderedAxis(now);
  if (!axis)
    return failure();
  Axes counts = now.results[0];
  counts.erase(counts.begin() + *axis);
  if (now.operands[1] != counts)
    return failure();
  setAxis(uint64_t(*axis));
  return success();
}

//===- code ---------------------------------------------------------------------------------------------------------===//

static int64_t bytesOfItem(Value x) { return elementOf(x).getIntOrFloatBitWidth() == 64 ? 16 : 8; }
/// A call over the rows of x, whose numbers end in how many elements a row has and how far apart they lie.
static RuntimeCall callOverRows(llvm::StringLiteral service, Value x, int64_t axis, ArrayRef<Dim> numbers) {
  MLIRContext *context = x.getContext();
  Dims dims = getDims(x), rows(dims);
  rows[axis] = Dim(context, 1);
  RuntimeCall call{service, product(context, rows)};
  llvm::append_range(call.numbers, numbers);
  call.numbers.append({dims[axis], product(context, ArrayRef(dims).drop_front(axis + 1))});
  return call;
}
static int64_t mostOf(Value x, int64_t axis) { return std::max<int64_t>(1, getDims(x)[axis].upper()); }

Dim SortOp::getWorkspace() { return Dim(getContext(), getCall().workspaceOfRun()); }
RuntimeCall SortOp::getCall() {
  RuntimeCall call = callOverRows("weft_sort", getX(), getAxis(), {Dim(getContext(), getDescending())});
  int64_t most = mostOf(getX(), getAxis());
  call.costOfUnit = most * 4 * (1 + llvm::Log2_64_Ceil(uint64_t(most)));
  call.workspace = most * 2 * bytesOfItem(getX());
  return call;
}
Dim TopKOp::getWorkspace() { return Dim(getContext(), getCall().workspaceOfRun()); }
RuntimeCall TopKOp::getCall() {
  Dim k = getK().getDims()[0];
  RuntimeCall call = callOverRows("weft_top_k", getX(), getAxis(), {k});
  int64_t most = mostOf(getX(), getAxis()), chosen = std::max<int64_t>(1, k.upper());
  call.costOfUnit = most + chosen * 4 * (1 + llvm::Log2_64_Ceil(uint64_t(chosen)));
  call.workspace = std::min(most, 2 * chosen + 256) * 2 * bytesOfItem(getX());
  return call;
}
Dim TopKMaskOp::getWorkspace() { return Dim(getContext(), getCall().workspaceOfRun()); }
RuntimeCall TopKMaskOp::getCall() {
  RuntimeCall call = callOverRows("weft_top_k_mask", getX(), getAxis(), {});
  int64_t most = mostOf(getX(), getAxis());
  call.costOfUnit = most * 8;
  call.workspace = most * 2 * bytesOfItem(getX());
  return call;
}
RuntimeCall SearchSortedOp::getCall() {
  MLIRContext *context = getContext();
  Dims dims = getDims(getValues());
  RuntimeCall call{"weft_searchsorted", product(context, dims)};
  int64_t most = mostOf(getSorted(), typeOf(getSorted()).getRank() - 1);
  call.costOfUnit = 4 * (1 + llvm::Log2_64_Ceil(uint64_t(most)));
  call.numbers = {Dim(context, getRight()), getDims(getSorted()).back(), dims.back()};
  return call;
}
