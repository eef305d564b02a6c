// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What loops hold and what they cost: an online loop with an inner optimiser, keys in mapped loops, complex carries
// differentiated twice, gradients that end inside a model, and no allocation for a step.
#include "weft/weft.h"
#include <atomic>
#include <cmath>
#include <cstdlib>
#include <gtest/gtest.h>
#include <random>

using namespace weft;
using C = std::complex<double>;

// Every allocation of the process is counted, but where a sanitizer has an allocator of its own.
namespace {
std::atomic<long> allocations{0};
}
#ifndef __SANITIZE_ADDRESS__
extern "C" void *__libc_malloc(std::size_t);
extern "C" void *malloc(std::size_t size) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  return __libc_malloc(size);
}
#endif

namespace {
std::vector<double> doubles(const Tensor &x) {
  Tensor wide = cast(x, f64);
  return {wide.span<double>().begin(), wide.span<double>().end()};
}
template <class T> Tensor drawn(const Shape &shape, int seed, double scale = 1) {
  std::mt19937 engine(unsigned(seed) * 7919u + 17u);
  std::normal_distribution<double> normal(0, scale);
  std::int64_t count = 1;
  for (const Dim &d : shape)
    count *= d.value();
  std::vector<T> values;
  for (std::int64_t i = 0; i < count; ++i)
    if constexpr (std::is_same_v<T, C>)
      values.push_back(C(normal(engine), normal(engine)));
    else
      values.push_back(T(normal(engine)));
  return Tensor::copy(values, shape);
}
std::string message(const std::function<void()> &f) {
  try {
    f();
  } catch (const Error &error) {
    return error.what();
  }
  return "no error";
}
std::size_t count(const std::string &text, const std::string &part) {
  std::size_t n = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
    ++n;
  return n;
}

// Inputs alone are optimised, inside a loop over time: a variational recurrent network that infers as it goes.
using As = std::vector<Tensor>;
struct Core {
  std::vector<Tensor> h;
};
struct Layer {
  int nz, d;
  nn::Linear prior{d, 2 * nz}, next{nz + d, d};
};
struct PvRnn {
  int W;
  std::vector<Layer> layers;
  nn::Linear out{8, 2};
  struct Emit {
    Tensor x, kl;
  };
  struct Rollout {
    Core first, last;
    Tensor loss;
  };
  Emit cell(Core &c, const As &a, const Key &key) const {
    Tensor kl = zeros({});
    for (std::size_t l = 0; l < layers.size(); ++l) {
      const Layer &layer = layers[l];
      int nz = layer.nz;
      Tensor h = expand(c.h[l], 0), p = layer.prior(h), q = a.empty() ? p : expand(a[l], 0);
      auto mean = [&](Tensor v) { return tanh(slice(v, 1, 0, nz)); };
      auto deviation = [&](Tensor v) { return exp(0.5f * slice(v, 1, nz, 2 * nz)); };
      Key own = key.fold(int(l));
      Tensor z = mean(q) + deviation(q) * normal(own, {1, nz});
      kl += sum(log(deviation(p) / deviation(q)) +
                (square(deviation(q)) + square(mean(q) - mean(p))) / (2 * square(deviation(p))) - 0.5f);
      c.h[l] = reshape(tanh(layer.next(concat({z, h}, 1))), {layer.d});
    }
    return {reshape(out(expand(c.h.back(), 0)), {2}), 0.01f * kl};
  }
  As guess(const Core &c) const {
    As a;
    for (std::size_t l = 0; l < layers.size(); ++l)
      a.push_back(reshape(layers[l].prior(expand(c.h[l], 0)), {2 * layers[l].nz}));
    return a;
  }
  Rollout roll(Core c, const As &a, Tensor seen, const Key &key) const {
    struct In {
      As a;
      Tensor x, t;
    };
    struct Each {
      Core c;
      Tensor loss;
    };
    Each all = scan(c, In{a, seen, iota(W)}, [&](Core &c, In in) {
      auto [x, kl] = cell(c, in.a, key.fold(in.t));
      return Each{c, mean(square(x - in.x)) + kl};
    });
    return {map(all.c, [](Tensor h) { return h[0]; }), c, sum(all.loss)}; // states that nobody reads are never stored
  }
};
struct Online {
  Core start;
  As a;
  Tensor seen;
  Key key{};
};
Tensor online(const PvRnn &net, Online &s, Tensor xs, int iterations, int horizon) {
  return scan(s, xs,
              [&](Online &s, Tensor x) {
                Key key = s.key.next();
                s.seen = concat({slice(s.seen, 0, 1, net.W), expand(x, 0)}, 0);
                struct Inner {
                  As a;
                  optim::Adam<As> opt;
                } in{s.a, {s.a, {.lr = 0.09f}}}; // fresh moments at every time step
                scan(in, iterations,
                     [&](Inner &i, Tensor) { i.opt.update(i.a, grad(net.roll(s.start, i.a, s.seen, key).loss, i.a)); });
                auto r = net.roll(s.start, in.a, s.seen, key);
                s.start = r.first;
                s.a = map(in.a, net.guess(r.last),
                          [&](Tensor a, Tensor g) { return concat({slice(a, 0, 1, net.W), expand(g, 0)}, 0); });
                Tensor future =
                    scan(r.last, horizon, [&](Core &c, Tensor t) { return net.cell(c, {}, key.fold(net.W + t)).x; });
                return std::pair(future, r.loss);
              })
      .second;
}
} // namespace

