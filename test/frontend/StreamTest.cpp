// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Streams: a step gives what the whole gives at its places, in spans of any lengths, for whatever is causal; what is
// not causal is an error that says why; what is kept is written in place.
#include "Messages.h"
#include <cmath>
#include <random>

using namespace weft;

namespace {
constexpr int N = 12; // places of a stream
Dim time() { return dim("T", 1, N); }
struct None {};

/// An array of numbers around 0.
Tensor numbers(const std::vector<std::int64_t> &sizes, unsigned seed = 1) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::size_t count = 1;
  Shape shape;
  for (std::int64_t n : sizes)
    count *= std::size_t(n), shape.push_back(n);
  std::vector<float> list(count);
  for (float &x : list)
    x = normal(random);
  return Tensor::copy(list, shape);
}
Tensor part(const Tensor &x, int axis, int from, int to) { return slice(x, axis, from, to); }
/// The largest difference of two arrays, and the largest of their numbers.
double difference(const Tensor &a, const Tensor &b, double &size) {
  Tensor x = cast(a, f32), y = cast(b, f32);
  auto p = x.span<float>(), q = y.span<float>();
  EXPECT_EQ(p.size(), q.size());
  double most = 0;
  for (std::size_t i = 0; i < std::min(p.size(), q.size()); ++i) {
    if (std::isnan(p[i]) || std::isnan(q[i]))
      return INFINITY;
    most = std::max(most, p[i] == q[i] ? 0.0 : std::abs(double(p[i]) - double(q[i])));
    size = std::max(size, std::isfinite(q[i]) ? std::abs(double(q[i])) : 0.0);
  }
  return most;
}

/// Streams x along an axis in spans of random lengths, and compares each with the whole. `bound` is relative to the
/// largest number of the whole; 0: the same bits.
template <class F, class Model>
void check(F f, const Model &model, const Tensor &x, int axis, double bound, int trials = 8, int resultAxis = -1) {
  if (resultAxis < 0)
    resultAxis = axis;
  Shape shape = x.shape();
  const int n = int(shape[std::size_t(axis)].value());
  shape[std::size_t(axis)] = time();
  auto whole = jit(f, model, x.dtype()(shape));
  auto next = stream(f, time(), model, x.dtype()(shape));
  Tensor all = whole(model, x);
  std::mt19937 random(unsigned(axis + n));
  for (int trial = 0; trial < trials; ++trial) {
    Cache c = start(next);
    for (int from = 0; from < n;) {
      int count = trial == 0 ? 1 : trial == 1 ? n : int(random() % unsigned(n - from)) + 1;
      Tensor y = next(model, c, part(x, axis, from, from + count));
      double size = 0, off = difference(y, part(all, resultAxis, from, from + count), size);
      EXPECT_LE(off, bound * std::max(size, 1e-3)) << "trial " << trial << ", " << count << " from " << from;
      from += count;
      EXPECT_EQ(c.length.item<int>(), from);
    }
  }
}
template <class F> void checkPlain(F f, const Tensor &x, int axis, double bound = 0) {
  check([=](const None &, Tensor x) { return f(x); }, None{}, x, axis, bound);
}
template <class Net> Net drawn(Net net) {
  initialize(net, Key(3));
  return net;
}
} // namespace

TEST(Stream, Pointwise) {
  checkPlain([](Tensor x) { return tanh(x) * 2 + 1; }, numbers({N, 3}), 0);
  checkPlain([](Tensor x) { return softmax(x); }, numbers({2, N, 3}), 1);
  checkPlain([](Tensor x) { return x + cast(iota(x.dim(1)), f32); }, numbers({3, N}), 1);
  checkPlain([](Tensor x) { return x - mean(x, 2, keep); }, numbers({2, N, 5}), 1, 1e-6);
  // Time in front of rows, as one axis with them.
  checkPlain(
      [](Tensor x) {
        Tensor rows = tanh(reshape(transpose(x, {1, 0, 2}), {-1, 6}));
        return transpose(reshape(rows, {x.dim(1), 2, 6}), {1, 0, 2});
      },
      numbers({2, N, 6}), 1);
}

