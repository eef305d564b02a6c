// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The plan as text: see PrintPlan.h.
//
//   plan of @step: 3 dispatches
//     0  @contract_0   weft.contract   f32 [B, 64] in arena 0 + 131072   model.cpp:12
//   arena 131072 bytes, lower bound 131072
//
// A + in front of a kernel: it runs together with the one above it.
#include "passes/plan/PrintPlan.h"
#include "dialects/loom/Loom.h"
#include "dialects/weft/Weft.h"
#include "passes/Passes.h"
#include "llvm/Support/Format.h"

using namespace mlir;
namespace weft::passes {
#define GEN_PASS_DEF_PRINTPLAN
#include "passes/Passes.h.inc"

static std::string placeText(Attribute place) {
  if (auto arena = dyn_cast_or_null<loom::ArenaAttr>(place))
    return "arena " + std::to_string(arena.getOffset()) + " + " + std::to_string(arena.getBytes());
  if (auto output = dyn_cast_or_null<loom::OutputAttr>(place))
    return "output " + std::to_string(output.getIndex()) +
           (output.getInput() >= 0 ? ", which is input " + std::to_string(output.getInput()) : "");
  if (auto yielded = dyn_cast_or_null<loom::YieldedAttr>(place))
    return "what is yielded, " + std::to_string(yielded.getIndex());
  return "no place yet";
}

static std::string lineText(Location loc) {
  std::string text;
  loc->walk([&](Location inner) {
    auto line = dyn_cast<FileLineColLoc>(inner);
    if (!line)
      return WalkResult::advance();
    text = (line.getFilename().getValue() + ":" + Twine(line.getLine())).str();
    return WalkResult::interrupt();
  });
  return text.empty() ? "unknown" : text;
}

namespace {
using Rows = std::vector<std::array<std::string, 4>>; // kernel, hero, results, line

std::string resultsText(TypeRange types, ArrayAttr places) {
  std::string results;
  llvm::raw_string_ostream list(results);
  for (auto [i, type] : llvm::enumerate(types))
    list << (i ? ", " : "") << ir::str(type) << " in "
         << placeText(places && i < places.size() ? places[i] : Attribute());
  return results;
}

/// Loops and branches stand in front of what their regions hold, indented.
void addRows(Block &block, const std::string &indent, unsigned &dispatches, unsigned &forks, Rows &rows) {
  IntegerAttr fork;
  for (Operation &op : block) {
    if (auto dispatch = dyn_cast<loom::DispatchOp>(op)) {
      bool together = fork && dispatch.getForkAttr() == fork;
      fork = dispatch.getForkAttr();
      ++dispatches;
      forks += !together;
      auto kernel = SymbolTable::lookupNearestSymbolFrom<loom::KernelOp>(dispatch, dispatch.getKernelAttr());
      std::string heroes;
      for (Operation *hero : kernel ? kernel.getHeroes() : SmallVector<Operation *>())
        heroes += (heroes.empty() ? "" : ", ") + hero->getName().getStringRef().str();
      rows.push_back({indent + (together ? "+ @" : "@") + dispatch.getKernel().str(),
                      heroes.empty() ? "pointwise" : heroes,
                      resultsText(dispatch.getResultTypes(), dispatch.getPlacesAttr()) +
                          (dispatch.getWorkspaceAttr() ? ", workspace in " + placeText(dispatch.getWorkspaceAttr())
                                                       : std::string()),
                      lineText(dispatch.getLoc())});
    } else if (auto control = dyn_cast<ir::ControlFlowOpInterface>(op)) {
      fork = {};
      std::string types;
      for (Type type : op.getResultTypes())
        types += (types.empty() ? "" : ", ") + ir::str(type);
      rows.push_back({indent + op.getName().stripDialect().str(), control.describe(), types, lineText(op.getLoc())});
      for (Region &region : op.getRegions())
        addRows(region.front(), indent + "  ", dispatches, forks, rows);
    }
  }
}
} // namespace

std::string planAsText(func::FuncOp function) {
  Rows rows;
  unsigned dispatches = 0, forks = 0;
  addRows(function.getBody().front(), "", dispatches, forks, rows);
  std::array<size_t, 3> width{};
  for (auto &row : rows)
    for (unsigned c = 0; c < 3; ++c)
      width[c] = std::max(width[c], row[c].size());
  std::string text;
  llvm::raw_string_ostream os(text);
  os << "plan of @" << function.getName() << ": " << dispatches << (dispatches == 1 ? " dispatch" : " dispatches");
  if (forks < dispatches)
    os << " in " << forks << (forks == 1 ? " fork" : " forks");
  os << "\n";
  for (auto [i, row] : llvm::enumerate(rows)) {
    os << "  " << llvm::format_decimal(i, 3);
    for (unsigned c = 0; c < 3; ++c)
      os << "  " << llvm::left_justify(row[c], width[c]);
    os << "  " << row[3] << "\n";
  }
  if (loom::PlanAttr plan = loom::planOf(function))
    os << "arena " << plan.getArena() << " bytes, lower bound " << plan.getLeast() << "\n";
  return text;
}

namespace {
struct PrintPlan : impl::PrintPlanBase<PrintPlan> {
  void runOnOperation() override {
    if (getOperation().isExternal())
      return;
    llvm::outs() << planAsText(getOperation());
    markAllAnalysesPreserved();
  }
};
} // namespace
} // namespace weft::passes
