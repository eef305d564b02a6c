// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Dims.h - dimensions as affine expressions over bounded symbols ------------------------------------------------===//
//
// A dimension is a constant or an affine expression over named, bounded symbols: 64, B, n + 1, B * T, (T - 1) floordiv
// 2 + 1. Two dimensions are equal when their simplified expressions are: `Dim` is a value whose == means that. In a
// type, dimensions that are no constants live in the tensor's encoding:
//
//   tensor<?x64xf32, #weft.dims<[B in 1 to 512] (B, 64)>>
//
// Every run-time size follows from the symbols of the function, and a symbol is read off the first argument that has it
// bare.
//
//===----------------------------------------------------------------------------------------------------------------===//
#pragma once
#include "mlir/IR/AffineExpr.h"
#include "mlir/IR/BuiltinTypes.h"
#include <optional>
#include <string>

namespace weft::ir {

/// A symbol: a name and the inclusive bounds of its value.
struct Symbol {
  std::string name;
  int64_t lower = 0, upper = 0;
  bool operator==(const Symbol &) const = default;
};

class DimsAttr;

/// One dimension; a cheap value bound to an MLIRContext. Arithmetic aligns the symbols of both sides by name.
class Dim {
public:
  Dim() = default;
  Dim(mlir::MLIRContext *context, int64_t constant);
  /// The bare symbol `name`.
  Dim(mlir::MLIRContext *context, const Symbol &symbol);
  /// An expression over symbols s0, s1 ... = symbols[0], symbols[1] ...; unused ones are dropped, the rest sorted by
  /// name.
  Dim(mlir::AffineExpr expr, llvm::ArrayRef<Symbol> symbols);

  bool isConstant() const;
  /// The constant, or ShapedType::kDynamic: what the builtin type's shape holds.
  int64_t staticSize() const;
  /// The symbol if this is a bare one.
  std::optional<Symbol> asSymbol() const;
  mlir::AffineExpr expr() const { return expr_; }
  const std::vector<Symbol> &symbols() const { return symbols_; }
  /// Bounds of the value over the symbols' boxes (interval arithmetic, so not always tight). Where a number on the way
  /// does not fit 64 bits nothing is known: they are then the least and the largest that do.
  int64_t lower() const;
  int64_t upper() const;
  /// The value for given symbol values; nullopt if one is missing.
  std::optional<int64_t> evaluate(llvm::function_ref<std::optional<int64_t>(llvm::StringRef)> value) const;
  std::string str() const;

  friend Dim operator+(const Dim &, const Dim &);
  friend Dim operator-(const Dim &, const Dim &);
  friend Dim operator*(const Dim &, const Dim &);
  Dim floorDiv(const Dim &) const;
  Dim ceilDiv(const Dim &) const;
  Dim mod(const Dim &) const;
  bool operator==(const Dim &) const;
  bool operator==(int64_t constant) const { return isConstant() && staticSize() == constant; }

private:
  mlir::AffineExpr expr_; // over symbols s0..: simplified, symbols sorted by name
  std::vector<Symbol> symbols_;
};

using Dims = llvm::SmallVector<Dim, 4>;

/// The dimensions of a tensor type.
Dims getDims(mlir::RankedTensorType type);
Dims getDims(mlir::Value tensor);
/// The type with these dimensions: static where all are constants, else with the encoding.
mlir::RankedTensorType getTensorType(llvm::ArrayRef<Dim> dims, mlir::Type element);
/// The same dimensions, another element type.
mlir::RankedTensorType withElement(mlir::RankedTensorType type, mlir::Type element);
/// "[B, 64]": how messages write a shape.
std::string str(llvm::ArrayRef<Dim> dims);
/// "f32 [B, 64]": how messages write a tensor type.
std::string str(mlir::Type type);
/// The product, e.g. the number of elements.
Dim product(mlir::MLIRContext *context, llvm::ArrayRef<Dim> dims);
/// The attribute that holds dimensions, for ops that carry some (slice starts, pad widths).
DimsAttr getDimsAttr(mlir::MLIRContext *context, llvm::ArrayRef<Dim> dims);
} // namespace weft::ir
