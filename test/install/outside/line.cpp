// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "model.h"
WEFT_ARTEFACT(line, a) {
  auto s = a.weights("state", State{});
  a.entry("fit", fit, s, named("x", f32({8})), named("y", f32({8})));
}
