// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "experiment.h"
#include "harness/Statistics.h"
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>
#include <weft/data.h>

using namespace econtrol;
using zoo::Rows;

double Ran::tail(int setting, int seed) const {
  double sum = 0;
  const int steps = measured.count(), from = steps - steps / 3;
  for (int t = from; t < steps; ++t)
    sum += measured[t][setting * seeds + seed] / (steps - from);
  return sum;
}
double Ran::mean(double (Ran::*what)(int, int) const, int setting) const {
  double sum = 0;
  for (int seed = 0; seed < seeds; ++seed)
    sum += (this->*what)(setting, seed) / seeds;
  return sum;
}
double Ran::least(double (Ran::*what)(int, int) const, int setting) const {
  double value = (this->*what)(setting, 0);
  for (int seed = 1; seed < seeds; ++seed)
    value = std::min(value, (this->*what)(setting, seed));
  return value;
}
double Ran::most(double (Ran::*what)(int, int) const, int setting) const {
  double value = (this->*what)(setting, 0);
  for (int seed = 1; seed < seeds; ++seed)
    value = std::max(value, (this->*what)(setting, seed));
  return value;
}
std::string Ran::each(double (Ran::*what)(int, int) const, int setting) const {
  std::string text;
  for (int seed = 0; seed < seeds; ++seed)
    text += zoo::text("%s%.3g", seed ? ", " : "", (this->*what)(setting, seed));
  return text;
}

void econtrol::checkFinite(const State &one, int workers, const std::string &run) {
  int bad = one.bad.item<int>();
  if (bad >= 0)
    throw std::runtime_error(run + "worker " + std::to_string(bad % workers) + ", step " +
                             std::to_string(bad / workers) + ": its gradient is not finite");
}

namespace {
struct Stored {
  State s;
  Tensor compressor; // i32: how, k, the parts
};
Tensor described(const Compressor &c) {
  std::vector<int> all{int(c.how), c.k};
  all.insert(all.end(), c.parts.begin(), c.parts.end());
  return Tensor::copy(all, {std::int64_t(all.size())});
}
} // namespace
void econtrol::store(const std::string &path, const State &s, const Compressor &c) {
  save(path, Stored{s, described(c)});
}
State econtrol::resume(const std::string &path, const State &like, const Compressor &c) {
  Stored stored{like, described(c)};
  load(path, stored); // another number of parts is another shape, which load refuses
  if (!std::ranges::equal(stored.compressor.span<int>(), described(c).span<int>()))
    throw std::runtime_error(path + ": this run was stored with another compressor");
  return stored.s;
}

static Tensor drawn(std::uint64_t seed, const Shape &shape, DType type) {
  return run([=](const Key &key) { return normal(key, shape, type); }, Key(seed));
}
static Tensor zeroVector(int d, DType type) {
  return run([=](const Key &) { return zeros({d}, type); }, Key(0));
}

// ---- how the curves run
namespace {
struct Curve {
  std::string color;
  std::vector<double> y; // of each step
};
/// log10 of the curves between 10^low and 10^high.
zoo::Panel logarithmic(const std::string &title, const std::vector<Curve> &curves, double low, double high) {
  zoo::Panel panel(title, 0, 1);
  Rows frame{2, {}};
  for (int decade = int(std::ceil(low)); decade <= int(high); ++decade)
    for (int i = 0; i <= 100; ++i)
      frame.v.insert(frame.v.end(), {i / 100., (decade - low) / (high - low)});
  panel.points(frame, "#dddddd", 1, 1);
  for (const Curve &c : curves) {
    Rows at{2, {}};
    for (std::size_t t = 0; t < c.y.size(); t += std::max<std::size_t>(1, c.y.size() / 600)) {
      double y = (std::log10(std::max(c.y[t], 1e-300)) - low) / (high - low);
      if (std::isfinite(y))
        at.v.insert(at.v.end(), {double(t) / double(c.y.size()), std::clamp(y, 0., 1.)});
    }
    panel.points(at, c.color, 3, 0.9);
  }
  return panel;
}
std::vector<double> lane(const Ran &r, int setting) {
  std::vector<double> y;
  for (int t = 0; t < r.measured.count(); ++t)
    y.push_back(r.measured[t][setting * r.seeds]);
  return y;
}
const auto atEnd = &Ran::last;
const auto tail = &Ran::tail;
} // namespace

