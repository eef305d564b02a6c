// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The experiments of attention with relative factors: what must hold by mathematics (--quick), and all of it
// (--claims). See README.md.
#include "harness/Check.h"
#include "harness/Harness.h"
#include "harness/Metrics.h"
#include "harness/Picture.h"
#include "harness/Text.h"
#include "model.h"
#include <algorithm>
#include <numbers>

using namespace urpe;

namespace {
Tensor drawn(const Shape &shape, std::uint64_t seed, DType dtype = f32) {
  return run([=](const Key &key) { return normal(key, shape, dtype); }, Key(seed));
}
double worstOf(const Tensor &x) {
  double worst = 0;
  for (float v : x.span<float>())
    worst = std::max(worst, std::isfinite(v) ? std::abs(double(v)) : INFINITY);
  return worst;
}
std::vector<double> doubles(const Tensor &x) {
  Tensor wide = cast(x, f64);
  return {wide.span<double>().begin(), wide.span<double>().end()};
}
/// One head's worth of everything that attention with tables reads; f64.
struct Inputs {
  Tensor q, k, v, b, c;
};
Inputs inputs(int batch, int n, int heads, int width, std::uint64_t seed, DType dtype) {
  Shape shape{batch, n, heads, width};
  Tensor c = run([=](const Key &k) { return 1 + normal(k, {heads, 2 * n - 1}, dtype); }, Key(seed + 4));
  return {drawn(shape, seed, dtype), drawn(shape, seed + 1, dtype), drawn(shape, seed + 2, dtype),
          drawn({heads, 2 * n - 1}, seed + 3, dtype), c};
}
Tensor attend(const Inputs &x, const Tensor &keys = {}) {
  const Dim n = x.q.dim(1);
  Tensor factor = nn::toeplitz(x.c, n, n);
  return nn::dot_product_attention(
      x.q, x.k, x.v, {},
      {.bias = nn::toeplitz(x.b, n, n), .keys = keys, .weights = [&](Tensor w) { return w * factor; }});
}
} // namespace

// ---- 1: what a softmax alone cannot do
static void equalTokens(zoo::Run &run) {
  const int n = 32, v = 64;
  double apart[2] = {0, INFINITY};
  int named = 0;
  for (bool product : {false, true})
    for (int seed = 0; seed < 3; ++seed) {
      Model m{v, n, 64, {}, product};
      initialize(m, Key(std::uint64_t(seed)));
      m.b = drawn(m.b.shape(), 10 + std::uint64_t(seed));
      if (product)
        m.c = drawn(m.c.shape(), 20 + std::uint64_t(seed));
      auto f = jit(
          [](const Model &m, Tensor tokens) {
            Tensor y = m(tokens);
            return std::pair(max(abs(y - slice(y, 1, 0, 1)), {1, 2}), argmax(y, -1) == iota(m.positions.n));
          },
          m, i32({v, n}));
      std::vector<int> equal;
      for (int token = 0; token < v; ++token)
        equal.insert(equal.end(), n, token);
      auto [difference, right] = f(m, Tensor::copy(equal, {v, n}));
      auto each = doubles(difference);
      if (product)
        apart[1] = std::min(apart[1], *std::ranges::min_element(each));
      else
        apart[0] = std::max(apart[0], *std::ranges::max_element(each));
      if (!product)
        for (double hit : doubles(right))
          named += hit != 0;
    }
  run.below("1", "RPE, equal tokens, any weights: outputs of two places, most apart", apart[0], 1e-5);
  run.above("1", "URPE with any factors, equal tokens: outputs of two places, most apart, least of all tokens",
            apart[1], 1e-3);
  run.criterion("1", "RPE, equal tokens: places named rightly, of 3 x 64 x 32", zoo::text("%d, 1 of 32", 3 * v),
                zoo::text("%d", named), named == 3 * v);
}

