// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The experiments of hybrid distillation: what must hold by mathematics (--quick), and all of it (--claims). See
// README.md.
#include "diagnostics.h"
#include "harness/Check.h"
#include "harness/Harness.h"
#include "harness/Linear.h"
#include "harness/Picture.h"
#include "harness/Statistics.h"
#include "model.h"
#include <bit>
#include <map>

using namespace hybrid;
using zoo::Rows;

namespace {
constexpr int grid = 4, N = 16, numbers = 4;
Vit vit(float dropout = 0) { return zoo::digitsVit(48, 4, 6, dropout); }
Student student() { return {vit(), 48}; }

Tensor drawn(const Shape &shape, std::uint64_t seed, DType dtype = f32) {
  return weft::run([=](const Key &key) { return normal(key, shape, dtype); }, Key(seed));
}
template <class T> T begun(T model, std::uint64_t seed) {
  initialize(model, Key(seed));
  return model;
}
template <class T> Rows flat(const T &tree) {
  return zoo::rows(weft::run([](const T &t) { return ravel(t); }, tree));
}
bool sameBits(const Tensor &a, const Tensor &b) {
  return std::ranges::equal(a.span<float>(), b.span<float>(), [](float x, float y) {
    return std::bit_cast<std::uint32_t>(x) == std::bit_cast<std::uint32_t>(y);
  });
}
} // namespace

// ---- 1: a student that is its teacher
static void copies(zoo::Run &run) {
  Teachers t{begun(vit(), 1), begun(vit(), 2)};
  Student of = begun(student(), 3), like = of;
  of.vit = t.relates;
  Tensor x = drawn({8, N, numbers}, 4);
  struct Out {
    Tensor loss;
    Student slope;
  };
  auto relations = [](const Student &s, const Teachers &t, const Tensor &x) {
    Losses l = losses(s, "vit.", t, "relates.", x, {.alpha = 0});
    return Out{l.whole, grad(l.whole, s)};
  };
  Out out = jit(relations, of, t, x)(of, t, x);
  run.below("1", "student = masked autoencoder's encoder: relation loss", std::abs(out.loss.item<double>()), 1e-7);
  Student wide = cast(of, f64);
  Teachers wideT = cast(t, f64);
  Tensor wideX = cast(x, f64);
  double most = 0;
  for (double v : flat(jit(relations, wide, wideT, wideX)(wide, wideT, wideX).slope).v)
    most = std::max(most, std::abs(v));
  run.below("1", "the same: largest number of its gradient, float64", most, 1e-12);
  like.vit = t.discriminates;
  std::vector<float> one(48 * 48, 0.f);
  for (int i = 0; i < 48; ++i)
    one[std::size_t(49 * i)] = 1;
  like.project.w = Tensor::copy(one, {48, 48});
  like.project.b = Tensor::copy(std::vector<float>(48, 0.f), {48});
  auto features = [](const Student &s, const Teachers &t, const Tensor &x) {
    return losses(s, "vit.", t, "relates.", x, {.beta = 0}).whole;
  };
  run.below("1", "student = supervised encoder, projection = identity: feature loss",
            std::abs(jit(features, like, t, x)(like, t, x).item<double>()), 1e-12);
}

