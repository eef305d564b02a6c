// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the host does by itself: numbers of C++ in and out, casts, first values, data sets; and what it says where a
// program would change nothing.
#include "weft/data.h"
#include "weft/weft.h"
#include <cmath>
#include <cstring>
#include <fstream>
#include <gtest/gtest.h>
#include <set>

using namespace weft;

static bool has(const std::string &text, const std::string &part) { return text.find(part) != std::string::npos; }
template <class F> static std::string messageOf(F f) {
  try {
    f();
  } catch (const Error &e) {
    return e.what();
  }
  return "no error";
}
/// The error of tracing `f` with one spec.
template <class F> static std::string errorOf(F f, const Tensor &spec) {
  return messageOf([&] { trace_ir(f, spec); });
}
static std::vector<unsigned char> bytesOf(const Tensor &x) {
  auto copy = [](auto span) {
    std::vector<unsigned char> bytes(span.size_bytes());
    if (!bytes.empty())
      std::memcpy(bytes.data(), span.data(), bytes.size());
    return bytes;
  };
  if (x.dtype() == i1)
    return copy(x.span<bool>());
  if (x.dtype() == i8)
    return copy(x.span<signed char>());
  if (x.dtype() == i32)
    return copy(x.span<int>());
  if (x.dtype() == i64)
    return copy(x.span<long>());
  if (x.dtype() == f64)
    return copy(x.span<double>());
  return copy(x.dtype() == f32 ? x.span<float>() : cast(x, f32).span<float>());
}
static std::vector<float> values(const Tensor &x) { return {x.span<float>().begin(), x.span<float>().end()}; }

// ---- casts: one rule on both sides
TEST(Host, CastsAreThoseOfCompiledCode) {
  const double inf = INFINITY, big = 9.2233720368547758e18;
  std::vector<double> reals{0,
                            -0.0,
                            0.5,
                            -0.5,
                            1.5,
                            -2.7,
                            127.9,
                            128,
                            -128.9,
                            -129,
                            65504,
                            65520,
                            2147483647,
                            -2.2e9,
                            3e9,
                            1e30,
                            -1e30,
                            big,
                            -big,
                            9.3e18,
                            9007199254740993.0,
                            inf,
                            -inf,
                            NAN,
                            1e-40,
                            6e-8,
                            3.4e38,
                            3.41e38,
                            1 + 0x1p-11,
                            1 + 0x1p-8,
                            1 + 0x1p-8 + 0x1p-30,
                            1 + 0x1p-24 + 0x1p-50};
  std::vector<long> wholes{0,
                           1,
                           -1,
                           127,
                           128,
                           -129,
                           300,
                           65520,
                           2147483647,
                           2147483648L,
                           -2147483649L,
                           4294967297L,
                           16777217,
                           16842753,
                           1099511627777L,
                           9007199254740993L,
                           -9007199254740995L,
                           36028797018963969L,
                           std::numeric_limits<long>::max(),
                           std::numeric_limits<long>::min()};
  Tensor real = Tensor::copy(reals, {Dim(reals.size())}), whole = Tensor::copy(wholes, {Dim(wholes.size())});
  static const std::array<DType, 8> all{i1, i8, i32, i64, f16, bf16, f32, f64};
  for (DType from : all) {
    Tensor x = cast(from.isInteger() ? whole : real, from);
    auto compiled = run(
        [](Tensor x) {
          std::array<Tensor, 8> y;
          for (std::size_t i = 0; i < 8; ++i)
            y[i] = cast(x, all[i]);
          return y;
        },
        x);
    for (std::size_t i = 0; i < 8; ++i)
      EXPECT_EQ(bytesOf(cast(x, all[i])), bytesOf(compiled[i])) << from.name() << " to " << all[i].name();
  }
  // And what the rule is.
  EXPECT_EQ(cast(Tensor::copy(std::vector<double>{1e30, -1e30, NAN}, {3}), i64).span<long>()[0],
            std::numeric_limits<long>::max());
  EXPECT_EQ(cast(Tensor::copy(std::vector<long>{4294967297L}, {1}), i32).span<int>()[0], 1) << "integers wrap";
  EXPECT_EQ(cast(Tensor::copy(std::vector<long>{36028797018963969L}, {1}), f32).span<float>()[0], 0x1p55f);
}

