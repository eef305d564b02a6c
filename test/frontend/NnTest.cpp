// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Layers against plain loops, and the gradient of each against differences.
#include "weft/weft.h"
#include <cmath>
#include <functional>
#include <gtest/gtest.h>
#include <map>
#include <random>

using namespace weft;

namespace {
std::vector<double> doubles(const Tensor &x) {
  Tensor wide = cast(x, f64);
  return {wide.span<double>().begin(), wide.span<double>().end()};
}
Tensor drawn(std::initializer_list<int> sizes, int seed) {
  std::mt19937_64 engine(std::uint64_t(seed) + 17);
  std::normal_distribution<double> normal;
  std::int64_t count = 1;
  Shape shape;
  for (int size : sizes)
    count *= size, shape.push_back(size);
  std::vector<double> v(count);
  for (double &x : v)
    x = normal(engine);
  return Tensor::copy(v, shape);
}
void expectAll(const std::string &what, const Tensor &x, const std::vector<double> &right, double bound) {
  std::vector<double> found = doubles(x);
  ASSERT_EQ(found.size(), right.size()) << what;
  for (std::size_t i = 0; i < right.size(); ++i)
    EXPECT_NEAR(found[i], right[i], bound * std::max(1.0, std::fabs(right[i]))) << what << ", element " << i;
}
template <class T> T made(T tree, int seed = 1) {
  initialize(tree, Key(std::uint64_t(seed)));
  return cast(tree, f64);
}
std::string errorOf(const std::function<void()> &f) {
  try {
    f();
  } catch (const Error &e) {
    return std::string(e.what());
  }
  return "no error";
}
bool has(const std::string &text, const std::string &part) { return text.find(part) != std::string::npos; }
} // namespace

// ---- attention
namespace {
struct Heads {
  int b, lq, lk, h, g, d; // h heads of queries, g of keys
  std::vector<double> q, k, v;
};
/// [b, h, lq, lk] scores, changed by `score`, then weights, changed by `weight`.
std::vector<double> plainAttention(const Heads &x, const std::function<double(double, int, int, int, int)> &score,
                                   const std::function<double(double, int, int, int)> &weight) {
  std::vector<double> out(std::size_t(x.b * x.lq * x.h * x.d));
  for (int b = 0; b < x.b; ++b)
    for (int h = 0; h < x.h; ++h)
      for (int i = 0; i < x.lq; ++i) {
        std::vector<double> s(std::size_t(x.lk));
        double most = -INFINITY, sum = 0;
        for (int j = 0; j < x.lk; ++j) {
          for (int c = 0; c < x.d; ++c)
            s[j] += x.q[((b * x.lq + i) * x.h + h) * x.d + c] *
                    x.k[((b * x.lk + j) * x.g + h / (x.h / x.g)) * x.d + c] / std::sqrt(double(x.d));
          s[j] = score(s[j], b, h, i, j), most = std::max(most, s[j]);
        }
        for (double &e : s)
          e = most == -INFINITY ? 0 : std::exp(e - most), sum += e;
        for (int j = 0; j < x.lk; ++j)
          for (int c = 0; c < x.d; ++c)
            out[((b * x.lq + i) * x.h + h) * x.d + c] +=
                (sum == 0 ? 0 : weight(s[j] / sum, h, i, j)) * x.v[((b * x.lk + j) * x.g + h / (x.h / x.g)) * x.d + c];
      }
  return out;
}
} // namespace