// ---- 2: relations and their gradient
static void relations(zoo::Run &run) {
  const Shape shape{2, 7, 4, 12};
  Inside s{drawn(shape, 5, f64), drawn(shape, 6, f64), drawn(shape, 7, f64)},
      t{drawn({2, 7, 3, 16}, 8, f64), drawn({2, 7, 3, 16}, 9, f64), drawn({2, 7, 3, 16}, 10, f64)};
  auto rows = jit(
      [](const Inside &i) {
        Tensor q = relationHeads(i.q, 6), k = relationHeads(i.k, 6), v = relationHeads(i.v, 6);
        return std::pair(sum(exp(logRelation(q, k)), -1), sum(exp(logRelation(v, v)), -1));
      },
      s);
  auto [qk, vv] = rows(s);
  double off = 0;
  for (const Tensor &r : {qk, vv})
    for (double v : r.span<double>())
      off = std::max(off, std::abs(v - 1));
  run.below("2", "rows of both relations: how far their sums are from 1, float64", off, 1e-12);
  auto loss = [](const Inside &s, const Inside &t) { return relationLoss(s, t, 6); };
  double least = infinity;
  auto value = jit(loss, s, t);
  for (int i = 0; i < 20; ++i) {
    auto r = [&](int which) { return drawn(shape, std::uint64_t(20 + 3 * i + which), f64); };
    least = std::min(least, value(Inside{r(0), r(1), r(2)}, t).item<double>());
  }
  run.criterion("2", "relation loss of 20 random students, the smallest", ">= 0", zoo::text("%.4g", least), least >= 0);
  run.below("2",
            "its gradient by the student's queries, keys and values (4 heads; teacher 3; relations 6) against "
            "differences, float64",
            zoo::gradientError(loss, s, 0, 1e-6, t), 1e-6);
  Student net = begun(student(), 11);
  Teachers teachers{begun(vit(), 12), begun(vit(), 13)};
  Tensor x = drawn({2, N, numbers}, 14);
  std::string said = "a gradient";
  try {
    jit([](const Student &s, const Teachers &t,
           const Tensor &x) { return grad(losses(s, "vit.", t, "relates.", x, {}).whole, t); },
        net, teachers, x);
  } catch (const weft::Error &e) {
    said = std::string(e.what()).find("no path leads from y to discriminates") != std::string::npos
               ? "an error: no path"
               : e.what();
  }
  run.criterion("2", "the whole loss differentiated by the teachers", "an error: no path", said,
                said == "an error: no path");
  Vit plain = begun(vit(), 15), noisy = vit(0.5f);
  noisy = begun(noisy, 15);
  Tensor a = jit(zoo::feature, plain, x)(plain, x), b = jit(zoo::feature, noisy, x)(noisy, x);
  run.criterion("bad", "a teacher with dropout 0.5 is used without a mode, so it evaluates: its features",
                "those without dropout, the same bits", sameBits(a, b) ? "the same bits" : "other bits",
                sameBits(a, b));
}

// ---- 3: dropping tokens
static void dropping(zoo::Run &run) {
  Student s = begun(student(), 16);
  Teachers t{begun(vit(), 17), begun(vit(), 18)};
  const int B = 16;
  Tensor x = drawn({B, N, numbers}, 19);
  struct Stages {
    std::vector<Tensor> redundant, kept; // of each stage: [B, alive], and places among them
    Tensor alive;
  };
  auto stages = jit(
      [](const Student &s, const Tensor &x) {
        // The stages once more, with what they see.
        Dropping drop{.m = 0.3};
        Stages all;
        Tensor h = zoo::withClass(s.vit, s.vit.embedded(x));
        for (int l = 0; l < 6; ++l) {
          if (l % 2 == 0) {
            Tensor tokens = withoutClass(h), kept = leastRedundant(tokens, drop.left(N, l / 2));
            all.redundant.push_back(redundancy(tokens)), all.kept.push_back(kept);
            h = concat({slice(h, 1, 0, 1), rowsAt(tokens, kept)}, 1);
          }
          h = s.vit.encoder.blocks[std::size_t(l)](h);
        }
        all.alive = see(s.vit, "vit.", x, 5, drop).alive;
        return all;
      },
      s, x);
  Stages all = stages(s, x);
  int wrong = 0;
  std::vector<std::vector<int>> alive(B);
  for (auto &row : alive)
    for (int i = 0; i < N; ++i)
      row.push_back(i);
  std::string counts;
  for (std::size_t g = 0; g < 3; ++g) {
    const int there = int(all.redundant[g].dim(1).value()), left = int(all.kept[g].dim(1).value());
    counts += (g ? ", " : "") + std::to_string(left);
    for (int b = 0; b < B; ++b) {
      std::vector<int> order(static_cast<std::size_t>(there));
      for (int i = 0; i < there; ++i)
        order[std::size_t(i)] = i;
      std::ranges::stable_sort(order, {},
                               [&](int i) { return all.redundant[g].span<float>()[std::size_t(b * there + i)]; });
      order.resize(std::size_t(left));
      std::ranges::sort(order);
      std::vector<int> survivors;
      for (int i = 0; i < left; ++i) {
        wrong += all.kept[g].span<int>()[std::size_t(b * left + i)] != order[std::size_t(i)];
        survivors.push_back(alive[std::size_t(b)][std::size_t(order[std::size_t(i)])]);
      }
      alive[std::size_t(b)] = survivors;
    }
  }
  for (int b = 0; b < B; ++b)
    for (std::size_t i = 0; i < alive[std::size_t(b)].size(); ++i)
      wrong += all.alive.span<int>()[std::size_t(b) * alive[std::size_t(b)].size() + i] != alive[std::size_t(b)][i];
  run.criterion("3", "m = 0.3 of 16 tokens: left after the three stages", "14, 13, 11", counts, counts == "14, 13, 11");
  run.criterion("3", "the same: survivors, and their places, that differ from a sort on the host", "0",
                zoo::text("%d", wrong), wrong == 0);
  auto whole = [&](bool always) {
    auto f = jit([always](const Student &s, const Teachers &t,
                          const Tensor &x) { return losses(s, "vit.", t, "relates.", x, {.drop = {0, always}}).whole; },
                 s, t, x);
    return f(s, t, x);
  };
  bool same = sameBits(whole(true), whole(false));
  run.criterion("3", "m = 0 with all its sorting and gathering: the loss without it", "the same bits",
                same ? "the same bits" : "other bits", same);
}

