// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// weft_top_k and weft_top_k_mask against a stable sort, on rows in every order that a selection may dislike.
#include "weft_runtime.h"
#include <algorithm>
#include <gtest/gtest.h>
#include <limits>
#include <numeric>
#include <vector>

namespace {
template <class T> constexpr int32_t dtype = WEFT_F32;
template <> constexpr int32_t dtype<double> = WEFT_F64;
template <> constexpr int32_t dtype<int32_t> = WEFT_I32;

/// The places of a row in descending order, NaN first.
template <class T> std::vector<int32_t> orderOf(const std::vector<T> &x, int64_t start, int64_t count, int64_t inner) {
  std::vector<int32_t> order(static_cast<size_t>(count));
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int32_t i, int32_t j) {
    const T a = x[size_t(start + i * inner)], b = x[size_t(start + j * inner)];
    return a != a || b != b ? a != a && b == b : a > b;
  });
  return order;
}
template <class T> void check(const std::vector<T> &x, int64_t count, int64_t inner, int64_t k) {
  const int64_t units = int64_t(x.size()) / count;
  const auto chosen = static_cast<size_t>(units * k);
  std::vector<T> values(chosen);
  std::vector<int32_t> indices(chosen, -1), counts(static_cast<size_t>(units), int32_t(k));
  std::vector<uint8_t> mask(x.size(), 7);
  std::vector<uint64_t> workspace(static_cast<size_t>(4 * count));
  for (int64_t unit = 0; unit < units; ++unit) { // each call has a workspace of its own
    ASSERT_EQ(weft_top_k(x.data(), dtype<T>, values.data(), dtype<T>, indices.data(), WEFT_I32, k, count, inner,
                         workspace.data(), unit, unit + 1),
              WEFT_OK);
    ASSERT_EQ(weft_top_k_mask(x.data(), dtype<T>, counts.data(), WEFT_I32, mask.data(), WEFT_I1, count, inner,
                              workspace.data(), unit, unit + 1),
              WEFT_OK);
  }
  for (int64_t unit = 0; unit < units; ++unit) {
    const int64_t start = unit / inner * count * inner + unit % inner, to = unit / inner * k * inner + unit % inner;
    const std::vector<int32_t> order = orderOf(x, start, count, inner);
    for (int64_t i = 0; i < count; ++i) {
      const size_t at = size_t(start + order[size_t(i)] * inner);
      ASSERT_EQ(mask[at], i < k) << "unit " << unit << ", rank " << i;
      if (i >= k)
        continue;
      ASSERT_EQ(indices[size_t(to + i * inner)], order[size_t(i)]) << "unit " << unit << ", rank " << i;
      const T got = values[size_t(to + i * inner)];
      ASSERT_TRUE(got == x[at] || (got != got && x[at] != x[at]));
    }
  }
}
template <class T> void checkAll() {
  for (int64_t count : {1, 2, 17, 64, 257, 1009, 4099}) {
    const auto n = size_t(count);
    std::vector<std::vector<T>> rows(7, std::vector<T>(n));
    uint32_t state = 7;
    for (size_t i = 0; i < n; ++i) {
      state = state * 1664525 + 1013904223;
      rows[0][i] = T(int32_t(state >> 9));     // of many values
      rows[1][i] = T(int32_t(state >> 8) % 3); // of three
      rows[2][i] = T(i);                       // rising
      rows[3][i] = T(n - i);                   // falling
      rows[4][i] = T(5);                       // one
      rows[5][i] = T(std::min(i, n - i));      // up and down
      rows[6][i] = T(i % 2 ? i : n - i);       // both by turns
    }
    for (const std::vector<T> &row : rows)
      for (int64_t k : {int64_t(1), int64_t(3), count / 20, count / 2, count})
        if (k >= 1 && k <= count)
          check(row, count, 1, k);
    std::vector<T> columns;
    for (const std::vector<T> &row : rows)
      columns.insert(columns.end(), row.begin(), row.end());
    check(columns, count, 7, std::min<int64_t>(count, 5));
  }
}
TEST(Select, Floats) { checkAll<float>(); }
TEST(Select, Doubles) { checkAll<double>(); }
TEST(Select, Words) { checkAll<int32_t>(); }

TEST(Select, SpecialValues) {
  const float nan = std::numeric_limits<float>::quiet_NaN(), inf = std::numeric_limits<float>::infinity();
  check(std::vector<float>{1, nan, -inf, 0.f, -0.f, inf, -nan, -0.f}, 8, 1, 5);
  // One NaN behind many numbers, and more of them than are chosen.
  std::vector<float> x(3001, 1.f);
  x[2999] = nan;
  x[17] = 2;
  check(x, 3001, 1, 3);
  std::fill(x.begin() + 100, x.end(), nan);
  check(x, 3001, 1, 9);
}

TEST(Select, NothingAndStatuses) {
  const float x[2] = {1, 2};
  uint64_t workspace[4];
  EXPECT_EQ(weft_top_k(x, WEFT_F32, nullptr, WEFT_F32, nullptr, WEFT_I32, 0, 2, 1, workspace, 0, 1), WEFT_OK);
  EXPECT_EQ(weft_top_k(x, WEFT_F32, nullptr, WEFT_F32, nullptr, WEFT_I32, 3, 2, 1, workspace, 0, 1),
            WEFT_INVALID_ARGUMENT);
  EXPECT_EQ(weft_top_k(x, WEFT_C64, nullptr, WEFT_C64, nullptr, WEFT_I32, 0, 0, 1, nullptr, 0, 0),
            WEFT_INVALID_ARGUMENT);
  EXPECT_EQ(weft_top_k(x, WEFT_F32, nullptr, WEFT_F32, nullptr, WEFT_I64, 1, 2, 1, workspace, 0, 0),
            WEFT_INVALID_ARGUMENT);
  EXPECT_EQ(weft_top_k_mask(x, WEFT_F32, nullptr, WEFT_I64, nullptr, WEFT_I1, 2, 1, workspace, 0, 0),
            WEFT_INVALID_ARGUMENT);
}
} // namespace
