// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Attributes.h - attributes that speak of dimensions --------------------------------------------------------------===//
//
// A record says of such an attribute whose dimensions it means (WeftBase.td): `Weft_Axis<"x">:$axis` is one dimension
// of the operand x. Three things follow, and no op says them again:
//
//   its check      take: axis 2 is outside f32 [3, 4], which has 2 dimensions
//   under vmap     an operand with a leading axis has dimension `axis` at `axis + 1`
//   in the DSL     `Tensor take(const Tensor &data, const Tensor &indices, int axis = 0, Loc at = Loc::here())`
//
// The first two read the table below, which the generator prints; the third is text that it prints.
//
//===----------------------------------------------------------------------------------------------------------------===//
#pragma once
#include "mlir/IR/OpDefinition.h"
#include <optional>

namespace weft::ir {

struct DimensionAttribute {
  enum Kind {
    axis,         // one dimension
    axes,         // some, sorted
    anyAxes,      // some, in any order
    permutation,  // all, in any order
    places,       // for each dimension one of those of `within`
    perDimension, // a number for each dimension
    offsets       // a Dim for each dimension
  };
  Kind kind;
  const char *name;
  int of;     // number of the operand; a result is ~number
  int within; // likewise, of places
};
/// The attributes of an op, "weft.take", that speak of dimensions.
llvm::ArrayRef<DimensionAttribute> dimensionAttributes(llvm::StringRef op);

/// Whether they fit operands and results; else an error. While results are not known (shape rules run before the op
/// exists) they are empty, and what speaks of them is not looked at.
llvm::LogicalResult checkAttributes(llvm::StringRef op, std::optional<mlir::Location> location,
                                    mlir::ValueRange operands, mlir::TypeRange results,
                                    llvm::function_ref<mlir::Attribute(llvm::StringRef)> attribute);
/// The same in a shape rule: from the properties, or from the dictionary if those were not made.
template <class Op>
llvm::LogicalResult checkAttributes(std::optional<mlir::Location> location, mlir::ValueRange operands,
                                    mlir::DictionaryAttr attributes, mlir::OpaqueProperties properties) {
  return checkAttributes(Op::getOperationName(), location, operands, {}, [&](llvm::StringRef name) -> mlir::Attribute {
    if (properties && !operands.empty())
      if (auto found = Op::getInherentAttr(operands[0].getContext(), *properties.as<typename Op::Properties *>(), name);
          found && *found)
        return *found;
    return attributes ? attributes.get(name) : mlir::Attribute();
  });
}

/// Every op of the dialect has it.
template <class Op> class ChecksAttributes : public mlir::OpTrait::TraitBase<Op, ChecksAttributes> {
public:
  static llvm::LogicalResult verifyTrait(mlir::Operation *op) {
    if (dimensionAttributes(Op::getOperationName()).empty())
      return mlir::success();
    return checkAttributes(Op::getOperationName(), op->getLoc(), op->getOperands(), op->getResultTypes(),
                           [&](llvm::StringRef name) { return op->getAttr(name); });
  }
};
} // namespace weft::ir
