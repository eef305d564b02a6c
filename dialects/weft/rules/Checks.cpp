// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the shape rules of several families ask.
#include "dialects/weft/rules/Checks.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace weft::ir;

RankedTensorType weft::ir::tensorOperand(StringRef op, std::optional<Location> location, Value operand) {
  auto type = dyn_cast<RankedTensorType>(operand.getType());
  if (!type)
    (void)emitOptionalError(location, op, ": expected a ranked tensor, got ", operand.getType());
  return type;
}
LogicalResult weft::ir::checkAxis(StringRef op, std::optional<Location> location, int64_t axis, RankedTensorType type) {
  if (axis >= 0 && axis < type.getRank())
    return success();
  return emitOptionalError(location, op, ": axis ", axis, " is outside ", str(type), ", which has ", type.getRank(),
                           " dimensions");
}
LogicalResult weft::ir::checkAxes(StringRef op, std::optional<Location> location, ArrayRef<int64_t> axes,
                                  RankedTensorType type, bool sorted) {
  for (auto [i, axis] : llvm::enumerate(axes)) {
    if (failed(checkAxis(op, location, axis, type)))
      return failure();
    if (llvm::is_contained(axes.take_front(i), axis))
      return emitOptionalError(location, op, ": axis ", axis, " is given twice");
    if (sorted && i && axes[i - 1] > axis)
      return emitOptionalError(location, op, ": axes must be sorted, but ", axes[i - 1], " stands before ", axis);
  }
  return success();
}

static int64_t valueOf(AffineExpr e, ArrayRef<int64_t> symbols) {
  if (auto c = dyn_cast<AffineConstantExpr>(e))
    return c.getValue();
  if (auto s = dyn_cast<AffineSymbolExpr>(e))
    return symbols[s.getPosition()];
  auto binary = cast<AffineBinaryOpExpr>(e);
  int64_t a = valueOf(binary.getLHS(), symbols), b = valueOf(binary.getRHS(), symbols);
  switch (binary.getKind()) {
  case AffineExprKind::Add: return a + b;
  case AffineExprKind::Mul: return a * b;
  // Whoever makes a dimension refuses a divisor that can be zero. Here a zero only must not end the process.
  case AffineExprKind::FloorDiv: return b ? llvm::divideFloorSigned(a, b) : 0;
  case AffineExprKind::CeilDiv: return b ? llvm::divideCeilSigned(a, b) : 0;
  default: return b ? llvm::mod(a, b) : 0;
  }
}
bool weft::ir::alwaysAtLeast(const Dim &dim, int64_t bound) {
  if (dim.lower() >= bound)
    return true;
  constexpr int64_t most = 1 << 20;
  int64_t cases = 1;
  SmallVector<int64_t> values;
  for (const Symbol &s : dim.symbols()) {
    if (s.upper - s.lower >= most || (cases *= s.upper - s.lower + 1) > most)
      return false;
    values.push_back(s.lower);
  }
  for (int64_t n = 0; n < cases; ++n) {
    if (valueOf(dim.expr(), values) < bound)
      return false;
    for (auto [s, v] : llvm::zip(dim.symbols(), values)) {
      if (++v <= s.upper)
        break;
      v = s.lower;
    }
  }
  return true;
}

/// The factors of a dimension that is a product: returns the constant one and appends the others.
static int64_t factors(const Dim &dim, SmallVectorImpl<Dim> &others) {
  int64_t constant = 1;
  SmallVector<AffineExpr> left{dim.expr()};
  while (!left.empty()) {
    AffineExpr e = left.pop_back_val();
    if (auto c = dyn_cast<AffineConstantExpr>(e)) {
      constant *= c.getValue();
    } else if (auto binary = dyn_cast<AffineBinaryOpExpr>(e); binary && binary.getKind() == AffineExprKind::Mul) {
      left.push_back(binary.getLHS());
      left.push_back(binary.getRHS());
    } else {
      others.push_back(Dim(e, dim.symbols()));
    }
  }
  return constant;
}
bool weft::ir::sameSize(ArrayRef<Dim> a, ArrayRef<Dim> b) {
  SmallVector<Dim> as, bs;
  int64_t ca = 1, cb = 1;
  for (const Dim &d : a)
    ca *= factors(d, as);
  for (const Dim &d : b)
    cb *= factors(d, bs);
  if (ca == cb && (ca == 0 || std::is_permutation(as.begin(), as.end(), bs.begin(), bs.end())))
    return true;
  // The same product may have its brackets on one side and be multiplied out on the other: (B + 1) * 2 and 2 * B + 2.
  if (as.empty() && bs.empty())
    return false;
  MLIRContext *context = (a.empty() ? b : a).front().expr().getContext();
  return product(context, a) == product(context, b);
}

std::optional<int64_t> weft::ir::sizeFromShapes(const Dim &dim, ArrayRef<Dims> dims,
                                                ArrayRef<ArrayRef<int64_t>> shapes) {
  if (dim.isConstant())
    return dim.staticSize();
  return dim.evaluate([&](StringRef name) -> std::optional<int64_t> {
    std::optional<int64_t> found;
    for (auto [tensor, shape] : llvm::zip(dims, shapes))
      for (auto [d, size] : llvm::zip(tensor, shape)) {
        if (d.symbols().size() != 1 || d.symbols()[0].name != name)
          continue;
        if (d.asSymbol())
          return size;
        const Symbol &s = d.symbols()[0];
        for (int64_t v = s.lower; v <= s.upper && !found; ++v)
          if (valueOf(d.expr(), {v}) == size)
            found = v;
      }
    return found;
  });
}

Dims weft::ir::without(ArrayRef<Dim> dims, ArrayRef<int64_t> axes) {
  Dims kept;
  for (auto [i, d] : llvm::enumerate(dims))
    if (!llvm::is_contained(axes, int64_t(i)))
      kept.push_back(d);
  return kept;
}
Value weft::ir::toInteger(ElementEmitter &e, Value positions, Type integer) {
  Type type = isa<VectorType>(positions.getType()) ? e.laned(integer) : integer;
  return arith::IndexCastOp::create(e.b, e.loc, type, positions);
}

Type weft::ir::sliceType(Type type) {
  auto tensor = cast<RankedTensorType>(type);
  return getTensorType(ArrayRef<Dim>(getDims(tensor)).drop_front(), tensor.getElementType());
}
Type weft::ir::stackedType(const Dim &length, Type slice) {
  auto tensor = cast<RankedTensorType>(slice);
  Dims dims{length};
  llvm::append_range(dims, getDims(tensor));
  return getTensorType(dims, tensor.getElementType());
}
