// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Pointwise.h - how one element of a result is computed --------------------------------------------------------===//
//
// Fusion in Weft pulls: a loop nest over the result asks for the element at a position, the op that makes it asks its
// operands for the elements it needs, and so on until an operand is in memory. A position is one Coord per dimension.
// To make vector code the nest asks for `lanes` elements at once, neighbours along one dimension of the nest; a Coord
// says how a coordinate moves from lane to lane, so that a transposed or broadcast operand is still a strided or a
// splat load. Example, x [M, N], b [N], lanes along N at (i, j):
//
//   add(x, broadcast(b)) at ({i, 0}, {j, 1})  =  load x at ({i, 0}, {j, 1}) + load b at ({j, 1})
//
// Values travel in the compute type: f32 for f16 and bf16, the type itself otherwise; scalars if lanes == 1, else
// vectors.
//
//===----------------------------------------------------------------------------------------------------------------===//
#pragma once
#include "dialects/weft/Dims.h"
#include "mlir/IR/Builders.h"
#include <optional>

namespace weft::ir {

/// A coordinate along one dimension: lane l is at base + l * stride. If `varying`, base is a vector of lanes x index
/// and stride is 0.
struct Coord {
  mlir::Value base; // index, or vector<lanes x index> if varying
  int64_t stride = 0;
  bool varying = false;
};

enum class RuntimeError { outOfRange = 2, notFinite = 3, divisionByZero = 4, internal = 7 }; // weft_status
/// What an op requires of the elements of an operand: to be inside of a dimension, or not to be zero.
struct RuntimeCheck {
  mlir::Value of;
  RuntimeError error;
  std::optional<Dim> inside = std::nullopt;
  bool orNegative = false; // a negative index is fine too
};

/// What a reduction finds; see ReductionOpInterface.
enum class Extreme { none, largest, smallest };

class ElementEmitter {
public:
  ElementEmitter(mlir::OpBuilder &b, mlir::Location loc, int64_t lanes) : b(b), loc(loc), lanes(lanes) {}
  virtual ~ElementEmitter() = default;

  mlir::OpBuilder &b;
  mlir::Location loc;
  int64_t lanes;

  /// The element of a tensor at a position: computed in place if it is part of the fused group, else loaded.
  virtual mlir::Value element(mlir::Value tensor, llvm::ArrayRef<Coord> at) = 0;
  /// The element at a position that was moved into bounds along dimensions of these sizes. Where one of them may be 0
  /// at run time there is nothing to read: 0 then.
  mlir::Value elementWithin(llvm::ArrayRef<Dim> sizes, mlir::Value tensor, llvm::ArrayRef<Coord> at);
  /// The run-time value of a dimension, as an index.
  virtual mlir::Value size(const Dim &dim) = 0;
  /// Lowers the program's error word unless all lanes of `ok` hold. `detail` (an i32, per lane) is what the message
  /// shows.
  virtual void require(mlir::Value ok, RuntimeError error, mlir::Value detail, llvm::StringRef message) = 0;

  // ---- small vocabulary, on top of the above (Pointwise.cpp) ----
  /// The compute type of an element type: f32 for f16 and bf16.
  static mlir::Type computeType(mlir::Type element);
  /// A scalar type, or the vector of `lanes` of it.
  mlir::Type laned(mlir::Type scalar) const;
  /// A constant of an element type, in its compute type, splat over the lanes.
  mlir::Value constant(mlir::Type element, double value);
  mlir::Value constantInt(mlir::Type element, int64_t value);
  /// A scalar spread over the lanes (no-op if lanes == 1).
  mlir::Value splat(mlir::Value scalar);
  mlir::Value index(int64_t value);
  /// index + index etc. with folding of constants.
  mlir::Value add(mlir::Value a, mlir::Value b);
  mlir::Value mul(mlir::Value a, mlir::Value b);
  /// Coordinates: c + offset, c * factor; the position of each lane as (a vector of) index.
  Coord shift(const Coord &c, mlir::Value offset);
  Coord scale(const Coord &c, int64_t factor);
  mlir::Value positions(const Coord &c);
  /// A coordinate whose lanes are the given integers (i32 or i64; scalar or vector), e.g. values of an index tensor.
  Coord fromValue(mlir::Value integers, bool sameForAllLanes);
  /// Elements of an index tensor (i8, i32 or i64) as i32; what i32 cannot hold becomes its nearest number, which no
  /// dimension has.
  mlir::Value indexNumber(mlir::Value element);
  /// The row-major linear index of a position in a tensor of these dimensions.
  Coord linearize(llvm::ArrayRef<Coord> at, llvm::ArrayRef<Dim> dims);
};

/// Scalar (or vector) arithmetic that picks the float or the integer op by type: what records write their `body` in.
namespace scalar {
using mlir::Value;
struct Code {
  ElementEmitter &e;
  Value add(Value a, Value b), sub(Value a, Value b), mul(Value a, Value b), neg(Value a), abs(Value a);
  /// Of integers; `checked`: a divisor may be 0, and is an error then.
  Value div(Value a, Value b, bool checked = false), rem(Value a, Value b, bool checked = false);
  Value maximum(Value a, Value b), minimum(Value a, Value b);
  Value andi(Value a, Value b), ori(Value a, Value b), xori(Value a, Value b), noti(Value a);
  /// By any number of places: 0, or the sign, where it is not within the width.
  Value shiftLeft(Value a, Value b), shiftRightArithmetic(Value a, Value b), shiftRightLogical(Value a, Value b);
  Value constant(double v, Value like);
  Value sign(Value a);
};
} // namespace scalar
} // namespace weft::ir