TEST(Attention, MatchesPlainLoops) {
  Tensor q = drawn({2, 5, 4, 3}, 1), k = drawn({2, 7, 2, 3}, 2), v = drawn({2, 7, 2, 3}, 3), bias = drawn({4, 5, 7}, 4),
         factor = drawn({4, 1, 7}, 5);
  // Of the second batch the last three keys are padding; query 1 of all sees nothing.
  std::vector<char> keysSeen(14, 1), rowsSeen(5, 1);
  keysSeen[11] = keysSeen[12] = keysSeen[13] = 0, rowsSeen[1] = 0;
  auto bools = [](const std::vector<char> &v, const Shape &shape) {
    std::vector<float> f(v.begin(), v.end());
    return cast(Tensor::copy(f, shape), i1);
  };
  Heads x{2, 5, 7, 4, 2, 3, doubles(q), doubles(k), doubles(v)};
  auto b = doubles(bias), f = doubles(factor);
  std::vector<Tensor> y = run(
      [](Tensor q, Tensor k, Tensor v, Tensor bias, Tensor factor, Tensor keys, Tensor rows) {
        return std::vector{nn::dot_product_attention(q, k, v),
                           nn::dot_product_attention(q, k, v, {.causal = true, .scale = 0.25},
                                                     {.bias = bias,
                                                      .mask = rows,
                                                      .keys = keys,
                                                      .score = [](Tensor s) { return 2 * tanh(s / 2); },
                                                      .weights = [&](Tensor w) { return w * factor; }})};
      },
      q, k, v, bias, factor, bools(keysSeen, {2, 7}), bools(rowsSeen, {5, 1}));
  expectAll("as it is", y[0],
            plainAttention(
                x, [](double s, int, int, int, int) { return s; }, [](double w, int, int, int) { return w; }),
            1e-12);
  expectAll("with everything", y[1],
            plainAttention(
                x,
                [&](double s, int n, int h, int i, int j) {
                  bool sees = j <= i && rowsSeen[i] && keysSeen[n * 7 + j];
                  s = 2 * std::tanh((s * std::sqrt(3.0) / 4 + b[(h * 5 + i) * 7 + j]) / 2);
                  return sees ? s : -INFINITY;
                },
                [&](double w, int h, int, int j) { return w * f[h * 7 + j]; }),
            1e-12);
}

TEST(Attention, ARowThatSeesNothingIsZeroAndHasZeroDerivatives) {
  Tensor q = drawn({3, 2, 4}, 1), k = drawn({3, 2, 4}, 2);
  for (int level : {0, 3}) {
    auto f = jit(
        Options{.optimize = level},
        [](Tensor q, Tensor k) {
          Tensor mask = expand(iota(3), 1) != 1 && iota(3) >= 0;
          Tensor y = nn::dot_product_attention(q, k, k * k, {}, {.mask = mask});
          return std::array{y, grad(sum(y * y), q), grad(sum(exp(y)), k)};
        },
        q, k);
    auto [y, dq, dk] = f(q, k);
    for (int i = 0; i < 24; ++i) {
      EXPECT_EQ(y.span<double>()[i] == 0, i / 8 == 1) << i;
      EXPECT_EQ(dq.span<double>()[i] == 0, i / 8 == 1) << i;
      EXPECT_TRUE(std::isfinite(dk.span<double>()[i])) << i;
    }
  }
}

TEST(Attention, PaddingHasNoEffectAtAll) {
  auto net = made(nn::Attention{8, 2});
  auto f = [](const nn::Attention &a, Tensor x) {
    Tensor keys = iota(6) < 4, y = a(x, {.keys = keys});
    return std::pair(slice(y, 1, 0, 4), grad(sum(square(slice(y, 1, 0, 4))), x));
  };
  Tensor one = drawn({2, 6, 8}, 1), two = drawn({2, 6, 8}, 2);
  std::vector<double> a = doubles(one), b = doubles(two);
  for (int n = 0; n < 2; ++n)
    for (int i = 0; i < 32; ++i)
      b[n * 48 + i] = a[n * 48 + i];
  auto [y1, g1] = run(f, net, one);
  auto [y2, g2] = run(f, net, Tensor::copy(b, {2, 6, 8}));
  EXPECT_EQ(doubles(y1), doubles(y2));
  auto slope = doubles(g1);
  for (int n = 0; n < 2; ++n)
    for (int i = 0; i < 48; ++i)
      EXPECT_EQ(slope[n * 48 + i] == 0, i >= 32);
}