TEST(Host, CastsOfComplexNumbers) {
  using Complex = std::complex<float>;
  Tensor z = Tensor::copy(std::vector<Complex>{{1.5f, -2}, {0, 3}}, {2});
  Tensor wide = cast(z, c128), back = cast(wide, c64);
  EXPECT_EQ(wide.span<std::complex<double>>()[0], std::complex<double>(1.5, -2));
  EXPECT_EQ(back.span<Complex>()[1], Complex(0, 3));
  EXPECT_EQ(cast(Tensor::copy({2.f}, {1}), c128).span<std::complex<double>>()[0], std::complex<double>(2, 0));
  EXPECT_TRUE(has(messageOf([&] { cast(z, f32); }), "cast: f32 would drop the imaginary part of c64 [2]"));
}

// ---- numbers of C++
TEST(Host, IntegersOf64BitsAreExact) {
  const long b = 9007199254740993, most = std::numeric_limits<long>::max(), least = std::numeric_limits<long>::min();
  Tensor zero = Tensor::copy(std::vector<long>{0}, {1});
  for (long v : {b, -b, most, least}) {
    EXPECT_EQ(Tensor(v).item<long>(), v);
    EXPECT_EQ(Tensor::copy(std::vector<long>{v}, {1}).item<long>(), v);
    auto all = run(
        [v](Tensor x) {
          return std::array<Tensor, 4>{x + Tensor(v), x + v, x + full({1}, v, i64), select(x == 0, v, x)};
        },
        zero);
    for (const Tensor &y : all)
      EXPECT_EQ(y.item<long>(), v);
  }
  EXPECT_EQ(Tensor(16777217).item<int>(), 16777217);
  EXPECT_EQ(Tensor(std::uint64_t(most)).item<std::uint64_t>(), std::uint64_t(most));
}

TEST(Host, ConstantsOfIntegersWrapAsCompiledCodeDoes) {
  // Constants that meet in a trace are put together by the compiler: with the same bits.
  const int most = 2147483647, least = -most - 1;
  auto wrap = [](long v) { return int(std::uint32_t(v)); };
  auto all = run(
      [=](Tensor x) {
        Tensor least32 = full({3}, least, i32);
        return std::vector<Tensor>{(x + 2000000000) + 2000000000,
                                   (x * 65536) * 65536,
                                   x - least32,
                                   -(x + least),
                                   abs(x * 0 + least),
                                   x + cast(full({3}, 9.3e18, f64), i32),
                                   x + cast(full({3}, 4294967297L, i64), i32),
                                   cast(cast(x + 300, i8), i32)};
      },
      Tensor::copy({0, 5, -7}, {3}));
  const std::vector<std::vector<int>> expected{{wrap(4000000000), wrap(4000000005), wrap(3999999993)},
                                               {0, 0, 0},
                                               {least, wrap(5 - long(least)), wrap(-7 - long(least))},
                                               {least, wrap(-(5 + long(least))), wrap(7 - long(least))},
                                               {least, least, least},
                                               {most, wrap(5 + long(most)), most - 7},
                                               {1, 6, -6},
                                               {44, 49, 37}};
  for (std::size_t i = 0; i < expected.size(); ++i)
    EXPECT_EQ(std::vector<int>(all[i].span<int>().begin(), all[i].span<int>().end()), expected[i]) << i;
  // A NaN or an infinity that a program makes, and then casts.
  auto made = run(
      [](Tensor y) {
        return std::array<Tensor, 2>{cast(cast(log(y), i32), i64),
                                     select(y / 0 > 0, std::numeric_limits<long>::max(), cast(y, i64))};
      },
      Tensor::copy({1.f, -1.f, 0.f}, {3}));
  EXPECT_EQ(made[0].span<long>()[1], 0);
  EXPECT_EQ(made[0].span<long>()[2], least);
  EXPECT_EQ(made[1].span<long>()[0], std::numeric_limits<long>::max());
  EXPECT_EQ(made[1].span<long>()[1], -1);
}