TEST(Regions, AnOnlineLoopOptimisesItsInputs) {
  PvRnn net{4, {Layer{2, 6}, Layer{3, 8}}};
  initialize(net, Key(4));
  auto start = [&] {
    return Online{{{Tensor::copy(std::vector<float>(6), {6}), Tensor::copy(std::vector<float>(8), {8})}},
                  {drawn<float>({4, 4}, 1, 0.1), drawn<float>({4, 6}, 2, 0.1)},
                  Tensor::copy(std::vector<float>(8), {4, 2}),
                  Key(5)};
  };
  std::vector<float> wave;
  for (int t = 0; t < 6; ++t)
    wave.push_back(std::sin(0.9f * float(t))), wave.push_back(std::cos(0.9f * float(t)));
  Tensor xs = Tensor::copy(wave, {6, 2});
  auto at = [&](int iterations) {
    Online s = start();
    auto f = jit([iterations](const PvRnn &net, Online &s, Tensor xs) { return online(net, s, xs, iterations, 3); },
                 net, s, xs);
    Tensor losses = f(net, s, xs);
    // No weight gets a gradient: nothing of the shape of one is made.
    EXPECT_EQ(count(f.plan(), "f32 [11, 8]") + count(f.plan(), "f32 [8, 11]"), 0u) << f.plan();
    return std::pair(doubles(losses), doubles(s.a[1]));
  };
  auto [untouched, a0] = at(0);
  auto [inferred, a12] = at(12);
  for (std::size_t t = 1; t < 6; ++t) {
    EXPECT_TRUE(std::isfinite(inferred[t]));
    EXPECT_LT(inferred[t], 0.8 * untouched[t]) << "step " << t;
  }
  EXPECT_NE(a0, a12);
}

