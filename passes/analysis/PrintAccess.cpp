// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The pass `print-access`: a remark for each op with its space and where each tensor is along it, as
// dialects/weft/Access.h writes them. It changes nothing.
#include "dialects/weft/Weft.h"
#include "passes/Passes.h"

namespace weft::passes {
#define GEN_PASS_DEF_PRINTACCESS
#include "passes/Passes.h.inc"

namespace {
struct PrintAccess : impl::PrintAccessBase<PrintAccess> {
  void runOnOperation() override {
    getOperation()->walk([](mlir::Operation *op) {
      if (llvm::isa_and_nonnull<ir::WeftDialect>(op->getDialect()) && op->getNumResults())
        op->emitRemark() << ir::str(ir::accessOf(op));
    });
    markAllAnalysesPreserved();
  }
};
} // namespace
} // namespace weft::passes
