// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Contraction.h - a contraction under emission --------------------------------------------------------------------===//
//
// What the forms of a contraction have in common (Contract.cpp lists the forms): the labels of "bmk,kn->bmn" with their
// sizes, the position of the loops along each label, an operand's element at that position, and the multiply-add.
//
//===----------------------------------------------------------------------------------------------------------------===//
#pragma once
#include "codegen/emit/KernelEmitter.h"
#include <map>

namespace weft::codegen {
constexpr int64_t lineBytes = 64;          // of a cache
constexpr int64_t nearest = 3, second = 2; // caches that lines are asked into
constexpr int64_t pageBytes =
    4 << 10; // of memory; also the span of one way of the nearest cache, on all x86 processors of today

struct Contraction {
  KernelEmitter &e;
  mlir::Value operands[2], product; // the result
  std::string labels[2], result;
  std::map<char, ir::Dim> extent;
  std::string summed;
  mlir::Type accumulator;
  std::map<char, ir::Coord> at; // the position of every label
  char columns = 0; // the label along which the vectors of a tile run; they begin at multiples of their width

  /// Of an op with two operands, each axis of which is a loop of its own.
  Contraction(KernelEmitter &e, mlir::Operation *op);
  bool in(int operand, char c) const { return labels[operand].find(c) != std::string::npos; }
  bool wide(char c) const { return !(extent.at(c) == 1); }
  /// The label along which neighbouring elements of an operand are neighbours in memory; 0 if there is none.
  char contiguous(int operand) const;
  /// Whether tiles of rows can read an operand from its own memory. It must have the accumulator's type, and the next k
  /// of a row must not be on another page.
  bool isReadInPlace(int operand, char rows) const {
    return mlir::isa<mlir::BlockArgument>(operands[operand]) && ir::elementOf(operands[operand]) == accumulator &&
           contiguous(operand) != rows;
  }
  /// Whether an operand is in memory and contiguous along k.
  bool hasRowsInMemory(int operand, char k) const {
    return mlir::isa<mlir::BlockArgument>(operands[operand]) && contiguous(operand) == k;
  }
  /// Whether neighbours along a label of an operand are a multiple of a page apart. All their lines then belong to one
  /// set of the nearest cache, which holds only a few.
  bool sharesSets(int operand, char label) const;
  /// The panels of `width` columns in which an operand was laid out before the call (weft.unpack); null if there are
  /// none.
  mlir::BlockArgument panelsOf(int operand, int64_t width) const;
  char lastOfResult() const;
  int64_t bytes() const { return accumulator.getIntOrFloatBitWidth() / 8; }
  /// How many elements of an operand a cache line holds.
  int64_t elementsOfLine(int operand) const {
    return 8 * lineBytes / int64_t(ir::elementOf(operands[operand]).getIntOrFloatBitWidth());
  }

  /// The position of the loops, as coordinates of an operand.
  llvm::SmallVector<ir::Coord> place(int operand) const;
  /// The element of an operand at the position of the loops, in the accumulator's type. It is a vector if the operand
  /// has the label along which the lanes run, else one number for all lanes.
  mlir::Value operand(int o, char lanesAlong);
  mlir::Value multiplyAdd(mlir::Value a, mlir::Value b, mlir::Value c);
  mlir::Value plus(mlir::Value a, mlir::Value b);
  /// How accumulators that start from these zeros are kept from drifting. Few of them wait in registers while a block
  /// is summed; many wait on the stack, so their blocks are longer.
  BlockedSum inBlocks(mlir::ValueRange zeros);

