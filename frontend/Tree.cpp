// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Trees as lists of leaves: initial values, casts on both sides of a trace, ravel.
#include "Value.h"
#include "runtime/weft_runtime.h"
#include <cmath>
#include <cstdio>
#include <map>
#include <numbers>
#include <optional>
#include <set>

using namespace weft;
using namespace weft::detail;

void Walk::text(double value) {
  char digits[40];
  std::snprintf(digits, sizeof digits, "%.9g", value);
  text(std::string_view(digits));
}

void detail::checkSameTree(const Walk &a, const Walk &b, const char *what, Loc at) {
  for (std::size_t i = 0; i < a.leaves.size() || i < b.leaves.size(); ++i) {
    std::string left = i < a.leaves.size() ? "\"" + a.leaves[i].path + "\"" : "nothing",
                right = i < b.leaves.size() ? "\"" + b.leaves[i].path + "\"" : "nothing";
    if (left != right)
      throw Error(at, std::string(what) + ": the trees differ at leaf " + std::to_string(i) + ": " + left + " and " +
                          right);
  }
}

// ---- first values
namespace {
/// Random bits by the definition that compiled code follows: element i is word i mod 4 of the block of counter i / 4.
struct Bits {
  std::uint32_t key[2], block[4];
  std::int64_t at = -1;
  std::uint32_t operator()(std::int64_t i) {
    if (i / 4 != at) {
      at = i / 4;
      std::uint32_t counter[4] = {std::uint32_t(at), std::uint32_t(at >> 32), 0, 0};
      weft_philox(key, counter, block);
    }
    return block[i % 4];
  }
};
} // namespace

/// The inverse of erf in double: M. Giles' single-precision polynomial, then two Newton steps.
static double inverseErf(double x) {
  double w = -std::log((1 - x) * (1 + x)), p;
  if (w < 5) {
    w -= 2.5;
    p = 2.81022636e-08;
    for (double c : {3.43273939e-07, -3.5233877e-06, -4.39150654e-06, 0.00021858087, -0.00125372503, -0.00417768164,
                     0.246640727, 1.50140941})
      p = c + p * w;
  } else {
    w = std::sqrt(w) - 3;
    p = -0.000200214257;
    for (double c : {0.000100950558, 0.00134934322, -0.00367342844, 0.00573950773, -0.0076224613, 0.00943887047,
                     1.00167406, 2.83297682})
      p = c + p * w;
  }
  double y = p * x;
  for (int step = 0; step < 2; ++step)
    y -= (std::erf(y) - x) / (2 * std::numbers::inv_sqrtpi * std::exp(-y * y));
  return y;
}

namespace {
/// Where a first value is drawn from; f64, rounded once.
struct Distribution {
  enum Kind { fixed, normal, uniform, log_uniform } kind = fixed;
  double a = 0, b = 0; // mean and deviation, or bounds
  double bound = 1;    // of normal: the quantiles used are those of erf within [-bound, bound]
  double number(std::uint32_t bits) const {
    double u = bits >> 8;
    switch (kind) {
    case fixed: return a;
    case normal: return a + b * std::numbers::sqrt2 * inverseErf(bound * (2 * (u + 0.5) * 0x1p-24 - 1));
    case uniform: return a + (b - a) * (u * 0x1p-24);
    case log_uniform: return std::exp(std::log(a) + (std::log(b) - std::log(a)) * (u * 0x1p-24));
    }
    return a;
  }
};
} // namespace
static Distribution distributionOf(const Init &init, const std::vector<std::int64_t> &sizes, const std::string &path,
                                   Loc at) {
  const double count = double(countOf(sizes)),
               last = sizes.empty() ? 1 : double(std::max<std::int64_t>(sizes.back(), 1)),
               fanIn = std::max(sizes.size() > 1 ? count / last : count, 1.0),
               inputs = sizes.size() > 1 ? double(std::max<std::int64_t>(sizes[sizes.size() - 2], 1)) : fanIn,
               fanOut = std::max(sizes.size() > 1 ? count / inputs : count, 1.0);
  auto spread = [](double variance, bool isUniform) -> Distribution {
    return isUniform ? Distribution{Distribution::uniform, -std::sqrt(3 * variance), std::sqrt(3 * variance)}
                     : Distribution{Distribution::normal, 0, std::sqrt(variance)};
  };
  switch (init.kind) {
  case Init::constant: break;
  case Init::linspace: break;
  case Init::lecun: return spread(1 / fanIn, false);
  case Init::xavier: return spread(2 / (fanIn + fanOut), init.a != 0);
  case Init::kaiming: return spread(2 / fanIn, init.a != 0);
  case Init::siren: {
    double most = init.a == 0 ? 1 / fanIn : std::sqrt(6 / fanIn) / init.a;
    return {Distribution::uniform, -most, most};
  }
  case Init::normal: return {Distribution::normal, init.a, init.b};
  case Init::truncated: return {Distribution::normal, init.a, init.b, std::erf(std::numbers::sqrt2)};
  case Init::uniform: return {Distribution::uniform, init.a, init.b};
  case Init::log_uniform:
    if (!(init.a > 0 && init.b >= init.a))
      throw Error(at, "initialize: " + path + " is log-uniform between " + std::to_string(init.a) + " and " +
                          std::to_string(init.b) + ": both must be positive, the smaller one first");
    return {Distribution::log_uniform, init.a, init.b};
  }
  return {Distribution::fixed, init.a, init.a};
}

