// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// contract by labels as einsum has them: repeated labels, "...", one operand and many; diagonals.
#include "weft/weft.h"
#include <gtest/gtest.h>
#include <numeric>

using namespace weft;

namespace {
template <typename T = double> Tensor counting(const Shape &shape, T from = 0) {
  int64_t count = 1;
  for (const Dim &d : shape)
    count *= d.value();
  std::vector<T> v(count);
  std::iota(v.begin(), v.end(), from);
  return Tensor::copy(v, shape);
}
std::vector<double> values(const Tensor &x) {
  Tensor y = cast(x, f64);
  auto s = y.span<double>();
  return {s.begin(), s.end()};
}
using V = std::vector<double>;
V contracted(const char *spec, const Tensor &x) {
  return values(run([=](Tensor x) { return contract(spec, x); }, x));
}
V contracted(const char *spec, const Tensor &x, const Tensor &y) {
  return values(run([=](Tensor x, Tensor y) { return contract(spec, x, y); }, x, y));
}
template <class F, class... A> std::string errorOf(F f, const A &...specs) {
  try {
    trace_ir(f, specs...);
  } catch (const Error &e) {
    return e.what();
  }
  return "no error";
}
bool has(const std::string &text, const char *part) { return text.find(part) != std::string::npos; }
} // namespace