TEST(Stream, Products) {
  auto net = drawn(nn::MLP{{6, 16, 5}, gelu});
  check([](const nn::MLP &m, Tensor x) { return m(x); }, net, numbers({2, N, 6}), 1, 2e-6);
  check([](const nn::MLP &m, Tensor x) { return m(x); }, net, numbers({N, 6}), 0, 2e-6);
  // Rows of all times as one axis.
  check([](const nn::MLP &m, Tensor x) { return reshape(m(reshape(x, {-1, 6})), {2, x.dim(1), 5}); }, net,
        numbers({2, N, 6}), 1, 2e-6);
}

TEST(Stream, Cumulative) {
  Tensor x = numbers({2, N, 3});
  for (bool exclusive : {false, true}) {
    auto how = [&](auto op) { checkPlain([=](Tensor x) { return op(x, exclusive); }, x, 1); };
    how([](Tensor x, bool e) { return cumsum(x, 1, {.exclusive = e}); });
    how([](Tensor x, bool e) { return cumprod(x, 1, {.exclusive = e}); });
    how([](Tensor x, bool e) { return cummax(x, 1, {.exclusive = e}); });
    how([](Tensor x, bool e) { return cummin(x, 1, {.exclusive = e}); });
    how([](Tensor x, bool e) { return linear_recurrence(sigmoid(x), x * 2, 1, {.exclusive = e}); });
  }
  // What is kept is as wide as the sum.
  checkPlain([](Tensor x) { return cumsum(cast(x, bf16), 1); }, x, 1);
  checkPlain([](Tensor x) { return cast(cumsum(cast(x * 100, i32), 1), f32); }, x, 1);
  checkPlain([](Tensor x) { return cast(cummax(cast(x * 100, i32), 1), f32); }, x, 1);
  checkPlain([](Tensor x) { return cumsum(cumsum(x, 1) * x, 1, {}); }, x, 1);
  checkPlain([](Tensor x) { return cumsum(x, 2) + cumsum(x, 0, {.reverse = true}); }, x, 1);
}

namespace {
struct Recurrent {
  nn::GRUCell cell{3, 8};
  Param first{{8}, init::normal(1)};
  Tensor operator()(Tensor x) const { // [B, T, 3]
    Tensor h = broadcast_to(first, {x.dim(0), 8});
    return scan(h, x, [&](Tensor &h, Tensor x) { return cell(h, x); }, {.axis = 1});
  }
};
} // namespace
TEST(Stream, Scans) {
  check([](const Recurrent &m, Tensor x) { return m(x); }, drawn(Recurrent{}), numbers({2, N, 3}), 1, 1e-6);
  check(
      [](const nn::LSTMCell &cell, Tensor x) {
        auto s = cell.zeros(x.dim(0));
        return scan(s, x, [&](nn::LSTMState &s, Tensor x) { return cell(s, x); }, {.axis = 1});
      },
      drawn(nn::LSTMCell{3, 8}), numbers({2, N, 3}), 1, 1e-6);
  // The position of a step goes on.
  struct In {
    Tensor x, t;
  };
  checkPlain(
      [](Tensor x) {
        Tensor sum = zeros({3});
        return scan(sum, In{x, cast(iota(x.dim(0)), f32)}, [](Tensor &sum, In in) {
          sum += in.x * in.t;
          return sum * 1;
        });
      },
      numbers({N, 3}), 0);
}

namespace {
struct Table {
  nn::Embedding embed{7, 6};
  nn::LearnedPositions places{N + 3, 6};
  nn::LayerNorm norm{6};
  Tensor operator()(Tensor tokens) const { return norm(places(embed(tokens))); }
};
} // namespace
TEST(Stream, Tables) {
  Table net = drawn(Table{});
  std::vector<int> tokens;
  for (int i = 0; i < 2 * N; ++i)
    tokens.push_back(i * 5 % 7);
  check([](const Table &m, Tensor t) { return m(t); }, net, Tensor::copy(tokens, {2, N}), 1, 1e-6);
  checkPlain([](Tensor x) { return x + nn::sincos(iota(x.dim(1)), 6); }, numbers({2, N, 6}), 1);
}

