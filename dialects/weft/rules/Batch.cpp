// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What becomes of ops under vmap: see Batch.h. Most ops say it by their access; here are those that become another op.
#include "dialects/weft/Batch.h"
#include "dialects/weft/Weft.h"

using namespace mlir;
using namespace weft::ir;

RankedTensorType Batch::stacked(Type type) const {
  auto tensor = cast<RankedTensorType>(type);
  Dims dims{size};
  llvm::append_range(dims, getDims(tensor));
  return getTensorType(dims, tensor.getElementType());
}
Value Batch::full(unsigned i) const {
  if (mapped[i])
    return operands[i];
  return e.broadcast(operands[i], stacked(operands[i].getType()),
                     llvm::to_vector(llvm::seq<int64_t>(1, typeOf(operands[i]).getRank() + 1)));
}
SmallVector<Value> Batch::allFull() const {
  SmallVector<Value> values;
  for (unsigned i = 0; i < operands.size(); ++i)
    values.push_back(full(i));
  return values;
}
Operation *Batch::again(ArrayRef<Value> values, ArrayRef<NamedAttribute> replaced) const {
  NamedAttrList attributes(op->getAttrs());
  for (NamedAttribute attribute : replaced)
    attributes.set(attribute.getName(), attribute.getValue());
  SmallVector<Type> types;
  for (Type type : op->getResultTypes())
    types.push_back(stacked(type));
  OperationState state(op->getLoc(), op->getName(), values, types, attributes);
  return e.b.create(state);
}
NamedAttribute Batch::axis(StringRef name, int64_t axis) const {
  return e.b.getNamedAttr(name, e.b.getI64IntegerAttr(axis + 1));
}
Operation *Batch::byAccess() const {
  auto says = dyn_cast<AccessOpInterface>(op);
  if (!says)
    return nullptr;
  Access access = says.getAccess();
  for (bool all : {false, true}) {
    if (all && mapped.all())
      break;
    llvm::BitVector with = all ? llvm::BitVector(mapped.size(), true) : mapped;
    Operation *made = again(all ? allFull() : operands);
    if (succeeded(cast<AccessOpInterface>(made).setAccess(access.batched(with, size))))
      return made;
    made->erase();
  }
  return nullptr;
}

//===- indices ------------------------------------------------------------------------------------------------------===//

/// For a gather or scatter along `axis` of [B, in front..., n, behind...] with indices [B, i...]: [B, in front..., |i|,
/// behind...], the shape in which the indices are one dimension.
static Dims alongShape(Value data, Value indices, int64_t axis) {
  Dims shape = getDims(data);
  Dims rest = getDims(indices);
  rest.erase(rest.begin());
  shape[size_t(axis) + 1] = weft::ir::product(data.getContext(), rest);
  return shape;
}
static Value alongIndices(Build &e, Value indices, const Dims &shape, int64_t axis) {
  Value flat = e.reshape(indices, {shape[0], shape[size_t(axis) + 1]});
  return e.broadcast(flat, getTensorType(shape, elementOf(indices)), {0, axis + 1});
}
Operation *TakeOp::batch(Batch &b) {
  if (b.mapped[1] && b.mapped[0]) {
    int64_t axis = getAxis();
    Dims shape = alongShape(b.operands[0], b.operands[1], axis);
    Value indices = alongIndices(b.e, b.operands[1], shape, axis);
    Value taken =
        TakeAlongOp::create(b.e.b, getLoc(), b.operands[0], indices, b.e.b.getI64IntegerAttr(axis + 1), getClipAttr());
    return ReshapeOp::create(b.e.b, getLoc(), b.stacked(getType()), taken);
  }
  if (b.mapped[0])
    return b.again(b.operands, b.axis("axis", getAxis()));
  // The leading axis of the indices lands where the axis was, and goes to the front.
  Operation *taken = TakeOp::create(b.e.b, getLoc(), b.operands[0], b.operands[1], getAxisAttr(), getClipAttr());
  int64_t rank = typeOf(taken->getResult(0)).getRank(), axis = getAxis();
  SmallVector<int64_t> order{axis};
  for (int64_t d = 0; d < rank; ++d)
    if (d != axis)
      order.push_back(d);
  return b.e.transpose(taken->getResult(0), order).getDefiningOp();
}
/// A scatter on many slices: with indices of their own the form along an axis.
template <class Along> static Operation *batchScatter(Batch &b, int64_t axis) {
  if (!b.mapped[1])
    return b.again({b.full(0), b.operands[1], b.full(2)}, b.axis("axis", axis));
  Value init = b.full(0), indices = b.operands[1];
  Dims shape = alongShape(init, indices, axis);
  NamedAttrList attributes(b.op->getAttrs()); // skip is of both forms
  attributes.set("axis", b.e.b.getI64IntegerAttr(axis + 1));
  return Along::create(b.e.b, b.op->getLoc(), TypeRange(init.getType()),
                       ValueRange{init, alongIndices(b.e, indices, shape, axis), b.e.reshape(b.full(2), shape)},
                       attributes);
}
Operation *ScatterAddOp::batch(Batch &b) { return batchScatter<ScatterAddAlongOp>(b, getAxis()); }
Operation *ScatterSetOp::batch(Batch &b) { return batchScatter<ScatterSetAlongOp>(b, getAxis()); }
Operation *ScatterMaxOp::batch(Batch &b) { return batchScatter<ScatterMaxAlongOp>(b, getAxis()); }
Operation *ScatterMinOp::batch(Batch &b) { return batchScatter<ScatterMinAlongOp>(b, getAxis()); }

//===- rows ---------------------------------------------------------------------------------------------------------===//

Operation *ActiveRowsOp::batch(Batch &b) { return b.again(b.allFull()); }
