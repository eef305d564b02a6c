// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Moves.h - random inputs, and ops that move elements -----------------------------------------------------------------===//
//
// The part of weft-random-ops that asks nothing of the numbers: arguments, and ops of positions.
//
//===----------------------------------------------------------------------------------------------------------------------===//
#pragma once
#include "ProgramText.h"
#include <algorithm>
#include <cmath>
#include <numeric>

struct Options {
  uint64_t seed = 0;
  int count = 10, only = -1, ops = 12;
  std::string type;
  bool large = false, special = false;
};

class Moves : protected ProgramText {
protected:
  Moves(const Options &options, int number) : ProgramText(options.seed, number), options(options) {}

  Size drawSize() {
    static const std::vector<int64_t> small{1,  2,  3,  4,  5,  6,  7,  8,  9,  12, 13, 15,
                                            16, 17, 24, 31, 32, 33, 40, 48, 63, 64, 65, 100};
    static const std::vector<int64_t> large{1, 2, 8, 13, 32, 64, 96, 100, 128, 144, 200, 256, 257, 320, 511, 512};
    if (batch && draw(4) == 0)
      return {1, 0};
    return {0, pick(options.large && draw(3) ? large : small)};
  }
  /// So many terms may leave f16, where the reference rounds sums before it scales them.
  bool overflows(int64_t terms) const { return element == "f16" && terms > 4096; }
  int64_t most() const { return listed() ? 1200 : options.large ? int64_t(3) << 20 : 40000; }
  /// Whether inputs are lists of numbers, which are not to be long.
  bool listed() const { return isInteger() || special; }
  /// What is hard for this type: ends of ranges, and what is no number. No large finite numbers, for whether sums of
  /// these overflow depends on their order.
  std::string drawNumber() {
    if (isInteger()) {
      static const std::vector<std::string> ends8{"-128", "127", "-127"},
          ends32{"-2147483648", "2147483647", "65536", "-2147483647"},
          ends64{"-9223372036854775808", "9223372036854775807", "9007199254740993", "-4294967297"};
      return draw(4) ? std::to_string(draw(2) ? draw(7) - 3 : draw(200) - 100)
                     : pick(element == "i8"    ? ends8
                            : element == "i32" ? ends32
                                               : ends64);
    }
    static const std::vector<std::string> hard{"nan", "inf", "-inf", "0.0", "-0.0", "1.0", "-1.0"};
    std::string tiny = element == "f64" ? "4.0e-310" : element == "f16" ? "3.0e-7" : "3.0e-42";
    if (draw(3) == 0)
      return draw(4) ? pick(hard) : draw(2) ? tiny : "-" + tiny;
    return std::to_string(double(draw(4001) - 2000) / 512);
  }

  void argument() {
    Shape shape;
    for (int i = 0, rank = int(draw(4)); i < rank || (i == 0 && draw(8)); ++i)
      shape.push_back(pick(sizes));
    while (elements(shape) * std::max<int64_t>(batch, 1) > most())
      shape.pop_back();
    if (batch && argumentCount == 0)
      shape.insert(shape.begin(), {1, 0}); // who calls says by it what B is
    std::string name = "%arg" + std::to_string(argumentCount++);
    std::string spec;
    for (const Size &s : shape)
      spec += std::to_string(at(s)) + "x";
    spec += element + "=";
    if (isInteger() || special)
      for (int64_t i = 0; i < std::max<int64_t>(elements(shape), 1); ++i)
        spec += (i ? "," : "") + drawNumber();
    else
      spec += "normal:" + std::to_string(argumentCount + number * 100);
    if (elements(shape) == 0)
      spec = spec.substr(0, spec.find('=')) + "=zeros";
    arguments << (argumentCount > 1 ? ", " : "") << name << ": " << type(shape) << " {weft.input = \"" << spec << "\"";
    bool isBound = draw(3) == 0; // computed with beforehand, or state that is written over: not both
    arguments << (isBound ? ", weft.bound}" : "}");
    add(name, shape, true, false);
    values.back().mayChange = !isBound;
  }
  /// An i32 argument of indices below `limit`.
  std::string indices(const Shape &shape, int64_t limit) {
    std::string name = "%arg" + std::to_string(argumentCount++), spec, numbers;
    for (const Size &s : shape)
      spec += std::to_string(at(s)) + "x";
    for (int64_t i = 0; i < elements(shape); ++i)
      numbers += (i ? "," : "") + std::to_string(draw(limit));
    arguments << (argumentCount > 1 ? ", " : "") << name << ": " << type(shape, "i32") << " {weft.input = \"" << spec
              << "i32=" << numbers << "\"}";
    return name;
  }

