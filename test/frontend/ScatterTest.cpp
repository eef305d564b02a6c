// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Selection, and places that run-time integers name: top_k, update, dynamic_slice, bincount, compact.
#include "Messages.h"
#include "Models.h"
#include <gtest/gtest.h>
#include <limits>

using namespace weft;

using Values = std::vector<float>;
using Places = std::vector<int>;
static Values valuesOf(const Tensor &x) {
  auto s = x.span<float>();
  return {s.begin(), s.end()};
}
static Places placesOf(const Tensor &x) {
  auto s = x.span<int>();
  return {s.begin(), s.end()};
}
static Tensor vector(const Values &v) { return Tensor::copy(v, {Dim(v.size())}); }
static Tensor vector(const Places &v) { return Tensor::copy(v, {Dim(v.size())}); }
static Tensor vector(const std::vector<std::int64_t> &v) { return Tensor::copy(v, {Dim(v.size())}); }

TEST(Scatter, TopK) {
  const Tensor x = Tensor::copy(Values{1, 5, 5, -2, 9, 0}, {2, 3});
  auto [values, places] = top_k(x, 2);
  EXPECT_EQ(valuesOf(values), (Values{5, 5, 9, 0}));
  EXPECT_EQ(placesOf(places), (Places{1, 2, 1, 2}));
  EXPECT_EQ(placesOf(top_k(reshape(x, {-1}), 3).indices), (Places{4, 1, 2}));
  EXPECT_EQ(valuesOf(top_k(x, 1, 0).values), (Values{1, 9, 5}));
  // NaN counts as the largest, as it does for argmax.
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(placesOf(top_k(vector(Values{1, nan, infinity, nan}), 3).indices), (Places{1, 3, 2}));
  EXPECT_EQ(top_k(x, 0).values.str(), "f32 [2, 0]");
  EXPECT_MESSAGE("top_k: k is 4, expected 0 to 3, the elements of axis 1 of f32 [2, 3]", top_k(x, 4));
  EXPECT_MESSAGE("top_k: k is -1", top_k(x, -1));
  EXPECT_MESSAGE("top_k: axis 2 ", top_k(x, 1, 2));
  // The gradient of the values goes to the chosen places.
  auto g = jit([](Tensor x) { return grad(sum(top_k(x, 2).values * 3), x); }, f32({4}));
  EXPECT_EQ(valuesOf(g(vector(Values{4, 1, 4, 4}))), (Values{3, 0, 3, 0}));
  auto t = jit([](Tensor x, Tensor d) { return jvp(top_k(x, 2).values, x, d); }, f32({3}), f32({3}));
  EXPECT_EQ(valuesOf(t(vector(Values{1, 3, 2}), vector(Values{10, 20, 30}))), (Values{20, 30}));
}

TEST(Scatter, TopKMask) {
  // Columns keep as many as a tensor says, which changes between calls.
  auto f = jit([](Tensor x, Tensor m) { return select(top_k_mask(x, m, 0), x, 0); }, f32({3, 2}), i32({2}));
  const Tensor x = Tensor::copy(Values{1, 6, 3, 4, 2, 5}, {3, 2});
  EXPECT_EQ(valuesOf(f(x, vector(Places{1, 2}))), (Values{0, 6, 3, 0, 0, 5}));
  EXPECT_EQ(valuesOf(f(x, vector(Places{3, 0}))), (Values{1, 0, 3, 0, 2, 0}));
  EXPECT_EQ(valuesOf(f(x, vector(Places{-1, 9}))), (Values{0, 6, 0, 4, 0, 5}));
  EXPECT_EQ(valuesOf(select(top_k_mask(x, 1), x, 0)), (Values{0, 6, 0, 4, 0, 5}));
  EXPECT_MESSAGE("top_k_mask: one count for each row along axis 0 of f32 [3, 2] is expected, found i32 [3]",
                 top_k_mask(x, vector(Places{1, 2, 3}), 0));
  EXPECT_MESSAGE("top_k_mask: counts are i32", top_k_mask(x, vector(Values{1, 2}), 0));
}