// What a batch gives is what its rows give alone, mapped or one after the other; narrow types compute in f32 inside.
TEST(Attention, MappedScannedAndNarrow) {
  auto net = made(nn::Attention{8, 2, {.causal = true, .kv_heads = 1, .rotary = true}});
  Tensor x = drawn({3, 5, 8}, 1);
  auto f = [](const nn::Attention &a, Tensor x) {
    auto one = [&](Tensor x) {
      Tensor y = a(x);
      return std::pair(y, grad(sum(y * y), x));
    };
    auto [batch, slopes] = one(x);
    auto [rows, rowSlopes] = vmap(one, x);
    Tensor none = zeros({}, f64);
    auto [steps, stepSlopes] = scan(none, x, [&](Tensor &, Tensor x) { return one(x); });
    nn::Attention narrow = cast(a, bf16);
    return std::array{batch,
                      slopes,
                      rows - batch,
                      rowSlopes - slopes,
                      steps - batch,
                      stepSlopes - slopes,
                      cast(narrow(cast(x, bf16)), f64) - batch};
  };
  auto all = run(f, net, x);
  for (int i = 2; i < 6; ++i)
    expectAll("difference " + std::to_string(i), all[i], std::vector<double>(120), 1e-12);
  double most = 0;
  for (double v : doubles(all[0]))
    most = std::max(most, std::fabs(v));
  expectAll("bf16", all[6], std::vector<double>(120), 0.03 * most); // some roundings of 2^-9
}

struct Named {
  nn::Attention attn{8, 2, {.kv_heads = 1, .rotary = true}};
  Tensor operator()(Tensor x) const { return attn(x); }
};
TEST(Attention, MarksWhatItMakes) {
  auto net = made(Named{});
  auto f = [](const Named &n, Tensor x) {
    std::vector<Tensor> all;
    for (const char *name : {"attn.q", "attn.k", "attn.v", "attn.map", "attn.z"})
      all.push_back(tap(name, [&] { return n(x); }).second);
    Tensor z = reshape(contract("hqk,kgd->qhd", all[3], all[2]), {4, 8});
    all.push_back(n.attn.out(z) - n(x));
    all.push_back(sum(all[3], -1) - 1);
    return all;
  };
  auto all = run(f, net, drawn({4, 8}, 1));
  EXPECT_EQ(all[0].str(), "f64 [4, 2, 4]");
  EXPECT_EQ(all[1].str(), "f64 [4, 1, 4]");
  EXPECT_EQ(all[2].str(), "f64 [4, 1, 4]");
  EXPECT_EQ(all[3].str(), "f64 [2, 4, 4]");
  EXPECT_EQ(all[4].str(), "f64 [4, 2, 4]");
  expectAll("what follows from the map and the values", all[5], std::vector<double>(32), 1e-12);
  expectAll("rows of the map", all[6], std::vector<double>(8), 1e-12);
}

TEST(Attention, PositionsByFormula) {
  std::vector<int> at{3, 0, 11};
  Tensor x = drawn({3, 2, 4}, 1);
  auto [turned, places, grid] = run(
      [](Tensor x, Tensor p) {
        return std::array{nn::rotary(x, p, 100), nn::sincos(cast(p, f64), 6, 1000),
                          cast(nn::sincos_positions({2, 3}, 8), f64)};
      },
      x, Tensor::copy(at, {3}));
  auto v = doubles(x);
  std::vector<double> right(24), waves, cells;
  for (int i = 0; i < 3; ++i)
    for (int h = 0; h < 2; ++h)
      for (int c = 0; c < 2; ++c) {
        double angle = at[i] * std::pow(100, -c / 2.0), a = v[(i * 2 + h) * 4 + c], b = v[(i * 2 + h) * 4 + c + 2];
        right[(i * 2 + h) * 4 + c] = a * std::cos(angle) - b * std::sin(angle);
        right[(i * 2 + h) * 4 + c + 2] = b * std::cos(angle) + a * std::sin(angle);
      }
  for (int i = 0; i < 3; ++i)
    for (int c = 0; c < 6; ++c)
      waves.push_back((c < 3 ? [](double x) { return std::sin(x); }
                             : [](double x) { return std::cos(x); })(at[i] * std::pow(1000, -(c % 3) / 3.0)));
  for (int y = 0; y < 2; ++y)
    for (int z = 0; z < 3; ++z)
      for (int axis = 0; axis < 2; ++axis)
        for (int c = 0; c < 4; ++c) {
          double angle = (axis ? z : y) * std::pow(10000, -(c % 2) / 2.0);
          cells.push_back(c < 2 ? std::sin(angle) : std::cos(angle));
        }
  expectAll("rotary", turned, right, 1e-12);
  expectAll("sincos", places, waves, 1e-12);
  expectAll("grid", grid, cells, 1e-6);
}

