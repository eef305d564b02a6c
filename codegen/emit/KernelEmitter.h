// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- KernelEmitter.h - elements of a kernel on flat buffers --------------------------------------------------------===//
//
// A kernel becomes a function over flat memrefs, one per operand and result, sized by the dimensions' upper bounds:
//
//   func.func @k(%x: memref<512xf32>, %y: memref<512xf32>, %B: index, %begin: index, %end: index, %error: memref<1xi64>)
//
// [begin, end) is a range of the kernel's units: independent pieces of work whose number and size follow from the shape
// alone, so that results do not depend on how units are spread over threads. Each kind of kernel (Map, Reduce,
// Contract, Scatter) makes loops over the elements of a unit, and asks the KernelEmitter for elements; what the
// elements mean is said by the ops (Pointwise.h).
//
//===----------------------------------------------------------------------------------------------------------------===//
#pragma once
#include "codegen/Machine.h"
#include "codegen/emit/Messages.h"
#include "dialects/loom/Loom.h"
#include "dialects/weft/Weft.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/DenseMap.h"
#include <functional>

namespace weft::codegen {
using Values = llvm::SmallVector<mlir::Value>;

/// The units of a kernel, and how many of them are worth a task.
struct Schedule {
  ir::Dim units;
  int64_t grain = 1;
};

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
constexpr int64_t sumBlock = 64;      // of a reduction: 1e-6 of relative error at most, seen over sizes up to 1e7
constexpr int64_t productBlock = 256; // of a product with many accumulators, which wait on the stack meanwhile

class KernelEmitter : public ir::ElementEmitter {
public:
  KernelEmitter(mlir::OpBuilder &b, loom::KernelOp kernel, mlir::func::FuncOp function, Messages &messages,
                Machine machine, bool inPlace);

  mlir::Value element(mlir::Value tensor, llvm::ArrayRef<ir::Coord> at) override;
  mlir::Value size(const ir::Dim &dim) override;
  void require(mlir::Value ok, ir::RuntimeError error, mlir::Value detail, llvm::StringRef message) override;

  /// Computes and stores what the kernel yields at a position.
  void storeResults(llvm::ArrayRef<ir::Coord> at);
  /// A hero's result at the position that storeResults will be asked for.
  void setHero(mlir::Value result, mlir::Value accumulator);
  /// Which one of the rows that the loops go through together is meant from here on.
  void setRow(unsigned row) { row_ = row; }
  /// From here on every element of a reduction's result is this one, in this row.
  void setRowValue(mlir::Value reduction, mlir::Value scalar);
  /// From here on elements of `tensor` in this row are read from memory that holds the row.
  void setRowMemory(mlir::Value tensor, mlir::Value memory);
  /// Forgets both, of all rows.
  void endRows();

  /// An operand's elements as they are read for all lanes at once.
  struct Access {
    mlir::Value operand;
    ir::Coord linear;
  };
  /// Notes the operands' elements that `body` reads.
  void recording(llvm::SmallVector<Access> &reads, llvm::function_ref<void()> body);
  /// The same for code that is thrown away; nothing if it has effects.
  std::optional<llvm::SmallVector<Access>> readsOf(llvm::function_ref<void()> body);
  /// From here on the lanes of `operand` that do not lie side by side are found side by side in `memory`.
  void setTurned(mlir::Value operand, mlir::Value memory, mlir::Value from);
  void endTurned();
  mlir::Value memoryOf(mlir::Value operand) {
    return operandMemory_[mlir::cast<mlir::BlockArgument>(operand).getArgNumber()];
  }

  /// A reduction's combination of an accumulator with one more element. A sum of products is one multiply-add each: no
  /// other kernel computes the sum again, so none could round otherwise.
  llvm::SmallVector<mlir::Value> accumulate(ir::ReductionOpInterface op, mlir::ValueRange accumulator,
                                            mlir::ValueRange element);
  /// Memory on the stack of the kernel for elements as they are computed with.
  mlir::Value scratch(mlir::Type element, int64_t count);
  /// Says that the kernel uses matrix registers, which a process has to ask for.
  void useTiles();
  /// Runs `body` with another number of lanes.
  template <typename F> auto withLanes(int64_t n, F body) {
    struct Restore {
      int64_t &lanes, old;
      ~Restore() { lanes = old; }
    } restore{lanes, lanes};
    lanes = n;
    return body();
  }

  /// Lanes for elements of so many bits along a dimension: a power of two, at most a register's worth and at most the
  /// dimension if that is static.
  int64_t pickLanes(int64_t bits, const ir::Dim &along) const;
  /// The widest element that the kernel computes with, at least 32 bits.
  int64_t widestBits();
  /// About how much one element of the kernel costs, in units of an addition.
  int64_t elementCost();

  mlir::Value begin() const { return begin_; }
  mlir::Value end() const { return end_; }
  const Machine &machine() const { return machine_; }
  /// Whether a result may lie where an operand does, which is then in the caches already.
  bool inPlace() const { return inPlace_; }
  /// Whether the code can raise an error.
  bool raises() const { return raises_; }
  loom::KernelOp kernel() const { return kernel_; }

