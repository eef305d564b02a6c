// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Contraction.h - a contraction under emission --------------------------------------------------------------------===//
//
// What the ways to fill the lanes share (see Contract.cpp): the labels of "bmk,kn->bmn" with their sizes and where the
// loops are along each, an operand's element there, and the multiply-add.
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
  char columns = 0; // the label along which tiles have their vectors, which begin at multiples of their width

  Contraction(KernelEmitter &e, ir::ContractOp op);
  bool in(int operand, char c) const { return labels[operand].find(c) != std::string::npos; }
  bool wide(char c) const { return !(extent.at(c) == 1); }
  /// The label in which an operand is contiguous, or 0.
  char contiguous(int operand) const;
  /// Whether tiles of rows can read an operand where it is: memory of the accumulator's type, in which the next k of a
  /// row is no page away.
  bool isReadInPlace(int operand, char rows) const {
    return mlir::isa<mlir::BlockArgument>(operands[operand]) && ir::elementOf(operands[operand]) == accumulator &&
           contiguous(operand) != rows;
  }
  /// Whether an operand is memory in which a row's neighbours along k are neighbours.
  bool hasRowsInMemory(int operand, char k) const {
    return mlir::isa<mlir::BlockArgument>(operands[operand]) && contiguous(operand) == k;
  }
  /// Whether neighbours along a label of an operand are whole pages apart: their lines share one set of the nearest
  /// cache.
  bool sharesSets(int operand, char label) const;
  /// Panels of so many columns that an operand was laid out in before (weft.unpack); null if it was not.
  mlir::BlockArgument panelsOf(int operand, int64_t width) const;
  char lastOfResult() const;
  int64_t bytes() const { return accumulator.getIntOrFloatBitWidth() / 8; }
  /// Elements of an operand in a line of the cache.
  int64_t elementsOfLine(int operand) const {
    return 8 * lineBytes / int64_t(ir::elementOf(operands[operand]).getIntOrFloatBitWidth());
  }

  /// Where the loops are, in an operand.
  llvm::SmallVector<ir::Coord> place(int operand) const;
  /// An operand's element there, in the accumulator's type; one for all lanes if no label that the lanes run along is
  /// its own.
  mlir::Value operand(int o, char lanesAlong);
  mlir::Value multiplyAdd(mlir::Value a, mlir::Value b, mlir::Value c);
  mlir::Value plus(mlir::Value a, mlir::Value b);
  /// How accumulators that start from these zeros are kept from drifting. Few of them wait in registers while a block
  /// is summed; many wait on the stack, so their blocks are longer.
  BlockedSum inBlocks(mlir::ValueRange zeros);

  // ---- products of pairs of bf16 ----
  /// Whether an operand's numbers are of bf16, as they are or widened to f32.
  bool isBF16(int operand) const;
  /// An operand's element as operand() gives it, but rounded to bf16 if it is computed in this kernel, where elements
  /// of bf16 are f32.
  mlir::Value narrowOperand(int o, char lanesAlong);
  /// The bits of a number of bf16 that was widened to f32, as i32: its upper half there, or moved down.
  mlir::Value upperHalf(mlir::Value widened, bool stay);
  /// Two widened numbers as one i32.
  mlir::Value pair(mlir::Value low, mlir::Value high);
  /// sum + left.low * right.low + left.high * right.high, in 16 lanes: the instruction of AVX512-BF16.
  mlir::Value multiplyAddPairs(mlir::Value left, mlir::Value right, mlir::Value sum);
  /// Finishes and stores the element of the result where the loops are.
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
  bool stagesRows =
      false; // tiles read a copy: rows are computed, contiguous in their own label, or few beside prepared panels
  mlir::Value packed = {}, partial = {}, staged = {}; // memory of the kernel, as allocate() makes it

  mlir::BlockArgument prepared = {}; // panels of the tile's width in memory, which nobody has to pack (weft.unpack)
  bool packsWithFirstRows = false;   // the first tile of rows packs while it computes
  int64_t stepsApart = 0;            // k of a tile from one step for the next panel to the following; 0: there are none
  int64_t stagedElements() const { return rowBlock * depth + lanes; } // one vector may write past the last tile
  /// Chooses the three above and makes the memory.
  void allocate(Contraction &c);
};
/// Rows [m0, m1) by columns [n0, n1), at most rowBlock by columnBlock of them.
void emitPanels(Contraction &c, const Panels &p, mlir::Value m0, mlir::Value m1, mlir::Value n0, mlir::Value n1);

/// A product of bf16 in matrix registers, or by products of pairs (ContractTiles.cpp).
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

/// Few rows of a product with an operand that comes from afar (ContractStream.cpp): labels and sizes as above; `group`
/// rows of the vector operand at a time.
struct Stream {
  char m, n, k;
  int vectorSide;
  int64_t rows, lanes, group, line; // rows: at most; line: of a cache, in elements of the vector operand
  bool pairs = false;               // two k at a time, which are even in number
  llvm::SmallVector<int64_t> columnWidths = {};
  mlir::Value sums = {}, scalars = {}; // memory for the rows by the columns of a unit, and by the group
  mlir::Value totals = {};             // of blocks of the sum, as much as of sums; null if there is one block
};
/// All rows of columns [n0, n1).
void emitStream(Contraction &c, const Stream &s, mlir::Value n0, mlir::Value n1);
} // namespace weft::codegen
