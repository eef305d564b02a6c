// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Rules of ops that order the elements of an axis.
#include "dialects/weft/rules/Checks.h"
#include <limits>
#include <numeric>

using namespace mlir;
using namespace weft::ir;

LogicalResult SortOp::inferReturnTypes(MLIRContext *context, std::optional<Location> location, ValueRange operands,
                                       DictionaryAttr attributes, OpaqueProperties properties, RegionRange regions,
                                       SmallVectorImpl<Type> &types) {
  Adaptor op(operands, attributes, properties, regions);
  auto axis = given(op.getAxisAttr(), attributes, "axis");
  auto x = tensorOperand("sort", location, operands[0]);
  if (!x || failed(checkAttributes<SortOp>(location, operands, attributes, properties)))
    return failure();
  Dims dims = getDims(x);
  if (dims[axis.getInt()].upper() > std::numeric_limits<int32_t>::max())
    return emitOptionalError(location, "sort: axis ", axis.getInt(), " of ", str(x),
                             " has more elements than an i32 can count");
  types.push_back(x);
  types.push_back(getTensorType(dims, IntegerType::get(context, 32)));
  return success();
}

LogicalResult SortOp::evaluate(ArrayRef<const HostArray *> operands, MutableArrayRef<HostArray> results) {
  const HostArray &x = *operands[0];
  std::vector<int64_t> strides = x.strides();
  SmallVector<int64_t> outer(x.shape.begin(), x.shape.end()), steps(strides.begin(), strides.end());
  int64_t count = x.shape[getAxis()], step = strides[getAxis()];
  outer.erase(outer.begin() + getAxis());
  steps.erase(steps.begin() + getAxis());
  std::vector<int64_t> order(static_cast<size_t>(count));
  forEachIndex(outer, [&](ArrayRef<int64_t> at, int64_t) {
    int64_t start = linear(at, steps);
    auto sort = [&](const auto &values) {
      std::iota(order.begin(), order.end(), 0);
      llvm::sort(order, [&](int64_t i, int64_t j) {
        auto a = values[start + i * step], b = values[start + j * step];
        if ((a != a) != (b != b)) // NaN last
          return b != b;
        if (a == b || a != a)
          return i < j;
        return getDescending() ? a > b : a < b;
      });
    };
    if (x.isFloat())
      sort(x.f);
    else
      sort(x.i);
    for (int64_t i = 0; i < count; ++i) {
      results[0].set(start + i * step, x, start + order[size_t(i)] * step);
      results[1].i[start + i * step] = order[size_t(i)];
    }
  });
  return success();
}

LogicalResult SortOp::vjp(Build &e, ArrayRef<Value> ct, const BitVector &wanted, MutableArrayRef<Value> result) {
  if (ct[0] && wanted[0])
    result[0] = ScatterAddAlongOp::create(e.b, e.loc, e.zeros(e.x()), e.y(1), ct[0], getAxisAttr());
  return success();
}
LogicalResult SortOp::jvp(Build &e, ArrayRef<Value> t, MutableArrayRef<Value> result) {
  if (t[0])
    result[0] = TakeAlongOp::create(e.b, e.loc, t[0], e.y(1), getAxisAttr());
  return success();
}

/// Both results have all axes at loops of their own; what the op does along one of them is its own business.
Access SortOp::getAccess() {
  Access access = Access::ofResult(*this);
  access.loops[getAxis()].kind = LoopKind::opaque;
  access.operands[0] = access.results[1] = access.results[0];
  access.operands[0][getAxis()] = Axis();
  return access;
}
LogicalResult SortOp::setAccess(const Access &now) {
  std::optional<int64_t> found;
  for (auto [d, axis] : llvm::enumerate(now.results[0])) {
    if (!axis.loop())
      return failure();
    if (now.loops[*axis.loop()].kind != LoopKind::opaque) {
      if (d >= now.operands[0].size() || now.operands[0][d] != axis)
        return failure();
      continue;
    }
    if (found)
      return failure();
    found = int64_t(d);
  }
  if (!found || now.operands[0].size() != now.results[0].size() || now.results[1] != now.results[0])
    return failure();
  setAxis(uint64_t(*found));
  return success();
}

Dim SortOp::getWorkspace() { return Dim(getContext(), getCall().workspaceOfRun()); }

RuntimeCall SortOp::getCall() {
  MLIRContext *context = getContext();
  Dims dims = getDims(getX()), rows(dims);
  Dim count = dims[getAxis()];
  rows[getAxis()] = Dim(context, 1);
  int64_t most = std::max<int64_t>(1, count.upper());
  bool wide = elementOf(getX()).getIntOrFloatBitWidth() == 64;
  RuntimeCall call{"weft_sort", product(context, rows)};
  call.costOfUnit = most * 4 * (1 + llvm::Log2_64_Ceil(uint64_t(most)));
  call.numbers = {Dim(context, getDescending()), count, product(context, ArrayRef(dims).drop_front(getAxis() + 1))};
  call.workspace = most * (wide ? 32 : 16);
  return call;
}
