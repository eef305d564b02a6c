// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The experiments of the latent-quantised autoencoder: what must hold by mathematics (--quick), and all of it
// (--claims). See README.md.
#include "common/shapes.h"
#include "harness/Check.h"
#include "harness/Harness.h"
#include "harness/Info.h"
#include "harness/Picture.h"
#include "model.h"
#include <algorithm>
#include <bit>
#include <cmath>
#include <random>
#include <weft/data.h>

using namespace qlae;
using zoo::Rows;

namespace {
Tensor drawn(const Shape &shape, std::uint64_t seed, DType dtype = f32) {
  return run([=](const Key &key) { return normal(key, shape, dtype); }, Key(seed));
}
Tensor pixelsOf(const Tensor &x) {
  return run([](Tensor x) { return sigmoid(x); }, x);
}
std::vector<float> floats(const Tensor &x) { return {x.span<float>().begin(), x.span<float>().end()}; }
bool sameBits(const Tensor &a, const Tensor &b) {
  return std::ranges::equal(a.span<double>(), b.span<double>(), [](double x, double y) {
    return std::bit_cast<std::uint64_t>(x) == std::bit_cast<std::uint64_t>(y);
  });
}
} // namespace

// ---- 1: codes against brute force
static void nearest(zoo::Run &run) {
  const int n = 8, v = 10;
  ScalarCodes codes{n, v};
  initialize(codes, Key(0));
  std::vector<float> q = floats(drawn({n, v}, 1));
  for (int j = 0; j < n; ++j)
    std::sort(q.begin() + j * v, q.begin() + (j + 1) * v);
  codes.q = Tensor::copy(q, {n, v});
  std::vector<float> c = floats(drawn({10000, n}, 2));
  for (int b = 0; b < 1000; ++b) // midpoints of neighbours, as exact as floats are
    for (int j = 0; j < n; ++j)
      c[std::size_t(b * n + j)] = (q[std::size_t(j * v + b % (v - 1))] + q[std::size_t(j * v + b % (v - 1) + 1)]) / 2;
  struct All {
    Tensor i, q, z;
  };
  auto f = jit(
      [](const ScalarCodes &codes, Tensor c) {
        auto [i, q] = codes(c);
        return All{i, q, straightThrough(c, q)};
      },
      codes, f32({10000, n}));
  All all = f(codes, Tensor::copy(c, {10000, n}));
  auto i = all.i.span<int>();
  auto z = all.z.span<float>();
  int wrong = 0, strange = 0;
  for (int b = 0; b < 10000; ++b)
    for (int j = 0; j < n; ++j) {
      std::size_t at = std::size_t(b * n + j);
      int best = 0;
      for (int k = 1; k < v; ++k)
        if (std::abs(c[at] - q[std::size_t(j * v + k)]) < std::abs(c[at] - q[std::size_t(j * v + best)]))
          best = k;
      wrong += i[at] != best;
      strange += std::bit_cast<std::uint32_t>(z[at]) != std::bit_cast<std::uint32_t>(q[std::size_t(j * v + i[at])]);
    }
  run.criterion("1", "codes of 10,000 inputs, 1,000 of them midpoints, that differ from brute force", "0",
                zoo::text("%d", wrong), wrong == 0);
  run.criterion("1", "numbers after the straight-through form that are not in their list, bit for bit", "0",
                zoo::text("%d", strange), strange == 0);
}