  // ---- products of pairs of bf16 ----
  /// Whether an operand's numbers are of bf16, as they are or widened to f32.
  bool isBF16(int operand) const;
  /// The same element, but rounded to bf16 if this kernel computes it: inside a kernel numbers of bf16 are f32.
  mlir::Value narrowOperand(int o, char lanesAlong);
  /// The bits of a number of bf16 that was widened to f32, as an i32. They are its upper half; unless `stay` is set
  /// they are moved to the lower half.
  mlir::Value upperHalf(mlir::Value widened, bool stay);
  /// The bits of two widened numbers, packed into one i32.
  mlir::Value pair(mlir::Value low, mlir::Value high);
  /// sum + left.low * right.low + left.high * right.high in each of 16 lanes: an instruction of AVX512-BF16.
  mlir::Value multiplyAddPairs(mlir::Value left, mlir::Value right, mlir::Value sum);
  /// Computes the epilogue of a sum and stores the result at the position of the loops.
  void store(mlir::Value sum);
  mlir::Value moved(mlir::Value base, int64_t by) { return e.add(base, e.index(by)); }
  mlir::Value loadVector(mlir::Value memory, mlir::Value at) {
    return e.load(memory, accumulator, {at, e.lanes == 1 ? 0 : 1, false});
  }
  void storeVector(mlir::Value v, mlir::Value memory, mlir::Value at) {
    e.store(v, memory, accumulator, {at, e.lanes == 1 ? 0 : 1, false});
  }
};

constexpr int64_t streamChain = 512; // of k of a product that streams by, after which sums go into totals

/// A product whose rows share panels of the vector operand (ContractPanels.cpp): labels of rows, columns and the sum,
/// sizes of blocks and tiles.
struct Panels {
  char m, n, k;
  int vectorSide;          // the operand that has n
  bool transposed = false; // it is contiguous in k
  int64_t lanes;
  llvm::SmallVector<int64_t> rowWidths, columnWidths; // of tiles, widest first; see KernelEmitter::tiled
  int64_t rowBlock, columnBlock, depth;               // of a unit; of a block of the sum
  bool stagesRows = false; // tiles read a copy of the rows: if rows are computed, contiguous along m, or few while
                           // panels are prepared
  mlir::Value packed = {}, partial = {}, staged = {}; // memory of the kernel, as allocate() makes it

  mlir::BlockArgument prepared = {}; // panels that were laid out before the call, so that no one packs (weft.unpack)
  bool packsWithFirstRows = false;   // the first tile of rows packs the panel while it computes
  int64_t stepsApart = 0;            // k of a tile between two steps that pack the next panel; 0 if there are no steps
  int64_t stagedElements() const { return rowBlock * depth + lanes; } // one vector may write past the last tile
  /// Makes the memory and sets the three members above.
  void allocate(Contraction &c);
};
/// Emits rows [m0, m1) and columns [n0, n1) of the result: at most rowBlock rows and columnBlock columns.
void emitPanels(Contraction &c, const Panels &p, mlir::Value m0, mlir::Value m1, mlir::Value n0, mlir::Value n1);

/// The form for products of bf16 that uses matrix registers or products of pairs (ContractTiles.cpp).
struct Tiled {
  char m, n, k;
  int vectorSide;
  bool transposed = false, pairs = false;
  llvm::SmallVector<int64_t> columnWidths;        // vectors of f32, for the epilogue
  int64_t rowBlock, columnBlock, depth;           // multiples of 32
  mlir::Value rows = {}, columns = {}, sums = {}; // memory of the kernel
  mlir::Value totals = {};                        // as much as of sums, if the sum is longer than `chain`
  bool readsRows = false;                         // where they are
  bool finishes = false;                          // whole tiles, whose sums stay in registers
  int64_t rowPitch() const { return depth + 32; }
  int64_t sumPitch() const { return columnBlock + 16; }
  int64_t chain() const { return 4 * depth; } // of k, after which sums go into totals
  void allocate(Contraction &c);
};
void emitTiled(Contraction &c, const Tiled &t, mlir::Value m0, mlir::Value m1, mlir::Value n0, mlir::Value n1);

/// The form for few rows and a vector operand that is too large for the caches (ContractStream.cpp). Labels and sizes
/// are as above; `group` rows of the vector operand are read at a time.
struct Stream {
  char m, n, k;
  int vectorSide;
  int64_t rows, lanes, group, line; // rows: at most so many; line: elements of the vector operand in a cache line
  bool pairs = false;               // two k at a time; there is an even number of them
  llvm::SmallVector<int64_t> columnWidths = {};
  mlir::Value sums = {}, scalars = {}; // memory for the rows by the columns of a unit, and by the group
  mlir::Value totals = {};             // of blocks of the sum, as much as of sums; null if there is one block
};
/// Emits columns [n0, n1) of all rows of the result.
void emitStream(Contraction &c, const Stream &s, mlir::Value n0, mlir::Value n1);
} // namespace weft::codegen
