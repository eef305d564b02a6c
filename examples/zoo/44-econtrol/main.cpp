// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The experiments of EControl: what must hold by mathematics (--quick), and all of it (--claims). See README.md.
#include "experiment.h"
#include <algorithm>
#include <bit>
#include <cmath>
#include <filesystem>
#include <random>
#include <unistd.h>

using namespace econtrol;

namespace {
Tensor drawn(const Shape &shape, std::uint64_t seed, DType type = f32) {
  return run([=](const Key &key) { return normal(key, shape, type); }, Key(seed));
}
bool sameBits(const Tensor &a, const Tensor &b) {
  return std::ranges::equal(a.span<float>(), b.span<float>(),
                            [](float x, float y) { return std::bit_cast<int>(x) == std::bit_cast<int>(y); });
}
double apart(const Tensor &a, const Tensor &b) {
  double worst = 0;
  for (std::size_t i = 0; i < a.span<float>().size(); ++i)
    worst = std::max(worst, std::abs(double(a.span<float>()[i]) - double(b.span<float>()[i])));
  return worst;
}
constexpr int n = 6, d = 50, k = 3;
Source<Noisy> noisy(int workers = n) {
  return {{workers, d, 1},
          [=](int seed) { return Noisy::Data{drawn({workers, d}, std::uint64_t(50 + seed))}; },
          [](int seed) { return drawn({d}, std::uint64_t(70 + seed)); }};
}
} // namespace

// ---- 1: special cases of the method
static void specialCases(zoo::Run &run) {
  const int steps = 300;
  auto go = [&](Method method, double eta, Compressor c = {Kept::top, k}) {
    return simulateAll(noisy(), {method, c}, {{eta, 0.02}}, 2, steps).state;
  };
  auto compare = [&](const char *what, const State &a, const State &b) {
    bool same =
        sameBits(a.server.x, b.server.x) && sameBits(a.server.h, b.server.h) && sameBits(a.workers.h, b.workers.h);
    run.criterion("1", what, "the same bits", same ? "the same bits" : "other bits", same);
  };
  for (auto [name, c] : {std::pair("the largest", Compressor{Kept::top, k}),
                         {"by chance", Compressor{Kept::random, k}},
                         {"signs", Compressor{Kept::sign}},
                         {"8 bits", Compressor{Kept::eighth}}}) {
    State a = go(Method::control, 0, c), b = go(Method::ef21, 0, c);
    bool same = sameBits(a.server.x, b.server.x) && sameBits(a.workers.h, b.workers.h);
    run.criterion("1", zoo::text("eta = 0 against EF21, %d steps, %s", steps, name), "the same bits",
                  same ? "the same bits" : "other bits", same);
  }
  State classic = go(Method::ideal, 1), ec = go(Method::feedback, 0); // h is 0 here: nothing is known of the optimum
  compare("h = 0 and eta = 1 against error feedback", classic, ec);
  bool same = sameBits(classic.workers.e, ec.workers.e);
  run.criterion("1", "the same: the errors", "the same bits", same ? "the same bits" : "other bits", same);
  State all = go(Method::control, 0.1, {Kept::all}), sgd = go(Method::sgd, 0);
  run.below("1", "everything is sent: x against plain SGD", apart(all.server.x, sgd.server.x), 1e-6);
}

// ---- 1: the error memory is the sum of what was not sent; the server's h is the workers' mean
static void invariants(zoo::Run &run) {
  struct Both {
    State s;
    Tensor unsent;
  };
  Source<Noisy> from = noisy();
  const Noisy &p = from.problem;
  Both both{weft::run([&](const Noisy::Data &data, Tensor x,
                          const Key &key) { return begin(p, data, x, key, Method::control); },
                      from.data(0), from.start(0), Key(0)),
            Tensor::copy(std::vector<float>(n * d), {n, d})};
  auto go = jit(
      [&](Both &b, const Noisy::Data &data, const Key &key) {
        scan(b, 300, [&](Both &b, Tensor t) {
          Key now = key.fold(t);
          auto [drawing, sending] = now.next<2>();
          (void)sending;
          Tensor g = gradients(p, data, b.s.server.x, drawing);
          iterate(b.s, p, data, {Method::control, {Kept::top, k}}, full({}, 0.1f), full({}, 0.02f), key, t);
          b.unsent += g - b.s.workers.h;
        });
      },
      both, from.data(0), Key(0));
  go(both, from.data(0), Key(0));
  float largest = 0;
  for (float e : both.s.workers.e.span<float>())
    largest = std::max(largest, std::abs(e));
  run.below("1", "300 steps: e of each worker against the sum of g - h, over the largest e",
            apart(both.s.workers.e, both.unsent) / double(largest), 1e-5);
  Tensor mean = weft::run([](Tensor h) { return weft::mean(h, 0); }, both.s.workers.h);
  run.below("1", "the same: the server's h against the mean of the workers'", apart(both.s.server.h, mean), 1e-6);
}