// ---- 2: the arithmetic
/// Attention in doubles by loops, of row b of the batch.
static std::vector<double> plain(const Inputs &x, const std::vector<char> &keys) {
  const int B = int(x.q.dim(0).value()), n = int(x.q.dim(1).value()), H = int(x.q.dim(2).value()),
            w = int(x.q.dim(3).value());
  auto q = doubles(x.q), k = doubles(x.k), v = doubles(x.v), b = doubles(x.b), c = doubles(x.c);
  std::vector<double> out(q.size());
  auto at = [&](int r, int i, int h, int d) { return std::size_t(((r * n + i) * H + h) * w + d); };
  for (int r = 0; r < B; ++r)
    for (int h = 0; h < H; ++h)
      for (int i = 0; i < n; ++i) {
        std::vector<double> s(std::size_t(n), -INFINITY);
        double most = -INFINITY, sum = 0;
        for (int j = 0; j < n; ++j) {
          if (!keys[std::size_t(r * n + j)])
            continue;
          double dot = 0;
          for (int d = 0; d < w; ++d)
            dot += q[at(r, i, h, d)] * k[at(r, j, h, d)];
          s[std::size_t(j)] = dot / std::sqrt(double(w)) + b[std::size_t(h * (2 * n - 1) + n - 1 + j - i)];
          most = std::max(most, s[std::size_t(j)]);
        }
        for (double &e : s)
          e = most == -INFINITY ? 0 : std::exp(e - most), sum += e;
        for (int j = 0; j < n && sum > 0; ++j)
          for (int d = 0; d < w; ++d)
            out[at(r, i, h, d)] +=
                s[std::size_t(j)] / sum * c[std::size_t(h * (2 * n - 1) + n - 1 + j - i)] * v[at(r, j, h, d)];
      }
  return out;
}
static void arithmetic(zoo::Run &run) {
  for (int n : {7, 64, 129}) {
    Inputs x = inputs(2, n, 2, 16, std::uint64_t(n), f32);
    std::vector<char> keys(std::size_t(2 * n), 1);
    for (int j = n - n / 3; j < n; ++j)
      keys[std::size_t(n + j)] = 0; // of the second row the last third is padding
    std::vector<float> there(keys.begin(), keys.end());
    Tensor mask = cast(Tensor::copy(there, {2, n}), i1);
    Tensor y = jit(attend, x, mask)(x, mask);
    auto found = doubles(y), right = plain(x, keys);
    double worst = 0;
    for (std::size_t i = 0; i < found.size(); ++i)
      worst = std::max(worst, std::abs(found[i] - right[i]));
    run.below("2", zoo::text("n = %d, with padding: compiled f32 against loops in float64, largest difference", n),
              worst, 1e-5);
    // What lies in padded places has no effect: other keys and values there.
    Inputs other = x;
    auto replaced = [&](const Tensor &t) {
      std::vector<float> v(t.span<float>().begin(), t.span<float>().end());
      const std::size_t row = v.size() / std::size_t(2 * n);
      for (std::size_t j = 0; j < std::size_t(2 * n); ++j)
        if (!keys[j])
          for (std::size_t d = 0; d < row; ++d)
            v[j * row + d] = 1e6f * float(d + 1);
      return Tensor::copy(v, t.shape());
    };
    other.k = replaced(x.k), other.v = replaced(x.v);
    Tensor z = jit(attend, x, mask)(other, mask);
    bool same = std::ranges::equal(y.span<float>(), z.span<float>());
    run.criterion("2", zoo::text("n = %d: keys and values of padded places replaced by large ones", n), "the same bits",
                  same ? "the same bits" : "other bits", same);
  }
  Model rpe{64, 32, 64, {}, false};
  initialize(rpe, Key(3));
  Model ones{64, 32, 64, {}, true};
  initialize(ones, Key(3));
  ones.embed = rpe.embed, ones.b = rpe.b, ones.encoder = rpe.encoder, ones.head = rpe.head;
  auto both = jit([](const Model &a, const Model &b, Tensor x) { return abs(a(x) - b(x)); }, rpe, ones, i32({4, 32}));
  Tensor tokens = weft::run([](const Key &k) { return randint(k, 0, 64, {4, 32}); }, Key(5));
  run.below("2", "a model whose factors are 1 against RPE, largest difference of logits",
            worstOf(both(rpe, ones, tokens)), 1e-6);
  // A row that is padding from end to end.
  Tensor none = cast(Tensor::copy(std::vector<float>(4 * 32, 0), {4, 32}), i1);
  auto padded = jit([](const Model &m, Tensor x, Tensor keys) { return m(x, keys); }, ones, tokens, none);
  double size = worstOf(padded(ones, tokens, none));
  run.criterion("2", "rows of padding alone: logits", "finite", zoo::text("at most %.3g", size), std::isfinite(size));
}