TEST(Host, NumbersThatDoNotFitAreErrors) {
  auto plus = [](auto v, DType t) { return errorOf([v](Tensor x) { return x + v; }, t({2})); };
  EXPECT_TRUE(has(plus(4294967297L, i32), "add: the number 4294967297 does not fit i32 (-2147483648 to 2147483647): "
                                          "write cast(x, i64) for the other side"));
  EXPECT_TRUE(has(errorOf([](Tensor x) { return x < 3000000000L; }, i32({2})), "compare: the number 3000000000"));
  EXPECT_TRUE(has(plus(300, i8), "does not fit i8 (-128 to 127)"));
  EXPECT_TRUE(has(plus(-129, i8), "does not fit i8"));
  EXPECT_TRUE(has(errorOf([](Tensor x) { return select(x, x, 2); }, i1({2})), "the number 2 does not fit i1 (0 to 1)"));
  EXPECT_TRUE(has(plus(~std::uint64_t(0), i64), "the number 18446744073709551615 does not fit i64"));
  EXPECT_TRUE(has(plus(1e30, i64), "the number 1e+30 does not fit i64"));
  EXPECT_TRUE(has(plus(INFINITY, i32), "the number inf does not fit i32"));
  EXPECT_TRUE(has(plus(double(NAN), i32), "the number nan is no i32"));
  EXPECT_TRUE(has(plus(1e300, f32), "the number 1e+300 does not fit f32, whose largest is 3.40e38: write infinity"));
  EXPECT_TRUE(has(plus(100000, f16), "the number 100000 does not fit f16, whose largest is 65504"));
  EXPECT_TRUE(has(plus(std::complex<double>(0, 1e300), c64), "the number 1e+300 does not fit f32"));
  EXPECT_TRUE(
      has(errorOf([](Tensor x) { return x + full({2}, 0.5, i32); }, i32({2})), "full: the number 0.5 is no i32"));
  EXPECT_TRUE(has(errorOf([](Tensor x) { return clamp(x, -129, 5); }, i8({2})), "maximum: the number -129"));
  EXPECT_TRUE(has(errorOf([](Tensor x) { return pad(x, 0, 1, 0, 1000); }, i8({2})), "pad: the number 1000"));
  EXPECT_TRUE(
      has(errorOf([](Tensor x) { return x + x.dim(0); }, i8({dim("B", 1, 200)})), "the number 200 does not fit"));
  EXPECT_TRUE(has(messageOf([] { Tensor x(1e300); }), "the number 1e+300 does not fit f32"));
  EXPECT_TRUE(has(messageOf([] { Tensor x(4000000000u); }), "the number 4000000000 does not fit i32"));
  std::size_t i = 0;
  EXPECT_TRUE(has(errorOf([i](Tensor x) { return x[i - 1]; }, f32({4})), "operator[]: index 9223372036854775807"));
  for (DType t : {f16, bf16, f32, f64})
    EXPECT_EQ(plus(-infinity, t), "no error");
  EXPECT_EQ(plus(127, i8), "no error");
  EXPECT_EQ(plus(-128, i8), "no error");
}

TEST(Host, ItemsThatDoNotFitAreErrors) {
  Tensor big = Tensor::copy(std::vector<long>{1099511627776L}, {1}),
         real = Tensor::copy(std::vector<double>{-1.5}, {1});
  EXPECT_TRUE(has(messageOf([&] { big.item<int>(); }), "item: the element, 1099511627776, is outside -2147483648"));
  EXPECT_TRUE(has(messageOf([&] { Tensor(-1).item<unsigned>(); }), "item: the element, -1, is outside 0 to"));
  EXPECT_TRUE(has(messageOf([] { Tensor(1e20f).item<long>(); }), "item: the element, "));
  EXPECT_TRUE(has(messageOf([] { Tensor(NAN).item<int>(); }), "item: the element, "));
  EXPECT_EQ(real.item<int>(), -1);
  EXPECT_EQ(Tensor(-9223372036854775808.0f).item<long>(), std::numeric_limits<long>::min());
  EXPECT_EQ(Tensor(0.25f).item<bool>(), true);
  EXPECT_EQ(big.item<float>(), 0x1p40f);
}