// ---- attention
namespace {
/// [B, T, d] without a layer.
Tensor byHand(Tensor x, Tensor mask) {
  Tensor scores = contract("bqd,bkd->bqk", x, x * 2) * 0.5;
  Tensor e = select(mask, scores, -infinity);
  e = exp(e - max(e, 2, keep));
  return contract("bqk,bkd->bqd", e / sum(e, 2, keep), x + 1);
}
Tensor places(Tensor x) { return iota(x.dim(1)); }
} // namespace
TEST(Stream, AttentionByHand) {
  Tensor x = numbers({2, N, 4});
  checkPlain([](Tensor x) { return byHand(x, expand(places(x), 1) >= places(x)); }, x, 1, 1e-6);
  // A window, and keys that are further back alone.
  checkPlain(
      [](Tensor x) { return byHand(x, expand(places(x), 1) >= places(x) && expand(places(x), 1) < places(x) + 4); }, x,
      1, 1e-6);
  checkPlain(
      [](Tensor x) {
        Tensor w = where(expand(places(x), 1) > places(x), expand(places(x), 1) - places(x), 0);
        return contract("qk,bkd->bqd", cast(w, f32), x);
      },
      x, 1, 1e-5);
  checkPlain([](Tensor x) { return contract("qk,bkd->bqd", tril(ones({x.dim(1), x.dim(1)})), x); }, x, 1, 1e-6);
}

TEST(Stream, Attention) {
  Tensor x = numbers({2, N, 16});
  auto with = [&](nn::AttentionOptions options) {
    options.causal = true;
    check([](const nn::Attention &a, Tensor x) { return a(x); }, drawn(nn::Attention{16, 4, options}), x, 1, 2e-6);
  };
  with({});
  with({.rotary = true});
  with({.kv_heads = 2, .q_norm = nn::NormKind::rms, .k_norm = nn::NormKind::rms, .rotary = true});
  with({.kv_heads = 1, .bias = false});
  // A bias by distance.
  struct Biased {
    nn::Attention a{16, 4, nn::causal};
    Param table{{4, 2 * N - 1}, init::normal(1)};
  };
  check([](const Biased &m, Tensor x) { return m.a(x, {.bias = nn::toeplitz(m.table, x.dim(1), x.dim(1))}); },
        drawn(Biased{}), x, 1, 2e-6);
}

TEST(Stream, MixedPrecision) {
  nn::Attention net = drawn(nn::Attention{16, 4, {.causal = true, .rotary = true}});
  // The bits of bf16 and f16 but the last two.
  auto of = [&](auto f, double bound) { check(f, net, numbers({2, N, 16}), 1, bound); };
  of([](const nn::Attention &a, Tensor x) { return a(cast(x, bf16)); }, 1.0 / 64);
  of([](const nn::Attention &a, Tensor x) { return a(cast(x, f16)); }, 1.0 / 512);
  of([](const nn::Attention &a, Tensor x) { return a(cast(x, f64)); }, 1e-6);
}

