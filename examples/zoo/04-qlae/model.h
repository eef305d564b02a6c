// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// An autoencoder whose every latent number snaps to the nearest of a few learnable numbers of its own (K. Hsu, W.
// Dorrell, J. Whittington, J. Wu and C. Finn, "Disentanglement via latent quantization", 2023), its baselines, and its
// generative variant with a penalty on a gradient.
#pragma once
#include <stdexcept>
#include <string>
#include <weft/weft.h>

namespace qlae {
using namespace weft;

/// Codes i32 [B, m], and the numbers [B, n] that they stand for.
struct Coded {
  Tensor i, q;
};

/// The plain autoencoder: the decoder gets the numbers as they are.
struct NoCodes {
  int n = 0;
  static constexpr bool quantises = false;
  Coded operator()(Tensor c) const { return {zeros({c.dim(0), n}, i32), c}; }
};
/// One list of v numbers for each latent, or one for all of them.
struct ScalarCodes {
  int n = 0, v = 0;
  bool shared = false;
  Param q{{shared ? 1 : n, v}, init::linspace(-0.5f, 0.5f)};
  static constexpr bool quantises = true;
  Coded operator()(Tensor c) const {
    Tensor i = argmin(abs(expand(c, 2) - q), 2);
    return {i, pick(broadcast_to(q, {n, v}), i, 1)}; // q[j, i[b, j]]
  }
};
/// The usual vector quantiser: n / d vectors of d numbers each, one list of v vectors for all.
struct VectorCodes {
  int n = 0, d = 0, v = 0;
  Param q{{v, d}, init::uniform(-0.5f, 0.5f)};
  static constexpr bool quantises = true;
  Coded operator()(Tensor c) const {
    Tensor parts = reshape(c, {c.dim(0), n / d, d});
    Tensor i = argmin(sum(square(expand(parts, 2) - q), 3), 2);
    return {i, reshape(take(q, i), {c.dim(0), n})};
  }
};

/// q in value, bit for bit, and c for the gradient.
inline Tensor straightThrough(Tensor c, Tensor q) { return stop_gradient(q) + (c - stop_gradient(c)); }

template <class C> struct Model {
  nn::MLP enc;
  C codes;
  nn::MLP dec;
  Tensor encode(Tensor x) const { return enc(x); }
  Tensor decode(Tensor z) const { return dec(z); } // logits of pixels
};

template <class C> Tensor loss(const Model<C> &m, Tensor x) {
  Tensor c = m.encode(x);
  if constexpr (!C::quantises) {
    return mean(bce_with_logits(m.decode(c), x));
  } else {
    Tensor q = m.codes(c).q;
    Tensor fit = mean(bce_with_logits(m.decode(straightThrough(c, q)), x)); // reaches the encoder, never q
    return fit + 0.01f * mean(square(stop_gradient(c) - q)) + 0.01f * mean(square(c - stop_gradient(q)));
  }
}

template <class C> struct Fit {
  Model<C> m;
  optim::AdamW<Model<C>> opt;
  Key key{};
};
/// Decay and clipping are for weights; biases and codes have neither.
template <class C> optim::AdamW<Model<C>> optimiser(const Model<C> &m, float lr, float decay) {
  return {m, {.lr = lr, .decay = decay, .clip = 1.0f}, {{C::quantises ? "codes.*|*.b" : "*.b", {.lr = lr}}}};
}
template <class C> Tensor step(Fit<C> &s, const Tensor &images, int batch) {
  Key key = s.key.next();
  Tensor rows = cast(uniform(key, {batch}) * float(images.dim(0).value()), i32);
  Tensor l = loss(s.m, take(images, minimum(rows, images.dim(0) - 1)));
  s.opt.update(s.m, grad(l, s.m));
  return l;
}
/// Several runs at once, each with weights and a key of its own: axis 0 of every leaf of `all`. Returns their losses
/// [steps, runs].
template <class C> Tensor train(Fit<C> &all, const Tensor &images, int steps, int batch) {
  struct Next {
    Fit<C> s;
    Tensor loss;
  };
  return scan(all, steps, [&](Fit<C> &all, Tensor) {
    Next next = vmap(
        [&](Fit<C> s) {
          Tensor l = step(s, images, batch);
          return Next{s, l};
        },
        all);
    all = next.s;
    return next.loss;
  });
}
struct Seen {
  Tensor c, i, z, pixels; // [B, n], i32 [B, m], [B, n], [B, pixels]
};
template <class C> Seen see(const Model<C> &m, Tensor x) {
  Tensor c = m.encode(x);
  Coded coded = m.codes(c);
  Tensor z = C::quantises ? straightThrough(c, coded.q) : c;
  return {c, coded.i, z, sigmoid(m.decode(z))};
}

// ---- the generative variant: codes are drawn, pictures are made of them, and a critic that also reads codes judges
// them
struct Critic {
  nn::Linear a{768, 192}, b{192, 192}, score{192, 1}, latent{192, 8};
  Tensor trunk(Tensor x) const { return relu(b(relu(a(x)))); }
  Tensor operator()(Tensor x) const { return score(trunk(x)); }
};
/// (|dv/dx| - 1)^2, averaged over rows: its gradient by the critic's parameters is a second derivative.
template <class V> Tensor gradientPenalty(const V &v, Tensor x) {
  Tensor slope = grad(sum(v(x)), x);
  return mean(square(norm(reshape(slope, {x.dim(0), -1}), 1) - 1));
}
struct Judge {
  Critic critic;
  ScalarCodes codes{8, 10};
};
struct Gan {
  nn::MLP g{{8, 192, 192, 768}, relu};
  Judge d;
  optim::Adam<nn::MLP> og{g, {.lr = 2e-4f, .beta1 = 0, .beta2 = 0.9f}};
  optim::Adam<Judge> od{d, {.lr = 2e-4f, .beta1 = 0, .beta2 = 0.9f}};
  Buffer n{i32({})};
  Key key{};
};
struct Losses {
  Tensor critic, penalty, latent;
};
/// One step of the critic, and every fifth time one of the generator.
inline Losses adversarialStep(Gan &s, Tensor real) {
  auto [kz, ku] = s.key.next<2>();
  Dim B = real.dim(0);
  const ScalarCodes &codes = s.d.codes;
  Tensor drawn = cast(uniform(kz, {B, codes.n}) * float(codes.v), i32);
  Tensor z = stop_gradient(pick(codes.q, drawn, 1)), fake = sigmoid(s.g(z));
  auto latentLoss = [&](const Judge &d, Tensor x) { return mean(square(d.critic.latent(d.critic.trunk(x)) - z)); };

  Tensor still = stop_gradient(fake), u = uniform(ku, {B, 1});
  Tensor c = s.d.critic.latent(s.d.critic.trunk(still)), q = s.d.codes(c).q;
  Tensor penalty = gradientPenalty(s.d.critic, u * real + (1 - u) * still), latent = latentLoss(s.d, still);
  Tensor loss = mean(s.d.critic(still)) - mean(s.d.critic(real)) + 10 * penalty + 200 * latent +
                0.01f * mean(square(stop_gradient(c) - q)) + 0.01f * mean(square(c - stop_gradient(q)));
  s.od.update(s.d, grad(loss, s.d));
  when(s.n % 5 == 0, s,
       [&](Gan &s) { s.og.update(s.g, grad(200 * latentLoss(s.d, fake) - mean(s.d.critic(fake)), s.g)); });
  s.n += 1;
  return {loss, penalty, latent};
}

// ---- a convolutional critic: two 3x3 convolutions, the second with stride 2, each followed by instance norm and leaky
// ReLU
inline Tensor convolve3x3(Tensor x, Tensor w, int stride) { // x [B, C, H, W], w [O, C, 9]; zeros around
  Tensor wide = pad(pad(x, 2, 1, 1), 3, 1, 1);
  std::vector<Tensor> places;
  for (int y = 0; y < 3; ++y)
    for (int k = 0; k < 3; ++k)
      places.push_back(slice(slice(wide, 2, y, y + x.dim(2), stride), 3, k, k + x.dim(3), stride));
  return contract("kbchw,ock->bohw", stack(places), w);
}
inline Tensor instanceNorm(Tensor x) {
  Tensor m = mean(x, {2, 3}, keep);
  return (x - m) / sqrt(mean(square(x - m), {2, 3}, keep) + 1e-6);
}
inline Tensor leakyRelu(Tensor x) { return select(x > 0, x, 0.2 * x); }
struct ConvolutionalCritic {
  Param w1{{8, 3, 9}}, w2{{8, 8, 9}};
  nn::Linear head{8, 1};
  Tensor operator()(Tensor x) const {
    x = leakyRelu(instanceNorm(convolve3x3(x, w1, 1)));
    x = leakyRelu(instanceNorm(convolve3x3(x, w2, 2)));
    return head(mean(x, {2, 3}));
  }
};

// ---- what may not be
inline void refuse(bool bad, const std::string &why) {
  if (bad)
    throw std::invalid_argument(why);
}
inline const ScalarCodes &checked(const ScalarCodes &c) {
  refuse(c.v < 2, "a list of codes has two values or more, found " + std::to_string(c.v));
  refuse(c.n < 1, "there must be a latent, found " + std::to_string(c.n));
  return c;
}
inline const NoCodes &checked(const NoCodes &c) { return c; }
inline const VectorCodes &checked(const VectorCodes &c) { return c; }
template <class C> Fit<C> fit(const C &codes, int pixels, float decay) {
  refuse(!(decay >= 0), "decay must not be negative, found " + std::to_string(decay));
  int n = checked(codes).n;
  Model<C> m{nn::MLP{{pixels, 192, 192, n}, relu}, codes, nn::MLP{{n, 192, 192, pixels}, relu}};
  if constexpr (std::is_same_v<C, ScalarCodes>)
    refuse(!codes.shared && codes.q.dim(0).value() != codes.n,
           "there are codes for " + codes.q.dim(0).str() + " latents, and " + std::to_string(codes.n) + " latents");
  return {m, optimiser(m, 1e-3f, decay)};
}
inline void checkPixels(const Tensor &x) {
  auto values = x.span<float>();
  for (std::size_t i = 0; i < values.size(); ++i)
    refuse(!(values[i] >= 0 && values[i] <= 1), "pixels must lie in [0, 1], found " + std::to_string(values[i]) +
                                                    " in image " + std::to_string(std::int64_t(i) / x.dim(1).value()));
}
/// What a trained model sees in pictures; a number that is not finite has no nearest code and is an error.
template <class C> Seen inspect(const Model<C> &m, const Tensor &x) {
  checkPixels(x);
  Seen s = jit(Options{.check_finite = true}, see<C>, m, x)(m, x);
  return s;
}

} // namespace qlae
