// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The experiments of the context autoencoder: what must hold by mathematics (--quick), and all of it (--claims). See
// README.md.
#include "harness/Check.h"
#include "harness/Harness.h"
#include "harness/KMeans.h"
#include "harness/Linear.h"
#include "harness/Picture.h"
#include "harness/Statistics.h"
#include "model.h"
#include <algorithm>
#include <bit>
#include <cmath>
#include <map>

using namespace cae;
using zoo::Rows;

namespace {
constexpr int codes = 32, masked = 8;

Tensor drawn(const Shape &shape, std::uint64_t seed, DType dtype = f32) {
  return run([=](const Key &key) { return normal(key, shape, dtype); }, Key(seed));
}
Split splitOf(int count, int M, std::uint64_t seed) {
  return run([=](const Key &key) { return zoo::randomSplit(key, count, N, M); }, Key(seed));
}
Tensor codesOf(const Rows &patches, const Rows &centres) {
  return Tensor::copy(zoo::nearestCentres(patches, centres), {patches.count() / N, N});
}
/// [n, N, numbers] as rows of single patches.
Rows asRows(const Tensor &x) {
  return {numbers, zoo::rows(run([](Tensor x) { return reshape(x, {-1, numbers}); }, x)).v};
}
Tensor patchesOf(const Tensor &pictures) {
  return run([](Tensor x) { return zoo::digitPatches(x); }, pictures);
}
double furthest(const Tensor &a, const Tensor &b) {
  double most = 0;
  for (std::size_t i = 0; i < a.span<float>().size(); ++i)
    most = std::max(most, std::abs(double(a.span<float>()[i]) - double(b.span<float>()[i])));
  return most;
}
template <class T> Rows flatRows(const T &tree) {
  return zoo::rows(run([](const T &t) { return ravel(t); }, tree));
}
bool sameBits(const Tensor &a, const Tensor &b) {
  return std::ranges::equal(a.span<float>(), b.span<float>(), [](float x, float y) {
    return std::bit_cast<std::uint32_t>(x) == std::bit_cast<std::uint32_t>(y);
  });
}
} // namespace

// ---- 1: masked pixels are not seen
static void unseen(zoo::Run &run, const Cae &m) {
  const int B = 8, M = 8;
  Tensor x = drawn({B, N, numbers}, 1);
  Split s = splitOf(B, M, 2);
  std::vector<float> other(x.span<float>().begin(), x.span<float>().end());
  for (int b = 0; b < B; ++b)
    for (int k = 0; k < M; ++k)
      for (int p = 0; p < numbers; ++p)
        other[std::size_t((b * N + s.masked.span<int>()[std::size_t(b * M + k)]) * numbers + p)] += 1 + float(p);
  auto f = jit(&Cae::operator(), m, x, s);
  Forward a = f(m, x, s), c = f(m, Tensor::copy(other, {B, N, numbers}), s);
  bool same = sameBits(a.predicted, c.predicted) && sameBits(a.logits, c.logits);
  run.criterion("1", "other pixels in masked patches: predicted latents and logits", "the same bits",
                same ? "the same bits" : "other bits", same);
  double moved = furthest(a.target, c.target);
  run.above("1", "the same: how far a target moves at most", moved, 0.1);
}

