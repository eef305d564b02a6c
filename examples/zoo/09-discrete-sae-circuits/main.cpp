// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The experiments of the circuit finder: what must hold by mathematics (--quick), and all of it (--claims). See
// README.md.
#include "experiment.h"
#include "harness/Harness.h"
#include <algorithm>
#include <cmath>
#include <set>

using namespace circuits;
using zoo::Draw;
using zoo::Prompts;

namespace {
std::vector<float> floats(const Tensor &x) { return {x.span<float>().begin(), x.span<float>().end()}; }
Tensor drawn(const Shape &shape, std::uint64_t seed, DType dtype = f32) {
  return run([=](const Key &key) { return normal(key, shape, dtype); }, Key(seed));
}
/// How far the rows of E and those of W are from length 1, at most.
double fromSphere(const zoo::Sae &s) {
  double worst = 0;
  for (auto [w, length] : {std::pair<const Tensor &, int>(s.e, s.d), {s.w, s.m}}) {
    auto values = w.span<float>();
    for (std::size_t row = 0; row < values.size() / std::size_t(length); ++row) {
      double squares = 0;
      for (int i = 0; i < length; ++i)
        squares += double(values[row * std::size_t(length) + std::size_t(i)]) *
                   double(values[row * std::size_t(length) + std::size_t(i)]);
      worst = std::max(worst, std::abs(std::sqrt(squares) - 1));
    }
  }
  return worst;
}
} // namespace

// ---- 1: rows on spheres, and a loop that is its steps
static void spheres(zoo::Run &run) {
  zoo::SaeFit start = startFits({16, 32}, {0})[0], one = start, all = start;
  Tensor x = drawn({60, 16}, 1);
  auto single = jit([](zoo::SaeFit &s, Tensor x) { return step(s, x, 0.02); }, one, x);
  double worst = fromSphere(one.sae);
  for (int i = 0; i < 500; ++i) {
    single(one, x);
    worst = std::max(worst, fromSphere(one.sae));
  }
  run.below("1", "rows of E and W, 500 steps: how far from length 1 after the worst step", worst, 1e-6);
  jit([](zoo::SaeFit &s, Tensor x) { scan(s, 500, [&](zoo::SaeFit &s, Tensor) { step(s, x, 0.02); }); }, all, x)(all,
                                                                                                                 x);
  double apart = 0;
  for (auto [a, b] : {std::pair<const Tensor &, const Tensor &>(one.sae.e, all.sae.e),
                      {one.sae.w, all.sae.w},
                      {one.sae.c, all.sae.c},
                      {one.sae.b, all.sae.b}})
    for (std::size_t i = 0; i < a.span<float>().size(); ++i)
      apart = std::max(apart, std::abs(double(a.span<float>()[i]) - double(b.span<float>()[i])));
  run.below("1", "500 steps as one compiled loop against 500 calls, largest difference of a weight", apart, 1e-5);

  zoo::Sae wide = cast(one.sae, f64);
  zoo::Sae g = jit(
      [](const zoo::Sae &s, Tensor x) {
        zoo::Sae g = grad(loss(s, x, 0.02), s);
        project(g, s);
        return g;
      },
      wide, cast(x, f64))(wide, cast(x, f64));
  double cosine = 0;
  for (auto [a, b, length] : {std::tuple<const Tensor &, const Tensor &, int>(wide.e, g.e, 16), {wide.w, g.w, 32}}) {
    auto v = a.span<double>(), slope = b.span<double>();
    for (std::size_t row = 0; row < v.size() / std::size_t(length); ++row) {
      double ab = 0, aa = 0, bb = 0;
      for (std::size_t i = row * std::size_t(length); i < (row + 1) * std::size_t(length); ++i)
        ab += v[i] * slope[i], aa += v[i] * v[i], bb += slope[i] * slope[i];
      if (bb > 0) // the gradient of a latent that is never on is zero
        cosine = std::max(cosine, std::abs(ab) / std::sqrt(aa * bb));
    }
  }
  run.below("1", "the gradient that is left and its vector: the largest cosine, float64", cosine, 1e-6);
}

