// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- weft-random-ops.cpp - programs that nobody would write ---------------------------------------------------------------===//
//
//   weft-random-ops --seed=7 --count=20 | weft-check-ops -
//
// Prints functions of random ops on random shapes for weft-check-ops, which compares compiled numbers with the host
// reference and, for smooth functions of f64, derivatives with differences. They ask what hand-written tests do not:
// whether what one emitter, pass or fusion does still holds beside everything else. A seed and a number name a program,
// as long as this file stays what it is. Options:
//
//   --seed=N       which programs (0)
//   --count=N      how many (10)
//   --only=N       of these, the one with this number
//   --type=T       f64, f32, bf16, f16, i64, i32 or i8 in place of a random one
//   --ops=N        about how many ops each (12)
//   --large        dimensions of hundreds: several tiles, threads and sums in parts
//   --special      floats among which are NaN, infinities, zeros of both signs and denormals (in place of a sixth of them)
//
// Values stay of the size of their inputs: products are scaled, exponentials bounded. What jumps (comparisons, argmax)
// is only asked of values that are the same to the last bit in every order of rounding: inputs, and what moves or
// selects among them.
//
//===----------------------------------------------------------------------------------------------------------------------===//
#include "Numbers.h"
#include <cstdlib>
#include <iostream>
#include <map>

namespace {
class Program : Numbers {
public:
  Program(const Options &options, int number) : Numbers(options, number) {}

  void print(std::ostream &out) {
    static const char *types[] = {"f64", "f64", "f64", "f32", "f32", "f32", "f32", "bf16", "f16", "i8", "i32", "i64"};
    element = options.type.empty() ? types[draw(12)] : options.type;
    special = !isInteger() && (options.special || (!options.large && draw(6) == 0));
    smooth = element == "f64" && !special && draw(2);
    batch = draw(4) ? 0 : draw(3) ? 1 + draw(options.large ? 60 : 20) : 1;
    for (int i = 0; i < 4; ++i)
      sizes.push_back(drawSize());
    for (int i = 0, n = 2 + draw(3); i < n; ++i)
      argument();
    for (int i = 0, n = options.ops / 2 + draw(options.ops); i < n && body.str().size() < 20000; ++i)
      step();
    // What nobody reads is a result, and sometimes a value that others read as well.
    std::string names, typeList;
    std::vector<const Value *> results;
    for (const Value &v : values)
      if (v.uses == 0 || draw(12) == 0 || (&v == &values.back() && results.empty()))
        results.push_back(&v);
    std::string marked;
    std::vector<bool> taken(values.size(), false);
    for (const Value *v : results) {
      names += (names.empty() ? "" : ", ") + v->name;
      typeList += (typeList.empty() ? "" : ", ") + type(v->shape);
      marked += (marked.empty() ? "" : ", ") + type(v->shape);
      // The new value of an argument, which may be written over it.
      for (size_t a = 0; a < values.size() && values[a].isArgument(); ++a)
        if (!v->isArgument() && !taken[a] && values[a].mayChange && values[a].shape == v->shape && draw(2)) {
          marked += " {weft.updates = " + values[a].name.substr(4) + " : i64}";
          taken[a] = true;
          break;
        }
    }
    std::string marks = smooth ? "" : "weft.no_derivative";
    if (smooth && (draw(3) || options.large))
      marks = "weft.no_second = \"time\"";
    out << "func.func @random_" << options.seed << "_" << number << "(" << arguments.str() << ") -> (" << marked << ")"
        << (marks.empty() ? "" : " attributes {" + marks + "}") << " {\n"
        << body.str() << "  return " << names << " : " << typeList << "\n}\n";
  }

private:
  void step() {
    using Step = void (Program::*)();
    // What keeps shapes as often as all the rest: values of equal shapes meet, and share kernels.
    static const std::vector<Step> keeping{&Program::unary,     &Program::unary,     &Program::binary,
                                           &Program::binary,    &Program::binary,    &Program::softmax,
                                           &Program::normalize, &Program::normalize, &Program::choose,
                                           &Program::position,  &Program::cast,      &Program::complexPart};
    static const std::vector<Step> others{
        &Program::reduce,       &Program::reduce,       &Program::contract,    &Program::contract,  &Program::contract,
        &Program::transpose,    &Program::transpose,    &Program::reshape,     &Program::broadcast, &Program::slice,
        &Program::pad,          &Program::reverse,      &Program::concatenate, &Program::take,      &Program::takeAlong,
        &Program::scatterAdd,   &Program::argmax,       &Program::cumsum,      &Program::sort,      &Program::topK,
        &Program::scatterOther, &Program::scatterOther, &Program::scan,        &Program::scan,      &Program::cond,
        &Program::whileLoop,    &Program::vmap,         &Program::literal,     &Program::noise};
    static const std::vector<Step> ofIntegers{&Program::wholeUnary,  &Program::wholeUnary, &Program::wholeBinary,
                                              &Program::wholeBinary, &Program::choose,     &Program::position,
                                              &Program::wholeCast,   &Program::wholeCast};
    static const std::vector<Step> ofSpecials{&Program::anyUnary,  &Program::anyUnary,  &Program::anyBinary,
                                              &Program::anyBinary, &Program::anyBinary, &Program::softmax,
                                              &Program::choose,    &Program::position};
    (this->*pick(draw(2) ? isInteger() ? ofIntegers : special ? ofSpecials : keeping : others))();
  }

