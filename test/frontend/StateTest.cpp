// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// State that is updated in place: who holds an array alone, what copies, aliases and failures do, and that a call
// allocates nothing for it.
#include "Messages.h"
#include "Models.h"
#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdlib>
#include <gtest/gtest.h>
#include <new>

using namespace weft;

// Every allocation of the process by `new` is counted; arrays have their own pool.
static std::atomic<long> allocations;
#pragma GCC diagnostic ignored "-Wmismatched-new-delete" // the compiler sees one of the two inlined
void *operator new(std::size_t bytes) {
  ++allocations;
  if (void *p = std::malloc(bytes ? bytes : 1))
    return p;
  throw std::bad_alloc();
}
void operator delete(void *p) noexcept { std::free(p); }
void operator delete(void *p, std::size_t) noexcept { std::free(p); }

namespace {
std::vector<float> values(const Tensor &x) { return {x.span<float>().begin(), x.span<float>().end()}; }
const float *at(const Tensor &x) { return x.span<float>().data(); }

struct Weights {
  std::vector<Param> w;
};
Weights weightsOf(int count) {
  Weights net;
  for (int i = 0; i < count; ++i)
    net.w.push_back(i % 2 ? Param{{16}, init::zeros} : Param{{16, 16}, init::lecun});
  return net;
}
struct Training {
  Weights net;
  optim::AdamW<Weights> opt;
};
Training trainingOf(int count, optim::Options options = {}) {
  Weights net = weightsOf(count);
  Training s{net, optim::AdamW<Weights>(net, options)};
  initialize(s, Key(1));
  return s;
}
Tensor train(Training &s, Tensor x) {
  Tensor h = x;
  for (const Param &w : s.net.w)
    h = w.rank() == 2 ? matmul(h, w) : tanh(h + w);
  Tensor loss = mean(square(h - 1));
  s.opt.update(s.net, grad(loss, s.net));
  return loss;
}
std::vector<const void *> arraysOf(Training &s) {
  std::vector<const void *> all;
  for (auto &leaf : detail::list(s).leaves)
    if (leaf.tensor->isConcrete())
      all.push_back(leaf.tensor->dtype() == f32 ? static_cast<const void *>(at(*leaf.tensor))
                                                : leaf.tensor->span<int>().data());
  return all;
}
std::vector<float> numbersOf(Training &s) {
  std::vector<float> all;
  for (auto &leaf : detail::list(s).leaves)
    if (leaf.tensor->isConcrete() && leaf.tensor->dtype() == f32)
      for (float v : leaf.tensor->span<float>())
        all.push_back(v);
  return all;
}
Tensor batch() {
  std::vector<float> x(8 * 16);
  for (std::size_t i = 0; i < x.size(); ++i)
    x[i] = std::sin(float(i));
  return Tensor::copy(x, {8, 16});
}
int countOf(const std::string &text, const std::string &part) {
  int count = 0;
  for (std::size_t i = text.find(part); i != std::string::npos; i = text.find(part, i + 1))
    ++count;
  return count;
}

struct Two {
  Tensor a, b;
};
Two twoOf(std::vector<float> a, std::vector<float> b) {
  return {Tensor::copy(a, {Dim(a.size())}), Tensor::copy(b, {Dim(b.size())})};
}
} // namespace

// Weights, both moments and the step counter stay where they are; the numbers are those of a call that keeps the old
// state until it has succeeded.
TEST(State, IsUpdatedInPlace) {
  Tensor x = batch();
  for (const optim::Options &options : {optim::Options{}, optim::Options{.clip_norm = 0.5f}}) {
    Training s = trainingOf(6, options), kept = trainingOf(6, options);
    auto f = jit(train, s, x);
    auto careful = jit(Options{.keep_state = true}, train, kept, x);
    EXPECT_EQ(f.remarks().find("not updated in place"), std::string::npos) << f.remarks();
    f(s, x), careful(kept, x); // what `initialize` shares parts here
    std::vector<const void *> before = arraysOf(s), keptBefore = arraysOf(kept);
    ASSERT_GE(before.size(), 18u);
    float first = 0, last = 0;
    for (int i = 0; i < 20; ++i) {
      last = f(s, x).item<float>();
      EXPECT_EQ(last, careful(kept, x).item<float>());
      first = i ? first : last;
      EXPECT_EQ(arraysOf(s), before);
    }
    EXPECT_LT(last, first);
    EXPECT_EQ(numbersOf(s), numbersOf(kept));
    careful(kept, x);
    EXPECT_NE(arraysOf(kept), keptBefore);
  }
}