// A loop that ends when its data say so, a branch and a scan, each with a key of its own for each slice: what each
// slice would draw by itself.
TEST(Regions, VmapOfLoopsWithMappedKeys) {
  struct Walk {
    Tensor x, n;
    Key key{};
  };
  auto walk = [](Tensor x, Key key) {
    Walk w{x, 0, key};
    loop(
        w, [](const Walk &w) { return abs(w.x) < 2; },
        [](Walk &w) {
          Key own = w.key.next();
          w.x += normal(own, {}, f64);
          w.n += 1;
        },
        {.max = 40});
    Tensor sum = zeros({}, f64);
    Key left = w.key;
    scan(sum, 3, [&](Tensor &sum, Tensor t) {
      Key own = left.fold(t);
      sum += cond(w.x > 0, [&] { return normal(own, {}, f64); }, [&] { return -uniform(own, {}, f64); });
    });
    return std::tuple(w.x, w.n, sum);
  };
  auto folded = [&](Tensor x, Tensor i, Key key) { return walk(x, key.fold(i)); };
  Tensor xs = drawn<double>({5}, 3, 0.3), is = Tensor::copy(std::vector<int>{0, 1, 2, 3, 4}, {5});
  auto all = jit([&](Tensor xs, Tensor is, Key key) {
    return vmap([&](Tensor x, Tensor i) { return folded(x, i, key); }, xs, is);
  });
  auto one = jit(folded);
  auto [x, n, sum] = all(xs, is, Key(9));
  bool differ = false;
  for (int i = 0; i < 5; ++i) {
    auto at = std::size_t(i);
    auto [xi, ni, si] = one(Tensor::copy(std::vector<double>{xs.span<double>()[at]}, {}), Tensor(i), Key(9));
    EXPECT_EQ(x.span<double>()[at], xi.item<double>());
    EXPECT_EQ(n.span<int>()[at], ni.item<int>());
    EXPECT_NEAR(sum.span<double>()[at], si.item<double>(), 1e-15);
    differ |= n.span<int>()[at] != n.span<int>()[0];
  }
  EXPECT_TRUE(differ) << "slices end at different steps";
}

// Complex carries through scan and cond, the gradient of a gradient: against differences along a complex direction.
TEST(Regions, ComplexCarriesDifferentiateTwice) {
  auto loss = [](Tensor z, Tensor a) {
    Tensor h = z;
    Tensor all = scan(h, 4, [&](Tensor &h, Tensor t) {
      return h = cond(t > 1, [&] { return a * h + 0.1 * h * conj(z); }, [&] { return h * exp(0.2 * z); });
    });
    return sum(square(abs(all))) + sum(real(h * h));
  };
  auto dot = [](Tensor g, Tensor v) { return sum(real(g) * real(v) + imag(g) * imag(v)); };
  auto f = [&](Tensor z, Tensor a, Tensor v) {
    Tensor y = loss(z, a), g = grad(y, z);
    return std::tuple(y, dot(g, v), grad(dot(g, v), z), jvp(y, z, v), jvp(g, z, v));
  };
  Tensor z = drawn<C>({3}, 1, 0.5), a = drawn<C>({3}, 2, 0.5), v = drawn<C>({3}, 3);
  auto fn = jit(f);
  auto moved = [&](double h) {
    std::vector<C> at(z.span<C>().begin(), z.span<C>().end());
    for (std::size_t i = 0; i < 3; ++i)
      at[i] += h * v.span<C>()[i];
    return fn(Tensor::copy(at, {3}), a, v);
  };
  auto [y, slope, bend, forward, overReverse] = moved(0);
  const double h = 1e-4;
  auto up = moved(h), down = moved(-h);
  double first = (std::get<0>(up).item<double>() - std::get<0>(down).item<double>()) / (2 * h),
         second = (std::get<1>(up).item<double>() - std::get<1>(down).item<double>()) / (2 * h);
  EXPECT_NEAR(slope.item<double>(), first, 1e-6 * std::abs(first));
  EXPECT_NEAR(forward.item<double>(), slope.item<double>(), 1e-12 * std::max(1.0, std::abs(first)));
  double along = 0;
  for (std::size_t i = 0; i < 3; ++i) {
    C b = bend.span<C>()[i], o = overReverse.span<C>()[i], d = v.span<C>()[i];
    along += b.real() * d.real() + b.imag() * d.imag();
    EXPECT_LE(std::abs(b - o), 1e-11 * std::max(1.0, std::abs(b)));
  }
  EXPECT_NEAR(along, second, 1e-4 * std::max(1.0, std::abs(second)));
}

