// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What tracing makes of programs: lines, errors in full, canonical order.
#include "Models.h"
#include <gtest/gtest.h>

using namespace weft;

/// The text of the error that tracing f gives.
template <class F, class... S> static std::string errorOf(F f, const S &...specs) {
  try {
    trace_ir(f, specs...);
  } catch (const Error &e) {
    return e.what();
  }
  return "no error";
}
static bool has(const std::string &text, const std::string &part) { return text.find(part) != std::string::npos; }

TEST(Trace, TrainingStep) {
  models::State s;
  std::string ir = trace_ir(models::step, s, f32({64, 64}), i32({64}));
  EXPECT_TRUE(has(ir, "weft.name = \"net.hidden.w\"")) << ir;
  EXPECT_TRUE(has(ir, "weft.name = \"opt.v.head.b\"")) << ir;
  EXPECT_TRUE(has(ir, "weft.cross_entropy")) << ir;
  EXPECT_TRUE(has(ir, "weft.grad of")) << ir;
}

TEST(Trace, BoundedDimensionsCarryThrough) {
  auto f = [](Tensor x) { return reshape(concat({x, x}, 0), {-1, 2, 32}); };
  Dim B = dim("B", 1, 512);
  Tensor y = shape_of(f, f32({B, 64}));
  EXPECT_EQ(str(y.shape()), str(Shape{B * 2, 2, 32}));
  EXPECT_TRUE(y.shape()[0] == B * 2);
}

TEST(Trace, DeadCodeGoesAndOrderFollowsTheOutputs) {
  auto f = [](Tensor x) {
    Tensor unused = exp(x), late = cos(x), early = sin(x);
    return early + late;
  };
  std::string ir = trace_ir(f, f32({4}));
  EXPECT_FALSE(has(ir, "weft.exp"));
  EXPECT_LT(ir.find("weft.sin"), ir.find("weft.cos"));
}

// ---- lines: each statement is where #line says
#line 100 "user/lines.cpp"
static Tensor badAdd(Tensor a, Tensor b) {
  Tensor c = tanh(a);
  return c + b;
}
static Tensor badUnary(Tensor a) { return -(a < 0); }
static Tensor badNamed(Tensor a) { return reshape(a, {3, 3}); }
static Tensor badIndex(Tensor a) { return a[7]; }
static Tensor badCompound(Tensor a, Tensor b) {
  a += 1;
  a *= b;
  return a;
}
static Tensor badLayer(const models::Classifier &net, Tensor x) {
  Tensor h = net.hidden(x);
  return net.hidden(h);
}
#line 66 "TraceTest.cpp"
TEST(Errors, OperatorsTakeTheRightOperandsLine) {
  EXPECT_EQ(errorOf(badAdd, f32({2, 3}), f32({4})), "lines.cpp:102: add: shapes do not broadcast: lhs [2, 3] and rhs "
                                                    "[4]: sizes are compared from the right and must be equal, or 1\n"
                                                    "  lhs is f32 [2, 3], made at lines.cpp:101\n"
                                                    "  rhs is f32 [4], argument arg1");
  EXPECT_TRUE(has(errorOf(badUnary, f32({2})), "lines.cpp:104: neg: "));
  EXPECT_TRUE(has(errorOf(badIndex, f32({2})), "lines.cpp:106: operator[]: index 7 is outside of f32 [2]"));
  EXPECT_TRUE(has(errorOf(badCompound, f32({2}), f32({3})), "lines.cpp:109: mul: shapes do not broadcast"));
  EXPECT_TRUE(has(errorOf(badCompound, f32({2}), f32({3})), "lhs is f32 [2], made at lines.cpp:108"));
}
TEST(Errors, LayersHandOnTheirCallersLine) {
  EXPECT_EQ(errorOf(badLayer, models::Classifier{}, f32({5, 64})),
            "lines.cpp:114: linear: the last dimension must be 64, found f32 [5, 128]\n"
            "  input is f32 [5, 128], made at lines.cpp:113 by hidden\n"
            "  w is f32 [64, 128], argument hidden.w");
}
TEST(Errors, RulesOfTheDialectSpeakWithTheUsersLine) {
  std::string text = errorOf(badNamed, f32({2, 4}));
  EXPECT_TRUE(has(text, "lines.cpp:105: reshape: ")) << text;
  EXPECT_TRUE(has(text, "operand is f32 [2, 4], argument arg0")) << text;
  text = errorOf([](Tensor a, Tensor b) { return matmul(a, b); }, f32({dim("B", 1, 8), 64}), f32({128, 10}));
  EXPECT_TRUE(has(text, "matmul: inner dimensions differ: lhs [B, 64] and rhs [128, 10]")) << text;
  text = errorOf([](Tensor a, Tensor b) { return contract("bi,ij->bj", a, b); }, f32({4, 64}), f32({128, 10}));
  EXPECT_TRUE(has(text, "contract: ")) << text;
  text = errorOf([](Tensor a, Tensor i) { return take(a, i); }, f32({4}), f32({2}));
  EXPECT_TRUE(has(text, "take: ")) << text;
  EXPECT_TRUE(has(errorOf([](Tensor x) { return cumsum(x, 2); }, f32({4, 3})), "cumsum: axis 2 "));
  EXPECT_TRUE(has(errorOf([](Tensor x) { return cumsum(x > 0, 0); }, f32({4})), "cumsum"));
  EXPECT_TRUE(has(errorOf([](Tensor x) { return sort(x, -2).values; }, f32({4})), "sort: axis -2 "));
  EXPECT_TRUE(has(errorOf([](Tensor x) { return argsort(x); }, c64({4})), "sort"));
}

