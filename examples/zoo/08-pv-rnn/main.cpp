// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The experiments of the predictive-coding network: what must hold by mathematics (--quick), and all of it (--claims).
// See README.md.
#include "harness/Check.h"
#include "harness/Harness.h"
#include "harness/Metrics.h"
#include "harness/Picture.h"
#include "model.h"
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <numbers>
#include <random>

using namespace pvrnn;

namespace {
std::vector<double> doubles(const Tensor &x) {
  Tensor wide = cast(x, f64);
  return {wide.span<double>().begin(), wide.span<double>().end()};
}
double apart(const Tensor &a, const Tensor &b) {
  auto x = doubles(a), y = doubles(b);
  double worst = x.size() == y.size() ? 0 : INFINITY;
  for (std::size_t i = 0; i < std::min(x.size(), y.size()); ++i)
    worst = std::max(worst, std::abs(x[i] - y[i]));
  return worst;
}
bool sameBits(const Tensor &a, const Tensor &b, std::size_t from, std::size_t count) {
  auto x = a.span<float>().subspan(from, count), y = b.span<float>().subspan(from, count);
  return std::ranges::equal(
      x, y, [](float p, float q) { return std::bit_cast<std::uint32_t>(p) == std::bit_cast<std::uint32_t>(q); });
}
double meanOf(const std::vector<double> &v) {
  double sum = 0;
  for (double x : v)
    sum += x / double(v.size());
  return sum;
}
std::string list(const std::vector<double> &v, const char *format) {
  std::string text;
  for (double x : v)
    text += (text.empty() ? "" : ", ") + zoo::text(format, x);
  return text;
}

// ---- data: a walk over three points of a circle, two steps at a point and one in the middle of the way to the next
const int period = 3;
const double radius = 0.8;
std::array<double, 2> point(int symbol) {
  double angle = 2 * M_PI * symbol / 3;
  return {radius * std::cos(angle), radius * std::sin(angle)};
}
/// A to B, B to C, and C to A with probability 0.3, else to B.
int following(int symbol, double coin) { return symbol == 0 ? 1 : symbol == 1 ? 2 : coin < 0.3 ? 0 : 1; }
Tensor walks(int count, int steps, std::uint64_t seed) {
  std::mt19937_64 engine(seed);
  std::normal_distribution<double> noise(0, 0.02);
  std::uniform_real_distribution<double> coin;
  std::vector<std::vector<float>> rows;
  for (int s = 0; s < count; ++s) {
    int now = int(engine() % 3), next = following(now, coin(engine));
    std::vector<float> row;
    for (int t = 0; t < steps; ++t) {
      for (int k = 0; k < 2; ++k) {
        double here = point(now)[std::size_t(k)], there = point(next)[std::size_t(k)];
        double at = t % period == period - 1 ? (here + there) / 2 : here;
        row.push_back(float(at + noise(engine)));
      }
      if (t % period == period - 1)
        now = next, next = following(now, coin(engine));
    }
    rows.push_back(row);
  }
  return sequences(rows, 2);
}
/// Which symbols follow each other in outputs [T, B, 2] of row b.
struct Grammar {
  std::array<std::array<double, 3>, 3> count{};
  double total() const {
    double sum = 0;
    for (auto &row : count)
      for (double c : row)
        sum += c;
    return sum;
  }
  double forbidden() const { // of all transitions
    return (count[0][0] + count[0][2] + count[1][0] + count[1][1] + count[2][2]) / std::max(total(), 1.0);
  }
  double back() const { return count[2][0] / std::max(count[2][0] + count[2][1], 1.0); } // P(C -> A)
};
Grammar grammarOf(const std::vector<double> &x, int T, int B) {
  Grammar g;
  auto distance = [&](int t, int b, int symbol) {
    const double *at = &x[std::size_t((t * B + b) * 2)];
    return std::hypot(at[0] - point(symbol)[0], at[1] - point(symbol)[1]);
  };
  auto nearest = [&](int t, int b) {
    int best = 0;
    for (int s = 1; s < 3; ++s)
      if (distance(t, b, s) < distance(t, b, best))
        best = s;
    return best;
  };
  // A symbol's point is met at the same step of each three; at which, 24 steps around decide.
  const int block = 24;
  for (int b = 0; b < B; ++b)
    for (int from = 0; from + block + period <= T; from += block) {
      std::array<double, period> off{};
      for (int t = 0; t < block; ++t)
        off[std::size_t(t % period)] += distance(from + t, b, nearest(from + t, b));
      for (int t = int(std::ranges::min_element(off) - off.begin()); t < block; t += period)
        ++g.count[std::size_t(nearest(from + t, b))][std::size_t(nearest(from + t + period, b))];
    }
  return g;
}

const std::vector<Sizes> standard{{20, 2, 2}, {10, 1, 8}};
template <class T> T beside(const std::vector<T> &runs) {
  return run([](const std::vector<T> &runs) { return stack(runs); }, runs);
}
template <class T> T one(const T &all, int i) {
  return run([i](const T &all) { return map(all, [i](Tensor t) { return t[i]; }); }, all);
}
} // namespace