// ---- one function at two element types
// More positions than i32 has are counted in i64 whatever they become; a type that ends before the last one is an
// error.
TEST(Host, PositionsBeyondATypeAreCountedOrRefused) {
  constexpr std::int64_t many = 2147483658;
  for (DType dtype : {i64, f64, f32})
    EXPECT_TRUE(has(trace_ir([=](Tensor x) { return max(iota(many, dtype)) + x; }, dtype({})),
                    "weft.iota 0 : tensor<2147483658xi64>"));
  EXPECT_TRUE(has(trace_ir([](Tensor x) { return iota(5, f32) + x; }, f32({})), "weft.iota 0 : tensor<5xi32>"));
  auto counts = [](std::int64_t n, DType dtype) {
    return messageOf([=] { trace_ir([=](Tensor x) { return iota(n, dtype) + x; }, dtype({})); });
  };
  EXPECT_TRUE(
      has(counts(many, i32), "iota: the last position is 2147483657, and i32 ends at 2147483647: write iota(n, i64)"));
  EXPECT_TRUE(has(counts(129, i8), "iota: the last position is 128, and i8 ends at 127: write iota(n, i32)"));
  EXPECT_EQ(counts(128, i8), "no error");
}
TEST(Host, OneFunctionAtTwoElementTypes) {
  auto f = jit([](Tensor x) { return sum(x * 3) / 2; });
  Tensor single = Tensor::copy({1.f, 2.f}, {2}), wide = Tensor::copy({1., 2 + 0x1p-40}, {2}),
         whole = Tensor::copy({1, 4}, {2}), longer = Tensor::copy(std::vector<long>{1, 1L << 40}, {2});
  for (int again = 0; again < 2; ++again) {
    EXPECT_EQ(f(single).item<float>(), 4.5f);
    EXPECT_EQ(f(wide).item<double>(), 4.5 + 1.5 * 0x1p-40);
    EXPECT_EQ(f(whole).item<int>(), 7);
    EXPECT_EQ(f(longer).item<long>(), (3 + (3L << 40)) / 2);
    EXPECT_EQ(cast(f(cast(single, bf16)), f32).item<float>(), 4.5f);
    EXPECT_EQ(f(cast(single, f16)).dtype(), f16);
    EXPECT_EQ(f(cast(single, bf16)).dtype(), bf16);
  }
}

// ---- first values
namespace {
struct Layers {
  std::vector<nn::Linear> blocks = std::vector<nn::Linear>(2, nn::Linear{4, 4});
  nn::Linear out{4, 2};
};
struct Average {
  Layers kept;
};
struct Averaged {
  Layers net, slow = net;
  Average inner{net};
  Layers same = slow;
  optim::AdamW<Layers> opt{net};
  nn::Linear other{4, 2};
};
struct Drawn {
  Param w{{3}, init::zeros};
  void fields(auto &&leaf) { leaf("w", w); }
  void reset(Key key) { w = Tensor::copy({float(key.bits.span<int>()[0] % 1000)}, {1}); }
};
} // namespace

TEST(Tree, AFieldMadeOfASiblingBeginsWithItsValues) {
  Averaged s;
  for (int again = 0; again < 2; ++again) { // a second initialize finds arrays and not specs
    initialize(s, Key(std::uint64_t(again)));
    for (const Layers *copy : {&s.slow, &s.inner.kept, &s.same}) {
      EXPECT_EQ(values(copy->out.w), values(s.net.out.w));
      for (std::size_t i = 0; i < 2; ++i)
        EXPECT_EQ(values(copy->blocks[i].w), values(s.net.blocks[i].w));
    }
    EXPECT_NE(values(s.net.blocks[0].w), values(s.net.blocks[1].w)) << "elements of a container draw for themselves";
    EXPECT_NE(values(s.net.out.w), values(s.other.w));
    EXPECT_EQ(values(s.opt.m.out.w), std::vector<float>(8, 0));
    EXPECT_EQ(values(s.opt.v.out.w), std::vector<float>(8, 0));
  }
  // What stands in a tuple, an array or a map is an element too, and two leaves of one spec are two leaves.
  nn::Linear one{4, 4};
  struct {
    std::pair<nn::Linear, nn::Linear> pair;
    std::array<nn::Linear, 2> array;
    std::map<std::string, nn::Linear> map;
  } many{{one, one}, {one, one}, {{"a", one}, {"b", one}}};
  initialize(many, Key(3));
  std::vector<std::vector<float>> drawn{values(many.pair.first.w),  values(many.pair.second.w),
                                        values(many.array[0].w),    values(many.array[1].w),
                                        values(many.map.at("a").w), values(many.map.at("b").w)};
  for (std::size_t i = 0; i < drawn.size(); i += 2) // of each container
    EXPECT_NE(drawn[i], drawn[i + 1]) << i;
  Tensor spec = f32({8, 8});
  struct {
    Param a, b;
  } two{spec, spec};
  initialize(two, Key(3));
  EXPECT_NE(values(two.a), values(two.b));
  // A copy in another type, with a reset of its own, or with another initialiser.
  struct {
    nn::Linear net{4, 4}, half = cast(net, bf16);
    Drawn first, copy = first, third;
  } more;
  initialize(more, Key(4));
  EXPECT_EQ(values(cast(more.half, f32).w), values(cast(cast(more.net, bf16), f32).w));
  EXPECT_EQ(values(more.first.w), values(more.copy.w));
  EXPECT_NE(values(more.first.w), values(more.third.w));
  // Training one does not move the other.
  run([](Averaged &s, Tensor x) { s.opt.update(s.net, grad(sum(s.net.out(x)), s.net)); }, s,
      Tensor::copy({1.f, 2.f, 3.f, 4.f}, {1, 4}));
  EXPECT_NE(values(s.slow.out.w), values(s.net.out.w));
  EXPECT_EQ(values(s.slow.out.w), values(s.same.out.w));
}