// ---- 3: gradients
static void gradients(zoo::Run &run) {
  Inputs x = inputs(2, 7, 2, 3, 40, f64);
  auto loss = [](const Inputs &x) {
    Tensor y = attend(x, constant(std::vector<std::vector<int>>{{1, 1, 1, 1, 1, 1, 1}, {1, 1, 1, 1, 1, 0, 0}}) > 0);
    return sum(sin(y) * y);
  };
  run.below("3", "gradient by q, k, v, b and c against differences, float64", zoo::gradientError(loss, x, 0, 1e-5),
            1e-6);
  auto squared = [loss](const Inputs &x) {
    Inputs g = grad(loss(x), x);
    return sum(square(ravel(g)));
  };
  run.below("3", "gradient of the squared gradient, by 120 of them, against differences, float64",
            zoo::gradientError(squared, x, 120, 1e-5), 1e-6);
  struct Sums {
    Tensor diagonals, whole;
  };
  Sums sums = weft::run(
      [](const Inputs &x) {
        Tensor map;
        const Dim n = x.q.dim(1);
        Tensor factor = nn::toeplitz(x.c, n, n);
        Tensor y =
            nn::dot_product_attention(x.q, x.k, x.v, {}, {.bias = nn::toeplitz(x.b, n, n), .weights = [&](Tensor w) {
                                                            map = w;
                                                            return w * factor;
                                                          }});
        Tensor loss = sum(sin(y) * y);
        Tensor dy = grad(loss, y);
        return Sums{sum(grad(loss, x.c), 1), contract("bhij,bihd,bjhd->h", map, dy, x.v)};
      },
      x);
  auto a = doubles(sums.diagonals), b = doubles(sums.whole);
  double worst = 0;
  for (std::size_t h = 0; h < a.size(); ++h)
    worst = std::max(worst, std::abs(a[h] / b[h] - 1));
  run.below("3", "sum of dc over diagonals against the sum of A (dout . v), worst relative of the heads", worst, 1e-10);
}

static void badInput(zoo::Run &run) {
  auto model = [](Positions p) { return Model{8, 8, 16, p}; };
  run.refuses("a sequence longer than the table", "the table is for 8 places",
              [&] { jit(&Model::operator(), model({2, 8}), i32({2, 9}), i1({2, 9})); });
  run.refuses("a table of 14 entries for 8 places", "8 places need 15", [&] {
    Model m = model({2, 8});
    m.c = f32({2, 14});
    checked(m);
  });
  run.refuses("a table of an even length", "2 n - 1 entries",
              [] { jit([](Tensor t) { return nn::toeplitz(t, 4, 4); }, f32({2, 8})); });
  run.refuses("factors for another number of heads", "table c is for 4 heads", [&] {
    Model m = model({2, 8});
    m.c = f32({4, 15});
    checked(m);
  });
  run.refuses("buckets that reach no further than they are many", "larger than half of the buckets",
              [&] { checked(model({2, 8, 32, 16})); });
  run.refuses("NaN in a table", "not finite", [&] {
    Model m = model({2, 8});
    initialize(m, Key(0));
    m.b = Tensor::copy(std::vector<float>(30, NAN), {2, 15});
    checked(m);
  });
  run.refuses("an odd length for the even-token task", "needs an even length",
              [&] { fit(model({2, 9}), Task::evenToken, 1e-3, 10, 100); });
  // T5's example: 32 buckets to a distance of 128.
  bool right = bucketOf(0, 32, 128) == 0 && bucketOf(-7, 32, 128) == 7 && bucketOf(7, 32, 128) == 23 &&
               bucketOf(-8, 32, 128) == 8 && bucketOf(-15, 32, 128) == 9 && bucketOf(-127, 32, 128) == 15 &&
               bucketOf(500, 32, 128) == 31;
  run.criterion("-", "buckets of some distances", "as published", right ? "as published" : "others", right);
}

