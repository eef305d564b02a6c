// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The suite `fusions`: what becomes one op although a user wrote many, beside the machine, beside the same without the
// fusion, and beside a chain of another library's kernels. 8 heads of 2048 positions, where a row says nothing else.
#include "bench/Peers.h"
#include "bench/Program.h"
#include "bench/Suite.h"
#include "runtime/weft_runtime.h"
#include <limits>
#include <weft/weft.h>

using namespace weft;
namespace weft::bench {
namespace {
constexpr int64_t heads = 8, positions = 2048;
constexpr float scale = 0.125f; // of a depth of 64
constexpr float masked = -std::numeric_limits<float>::infinity();

Tensor hide(Tensor scores) {
  Tensor place = iota(scores.dim(-1)), seen = expand(place, {1}) >= place;
  return select(seen, scores, masked);
}
Tensor map(Tensor q, Tensor k, bool causal) {
  Tensor scores = contract("hid,hjd->hij", q, k) * scale;
  return softmax(causal ? hide(scores) : scores);
}
Tensor full(Tensor q, Tensor k, Tensor v) { return contract("hij,hjd->hid", map(q, k, false), v); }
Tensor causal(Tensor q, Tensor k, Tensor v) { return contract("hij,hjd->hid", map(q, k, true), v); }
/// The same with a reader of the map, so that nothing is fused.
std::vector<Tensor> unfused(Tensor q, Tensor k, Tensor v) {
  Tensor p = map(q, k, false);
  return {contract("hij,hjd->hid", p, v), max(p)};
}
Tensor headsBehind(Tensor q, Tensor k, Tensor v) {
  return contract("hij,jhd->ihd", softmax(contract("ihd,jhd->hij", q, k) * scale), v);
}
/// A bias by distance out of a table for each head.
Tensor biased(Tensor q, Tensor k, Tensor v, Tensor table) {
  Tensor place = iota(q.dim(1)), distance = expand(place, {1}) - place + int(positions - 1);
  Tensor scores = contract("hid,hjd->hij", q, k) * scale + take(table, distance, 1);
  return contract("hij,hjd->hid", softmax(scores), v);
}
template <Tensor (*f)(Tensor, Tensor, Tensor)> std::vector<Tensor> gradients(Tensor q, Tensor k, Tensor v, Tensor c) {
  return vjp(f(q, k, v), std::vector<Tensor>{q, k, v}, c);
}
std::vector<Tensor> biasGradients(Tensor q, Tensor k, Tensor v, Tensor table, Tensor c) {
  return vjp(biased(q, k, v, table), std::vector<Tensor>{q, k, v, table}, c);
}
auto operand(int64_t d, int64_t length = positions) { return f32({heads, length, d}); }
double products(int64_t d, int count, int64_t length = positions) {
  return 2.0 * count * double(heads * length * length * d);
}

Maker forward(Tensor (*f)(Tensor, Tensor, Tensor), int64_t d) {
  return [=] { return makeProgram(trace_ir(f, operand(d), operand(d), operand(d)), products(d, 2)); };
}
/// The forward pass is part of it: the gradient reads its results.
template <Tensor (*f)(Tensor, Tensor, Tensor)> Maker withGradient(int64_t d) {
  return [=] {
    return makeProgram(trace_ir(gradients<f>, operand(d), operand(d), operand(d), operand(d)), products(d, 7));
  };
}
std::string named(const char *what, int64_t d) { return std::string("attention/") + what + "/d" + std::to_string(d); }
Row onTwoCores(const std::string &name, std::string text, double operations) {
  return {name, "of one core",
          1.8,  false,
          {},   {},
          {},   [=](int repetitions) { return scaling(text, operations, repetitions); }};
}
/// A figure of ours beside the same of another program of ours: how many times as fast it has to be.
Row beside(const std::string &name, const char *unit, double floor, Maker ours, Maker other) {
  return {name, unit, floor, false, std::move(ours), {}, std::move(other)};
}
} // namespace

std::vector<Row> fusionsSuite() {
  std::vector<Row> rows;
  for (auto [d, floor] : {std::pair<int64_t, double>(64, 0.72), {128, 0.75}}) {
    rows.push_back({named("forward/full", d), "of fma_f32", floor, false, forward(full, d), Probe::fma,
                    [=, d = d] { return peerAttention(heads, positions, d); }});
    rows.push_back({named("gradient/full", d), "of fma_f32", 0.65, false, withGradient<full>(d), Probe::fma, {}});
    rows.push_back(beside(named("forward/causal", d), "of full", 1 / 0.58, forward(causal, d), forward(full, d)));
    rows.push_back(
        beside(named("gradient/causal", d), "of full", 1 / 0.6, withGradient<causal>(d), withGradient<full>(d)));
  }
  rows.push_back({named("forward/full over a chain", 64), "of oneDNN", 1.3, false, forward(full, 64), {}, [] {
                    return peerAttention(heads, positions, 64);
                  }});
  rows.push_back(beside(named("forward/full over unfused", 64), "of unfused", 1.3, forward(full, 64), [] {
    return makeProgram(trace_ir(unfused, operand(64), operand(64), operand(64)), products(64, 2));
  }));
  rows.push_back(beside(
      named("forward/heads behind", 64), "of heads in front", 1 / 1.1,
      [] {
        auto x = f32({positions, heads, 64});
        return makeProgram(trace_ir(headsBehind, x, x, x), products(64, 2));
      },
      forward(full, 64)));
  auto table = f32({heads, 2 * positions - 1});
  rows.push_back(beside(
      named("forward/bias by distance", 64), "of full", 0.8,
      [=] { return makeProgram(trace_ir(biased, operand(64), operand(64), operand(64), table), products(64, 2)); },
      forward(full, 64)));
  rows.push_back(beside(
      named("gradient/bias by distance", 64), "of full", 0.8,
      [=] {
        return makeProgram(trace_ir(biasGradients, operand(64), operand(64), operand(64), table, operand(64)),
                           products(64, 7));
      },
      withGradient<full>(64)));
  // 1.5 is for processors that multiply pairs of bf16: others compute in f32 what they read as bf16.
  bool pairs = __builtin_cpu_supports("avx512bf16") != 0;
  rows.push_back(beside(
      named("forward/bf16", 64), "of f32", pairs ? 1.5 : 0.9,
      [] {
        auto x = bf16({heads, positions, 64});
        return makeProgram(trace_ir(full, x, x, x), products(64, 2));
      },
      forward(full, 64)));
  rows.push_back(beside(
      named("forward/bf16 over unfused", 64), "of unfused", 1.0,
      [] {
        auto x = bf16({heads, positions, 64});
        return makeProgram(trace_ir(full, x, x, x), products(64, 2));
      },
      [] {
        auto x = bf16({heads, positions, 64});
        return makeProgram(trace_ir(unfused, x, x, x), products(64, 2));
      }));
  rows.push_back(onTwoCores("attention/two_cores/forward", trace_ir(full, operand(64), operand(64), operand(64)),
                            products(64, 2)));
  rows.push_back(onTwoCores("attention/two_cores/gradient",
                            trace_ir(gradients<full>, operand(64), operand(64), operand(64), operand(64)),
                            products(64, 7)));
  return rows;
}
} // namespace weft::bench