// A gradient by what a layer made: the layers in front of it have no part in it. By one layer's weights: no product for
// the others' weights.
namespace {
struct Tower {
  std::vector<nn::Linear> layers{{8, 16}, {16, 32}, {32, 64}, {64, 4}};
  Tensor operator()(Tensor x, std::size_t tapped, Tensor *z) const {
    for (std::size_t i = 0; i < layers.size(); ++i) {
      x = tanh(layers[i](x));
      if (i == tapped)
        *z = x;
    }
    return sum(x * x);
  }
};
} // namespace
TEST(Regions, PartialGradientsEndWhereTheyAreAsked) {
  Tower net;
  initialize(net, Key(1));
  Tensor x = drawn<float>({40, 8}, 1);
  auto products = [&](auto f) {
    auto fn = jit(f, net, x);
    return std::pair(count(fn.plan(), "weft.contract"), fn.plan());
  };
  auto [forward, p0] = products([](const Tower &net, Tensor x) {
    Tensor z;
    return net(x, 1, &z);
  });
  auto [byActivation, p1] = products([](const Tower &net, Tensor x) {
    Tensor z, y = net(x, 1, &z);
    return std::pair(y, grad(y, z));
  });
  auto [byWeight, p2] = products([](const Tower &net, Tensor x) {
    Tensor z, y = net(x, 1, &z);
    return std::pair(y, grad(y, net.layers[3].w));
  });
  auto [byAll, p3] = products([](const Tower &net, Tensor x) {
    Tensor z, y = net(x, 1, &z);
    return std::pair(y, grad(y, net));
  });
  EXPECT_EQ(forward, 4u) << p0;
  EXPECT_EQ(byActivation, 6u) << "back through the last two layers\n" << p1;
  EXPECT_EQ(byWeight, 5u) << "one product, of the last layer's input with its cotangent\n" << p2;
  EXPECT_EQ(byAll, 11u) << "four products by weights, three by inputs\n" << p3;
  // Nothing of the first layer is stored for it: its result is gone when the second has read it, so the memory is that
  // of the rest.
  EXPECT_EQ(count(p1, "f32 [40, 16]"), 1u) << p1;
  EXPECT_EQ(count(p2, "f32 [16, 32]") + count(p2, "f32 [32, 64]"), 0u) << p2;
}

// Ten steps or two thousand: a call allocates as often.
TEST(Regions, StepsAllocateNothing) {
  auto f = [](Tensor x, Tensor n) {
    struct Carry {
      Tensor h, i;
    } c{x, 0};
    loop(
        c, [&](const Carry &c) { return c.i < n; },
        [&](Carry &c) {
          scan(c.h, 3, [](Tensor &h, Tensor) { h = sin(matmul(h, h)) * 0.5f; });
          c.h = cond(sum(c.h) > 0, [&] { return c.h * 0.9f; }, [&] { return -c.h; });
          c.i += 1;
        });
    return c.h;
  };
  auto fn = jit(Options{.threads = 1}, f, f32({6, 6}), i32({}));
  Tensor x = drawn<float>({6, 6}, 2), few = Tensor(10), many = Tensor(2000);
  auto cost = [&](const Tensor &n) {
    fn(x, n);
    long before = allocations;
    fn(x, n);
    return allocations - before;
  };
  long first = cost(few);
  EXPECT_EQ(cost(many), first);
}

TEST(Regions, IntegersHaveNoDerivative) {
  std::string text = message(
      [] { run([](Tensor x) { return grad(sum(cast(x, f64)), x); }, Tensor::copy(std::vector<int>{1, 2}, {2})); });
  EXPECT_NE(text.find("grad: no floating leaf to differentiate by: integers and Buffers have no gradient"),
            std::string::npos)
      << text;
  text =
      message([] { run([](Tensor x) { return jvp(cast(x, f64), x, x); }, Tensor::copy(std::vector<int>{1, 2}, {2})); });
  EXPECT_NE(text.find("jvp: "), std::string::npos) << text;
}