TEST(Errors, ElementTypesNeverPromote) {
  EXPECT_TRUE(
      has(errorOf([](Tensor a, Tensor b) { return a + b; }, f32({2}), f64({2})),
          "add: element types differ: lhs f32 [2] and rhs f64 [2]: tensors never promote; write cast(lhs, f64)\n"));
  EXPECT_TRUE(has(errorOf([](Tensor a) { return a * 0.5; }, i32({2})),
                  "mul: the number 0.5 is no i32: write cast(x, f32) for the other side"));
  EXPECT_EQ(errorOf([](Tensor a) { return a * 0.5; }, bf16({2})), "no error");
  EXPECT_EQ(shape_of([](Tensor a) { return 1 + a * 0.5; }, f64({2})).str(), "f64 [2]");
}

TEST(Errors, NoCaptureByAccident) {
  models::Classifier net;
  initialize(net, Key(0));
  EXPECT_TRUE(has(errorOf([&](Tensor x) { return net(x); }, f32({4, 64})),
                  "is a concrete tensor, f32 [64, 128], that is no argument of the traced function: pass it (or the "
                  "model that holds it), or write constant(x)"));
  EXPECT_EQ(errorOf([&](Tensor x) { return x + constant(net.head.b); }, f32({4, 10})), "no error");
  Tensor seen;
  auto peek = [&](Tensor x) {
    seen = exp(x);
    return tanh(x);
  };
  EXPECT_EQ(errorOf(peek, f32({4})), "no error");
  EXPECT_TRUE(has(errorOf([&](Tensor x) { return x + seen; }, f32({4})),
                  "add: rhs is a value of another trace, which is finished"));
  EXPECT_TRUE(has(errorOf([](Tensor x) { return x + Tensor(); }, f32({4})), "add: rhs is empty"));
}

struct Pair {
  Tensor a, b;
  Buffer n{i32({})};
};
TEST(Errors, Gradients) {
  Pair p{f32({2}), f32({2})};
  EXPECT_TRUE(has(errorOf([](Pair p) { return grad(sum(p.a), p).a; }, p), "no error"));
  std::string ir = trace_ir([](Pair p) { return grad(sum(p.a * p.a), p).b; }, p);
  EXPECT_TRUE(has(ir, "dense<0.0")) << "a leaf without a path gets zeros\n" << ir;
  EXPECT_TRUE(shape_of([](Pair p) { return grad(sum(p.a), p); }, p).n.empty());
  std::string text = errorOf(
      [](Pair p) {
        Tensor y = sum(p.a);
        p.a = p.a * 2;
        return grad(y, p.a);
      },
      p);
  EXPECT_TRUE(has(text, "grad: no path leads from y to the value: y does not depend on the values held now")) << text;
  EXPECT_TRUE(has(text, "the value asked for is f32 [2], made at TraceTest.cpp:")) << text;
  EXPECT_TRUE(has(errorOf([](Pair p) { return grad(p.a, p.a); }, p), "grad: y must be a scalar, found f32 [2]"));
  EXPECT_TRUE(has(errorOf([](Pair p) { return grad(sum(stop_gradient(p.a)), p.a); }, p), "grad: no path"));
  text = errorOf([](Tensor x) { return grad(sum(cast(argmax(x, 0), f32) * 2), x); }, f32({4}));
  EXPECT_TRUE(
      has(text, "grad: no path leads from y to the value: something on the way has no derivative; where that is meant, "
                "write missing::zeros"))
      << text;
  EXPECT_TRUE(has(text, "y depends on it through argmax at TraceTest.cpp:" + std::to_string(__LINE__ - 5) +
                            ", which has no derivative"))
      << text;
  text = errorOf([](Tensor x) { return grad(sum(stop_gradient(exp(x))), x); }, f32({4}));
  EXPECT_TRUE(has(text, "through stop_gradient at TraceTest.cpp:")) << text;
  text = errorOf([](Tensor x) { return jvp(cast(round(x) > 0, f32), x, x); }, f32({4}));
  EXPECT_TRUE(has(text, "jvp: no path leads from y to x: something on the way has no derivative")) << text;
  EXPECT_TRUE(has(text, "through compare at TraceTest.cpp:")) << text;
  EXPECT_TRUE(has(errorOf([](Tensor x) { return jvp(exp(x), x, x[0]); }, f32({4})), "jvp: the tangent"));
}