// ---- P1: workers of different curvature, whole gradients
zoo::Panel econtrol::differentCurvatures(zoo::Run &run) {
  const int n = 10, d = 100, steps = 3000, seeds = 3;
  Source<Curvatures> from{{n, d},
                          [=](int seed) {
                            std::vector<double> a, scale;
                            for (int i = 1; i <= n; ++i)
                              a.push_back(i / std::sqrt(double(n))), scale.push_back(10. / i);
                            auto b = weft::run([](Tensor b, Tensor s) { return b * expand(s, 1); },
                                               drawn(std::uint64_t(seed), {n, d}, f64), Tensor::copy(scale, {n}));
                            return Curvatures::Data{Tensor::copy(a, {n}), b};
                          },
                          [=](int) { return zeroVector(d, f64); }};
  auto go = [&](const char *name, Method method, const std::vector<Setting> &settings) {
    Ran r = simulateAll(from, {method, {Kept::top, 5}}, settings, seeds, steps);
    for (std::size_t s = 0; s < settings.size(); ++s)
      run.say("P1 %-11s eta %-5g gamma %-6g |grad f| at the end %s", name, settings[s].eta, settings[s].gamma,
              r.each(atEnd, int(s)).c_str());
    return r;
  };
  Ran gd = go("GD", Method::sgd, {{0, 0.01}}),
      compressed = go("C-SGD", Method::compressed, {{0, 0.1}, {0, 0.01}, {0, 0.001}}),
      ec = go("EC", Method::feedback, {{0, 0.1}, {0, 0.03}, {0, 0.01}, {0, 0.003}, {0, 0.001}}),
      ef = go("EF21", Method::ef21, {{0, 0.01}, {0, 0.03}}),
      econtrol = go("EControl", Method::control, {{0.05, 0.01}, {0.02, 0.01}, {0.05, 0.03}, {0.02, 0.03}, {0.5, 0.01}}),
      ideal = go("EC, ideal", Method::ideal, {{1, 0.01}});
  for (int s : {0, 1})
    run.below("2", zoo::text("P1, gamma 0.01, EControl with eta %g: |grad f| of the worst of 3 seeds", s ? 0.02 : 0.05),
              econtrol.most(atEnd, s), 1e-8);
  run.above("2", "the same, error feedback: |grad f| of the best seed", ec.least(atEnd, 2), 0.5);
  run.above("2", "the same, compression without memory: |grad f| of the best seed", compressed.least(atEnd, 1), 5);
  for (int s = 0; s < 4; ++s) {
    double from = ec.mean(atEnd, s), to = ec.mean(atEnd, s + 1);
    const double gammas[] = {0.1, 0.03, 0.01, 0.003, 0.001};
    run.criterion("2",
                  zoo::text("error feedback, gamma from %g to %g: by how much |grad f| falls, mean of 3 seeds",
                            gammas[s], gammas[s + 1]),
                  "2 to 4", zoo::text("%.2f", from / to), from / to >= 2 && from / to <= 4);
  }
  return logarithmic("|gradient|, 10^-15 to 100, 3,000 steps",
                     {{"#999999", lane(gd, 0)},
                      {"#d62728", lane(compressed, 1)},
                      {"#ff7f0e", lane(ec, 2)},
                      {"#1f77b4", lane(ef, 0)},
                      {"#2ca02c", lane(econtrol, 0)}},
                     -15, 2);
}