// ---- 4, 5: what they learn
namespace {
struct Curve {
  std::vector<double> updates, accuracy;
};
struct Learned {
  Fit s;
  Curve curve;
  double accuracy = 0;
};
Learned learn(zoo::Run &run, Task task, bool product, int seed, int updates, int schedule, double rate) {
  const bool places = task == Task::position;
  const int n = places ? 32 : 16, v = places ? 64 : 32;
  Fit s = fit(Model{v, places ? n : v + 1, 64, {4, n}, product}, task, rate, 100, schedule);
  initialize(s, Key(std::uint64_t(seed)));
  Tensor none = Tensor::copy({0}, {1});
  auto some = jit([task](Fit &s, Tensor text) { return train(s, task, 50, 32, text); }, s, none);
  auto score = jit(
      [=](const Model &m, const Key &key) {
        return places ? accuracy(m, positionTask(key, 512, n, v), n)
                      : accuracy(m, evenTokenTask(key, 512, n, v), n / 2);
      },
      s.net, Key(1000));
  Learned l{s, {}};
  for (int done = 50; done <= updates; done += 50) {
    some(l.s, none);
    l.accuracy = 100 * score(l.s.net, Key(1000)).item<double>();
    l.curve.updates.push_back(done), l.curve.accuracy.push_back(l.accuracy);
    if (done % 250 == 0)
      run.say("%s, %s, seed %d: %.1f %% after %d updates", places ? "PI" : "ETP", product ? "URPE" : "RPE", seed,
              l.accuracy, done);
  }
  return l;
}
std::string list(const std::vector<double> &v, const char *format) {
  std::string text;
  for (double x : v)
    text += (text.empty() ? "" : ", ") + zoo::text(format, x);
  return text;
}
zoo::Panel curves(const std::string &title, const std::vector<Curve> &rpe, const std::vector<Curve> &urpe,
                  double last) {
  zoo::Panel p(title, 0, 1);
  for (auto [all, color] : {std::pair(&rpe, "#1f5fa8"), {&urpe, "#a02c2c"}})
    for (const Curve &c : *all) {
      zoo::Rows at{2, {}};
      for (std::size_t i = 0; i < c.updates.size(); ++i)
        at.v.insert(at.v.end(), {0.04 + 0.92 * c.updates[i] / last, 0.04 + 0.92 * c.accuracy[i] / 100});
      p.points(at, color, 7, 0.7);
    }
  return p;
}
} // namespace

static void tasks(zoo::Run &run) {
  std::vector<double> found[2][2]; // task, product
  std::vector<Curve> shown[2][2];
  Fit first{};
  for (Task task : {Task::position, Task::evenToken})
    for (bool product : {true, false})
      for (int seed = 0; seed < 3; ++seed) {
        const bool places = task == Task::position;
        Learned l = learn(run, task, product, seed, 1000, places ? 1000 : 2500, places ? 1e-3 : 2e-3);
        found[!places][product].push_back(l.accuracy), shown[!places][product].push_back(l.curve);
        if (places && product && seed == 0)
          first = l.s;
      }
  auto best = [](const std::vector<double> &v) { return *std::ranges::max_element(v); };
  auto least = [](const std::vector<double> &v) { return *std::ranges::min_element(v); };
  const char *names[] = {"PI", "ETP, first half"};
  const double most[] = {8, 40};
  for (int task : {0, 1}) {
    auto &u = found[task][1], &r = found[task][0];
    run.criterion(task ? "5" : "4", zoo::text("%s: URPE after 1,000 updates, each of seeds 0 to 2", names[task]),
                  ">= 99 %", list(u, "%.2f") + " %", least(u) >= 99);
    run.criterion(task ? "5" : "4", zoo::text("%s: RPE after 1,000 updates, each of seeds 0 to 2", names[task]),
                  zoo::text("<= %.0f %%", most[task]), list(r, "%.2f") + " %", best(r) <= most[task]);
  }
  if (run.full) {
    std::vector<double> late;
    for (int seed = 0; seed < 3; ++seed)
      late.push_back(learn(run, Task::evenToken, false, seed, 2500, 2500, 2e-3).accuracy);
    run.say("ETP, RPE after all 2,500 updates (reported): %s %%", list(late, "%.1f").c_str());
  }
  if (std::string file = run.picture("urpe"); !file.empty()) {
    std::vector<zoo::Panel> panels{
        curves("PI, accuracy by updates (red URPE, blue RPE)", shown[0][0], shown[0][1], 1000),
        curves("ETP, accuracy by updates (red URPE, blue RPE)", shown[1][0], shown[1][1], 1000)};
    // The learned factors by relative position, and one map with them.
    zoo::Panel factors("PI: factor c by key - query, a colour a head", 0, 1);
    const char *colors[] = {"#a02c2c", "#1f5fa8", "#2c7a2c", "#b8860b"};
    auto c = doubles(first.net.c);
    double low = *std::ranges::min_element(c), high = *std::ranges::max_element(c);
    for (int h = 0; h < 4; ++h) {
      zoo::Rows at{2, {}};
      for (int i = 0; i < 63; ++i)
        at.v.insert(at.v.end(),
                    {0.04 + 0.92 * i / 62, 0.04 + 0.92 * (c[std::size_t(h * 63 + i)] - low) / (high - low)});
      factors.points(at, colors[h], 7, 0.8);
    }
    panels.push_back(factors);
    Tensor tokens = weft::run([](const Key &k) { return randint(k, 0, 64, {1, 32}); }, Key(7));
    auto maps = jit([](const Model &m,
                       Tensor x) { return std::vector{tap("encoder.blocks.0.attn.map", [&] { return m(x); }).second}; },
                    first.net, tokens)(first.net, tokens);
    zoo::Rows images{32 * 32, doubles(maps[0])};
    double top = *std::ranges::max_element(images.v);
    for (double &v : images.v)
      v = std::clamp(v / top, 0.0, 1.0);
    zoo::Panel seen("PI: weights times factors, first layer, four heads", 0, 1);
    seen.images(images, 32, 2);
    panels.push_back(seen);
    zoo::writePicture(file, "Relative bias alone (RPE) and with a relative factor (URPE)", panels, 2);
  }
}

