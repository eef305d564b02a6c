// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Trains a classifier on handwritten digits and asks it about images that it has not seen: at least 96 % must be right.
//
//   weft-digits [digits.csv.gz [loss-curve.svg]]
//
// clang-format off: the README shows these lines as they stand here
// [model]
#include <weft/weft.h>
using namespace weft;
struct Classifier {                          // a model is a plain struct: its fields are its parameters
  nn::Linear hidden{64, 128}, head{128, 10};
  Tensor operator()(Tensor x) const { return head(gelu(hidden(x))); }
};
struct State { Classifier net; optim::AdamW<Classifier> opt{net, {.lr = 2e-3f}}; };
Tensor step(State &s, Tensor x, Tensor y) {  // an ordinary function: traced once, then native code
  Tensor loss = cross_entropy(s.net(x), y);
  s.opt.update(s.net, grad(loss, s.net));    // derivatives are taken of values; a State & is updated in place
  return loss;
}
// [model end]
// clang-format on
#include "support/Svg.h"
#include <chrono>
#include <cstdio>
#include <weft/data.h>

static Tensor classify(const Classifier &net, Tensor x) { return argmax(net(x), 1); }

// Ahead of time weftc makes digits.o, digits.h and digits.safetensors of this: examples/hosts/train.c links them.
WEFT_ARTEFACT(digits, a) {
  Dim B = dim("B", 1, 64), N = dim("N", 1, 512);
  auto s = a.weights("state", State{});
  a.entry("train", step, s, named("images", f32({B, 64})), named("labels", i32({B})));
  a.entry("predict", classify, s.net, named("images", f32({N, 64})));
}

int main(int argc, char **argv) try {
  const char *file = argc > 1 ? argv[1] : "examples/data/digits.csv.gz", *picture = argc > 2 ? argv[2] : nullptr;
  constexpr int pixels = 64, batch = 64, epochs = 40;
  constexpr double asked = 96;
  auto [test, train] = Dataset::csv(file).scaled(1 / 16.f).shuffled(Key(1)).split(360);
  std::printf("%lld images to learn from, %lld to be asked about\n", (long long)train.size(), (long long)test.size());

  State s;
  initialize(s, Key(0));
  Dim B = dim("B", 1, batch); // the last batch of an epoch is shorter
  auto learn = jit(step, s, f32({B, pixels}), i32({B}));
  auto answer = jit(classify, s.net, f32({dim("N", 1, 512), pixels}));
  auto accuracy = [&] {
    Tensor classes = answer(s.net, test.x());
    auto said = classes.span<int>(), is = test.y().span<int>();
    int right = 0;
    for (std::size_t i = 0; i < said.size(); ++i)
      right += said[i] == is[i];
    return 100.0 * right / double(said.size());
  };

  support::Curve each{"a batch", "#b9cde4", 1, {}}, mean{"mean of an epoch", "#1f5fa8", 2.5, {}};
  double reached = 0;
  for (int epoch = 0; epoch < epochs; ++epoch) {
    auto begin = std::chrono::steady_clock::now();
    double sum = 0, seen = 0;
    for (auto &[x, y] : train.shuffled(Key(2 + epoch)).batches(batch)) {
      double loss = learn(s, x, y).item<float>(), n = double(x.dim(0).value());
      sum += n * loss, seen += n;
      each.points.push_back({epoch + seen / double(train.size()), loss});
    }
    mean.points.push_back({epoch + 0.5, sum / seen});
    reached = accuracy();
    double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    std::printf("epoch %2d of %d   loss %.4f   test accuracy %.2f %%   %.3f s\n", epoch + 1, epochs, sum / seen,
                reached, seconds);
    std::fflush(stdout);
  }
  if (picture) {
    support::writeSvg(picture, {"Handwritten digits: loss while training", "epoch", "cross entropy", {each, mean}});
    std::printf("loss curve: %s\n", picture);
  }
  std::printf("test accuracy %.2f %% (>= %.0f %% asked)\n", reached, asked);
  return reached >= asked ? 0 : 1;
} catch (const std::exception &e) { // weft::Error is one: its text has the line of what was wrong
  std::fprintf(stderr, "%s\n", e.what());
  return 1;
}
