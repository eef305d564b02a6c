// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The experiments of the score autoencoder: what must hold by mathematics (--quick), and all of it (--claims). See
// README.md.
#include "harness/Harness.h"
#include "harness/Metrics.h"
#include "harness/Picture.h"
#include "model.h"
#include <algorithm>
#include <cmath>
#include <random>
#include <weft/data.h>

using namespace score;
using zoo::Rows;

// ---- the analytic mixture of experiment A
namespace {
struct Mode {
  double weight, mx, my, angle, sx, sy;
};
constexpr Mode modes[] = {{.4, -1.5, -.8, .4, .6, .25}, {.35, 1.4, -.6, -.7, .5, .3}, {.25, 0, 1.5, 1.2, .7, .3}};

/// Density of the mixture convolved with N(0, s^2 I) at (x, y), and its score.
double density(double x, double y, double s, double *score = nullptr) {
  double p = 0, gx = 0, gy = 0;
  for (const Mode &m : modes) {
    double c = std::cos(m.angle), n = std::sin(m.angle), u = c * (x - m.mx) + n * (y - m.my),
           v = -n * (x - m.mx) + c * (y - m.my);
    double a = m.sx * m.sx + s * s, b = m.sy * m.sy + s * s,
           q = m.weight * std::exp(-0.5 * (u * u / a + v * v / b)) / (2 * M_PI * std::sqrt(a * b));
    p += q, gx += q * -(c * u / a - n * v / b), gy += q * -(n * u / a + c * v / b);
  }
  if (score)
    score[0] = gx / p, score[1] = gy / p;
  return p;
}
Rows scores(const Rows &at, double s) {
  Rows r{2, std::vector<double>(at.v.size())};
  for (int i = 0; i < at.count(); ++i)
    density(at[i][0], at[i][1], s, r[i]);
  return r;
}
Rows drawMixture(int count, std::mt19937_64 &engine) {
  std::normal_distribution<double> normal;
  std::uniform_real_distribution<double> uniform;
  Rows r{2, std::vector<double>(2 * std::size_t(count))};
  for (int i = 0; i < count; ++i) {
    double u = uniform(engine), a = normal(engine), b = normal(engine);
    const Mode &m = modes[u < .4 ? 0 : u < .75 ? 1 : 2];
    double c = std::cos(m.angle), n = std::sin(m.angle);
    r[i][0] = m.mx + c * m.sx * a - n * m.sy * b, r[i][1] = m.my + n * m.sx * a + c * m.sy * b;
  }
  return r;
}
/// The share of points that each mode is most responsible for.
std::array<double, 3> masses(const Rows &at) {
  std::array<double, 3> share{};
  for (int i = 0; i < at.count(); ++i) {
    double best = -1;
    int which = 0;
    for (int k = 0; k < 3; ++k) {
      const Mode &m = modes[k];
      double c = std::cos(m.angle), n = std::sin(m.angle), u = c * (at[i][0] - m.mx) + n * (at[i][1] - m.my),
             v = -n * (at[i][0] - m.mx) + c * (at[i][1] - m.my);
      double q = m.weight * std::exp(-0.5 * (u * u / (m.sx * m.sx) + v * v / (m.sy * m.sy))) / (m.sx * m.sy);
      if (q > best)
        best = q, which = k;
    }
    share[std::size_t(which)] += 1.0 / at.count();
  }
  return share;
}

/// x in parts of so many rows through a compiled function: any number of points.
template <class R> Rows evaluate(const R &r, const Rows &at, bool score) {
  int n = at.count();
  auto f = jit([score](const R &r, Tensor x) { return score ? r.scoreAt(x) : r(x); }, r, f32({n, at.width}));
  return zoo::rows(f(r, zoo::tensor(at)));
}

template <class R>
void trainAll(const zoo::Run &run, const char *name, Fit<R> &s, const Tensor &data, int steps, int batch,
              Criterion by) {
  checkData(data);
  const int part = std::min(steps, 500);
  auto go = jit([=](Fit<R> &s, const Tensor &data) { return train(s, data, part, batch, by); }, s, data);
  for (int done = 0; done < steps; done += part) {
    Rows losses = zoo::rows(go(s, data));
    double mean = 0;
    for (double l : losses.v)
      mean += l / losses.count();
    if ((done / part) % 4 == 3 || done + part >= steps)
      run.say("%s: step %d of %d, loss %.4f", name, done + part, steps, mean);
  }
}
} // namespace

