// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Pipelines.cpp - the order of everything ------------------------------------------------------------------------===//
//
// From the graph that a user wrote to dispatches with places in memory; codegen/Lowering.cpp goes on from there:
//
//   derive     derivatives of functions become those of values; complex values their parts; attention that was written out one op, if an
//              emitter takes it whole; derivatives of values plain ops of the graph
//   stream     (functions with `weft.stream`, in front of all others) derivatives become plain ops, the function a step with a state
//   simplify   names go, semantic ops become primitives, constants and algebra fold, what nobody reads goes
//   prepare    (functions with bound arguments) what follows from those alone becomes a function that runs once
//   dispatch   the graph is cut into kernels, equal kernels are one
//   plan       kernels that free memory run early; what a memory budget has no room for is computed again; state is written in
//              place; neighbours that are independent run together; every result gets its place: an output, or a stretch of the arena
//
//===----------------------------------------------------------------------------------------------------------------===//
#include "passes/Pipelines.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"
#include "passes/Passes.h"

using namespace mlir;
namespace weft::passes {

void buildDerive(OpPassManager &pm, const PipelineOptions &options, bool finite) {
  pm.addPass(createCheckSizes()); // of what the user wrote, before anything is multiplied
  pm.addPass(createDeriveSymbols());
  pm.addNestedPass<func::FuncOp>(createSplitComplex());
  if (options.fuse && !finite)
    pm.addNestedPass<func::FuncOp>(createFuseAttention(options.emission));
  pm.addNestedPass<func::FuncOp>(createExpandDerivatives({finite}));
  pm.addPass(createCheckSizes()); // of what derivatives and vmap made of it
}

void buildStream(OpPassManager &pm) {
  pm.addPass(createCheckSizes());
  pm.addPass(createDeriveSymbols());
  pm.addNestedPass<func::FuncOp>(createSplitComplex());
  pm.addNestedPass<func::FuncOp>(createExpandDerivatives());
  pm.addNestedPass<func::FuncOp>(createCanonicalizerPass());
  pm.addNestedPass<func::FuncOp>(createCSEPass());
  pm.addNestedPass<func::FuncOp>(createDeriveStream());
  pm.addNestedPass<func::FuncOp>(createCanonicalizerPass());
  pm.addNestedPass<func::FuncOp>(createCSEPass());
}

void buildSimplify(OpPassManager &pm, const PipelineOptions &options) {
  OpPassManager &f = pm.nest<func::FuncOp>();
  f.addPass(createRemoveIdentities());
  f.addPass(createCanonicalizerPass()); // dead code of derivatives goes before it is decomposed
  f.addPass(createCSEPass());
  f.addPass(createSimplifyRegions());
  f.addPass(createDecompose(options.emission));
  f.addPass(createSinkBroadcasts());
  f.addPass(createSimplifyAlgebra());
  f.addPass(createFoldConstants());
  f.addPass(createSimplifyRegions()); // the parts of semantic ops may not change either
  f.addPass(createCanonicalizerPass());
  f.addPass(createCSEPass());
}

void buildPrepare(OpPassManager &pm, int64_t vectorBytes) {
  pm.addPass(createPrepareBound({2 * vectorBytes}));
  pm.addNestedPass<func::FuncOp>(createFoldConstants());
  pm.addNestedPass<func::FuncOp>(createCanonicalizerPass());
  pm.addNestedPass<func::FuncOp>(createCSEPass());
}

void buildDispatch(OpPassManager &pm, const PipelineOptions &options) {
  pm.addPass(createFormDispatches({options.fuse}));
}

void buildPlan(OpPassManager &pm, const PipelineOptions &options) {
  // A budget is for the arena: under one, state is updated in place only where that order comes about by itself.
  pm.addNestedPass<func::FuncOp>(createOrderDispatches({options.memory == 0}));
  if (options.memory > 0)
    pm.addNestedPass<func::FuncOp>(createRematerialize({options.memory}));
  pm.addNestedPass<func::FuncOp>(createUpdateInPlace());
  pm.addNestedPass<func::FuncOp>(createForkDispatches());
  pm.addNestedPass<func::FuncOp>(createPlanBuffers({options.mostArena}));
  pm.addNestedPass<func::FuncOp>(createVerifyPlan());
}

void registerPipelines(const PipelineOptions &options) {
  static PassPipelineRegistration<> derive("weft-derive", "derivatives become plain ops",
                                           [=](OpPassManager &pm) { buildDerive(pm, options); });
  static PassPipelineRegistration<> simplify("weft-simplify", "semantic ops become primitives; fold what can be",
                                             [=](OpPassManager &pm) { buildSimplify(pm, options); });
  static PassPipelineRegistration<> dispatch("weft-dispatch", "cut the graph into kernels",
                                             [=](OpPassManager &pm) { buildDispatch(pm, options); });
  static PassPipelineRegistration<> plan("weft-plan", "give every result its place",
                                         [=](OpPassManager &pm) { buildPlan(pm, options); });
  static PassPipelineRegistration<> stream("weft-stream",
                                           "functions that are causal along time become steps with a state",
                                           [](OpPassManager &pm) { buildStream(pm); });
  static PassPipelineRegistration<> all("weft-to-loom", "derive, simplify, dispatch, plan", [=](OpPassManager &pm) {
    buildDerive(pm, options);
    buildSimplify(pm, options);
    buildDispatch(pm, options);
    buildPlan(pm, options);
  });
}
} // namespace weft::passes