// With a bound on the gradients' length all updates wait for that, and are one run of the threads, but for the one that
// is the epilogue of the last sum.
TEST(State, AllUpdatesAreOneFork) {
  Training s = trainingOf(10, {.clip_norm = 1});
  auto f = jit(train, s, batch());
  int updates = 0, forks = 0;
  std::string plan = f.plan();
  for (std::size_t from = 0; from < plan.size();) {
    std::size_t to = std::min(plan.find('\n', from), plan.size());
    std::string line = plan.substr(from, to - from);
    from = to + 1;
    if (countOf(line, "which is input") < 3) // weight and moments; the counter goes by itself
      continue;
    ++updates;
    forks += line.find("@map") != std::string::npos && line.find("+ @map") == std::string::npos;
  }
  EXPECT_EQ(updates, 10) << plan;
  EXPECT_EQ(forks, 1) << plan;
}

TEST(State, ACallAllocatesNothingForIt) {
  auto allocationsOf = [](int leaves) {
    Training s = trainingOf(leaves);
    Tensor x = batch();
    auto f = jit(train, s, x);
    for (int i = 0; i < 3; ++i)
      f(s, x);
    long before = allocations;
    f(s, x);
    return allocations - before;
  };
  long few = allocationsOf(4), many = allocationsOf(64);
  EXPECT_LT(many - few, 16) << few << " for 4 leaves with their moments, " << many
                            << " for 64"; // lists of leaves grow by doubling
}

TEST(State, CopiesAreIndependent) {
  Training s = trainingOf(4);
  Tensor x = batch();
  auto f = jit(train, s, x);
  f(s, x);
  Training copy = s;
  EXPECT_EQ(arraysOf(copy), arraysOf(s)); // at no cost
  std::vector<float> then = numbersOf(copy);
  std::vector<const void *> shared = arraysOf(copy);
  f(s, x);
  EXPECT_EQ(numbersOf(copy), then);
  EXPECT_EQ(arraysOf(copy), shared);
  std::vector<const void *> own = arraysOf(s);
  for (std::size_t i = 0; i < own.size(); ++i)
    EXPECT_NE(own[i], shared[i]) << i;
  f(s, x);
  EXPECT_EQ(arraysOf(s), own);
  f(copy, x); // nobody else holds it now
  EXPECT_EQ(arraysOf(copy), shared);
  EXPECT_NE(numbersOf(copy), then);
}

static Tensor accumulate(Two &s, const Tensor &x) {
  s.a = s.a + 1;
  s.b = s.b + x;
  return sum(s.a * x);
}
TEST(State, BorrowedMemoryIsNotWritten) {
  std::vector<float> mine(16, 3);
  Two s{Tensor::view(mine, {16}), Tensor::copy(mine, {16})};
  Tensor x = Tensor::copy(mine, {16});
  auto f = jit(accumulate, s, x);
  f(s, x);
  EXPECT_EQ(mine, std::vector<float>(16, 3));
  EXPECT_EQ(values(s.a), std::vector<float>(16, 4));
}

// What another argument of the same call reads is left alone while it does.
TEST(State, AliasesOfArgumentsAreSeen) {
  std::vector<float> ones(64, 1);
  Two s{Tensor::copy(ones, {64}), Tensor::copy(ones, {64})};
  auto f = jit(accumulate, s, s.a);
  EXPECT_EQ(f(s, s.a).item<float>(), 128); // (1 + 1) * 1: the old a
  EXPECT_EQ(values(s.a), std::vector<float>(64, 2));
  EXPECT_EQ(values(s.b), std::vector<float>(64, 2));
  EXPECT_EQ(f(s, Tensor::view(s.a.span<float>(), {64})).item<float>(), 64 * 3 * 2);
  EXPECT_EQ(values(s.a), std::vector<float>(64, 3));
  EXPECT_EQ(values(s.b), std::vector<float>(64, 4));
  const float *a = at(s.a);
  Tensor x = Tensor::copy(ones, {64});
  f(s, x);
  EXPECT_EQ(at(s.a), a);

  auto both = jit([](Tensor &p, Tensor &q) {
    Tensor old = p;
    p = p + q;
    q = q * old;
  });
  Tensor twice = Tensor::copy({3.f, 4.f}, {2});
  both(twice, twice); // one object: the last assignment stands
  EXPECT_EQ(values(twice), (std::vector<float>{9, 16}));
}

