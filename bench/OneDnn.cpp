// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// oneDNN as the peer; it runs on OpenMP, which weft-bench.cpp holds at one thread.
#include "bench/Peers.h"
#ifdef WEFT_BENCH_ONEDNN
#include <dnnl.hpp>
#include <unordered_map>

namespace weft::bench {
namespace {
using Tag = dnnl::memory::format_tag;
constexpr auto f32 = dnnl::memory::data_type::f32;
struct Peer : Work {
  dnnl::engine engine{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream{engine};
  dnnl::primitive primitive;
  std::unordered_map<int, dnnl::memory> arguments;
  void give(int name, const dnnl::memory::desc &desc) {
    dnnl::memory memory(desc, engine);
    auto *data = static_cast<float *>(memory.get_data_handle());
    for (size_t i = 0; i < desc.get_size() / 4; ++i)
      data[i] = float(i % 97) * 0.005f;
    arguments.emplace(name, memory);
  }
  void run() override {
    primitive.execute(stream, arguments);
    stream.wait();
  }
};
} // namespace

const char *peerName() {
  static const std::string name = [] {
    const dnnl_version_t *v = dnnl_version();
    return "oneDNN " + std::to_string(v->major) + "." + std::to_string(v->minor) + "." + std::to_string(v->patch);
  }();
  return name.c_str();
}
std::unique_ptr<Work> peerMatmul(int64_t m, int64_t k, int64_t n, bool packedWeights) {
  auto peer = std::make_unique<Peer>();
  dnnl::memory::desc x({m, k}, f32, Tag::ab), y({m, n}, f32, Tag::ab),
      w({k, n}, f32, packedWeights ? Tag::any : Tag::ab);
  dnnl::matmul::primitive_desc desc(dnnl::matmul::desc(x, w, y), peer->engine);
  peer->primitive = dnnl::matmul(desc);
  peer->give(DNNL_ARG_SRC, desc.src_desc());
  peer->give(DNNL_ARG_WEIGHTS, desc.weights_desc());
  peer->give(DNNL_ARG_DST, desc.dst_desc());
  return peer;
}
std::unique_ptr<Work> peerAttention(int64_t heads, int64_t positions, int64_t depth) {
  struct Chain : Work {
    std::vector<std::unique_ptr<Peer>> steps;
    void run() override {
      for (auto &step : steps)
        step->run();
    }
  };
  auto chain = std::make_unique<Chain>();
  dnnl::memory::desc rows({heads, positions, depth}, f32, Tag::abc), turned({heads, depth, positions}, f32, Tag::acb),
      scores({heads, positions, positions}, f32, Tag::abc);
  auto product = [&](const dnnl::memory::desc &a, const dnnl::memory::desc &b, const dnnl::memory::desc &c) {
    auto step = std::make_unique<Peer>();
    step->primitive = dnnl::matmul(dnnl::matmul::primitive_desc(dnnl::matmul::desc(a, b, c), step->engine));
    step->give(DNNL_ARG_SRC, a);
    step->give(DNNL_ARG_WEIGHTS, b);
    step->give(DNNL_ARG_DST, c);
    return step;
  };
  chain->steps.push_back(product(rows, turned, scores));
  chain->steps.push_back(std::make_unique<Peer>());
  Peer &softmax = *chain->steps.back();
  softmax.primitive = dnnl::softmax_forward(dnnl::softmax_forward::primitive_desc(
      dnnl::softmax_forward::desc(dnnl::prop_kind::forward_inference, scores, 2), softmax.engine));
  softmax.give(DNNL_ARG_SRC, scores);
  softmax.give(DNNL_ARG_DST, scores);
  chain->steps.push_back(product(scores, rows, rows));
  return chain;
}
std::unique_ptr<Work> peerSoftmax(int64_t rows, int64_t columns) {
  auto peer = std::make_unique<Peer>();
  dnnl::memory::desc x({rows, columns}, f32, Tag::ab);
  dnnl::softmax_forward::primitive_desc desc(dnnl::softmax_forward::desc(dnnl::prop_kind::forward_inference, x, 1),
                                             peer->engine);
  peer->primitive = dnnl::softmax_forward(desc);
  peer->give(DNNL_ARG_SRC, x);
  peer->give(DNNL_ARG_DST, x);
  return peer;
}
std::unique_ptr<Work> peerLayerNorm(int64_t rows, int64_t columns) {
  auto peer = std::make_unique<Peer>();
  dnnl::memory::desc x({rows, columns}, f32, Tag::ab);
  auto flags = dnnl::normalization_flags::use_scale | dnnl::normalization_flags::use_shift;
  dnnl::layer_normalization_forward::primitive_desc desc(
      dnnl::layer_normalization_forward::desc(dnnl::prop_kind::forward_inference, x, 1e-5f, flags), peer->engine);
  peer->primitive = dnnl::layer_normalization_forward(desc);
  peer->give(DNNL_ARG_SRC, x);
  peer->give(DNNL_ARG_DST, x);
  dnnl::memory::desc vector({columns}, f32, Tag::a);
  peer->give(DNNL_ARG_SCALE, vector);
  peer->give(DNNL_ARG_SHIFT, vector);
  return peer;
}
} // namespace weft::bench
#else
namespace weft::bench {
const char *peerName() { return ""; }
std::unique_ptr<Work> peerMatmul(int64_t, int64_t, int64_t, bool) { return nullptr; }
std::unique_ptr<Work> peerAttention(int64_t, int64_t, int64_t) { return nullptr; }
std::unique_ptr<Work> peerSoftmax(int64_t, int64_t) { return nullptr; }
std::unique_ptr<Work> peerLayerNorm(int64_t, int64_t) { return nullptr; }
} // namespace weft::bench
#endif
