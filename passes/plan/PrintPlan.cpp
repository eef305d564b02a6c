// The plan as text: see PrintPlan.h.
//
//   plan of @step: 3 dispatches
//     0  @contract_0   weft.contract   f32 [B, 64] in arena 0 + 131072   model.cpp:12
//   arena 131072 bytes, lower bound 131072
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
    return "output " + std::to_string(output.getIndex());
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

std::string planAsText(func::FuncOp function) {
  SmallVector<loom::DispatchOp> dispatches(function.getOps<loom::DispatchOp>());
  std::vector<std::array<std::string, 4>> rows; // kernel, hero, results, line
  for (loom::DispatchOp dispatch : dispatches) {
    auto kernel = SymbolTable::lookupNearestSymbolFrom<loom::KernelOp>(dispatch, dispatch.getKernelAttr());
    std::string heroes;
    for (Operation *hero : kernel ? kernel.getHeroes() : SmallVector<Operation *>())
      heroes += (heroes.empty() ? "" : ", ") + hero->getName().getStringRef().str();
    std::string results;
    llvm::raw_string_ostream list(results);
    for (auto [i, v] : llvm::enumerate(dispatch.getResults()))
      list << (i ? ", " : "") << ir::str(v.getType()) << " in " << placeText(dispatch.getPlaces() ? (*dispatch.getPlaces())[i] : Attribute());
    rows.push_back({("@" + dispatch.getKernel()).str(), heroes.empty() ? "pointwise" : heroes, results, lineText(dispatch.getLoc())});
  }
  std::array<size_t, 3> width{};
  for (auto &row : rows)
    for (unsigned c = 0; c < 3; ++c)
      width[c] = std::max(width[c], row[c].size());
  std::string text;
  llvm::raw_string_ostream os(text);
  os << "plan of @" << function.getName() << ": " << rows.size() << (rows.size() == 1 ? " dispatch\n" : " dispatches\n");
  for (auto [i, row] : llvm::enumerate(rows)) {
    os << "  " << llvm::format_decimal(i, 3);
    for (unsigned c = 0; c < 3; ++c)
      os << "  " << llvm::left_justify(row[c], width[c]);
    os << "  " << row[3] << "\n";
  }
  auto bytes = function->getAttrOfType<IntegerAttr>("loom.arena_bytes"), bound = function->getAttrOfType<IntegerAttr>("loom.arena_lower_bound");
  if (bytes && bound)
    os << "arena " << bytes.getInt() << " bytes, lower bound " << bound.getInt() << "\n";
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