  // ---- positions ----
  void broadcast() {
    Value x = any();
    Shape shape = x.shape;
    std::vector<int64_t> dims(x.shape.size());
    std::iota(dims.begin(), dims.end(), 0);
    for (size_t d = 0; d < shape.size(); ++d)
      if (shape[d] == Size{0, 1} && draw(2))
        shape[d] = pick(sizes);
    if (shape.size() < 4) {
      int64_t where = draw(int64_t(shape.size()) + 1);
      shape.insert(shape.begin() + where, pick(sizes));
      for (int64_t &d : dims)
        d += d >= where;
    }
    if (elements(shape) <= most())
      add(emit("broadcast " + x.name + " " + list(dims) + " : (" + type(x.shape) + ") -> " + type(shape)), shape,
          x.exact, x.isBounded);
  }
  void transpose() {
    Value x = any();
    std::vector<int64_t> permutation(x.shape.size());
    std::iota(permutation.begin(), permutation.end(), 0);
    for (size_t i = permutation.size(); i > 1; --i)
      std::swap(permutation[i - 1], permutation[size_t(draw(int64_t(i)))]);
    Shape shape;
    for (int64_t d : permutation)
      shape.push_back(x.shape[size_t(d)]);
    add(emit("transpose " + x.name + " " + list(permutation) + " : " + type(x.shape)), shape, x.exact, x.isBounded);
  }
  void reshape() {
    Value x = any();
    Shape shape = x.shape;
    size_t n = shape.size();
    if (n > 1 && draw(2)) { // two neighbours in one
      size_t d = size_t(draw(int64_t(n) - 1));
      if (!shape[d].isFixed() && !shape[d + 1].isFixed())
        return;
      int64_t factor = shape[d].isFixed() ? shape[d].offset : shape[d + 1].offset;
      Size other = shape[d].isFixed() ? shape[d + 1] : shape[d];
      shape[d] = {other.scale * factor, other.offset * factor};
      shape.erase(shape.begin() + int64_t(d) + 1);
    } else if (n < 5) { // one in two, or a dimension of one
      size_t d = size_t(draw(int64_t(n) + 1));
      int64_t factor = 1;
      if (d < n && draw(4))
        for (int64_t f : {2, 3, 4, 5, 8, 16})
          if (shape[d].scale % f == 0 && shape[d].offset % f == 0 && draw(2))
            factor = f;
      if (d < n)
        shape[d] = {shape[d].scale / factor, shape[d].offset / factor};
      shape.insert(shape.begin() + int64_t(d), {0, factor});
    }
    add(emit("reshape " + x.name + " : (" + type(x.shape) + ") -> " + type(shape)), shape, x.exact, x.isBounded);
  }
  void slice() {
    Value x = any();
    Shape shape = x.shape;
    std::string starts;
    std::vector<int64_t> strides;
    for (Size &s : shape) {
      int64_t start = 0, stride = 1;
      if (s.isFixed() && s.offset > 1 && draw(2)) {
        start = draw(std::min<int64_t>(s.offset, 4));
        stride = 1 + (draw(3) == 0 ? draw(3) : 0);
        s.offset = 1 + (s.offset - 1 - start) / stride;
        if (s.offset > 1 && draw(2))
          s.offset -= draw(std::min<int64_t>(s.offset, 3));
      }
      if (!s.isFixed() && s.scale + s.offset > 0 && draw(2)) { // nothing may be left where B is 1
        start = draw(2);
        --s.offset;
      }
      starts += (starts.empty() ? "" : ", ") + std::to_string(start);
      strides.push_back(stride);
    }
    add(emit("slice " + x.name + " from <(" + starts + ")> by " + list(strides) + " : (" + type(x.shape) + ") -> " +
             type(shape)),
        shape, x.exact, x.isBounded);
  }
  void pad() {
    Value x = any();
    Shape shape = x.shape;
    std::string lows;
    std::vector<int64_t> interior;
    for (Size &s : shape) {
      int64_t low = draw(2) ? draw(4) : 0, high = draw(2) ? draw(4) : 0,
              between = s.isFixed() && draw(4) == 0 ? draw(3) : 0;
      s.offset += low + high + between * (s.offset - 1) * s.isFixed();
      lows += (lows.empty() ? "" : ", ") + std::to_string(low);
      interior.push_back(between);
    }
    if (elements(shape) <= most())
      add(emit("pad " + x.name + ", " + constant({}, isInteger() ? 5 : 0.5) + " low <(" + lows + ")> interior " +
               list(interior) + " : (" + type(x.shape) + ", " + type(Shape{}) + ") -> " + type(shape)),
          shape, x.exact, x.isBounded);
  }
  void reverse() {
    Value x = any();
    std::vector<int64_t> axes;
    for (size_t d = 0; d < x.shape.size(); ++d)
      if (draw(2))
        axes.push_back(int64_t(d));
    if (!axes.empty())
      add(emit("reverse " + x.name + " " + list(axes) + " : " + type(x.shape)), x.shape, x.exact, x.isBounded);
  }
  void concatenate() {
    Value x = any();
    if (x.shape.empty())
      return;
    size_t axis = size_t(draw(int64_t(x.shape.size())));
    // Partners agree in all but the axis.
    std::vector<size_t> partners;
    for (size_t i = 0; i < values.size(); ++i)
      if (values[i].shape.size() == x.shape.size()) {
        bool equal = true;
        for (size_t d = 0; d < x.shape.size(); ++d)
          equal = equal && (d == axis || values[i].shape[d] == x.shape[d]);
        if (equal)
          partners.push_back(i);
      }
    Value y = use(pick(partners));
    Shape shape = x.shape;
    shape[axis] = {x.shape[axis].scale + y.shape[axis].scale, x.shape[axis].offset + y.shape[axis].offset};
    if (elements(shape) <= most())
      add(emit("concatenate " + x.name + ", " + y.name + " along " + std::to_string(axis) + " : (" + type(x.shape) +
               ", " + type(y.shape) + ") -> " + type(shape)),
          shape, x.exact && y.exact, x.isBounded && y.isBounded);
  }
  void take() {
    Value x = any();
    if (x.shape.empty())
      return;
    size_t axis = size_t(draw(int64_t(x.shape.size())));
    if (at(x.shape[axis]) == 0)
      return;
    Shape chosen{{0, 1 + draw(20)}};
    std::string which = indices(chosen, at(x.shape[axis]));
    Shape shape = x.shape;
    shape[axis] = chosen[0];
    add(emit("take " + x.name + " at " + which + " along " + std::to_string(axis) + " : (" + type(x.shape) + ", " +
             type(chosen, "i32") + ") -> " + type(shape)),
        shape, x.exact, x.isBounded);
  }
  void takeAlong() {
    Value x = any();
    if (x.shape.empty())
      return;
    size_t axis = size_t(draw(int64_t(x.shape.size())));
    Shape shape = x.shape;
    shape[axis] = {0, 1 + draw(5)};
    if (elements(shape) > 4000 || at(x.shape[axis]) == 0)
      return;
    std::string which = indices(shape, at(x.shape[axis]));
    add(emit("take_along " + x.name + " at " + which + " along " + std::to_string(axis) + " : (" + type(x.shape) +
             ", " + type(shape, "i32") + ") -> " + type(shape)),
        shape, x.exact, x.isBounded);
  }
  void scatterAdd() {
    Value u = any();
    if (u.shape.empty())
      return;
    size_t axis = size_t(draw(int64_t(u.shape.size())));
    if (at(u.shape[axis]) > 4000)
      return;
    Shape shape = u.shape, chosen{u.shape[axis]};
    shape[axis] = {0, 1 + draw(20)};
    std::string which = indices(chosen, at(shape[axis]));
    std::string zeros = constant(shape, 0);
    std::string sum =
        emit("scatter_add " + zeros + " at " + which + " add " + u.name + " along " + std::to_string(axis) + " : (" +
             type(shape) + ", " + type(chosen, "i32") + ", " + type(u.shape) + ") -> " + type(shape));
    add(scaled(sum, shape, 1 / std::sqrt(double(std::max<int64_t>(at(chosen[0]), 1)))), shape, false, false);
  }

