// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Fourier.cpp - discrete Fourier transforms as products with small matrices -----------------------------------------===//
//
//   N = n1 n2 ... ns: an index is (j1, ..., js) row-major, and one of the result (ks, ..., k1). Stage i replaces ji by ki,
//   a product with the n_i x n_i matrix exp(-2 pi i j k / n_i), and then turns each number by k_i times what is behind it
//   (the twiddle factors). The last product writes its digits in the order of the result.
//
// Numbers are in planes inside: [..., 2, N], real parts in front, so that a stage is one product with a matrix of real
// numbers [2, n_i, 2, n_i]. Factors are at most 32, or one prime of at most 128: such products run at the machine's
// limit, and 4,096 takes three of them. A real transform of an even length is a complex one of half the length.
//
// A length with a larger prime factor goes by Bluestein: j k = (j^2 + k^2 - (k - j)^2) / 2 makes a convolution of it,
// which is done in a length that is a power of two.
//
//===----------------------------------------------------------------------------------------------------------------===//
#include "weft/Fourier.h"
#include "Value.h"
#include "weft/Index.h"
#include <algorithm>
#include <cmath>
#include <complex>
#include <numbers>

using namespace weft;
using namespace weft::detail;

namespace {
using Complex = std::complex<double>;
constexpr std::int64_t mostOfFactor = 32, mostOfPrime = 128, mostElements = std::int64_t(1) << 28;

/// exp(2 pi i turns / of), from an angle of at most an eighth of a turn.
Complex onCircle(std::int64_t turns, std::int64_t of) {
  turns = (turns % of + of) % of;
  const std::int64_t quarter = turns * 4 / of, inside = turns * 4 % of; // of a quarter, in units of 1 / of
  const bool behind = 2 * inside > of;
  const double angle = std::numbers::pi / 2 * double(behind ? of - inside : inside) / double(of);
  const double c = behind ? std::sin(angle) : std::cos(angle), s = behind ? std::cos(angle) : std::sin(angle);
  switch (quarter) {
  case 0: return {c, s};
  case 1: return {-s, c};
  case 2: return {-c, -s};
  default: return {s, -c};
  }
}

/// The lengths of the stages; none if a prime factor is too large.
std::vector<std::int64_t> factorsOf(std::int64_t n) {
  std::vector<std::int64_t> primes;
  for (std::int64_t p = 2; p * p <= n; ++p)
    for (; n % p == 0; n /= p)
      primes.push_back(p);
  if (n > 1)
    primes.push_back(n);
  if (primes.empty())
    return {1};
  if (primes.back() > mostOfPrime)
    return {};
  // The largest first, each into the smallest factor that has room for it; as few factors as there can be.
  std::int64_t all = 1;
  for (std::int64_t p : primes)
    all *= p;
  std::size_t count = 1;
  for (std::int64_t room = mostOfFactor; room < all; room *= mostOfFactor)
    ++count;
  for (;; ++count) {
    std::vector<std::int64_t> factors(count, 1);
    bool fits = true;
    for (auto p = primes.rbegin(); p != primes.rend() && fits; ++p) {
      auto least = std::min_element(factors.begin(), factors.end());
      fits = *least == 1 || *least * *p <= mostOfFactor;
      *least *= *p;
    }
    if (fits) {
      std::erase(factors, 1);
      return factors;
    }
  }
}

class Transform {
public:
  Transform(DType dtype, Loc at) : dtype(dtype), at(at) {}

  /// What the first stage reads: real and imaginary parts [..., N], or the first alone; or planes [..., 2, N]; or pairs
  /// [..., N, 2].
  struct Source {
    enum { parts, planes, pairs } how = parts;
    Tensor x, imaginary{};
  };
  /// Planes of the transform times `scale`, or pairs.
  Tensor operator()(const Source &source, std::int64_t n, int sign, double scale, bool toPairs = false) {
    std::vector<std::int64_t> factors = factorsOf(n);
    return factors.empty() ? bluestein(source, n, sign, scale, toPairs)
                           : stages(source, n, factors, sign, scale, toPairs);
  }

