// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Attention.h - attention by tiles of scores ---------------------------------------------------------------------===//
//
// Queries are in lanes: a panel is as many of them as a few vectors hold. K and V are read where they are, an element
// at a time for all lanes, so nothing of them is packed, and maxima and sums of a row need no step across lanes. The
// panel's q is turned once, so that the lanes of one inner index are side by side. For a block of keys there is a tile
// of scores on the stack; no other score is in memory at any time.
//
//   forward, for a panel                             (a unit)
//     Qt = q turned;  Ot = 0, m = -inf, l = 0
//     for a block of keys                            left out where the score program masks all of it for this panel
//       S = K Qt, then the score program;  m' = max(m, S);  S = exp(S - m');  l = l exp(m - m') + sum S
//       Ot = Ot exp(m - m') + V^T (S * factors)
//     o = Ot / l turned back;  lse = m + log l
//
//   backward, for a head of k and v                  (a unit: it owns what it adds to)
//     for a panel of queries
//       Qt, Gt = q and the cotangent turned;  dQt = 0
//       for a block of keys
//         P = exp(program(K Qt) - lse);  D = P (V Gt * factors - delta);  dV += P * factors g
//         D = what the program makes of the cotangent D;  dQt += K^T D;  dK += D q
//       dq = dQt turned back
//
// Each product of a block starts at zero and is added to what there is, so no chain of additions is longer than a block
// of keys or a panel of queries, and then as many as there are of these. The order follows from shapes alone.
//
//===----------------------------------------------------------------------------------------------------------------===//
#pragma once
#include "codegen/emit/KernelEmitter.h"
#include "dialects/weft/AttentionSpec.h"
#include <map>

namespace weft::codegen {

/// Of one kernel: its tensors by labels, and the steps that both directions are made of.
class Attention {
public:
  Attention(KernelEmitter &e, mlir::Operation *hero, llvm::StringRef scores, llvm::StringRef output);

  /// A tensor in memory and how far apart neighbours along its labels are.
  struct Tensor {
    mlir::Value memory;
    std::string labels;
    llvm::SmallVector<ir::Dim> dims;
    llvm::SmallVector<mlir::Value> steps;
    mlir::Value step(char label) const { return steps[labels.find(label)]; }
  };
  Tensor operand(unsigned i, llvm::StringRef labels);
  Tensor result(unsigned i, llvm::StringRef labels);
  /// The place in a tensor for the loops around, and these labels.
  mlir::Value place(const Tensor &x, llvm::ArrayRef<std::pair<char, mlir::Value>> more = {});

  // ---- arithmetic on vectors of lanes, and on numbers
  mlir::Value loadLanes(mlir::Value memory, mlir::Value at);
  void storeLanes(mlir::Value v, mlir::Value memory, mlir::Value at);
  mlir::Value loadNumber(mlir::Value memory, mlir::Value at);
  void storeNumber(mlir::Value v, mlir::Value memory, mlir::Value at);
  mlir::Value lanesOf(double number);
  mlir::Value minus(mlir::Value a, mlir::Value b);
  mlir::Value larger(mlir::Value a, mlir::Value b);
  /// 0 where a number is -inf.
  mlir::Value finite(mlir::Value v);
  mlir::Value chosen(mlir::Value condition, mlir::Value a, mlir::Value b);
  mlir::Value less(mlir::Value a, mlir::Value b);
  void when(mlir::Value condition, llvm::function_ref<void()> yes, llvm::function_ref<void()> no = {});

  /// sums[m][n] of a[bases[m] + i * aStep] * (vector of `width` at b[bases[n] + i * bStep]) for i in [lo, hi).
  Values multiply(mlir::Value a, llvm::ArrayRef<mlir::Value> aBases, mlir::Value aStep, mlir::Value b,
                  llvm::ArrayRef<mlir::Value> bBases, mlir::Value bStep, mlir::Value lo, mlir::Value hi, int64_t width);
  /// Rows [first, first + panel) of a tensor, turned: lane r of index c is at c * panel + r. Behind the last row stands
  /// the last row.
  void turn(const Tensor &x, mlir::Value first, int64_t depth, mlir::Value to);
  /// The rows that there are, back, each times its number in `scale` if given.
  void turnBack(mlir::Value from, const Tensor &y, mlir::Value first, int64_t depth, mlir::Value scale);
  /// Products of keys [lo, hi) with what is turned in `turned`: key j and lane r at (j - from) * panel + r of `to`.
  void products(const Tensor &keys, int64_t depth, mlir::Value turned, mlir::Value lo, mlir::Value hi, mlir::Value from,
                mlir::Value to);
  /// turned[c * panel + r] = turned * scale + the sum over keys j in [lo, hi) of keys[j][c] * tile[(j - from) * panel +
  /// r].
  void addTurned(const Tensor &keys, int64_t depth, mlir::Value tile, mlir::Value lo, mlir::Value hi, mlir::Value from,
                 llvm::ArrayRef<mlir::Value> scale, mlir::Value turned);
  /// y[j] += the sum over lanes r of tile[(j - from) * panel + r] * rows[first + r], for the rows that there are.
  void addRows(mlir::Value tile, const Tensor &rows, mlir::Value first, mlir::Value lo, mlir::Value hi,
               mlir::Value from, int64_t depth, const Tensor &y);
  void zeroRows(const Tensor &y, int64_t depth);

  // ---- the score program
  /// Where the program is asked: lanes from this query on, and a key.
  llvm::SmallVector<ir::Coord> at(mlir::Value query, bool lanes, mlir::Value key);
  /// Runs `body` for each vector of the panel (or for each row, one lane, where a vector has rows that are not there):
  /// with the place in a tile of key j, and the positions that the program is asked for.
  void eachVector(mlir::Value first, mlir::Value key, mlir::Value inTile,
                  llvm::function_ref<void(mlir::Value place, llvm::ArrayRef<ir::Coord> at)> body,
                  llvm::function_ref<void(mlir::Value place)> missing);
  mlir::Value yielded(unsigned i) { return body.getTerminator()->getOperand(i); }
  /// Whether scores of rows that are not there may be computed like others: the program reads no memory.
  bool readsNoMemory();
  /// The first and the last key, of those in [lo, hi), that the program may not mask for a panel; none if the first is
  /// not before the last.
  std::pair<mlir::Value, mlir::Value> liveKeys(mlir::Value first, mlir::Value lo, mlir::Value hi);
  /// Loops over all positions of these labels.
  void over(llvm::StringRef labels, llvm::function_ref<void()> body);

  KernelEmitter &e;
  mlir::OpBuilder &b;
  mlir::Operation *hero;
  ir::AttentionSpec spec;
  mlir::Block &body;
  std::map<char, mlir::Value> position; // of the loops around, by label
  std::map<char, ir::Dim> sizes;        // of the labels of the scores
  char query = 0;                       // of which neighbours are in lanes
  int64_t lanes, vectors, panel;        // a panel has so many vectors
  int64_t tileRows;                     // of a product in registers
  int64_t inner, value;                 // how many there are
  mlir::Type element;                   // of all that is computed: f32 or f64
};

Schedule emitForward(Attention &a);
Schedule emitBackward(Attention &a);
} // namespace weft::codegen