  // ---- elementwise ----
  void unary() {
    Value x = any();
    static const std::vector<std::string> bounded{"tanh", "logistic", "erf"}, waves{"sin", "cos"},
        jumping{"abs", "floor", "ceil", "sign"};
    switch (draw(smooth ? 3 : 4)) {
    case 0:
      add(emit(pick(x.isBounded && draw(2) ? waves : bounded) + " " + x.name + " : " + type(x.shape)), x.shape, false,
          true);
      break;
    case 1:
      if (x.isBounded)
        add(emit(pick(std::vector<std::string>{"exp", "exp2", "expm1", "softplus"}) + " " + x.name + " : " +
                 type(x.shape)),
            x.shape, false, false);
      else
        add(emit("softplus " + x.name + " : " + type(x.shape)), x.shape, false, false);
      break;
    case 2: add(emit("neg " + x.name + " : " + type(x.shape)), x.shape, x.exact, x.isBounded); break;
    default:
      add(emit((x.exact ? pick(jumping) : std::string("abs")) + " " + x.name + " : " + type(x.shape)), x.shape, x.exact,
          x.isBounded);
    }
  }
  void binary() {
    Value x = any(), y = fit(x.shape);
    std::string operands = x.name + ", " + y.name + " : " + type(x.shape);
    switch (draw(smooth ? 4 : 6)) {
    case 0:
    case 1: add(emit(std::string(draw(2) ? "add " : "sub ") + operands), x.shape, false, false); break;
    case 2:
      if (x.isBounded || y.isBounded)
        add(emit("mul " + operands), x.shape, false, x.isBounded && y.isBounded);
      else
        add(emit("mul " + x.name + ", " + emit("tanh " + y.name + " : " + type(x.shape)) + " : " + type(x.shape)),
            x.shape, false, false);
      break;
    case 3: {
      std::string square = emit("mul " + y.name + ", " + y.name + " : " + type(x.shape));
      std::string positive = emit("add " + square + ", " + constant(x.shape, 1) + " : " + type(x.shape));
      if (draw(2))
        add(emit("div " + x.name + ", " + positive + " : " + type(x.shape)), x.shape, false, x.isBounded);
      else
        add(emit("mul " + x.name + ", " + emit("rsqrt " + positive + " : " + type(x.shape)) + " : " + type(x.shape)),
            x.shape, false, x.isBounded);
      break;
    }
    default:
      add(emit(std::string(draw(2) ? "maximum " : "minimum ") + operands), x.shape, x.exact && y.exact,
          x.isBounded && y.isBounded);
    }
  }
  void choose() {
    Value x = any(), y = fit(x.shape), z = fit(x.shape);
    if (smooth || !x.exact || !y.exact)
      return;
    std::string mask = emit(std::string("compare ") + pick(std::vector<std::string>{"LT", "GE", "EQ", "NE"}) + ", " +
                            x.name + ", " + y.name + " : " + type(x.shape));
    add(emit("select " + mask + ", " + z.name + ", " + y.name + " : " + type(x.shape, "i1") + ", " + type(x.shape)),
        x.shape, y.exact && z.exact, false);
  }
  /// A number for each position along a dimension.
  void position() {
    Value x = any();
    if (x.shape.empty())
      return;
    std::string iota = emit("iota " + std::to_string(draw(int64_t(x.shape.size()))) + " : " + type(x.shape, "i32"));
    std::string number =
        element == "i32" ? iota : emit("cast " + iota + " : " + type(x.shape, "i32") + " to " + type(x.shape));
    if (isInteger())
      return void(add(emit("add " + x.name + ", " + number + " : " + type(x.shape)), x.shape, true, false));
    add(emit("mul " + x.name + ", " + emit("cos " + number + " : " + type(x.shape)) + " : " + type(x.shape)), x.shape,
        false, x.isBounded);
  }
  void cast() {
    if (smooth)
      return;
    Value x = any();
    std::string other = element == "f64"   ? pick(std::vector<std::string>{"f32", "bf16", "f16"})
                        : element == "f32" ? draw(2) ? "bf16" : "f16"
                                           : "f32";
    if (other != "f32" && !x.exact)
      return; // a rounding at a border would show
    if (element == "f64" && !x.exact)
      return;
    std::string there = emit("cast " + x.name + " : " + type(x.shape) + " to " + type(x.shape, other));
    add(emit("cast " + there + " : " + type(x.shape, other) + " to " + type(x.shape)), x.shape, x.exact, x.isBounded);
  }