namespace {
struct Model {
  nn::Embedding embed{11, 16};
  nn::LearnedPositions places{N, 16};
  std::vector<nn::TransformerBlock> blocks = nn::stack<nn::TransformerBlock>(
      3, 16, 4, nn::BlockOptions{.attention = {.causal = true, .kv_heads = 2, .rotary = true}});
  nn::LayerNorm norm{16};
  Tensor operator()(Tensor tokens) const {
    Tensor x = places(embed(tokens));
    for (auto &block : blocks)
      x = block(x);
    return matmul(norm(x), transpose(embed.w));
  }
};
Tensor tokens(int rows) {
  std::vector<int> list;
  for (int i = 0; i < rows * N; ++i)
    list.push_back(i * i * 7 % 11);
  return Tensor::copy(list, {rows, N});
}
} // namespace
TEST(Stream, Transformer) {
  check([](const Model &m, Tensor t) { return m(t); }, drawn(Model{}), tokens(2), 1, 4e-6);
}
TEST(Stream, Bound) {
  Model net = drawn(Model{});
  auto f = [](const Model &m, Tensor t) { return m(t); };
  auto next = stream(f, time(), net, i32({2, time()}));
  auto bound = next.bind(net);
  Cache c = start(next), d = start(next);
  Tensor t = tokens(2);
  for (int i = 0; i < N; ++i) {
    Tensor token = part(t, 1, i, i + 1), a = next(net, c, token), b = bound(d, token);
    double size = 0, off = difference(a, b, size);
    EXPECT_LE(off, 4e-6 * size);
  }
}
TEST(Stream, FullCache) {
  Model net = drawn(Model{});
  auto next = stream([](const Model &m, Tensor t) { return m(t); }, time(), net, i32({2, time()}));
  Cache c = start(next);
  (void)next(net, c, part(tokens(2), 1, 0, N - 1));
  EXPECT_MESSAGE("stream: the cache is full", next(net, c, part(tokens(2), 1, 0, 2)));
  EXPECT_EQ(c.length.item<int>(), N - 1); // as it was
  (void)next(net, c, part(tokens(2), 1, N - 1, N));
  // What keeps nothing of all that came goes on for ever.
  auto sums = stream([](Tensor x) { return cumsum(x, 0); }, time(), f32({time()}));
  Cache s = start(sums);
  Tensor last;
  for (int i = 0; i < 3 * N; ++i)
    last = sums(s, Tensor::copy(std::vector<float>{1}, {1}));
  EXPECT_EQ(last.span<float>()[0], 3 * N);
}
TEST(Stream, Copies) {
  Model net = drawn(Model{});
  auto next = stream([](const Model &m, Tensor t) { return m(t); }, time(), net, i32({2, time()}));
  Cache c = start(next);
  Tensor t = tokens(2);
  (void)next(net, c, part(t, 1, 0, 5));
  Cache fork = c;
  Tensor a = next(net, c, part(t, 1, 5, 6)), other = next(net, c, part(t, 1, 2, 4)),
         b = next(net, fork, part(t, 1, 5, 6));
  double size = 0;
  EXPECT_EQ(difference(a, b, size), 0);
}
TEST(Stream, TakesBack) {
  Model net = drawn(Model{});
  auto next = stream([](const Model &m, Tensor t) { return m(t); }, time(), net, i32({2, time()}));
  auto whole = jit([](const Model &m, Tensor t) { return m(t); }, net, i32({2, time()}));
  Tensor t = tokens(2), want = whole(net, t);
  Cache c = start(next);
  (void)next(net, c, part(t, 1, 0, 4));
  (void)next(net, c, part(t, 1, 0, 5)); // guesses, of which none fits
  c.keep(4);
  double size = 0;
  EXPECT_LE(difference(next(net, c, part(t, 1, 4, 8)), part(want, 1, 4, 8), size), 4e-6 * size);
  // As many as a program finds.
  auto back = jit([](Cache &c, Tensor n) { c.keep(n); }, c, i32({}));
  back(c, Tensor(iota(1) + 6)(0));
  EXPECT_LE(difference(next(net, c, part(t, 1, 6, N)), part(want, 1, 6, N), size), 4e-6 * size);
  auto sums = stream([](Tensor x) { return cumsum(x, 0); }, time(), f32({time()}));
  Cache s = start(sums);
  EXPECT_MESSAGE("nothing can be taken back", s.keep(0));
  EXPECT_MESSAGE("keep: more than have come", c.keep(N + 1); (void)c.length.item<int>());
}
TEST(Stream, Sizes) {
  Dim B = dim("B", 1, 4);
  auto next = stream([](Tensor x) { return cumsum(x, 1); }, time(), f32({B, time()}));
  EXPECT_MESSAGE("B, known at run time only", start(next));
  EXPECT_MESSAGE("cannot be 5", start(next, {{"B", 5}}));
  Cache c = start(next, {{"B", 3}});
  EXPECT_EQ(next(c, numbers({3, 2})).shape()[0], Dim(3));
  auto few = stream(StreamOptions{.most = 2}, [](Tensor x) { return cumsum(x, 0); }, time(), f32({time()}));
  Cache d = start(few);
  EXPECT_EQ(few(d, numbers({2})).shape()[0], Dim(2));
  EXPECT_MESSAGE("T", few(d, numbers({3})));
}

TEST(Stream, InPlace) {
  Model net = drawn(Model{});
  auto next =
      stream(StreamOptions{.most = 1}, [](const Model &m, Tensor t) { return m(t); }, time(), net, i32({2, time()}));
  Cache c = start(next);
  (void)next(net, c, part(tokens(2), 1, 0, 1));
  std::vector<const void *> before;
  for (const Tensor &x : c.kept)
    before.push_back(x.span<float>().data());
  EXPECT_EQ(before.size(), 6u); // keys and values of three blocks
  (void)next(net, c, part(tokens(2), 1, 1, 2));
  for (std::size_t i = 0; i < before.size(); ++i)
    EXPECT_EQ(before[i], c.kept[i].span<float>().data());
  // Keys and values of the two heads that there are, not of the four that read them.
  EXPECT_EQ(str(c.kept[0].shape()), "[2, " + std::to_string(N) + ", 8]");
}

