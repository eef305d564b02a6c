// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Arithmetic, bounds and text of dimensions, and the attribute that carries them in a tensor's encoding.
#include "dialects/weft/Weft.h"
#include "llvm/Support/MathExtras.h"
#include <algorithm>
#include <limits>

using namespace mlir;
using namespace weft::ir;

Dim::Dim(MLIRContext *context, int64_t constant) : expr_(getAffineConstantExpr(constant, context)) {}
Dim::Dim(MLIRContext *context, const Symbol &symbol) : expr_(getAffineSymbolExpr(0, context)), symbols_{symbol} {}

Dim::Dim(AffineExpr expr, ArrayRef<Symbol> symbols) {
  MLIRContext *context = expr.getContext();
  // Sort by name before simplifying: simplification orders by symbol position, and equal dimensions must get equal
  // forms.
  SmallVector<unsigned> order;
  for (unsigned i = 0; i < symbols.size(); ++i)
    if (expr.isFunctionOfSymbol(i))
      order.push_back(i);
  llvm::sort(order, [&](unsigned a, unsigned b) { return symbols[a].name < symbols[b].name; });
  auto place = [&](AffineExpr e, ArrayRef<unsigned> kept, ArrayRef<Symbol> from, std::vector<Symbol> &to) {
    SmallVector<AffineExpr> map(from.size(), getAffineConstantExpr(0, context));
    for (unsigned i : kept) {
      // Two entries of one name are one symbol.
      auto same = llvm::find_if(to, [&](const Symbol &s) { return s.name == from[i].name; });
      map[i] = getAffineSymbolExpr(same - to.begin(), context);
      if (same == to.end())
        to.push_back(from[i]);
    }
    return simplifyAffineExpr(e.replaceSymbols(map), 0, to.size());
  };
  std::vector<Symbol> sorted;
  AffineExpr simplified = place(expr, order, symbols, sorted);
  // Simplifying may drop a symbol (B - B): once more, over what is left.
  SmallVector<unsigned> used;
  for (unsigned i = 0; i < sorted.size(); ++i)
    if (simplified.isFunctionOfSymbol(i))
      used.push_back(i);
  expr_ = place(simplified, used, sorted, symbols_);
}

bool Dim::isConstant() const { return isa<AffineConstantExpr>(expr_); }
int64_t Dim::staticSize() const {
  auto constant = dyn_cast<AffineConstantExpr>(expr_);
  return constant ? constant.getValue() : ShapedType::kDynamic;
}
std::optional<Symbol> Dim::asSymbol() const {
  if (isa<AffineSymbolExpr>(expr_))
    return symbols_[0];
  return std::nullopt;
}

/// a + b - a is b, but simplification only sees it when the same symbol has one position: align before combining.
static Dim align(const Dim &a, const Dim &b, llvm::function_ref<AffineExpr(AffineExpr, AffineExpr)> op) {
  std::vector<Symbol> symbols = a.symbols();
  SmallVector<AffineExpr> map;
  for (const Symbol &s : b.symbols()) {
    auto same = llvm::find_if(symbols, [&](const Symbol &t) { return t.name == s.name; });
    map.push_back(getAffineSymbolExpr(same - symbols.begin(), a.expr().getContext()));
    if (same == symbols.end())
      symbols.push_back(s);
  }
  return Dim(op(a.expr(), b.expr().replaceSymbols(map)), symbols);
}

namespace weft::ir {
Dim operator+(const Dim &a, const Dim &b) {
  return align(a, b, [](AffineExpr x, AffineExpr y) { return x + y; });
}
Dim operator-(const Dim &a, const Dim &b) {
  return align(a, b, [](AffineExpr x, AffineExpr y) { return x - y; });
}
Dim operator*(const Dim &a, const Dim &b) {
  return align(a, b, [](AffineExpr x, AffineExpr y) { return x * y; });
}
} // namespace weft::ir
Dim Dim::floorDiv(const Dim &o) const {
  return align(*this, o, [](AffineExpr x, AffineExpr y) { return x.floorDiv(y); });
}
Dim Dim::ceilDiv(const Dim &o) const {
  return align(*this, o, [](AffineExpr x, AffineExpr y) { return x.ceilDiv(y); });
}
Dim Dim::mod(const Dim &o) const {
  return align(*this, o, [](AffineExpr x, AffineExpr y) { return x % y; });
}
bool Dim::operator==(const Dim &o) const { return expr_ == o.expr_ && symbols_ == o.symbols_; }