TEST(Scatter, Update) {
  const Tensor x = Tensor::copy(Values{0, 1, 2, 3, 4, 5, 6, 7}, {4, 2});
  const Tensor rows = Tensor::copy(Values{10, 11, 20, 21}, {2, 2});
  EXPECT_EQ(valuesOf(update(x, Tensor(1), rows)), (Values{0, 1, 10, 11, 20, 21, 6, 7}));
  EXPECT_EQ(valuesOf(update(x, 3, vector(Values{8, 9}))), (Values{0, 1, 2, 3, 4, 5, 8, 9}));
  EXPECT_EQ(valuesOf(update(x, Tensor(1), Tensor::copy(Values{-1, -2, -3, -4}, {4, 1}), 1)),
            (Values{0, -1, 2, -2, 4, -3, 6, -4}));
  // Of equal indices the last stays.
  EXPECT_EQ(valuesOf(update(x, vector(Places{2, 2}), rows)), (Values{0, 1, 2, 3, 20, 21, 6, 7}));
  EXPECT_EQ(valuesOf(update(x, cast(vector(Places{0, 3}), i64), rows)), (Values{10, 11, 2, 3, 4, 5, 20, 21}));
  EXPECT_EQ(valuesOf(update(x, cast(Tensor(2), i8), rows)), (Values{0, 1, 2, 3, 10, 11, 20, 21}));
  EXPECT_EQ(valuesOf(update(x, vector(Places{-1, 0}), rows, 0, {.skip_negative = true})),
            (Values{20, 21, 2, 3, 4, 5, 6, 7}));
  EXPECT_EQ(valuesOf(update(x, Tensor(-1), rows, 0, {.skip_negative = true})), valuesOf(x));
  EXPECT_MESSAGE("update: index 4 is outside dimension of size 4", update(x, Tensor(3), rows).item<float>());
  EXPECT_MESSAGE("update: index -1 is outside", update(x, Tensor(-1), rows).item<float>());
  EXPECT_MESSAGE("update: index 4 is outside",
                 update(x, vector(Places{-1, 4}), rows, 0, {.skip_negative = true}).item<float>());
  EXPECT_MESSAGE("update: index 2147483647 is outside",
                 update(x, Tensor(std::int64_t(1) << 40), vector(Values{1, 2})).item<float>());
  EXPECT_MESSAGE("update: the value is f32 [2], expected [2, 2] for axis 0 of f32 [4, 2] and an index i32 [2]",
                 update(x, vector(Places{0, 1}), vector(Values{1, 2})));
  EXPECT_MESSAGE("update: the value is f32 [5, 2], expected at most 4 places", update(x, 0, zeros({5, 2})));
  EXPECT_MESSAGE("write cast(v, f32)", update(x, 0, zeros({2}, f64)));
  EXPECT_MESSAGE("update: an index is i8, i32 or i64, found f32 []", update(x, Tensor(1.f), rows));
  // Gradients: what is replaced gives none to x, what is overwritten none to v.
  auto g = jit(
      [](Tensor x, Tensor i, Tensor v) {
        Tensor y = update(x, i, v, 0, {.skip_negative = true});
        Tensor loss = sum(y * cast(iota(4), f32));
        return std::pair(grad(loss, x), grad(loss, v));
      },
      f32({4}), i32({4}), f32({4}));
  auto [dx, dv] = g(vector(Values{1, 2, 3, 4}), vector(Places{3, -1, 1, 3}), vector(Values{5, 6, 7, 8}));
  EXPECT_EQ(valuesOf(dx), (Values{0, 0, 2, 0}));
  EXPECT_EQ(valuesOf(dv), (Values{0, 0, 1, 3}));
}

TEST(Scatter, UpdateUnderVmap) {
  // Each lane writes at a place of its own.
  auto f =
      jit([](Tensor cache, Tensor at,
             Tensor v) { return vmap([](Tensor c, Tensor i, Tensor row) { return update(c, i, row); }, cache, at, v); },
          f32({2, 3, 2}), i32({2}), f32({2, 2}));
  EXPECT_EQ(valuesOf(f(zeros({2, 3, 2}), vector(Places{2, 0}), Tensor::copy(Values{1, 2, 3, 4}, {2, 2}))),
            (Values{0, 0, 0, 0, 1, 2, 3, 4, 0, 0, 0, 0}));
  EXPECT_MESSAGE("update: index 3 is outside", f(zeros({2, 3, 2}), vector(Places{2, 3}), zeros({2, 2})).item<float>());
}

