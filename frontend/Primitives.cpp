// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The functions of the DSL that follow from the op records: printed by the generator (dialects/tblgen), declared in
// Ops.h, and operators in Tensor.h.
#include "Value.h"

namespace weft {
using namespace detail;
#include "weft/Primitives.cpp.inc"
} // namespace weft