// ---- 4: the measures
static void measures(zoo::Run &run) {
  std::vector<double> permuted(N * N, 0.0), uniform(N * N, 1.0 / N), same(N * N, 0.0), one(N * N, 0.0);
  for (int q = 0; q < N; ++q)
    permuted[std::size_t(q * N + (q * 5 + 3) % N)] = 1, same[std::size_t(q * N + q)] = 1,
                                               one[std::size_t(q * N + 2)] = 0.75, one[std::size_t(q * N + 9)] = 0.25;
  run.below("4", "NMI of a permutation: distance from 1", std::abs(nmi(permuted.data(), N) - 1), 1e-6);
  run.below("4", "NMI of uniform rows", nmi(uniform.data(), N), 1e-6);
  run.below("4", "NMI of rows that are alike and not uniform", nmi(one.data(), N), 1e-6);
  run.below("4", "attention distance of the identity", distance(same.data(), grid), 1e-12);
}

static void badInput(zoo::Run &run) {
  Student s = student();
  Teachers t{vit(), vit()};
  run.refuses("a teacher of 4 tokens", "16 tokens, and its teachers 16 and 4", [&] {
    Teachers small = t;
    small.relates = vit();
    small.relates.side = 4;
    checked({}, s, small);
  });
  run.refuses("5 relation heads", "5 relation heads do not divide", [&] { checked({.heads = 5}, s, t); });
  run.refuses("block 0", "block 0 of 1 to 6", [&] { checked({.block = 0}, s, t); });
  run.refuses("block 7", "block 7 of 1 to 6", [&] { checked({.block = 7}, s, t); });
  run.refuses("alpha and beta 0", "nothing is learnt", [&] { checked({.alpha = 0, .beta = 0}, s, t); });
  run.refuses("m = 1", "[0, 1)", [&] { checked({.drop = {1}}, s, t); });
  run.refuses("m = -0.1", "[0, 1)", [&] { checked({.drop = {-0.1}}, s, t); });
  run.refuses("m = 0.95, which leaves one token", "1 tokens are left", [&] { checked({.drop = {0.95}}, s, t); });
}

