// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The search for what fits; see MemoryBudget.h.
#include "codegen/MemoryBudget.h"
#include "dialects/loom/Loom.h"
#include "dialects/weft/Weft.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/PassManager.h"
#include <cmath>

using namespace mlir;
using namespace weft;
using namespace weft::codegen;
using ir::Dim;

/// Scans that name no checkpoint of their own and have more steps than that keep every k-th carry; 0 changes nothing.
static void setCheckpoints(ModuleOp module, int64_t k) {
  module.walk([&](ir::ScanOp scan) {
    Dim length = scan.getLength().getDims()[0];
    if (k > 1 && !scan.getCheckpoint() && length.isConstant() && length.staticSize() > k)
      scan.setCheckpoint(k);
  });
}

/// The arena of the program if scans keep every k-th carry and values alive at one time take no more than a target (0
/// for no limit): what the planner says of a copy.
std::optional<int64_t> MemoryBudget::arenaWith(ModuleOp module, ArrayRef<std::string> names, int64_t checkpoint,
                                               int64_t target) const {
  OwningOpRef<ModuleOp> copy(module.clone());
  setCheckpoints(*copy, checkpoint);
  PassManager pm(module.getContext(), ModuleOp::getOperationName());
  passes::PipelineOptions tried = pipeline;
  tried.memory = target;
  passes::buildDerive(pm, tried, finite);
  passes::buildSimplify(pm, tried);
  passes::buildDispatch(pm, tried);
  passes::buildPlan(pm, tried);
  ScopedDiagnosticHandler quiet(module.getContext(),
                                [](Diagnostic &) { return success(); }); // what is wrong is said when it is compiled
  if (failed(pm.run(*copy)))
    return std::nullopt;
  int64_t largest = 0; // of the programs: each has an arena of its own
  for (const std::string &name : names)
    largest = std::max(largest, loom::planOf(copy->lookupSymbol<func::FuncOp>(name)).getArena());
  return largest;
}

/// The least arena within reach of the budget, and the target that gives it: an arena has gaps, so the target may have
/// to be lower than the budget.
std::pair<int64_t, int64_t> MemoryBudget::leastWith(ModuleOp module, ArrayRef<std::string> names,
                                                    int64_t checkpoint) const {
  std::pair<int64_t, int64_t> least{std::numeric_limits<int64_t>::max(), 0};
  int64_t asked = bytes;
  for (int attempt = 0; attempt < 5 && asked > 0; ++attempt) {
    std::optional<int64_t> arena = arenaWith(module, names, checkpoint, asked);
    if (!arena)
      break;
    if (*arena < least.first)
      least = {*arena, asked};
    if (*arena <= bytes || asked == 1)
      break;
    // A target that nothing can meet goes as far as is possible: what is said to be the least does not depend on the
    // budget.
    asked = attempt == 3 ? 1 : std::max<int64_t>(1, int64_t(double(asked) * double(bytes) / double(*arena)));
  }
  return least;
}

FailureOr<int64_t> MemoryBudget::fit(ModuleOp module, ArrayRef<std::string> names) const {
  std::optional<int64_t> all = arenaWith(module, names, 0, 0);
  if (!all || *all <= bytes)
    return 0;
  int64_t longest = 0, best = 0;
  module.walk([&](ir::ScanOp scan) {
    if (Dim length = scan.getLength().getDims()[0]; length.isConstant())
      longest = std::max(longest, length.staticSize());
  });
  std::pair<int64_t, int64_t> least = std::min(leastWith(module, names, 0), {*all, 0});
  if (least.first > bytes && longest > 2) {
    // Chunks of about the square root, whether they divide the steps or not: inputs are read where they are. Stacked
    // results of chunks that do divide need not be put together.
    int64_t root = int64_t(std::sqrt(double(longest)));
    SmallVector<int64_t> chunks;
    for (int64_t k : {root / 2, root * 3 / 4, root, root + 1, root * 3 / 2, root * 2})
      if (k >= 2 && k < longest)
        chunks.push_back(k);
    for (int64_t k = 2; k < longest; ++k)
      if (longest % k == 0 && k >= root / 4 && k <= root * 4 && !llvm::is_contained(chunks, k))
        chunks.push_back(k);
    for (int64_t k : chunks)
      if (std::optional<int64_t> arena = arenaWith(module, names, k, 0); arena && *arena < least.first)
        least = {*arena, 0}, best = k;
    if (best && least.first > bytes)
      if (auto both = leastWith(module, names, best); both.first < least.first)
        least = both;
  }
  if (least.first > bytes) {
    emitError(module.lookupSymbol<func::FuncOp>(names.front()).getLoc())
        << "the memory budget of " << bytes << " bytes cannot be met: with nothing computed again the arena has "
        << *all << " bytes; the least found is " << least.first << " bytes"
        << (best ? ", with a checkpoint every " + std::to_string(best) + " steps of loops" : std::string());
    return failure();
  }
  setCheckpoints(module, best);
  int64_t valuesFit = least.second;
  if (remark)
    remark("remark: memory: passed: " +
           (best ? "loops keep their carries every " + std::to_string(best) + " steps and compute the others again"
                 : std::string("results of kernels are computed again")) +
           (best && valuesFit ? ", so are results of kernels" : "") + ": the arena has " + std::to_string(least.first) +
           " bytes instead of " + std::to_string(*all) + ", the budget is " + std::to_string(bytes));
  return valuesFit;
}