TEST(Attention, AToeplitzTableAndItsGradient) {
  auto f = [](Tensor table) {
    Tensor y = nn::toeplitz(table, 2, 3);
    return std::pair(y, grad(sum(y), table));
  };
  auto [y, g] = run(f, Tensor::copy({10., 11., 12., 13., 14., 20., 21., 22., 23., 24.}, {2, 5}));
  expectAll("entries", y, {12, 13, 14, 11, 12, 13, 22, 23, 24, 21, 22, 23}, 0);
  expectAll("diagonals counted", g, {0, 1, 2, 2, 1, 0, 1, 2, 2, 1}, 0);
}

TEST(Attention, BadInputIsAnError) {
  auto called = [](const nn::Attention &a, const Shape &x, const nn::Attend &call = {}) {
    return errorOf([&] { shape_of([&](const nn::Attention &a, Tensor x) { return a(x, call); }, a, f32(x)); });
  };
  EXPECT_TRUE(has(called(nn::Attention{10, 3}, {4, 10}), "attention: 3 heads do not divide 10"));
  EXPECT_TRUE(has(called(nn::Attention{8, 4, {.kv_heads = 3}}, {4, 8}), "kv_heads must divide the number of heads, 4"));
  EXPECT_TRUE(has(called(nn::Attention{8, 2}, {4, 6}), "must be [..., length, 8], found f32 [4, 6]"));
  auto masked = [](const Shape &shape, DType dtype) {
    return errorOf([&] {
      shape_of([](const nn::Attention &a, Tensor x, Tensor m) { return a(x, {.mask = m}); }, nn::Attention{8, 2},
               f32({3, 4, 8}), dtype(shape));
    });
  };
  std::string text = masked({4, 5}, i1);
  EXPECT_TRUE(has(text, "the mask must broadcast to the scores [3, 2, 4, 4] [..., heads, queries, keys], found i1 [4, "
                        "5]"))
      << text;
  EXPECT_TRUE(has(text, "NnTest.cpp:")) << text;
  EXPECT_TRUE(has(masked({4, 4}, f32), "mask must be i1, true where a key is seen")) << masked({4, 4}, f32);
  EXPECT_TRUE(has(errorOf([] {
                    shape_of([](const nn::Attention &a, Tensor x) { return a(x, {.positions = iota(4)}); },
                             nn::Attention{8, 2}, f32({4, 8}));
                  }),
                  "does not turn by them: {.rotary = true}"));
  EXPECT_TRUE(has(errorOf([] {
                    shape_of([](const nn::Attention &a,
                                Tensor x) { return a(x, {.score = [](Tensor s) { return sum(s, -1); }}); },
                             nn::Attention{8, 2}, f32({4, 8}));
                  }),
                  "the program on the scores must give f32 [2, 4, 4], found f32 [2, 4]"));
  auto table = [](int entries, int places) {
    return errorOf([&] { shape_of([=](Tensor t) { return nn::toeplitz(t, places, places); }, f32({2, entries})); });
  };
  EXPECT_TRUE(has(table(6, 3), "2 n - 1 entries"));
  EXPECT_TRUE(has(table(5, 4), "the table is for 3 places"));
  EXPECT_TRUE(has(errorOf([] {
                    shape_of([](const nn::LearnedPositions &p, Tensor x) { return p(x); }, nn::LearnedPositions{4, 8},
                             f32({5, 8}));
                  }),
                  "there are 4 positions, and the length may be 5"));
  EXPECT_TRUE(has(errorOf([] { shape_of([](Tensor t) { return nn::sincos(t, 5); }, f32({3})); }), "must be even"));
  EXPECT_TRUE(
      has(errorOf([] { shape_of([](Tensor t) { return t + nn::sincos_positions({2, 2, 2}, 8); }, f32({8, 8})); }),
          "8 numbers do not divide into sines and cosines of 3 axes"));
  EXPECT_TRUE(has(errorOf([] {
                    shape_of([](const nn::TransformerBlock &b, Tensor x) { return b(x); },
                             nn::TransformerBlock{8, 2, {.memory = 4}}, f32({4, 8}));
                  }),
                  "call it with one"));
}

