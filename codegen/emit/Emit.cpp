// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Emit.cpp - the pass `emit-kernels`: kernels become functions on flat memory -----------------------------------===//
//
//   loom.kernel @k { ^bb0(%x: tensor<8xf32>): %y = weft.tanh %x : tensor<8xf32>  loom.yield %y : tensor<8xf32> }
//
// becomes
//
//   func.func private @k(%x: memref<8xf32>, %y: memref<8xf32>, %begin: index, %end: index, %error: memref<1xi64>)
//       attributes {loom.task = #loom.task<units = <(1)>, grain = 2048, symbols = [], origins = ["file:1: tanh"]>} { loops }
//
// Dispatches stay as they are: the symbol that they name is now a function. The attribute `loom.task` says how many
// units it has, and how many of them a thread takes at a time.
//
//===----------------------------------------------------------------------------------------------------------------===//
#include "codegen/Passes.h"
#include "codegen/emit/KernelEmitter.h"
#include "codegen/lower/Places.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Dominance.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Transforms/CSE.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace weft;
using namespace weft::codegen;

static LogicalResult emitKernel(loom::KernelOp kernel, Messages &messages, const Machine &machine, bool inPlace) {
  MLIRContext *context = kernel.getContext();
  OpBuilder b(kernel);
  Type index = b.getIndexType();
  SmallVector<Type> types;
  for (Type type : kernel.getBody().front().getArgumentTypes())
    types.push_back(memoryType(cast<RankedTensorType>(type)));
  for (Type type : kernel.getTerminator()->getOperandTypes())
    types.push_back(memoryType(cast<RankedTensorType>(type)));
  if (int64_t workspace = kernel.getWorkspace())
    types.push_back(MemRefType::get({workspace}, b.getI8Type()));
  SmallVector<StringRef> symbols = symbolsOf(kernel);
  types.append(symbols.size(), index);
  types.append({index, index, MemRefType::get({1}, b.getI64Type())});

  auto function = func::FuncOp::create(b, kernel.getLoc(), kernel.getSymName(), b.getFunctionType(types, {}));
  function.setPrivate();
  b.setInsertionPointToStart(function.addEntryBlock());
  KernelEmitter e(b, kernel, function, messages, machine, inPlace);
  const Emitter *emitter = chooseEmitter(kernel, machine);
  if (!emitter) {
    SmallVector<Operation *> heroes = kernel.getHeroes();
    return (heroes.empty() ? kernel.getOperation() : heroes[0])->emitOpError("has no emitter");
  }
  FailureOr<Schedule> schedule = emitter->emit(e);
  if (failed(schedule))
    return failure();
  if (e.raises() && kernel.getChecks().empty())
    return kernel.emitOpError("raises an error that none of its ops told the plan of (CheckedOpInterface)");
  func::ReturnOp::create(b, kernel.getLoc());
  // The user's line of each result, for messages about its values.
  SmallVector<Attribute> origins;
  for (Value result : kernel.getTerminator()->getOperands()) {
    Operation *op = result.getDefiningOp();
    FileLine at = fileLine(op ? op->getLoc() : kernel.getLoc());
    std::string text =
        at.file.empty() ? "" : llvm::sys::path::filename(at.file).str() + ":" + std::to_string(at.line) + ": ";
    origins.push_back(b.getStringAttr(text + (op ? ir::userName(op) : "a result")));
  }
  function->setAttr(loom::taskMark,
                    loom::TaskAttr::get(context, ir::getDimsAttr(context, {schedule->units}), schedule->grain,
                                        b.getStrArrayAttr(symbols), b.getArrayAttr(origins), e.usesTiles()));
  kernel.erase();
  // Emitters compute the same value more than once; here the copies are removed. That is done inside kernels only: in
  // the plan, two dispatches that look the same write their buffer at different times.
  IRRewriter rewriter(context);
  DominanceInfo dominance(function);
  eliminateCommonSubExpressions(rewriter, dominance, function);
  return success();
}

namespace {
struct EmitKernels : PassWrapper<EmitKernels, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(EmitKernels)
  EmitKernels() = default;
  EmitKernels(const EmitKernels &other) : PassWrapper(other) {}
  explicit EmitKernels(const Machine &machine) {
    vectorBytes = machine.vectorBytes;
    registers = machine.registers;
    tiles = machine.tiles;
    pairs = machine.pairs;
  }
  Option<int64_t> vectorBytes{*this, "vector-bytes", llvm::cl::desc("bytes of a vector register; 0 for scalar code"),
                              llvm::cl::init(64)};
  Option<int64_t> registers{*this, "registers", llvm::cl::desc("number of vector registers"), llvm::cl::init(32)};
  Option<bool> tiles{*this, "tiles", llvm::cl::desc("matrix registers for products of bf16"), llvm::cl::init(false)};
  Option<bool> pairs{*this, "pairs", llvm::cl::desc("products of pairs of bf16 in one instruction"),
                     llvm::cl::init(false)};

  StringRef getArgument() const override { return "emit-kernels"; }
  StringRef getDescription() const override { return "make loops over flat memory of every loom.kernel"; }
  void getDependentDialects(DialectRegistry &registry) const override {
    registry.insert<affine::AffineDialect, arith::ArithDialect, func::FuncDialect, LLVM::LLVMDialect, math::MathDialect,
                    memref::MemRefDialect, scf::SCFDialect, vector::VectorDialect>();
  }
  void runOnOperation() override {
    Messages messages(getOperation());
    SmallVector<func::FuncOp> programs = findPrograms(getOperation());
    Machine machine;
    machine.vectorBytes = vectorBytes;
    machine.registers = registers;
    machine.tiles = tiles;
    machine.pairs = pairs;
    for (auto kernel : llvm::make_early_inc_range(getOperation().getOps<loom::KernelOp>()))
      if (failed(emitKernel(kernel, messages, machine, runsInPlace(programs, kernel.getSymName()))))
        return signalPassFailure();
    messages.save();
  }
};
} // namespace

std::unique_ptr<Pass> weft::codegen::createEmitKernels(const Machine &machine) {
  return std::make_unique<EmitKernels>(machine);
}
void weft::codegen::registerEmitKernels() { PassRegistration<EmitKernels>(); }
