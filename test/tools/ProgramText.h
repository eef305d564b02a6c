// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- ProgramText.h - functions of ops as text --------------------------------------------------------------------------===//
//
// What weft-random-ops writes with: values with their shapes, a stream of random numbers, and the text of types and
// ops.
//
//===----------------------------------------------------------------------------------------------------------------------===//
#pragma once
#include <algorithm>
#include <cstdint>
#include <random>
#include <sstream>
#include <string>
#include <vector>

/// scale * B + offset: B is the one size that is known at run time.
struct Size {
  int64_t scale = 0, offset = 0;
  bool operator==(const Size &o) const { return scale == o.scale && offset == o.offset; }
  bool isFixed() const { return scale == 0; }
};
using Shape = std::vector<Size>;

struct Value {
  std::string name;
  Shape shape;
  bool exact;     // the same to the last bit however it is computed
  bool isBounded; // within [-1, 1] or nearly so
  int uses = 0;
  bool mayChange = false; // an argument that a result may be written over
  bool isArgument() const { return name.rfind("%arg", 0) == 0; }
};

class ProgramText {
protected:
  ProgramText(uint64_t seed, int number) : number(number), random(seed * 1000003 + uint64_t(number)) {}

  int64_t draw(int64_t below) { return int64_t(random() % uint64_t(below)); }
  template <typename T> const T &pick(const std::vector<T> &from) { return from[draw(int64_t(from.size()))]; }

  int64_t at(const Size &s) const { return s.scale * batch + s.offset; }
  int64_t elements(const Shape &shape) const {
    int64_t n = 1;
    for (const Size &s : shape)
      n *= at(s);
    return n;
  }

  /// Functions are checked in one call, so each has a symbol of its own.
  std::string symbol() const { return "B" + std::to_string(number); }
  std::string bounds() const { return "[" + symbol() + " in 1 to " + std::to_string(batch + 3) + "]"; }
  std::string text(const Size &s) const {
    if (s.isFixed())
      return std::to_string(s.offset);
    std::string b = symbol(), text = s.scale == 1 ? b : b + " * " + std::to_string(s.scale);
    return s.offset ? text + (s.offset > 0 ? " + " : " - ") + std::to_string(std::abs(s.offset)) : text;
  }
  std::string type(const Shape &shape, const std::string &element) const {
    std::string dims, sizes;
    bool fixed = true;
    for (const Size &s : shape) {
      dims += (s.isFixed() ? std::to_string(s.offset) : "?") + "x";
      sizes += (sizes.empty() ? "" : ", ") + text(s);
      fixed = fixed && s.isFixed();
    }
    return "tensor<" + dims + element + (fixed ? "" : ", #weft.dims<" + bounds() + " (" + sizes + ")>") + ">";
  }
  std::string type(const Shape &shape) const { return type(shape, element); }
  static std::string list(const std::vector<int64_t> &numbers) {
    std::string text;
    for (int64_t n : numbers)
      text += (text.empty() ? "" : ", ") + std::to_string(n);
    return "[" + text + "]";
  }

  std::string fresh() { return "%" + std::to_string(next++); }
  std::string emit(const std::string &op) {
    std::string name = fresh();
    body << "  " << name << " = weft." << op << "\n";
    return name;
  }
  bool isInteger() const { return element[0] == 'i'; }
  const Value &add(const std::string &name, const Shape &shape, bool exact, bool isBounded) {
    values.push_back({name, shape, exact || isInteger(), isBounded}); // integers wrap, so any order gives the same
    return values.back();
  }
  /// A late value more often than an early one; a copy, for the list grows.
  Value any() {
    size_t n = values.size();
    size_t which = draw(3) ? n - 1 - size_t(draw(std::min<int64_t>(int64_t(n), 4))) : size_t(draw(int64_t(n)));
    return use(which);
  }
  Value use(size_t which) {
    ++values[which].uses;
    return values[which];
  }
  std::string constant(const Shape &shape, double number) {
    std::ostringstream digits;
    if (isInteger())
      digits << int64_t(number);
    else
      digits.precision(4), digits << std::scientific << number;
    if (std::all_of(shape.begin(), shape.end(), [](const Size &s) { return s.isFixed(); }))
      return emit("constant dense<" + digits.str() + "> : " + type(shape));
    std::string scalar = emit("constant dense<" + digits.str() + "> : " + type(Shape{}));
    return emit("broadcast " + scalar + " [] : (" + type(Shape{}) + ") -> " + type(shape));
  }
  std::string scaled(const std::string &name, const Shape &shape, double factor) {
    if (isInteger())
      return name;
    return emit("mul " + name + ", " + constant(shape, factor) + " : " + type(shape));
  }

  int number;
  std::mt19937_64 random;
  std::string element;
  int64_t batch = 0; // the value of B; 0 if all sizes are known
  std::vector<Value> values;
  std::ostringstream arguments, body;
  int next = 0;
};