TEST(Tree, FirstValuesThatDoNotFitAreErrors) {
  struct {
    Buffer n{i32({2}), init::constant(0.5)};
  } half;
  EXPECT_TRUE(has(messageOf([&] { initialize(half, Key(0)); }), "initialize: n begins with 0.5"));
  struct {
    Buffer n{i8({2}), init::constant(300)};
  } large;
  EXPECT_TRUE(has(messageOf([&] { initialize(large, Key(0)); }), "which i8 cannot hold"));
  struct {
    Buffer n{i32({}), init::constant(16777217)};
    Param w{f64({2}), init::constant(0.1)};
  } exact;
  initialize(exact, Key(0));
  EXPECT_EQ(exact.n.item<int>(), 16777217);
  EXPECT_EQ(exact.w.span<double>()[0], 0.1);
}

TEST(Tree, AveragesOfEveryElementType) {
  for (DType t : {bf16, f16, f32, f64, c64}) {
    Tensor slow = cast(Tensor::copy({1.f, 100.f}, {2}), t), fast = cast(Tensor::copy({3.f, 0.f}, {2}), t);
    Tensor y = run([](Tensor slow, Tensor fast) { return ema(slow, fast, 0.999); }, slow, fast);
    ASSERT_EQ(y.dtype(), t);
    std::vector<double> real = {1.002, 99.9};
    Tensor wide = t.isComplex() ? cast(y, c128) : cast(y, f64);
    for (std::size_t i = 0; i < 2; ++i) {
      double got = t.isComplex() ? wide.span<std::complex<double>>()[i].real() : wide.span<double>()[i];
      EXPECT_NEAR(got, real[i],
                  real[i] * (t == bf16  ? 0x1p-8
                             : t == f16 ? 0x1p-11
                             : t == f64 ? 0x1p-52
                                        : 0x1p-22))
          << t.name() << ": rounded once where it is stored";
    }
  }
}

