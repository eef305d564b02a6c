// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The suite `kernels`: maps, rows and reductions that training is made of, forward and adjoint.
#include "bench/Program.h"
#include "bench/Suite.h"
#include <limits>
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

// Beside other libraries.
using List = std::vector<Tensor>;
Tensor layerNorm(Tensor x, Tensor g, Tensor b) {
  Tensor centred = x - mean(x, -1, keep);
  return centred * rsqrt(mean(square(centred), -1, keep) + 1e-5f) * g + b;
}
List normAdjoint(Tensor x, Tensor g, Tensor b, Tensor c) { return vjp(layerNorm(x, g, b), List{x, g, b}, c); }
List geluAdjoint(Tensor x, Tensor c) { return vjp(gelu(x), List{x}, c); }
Tensor attention(Tensor q, Tensor k, Tensor v, bool causal) {
  Tensor scores = contract("hid,hjd->hij", q, k) * 0.125f, place = iota(q.dim(1));
  if (causal)
    scores = select(expand(place, {1}) >= place, scores, -std::numeric_limits<float>::infinity());
  return contract("hij,hjd->hid", softmax(scores), v);
}
/// Windows of a picture written with slices.
Tensor window(Tensor x, int64_t i, int64_t j, int64_t height, int64_t width, int64_t step = 1) {
  return slice(slice(x, 0, i, i + (height - 1) * step + 1, step), 1, j, j + (width - 1) * step + 1, step);
}
Tensor gaussian(Tensor x) {
  const float taps[] = {1.0f / 16, 4.0f / 16, 6.0f / 16, 4.0f / 16, 1.0f / 16};
  int64_t h = x.dim(0).value() - 4, w = x.dim(1).value() - 4;
  Tensor y, z;
  for (int i = 0; i < 5; ++i) {
    Tensor part = window(x, i, 0, h, w + 4) * taps[i];
    y = i ? y + part : part;
  }
  for (int i = 0; i < 5; ++i) {
    Tensor part = window(y, 0, i, h, w) * taps[i];
    z = i ? z + part : part;
  }
  return z;
}
template <class F> Tensor windows(Tensor x, int64_t size, int64_t step, F combine) {
  int64_t h = (x.dim(0).value() - size) / step + 1, w = (x.dim(1).value() - size) / step + 1;
  Tensor y;
  for (int64_t i = 0; i < size; ++i)
    for (int64_t j = 0; j < size; ++j) {
      Tensor part = window(x, i, j, h, w, step);
      y = i + j ? combine(y, part) : part;
    }
  return y;
}
List haar(Tensor x) {
  int64_t h = x.dim(0).value() / 2, w = x.dim(1).value() / 2;
  Tensor a = window(x, 0, 0, h, w, 2), b = window(x, 0, 1, h, w, 2), c = window(x, 1, 0, h, w, 2),
         d = window(x, 1, 1, h, w, 2);
  return {(a + b + c + d) * 0.5f, (a - b + c - d) * 0.5f, (a + b - c - d) * 0.5f, (a - b - c + d) * 0.5f};
}
auto larger = [](Tensor a, Tensor b) { return maximum(a, b); };
auto added = [](Tensor a, Tensor b) { return a + b; };

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
  auto spectrum = [](Tensor x) { return as_real(rfft(x)); };
  add("rfft/4096", 4096.0, 20, [=] { return trace_ir(spectrum, f32({4096})); });
  add("rfft/64x4096", 64 * 4096.0, 20, [=] { return trace_ir(spectrum, f32({64, 4096})); });
  add("rfft/64x1000", 64 * 1000.0, 20, [=] { return trace_ir(spectrum, f32({64, 1000})); });
  add("sort/1000000", 1e6, 40, [] { return trace_ir([](Tensor x) { return sort(x).values; }, f32({1000000})); });
  add("variance_of_rows/8192x768", 8192.0 * columns, 0.5, [] { return trace_ir(variance, f32({8192, columns})); });

  // Rows that bench/peers/ has too.
  const Tensor big = f32({4096, 1024});
  auto indexed = [&](std::string name, double elements, double most, int64_t below, std::function<std::string()> text) {
    add(name, elements, most, text);
    all.back().ours = [=] { return makeProgram(text(), elements, 1, 1, -1, below); };
  };
  auto scattered = [&](std::string name, int64_t into, auto f) {
    indexed(name, 8192.0 * 256, 4, into,
            [=] { return trace_ir([=](Tensor i, Tensor g) { return f(g, i, into); }, i32({8192}), f32({8192, 256})); });
  };
  auto scatterAdd = [](Tensor g, Tensor i, int64_t into) { return scatter_add(zeros({into, 256}), i, g); };
  scattered("scatter_add/8192_into_5000x256", 5000, scatterAdd);
  scattered("scatter_add/8192_into_50000x256", 50000, scatterAdd);
  scattered("scatter_max/8192_into_5000x256", 5000,
            [](Tensor g, Tensor i, int64_t into) { return scatter_max(zeros({into, 256}), i, g); });
  indexed("take/8192_of_50000x256", 8192.0 * 256, 2, 50000,
          [] { return trace_ir([](Tensor t, Tensor i) { return take(t, i); }, f32({50000, 256}), i32({8192})); });
  indexed("take/65536_of_5000x8", 65536.0 * 8, 2, 5000,
          [] { return trace_ir([](Tensor t, Tensor i) { return take(t, i); }, f32({5000, 8}), i32({65536})); });
  add("transpose/2048x2048", square, 2,
      [] { return trace_ir([](Tensor x) { return transpose(x); }, f32({2048, 2048})); });
  add("softmax/4096x1024", 4e6, 1, [=] { return trace_ir(rowSoftmax, big); });
  add("layernorm/4096x1024", 4096.0 * 1024, 1, [=] { return trace_ir(layerNorm, big, f32({1024}), f32({1024})); });
  add("layernorm/4096x1024/adjoint", 4096.0 * 1024, 2,
      [=] { return trace_ir(normAdjoint, big, f32({1024}), f32({1024}), big); });
  add("gelu/4096x1024", 4096.0 * 1024, 1, [=] { return trace_ir([](Tensor x) { return gelu(x); }, big); });
  add("gelu/4096x1024/adjoint", 4096.0 * 1024, 2, [=] { return trace_ir(geluAdjoint, big, big); });
  for (bool causal : {false, true}) {
    std::string name = causal ? "attention/causal_8x1024x64" : "attention/full_8x1024x64";
    Tensor q = f32({8, 1024, 64});
    add(name, 8.0 * 1024 * 1024, 4,
        [=] { return trace_ir([=](Tensor q, Tensor k, Tensor v) { return attention(q, k, v, causal); }, q, q, q); });
    add(name + "/adjoint", 8.0 * 1024 * 1024, 16, [=] {
      return trace_ir(
          [=](Tensor q, Tensor k, Tensor v, Tensor c) { return vjp(attention(q, k, v, causal), List{q, k, v}, c); }, q,
          q, q, q);
    });
  }
  add("matmul/1024", 1024.0 * 1024, 40,
      [] { return trace_ir([](Tensor x, Tensor y) { return matmul(x, y); }, f32({1024, 1024}), f32({1024, 1024})); });
  add("matmul_bf16/1024", 1024.0 * 1024, 40,
      [] { return trace_ir([](Tensor x, Tensor y) { return matmul(x, y); }, bf16({1024, 1024}), bf16({1024, 1024})); });
  const Tensor picture = f32({1024, 1024});
  add("gaussian_5x5/1024x1024", 1024.0 * 1024, 2, [=] { return trace_ir(gaussian, picture); });
  add("window_max_3x3/1024x1024", 1024.0 * 1024, 2,
      [=] { return trace_ir([](Tensor x) { return windows(x, 3, 1, larger); }, picture); });
  add("window_mean_3x3/1024x1024", 1024.0 * 1024, 2,
      [=] { return trace_ir([](Tensor x) { return windows(x, 3, 1, added) * (1.0f / 9); }, picture); });
  add("max_pool_2x2/2048x2048", square, 1,
      [] { return trace_ir([](Tensor x) { return windows(x, 2, 2, larger); }, f32({2048, 2048})); });
  add("haar/1024x1024", 1024.0 * 1024, 2, [=] { return trace_ir(haar, picture); });
  add("cumsum/rows_4096x1024", 4096.0 * 1024, 2, [=] { return trace_ir([](Tensor x) { return cumsum(x, 1); }, big); });
  add("cumsum/columns_4096x1024", 4096.0 * 1024, 2,
      [=] { return trace_ir([](Tensor x) { return cumsum(x, 0); }, big); });
  for (auto [kind, dtype] : {std::pair("f32", f32), {"f64", f64}, {"bf16", bf16}, {"i32", i32}})
    for (int which = 0; which < 3; ++which) {
      Shape shape = which == 2 ? Shape{64, 64, 1024} : Shape{4096, 1024};
      int64_t axis = which != 0;
      std::string place = which == 0 ? "/columns_4096x1024" : which == 1 ? "/rows_4096x1024" : "/middle_64x64x1024";
      auto reduced = [&](std::string name, auto f) {
        indexed(name + "_" + kind + place, 4096.0 * 1024, 2, 5,
                [=, dtype = dtype] { return trace_ir([=](Tensor x) { return f(x, axis); }, dtype(shape)); });
      };
      reduced("sum", [](Tensor x, int64_t axis) { return sum(x, axis); });
      reduced("max", [](Tensor x, int64_t axis) { return max(x, axis); });
      reduced("argmax", [](Tensor x, int64_t axis) { return argmax(x, axis); });
      reduced("prod", [](Tensor x, int64_t axis) { return prod(x, axis); });
    }

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