// ---- norms and cells
TEST(Norms, MatchPlainLoops) {
  struct All {
    nn::LayerNorm layer{6, 1e-3}, bare{6, 1e-3, false};
    nn::RMSNorm rms{6, 1e-3};
    nn::GroupNorm group{2, 4, 1e-3};
    nn::InstanceNorm instance{4, 1e-3, true};
  };
  All m = made(All{});
  m.layer.b = drawn({6}, 1), m.rms.g = drawn({6}, 2), m.group.g = drawn({4}, 3), m.group.b = drawn({4}, 4),
  m.instance.g = drawn({4}, 5);
  Tensor x = drawn({3, 4, 6}, 6);
  auto all = run(
      [](const All &m, Tensor x) {
        Tensor y = m.bare(x);
        return std::vector{m.layer(x), y,          nn::modulate(y, slice(x, 2, 0, 1), slice(x, 2, 1, 2)),
                           m.rms(x),   m.group(x), m.instance(x)};
      },
      m, x);
  auto v = doubles(x), lb = doubles(m.layer.b), rg = doubles(m.rms.g), gg = doubles(m.group.g), gb = doubles(m.group.b),
       ig = doubles(m.instance.g);
  std::vector<double> right[6];
  for (int i = 0; i < 72; ++i) {
    auto standard = [&](int first, int count) {
      double mean = 0, variance = 0;
      for (int j = first; j < first + count; ++j)
        mean += v[j] / count;
      for (int j = first; j < first + count; ++j)
        variance += (v[j] - mean) * (v[j] - mean) / count;
      return (v[i] - mean) / std::sqrt(variance + 1e-3);
    };
    double row = standard(i / 6 * 6, 6), squares = 0;
    for (int j = 0; j < 6; ++j)
      squares += v[i / 6 * 6 + j] * v[i / 6 * 6 + j] / 6;
    int channel = i / 6 % 4;
    right[0].push_back(row + lb[i % 6]);
    right[1].push_back(row);
    right[2].push_back((1 + v[i / 6 * 6 + 1]) * row + v[i / 6 * 6]);
    right[3].push_back(v[i] / std::sqrt(squares + 1e-3) * rg[i % 6]);
    right[4].push_back(standard(i / 12 * 12, 12) * gg[channel] + gb[channel]);
    right[5].push_back(row * ig[channel]);
  }
  for (int i = 0; i < 6; ++i)
    expectAll("norm " + std::to_string(i), all[i], right[i], 1e-12);
  EXPECT_TRUE(has(errorOf([] {
                    shape_of([](const nn::GroupNorm &n, Tensor x) { return n(x); }, nn::GroupNorm{3, 4},
                             f32({2, 4, 5}));
                  }),
                  "3 groups do not divide 4 channels"));
  EXPECT_TRUE(has(errorOf([] {
                    shape_of([](const nn::InstanceNorm &n, Tensor x) { return n(x); }, nn::InstanceNorm{4},
                             f32({2, 5, 4}));
                  }),
                  "instance_norm: expected [B, 4, ...], found f32 [2, 5, 4]"));
}