// ---- 1: gradients, and rows that nobody read
static void gradients(zoo::Run &run) {
  Tensor x = cast(walks(3, 12, 1), f64);
  struct All {
    Net net;
    Table a;
  };
  for (bool sees : {true, false}) {
    Net small = net(2, {{5, 2, 2}, {3, 1, 5}}, sees);
    Fit f = fit(small, x, 1e-3);
    initialize(f, Key(2));
    All all{cast(f.net, f64), {}};
    for (const Layer &l : small.layers)
      all.a.push_back(weft::run([&](const Key &k) { return 0.5 * normal(k, {12, 3, 2 * l.z}, f64); }, Key(7)));
    auto loss = [](const All &m, Tensor x) {
      return sum(roll(m.net, m.net.zeros(3, f64), m.a, turned(x), Key(5)).loss(m.net, cast(Tensor(0.3), f64)));
    };
    run.below("1",
              zoo::text("gradient by weights and tables, %s, T = 12, against differences, float64",
                        sees ? "posterior of state and table" : "posterior of the table alone"),
              zoo::gradientError(loss, all, 0, 1e-6, x), 1e-5);
  }
  Tensor data = walks(6, 12, 3);
  Fit s = fit(net(2, standard), data, 3e-3);
  initialize(s, Key(4));
  s.w = Tensor(0.01f);
  Tensor ids = Tensor::copy({4, 1}, {2});
  auto go = jit([](Fit &s, Tensor x, Tensor ids) { return step(s, x, ids); }, s, data, ids);
  go(s, data, ids);
  Fit before = s;
  for (int i = 0; i < 3; ++i)
    go(s, data, ids);
  int changed = 0, kept = 0;
  for (std::size_t l = 0; l < s.a.size(); ++l)
    for (auto [now, then] :
         {std::pair(&s.a[l], &before.a[l]), {&s.found.m[l], &before.found.m[l]}, {&s.found.v[l], &before.found.v[l]}})
      for (int row = 0; row < 6; ++row) {
        const std::size_t count = now->span<float>().size() / 6;
        bool same = sameBits(*now, *then, std::size_t(row) * count, count), read = row == 4 || row == 1;
        changed += !read && !same, kept += read && same;
      }
  run.criterion("1", "three steps of sequences 1 and 4: rows of the others' tables and moments that changed a bit", "0",
                zoo::text("%d", changed), changed == 0);
  run.criterion("1", "the same: rows of these two that did not change", "0", zoo::text("%d", kept), kept == 0);
}

