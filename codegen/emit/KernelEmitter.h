// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- KernelEmitter.h - elements of a kernel on flat buffers --------------------------------------------------------===//
//
// A kernel becomes a function over flat memrefs, one per operand and result, sized by the dimensions' upper bounds:
//
//   func.func @k(%x: memref<512xf32>, %y: memref<512xf32>, %B: index, %begin: index, %end: index, %error: memref<1xi64>)
//
// A kernel that needs a workspace has it behind the results.
//
// [begin, end) is a range of the kernel's units. A unit is a piece of work that depends on no other unit. Number and
// size of the units follow from the shape alone, so that results do not depend on how threads share them. The emitter
// of each kind of kernel (Map, Reduce, Contract, Scatter) makes loops over the elements of a unit and asks the
// KernelEmitter for these elements. The ops say how an element is computed (Pointwise.h).
//
//===----------------------------------------------------------------------------------------------------------------===//
#pragma once
#include "codegen/emit/Emitters.h"
#include "codegen/emit/Messages.h"
#include "dialects/loom/Loom.h"
#include "dialects/weft/Weft.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/DenseMap.h"
#include <functional>

namespace weft::codegen {
using Values = llvm::SmallVector<mlir::Value>;

/// A sum's accumulators, and how they are kept from drifting. Each addition rounds at the size of what was summed so
/// far, so a chain of a million loses digits that shorter ones keep: after `block` additions the accumulators go into
/// others, which add blocks, and begin anew; these go into a third level after as many, and so on. So no chain is
/// longer than `block`, whatever the sum's length, and the order still follows from the shape alone.
struct BlockedSum {
  int64_t block = 0; // 0: the accumulators may take any number of elements in a row, for nothing rounds
  Values start;      // of no element; made in front of the loops
  std::function<Values(mlir::ValueRange total, mlir::ValueRange block)> combine;
  /// Of `rounds` that add `each` elements: how many are a block; how many additions loop() below leaves on the
  /// outermost level.
  int64_t roundsOfBlock(int64_t each) const { return std::max<int64_t>(1, block / each); }
  int64_t chain(int64_t rounds, int64_t each) const;
};
constexpr int64_t leastStreamedBytes = 32 << 20; // of a kernel's results: no cache holds as much
constexpr int64_t streamAlignment = 64;
constexpr int64_t mostApart = 4;      // elements between lanes for which whole vectors are loaded and shuffled
constexpr int64_t sumBlock = 64;      // of a reduction: 1e-6 of relative error at most, seen over sizes up to 1e7
constexpr int64_t productBlock = 512; // of a product with many accumulators, which wait on the stack meanwhile

class KernelEmitter : public ir::ElementEmitter {
public:
  KernelEmitter(mlir::OpBuilder &b, loom::KernelOp kernel, mlir::func::FuncOp function, Messages &messages,
                Machine machine, bool inPlace);

  mlir::Value element(mlir::Value tensor, llvm::ArrayRef<ir::Coord> at) override;
  mlir::Value size(const ir::Dim &dim) override;
  void require(mlir::Value ok, ir::RuntimeError error, mlir::Value detail, llvm::StringRef message) override;

  /// Computes the elements of the kernel's results at a position, and stores them.
  void storeResults(llvm::ArrayRef<ir::Coord> at);
  /// Sets the hero's result at the position for which storeResults is called next.
  void setHero(mlir::Value result, mlir::Value accumulator);
  /// Loops may go through several rows at once. From here on, `row` is the one that setRowValue and element() mean.
  void setRow(unsigned row) { row_ = row; }
  /// From here on, in this row, every element of the reduction's result is `scalar`.
  void setRowValue(mlir::Value reduction, mlir::Value scalar);
  /// From here on, in this row, elements of `tensor` are read from `memory`, which holds the row.
  void setRowMemory(mlir::Value tensor, mlir::Value memory);
  /// Ends the effect of both, in all rows.
  void endRows();

  /// A load of an operand's elements, for all lanes at once.
  struct Access {
    mlir::Value operand;
    ir::Coord linear;
  };
  /// Runs `body` and lists the loads that it emits.
  void recording(llvm::SmallVector<Access> &reads, llvm::function_ref<void()> body);
  /// The same, but removes the code that `body` has emitted. Nothing if that code has effects.
  std::optional<llvm::SmallVector<Access>> readsOf(llvm::function_ref<void()> body);
  /// From here on, an argument of a hero's region is the value that the hero gives it.
  void setAlias(mlir::Value argument, mlir::Value value) { aliases_[argument] = value; }
  /// From here on, where lanes of `operand` lie apart in memory, they are read from `memory` instead: side by side at
  /// `from`.
  void setTurned(mlir::Value operand, mlir::Value memory, mlir::Value from);
  void endTurned();
  mlir::Value memoryOf(mlir::Value operand) {
    return operandMemory_[mlir::cast<mlir::BlockArgument>(operand).getArgNumber()];
  }