// ---- 1: messages
static void messages(zoo::Run &run) {
  const int vectors = 1000, d = 97, k = 7;
  Tensor normals = drawn({vectors, d}, 3);
  std::vector<float> v(normals.span<float>().begin(), normals.span<float>().end());
  for (int r = 0; r < 200; ++r) // ties
    for (int j = 0; j < d; ++j)
      v[std::size_t(r * d + j)] = std::round(v[std::size_t(r * d + j)]);
  auto sent = [&](const Compressor &c) {
    return weft::run(
        [&](Tensor v, const Key &key) {
          return vmap(
              [&](Tensor v, Tensor i) {
                Key own = key.fold(i);
                return compress(c, v, own);
              },
              v, iota(vectors));
        },
        Tensor::copy(v, {vectors, d}), Key(4));
  };
  /// The largest share of |v|^2 that is lost, over what may be lost.
  auto lost = [&](const Message &m, double limit) {
    const std::size_t each = std::size_t(m.indices.dim(1).value());
    double worst = 0;
    for (int r = 0; r < vectors; ++r) {
      std::vector<float> left(v.begin() + r * d, v.begin() + (r + 1) * d);
      double before = 0, after = 0;
      for (float x : left)
        before += double(x) * double(x);
      for (std::size_t i = 0; i < each; ++i)
        left[std::size_t(m.indices.span<int>()[std::size_t(r) * each + i])] -=
            m.values.span<float>()[std::size_t(r) * each + i];
      for (float x : left)
        after += double(x) * double(x);
      worst = std::max(worst, after / before / limit);
    }
    return worst;
  };
  Message top = sent({Kept::top, k});
  int wrong = 0;
  for (int r = 0; r < vectors; ++r) {
    std::vector<int> order(d),
        found(top.indices.span<int>().begin() + r * k, top.indices.span<int>().begin() + (r + 1) * k);
    for (int j = 0; j < d; ++j)
      order[std::size_t(j)] = j;
    std::sort(order.begin(), order.end(), [&](int a, int b) {
      float of = std::abs(v[std::size_t(r * d + a)]), than = std::abs(v[std::size_t(r * d + b)]);
      return of > than || (of == than && a < b);
    });
    wrong += !std::equal(found.begin(), found.end(), order.begin());
  }
  run.criterion("1", "1,000 vectors, 200 with ties: messages that are not the k largest, of equal ones the first", "0",
                zoo::text("%d", wrong), wrong == 0);
  double share = lost(top, 1 - double(k) / d);
  run.criterion("1", "the same: |C(v) - v|^2 over (1 - k / d) |v|^2, the largest", "<= 1", zoo::text("%.4f", share),
                share <= 1);
  double others =
      std::max({lost(sent({Kept::random, k}), 1), lost(sent({Kept::sign}), 1), lost(sent({Kept::eighth}), 1)});
  run.criterion("1", "chance, signs and 8 bits: |C(v) - v|^2 over |v|^2, the largest", "<= 1",
                zoo::text("%.4f", others), others <= 1);
  Message parts = sent({Kept::top, 10, {40, 57}});
  int outside = 0;
  for (int r = 0; r < vectors; ++r) {
    auto i = parts.indices.span<int>().subspan(std::size_t(r * 9), 9); // 4 of 40 and 5 of 57
    outside += int(std::count_if(i.begin(), i.begin() + 4, [](int j) { return j >= 40; }) +
                   std::count_if(i.begin() + 4, i.end(), [](int j) { return j < 40; }));
  }
  run.criterion("1", "the largest of each of two parts: places in the other part", "0", zoo::text("%d", outside),
                outside == 0);

  std::mt19937 engine(5);
  int broken = 0;
  for (std::uint32_t size : {1u, 2u, 3u, 64u, 640u, 1000u, 1000000u})
    for (int round = 0; round < 20; ++round) {
      Packet p{std::uint32_t(round), 7, size, {}, {}};
      for (std::uint32_t i = 0; i < std::min(size, 50u); ++i) {
        p.indices.push_back(std::int32_t((engine() % size)));
        if (std::count(p.indices.begin(), p.indices.end(), p.indices.back()) > 1)
          p.indices.pop_back();
        else
          p.values.push_back(std::bit_cast<float>(std::uint32_t(engine()) & 0xbfffffffu));
      }
      zoo::Bytes bytes = pack(p);
      broken += !(unpack(bytes, size) == p) || pack(unpack(bytes, size)) != bytes;
    }
  run.criterion("1", "140 packed messages, d from 1 to 10^6, that come back otherwise", "0", zoo::text("%d", broken),
                broken == 0);
}