// ---- 2: one as the other
static void identities(zoo::Run &run) {
  Tensor x = walks(4, 24, 5);
  Fit s = fit(net(2, standard, false), x, 3e-3);
  initialize(s, Key(6));
  struct First {
    Tensor kl, together, scanned, unrolled, whole, part;
  };
  auto f = jit(
      [](Fit &s, Tensor x) {
        begin(s, x);
        Key copy = s.key, key = copy.next();
        Table rows = map(s.a, [](Tensor a) { return turned(a); });
        Tensor seen = turned(x);
        Core zero = s.net.zeros(4);
        Roll r = roll(s.net, zero, rows, seen, key);
        Tensor kl = zeros({4});
        for (Tensor k : r.kl)
          kl += k;
        First all{kl, {}, slice(r.x, 0, 0, 12), {}, slice(r.x, 0, 6, 18), {}};
        Core h = zero;
        std::vector<Tensor> each;
        Core stored;
        for (int t = 0; t < 12; ++t) {
          if (t == 6)
            stored = h;
          Key own = key.fold(t);
          each.push_back(s.net.step(h, map(rows, [&](Tensor a) { return a[t]; }), own, Draw::posterior).x);
        }
        all.unrolled = stack(each);
        all.part = roll(s.net, stored, map(rows, [](Tensor a) { return slice(a, 0, 6, 18); }), slice(seen, 0, 6, 18),
                        key, Draw::posterior, 6)
                       .x;
        all.together = r.error;
        return all;
      },
      s, x);
  First all = f(s, x);
  double kl = 0;
  for (double v : doubles(all.kl))
    kl = std::max(kl, std::abs(v));
  run.below("2", "posterior of the table alone, which begins as the prior: divergence of the first pass, largest", kl,
            1e-6);
  run.below("2", "12 steps as a scan and unrolled, largest difference", apart(all.scanned, all.unrolled), 1e-5);
  run.below("2", "a window from a stored state against the same steps of a long roll", apart(all.whole, all.part),
            1e-5);
}

static void badInput(zoo::Run &run) {
  run.refuses("no layer", "there must be a layer", [] { net(2, {}); });
  run.refuses("a time constant of 0.5", "must be 1 or more", [] { net(2, {{4, 1, 0.5}}); });
  run.refuses("a negative meta-prior", "must not be negative", [] { checkPrior(-0.1); });
  Tensor x = walks(2, 12, 0);
  run.refuses("a window longer than the sequence", "do not fit a sequence of 12", [&] { checkWindow(x, 11, {}); });
  run.refuses("a horizon of 0", "one step or more", [&] { checkWindow(x, 4, {.horizon = 0}); });
  run.refuses("sequences of different lengths", "different lengths, 2 and 1 steps",
              [] { sequences({{0.f, 0.f, 0.f, 0.f}, {0.f, 0.f}}, 2); });
  run.refuses("a number of 1.5 in the data", "within (-1, 1)", [] { sequences({{0.f, 1.5f}}, 2); });
  run.refuses("a sequence that has no table", "index 2 is outside", [&] {
    Fit s = fit(net(2, {{4, 1, 2}}), x, 1e-3);
    initialize(s, Key(0));
    s.w = Tensor(0.f);
    Tensor ids = Tensor::copy({2}, {1});
    jit([](Fit &s, Tensor x, Tensor ids) { return step(s, x, ids); }, s, x, ids)(s, x, ids);
  });
}

// ---- 3, 4, 5: the meta-prior
namespace {
struct Arm {
  double w;
  int seed;
};
struct Measured {
  double w;
  int seed;
  double deviation, kl, error, back, forbidden, together, ofData, lyapunov;
  double found, none, persistence, halved; // of predictions
};
/// Mean squared error of predictions [windows, horizon, B, n] at every fourth window, twenty of them.
double predictionError(const Tensor &x, const Tensor &truth, int window) {
  const int T = int(truth.dim(0).value()), B = int(truth.dim(1).value()), K = int(x.dim(1).value());
  auto p = doubles(x), y = doubles(truth);
  double sum = 0;
  int count = 0;
  for (int i = 0; i < 20; ++i)
    for (int k = 0; k < K; ++k)
      for (int b = 0; b < B * 2; ++b) {
        const int at = 4 * i, step = at + window + k;
        if (step >= T)
          throw std::logic_error("a prediction lies behind the data");
        double d = p[std::size_t((at * K + k) * B * 2 + b)] - y[std::size_t(step * B * 2 + b)];
        sum += d * d, ++count;
      }
  return sum / count;
}
} // namespace