// ---- data sets
static Dataset table(const std::string &rows, DType targets = i32) {
  std::string path = testing::TempDir() + "weft-host-test.csv";
  std::ofstream(path) << rows;
  return Dataset::csv(path, targets);
}
TEST(Data, TargetsAreNotCut) {
  const std::string rows = "1,2,0.25\n3,4,-1.75\n5,6,2e9\n7,8,3e9\n";
  EXPECT_TRUE(has(messageOf([&] { table(rows); }), "line 1: the target 0.25 is no i32: write Dataset::csv(path, f32)"));
  EXPECT_TRUE(has(messageOf([&] { table("1,3e9\n"); }), "the target 3e9 is no i32"));
  EXPECT_TRUE(has(messageOf([&] { table("1,nan\n"); }), "the target nan is no i32"));
  EXPECT_EQ(values(table(rows, f32).y()), (std::vector<float>{0.25f, -1.75f, 2e9f, 3e9f}));
  EXPECT_EQ(table(rows, f64).y().span<double>()[1], -1.75);
  EXPECT_EQ(table("1,9007199254740992\n", i64).y().span<long>()[0], 9007199254740992);
  EXPECT_EQ(table("1,16777217\n2,-3\n").y().span<int>()[0], 16777217);
  EXPECT_TRUE(has(messageOf([] { table("1e50,2\n"); }), "line 1: the number 1e50 does not fit f32"));
  EXPECT_TRUE(std::isinf(table("inf,2\n").x().span<float>()[0]));
  // Targets keep their type through everything that a data set does.
  auto [front, back] = table(rows, f32).shuffled(Key(1)).split(1);
  EXPECT_EQ(front.y().dtype(), f32);
  float sum = 0;
  for (const Batch &batch : back.batches(2))
    for (float y : batch.y.span<float>())
      sum += y;
  EXPECT_EQ(sum + front.y().span<float>()[0], 0.25f - 1.75f + 2e9f + 3e9f);
  Dataset pairs(Tensor::copy({1.f, 2.f}, {2, 1}), Tensor::copy({1., 2., 3., 4.}, {2, 2}));
  EXPECT_EQ(pairs.rows(1, 2).y().span<double>()[1], 4);
}
TEST(Data, RowsOutsideAreErrors) {
  Dataset data = table("1,2,0\n3,4,1\n5,6,2\n7,8,3\n");
  EXPECT_TRUE(has(messageOf([&] { data.split(5000); }), "split: the first part cannot have 5000 of 4 rows"));
  EXPECT_TRUE(has(messageOf([&] { data.split(-1); }), "split: the first part cannot have -1 of 4 rows"));
  EXPECT_TRUE(has(messageOf([&] { data.rows(2, 5); }), "rows: expected 0 <= begin <= end <= 4"));
  EXPECT_TRUE(has(messageOf([&] { data.rows(3, 2); }), "found 3 and 2"));
  EXPECT_TRUE(has(messageOf([&] { data.rows(-1, 2); }), "found -1 and 2"));
  EXPECT_EQ(data.split(4).second.size(), 0);
  EXPECT_EQ(data.split(0).first.size(), 0);
  EXPECT_EQ(data.batches(3).back().x.dim(0), Dim(1));
  EXPECT_TRUE(has(messageOf([&] { data.standardized(table("1,2\n")); }), "standardized: the rows differ in length"));
}

TEST(Data, ShuffledStandardizedAndInBatches) {
  std::string rows;
  for (int i = 0; i < 7; ++i)
    rows += std::to_string(i) + ",5," + std::to_string(i) + "\n";
  Dataset data = table(rows);
  // A row keeps its target; any order is possible, so over many keys each row stands at each place, its own among them.
  std::set<int> atFirst, stays;
  for (std::uint64_t key = 0; key < 60; ++key) {
    Dataset mixed = data.shuffled(Key(key));
    std::set<int> all;
    for (int i = 0; i < 7; ++i) {
      int y = mixed.y().span<int>()[i];
      EXPECT_EQ(mixed.x().span<float>()[2 * i], float(y));
      all.insert(y);
      if (y == i)
        stays.insert(i);
    }
    EXPECT_EQ(all.size(), 7u);
    atFirst.insert(mixed.y().span<int>()[0]);
  }
  EXPECT_EQ(atFirst.size(), 7u);
  EXPECT_EQ(stays.size(), 7u);
  Dataset same = data.standardized(data);
  EXPECT_NEAR(same.x().span<float>()[0], -1.5, 1e-6);
  EXPECT_EQ(same.x().span<float>()[1], 0) << "a feature that never varies";
  auto sizes = [](const std::vector<Batch> &batches) {
    std::vector<long> list;
    for (const Batch &b : batches)
      list.push_back(b.x.dim(0).value());
    return list;
  };
  EXPECT_EQ(sizes(data.batches(3)), (std::vector<long>{3, 3, 1}));
  EXPECT_EQ(sizes(data.batches(3, {.last = Last::drop})), (std::vector<long>{3, 3}));
  EXPECT_EQ(sizes(data.batches(7, {.last = Last::drop})), (std::vector<long>{7})) << "a whole batch is not short";
}