  Tensor part(const Tensor &planes, int which) { return squeeze(slice(planes, -2, which, which + 1, 1, at), {-2}, at); }
  /// y [..., 2, S...] times numbers of the shape S.
  Tensor turned(const Tensor &y, const std::vector<Complex> &by, std::vector<std::int64_t> shape) {
    std::vector<double> same, other;
    for (const Complex &w : by)
      same.push_back(w.real()), other.push_back(-w.imag());
    for (const Complex &w : by)
      same.push_back(w.real()), other.push_back(w.imag());
    shape.insert(shape.begin(), 2);
    const int axis = y.rank() - int(shape.size());
    return o(o(y) * o(literal(same, shape))) + o(o(flip(y, {axis}, at)) * o(literal(other, shape)));
  }
  Tensor literal(const std::vector<double> &values, const std::vector<std::int64_t> &shape) {
    return cast(reshape(constant(values, at), Shape(shape.begin(), shape.end()), at), dtype, at);
  }
  template <class T> Operand o(const T &x) { return Operand(x, at); }

private:
  Tensor stages(const Source &source, std::int64_t n, const std::vector<std::int64_t> &factors, int sign, double scale,
                bool toPairs) {
    const std::string digits = "opqrstuvwxyz";
    std::int64_t rest = n, done = 0;
    Tensor y;
    for (std::size_t i = 0; i < factors.size(); ++i) {
      const std::int64_t f = factors[i];
      const bool isLast = i + 1 == factors.size();
      rest /= f;
      // The product's matrix, [2, f, 2, f].
      std::vector<double> matrix(std::size_t(4 * f * f));
      for (std::int64_t j = 0; j < f; ++j)
        for (std::int64_t k = 0; k < f; ++k) {
          const Complex w = onCircle(sign * (j * k % f), f) * (isLast ? scale : 1.0);
          auto put = [&](std::int64_t c, std::int64_t d, double v) { matrix[((c * f + j) * 2 + d) * f + k] = v; };
          put(0, 0, w.real()), put(0, 1, w.imag()), put(1, 0, -w.imag()), put(1, 1, w.real());
        }
      Tensor all = literal(matrix, {2, f, 2, f});
      const std::string before = digits.substr(0, i), behind(before.rbegin(), before.rend());
      const std::string m = isLast ? "" : "m";
      const std::string result = isLast ? (toPairs ? "...k" + behind + "d" : "...dk" + behind) : "...d" + before + "km";
      auto product = [&](const std::string &in, const Tensor &x, const Tensor &w, const std::string &ofW) {
        const std::string spec = "..." + in + "," + ofW + "->" + result;
        return contract(Spec(spec.c_str(), at), x, w);
      };
      if (i > 0 || source.how == Source::planes) {
        Tensor x = i > 0 ? y : source.x;
        y = product("c" + before + "n" + m, reshaped(x, isLast ? std::vector{f} : std::vector{f, rest}), all, "cndk");
      } else if (source.how == Source::pairs) {
        Shape shape = source.x.shape();
        shape.resize(shape.size() - 2);
        shape.push_back(f);
        if (!isLast)
          shape.push_back(rest);
        shape.push_back(2);
        y = product("n" + m + "c", reshape(source.x, shape, at), all, "cndk");
      } else {
        auto ofPart = [&](const Tensor &x, int which) {
          return product("n" + m, reshaped(x, isLast ? std::vector{f} : std::vector{f, rest}),
                         squeeze(slice(all, 0, which, which + 1, 1, at), {0}, at), "ndk");
        };
        y = ofPart(source.x, 0);
        if (!source.imaginary.empty())
          y = o(y) + o(ofPart(source.imaginary, 1));
      }
      if (isLast)
        break;
      std::vector<Complex> twiddles;
      for (std::int64_t k = 0; k < f; ++k)
        for (std::int64_t r = 0; r < rest; ++r)
          twiddles.push_back(onCircle(sign * (k * r), f * rest));
      std::vector<std::int64_t> shape(i, 1);
      shape.push_back(f), shape.push_back(rest);
      y = turned(y, twiddles, shape);
      done = std::int64_t(i) + 1;
    }
    // The digits are one axis again.
    Shape shape = y.shape();
    shape.resize(shape.size() - std::size_t(done) - (toPairs ? 2 : 1));
    shape.push_back(n);
    if (toPairs)
      shape.push_back(2);
    return reshape(y, shape, at);
  }
  /// [..., N] as [..., f, rest].
  Tensor reshaped(const Tensor &x, const std::vector<std::int64_t> &into) {
    Shape shape = x.shape();
    shape.pop_back();
    for (std::int64_t n : into)
      shape.push_back(n);
    return reshape(x, shape, at);
  }