static void text(zoo::Run &run) {
  zoo::Characters characters(zoo::readText(run.data("kjv.txt.gz")));
  zoo::TextSplit parts = zoo::split(characters.ids, 0.1);
  Tensor train_ = zoo::tensor(parts.train), held = zoo::consecutive(parts.test, 129);
  const int n = 128, v = characters.count(), seeds = 3;
  std::vector<double> bits[2];
  for (bool product : {false, true})
    for (int seed = 0; seed < seeds; ++seed) {
      Fit s = fit(Model{v, v, 96, {4, n}, product, true}, Task::text, 1e-3, 50, 400);
      initialize(s, Key(std::uint64_t(seed)));
      auto some = jit([](Fit &s, Tensor text) { return train(s, Task::text, 100, 16, text); }, s, train_);
      for (int part = 0; part < 4; ++part) {
        Tensor losses = some(s, train_);
        run.say("text, %s, seed %d: %.3f bits a character after %d updates", product ? "URPE" : "RPE", seed,
                double(losses.span<float>()[99]) / std::numbers::ln2, 100 * (part + 1));
      }
      auto measure = jit(
          [](const Model &m, Tensor rows) { return cross_entropy(m(slice(rows, 1, 0, 128)), slice(rows, 1, 1, 129)); },
          s.net, i32({64, 129}));
      double sum = 0;
      int count = 0;
      const std::int64_t all = held.dim(0).value();
      for (; (count + 1) * 64 <= all; ++count) {
        auto rows = held.span<int>().subspan(std::size_t(count) * 64 * 129, 64 * 129);
        sum += measure(s.net, Tensor::copy(rows, {64, 129})).item<double>() / std::numbers::ln2;
      }
      bits[product].push_back(sum / count);
    }
  double apart = 0;
  for (int seed = 0; seed < seeds; ++seed)
    apart += (bits[1][std::size_t(seed)] - bits[0][std::size_t(seed)]) / seeds;
  run.criterion("5",
                zoo::text("text, bits a character of the last 10 %%, after 400 updates: RPE %s; URPE %s; mean of what "
                          "URPE has more",
                          list(bits[0], "%.4f").c_str(), list(bits[1], "%.4f").c_str()),
                "<= 0.01", zoo::text("%.4f", apart), apart <= 0.01);
}

static void corpus(zoo::Run &run) {
  zoo::Characters c(zoo::readText(run.data("kjv.txt.gz")));
  zoo::TextSplit parts = zoo::split(c.ids, 0.1);
  const bool right = c.ids.size() == 1200050 && c.count() == 62 && parts.train.size() + parts.test.size() == 1200050 &&
                     c.decode({parts.train.begin(), parts.train.begin() + 16}) == "In the beginning";
  run.criterion("-", "the corpus: characters, different ones", "1200050, 62",
                zoo::text("%d, %d", int(c.ids.size()), c.count()), right);
  run.refuses("a character that the corpus lacks", "has no character", [&] { c.encode("7"); });
  run.refuses("a corpus that is not there", "there is no file", [] { zoo::readText("/nowhere/kjv.txt.gz"); });
}

int main(int argc, char **argv) {
  return zoo::run(argc, argv, "43-urpe", [](zoo::Run &run) {
    equalTokens(run);
    arithmetic(run);
    gradients(run);
    badInput(run);
    corpus(run);
    if (run.quick)
      return;
    tasks(run);
    text(run);
  });
}