// ---- 2: counts of sets
static void sets(zoo::Run &run) {
  const int n = 40, F = 5, M = 20;
  Draw draw(3);
  std::vector<int> code;
  for (int i = 0; i < 2 * n * F; ++i) // head f uses the first 8 + 3 f codes, positives more of them
    code.push_back(draw.below(i < n * F ? 8 + 3 * (i % F) : 6 + 3 * (i % F)));
  auto f = jit([](Tensor codes) { return count(codes, 20); }, i32({2 * n, F}));
  auto counted = [&](const std::vector<int> &c) { return f(Tensor::copy(c, {2 * n, F})); };
  Counts c = counted(code);
  int wrong = 0;
  auto differs = [&](const Tensor &counts, int at, std::size_t truth) {
    wrong += std::size_t(counts.span<float>()[std::size_t(at)]) != truth;
  };
  auto only = [](const std::set<int> &a, const std::set<int> &b) {
    std::vector<int> left;
    std::ranges::set_difference(a, b, std::back_inserter(left));
    return left.size();
  };
  auto together = [](std::set<int> a, const std::set<int> &b) {
    a.insert(b.begin(), b.end());
    return a.size();
  };
  for (int h = 0; h < F; ++h) {
    std::set<int> p, q;
    for (int i = 0; i < 2 * n; ++i)
      (i < n ? p : q).insert(code[std::size_t(i * F + h)]);
    differs(c.positive, h, only(p, q)), differs(c.negative, h, only(q, p)), differs(c.either, h, together(p, q));
    differs(c.inPositive, h, p.size()), differs(c.inNegative, h, q.size());
    for (int g = 0; g < F; ++g) {
      std::set<int> pp, qq;
      for (int i = 0; i < 2 * n; ++i)
        (i < n ? pp : qq).insert(code[std::size_t(i * F + h)] * M + code[std::size_t(i * F + g)]);
      int at = h * F + g;
      differs(c.edges, at, only(pp, qq)), differs(c.edgesNegative, at, only(qq, pp)),
          differs(c.edgesEither, at, together(pp, qq));
    }
  }
  run.criterion("2", "counts of nodes and edges by products of one-hot matrices that differ from sets on the host", "0",
                zoo::text("%d", wrong), wrong == 0);
  std::vector<int> swapped(code.begin() + n * F, code.end());
  swapped.insert(swapped.end(), code.begin(), code.begin() + n * F);
  Counts s = counted(swapped);
  bool same = floats(s.positive) == floats(c.negative) && floats(s.negative) == floats(c.positive) &&
              floats(s.edges) == floats(c.edgesNegative) && floats(s.edgesNegative) == floats(c.edges);
  run.criterion("2", "positives and negatives swapped: their counts", "swapped", same ? "swapped" : "not swapped",
                same);
  std::copy(code.begin(), code.begin() + n * F, code.begin() + n * F);
  Counts e = counted(code);
  double sum = 0;
  for (const Tensor &t : {e.positive, e.negative, e.edges, e.edgesNegative})
    for (float v : floats(t))
      sum += v;
  std::vector<double> zero;
  for (float v : floats(e.positive))
    zero.push_back(v);
  double auc = zoo::rocAuc(zero, labels({0, 3}, F));
  run.criterion("2", "positives equal to negatives: all counts, and the AUC", "0, 0.5", zoo::text("%g, %g", sum, auc),
                sum == 0 && auc == 0.5);
}

// ---- 3: the model built by hand
static void built(zoo::Run &run) {
  HandBuilt m = handBuilt(0);
  Draw draw(0);
  Prompts p = zoo::repeats(draw, 256, HandBuilt::t, HandBuilt::v, true);
  Tensor answer = Tensor::copy(p.answer, {256}), wrong = Tensor::copy(p.wrong, {256}), cuts = nodeCuts(m.heads());
  Effects e = jit(ablate<HandBuilt>, m, p.tensor(), answer, wrong, cuts)(m, p.tensor(), answer, wrong, cuts);
  double whole = e.whole.item<double>(), random = 0;
  std::vector<double> lost;
  for (float d : floats(e.without))
    lost.push_back(100 * (whole - d) / whole);
  for (int h = 0; h < m.heads(); ++h)
    if (HandBuilt::random(h))
      random = std::max(random, std::abs(lost[std::size_t(h)]));
  run.say("hand-built model: the answer is above the wrong token by %.3f; without the duplicate head %.1f %% less",
          whole, lost[HandBuilt::duplicate]);
  run.above("3", "hand-built model, without the induction head: percent of the logit difference that is lost",
            lost[HandBuilt::induction], 50);
  run.above("3", "the same without the previous-token head", lost[HandBuilt::previous], 50);
  run.below("3", "the same without any of the six random heads: the largest change in percent", random, 5);
}

static void badInput(zoo::Run &run) {
  Draw draw(0);
  Prompts five = zoo::repeats(draw, 5, 16, 24, true), four = zoo::repeats(draw, 4, 16, 24, false),
          shorter = zoo::repeats(draw, 5, 12, 24, false), none{16, {}, {}, {}};
  run.refuses("five positives and four negatives", "as many positives as negatives", [&] { checkPrompts(five, four); });
  run.refuses("no prompts", "as many positives as negatives", [&] { checkPrompts(none, none); });
  run.refuses("prompts of two lengths", "no common position", [&] { checkPrompts(five, shorter); });
  Tensor x = drawn({1, 10, 2, 4}, 0);
  run.refuses("more prompts to train on than there are", "train on 11 of 10 prompts",
              [&] { find(x, {.latents = 8, .steps = 1, .prompts = 11}); });
  run.refuses("one latent", "two latents or more", [&] { find(x, {.latents = 1}); });
  run.refuses("a truth of one class", "all of one class", [] { zoo::rocAuc({1, 2}, labels({0, 1}, 2)); });
  run.refuses("a head outside the model", "head 12 of a model with 12", [] { labels({3, 12}, 12); });
  run.refuses("NaN among the outputs", "not finite", [] {
    std::vector<float> v(80, 1.f);
    v[17] = NAN;
    find(Tensor::copy(v, {1, 10, 2, 4}), {.latents = 8, .steps = 1});
  });
}

int main(int argc, char **argv) {
  return zoo::run(argc, argv, "09-discrete-sae-circuits", [](zoo::Run &run) {
    spheres(run);
    sets(run);
    built(run);
    badInput(run);
    if (run.quick)
      return;
    knownCircuit(run);
    trainedCircuit(run);
  });
}
