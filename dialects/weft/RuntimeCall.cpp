// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// How calls of the runtime are cut into tasks; see RuntimeCall.h.
#include "dialects/weft/RuntimeCall.h"
#include "llvm/Support/MathExtras.h"

using namespace weft::ir;

int64_t RuntimeCall::grain() const { return std::max<int64_t>(1, (1 << 14) / std::max<int64_t>(1, costOfUnit)); }

int64_t RuntimeCall::workspaceOfRun() const {
  int64_t tasks = int64_t(llvm::divideCeil(uint64_t(std::max<int64_t>(0, units.upper())), uint64_t(grain())));
  int64_t each = int64_t(llvm::alignTo(uint64_t(workspace), 64)), all = 0;
  return llvm::MulOverflow(tasks, each, all) ? std::numeric_limits<int64_t>::max() : all;
}