TEST(Stream, GeneratesInOneProgram) {
  Model net = drawn(Model{});
  auto next = stream([](const Model &m, Tensor t) { return m(t); }, time(), net, i32({2, time()}));
  // The likeliest token each time, on the host and in a loop of one program.
  auto likeliest = [](Tensor logits) { return cast(argmax(logits(all, last), 1), i32); };
  Tensor prompt = part(tokens(2), 1, 0, 3);
  Cache c = start(next);
  std::vector<std::vector<int>> byHand;
  Tensor token = likeliest(next(net, c, prompt));
  for (int i = 0; i < 6; ++i) {
    byHand.push_back({token.span<int>().begin(), token.span<int>().end()});
    token = likeliest(next(net, c, expand(token, 1)));
  }
  struct Generation {
    Cache cache;
    Tensor token;
  };
  auto generate = jit(
      [&](const Model &m, Generation &g, Tensor prompt) {
        g.token = likeliest(next(m, g.cache, prompt));
        return scan(g, 6, [&](Generation &g, Tensor) {
          Tensor token = g.token;
          g.token = likeliest(next(m, g.cache, expand(token, 1)));
          return token;
        });
      },
      net, Generation{start(next), zeros({2}, i32)}, i32({2, dim("P", 1, 6)}));
  Generation g{start(next), zeros({2}, i32)};
  Tensor tokens = generate(net, g, prompt);
  for (std::size_t i = 0; i < byHand.size(); ++i)
    for (std::size_t row = 0; row < 2; ++row)
      EXPECT_EQ(tokens.span<int>()[i * 2 + row], byHand[i][row]) << i;
  EXPECT_EQ(g.cache.length.item<int>(), 9);
  // No cache is copied in the loop.
  EXPECT_EQ(generate.plan().find("copy"), std::string::npos) << generate.plan();
  EXPECT_MESSAGE("the other arguments make it [2, 1]",
                 jit([&](const Model &m, Cache &c, Tensor t) { return next(m, c, t); }, net, start(next), i32({3, 1})));
}

TEST(Stream, Window) {
  // Of a stream that is longer than its ring, and than its bound: attention to the last four places.
  auto f = [](Tensor x) {
    return byHand(x, expand(places(x), 1) >= places(x) && expand(places(x), 1) - places(x) < 4);
  };
  auto longer = jit(f, f32({2, dim("L", 1, 64), 4}));
  Tensor x = numbers({2, 40, 4}), whole = longer(x);
  std::mt19937 random(1);
  for (int trial = 0; trial < 6; ++trial) {
    const int most = 1 + trial;
    auto next = stream(StreamOptions{.most = most, .window = 4}, f, time(), f32({2, time(), 4}));
    Cache c = start(next);
    EXPECT_EQ(str(c.kept[0].shape()), "[2, " + std::to_string(3 + most) + ", 4]");
    for (int from = 0; from < 40;) {
      int count = std::min(40 - from, int(random() % unsigned(most)) + 1);
      double size = 0,
             off = difference(next(c, part(x, 1, from, from + count)), part(whole, 1, from, from + count), size);
      EXPECT_LE(off, 2e-6 * size) << count << " from " << from;
      from += count;
    }
  }
  auto windowOf = [](int n) { return StreamOptions{.most = 1, .window = n}; };
  EXPECT_MESSAGE("came 3 places before", stream(windowOf(3), f, time(), f32({2, time(), 4})));
  EXPECT_MESSAGE("came 4 places before",
                 stream(
                     windowOf(4), [](Tensor x) { return byHand(x, expand(places(x), 1) >= places(x)); }, time(),
                     f32({2, time(), 4})));
  struct Layer {
    nn::Attention a{16, 4, {.causal = true, .kv_heads = 2, .rotary = true}};
    Tensor operator()(Tensor x) const {
      Tensor at = iota(x.dim(1));
      return a(x, {.mask = expand(at, 1) - at < 5});
    }
  };
  Layer net = drawn(Layer{});
  auto step = stream(windowOf(5), [](const Layer &m, Tensor x) { return m(x); }, time(), net, f32({1, time(), 16}));
  auto all = jit([](const Layer &m, Tensor x) { return m(x); }, net, f32({1, dim("L", 1, 64), 16}));
  Cache c = start(step);
  Tensor y = numbers({1, 30, 16}), want = all(net, y);
  for (int i = 0; i < 30; ++i) {
    double size = 0, off = difference(step(net, c, part(y, 1, i, i + 1)), part(want, 1, i, i + 1), size);
    EXPECT_LE(off, 4e-6 * std::max(size, 1.0)) << i;
  }
  EXPECT_EQ(step.plan().find("copy"), std::string::npos) << step.plan();
}

