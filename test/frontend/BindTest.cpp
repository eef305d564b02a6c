// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Fn::bind for each layer, for models that examples train, and for random ones: the bits of a bound function are those
// of the function, whether much can be prepared, or nothing.
#include "Models.h"
#include <gtest/gtest.h>

using namespace weft;

namespace {
std::vector<float> values(const Tensor &x) { return {x.span<float>().begin(), x.span<float>().end()}; }

Tensor numbers(std::int64_t rows, std::int64_t columns) {
  std::vector<float> x(std::size_t(rows * columns));
  for (std::size_t i = 0; i < x.size(); ++i)
    x[i] = float(i * 7 % 23) * 0.125f - 1.25f;
  return Tensor::copy(x, {rows, columns});
}
Tensor ids(std::int64_t count, int below) {
  std::vector<int> x(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < x.size(); ++i)
    x[i] = int(i * 5) % below;
  return Tensor::copy(x, {count});
}

/// Compares both on one input, at an optimisation level.
template <class Model> void expectBound(Model model, Tensor input, const std::string &what, int optimize = 1) {
  initialize(model, Key(11));
  auto f = jit(
      Options{.optimize = optimize}, [](const Model &m, Tensor x) { return m(x); }, model,
      input.dtype()(input.shape()));
  std::vector<float> whole = values(f(model, input));
  auto bound = f.bind(model);
  initialize(model, Key(12)); // it was bound by its values
  EXPECT_EQ(values(bound(input)), whole) << what;
  EXPECT_EQ(values(bound(input)), whole) << what << ", called again";
}

struct Unembedded {
  nn::Embedding table{19, 8};
  Tensor operator()(Tensor x) const { return table.unembed(x); }
};
struct Language {
  nn::Embedding table{19, 8};
  nn::Linear out{8, 24};
  Tensor operator()(Tensor i) const { return out(table(i)); }
};
struct Dropped {
  nn::Linear a{6, 5};
  nn::Dropout drop{0.5f};
  Tensor operator()(Tensor x) const { return drop(a(x), Mode{}); }
};
struct Nothing {
  Tensor operator()(Tensor x) const { return x + 1; }
};
struct Ignored {
  Param unread{{4}};
  Tensor operator()(Tensor x) const { return tanh(x); }
};
struct Halves {
  nn::Linear a{6, 5};
  Tensor operator()(Tensor x) const { return cast(a(cast(x, bf16)), f32); }
};
struct Residual {
  nn::MLP f{{6, 32, 6}};
  Tensor operator()(Tensor x) const { return x + 0.25f * f(x); }
};
struct Classic {
  nn::Linear encoder{6, 40}, decoder{40, 6};
  Tensor operator()(Tensor x) const { return decoder(tanh(encoder(x))); }
};
struct Looped {
  nn::Linear a{6, 6};
  Tensor operator()(Tensor x) const {
    struct Carry {
      Tensor x;
    } c{x};
    scan(c, 3, [&](Carry &c, Tensor) { c.x = tanh(a(c.x)); });
    return c.x;
  }
};
} // namespace

TEST(Bind, EachLayer) {
  for (std::int64_t rows : {std::int64_t(1), std::int64_t(4), std::int64_t(48)})
    for (int optimize : {0, 3}) {
      expectBound(nn::Linear{6, 5}, numbers(rows, 6), "Linear", optimize);
      expectBound(nn::LayerNorm{6}, numbers(rows, 6), "LayerNorm", optimize);
    }
  expectBound(nn::Linear{32, 80}, numbers(48, 32), "a Linear whose matrix is laid out", 3);
  expectBound(nn::MLP{{6, 8, 3}}, numbers(4, 6), "MLP");
  expectBound(nn::Embedding{19, 8}, ids(7, 19), "Embedding");
  expectBound(Unembedded(), numbers(4, 8), "unembed");
  expectBound(Dropped(), numbers(4, 6), "Dropout");
}

TEST(Bind, EachModelOfTheExamples) {
  expectBound(models::Classifier(), numbers(40, 64), "the classifier of digits", 3);
  expectBound(Residual(), numbers(5, 6), "a residual autoencoder");
  expectBound(Classic(), numbers(5, 6), "a classic autoencoder");
  expectBound(Language(), ids(4, 19), "a table and a head");
  expectBound(Looped(), numbers(5, 6), "a loop");
  expectBound(Halves(), numbers(5, 6), "parameters that are cast");
  expectBound(Nothing(), numbers(2, 3), "a model without parameters");
  expectBound(Ignored(), numbers(2, 3), "a parameter that nothing reads");
}

namespace {
/// Layers in the order that a seed draws.
struct Drawn {
  std::vector<std::variant<nn::Linear, nn::LayerNorm, nn::MLP>> layers;
  Tensor operator()(Tensor x) const {
    for (auto &layer : layers)
      x = std::visit([&](auto &l) { return l(x); }, layer);
    return x;
  }
};
} // namespace

TEST(Bind, RandomModels) {
  for (unsigned seed = 1; seed <= 8; ++seed) {
    unsigned state = seed * 2654435761u;
    auto draw = [&](unsigned below) { return int((state = state * 1664525u + 1013904223u) >> 16) % int(below); };
    int width = 1 + draw(40), first = width;
    Drawn net;
    for (int left = 1 + draw(4); left > 0; --left) {
      int next = 1 + draw(70);
      switch (draw(3)) {
      case 0: net.layers.push_back(nn::Linear{width, next}), width = next; break;
      case 1: net.layers.push_back(nn::LayerNorm{width}); break;
      default: net.layers.push_back(nn::MLP{{width, 17, next}}), width = next;
      }
    }
    const int rows[]{1, 5, 24, 50};
    expectBound(net, numbers(rows[draw(4)], first), "seed " + std::to_string(seed), seed % 2 ? 3 : 1);
  }
}

// What is bound is checked as what is passed with a call, whether something is prepared or not.
TEST(Bind, ChecksTheModel) {
  auto messageOf = [](auto &&call) -> std::string {
    try {
      call();
    } catch (const Error &e) {
      return e.what();
    }
    return "no error";
  };
  nn::Linear net{6, 5}, other{6, 4};
  initialize(net, Key(1));
  initialize(other, Key(1));
  auto f = jit([](const nn::Linear &m, Tensor x) { return m(x); }, net, f32({2, 6}));
  EXPECT_NE(messageOf([&] { f.bind(nn::Linear{6, 5}); }).find("w is a spec, f32 [6, 5], without data"),
            std::string::npos);
  EXPECT_NE(messageOf([&] { f.bind(other); }).find("holds other numbers"), std::string::npos);
  nn::Linear wrong = net;
  wrong.b = Tensor::copy(std::vector<float>(4), {4});
  EXPECT_NE(messageOf([&] { f.bind(wrong); }).find("b is f32 [4], but the function was compiled for f32 [5]"),
            std::string::npos);
  auto pair =
      jit([](const nn::Linear &a, const nn::Linear &b, Tensor x) { return a(x) + b(x); }, net, net, f32({2, 6}));
  EXPECT_NE(messageOf([&] { pair.bind(net).bind(net); }).find("is bound already"), std::string::npos);

  // Memory that is only lent may be gone at the next call.
  std::vector<float> lent(5, 2.0f);
  nn::Linear borrowed = net;
  borrowed.b = Tensor::view(lent, {5});
  auto bound = f.bind(borrowed);
  Tensor x = numbers(2, 6);
  std::vector<float> before = values(bound(x));
  lent.assign(5, -100.0f);
  EXPECT_EQ(values(bound(x)), before);
}