static Tensor firstValue(const Value &spec, const Init &init, const Key &key, const std::string &path, Loc at) {
  std::vector<std::int64_t> sizes;
  for (const Dim &d : spec.shape)
    sizes.push_back(d.value(at));
  void *data = nullptr;
  Tensor array = makeArray(spec.dtype, sizes, &data);
  std::int64_t count = countOf(sizes), last = sizes.empty() ? 1 : sizes.back();
  Bits bits;
  Distribution from = distributionOf(init, sizes, path, at);
  const bool random = from.kind != Distribution::fixed;
  if (random) {
    if (!spec.dtype.isInexact())
      throw Error(at, "initialize: " + path + " is " + std::string(spec.dtype.name()) +
                          ": a random first value needs a floating type");
    auto words = key.bits.span<int>(at);
    bits.key[0] = std::uint32_t(words[0]), bits.key[1] = std::uint32_t(words[1]);
  }
  DType dtype = spec.dtype;
  auto store = [&](std::int64_t i, double value) {
    storeNumber(dtype, data, i, value);
    if (dtype.isInteger() ? loadNumber(dtype, data, i) != value
                          : std::isfinite(value) && !std::isfinite(loadNumber(dtype, data, i)))
      throw Error(at, "initialize: " + path + " begins with " + std::to_string(value) + ", which " + dtype.name() +
                          " cannot hold");
  };
  if (dtype.isComplex() && random) { // both parts are drawn, with the variance of the whole shared between them
    dtype = dtype.real();
    count *= 2;
    if (from.kind == Distribution::normal)
      from.b /= std::numbers::sqrt2;
  }
  for (std::int64_t i = 0; i < count; ++i) {
    double value = random ? from.number(bits(i)) : init.a;
    if (init.kind == Init::linspace && last > 1)
      value = init.a + (init.b - init.a) * double(i % last) / double(last - 1);
    store(i, value);
  }
  return array;
}

namespace {
/// A field that is initialised from another field of the tree (`Net net{8}, slow = net`) begins with the same values:
/// its leaves draw as those that they were copied from. Elements of a container that are copies of one value draw for
/// themselves.
class Drawn {
public:
  explicit Drawn(const Walk &tree) : tree(tree), containers(tree.containers.begin(), tree.containers.end()) {
    std::map<std::uint64_t, std::vector<std::size_t>> copies;
    for (std::size_t i = 0; i < tree.leaves.size(); ++i) {
      paths.push_back(tree.leaves[i].path);
      if (!tree.leaves[i].init() || tree.leaves[i].tensor->empty())
        continue;
      auto &others = copies[static_cast<const RoleLeaf *>(tree.leaves[i].tensor)->origin];
      for (std::size_t j : others)
        if (beginsAs(tree.leaves[i], tree.leaves[j])) {
          paths[i] = paths[j];
          break;
        }
      others.push_back(i);
    }
  }
  /// The path by which leaf i draws.
  const std::string &of(std::size_t i) const { return paths[i]; }
  /// The path by which an object with a `reset` draws: that of the object that all its leaves were copied from.
  std::string of(const std::string &object) const {
    std::optional<std::string> from;
    for (std::size_t i = 0; i < paths.size(); ++i) {
      const std::string &own = tree.leaves[i].path;
      if (!tree.leaves[i].init() || !own.starts_with(object))
        continue;
      std::string inside = own.substr(object.size());
      if ((!inside.empty() && !object.empty() && inside[0] != '.') || !paths[i].ends_with(inside))
        continue;
      std::string that = paths[i].substr(0, paths[i].size() - inside.size());
      if (from && *from != that)
        return object;
      from = that;
    }
    return from ? *from : object;
  }

private:
  bool beginsAs(const LeafRef &a, const LeafRef &b) const {
    const Value &x = *a.tensor->value(), &y = *b.tensor->value();
    return *a.init() == *b.init() && x.shape == y.shape && x.dtype.isComplex() == y.dtype.isComplex() &&
           differInFieldsOnly(a.path, b.path);
  }
  /// Between what two paths begin with and what they end in, only names of fields.
  bool differInFieldsOnly(const std::string &a, const std::string &b) const {
    std::vector<std::string> x = split(a), y = split(b);
    std::size_t front = 0, back = 0, least = std::min(x.size(), y.size());
    while (front < least && x[front] == y[front])
      ++front;
    while (back < least - front && x[x.size() - 1 - back] == y[y.size() - 1 - back])
      ++back;
    auto namesFields = [&](const std::vector<std::string> &parts) {
      std::string before;
      for (std::size_t i = 0; i + back < parts.size(); ++i) {
        if (i >= front && containers.count(before))
          return false;
        before += (before.empty() ? "" : ".") + parts[i];
      }
      return true;
    };
    return namesFields(x) && namesFields(y);
  }
  static std::vector<std::string> split(const std::string &path) {
    std::vector<std::string> parts(1);
    for (char c : path)
      c == '.' ? void(parts.emplace_back()) : parts.back().push_back(c);
    return parts;
  }