  /// Some of a value's slices or elements, in place of others or against them: what is read is also what is written.
  void scatterOther() {
    Value x = any();
    if (x.shape.empty())
      return;
    size_t axis = size_t(draw(int64_t(x.shape.size())));
    bool along = draw(2);
    Shape shape = x.shape;
    shape[axis] = {0, 1 + draw(6)};
    if (at(x.shape[axis]) == 0 || elements(shape) > 4000)
      return;
    Shape chosen = along ? shape : Shape{shape[axis]};
    std::string op = along ? "_along " : " ", along_ = " along " + std::to_string(axis), places = type(chosen, "i32");
    std::string updates = emit("take" + op + x.name + " at " + indices(chosen, at(x.shape[axis])) + along_ + " : (" +
                               type(x.shape) + ", " + places + ") -> " + type(shape));
    if (draw(2))
      updates = emit("neg " + updates + " : " + type(shape));
    std::string how = smooth ? "set" : pick(std::vector<std::string>{"set", "max", "min"});
    std::string skip = how == "set" && draw(2) ? " skip" : "";
    add(emit("scatter_" + how + op + x.name + " at " + indices(chosen, at(x.shape[axis])) + " " + how + " " + updates +
             along_ + skip + " : (" + type(x.shape) + ", " + places + ", " + type(shape) + ") -> " + type(x.shape)),
        x.shape, x.exact, x.isBounded);
  }