// ---- 2: where gradients go
static void gradients(zoo::Run &run) {
  const int B = 3, M = 8;
  Cae small{16, 2, codes, 2}; // as deep as gradients need
  initialize(small, Key(0));
  Cae m = cast(small, f64);
  Tensor x = drawn({B, N, numbers}, 3, f64);
  Split s = splitOf(B, M, 4);
  std::vector<int> names;
  for (int i = 0; i < B * M; ++i)
    names.push_back(i * 7 % m.codes);
  Tensor ids = Tensor::copy(names, {B, M});
  struct Slopes {
    Cae distance;
    Vit whole, unfrozen;
    Tensor target;
  };
  auto slopes = jit(
      [](const Cae &m, Tensor x, const Split &at, Tensor ids) {
        Forward f = m(x, at);
        Tensor also = cross_entropy(f.logits, ids) + 2 * mse(f.predicted, m.latents(x, at.masked));
        return Slopes{grad(mse(f.predicted, f.target), m), grad(loss(f, ids, 2), m.enc), grad(also, m.enc), f.target};
      },
      m, x, s, ids);
  Slopes g = slopes(m, x, s, ids);
  int found = 0;
  struct Decoder {
    std::vector<nn::TransformerBlock> decoder;
    nn::LayerNorm decoded;
    nn::Linear name;
  } of{g.distance.decoder, g.distance.decoded, g.distance.name};
  Tensor flat = weft::run([](const Decoder &d) { return ravel(d); }, of);
  for (double v : flat.span<double>())
    found += v != 0;
  run.criterion(
      "2",
      zoo::text("gradient of the latents' distance by the decoder's %zu numbers, not zero", flat.span<double>().size()),
      "0", zoo::text("%d", found), found == 0);

  auto frozen = [](const Vit &enc, Cae m, const Tensor &x, const Split &at, const Tensor &ids, const Tensor &target) {
    m.enc = enc;
    Forward f = m(x, at);
    f.target = target;
    return loss(f, ids, 2);
  };
  run.below("2", "gradient by 300 of the encoder's numbers, targets held as constants, against differences, float64",
            zoo::gradientError(frozen, m.enc, 300, 1e-5, m, x, s, ids, g.target), 1e-6);
  auto constant = jit(
      [frozen](const Cae &m, Tensor x, const Split &at, Tensor ids, Tensor target) {
        Vit enc = m.enc;
        return grad(frozen(enc, m, x, at, ids, target), enc);
      },
      m, x, s, ids, g.target);
  Rows with = flatRows(constant(m, x, s, ids, g.target)), whole = flatRows(g.whole), also = flatRows(g.unfrozen);
  run.below("2", "gradient of the whole loss by the encoder against that with targets held as constants, relative",
            zoo::relativeError(whole, with), 1e-12);
  run.above("2", "the same against that of the loss whose targets move with the encoder, relative",
            zoo::relativeError(whole, also), 1e-3);
}

// ---- 3: order does not matter, and what is not kept is not there
static void order(zoo::Run &run, const Cae &m) {
  const int B = 8, M = 8;
  Tensor x = drawn({B, N, numbers}, 5);
  Split s = splitOf(B, M, 6);
  std::vector<int> turned;
  for (int b = 0; b < B; ++b)
    for (int k = 0; k < M; ++k)
      turned.push_back(s.masked.span<int>()[std::size_t(b * M + (k * 3 + 1) % M)]);
  auto f = jit(
      [](const Cae &m, Tensor x, const Split &at) {
        Forward f = m(x, at);
        std::vector<int> order;
        for (int k = 0; k < 8; ++k)
          order.push_back((k * 3 + 1) % 8);
        f.target = take(f.predicted, constant(order), 1); // as the other call should find them
        return std::pair(f, take(f.logits, constant(order), 1));
      },
      m, x, s);
  auto [a, logits] = f(m, x, s);
  Forward c = f(m, x, Split{s.keep, Tensor::copy(turned, {B, M})}).first;
  run.below("3", "masked patches in another order: latents in that order, the largest difference",
            furthest(a.target, c.predicted), 1e-5);
  run.below("3", "the same of the logits", furthest(logits, c.logits), 1e-5);

  auto both = jit(
      [](const Cae &m, Tensor x, Tensor keep) {
        Tensor all = zoo::withClass(m.enc, m.enc.embedded(x));
        Tensor seen = concat({ones({x.dim(0), 1}), sum(one_hot(keep, N), 1)}, 1) > 0;
        all = m.enc.encoder(all, nn::Attend{.keys = seen});
        return std::pair(m.latents(x, keep), rowsAt(zoo::withoutClass(all), keep));
      },
      m, x, s.keep);
  auto [gathered, hidden] = both(m, x, s.keep);
  run.below("3", "patches gathered in front of the encoder, or hidden in its attention: the largest difference",
            furthest(gathered, hidden), 1e-4);
}