static void metaPrior(zoo::Run &run) {
  const int epochs = 3000, part = 250, window = 12;
  Tensor x = walks(16, 48, 0), test = walks(16, 96, 100);
  Tensor seen = weft::run([](Tensor x) { return turned(x); }, test);
  checkWindow(test, window, {});
  std::vector<Arm> arms{{1e-5, 0}, {1e-3, 0}, {1e-2, 0}, {1e-2, 1}, {1e-2, 2}, {1e-1, 0}, {1, 0}};
  if (run.full)
    for (double w : {1e-5, 1e-3, 1e-1, 1.0})
      for (int seed : {1, 2})
        arms.push_back({w, seed});
  std::vector<Fit> runs;
  for (const Arm &arm : arms) {
    checkPrior(arm.w);
    runs.push_back(fit(net(2, standard), x, 3e-3));
    initialize(runs.back(), Key(std::uint64_t(arm.seed)));
    runs.back().w = Tensor(float(arm.w));
  }
  Fit all = beside(runs);
  auto go = jit([](Fit &all, const Tensor &x) { return train(all, x, part); }, all, x);
  for (int done = 0; done < epochs; done += part) {
    Losses l = go(all, x);
    run.say("%d runs side by side, %d epochs: loss of w = 0.01, seed 0: %.3f", int(arms.size()), done + part,
            double(l.loss.span<float>()[std::size_t(part - 1) * arms.size() + 2]));
  }

  // The baseline with an encoder, by two meta-priors.
  std::vector<VrnnFit> encoders;
  const std::vector<double> encoderPriors{1e-3, 1e-2};
  for (double w : encoderPriors) {
    Net n = net(2, standard);
    Vrnn m{n, {2, 16, standard}};
    encoders.push_back({m, {m, {.lr = 3e-3}}});
    initialize(encoders.back(), Key(0));
    encoders.back().w = Tensor(float(w));
  }
  VrnnFit both = beside(encoders);
  auto goEncoders = jit([](VrnnFit &all, const Tensor &x) { return train(all, x, part); }, both, x);
  for (int done = 0; done < epochs; done += part)
    goEncoders(both, x);
  std::vector<double> byEncoder;
  for (std::size_t i = 0; i < encoders.size(); ++i) {
    Vrnn m = one(both, int(i)).m;
    Tensor p = jit([](const Vrnn &m, Tensor x, const Key &key) { return onlineByEncoder(m, x, window, 6, key); }, m,
                   seen, Key(50))(m, seen, Key(50));
    byEncoder.push_back(predictionError(p, seen, window));
    run.say("VRNN with an encoder, w = %g: error of 6 steps %.4f", encoderPriors[i], byEncoder.back());
  }
  const double encoder = *std::ranges::min_element(byEncoder);

  // What each run has become.
  struct Look {
    Tensor deviation, kl, error, lyapunov, pair;
    Tensor free;
  };
  auto look = jit(
      [](const Fit &s, const Tensor &x) {
        Roll r = roll(s.net, s.net.zeros(16), map(s.a, [](Tensor a) { return turned(a); }), turned(x), Key(40));
        Tensor kl = sum(r.kl[0]);
        for (std::size_t l = 1; l < r.kl.size(); ++l)
          kl += sum(r.kl[l]);
        Core zero = s.net.zeros(1);
        Key a(41), b(42), c(43);
        return Look{mean(r.deviation),
                    kl,
                    mean(r.error) / x.dim(1),
                    lyapunov(s.net, 200, 2000, c),
                    stack({generate(s.net, zero, 20, a), generate(s.net, zero, 20, b)}),
                    generate(s.net, zero, 4000, a)};
      },
      runs[0], x);
  struct Windows {
    Predicted found, none;
  };
  auto predict = jit(
      [](const Net &net, const Tensor &x, const Tensor &w) {
        Key key(50);
        return Windows{online(net, x, window, w, {}, key), online(net, x, window, w, {.iterations = 0}, key)};
      },
      runs[0].net, seen, Tensor(0.f));
  std::vector<double> last;
  { // the last value seen, six times
    auto y = doubles(seen);
    std::vector<double> p;
    for (int at = 0; at + window + 6 <= 96; ++at)
      for (int k = 0; k < 6; ++k)
        for (int b = 0; b < 32; ++b)
          p.push_back(y[std::size_t((at + window - 1) * 32 + b)]);
    last.push_back(predictionError(Tensor::copy(p, {96 - window - 6 + 1, 6, 16, 2}), seen, window));
  }
  std::vector<Measured> table;
  std::vector<zoo::Panel> panels;
  for (std::size_t i = 0; i < arms.size(); ++i) {
    Fit s = one(all, int(i));
    Look l = look(s, x);
    Windows p = predict(s.net, seen, Tensor(float(arms[i].w)));
    auto free = doubles(l.free), pair = doubles(l.pair);
    Grammar g = grammarOf(free, 4000, 1);
    double difference = 0, size = 0;
    for (std::size_t k = 0; k < 40; ++k)
      difference += std::pow(pair[k] - pair[40 + k], 2), size += (std::pow(pair[k], 2) + std::pow(pair[40 + k], 2)) / 2;
    auto before = doubles(p.found.before), after = doubles(p.found.after);
    int halved = 0, cases = 0;
    for (int at = 0; at < 20; ++at)
      for (int b = 0; b < 16; ++b, ++cases)
        halved += after[std::size_t(4 * at * 16 + b)] < before[std::size_t(4 * at * 16 + b)] / 2;
    table.push_back({arms[i].w, arms[i].seed, l.deviation.item<double>(), l.kl.item<double>(), l.error.item<double>(),
                     g.back(), g.forbidden(), std::sqrt(difference / size),
                     std::sqrt(difference / 40) / (radius / std::numbers::sqrt2), l.lyapunov.item<double>(),
                     predictionError(p.found.x, seen, window), predictionError(p.none.x, seen, window), last[0],
                     double(halved) / cases});
    const Measured &m = table.back();
    run.say("w = %g, seed %d: sigma %.4f, KL %.1f, error %.5f; P(C -> A) %.3f, forbidden %.4f, two rolls %.3f apart, "
            "Lyapunov %+.4f; 6 steps: %.4f, without iterations %.4f, last value %.4f; halved in %.1f %%",
            m.w, m.seed, m.deviation, m.kl, m.error, m.back, m.forbidden, m.together, m.lyapunov, m.found, m.none,
            m.persistence, 100 * m.halved);
    if (m.seed == 0) {
      zoo::Panel panel(zoo::text("w = %g: 600 steps of the prior", m.w), -1, 1);
      panel.points({2, {free.begin(), free.begin() + 1200}}, "#1f5fa8", 6, 0.4);
      panels.push_back(panel);
    }
  }
  {
    zoo::Panel panel("the data", -1, 1);
    auto v = doubles(x);
    panel.points({2, {v.begin(), v.begin() + 1200}}, "#a02c2c", 6, 0.4);
    panels.insert(panels.begin(), panel);
  }
  auto mean = [&](double w, double Measured::*what) {
    std::vector<double> v;
    for (const Measured &m : table)
      if (m.w == w)
        v.push_back(m.*what);
    return meanOf(v);
  };
  const std::vector<double> priors{1e-5, 1e-3, 1e-2, 1e-1, 1};
  auto across = [&](double Measured::*what, const char *format) {
    std::vector<double> v;
    for (double w : priors)
      v.push_back(mean(w, what));
    return list(v, format);
  };
  int inversions = 0;
  bool within = true;
  for (std::size_t i = 1; i + 1 < priors.size(); ++i) {
    double a = mean(priors[i], &Measured::deviation), b = mean(priors[i + 1], &Measured::deviation);
    inversions += b > a, within = within && b < 1.1 * a;
  }
  run.criterion("3", "sigma of the fast layer's prior over w = 1e-5 ... 1", "falls from 1e-3 on, one rise < 10 %",
                across(&Measured::deviation, "%.4f"), inversions <= 1 && within);
  double ratio = mean(1e-5, &Measured::kl) / mean(1, &Measured::kl);
  run.criterion("3", "total divergence, smallest w over largest: " + across(&Measured::kl, "%.1f"), "> 5",
                zoo::text("%.1f", ratio), ratio > 5);
  bool grows = mean(1, &Measured::error) > mean(1e-5, &Measured::error);
  run.criterion("3", "squared error of the reconstruction per number over w", "grows, smallest to largest w",
                across(&Measured::error, "%.5f"), grows);

  // The best w speaks most like the training data.
  double best = priors[0];
  Grammar truth;
  {
    auto v = doubles(weft::run([](Tensor x) { return turned(x); }, x));
    truth = grammarOf(v, 48, 16);
  }
  auto off = [&](double w) {
    return std::abs(mean(w, &Measured::back) - truth.back()) +
           std::abs(mean(w, &Measured::forbidden) - truth.forbidden());
  };
  for (double w : priors)
    if (off(w) < off(best))
      best = w;
  run.say("training data: P(C -> A) %.3f, forbidden %.4f; the best w, by these two of its own walks, is %g",
          truth.back(), truth.forbidden(), best);
  std::vector<double> each, eachForbidden;
  for (const Measured &m : table)
    if (m.w == best)
      each.push_back(m.back), eachForbidden.push_back(m.forbidden);
  run.criterion("4",
                zoo::text("best w, %g: P(C -> A) of 4,000 steps (each seed: %s)", best, list(each, "%.3f").c_str()),
                "0.30 +- 0.12", zoo::text("%.3f", mean(best, &Measured::back)),
                std::abs(mean(best, &Measured::back) - 0.3) < 0.12);
  run.criterion(
      "4", zoo::text("best w, %g: forbidden transitions (each seed: %s)", best, list(eachForbidden, "%.4f").c_str()),
      "< 5 %", zoo::text("%.2f %%", 100 * mean(best, &Measured::forbidden)), mean(best, &Measured::forbidden) < 0.05);
  double more = mean(priors[0], &Measured::forbidden) / std::max(mean(best, &Measured::forbidden), 1e-6);
  run.criterion(
      "4", "forbidden transitions at the smallest w over those at the best: " + across(&Measured::forbidden, "%.4f"),
      ">= 3", zoo::text("%.1f", more), more >= 3);
  run.criterion(
      "4",
      zoo::text(
          "largest w: two walks of 20 steps by other noise, RMS of what parts them by that of the walk (by that of a "
          "circle of the data's radius: %.1f %%)",
          100 * mean(1, &Measured::ofData)),
      "< 10 %", zoo::text("%.1f %%", 100 * mean(1, &Measured::together)), mean(1, &Measured::together) < 0.1);
  run.say("largest Lyapunov exponent over w (reported; positive is chaos): %s",
          across(&Measured::lyapunov, "%+.4f").c_str());

  double found = mean(best, &Measured::found), none = mean(best, &Measured::none);
  run.criterion(
      "5",
      zoo::text("best w, %g: error of 6 steps with error regression, over that without iterations (%.4f)", best, none),
      "<= 0.8", zoo::text("%.4f, %.2f", found, found / none), found <= 0.8 * none);
  run.criterion("5", zoo::text("the same over the last value (%.4f)", last[0]), "<= 0.8",
                zoo::text("%.4f, %.2f", found, found / last[0]), found <= 0.8 * last[0]);
  run.criterion("5", zoo::text("the same against the encoder's VRNN (best of two: %.4f)", encoder), "not above",
                zoo::text("%.4f", found), found <= encoder);
  run.criterion("5", "best w: windows whose loss 30 iterations bring below half", ">= 90 %",
                zoo::text("%.1f %%", 100 * mean(best, &Measured::halved)), mean(best, &Measured::halved) >= 0.9);
  if (std::string file = run.picture("walks"); !file.empty())
    zoo::writePicture(file, "What the prior makes by itself, by the meta-prior w", panels, 3);
}

int main(int argc, char **argv) {
  return zoo::run(argc, argv, "08-pv-rnn", [](zoo::Run &run) {
    gradients(run);
    identities(run);
    badInput(run);
    if (run.quick)
      return;
    metaPrior(run);
  });
}
