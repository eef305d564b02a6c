// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// An autoencoder r of small corruption, or of a small Jacobian, knows the score: (r(x) - x) / sigma^2 -> d log p(x) /
// dx (Alain and Bengio, "What regularized auto-encoders learn from the data-generating distribution", 2014). The
// models, their losses, and a chain that samples by the score alone.
#pragma once
#include <cstdio>
#include <stdexcept>
#include <weft/weft.h>

namespace score {
using namespace weft;

/// r(x) = x + sigma^2 f(x): the network f is the score.
struct Residual {
  int d;
  float s2; // sigma^2
  nn::MLP f;
  Tensor operator()(Tensor x) const { return x + s2 * f(x); }
  Tensor scoreAt(Tensor x) const { return f(x); }
};
/// The classic autoencoder of one hidden layer, r(x) = c' + V tanh(c + W x), untied.
struct Classic {
  int d, hidden;
  float s2;
  nn::Linear encoder{d, hidden}, decoder{hidden, d};
  Tensor operator()(Tensor x) const { return decoder(tanh(encoder(x))); }
  Tensor scoreAt(Tensor x) const { return ((*this)(x)-x) / s2; }
};

enum class Criterion { none, dae, rcae }; // none: neither noise nor penalty

/// The Jacobian of the whole reconstruction, squared and summed, for each row: d tangents along the axes, all at once.
inline Tensor frobenius(Tensor y, Tensor x) {
  Dim d = x.dim(1);
  if (d.value() > 64)
    throw std::invalid_argument("the exact Jacobian of " + d.str() +
                                " dimensions costs as many tangents: for more than 64 use probes");
  Tensor jac = vmap([&](Tensor e) { return jvp(y, x, broadcast_to(e, x.shape())); }, eye(d, x.dtype()));
  return sum(square(jac), {0, 2});
}
/// The same in expectation, by one random tangent (Hutchinson).
inline Tensor probed(Tensor y, Tensor x, Tensor v) { return sum(square(jvp(y, x, v)), 1); }

/// RCAE: mean ||r(x) - x||^2 + sigma^2 ||dr/dx||^2, over sigma^4 so that its gradient has size 1.
template <class R> Tensor rcaeLoss(const R &r, Tensor x) {
  Tensor y = r(x);
  return (mean(sum(square(y - x), 1)) + r.s2 * mean(frobenius(y, x))) / (r.s2 * r.s2);
}
template <class R> Tensor loss(const R &r, Tensor x, const Key &noise, Criterion by) {
  if (by == Criterion::rcae)
    return rcaeLoss(r, x);
  Tensor n = normal(noise, x.shape());
  Tensor seen = by == Criterion::dae ? x + std::sqrt(r.s2) * n : x;
  return mean(sum(square(r(seen) - x), 1)) / r.s2;
}

template <class R> struct Fit {
  R r;
  optim::Adam<R> opt;
  Key key{};
};
/// So many steps of training as one compiled loop; returns the loss of each. batch 0: all rows, with fresh noise.
template <class R> Tensor train(Fit<R> &s, const Tensor &data, int steps, int batch, Criterion by) {
  return scan(s, steps, [&](Fit<R> &s, Tensor) {
    auto [pick, noise] = s.key.template next<2>();
    Tensor x = data;
    if (batch) {
      Tensor rows = cast(uniform(pick, {batch}) * float(data.dim(0).value()), i32);
      x = take(data, minimum(rows, data.dim(0) - 1));
    }
    Tensor l = loss(s.r, x, noise, by);
    s.opt.update(s.r, grad(l, s.r));
    return l;
  });
}

struct Chain {
  Tensor x, accepted; // [N, d], and how many moves each chain made
  Key key{};
};
/// Metropolis-Hastings whose log ratio is the integral of the score along the move, by Simpson's rule, or by its value
/// at the start alone.
template <class R> void sample(const R &r, Chain &c, int steps, float eta, bool simpson) {
  scan(c, steps, [&](Chain &c, Tensor) {
    auto [noise, coin] = c.key.template next<2>();
    Tensor d = eta * normal(noise, c.x.shape()), y = c.x + d, ratio;
    Dim n = c.x.dim(0);
    if (simpson) {
      Tensor s = reshape(r.scoreAt(concat({c.x, c.x + 0.5f * d, y}, 0)), {3, n, r.d}); // three nodes, one product
      ratio = contract("qnd,nd,q->n", s, d, constant({1 / 6.f, 4 / 6.f, 1 / 6.f}));
    } else {
      ratio = sum(r.scoreAt(c.x) * d, 1);
    }
    Tensor ok = log(1 - uniform(coin, {n})) < ratio; // 1 - u is never 0
    c.x = select(expand(ok, 1), y, c.x);
    c.accepted += cast(ok, i32);
  });
}

/// What the best r does for a finite set of points and fresh noise: sum_i a_i(x) x_i, a = softmax(-||x - x_i||^2 / (2
/// sigma^2)).
inline Tensor kernelRegression(Tensor x, const Tensor &points, float sigma) {
  Tensor squared = sum(square(expand(x, 1) - expand(points, 0)), 2);
  return matmul(softmax(squared * (-0.5 / (double(sigma) * double(sigma)))), points);
}

// ---- what may not be
inline float checkedSigma(float sigma) {
  if (!(sigma > 0))
    throw std::invalid_argument("sigma must be positive, found " + std::to_string(sigma));
  return sigma;
}
inline Residual residual(int d, std::vector<int> hidden, float sigma, nn::Activation act = tanh) {
  std::vector<int> widths{d};
  widths.insert(widths.end(), hidden.begin(), hidden.end());
  widths.push_back(d);
  return {d, checkedSigma(sigma) * sigma, nn::MLP{widths, act}};
}
inline void checkData(const Tensor &x) {
  auto values = x.span<float>();
  for (std::size_t i = 0; i < values.size(); ++i)
    if (!std::isfinite(values[i]))
      throw std::invalid_argument("the data have a number that is not finite in row " +
                                  std::to_string(std::int64_t(i) / x.dim(1).value()));
}
template <class R> Fit<R> fit(const R &r, Criterion by, float lr, int steps, std::uint64_t seed) {
  if (steps <= 0)
    throw std::invalid_argument("training takes one step or more, found " + std::to_string(steps));
  if constexpr (requires { r.f; }) {
    if (r.f.widths.front() != r.f.widths.back())
      throw std::invalid_argument("r must have as many outputs as inputs, found " + std::to_string(r.f.widths.front()) +
                                  " and " + std::to_string(r.f.widths.back()));
    if (by == Criterion::rcae && r.f.act == nn::Activation(relu))
      std::fprintf(stderr, "warning: the penalty on the Jacobian is differentiated again, and the second derivative of "
                           "relu is zero almost everywhere\n");
  }
  Fit<R> s{r, optim::Adam<R>{r, {.lr = optim::linear(lr, 0, steps)}}};
  initialize(s, Key(seed));
  return s;
}
inline Chain chains(int count, int d, std::uint64_t seed) {
  if (count <= 0)
    throw std::invalid_argument("there must be a chain, found " + std::to_string(count));
  Chain c{f32({count, d}), i32({count})};
  initialize(c, Key(seed));
  c.x = run([](const Key &key, Tensor like) { return normal(key, like.shape()); }, Key(seed).fold(1),
            c.x); // from N(0, I)
  return c;
}
template <class R> void runChains(const R &r, Chain &c, int steps, float eta, bool simpson = true) {
  if (steps <= 0)
    throw std::invalid_argument("a chain takes one step or more, found " + std::to_string(steps));
  jit([=](const R &r, Chain &c) { sample(r, c, steps, eta, simpson); }, r, c)(r, c);
}

} // namespace score
