// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The wrapper in C++: the same numbers, spans that are checked, exceptions.
#include "small.hpp"
#include <cstdio>
#include <cstring>

int main(int argc, char **argv) try {
  if (argc != 2)
    return 2;
  small::state s;
  s.load(argv[1]);
  small::model model;
  float x[8]{1, 2, 3, 4, 5, 6, 7, 8}, logits[6], loss;
  std::int32_t best[2], y[2]{0, 1};
  model.predict(s, 2, x, logits, best);
  small::state copy = s;
  model.train(s, 2, x, y, {&loss, 1});
  if (!std::memcmp(s.net_up_w().data(), copy.net_up_w().data(), s.net_up_w().size_bytes()) || s.net_up_w().size() != 32)
    return std::puts("nothing was learnt"), 1;
  for (int rows : {3, 17})
    try {
      model.predict(s, rows, x, logits, best);
      return std::puts("a span of the wrong size was taken"), 1;
    } catch (const weft::host::Failure &e) {
      std::puts(e.what());
    }
  return 0;
} catch (const std::exception &e) {
  return std::puts(e.what()), 1;
}