TEST(Contract, RepeatedLabelsAreDiagonals) {
  Tensor m = Tensor::copy(V{1, 2, 3, 4}, {2, 2});
  EXPECT_EQ(contracted("ii->", m), (V{5}));
  EXPECT_EQ(contracted("ii->i", m), (V{1, 4}));
  Tensor cube = counting({2, 2, 2});
  EXPECT_EQ(contracted("iij->j", cube), (V{6, 8}));
  EXPECT_EQ(contracted("iji->j", cube), (V{5, 9}));
  EXPECT_EQ(contracted("jii->ji", cube), (V{0, 3, 4, 7}));
  EXPECT_EQ(contracted("jii->ij", cube), (V{0, 4, 3, 7}));
  EXPECT_EQ(contracted("iii->i", cube), (V{0, 7}));
  EXPECT_EQ(contracted("iii->", cube), (V{7}));
  EXPECT_EQ(contracted("iijj->ij", counting({2, 2, 3, 3})), (V{0, 4, 8, 27, 31, 35}));
  // In one of two operands, in both, and where a third one has the label too.
  Tensor v = Tensor::copy(V{10, 100}, {2});
  EXPECT_EQ(contracted("ii,i->", m, v), (V{410}));
  EXPECT_EQ(contracted("ii,i->i", m, v), (V{10, 400}));
  EXPECT_EQ(contracted("i,ii->i", v, m), (V{10, 400}));
  EXPECT_EQ(contracted("ii,jj->ij", m, m), (V{1, 4, 4, 16}));
  EXPECT_EQ(contracted("ii,ii->i", m, m), (V{1, 16}));
  EXPECT_EQ(contracted("ii,ij->j", m, m), (V{13, 18}));
  EXPECT_EQ(values(run([](Tensor m, Tensor v) { return contract("ii,i,ij->j", m, v, m); }, m, v)), (V{1210, 1620}));
  // Integers and truth of types, sizes 0 and 1.
  EXPECT_EQ(contracted("ii->", counting<int>({3, 3})), (V{12}));
  EXPECT_EQ(contracted("ii->i", counting<float>({1, 1}, 5)), (V{5}));
  EXPECT_EQ(contracted("ii->", counting<float>({0, 0})), (V{0}));
}
TEST(Contract, AnEllipsisStandsForAnyDimensions) {
  Tensor a = counting({2, 3}), b = counting({3, 2}), batches = counting({2, 2, 3});
  V product{10, 13, 28, 40};
  EXPECT_EQ(contracted("...ij,...jk->...ik", a, b), product);
  V twice = contracted("bij,jk->bik", batches, b);
  EXPECT_EQ(contracted("...ij,...jk->...ik", batches, b), twice); // fewer dimensions on one side
  EXPECT_EQ(contracted("...ij,jk->...ik", batches, b), twice);
  EXPECT_EQ(contracted("i...j,jk->i...k", batches, b), twice);
  EXPECT_EQ(contracted("...->...", batches), values(batches));
  EXPECT_EQ(contracted("...ij->...ji", a), (V{0, 3, 1, 4, 2, 5}));
  EXPECT_EQ(contracted("...i->...", batches), (V{3, 12, 21, 30}));
  EXPECT_EQ(contracted("...i->i", batches), (V{18, 22, 26})); // what the result lacks is summed
  EXPECT_EQ(contracted("i...->i", batches), (V{15, 51}));
  EXPECT_EQ(contracted("...ii->...i", counting({2, 2, 2})), (V{0, 3, 4, 7}));
  EXPECT_EQ(contracted("i...i->...", counting({2, 2, 2})), (V{5, 9}));
  EXPECT_EQ(contracted("...,...->...", a, a), (V{0, 1, 4, 9, 16, 25}));
  EXPECT_EQ(contracted("...,...->", a, a), (V{55}));
  EXPECT_EQ(contracted("i->...i", counting({2})), (V{0, 1}));
  // Sizes of 1 are repeated, on either side; [2, 1] and [3] are [2, 3].
  Tensor tall = counting({2, 1}, 1.0), flat = counting({3}, 1.0);
  EXPECT_EQ(contracted("...,...->...", tall, flat), (V{1, 2, 3, 2, 4, 6}));
  EXPECT_EQ(contracted("...,...->...", flat, tall), (V{1, 2, 3, 2, 4, 6}));
  EXPECT_EQ(contracted("...i,...i->...", counting({1, 3}), batches),
            values(run([](Tensor x, Tensor y) { return sum(x * y, -1); }, counting({1, 3}), batches)));
  EXPECT_EQ(contracted("...,...->...", counting({1}, 3.0), counting({1, 1}, 4.0)), (V{12}));
  // The labels of the spec are no labels of "...".
  EXPECT_EQ(contracted("...A,Ba->...Ba", batches, b), contracted("xyz,pq->xypq", batches, b));
}
// What other libraries have got wrong: a diagonal that is not last, two of them beside a sum, repeats on the left side.
TEST(Contract, OrdersOfLabelsAndRepeats) {
  Tensor x = counting({2, 2, 4});
  EXPECT_EQ(contracted("iij->ij", x), (V{0, 1, 2, 3, 12, 13, 14, 15}));
  EXPECT_EQ(contracted("iij->i", x), (V{6, 54}));
  EXPECT_EQ(contracted("iij,j->ij", x, counting({4})), (V{0, 1, 4, 9, 0, 13, 28, 45}));
  EXPECT_EQ(contracted("tiijj->ij", counting({2, 2, 2, 2, 2})), (V{16, 22, 40, 46}));
  EXPECT_EQ(contracted("i...->i", counting({3, 3, 3})), (V{36, 117, 198}));
  auto shape = [](const char *spec, const Shape &a, const Shape &b) {
    return run([=](Tensor x, Tensor y) { return contract(spec, x, y); }, counting(a), counting(b)).shape();
  };
  EXPECT_EQ(shape("...ij,...jk->...ik", {1, 3, 4}, {2, 4, 5}), (Shape{2, 3, 5}));
  EXPECT_EQ(shape("...ij,...j->...i", {2, 1, 3, 3}, {2, 4, 3}), (Shape{2, 4, 3}));
  EXPECT_EQ(shape("i...k,k...j->i...j", {2, 1, 3}, {3, 2}), (Shape{2, 1, 2}));
  EXPECT_EQ(shape("...,...->...", {1, 2}, {0, 2}), (Shape{0, 2}));
  EXPECT_EQ(contracted("...i,...i->i", counting({1, 2}), counting({0, 2})), (V{0, 0}));
  // The gradient of what is repeated is summed.
  auto f = [](Tensor x, Tensor y) { return grad(contract("...,...->", x, y), y); };
  EXPECT_EQ(values(run(f, Tensor::copy(V{2, 3}, {2}), Tensor::copy(V{2}, {1}))), (V{5}));
  EXPECT_EQ(values(run([](Tensor x, Tensor y) { return grad(sum(contract("i,j->ij", x, y)), y); }, counting({3}, 1.0),
                       counting({4}))),
            (V{6, 6, 6, 6}));
}
TEST(Contract, DerivativesGoThroughDiagonals) {
  // d/dx of sum_i x_ii^2 w_i.
  Tensor x = counting({3, 3}, 1.0), w = counting({3}, 1.0);
  auto f = [](Tensor x, Tensor w) { return contract("ii,ii,i->", x, x, w); };
  auto g = run([=](Tensor x, Tensor w) { return std::pair(grad(f(x, w), x), grad(f(x, w), w)); }, x, w);
  EXPECT_EQ(values(g.first), (V{2, 0, 0, 0, 20, 0, 0, 0, 54}));
  EXPECT_EQ(values(g.second), (V{1, 25, 81}));
  EXPECT_EQ(values(run([=](Tensor x, Tensor w) { return jvp(f(x, w), x, x * 0 + 1.0); }, x, w)),
            (V{2 * (1 + 10 + 27)}));
  // Twice: the Hessian by x has 2 w_i at (ii, ii).
  EXPECT_EQ(values(run([=](Tensor x, Tensor w) { return hvp(f(x, w), x, x * 0 + 1.0); }, x, w)),
            (V{2, 0, 0, 0, 4, 0, 0, 0, 6}));
  // Two diagonals of one cube, against masks.
  auto diagonals = [](Tensor x) { return grad(sum(contract("iij->j", x) * contract("jii->j", x)), x); };
  auto masks = [](Tensor x) {
    Tensor one = eye(2, f64);
    return grad(sum(sum(x * expand(one, 2), {0, 1}) * sum(x * expand(one, 0), {1, 2})), x);
  };
  EXPECT_EQ(values(run(diagonals, counting({2, 2, 2}))), values(run(masks, counting({2, 2, 2}))));
  EXPECT_EQ(values(run([](Tensor x) { return grad(trace(x, 1) * 3.0, x); }, counting({2, 3}))), (V{0, 3, 0, 0, 0, 3}));
  EXPECT_EQ(values(run([](Tensor x) { return grad(sum(diag(x, -1) * eye(3, f64)) + sum(square(diag(x))), x); },
                       counting({2}))),
            (V{0, 2}));
  // An infinity beside the diagonal is none of its numbers.
  Tensor wild = Tensor::copy(V{1, 1.0 / 0.0, -1.0 / 0.0, 4}, {2, 2});
  EXPECT_EQ(contracted("ii->", wild), (V{5}));
  EXPECT_EQ(values(run([](Tensor x) { return grad(trace(square(x)), x); }, Tensor::copy(V{1, 7, 7, 4}, {2, 2}))),
            (V{2, 0, 0, 8}));
}
TEST(Contract, DiagonalsUnderTransforms) {
  Tensor x = counting({3, 2, 2});
  EXPECT_EQ(values(run([](Tensor x) { return vmap([](Tensor m) { return contract("ii->i", m); }, x); }, x)),
            (V{0, 3, 4, 7, 8, 11}));
  EXPECT_EQ(values(run([](Tensor x) { return vmap([](Tensor m) { return grad(trace(square(m)), m); }, x); }, x)),
            (V{0, 0, 0, 6, 8, 0, 0, 14, 16, 0, 0, 22}));
  EXPECT_EQ(values(run([](Tensor x) { return vmap([](Tensor v) { return diag(v); }, x); }, counting({2, 2}))),
            (V{0, 0, 0, 1, 2, 0, 0, 3}));
  auto sums = [](Tensor x) {
    Tensor total = zeros({}, f64);
    scan(total, x, [](Tensor &t, Tensor m) { t = t + trace(m) * trace(m); });
    return std::pair(total, grad(total, x));
  };
  auto [total, g] = run(sums, x);
  EXPECT_EQ(values(total), (V{9 + 121 + 361}));
  EXPECT_EQ(values(g), (V{6, 0, 0, 6, 22, 0, 0, 22, 38, 0, 0, 38}));
  Dim n = dim("n", 1, 9);
  auto fn = jit([](Tensor x) { return std::pair(contract("ii->i", x), diag(contract("ii->i", x), 1)); }, f64({n, n}));
  auto [d, m] = fn(counting({3, 3}));
  EXPECT_EQ(values(d), (V{0, 4, 8}));
  EXPECT_EQ(values(m), (V{0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 8, 0, 0, 0, 0}));
  using C = std::complex<float>;
  Tensor z = run([](Tensor z) { return contract("ii,i->", z, z[0]); },
                 Tensor::copy(std::vector<C>{{1, 2}, {0, 1}, {5, 5}, {2, -1}}, {2, 2}));
  EXPECT_EQ(z.item<C>(), C(1, 2) * C(1, 2) + C(2, -1) * C(0, 1));
}

