// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Trees as lists of leaves: initial values, casts on both sides of a trace, ravel.
#include "Value.h"
#include "runtime/weft_runtime.h"
#include <cmath>
#include <cstdio>
#include <numbers>

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

static Tensor firstValue(const Value &spec, const Init &init, const Key &key, const std::string &path, Loc at) {
  std::vector<std::int64_t> sizes;
  for (const Dim &d : spec.shape)
    sizes.push_back(d.value(at));
  void *data = nullptr;
  Tensor array = makeArray(spec.dtype, sizes, &data);
  std::int64_t count = countOf(sizes), last = sizes.empty() ? 1 : sizes.back();
  Bits bits;
  if (init.kind == Init::lecun || init.kind == Init::normal || init.kind == Init::uniform) {
    if (!spec.dtype.isInexact())
      throw Error(at, "initialize: " + path + " is " + std::string(spec.dtype.name()) +
                          ": a random first value needs a floating type");
    auto words = key.bits.span<int>(at);
    bits.key[0] = std::uint32_t(words[0]), bits.key[1] = std::uint32_t(words[1]);
  }
  double fanIn = sizes.size() > 1 ? double(count) / double(std::max<std::int64_t>(last, 1)) : double(count);
  double deviation = init.kind == Init::lecun ? 1 / std::sqrt(std::max(fanIn, 1.0)) : init.b;
  bool random = init.kind == Init::lecun || init.kind == Init::normal || init.kind == Init::uniform;
  DType dtype = spec.dtype;
  if (dtype.isComplex() && random) { // both parts are drawn, with the variance of the whole shared between them
    dtype = dtype.real();
    count *= 2;
    deviation /= std::numbers::sqrt2;
  }
  for (std::int64_t i = 0; i < count; ++i) {
    double value = init.a;
    switch (init.kind) {
    case Init::constant: break;
    case Init::lecun:
    case Init::normal: {
      double u = 2 * ((bits(i) >> 8) + 0.5) * 0x1p-24 - 1;
      value = init.a + deviation * std::numbers::sqrt2 * inverseErf(u);
      break;
    }
    case Init::uniform: value = init.a + (init.b - init.a) * ((bits(i) >> 8) * 0x1p-24); break;
    case Init::linspace:
      value = last > 1 ? init.a + (init.b - init.a) * double(i % last) / double(last - 1) : init.a;
      break;
    }
    storeNumber(dtype, data, i, value);
  }
  return array;
}

void detail::initialize(Walk &tree, const Key &key, Loc at) {
  if (tracing())
    throw Error(at, "initialize: first values are made outside of traces");
  if (!key.bits.isConcrete())
    throw Error(at, "initialize: the key has no value: write Key(seed)");
  for (LeafRef &leaf : tree.leaves) {
    Key own = key.fold(Tensor(std::int32_t(hashOf(leaf.path) & 0x7fffffff)), at);
    if (leaf.role == Role::key)
      *leaf.tensor = own.bits;
    else if (!leaf.tensor->empty() && (leaf.init() || !leaf.tensor->isConcrete()))
      *leaf.tensor = firstValue(*leaf.tensor->value(), leaf.init() ? *leaf.init() : init::zeros, own, leaf.path, at);
  }
  for (std::size_t i = 0; i < tree.resetCalls.size(); ++i) {
    auto &[path, reset] = tree.resetCalls[i];
    reset(tree.resetObjects[i], key.fold(Tensor(std::int32_t(hashOf(path + ".reset") & 0x7fffffff)), at));
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
  for (std::int64_t i = 0, n = countOf(v.sizes); i < n; ++i) {
    double value = loadNumber(v.dtype, v.data, i);
    if (dtype.isInteger() && dtype != i1) // as in compiled code: truncated, saturated, NaN to 0
      value = value != value ? 0
                             : std::clamp(std::trunc(value), -std::ldexp(1.0, int(dtype.bytes()) * 8 - 1),
                                          std::ldexp(1.0, int(dtype.bytes()) * 8 - 1) - 1);
    storeNumber(dtype, data, i, value);
  }
  return array;
}
Tensor detail::castLeaf(const Tensor &x, DType dtype, Loc at) { return x.dtype().isFloat() ? cast(x, dtype, at) : x; }
Tensor detail::stopGradient(const Tensor &x, Loc at) {
  return x.dtype().isInexact() ? emit("weft.stop_gradient", {x}, {}, at) : x;
}
Tensor detail::emaLeaf(const Tensor &slow, const Tensor &fast, const Operand &decay, Loc at) {
  if (!slow.dtype().isFloat())
    return fast;
  Tensor kept = resolve(decay, slow.dtype(), "ema", at); // a number in the leaf's type before 1 is less it
  return Operand(Operand(slow, at) * Operand(kept, at), at) +
         Operand(Operand(fast, at) * Operand(Operand(1, at) - Operand(kept, at), at), at);
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