TEST(Trace, DerivativesWithoutAPathAreZerosWhereThatIsSaid) {
  Pair p{f32({2}), f32({2})};
  auto isZero = [](const std::string &ir) { return has(ir, "dense<0.0") && !has(ir, "weft.grad"); };
  std::string ir = trace_ir([](Pair p) { return grad(sum(stop_gradient(p.a)), p.a, missing::zeros); }, p);
  EXPECT_TRUE(isZero(ir)) << ir;
  ir = trace_ir([](Tensor x) { return vjp(cast(argmax(x, 0), f32), x, full({}, 1.f), missing::zeros); }, f32({4}));
  EXPECT_TRUE(isZero(ir)) << ir;
  ir = trace_ir([](Tensor x) { return jvp(cast(x > 0, f32), x, x, missing::zeros); }, f32({4}));
  EXPECT_TRUE(isZero(ir) && !has(ir, "weft.tangent")) << ir;
  // Where there is a path it changes nothing.
  auto with = [](Pair p) { return grad(sum(p.a * p.a), p.a, missing::zeros); };
  auto without = [](Pair p) { return grad(sum(p.a * p.a), p.a); };
  EXPECT_EQ(has(trace_ir(with, p), "weft.grad"), has(trace_ir(without, p), "weft.grad"));
}

TEST(Errors, TablesOfLossesAreAWarning) {
  auto warnings = [&](auto f, auto... specs) {
    testing::internal::CaptureStderr();
    trace_ir(f, specs...);
    return testing::internal::GetCapturedStderr();
  };
  auto loss = [](Tensor x, Tensor y) { return mse(x, y); };
  std::string text = warnings(loss, f32({8, 1}), f32({8}));
  EXPECT_TRUE(has(text,
                  "warning: mse: f32 [8, 1] and f32 [8] broadcast to [8, 8], each prediction against each target: "
                  "where a row has one of each, write squeeze(x, 1) or expand(y, 1)"))
      << text;
  EXPECT_TRUE(has(text, "TraceTest.cpp:" + std::to_string(__LINE__ - 6))) << text;
  for (auto [x, y] : {std::pair{f32({8, 1}), f32({8, 1})}, {f32({8, 3}), f32({3})}, {f32({8}), f32({})}})
    EXPECT_EQ(warnings(loss, x, y), "");
}

TEST(Errors, OlderValueOfALeafIsAWarning) {
  Pair p{f32({2}), f32({2})};
  auto warnings = [&](auto f) {
    testing::internal::CaptureStderr();
    trace_ir(f, p);
    return testing::internal::GetCapturedStderr();
  };
  std::string text = warnings([](Pair p) {
    Tensor y = sum(p.a * p.b);
    p.a = p.a * 2;
    return grad(y, p);
  });
  EXPECT_TRUE(has(text, "TraceTest.cpp:" + std::to_string(__LINE__ - 2) +
                            ": warning: grad: y depends on an older value of a, not on the one that it holds now, f32 "
                            "[2], made at TraceTest.cpp:"))
      << text;
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1) << "b holds what y was made of\n" << text;
  // Nothing to warn of: y was made after the assignment, or never depended on the leaf.
  EXPECT_EQ(warnings([](Pair p) {
              p.a = p.a * 2;
              return grad(sum(p.a * p.b), p);
            }),
            "");
  EXPECT_EQ(warnings([](Pair p) {
              Tensor y = sum(p.b);
              p.a = p.a * 2;
              return grad(y, p);
            }),
            "");
  // In the body of a loop the older value is the carry at the start of the step.
  text = warnings([](Pair p) {
    scan(p, zeros({3}), [](Pair &c, Tensor) {
      Tensor y = sum(c.a * c.b);
      c.a = c.a - 0.5f;
      Pair g = grad(y, c);
      c.b = c.b - g.b + g.a;
    });
    return p;
  });
  EXPECT_TRUE(has(text, "an older value of a")) << text;
  // Compiled, it is among the remarks.
  auto f = jit([](Pair p) {
    Tensor y = sum(p.a * p.b);
    p.a = p.a * 2;
    return grad(y, p).b;
  });
  testing::internal::CaptureStderr();
  f(Pair{Tensor::copy({1.f, 2.f}, {2}), Tensor::copy({1.f, 2.f}, {2}), Tensor::copy({1}, {})});
  testing::internal::GetCapturedStderr();
  EXPECT_TRUE(has(f.remarks(), "warning: grad: y depends on an older value of a")) << f.remarks();
}