// ---- 5: threads, and a run that was stored on its way
static void sameEverywhere(zoo::Run &run) {
  Digits all = digits(run.data("digits.csv.gz"), 0);
  Source<Classifier<Softmax>> from{{10, 4, 1e-2, Softmax{}},
                                   [&](int) { return all.byClass; },
                                   [](int) { return Tensor::copy(std::vector<float>(640), {640}); }};
  auto go = [&](int threads) {
    return simulateAll(from, {Method::control, {Kept::top, 32}}, {{0.1, 0.1}, {0.05, 0.1}}, 2, 60,
                       Options{.threads = threads})
        .state;
  };
  State one = go(1), two = go(2);
  bool same = sameBits(one.server.x, two.server.x) && sameBits(one.workers.e, two.workers.e) &&
              sameBits(one.workers.h, two.workers.h);
  run.criterion("5", "digits, 60 steps with one thread and with two: x, e and h", "the same bits",
                same ? "the same bits" : "other bits", same);
}

static std::filesystem::path temporary(const std::string &ending) {
  return std::filesystem::temp_directory_path() / ("econtrol-" + std::to_string(getpid()) + "." + ending);
}

static void badInput(zoo::Run &run) {
  auto go = [](const Compressor &c, Setting s, int workers = n) {
    simulateAll(noisy(workers), {Method::control, c}, {s}, 1, 2);
  };
  run.refuses("k = 0", "not k = 0", [&] { go({Kept::top, 0}, {0.1, 0.01}); });
  run.refuses("k above d", "of 50 numbers 1 to 50", [&] { go({Kept::top, 51}, {0.1, 0.01}); });
  run.refuses("parts of another length", "have 40 numbers together",
              [&] { go({Kept::top, 3, {20, 20}}, {0.1, 0.01}); });
  run.refuses("eta below 0", "eta must not be negative", [&] { go({Kept::top, k}, {-0.1, 0.01}); });
  run.refuses("eta NaN", "eta must not be negative", [&] { go({Kept::top, k}, {NAN, 0.01}); });
  run.refuses("gamma 0", "gamma must be above 0", [&] { go({Kept::top, k}, {0.1, 0}); });
  run.refuses("no worker", "there must be a worker", [&] { go({Kept::top, k}, {0.1, 0.01}, 0); });
  run.refuses("a worker that left", "differ in their first axis: 6 and 5", [] {
    Source<Noisy> from = noisy();
    State s{{drawn({d}, 1), drawn({d}, 2)}, {drawn({n, d}, 3), drawn({n, d}, 4)}, Tensor(-1)};
    jit([](State &s, Tensor g,
           const Key &key) { return sendAll(s.workers, g, full({}, 0.1f), {Method::control, {Kept::top, k}}, key); },
        s, f32({n - 1, d}), Key(0));
  });
  Packet p{3, 7, 100, {1, 5}, {0.5f, -1}};
  auto changed = [&](const std::function<void(Packet &)> &change) {
    Packet other = p;
    change(other);
    pack(other);
  };
  run.refuses("a message with an index of d or more", "worker 3, step 7: index 100 of 100 numbers",
              [&] { changed([](Packet &p) { p.indices[0] = 100; }); });
  run.refuses("a message with an index twice", "index 5 comes twice",
              [&] { changed([](Packet &p) { p.indices[0] = 5; }); });
  run.refuses("a message of another d", "speaks of 100 numbers, and there are 99", [&] { unpack(pack(p), 99); });
  run.refuses("a message that was cut off", "25 bytes where 2 numbers have 26", [&] {
    zoo::Bytes bytes = pack(p);
    bytes.pop_back();
    unpack(bytes, 100);
  });
  run.refuses("an index outside that came over the wire", "index 127 of 100 numbers", [&] {
    zoo::Bytes bytes = pack(p);
    bytes[24] |= 0x7f;
    unpack(bytes, 100);
  });

  std::filesystem::path file = temporary("csv");
  run.refuses("a class without data", "worker 9 has no data", [&] {
    std::FILE *csv = std::fopen(file.c_str(), "w");
    for (int row = 0; row < 18; ++row) {
      for (int pixel = 0; pixel < 64; ++pixel)
        std::fprintf(csv, "%d,", pixel % 16);
      std::fprintf(csv, "%d\n", row % 9);
    }
    std::fclose(csv);
    digits(file, 0);
  });
  std::filesystem::remove(file);
}