TEST(Cells, MatchPlainLoops) {
  struct Cells {
    nn::GRUCell gru{3, 2};
    nn::LSTMCell lstm{3, 2};
  };
  Cells m = made(Cells{});
  m.gru.bx = drawn({6}, 1), m.gru.bh = drawn({6}, 2), m.lstm.b = drawn({8}, 3);
  Tensor x = drawn({4, 1, 3}, 4); // four steps of one row
  auto all = run(
      [](const Cells &m, Tensor x) {
        Tensor h = m.gru.zeros(1, f64), p = m.gru.zeros(1, f64);
        nn::LSTMState s = m.lstm.zeros(1, f64), t = m.lstm.zeros(1, f64);
        Tensor a = scan(h, x, [&](Tensor &h, Tensor x) { return m.gru(h, x); }),
               b = scan(p, m.gru.project(x), [&](Tensor &h, Tensor x) { return m.gru.step(h, x); }),
               c = scan(s, x, [&](nn::LSTMState &s, Tensor x) { return m.lstm(s, x); }),
               d = scan(t, m.lstm.project(x), [&](nn::LSTMState &s, Tensor x) { return m.lstm.step(s, x); });
        return std::vector{a, b, c, d, s.c};
      },
      m, x);
  auto v = doubles(x), wx = doubles(m.gru.wx), wh = doubles(m.gru.wh), bx = doubles(m.gru.bx), bh = doubles(m.gru.bh),
       lx = doubles(m.lstm.wx), lh = doubles(m.lstm.wh), lb = doubles(m.lstm.b);
  auto sigma = [](double x) { return 1 / (1 + std::exp(-x)); };
  double h[2] = {}, s[2] = {}, c[2] = {};
  std::vector<double> gru, lstm;
  for (int t = 0; t < 4; ++t) {
    double px[8], ph[8], next[2];
    for (int k = 0; k < 6; ++k) {
      px[k] = bx[k], ph[k] = bh[k];
      for (int i = 0; i < 3; ++i)
        px[k] += v[t * 3 + i] * wx[i * 6 + k];
      for (int i = 0; i < 2; ++i)
        ph[k] += h[i] * wh[i * 6 + k];
    }
    for (int i = 0; i < 2; ++i) {
      double r = sigma(px[i] + ph[i]), z = sigma(px[2 + i] + ph[2 + i]), n = std::tanh(px[4 + i] + r * ph[4 + i]);
      next[i] = (1 - z) * n + z * h[i];
    }
    for (int i = 0; i < 2; ++i)
      gru.push_back(h[i] = next[i]);
    for (int k = 0; k < 8; ++k) {
      px[k] = lb[k];
      for (int i = 0; i < 3; ++i)
        px[k] += v[t * 3 + i] * lx[i * 8 + k];
      for (int i = 0; i < 2; ++i)
        px[k] += s[i] * lh[i * 8 + k];
    }
    for (int i = 0; i < 2; ++i) {
      c[i] = sigma(px[2 + i]) * c[i] + sigma(px[i]) * std::tanh(px[4 + i]);
      lstm.push_back(s[i] = sigma(px[6 + i]) * std::tanh(c[i]));
    }
  }
  expectAll("GRU", all[0], gru, 1e-12);
  expectAll("GRU, projected", all[1], gru, 1e-12);
  expectAll("LSTM", all[2], lstm, 1e-12);
  expectAll("LSTM, projected", all[3], lstm, 1e-12);
  expectAll("LSTM's memory", all[4], {c[0], c[1]}, 1e-12);
  EXPECT_TRUE(has(errorOf([] {
                    shape_of(
                        [](const nn::GRUCell &g, Tensor x) {
                          Tensor h = g.zeros(2);
                          return g(h, x);
                        },
                        nn::GRUCell{3, 4}, f32({2, 5}));
                  }),
                  "gru_cell: the last dimension of the input must be 3, found f32 [2, 5]"));
  EXPECT_TRUE(has(errorOf([] {
                    shape_of(
                        [](const nn::LSTMCell &g, Tensor x) {
                          nn::LSTMState s = g.zeros(2);
                          return g(s, x);
                        },
                        nn::LSTMCell{3, 4}, f32({5, 3}));
                  }),
                  "lstm_cell: input and state differ"));
}

