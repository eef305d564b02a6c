// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The suite `kernels`: maps, rows and reductions that training is made of, forward and adjoint.
#include "bench/Program.h"
#include "bench/Suite.h"
#include <weft/weft.h>

using namespace weft;
namespace weft::bench {
namespace {
constexpr int64_t rows = 512, columns = 768;
Tensor transposedSum(Tensor x, Tensor y) { return transpose(x) + y; }
Tensor plainSum(Tensor x, Tensor y) { return x + y; }
Tensor causal(Tensor x) {
  Tensor place = iota(x.dim(-1)), seen = expand(place, {1}) >= place;
  return softmax(select(seen, x, -1e9f));
}
Tensor rowSoftmax(Tensor x) { return softmax(x); }
Tensor rmsNorm(Tensor x, Tensor g) { return x * rsqrt(mean(square(x), -1, keep) + 1e-5f) * g; }
Tensor lossOf(Tensor x, Tensor labels) { return cross_entropy(x, labels); }
Tensor biases(Tensor x) { return sum(x, 0); }
Tensor variance(Tensor x) { return mean(square(x), 0) - square(mean(x, 0)); }

// Reductions of broadcasts that no memory holds.
struct Codes {
  Tensor x, codes;
};
struct Query {
  Tensor q, k, v;
};
struct Poles {
  Tensor z, weights, poles;
};
Tensor nearness(const Codes &c) { return sum(exp(-square(expand(c.x, {2}) - c.codes)), 2); }        // [B,n,V]
Tensor additive(const Query &a) { return sum(tanh(expand(a.q, {2}) + expand(a.k, {1})) * a.v, 3); } // [B,T,n,H]
Tensor cauchy(const Poles &p) {
  return sum(expand(p.weights, {1}) / (expand(p.z, {1}) - expand(p.poles, {1})), 2);
} // [H,L,N]

template <class S, class F> Tensor lossFor(F f, const S &s, Tensor g) { return sum(f(s) * g); }
} // namespace

std::vector<Row> kernelsSuite() {
  std::vector<Row> all;
  auto add = [&](std::string name, double elements, double most, std::function<std::string()> text) {
    all.push_back(
        {std::move(name), "ns per element", most, true, [=] { return makeProgram(text(), elements); }, {}, {}});
    all.back().perElement = true;
  };
  const double norm = double(rows * columns), square = 2048.0 * 2048;
  const Tensor x = f32({rows, columns});
  add("add/2048x2048", square, 2, [] { return trace_ir(plainSum, f32({2048, 2048}), f32({2048, 2048})); });
  add("transposed_add/2048x2048", square, 2,
      [] { return trace_ir(transposedSum, f32({2048, 2048}), f32({2048, 2048})); });
  add("transposed_add/2000x2000", 4e6, 2, [] { return trace_ir(transposedSum, f32({2000, 2000}), f32({2000, 2000})); });
  add("softmax/512x768", norm, 0.5, [=] { return trace_ir(rowSoftmax, x); });
  add("softmax/transposed_768x512", norm, 1,
      [] { return trace_ir([](Tensor x) { return softmax(transpose(x)); }, f32({columns, rows})); });
  add("softmax/adjoint", norm, 1,
      [=] { return trace_ir([](Tensor x, Tensor g) { return grad(sum(softmax(x) * g), x); }, x, x); });
  add("softmax/causal_64x128x128", 64.0 * 128 * 128, 1, [] { return trace_ir(causal, f32({64, 128, 128})); });
  add("layernorm/adjoint", norm, 1, [=] {
    return trace_ir([](const nn::LayerNorm &n, Tensor x, Tensor g) { return grad(sum(n(x) * g), x); },
                    nn::LayerNorm(columns), x, x);
  });
  add("rmsnorm/adjoint", norm, 1, [=] {
    return trace_ir([](Tensor s, Tensor x, Tensor g) { return grad(sum(rmsNorm(x, s) * g), x); }, f32({columns}), x, x);
  });
  add("cross_entropy/adjoint", norm, 1,
      [=] { return trace_ir([](Tensor x, Tensor labels) { return grad(lossOf(x, labels), x); }, x, i32({rows})); });
  add("sum_of_rows/8192x768", 8192.0 * columns, 0.5, [] { return trace_ir(biases, f32({8192, columns})); });
  // Of a long row a selection reads each element once; a sort by digits goes through it a few times.
  add("top_k/64_of_1000000", 1e6, 0.6,
      [] { return trace_ir([](Tensor x) { return top_k(x, 64).values; }, f32({1000000})); });
  add("top_k/50000_of_1000000", 1e6, 20,
      [] { return trace_ir([](Tensor x) { return top_k(x, 50000).values; }, f32({1000000})); });
  add("top_k/rows_9_of_1024", 512.0 * 1024, 4,
      [] { return trace_ir([](Tensor x) { return top_k(x, 9).values; }, f32({512, 1024})); });
  add("sort/1000000", 1e6, 40, [] { return trace_ir([](Tensor x) { return sort(x).values; }, f32({1000000})); });
  add("variance_of_rows/8192x768", 8192.0 * columns, 0.5, [] { return trace_ir(variance, f32({8192, columns})); });

  auto both = [&](std::string name, double elements, double most, auto f, auto shapes, Tensor weight) {
    add(name, elements, most, [=] { return trace_ir(f, shapes); });
    add(name + "/adjoint", elements, 4 * most, [=] {
      return trace_ir([f](const decltype(shapes) &s, Tensor g) { return grad(lossFor(f, s, g), s); }, shapes, weight);
    });
  };
  both("codebooks/64x32x512", 64.0 * 32 * 512, 1, nearness, Codes{f32({64, 32}), f32({32, 512})}, f32({64, 32}));
  both("additive_attention/4x64x64x128", 4.0 * 64 * 64 * 128, 2, additive,
       Query{f32({4, 64, 128}), f32({4, 64, 128}), f32({128})}, f32({4, 64, 64}));
  both("cauchy/16x1024x64", 16.0 * 1024 * 64, 1, cauchy, Poles{f32({1024}), f32({16, 64}), f32({16, 64})},
       f32({16, 1024}));
  add("cauchy/complex", 16.0 * 1024 * 64, 8,
      [] { return trace_ir(cauchy, Poles{c64({1024}), c64({16, 64}), c64({16, 64})}); });
  add("cauchy/complex/adjoint", 16.0 * 1024 * 64, 32, [] {
    return trace_ir([](const Poles &p, Tensor g) { return grad(sum(real(cauchy(p) * g)), p); },
                    Poles{c64({1024}), c64({16, 64}), c64({16, 64})}, c64({16, 1024}));
  });
  return all;
}
} // namespace weft::bench
