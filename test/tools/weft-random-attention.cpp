// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- weft-random-attention.cpp - attention with random score programs ------------------------------------------------------===//
//
//   weft-random-attention --seed=7 --count=20 --type=f32 | weft-check-ops -
//
// Gradients have eight times the usual tolerance: weights are computed again from the rounded logarithm of their
// divisor, and a sum over keys is read off the rounded result.
//
// Prints functions that write attention out: two products, a softmax, and a random program of scales, caps, biases and
// masks between them; behind each function its gradient by all that is real. weft-check-ops compares what is compiled,
// where the ops become one, with the host reference, where they do not. Layouts, sizes (less than a vector, several
// panels and blocks) and what is captured are random too. A seed and a number name a function, as long as this file
// stays what it is.
//
//===----------------------------------------------------------------------------------------------------------------------===//
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <random>
#include <sstream>
#include <string>
#include <vector>

namespace {
struct Argument {
  std::string name, type, attribute;
  bool real;
};

class Program {
public:
  Program(uint64_t seed, int number, std::string real, bool dropout)
      : random(seed * 1000003 + uint64_t(number)), real(std::move(real)), dropout(dropout) {
    name = "attention_" + std::to_string(seed) + "_" + std::to_string(number);
  }

  void print(std::ostream &out) {
    static const int64_t lengths[] = {1, 2, 5, 17, 33, 48, 65, 127, 130}, depths[] = {1, 3, 8, 16, 20};
    queries = lengths[draw(9)];
    keys = draw(3) ? queries : lengths[draw(9)];
    int64_t depth = depths[draw(5)], wide = depths[draw(5)];
    outer = std::vector<std::string>{"", "h", "bh"}[size_t(draw(3))];
    sizes = {{'b', 1 + draw(2)}, {'h', 1 + draw(3)}, {'i', queries}, {'j', keys}, {'d', depth}, {'e', wide}};
    bool behind = draw(2) && !outer.empty(); // heads behind positions
    auto labels = [&](char position, char last, const std::string &own) {
      std::string at(1, position);
      return (behind && !own.empty() ? own.substr(0, own.size() - 1) + at + own.back() : own + at) + last;
    };
    // Heads may share their keys and values.
    std::string shared = outer == "bh" && draw(3) == 0 ? "b" : outer;
    std::string q = labels('i', 'd', outer), k = labels('j', 'd', shared), v = labels('j', 'e', shared),
                o = labels('i', 'e', outer);
    scores = outer + "ij";
    argument("q", typeOf(q), true);
    argument("k", typeOf(k), true);
    argument("v", typeOf(v), true);
    std::string x = emit("contract \"" + q + "," + k + "->" + scores + "\", %q, %k : (" + typeOf(q) + ", " + typeOf(k) +
                         ") -> " + all());
    if (draw(2))
      x = scaled(x, 0.5);
    for (int n = int(draw(4)); n > 0; --n)
      x = step(x);
    std::string p = emit("softmax " + x + " " + std::to_string(scores.size() - 1) + " : " + all());
    if (dropout)
      p = emit("select " + kept() + ", " + scaled(p, 1 / 0.75) + ", " + constant("0.0") + " : " + all("i1") + ", " +
               all());
    else if (draw(3) == 0)
      p = draw(2) ? emit("mul " + p + ", " + table() + " : " + all())
                  : emit("select " + mask() + ", " + p + ", " + constant("0.0") + " : " + all("i1") + ", " + all());
    std::string y = emit("contract \"" + scores + "," + v + "->" + o + "\", " + p + ", %v : (" + all() + ", " +
                         typeOf(v) + ") -> " + typeOf(o));
    write(out, y, typeOf(o));
  }

private:
  int64_t draw(int64_t below) { return int64_t(random() % uint64_t(below)); }
  int64_t sizeOf(char label) const {
    for (auto [own, size] : sizes)
      if (own == label)
        return size;
    return 1;
  }
  std::string typeOf(const std::string &labels, const std::string &element) const {
    std::string text = "tensor<";
    for (char label : labels)
      text += std::to_string(sizeOf(label)) + "x";
    return text + element + ">";
  }
  std::string typeOf(const std::string &labels) const { return typeOf(labels, real); }
  std::string all(const std::string &element) const { return typeOf(scores, element); }
  std::string all() const { return all(real); }
  std::string emit(const std::string &op) {
    std::string made = "%" + std::to_string(next++);
    body << "  " << made << " = weft." << op << "\n";
    return made;
  }
  std::string argument(const std::string &own, const std::string &type, bool real, const std::string &attribute = "") {
    arguments.push_back({own, type, attribute, real});
    return "%" + own;
  }
  std::string constant(const std::string &number, const std::string &element) {
    return emit("constant dense<" + number + "> : " + all(element));
  }
  std::string constant(const std::string &number) { return constant(number, real); }
  std::string scaled(const std::string &x, double by) {
    return emit("mul " + x + ", " + constant(std::to_string(by)) + " : " + all());
  }
  /// A value of some of the labels, at all scores.
  std::string spread(const std::string &v, const std::string &labels, const std::string &element) {
    std::string places;
    for (char label : labels)
      places += (places.empty() ? "" : ", ") + std::to_string(scores.find(label));
    return emit("broadcast " + v + " [" + places + "] : (" + typeOf(labels, element) + ") -> " + all(element));
  }
  std::string spread(const std::string &v, const std::string &labels) { return spread(v, labels, real); }
  /// Eight times the usual one. The parts round f16 and bf16 in memory, where the op does not: up to ten roundings of
  /// what they keep.
  const char *tolerance() const {
    return real == "f64" ? "6.0e-14" : real == "f32" ? "3.2e-5" : real == "bf16" ? "6.4e-2" : "8.0e-3";
  }
  std::string minusInfinity() const {
    return real == "f64" ? "0xFFF0000000000000" : real == "f32" ? "0xFF800000" : real == "bf16" ? "0xFF80" : "0xFC00";
  }
  std::string captured(const std::string &labels) {
    return spread(argument("c" + std::to_string(arguments.size()), typeOf(labels), true), labels);
  }
  std::string position(char label) { return emit("iota " + std::to_string(scores.find(label)) + " : " + all("i32")); }
  /// A table that is read by distance, for each head or for all.
  std::string table() {
    std::string own = outer.find('h') != std::string::npos && draw(2) ? "h" : "", plane = typeOf("ij", "i32");
    std::string i = emit("iota 0 : " + plane), j = emit("iota 1 : " + plane);
    if (draw(2))
      std::swap(i, j);
    bool turned = draw(2);
    std::string d = emit("sub " + (turned ? j + ", " + i : i + ", " + j) + " : " + plane);
    // Whichever comes first, the distance lies in (-most, most).
    int64_t most = std::max(queries, keys);
    std::string type = "tensor<" + (own.empty() ? "" : std::to_string(sizeOf('h')) + "x") +
                       std::to_string(2 * most - 1) + "x" + real + ">";
    std::string shift = emit("constant dense<" + std::to_string(most - 1) + "> : " + plane),
                at = emit("add " + d + ", " + shift + " : " + plane);
    std::string t = argument("t" + std::to_string(arguments.size()), type, true);
    std::string taken = emit("take " + t + " at " + at + " along " + (own.empty() ? "0" : "1") + " : (" + type + ", " +
                             plane + ") -> " + typeOf(own + "ij"));
    return spread(taken, own + "ij");
  }
  /// Where dropout leaves three quarters of the weights.
  std::string kept() {
    std::string u = emit("random_uniform " + argument("key", "tensor<2xi32>", false, "2xi32=5,6") +
                         " : (tensor<2xi32>) -> " + all("f32"));
    return emit("compare GE, " + u + ", " + constant("0.25", "f32") + " : " + all("f32"));
  }
  std::string compare(const char *how, const std::string &a, const std::string &b) {
    return emit(std::string("compare ") + how + ", " + a + ", " + b + " : " + all("i32"));
  }
  std::string mask() {
    std::string i = position('i'), j = position('j');
    switch (draw(6)) {
    case 0: // causal
      return compare("GE", i, j);
    case 1: { // a window
      std::string d = emit("sub " + i + ", " + j + " : " + all("i32"));
      std::string wide = constant(std::to_string(1 + draw(40)), "i32");
      return emit("and " + compare("LE", d, wide) + ", " + compare("GE", i, j) + " : " + all("i1"));
    }
    case 2: // a prefix
      return emit("or " + compare("GE", i, j) + ", " + compare("LT", j, constant(std::to_string(draw(20)), "i32")) +
                  " : " + all("i1"));
    case 3: { // keys that count, for each of the outermost
      std::string own = outer.substr(0, outer.empty() ? 0 : 1);
      std::string list;
      for (int64_t n = own.empty() ? 1 : sizeOf(own[0]); n > 0; --n)
        list += (list.empty() ? "" : ",") + std::to_string(draw(keys + 1));
      std::string dims = own.empty() ? "" : std::to_string(sizeOf(own[0])) + "x";
      std::string type = "tensor<" + dims + "i32>";
      std::string lengths = argument("n" + std::to_string(arguments.size()), type, false, dims + "i32=" + list);
      return compare("LT", j, spread(lengths, own, "i32"));
    }
    case 4: // every other pair
      return emit("not " +
                  compare("EQ", emit("and " + i + ", " + constant("1", "i32") + " : " + all("i32")),
                          emit("and " + j + ", " + constant("1", "i32") + " : " + all("i32"))) +
                  " : " + all("i1"));
    default: // a mask that is given
      return spread(argument("m" + std::to_string(arguments.size()), typeOf("ij", "i1"), false), "ij", "i1");
    }
  }
  std::string step(const std::string &x) {
    std::string none = constant(minusInfinity());
    switch (draw(8)) {
    case 0: return scaled(emit("tanh " + x + " : " + all()), 2.0);
    case 1:
      return emit("add " + x + ", " + captured(outer.empty() ? "j" : outer.substr(outer.size() - 1)) + " : " + all());
    case 2: return emit("add " + x + ", " + captured(draw(2) ? "j" : "i") + " : " + all());
    case 3: return emit("add " + x + ", " + table() + " : " + all());
    case 4: // a slope by distance
      return emit("add " + x + ", " +
                  scaled(emit("cast " + emit("sub " + position('j') + ", " + position('i') + " : " + all("i32")) +
                              " : " + all("i32") + " to " + all()),
                         0.01) +
                  " : " + all());
    case 5: // a mask that is added
      return emit("add " + x + ", " +
                  emit("select " + mask() + ", " + constant("0.0") + ", " + none + " : " + all("i1") + ", " + all()) +
                  " : " + all());
    default: return emit("select " + mask() + ", " + x + ", " + none + " : " + all("i1") + ", " + all());
    }
  }

