// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- UpdateInPlace.cpp - state is written where it is -------------------------------------------------------------------===//
//
//   func.func @step(%w, %g) -> (!t {weft.updates = 0 : i64})        func.func @step(%w, %g) -> (!t {weft.updates = 0 : i64, loom.in_place = 0 : i64})
//     %v = loom.dispatch @map_0(%w, %g)                       ==>     %v = loom.dispatch @map_0(%w, %g)
//     return %v                                                       return %v
//
// Updates.h says what must hold. The order of dispatches is settled by now, so this only looks; what is not made in
// place gets a remark with the reason. An update that turned out to change nothing is marked `unchanged`: it is no
// work where its memory is the argument's.
//
//===----------------------------------------------------------------------------------------------------------------===//
#include "dialects/loom/Loom.h"
#include "dialects/weft/Weft.h"
#include "mlir/IR/Remarks.h"
#include "passes/Passes.h"
#include "passes/plan/Updates.h"

namespace weft::passes {
#define GEN_PASS_DEF_UPDATEINPLACE
#include "passes/Passes.h.inc"

using namespace mlir;

namespace {
/// Whether the result of a dispatch is a copy of its operand.
bool isCopy(loom::DispatchOp dispatch) {
  auto kernel = SymbolTable::lookupNearestSymbolFrom<loom::KernelOp>(dispatch, dispatch.getKernelAttr());
  return dispatch->getNumOperands() == 1 && dispatch->getNumResults() == 1 &&
         llvm::all_of(kernel.getBody().front().without_terminator(),
                      [](Operation &op) { return op.hasTrait<ir::Identity>(); });
}

std::string lineOf(Operation *op) {
  std::string text;
  op->getLoc()->walk([&](Location inner) {
    auto line = dyn_cast<FileLineColLoc>(inner);
    if (!line)
      return WalkResult::advance();
    text = (" at " + line.getFilename().getValue() + ":" + Twine(line.getLine())).str();
    return WalkResult::interrupt();
  });
  return text;
}

struct UpdateInPlace : impl::UpdateInPlaceBase<UpdateInPlace> {
  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (function.isExternal())
      return;
    Block &block = function.getBody().front();
    auto refuse = [&](unsigned result, Operation *at, StringRef reason) {
      unsigned argument = function.getResultAttrOfType<IntegerAttr>(result, ir::updatesMark).getInt();
      auto name = function.getArgAttrOfType<StringAttr>(argument, "weft.name");
      std::string what = (name ? name.getValue() : StringRef("argument " + std::to_string(argument))).str();
      remark::missed(
          at ? at->getLoc() : function.getLoc(),
          remark::RemarkOpts::name("update-in-place").category("update-in-place").function(function.getName()))
          << (what + " is not updated in place") << remark::reason("{0}", reason);
    };
    SmallVector<Update> updates = findUpdates(function, refuse);
    if (updates.empty())
      return;
    SmallVector<Operation *> raising = findRaising(block);
    for (const Update &update : updates) {
      // The first of these ops that does not run before the write; null if all do.
      auto late = [](const Update::Write &write, ArrayRef<Operation *> ops) -> Operation * {
        auto found =
            llvm::find_if(ops, [&](Operation *op) { return op == write.writer || write.writer->isBeforeInBlock(op); });
        return found == ops.end() ? nullptr : *found;
      };
      const Update::Write &first = update.writes.front();
      if (Operation *raises = late(first, raising)) {
        refuse(update.result, first.writer,
               raises == first.writer ? "what writes it may raise an error"
                                      : "an error may be raised when it is written already" + lineOf(raises));
        continue;
      }
      auto overtaken =
          llvm::find_if(update.writes, [&](const Update::Write &write) { return late(write, write.readers); });
      if (overtaken != update.writes.end()) {
        refuse(update.result, overtaken->writer,
               "the old value is read when the new one is there already" +
                   lineOf(late(*overtaken, overtaken->readers)));
        continue;
      }
      Builder b(&getContext());
      function.setResultAttr(update.result, inPlaceMark, b.getI64IntegerAttr(update.argument));
      for (const Update::Write &write : update.writes)
        if (auto writer = dyn_cast<loom::DispatchOp>(write.writer);
            writer && isCopy(writer) && llvm::is_contained(writer.getOperands(), block.getArgument(update.argument)))
          writer.setUnchanged(true);
    }
  }
};
} // namespace
} // namespace weft::passes
