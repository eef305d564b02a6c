// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A small network in an audio callback: a recurrent filter whose state rides along from block to block.
#include <weft/weft.h>
using namespace weft;

struct Filter {
  nn::Linear in{1, 8}, again{8, 8}, out{8, 1};
};
struct Voice {
  Filter net;
  Buffer h{{8}};
};

/// 64 samples in, 64 samples out; the memory of the filter goes on in the next block.
static Tensor block(Voice &v, Tensor samples) {
  return scan(v.h, samples, [&](Buffer &h, Tensor x) {
    Tensor hidden = tanh(v.net.in(reshape(x, {1, 1})) + v.net.again(reshape(h, {1, 8})));
    h = reshape(hidden, {8});
    return reshape(v.net.out(hidden), {});
  });
}

WEFT_ARTEFACT(echo, a) {
  auto v = a.weights("voice", Voice{});
  a.entry("block", block, v, named("samples", f32({64})));
}
