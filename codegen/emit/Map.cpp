//===- Map.cpp - kernels without a hero: every element of the results for itself -------------------------------------===//
//
// The innermost wide dimension runs in vectors, then one by one; a unit is a stretch of it at one position of the other dimensions. If all
// tensors of the kernel have one shape and no op moves elements, the shape does not matter and the space is one long dimension.
//
//===----------------------------------------------------------------------------------------------------------------===//
#include "codegen/emit/KernelEmitter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace weft;
using namespace weft::codegen;
using ir::Coord;
using ir::Dim;
using ir::Dims;

/// Whether equal linear index means equal element, for all tensors of the kernel (scalars and splats apart).
static bool isFlat(loom::KernelOp kernel, const Dims &dims) {
  if (dims.size() < 2)
    return false;
  auto fits = [&](Value v) { return cast<RankedTensorType>(v.getType()).getRank() == 0 || ir::getDims(v) == dims; };
  for (Operation &op : kernel.getBody().front().without_terminator()) {
    if (!llvm::all_of(op.getOperands(), fits) || !llvm::all_of(op.getResults(), fits))
      return false;
    if (auto broadcast = dyn_cast<ir::BroadcastOp>(op); broadcast && cast<RankedTensorType>(broadcast.getX().getType()).getRank() == 0)
      continue;
    if (auto constant = dyn_cast<ir::ConstantOp>(op)) {
      if (auto value = dyn_cast<DenseElementsAttr>(constant.getValue()); value && value.isSplat())
        continue;
      return false;
    }
    if (!op.hasTrait<OpTrait::Elementwise>() && !op.hasTrait<ir::Identity>())
      return false;
  }
  return llvm::all_of(kernel.getTerminator()->getOperands(), fits);
}

FailureOr<Schedule> weft::codegen::emitMap(KernelEmitter &e) {
  MLIRContext *context = e.b.getContext();
  Dims dims = ir::getDims(e.kernel().getTerminator()->getOperand(0));
  bool flat = isFlat(e.kernel(), dims);
  Dims space = flat ? Dims{ir::product(context, dims)} : dims;
  if (flat)
    e.setFlat();
  int64_t v = lastWideDim(space);
  Dim inner = v < 0 ? Dim(context, 1) : space[v];
  Dims outer = space;
  if (v >= 0)
    outer[v] = Dim(context, 1);

  int64_t lanes = e.pickLanes(e.widestBits(), inner);
  // Long rows are cut so that a few of them can still keep several threads busy.
  const int64_t chunk = 4096;
  bool cut = inner.upper() > 2 * chunk;
  Dim chunks = cut ? inner.ceilDiv(Dim(context, chunk)) : Dim(context, 1);

  e.loop(e.begin(), e.end(), 1, [&](Value unit) {
    Value lo = e.index(0), hi = e.size(inner), row = unit;
    if (cut) {
      Value n = e.size(chunks);
      row = arith::DivUIOp::create(e.b, e.loc, unit, n);
      lo = e.mul(arith::RemUIOp::create(e.b, e.loc, unit, n), e.index(chunk));
      hi = e.minimum(e.add(lo, e.index(chunk)), hi);
    }
    SmallVector<Coord> at;
    for (Value base : e.delinearize(row, outer))
      at.push_back({base, 0, false});
    e.tiled(lo, hi, inner, lanes == 1 ? ArrayRef<int64_t>{1} : ArrayRef<int64_t>{lanes, 1}, [&](Value i, int64_t width) {
      e.withLanes(width, [&] {
        SmallVector<Coord> here = at;
        if (v >= 0)
          here[v] = {i, width == 1 ? 0 : 1, false};
        e.storeResults(here);
      });
    });
  });
  int64_t perUnit = std::max<int64_t>(1, (cut ? chunk : inner.upper()) * e.elementCost() / std::max<int64_t>(1, lanes));
  return Schedule{ir::product(context, outer) * chunks, std::max<int64_t>(1, (1 << 14) / perUnit)};
}