  // ---- what a reduction keeps (Accumulators.cpp): of no element, of one, of two together, and its result
  Values identity(ir::ReductionOpInterface op);
  Values lift(ir::ReductionOpInterface op, mlir::Value element, mlir::Value at);
  Values combine(ir::ReductionOpInterface op, mlir::ValueRange x, mlir::ValueRange y);
  mlir::Value finish(ir::ReductionOpInterface op, mlir::ValueRange accumulator);
  /// Combines the accumulator of a reduction with one more element. A sum of products uses a multiply-add, which rounds
  /// once. That is safe, because no other kernel computes the same sum again and could round it differently.
  llvm::SmallVector<mlir::Value> accumulate(ir::ReductionOpInterface op, mlir::ValueRange accumulator,
                                            mlir::ValueRange element);
  /// Memory on the stack of the kernel, for elements in the type in which they are computed.
  mlir::Value scratch(mlir::Type element, int64_t count);
  /// Notes that the kernel uses matrix registers: a process has to ask the system for them.
  void useTiles() { usesTiles_ = true; }
  bool usesTiles() const { return usesTiles_; }
  /// Runs `body` with another number of lanes.
  template <typename F> auto withLanes(int64_t n, F body) {
    struct Restore {
      int64_t &lanes, old;
      ~Restore() { lanes = old; }
    } restore{lanes, lanes};
    lanes = n;
    return body();
  }

  /// The number of lanes for elements of `bits` bits along a dimension: a power of two, at most as many as a register
  /// has, and no more than the dimension if that is static.
  int64_t pickLanes(int64_t bits, const ir::Dim &along) const;
  /// The bits of the widest element that the kernel computes with, at least 32.
  int64_t widestBits();
  /// About how many additions cost as much as one element of the kernel.
  int64_t elementCost();

  /// The address of memory, for code that calls.
  mlir::Value address(mlir::Value memory);
  /// The kernel's workspace, memory beside operands and results; null if the kernel has none.
  mlir::Value workspace() const { return workspace_; }

  mlir::Value begin() const { return begin_; }
  mlir::Value end() const { return end_; }
  const Machine &machine() const { return machine_; }
  /// Whether a result may be written over an operand. Its memory is then in the caches already.
  bool inPlace() const { return inPlace_; }
  /// Whether the code can raise an error.
  bool raises() const { return raises_; }
  loom::KernelOp kernel() const { return kernel_; }

  /// Emits `body` with stores of whole vectors that bypass the caches. Their memory must be aligned to a vector.
  void streaming(llvm::function_ref<void()> body) {
    streaming_ = true;
    body();
    streaming_ = false;
  }

  /// Emits both: `streamed` by streaming(), which runs if the memory of all results is aligned to `streamAlignment`,
  /// and `plain`.
  void streamIfAligned(llvm::function_ref<void()> streamed, llvm::function_ref<void()> plain);
  /// Whether the memory of all results is aligned to `streamAlignment`.
  mlir::Value resultsAligned();
  /// Behind stores past the caches, which are not in order: they have to be visible before another thread learns that
  /// the kernel is done.
  void fence();

  /// Says that elements at equal positions have equal linear indices in all tensors. A position then has one
  /// coordinate, the linear index.
  void setFlat() { flat_ = true; }

