// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the records of Elementwise.td call: the shared shape rule, the reference loop, derivatives by partials, and a
// few scalar functions.
#pragma once
#include "dialects/weft/Build.h"
#include "dialects/weft/HostArray.h"
#include "dialects/weft/Pointwise.h"
#include "mlir/IR/OpDefinition.h"
#include "llvm/ADT/BitVector.h"
#include "llvm/Support/MathExtras.h"
#include <cmath>
#include <cstdint>
#include <limits>

namespace weft::ir {
/// The result is the operand, element for element (copy, mark, stop_gradient).
template <typename Op> struct Identity : mlir::OpTrait::TraitBase<Op, Identity> {};
/// No derivative passes through, whatever depends on what.
template <typename Op> struct StopsDerivative : mlir::OpTrait::TraitBase<Op, StopsDerivative> {};
/// Every element of the result is an element of an operand, or a filler, as it is.
template <typename Op> struct MovesElements : mlir::OpTrait::TraitBase<Op, MovesElements> {};
/// The operand is the result's elements in an order that suits those who read memory; they read it as it is.
template <typename Op> struct Layout : mlir::OpTrait::TraitBase<Op, Layout> {};

/// All operands have one type, and that is the result's.
llvm::LogicalResult inferElementwise(llvm::StringRef op, std::optional<mlir::Location> location,
                                     mlir::ValueRange operands, llvm::SmallVectorImpl<mlir::Type> &types);
/// Applies the reference expression to every element; the one for the wrong class of type is null.
/// That of integers has their width behind two operands.
llvm::LogicalResult evaluateElementwise(mlir::Operation *op, llvm::ArrayRef<const HostArray *> operands,
                                        HostArray &result, double (*onFloats)(const double *),
                                        int64_t (*onInts)(const int64_t *));
/// cotangent of operand i = cotangent of the result * partial(i); a null partial is zero.
llvm::LogicalResult vjpByPartials(Build &e, mlir::Value cotangent, const llvm::BitVector &wanted,
                                  llvm::MutableArrayRef<mlir::Value> result,
                                  llvm::function_ref<mlir::Value(unsigned)> partial);
/// tangent of the result = sum of tangent i * partial(i).
llvm::LogicalResult jvpByPartials(Build &e, llvm::ArrayRef<mlir::Value> tangents, mlir::Value &result,
                                  llvm::function_ref<mlir::Value(unsigned)> partial);

/// Inverse error function, the reference: Halley's steps on erf and erfc in long double.
double erfInv(double x);
/// The same as code, by polynomials.
mlir::Value emitErfInv(ElementEmitter &e, mlir::Value x);
/// 1 / (1 + e^-x) without overflow on the way, so that far to the left it is e^x.
mlir::Value emitLogistic(ElementEmitter &e, mlir::Value x);

// Reference arithmetic where C++ and the contract differ. Integer zero divisors are caught before these run.
// Integers wrap.
inline double hostNeg(double a) { return -a; }
inline int64_t hostNeg(int64_t a) { return int64_t(-uint64_t(a)); }
inline double hostAdd(double a, double b) { return a + b; }
inline int64_t hostAdd(int64_t a, int64_t b) { return int64_t(uint64_t(a) + uint64_t(b)); }
inline double hostSub(double a, double b) { return a - b; }
inline int64_t hostSub(int64_t a, int64_t b) { return int64_t(uint64_t(a) - uint64_t(b)); }
inline double hostMul(double a, double b) { return a * b; }
inline int64_t hostMul(int64_t a, int64_t b) { return int64_t(uint64_t(a) * uint64_t(b)); }
inline double hostDiv(double a, double b) { return a / b; }
inline int64_t hostDiv(int64_t a, int64_t b) { return b == -1 ? int64_t(-uint64_t(a)) : a / b; }
inline double hostRem(double a, double b) { return std::fmod(a, b); }
inline int64_t hostRem(int64_t a, int64_t b) { return b == -1 ? 0 : a % b; }
// Bits of integers of a width, shifted by a number of places that may be any.
inline bool isPlace(int64_t places, int64_t width) { return places >= 0 && places < width; }
inline int64_t hostShiftLeft(int64_t a, int64_t places, int64_t width) {
  return isPlace(places, width) ? int64_t(uint64_t(a) << places) : 0;
}
inline int64_t hostShiftRightArithmetic(int64_t a, int64_t places, int64_t width) {
  return a >> (isPlace(places, width) ? places : 63);
}
inline int64_t hostShiftRightLogical(int64_t a, int64_t places, int64_t width) {
  return isPlace(places, width) ? int64_t((uint64_t(a) & llvm::maskTrailingOnes<uint64_t>(unsigned(width))) >> places)
                                : 0;
}
inline double hostMax(double a, double b) {
  return a != a ? a : b != b ? b : (a > b || (a == b && !std::signbit(a)) ? a : b);
} // 0 is above -0
inline int64_t hostMax(int64_t a, int64_t b) { return a > b ? a : b; }
inline double hostMin(double a, double b) {
  return a != a ? a : b != b ? b : (a < b || (a == b && std::signbit(a)) ? a : b);
}
inline int64_t hostMin(int64_t a, int64_t b) { return a < b ? a : b; }
} // namespace weft::ir