// ---- P2: noise
void econtrol::noisyGradients(zoo::Run &run) {
  const int d = 50, steps = 6000, seeds = 3;
  struct Figures {
    double sgd, ef, control;
  };
  std::vector<Figures> small;
  for (int n : {1, 4, 16}) {
    Source<Noisy> from{{n, d, 10},
                       [=](int seed) {
                         return Noisy::Data{
                             weft::run([](Tensor b) { return 5 * b; }, drawn(std::uint64_t(100 + seed), {n, d}, f32))};
                       },
                       [=](int) { return zeroVector(d, f32); }};
    auto go = [&](const char *name, Method method, const std::vector<Setting> &settings) {
      Ran r = simulateAll(from, {method, {Kept::top, 3}}, settings, seeds, steps);
      for (std::size_t s = 0; s < settings.size(); ++s)
        run.say("P2 n %-2d %-9s eta %-4g gamma %-5g |x - x*|^2 over the last third %.4g (%s)", n, name, settings[s].eta,
                settings[s].gamma, r.mean(tail, int(s)), r.each(tail, int(s)).c_str());
      return r;
    };
    Ran sgd = go("SGD", Method::sgd, {{0, 0.003}, {0, 0.01}});
    go("EC", Method::feedback, {{0, 0.003}, {0, 0.01}});
    Ran ef = go("EF21", Method::ef21, {{0, 0.003}, {0, 0.01}}),
        control = go("EControl", Method::control, {{0.1, 0.003}, {0.1, 0.01}, {0.05, 0.003}, {0.05, 0.01}});
    small.push_back({sgd.mean(tail, 0), ef.mean(tail, 0), control.mean(tail, 0)});
    run.criterion("3", zoo::text("P2, gamma 0.003, %d workers, EControl (0.1): error over that of EF21", n), "<= 0.2",
                  zoo::text("%.3f", small.back().control / small.back().ef),
                  small.back().control <= 0.2 * small.back().ef);
    run.criterion("3", zoo::text("the same over that of SGD"), "<= 2.5",
                  zoo::text("%.2f", small.back().control / small.back().sgd),
                  small.back().control <= 2.5 * small.back().sgd);
  }
  run.criterion("3", "P2, EControl (0.1): error with 16 workers over that with one", "<= 0.1",
                zoo::text("%.4f", small[2].control / small[0].control), small[2].control <= 0.1 * small[0].control);
}

// ---- P3, P4: the digits, one class at each worker
Digits econtrol::digits(const std::string &file, int heldOut) {
  Dataset all = Dataset::csv(file).scaled(1 / 16.f).shuffled(Key(0));
  auto x = all.x().span<float>();
  auto y = all.y().span<int>();
  const std::size_t pixels = 64, held = std::size_t(heldOut);
  std::vector<std::vector<float>> own(10);
  for (std::size_t i = held; i < y.size(); ++i)
    own[std::size_t(y[i])].insert(own[std::size_t(y[i])].end(), x.begin() + long(i * pixels),
                                  x.begin() + long((i + 1) * pixels));
  std::size_t most = 0;
  std::vector<int> count, label;
  for (std::size_t c = 0; c < own.size(); ++c) {
    refuse(own[c].empty(), "worker " + std::to_string(c) + " has no data");
    most = std::max(most, own[c].size());
    count.push_back(int(own[c].size() / pixels)), label.push_back(int(c));
  }
  std::vector<float> padded;
  for (std::vector<float> &images : own) {
    images.resize(most);
    padded.insert(padded.end(), images.begin(), images.end());
  }
  return {{Tensor::copy(padded, {10, std::int64_t(most / pixels), std::int64_t(pixels)}), Tensor::copy(count, {10}),
           Tensor::copy(label, {10})},
          Tensor::copy(std::vector<float>(x.begin(), x.begin() + long(held * pixels)), {heldOut, 64}),
          Tensor::copy(std::vector<int>(y.begin(), y.begin() + heldOut), {heldOut})};
}