TEST(Tree, TreesThatDifferAreAnError) {
  struct Lists {
    std::vector<Tensor> w;
  };
  auto of = [](int n) {
    Lists list;
    for (int i = 0; i < n; ++i)
      list.w.push_back(f32({2}));
    return list;
  };
  auto add = [](const Lists &a, const Lists &b) { return map(a, b, [](Tensor x, Tensor y) { return x + y; }); };
  EXPECT_TRUE(
      has(messageOf([&] { trace_ir(add, of(2), of(3)); }), "map: the trees differ at leaf 2: nothing and \"w.2\""));
  EXPECT_TRUE(
      has(messageOf([&] { trace_ir(add, of(3), of(2)); }), "map: the trees differ at leaf 2: \"w.2\" and nothing"));
}

// ---- sizes
TEST(Host, NegativeSizesAreErrors) {
  EXPECT_TRUE(has(messageOf([] { f32({2, -1}); }), "f32: a size is negative: -1 in [2, -1]"));
  EXPECT_TRUE(has(messageOf([] { Param p{{-4, 4}}; }), "f32: a size is negative: -4"));
  EXPECT_TRUE(has(messageOf([] { f32({dim("B", 1, 4) - 5}); }), "a size is negative"));
  EXPECT_TRUE(
      has(messageOf([] { Tensor::copy({1.f, 2.f, 3.f, 4.f}, {-2, -2}); }), "host data: a size is negative: -2"));
  auto traced = [](auto f) { return errorOf(f, f32({2})); };
  EXPECT_TRUE(has(traced([](Tensor) { return zeros({-3}); }), "a size is negative: -3 in [-3]"));
  EXPECT_TRUE(has(traced([](Tensor) { return iota(-3); }), "iota: a size is negative: -3"));
  EXPECT_TRUE(has(traced([](Tensor x) { return reshape(x, {-2, -1}); }), "reshape: "));
  EXPECT_TRUE(has(traced([](Tensor x) { return pad(x, 0, -3, 0); }), "pad: "));
  EXPECT_TRUE(has(traced([](Tensor) {
                    Key key(1);
                    return normal(key, {-2});
                  }),
                  "a size is negative: -2"));
  EXPECT_TRUE(has(traced([](Tensor x) {
                    scan(x, -4, [](Tensor &c, Tensor) { c = c * 2; });
                    return x;
                  }),
                  "scan: the number of steps is negative: -4"));
  EXPECT_TRUE(has(traced([](Tensor x) {
                    loop(x, [](const Tensor &c) { return c[0] < 3; }, [](Tensor &c) { c = c * 2; }, {.max = -1});
                    return x;
                  }),
                  "loop: the most steps are negative: -1"));
}

TEST(Host, LengthsBeyondTheStepsAreErrors) {
  auto g = jit([](Tensor x, Tensor lengths) {
    Tensor c = zeros({x.dim(0)});
    scan(c, x, [](Tensor &c, Tensor x) { c = c + x; }, {.axis = 1, .lengths = lengths});
    return c;
  });
  Tensor x = Tensor::copy({1.f, 2.f, 3.f, 4.f, 5.f, 6.f}, {2, 3});
  auto with = [&](int a, int b) { return g(x, Tensor::copy({a, b}, {2})); };
  EXPECT_EQ(values(with(3, 0)), (std::vector<float>{6, 0}));
  EXPECT_EQ(values(with(1, 2)), (std::vector<float>{1, 9}));
  EXPECT_TRUE(has(messageOf([&] { with(4, 0); }), "index 4"));
  EXPECT_TRUE(has(messageOf([&] { with(1, -1); }), "index -1"));
}