// ---- a gradient that is not finite, and a run that goes on from a file
static void interrupted(zoo::Run &run) {
  const How how{Method::control, {Kept::top, k}};
  const Source<Noisy> from = noisy();
  const Begun<Noisy> start = beginAll(from, how, {{0.1, 0.02}}, 1);
  auto steps = [&](State s, const Lanes<Noisy> &lanes, int first, int count) {
    jit([&](State &s, const Lanes<Noisy> &lanes) { simulate(s, from.problem, lanes, how, count, first); }, s,
        lanes)(s, lanes);
    return s;
  };
  auto same = [](const State &a, const State &b) {
    return sameBits(a.server.x, b.server.x) && sameBits(a.server.h, b.server.h) && sameBits(a.workers.e, b.workers.e) &&
           sameBits(a.workers.h, b.workers.h);
  };
  State half = steps(start.state, start.lanes, 0, 20), whole = steps(half, start.lanes, 20, 20);

  Lanes<Noisy> broken = start.lanes;
  std::vector<float> b(broken.data.b.span<float>().begin(), broken.data.b.span<float>().end());
  b[4 * d + 7] = NAN; // worker 4
  broken.data.b = Tensor::copy(b, {1, n, d});
  State stopped = steps(half, broken, 20, 20);
  run.refuses("a gradient with a NaN from step 20 on", "worker 4, step 20: its gradient is not finite", [&] {
    checkFinite(weft::run([](const State &s) { return map(s, [](Tensor t) { return t[0]; }); }, stopped), n);
  });
  run.criterion("bad", "the same: e, h and x", "as before step 20",
                same(stopped, half) ? "the same bits" : "other bits", same(stopped, half));

  std::filesystem::path file = temporary("safetensors");
  store(file, half, how.compressor);
  State again = steps(resume(file, start.state, how.compressor), start.lanes, 20, 20);
  run.criterion("5", "a run of 40 steps that was stored at 20 and went on from there", "the same bits",
                same(again, whole) ? "the same bits" : "other bits", same(again, whole));
  run.refuses("a stored run with another compressor", "stored with another compressor",
              [&] { resume(file, start.state, {Kept::top, k + 1}); });
  std::filesystem::remove(file);
}

int main(int argc, char **argv) {
  for (int i = 1; i < argc; ++i)
    if (std::string(argv[i]).starts_with("--workers="))
      return workersProcess(std::string(argv[i]).substr(10));
  return zoo::run(argc, argv, "44-econtrol", [](zoo::Run &run) {
    specialCases(run);
    invariants(run);
    messages(run);
    sameEverywhere(run);
    twoProcesses(run);
    interrupted(run);
    badInput(run);
    if (run.quick)
      return;
    zoo::Panel curvatures = differentCurvatures(run);
    noisyGradients(run);
    zoo::Panel classes = oneClassEach(run);
    if (std::string file = run.picture("methods"); !file.empty())
      zoo::writePicture(file, "gray SGD, red no memory, orange error feedback, blue EF21, green EControl",
                        {curvatures, classes});
    perceptron(run);
    bandwidth(run);
  });
}