// ---- 5 to 8: the networks
namespace {
struct Data {
  zoo::Digits digits;
  Tensor train, test, labels; // patches, i32 [1400]
};
Data data(const zoo::Run &run) {
  Data d{zoo::digits(run), {}, {}, {}};
  auto cut = [](const Tensor &x) { return weft::run([](Tensor x) { return zoo::digitPatches(x); }, x); };
  d.train = cut(d.digits.train), d.test = cut(d.digits.test);
  d.labels = Tensor::copy(d.digits.trainLabels, {d.train.dim(0)});
  return d;
}

/// A table of figures of one network.
struct Figures {
  double few, all; // percent of the probe with 100 labels and with 1,400
  std::vector<Attention> blocks;
};
Figures examine(const Vit &v, const Data &d) {
  static const auto feature = jit(zoo::feature);
  // The weights of all blocks at once.
  static const auto look = jit([](const Vit &v, const Tensor &x) {
    std::vector<Tensor> maps;
    Tensor h = zoo::withClass(v, v.embedded(x));
    for (int l = 0; l < v.depth; ++l) {
      auto [next, map] =
          tap("encoder.blocks." + std::to_string(l) + ".attn.map", [&] { return v.encoder.blocks[std::size_t(l)](h); });
      h = next;
      Tensor a = slice(slice(map, 2, 1, 1 + N), 3, 1, 1 + N);
      maps.push_back(a / sum(a, -1, keep));
    }
    return maps;
  });
  Rows train = zoo::rows(feature(v, d.train)), test = zoo::rows(feature(v, d.test));
  const auto &labels = d.digits.trainLabels, &truth = d.digits.testLabels;
  Figures f{zoo::fewLabelsAccuracy(train, labels, test, truth, 10, 0.1, 100, 5),
            zoo::probeAccuracy(train, labels, test, truth, 10, 0.1),
            {}};
  for (const Tensor &map : look(v, d.test))
    f.blocks.push_back(hybrid::describe(Maps{v.heads, N, grid, {map.span<float>().begin(), map.span<float>().end()}}));
  return f;
}
void print(const zoo::Run &run, const std::string &name, const Figures &f) {
  std::string nmi, reach;
  for (const Attention &a : f.blocks)
    nmi += zoo::text(" %.3f", a.nmi), reach += zoo::text(" %.2f+-%.2f", a.reach, a.spread);
  run.say("%-28s probe %.1f %% (100 labels %.1f %%), NMI%s, reach%s", name.c_str(), f.all, f.few, nmi.c_str(),
          reach.c_str());
}

/// A network at the beginning of its training, its attention close to a mean.
template <class Net> zoo::NetFit<Net> started(const Net &net, int steps, std::uint64_t seed) {
  zoo::NetFit<Net> s = begun(zoo::netFit(net, steps), seed);
  if constexpr (std::is_same_v<Net, Student>)
    zoo::drawUniform(s.net.vit, Key(seed).fold(1));
  else
    zoo::drawUniform(s.net.enc, Key(seed).fold(1));
  return s;
}
/// Trains in parts of a compiled loop of so many steps.
template <class Net, class Go>
void loop(const zoo::Run &run, const std::string &name, zoo::NetFit<Net> &s, int steps, int part, const Go &go) {
  for (int done = 0; done < steps; done += part) {
    Tensor losses = go(s);
    if (done + part >= steps)
      run.say("%s: step %d, loss %.4f", name.c_str(), done + part, double(losses.span<float>().back()));
  }
}
Teachers teachers(const zoo::Run &run, const Data &d, std::uint64_t seed) {
  const int part = 250;
  zoo::NetFit<Classifier> c = started(Classifier{vit()}, 1000, seed);
  auto supervised = jit(
      [](zoo::NetFit<Classifier> &s, const Tensor &x, const Tensor &y) {
        return zoo::trainNet(s, x.dim(0), part, 64, [&](const Classifier &net, const Tensor &rows, const Key &) {
          return cross_entropy(net(take(x, rows)), take(y, rows));
        });
      },
      c, d.train, d.labels);
  loop(run, zoo::text("seed %d, supervised", int(seed)), c, 1000, part,
       [&](auto &s) { return supervised(s, d.train, d.labels); });
  zoo::NetFit<zoo::Mae> m = started(zoo::Mae{vit()}, 2500, seed);
  auto masked = jit(
      [](zoo::NetFit<zoo::Mae> &s, const Tensor &x) {
        return zoo::trainNet(s, x.dim(0), part, 64, [&](const zoo::Mae &net, const Tensor &rows, const Key &key) {
          return loss(net, take(x, rows), zoo::randomSplit(key, rows.dim(0), N, 8));
        });
      },
      m, d.train);
  loop(run, zoo::text("seed %d, masked autoencoder", int(seed)), m, 2500, part,
       [&](auto &s) { return masked(s, d.train); });
  return {c.net.enc, m.net.enc};
}
auto distilling(const zoo::NetFit<Student> &s, const Teachers &t, const Data &d, const Method &how, int part) {
  checked(how, s.net, t);
  return jit(
      [how, part](zoo::NetFit<Student> &s, const Teachers &t, const Tensor &x) {
        return zoo::trainNet(s, x.dim(0), part, 64, [&](const Student &net, const Tensor &rows, const Key &) {
          return losses(net, "net.vit.", t, "relates.", take(x, rows), how).whole;
        });
      },
      s, t, d.train);
}
constexpr int studentSteps = 1200, warm = 120;
Student distilled(const zoo::Run &run, const std::string &name, const Teachers &t, const Data &d, const Method &how,
                  std::uint64_t seed) {
  zoo::NetFit<Student> s = started(student(), studentSteps, seed);
  int left = studentSteps;
  if (how.drop.m > 0) { // redundancy means nothing before the first steps
    Method all = how;
    all.drop.m = 0;
    auto go = distilling(s, t, d, all, warm);
    loop(run, name + ", without dropping", s, warm, warm, [&](auto &s) { return go(s, t, d.train); });
    left -= warm;
  }
  auto begin = std::chrono::steady_clock::now();
  auto go = distilling(s, t, d, how, 120);
  run.say("%s: compiled in %.1f s", name.c_str(),
          std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
  loop(run, name, s, left, 120, [&](auto &s) { return go(s, t, d.train); });
  return s.net;
}

void picture(const zoo::Run &run, const std::map<std::string, Figures> &figures) {
  std::string file = run.picture("attention");
  if (file.empty())
    return;
  auto curves = [&](const std::string &title, double low, double high, auto of) {
    zoo::Panel p(title, 0, 1);
    const char *colors[] = {"#c0392b", "#2471a3", "#1e8449", "#b7950b", "#7d3c98", "#5d6d7e", "#d35400"};
    int k = 0;
    for (const auto &[name, f] : figures) {
      Rows points{2, {}};
      for (std::size_t l = 0; l + 1 < f.blocks.size(); ++l)
        for (int i = 0; i <= 60; ++i) {
          double u = i / 60.0, v = of(f.blocks[l]) * (1 - u) + of(f.blocks[l + 1]) * u;
          points.v.insert(points.v.end(), {(double(l) + u + 0.5) / double(f.blocks.size()), (v - low) / (high - low)});
        }
      p.points(points, colors[k % 7], 6, 1);
      ++k;
    }
    return p;
  };
  // In the order of their names.
  zoo::writePicture(file, "Attention, block by block",
                    {curves("NMI to 0.2; red dropping, blue features, green hybrid", 0, 0.2,
                            [](const Attention &a) { return a.nmi; }),
                     curves("reach 1.6-2.2; yellow MAE, purple random, grey relations, orange sup.", 1.6, 2.2,
                            [](const Attention &a) { return a.reach; })});
}
} // namespace

static void claims(zoo::Run &run) {
  Data d = data(run);
  const int seeds = run.full ? 3 : 1;
  auto each = [](const std::vector<double> &v) {
    std::string text = zoo::text("%.3g", zoo::mean(v));
    for (std::size_t i = 0; i < v.size() && v.size() > 1; ++i)
      text += zoo::text(i ? ", %.3g" : " (%.3g", v[i]);
    return text + (v.size() > 1 ? ")" : "");
  };
  struct Gap {
    std::vector<double> probe, collapse, feature, hybrid, closer, relations, dropping;
  } gap;
  std::map<std::string, Figures> shown;
  Teachers kept{vit(), vit()};
  for (int seed = 0; seed < seeds; ++seed) {
    std::map<std::string, Figures> f;
    auto add = [&](const std::string &name, const Vit &v) {
      f[name] = examine(v, d);
      print(run, zoo::text("seed %d, ", seed) + name, f[name]);
    };
    add("random", started(student(), studentSteps, std::uint64_t(seed)).net.vit);
    Teachers t = teachers(run, d, std::uint64_t(seed));
    add("supervised", t.discriminates), add("masked", t.relates);
    auto arm = [&](const std::string &name, const Method &how) {
      add(name, distilled(run, zoo::text("seed %d, ", seed) + name, t, d, how, std::uint64_t(seed)).vit);
    };
    arm("features", {.beta = 0}), arm("relations", {.alpha = 0}), arm("hybrid", {}), arm("dropping", {.drop = {0.3}});
    auto last = [&](const char *name, std::size_t from, auto value) {
      double sum = 0;
      for (std::size_t l = from; l < 6; ++l)
        sum += value(f[name].blocks[l], f["masked"].blocks[l]) / double(6 - from);
      return sum;
    };
    auto own = [](const Attention &a, const Attention &) { return a.nmi; };
    auto apart = [](const Attention &a, const Attention &b) { return std::abs(a.nmi - b.nmi); };
    gap.probe.push_back(f["supervised"].all - f["masked"].all);
    gap.collapse.push_back(last("supervised", 4, own) / last("masked", 4, own));
    gap.feature.push_back(f["features"].all - f["supervised"].all);
    gap.hybrid.push_back(f["hybrid"].all - f["features"].all);
    gap.closer.push_back(100 * (1 - last("hybrid", 3, apart) / last("features", 3, apart)));
    gap.relations.push_back(f["hybrid"].all - f["relations"].all);
    gap.dropping.push_back(f["dropping"].all - f["hybrid"].all);
    if (seed == 0)
      shown = f, kept = t;
  }
  auto row = [&](const char *id, const std::string &what, const std::vector<double> &v, const char *asked, auto holds) {
    run.criterion(id, what, asked, each(v), holds(zoo::mean(v)));
  };
  const std::string of = zoo::text(", %d seed%s", seeds, seeds > 1 ? "s" : "");
  row("5", "probe of the supervised teacher over the masked autoencoder's, points" + of, gap.probe, ">= 3",
      [](double v) { return v >= 3; });
  row("5", "NMI of its last two blocks, as a share of the masked autoencoder's" + of, gap.collapse, "< 0.5",
      [](double v) { return v < 0.5; });
  row("6", "probe of the feature-only student over its teacher's, points" + of, gap.feature, ">= -2",
      [](double v) { return v >= -2; });
  row("6", "probe of the hybrid over the feature-only student's, points" + of, gap.hybrid, ">= -1",
      [](double v) { return v >= -1; });
  row("6", "NMI of blocks 4 to 6: percent closer to the masked autoencoder's than the feature-only student's" + of,
      gap.closer, ">= 30", [](double v) { return v >= 30; });
  row("7", "probe of the hybrid over the relations-only student's, points" + of, gap.relations, ">= 3",
      [](double v) { return v >= 3; });
  row("7", "probe of the hybrid that drops 0.3 of its tokens over the hybrid's, points" + of, gap.dropping, ">= -1",
      [](double v) { return v >= -1; });
  picture(run, shown);

  // 8: 20 steps with dropping against 20 without, in turn
  zoo::NetFit<Student> a = started(student(), studentSteps, 0), b = a;
  auto with = distilling(a, kept, d, {.drop = {0.3}}, 20), without = distilling(b, kept, d, {}, 20);
  auto seconds = [](const auto &f) {
    auto begin = std::chrono::steady_clock::now();
    f();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  };
  with(a, kept, d.train), without(b, kept, d.train);
  std::vector<double> ratios, times;
  for (int pair = 0; pair < 9; ++pair) {
    double x = seconds([&] { with(a, kept, d.train); }), y = seconds([&] { without(b, kept, d.train); });
    ratios.push_back(x / y), times.push_back(y / 20);
  }
  run.below("8",
            zoo::text("time of a step with m = 0.3 over one with m = 0 (%.1f ms), median of 9 pairs",
                      1e3 * zoo::median(times)),
            zoo::median(ratios), 1);
}

int main(int argc, char **argv) {
  return zoo::run(argc, argv, "06-hybrid-distillation", [](zoo::Run &run) {
    copies(run);
    relations(run);
    dropping(run);
    measures(run);
    badInput(run);
    if (!run.quick)
      claims(run);
  });
}
