// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The dialects that a program passes through on its way to LLVM: registered by every tool, so that any stage can be
// printed and read back.
#pragma once
#include "dialects/loom/Loom.h"
#include "dialects/weft/Weft.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

namespace weft::tools {
inline void registerDialects(mlir::DialectRegistry &registry) {
  registry.insert<ir::WeftDialect, loom::LoomDialect, mlir::func::FuncDialect, mlir::arith::ArithDialect,
                  mlir::math::MathDialect, mlir::scf::SCFDialect, mlir::memref::MemRefDialect,
                  mlir::vector::VectorDialect, mlir::LLVM::LLVMDialect, mlir::cf::ControlFlowDialect>();
}
} // namespace weft::tools