// ---- the gradient of every layer by all that it is made of and reads
namespace {
struct Every {
  nn::Attention self{6, 2, {.causal = true, .q_norm = nn::NormKind::layer, .k_norm = nn::NormKind::rms}};
  nn::Attention grouped{6, 4, {.kv_heads = 2, .width = 2, .memory = 3, .bias = false, .rotary = true}};
  nn::TransformerBlock pre{6, 2}, post{6, 2, {.pre_norm = false, .norm = nn::NormKind::rms, .memory = 3}},
      scaled{6, 2, {.hidden = 5, .act = silu, .layer_scale = 0.5}};
  nn::LayerNorm layer{6}, bare{6, 1e-5, false};
  nn::RMSNorm rms{6};
  nn::GroupNorm group{2, 4};
  nn::InstanceNorm instance{4};
  nn::GRUCell gru{6, 3};
  nn::LSTMCell lstm{6, 3};
  nn::TimeEmbedding time{4, 3};
  nn::Modulation modulation{3, 6, 3};
  nn::LearnedPositions places{4, 6};
  Tensor table = f64({2, 7}), memory = f64({2, 3, 3}), x = f64({2, 4, 6}), t = f64({2});
};
std::vector<std::pair<const char *, Tensor>> losses(const Every &m) {
  std::vector<std::pair<const char *, Tensor>> all;
  auto add = [&](const char *name, Tensor y) { all.push_back({name, sum(sin(y) * y)}); };
  Tensor toeplitz = nn::toeplitz(m.table, 4, 4);
  add("attention", m.self(m.x));
  add("attention with a bias, a mask and both programs",
      m.self(m.x, {.bias = toeplitz,
                   .mask = (expand(iota(4), 1) + iota(4)) % 3 != 0,
                   .score = [](Tensor s) { return tanh(s) + s; },
                   .weights = [&](Tensor w) { return w * toeplitz; }}));
  add("grouped cross attention by given positions",
      m.grouped(m.x, m.memory, {.positions = constant({7, 0, 3, 2}), .key_positions = constant({1, 5, 2})}));
  add("block", m.pre(m.x));
  add("block with a memory and norms behind", m.post(m.x, m.memory));
  add("block with scales", m.scaled(m.x));
  add("layer norm", m.layer(m.x));
  auto parts = m.modulation(m.time(m.t));
  add("modulated norm and a gate", m.x + parts[2] * nn::modulate(m.bare(m.x), parts[0], parts[1]));
  add("rms norm", m.rms(m.x));
  add("group norm", m.group(m.x));
  add("instance norm", m.instance(m.x));
  add("positions", m.places(m.x));
  Tensor h = m.gru.zeros(2, f64);
  nn::LSTMState s = m.lstm.zeros(2, f64);
  add("GRU", scan(h, m.x, [&](Tensor &h, Tensor x) { return m.gru(h, x); }, {.axis = 1}));
  add("LSTM", scan(s, m.x, [&](nn::LSTMState &s, Tensor x) { return m.lstm(s, x); }, {.axis = 1}));
  return all;
}
std::vector<Tensor> valuesOf(const Every &m) {
  std::vector<Tensor> y;
  for (auto &[name, loss] : losses(m))
    y.push_back(loss);
  return y;
}
std::vector<Tensor> slopesOf(const Every &m, const Every &along) {
  std::vector<Tensor> y;
  for (auto &[name, loss] : losses(m))
    y.push_back(sum(ravel(grad(loss, m)) * ravel(along)));
  return y;
}
} // namespace
TEST(Layers, GradientsAgainstDifferences) {
  auto random = [](int seed) {
    Every e;
    std::mt19937_64 engine(std::uint64_t(seed) + 99);
    std::normal_distribution<double> normal;
    return map(e, [&](Tensor t) {
      std::size_t count = 1;
      for (const Dim &d : t.shape())
        count *= std::size_t(d.value());
      std::vector<double> v(count);
      for (double &x : v)
        x = 0.6 * normal(engine);
      return Tensor::copy(v, t.shape());
    });
  };
  Every at = random(1), along = random(2);
  // Little optimised: it is one large program, and what is asked is its arithmetic.
  auto values = jit(Options{.optimize = 1}, valuesOf, at);
  auto slopes = jit(Options{.optimize = 1}, slopesOf, at, along);
  auto found = slopes(at, along);
  std::vector<double> expected(found.size());
  const double h = 1e-3;
  for (auto [step, weight] : {std::pair{1, 8.0}, {-1, -8.0}, {2, -1.0}, {-2, 1.0}}) {
    Every shifted = map(at, along, [&, step = step](Tensor a, Tensor d) {
      auto x = doubles(a), v = doubles(d);
      for (std::size_t i = 0; i < x.size(); ++i)
        x[i] += step * h * v[i];
      return Tensor::copy(x, a.shape());
    });
    auto y = values(shifted);
    for (std::size_t f = 0; f < y.size(); ++f)
      expected[f] += weight * y[f].item<double>() / (12 * h);
  }
  for (std::size_t f = 0; f < found.size(); ++f)
    EXPECT_NEAR(found[f].item<double>(), expected[f], 2e-7 * std::max(1.0, std::fabs(expected[f])))
        << "loss " << f << " of losses()";
}