// ---- 2: which term reaches what
static void gradients(zoo::Run &run) {
  Model<ScalarCodes> m32{nn::MLP{{24, 16, 4}, tanh}, {4, 6}, nn::MLP{{4, 16, 24}, tanh}};
  initialize(m32, Key(3));
  auto m = cast(m32, f64);
  Tensor x = cast(pixelsOf(drawn({12, 24}, 4)), f64);
  struct Slopes {
    Tensor whole, own, c, z, codes, encoded, latent;
  };
  auto f = jit(
      [](const Model<ScalarCodes> &m, Tensor x) {
        Tensor c = m.encode(x);
        auto [i, q] = m.codes(c);
        Tensor z = straightThrough(c, q), fit = mean(bce_with_logits(m.decode(z), x));
        Tensor own = 0.01f * mean(square(stop_gradient(c) - q));
        return Slopes{grad(loss(m, x), m.codes).q, grad(own, m.codes).q, grad(fit, c), grad(fit, z), i, c, z};
      },
      m, x);
  Slopes s = f(m, x);
  run.criterion("2", "gradient of the whole loss by the codes, against that of their own term alone", "the same bits",
                sameBits(s.whole, s.own) ? "the same bits" : "other bits", sameBits(s.whole, s.own));
  run.criterion("2", "gradient of the reconstruction by the encoder's output, against that by the decoder's input",
                "the same bits", sameBits(s.c, s.z) ? "the same bits" : "other bits", sameBits(s.c, s.z));
  // The loss with what is constant held at its values: codes chosen, encoder's output fixed.
  auto frozen = [](const ScalarCodes &codes, const Tensor &i, const Tensor &c) {
    return 0.01 * mean(square(c - pick(codes.q, i, 1)));
  };
  run.below("2", "the first against differences of the loss with choices and encoder held fixed, float64",
            zoo::gradientError(frozen, m.codes, 0, 1e-6, s.codes, s.encoded), 1e-6);
  auto decoded = [](const Tensor &z, const nn::MLP &dec, const Tensor &x) { return mean(bce_with_logits(dec(z), x)); };
  run.below("2", "the second against differences of the decoder's loss, float64",
            zoo::gradientError(decoded, s.latent, 0, 1e-5, m.dec, x), 1e-6);
}

// ---- 3: decay that is not a gradient's
static void decay(zoo::Run &run) {
  const float lr = 1e-3f, wd = 3;
  const int steps = 200;
  auto s = fit(ScalarCodes{8, 10}, 768, wd);
  initialize(s, Key(5));
  for (auto *net : {&s.m.enc, &s.m.dec})
    for (auto &layer : net->layers)
      layer.b = drawn(layer.b.shape(), 6);
  auto before = s;
  jit(
      [=](Fit<ScalarCodes> &s) {
        scan(s, steps, [](Fit<ScalarCodes> &s, Tensor) {
          s.opt.update(s.m, map(s.m, [](Tensor t) { return t.dtype().isFloat() ? zeros_like(t) : t; }));
        });
      },
      s)(s);
  const double factor = std::pow(1 - double(lr) * double(wd), steps);
  double worst = 0;
  bool kept = std::ranges::equal(s.m.codes.q.span<float>(), before.m.codes.q.span<float>());
  for (auto [now, then] : {std::pair(&s.m.enc, &before.m.enc), std::pair(&s.m.dec, &before.m.dec)})
    for (std::size_t l = 0; l < now->layers.size(); ++l) {
      auto a = now->layers[l].w.span<float>(), b = then->layers[l].w.span<float>();
      for (std::size_t i = 0; i < a.size(); ++i)
        if (b[i] != 0)
          worst = std::max(worst, std::abs(a[i] / (b[i] * factor) - 1));
      kept = kept && std::ranges::equal(now->layers[l].b.span<float>(), then->layers[l].b.span<float>());
    }
  run.below("3",
            zoo::text("%d steps without gradient: weights against (1 - lr decay)^%d, worst relative", steps, steps),
            worst, 1e-5);
  run.criterion("3", "the same: biases and codes", "unchanged", kept ? "unchanged" : "changed", kept);
}

// ---- 4: the measure itself
static void measure(zoo::Run &run) {
  zoo::Shapes s = zoo::miniShapes();
  Rows perfect{6, {}};
  for (int r = 0; r < s.sources.count(); ++r) {
    perfect.v.insert(perfect.v.end(), s.sources[r], s.sources[r] + 4);
    perfect.v.insert(perfect.v.end(), {3, 7}); // two latents that say nothing
  }
  zoo::InfoMec m = zoo::infoMec(perfect, true, s.sources);
  run.below("4", "a perfect code with two dead latents: 1 - InfoM", std::abs(1 - m.modularity), 1e-9);
  run.below("4", "the same: 1 - InfoC", std::abs(1 - m.compactness), 1e-9);
  run.above("4", "the same: InfoE", m.explicitness, 0.99);
  Rows pair{2, {}}, mixed{1, {}};
  for (int r = 0; r < 400; ++r)
    pair.v.insert(pair.v.end(), {double(r & 1), double(r >> 1 & 1)}), mixed.v.push_back((r ^ r >> 1) & 1);
  m = zoo::infoMec(mixed, true, pair);
  run.criterion("4", "z = s1 xor s2: every mutual information is 0, rows without one are left out", "InfoM 0, InfoC 0",
                zoo::text("InfoM %g, InfoC %g", m.modularity, m.compactness), m.modularity == 0 && m.compactness == 0);
}

