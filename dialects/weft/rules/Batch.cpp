// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What becomes of ops under vmap: see Batch.h. Elementwise ops take their operands with the leading axis; others count
// their dimensions by one more.
#include "dialects/weft/Batch.h"
#include "dialects/weft/ContractSpec.h"
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
NamedAttribute Batch::axes(StringRef name, ArrayRef<int64_t> axes) const {
  return e.b.getNamedAttr(
      name, e.b.getDenseI64ArrayAttr(llvm::to_vector(llvm::map_range(axes, [](int64_t a) { return a + 1; }))));
}
NamedAttribute Batch::front(StringRef name, int64_t first, ArrayRef<int64_t> rest, int64_t shift) const {
  SmallVector<int64_t> values{first};
  for (int64_t v : rest)
    values.push_back(v + shift);
  return e.b.getNamedAttr(name, e.b.getDenseI64ArrayAttr(values));
}
NamedAttribute Batch::front(StringRef name, ArrayRef<Dim> rest) const {
  Dims dims{Dim(e.b.getContext(), 0)};
  llvm::append_range(dims, rest);
  return e.b.getNamedAttr(name, getDimsAttr(e.b.getContext(), dims));
}

//===- maps of indices ----------------------------------------------------------------------------------------------===//

Operation *ReshapeOp::batch(Batch &b) { return b.again(b.allFull()); }
Operation *TransposeOp::batch(Batch &b) { return b.again(b.allFull(), b.front("permutation", 0, getPermutation(), 1)); }
Operation *BroadcastOp::batch(Batch &b) { return b.again(b.allFull(), b.front("dims", 0, getDims(), 1)); }
Operation *SliceOp::batch(Batch &b) {
  return b.again(b.allFull(), {b.front("starts", getStarts().getDims()), b.front("strides", 1, getStrides())});
}
Operation *PadOp::batch(Batch &b) {
  if (b.mapped[1])
    return nullptr;
  return b.again({b.full(0), b.operands[1]},
                 {b.front("low", getLow().getDims()), b.front("interior", 0, getInterior())});
}
Operation *ConcatenateOp::batch(Batch &b) { return b.again(b.allFull(), b.axis("axis", getAxis())); }
Operation *ReverseOp::batch(Batch &b) { return b.again(b.allFull(), b.axes("axes", getAxes())); }

//===- reductions, products -----------------------------------------------------------------------------------------===//

Operation *ReduceSumOp::batch(Batch &b) { return b.again(b.allFull(), b.axes("axes", getAxes())); }
Operation *ReduceMaxOp::batch(Batch &b) { return b.again(b.allFull(), b.axes("axes", getAxes())); }
Operation *ReduceMinOp::batch(Batch &b) { return b.again(b.allFull(), b.axes("axes", getAxes())); }
Operation *ReduceProdOp::batch(Batch &b) { return b.again(b.allFull(), b.axes("axes", getAxes())); }
Operation *ReduceAndOp::batch(Batch &b) { return b.again(b.allFull(), b.axes("axes", getAxes())); }
Operation *ReduceOrOp::batch(Batch &b) { return b.again(b.allFull(), b.axes("axes", getAxes())); }
Operation *ArgmaxOp::batch(Batch &b) { return b.again(b.allFull(), b.axis("axis", getAxis())); }
Operation *ArgminOp::batch(Batch &b) { return b.again(b.allFull(), b.axis("axis", getAxis())); }

/// A label more: in the operands that are mapped, and in the result.
Operation *ContractOp::batch(Batch &b) {
  std::string error;
  std::optional<ContractSpec> spec = ContractSpec::parse(getSpec(), error);
  StringRef used = getSpec();
  std::string labels = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  auto fresh = llvm::find_if(labels, [&](char c) { return !used.contains(c); });
  if (!spec || fresh == labels.end())
    return nullptr;
  auto labelled = [&](unsigned i, const std::string &text) {
    return (b.mapped[i] ? std::string(1, *fresh) : std::string()) + text;
  };
  std::string text = labelled(0, spec->lhs) + "," + labelled(1, spec->rhs) + "->" + *fresh + spec->result;
  return b.again(b.operands, b.e.b.getNamedAttr("spec", b.e.b.getStringAttr(text)));
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
Operation *TakeAlongOp::batch(Batch &b) { return b.again(b.allFull(), b.axis("axis", getAxis())); }
Operation *ScatterAddOp::batch(Batch &b) {
  if (b.mapped[1]) {
    int64_t axis = getAxis();
    Value init = b.full(0), indices = b.operands[1];
    Dims shape = alongShape(init, indices, axis);
    return ScatterAddAlongOp::create(b.e.b, getLoc(), init, alongIndices(b.e, indices, shape, axis),
                                     b.e.reshape(b.full(2), shape), b.e.b.getI64IntegerAttr(axis + 1));
  }
  return b.again({b.full(0), b.operands[1], b.full(2)}, b.axis("axis", getAxis()));
}
Operation *ScatterAddAlongOp::batch(Batch &b) { return b.again(b.allFull(), b.axis("axis", getAxis())); }
Operation *OneHotOp::batch(Batch &b) { return b.again(b.allFull()); }

//===- rows ---------------------------------------------------------------------------------------------------------===//

Operation *ActiveRowsOp::batch(Batch &b) { return b.again(b.allFull()); }

//===- semantic ops -------------------------------------------------------------------------------------------------===//

Operation *SoftmaxOp::batch(Batch &b) { return b.again(b.allFull(), b.axis("axis", getAxis())); }
Operation *CrossEntropyOp::batch(Batch &b) { return b.again(b.allFull()); }