  Tensor bluestein(const Source &source, std::int64_t n, int sign, double scale, bool toPairs) {
    std::int64_t m = 1;
    while (m < 2 * n - 1)
      m *= 2;
    std::vector<Complex> chirp, last, kernel(std::size_t(m), Complex(0));
    for (std::int64_t j = 0; j < n; ++j) {
      chirp.push_back(onCircle(sign * (j * j % (2 * n)), 2 * n));
      last.push_back(chirp.back() * scale);
      kernel[std::size_t(j)] = kernel[std::size_t((m - j) % m)] = std::conj(chirp.back());
    }
    Tensor x;
    switch (source.how) {
    case Source::planes: x = source.x; break;
    case Source::pairs: {
      std::vector<int> order(std::size_t(source.x.rank()));
      for (std::size_t i = 0; i < order.size(); ++i)
        order[i] = int(i);
      std::swap(order[order.size() - 2], order[order.size() - 1]);
      x = transpose(source.x, order, at);
      break;
    }
    case Source::parts:
      x = stack({source.x, source.imaginary.empty() ? zeros_like(source.x, at) : source.imaginary}, source.x.rank() - 1,
                at);
    }
    Tensor padded = pad(turned(x, chirp, {n}), -1, 0, m - n, o(0));
    Tensor y = (*this)({Source::planes, padded}, m, -1, 1);
    y = (*this)({Source::planes, turned(y, onHost(kernel), {m})}, m, 1, 1 / double(m));
    y = turned(slice(y, -1, 0, n, 1, at), last, {n});
    if (!toPairs)
      return y;
    std::vector<int> order(std::size_t(y.rank()));
    for (std::size_t i = 0; i < order.size(); ++i)
      order[i] = int(i);
    std::swap(order[order.size() - 2], order[order.size() - 1]);
    return transpose(y, order, at);
  }
  /// The transform of numbers that are known, of a length that is a power of two.
  static std::vector<Complex> onHost(const std::vector<Complex> &x) {
    const std::size_t n = x.size();
    if (n == 1)
      return x;
    std::vector<Complex> even, odd, y(n);
    for (std::size_t i = 0; i < n; i += 2)
      even.push_back(x[i]), odd.push_back(x[i + 1]);
    even = onHost(even), odd = onHost(odd);
    for (std::size_t k = 0; k < n / 2; ++k) {
      const Complex t = onCircle(-std::int64_t(k), std::int64_t(n)) * odd[k];
      y[k] = even[k] + t, y[k + n / 2] = even[k] - t;
    }
    return y;
  }