// ---- 7, 8: the gradient of a penalty on a gradient
static void penalties(zoo::Run &run) {
  Critic wide;
  initialize(wide, Key(8));
  Tensor x = cast(pixelsOf(drawn({4, 768}, 9)), f64);
  auto penalty = [](const auto &critic, const Tensor &x) { return 10 * gradientPenalty(critic, x); };
  run.below("7", "gradient of the penalty by 400 of the critic's 187,000 parameters against differences, float64",
            zoo::gradientError(penalty, cast(wide, f64), 400, 1e-5, x), 1e-4);
  ConvolutionalCritic small;
  initialize(small, Key(10));
  Tensor images = drawn({4, 3, 8, 8}, 11, f64);
  run.below("8", "the same by all parameters of a convolutional critic, float64",
            zoo::gradientError(penalty, cast(small, f64), 0, 1e-6, images), 1e-4);
}

static void badInput(zoo::Run &run) {
  run.refuses("V = 1", "two values or more", [] { fit(ScalarCodes{8, 1}, 768, 0); });
  run.refuses("no latent", "there must be a latent", [] { fit(ScalarCodes{0, 10}, 768, 0); });
  run.refuses("negative decay", "must not be negative", [] { fit(ScalarCodes{8, 10}, 768, -1); });
  run.refuses("codes for another number of latents", "codes for 4 latents", [] {
    ScalarCodes codes{8, 10};
    codes.q = ScalarCodes{4, 10}.q;
    fit(codes, 768, 0);
  });
  auto s = fit(ScalarCodes{2, 3}, 4, 0);
  initialize(s, Key(0));
  run.refuses("a pixel of 1.5", "must lie in [0, 1]",
              [&] { inspect(s.m, Tensor::copy(std::vector<float>{0, 1, 1.5f, 0}, {1, 4})); });
  run.refuses("NaN in the encoder's output", "not finite", [&] {
    auto broken = s.m;
    broken.enc.layers[0].b = Tensor::copy(std::vector<float>(192, NAN), {192});
    inspect(broken, Tensor::copy(std::vector<float>{0, 1, 1, 0}, {1, 4}));
  });
  Rows z{1, {0, 1, 0, 1}};
  run.refuses("a source that is no whole number", "no whole number",
              [&] { zoo::infoMec(z, true, {1, {0, 1, 0.5, 1}}); });
  run.refuses("a source with a single value", "single value", [&] { zoo::infoMec(z, true, {1, {2, 2, 2, 2}}); });
  run.refuses("latents that do not vary", "none of the 1 latents varies",
              [&] { zoo::infoMec({1, {5, 5, 5, 5}}, true, {1, {0, 1, 0, 1}}); });
}