zoo::Panel econtrol::oneClassEach(zoo::Run &run) {
  const int d = 640, steps = 1000, seeds = 3;
  Digits all = digits(run.data("digits.csv.gz"), 0);
  Source<Classifier<Softmax>> from{
      {10, 4, 1e-2, Softmax{}}, [&](int) { return all.byClass; }, [=](int) { return zeroVector(d, f32); }};
  auto go = [&](const char *name, Method method, const std::vector<Setting> &settings) {
    Ran r = simulateAll(from, {method, {Kept::top, 32}}, settings, seeds, steps);
    for (std::size_t s = 0; s < settings.size(); ++s)
      run.say("P3 %-9s eta %-4g gamma %-4g objective at the end %.4f (%s), mean of the last third %.4f", name,
              settings[s].eta, settings[s].gamma, r.mean(atEnd, int(s)), r.each(atEnd, int(s)).c_str(),
              r.mean(tail, int(s)));
    return r;
  };
  Ran sgd = go("SGD", Method::sgd, {{0, 0.1}, {0, 0.02}}),
      compressed = go("C-SGD", Method::compressed, {{0, 0.1}, {0, 0.02}}),
      ec = go("EC", Method::feedback, {{0, 0.1}, {0, 0.02}}), ef = go("EF21", Method::ef21, {{0, 0.1}, {0, 0.02}}),
      control = go("EControl", Method::control, {{0.05, 0.1}, {0.05, 0.02}, {0.1, 0.1}, {0.1, 0.02}});
  double plain = sgd.mean(atEnd, 0);
  for (int s : {0, 2})
    run.criterion(
        "4", zoo::text("P3, gamma 0.1, objective of EControl (%g) over that of SGD, mean of 3 seeds", s ? 0.1 : 0.05),
        "within 0.02", zoo::text("%.4f over %.4f", control.mean(atEnd, s) - plain, plain),
        std::abs(control.mean(atEnd, s) - plain) <= 0.02);
  run.criterion("4", "the same, compression without memory over SGD", ">= 0.5",
                zoo::text("%.3f", compressed.mean(atEnd, 0) - plain), compressed.mean(atEnd, 0) - plain >= 0.5);
  run.criterion("4", "the same, EF21 over EControl (0.05)", ">= 0.3",
                zoo::text("%.3f", ef.mean(atEnd, 0) - control.mean(atEnd, 0)),
                ef.mean(atEnd, 0) - control.mean(atEnd, 0) >= 0.3);
  return logarithmic("digits: objective, 0.5 to 10, 1,000 steps",
                     {{"#d62728", lane(compressed, 0)},
                      {"#ff7f0e", lane(ec, 0)},
                      {"#999999", lane(sgd, 0)},
                      {"#2ca02c", lane(control, 0)},
                      {"#1f77b4", lane(ef, 0)}},
                     -0.3, 1);
}