// ---- C: the minimiser of both criteria for a Gaussian and an affine r is known
struct Affine {
  Tensor a, b; // r(x) = a x + b
};
static void linear(zoo::Run &run) {
  const double s = 0.5, S[4] = {2, .6, .6, .5}, m[2] = {1, -1};
  Tensor cov = Tensor::copy(std::vector<double>(S, S + 4), {2, 2}),
         mean = Tensor::copy(std::vector<double>(m, m + 2), {2});
  for (bool dae : {true, false}) {
    Affine r{Tensor::copy(std::vector<double>{0.3, -0.2, 0.1, 0.4}, {2, 2}),
             Tensor::copy(std::vector<double>{0, 0}, {2})};
    // The population criteria, from the moments alone. DAE: the input has covariance S + s^2 I, the target S.
    auto descend = [=](Affine &r, const Tensor &cov, const Tensor &m) {
      scan(r, 6000, [&](Affine &r, Tensor) {
        Tensor i = eye(2, f64), bias = contract("ij,j->i", r.a - i, m) + r.b, loss;
        if (dae) {
          loss = contract("ij,jk,ik->", r.a, cov + s * s * i, r.a) - 2 * sum(r.a * transpose(cov)) + sum(cov * i) +
                 sum(square(bias));
        } else {
          Tensor y = contract("ij,j->i", r.a, m) + r.b; // r at the mean; its Jacobian is the same everywhere
          loss =
              contract("ij,jk,ik->", r.a - i, cov, r.a - i) + sum(square(bias)) + s * s * sum(square(jacobian(y, m)));
        }
        Affine g = grad(loss, r);
        r.a -= 0.1 * g.a, r.b -= 0.1 * g.b;
      });
    };
    jit(descend, r, cov, mean)(r, cov, mean);
    // A (S + s^2 I) = S, b = (I - A) m
    double T[4] = {S[0] + s * s, S[1], S[2], S[3] + s * s}, det = T[0] * T[3] - T[1] * T[2],
           inverse[4] = {T[3] / det, -T[1] / det, -T[2] / det, T[0] / det}, worst = 0;
    auto a = r.a.span<double>(), b = r.b.span<double>();
    for (int i = 0; i < 2; ++i) {
      double row[2];
      for (int j = 0; j < 2; ++j) {
        row[j] = S[2 * i] * inverse[j] + S[2 * i + 1] * inverse[2 + j];
        worst = std::max(worst, std::abs(a[2 * std::size_t(i) + std::size_t(j)] - row[j]));
      }
      worst = std::max(worst, std::abs(b[std::size_t(i)] - (m[i] - row[0] * m[0] - row[1] * m[1])));
    }
    run.below("1", zoo::text("C, %s: affine r against its closed form, float64", dae ? "DAE" : "RCAE"), worst, 1e-6);
  }
}

