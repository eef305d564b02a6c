// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A training step of a transformer, as its user writes it: 4 blocks of width 256 with 4 heads, 8 texts of 128 bytes,
// AdamW.
#include "bench/Suite.h"
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <unistd.h>
#include <weft/weft.h>

using namespace weft;
namespace weft::bench {
namespace {
constexpr int vocabulary = 256, width = 256, heads = 4, depth = 4, length = 128, batch = 8;

struct Attention {
  int d, heads;
  nn::Linear qkv{d, 3 * d}, out{d, d};
  Tensor operator()(Tensor x) const {
    Dim B = x.dim(0), T = x.dim(1);
    int c = d / heads;
    Tensor all = reshape(qkv(x), {B, T, 3, heads, c});
    auto part = [&](int i) { return squeeze(slice(all, 2, i, i + 1), {2}); };
    Tensor scores = contract("bihc,bjhc->bhij", part(0), part(1)) * float(1 / std::sqrt(double(c)));
    Tensor place = iota(T), seen = expand(place, {1}) >= place;
    return out(reshape(contract("bhij,bjhc->bihc", softmax(select(seen, scores, -1e9f)), part(2)), {B, T, d}));
  }
};
struct Block {
  int d, heads;
  nn::LayerNorm norm1{d}, norm2{d};
  Attention attention{d, heads};
  nn::Linear up{d, 4 * d}, down{4 * d, d};
  Tensor operator()(Tensor x) const {
    x = x + attention(norm1(x));
    return x + down(gelu(up(norm2(x))));
  }
};
struct Transformer {
  int deep = depth;
  nn::Embedding tokens{vocabulary, width}, places{length, width};
  std::vector<Block> blocks = nn::stack<Block>(deep, width, heads);
  nn::LayerNorm norm{width};
  Tensor operator()(Tensor text) const {
    Tensor x = tokens(text) + places.w;
    for (const Block &block : blocks)
      x = block(x);
    return tokens.unembed(norm(x));
  }
};
struct State {
  Transformer net;
  optim::AdamW<Transformer> opt{net, {.lr = 1e-3f}};
};
Tensor step(State &s, Tensor x, Tensor y) {
  Tensor loss = cross_entropy(s.net(x), y);
  s.opt.update(s.net, grad(loss, s.net));
  return loss;
}

/// Multiplications and additions of products, forward and backward: 6 for each weight of a matrix and token, and
/// attention's own.
double flops() {
  double weights = depth * 12.0 * width * width + double(vocabulary) * width, tokens = batch * length;
  return 6 * weights * tokens + 12.0 * depth * width * length * tokens;
}

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

struct Step : Work {
  explicit Step(int threads) : compiled(make(threads)) {
    initialize(state, Key(0));
    std::vector<int> text(batch * length), next(text.size());
    for (std::size_t i = 0; i < text.size(); ++i)
      text[i] = int(i * 7 + i / 13) % vocabulary, next[i] = int((i + 1) * 7 + (i + 1) / 13) % vocabulary;
    x = Tensor::copy(text, {batch, length});
    y = Tensor::copy(next, {batch, length});
    amount = flops();
  }
  static Fn<Tensor(State &, Tensor, Tensor)> make(int threads) {
    return jit(Options{.threads = threads}, step, State(), i32({batch, length}), i32({batch, length}));
  }
  void run() override { compiled(state, x, y); }
  State state;
  Fn<Tensor(State &, Tensor, Tensor)> compiled;
  Tensor x, y;
};

/// A cache of its own, empty at first.
class OwnCache {
public:
  OwnCache() : folder(std::filesystem::temp_directory_path() / ("weft-bench-" + std::to_string(getpid()))) {
    if (const char *value = std::getenv(variable))
      before = value;
    std::filesystem::remove_all(folder);
    setenv(variable, folder.c_str(), 1);
  }
  ~OwnCache() {
    before ? setenv(variable, before->c_str(), 1) : unsetenv(variable);
    std::filesystem::remove_all(folder);
  }

private:
  static constexpr const char *variable = "WEFT_CACHE_DIR";
  std::filesystem::path folder;
  std::optional<std::string> before;
};

Figure cold(int) {
  OwnCache cache;
  double before = now();
  Step step(2);
  step.run();
  return {now() - before};
}
/// The same of 2 blocks: what is paid once for any model weighs more.
Figure coldSmall(int) {
  OwnCache cache;
  double before = now();
  State state{.net = {2}};
  auto compiled = jit(Options{.threads = 2}, step, state, i32({batch, length}), i32({batch, length}));
  initialize(state, Key(0));
  Tensor text = Tensor::copy(std::vector<int>(batch * length, 1), {batch, length});
  compiled(state, text, text);
  return {now() - before};
}
Figure warm(int repetitions) {
  OwnCache cache;
  Step::make(2);
  double best = 1e9;
  for (int i = 0; i < repetitions; ++i) {
    double before = now();
    Step::make(2);
    best = std::min(best, now() - before);
  }
  return {best * 1e3};
}
/// Time to compile 12 blocks over that of 2, nothing cached: equal kernels are compiled once.
Figure depths(int) {
  auto seconds = [](int deep) {
    OwnCache cache;
    State state{.net = {deep}};
    double before = now();
    jit(Options{.threads = 2}, step, state, i32({batch, length}), i32({batch, length}));
    return now() - before;
  };
  double few = 1e9, many = 1e9;
  for (int i = 0; i < 2; ++i) {
    few = std::min(few, seconds(2));
    many = std::min(many, seconds(12));
  }
  return {many / few};
}
Figure arena(int) {
  std::string plan = Step::make(1).plan();
  long long size = 0, bound = 0;
  if (std::size_t at = plan.rfind("arena ");
      at == std::string::npos ||
      std::sscanf(plan.c_str() + at, "arena %lld bytes, lower bound %lld", &size, &bound) != 2 || !bound)
    throw std::runtime_error("the plan does not say how large the arena is");
  return {double(size) / double(bound)};
}
} // namespace

std::vector<Row> trainingRows() {
  std::vector<Row> rows;
  rows.push_back(
      {"transformer/step", "of fma_f32", 0.45, false, [] { return std::make_unique<Step>(1); }, Probe::fma, {}});
  auto add = [&](const char *name, const char *unit, double most, Figure (*measure)(int)) {
    rows.push_back({name, unit, most, true, {}, {}, {}, measure});
  };
  add("transformer/cold_start", "s to first result", 6, cold);
  add("transformer/cold_start_2_blocks", "s to first result", 6, coldSmall);
  add("transformer/warm_start", "ms until ready", 150, warm);
  add("transformer/compile_12_blocks", "of the time of 2", 1.5, depths);
  add("transformer/arena", "of lower bound", 1.05, arena);
  return rows;
}
} // namespace weft::bench