// ---- 5, 6: the arms
namespace {
struct Figures {
  double modularity, compactness, explicitness, psnr, used;
};
/// One arm with one decay: its runs, one for each seed.
struct Result {
  double decay;
  std::vector<Figures> seeds;
  double mean(double Figures::*what, std::size_t of = 0) const {
    std::size_t count = of ? std::min(of, seeds.size()) : seeds.size();
    double sum = 0;
    for (std::size_t s = 0; s < count; ++s)
      sum += seeds[s].*what;
    return sum / double(count);
  }
};

double meanPsnr(const Rows &shown, const Rows &x) {
  double sum = 0;
  for (int r = 0; r < x.count(); ++r) {
    double error = 0;
    for (int p = 0; p < x.width; ++p)
      error += (shown[r][p] - x[r][p]) * (shown[r][p] - x[r][p]) / x.width;
    sum += -10 * std::log10(std::max(error, 1e-12)) / x.count();
  }
  return sum;
}

/// Runs of one arm beside each other, as slices along axis 0.
template <class C> Fit<C> beside(const C &codes, int pixels, float decay, int seeds) {
  std::vector<Fit<C>> runs;
  for (int s = 0; s < seeds; ++s) {
    runs.push_back(fit(codes, pixels, decay));
    initialize(runs.back(), Key(std::uint64_t(s)));
  }
  return run([](const std::vector<Fit<C>> &runs) { return stack(runs); }, runs);
}

/// A plain model of run s.
template <class C> Model<C> alone(const Fit<C> &all, int s) {
  return jit([s](const Fit<C> &all) { return map(all.m, [s](Tensor t) { return t[s]; }); }, all)(all);
}

template <class C>
Result trainArm(const zoo::Run &run, const char *name, const C &codes, float decay, int seeds, int steps,
                const zoo::Shapes &shapes, Model<C> *kept = nullptr) {
  Tensor images = zoo::tensor(shapes.images);
  checkPixels(images);
  Fit<C> all = beside(codes, shapes.images.width, decay, seeds);
  const int part = 500;
  auto go = jit([](Fit<C> &all, const Tensor &images) { return train(all, images, part, 128); }, all, images);
  double last = 0;
  for (int done = 0; done < steps; done += part) {
    Rows losses = zoo::rows(go(all, images));
    last = 0;
    for (double l : losses.v)
      last += l / double(losses.v.size());
  }
  auto look = jit([](const Fit<C> &all,
                     const Tensor &images) { return vmap([&](const Model<C> &m) { return see(m, images); }, all.m); },
                  all, images);
  Seen seen = look(all, images);
  Result result{double(decay), {}};
  const int n = shapes.images.count();
  for (int s = 0; s < seeds; ++s) {
    auto part = [&](const Tensor &t) {
      Tensor wide = cast(t, f64);
      auto values = wide.template span<double>();
      std::size_t size = values.size() / std::size_t(seeds);
      return Rows{int(size / std::size_t(n)),
                  std::vector<double>(values.begin() + long(size) * s, values.begin() + long(size) * (s + 1))};
    };
    Rows latents = part(C::quantises ? seen.i : seen.c);
    zoo::InfoMec m = zoo::infoMec(latents, C::quantises, shapes.sources);
    double used = 0;
    if (C::quantises)
      for (int j = 0; j < latents.width; ++j) {
        std::vector<double> values;
        for (int r = 0; r < n; ++r)
          values.push_back(latents[r][j]);
        std::sort(values.begin(), values.end());
        used += double(std::unique(values.begin(), values.end()) - values.begin()) / latents.width;
      }
    result.seeds.push_back(
        {m.modularity, m.compactness, m.explicitness, meanPsnr(part(seen.pixels), shapes.images), used});
  }
  run.say("%-14s decay %.1f (decay lr steps %.1f), %d seeds: loss %.4f, InfoM %.3f, InfoC %.3f, InfoE %.3f, PSNR %.2f "
          "dB, values used %.1f",
          name, double(decay), double(decay) * 1e-3 * steps, seeds, last, result.mean(&Figures::modularity),
          result.mean(&Figures::compactness), result.mean(&Figures::explicitness), result.mean(&Figures::psnr),
          result.mean(&Figures::used));
  if (kept)
    *kept = alone(all, 0);
  return result;
}

/// The largest decay of the sweep at which pictures are still good; the smallest if there is none. The same rule for
/// all arms, and modularity takes no part in it.
template <class C>
Result sweptArm(const zoo::Run &run, const char *name, const C &codes, int steps, const zoo::Shapes &shapes,
                Model<C> *kept = nullptr) {
  float chosen = 0;
  for (float decay : {0.3f, 1.0f, 3.0f}) {
    Result r = trainArm(run, name, codes, decay, run.full ? 5 : 1, steps, shapes);
    if (r.mean(&Figures::psnr) > 22)
      chosen = decay;
  }
  if (chosen == 0)
    run.say("%s: no decay of the sweep reaches 22 dB, so the smallest is taken", name);
  return trainArm(run, name, codes, chosen == 0 ? 0.3f : chosen, 5, steps, shapes, kept);
}
} // namespace

