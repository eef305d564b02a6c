// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Streaming.h - an op on the elements that have just come ---------------------------------------------------------===//
//
// A function that is causal along an axis of size T (its element at time t needs inputs up to time t alone) becomes a
// step on the next elements, of which there may be any number, and a state. The step is made backwards, from what is
// wanted: each value is asked for in a *view*, which says of each of its axes
//
//   plain   it has nothing to do with time
//   now     the elements that have just come; `offset` -1: those one place further in front
//   all     all places that there may be, of which what has not come yet holds anything
//
//   %s = contract "bqd,bkd->bqk", %q, %k    [plain, now, all]     asks for q [plain, now, plain], k [plain, all, plain]
//   %m = select %sees, %s, %minusInfinity   [plain, now, all]     sees: [now, all], at places p + iota and iota
//   %w = softmax %m 2                       [plain, now, all]     fine, for what has not come is -inf
//   %o = contract "bqk,bkd->bqd", %w, %v    [plain, now, plain]   fine, for it is 0 in w; v [plain, all, plain]
//
// A value that depends on what comes and is asked for in `all` is kept: the elements that have just come are written
// into a cache. An axis asked for at an earlier offset keeps as many elements. All else is the same op on other sizes,
// as its access says (Access.h): a parallel loop passes the view on, a reduced one along time is `all` of an operand
// that must be neutral where its time has not come. What keeps something else, or asks at which place it is, has a rule
// (StreamOpInterface): a cumulative op the value so far, a scan its carries, a table its place.
//
//===----------------------------------------------------------------------------------------------------------------===//
#pragma once
#include "dialects/weft/Weft.h"

namespace weft::ir {

struct TimeAxis {
  enum Kind { plain, now, all };
  Kind kind = plain;
  int64_t offset = 0;
  /// Of an axis that is several in one, [B * T * H]: the elements of one time that lie side by side, H. Null: one.
  std::optional<Dim> inner = std::nullopt;
};
using TimeView = llvm::SmallVector<TimeAxis, 4>;

/// What the rule of an op asks and gives; see StreamOpInterface. A rule asks for its operands first; as long as some
/// are not there, it ends with success and is asked again later.
class Streaming {
public:
  virtual ~Streaming() = default;
  Build e; // where the step's ops go
  mlir::Operation *op;
  unsigned result; // the one that is wanted, in the view
  TimeView view;

  // ---- sizes
  bool hasTime(const Dim &dim) const;
  bool hasTime(mlir::Value v) const; // along one of its axes
  /// c where a dimension is T + c.
  std::optional<int64_t> beyondTime(const Dim &dim) const;
  /// The length of the whole, the elements that come at once, and the most that may come ever.
  Dim whole() const { return time_; }
  Dim chunk() const { return chunk_; }
  Dim capacity() const { return capacity_; }
  /// Of all places the last ones alone are kept, as many as masks let a time see: so many, or 0 for all. The places of
  /// `all` then follow each other in a ring.
  int64_t window() const { return window_; }
  /// The step's type of a value of the whole function in a view.
  mlir::RankedTensorType typeIn(mlir::Type whole, const TimeView &view) const;
  mlir::RankedTensorType type() const { return typeIn(op->getResult(result).getType(), view); }

  // ---- values
  /// The step's value for one of the whole function; null as long as it is not there.
  virtual mlir::Value want(mlir::Value whole, const TimeView &view) = 0;
  /// Whether something that was asked for is not there yet.
  virtual bool waits() const = 0;
  /// Whether a value depends on what comes with time.
  virtual bool depends(mlir::Value whole) const = 0;
  /// How many elements came before, i32. `bounded`: an error of the call where there is no place for those that come.
  virtual mlir::Value position(bool bounded = false) = 0;
  /// The places of what has just come, plus an offset: i32 [chunk].
  mlir::Value places(int64_t offset, bool bounded = false);
  /// The places of which `all` has the elements, i32 [capacity], with what has just come: in a ring those that have no
  /// element yet are one that comes later.
  virtual mlir::Value slots() = 0;
  /// Something that is kept from call to call, at first `start` everywhere.
  virtual mlir::Value kept(mlir::RankedTensorType type, double start) = 0;
  virtual void keep(mlir::Value kept, mlir::Value next) = 0;

  // ---- what a rule gives
  virtual void give(unsigned result, const TimeView &view, mlir::Value value) = 0;
  void give(mlir::Value value) { give(result, view, value); }
  /// An error at the op, or at one that it reads through others, with the way from what comes to what is wanted.
  virtual llvm::LogicalResult fail(const llvm::Twine &why, mlir::Operation *at = nullptr) = 0;
  /// The same op over other sizes. `neutral`: an element that changes nothing in a reduction; without one the op does
  /// not go over time.
  llvm::LogicalResult byAccess(std::optional<double> neutral = std::nullopt);
  /// The same op on these operands, with results of these types.
  mlir::Operation *again(llvm::ArrayRef<mlir::Value> operands, llvm::ArrayRef<mlir::Type> types);
  /// A view in which nothing has to do with time.
  static TimeView plainView(mlir::Value v);
  /// The axis that is `now`, if there is just one.
  std::optional<unsigned> nowAxis() const;
  /// The number that a value is wherever the place along axis `all` comes behind that along axis `now`, or so far in
  /// front of it that it is not kept; if that can be told.
  std::optional<double> hiddenFrom(mlir::Value whole, unsigned now, unsigned all) const;
  /// For messages: what a mask has to hide.
  std::string unseen() const;
  /// An integer everywhere, in the type of the vector of places.
  mlir::Value integer(int64_t value, mlir::RankedTensorType type);

protected:
  /// `window`: see above.
  Streaming(Build e, const Dim &time, const Dim &chunk, int64_t window);
  Dim time_, chunk_, capacity_;
  int64_t window_;
};
} // namespace weft::ir