  void write(std::ostream &out, const std::string &y, const std::string &result) {
    std::string list, types, names, gradients, results;
    int found = 0;
    for (const Argument &a : arguments) {
      std::string comma = list.empty() ? "" : ", ";
      list +=
          comma + "%" + a.name + ": " + a.type + (a.attribute.empty() ? "" : " {weft.input = \"" + a.attribute + "\"}");
      names += comma + "%" + a.name;
      types += comma + a.type;
      if (a.real) {
        gradients += (found ? ", %g" : "%g") + std::to_string(found);
        results += (found++ ? ", " : "") + a.type;
      }
    }
    out << "func.func @" << name << "(" << list << ") -> " << result
        << (real == "f16" || real == "bf16" ? " attributes {weft.tolerance = " + std::string(tolerance()) + "}" : "")
        << " {\n"
        << body.str() << "  return " << y << " : " << result << "\n}\n";
    out << "func.func @" << name << "_gradient(" << list << ", %cotangent: " << result << ") -> (" << results
        << ") attributes {weft.tolerance = " << tolerance() << "} {\n"
        << "  %y, " << gradients << " = weft.vjp @" << name << "(" << names << ", %cotangent) : (" << types << ", "
        << result << ") -> (" << result << ", " << results << ")\n  return " << gradients << " : " << results
        << "\n}\n";
  }