TEST(Contract, DiagonalDiagTrace) {
  auto of = [](auto f, const Tensor &x) { return values(run(f, x)); };
  Tensor m = counting({2, 3}), v = counting({2}, 1.0), cube = counting({2, 2, 2});
  EXPECT_EQ(of([](Tensor x) { return diagonal(x); }, m), (V{0, 4}));
  EXPECT_EQ(of([](Tensor x) { return diagonal(x, 1); }, m), (V{1, 5}));
  EXPECT_EQ(of([](Tensor x) { return diagonal(x, 2); }, m), (V{2}));
  EXPECT_EQ(of([](Tensor x) { return diagonal(x, -1); }, m), (V{3}));
  EXPECT_EQ(of([](Tensor x) { return diagonal(x, 3); }, m), (V{}));
  EXPECT_EQ(of([](Tensor x) { return diagonal(x); }, cube), (V{0, 3, 4, 7}));
  EXPECT_EQ(of([](Tensor x) { return diagonal(x, 0, 0, 1); }, cube), (V{0, 6, 1, 7}));
  EXPECT_EQ(of([](Tensor x) { return diagonal(x, 1, 2, 0); }, cube), (V{4, 6}));
  EXPECT_EQ(of([](Tensor x) { return diag(x); }, v), (V{1, 0, 0, 2}));
  EXPECT_EQ(of([](Tensor x) { return diag(x, 1); }, v), (V{0, 1, 0, 0, 0, 2, 0, 0, 0}));
  EXPECT_EQ(of([](Tensor x) { return diag(x, -1); }, v), (V{0, 0, 0, 1, 0, 0, 0, 2, 0}));
  EXPECT_EQ(of([](Tensor x) { return diag(x, 1); }, m), (V{1, 5}));
  EXPECT_EQ(of([](Tensor x) { return diag(diag(x)); }, v), (V{1, 2}));
  EXPECT_EQ(of([](Tensor x) { return trace(x); }, m), (V{4}));
  EXPECT_EQ(of([](Tensor x) { return trace(x); }, cube), (V{3, 11}));
  EXPECT_EQ(of([](Tensor x) { return trace(x, -1, 0, 1); }, cube), (V{4, 5}));
  EXPECT_EQ(of([](Tensor x) { return trace(cast(x * 0.0f + 1.0f, bf16)); }, counting<float>({1000, 1000})), (V{1000}));
}