static void badInput(zoo::Run &run, const Cae &m) {
  run.refuses("no patch masked", "found 0 masked", [] { checkedMasked(0); });
  run.refuses("all patches masked", "found 16 masked", [] { checkedMasked(16); });
  run.refuses("rows with 3 and 4 masked patches", "row 1 has 4 masked patches", [] {
    std::vector<bool> mask(2 * N, false);
    for (int i : {0, 1, 2, N, N + 1, N + 2, N + 3})
      mask[std::size_t(i)] = true;
    indices(mask, 2);
  });
  run.refuses("patches of 3 pixels of a side of 8", "not made of patches of 3",
              [] { jit([](Tensor x) { return zoo::digitPatches(x, 3); }, f32({1, 64})); });
  run.refuses("a width of 42", "divisible by 4", [] { checkedCae(42, 6, 32, 2); });
  run.refuses("5 heads of a width of 48", "5 heads do not divide", [] { checkedCae(48, 5, 32, 2); });
  run.refuses("lambda of -1", "lambda must not be negative", [] { checkedCae(48, 4, 32, -1); });
  run.refuses("a code outside the codebook", "code 32 of a codebook of 32",
              [] { checkIds(Tensor::copy(std::vector<int>(16, 32), {1, 16}), 32); });
  run.refuses("a tokenizer of another grid", "9 codes for a picture of 16 patches",
              [] { checkIds(Tensor::copy(std::vector<int>(9, 0), {1, 9}), 32); });
  run.refuses("a code outside in a compiled step", "index 99 is outside", [&] {
    Split s = splitOf(1, 8, 0);
    jit([](const Cae &m, Tensor x, const Split &at, Tensor ids) { return loss(m(x, at), ids, 2); }, m,
        f32({1, N, numbers}), s,
        i32({1, 8}))(m, drawn({1, N, numbers}, 0), s, Tensor::copy(std::vector<int>(8, 99), {1, 8}));
  });
}

