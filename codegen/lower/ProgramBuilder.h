// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- ProgramBuilder.h - what the pass `build-program` is made of --------------------------------------------------------===//
//
// Program.cpp has the story; ProgramControl.cpp makes loops and branches.
//
//===----------------------------------------------------------------------------------------------------------------===//
#pragma once
#include "codegen/emit/Messages.h"
#include "codegen/lower/Places.h"
#include "dialects/weft/Weft.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

namespace weft::codegen {
class ProgramBuilder {
public:
  ProgramBuilder(mlir::ModuleOp module, mlir::func::FuncOp function, bool checkFinite, uint64_t cpuFeatures)
      : module(module), function(function), checkFinite(checkFinite), cpuFeatures(cpuFeatures),
        name(function.getSymName()), messages(module), b(module.getContext()), loc(function.getLoc()),
        i64(b.getI64Type()), pointer(mlir::LLVM::LLVMPointerType::get(b.getContext())),
        nothing(mlir::LLVM::LLVMVoidType::get(b.getContext())) {
    for (auto global : module.getOps<mlir::LLVM::GlobalOp>())
      constants.push_back(global);
  }
  llvm::LogicalResult build();

private:
  /// What is run of a dispatch.
  struct Loop {
    mlir::Value task, frame, units;
    int64_t grain;
  };
  llvm::LogicalResult findSymbols();
  llvm::LogicalResult unknownSymbol(llvm::StringRef name);
  llvm::LogicalResult buildRun();
  /// Runs dispatches that do not wait for each other.
  llvm::LogicalResult buildDispatches(llvm::ArrayRef<loom::DispatchOp> dispatches);
  /// Fills a frame that begins at word `at`.
  mlir::FailureOr<Loop> buildFrame(loom::DispatchOp dispatch, int64_t at);
  void checkResults(loom::DispatchOp dispatch);
  /// Before the first dispatch that writes state in place: what has failed by now ends here.
  void beginUpdate();
  static bool writesState(mlir::ArrayAttr places);
  llvm::LogicalResult buildBlock(mlir::Block &block);
  llvm::LogicalResult buildRegion(mlir::Block &block, llvm::ArrayRef<mlir::Value> wanted);
  llvm::LogicalResult buildControl(mlir::Operation *op);
  /// A loop whose carries go to and fro between two buffers each, and the first block of a step's own.
  struct Carried {
    unsigned carries;
    mlir::Block *header, *step, *after;
    mlir::Value count;                                                              // steps done before this one
    mlir::Value value(unsigned k) const { return header->getArgument(1 + 3 * k); }  // where carry k is
    mlir::Value wanted(unsigned k) const { return header->getArgument(2 + 3 * k); } // where its next value goes
    mlir::Value spare(unsigned k) const { return header->getArgument(3 + 3 * k); }  // where the one after that goes
  };
  /// Begins a loop of at most `most` steps; goes on in the first block of a step.
  mlir::FailureOr<Carried> beginLoop(mlir::OperandRange inits, llvm::ArrayRef<mlir::Value> buffers, mlir::Value most);
  /// Goes on behind the loop, where the results are what was carried last, or copies of the first values if there was
  /// no step.
  void endLoop(const Carried &loop, mlir::ResultRange results, bool maybeNoStep);
  /// Whether the byte of a predicate is set.
  mlir::Value isSet(mlir::Value predicateAt);
  llvm::LogicalResult buildScan(ir::ScanOp scan);
  llvm::LogicalResult buildWhile(ir::WhileOp loop);
  llvm::LogicalResult buildCond(ir::CondOp cond);
  void buildShapes();
  void buildDescriptor();

  mlir::Value number(int64_t v) { return mlir::LLVM::ConstantOp::create(b, loc, i64, v); }
  mlir::Value slot(mlir::Value base, int64_t i) {
    return mlir::LLVM::GEPOp::create(b, loc, pointer, i64, base,
                                     llvm::ArrayRef<mlir::LLVM::GEPArg>{mlir::LLVM::GEPArg(int32_t(i))});
  }
  mlir::Value loadFrom(mlir::Type type, mlir::Value base, int64_t i) {
    return mlir::LLVM::LoadOp::create(b, loc, type, slot(base, i));
  }
  mlir::Value expand(const ir::Dim &dim);
  mlir::Value expand(mlir::AffineExpr e, llvm::ArrayRef<ir::Symbol> symbols);
  mlir::Value symbolValue(llvm::StringRef symbol);
  mlir::FailureOr<mlir::Value> address(mlir::Value tensor);
  mlir::Value addressOf(const Place &place);
  /// The addresses that `loom.places` of a loop or branch says.
  mlir::FailureOr<llvm::SmallVector<mlir::Value>> placesOf(mlir::Operation *op);
  mlir::Value ahead(mlir::Value base, mlir::Value bytes) {
    return mlir::LLVM::GEPOp::create(b, loc, pointer, b.getI8Type(), base,
                                     llvm::ArrayRef<mlir::LLVM::GEPArg>{mlir::LLVM::GEPArg(bytes)});
  }
  mlir::Value bytes(llvm::ArrayRef<ir::Dim> dims, mlir::Type element);
  /// Bytes of one slice along axis 0 of a stacked tensor.
  mlir::Value sliceBytes(mlir::Value stacked);
  /// Whether a loop shall go on: false once the call is cancelled or has met an error.
  mlir::Value goesOn() { return ask("weft_goes_on"); }
  /// A service of the runtime that answers by yes or no.
  mlir::Value ask(llvm::StringRef question);
  mlir::Block *newBlock(mlir::TypeRange arguments = {}) {
    return b.createBlock(b.getBlock()->getParent(), {}, arguments,
                         llvm::SmallVector<mlir::Location>(arguments.size(), loc));
  }

  mlir::ModuleOp module;
  mlir::func::FuncOp function;
  bool checkFinite;
  uint64_t cpuFeatures; // of weft_program
  std::string name;
  Messages messages;
  mlir::OpBuilder b;
  mlir::Location loc;
  mlir::Type i64, pointer, nothing;
  struct Source {
    ir::Symbol symbol;
    int64_t input, axis;
  };
  std::vector<Source> symbols;
  std::string unknown; // a symbol that no argument gives, met on the way
  llvm::SmallVector<mlir::LLVM::GlobalOp> constants;
  // Of the function under construction.
  mlir::Value context, inputs, outputs, symbolValues, arena, frames, loops;
  bool updating = false;
  llvm::DenseMap<mlir::Value, mlir::Value>
      moving; // addresses of what regions have as arguments and loops and branches as results
  llvm::SmallVector<llvm::SmallVector<mlir::Value>>
      yields; // where the regions that are open want their values, innermost last
  llvm::StringMap<mlir::Value> loaded;
};
} // namespace weft::codegen
