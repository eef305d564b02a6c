// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What reductions and cumulative ops combine elements by.
#pragma once
#include "dialects/weft/rules/Checks.h"
#include "llvm/Support/MathExtras.h"
#include <limits>

namespace weft::ir::combining {
using mlir::Value;
/// For each kind: the value of no element, and the combination of two values in f64, in integers (which
/// wrap) and as generated code.
struct Sum {
  static double start() { return 0; }
  static int64_t start(unsigned) { return 0; }
  static double of(double a, double b) { return a + b; }
  static int64_t of(int64_t a, int64_t b) { return int64_t(uint64_t(a) + uint64_t(b)); }
  static Value code(scalar::Code c, Value a, Value b) { return c.add(a, b); }
};
struct Prod {
  static double start() { return 1; }
  static int64_t start(unsigned) { return 1; }
  static double of(double a, double b) { return a * b; }
  static int64_t of(int64_t a, int64_t b) { return int64_t(uint64_t(a) * uint64_t(b)); }
  static Value code(scalar::Code c, Value a, Value b) { return c.mul(a, b); }
};
struct Max {
  static double start() { return -std::numeric_limits<double>::infinity(); }
  static int64_t start(unsigned bits) { return llvm::minIntN(bits); }
  template <class T> static T of(T a, T b) { return hostMax(a, b); }
  static Value code(scalar::Code c, Value a, Value b) { return c.maximum(a, b); }
};
struct Min {
  static double start() { return std::numeric_limits<double>::infinity(); }
  static int64_t start(unsigned bits) { return -(Max::start(bits) + 1); }
  template <class T> static T of(T a, T b) { return hostMin(a, b); }
  static Value code(scalar::Code c, Value a, Value b) { return c.minimum(a, b); }
};
/// The value of no element, as code.
template <class Kind> llvm::SmallVector<Value> identity(ElementEmitter &e, Value x) {
  mlir::Type element = elementOf(x);
  if (mlir::isa<mlir::FloatType>(element))
    return {e.constant(element, Kind::start())};
  return {e.constantInt(element, Kind::start(element.getIntOrFloatBitWidth()))};
}
} // namespace weft::ir::combining
