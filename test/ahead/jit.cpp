// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The same as small.c, compiled as it runs: prints the bits of every result and saves the state.
#include "small.cpp"
#include <bit>
#include <cstdio>

static void print(const char *name, const Tensor &x) {
  std::printf("%s", name);
  if (x.dtype() == f32)
    for (float v : x.span<float>())
      std::printf(" %08x", std::bit_cast<unsigned>(v));
  else
    for (int v : x.span<int>())
      std::printf(" %d", v);
  std::printf("\n");
}

int main(int argc, char **argv) try {
  if (argc != 3)
    return 2;
  small::State s;
  initialize(s, Key(0));
  save(argv[1], s);
  auto train = jit(small::train, s, f32({dim("B", 1, 16), 4}), i32({dim("B", 1, 16)}));
  auto predict = jit(small::predict, s.net, f32({dim("B", 1, 16), 4}));
  auto pull = jit(small::pull, s.net, s.slow, f32({}));
  auto count = jit(small::count, f32({}), s.net, i32({2}));
  auto batch = [](int rows, int step, std::vector<float> &x, std::vector<int> &y) {
    x.clear(), y.clear();
    for (int i = 0; i < rows * 4; ++i)
      x.push_back(float((i * 7 + step * 3) % 11) / 8 - 0.5f);
    for (int i = 0; i < rows; ++i)
      y.push_back((i + step) % 3);
  };
  std::vector<float> x;
  std::vector<int> y;
  for (int step = 0; step < 6; ++step) {
    int rows = step % 2 ? 16 : 5;
    batch(rows, step, x, y);
    print("loss", train(s, Tensor::copy(x, {rows, 4}), Tensor::copy(y, {rows})));
  }
  for (const small::Net *net : {&s.net, &s.slow}) {
    auto [logits, best] = predict(*net, Tensor::copy(x, {16, 4}));
    print("logits", logits);
    print("best", best);
  }
  pull(s.net, s.slow, Tensor(0.25f));
  small::Net same = s.net;
  pull(s.net, same, Tensor(0.5f));
  Tensor total(3.0f);
  print("taken", count(total, s.net, Tensor::copy({7, 0}, {2})));
  print("total", total);
  save(argv[2], s);
  return 0;
} catch (const std::exception &e) {
  std::fprintf(stderr, "%s\n", e.what());
  return 1;
}