// ---- earlier elements
TEST(Stream, Shifts) {
  Tensor x = numbers({2, N, 3});
  checkPlain([](Tensor x) { return x + concat({zeros({2, 1, 3}), slice(x, 1, 0, x.dim(1) - 1)}, 1); }, x, 1);
  checkPlain([](Tensor x) { return pad(slice(x, 1, 1, x.dim(1)) - slice(x, 1, 0, x.dim(1) - 1), 1, 1, 0, 7); }, x, 1);
  checkPlain(
      [](Tensor x) {
        Tensor p = pad(x, 1, 3, 0, 0), y = slice(p, 1, 0, x.dim(1));
        for (int i = 1; i < 4; ++i)
          y += slice(p, 1, i, x.dim(1) + i) * (i + 1);
        return y;
      },
      x, 1);
  checkPlain([](Tensor x) { return cumsum(pad(slice(x, 1, 0, x.dim(1) - 2), 1, 2, 0, 1), 1); }, x, 1);
}

namespace {
/// Dilated causal convolutions with gates, as WaveNet has them.
struct Waves {
  struct Layer {
    Param filter{{4, 4, 3}}, gate{{4, 4, 2}};
    int dilation = 1;
  };
  std::vector<Layer> layers{Layer{}, Layer{.dilation = 2}, Layer{.dilation = 4}};
  Tensor operator()(Tensor x) const { // [B, 4, T]
    for (const Layer &l : layers) {
      auto conv = [&](const Tensor &w) {
        return convolution(x, w, {.dilation = l.dilation, .pads = ConvolutionPadding::causal});
      };
      x = x + tanh(conv(l.filter)) * sigmoid(conv(l.gate));
    }
    return x;
  }
};
} // namespace
TEST(Stream, Convolutions) {
  Waves net = drawn(Waves{});
  auto f = [](const Waves &m, Tensor x) { return m(x); };
  check(f, net, numbers({2, 4, N}), 2, 2e-6);
  // As many elements are kept as the longest window reaches back, once for all windows.
  auto next = stream(f, time(), net, f32({2, 4, time()}));
  Cache c = start(next);
  std::vector<std::string> shapes;
  for (const Tensor &x : c.kept)
    shapes.push_back(str(x.shape()));
  EXPECT_EQ(shapes, (std::vector<std::string>{"[2, 4, 2]", "[2, 4, 4]", "[2, 4, 8]"}));
  // One filter for each channel.
  check([](const Param &w, Tensor x) { return convolution(x, w, {.groups = 4, .pads = ConvolutionPadding::causal}); },
        [] {
          Param w{{4, 1, 5}};
          initialize(w, Key(1));
          return w;
        }(),
        numbers({2, 4, N}), 2, 2e-6);
}

