// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A model with all that entries ahead of time must keep apart: keys, counters, an average, leaves that change places, a
// leaf that is read twice, state of the caller, complex numbers and bytes, a bounded dimension.
#include <weft/weft.h>
using namespace weft;

namespace small {
struct Net {
  nn::Linear up{4, 8}, down{8, 3};
  nn::Dropout drop{0.25f};
  Tensor operator()(Tensor x, Mode m = {}) const { return down(drop(gelu(up(x)), m)); }
};
struct State {
  Net net, slow = net;
  optim::AdamW<Net> opt{net, {.lr = optim::warmup(3, 1e-2), .decay = 0.1, .clip_norm = 1}};
  Key key{};
  Buffer now{{3}}, before{{3}, init::constant(2)}, turn{c64({2}), init::constant(1)}, flags{i1({2})};
};
inline Tensor train(State &s, Tensor x, Tensor y) {
  Mode m = training(s.key);
  Tensor logits = s.net(x, m), loss = cross_entropy(logits, y);
  s.opt.update(s.net, grad(loss, s.net));
  s.slow = ema(s.slow, s.net, 0.9f);
  Tensor old = s.now;
  s.now = s.before; // these two change places
  s.before = old;
  s.turn = s.turn * std::complex<float>(0, 1);
  s.flags = !s.flags;
  return loss;
}
struct Answer {
  Tensor logits, best;
};
inline Answer predict(const Net &net, Tensor x) {
  Tensor logits = net(x);
  return {logits, argmax(logits, 1)};
}
/// What it writes it reads by another argument as well.
inline void pull(Net &net, const Net &to, Tensor rate) {
  auto toward = [&](Tensor a, Tensor b) { return a + rate * (b - a) + sum(b) * 0; };
  net = map(net, to, toward);
}
/// State of the caller, and an index that may be outside.
inline Tensor count(Tensor &total, const Net &net, Tensor i) {
  total += 1;
  return take(net.up.b, i);
}
} // namespace small

WEFT_ARTEFACT(small, a) {
  Dim B = dim("B", 1, 16);
  auto s = a.weights("state", small::State{});
  a.entry("train", small::train, s, named("x", f32({B, 4})), named("y", i32({B})));
  a.entry("predict", small::predict, s.net, named("x", f32({B, 4})));
  a.entry("slow", small::predict, s.slow, named("x", f32({B, 4})));
  a.entry("pull", small::pull, s.net, s.slow, named("rate", f32({})));
  a.entry("again", small::pull, s.net, s.net, named("rate", f32({})));
  a.entry("count", small::count, named("total", f32({})), s.net, named("i", i32({2})));
}