using Bounds = std::optional<std::pair<int64_t, int64_t>>;

/// Nothing if a number does not fit 64 bits: what a division made of a number that was cut off would look right.
static Bounds bounds(AffineExpr e, ArrayRef<Symbol> symbols) {
  if (auto c = dyn_cast<AffineConstantExpr>(e))
    return std::pair(c.getValue(), c.getValue());
  if (auto s = dyn_cast<AffineSymbolExpr>(e))
    return std::pair(symbols[s.getPosition()].lower, symbols[s.getPosition()].upper);
  auto binary = cast<AffineBinaryOpExpr>(e);
  Bounds a = bounds(binary.getLHS(), symbols), b = bounds(binary.getRHS(), symbols);
  if (!a || !b)
    return std::nullopt;
  auto [al, ah] = *a;
  auto [bl, bh] = *b;
  auto extremes = [&](auto apply) -> Bounds {
    std::pair<int64_t, int64_t> result{std::numeric_limits<int64_t>::max(), std::numeric_limits<int64_t>::min()};
    for (int64_t x : {al, ah})
      for (int64_t y : {bl, bh}) {
        int64_t v;
        if (apply(x, y, v))
          return std::nullopt;
        result = {std::min(result.first, v), std::max(result.second, v)};
      }
    return result;
  };
  switch (binary.getKind()) {
  case AffineExprKind::Add: {
    std::pair<int64_t, int64_t> sum;
    if (llvm::AddOverflow(al, bl, sum.first) || llvm::AddOverflow(ah, bh, sum.second))
      return std::nullopt;
    return sum;
  }
  case AffineExprKind::Mul:
    return extremes([](int64_t x, int64_t y, int64_t &v) { return llvm::MulOverflow(x, y, v); });
  default: break;
  }
  // Divisors are positive where a program is run; here they only must not trap.
  bl = std::max<int64_t>(bl, 1);
  bh = std::max<int64_t>(bh, 1);
  switch (binary.getKind()) {
  case AffineExprKind::FloorDiv:
    return extremes([](int64_t x, int64_t y, int64_t &v) { return v = llvm::divideFloorSigned(x, y), false; });
  case AffineExprKind::CeilDiv:
    return extremes([](int64_t x, int64_t y, int64_t &v) { return v = llvm::divideCeilSigned(x, y), false; });
  default: return std::pair(int64_t(0), bh - 1); // Mod
  }
}
int64_t Dim::lower() const {
  Bounds known = bounds(expr_, symbols_);
  return known ? known->first : std::numeric_limits<int64_t>::min();
}
int64_t Dim::upper() const {
  Bounds known = bounds(expr_, symbols_);
  return known ? known->second : std::numeric_limits<int64_t>::max();
}

std::optional<int64_t> Dim::evaluate(llvm::function_ref<std::optional<int64_t>(StringRef)> value) const {
  SmallVector<AffineExpr> constants;
  for (const Symbol &s : symbols_) {
    std::optional<int64_t> v = value(s.name);
    if (!v)
      return std::nullopt;
    constants.push_back(getAffineConstantExpr(*v, expr_.getContext()));
  }
  auto result = dyn_cast<AffineConstantExpr>(simplifyAffineExpr(expr_.replaceSymbols(constants), 0, 0));
  return result ? std::optional<int64_t>(result.getValue()) : std::nullopt;
}