namespace {
/// A model of ops drawn by a seed, all of them causal along axis 1 of [2, T, 4].
Tensor randomModel(unsigned seed, Tensor x) {
  std::mt19937 random(seed);
  auto draw = [&](int n) { return int(random() % unsigned(n)); };
  const Tensor first = x;
  for (int ops = 3 + draw(4); ops > 0; --ops) {
    Dim T = x.dim(1);
    switch (draw(12)) {
    case 0: x = tanh(x) + first; break;
    case 1: x = x + cast(expand(iota(T), 1), f32) * 0.1; break;
    case 2: x = cumsum(x, 1, {.exclusive = draw(2) == 1}) * 0.25; break;
    case 3: x = cummax(x, 1) - first; break;
    case 4: x = linear_recurrence(sigmoid(x), first, 1); break;
    case 5: {
      Tensor h = zeros({2, 4});
      x = scan(h, x, [](Tensor &h, Tensor x) { return h = tanh(h * 0.5 + x); }, {.axis = 1});
      break;
    }
    case 6: {
      int d = 1 + draw(4);
      x = x - slice(pad(x, 1, d, 0, 0.5), 1, 0, T) * 0.5;
      break;
    }
    case 7: x = x + concat({ones({2, 1, 4}), slice(x, 1, 0, T - 1)}, 1); break;
    case 8: x = byHand(x * 0.3, expand(places(x), 1) >= places(x)); break;
    case 9: x = (x - mean(x, 2, keep)) * rsqrt(mean(square(x), 2, keep) + 1); break;
    case 10: x = reshape(matmul(reshape(x, {-1, 4}), ones({4, 4}) * 0.2), {2, T, 4}); break;
    case 11: {
      Tensor y = transpose(x, {0, 2, 1});
      x = x + transpose(
                  convolution(y, ones({4, 4, 3}) * 0.1, {.dilation = 1 + draw(2), .pads = ConvolutionPadding::causal}),
                  {0, 2, 1});
      break;
    }
    }
  }
  return x;
}
} // namespace
TEST(Stream, RandomModels) {
  // 1,000 streams, each in spans of its own.
  for (unsigned seed = 0; seed < 40; ++seed) {
    SCOPED_TRACE("model " + std::to_string(seed));
    check([=](const None &, Tensor x) { return randomModel(seed, x); }, None{}, numbers({2, N, 4}, seed), 1, 2e-5, 25);
  }
}

// ---- what follows from all that has come, as the whole gives it of what came so far
TEST(Stream, LastElements) {
  Model net = drawn(Model{});
  struct Out {
    Tensor last, state;
  };
  auto f = [](const Model &m, Tensor t) {
    Tensor h = zeros({2, 16});
    scan(h, m.embed(t), [](Tensor &h, Tensor x) { h = tanh(h + x); }, {.axis = 1});
    return Out{m(t)(all, last), h};
  };
  auto next = stream(f, time(), net, i32({2, time()}));
  auto whole = jit(f, net, i32({2, time()}));
  Cache c = start(next);
  Tensor t = tokens(2);
  for (int from = 0, count = 1; from + count <= N; from += count, count = 3 - count) {
    Out a = next(net, c, part(t, 1, from, from + count)), b = whole(net, part(t, 1, 0, from + count));
    double size = 0;
    EXPECT_LE(difference(a.last, b.last, size), 4e-6 * size);
    EXPECT_LE(difference(a.state, b.state, size), 1e-6);
  }
}
TEST(Stream, Memory) {
  // What is attended to beside the stream has no time.
  struct Decoder {
    nn::TransformerBlock block{16, 4, nn::BlockOptions{.attention = {.causal = true}, .memory = 16}};
    Param memory{{2, 5, 16}, init::normal(1)};
  };
  check([](const Decoder &m, Tensor x) { return m.block(x, m.memory); }, drawn(Decoder{}), numbers({2, N, 16}), 1,
        4e-6);
}

