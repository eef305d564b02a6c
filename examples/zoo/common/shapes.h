// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Small pictures by formula whose every source of variation is known: each combination of the sources once.
#pragma once
#include "harness/Metrics.h"
#include <array>
#include <cmath>

namespace zoo {

struct Shapes {
  int channels, side;
  Rows images;             // [N, channels * side * side], channels first, in [0, 1]
  Rows sources;            // [N, number of sources], integers from 0
  std::vector<int> values; // how many values each source has
};

/// 1,296 pictures 3 x 16 x 16 of four sources with six values each: hue of the wall, hue of the floor, hue of a disc,
/// and the disc's column.
inline Shapes miniShapes() {
  Shapes s{3, 16, {3 * 256, {}}, {4, {}}, {6, 6, 6, 6}};
  auto hue = [](int h, int k) { return 0.5 + 0.45 * std::cos(2 * M_PI * (h / 6.0 - k / 3.0)); };
  for (int wall = 0; wall < 6; ++wall)
    for (int floor = 0; floor < 6; ++floor)
      for (int object = 0; object < 6; ++object)
        for (int column = 0; column < 6; ++column) {
          s.sources.v.insert(s.sources.v.end(), {double(wall), double(floor), double(object), double(column)});
          for (int k = 0; k < 3; ++k)
            for (int y = 0; y < 16; ++y)
              for (int x = 0; x < 16; ++x) {
                double distance = std::hypot(x - (3 + 2 * column), y - 8.5),
                       mask = 1 / (1 + std::exp(-3 * (3.2 - distance)));
                s.images.v.push_back(hue(y <= 8 ? wall : floor, k) * (1 - mask) + mask * hue(object, k));
              }
        }
  return s;
}

/// 576 grey pictures 16 x 16 of four sources: a disc's column and row (six values each), its radius and its brightness
/// (four each).
inline Shapes disc() {
  Shapes s{1, 16, {256, {}}, {4, {}}, {6, 6, 4, 4}};
  for (int column = 0; column < 6; ++column)
    for (int row = 0; row < 6; ++row)
      for (int r = 0; r < 4; ++r)
        for (int c = 0; c < 4; ++c) {
          s.sources.v.insert(s.sources.v.end(), {double(column), double(row), double(r), double(c)});
          for (int y = 0; y < 16; ++y)
            for (int x = 0; x < 16; ++x) {
              double distance = std::hypot(x - (3 + 2 * column), y - (3 + 2 * row));
              s.images.v.push_back((0.4 + 0.2 * c) / (1 + std::exp(4 * (distance - (1 + 0.6 * r)))));
            }
        }
  return s;
}

} // namespace zoo
