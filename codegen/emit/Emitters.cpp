// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The list of emitters, and the choice among them; see Emitters.h.
#include "codegen/emit/Emitters.h"
#include "dialects/weft/Weft.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace weft;
using namespace weft::codegen;

ArrayRef<const Emitter *> weft::codegen::emitters() {
#define WEFT_EMITTER(name) &name##Emitter,
  static const Emitter *const all[]{WEFT_EMITTERS(WEFT_EMITTER)};
#undef WEFT_EMITTER
  return all;
}

const Emitter *weft::codegen::chooseEmitter(loom::KernelOp kernel, const Machine &machine) {
  const Emitter *best = nullptr;
  int64_t least = 0;
  for (const Emitter *emitter : emitters())
    if (std::optional<int64_t> cost = emitter->cost(kernel, machine); cost && (!best || *cost < least))
      best = emitter, least = *cost;
  return best;
}

passes::Emission weft::codegen::emissionFor(const Machine &machine) {
  passes::Emission emission;
  emission.takesWhole = [machine](Operation *op) {
    return llvm::any_of(
        emitters(), [&](const Emitter *emitter) { return emitter->takesWhole && emitter->takesWhole(op, machine); });
  };
  return emission;
}

int64_t weft::codegen::loopCost(loom::KernelOp kernel, const Machine &machine) {
  uint64_t elements = 1, ops = 1;
  auto look = [&](Value v) {
    uint64_t own = 1;
    for (const ir::Dim &d : ir::getDims(v))
      own = llvm::SaturatingMultiply<uint64_t>(own, std::max<int64_t>(0, d.upper()));
    elements = std::max(elements, own);
  };
  for (Operation &op : kernel.getBody().front().without_terminator()) {
    auto point = dyn_cast<ir::PointwiseOpInterface>(op);
    ops += point && !point.isCheap() ? 16 : 1;
    llvm::for_each(op.getOperands(), look);
    llvm::for_each(op.getResults(), look);
  }
  uint64_t lanes = std::max<int64_t>(1, machine.vectorBytes / 4);
  return int64_t(std::min<uint64_t>(llvm::SaturatingMultiply(elements, ops) / lanes + 1, INT64_MAX));
}