static void print(llvm::raw_ostream &os, AffineExpr e, ArrayRef<Symbol> symbols, bool inner) {
  if (auto c = dyn_cast<AffineConstantExpr>(e)) {
    os << c.getValue();
    return;
  }
  if (auto s = dyn_cast<AffineSymbolExpr>(e)) {
    os << symbols[s.getPosition()].name;
    return;
  }
  auto binary = cast<AffineBinaryOpExpr>(e);
  bool sum = binary.getKind() == AffineExprKind::Add;
  bool paren = inner;
  if (paren)
    os << '(';
  AffineExpr right = binary.getRHS();
  print(os, binary.getLHS(), symbols,
        !(sum || binary.getKind() == AffineExprKind::Mul) || (!sum && isa<AffineBinaryOpExpr>(binary.getLHS())));
  auto constant = dyn_cast<AffineConstantExpr>(right);
  if (sum && constant && constant.getValue() < 0) {
    os << " - " << -constant.getValue();
  } else {
    os << (sum                                            ? " + "
           : binary.getKind() == AffineExprKind::Mul      ? " * "
           : binary.getKind() == AffineExprKind::FloorDiv ? " floordiv "
           : binary.getKind() == AffineExprKind::CeilDiv  ? " ceildiv "
                                                          : " mod ");
    print(os, right, symbols, !sum);
  }
  if (paren)
    os << ')';
}
std::string Dim::str() const {
  std::string text;
  llvm::raw_string_ostream os(text);
  print(os, expr_, symbols_, false);
  return text;
}

Dims weft::ir::getDims(RankedTensorType type) {
  if (auto dims = dyn_cast_or_null<DimsAttr>(type.getEncoding()))
    return dims.getDims();
  Dims result;
  for (int64_t size : type.getShape())
    result.push_back(Dim(type.getContext(), size));
  return result;
}
Dims weft::ir::getDims(Value tensor) { return getDims(cast<RankedTensorType>(tensor.getType())); }

DimsAttr weft::ir::getDimsAttr(MLIRContext *context, ArrayRef<Dim> dims) {
  // One list of symbols for all, sorted by name.
  std::vector<Symbol> symbols;
  for (const Dim &d : dims)
    for (const Symbol &s : d.symbols())
      if (llvm::none_of(symbols, [&](const Symbol &t) { return t.name == s.name; }))
        symbols.push_back(s);
  llvm::sort(symbols, [](const Symbol &a, const Symbol &b) { return a.name < b.name; });
  SmallVector<AffineExpr> exprs;
  for (const Dim &d : dims) {
    SmallVector<AffineExpr> map;
    for (const Symbol &s : d.symbols())
      map.push_back(getAffineSymbolExpr(
          llvm::find_if(symbols, [&](const Symbol &t) { return t.name == s.name; }) - symbols.begin(), context));
    exprs.push_back(d.expr().replaceSymbols(map));
  }
  SmallVector<StringRef> names;
  SmallVector<int64_t> ranges;
  for (const Symbol &s : symbols) {
    names.push_back(StringAttr::get(context, s.name).getValue()); // uniqued: the attribute may keep the reference
    ranges.push_back(s.lower);
    ranges.push_back(s.upper);
  }
  return DimsAttr::get(context, AffineMap::get(0, symbols.size(), exprs, context), names, ranges);
}

RankedTensorType weft::ir::getTensorType(ArrayRef<Dim> dims, Type element) {
  SmallVector<int64_t> shape;
  bool dynamic = false;
  for (const Dim &d : dims) {
    shape.push_back(d.staticSize());
    dynamic |= !d.isConstant();
  }
  return RankedTensorType::get(shape, element,
                               dynamic ? Attribute(getDimsAttr(element.getContext(), dims)) : Attribute());
}
RankedTensorType weft::ir::withElement(RankedTensorType type, Type element) {
  return RankedTensorType::get(type.getShape(), element, type.getEncoding());
}
std::string weft::ir::str(ArrayRef<Dim> dims) {
  std::string text = "[";
  for (auto [i, d] : llvm::enumerate(dims))
    text += (i ? ", " : "") + d.str();
  return text + "]";
}
std::string weft::ir::str(Type type) {
  std::string text;
  llvm::raw_string_ostream os(text);
  if (auto tensor = dyn_cast<RankedTensorType>(type))
    os << tensor.getElementType() << " " << str(ArrayRef<Dim>(getDims(tensor)));
  else
    os << type;
  return text;
}
Dim weft::ir::product(MLIRContext *context, ArrayRef<Dim> dims) {
  Dim result(context, 1);
  for (const Dim &d : dims)
    result = result * d;
  return result;
}