// ---- the gradient through the Jacobian against finite differences, the exact penalty against probes
template <class R> static void gradients(zoo::Run &run, const char *name, R single, Tensor data) {
  initialize(single, Key(11));
  R r = cast(single, f64);
  Tensor x = cast(data, f64);
  auto both = jit(
      [](const R &r, Tensor x) {
        Tensor l = rcaeLoss(r, x);
        return std::pair(l, grad(l, r));
      },
      r, x);
  auto value = jit([](const R &r, Tensor x) { return rcaeLoss(r, x); }, r, x);
  auto [l, g] = both(r, x);
  auto leaves = [](R &tree) {
    std::vector<Tensor *> list;
    map(tree, [&](Tensor t) { return t; });
    auto visit = [&](auto &layer) { list.push_back(&layer.w), list.push_back(&layer.b); };
    if constexpr (requires { tree.f; })
      for (auto &layer : tree.f.layers)
        visit(layer);
    else
      visit(tree.encoder), visit(tree.decoder);
    return list;
  };
  std::vector<Tensor *> weights = leaves(r), slopes = leaves(g);
  double worst = 0;
  int count = 0;
  for (std::size_t k = 0; k < weights.size(); ++k) {
    Tensor whole = *weights[k];
    std::vector<double> at(whole.span<double>().begin(), whole.span<double>().end());
    auto slope = slopes[k]->span<double>();
    double error = 0, size = 0;
    for (std::size_t i = 0; i < at.size(); ++i) {
      double kept = at[i], values[2];
      for (int side = 0; side < 2; ++side) {
        at[i] = kept + (side ? -1e-5 : 1e-5);
        static_cast<Tensor &>(*weights[k]) = Tensor::copy(at, whole.shape());
        values[side] = value(r, x).template item<double>();
      }
      at[i] = kept;
      double difference = (values[0] - values[1]) / 2e-5;
      error += (slope[i] - difference) * (slope[i] - difference), size += slope[i] * slope[i], ++count;
    }
    static_cast<Tensor &>(*weights[k]) = whole;
    worst = std::max(worst, std::sqrt(error / size));
  }
  run.below(
      "2",
      zoo::text("gradient of the RCAE loss by each parameter (%s, %d numbers) against differences, worst relative",
                name, count),
      worst, 1e-5);

  struct Probes {
    Tensor exact, mean, deviation;
  };
  auto probe = jit(
      [](const R &r, Tensor x) {
        Tensor y = r(x);
        Key key(5);
        Tensor v = normal(key, {4096, x.dim(0), x.dim(1)}, f64);
        Tensor each = vmap([&](Tensor v) { return mean(probed(y, x, v)); }, v), m = mean(each);
        return Probes{mean(frobenius(y, x)), m, sqrt(mean(square(each - m)) / 4096.0)};
      },
      r, x);
  auto p = probe(r, x);
  auto number = [](const Tensor &t) { return t.item<double>(); };
  double exact = number(p.exact), mean = number(p.mean), sigmas = std::abs(exact - mean) / number(p.deviation);
  run.criterion("2",
                zoo::text("exact penalty (%s, %.4f) against the mean of 4,096 probes (%.4f), in standard errors", name,
                          exact, mean),
                "< 5", zoo::text("%.2f", sigmas), sigmas < 5);
}

static void badInput(zoo::Run &run) {
  run.refuses("sigma 0", "sigma must be positive", [] { residual(2, {8}, 0); });
  run.refuses("more outputs than inputs", "as many outputs as inputs",
              [] { fit(Residual{2, .1f, nn::MLP{{2, 8, 3}, tanh}}, Criterion::dae, 1e-3f, 10, 0); });
  run.refuses("an exact Jacobian of 65 dimensions", "use probes", [] {
    Residual r = residual(65, {8}, .1f);
    jit([](const Residual &r, Tensor x) { return rcaeLoss(r, x); }, r, f32({4, 65}));
  });
  run.refuses("no chain", "there must be a chain", [] { chains(0, 2, 0); });
  run.refuses("no step", "one step or more", [] {
    Residual r = residual(2, {8}, .1f);
    Chain c = chains(2, 2, 0);
    runChains(r, c, 0, .4f);
  });
  run.refuses("NaN in the data", "not finite in row 1",
              [] { checkData(Tensor::copy(std::vector<float>{0, 0, 0, NAN}, {2, 2})); });
  run.refuses("a test point of another width", "last dimension must be 2", [] {
    Residual r = residual(2, {8}, .1f);
    jit([](const Residual &r, Tensor x) { return r.scoreAt(x); }, r, f32({4, 3}));
  });
}

