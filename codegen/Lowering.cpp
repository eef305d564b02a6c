// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Lowering.cpp - from a planned program to code: the story that passes/Pipelines.cpp begins ----------------------===//
//
//   emit   every kernel becomes loops over flat memory, in vectors of the machine's size
//   llvm   functions of numbers become arithmetic, loops become LLVM's dialect, dispatches a straight line of calls with a descriptor
//
//===----------------------------------------------------------------------------------------------------------------===//
#include "codegen/Machine.h"
#include "codegen/Passes.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"

using namespace mlir;

namespace weft::codegen {

void buildEmitPipeline(OpPassManager &pm, const Machine &machine) { pm.addPass(createEmitKernels(machine)); }

void buildLLVMPipeline(OpPassManager &pm, const Machine &machine, bool checkFinite) {
  pm.addPass(createExpandMath(machine));
  pm.addPass(createLowerKernels());
  pm.addPass(createBuildProgram(checkFinite, machine.features));
}

void registerPasses() {
  registerEmitKernels();
  registerExpandMath();
  registerLowerKernels();
  registerBuildProgram();
  static PassPipelineRegistration<> emit("weft-emit", "kernels to loops over flat memory",
                                         [](OpPassManager &pm) { buildEmitPipeline(pm, {}); });
  static PassPipelineRegistration<> llvm("weft-llvm", "loops and dispatches to the LLVM dialect",
                                         [](OpPassManager &pm) { buildLLVMPipeline(pm, {}, false); });
}
} // namespace weft::codegen