  DType dtype; // of the parts
  Loc at;
};

/// An operand whose axis is the last one, with that many elements.
struct Prepared {
  Tensor x;
  int axis;
  std::int64_t n;
};
Tensor moved(const Tensor &x, int from, int to, Loc at) {
  if (from == to)
    return x;
  std::vector<int> order;
  for (int i = 0; i < x.rank(); ++i)
    if (i != from)
      order.push_back(i);
  order.insert(order.begin() + to, from);
  return transpose(x, order, at);
}
void requireNumbers(const char *op, const Tensor &x, bool real, Loc at) {
  requireValue(x, op, "operand", at);
  const DType t = x.dtype();
  if (t != f32 && t != f64 && (real || (t != c64 && t != c128)))
    fail(at,
         std::string(op) + ": expected " + (real ? "f32 or f64" : "f32, f64, c64 or c128") + ", found " + x.str() +
             (real && t.isComplex() ? ": write fft(x), or rfft(real(x))" : ": write cast(x, f32)"),
         {{"operand", x}});
  if (x.rank() == 0)
    fail(at, std::string(op) + ": expected an axis to transform, found " + x.str(), {{"operand", x}});
}
/// `n`: so many elements along the axis; 0: as many as there are.
Prepared prepared(const char *op, const Tensor &x, int axis, std::int64_t n, Loc at) {
  const int a = axisOf(op, axis, x.rank(), at);
  const Dim &size = x.shape()[std::size_t(a)];
  if (!size.isStatic())
    fail(at,
         std::string(op) + ": the length of a transform must be known when the function is traced, found axis " +
             std::to_string(a) + " of " + x.str(),
         {{"operand", x}});
  const std::int64_t have = size.value(), want = n == 0 ? have : n;
  if (want < 1 || want > mostElements)
    fail(at,
         std::string(op) + ": a transform has between 1 and " + std::to_string(mostElements) + " elements, found " +
             std::to_string(want) + " along axis " + std::to_string(a) + " of " + x.str(),
         {{"operand", x}});
  Tensor y = moved(x, a, x.rank() - 1, at);
  if (want < have)
    y = slice(y, -1, 0, want, 1, at);
  else if (want > have)
    y = pad(y, -1, 0, want - have, Operand(0, at));
  return {y, a, want};
}
double scaleOf(FourierNorm norm, std::int64_t n, bool inverse) {
  switch (norm) {
  case FourierNorm::ortho: return 1 / std::sqrt(double(n));
  case FourierNorm::backward: return inverse ? 1 / double(n) : 1;
  default: return inverse ? 1 : 1 / double(n);
  }
}
Transform::Source sourceOf(const Tensor &x, Loc at) {
  if (x.dtype().isComplex())
    return {Transform::Source::parts, real(x, at), imag(x, at)};
  return {Transform::Source::parts, x};
}
DType partOf(DType t) { return t == c64 ? f32 : t == c128 ? f64 : t; }
Tensor together(Transform &f, const Tensor &planes, Loc at) {
  return complex(Operand(f.part(planes, 0), at), Operand(f.part(planes, 1), at));
}

Tensor complexTransform(const char *op, const Tensor &x, int axis, const Fourier &how, bool inverse, Loc at) {
  requireNumbers(op, x, false, at);
  Prepared p = prepared(op, x, axis, how.n, at);
  Transform f(partOf(x.dtype()), at);
  Tensor y = f(sourceOf(p.x, at), p.n, inverse ? 1 : -1, scaleOf(how.norm, p.n, inverse));
  return moved(together(f, y, at), x.rank() - 1, p.axis, at);
}

/// All axes where none is named, from the front, none twice.
std::vector<int> axesOf(const char *op, const Axes &axes, const Tensor &x, Loc at) {
  std::vector<int> list;
  for (int axis : axes.axes) {
    const int a = axisOf(op, axis, x.rank(), at);
    if (std::find(list.begin(), list.end(), a) != list.end())
      throw Error(at, std::string(op) + ": axis " + std::to_string(a) + " stands twice");
    list.push_back(a);
  }
  if (list.empty())
    for (int a = 0; a < x.rank(); ++a)
      list.push_back(a);
  return list;
}
} // namespace

Tensor weft::fft(const Tensor &x, int axis, const Fourier &how, Loc at) {
  return complexTransform("fft", x, axis, how, false, at);
}
Tensor weft::ifft(const Tensor &x, int axis, const Fourier &how, Loc at) {
  return complexTransform("ifft", x, axis, how, true, at);
}