  // ---- loops ----
  using Body = llvm::function_ref<llvm::SmallVector<mlir::Value>(mlir::Value, mlir::ValueRange)>;
  /// for (i = lo; i < hi; i += step), with values carried from step to step.
  llvm::SmallVector<mlir::Value> loop(mlir::Value lo, mlir::Value hi, int64_t step, mlir::ValueRange carried,
                                      Body body);
  void loop(mlir::Value lo, mlir::Value hi, int64_t step, llvm::function_ref<void(mlir::Value)> body);
  /// The same for accumulators: at most `rounds` rounds, each of which adds up to `each` elements to one of them.
  llvm::SmallVector<mlir::Value> loop(mlir::Value lo, mlir::Value hi, int64_t step, mlir::ValueRange carried,
                                      const BlockedSum &sum, int64_t rounds, int64_t each, Body body);
  /// Widths for what no whole vector of `lanes` fills: halves of it where the extent is known, else a quarter, and one.
  static llvm::SmallVector<int64_t> tailWidths(int64_t lanes, const ir::Dim &extent);
  /// Covers [lo, hi) in steps of widths[0], the remainder in steps of widths[1], and so on. The last width must divide
  /// what the others leave. `extent` is the size of the range from which [lo, hi) was cut: if it is static, widths that
  /// cannot occur are left out. lo is a multiple of widths[0].
  void tiled(mlir::Value lo, mlir::Value hi, const ir::Dim &extent, llvm::ArrayRef<int64_t> widths,
             llvm::function_ref<void(mlir::Value, int64_t)> body);
  /// The same with values carried through all loops, updated in place; accumulators, if `sum` is given.
  void tiledCarrying(mlir::Value lo, mlir::Value hi, const ir::Dim &extent, llvm::ArrayRef<int64_t> widths,
                     llvm::SmallVector<mlir::Value> &carried,
                     llvm::function_ref<void(mlir::Value, int64_t, llvm::SmallVector<mlir::Value> &)> body,
                     const BlockedSum &sum = {});
  /// The longest chain of additions that tiledCarrying leaves, where each width adds one element to an accumulator.
  static int64_t chainOf(const ir::Dim &extent, llvm::ArrayRef<int64_t> widths, const BlockedSum &sum);
  /// The position of a row-major linear index.
  llvm::SmallVector<mlir::Value> delinearize(mlir::Value linear, llvm::ArrayRef<ir::Dim> dims);
  mlir::Value minimum(mlir::Value a, mlir::Value b);
  /// Transposes a square matrix in registers: as many vectors as each has lanes.
  Values transpose(Values rows);
  // ---- memory ----
  mlir::Value load(mlir::Value memory, mlir::Type element, const ir::Coord &linear);
  void store(mlir::Value value, mlir::Value memory, mlir::Type element, const ir::Coord &linear);
  /// Rounds numbers of f32 to the nearest ones of bf16.
  mlir::Value roundedToBF16(mlir::Value v);
  /// Asks the processor for the cache line of an element that will be read soon, as far as the element is in memory.
  void prefetch(mlir::Value tensor, llvm::ArrayRef<ir::Coord> at, int64_t cache = 3);
  /// The linear index of an element of an operand or a result.
  ir::Coord linearIn(mlir::Value tensor, llvm::ArrayRef<ir::Coord> at);
  void prefetch(mlir::Value memory, mlir::Value linear, int64_t cache = 3, bool toWrite = false);
  /// The memory of an operand of the kernel.
  mlir::Value operandMemory(mlir::BlockArgument operand) { return operandMemory_[operand.getArgNumber()]; }
  /// The memory of result i.
  mlir::Value resultMemory(unsigned i) { return resultMemory_[i]; }

private:
  struct Key {
    mlir::Value value;
    mlir::Block *block;
    int64_t lanes;
    llvm::SmallVector<std::tuple<mlir::Value, int64_t, bool>, 4> at;
    bool operator==(const Key &) const = default;
  };
  struct KeyInfo;

  loom::KernelOp kernel_;
  mlir::func::FuncOp function_;
  Messages &messages_;
  Machine machine_;
  llvm::SmallVector<mlir::Value> operandMemory_, resultMemory_;
  llvm::StringMap<mlir::Value> symbols_;
  mlir::Value workspace_, begin_, end_, error_;
  llvm::SmallDenseMap<mlir::Value, mlir::Value, 2> heroes_, aliases_;
  bool inPlace_, usesTiles_ = false, raises_ = false, flat_ = false, streaming_ = false;
  llvm::DenseMap<std::pair<mlir::Value, unsigned>, mlir::Value> rowValues_, rowMemory_;
  unsigned row_ = 0;
  llvm::DenseMap<mlir::Value, std::pair<mlir::Value, mlir::Value>> turned_; // memory and place
  llvm::SmallVector<Access> *reads_ = nullptr;
  llvm::DenseMap<mlir::Value, std::vector<std::pair<Key, mlir::Value>>> memo_;
  std::vector<std::pair<ir::Dim, mlir::Value>> sizes_;
  mlir::Operation *lastSize_ = nullptr;
};

/// The type of an element in memory. i1 takes a byte. bf16 is an integer of 16 bits: on processors without instructions
/// for bf16, LLVM calls helper functions for values of that type, and no library here has those functions.
mlir::Type storageType(mlir::Type element);
/// The type of a tensor's memory: flat, as large as the upper bounds of its dimensions make it.
mlir::MemRefType memoryType(mlir::RankedTensorType tensor);
/// The names of the symbols that sizes in the kernel depend on, sorted.
llvm::SmallVector<llvm::StringRef> symbolsOf(loom::KernelOp kernel);
/// The memory of a constant: a memref.global at the end of the module, one for each value.
mlir::StringAttr constantMemory(mlir::ModuleOp module, mlir::DenseElementsAttr value);
/// The last dimension that is not 1, or -1.
int64_t lastWideDim(llvm::ArrayRef<ir::Dim> dims);

/// Combines many accumulators into one, always in the same order: first the copies (a power of two of them) in pairs,
/// then the halves of the vector, then the accumulator of the tail if there is one.
llvm::SmallVector<mlir::Value> combineTree(KernelEmitter &e, ir::ReductionOpInterface op,
                                           llvm::ArrayRef<mlir::Value> accumulators, int64_t lanes,
                                           llvm::ArrayRef<mlir::Value> tail);

} // namespace weft::codegen