  /// A value as another shape: as it is, transposed, or repeated; another of that shape otherwise.
  Value fit(const Shape &shape) {
    Value y = any();
    if (y.shape == shape)
      return y;
    // Dimensions in order, equal or 1, as far as they can be found.
    std::vector<int64_t> dims;
    size_t d = 0;
    for (const Size &s : y.shape) {
      while (d < shape.size() && !(shape[d] == s || s == Size{0, 1}))
        ++d;
      if (d == shape.size())
        break;
      dims.push_back(int64_t(d++));
    }
    if (dims.size() == y.shape.size())
      return add(emit("broadcast " + y.name + " " + list(dims) + " : (" + type(y.shape) + ") -> " + type(shape)), shape,
                 y.exact, y.isBounded);
    std::vector<int64_t> permutation;
    for (const Size &s : shape)
      for (size_t i = 0; i < y.shape.size(); ++i)
        if (y.shape[i] == s && std::find(permutation.begin(), permutation.end(), int64_t(i)) == permutation.end()) {
          permutation.push_back(int64_t(i));
          break;
        }
    if (permutation.size() == shape.size() && shape.size() == y.shape.size())
      return add(emit("transpose " + y.name + " " + list(permutation) + " : " + type(y.shape)), shape, y.exact,
                 y.isBounded);
    std::vector<size_t> equal;
    for (size_t i = 0; i < values.size(); ++i)
      if (values[i].shape == shape)
        equal.push_back(i);
    return use(pick(equal));
  }

  const Options &options;
  bool smooth = false;  // derivatives are checked: nothing jumps
  bool special = false; // inputs hold infinities, NaN, zeros of both signs and denormals
  std::vector<Size> sizes;
  int argumentCount = 0;
};