// ---- 4, 5, 6: the arms
namespace {
struct Data {
  zoo::Digits digits;
  Tensor train, test, trainIds, testIds; // patches, codes
  Rows centres;
  double commonest; // percent of the test's masked patches that have the training's most frequent code
};
Data data(const zoo::Run &run) {
  Data d{zoo::digits(run), {}, {}, {}, {}, {}, 0};
  d.train = patchesOf(d.digits.train), d.test = patchesOf(d.digits.test);
  zoo::Clusters c = zoo::kMeans(asRows(d.train), codes, 0);
  d.centres = c.centres;
  d.trainIds = Tensor::copy(c.nearest, {d.train.dim(0), N});
  d.testIds = codesOf(asRows(d.test), c.centres);
  checkIds(d.trainIds, codes), checkIds(d.testIds, codes);
  run.say("tokenizer: %d centres, mean squared distance %.4f", codes, c.error);
  return d;
}

template <class Net>
Net trained(const zoo::Run &run, const char *name, const Net &net, const Data &d, std::uint64_t seed, double lambda) {
  const int steps = 1500, part = 250;
  zoo::NetFit<Net> s = zoo::netFit(net, steps);
  initialize(s, Key(seed));
  auto begin = std::chrono::steady_clock::now();
  auto go = jit(
      [lambda](zoo::NetFit<Net> &s, const Tensor &x, const Tensor &ids) {
        return zoo::trainNet(s, x.dim(0), part, 64, [&](const Net &net, const Tensor &rows, const Key &key) {
          Split at = zoo::randomSplit(key, rows.dim(0), N, masked);
          (void)lambda; // the masked autoencoder has none
          if constexpr (std::is_same_v<Net, Cae>)
            return loss(net(take(x, rows), at), take_along(take(ids, rows), at.masked), lambda);
          else
            return loss(net, take(x, rows), at);
        });
      },
      s, d.train, d.trainIds);
  run.say("%s, seed %d: compiled in %.1f s", name, int(seed),
          std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
  for (int done = 0; done < steps; done += part) {
    Tensor losses = go(s, d.train, d.trainIds);
    if ((done / part) % 3 == 2)
      run.say("%s, seed %d: step %d, loss %.4f", name, int(seed), done + part, double(losses.span<float>().back()));
  }
  return s.net;
}

struct Probes {
  double few, all; // percent with 100 labels, mean of 5 draws, and with 1,400
};
Probes probe(const Vit &enc, const Data &d) {
  static const auto feature = jit(zoo::feature);
  Rows train = zoo::rows(feature(enc, d.train)), test = zoo::rows(feature(enc, d.test));
  const auto &labels = d.digits.trainLabels, &truth = d.digits.testLabels;
  return {zoo::fewLabelsAccuracy(train, labels, test, truth, 10, 0.1, 100, 5),
          zoo::probeAccuracy(train, labels, test, truth, 10, 0.1)};
}

struct Figures {
  double named, strangers, r2, spread; // percent, percent, share, smallest standard deviation of a target's number
};
Figures examine(const Cae &m, const Data &d, Tensor *best = nullptr) {
  static const auto look = jit([](const Cae &m, Tensor x, const Split &at) {
    Tensor p = m.enc.positions(), ofVisible = rowsAt(p, at.keep), ofMasked = rowsAt(p, at.masked);
    Forward f = m(x, at);
    Tensor other = concat({slice(x, 0, 1, x.dim(0)), slice(x, 0, 0, 1)}, 0); // the next picture's visible patches
    Tensor strange = m.decode(m.regress(m.latents(other, at.keep), ofVisible, ofMasked), ofMasked);
    return std::tuple(f, argmax(f.logits, 2), argmax(strange, 2));
  });
  Split s = splitOf(int(d.test.dim(0).value()), masked, 99);
  auto [f, named, strange] = look(m, d.test, s);
  Tensor ids = run([](Tensor ids, Tensor masked) { return take_along(ids, masked); }, d.testIds, s.masked);
  auto agreeing = [&](const Tensor &said) {
    int right = 0;
    for (std::size_t i = 0; i < ids.span<int>().size(); ++i)
      right += said.span<int>()[i] == ids.span<int>()[i];
    return 100.0 * right / double(ids.span<int>().size());
  };
  auto z = f.target.span<float>(), p = f.predicted.span<float>();
  const std::size_t D = std::size_t(m.d), rows = z.size() / D;
  double error = 0, around = 0, least = 1e9;
  for (std::size_t k = 0; k < D; ++k) {
    double mean = 0, squares = 0;
    for (std::size_t r = 0; r < rows; ++r)
      mean += z[r * D + k] / double(rows);
    for (std::size_t r = 0; r < rows; ++r) {
      squares += (z[r * D + k] - mean) * (z[r * D + k] - mean);
      error += (double(p[r * D + k]) - z[r * D + k]) * (double(p[r * D + k]) - z[r * D + k]);
    }
    around += squares, least = std::min(least, std::sqrt(squares / double(rows)));
  }
  if (best)
    *best = named;
  return {agreeing(named), agreeing(strange), 1 - error / around, least};
}
double commonest(const Data &d) {
  std::map<int, int> count;
  for (int id : d.trainIds.span<int>())
    ++count[id];
  int most = std::ranges::max_element(count, {}, [](const auto &c) { return c.second; })->first;
  Split s = splitOf(int(d.test.dim(0).value()), masked, 99);
  int right = 0;
  for (int b = 0; b < int(d.test.dim(0).value()); ++b)
    for (int k = 0; k < masked; ++k)
      right += d.testIds.span<int>()[std::size_t(b * N + s.masked.span<int>()[std::size_t(b * masked + k)])] == most;
  return 100.0 * right / double(s.masked.span<int>().size());
}

void pictures(const zoo::Run &run, const Cae &cae, const zoo::Mae &mae, const Data &d) {
  std::string file = run.picture("masked-digits");
  if (file.empty())
    return;
  Tensor named;
  examine(cae, d, &named);
  Split s = splitOf(int(d.test.dim(0).value()), masked, 99);
  Tensor painted = jit(&zoo::Mae::operator(), mae, d.test, s)(mae, d.test, s);
  const int shown = 25;
  Rows whole{64, {}}, seen = whole, words = whole, paint = whole, tokens = whole;
  for (int b = 0; b < shown; ++b) {
    std::vector<double> x(64), v, w, p, t(64);
    for (int i = 0; i < N; ++i)
      for (int k = 0; k < numbers; ++k) {
        std::size_t at = std::size_t((i / grid * patch + k / patch) * side + i % grid * patch + k % patch);
        x[at] = d.test.span<float>()[std::size_t((b * N + i) * numbers + k)];
        t[at] = d.centres[d.testIds.span<int>()[std::size_t(b * N + i)]][k];
      }
    v = w = p = x;
    for (int m = 0; m < masked; ++m) {
      int i = s.masked.span<int>()[std::size_t(b * masked + m)];
      for (int k = 0; k < numbers; ++k) {
        std::size_t at = std::size_t((i / grid * patch + k / patch) * side + i % grid * patch + k % patch);
        v[at] = 0; // grey
        w[at] = d.centres[named.span<int>()[std::size_t(b * masked + m)]][k];
        p[at] = painted.span<float>()[std::size_t((b * masked + m) * numbers + k)];
      }
    }
    for (auto [to, from] : {std::pair(&whole, &x), {&seen, &v}, {&words, &w}, {&paint, &p}, {&tokens, &t}})
      for (double value : *from)
        to->v.push_back((value + 1) / 2);
  }
  std::vector<zoo::Panel> panels;
  for (auto [title, rows] : {std::pair("digits of the test set", &whole),
                             {"as tokens, all patches", &tokens},
                             {"what is visible", &seen},
                             {"masked patches by CAE's tokens", &words},
                             {"masked patches by MAE", &paint}}) {
    panels.emplace_back(title, 0, 1);
    panels.back().images(*rows, side, 5);
  }
  zoo::writePicture(file, "Half of the patches, and what two models make of the others", panels, 3);
}
} // namespace

static void claims(zoo::Run &run) {
  Data d = data(run);
  const double common = commonest(d);
  const int seeds = 2;
  std::vector<double> gain, context, r2, spread, drop, overRandom, overMae, overZero;
  Cae shown = checkedCae(48, 4, codes, 2);
  zoo::Mae painter{zoo::digitsVit()};
  for (int seed = 0; seed < seeds; ++seed) {
    const Cae start = checkedCae(48, 4, codes, 2);
    Cae untrained = start;
    initialize(untrained, Key(std::uint64_t(seed)));
    Cae full = trained(run, "CAE, lambda 2", start, d, std::uint64_t(seed), 2),
        zero = trained(run, "CAE, lambda 0", start, d, std::uint64_t(seed), 0);
    zoo::Mae mae = trained(run, "MAE", zoo::Mae{zoo::digitsVit()}, d, std::uint64_t(seed), 0);
    Figures f = examine(full, d), z = examine(zero, d);
    Probes ofRandom = probe(untrained.enc, d), ofFull = probe(full.enc, d), ofZero = probe(zero.enc, d),
           ofMae = probe(mae.enc, d);
    run.say("seed %d: tokens named %.1f %% (lambda 0: %.1f %%), with another picture's patches %.1f %%, always the "
            "commonest "
            "%.1f %%",
            seed, f.named, z.named, f.strangers, common);
    run.say("seed %d: R2 of latents %.3f, lambda 0 %.3f; smallest deviation of a target's number %.3f, lambda 0 %.3f",
            seed, f.r2, z.r2, f.spread, z.spread);
    for (auto [name, p] : {std::pair("random encoder", &ofRandom),
                           {"CAE, lambda 2", &ofFull},
                           {"CAE, lambda 0", &ofZero},
                           {"MAE", &ofMae}})
      run.say("seed %d: probe of %-14s 100 labels %.1f %%, 1,400 labels %.1f %%", seed, name, p->few, p->all);
    gain.push_back(f.named - common), context.push_back(f.named - f.strangers);
    r2.push_back(f.r2), spread.push_back(f.spread), drop.push_back(f.r2 - z.r2);
    overRandom.push_back(ofFull.all - ofRandom.all), overMae.push_back(ofFull.all - ofMae.all);
    overZero.push_back(ofFull.all - ofZero.all);
    shown = full, painter = mae;
  }
  auto each = [](const std::vector<double> &v) { return zoo::text("%.3g (%.3g, %.3g)", zoo::mean(v), v[0], v[1]); };
  auto row = [&](const char *id, const char *what, const std::vector<double> &v, double limit, const char *unit) {
    run.criterion(id, what, zoo::text("> %g%s", limit, unit), each(v), std::ranges::min(v) > limit);
  };
  row("4", "masked tokens named, over always the commonest: points, mean (each seed)", gain, 10, "");
  row("4", "the same over what another picture's visible patches give", context, 0, "");
  row("5", "R2 of predicted latents on test digits", r2, 0.3, "");
  row("5", "smallest standard deviation of a target's number", spread, 0.1, "");
  row("5", "R2 lost without the latents' distance in the loss (lambda 0)", drop, 0.3, "");
  row("6", "linear probe, 1,400 labels: points over the random encoder", overRandom, 5, "");
  run.criterion("6", "the same over MAE, mean of the seeds", ">= -2", each(overMae), zoo::mean(overMae) >= -2);
  run.say("linear probe, 1,400 labels, lambda 2 over lambda 0: %s points (reported)", each(overZero).c_str());
  pictures(run, shown, painter, d);
}

int main(int argc, char **argv) {
  return zoo::run(argc, argv, "02-context-autoencoder", [](zoo::Run &run) {
    Cae m = checkedCae(48, 4, codes, 2);
    initialize(m, Key(0));
    unseen(run, m);
    gradients(run);
    order(run, m);
    badInput(run, m);
    if (!run.quick)
      claims(run);
  });
}
