// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Access.h - the loops of an op, and where each tensor is read ---------------------------------------------------===//
//
// Every op can be thought of as loops around one small step. Its *space* is the list of these loops; its *access* says,
// for each axis of each operand and of each result, where a step is along that axis. A step reads one element of each
// operand and writes one of each result; all that the op means beyond that (what it computes of them) is elsewhere.
//
//   %y = contract "bmk,kn->bmn", %x, %w        x: [8, 16, 64], w: [64, 32], y: [8, 16, 32]
//
//   space      d0 < 8, d1 < 16, d2 < 32, and d3 < 64 reduced: steps that differ in d3 alone meet in one element of y
//   operand 0  [d0, d1, d3]
//   operand 1  [d3, d2]
//   result 0   [d0, d1, d2]
//
// Much follows from these lines, with no look at what the op is. x needs no copy along d2, for it does not name d2.
// d0 and d1 are neighbours in order wherever one of them is named, so that they may become one loop of 128. d3 may be
// cut into 4 times 16, which makes 4 partial sums. A batch of x alone is one more loop, named by operand 0 and the
// result. Four machines may each take 8 / 4 of d0, with all of w.
//
// A loop is of one kind:
//
//   parallel   each of its steps writes elements of its own
//   reduced    steps that differ in it alone are combined into one element; no result names it
//   scanned    a result names it, and an element depends on the steps up to its own, in order: a cumulative sum
//   window     reduced, and an operand names it together with another loop: [d0 * 2 + d1 - 1], a convolution
//   opaque     what the op does along it is its own business: a sort
//
// An axis of a tensor is read in one of four ways:
//
//   affine     at (sum of step * loop + offset) floordiv `dividedBy` mod `within`. `guarded`: that may be outside, and
//              the op then reads nothing there (pad, concatenate, a convolution's border). `part`: only some of the
//              axis is read (slice)
//   repeated   the axis has size 1 and its one element stands for all of a loop, if it names one
//   linear     the axis is one of several neighbours that together are read at the row-major position of the loops
//              named (reshape)
//   any        at places that the data say, or all of the axis. It is the default: an op that says nothing reads
//              anything anywhere, and nobody gains and nobody errs.
//
// More examples, for x: [R, C]:
//
//   transpose x [1, 0]          d0 < C, d1 < R                 x: [d1, d0]              y: [d0, d1]
//   reverse x [0]               d0 < R, d1 < C                 x: [R - 1 - d0, d1]      y: [d0, d1]
//   pad x by 1 in front         d0 < R + 1, d1 < C             x: [d0 - 1 guarded, d1]  y: [d0, d1]
//   reduce_sum x [1]            d0 < R, d1 < C reduced         x: [d0, d1]              y: [d0]
//   a cumulative sum along 1    d0 < R, d1 < C scanned         x: [d0, d1]              y: [d0, d1]
//     from its end              the same                       x: [d0, C - 1 - d1]      y: [d0, C - 1 - d1]
//   softmax x [1]               d0 < R, d1 < C                 x: [d0, any]             y: [d0, d1]
//   take x, i: [N] along 0      d0 < N, d1 < C                 x: [any, d1], i: [d0]    y: [d0, d1]
//   a convolution [O, C, 3]     d0 < B, d1 < O, d2 < L,        x: [d0, d3, d2 + d4 - 1 guarded]
//     over [B, C, L]            d3 < C reduced, d4 < 3 window  w: [d1, d3, d4]          y: [d0, d1, d2]
//
// An op whose space is changed (a loop more, two that become one, one that becomes two) is asked to be the same op over
// the new loops: AccessOpInterface::setAccess. So batching, collapsing and splitting are written once, and not for each
// op.
//
//===----------------------------------------------------------------------------------------------------------------===//
#pragma once
#include "dialects/weft/Dims.h"
#include "mlir/IR/Operation.h"
#include "llvm/ADT/BitVector.h"