TEST(Errors, StateKeepsShapeAndType) {
  Pair p{f32({2}), f32({2})};
  std::string text = errorOf([](Pair &p) { p.a = concat({p.a, p.b}, 0); }, p);
  EXPECT_TRUE(has(text, "state leaf a keeps its element type and shape: expected f32 [2], found f32 [4]")) << text;
  EXPECT_TRUE(has(text, "TraceTest.cpp:")) << text;
  struct Grows {
    std::vector<Tensor> list;
  } g{{f32({2})}};
  EXPECT_TRUE(has(errorOf([](Grows &g) { g.list.push_back(g.list[0]); }, g),
                  "a step may assign leaves, not change the structure"));
  EXPECT_TRUE(
      has(errorOf([](Pair &p) { p.a = Tensor(); }, p), "state leaf a is f32 [2] before the call and empty after it"));
}

TEST(Errors, CustomVjpKeepsItsValues) {
  Tensor leaked;
  auto f = [&](Tensor x) {
    Tensor y = custom_vjp(
        [&](Tensor x) {
          leaked = exp(x);
          return leaked;
        },
        [](Tensor x, Tensor dy) { return dy * x; }, x);
    return y + leaked;
  };
  std::string text = errorOf(f, f32({2}));
  EXPECT_TRUE(has(text, "add: rhs was made inside custom_vjp")) << text;
  auto good = [](Tensor x) {
    Tensor y = custom_vjp([](Tensor x) { return exp(x); }, [](Tensor x, Tensor dy) { return dy * clamp(x, -1, 1); }, x);
    return grad(sum(y), x);
  };
  std::string ir = trace_ir(good, f32({2}));
  EXPECT_TRUE(has(ir, "weft.custom_vjp")) << ir;
  EXPECT_TRUE(has(errorOf(
                      [](Tensor x) {
                        return custom_vjp([](Tensor x) { return exp(x); }, [](Tensor, Tensor dy) { return sum(dy); },
                                          x);
                      },
                      f32({2})),
                  "custom_vjp: the gradient of an input has its type, expected f32 [2], found f32 []"));
}

TEST(Errors, OptimiserGroups) {
  models::Classifier net;
  using Opt = optim::AdamW<models::Classifier>;
  try {
    Opt opt(net, {}, {{"head.*|tail.*", {}}});
    FAIL();
  } catch (const Error &e) {
    EXPECT_EQ(e.message(), "optimiser: no trained leaf matches \"tail.*\"");
    EXPECT_EQ(e.notes()[0], "there is hidden.w");
  }
}

TEST(Trace, DropoutNoiseFollowsThePath) {
  struct Net {
    nn::Dropout one{0.5f}, two{0.5f};
    Key key{};
  };
  auto f = [](Net &n, Tensor x) {
    Mode m = training(n.key);
    Tensor a = n.two(x, m), b = n.one(x, m);
    return b + a;
  };
  auto evaluated = [](Net &n, Tensor x) { return n.one(n.two(x, {}), {}); };
  std::string ir = trace_ir(f, Net{}, f32({8}));
  EXPECT_TRUE(has(ir, std::to_string(detail::hashOf("one") & 0x7fffffff))) << ir;
  EXPECT_TRUE(has(ir, std::to_string(detail::hashOf("two") & 0x7fffffff))) << ir;
  EXPECT_FALSE(has(trace_ir(evaluated, Net{}, f32({8})), "random"));
}

TEST(Trace, ContractionsOfSeveralOperandsGoInPairs) {
  std::string ir = trace_ir([](Tensor a, Tensor b, Tensor c) { return contract("qnd,nd,q->n", a, b, c); },
                            f32({3, 5, 2}), f32({5, 2}), f32({3}));
  EXPECT_TRUE(has(ir, "\"qnd,nd->qn\"")) << ir;
  EXPECT_TRUE(has(ir, "\"qn,q->n\"")) << ir;
  Tensor y = shape_of([](Tensor q, Tensor i) { return pick(q, i, 1); }, f32({8, 10}), i32({dim("B", 1, 9), 8}));
  EXPECT_EQ(y.str(), "f32 [B, 8]");
  y = shape_of([](Tensor p, Tensor c) { return pick(p, c, 1); }, f32({4, 7, 2}), i32({4}));
  EXPECT_EQ(y.str(), "f32 [4, 2]");
}
