// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The suite `floors`: single kernels and calls, written as a user writes them.
#include "bench/Peers.h"
#include "bench/Program.h"
#include "bench/Suite.h"
#include <weft/weft.h>

using namespace weft;
namespace weft::bench {
namespace {
Tensor product(Tensor x, Tensor w) { return matmul(x, w); }
Tensor productOfTransposedRight(Tensor x, Tensor w) {
  return contract("mk,nk->mn", x, w);
} // the gradient of a layer's input
Tensor productOfTransposedLeft(Tensor x, Tensor w) {
  return contract("km,kn->mn", x, w);
} // the gradient of its weights
Tensor chain(Tensor x) { return minimum(maximum(abs(x * 1.5f + 0.25f) - 0.5f, -1.0f), 1.0f); }
Tensor rowSoftmax(Tensor x) { return softmax(x, -1); }
Tensor rowNorm(const nn::LayerNorm &norm, Tensor x) { return norm(x); }
Tensor rms(Tensor x, Tensor g) { return x * rsqrt(mean(square(x), -1, keep) + 1e-5f) * g; }
struct Weights {
  Param w{10000000};
};
struct Optimised {
  Weights net;
  optim::AdamW<Weights> opt{net, {.lr = 1e-3f}};
};
Tensor update(Optimised &s, Tensor g) {
  Weights gradient;
  gradient.w = g;
  s.opt.update(s.net, gradient);
  return sum(slice(g, 0, 0, 1));
}
Tensor tiny(Tensor x) { return x + 1.0f; }

Row contraction(int64_t m, int64_t k, int64_t n, double floor) {
  return {"contract_f32/" + std::to_string(m) + "x" + std::to_string(k) + "x" + std::to_string(n) + "/plain",
          "of fma_f32",
          floor,
          false,
          [=] { return makeProgram(trace_ir(product, f32({m, k}), f32({k, n})), 2.0 * double(m * k * n)); },
          Probe::fma,
          [=] { return peerMatmul(m, k, n, true); }};
}
/// The same with the right operand laid out before, as Fn::bind lays out the weights of a model.
Row prepared(int64_t m, int64_t k, int64_t n) {
  return {"contract_f32/" + std::to_string(m) + "x" + std::to_string(k) + "x" + std::to_string(n) + "/packed",
          "of fma_f32",
          0.85,
          false,
          [=] { return makeProgram(trace_ir(product, f32({m, k}), f32({k, n})), 2.0 * double(m * k * n), 1, 1, 1); },
          Probe::fma,
          [=] { return peerMatmul(m, k, n, true); }};
}
/// Operands and result of bf16, sums of f32; its peer is our own product of f32.
Row narrow(int64_t m, int64_t k, int64_t n) {
  double work = 2.0 * double(m * k * n);
  return {"contract_bf16/" + std::to_string(m) + "x" + std::to_string(k) + "x" + std::to_string(n),
          "of our f32",
          1.7,
          false,
          [=] { return makeProgram(trace_ir(product, bf16({m, k}), bf16({k, n})), work); },
          {},
          [=] { return makeProgram(trace_ir(product, f32({m, k}), f32({k, n})), work); }};
}
Row transposed(const char *form, Tensor (*f)(Tensor, Tensor), std::initializer_list<Dim> x,
               std::initializer_list<Dim> w) {
  return {std::string("contract_f32/128x768x3072/") + form,
          "of fma_f32",
          0.75,
          false,
          [=, a = f32(x), b = f32(w)] { return makeProgram(trace_ir(f, a, b), 2.0 * 128 * 768 * 3072); },
          Probe::fma,
          {}};
}
/// Products of few rows with an operand that comes from memory, laid out before if it is `bound`. Sixteen rows do 8
/// operations for each byte of it: on a core with 118 GFLOP/s and 30 GB/s the multiply-adds alone allow 0.49 of the
/// read probe.
Row fromMemory(int64_t rows, double floor, bool bound = false) {
  return {"contract_f32/" + std::to_string(rows) + "x4096x4096/" + (bound ? "packed" : "memory"),
          "of read",
          floor,
          false,
          [=] {
            return makeProgram(trace_ir(product, f32({rows, 4096}), f32({4096, 4096})), 4.0 * 4096 * 4096, 1, 3,
                               bound ? 1 : -1);
          },
          Probe::read,
          {}};
}
/// The same of bf16, as many bytes.
Row narrowFromMemory(int64_t rows, double floor) {
  return {
      "contract_bf16/" + std::to_string(rows) + "x8192x4096/memory",
      "of read",
      floor,
      false,
      [=] { return makeProgram(trace_ir(product, bf16({rows, 8192}), bf16({8192, 4096})), 2.0 * 8192 * 4096, 1, 3); },
      Probe::read,
      {}};
}
} // namespace

std::vector<Row> floorsSuite() {
  std::vector<Row> rows{prepared(256, 256, 256),
                        prepared(1024, 1024, 1024),
                        prepared(128, 768, 3072),
                        prepared(64, 64, 1024),
                        contraction(256, 256, 256, 0.75),
                        contraction(1024, 1024, 1024, 0.75),
                        contraction(128, 768, 3072, 0.75),
                        contraction(64, 64, 1024, 0.75),
                        narrow(256, 256, 256),
                        narrow(1024, 1024, 1024),
                        narrow(128, 768, 3072),
                        narrow(64, 64, 1024),
                        transposed("NT", productOfTransposedRight, {128, 768}, {3072, 768}),
                        transposed("TN", productOfTransposedLeft, {768, 128}, {768, 3072}),
                        fromMemory(1, 0.85),
                        fromMemory(8, 0.85 / 1.6),
                        fromMemory(16, 0.35),
                        fromMemory(8, 0.85 / 1.6, true),
                        narrowFromMemory(1, 0.65),
                        narrowFromMemory(8, 0.4)};
  rows.push_back({"elementwise6/128MiB",
                  "of copy",
                  0.85,
                  false,
                  [] { return makeProgram(trace_ir(chain, f32({32 << 20})), 8.0 * (32 << 20)); },
                  Probe::copy,
                  {}});
  const double norm = 512 * 768;
  rows.push_back({"softmax/512x768",
                  "of peer",
                  1.0,
                  false,
                  [=] { return makeProgram(trace_ir(rowSoftmax, f32({512, 768})), norm); },
                  {},
                  [] { return peerSoftmax(512, 768); }});
  rows.push_back({"layernorm/512x768",
                  "of peer",
                  1.0,
                  false,
                  [=] { return makeProgram(trace_ir(rowNorm, nn::LayerNorm(768), f32({512, 768})), norm); },
                  {},
                  [] { return peerLayerNorm(512, 768); }});
  rows.push_back({"rmsnorm/512x768",
                  "of peer",
                  1.0,
                  false,
                  [=] { return makeProgram(trace_ir(rms, f32({512, 768}), f32({768})), norm); },
                  {},
                  [] { return peerLayerNorm(512, 768); }});
  rows.push_back({"adamw/1e7",
                  "of mixed_stream",
                  0.80,
                  false,
                  [] { return makeProgram(trace_ir(update, Optimised(), f32({10000000})), 28.0 * 1e7); },
                  Probe::mixed,
                  {}});
  rows.push_back({"call/16", "us", 3.0, true, [] { return makeProgram(trace_ir(tiny, f32({16})), 0); }, {}, {}});
  for (auto more : {threadRows(), trainingRows()})
    rows.insert(rows.end(), more.begin(), more.end());
  return rows;
}
} // namespace weft::bench