TEST(Layers, StackedTreesAreSideBySide) {
  struct Two {
    nn::Linear a{3, 2};
    std::vector<nn::RMSNorm> n = nn::stack<nn::RMSNorm>(1, 2);
    Key key{};
  };
  std::vector<Two> three;
  for (int i = 0; i < 3; ++i)
    three.push_back(made(Two{}, i));
  Tensor x = drawn({4, 3}, 1);
  auto one = [](const Two &t, Tensor x) {
    Key key = t.key;
    return t.n[0](t.a(x)) + uniform(key, {4, 2}, f64);
  };
  auto apart = [one](const std::vector<Two> &all, Tensor x) {
    std::vector<Tensor> y;
    for (auto &t : all)
      y.push_back(one(t, x));
    return stack(y) - vmap([&](Two t) { return one(t, x); }, stack(all));
  };
  expectAll("difference", run(apart, three, x), std::vector<double>(24), 1e-14);
  three[1].n.clear();
  EXPECT_TRUE(has(errorOf([&] { run([](const std::vector<Two> &all) { return stack(all); }, three); }),
                  "stack: the trees differ at leaf 2"));
}

TEST(Layers, FirstValues) {
  struct Inits {
    Param a{{200, 300}, init::xavier_uniform}, b{{200, 300}, init::xavier_normal}, c{{200, 300}, init::kaiming_normal},
        d{{200, 300}, init::kaiming_uniform}, e{{200, 300}, init::truncated_normal(0.5)},
        f{{200, 300}, init::siren(30)}, g{{200, 300}, init::siren_first}, h{{200, 300}, init::log_uniform(1e-3, 10)},
        k{{3, 3, 20, 30}, init::xavier_normal};
  };
  Inits m;
  initialize(m, Key(4));
  auto moments = [](const Tensor &t) {
    auto v = doubles(t);
    double mean = 0, variance = 0, most = 0;
    for (double x : v)
      mean += x / double(v.size()), most = std::max(most, std::fabs(x));
    for (double x : v)
      variance += (x - mean) * (x - mean) / double(v.size());
    return std::array{mean, std::sqrt(variance), most};
  };
  auto check = [&](const char *name, const Tensor &t, double deviation, double most) {
    auto [mean, found, largest] = moments(t);
    const double n = double(doubles(t).size());
    EXPECT_NEAR(mean, 0, 5 * deviation / std::sqrt(n)) << name;
    EXPECT_NEAR(found, deviation, 5 * deviation / std::sqrt(n)) << name; // five standard errors, and a little more
    EXPECT_LE(largest, most * (1 + 1e-6)) << name;
    if (most < INFINITY) {
      EXPECT_GT(largest, 0.99 * most) << name;
    }
  };
  auto uniform = [&](const char *name, const Tensor &t, double most) { check(name, t, most / std::sqrt(3.0), most); };
  uniform("xavier, uniform", m.a, std::sqrt(6.0 / 500));
  check("xavier, normal", m.b, std::sqrt(2.0 / 500), INFINITY);
  check("kaiming, normal", m.c, std::sqrt(2.0 / 200), INFINITY);
  uniform("kaiming, uniform", m.d, std::sqrt(6.0 / 200));
  check("truncated normal", m.e, 0.5 * 0.8796256610342398, 1);
  uniform("siren", m.f, std::sqrt(6.0 / 200) / 30);
  uniform("siren, first layer", m.g, 1.0 / 200);
  check("xavier of a kernel", m.k, std::sqrt(2.0 / (9 * 20 + 9 * 30)), INFINITY);
  int below = 0;
  for (double x : doubles(m.h)) {
    EXPECT_TRUE(x >= 1e-3 && x <= 10);
    below += x < 0.1; // half of the logarithm's range
  }
  EXPECT_NEAR(below / 60000.0, 0.5, 0.01);
  Param bad{{4}, init::log_uniform(0, 1)};
  EXPECT_TRUE(has(errorOf([&] { initialize(bad, Key(0)); }), "both must be positive"));
}
