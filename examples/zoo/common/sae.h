// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A sparse autoencoder: numbers of a network as sums of few out of many directions.
#pragma once
#include <cmath>
#include <weft/weft.h>

namespace zoo {

/// a = relu((x - b) E^T + c), and x again as a W^T + b. The rows of E have length 1; so have those of W, along the
/// latents or, with `directions`, its columns: the direction of each latent.
struct Sae {
  int d = 1, m = 1;
  bool directions = false;
  weft::Param e{{m, d}, weft::init::normal(1)};
  weft::Param c{{m}, weft::init::uniform(-1 / std::sqrt(double(d)), 1 / std::sqrt(double(d)))};
  weft::Param w{{d, m}, weft::init::normal(1)}, b{{d}, weft::init::zeros};

  weft::Tensor encode(const weft::Tensor &x) const { return relu(contract("nd,md->nm", x - b, e) + c); }
  weft::Tensor decode(const weft::Tensor &a) const { return contract("nm,dm->nd", a, w) + b; }
  int axisOfW() const { return directions ? 0 : 1; }
};
/// The squared error, and the length of the codes by their sum times lambda.
inline weft::Tensor loss(const Sae &s, const weft::Tensor &x, const weft::Operand &lambda) {
  weft::Tensor a = s.encode(x);
  return mean(square(s.decode(a) - x)) + lambda * mean(sum(a, 1)); // a >= 0
}

/// Puts the rows back to length 1: done in front of every use, by the step that changed them.
inline void normalizeRows(Sae &s) { s.e = normalize(s.e, 1), s.w = normalize(s.w, s.axisOfW()); }
/// What is left of the gradient on the spheres: what would only change a length is taken away.
inline void project(Sae &gradient, const Sae &at) {
  auto along = [](const weft::Tensor &g, const weft::Tensor &v, int axis) { return v * sum(g * v, axis, weft::keep); };
  gradient.e -= along(gradient.e, at.e, 1);
  gradient.w -= along(gradient.w, at.w, at.axisOfW());
}

struct SaeFit {
  Sae sae;
  weft::optim::Adam<Sae> opt;
};
inline SaeFit saeFit(const Sae &s, double rate = 1e-3) { return {s, weft::optim::Adam<Sae>{s, {.lr = rate}}}; }
/// One step on all rows; the rows of E and W have length 1 before it and after it.
inline weft::Tensor step(SaeFit &s, const weft::Tensor &x, const weft::Operand &lambda) {
  weft::Tensor l = loss(s.sae, x, lambda);
  Sae g = grad(l, s.sae);
  project(g, s.sae);
  s.opt.update(s.sae, g);
  normalizeRows(s.sae);
  return l;
}

} // namespace zoo