// ---- A: the mixture
static void mixture(zoo::Run &run) {
  std::mt19937_64 engine(0);
  Rows training = drawMixture(10000, engine), test = drawMixture(2000, engine), second = drawMixture(2000, engine);
  Tensor data = zoo::tensor(training);
  Rows exact = scores(test, 0);
  std::vector<zoo::Panel> fields, samples;
  const double low = -3.6, high = 3.6;
  auto panel = [&](const std::string &title, double s) {
    zoo::Panel p(title, low, high);
    p.heat(72, 0.35, [&](double x, double y) { return density(x, y, s); });
    return p;
  };
  Rows grid{2, {}};
  for (int i = 0; i < 15; ++i)
    for (int j = 0; j < 15; ++j)
      grid.v.insert(grid.v.end(), {low + (i + 1) * (high - low) / 16, low + (j + 1) * (high - low) / 16});
  auto arrows = [&](const std::string &title, const Rows &along, double s) {
    zoo::Panel p = panel(title, s);
    Rows shown = along;
    for (int i = 0; i < shown.count(); ++i) {
      double length = std::hypot(shown[i][0], shown[i][1]), limited = std::min(length, 8.0) / std::max(length, 1e-9);
      shown[i][0] *= limited, shown[i][1] *= limited;
    }
    p.arrows(grid, shown, 0.045, "#a02c2c");
    return p;
  };
  fields.push_back(arrows("the score of p", scores(grid, 0), 0));

  double rcae[2] = {};
  for (auto [by, name] : {std::pair(Criterion::dae, "DAE"), std::pair(Criterion::rcae, "RCAE")})
    for (float sigma : {0.3f, 0.1f}) {
      auto s = fit(residual(2, {64, 64}, sigma), by, 2e-3f, 6000, 1);
      std::string label = zoo::text("A, %s, sigma %.1f", name, double(sigma));
      trainAll(run, label.c_str(), s, data, 6000, 256, by);
      Rows learned = evaluate(s.r, test, true);
      double toP = zoo::relativeError(learned, exact), cosine = zoo::meanCosine(learned, exact);
      fields.push_back(arrows(zoo::text("%s, sigma %.1f", name, double(sigma)), evaluate(s.r, grid, true),
                              by == Criterion::dae ? double(sigma) : 0));
      if (by == Criterion::rcae) {
        rcae[sigma < 0.2f] = toP;
        if (sigma < 0.2f) {
          run.below("3", label + ": relative error against the score of p", toP, 0.35);
          run.criterion("3", "A, RCAE: smaller at sigma 0.1 than at 0.3", zoo::text("< %.4f", rcae[0]),
                        zoo::text("%.4f", rcae[1]), rcae[1] < rcae[0]);
        }
        continue;
      }
      if (sigma > 0.2f) {
        Rows smoothed = scores(test, double(sigma));
        double toSmoothed = zoo::relativeError(learned, smoothed);
        run.below("3", label + ": relative error against the score of p_sigma", toSmoothed, 0.15);
        run.above("3", label + ": mean cosine with the score of p_sigma", zoo::meanCosine(learned, smoothed), 0.95);
        run.above("3", label + ": error against the score of p, over that", toP / toSmoothed, 1.3);
      } else {
        run.below("3", label + ": relative error against the score of p", toP, 0.35);
        run.above("3", label + ": mean cosine with the score of p", cosine, 0.93);
      }
      for (bool simpson : {true, false}) {
        Chain c = chains(2000, 2, 3);
        Rows start = zoo::rows(c.x);
        runChains(s.r, c, 1500, 0.4f, simpson);
        Rows end = zoo::rows(c.x);
        double moves = 0, apart = 0, distance = zoo::energyDistance(end, test);
        for (int a : c.accepted.span<int>())
          moves += a / (2000.0 * 1500);
        std::array<double, 3> found = masses(end), truth = masses(test);
        for (int k = 0; k < 3; ++k)
          apart = std::max(apart, std::abs(found[std::size_t(k)] - truth[std::size_t(k)]));
        std::string chain = label + (simpson ? ", 2,000 chains" : ", one node only");
        if (!simpson) {
          run.say("%s (reported): energy distance %.4f, acceptance %.3f", chain.c_str(), distance, moves);
          continue;
        }
        run.say("%s: start %.4f, a second true sample %.4f", chain.c_str(), zoo::energyDistance(start, test),
                zoo::energyDistance(second, test));
        run.below("4", chain + ": energy distance to held-out draws", distance, 0.02);
        run.below("4", chain + ": mass of a mode, most apart", apart, 0.06);
        run.criterion("4", chain + ": acceptance", "0.3 to 0.9", zoo::text("%.3f", moves), moves > 0.3 && moves < 0.9);
        zoo::Panel p = panel(zoo::text("2,000 chains by the score, sigma %.1f", double(sigma)), 0);
        p.points(end, "#a02c2c", 4, 0.5);
        samples.push_back(p);
      }
    }
  auto plain = fit(residual(2, {64, 64}, 0.1f), Criterion::none, 2e-3f, 6000, 1);
  trainAll(run, "A, neither noise nor penalty", plain, data, 6000, 256, Criterion::none);
  run.below("3", "A, neither noise nor penalty: mean cosine with the score of p",
            zoo::meanCosine(evaluate(plain.r, test, true), exact), 0.5);
  Fit<Classic> classic = fit(Classic{2, 64, 0.09f}, Criterion::dae, 2e-3f, 6000, 1);
  trainAll(run, "A, classic autoencoder, DAE, sigma 0.3", classic, data, 6000, 256, Criterion::dae);
  run.say("A, classic autoencoder, sigma 0.3 (reported): relative error %.3f against the score of p_sigma",
          zoo::relativeError(evaluate(classic.r, test, true), scores(test, 0.3)));

  zoo::Panel truth = panel("2,000 held-out draws", 0);
  truth.points(test, "#1f5fa8", 4, 0.5);
  samples.insert(samples.begin(), truth);
  if (std::string file = run.picture("score-field"); !file.empty())
    zoo::writePicture(file, "The learned score, over the density (of p_sigma for DAE)", fields, 3);
  if (std::string file = run.picture("samples"); !file.empty())
    zoo::writePicture(file, "Metropolis-Hastings with nothing but the learned score", samples);
}