static void pictures(const zoo::Run &run, const zoo::Shapes &shapes, const Model<NoCodes> &plain,
                     const Model<ScalarCodes> &quantised) {
  std::string file = run.picture("reconstructions");
  if (file.empty())
    return;
  Tensor all = zoo::tensor(shapes.images);
  Seen a = inspect(plain, all), q = inspect(quantised, all);
  auto some = [&](const Rows &r) {
    Rows chosen{r.width, {}};
    for (int i = 0; i < 36; ++i) {
      const double *from = r[(i * 521) % r.count()];
      chosen.v.insert(chosen.v.end(), from, from + r.width);
    }
    return chosen;
  };
  std::vector<zoo::Panel> panels;
  for (auto [title, rows] :
       {std::pair("pictures", shapes.images), std::pair("autoencoder with decay", zoo::rows(a.pixels)),
        std::pair("latent quantisation with decay", zoo::rows(q.pixels))}) {
    panels.emplace_back(title, 0, 1);
    panels.back().colorImages(some(rows), 16, 6);
  }
  zoo::writePicture(file, "Pictures and what is left of them after the latents", panels);

  // One latent at a time through all its values, the others as the first picture has them.
  auto sweep = jit(
      [](const Model<ScalarCodes> &m, const Tensor &z) { // z [1, n]
        std::vector<Tensor> rows;
        for (int j = 0; j < m.codes.n; ++j)
          for (int v = 0; v < m.codes.v; ++v)
            rows.push_back(select(iota(m.codes.n) == j, expand(m.codes.q[j][v], {0, 1}), z));
        return sigmoid(m.decode(concat(rows, 0)));
      },
      quantised, f32({1, quantised.codes.n}));
  std::vector<float> first(q.z.span<float>().begin(), q.z.span<float>().begin() + quantised.codes.n);
  zoo::Panel grid("rows: latents; columns: their values", 0, 1);
  grid.colorImages(zoo::rows(sweep(quantised, Tensor::copy(first, {1, quantised.codes.n}))), 16, quantised.codes.v);
  zoo::writePicture(run.picture("traversal"), "Each latent through its values", {grid});
}