// A leaf that becomes another leaf takes its array; nothing is computed and nothing is copied.
TEST(State, AssignedLeavesShareTheirArrays) {
  Two s = twoOf({1, 2}, {3, 4});
  auto swapped = jit([](Two &s) { std::swap(s.a, s.b); }, s);
  EXPECT_EQ(countOf(swapped.plan(), "@map"), 0) << swapped.plan();
  const float *a = at(s.a), *b = at(s.b);
  swapped(s);
  EXPECT_EQ(at(s.a), b);
  EXPECT_EQ(at(s.b), a);

  auto shifted = jit(
      [](Two &s) {
        s.a = s.b;
        s.b = s.b + 1;
      },
      s);
  shifted(s);
  EXPECT_EQ(values(s.a), (std::vector<float>{1, 2}));
  EXPECT_EQ(values(s.b), (std::vector<float>{2, 3}));
  shifted(s);
  EXPECT_EQ(values(s.a), (std::vector<float>{2, 3}));
  EXPECT_EQ(values(s.b), (std::vector<float>{3, 4}));

  auto remember = jit([](Two &s, Tensor x) { s.a = x; }, s, s.a);
  Tensor x = Tensor::copy({7.f, 8.f}, {2});
  remember(s, x);
  EXPECT_EQ(at(s.a), at(x));
  std::vector<float> lent{5, 6};
  remember(s, Tensor::view(lent, {2}));
  EXPECT_NE(at(s.a), lent.data()); // lent for the call alone
  EXPECT_EQ(values(s.a), lent);
  auto more = jit([](Two &s) { s.a = s.a + 1; }, s);
  remember(s, x);
  more(s);
  EXPECT_EQ(values(x), (std::vector<float>{7, 8}));
  EXPECT_EQ(values(s.a), (std::vector<float>{8, 9}));
}

static Tensor look(Two &s, Tensor i) {
  s.a = s.a * 2;
  Tensor found = take(s.b, i);
  s.b = log(s.b - 1);
  return found;
}
TEST(State, AFailedCallLeavesItAsItWas) {
  Two s = twoOf({1, 2}, {3, 4});
  auto f = jit(look, s, i32({1}));
  Tensor bad = Tensor::copy({5}, {1}), good = Tensor::copy({1}, {1});
  const float *a = at(s.a);
  EXPECT_NE(test::messageOf([&] { f(s, bad); }).find("index 5 is outside"), std::string::npos);
  EXPECT_EQ(values(s.a), (std::vector<float>{1, 2}));
  EXPECT_EQ(values(s.b), (std::vector<float>{3, 4}));
  EXPECT_EQ(f(s, good).item<float>(), 4);
  EXPECT_EQ(at(s.a), a);
  EXPECT_EQ(values(s.a), (std::vector<float>{2, 4}));

  // Checked for numbers: what makes a NaN is an error, and no state was written before that is known.
  Two c = twoOf({1, 2}, {1, 0.5f});
  auto checked = jit(Options{.check_finite = true}, look, c, i32({1}));
  EXPECT_NE(test::messageOf([&] { checked(c, good); }).find("not finite"), std::string::npos);
  EXPECT_EQ(values(c.a), (std::vector<float>{1, 2}));
  EXPECT_EQ(values(c.b), (std::vector<float>{1, 0.5f}));
}

// A branch that changes state writes it where it is; the one that does not has nothing to do.
static void everySecond(Two &s, Tensor x) {
  when(s.b[0] > 0, s, [&](Two &s) {
    Tensor y = sum(sin(s.a));
    s.a = s.a * x + y;
  });
  s.b = -s.b;
}
TEST(State, BranchesUpdateInPlace) {
  Two s = twoOf(std::vector<float>(40, 0.5f), {1}), kept = twoOf(std::vector<float>(40, 0.5f), {1});
  Tensor x = Tensor::copy(std::vector<float>(40, 2), {40});
  auto f = jit(everySecond, s, x);
  auto careful = jit(Options{.keep_state = true}, everySecond, kept, x);
  EXPECT_EQ(f.remarks().find("not updated in place"), std::string::npos) << f.remarks();
  const float *a = at(s.a), *b = at(s.b);
  for (int i = 0; i < 6; ++i) {
    f(s, x), careful(kept, x);
    EXPECT_EQ(at(s.a), a);
    EXPECT_EQ(at(s.b), b);
    EXPECT_EQ(values(s.a), values(kept.a)) << i;
    EXPECT_EQ(values(s.b), values(kept.b)) << i;
  }
}

TEST(State, ComplexLeavesAreUpdatedInPlace) {
  std::vector<std::complex<float>> ones(20, {1, 1});
  Tensor s = Tensor::copy(ones, {20}), x = Tensor::copy(ones, {20});
  auto f = jit([](Tensor &s, Tensor x) { s = s * x; }, s, x);
  auto before = s.span<std::complex<float>>().data();
  f(s, x);
  EXPECT_EQ(s.span<std::complex<float>>().data(), before);
  EXPECT_EQ(s.span<std::complex<float>>()[19], std::complex<float>(0, 2));
}

// Bounded dimensions: an array keeps its place whatever its size is.
TEST(State, BoundedDimensions) {
  auto f = jit([](Tensor &s, Tensor x) { s = s + x; }, f32({dim("N", 1, 100)}), f32({dim("N", 1, 100)}));
  for (std::size_t n : {3u, 100u}) {
    Tensor s = Tensor::copy(std::vector<float>(n, 1), {Dim(n)}), x = Tensor::copy(std::vector<float>(n, 2), {Dim(n)});
    const float *before = at(s);
    f(s, x);
    EXPECT_EQ(at(s), before);
    EXPECT_EQ(values(s), std::vector<float>(n, 3));
  }
}