// ---- what changes nothing, and types do not tell
static std::string warningsOf(auto f, const auto &...specs) {
  testing::internal::CaptureStderr();
  trace_ir(f, specs...);
  return testing::internal::GetCapturedStderr();
}
TEST(Host, WhatChangesNothingIsAWarning) {
  using Net = nn::Linear;
  using Adam = optim::Adam<Net>;
  Net net{4, 4};
  struct Both {
    Net net{4, 4};
    Adam opt{net};
  } both;
  Tensor x = f32({2, 4});
  const int line = __LINE__ + 4; // of the update
  std::string text = warningsOf(
      [](Net net, Adam &opt, Tensor x) {
        Tensor loss = sum(net(x));
        opt.update(net, grad(loss, net));
        return loss;
      },
      net, Adam(net), x);
  EXPECT_TRUE(
      has(text, "HostTest.cpp:" + std::to_string(line) +
                    ": warning: update: what the optimiser makes of the weights is assigned here and reaches no "
                    "result and no state"))
      << text;
  EXPECT_EQ(warningsOf(
                [](Both &s, Tensor x) {
                  Tensor loss = sum(s.net(x));
                  s.opt.update(s.net, grad(loss, s.net));
                  return loss;
                },
                both, x),
            "");
  EXPECT_EQ(warningsOf(
                [](Both &s, Tensor x) {
                  scan(s, x, [](Both &s, Tensor x) { s.opt.update(s.net, grad(sum(s.net(x)), s.net)); });
                },
                both, x),
            "");
  text = warningsOf(
      [](Net net, Tensor x) {
        net.w = net.w * 2;
        return sum(x);
      },
      net, x);
  EXPECT_TRUE(has(text, "the value of a parameter is assigned here and reaches no result")) << text;
  EXPECT_EQ(warningsOf(
                [](Net net, Tensor x) {
                  net.w = net.w * 2;
                  return net(x);
                },
                net, x),
            "");
  auto unchanged = [&](auto body) {
    return warningsOf(
        [body](Tensor x) {
          Tensor c = x;
          body(c);
          return c;
        },
        x);
  };
  EXPECT_TRUE(has(unchanged([](Tensor &c) { scan(c, 3, [](Tensor &, Tensor) {}); }),
                  "scan: the body assigns no leaf of its carry, so nothing changes"));
  EXPECT_TRUE(has(unchanged([](Tensor &c) { when(any_of(c > 0), c, [](Tensor &) {}); }),
                  "when: the body assigns no leaf of its value"));
  EXPECT_TRUE(has(
      unchanged([](Tensor &c) { loop(c, [](const Tensor &c) { return any_of(c > 0); }, [](Tensor &) {}, {.max = 2}); }),
      "loop: the body assigns no leaf of its carry"));
  EXPECT_EQ(unchanged([](Tensor &c) { c = sum(scan(c, 3, [](Tensor &c, Tensor) { return c; }), 0); }), "")
      << "what a body returns is something";
}

TEST(Host, TheDefaultType) {
  struct Back {
    ~Back() { default_dtype(f32); }
  } back;
  EXPECT_EQ(default_dtype(), f32);
  auto half = jit([](Tensor x) { return x + cast(full({}, 0.5), x.dtype()); });
  auto free = jit([](Tensor) { return full({}, 0.1); });
  Tensor one = 1.f;
  EXPECT_EQ(free(one).dtype(), f32);
  default_dtype(f64);
  EXPECT_EQ(free(one).dtype(), f64); // another program
  EXPECT_EQ(free(one).item<double>(), 0.1);
  EXPECT_EQ(half(one).item<float>(), 1.5f);
  EXPECT_EQ(Tensor(0.1).item<double>(), 0.1);
  EXPECT_EQ(zeros({2}).dtype(), f64);
  EXPECT_EQ(one_hot(Tensor(1), 3).dtype(), f64);
  Key key(3);
  EXPECT_EQ(normal(key, {2}).dtype(), f64);
  nn::Linear layer{3, 2};
  initialize(layer, key);
  EXPECT_EQ(layer(ones({1, 3})).dtype(), f64);
  EXPECT_EQ(grad(sum(layer(ones({1, 3}))), layer).w.dtype(), f64);
  EXPECT_THROW(default_dtype(i32), Error);
}

TEST(Host, PadsThatTakeAway) {
  Tensor x = Tensor::copy({1.f, 2.f, 3.f, 4.f}, {4});
  Tensor y = pad(x, 0, -1, 1, 9);
  ASSERT_EQ(y.str(), "f32 [4]");
  EXPECT_EQ(y.span<float>()[0], 2);
  EXPECT_EQ(y.span<float>()[3], 9);
  EXPECT_EQ(pad(x, 0, -1, -2).span<float>()[0], 2);
  EXPECT_EQ(pad(x, 0, -1, -2).str(), "f32 [1]");
  EXPECT_THROW(pad(x, 0, -3, -2), Error);
}
