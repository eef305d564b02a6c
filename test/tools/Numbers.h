// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Numbers.h - random ops on integers, complex numbers, and what is no number ------------------------------------------===//
//
// The part of weft-random-ops beside ordinary floats: integers that wrap, floats among which are NaN and infinities,
// complex numbers on the way, constants of every type, and draws.
//
//===----------------------------------------------------------------------------------------------------------------------===//
#pragma once
#include "Moves.h"
#include <functional>
#include <iomanip>

class Numbers : protected Moves {
protected:
  using Moves::Moves;

  // ---- integers ----
  void wholeUnary() {
    Value x = any();
    std::string op = pick(std::vector<std::string>{"neg", "abs", "sign", "not"});
    add(emit(op + " " + x.name + " : " + type(x.shape)), x.shape, true, false);
  }
  void wholeBinary() {
    Value x = any(), y = fit(x.shape);
    std::string op = pick(std::vector<std::string>{"add", "sub", "mul", "maximum", "minimum", "and", "or", "xor", "div",
                                                   "rem", "shift_left", "shift_right_arithmetic",
                                                   "shift_right_logical"}),
                by = y.name;
    if (op == "div" || op == "rem") { // by no zero, now and then by one number for all
      by = draw(3) ? emit("or " + y.name + ", " + constant(x.shape, 1) + " : " + type(x.shape))
                   : constant(x.shape, pick(std::vector<double>{1, -1, 2, 3, -7, 8, 64, 100}));
    }
    add(emit(op + " " + x.name + ", " + by + " : " + type(x.shape)), x.shape, true, false);
  }
  /// There and back: wrapped, rounded, saturated or a truth value.
  void wholeCast() {
    Value x = any();
    std::string other = pick(std::vector<std::string>{"i1", "i8", "i32", "i64", "f64", "f32", "bf16", "f16"});
    if (other == element)
      return;
    std::string there = emit("cast " + x.name + " : " + type(x.shape) + " to " + type(x.shape, other));
    if (other[0] == 'f' && draw(2)) // fractions
      there = emit("sqrt " + emit("abs " + there + " : " + type(x.shape, other)) + " : " + type(x.shape, other));
    if (other[0] == 'f' && draw(3) == 0) // infinities, and what is too large
      there = emit("mul " + there + ", " + there + " : " + type(x.shape, other));
    add(emit("cast " + there + " : " + type(x.shape, other) + " to " + type(x.shape)), x.shape, true, false);
  }

  // ---- numbers that are none, and all else that an element may be ----
  void anyUnary() {
    Value x = any();
    std::string op = pick(std::vector<std::string>{"neg", "abs", "exp", "log", "log1p", "expm1", "exp2", "sqrt",
                                                   "rsqrt", "tanh", "logistic", "softplus", "erf", "sin", "cos"});
    if (x.exact && draw(3) == 0)
      op = pick(std::vector<std::string>{"sign", "floor", "ceil"});
    bool exact = op == "neg" || op == "abs" || op == "sign" || op == "floor" || op == "ceil";
    add(emit(op + " " + x.name + " : " + type(x.shape)), x.shape, exact && x.exact, false);
  }
  void anyBinary() {
    Value x = any(), y = fit(x.shape);
    std::string op = pick(std::vector<std::string>{"add", "sub", "mul", "div", "maximum", "minimum"});
    std::string other = draw(4) ? y.name : constant(x.shape, pick(std::vector<double>{0, 1, -1, 2, 0.5}));
    bool exact = (op == "maximum" || op == "minimum") && x.exact && (y.exact || other != y.name);
    add(draw(2) ? emit(op + " " + x.name + ", " + other + " : " + type(x.shape))
                : emit(op + " " + other + ", " + x.name + " : " + type(x.shape)),
        x.shape, exact, false);
  }

