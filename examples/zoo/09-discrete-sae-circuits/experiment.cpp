// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "experiment.h"
#include "harness/KMeans.h"
#include "harness/Picture.h"
#include <algorithm>
#include <cmath>
#include <numeric>

using zoo::Draw;
using zoo::Prompts;

namespace circuits {

std::vector<zoo::SaeFit> startFits(const zoo::Sae &like, const std::vector<std::uint64_t> &seeds) {
  std::vector<zoo::SaeFit> fits;
  static const auto onto = jit(zoo::normalizeRows);
  for (std::uint64_t seed : seeds) {
    fits.push_back(zoo::saeFit(like));
    initialize(fits.back(), Key(seed));
    onto(fits.back().sae);
  }
  return fits;
}

namespace {
std::vector<double> numbers(const Tensor &x, int from, int count) {
  auto v = x.span<float>();
  return {v.begin() + from, v.begin() + from + count};
}
/// Edges by their counts; down the list each gives a point to both its heads, until so many points are given.
std::vector<double> appearances(const std::vector<double> &edges, int F) {
  std::vector<int> order(edges.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(order, [&](int a, int b) { return edges[std::size_t(a)] > edges[std::size_t(b)]; });
  std::vector<double> points(std::size_t(F), 0.0);
  int left = F * F / 2;
  for (int e : order)
    if (e / F != e % F)
      for (int h : {e / F, e % F})
        if (left-- > 0)
          ++points[std::size_t(h)];
  return points;
}
std::vector<Trial> trials(const Counts &c, int S, int F) {
  std::vector<Trial> all;
  for (int s = 0; s < S; ++s) {
    auto row = [&](const Tensor &t) { return numbers(t, s * F, F); };
    Trial t{
        row(c.positive), {}, appearances(numbers(c.edges, s * F * F, F * F), F), row(c.inPositive), row(c.inNegative),
        row(c.negative)};
    std::vector<double> either = row(c.either);
    for (int h = 0; h < F; ++h)
      t.normalised.push_back(t.counts[std::size_t(h)] / either[std::size_t(h)]);
    all.push_back(t);
  }
  return all;
}
} // namespace

std::vector<Trial> find(const Tensor &x, const Finder &how) {
  const int S = int(x.dim(0).value()), N = int(x.dim(1).value()), F = int(x.dim(2).value()), D = int(x.dim(3).value());
  checked(how, N);
  checkActivations(x);
  std::vector<std::uint64_t> seeds;
  std::vector<int> chosen;
  for (int s = 0; s < S; ++s) {
    seeds.push_back(std::uint64_t(s));
    Draw draw{std::uint64_t(1000 + s)};
    for (int i : draw.different(how.prompts, N))
      chosen.push_back(i);
  }
  static const auto beside = jit([](const std::vector<zoo::SaeFit> &fits) { return stack(fits); });
  static const auto rowsOf = jit(trainingRows);
  static const auto go = jit(train);
  static const auto counted = jit(score);
  zoo::SaeFit all = beside(startFits({D, how.latents, how.directions}, seeds));
  go(all, rowsOf(x, Tensor::copy(chosen, {S, how.prompts})), Tensor::copy({how.lambda}, {}), how.steps);
  return trials(counted(all, x), S, F);
}
Trial countCodes(const Tensor &codes, int latents) {
  static const auto counted = jit([](const Tensor &codes, int latents) {
    Counts c = count(codes, latents);
    return map(c, [](Tensor t) { return expand(t, 0); });
  });
  return trials(counted(codes, latents), 1, int(codes.dim(1).value()))[0];
}

namespace {
constexpr int half = 250; // prompts of a class

/// Heads' outputs at the answer for each seed's own prompts, [S, 2 half, F, D].
template <class M, class Make> Tensor gather(const std::vector<M> &models, int seeds, Make make) {
  std::vector<float> all;
  auto see = jit([](const M &m, Tensor x) { return m.see(x).answers(); }, models[0], i32({2 * half, 16}));
  Shape shape;
  for (int s = 0; s < seeds; ++s) {
    Draw draw{std::uint64_t(100 + s)};
    Prompts p = make(draw, true), n = make(draw, false);
    checkPrompts(p, n);
    p.tokens.insert(p.tokens.end(), n.tokens.begin(), n.tokens.end());
    Tensor x = see(models[std::size_t(s) % models.size()], p.tensor());
    all.insert(all.end(), x.span<float>().begin(), x.span<float>().end());
    shape = x.shape();
  }
  shape.insert(shape.begin(), seeds);
  return Tensor::copy(all, shape);
}

/// AUCs of one kind of score, one for each trial, of the heads that are not left out.
std::vector<double> aucs(const std::vector<Trial> &trials, std::vector<double> Trial::*what,
                         const std::vector<bool> &truth, int without = -1) {
  std::vector<double> all;
  for (const Trial &t : trials) {
    std::vector<double> score;
    std::vector<bool> is;
    for (std::size_t h = 0; h < truth.size(); ++h)
      if (int(h) != without)
        score.push_back((t.*what)[h]), is.push_back(truth[h]);
    all.push_back(zoo::rocAuc(score, is));
  }
  return all;
}
std::string listed(const std::vector<double> &v, const char *format = " %.2f") {
  std::string text;
  for (double x : v) {
    char one[32];
    std::snprintf(one, sizeof one, format, x);
    text += one;
  }
  return text;
}

/// The mean length of what each head writes, over all prompts of one trial.
std::vector<double> lengths(const Tensor &x, int trial) {
  const int N = int(x.dim(1).value()), F = int(x.dim(2).value()), D = int(x.dim(3).value());
  std::vector<double> norm(std::size_t(F), 0.0);
  auto v = x.span<float>();
  for (int i = 0; i < N; ++i)
    for (int h = 0; h < F; ++h) {
      double squares = 0;
      for (int d = 0; d < D; ++d) {
        double value = v[std::size_t(((trial * N + i) * F + h) * D + d)];
        squares += value * value;
      }
      norm[std::size_t(h)] += std::sqrt(squares) / N;
    }
  return norm;
}
/// Baselines that need no autoencoder, as trials: codes of k-means on the raw outputs, and lengths.
std::vector<Trial> clustered(const Tensor &x, int seeds) {
  const int N = int(x.dim(1).value()), F = int(x.dim(2).value()), D = int(x.dim(3).value());
  std::vector<Trial> all;
  auto v = x.span<float>();
  const std::size_t size = std::size_t(N) * std::size_t(F) * std::size_t(D);
  for (int s = 0; s < seeds; ++s) {
    zoo::Rows rows{D, {v.begin() + std::ptrdiff_t(size) * s, v.begin() + std::ptrdiff_t(size) * (s + 1)}};
    all.push_back(countCodes(Tensor::copy(zoo::kMeans(rows, 200, std::uint64_t(s), 15).nearest, {N, F}), 200));
  }
  return all;
}
std::vector<Trial> measured(const Tensor &x, int seeds, bool random) {
  std::vector<Trial> all;
  for (int s = 0; s < seeds; ++s) {
    Trial t;
    t.counts = lengths(x, s);
    Draw draw{std::uint64_t(s)};
    if (random)
      for (double &c : t.counts)
        c = draw.below(1 << 20);
    all.push_back(t);
  }
  return all;
}
std::string summary(const std::vector<double> &a) { return zoo::text("%.3f +- %.3f", zoo::mean(a), zoo::deviation(a)); }
/// Heads across, trials down.
zoo::Panel panel(const std::string &title, const std::vector<Trial> &trials, std::vector<double> Trial::*what) {
  const int S = int(trials.size()), F = int((trials[0].*what).size());
  double most = 0;
  for (const Trial &t : trials)
    most = std::max(most, std::ranges::max(t.*what));
  zoo::Panel p(title, 0, 1);
  p.heat(F * S, most > 0 ? most : 1, [&](double x, double y) {
    return (trials[std::size_t(std::min(S - 1, int((1 - y) * S)))].*what)[std::size_t(std::min(F - 1, int(x * F)))];
  });
  return p;
}
} // namespace

// ---- 4, 6: the model whose circuit is known
void knownCircuit(zoo::Run &run) {
  const int seeds = 10, left = HandBuilt::previous;
  const std::vector<bool> truth =
      labels({HandBuilt::duplicate, HandBuilt::induction}, HandBuilt::first + HandBuilt::second);
  auto make = [](Draw &draw, bool positive) { return zoo::repeats(draw, half, HandBuilt::t, HandBuilt::v, positive); };
  auto collect = [&](float rest) {
    std::vector<HandBuilt> models;
    for (int s = 0; s < seeds; ++s)
      models.push_back(handBuilt(std::uint64_t(s), rest));
    return gather(models, seeds, make);
  };
  Tensor x = collect(6), restless = collect(0);
  std::vector<Trial> found;
  for (auto [name, data] : {std::pair("heads rest on position 0", &x), {"no rest", &restless}})
    for (float lambda : {0.02f, 0.005f, 0.002f}) {
      std::vector<Trial> t = find(*data, {.lambda = lambda});
      run.say("known circuit, %s, lambda %.3f: AUC of counts %s, normalised %s, edges %s", name, double(lambda),
              summary(aucs(t, &Trial::counts, truth, left)).c_str(),
              summary(aucs(t, &Trial::normalised, truth, left)).c_str(),
              summary(aucs(t, &Trial::edges, truth, left)).c_str());
      if (lambda == 0.002f && data == &x)
        found = t;
    }
  std::vector<double> counts = aucs(found, &Trial::counts, truth, left),
                      normalised = aucs(found, &Trial::normalised, truth, left);
  const Trial &t = found[0];
  std::vector<double> norm = lengths(x, 0);
  for (std::size_t h = 0; h < truth.size(); ++h)
    run.say(
        "seed 0, head %zu %-14s codes in positives %3.0f, in negatives %3.0f, only there %3.0f and %3.0f, normalised "
        "%.3f, length %.2f",
        h,
        int(h) == HandBuilt::previous    ? "previous token"
        : int(h) == HandBuilt::duplicate ? "duplicate"
        : int(h) == HandBuilt::induction ? "induction"
                                         : "random",
        t.inPositive[h], t.inNegative[h], t.counts[h], t.onlyNegative[h], t.normalised[h], norm[h]);
  run.say("AUC seed by seed: counts%s, normalised%s", listed(counts).c_str(), listed(normalised).c_str());
  run.above("4", "known circuit, lambda 0.002, 10 seeds: mean AUC of the normalised score", zoo::mean(normalised),
            0.90);
  run.above("4", "the same of raw counts", zoo::mean(counts), 0.80);
  run.below("6", "the same: standard deviation of the AUC over seeds, normalised", zoo::deviation(normalised), 0.1);
  run.below("6", "the same, raw counts", zoo::deviation(counts), 0.1);
  std::vector<Trial> many = find(x, {.prompts = 100});
  for (auto [name, what, ten] :
       {std::tuple("normalised", &Trial::normalised, &normalised), {"raw counts", &Trial::counts, &counts}}) {
    double hundred = zoo::mean(aucs(many, what, truth, left));
    run.criterion("6",
                  zoo::text("mean AUC with 10 prompts to train on (%.3f) and with 100 (%.3f), %s", zoo::mean(*ten),
                            hundred, name),
                  "<= 0.05 apart", zoo::text("%.3f", std::abs(zoo::mean(*ten) - hundred)),
                  std::abs(zoo::mean(*ten) - hundred) <= 0.05);
  }
  std::vector<Trial> direct = find(x, {.directions = true});
  run.say("with unit directions of latents in place of unit rows: AUC of counts %s, normalised %s",
          summary(aucs(direct, &Trial::counts, truth, left)).c_str(),
          summary(aucs(direct, &Trial::normalised, truth, left)).c_str());
  const int clusters = run.full ? seeds : 3;
  std::vector<Trial> means = clustered(x, clusters);
  run.say("baselines: lengths %s, k-means with 200 centres, %d seeds, counts %s, normalised %s, random %s",
          summary(aucs(measured(x, seeds, false), &Trial::counts, truth, left)).c_str(), clusters,
          summary(aucs(means, &Trial::counts, truth, left)).c_str(),
          summary(aucs(means, &Trial::normalised, truth, left)).c_str(),
          summary(aucs(measured(x, seeds, true), &Trial::counts, truth, left)).c_str());
  if (std::string file = run.picture("known-circuit"); !file.empty())
    zoo::writePicture(file, "Hand-built model: heads across, seeds down",
                      {panel("codes only in positives", found, &Trial::counts),
                       panel("the same, normalised", found, &Trial::normalised),
                       panel("k-means, normalised", means, &Trial::normalised)});
}

// ---- 5, 7: the model that was trained
namespace {
/// Percent of indirect objects that are named.
double accuracy(const Subject &net, const Prompts &p) {
  static const auto best = jit([](const Subject &net, Tensor x) {
    Tensor logits = net.see(x).logits;
    return argmax(squeeze(slice(logits, 1, 15, 16), 1), 1);
  });
  Tensor said = best(net, p.tensor());
  int right = 0;
  for (int i = 0; i < p.count(); ++i)
    right += said.span<int>()[std::size_t(i)] == p.answer[std::size_t(i)];
  return 100.0 * right / p.count();
}
Subject trained(zoo::Run &run, const Prompts &test) {
  const int part = 250;
  for (int steps = 1500;; steps *= 2) {
    Fit s = fit(steps);
    initialize(s, Key(0));
    Draw draw(0);
    struct Batch {
      Tensor x, answer;
    };
    auto go = jit(
        [](Fit &s, const Tensor &x, const Tensor &answer) {
          return scan(s, Batch{x, answer}, [](Fit &s, Batch b) { return step(s, b.x, b.answer); });
        },
        s, i32({part, 96, 16}), i32({part, 64}));
    for (int done = 0; done < steps; done += part) {
      std::vector<int> tokens, answers;
      for (int i = 0; i < part; ++i) {
        Prompts known = zoo::indirectObjects(draw, 64, true), again = zoo::copies(draw, 32);
        tokens.insert(tokens.end(), known.tokens.begin(), known.tokens.end());
        tokens.insert(tokens.end(), again.tokens.begin(), again.tokens.end());
        answers.insert(answers.end(), known.answer.begin(), known.answer.end());
      }
      Tensor losses = go(s, Tensor::copy(tokens, {part, 96, 16}), Tensor::copy(answers, {part, 64}));
      run.say("subject: step %d of %d, loss %.3f", done + part, steps, double(losses.span<float>().back()));
    }
    double right = accuracy(s.net, test);
    run.say("subject: %.1f %% of indirect objects", right);
    if (right > 95 || steps >= 12000)
      return s.net;
  }
}
} // namespace

void trainedCircuit(zoo::Run &run) {
  Draw draw(7);
  Prompts test = zoo::indirectObjects(draw, 512, true);
  Subject net = trained(run, test);
  run.above("5", "subject: percent of 512 indirect objects that it names", accuracy(net, test), 95);
  const int F = net.heads(), seeds = 10;
  Tensor x = test.tensor(), answer = Tensor::copy(test.answer, {512}), wrong = Tensor::copy(test.wrong, {512});
  static const auto sweep = jit(ablate<Subject>);
  Effects nodes = sweep(net, x, answer, wrong, nodeCuts(F));
  double whole = nodes.whole.item<double>();
  std::vector<double> effect;
  std::vector<int> circuit;
  for (int h = 0; h < F; ++h) {
    effect.push_back(std::abs(nodes.without.span<float>()[std::size_t(h)] - whole) / whole);
    if (effect.back() > 0.1)
      circuit.push_back(h);
  }
  run.say("subject: logit difference %.2f; changed without each head by%s of it; %zu heads are the circuit", whole,
          listed(effect).c_str(), circuit.size());
  if (circuit.empty() || int(circuit.size()) == F) {
    run.say("all heads are of one class, so there is nothing to rank");
    return;
  }
  std::vector<bool> truth = labels(circuit, F);
  Tensor seen = gather(std::vector{net}, seeds,
                       [](Draw &draw, bool positive) { return zoo::indirectObjects(draw, half, positive); });
  std::vector<Trial> found;
  for (float lambda : {0.02f, 0.005f, 0.002f}) {
    found = find(seen, {.lambda = lambda});
    run.say("subject, lambda %.3f: AUC of counts %s, normalised %s, edges %s (reported, no criterion)", double(lambda),
            summary(aucs(found, &Trial::counts, truth)).c_str(),
            summary(aucs(found, &Trial::normalised, truth)).c_str(),
            summary(aucs(found, &Trial::edges, truth)).c_str());
  }
  std::vector<double> norm = lengths(seen, 0);
  for (int h = 0; h < F; ++h)
    run.say("seed 0, layer %d head %d: codes in positives %3.0f, in negatives %3.0f, only there %3.0f and %3.0f, "
            "normalised %.3f, length %.2f, effect %.2f",
            h / 4, h % 4, found[0].inPositive[std::size_t(h)], found[0].inNegative[std::size_t(h)],
            found[0].counts[std::size_t(h)], found[0].onlyNegative[std::size_t(h)], found[0].normalised[std::size_t(h)],
            norm[std::size_t(h)], effect[std::size_t(h)]);
  Tensor slopes = jit(attribution<Subject>, net, x, answer, wrong)(net, x, answer, wrong);
  std::vector<Trial> means = clustered(seen, run.full ? seeds : 3);
  run.say("baselines: attribution patching %.3f, lengths %s, k-means counts %s, normalised %s, random %s",
          zoo::rocAuc(numbers(slopes, 0, F), truth),
          summary(aucs(measured(seen, seeds, false), &Trial::counts, truth)).c_str(),
          summary(aucs(means, &Trial::counts, truth)).c_str(), summary(aucs(means, &Trial::normalised, truth)).c_str(),
          summary(aucs(measured(seen, seeds, true), &Trial::counts, truth)).c_str());
  if (std::string file = run.picture("trained-circuit"); !file.empty()) {
    std::vector<Trial> truths(std::size_t(seeds), Trial{effect, {}, {}, {}, {}, {}});
    zoo::writePicture(file, "Trained subject: heads across, seeds down",
                      {panel("what ablation says", truths, &Trial::counts),
                       panel("codes only in positives", found, &Trial::counts),
                       panel("the same, normalised", found, &Trial::normalised)});
  }

  // 7: one trial with all that belongs to it against the ablations, everything compiled before
  Prompts both = zoo::indirectObjects(draw, half, true);
  Prompts negative = zoo::indirectObjects(draw, half, false);
  both.tokens.insert(both.tokens.end(), negative.tokens.begin(), negative.tokens.end());
  auto tap = jit([](const Subject &m, Tensor x) { return expand(m.see(x).answers(), 0); }, net, i32({2 * half, 16}));
  Tensor edges = edgeCuts(F), single = nodeCuts(F);
  auto seconds = [](const auto &f) {
    auto begin = std::chrono::steady_clock::now();
    f();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  };
  auto search = [&] { find(tap(net, both.tensor()), {}); };
  auto patch = [&] {
    sweep(net, x, answer, wrong, single);
    sweep(net, x, answer, wrong, edges);
  };
  search();
  patch();
  std::vector<double> ratios, searches, patches;
  for (int pair = 0; pair < 9; ++pair) {
    searches.push_back(seconds(search)), patches.push_back(seconds(patch));
    ratios.push_back(searches.back() / patches.back());
  }
  run.below("7",
            zoo::text("one trial of the finder (%.2f s) over all 12 + 132 ablations (%.2f s), median of 9 pairs",
                      zoo::median(searches), zoo::median(patches)),
            zoo::median(ratios), 1);
}

} // namespace circuits