  // ---- sums ----
  void reduce() {
    Value x = any();
    if (x.shape.empty())
      return;
    std::vector<int64_t> axes;
    Shape shape;
    int64_t terms = 1;
    size_t last = x.shape.size() - 1;
    bool rows = draw(2);
    for (size_t d = 0; d < x.shape.size(); ++d)
      if (rows ? d == last : draw(2) != 0) {
        axes.push_back(int64_t(d));
        terms *= std::max<int64_t>(at(x.shape[d]), 1);
      } else {
        shape.push_back(x.shape[d]);
      }
    if (axes.empty() || overflows(terms))
      return;
    std::string signature = x.name + " " + list(axes) + " : (" + type(x.shape) + ") -> " + type(shape);
    if (!smooth && draw(3) == 0)
      add(emit(std::string(draw(2) ? "reduce_max " : "reduce_min ") + signature), shape, x.exact, x.isBounded);
    else
      add(scaled(emit("reduce_sum " + signature), shape, (draw(2) ? 1 : std::sqrt(double(terms))) / double(terms)),
          shape, false, false);
  }
  void softmax() {
    Value x = any();
    if (!x.shape.empty() && !isInteger())
      add(emit("softmax " + x.name + " " + std::to_string(draw(int64_t(x.shape.size()))) + " : " + type(x.shape)),
          x.shape, false, true);
  }
  void argmax() {
    Value x = any();
    if (smooth || !x.exact || x.shape.empty())
      return;
    size_t axis = size_t(draw(int64_t(x.shape.size())));
    if (!x.shape[axis].isFixed())
      return; // there must be an element
    Shape shape = x.shape;
    shape.erase(shape.begin() + int64_t(axis));
    std::string which = emit(std::string(draw(2) ? "argmax " : "argmin ") + x.name + " " + std::to_string(axis) +
                             " : (" + type(x.shape) + ") -> " + type(shape, "i32"));
    std::string number =
        element == "i32" ? which : emit("cast " + which + " : " + type(shape, "i32") + " to " + type(shape));
    add(scaled(number, shape, 1.0 / double(std::max<int64_t>(at(x.shape[axis]), 1))), shape, false, true);
  }
  void cumsum() {
    Value x = any();
    if (x.shape.empty())
      return;
    size_t axis = size_t(draw(int64_t(x.shape.size())));
    std::string how = std::string(draw(2) ? " exclusive" : "") + (draw(2) ? " reverse" : "");
    std::string sums = emit("cumsum " + x.name + " " + std::to_string(axis) + how + " : " + type(x.shape));
    add(scaled(sums, x.shape, 1.0 / double(std::max<int64_t>(at(x.shape[axis]), 1))), x.shape, false, x.isBounded);
  }
  void sort() {
    Value x = any();
    if (smooth || !x.exact || x.shape.empty())
      return;
    size_t axis = size_t(draw(int64_t(x.shape.size())));
    std::string sorted = fresh(), places = fresh();
    body << "  " << sorted << ", " << places << " = weft.sort " << x.name << " " << axis
         << (draw(2) ? " descending" : "") << " : (" << type(x.shape) << ") -> (" << type(x.shape) << ", "
         << type(x.shape, "i32") << ")\n";
    add(sorted, x.shape, true, x.isBounded);
    if (draw(2)) {
      std::string number =
          element == "i32" ? places : emit("cast " + places + " : " + type(x.shape, "i32") + " to " + type(x.shape));
      add(scaled(number, x.shape, 1.0 / double(std::max<int64_t>(at(x.shape[axis]), 1))), x.shape, false, true);
    }
  }
  void topK() {
    Value x = any();
    if (smooth || !x.exact || x.shape.empty())
      return;
    size_t axis = size_t(draw(int64_t(x.shape.size())));
    if (!x.shape[axis].isFixed())
      return; // k may be no more than the least size
    Shape shape = x.shape;
    shape[axis] = {0, draw(x.shape[axis].offset + 1)};
    std::string largest = fresh(), places = fresh();
    body << "  " << largest << ", " << places << " = weft.top_k " << x.name << " <(" << shape[axis].offset
         << ")> along " << axis << " : (" << type(x.shape) << ") -> (" << type(shape) << ", " << type(shape, "i32")
         << ")\n";
    add(largest, shape, true, x.isBounded);
  }
  /// Each row less its mean, or its largest element, or over its length.
  void normalize() {
    Value x = any();
    if (x.shape.empty())
      return;
    size_t axis = draw(2) ? x.shape.size() - 1 : size_t(draw(int64_t(x.shape.size())));
    Shape shape = x.shape;
    shape.erase(shape.begin() + int64_t(axis));
    std::vector<int64_t> dims;
    for (size_t d = 0; d < x.shape.size(); ++d)
      if (d != axis)
        dims.push_back(int64_t(d));
    std::string along = " [" + std::to_string(axis) + "] : (" + type(x.shape) + ") -> " + type(shape),
                own = " : " + type(x.shape);
    auto repeated = [&](const std::string &row) {
      return emit("broadcast " + row + " " + list(dims) + " : (" + type(shape) + ") -> " + type(x.shape));
    };
    double mean = 1.0 / double(std::max<int64_t>(at(x.shape[axis]), 1));
    switch (draw(smooth ? 2 : 3)) {
    case 0:
      add(emit("sub " + x.name + ", " + repeated(scaled(emit("reduce_sum " + x.name + along), shape, mean)) + own),
          x.shape, false, false);
      break;
    case 1: {
      std::string square =
          scaled(emit("reduce_sum " + emit("mul " + x.name + ", " + x.name + own) + along), shape, mean);
      std::string rsqrt = emit("rsqrt " + emit("add " + square + ", " + constant(shape, 0.1) + " : " + type(shape)) +
                               " : " + type(shape));
      add(emit("mul " + x.name + ", " + repeated(rsqrt) + own), x.shape, false, false);
      break;
    }
    default:
      add(emit("sub " + x.name + ", " + repeated(emit("reduce_max " + x.name + along)) + own), x.shape, false, false);
    }
  }