// ---- B: iris against the kernel regression
static void iris(zoo::Run &run) {
  Dataset all = Dataset::csv(run.data("iris.csv"));
  Tensor data = all.standardized(all).x();
  auto s = fit(residual(4, {128, 128}, 0.5f), Criterion::dae, 2e-3f, 20000, 2);
  trainAll(run, "B, iris", s, data, 20000, 0, Criterion::dae);
  std::mt19937_64 engine(4);
  std::normal_distribution<double> normal;
  Rows points = zoo::rows(data), at{4, std::vector<double>(8000)};
  for (int i = 0; i < 2000; ++i) {
    int from = int(engine() % 150);
    for (int d = 0; d < 4; ++d)
      at[i][d] = points[from][d] + 0.5 * normal(engine);
  }
  auto oracle = jit([](Tensor x, const Tensor &points) { return kernelRegression(x, points, 0.5f); }, f64({2000, 4}),
                    f64({150, 4}));
  Rows best = zoo::rows(oracle(zoo::tensor(at, f64), zoo::tensor(points, f64))), learned = evaluate(s.r, at, false);
  double apart = 0, moved = 0;
  for (std::size_t i = 0; i < best.v.size(); ++i)
    apart += (learned.v[i] - best.v[i]) * (learned.v[i] - best.v[i]),
        moved += (best.v[i] - at.v[i]) * (best.v[i] - at.v[i]);
  run.criterion("5", "B, iris: squared difference from the kernel regression, of its squared displacement", "< 10 %",
                zoo::text("%.2f %%", 100 * apart / moved), apart < 0.1 * moved);
}

