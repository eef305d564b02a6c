// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Emitters.h - who makes code of which kernels -------------------------------------------------------------------===//
//
// An emitter is a folder beside this file and a line in WEFT_EMITTERS. It says of a kernel whether it takes it on a
// machine, and at what cost; of those that take it the cheapest makes the code, of equals the one that is listed first.
// It can make two things of a kernel:
//
//   a task   loops over a range of the kernel's units, from the KernelEmitter's vocabulary: a map, a reduction, a scan
//   a call   of a kernel library of the runtime over that range, with memory of its own and a status that becomes the
//            program's: a sort (dialects/weft/RuntimeCall.h)
//
// The passes ask as well, through passes/Emission.h: whether an emitter takes a semantic op whole, so that it is not
// decomposed.
//
//===----------------------------------------------------------------------------------------------------------------===//
#pragma once
#include "codegen/Machine.h"
#include "dialects/loom/Loom.h"
#include "passes/Emission.h"

namespace weft::codegen {
class KernelEmitter;

/// The units of a kernel, and how many of them are worth a task.
struct Schedule {
  ir::Dim units;
  int64_t grain = 1;
};

struct Emitter {
  llvm::StringLiteral name;
  /// About how many additions a run of the kernel costs; nothing if this emitter does not take it.
  std::optional<int64_t> (*cost)(loom::KernelOp kernel, const Machine &machine);
  /// Fills the kernel's function, with the insertion point in its body; an error was reported if it fails.
  mlir::FailureOr<Schedule> (*emit)(KernelEmitter &e);
  /// Whether it takes a semantic op as it is; null: none.
  bool (*takesWhole)(mlir::Operation *op, const Machine &machine) = nullptr;
};

#define WEFT_EMITTERS(X) X(map) X(rows) X(reduce) X(contract) X(scan) X(scatter) X(call)
#define WEFT_EMITTER(name) extern const Emitter name##Emitter;
WEFT_EMITTERS(WEFT_EMITTER)
#undef WEFT_EMITTER

llvm::ArrayRef<const Emitter *> emitters();
/// Who makes code of a kernel; null if nobody takes it.
const Emitter *chooseEmitter(loom::KernelOp kernel, const Machine &machine);
/// What the passes may ask, answered for a machine.
passes::Emission emissionFor(const Machine &machine);

/// The cost of loops that compute every element of the largest value of a kernel by all of its ops.
int64_t loopCost(loom::KernelOp kernel, const Machine &machine);
} // namespace weft::codegen