  // ---- regions ----
  /// What a step hands on does not grow.
  std::string settled(const Value &x) { return isInteger() ? x.name : emit("tanh " + x.name + " : " + type(x.shape)); }
  /// The ops of a region: some steps from what is there, then one value of each of the shapes asked for, within [-1,
  /// 1].
  std::string region(const std::vector<Shape> &shapes) {
    ++depth;
    for (int i = 0, n = 1 + int(draw(4)); i < n; ++i)
      step();
    --depth;
    std::string names, types;
    for (const Shape &shape : shapes) {
      names += (names.empty() ? "" : ", ") + settled(fit(shape));
      types += (types.empty() ? "" : ", ") + type(shape);
    }
    body << "  weft.yield " << names << " : " << types << "\n";
    return types;
  }
  void scan() {
    if (depth > 1)
      return;
    std::vector<Value> carries{any()}, slices;
    if (draw(2))
      carries.push_back(any());
    int64_t length = 1 + draw(6);
    bool stacks = draw(2);
    Size steps{0, length};
    if (Value x = any(); !x.shape.empty() && at(x.shape[0]) > 0 && at(x.shape[0]) < 40) {
      slices.push_back(x);
      steps = x.shape[0];
    }
    std::vector<Shape> shapes;
    std::string names, xs, types, arguments;
    size_t outside = values.size();
    std::string position = fresh();
    for (const Value &c : carries) {
      names += (names.empty() ? "" : ", ") + c.name;
      types += (types.empty() ? "" : ", ") + type(c.shape);
      shapes.push_back(c.shape);
      arguments += ", " + add(fresh(), c.shape, false, false).name + ": " + type(c.shape);
    }
    std::string results = types;
    for (const Value &x : slices) {
      Shape slice(x.shape.begin() + 1, x.shape.end());
      xs += x.name;
      types += ", " + type(x.shape);
      arguments += ", " + add(fresh(), slice, x.exact, x.isBounded).name + ": " + type(slice);
    }
    std::vector<Shape> yielded = shapes;
    if (stacks) {
      Shape one = pick(values).shape, all = one;
      all.insert(all.begin(), steps);
      if (elements(all) <= most() &&
          !std::count_if(one.begin(), one.end(), [&](const Size &s) { return !s.isFixed() && !steps.isFixed(); })) {
        yielded.push_back(one);
        shapes.push_back(all);
        results += ", " + type(all);
      }
    }
    std::string names2;
    std::vector<std::string> made;
    for (size_t i = 0; i < shapes.size(); ++i)
      made.push_back(fresh()), names2 += (i ? ", " : "") + made.back();
    std::string bound =
        steps.isFixed() ? "#weft.dims<(" + text(steps) + ")>" : "#weft.dims<" + bounds() + " (" + text(steps) + ")>";
    body << "  " << names2 << " = weft.scan " << bound << (draw(3) ? "" : " reverse") << " carry(" << names << ") over("
         << xs << ") {\n  ^bb0(" << position << ": tensor<i32>" << arguments << "):\n";
    if (draw(2))
      add(element == "i32" ? position : emit("cast " + position + " : tensor<i32> to " + type(Shape{})), {}, true,
          false);
    region(yielded);
    body << "  } : (" << types << ") -> (" << results << ")\n";
    values.resize(outside);
    for (size_t i = 0; i < shapes.size(); ++i)
      add(made[i], shapes[i], false, true);
  }
  /// A loop that counts, and says so at run time.
  void whileLoop() {
    if (depth > 1)
      return;
    Value x = any();
    int64_t steps = draw(5);
    std::string number = "tensor<i32>", types = type(x.shape) + ", " + number;
    std::string zero = emit("constant dense<0> : " + number),
                limit = emit("constant dense<" + std::to_string(steps) + "> : " + number);
    std::string name = fresh(), count = fresh(), a = fresh(), k = fresh();
    bool bounded = smooth || draw(2);
    body << "  " << name << ", " << count << " = weft.while "
         << (bounded ? "max #weft.dims<(" + std::to_string(steps + draw(3)) + ")> " : "") << "carry(" << x.name << ", "
         << zero << ") while {\n  ^bb0(" << a << ": " << type(x.shape) << ", " << k << ": " << number << "):\n";
    std::string more = emit("compare LT, " + k + ", " + limit + " : " + number);
    body << "  weft.yield " << more << " : tensor<i1>\n  } do {\n";
    size_t outside = values.size();
    a = fresh(), k = fresh();
    body << "  ^bb0(" << a << ": " << type(x.shape) << ", " << k << ": " << number << "):\n";
    add(a, x.shape, false, false);
    ++depth;
    for (int i = 0, n = 1 + int(draw(4)); i < n; ++i)
      step();
    --depth;
    std::string next = settled(fit(x.shape)), one = emit("constant dense<1> : " + number);
    std::string counted = emit("add " + k + ", " + one + " : " + number);
    body << "  weft.yield " << next << ", " << counted << " : " << types << "\n  } : (" << types << ") -> (" << types
         << ")\n";
    values.resize(outside);
    add(name, x.shape, false, false);
  }
  /// A region for each slice.
  void vmap() {
    Value x = any();
    if (depth > 1 || x.shape.empty() || at(x.shape[0]) == 0)
      return;
    Size count = x.shape[0];
    Shape slice(x.shape.begin() + 1, x.shape.end()), result = pick(values).shape, all = result;
    all.insert(all.begin(), count);
    if (elements(all) > most() || std::count_if(all.begin(), all.end(), [](const Size &s) { return !s.isFixed(); }) > 1)
      return;
    size_t outside = values.size();
    std::string name = fresh(), a = fresh();
    body << "  " << name << " = weft.vmap "
         << (count.isFixed() ? "#weft.dims<(" + text(count) + ")>"
                             : "#weft.dims<" + bounds() + " (" + text(count) + ")>")
         << " over(" << x.name << ") {\n  ^bb0(" << a << ": " << type(slice) << "):\n";
    add(a, slice, x.exact, x.isBounded);
    region({result});
    body << "  } : (" << type(x.shape) << ") -> (" << type(all) << ")\n";
    values.resize(outside);
    add(name, all, false, true);
  }
  void cond() {
    if (depth > 1)
      return;
    Value x = any(), like = any();
    if (smooth || !x.exact || !x.shape.empty())
      return;
    std::string yes = emit("compare GT, " + x.name + ", " + constant({}, 0) + " : " + type(Shape{})), name = fresh();
    size_t outside = values.size();
    body << "  " << name << " = weft.cond " << yes << " then {\n";
    region({like.shape});
    values.resize(outside);
    body << "  } else {\n";
    region({like.shape});
    values.resize(outside);
    body << "  } : (tensor<i1>) -> (" << type(like.shape) << ")" << "\n";
    add(name, like.shape, false, true);
  }
  /// Labels of two values wherever their sizes allow: shared ones are summed or kept, others kept or, rarely, summed
  /// alone.
  void contract() {
    Value x = any(), y = any();
    std::string lhs, rhs, result;
    std::map<char, Size> sizeOf;
    for (size_t d = 0; d < x.shape.size(); ++d) {
      lhs += char('a' + d);
      sizeOf[lhs.back()] = x.shape[d];
    }
    for (const Size &s : y.shape) {
      char label = 0;
      for (char c : lhs)
        if (sizeOf[c] == s && rhs.find(c) == std::string::npos && draw(4)) {
          label = c;
          break;
        }
      if (!label) {
        label = char('m' + rhs.size());
        sizeOf[label] = s;
      }
      rhs += label;
    }
    std::vector<char> kept;
    int64_t terms = 1, work = 1;
    for (auto &[c, s] : sizeOf) {
      bool shared = lhs.find(c) != std::string::npos && rhs.find(c) != std::string::npos;
      work *= std::max<int64_t>(at(s), 1);
      if (shared ? draw(4) == 0 : draw(8) != 0)
        kept.push_back(c);
      else
        terms *= std::max<int64_t>(at(s), 1);
    }
    for (size_t i = kept.size(); i > 1; --i)
      if (draw(2))
        std::swap(kept[i - 1], kept[size_t(draw(int64_t(i)))]);
    Shape shape;
    for (char c : kept) {
      result += c;
      shape.push_back(sizeOf[c]);
    }
    if (overflows(terms) || shape.size() > 5 || elements(shape) > most() ||
        work > (options.large ? int64_t(1) << 26 : 1 << 21))
      return;
    std::string product = emit("contract \"" + lhs + "," + rhs + "->" + result + "\", " + x.name + ", " + y.name +
                               " : (" + type(x.shape) + ", " + type(y.shape) + ") -> " + type(shape));
    add(scaled(product, shape, 1 / std::sqrt(double(terms)) / (x.isBounded || y.isBounded ? 1 : 2)), shape, false,
        false);
  }