// ---- rows of their own
TEST(Stream, RowsOfTheirOwn) {
  // The stream of one row, mapped: each row has its length, and begins anew by itself.
  Model net = drawn(Model{});
  auto next = stream([](const Model &m, Tensor t) { return m(t); }, time(), net, i32({time()}));
  auto step = jit([&](const Model &m, Cache &rows, Tensor token, Tensor anew) {
    struct Out {
      Tensor logits;
      Cache cache;
    };
    struct In {
      Cache cache;
      Tensor token, anew;
    };
    auto out = vmap(
        [&](In in) {
          in.cache.length = select(in.anew, 0, in.cache.length);
          Tensor logits = next(m, in.cache, expand(in.token, 0));
          return Out{logits(0), in.cache};
        },
        In{rows, token, anew});
    rows = out.cache;
    return out.logits;
  });
  Cache one = start(next), other = start(next);
  Tensor t = part(reshape(tokens(1), {N}), 0, 0, N);
  (void)next(net, one, part(t, 0, 0, 5));
  Cache rows = stack(std::vector<Cache>{one, other});
  for (int i = 0; i < 4; ++i) {
    Tensor token = concat({part(t, 0, 5 + i, 6 + i), part(t, 0, i, i + 1)}, 0);
    Tensor logits = step(net, rows, token, zeros({2}, i1));
    for (int row = 0; row < 2; ++row) {
      Tensor want = next(net, row ? other : one, part(token, 0, row, row + 1));
      double size = 0, off = difference(part(logits, 0, row, row + 1), want, size);
      EXPECT_LE(off, 4e-6 * size) << i << " of row " << row;
    }
  }
  EXPECT_EQ(rows.length.span<int>()[0], 9);
  EXPECT_EQ(rows.length.span<int>()[1], 4);
  // Caches are written where they are.
  EXPECT_EQ(step.plan().find("copy"), std::string::npos) << step.plan();
  // One row begins anew.
  Tensor both = concat({part(t, 0, 9, 10), part(t, 0, 0, 1)}, 0);
  Tensor logits = step(net, rows, both, Tensor(iota(2)) == 1);
  Cache fresh = start(next);
  double size = 0;
  EXPECT_LE(difference(part(logits, 0, 1, 2), next(net, fresh, part(t, 0, 0, 1)), size), 4e-6);
  EXPECT_EQ(rows.length.span<int>()[0], 10);
  EXPECT_EQ(rows.length.span<int>()[1], 1);
}

// ---- what comes later
TEST(Stream, NotCausal) {
  Dim T = time();
  auto spec = f32({2, T, 4});
  EXPECT_MESSAGE("reduce_sum follows from all elements along time",
                 stream([](Tensor x) { return x - mean(x, 1, keep); }, T, spec));
  EXPECT_MESSAGE("reverse reads along time", stream([](Tensor x) { return flip(x, {1}); }, T, spec));
  EXPECT_MESSAGE("from its end", stream([](Tensor x) { return cumsum(x, 1, {.reverse = true}); }, T, spec));
  EXPECT_MESSAGE("1 later along time",
                 stream([](Tensor x) { return concat({slice(x, 1, 1, x.dim(1)), zeros({2, 1, 4})}, 1); }, T, spec));
  EXPECT_MESSAGE("softmax", stream([](Tensor x) { return nn::dot_product_attention(x, x, x); }, T, f32({T, 2, 4})));
  EXPECT_MESSAGE("write -infinity", stream(
                                        [](Tensor x) {
                                          Tensor s = contract("bqd,bkd->bqk", x, x);
                                          s = select(expand(places(x), 1) >= places(x), s, -1e4f);
                                          return contract("bqk,bkd->bqd", softmax(s), x);
                                        },
                                        T, spec));
  // The mask lets one more through.
  EXPECT_MESSAGE("nothing masks those that come later",
                 stream([](Tensor x) { return byHand(x, expand(places(x), 1) + 1 >= places(x)); }, T, spec));
  EXPECT_MESSAGE("takes the axis of time apart",
                 stream([](Tensor x) { return reshape(tanh(reshape(x, {-1, 4})), {x.dim(1), 2, 4}); }, T, spec));
  // Equal places of rounded numbers might see each other.
  EXPECT_MESSAGE("nothing masks those that come later", stream(
                                                            [](Tensor x) {
                                                              Tensor at = cast(places(x), f32) * 0.1;
                                                              return byHand(x, expand(at, 1) >= at);
                                                            },
                                                            T, spec));
  EXPECT_MESSAGE("puts elements that follow from all times in front of them",
                 stream(
                     [](Tensor x) {
                       Tensor h = zeros({});
                       scan(h, x, [](Tensor &h, Tensor x) { h = h + sum(x); });
                       return slice(concat({expand(h, 0), x}, 0), 0, 0, x.dim(0));
                     },
                     T, f32({T})));
  EXPECT_MESSAGE("sort", stream([](Tensor x) { return sort(x, 1).values; }, T, spec));
  EXPECT_MESSAGE("length of the whole",
                 stream([](Tensor x) { return x * cast(expand(iota(x.dim(1)) * 0 + x.dim(1), 1), f32); }, T, spec));
  EXPECT_NE(
      test::messageOf([] { (void)stream([](Tensor x) { return x; }, Dim(4), f32({4})); }).find("must be a bounded"),
      std::string::npos);
}