static void claims(zoo::Run &run) {
  zoo::Shapes shapes = zoo::miniShapes();
  const int steps = run.full ? 6000 : 5000, few = run.full ? 5 : 3;
  Model<NoCodes> plain;
  Model<ScalarCodes> quantised;
  Result ae0 = trainArm(run, "AE", NoCodes{8}, 0, few, steps, shapes),
         q0 = trainArm(run, "QLAE", ScalarCodes{8, 10}, 0, few, steps, shapes),
         ae = sweptArm(run, "AE", NoCodes{8}, steps, shapes, &plain),
         q = sweptArm(run, "QLAE", ScalarCodes{8, 10}, steps, shapes, &quantised),
         shared = sweptArm(run, "QLAE, one list", ScalarCodes{8, 10, true}, steps, shapes),
         vectors = sweptArm(run, "VQ-VAE", VectorCodes{8, 2, 100}, steps, shapes);
  auto each = [](const Result &r) {
    std::string text;
    for (const Figures &f : r.seeds)
      text += zoo::text(" %.3f", f.modularity);
    return text;
  };
  const auto M = &Figures::modularity;
  for (auto [name, r] : {std::pair("AE, no decay", &ae0),
                         {"QLAE, no decay", &q0},
                         {"AE", &ae},
                         {"QLAE", &q},
                         {"QLAE, one list", &shared},
                         {"VQ-VAE", &vectors}})
    run.say("%-14s decay %.1f: InfoM of each seed%s", name, r->decay, each(*r).c_str());
  int above = 0;
  for (std::size_t s = 0; s < 5; ++s)
    above += q.seeds[s].modularity > ae.seeds[s].modularity;
  auto margin = [&](const char *what, double by, double limit) {
    run.criterion("5", zoo::text("mini-shapes, InfoM of QLAE (%.3f) over %s", q.mean(M), what),
                  zoo::text(">= %.2f", limit), zoo::text("%.3f", by), by >= limit);
  };
  margin("AE with decay, mean of 5 seeds", q.mean(M) - ae.mean(M), 0.10);
  run.criterion("5", "the same, seed by seed", ">= 4 of 5 above", zoo::text("%d of 5", above), above >= 4);
  margin("one list for all latents", q.mean(M) - shared.mean(M), 0.05);
  margin("vectors as codes", q.mean(M) - vectors.mean(M), 0.05);
  run.criterion("5", "InfoM of QLAE with decay over QLAE without, seeds 0 to 2", "> 0",
                zoo::text("%.3f", q.mean(M, 3) - q0.mean(M, 3)), q.mean(M, 3) > q0.mean(M, 3));
  run.above("6", zoo::text("PSNR of QLAE with decay %.1f, dB", q.decay), q.mean(&Figures::psnr), 22);
  run.above("6", "the same: InfoE", q.mean(&Figures::explicitness), 0.9);
  run.criterion("6", "the same: values that a latent uses, mean", ">= 2", zoo::text("%.2f", q.mean(&Figures::used)),
                q.mean(&Figures::used) >= 2);
  pictures(run, shapes, plain, quantised);

  // Reported: the real digits, with the label as the only source.
  Dataset all = Dataset::csv(run.data("digits.csv.gz")).scaled(1 / 16.f);
  zoo::Shapes digits{1, 8, zoo::rows(all.x()), {1, {}}, {10}};
  for (int y : all.y().span<int>())
    digits.sources.v.push_back(y);
  trainArm(run, "AE, digits", NoCodes{8}, 0.3f, 1, steps, digits);
  trainArm(run, "QLAE, digits", ScalarCodes{8, 10}, 0.3f, 1, steps, digits);
  if (run.full) {
    sweptArm(run, "AE, 4 latents", NoCodes{4}, steps, shapes);
    sweptArm(run, "QLAE 4 of 8", ScalarCodes{4, 8}, steps, shapes);
    trainArm(run, "AE, long", NoCodes{8}, float(ae.decay), 5, 20000, shapes);
    trainArm(run, "QLAE, long", ScalarCodes{8, 10}, float(q.decay), 5, 20000, shapes);
    zoo::Shapes discs = zoo::disc();
    sweptArm(run, "AE, disc", NoCodes{8}, steps, discs);
    sweptArm(run, "QLAE, disc", ScalarCodes{8, 10}, steps, discs);
  }
}

// ---- 7: the variant that draws codes
static void adversarial(zoo::Run &run) {
  Tensor images = zoo::tensor(zoo::miniShapes().images);
  Gan s;
  initialize(s, Key(0));
  auto go = jit(
      [](Gan &s, const Tensor &images) {
        return scan(s, 300, [&](Gan &s, Tensor) {
          Key key = s.key.next();
          Tensor rows = cast(uniform(key, {64}) * float(images.dim(0).value()), i32);
          return adversarialStep(s, take(images, rows));
        });
      },
      s, images);
  Losses l = go(s, images);
  int finite = 0;
  for (const Tensor &t : {l.critic, l.penalty, l.latent})
    finite += std::ranges::all_of(t.span<float>(), [](float v) { return std::isfinite(v); });
  run.criterion("7", "the generative variant: its losses in 300 steps", "finite",
                finite == 3 ? zoo::text("finite; critic %.3f, penalty %.3f, latent %.4f at the end",
                                        double(l.critic.span<float>().back()), double(l.penalty.span<float>().back()),
                                        double(l.latent.span<float>().back()))
                            : "not finite",
                finite == 3);
}

int main(int argc, char **argv) {
  return zoo::run(argc, argv, "04-qlae", [](zoo::Run &run) {
    nearest(run);
    gradients(run);
    decay(run);
    measure(run);
    penalties(run);
    badInput(run);
    if (run.quick)
      return;
    claims(run);
    adversarial(run);
  });
}