  std::mt19937_64 random;
  std::string real; // the element type of all that is no index, place or mask
  bool dropout;     // of the weights
  std::string name, outer, scores;
  int64_t queries = 0, keys = 0;
  std::vector<std::pair<char, int64_t>> sizes;
  std::vector<Argument> arguments;
  std::ostringstream body;
  int next = 0;
};
} // namespace

int main(int argc, char **argv) {
  uint64_t seed = 0;
  int count = 10, only = -1;
  std::string real = "f32";
  bool dropout = false;
  for (int i = 1; i < argc; ++i) {
    std::string option = argv[i];
    auto number = [&](const char *start) -> const char * {
      size_t length = std::string(start).size();
      return option.compare(0, length, start) == 0 ? option.c_str() + length : nullptr;
    };
    if (const char *text = number("--seed="))
      seed = std::strtoull(text, nullptr, 10);
    else if (const char *text = number("--count="))
      count = std::atoi(text);
    else if (const char *text = number("--only="))
      only = std::atoi(text);
    else if (option == "--type=f16" || option == "--type=bf16" || option == "--type=f32" || option == "--type=f64")
      real = option.substr(7);
    else if (option == "--dropout")
      dropout = true;
    else {
      std::cerr << "weft-random-attention: '" << option
                << "' is no option: --seed=N --count=N --only=N --type=f16|bf16|f32|f64 --dropout\n";
      return 2;
    }
  }
  for (int n = 0; n < count; ++n)
    if (only < 0 || n == only)
      Program(seed, n, real, dropout).print(std::cout);
}