namespace weft::ir {

enum class LoopKind { parallel, reduced, scanned, window, opaque };

struct Loop {
  Dim size;
  LoopKind kind = LoopKind::parallel;
  /// The op asks which step of the loop it is at (iota, argmax): it can be neither cut in two nor joined with another.
  bool counted = false;
  /// In a space that was changed: the loop of the old one that this is, or whose outer or inner part it is.
  std::optional<unsigned> origin = std::nullopt;
};

/// Where a step is along one axis of a tensor.
struct Axis {
  enum Kind { affine, repeated, linear, any };
  struct Term {
    unsigned loop;
    int64_t step = 1;
    bool operator==(const Term &) const = default;
  };
  Kind kind = any;
  llvm::SmallVector<Term, 1> terms;  // repeated: at most one, whose step is 0; linear: the loops, outermost first
  Dim offset;                        // of an affine axis
  int64_t dividedBy = 1, within = 0; // 0: no remainder is taken
  bool guarded = false, part = false;

  static Axis at(mlir::MLIRContext *context, unsigned loop);
  static Axis at(unsigned loop, int64_t step, const Dim &offset);
  static Axis at(llvm::ArrayRef<Term> terms, const Dim &offset);
  static Axis repeatedAlong(unsigned loop);
  static Axis linearIn(llvm::ArrayRef<unsigned> loops);

  /// The loop if the axis is read at that loop's own steps, all of it, and nothing else is done to it.
  std::optional<unsigned> loop() const;
  /// The same, or the loop along which the axis is repeated.
  std::optional<unsigned> along() const;
  /// Whether the place depends on a loop: `any` may depend on all.
  bool names(unsigned loop) const;
  bool operator==(const Axis &) const = default;
};
using Axes = llvm::SmallVector<Axis, 4>;

struct Access {
  llvm::SmallVector<Loop, 4> loops;
  llvm::SmallVector<Axes, 2> operands, results;

  // ---- what ops are made of ----
  /// Anything anywhere.
  static Access any(mlir::Operation *op);
  /// A parallel loop for each axis of the result; operands are `any`, but those of no axes.
  static Access ofResult(mlir::Operation *op);
  /// The same, and operands of the result's shape are read where the result is written.
  static Access elementwise(mlir::Operation *op);
  /// A loop for each axis of operand 0, reduced along `axes`.
  static Access reduction(mlir::Operation *op, llvm::ArrayRef<int64_t> axes);

  // ---- what passes ask ----
  /// Whether an element of the results needs the operand's element at the very same position, and no other.
  bool readsOwnPosition(unsigned operand) const;
  /// The same of all operands, of which there is one at least.
  bool keepsPosition() const;
  /// Whether the operand is the result, or some of its axes, repeated along the others: its axes are loops in their
  /// order, each at most once, or repeated.
  bool isRepeated(unsigned operand) const;
  /// Whether the operand's axes are the results' in some order.
  bool isPermuted(unsigned operand) const;
  /// Whether axes that the operand shares with the result come in another order.
  bool isTurned(unsigned operand) const;
  /// The axis that is read at a loop's own steps, or -1.
  static int64_t find(const Axes &axes, unsigned loop);
  static bool names(const Axes &axes, unsigned loop);
  /// Whether a loop may be cut in two: no step asks for its number, and every axis that names it is read at its steps
  /// or repeated along it.
  bool canSplit(unsigned loop) const;
  /// Whether two loops may become one: they are of one kind, and wherever one of them is named the other follows.
  bool canJoin(unsigned outer, unsigned inner) const;

  // ---- other loops for the same op; see AccessOpInterface::setAccess ----
  /// A parallel loop in front, which all results and the `mapped` operands have as their first axis.
  Access batched(const llvm::BitVector &mapped, const Dim &size) const;
  /// `loop` becomes two neighbours, of `outer` and `inner` steps.
  Access split(unsigned loop, const Dim &outer, const Dim &inner) const;
  /// Each of these loops becomes part of the one that its axes follow everywhere.
  Access joined(const llvm::BitVector &intoOuter) const;
};

/// What an op says (AccessOpInterface), or Access::any.
Access accessOf(mlir::Operation *op);

/// How an op whose loops an emitter makes reads an operand (HeroOpInterface): from memory; from memory, or as a few
/// cheap ops on memory that are computed while it reads; or element by element, whatever computes them.
enum class Prologue { memory, cheap, fused };
/// AccessOpInterface::setAccess of elementwise ops and identities: nothing to change, if operands are read where
/// results are written.
llvm::LogicalResult setElementwise(mlir::Operation *op, const Access &now);
/// "d0 < 8, d1 < 64 reduced : [d0, d1], [d1] -> [d0]"
std::string str(const Access &access);
} // namespace weft::ir
