// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// weft_sort against the library's stable sort, and its statuses.
#include "weft_runtime.h"
#include <algorithm>
#include <gtest/gtest.h>
#include <limits>
#include <numeric>
#include <vector>

namespace {
template <class T> constexpr int32_t dtype = WEFT_F32;
template <> constexpr int32_t dtype<double> = WEFT_F64;
template <> constexpr int32_t dtype<int8_t> = WEFT_I8;
template <> constexpr int32_t dtype<int32_t> = WEFT_I32;
template <> constexpr int32_t dtype<int64_t> = WEFT_I64;

/// Sorts units [begin, end) of rows of `count` elements, `inner` apart, and compares all of the results.
template <class T> void check(const std::vector<T> &x, int64_t count, int64_t inner, bool descending) {
  const int64_t units = count ? int64_t(x.size()) / count : 0;
  std::vector<T> values(x.size());
  std::vector<int32_t> indices(x.size(), -1);
  std::vector<uint64_t> workspace(size_t(4 * count + 1));
  for (int64_t unit = 0; unit < units; ++unit)
    ASSERT_EQ(weft_sort(x.data(), dtype<T>, values.data(), dtype<T>, indices.data(), WEFT_I32, descending, count, inner,
                        workspace.data(), unit, unit + 1),
              WEFT_OK);
  for (int64_t unit = 0; unit < units; ++unit) {
    const int64_t start = unit / inner * count * inner + unit % inner;
    std::vector<int32_t> order(static_cast<size_t>(count));
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](int32_t i, int32_t j) {
      const T a = x[size_t(start + i * inner)], b = x[size_t(start + j * inner)];
      if (a != a || b != b)
        return a == a && b != b;
      return descending ? a > b : a < b;
    });
    for (int64_t i = 0; i < count; ++i) {
      ASSERT_EQ(indices[size_t(start + i * inner)], order[size_t(i)]) << "unit " << unit << ", element " << i;
      const T got = values[size_t(start + i * inner)], expected = x[size_t(start + order[size_t(i)] * inner)];
      ASSERT_TRUE(got == expected || (got != got && expected != expected));
    }
  }
}

template <class T> std::vector<T> numbers(size_t n, uint32_t range) {
  std::vector<T> x(n);
  uint32_t state = 7;
  for (T &v : x) {
    state = state * 1664525 + 1013904223;
    v = T(int32_t(state >> 8) % int32_t(range) - int32_t(range) / 2);
  }
  return x;
}

template <class T> void checkAll() {
  for (int64_t count : {1, 2, 7, 8, 9, 16, 31, 64, 100, 1009, 1024, 5003})
    for (bool descending : {false, true}) {
      check(numbers<T>(size_t(count * 6), 100), count, 1, descending);
      check(numbers<T>(size_t(count * 6), 100), count, 3, descending);
    }
}
TEST(Sort, Floats) { checkAll<float>(); }
TEST(Sort, Doubles) { checkAll<double>(); }
TEST(Sort, Bytes) { checkAll<int8_t>(); }
TEST(Sort, Words) { checkAll<int32_t>(); }
TEST(Sort, LongWords) { checkAll<int64_t>(); }

TEST(Sort, SpecialValues) {
  const float nan = std::numeric_limits<float>::quiet_NaN(), inf = std::numeric_limits<float>::infinity();
  const std::vector<float> x{nan, 1, -inf, 0.f, -0.f, inf, -nan, -0.f, 0.f, std::numeric_limits<float>::denorm_min()};
  check(x, int64_t(x.size()), 1, false);
  check(x, int64_t(x.size()), 1, true);
  const std::vector<int64_t> ends{INT64_MIN, INT64_MAX, -1, 0, 1};
  check(ends, 5, 1, false);
  check(ends, 5, 1, true);
}

TEST(Sort, AResultThatNobodyReads) {
  const std::vector<int32_t> x{3, 1, 2};
  std::vector<int32_t> values(3), indices(3);
  uint64_t workspace[6];
  ASSERT_EQ(weft_sort(x.data(), WEFT_I32, values.data(), WEFT_I32, nullptr, WEFT_I32, 0, 3, 1, workspace, 0, 1),
            WEFT_OK);
  EXPECT_EQ(values, (std::vector<int32_t>{1, 2, 3}));
  ASSERT_EQ(weft_sort(x.data(), WEFT_I32, nullptr, WEFT_I32, indices.data(), WEFT_I32, 0, 3, 1, workspace, 0, 1),
            WEFT_OK);
  EXPECT_EQ(indices, (std::vector<int32_t>{1, 2, 0}));
}

TEST(Sort, Statuses) {
  EXPECT_EQ(weft_sort(nullptr, WEFT_C64, nullptr, WEFT_C64, nullptr, WEFT_I32, 0, 0, 1, nullptr, 0, 0),
            WEFT_INVALID_ARGUMENT);
  EXPECT_EQ(weft_sort(nullptr, WEFT_F32, nullptr, WEFT_F64, nullptr, WEFT_I32, 0, 0, 1, nullptr, 0, 0),
            WEFT_INVALID_ARGUMENT);
  EXPECT_EQ(weft_sort(nullptr, WEFT_F32, nullptr, WEFT_F32, nullptr, WEFT_I64, 0, 0, 1, nullptr, 0, 0),
            WEFT_INVALID_ARGUMENT);
}
} // namespace