// Products of three in f16: one rounding, though the sum in between is no number of f16.
TEST(Contract, OfSeveralNarrowOperandsRoundsOnce) {
  auto f = [](Tensor x, Tensor y, Tensor z) {
    return contract("ij,kl,m->i", cast(x, f16), cast(y, f16), cast(z, f16));
  };
  Tensor x = Tensor::copy(std::vector<float>{300, 1}, {2, 1}),
         y = Tensor::copy(std::vector<float>{300, 1, 0, 1.5}, {2, 2}),
         z = Tensor::copy(std::vector<float>{0.001f, 0.002f, 0.25f, -0.25f}, {4});
  V found = values(run(f, x, y, z));
  double sum = 302.5 * (0.0010004043579101562 + 0.0020008087158203125); // 0.001 and 0.002 in f16
  EXPECT_NEAR(found[0], 300 * sum, 300 * sum * 0x1p-11);
  EXPECT_NEAR(found[1], sum, sum * 0x1p-11);
}
TEST(Contract, Errors) {
  auto of = [](const char *spec, auto... operands) {
    return errorOf([=](decltype(operands)... x) { return contract(spec, x...); }, operands...);
  };
  auto expect = [](const std::string &text, const char *part) { EXPECT_TRUE(has(text, part)) << text; };
  expect(of("ii->", f32({2, 3})), "contract: label 'i' is 2 and 3 in operand 0, f32 [2, 3]");
  expect(of("bi,ij->bj", f32({4, 64}), f32({128, 10})),
         "contract: label 'i' is 64 in operand 0, f32 [4, 64], and 128 in operand 1, f32 [128, 10]");
  expect(of("i,ii->i", f32({3}), f32({2, 2})), "label 'i' is 3 in operand 0, f32 [3], and 2 in operand 1, f32 [2, 2]");
  expect(of("ij,ij->ij", f32({1, 3}), f32({2, 3})), "label 'i' is 1 in operand 0, f32 [1, 3], and 2 in operand 1, f32 "
                                                    "[2, 3]: size 1 is repeated behind \"...\" alone");
  expect(of("ii->i", f32({1, 3})), "label 'i' is 1 and 3 in operand 0");
  expect(of("...i,...i->...", f32({2, 3}), f32({4, 3})), "a dimension of \"...\" is 2 in operand 0, f32 [2, 3], and 4 "
                                                         "in operand 1, f32 [4, 3]: sizes are compared from the right");
  expect(of("i,i,i->", f16({3}), f16({3}), f32({3})),
         "element types differ: operand 0, f16 [3], and operand 2, f32 [3]");
  expect(of("i->ii", f32({3})), "label 'i' stands twice in the result");
  expect(of("ij->k", f32({3, 3})), "label 'k' of the result is in no operand");
  expect(of("i1->i", f32({3, 3})), "has '1' as a label");
  expect(of("i..->i", f32({3, 3})), "has '.' as a label");
  expect(of("......i->i", f32({3, 3})), "has '.' as a label");
  expect(of("...ijk->i", f32({3, 3})), "\"...ijk\" has 3 labels beside \"...\", operand 0, f32 [3, 3]");
  expect(of("ij->i", f32({3})), "\"ij\" has 2 labels, operand 0, f32 [3]");
  expect(of("ij,jk", f32({3, 3}), f32({3, 3})), "a spec has the form \"bi,ij->bj\"");
  expect(of("ij->i", f32({3, 3}), f32({3, 3})), "names 1 operands, found 2");
  expect(errorOf([](Tensor x) { return diagonal(x); }, f32({3})), "diagonal: expected two axes or more, found f32 [3]");
  expect(errorOf([](Tensor x) { return diagonal(x, 4); }, f32({2, 3})),
         "diagonal: offset 4 lies outside of f32 [2, 3]");
  expect(errorOf([](Tensor x) { return diagonal(x, 0, 1, -1); }, f32({2, 3})), "axis -1 is named twice");
  expect(errorOf([](Tensor x) { return diagonal(x); }, f32({dim("a", 1, 4), dim("b", 1, 4)})),
         "diagonal: which of a and b is smaller is not known of f32 [a, b]");
  expect(errorOf([](Tensor x) { return diag(x); }, f32({2, 2, 2})),
         "diag: expected a vector or a matrix, found f32 [2, 2, 2]");
}