namespace {
struct Rows {
  Buffer rows{{64, 8}};
  Buffer length{i32({})};
};
/// A step that appends one row: the plan copies nothing of the cache.
Tensor append(Rows &s, const Tensor &row) {
  s.rows = update(s.rows, s.length, row);
  s.length = s.length + 1;
  return sum(row);
}
Tensor appendByIndex(Rows &s, const Tensor &row) {
  Tensor rows = s.rows;
  rows(s.length) = row;
  s.rows = rows;
  s.length = s.length + 1;
  return sum(row);
}
} // namespace

TEST(Scatter, AppendsInPlace) {
  for (auto *step : {append, appendByIndex}) {
    Rows s;
    initialize(s, Key(0));
    auto f = jit(step, s, f32({8}));
    EXPECT_NE(f.plan().find("which is input"), std::string::npos) << f.plan();
    EXPECT_EQ(f.remarks().find("rows is not updated in place"), std::string::npos) << f.remarks();
    for (int t = 0; t < 3; ++t)
      f(s, full({8}, float(t + 1)));
    const float *before = s.rows.span<float>().data();
    f(s, full({8}, 4.f));
    EXPECT_EQ(s.rows.span<float>().data(), before);
    EXPECT_EQ(s.length.item<int>(), 4);
    for (int t = 0; t < 64; ++t)
      EXPECT_EQ(s.rows.span<float>()[std::size_t(t * 8 + 7)], t < 4 ? float(t + 1) : 0.f);
    // A full cache is an error, and stays as it is.
    s.length = Tensor(64);
    EXPECT_NE(test::messageOf([&] { f(s, full({8}, 9.f)); }).find("update: index 64 is outside"), std::string::npos);
    EXPECT_EQ(s.length.item<int>(), 64);
    EXPECT_EQ(s.rows.span<float>()[63 * 8], 0.f);
  }
}