void econtrol::perceptron(zoo::Run &run) {
  const int held = 360, steps = 1500, seeds = 3;
  Digits all = digits(run.data("digits.csv.gz"), held);
  nn::MLP net{{64, 32, 10}, relu};
  auto start = [&](int seed) {
    nn::MLP first = net;
    initialize(first, Key(std::uint64_t(seed)));
    return weft::run([](const nn::MLP &net) { return ravel(net); }, first);
  };
  const int d = int(start(0).dim(0).value()), k = d / 50;
  Classifier<nn::MLP> problem{10, 4, 1e-2, net, false};
  using Data = Classifier<nn::MLP>::Data;
  Source<Classifier<nn::MLP>> from{
      problem, [&](int) { return Data{all.byClass.images, all.byClass.count, all.byClass.label}; }, start};
  auto right = jit(
      [&](const Tensor &x, const Tensor &images, const Tensor &labels) { // of each lane
        return vmap([&](Tensor x) { return mean(cast(argmax(unravel(x, net)(images), 1) == labels, f32)); }, x);
      },
      f32({seeds, d}), all.images, all.labels);
  auto go = [&](const char *name, Method method, Setting setting) {
    Ran r = simulateAll(from, {method, {Kept::top, k}}, {setting}, seeds, steps);
    Tensor accuracy = right(r.state.server.x, all.images, all.labels);
    double mean = 0;
    std::string each;
    for (float a : accuracy.span<float>())
      mean += 100 * double(a) / seeds, each += zoo::text("%s%.1f", each.empty() ? "" : ", ", 100 * double(a));
    run.say("P4 %-9s eta %-4g gamma %g: test accuracy %.2f %% (%s)", name, setting.eta, setting.gamma, mean,
            each.c_str());
    return mean;
  };
  double sgd = go("SGD", Method::sgd, {0, 0.1}), control = go("EControl", Method::control, {0.1, 0.1});
  go("EControl", Method::control, {0.05, 0.1});
  go("EF21", Method::ef21, {0, 0.1});
  go("C-SGD", Method::compressed, {0, 0.1});
  run.criterion(
      "4",
      zoo::text("P4, perceptron of %d numbers, top %d: test accuracy of EControl (0.1), points below SGD's %.2f %%", d,
                k, sgd),
      "<= 2", zoo::text("%.2f", sgd - control), sgd - control <= 2);
  const double dense = double(steps) * d * 4,
               sent = double(steps) * double(bitsOfMessage(k, std::uint32_t(d))) / 8 + d * 4;
  run.criterion("4", "the same: bytes that a worker sends, the first gradient with them, over SGD's", "<= 1/20",
                zoo::text("%.0f of %.0f: 1/%.1f", sent, dense, dense / sent), sent <= dense / 20);
}

// ---- 6: one step of a worker with a million numbers, against copying
void econtrol::bandwidth(zoo::Run &run) {
  const int d = 1'000'000, pool = 16;
  struct Arrays {
    Worker w;
    Tensor g;
  };
  std::vector<Arrays> all;
  for (int i = 0; i < pool; ++i)
    all.push_back({{drawn(std::uint64_t(3 * i), {d}, f32), drawn(std::uint64_t(3 * i + 1), {d}, f32)},
                   drawn(std::uint64_t(3 * i + 2), {d}, f32)});
  auto step = jit([](Worker &w, Tensor g, const Key &key) { return control(w, g, 0.1f, {Kept::top, 1000}, key); },
                  all[0].w, f32({d}), Key(0));
  std::vector<std::vector<char>> from(8, std::vector<char>(16 << 20, 1)), to = from;
  auto seconds = [](const auto &f) {
    auto begin = std::chrono::steady_clock::now();
    f();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  };
  auto compressing = [&] {
    for (Arrays &a : all)
      step(a.w, a.g, Key(0));
  };
  auto copying = [&] {
    for (std::size_t i = 0; i < from.size(); ++i)
      std::memcpy(to[i].data(), from[i].data(), from[i].size());
  };
  auto measure = [&] {
    std::vector<double> shares, steps, copies;
    for (int pair = 0; pair < 9; ++pair) {
      steps.push_back(24. * d * pool / seconds(compressing));
      copies.push_back(2. * double(from.size()) * double(from[0].size()) / seconds(copying));
      shares.push_back(steps.back() / copies.back());
    }
    return std::array{zoo::median(shares), zoo::median(steps), zoo::median(copies)};
  };
  compressing();
  copying();
  auto [share, mine, copied] = measure();
  if (std::abs(share / 0.3 - 1) < 0.05) {
    run.say("the compress step: %.3f of the copy, measured once more", share);
    std::tie(share, mine, copied) = std::tuple_cat(measure());
  }
  run.criterion("6",
                zoo::text("a worker's step with 10^6 numbers, 1,000 sent (%.1f GB/s), over copying (%.1f GB/s), median "
                          "of 9 pairs",
                          mine / 1e9, copied / 1e9),
                ">= 0.3", zoo::text("%.3f", share), share >= 0.3);
}