  /// Stores of whole vectors go past the caches while `body` runs; they must be of memory aligned to a vector.
  void streaming(llvm::function_ref<void()> body) {
    streaming_ = true;
    body();
    streaming_ = false;
  }

  /// All elements at equal positions are at equal linear ones: positions have one coordinate then, the linear index.
  void setFlat() { flat_ = true; }

  // ---- loops ----
  using Body = llvm::function_ref<llvm::SmallVector<mlir::Value>(mlir::Value, mlir::ValueRange)>;
  /// for (i = lo; i < hi; i += step) with values carried from round to round.
  llvm::SmallVector<mlir::Value> loop(mlir::Value lo, mlir::Value hi, int64_t step, mlir::ValueRange carried,
                                      Body body);
  void loop(mlir::Value lo, mlir::Value hi, int64_t step, llvm::function_ref<void(mlir::Value)> body);
  /// The same for accumulators: at most `rounds` rounds, each of which adds up to `each` elements to one of them.
  llvm::SmallVector<mlir::Value> loop(mlir::Value lo, mlir::Value hi, int64_t step, mlir::ValueRange carried,
                                      const BlockedSum &sum, int64_t rounds, int64_t each, Body body);
  /// Widths for what no whole vector of `lanes` fills: halves of it where the extent is known, else a quarter, and one.
  static llvm::SmallVector<int64_t> tailWidths(int64_t lanes, const ir::Dim &extent);
  /// Covers [lo, hi) by steps of widths[0], then what is left by widths[1] and so on; the last must divide what is
  /// left. `extent` is the size that [lo, hi) is cut from: a static one leaves out widths that cannot occur. lo is a
  /// multiple of widths[0].
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
  /// As many vectors as they have lanes, as a matrix.
  Values transpose(Values rows);
  // ---- memory ----
  mlir::Value load(mlir::Value memory, mlir::Type element, const ir::Coord &linear);
  void store(mlir::Value value, mlir::Value memory, mlir::Type element, const ir::Coord &linear);
  /// Numbers of f32 as those of bf16 nearest to them.
  mlir::Value roundedToBF16(mlir::Value v);
  /// Asks for the line of an element that will be read soon, if it lies in memory as it is.
  void prefetch(mlir::Value tensor, llvm::ArrayRef<ir::Coord> at, int64_t cache = 3);
  /// An operand's or a result's place of an element: its linear index.
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
  mlir::Value begin_, end_, error_;
  llvm::SmallDenseMap<mlir::Value, mlir::Value, 2> heroes_;
  bool inPlace_, raises_ = false, flat_ = false, streaming_ = false;
  llvm::DenseMap<std::pair<mlir::Value, unsigned>, mlir::Value> rowValues_, rowMemory_;
  unsigned row_ = 0;
  llvm::DenseMap<mlir::Value, std::pair<mlir::Value, mlir::Value>> turned_; // memory and place
  llvm::SmallVector<Access> *reads_ = nullptr;
  llvm::DenseMap<mlir::Value, std::vector<std::pair<Key, mlir::Value>>> memo_;
  std::vector<std::pair<ir::Dim, mlir::Value>> sizes_;
  mlir::Operation *lastSize_ = nullptr;
};

/// The element type in memory: i1 takes a byte. bf16 is its bits: LLVM carries values of that type through registers by
/// calls of helper functions that no library here has, on processors without instructions for it.
mlir::Type storageType(mlir::Type element);
/// The memory of a tensor: flat, as large as it can get.
mlir::MemRefType memoryType(mlir::RankedTensorType tensor);
/// The names of the symbols that sizes in the kernel depend on, sorted.
llvm::SmallVector<llvm::StringRef> symbolsOf(loom::KernelOp kernel);
/// A constant in memory: a memref.global at the end of the module, one per value.
mlir::StringAttr constantMemory(mlir::ModuleOp module, mlir::DenseElementsAttr value);
/// The last dimension that is not 1, or -1.
int64_t lastWideDim(llvm::ArrayRef<ir::Dim> dims);

/// One accumulator of many: copies (a power of two) meet pairwise, then halves of the vector, then the tail, if there
/// is one, joins.
llvm::SmallVector<mlir::Value> combineTree(KernelEmitter &e, ir::ReductionOpInterface op,
                                           llvm::ArrayRef<mlir::Value> accumulators, int64_t lanes,
                                           llvm::ArrayRef<mlir::Value> tail);

// What each kind of kernel makes of its function, with the insertion point in the body; an error was reported if it
// fails.
mlir::FailureOr<Schedule> emitMap(KernelEmitter &e);
/// A map of which operands are read across their rows; nothing if there are none.
std::optional<Schedule> emitTransposedMap(KernelEmitter &e, const ir::Dims &dims);
mlir::FailureOr<Schedule> emitReduce(KernelEmitter &e, llvm::ArrayRef<mlir::Operation *> heroes);
mlir::FailureOr<Schedule> emitRows(KernelEmitter &e, llvm::ArrayRef<mlir::Operation *> heroes);
mlir::FailureOr<Schedule> emitContract(KernelEmitter &e, mlir::Operation *hero);
mlir::FailureOr<Schedule> emitScatter(KernelEmitter &e, mlir::Operation *hero);
} // namespace weft::codegen