TEST(Scatter, DynamicSlice) {
  const Tensor x = Tensor::copy(Values{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, {4, 3});
  EXPECT_EQ(valuesOf(dynamic_slice(x, Tensor(2), 2, 0)), (Values{6, 7, 8, 9, 10, 11}));
  EXPECT_EQ(valuesOf(dynamic_slice(x, {Tensor(1), 1}, {2, 2})), (Values{4, 5, 7, 8}));
  EXPECT_EQ(valuesOf(dynamic_slice(x, {0, cast(Tensor(2), i64)}, {4, 1})), (Values{2, 5, 8, 11}));
  EXPECT_MESSAGE("dynamic_slice: index 4 is outside dimension of size 4",
                 dynamic_slice(x, Tensor(3), 2, 0).item<float>());
  EXPECT_MESSAGE("dynamic_slice: index -1 is outside", dynamic_slice(x, Tensor(-1), 2, 0).item<float>());
  EXPECT_MESSAGE("dynamic_slice: the size is 5, expected 0 to 4", dynamic_slice(x, Tensor(0), 5, 0));
  EXPECT_MESSAGE("dynamic_slice: expected a start and a size for each axis of f32 [4, 3], found 1 and 2",
                 dynamic_slice(x, {Tensor(0)}, {1, 1}));
  auto g = jit([](Tensor x, Tensor i) { return grad(sum(square(dynamic_slice(x, i, 2, 0))), x); }, f32({4}), i32({}));
  EXPECT_EQ(valuesOf(g(vector(Values{1, 2, 3, 4}), Tensor(1))), (Values{0, 4, 6, 0}));
}

TEST(Scatter, CountsAndCompacts) {
  EXPECT_EQ(placesOf(bincount(vector(Places{1, 3, 1, 0}), 5)), (Places{1, 2, 0, 1, 0}));
  EXPECT_EQ(valuesOf(bincount(vector(Places{1, 1}), 2, vector(Values{0.5f, 2}))), (Values{0, 2.5f}));
  EXPECT_MESSAGE("index -1 is outside", bincount(vector(Places{-1}), 2).item<int>());
  const Tensor x = Tensor::copy(Values{0, 3, 0, 4, 5, 0}, {2, 3});
  Compacted all = nonzero(x, 4), few = nonzero(x, 2), none = nonzero(zeros({3}), 2);
  EXPECT_EQ(valuesOf(all.values), (Values{3, 4, 5, 0}));
  EXPECT_EQ(placesOf(all.indices), (Places{1, 3, 4, 0}));
  EXPECT_EQ(all.count.item<int>(), 3);
  // More than there is room for: the first of them, and the whole count.
  EXPECT_EQ(valuesOf(few.values), (Values{3, 4}));
  EXPECT_EQ(few.count.item<int>(), 3);
  EXPECT_EQ(valuesOf(none.values), (Values{0, 0}));
  EXPECT_EQ(none.count.item<int>(), 0);
  auto g = jit([](Tensor x) { return grad(sum(square(compact(x, x > 2, 3).values)), x); }, f32({4}));
  EXPECT_EQ(valuesOf(g(vector(Values{1, 3, 2, 4}))), (Values{0, 6, 0, 8}));
  EXPECT_MESSAGE("compact: the mask is f32 [4]", compact(zeros({4}), zeros({4}), 2));
}

TEST(Scatter, SearchSorted) {
  const Tensor row = vector(Values{1, 2, 2, 5});
  EXPECT_EQ(placesOf(searchsorted(row, vector(Values{0, 2, 5, 6}))), (Places{0, 1, 3, 4}));
  EXPECT_EQ(placesOf(searchsorted(row, vector(Values{0, 2, 5, 6}), {.right = true})), (Places{0, 3, 4, 4}));
  EXPECT_EQ(placesOf(searchsorted(row, 2)), (Places{1}));
  EXPECT_EQ(searchsorted(row, zeros({2, 3})).str(), "i32 [2, 3]");
  const Tensor rows = Tensor::copy(Values{1, 2, 3, 10, 20, 30}, {2, 3});
  EXPECT_EQ(placesOf(searchsorted(rows, Tensor::copy(Values{2, 15}, {2, 1}))), (Places{1, 1}));
  EXPECT_MESSAGE("searchsorted: expected rows of one type and as many rows of values", searchsorted(rows, row));
  EXPECT_MESSAGE("write cast(values, f32)", searchsorted(row, vector(Places{1})));
  // Infinity stands in front of NaN, and NaN at the end, whatever the side.
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const Tensor most = vector(Values{0, 2, 4, infinity, nan});
  EXPECT_EQ(placesOf(searchsorted(vector(Values{1, 3, infinity}), most)), (Places{0, 1, 2, 2, 3}));
  EXPECT_EQ(placesOf(searchsorted(vector(Values{1, 3, infinity}), most, {.right = true})), (Places{0, 1, 2, 3, 3}));
  EXPECT_EQ(placesOf(searchsorted(vector(Values{1, 3, nan}), most)), (Places{0, 1, 2, 2, 2}));
  EXPECT_EQ(placesOf(searchsorted(vector(Values{1, 3, nan}), most, {.right = true})), (Places{0, 1, 2, 2, 3}));
}

TEST(Scatter, EveryIndexType) {
  const Tensor x = vector(Values{1, 2, 3, 4}), v = vector(Values{10, 20});
  for (DType type : {i8, i32, i64}) {
    const Tensor i = cast(vector(Places{3, 0}), type);
    EXPECT_EQ(valuesOf(take(x, i)), (Values{4, 1}));
    EXPECT_EQ(valuesOf(take_along(x, i)), (Values{4, 1}));
    EXPECT_EQ(valuesOf(one_hot(i, 4)), (Values{0, 0, 0, 1, 1, 0, 0, 0}));
    EXPECT_EQ(valuesOf(update(x, i, v)), (Values{20, 2, 3, 10}));
    EXPECT_EQ(valuesOf(scatter_set_along(x, i, v)), (Values{20, 2, 3, 10}));
    EXPECT_EQ(valuesOf(scatter_add(x, i, v)), (Values{21, 2, 3, 14}));
    EXPECT_EQ(valuesOf(scatter_add_along(x, i, v)), (Values{21, 2, 3, 14}));
    EXPECT_EQ(valuesOf(scatter_max(x, i, v)), (Values{20, 2, 3, 10}));
    EXPECT_EQ(valuesOf(scatter_min_along(x, i, v)), (Values{1, 2, 3, 4}));
    EXPECT_EQ(placesOf(bincount(i, 4)), (Places{1, 0, 0, 1}));
    const Tensor outside = cast(vector(Places{4, 0}), type);
    EXPECT_MESSAGE("take: index 4 is outside", take(x, outside).item<float>());
    EXPECT_MESSAGE("scatter_max: index 4 is outside", scatter_max(x, outside, v).item<float>());
    EXPECT_EQ(valuesOf(one_hot(outside, 4)), (Values{0, 0, 0, 0, 1, 0, 0, 0}));
  }
  // Derivatives and slices of vmap.
  for (DType type : {i8, i64}) {
    auto g =
        jit([](Tensor x, Tensor i) { return grad(sum(square(dynamic_slice(x, i, 2, 0))), x); }, f32({4}), type({}));
    EXPECT_EQ(valuesOf(g(x, cast(Tensor(2), type))), (Values{0, 0, 6, 8}));
    auto h = jit(
        [](Tensor x, Tensor i) {
          Tensor y = vmap([](Tensor row, Tensor k) { return take(row, k) * scatter_add(row, k, take(row, k)); }, x, i);
          return std::pair(y, grad(sum(y), x));
        },
        f32({2, 2}), type({2, 2}));
    auto [y, dx] = h(Tensor::copy(Values{1, 2, 3, 4}, {2, 2}), cast(Tensor::copy(Places{1, 1, 0, 1}, {2, 2}), type));
    EXPECT_EQ(valuesOf(y), (Values{2, 12, 18, 32}));
    EXPECT_EQ(valuesOf(dx), (Values{2, 13, 12, 16}));
  }
  // More than an i32 holds is outside, and no other place.
  const Tensor far = vector(std::vector<std::int64_t>{(std::int64_t(1) << 32) + 1, 0});
  EXPECT_MESSAGE("take: index 2147483647 is outside", take(x, far).item<float>());
  EXPECT_EQ(valuesOf(one_hot(far, 4)), (Values{0, 0, 0, 0, 1, 0, 0, 0}));
}

TEST(Scatter, ExtremesShareTheirGradient) {
  auto g = jit(
      [](Tensor x, Tensor i, Tensor v) {
        Tensor loss = sum(scatter_max(x, i, v) * constant({6.f, 60.f, 600.f}));
        return std::pair(grad(loss, x), grad(loss, v));
      },
      f32({3}), i32({4}), f32({4}));
  // Place 0: init and two updates reach 5; place 1: one update; place 2: init alone.
  auto [dx, dv] = g(vector(Values{5, 1, 7}), vector(Places{0, 0, 1, 0}), vector(Values{5, 4, 2, 5}));
  EXPECT_EQ(valuesOf(dx), (Values{2, 0, 600}));
  EXPECT_EQ(valuesOf(dv), (Values{2, 0, 60, 2}));
}

TEST(Scatter, ComplexAndLoops) {
  Tensor z = complex(vector(Values{1, 2, 3}), vector(Values{4, 5, 6}));
  Tensor set = update(z, vector(Places{2, 0}), complex(vector(Values{7, 8}), vector(Values{9, 10})));
  EXPECT_EQ(valuesOf(real(set)), (Values{8, 2, 7}));
  EXPECT_EQ(valuesOf(imag(set)), (Values{10, 5, 9}));
  // A loop fills a cache that it reads; the gradient goes through all steps.
  auto f = jit(
      [](Tensor x) {
        Tensor cache = zeros({4, 2});
        scan(cache, 4, [&](Tensor &c, Tensor t) { c(t) = sum(c, 0) + x; });
        return std::pair(cache, grad(sum(cache), x));
      },
      f32({2}));
  auto [cache, dx] = f(vector(Values{1, 2}));
  EXPECT_EQ(valuesOf(cache), (Values{1, 2, 2, 4, 4, 8, 8, 16}));
  EXPECT_EQ(valuesOf(dx), (Values{15, 15}));
}

TEST(Scatter, BoundedDimensions) {
  Dim N = dim("N", 2, 8), K = dim("K", 1, 2);
  auto f = jit([](Tensor c, Tensor i, Tensor v) { return update(c, i, v); }, f32({N, 2}), i32({}), f32({K, 2}));
  EXPECT_EQ(valuesOf(f(zeros({3, 2}), Tensor(2), ones({1, 2}))), (Values{0, 0, 0, 0, 1, 1}));
  EXPECT_EQ(valuesOf(f(zeros({3, 2}), Tensor(0), ones({2, 2}))), (Values{1, 1, 1, 1, 0, 0}));
  EXPECT_MESSAGE("update: index 3 is outside dimension of size N",
                 f(zeros({3, 2}), Tensor(2), ones({2, 2})).item<float>());
  auto g = jit([=](Tensor x, Tensor i) { return dynamic_slice(x, i, N - 1, 0); }, f32({N}), i32({}));
  EXPECT_EQ(valuesOf(g(vector(Values{1, 2, 3}), Tensor(1))), (Values{2, 3}));
  EXPECT_MESSAGE("dynamic_slice: index 3 is outside", g(vector(Values{1, 2, 3}), Tensor(2)).item<float>());
  auto h = jit([=](Tensor x, Tensor m) { return std::pair(top_k(x, N - 1).values, select(top_k_mask(x, m), x, 0)); },
               f32({N}), i32({}));
  auto [largest, kept] = h(vector(Values{1, 3, 2, 0}), Tensor(2));
  EXPECT_EQ(valuesOf(largest), (Values{3, 2, 1}));
  EXPECT_EQ(valuesOf(kept), (Values{0, 3, 2, 0}));
  auto c = jit([=](Tensor x) { return nonzero(x, 2).values; }, f32({N}));
  EXPECT_EQ(valuesOf(c(vector(Values{0, 4, 0, 5}))), (Values{4, 5}));
  auto s = jit([](Tensor row, Tensor v) { return searchsorted(row, v); }, f32({N}), f32({3}));
  EXPECT_EQ(placesOf(s(vector(Values{1, 3}), vector(Values{0, 2, 4}))), (Places{0, 1, 2}));
}

namespace {
struct Lanes {
  Buffer rows{{2, 5, 3}};
};
Tensor appendToLanes(Lanes &s, const Tensor &at, const Tensor &row) {
  s.rows = vmap([](Tensor c, Tensor i, Tensor r) { return update(c, i, r); }, Tensor(s.rows), at, row);
  return sum(row);
}
} // namespace

TEST(Scatter, LanesAppendInPlace) {
  Lanes s;
  initialize(s, Key(0));
  auto f = jit(appendToLanes, s, i32({2}), f32({2, 3}));
  EXPECT_NE(f.plan().find("which is input"), std::string::npos) << f.plan();
  f(s, vector(Places{4, 0}), ones({2, 3}));
  f(s, vector(Places{3, 0}), full({2, 3}, 2.f));
  EXPECT_EQ(valuesOf(sum(Tensor(s.rows), 2)), (Values{0, 0, 0, 6, 3, 6, 0, 0, 0, 0}));
}

TEST(Scatter, WhatASliceDoesNotTakeRaisesNothing) {
  auto f = jit(
      [](Tensor x, Tensor p, Tensor i) {
        return vmap([](Tensor row, Tensor q,
                       Tensor k) { return cond(q, [&] { return update(row, k, Tensor(7.f)); }, [&] { return row; }); },
                    x, p, i);
      },
      f32({2, 2}), Tensor(zeros({2}, i1)), i32({2}));
  const Tensor x = Tensor::copy(Values{1, 2, 3, 4}, {2, 2}), first = one_hot(Tensor(0), 2, i32) > 0;
  EXPECT_EQ(valuesOf(f(x, first, vector(Places{1, 99}))), (Values{1, 7, 3, 4}));
  EXPECT_MESSAGE("update: index 2 is outside", f(x, first, vector(Places{2, 0})).item<float>());
}

TEST(Scatter, Empty) {
  const Tensor none = zeros({0});
  EXPECT_EQ(valuesOf(nonzero(none, 2).values), (Values{0, 0}));
  EXPECT_EQ(nonzero(none, 2).count.item<int>(), 0);
  EXPECT_EQ(nonzero(ones({3}), 0).count.item<int>(), 3);
  EXPECT_EQ(placesOf(bincount(zeros({0}, i32), 2)), (Places{0, 0}));
  EXPECT_EQ(valuesOf(update(ones({2}), zeros({0}, i32), none)), (Values{1, 1}));
  EXPECT_EQ(update(none, vector(Places{-1}), ones({1}), 0, {.skip_negative = true}).str(), "f32 [0]");
  EXPECT_MESSAGE("update: index 0 is outside", valuesOf(update(none, vector(Places{0}), ones({1}))));
  EXPECT_EQ(dynamic_slice(ones({3}), Tensor(1), 0, 0).str(), "f32 [0]");
  EXPECT_EQ(valuesOf(scatter_max(ones({2}), zeros({0}, i32), none)), (Values{1, 1}));
}