Tensor weft::rfft(const Tensor &x, int axis, const Fourier &how, Loc at) {
  requireNumbers("rfft", x, true, at);
  Prepared p = prepared("rfft", x, axis, how.n, at);
  Transform f(x.dtype(), at);
  auto o = [&](const auto &v) { return Operand(v, at); };
  const std::int64_t half = p.n / 2;
  const double scale = scaleOf(how.norm, p.n, false);
  if (p.n % 2) {
    Tensor y = slice(f({Transform::Source::parts, p.x}, p.n, -1, scale), -1, 0, half + 1, 1, at);
    return moved(together(f, y, at), x.rank() - 1, p.axis, at);
  }
  // z = even + i odd elements. Z + conj Z backwards is twice the transform of the even ones, and so on.
  Shape pairs = p.x.shape();
  pairs.back() = half;
  pairs.push_back(2);
  Tensor z = f({Transform::Source::pairs, reshape(p.x, pairs, at)}, half, -1, scale / 2);
  Tensor ahead = concat({z, slice(z, -1, 0, 1, 1, at)}, -1, at), back = flip(ahead, {-1}, at);
  Tensor re = f.part(ahead, 0), im = f.part(ahead, 1), reBack = f.part(back, 0), imBack = f.part(back, 1);
  std::vector<double> c, s;
  for (std::int64_t k = 0; k <= half; ++k) {
    const Complex w = onCircle(-k, p.n);
    c.push_back(w.real()), s.push_back(w.imag());
  }
  Tensor cosine = f.literal(c, {half + 1}), sine = f.literal(s, {half + 1});
  Tensor evenRe = o(re) + o(reBack), evenIm = o(im) - o(imBack), oddRe = o(im) + o(imBack), oddIm = o(reBack) - o(re);
  Tensor yRe = o(evenRe) + o(o(o(cosine) * o(oddRe)) - o(o(sine) * o(oddIm)));
  Tensor yIm = o(evenIm) + o(o(o(cosine) * o(oddIm)) + o(o(sine) * o(oddRe)));
  return moved(complex(o(yRe), o(yIm)), x.rank() - 1, p.axis, at);
}

Tensor weft::irfft(const Tensor &x, int axis, const Fourier &how, Loc at) {
  requireNumbers("irfft", x, false, at);
  const int a = axisOf("irfft", axis, x.rank(), at);
  const Dim &size = x.shape()[std::size_t(a)];
  const std::int64_t n = how.n ? how.n : size.isStatic() ? 2 * (size.value() - 1) : 1;
  if (n < 1)
    fail(at,
         "irfft: " + size.str() + " elements along axis " + std::to_string(a) + " of " + x.str() + " give " +
             std::to_string(n) + " real ones, 2 (m - 1) of m: name their number by {.n = 1}",
         {{"operand", x}});
  const std::int64_t half = n / 2;
  Prepared p = prepared("irfft", x, axis, half + 1, at);
  Transform f(partOf(x.dtype()), at);
  auto o = [&](const auto &v) { return Operand(v, at); };
  const double scale = scaleOf(how.norm, n, true);
  std::vector<double> counts(std::size_t(half + 1), 1.0);
  counts.front() = 0;
  if (n % 2 == 0)
    counts.back() = 0;
  const bool isComplex = x.dtype().isComplex();
  Tensor re = isComplex ? real(p.x, at) : p.x,
         im = isComplex ? Tensor(o(imag(p.x, at)) * o(f.literal(counts, {half + 1}))) : zeros_like(p.x, at);
  if (n % 2) {
    // The conjugates behind the middle.
    auto whole = [&](const Tensor &part, int sign) {
      if (half == 0)
        return part;
      Tensor rest = flip(slice(part, -1, 1, half + 1, 1, at), {-1}, at);
      return concat({part, sign < 0 ? Tensor(-o(rest)) : rest}, -1, at);
    };
    Tensor y = f({Transform::Source::parts, whole(re, 1), whole(im, -1)}, n, 1, scale);
    return moved(f.part(y, 0), x.rank() - 1, p.axis, at);
  }
  auto ahead = [&](const Tensor &part) { return slice(part, -1, 0, half, 1, at); };
  auto back = [&](const Tensor &part) { return flip(slice(part, -1, 1, half + 1, 1, at), {-1}, at); };
  Tensor reA = ahead(re), imA = ahead(im), reB = back(re), imB = back(im);
  std::vector<double> c, s;
  for (std::int64_t k = 0; k < half; ++k) {
    const Complex w = onCircle(k, n);
    c.push_back(w.real()), s.push_back(w.imag());
  }
  Tensor cosine = f.literal(c, {half}), sine = f.literal(s, {half});
  // Twice the transforms of the even and of the odd elements, the odd ones before they are turned.
  Tensor evenRe = o(reA) + o(reB), evenIm = o(imA) - o(imB), dRe = o(reA) - o(reB), dIm = o(imA) + o(imB);
  Tensor oddRe = o(o(cosine) * o(dRe)) - o(o(sine) * o(dIm)), oddIm = o(o(cosine) * o(dIm)) + o(o(sine) * o(dRe));
  Tensor y =
      f({Transform::Source::parts, o(evenRe) - o(oddIm), o(evenIm) + o(oddRe)}, half, 1, scale, /*toPairs=*/true);
  Shape shape = y.shape();
  shape.pop_back();
  shape.back() = n;
  return moved(reshape(y, shape, at), x.rank() - 1, p.axis, at);
}