  const Walk &tree;
  std::set<std::string> containers;
  std::vector<std::string> paths;
};
} // namespace

void detail::initialize(Walk &tree, const Key &key, Loc at) {
  if (tracing())
    throw Error(at, "initialize: first values are made outside of traces");
  if (!key.bits.isConcrete())
    throw Error(at, "initialize: the key has no value: write Key(seed)");
  Drawn drawn(tree);
  auto keyOf = [&](const std::string &path) { return key.fold(Tensor(std::int32_t(hashOf(path) & 0x7fffffff)), at); };
  for (std::size_t i = 0; i < tree.leaves.size(); ++i) {
    LeafRef &leaf = tree.leaves[i];
    Key own = keyOf(drawn.of(i));
    if (leaf.role == Role::key)
      *leaf.tensor = own.bits;
    else if (!leaf.tensor->empty() && (leaf.init() || !leaf.tensor->isConcrete()))
      *leaf.tensor = firstValue(*leaf.tensor->value(), leaf.init() ? *leaf.init() : init::zeros, own, leaf.path, at);
  }
  for (std::size_t i = 0; i < tree.resetCalls.size(); ++i) {
    auto &[path, reset] = tree.resetCalls[i];
    reset(tree.resetObjects[i], keyOf(drawn.of(path) + ".reset"));
  }
}

// ---- casts, stops, averages
Tensor weft::cast(const Tensor &x, DType dtype, Loc at) {
  if (x.empty())
    throw Error(at, "cast: the tensor is empty");
  if (x.dtype() == dtype)
    return x;
  const Value &v = *x.value();
  if (v.kind == Value::traced || tracing())
    return emit("weft.cast", {x}, {}, ResultType{dtype, x.shape()}, at);
  if (v.kind == Value::spec)
    return dtype(x.shape());
  void *data = nullptr;
  Tensor array = makeArray(dtype, v.sizes, &data);
  if (v.dtype.isComplex() && !dtype.isComplex())
    throw Error(at, "cast: " + std::string(dtype.name()) + " would drop the imaginary part of " + x.str());
  convert(v.dtype, v.data, dtype, data, countOf(v.sizes));
  return array;
}
Tensor detail::castLeaf(const Tensor &x, DType dtype, Loc at) { return x.dtype().isFloat() ? cast(x, dtype, at) : x; }
Tensor detail::stopGradient(const Tensor &x, Loc at) {
  return x.dtype().isInexact() ? emit("weft.stop_gradient", {x}, {}, at) : x;
}
Tensor detail::emaLeaf(const Tensor &slow, const Tensor &fast, const Operand &decay, Loc at) {
  if (!slow.dtype().isInexact())
    return fast;
  // In f32 at least: 0.999 is 1 in bf16.
  DType wide = slow.dtype().real() == f64 ? f64 : f32, own = slow.dtype().isComplex() ? slow.dtype() : wide;
  auto o = [&](const Tensor &x) { return Operand(x, at); };
  Tensor keep = decay.kind == Operand::tensor_ ? cast(decay.tensor, wide, at) : resolve(decay, wide, "ema", at);
  Tensor take = Operand(1, at) - o(keep);
  return cast(o(o(cast(slow, own, at)) * o(keep)) + o(o(cast(fast, own, at)) * o(take)), slow.dtype(), at);
}

Tensor detail::ravel(Walk &tree, Loc at) {
  std::vector<Tensor> parts;
  for (LeafRef &leaf : tree.leaves)
    if (!leaf.tensor->empty())
      parts.push_back(reshape(*leaf.tensor, {-1}, at));
  if (parts.empty())
    throw Error(at, "ravel: the tree has no leaf with a value");
  return concat(parts, 0, at);
}
void detail::unravel(const Tensor &values, Walk &tree, Loc at) {
  Dim start = 0;
  for (LeafRef &leaf : tree.leaves) {
    if (leaf.tensor->empty())
      continue;
    Dim count = 1;
    for (const Dim &d : leaf.tensor->shape())
      count *= d;
    Shape shape = leaf.tensor->shape();
    *leaf.tensor = reshape(slice(values, 0, start, start + count, 1, at), shape, at);
    start += count;
  }
  if (!(start == values.dim(0, at)))
    throw Error(at, "unravel: the tree has " + start.str() + " elements, the vector has " + values.dim(0, at).str());
}
