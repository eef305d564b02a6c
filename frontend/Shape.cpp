// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Dimensions of the DSL: arithmetic is the dialect's (dialects/weft/Dims.h), in a context that all host code shares.
#include "Dims.h"
#include "mlir/IR/MLIRContext.h"
#include <mutex>

using namespace weft;

namespace weft {
struct Dim::Expr {
  ir::Dim dim;
};
} // namespace weft

// Expressions outlive every trace, so they live in a context of their own; it is not built for several threads, so one
// enters at a time.
static std::recursive_mutex dimsMutex;
static mlir::MLIRContext *dimsContext() {
  static auto *context = new mlir::MLIRContext(mlir::MLIRContext::Threading::DISABLED);
  return context;
}

static ir::Dim lift(const Dim &dim) { return dim.isStatic() ? ir::Dim(dimsContext(), dim.value()) : dim.expr()->dim; }
static Dim lower(const ir::Dim &dim) {
  if (dim.isConstant())
    return Dim(dim.staticSize());
  return Dim(std::make_shared<const Dim::Expr>(Dim::Expr{dim}));
}

static mlir::AffineExpr copyInto(mlir::AffineExpr e, mlir::MLIRContext *context) {
  if (auto c = mlir::dyn_cast<mlir::AffineConstantExpr>(e))
    return mlir::getAffineConstantExpr(c.getValue(), context);
  if (auto s = mlir::dyn_cast<mlir::AffineSymbolExpr>(e))
    return mlir::getAffineSymbolExpr(s.getPosition(), context);
  auto binary = mlir::cast<mlir::AffineBinaryOpExpr>(e);
  return mlir::getAffineBinaryOpExpr(e.getKind(), copyInto(binary.getLHS(), context),
                                     copyInto(binary.getRHS(), context));
}

ir::Dim detail::toIr(const Dim &dim, mlir::MLIRContext *context) {
  if (dim.isStatic())
    return ir::Dim(context, dim.value());
  std::lock_guard lock(dimsMutex);
  const ir::Dim &from = dim.expr()->dim;
  return ir::Dim(copyInto(from.expr(), context), from.symbols());
}
Dim detail::fromIr(const ir::Dim &dim) {
  if (dim.isConstant())
    return Dim(dim.staticSize());
  std::lock_guard lock(dimsMutex);
  return lower(ir::Dim(copyInto(dim.expr(), dimsContext()), dim.symbols()));
}

Dim::Dim(std::shared_ptr<const Expr> expr) : expr_(std::move(expr)) {}

std::int64_t Dim::value(Loc at) const {
  if (expr_)
    throw Error(at, "dimension " + str() + " is known at run time only: as a number it has no value while tracing");
  return value_;
}
std::int64_t Dim::lower() const {
  std::lock_guard lock(dimsMutex);
  return expr_ ? expr_->dim.lower() : value_;
}
std::int64_t Dim::upper() const {
  std::lock_guard lock(dimsMutex);
  return expr_ ? expr_->dim.upper() : value_;
}
std::string Dim::str() const {
  if (!expr_)
    return std::to_string(value_);
  std::lock_guard lock(dimsMutex);
  return expr_->dim.str();
}

std::string Dim::strWithBounds() const {
  std::string text = str(), separator = " with ";
  if (expr_)
    for (const ir::Symbol &s : expr_->dim.symbols()) {
      text += separator + s.name + " in " + std::to_string(s.lower) + ".." + std::to_string(s.upper);
      separator = ", ";
    }
  return text;
}

Dim weft::dim(std::string name, std::int64_t lower, std::int64_t upper, Loc at) {
  bool word = !name.empty() && !std::isdigit(static_cast<unsigned char>(name[0]));
  for (char c : name)
    word &= std::isalnum(static_cast<unsigned char>(c)) || c == '_';
  if (!word)
    throw Error(at, "dim: a name is letters, digits and _, got \"" + name + "\"");
  if (lower < 0 || upper < lower)
    throw Error(at, "dim " + name + ": expected 0 <= lower <= upper, got " + std::to_string(lower) + " and " +
                        std::to_string(upper));
  std::lock_guard lock(dimsMutex);
  return ::lower(ir::Dim(dimsContext(), ir::Symbol{std::move(name), lower, upper}));
}

template <class Static, class Symbolic>
static Dim combine(const Dim &a, const Dim &b, Static onNumbers, Symbolic onExprs) {
  if (a.isStatic() && b.isStatic())
    return Dim(onNumbers(a.value(), b.value()));
  std::lock_guard lock(dimsMutex);
  return lower(onExprs(lift(a), lift(b)));
}
/// An op of the compiler's (__builtin_add_overflow and its like) on sizes.
template <class Op> static auto checked(const char *sign, Op op) {
  return [=](std::int64_t x, std::int64_t y) {
    std::int64_t result;
    if (op(x, y, &result))
      throw Error(Loc(), "the dimension " + std::to_string(x) + sign + std::to_string(y) + " does not fit 64 bits");
    return result;
  };
}
static std::int64_t floorDivide(std::int64_t a, std::int64_t b) { return a / b - (a % b != 0 && (a < 0) != (b < 0)); }
static void checkDivisor(const Dim &b) {
  if (b.lower() <= 0)
    throw Error(Loc(), "a dimension is divided by " + b.str() + ", which is not known to be positive");
}

Dim weft::operator+(const Dim &a, const Dim &b) {
  auto add = checked(" + ", [](auto x, auto y, auto *z) { return __builtin_add_overflow(x, y, z); });
  return combine(a, b, add, [](auto x, auto y) { return x + y; });
}
Dim weft::operator-(const Dim &a, const Dim &b) {
  auto subtract = checked(" - ", [](auto x, auto y, auto *z) { return __builtin_sub_overflow(x, y, z); });
  return combine(a, b, subtract, [](auto x, auto y) { return x - y; });
}
Dim weft::operator*(const Dim &a, const Dim &b) {
  auto multiply = checked(" * ", [](auto x, auto y, auto *z) { return __builtin_mul_overflow(x, y, z); });
  return combine(a, b, multiply, [](auto x, auto y) { return x * y; });
}
Dim weft::operator/(const Dim &a, const Dim &b) {
  checkDivisor(b);
  return combine(a, b, floorDivide, [](auto x, auto y) { return x.floorDiv(y); });
}
Dim weft::operator%(const Dim &a, const Dim &b) {
  checkDivisor(b);
  return combine(
      a, b, [](auto x, auto y) { return x - floorDivide(x, y) * y; }, [](auto x, auto y) { return x.mod(y); });
}
bool weft::operator==(const Dim &a, const Dim &b) {
  if (a.isStatic() || b.isStatic())
    return a.isStatic() && b.isStatic() && a.value() == b.value();
  std::lock_guard lock(dimsMutex);
  return a.expr()->dim == b.expr()->dim;
}

std::string weft::str(const Shape &shape) {
  std::string text = "[";
  for (const Dim &d : shape)
    text += (text.size() > 1 ? ", " : "") + d.str();
  return text + "]";
}
