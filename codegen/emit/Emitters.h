// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Emitters.h - who makes code of which kernels -------------------------------------------------------------------===//
//
// An emitter is a folder beside this file and a line in WEFT_EMITTERS. It says whether it takes a kernel on a machine,
// and what the kernel costs then. The cheapest emitter that takes a kernel makes its code; of equally cheap ones it is
// the first in the list. An emitter makes one of two things of a kernel:
//
//   a task   loops over a range of the kernel's units, from the KernelEmitter's vocabulary: a map, a reduction, a scan
//   a call   of a kernel library of the runtime over that range, with memory of its own and a status that becomes the
//            program's: a sort (dialects/weft/RuntimeCall.h)
//
// Passes ask as well, through passes/Emission.h: if an emitter takes a semantic op as it is, the op is not decomposed.
//
//===----------------------------------------------------------------------------------------------------------------===//
#pragma once
#include "codegen/Machine.h"
#include "dialects/loom/Loom.h"
#include "passes/Emission.h"

namespace weft::codegen {
class KernelEmitter;

/// The number of a kernel's units, and how many of them make a task that is worth handing to a thread.
struct Schedule {
  ir::Dim units;
  int64_t grain = 1;
};

struct Emitter {
  llvm::StringLiteral name;
  /// About how many additions a run of the kernel costs; nothing if this emitter does not take it.
  std::optional<int64_t> (*cost)(loom::KernelOp kernel, const Machine &machine);
  /// Emits the body of the kernel's function at the insertion point. If it fails, it has reported an error.
  mlir::FailureOr<Schedule> (*emit)(KernelEmitter &e);
  /// Whether it takes a semantic op as it is; null: none.
  bool (*takesWhole)(mlir::Operation *op, const Machine &machine) = nullptr;
};

#define WEFT_EMITTERS(X) X(map) X(rows) X(reduce) X(contract) X(scan) X(scatter) X(attention) X(call)
#define WEFT_EMITTER(name) extern const Emitter name##Emitter;
WEFT_EMITTERS(WEFT_EMITTER)
#undef WEFT_EMITTER

llvm::ArrayRef<const Emitter *> emitters();
/// The emitter for a kernel; null if none takes it.
const Emitter *chooseEmitter(loom::KernelOp kernel, const Machine &machine);
/// What the passes may ask, answered for a machine.
passes::Emission emissionFor(const Machine &machine);

/// The cost of loops that compute every element of the largest value of a kernel by all of its ops.
int64_t loopCost(loom::KernelOp kernel, const Machine &machine);
} // namespace weft::codegen