  // ---- other types on the way ----
  /// Complex numbers: made of two values, some ops, and a part of it.
  void complexPart() {
    if (element != "f32" && element != "f64")
      return;
    Value x = any(), y = fit(x.shape);
    std::string of = "complex<" + element + ">", own = type(x.shape, of), real = type(x.shape);
    std::string small = emit("tanh " + y.name + " : " + real);
    std::string z = emit("complex " + x.name + ", " + small + " : (" + real + ", " + real + ") -> " + own),
                w = emit("complex " + small + ", " + emit("tanh " + x.name + " : " + real) + " : (" + real + ", " +
                         real + ") -> " + own);
    for (int i = 0, n = 1 + int(draw(3)); i < n; ++i)
      switch (draw(6)) {
      case 0: z = emit("mul " + z + ", " + w + " : " + own); break;
      case 1: z = emit("add " + z + ", " + w + " : " + own); break;
      case 2: z = emit("sub " + w + ", " + z + " : " + own); break;
      case 3: w = emit((draw(2) ? "exp " : draw(2) ? "sin " : "cos ") + w + " : " + own); break;
      case 4: z = emit("neg " + z + " : " + own); break;
      default:
        if (x.shape.size() == 2 && x.shape[0] == x.shape[1])
          z = emit("transpose " + z + " [1, 0] : " + own);
      }
    if (draw(3) == 0 && !smooth)
      z = emit("select " + emit("compare EQ, " + z + ", " + z + " : " + own) + ", " + z + ", " + w + " : " +
               type(x.shape, "i1") + ", " + own);
    std::string part = emit((draw(2) ? "real " : "imag ") + z + " : (" + own + ") -> " + real);
    add(scaled(part, x.shape, 0.25), x.shape, false, false);
  }
  /// An array of literals.
  void literal() {
    Shape shape = pick(values).shape;
    if (elements(shape) > 200 || elements(shape) == 0 ||
        std::any_of(shape.begin(), shape.end(), [](const Size &s) { return !s.isFixed(); }))
      return;
    std::vector<int64_t> dims;
    for (const Size &s : shape)
      dims.push_back(s.offset);
    std::function<std::string(size_t)> rows = [&](size_t d) {
      if (d == dims.size())
        return literalNumber();
      std::string text;
      for (int64_t i = 0; i < dims[d]; ++i)
        text += (i ? ", " : "[") + rows(d + 1);
      return text + "]";
    };
    add(emit("constant dense<" + rows(0) + "> : " + type(shape)), shape, true, false);
  }
  std::string literalNumber() {
    std::string number = listed() ? drawNumber() : std::to_string(double(draw(2001) - 1000) / 256);
    // IR has no word for what is no number: bits.
    std::string name = number[0] == '-' ? number.substr(1) : number;
    if (name != "nan" && name != "inf")
      return number;
    uint64_t bits = name == "nan"      ? element == "f64"   ? 0x7ff8000000000000
                                         : element == "f32" ? 0x7fc00000
                                         : element == "f16" ? 0x7e00
                                                            : 0x7fc0
                    : element == "f64" ? 0x7ff0000000000000
                    : element == "f32" ? 0x7f800000
                    : element == "f16" ? 0x7c00
                                       : 0x7f80;
    if (number[0] == '-')
      bits |= element == "f64" ? uint64_t(1) << 63 : element == "f32" ? uint64_t(1) << 31 : uint64_t(1) << 15;
    std::ostringstream hex;
    hex << "0x" << std::uppercase << std::hex << std::setfill('0')
        << std::setw(element == "f64"   ? 16
                     : element == "f32" ? 8
                                        : 4)
        << bits;
    return hex.str();
  }
  void noise() {
    if (isInteger())
      return;
    Shape shape = pick(values).shape;
    std::string key = emit("constant dense<[" + std::to_string(draw(1 << 30)) + ", " + std::to_string(draw(1 << 30)) +
                           "]> : tensor<2xi32>");
    // Numbers of narrow types are not drawn.
    std::string drawn = element == "f64" ? "f64" : "f32";
    std::string u = emit("random_uniform " + key + " : (tensor<2xi32>) -> " + type(shape, drawn));
    if (drawn != element)
      u = emit("cast " + u + " : " + type(shape, drawn) + " to " + type(shape));
    add(u, shape, true, true);
  }
};