Tensor weft::fftn(const Tensor &x, const Axes &axes, FourierNorm norm, Loc at) {
  requireNumbers("fftn", x, false, at);
  Tensor y = x;
  for (int axis : axesOf("fftn", axes, x, at))
    y = fft(y, axis, {.norm = norm}, at);
  return y;
}
Tensor weft::ifftn(const Tensor &x, const Axes &axes, FourierNorm norm, Loc at) {
  requireNumbers("ifftn", x, false, at);
  Tensor y = x;
  for (int axis : axesOf("ifftn", axes, x, at))
    y = ifft(y, axis, {.norm = norm}, at);
  return y;
}
Tensor weft::rfftn(const Tensor &x, const Axes &axes, FourierNorm norm, Loc at) {
  requireNumbers("rfftn", x, true, at);
  std::vector<int> all = axesOf("rfftn", axes, x, at);
  Tensor y = rfft(x, all.back(), {.norm = norm}, at);
  for (std::size_t i = 0; i + 1 < all.size(); ++i)
    y = fft(y, all[i], {.norm = norm}, at);
  return y;
}
Tensor weft::irfftn(const Tensor &x, const Axes &axes, const Fourier &how, Loc at) {
  requireNumbers("irfftn", x, false, at);
  std::vector<int> all = axesOf("irfftn", axes, x, at);
  Tensor y = x;
  for (std::size_t i = 0; i + 1 < all.size(); ++i)
    y = ifft(y, all[i], {.norm = how.norm}, at);
  return irfft(y, all.back(), how, at);
}

/// The numbers k / (d n) of the first `count` k, those from `negative` on less n.
static Tensor frequencies(const char *op, int n, double d, int count, int negative, DType dtype, Loc at) {
  if (n < 1 || d == 0)
    throw Error(at, std::string(op) + ": expected at least 1 sample, and a distance that is not 0, found n = " +
                        std::to_string(n) + " and d = " + std::to_string(d));
  std::vector<double> all;
  for (int k = 0; k < count; ++k)
    all.push_back(double(k < negative ? k : k - n) / (d * n));
  return cast(constant(all, at), dtype, at);
}
Tensor weft::fftfreq(int n, double d, DType dtype, Loc at) {
  return frequencies("fftfreq", n, d, n, (n + 1) / 2, dtype, at);
}
Tensor weft::rfftfreq(int n, double d, DType dtype, Loc at) {
  return frequencies("rfftfreq", n, d, n / 2 + 1, n, dtype, at);
}
static Tensor shifted(const char *op, const Tensor &x, const Axes &axes, bool back, Loc at) {
  requireValue(x, op, "operand", at);
  Tensor y = x;
  for (int axis : axesOf(op, axes, x, at)) {
    const Dim &size = x.shape()[std::size_t(axis)];
    if (!size.isStatic())
      fail(at, std::string(op) + ": axis " + std::to_string(axis) + " of " + x.str() + " has no known middle",
           {{"operand", x}});
    const int half = int(size.value() / 2);
    if (half)
      y = roll(y, back ? -half : half, axis, at);
  }
  return y;
}
Tensor weft::fftshift(const Tensor &x, const Axes &axes, Loc at) { return shifted("fftshift", x, axes, false, at); }
Tensor weft::ifftshift(const Tensor &x, const Axes &axes, Loc at) { return shifted("ifftshift", x, axes, true, at); }