  int depth = 0; // of regions
};
} // namespace

int main(int argc, char **argv) {
  Options options;
  const std::string types = " f64 f32 bf16 f16 i64 i32 i8 ";
  for (int i = 1; i < argc; ++i) {
    std::string argument = argv[i], name = argument.substr(0, argument.find('=')),
                value = argument.size() > name.size() ? argument.substr(name.size() + 1) : "";
    if (name == "--seed")
      options.seed = std::strtoull(value.c_str(), nullptr, 10);
    else if (name == "--count")
      options.count = std::atoi(value.c_str());
    else if (name == "--only")
      options.only = std::atoi(value.c_str());
    else if (name == "--ops")
      options.ops = std::max(2, std::atoi(value.c_str()));
    else if (name == "--type" && types.find(" " + value + " ") != std::string::npos)
      options.type = value;
    else if (argument == "--large")
      options.large = true;
    else if (argument == "--special")
      options.special = true;
    else {
      std::cerr << "weft-random-ops: '" << argument
                << "' is no option: --seed=N --count=N --only=N --ops=N --type=f64|f32|bf16|f16|i64|i32|i8 --large "
                   "--special\n";
      return 2;
    }
  }
  for (int n = 0; n < options.count; ++n)
    if (options.only < 0 || n == options.only)
      Program(options, n).print(std::cout);
}
