// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The suite `math`: nanoseconds for an element of each function, beside a loop over libm and a copy of the same arrays.
#include "bench/Program.h"
#include "bench/Suite.h"
#include <cmath>
#include <cstring>
#include <vector>
#include <weft/weft.h>

using namespace weft;
namespace weft::bench {
namespace {
constexpr int64_t count = 1 << 16; // in and out together fit the second cache
constexpr double most = 4;         // ns, of pow on a machine with vectors of 256 bits

struct Libm : Work {
  explicit Libm(float (*f)(float)) : f(f), x(count), y(count) {
    amount = double(count);
    for (int64_t i = 0; i < count; ++i)
      x[i] = 0.01f + float(i % 997) * 5e-4f;
  }
  void run() override {
    for (int64_t i = 0; i < count; ++i)
      y[i] = f(x[i]);
  }
  float (*volatile f)(float);
  std::vector<float> x, y;
};
struct Copied : Work {
  explicit Copied(int64_t bytes) : x(bytes, 1), y(bytes, 2) { amount = double(count); }
  void run() override { std::memcpy(y.data(), x.data(), x.size()); }
  std::vector<char> x, y;
};

struct Function {
  const char *name;
  Tensor (*ours)(Tensor);
  float (*libm)(float);
};
float logistic(float x) { return 1 / (1 + std::exp(-x)); }
const Function functions[]{
    {"exp", [](Tensor x) { return exp(x); }, std::exp},
    {"exp2", [](Tensor x) { return exp2(x); }, std::exp2},
    {"expm1", [](Tensor x) { return expm1(x); }, std::expm1},
    {"log", [](Tensor x) { return log(x); }, std::log},
    {"log1p", [](Tensor x) { return log1p(x); }, std::log1p},
    {"tanh", [](Tensor x) { return tanh(x); }, std::tanh},
    {"sigmoid", [](Tensor x) { return sigmoid(x); }, logistic},
    {"erf", [](Tensor x) { return erf(x); }, std::erf},
    {"softplus", [](Tensor x) { return softplus(x); },
     [](float x) { return std::fmax(x, 0.0f) + std::log1p(std::exp(-std::fabs(x))); }},
    {"gelu", [](Tensor x) { return gelu(x); }, [](float x) { return 0.5f * x * (1 + std::erf(x * 0.70710678f)); }},
    {"silu", [](Tensor x) { return silu(x); }, [](float x) { return x * logistic(x); }},
    {"sin", [](Tensor x) { return sin(x); }, std::sin},
    {"cos", [](Tensor x) { return cos(x); }, std::cos},
    {"rsqrt", [](Tensor x) { return rsqrt(x); }, [](float x) { return 1 / std::sqrt(x); }},
    {"pow", [](Tensor x) { return pow(x, 2.75f); }, [](float x) { return std::pow(x, 2.75f); }},
};
} // namespace

std::vector<Row> mathSuite() {
  std::vector<Row> rows;
  auto add = [&](std::string name, Maker ours, Maker peer) {
    rows.push_back({std::move(name), "ns per element", most, true, std::move(ours), {}, std::move(peer)});
    rows.back().perElement = true;
  };
  for (auto [type, name] : {std::pair(f32, "f32"), std::pair(bf16, "bf16")}) {
    int64_t bytes = count * (type == f32 ? 4 : 2);
    add(std::string("copy/") + name, [=] { return std::make_unique<Copied>(bytes); }, {});
    for (const Function &f : functions)
      add(
          std::string(f.name) + "/" + name,
          [=, spec = type({count})] { return makeProgram(trace_ir(f.ours, spec), double(count)); },
          [=] { return std::make_unique<Libm>(f.libm); });
  }
  return rows;
}
} // namespace weft::bench