//===- the attribute ------------------------------------------------------------------------------------------------===//

SmallVector<Dim, 4> DimsAttr::getDims() const {
  SmallVector<Symbol> symbols;
  for (auto [i, name] : llvm::enumerate(getNames()))
    symbols.push_back({name.str(), getRanges()[2 * i], getRanges()[2 * i + 1]});
  Dims dims;
  for (AffineExpr e : getMap().getResults())
    dims.push_back(Dim(e, symbols));
  return dims;
}

/// `<[B in 1 to 512, n in 1 to 200] (B, n + 1, 64)>`
Attribute DimsAttr::parse(AsmParser &parser, Type) {
  SmallVector<StringRef> names;
  SmallVector<int64_t> ranges;
  SmallVector<std::pair<StringRef, AffineExpr>> symbols;
  SmallVector<AffineExpr> exprs;
  MLIRContext *context = parser.getContext();
  auto start = parser.getCurrentLocation();
  auto symbol = [&]() -> ParseResult {
    StringRef name;
    int64_t low, high;
    if (parser.parseKeyword(&name) || parser.parseKeyword("in") || parser.parseInteger(low) ||
        parser.parseKeyword("to") || parser.parseInteger(high))
      return failure();
    names.push_back(StringAttr::get(context, name).getValue());
    ranges.append({low, high});
    symbols.push_back({names.back(), getAffineSymbolExpr(symbols.size(), context)});
    return success();
  };
  auto expression = [&]() -> ParseResult { return parser.parseAffineExpr(symbols, exprs.emplace_back()); };
  if (parser.parseLess())
    return {};
  if (succeeded(parser.parseOptionalLSquare()))
    if (parser.parseCommaSeparatedList(symbol) || parser.parseRSquare())
      return {};
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::Paren, expression) || parser.parseGreater())
    return {};
  // The canonical form: what getDimsAttr makes of the dimensions, so that equal dimensions are one attribute.
  SmallVector<Symbol> given;
  for (auto [i, name] : llvm::enumerate(names))
    given.push_back({name.str(), ranges[2 * i], ranges[2 * i + 1]});
  for (const Symbol &s : given)
    if (s.lower < 0 || s.upper < s.lower) {
      parser.emitError(start) << "bounds of dimension " << s.name << " must be 0 <= lower <= upper, got " << s.lower
                              << " to " << s.upper;
      return {};
    }
  Dims dims;
  for (AffineExpr e : exprs)
    dims.push_back(Dim(e, given));
  return getDimsAttr(context, dims);
}

void DimsAttr::print(AsmPrinter &printer) const {
  printer << "<";
  for (auto [i, name] : llvm::enumerate(getNames()))
    printer << (i ? ", " : "[") << name << " in " << getRanges()[2 * i] << " to " << getRanges()[2 * i + 1];
  if (!getNames().empty())
    printer << "] ";
  printer << "(";
  for (auto [i, d] : llvm::enumerate(getDims()))
    printer << (i ? ", " : "") << d.str();
  printer << ")>";
}

LogicalResult DimsAttr::verifyEncoding(ArrayRef<int64_t> shape, Type,
                                       llvm::function_ref<InFlightDiagnostic()> emitError) const {
  Dims dims = getDims();
  if (dims.size() != shape.size())
    return emitError() << "#weft.dims has " << dims.size() << " dimensions, the tensor " << shape.size();
  bool dynamic = false;
  for (auto [i, d] : llvm::enumerate(dims)) {
    if (d.staticSize() != shape[i])
      return emitError() << "dimension " << i << " is " << d.str() << " in #weft.dims and "
                         << (ShapedType::isDynamic(shape[i]) ? std::string("?") : std::to_string(shape[i]))
                         << " in the tensor";
    dynamic |= !d.isConstant();
  }
  if (!dynamic)
    return emitError() << "#weft.dims on a static shape: write the tensor without it";
  return success();
}