// ---- D: digits
static void digits(zoo::Run &run) {
  auto [test, train] = Dataset::csv(run.data("digits.csv.gz")).scaled(1 / 16.f).shuffled(Key(1)).split(360);
  auto s = fit(residual(64, {512, 512}, 0.2f), Criterion::dae, 2e-3f, 4000, 3);
  trainAll(run, "D, digits", s, train.x(), 4000, 256, Criterion::dae);
  Rows clean = zoo::rows(test.x()), known = zoo::rows(train.x());
  std::mt19937_64 engine(5);
  std::normal_distribution<double> normal;
  auto noisy = [&](double sigma) {
    Rows r = clean;
    for (double &v : r.v)
      v += sigma * normal(engine);
    return r;
  };
  Rows some = noisy(0.2), much = noisy(0.5), less = evaluate(s.r, some, false), restored = evaluate(s.r, much, false);
  double before = zoo::psnr(some, clean), after = zoo::psnr(less, clean);
  run.criterion("6", zoo::text("D, digits: PSNR of the reconstruction over the corrupted, %.2f dB", before),
                ">= 6 dB more", zoo::text("%.2f dB more", after - before), after - before >= 6);
  std::vector<int> labels(train.y().span<int>().begin(), train.y().span<int>().end()),
      truth(test.y().span<int>().begin(), test.y().span<int>().end());
  double blurred = zoo::nearestNeighbourAccuracy(known, labels, much, truth),
         sharp = zoo::nearestNeighbourAccuracy(known, labels, restored, truth);
  run.criterion("6",
                zoo::text("D, digits of sigma 0.5: 1-NN accuracy of the denoised over the noisy, %.1f %%", blurred),
                ">= 3 points more", zoo::text("%.1f points more", sharp - blurred), sharp - blurred >= 3);
  auto best = jit([](Tensor x, const Tensor &points) { return kernelRegression(x, points, 0.5f); },
                  f32({test.size(), 64}), f32({train.size(), 64}));
  run.say("D, the best for these training digits, kernel regression with sigma 0.5 (reported): 1-NN accuracy %.1f %%",
          zoo::nearestNeighbourAccuracy(known, labels, zoo::rows(best(zoo::tensor(much), train.x())), truth));
  Chain c = chains(36, 64, 6);
  runChains(s.r, c, 200, 0.05f);
  double moves = 0;
  for (int a : c.accepted.span<int>())
    moves += a / (36.0 * 200);
  run.say("D, 200 steps of 36 chains from noise (reported): acceptance %.2f", moves);
  if (std::string file = run.picture("digits"); !file.empty()) {
    auto first = [](const Rows &r) {
      return Rows{r.width, std::vector<double>(r.v.begin(), r.v.begin() + 36 * r.width)};
    };
    std::vector<zoo::Panel> panels;
    for (const auto &[title, r] :
         {std::pair("held out", clean), std::pair("sigma 0.2", some), std::pair("its reconstruction", less),
          std::pair("sigma 0.5", much), std::pair("its reconstruction", restored),
          std::pair("chains of 200 steps from noise", zoo::rows(c.x))}) {
      panels.emplace_back(title, 0, 1);
      panels.back().images(first(r), 8, 6);
    }
    zoo::writePicture(file, "Denoised digits, by an autoencoder of sigma 0.2", panels, 3);
  }
}

int main(int argc, char **argv) {
  return zoo::run(argc, argv, "01-score-autoencoder", [](zoo::Run &run) {
    linear(run);
    std::mt19937_64 engine(9);
    Tensor few = zoo::tensor(drawMixture(32, engine));
    gradients(run, "residual", residual(2, {64, 64}, 0.3f), few);
    gradients(run, "classic", Classic{2, 64, 0.09f}, few);
    badInput(run);
    if (run.quick)
      return;
    mixture(run);
    iris(run);
    digits(run);
  });
}
