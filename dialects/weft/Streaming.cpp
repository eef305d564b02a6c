// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// An op on the elements that have just come: what follows from its access, and what is masked. See Streaming.h.
#include "dialects/weft/Streaming.h"
#include "mlir/IR/Matchers.h"
#include <cmath>
#include <limits>

using namespace mlir;
using namespace weft::ir;

/// In a ring what comes at once has room beside what the first of it sees.
static int64_t capacityOf(const Dim &time, const Dim &chunk, int64_t window) {
  return window ? window + chunk.upper() - 1 : time.upper();
}
Streaming::Streaming(Build e, const Dim &time, const Dim &chunk, int64_t window)
    : e(e), op(nullptr), result(0), time_(time), chunk_(chunk),
      capacity_(e.b.getContext(), capacityOf(time, chunk, window)), window_(window) {}

//===- sizes --------------------------------------------------------------------------------------------------------===//

bool Streaming::hasTime(const Dim &dim) const {
  return llvm::any_of(dim.symbols(), [&](const Symbol &s) { return s.name == time_.asSymbol()->name; });
}
bool Streaming::hasTime(Value v) const {
  return llvm::any_of(getDims(v), [&](const Dim &dim) { return hasTime(dim); });
}
std::optional<int64_t> Streaming::beyondTime(const Dim &dim) const {
  Dim rest = dim - time_;
  return rest.isConstant() ? std::optional(rest.staticSize()) : std::nullopt;
}
/// The dimension with another in the place of the time's symbol.
static Dim replaced(const Dim &dim, const Dim &time, const Dim &by) {
  if (dim == time)
    return by;
  SmallVector<Symbol> symbols(dim.symbols().begin(), dim.symbols().end());
  AffineExpr expr = dim.expr();
  for (auto [i, symbol] : llvm::enumerate(symbols)) {
    if (symbol.name != time.asSymbol()->name)
      continue;
    if (auto bare = by.asSymbol())
      symbol = *bare;
    else
      expr = expr.replace(getAffineSymbolExpr(unsigned(i), expr.getContext()), by.expr());
  }
  return Dim(expr, symbols);
}
RankedTensorType Streaming::typeIn(Type whole, const TimeView &view) const {
  auto type = cast<RankedTensorType>(whole);
  Dims dims = getDims(type);
  for (auto [dim, axis] : llvm::zip(dims, view)) {
    if (axis.kind == TimeAxis::now)
      dim = beyondTime(dim) ? chunk_ : replaced(dim, time_, chunk_);
    else if (axis.kind == TimeAxis::all)
      dim = replaced(dim, time_, capacity_);
  }
  return getTensorType(dims, type.getElementType());
}
TimeView Streaming::plainView(Value v) { return TimeView(size_t(typeOf(v).getRank())); }
std::optional<unsigned> Streaming::nowAxis() const {
  std::optional<unsigned> found;
  for (auto [d, axis] : llvm::enumerate(view))
    if (axis.kind == TimeAxis::now) {
      if (found)
        return std::nullopt;
      found = unsigned(d);
    }
  return found;
}

//===- values -------------------------------------------------------------------------------------------------------===//

Value Streaming::integer(int64_t value, RankedTensorType type) {
  auto scalar = RankedTensorType::get({}, type.getElementType());
  Value one =
      ConstantOp::create(e.b, e.loc, DenseElementsAttr::get(scalar, e.b.getIntegerAttr(type.getElementType(), value)));
  return type.getRank() ? e.broadcast(one, type, {}) : one;
}
Value Streaming::places(int64_t offset, bool bounded) {
  auto type = getTensorType({chunk_}, e.b.getI32Type());
  Value at = AddOp::create(e.b, e.loc, type, e.iota(type, 0), e.broadcast(position(bounded), type, {}));
  return offset ? Value(AddOp::create(e.b, e.loc, type, at, integer(offset, type))) : at;
}
Operation *Streaming::again(ArrayRef<Value> operands, ArrayRef<Type> types) {
  OperationState state(op->getLoc(), op->getName(), operands, types, NamedAttrList(op->getAttrs()));
  return e.b.create(state);
}

//===- by its access ------------------------------------------------------------------------------------------------===//

/// The loops' views as those of the axes of an operand; a reason if that does not work.
static std::optional<std::string> operandView(const Streaming &s, const Access &access, ArrayRef<TimeAxis> loops,
                                              unsigned operand, TimeView &view) {
  const Axes &axes = access.operands[operand];
  Dims dims = getDims(s.op->getOperand(operand));
  view.assign(axes.size(), TimeAxis());
  for (unsigned d = 0; d < axes.size(); ++d) {
    const Axis &axis = axes[d];
    bool time = s.hasTime(dims[d]);
    if (axis.kind == Axis::repeated)
      continue;
    if (std::optional<unsigned> loop = axis.loop()) {
      view[d] = loops[*loop];
      continue;
    }
    if (axis.kind == Axis::any) {
      if (time)
        return "reads any place of an axis that goes on with time, also those that come later";
      continue;
    }
    if (axis.kind == Axis::affine) {
      bool moves = llvm::any_of(axis.terms, [&](Axis::Term t) { return loops[t.loop].kind != TimeAxis::plain; });
      if (time || moves)
        return "reads along time at places of its own, for which there is no rule";
      continue;
    }
    // Neighbours that are read in row-major order of some loops.
    unsigned end = d + 1;
    while (end < axes.size() && axes[end] == axis)
      ++end;
    std::optional<TimeAxis> moving;
    MLIRContext *context = s.op->getContext();
    Dim inner(context, 1);
    for (Axis::Term term : axis.terms) {
      if (moving)
        inner = inner * access.loops[term.loop].size;
      if (loops[term.loop].kind == TimeAxis::plain)
        continue;
      if (moving)
        return "puts two axes of time into one";
      moving = loops[term.loop];
      inner = moving->inner.value_or(Dim(context, 1));
    }
    Dim behind(context, 1);
    bool placed = !moving;
    for (unsigned at = end; at-- > d; behind = behind * dims[at]) {
      if (!s.hasTime(dims[at]))
        continue;
      bool bare = s.beyondTime(dims[at]).has_value();
      std::optional<Dim> own;
      if (behind == inner)
        own = Dim(context, 1);
      else if (behind == 1)
        own = inner;
      else if (behind.isConstant() && inner.isConstant() && inner.staticSize() % behind.staticSize() == 0)
        own = Dim(context, inner.staticSize() / behind.staticSize());
      if (placed || !own || (bare && !(*own == 1)) || moving->offset != 0)
        return "takes the axis of time apart, so that elements of one time do not stay together";
      placed = true;
      view[at] = *moving;
      view[at].inner = *own == 1 ? std::nullopt : own;
    }
    if (!placed)
      return "takes the axis of time apart, so that elements of one time do not stay together";
    d = end - 1;
  }
  return std::nullopt;
}

/// The op behind which a value that depends on what comes has no axis of time any more.
static Operation *endOfTime(const Streaming &s, Value v) {
  Operation *at = v.getDefiningOp();
  while (at) {
    auto next = llvm::find_if(at->getOperands(), [&](Value x) { return s.depends(x); });
    if (next == at->getOperands().end() || s.hasTime(*next) || !(*next).getDefiningOp())
      break;
    at = (*next).getDefiningOp();
  }
  return at;
}

LogicalResult Streaming::byAccess(std::optional<double> neutral) {
  auto says = dyn_cast<AccessOpInterface>(op);
  if (!says || op->getNumRegions())
    return fail("has no rule for elements that come one after the other");
  Access access = says.getAccess();
  for (NamedAttribute attribute : op->getAttrs())
    if (auto dims = dyn_cast<DimsAttr>(attribute.getValue()))
      if (llvm::any_of(dims.getDims(), [&](const Dim &d) { return hasTime(d); }))
        return fail("depends on how long the whole is");
  SmallVector<TimeAxis> loops(access.loops.size());
  for (auto [d, axis] : llvm::enumerate(access.results[result])) {
    if (view[d].kind == TimeAxis::plain)
      continue;
    auto loop = axis.loop();
    if (!loop || access.loops[*loop].kind != LoopKind::parallel)
      return fail("goes along time in an order of its own");
    if (access.loops[*loop].counted)
      return fail("asks for the place of an element among all");
    loops[*loop] = view[d];
  }
  SmallVector<unsigned> reduced;
  for (auto [l, loop] : llvm::enumerate(access.loops)) {
    if (!hasTime(loop.size) || loops[l].kind != TimeAxis::plain)
      continue;
    if (loop.kind != LoopKind::reduced || loop.counted || !neutral || !beyondTime(loop.size))
      return fail("needs all elements along time, also those that come later");
    loops[l].kind = TimeAxis::all;
    reduced.push_back(unsigned(l));
  }
  bool moves = llvm::any_of(view, [](const TimeAxis &a) { return a.kind != TimeAxis::plain; });
  SmallVector<TimeView> views(op->getNumOperands());
  for (unsigned i = 0; i < views.size(); ++i) {
    if (auto why = operandView(*this, access, loops, i, views[i]))
      return fail(*why);
    bool along = llvm::any_of(views[i], [](const TimeAxis &a) { return a.kind != TimeAxis::plain; });
    if (depends(op->getOperand(i)) && moves && !along)
      return fail("follows from all elements along time, and is given to each time, also to those before they come",
                  endOfTime(*this, op->getOperand(i)));
  }
  // What has not come changes nothing.
  for (unsigned loop : reduced) {
    bool masked = false;
    for (unsigned i = 0; i < views.size() && !masked; ++i) {
      int64_t all = Access::find(access.operands[i], loop), now = -1;
      for (auto [d, axis] : llvm::enumerate(views[i]))
        if (axis.kind == TimeAxis::now && axis.offset == 0 && !axis.inner && getDims(op->getOperand(i))[d] == time_)
          now = int64_t(d);
      if (all < 0 || now < 0)
        continue;
      std::optional<double> later = hiddenFrom(op->getOperand(i), unsigned(now), unsigned(all));
      masked = later && *later == *neutral;
    }
    if (!masked)
      return fail("goes over all elements along time, and nothing masks " + unseen());
  }
  SmallVector<Value> operands;
  for (auto [v, operandView] : llvm::zip(op->getOperands(), views))
    operands.push_back(want(v, operandView));
  if (waits())
    return success();
  SmallVector<TimeView> all;
  SmallVector<Type> types;
  for (auto [r, axes] : llvm::zip(op->getResults(), access.results)) {
    TimeView &own = all.emplace_back(axes.size());
    for (auto [to, axis] : llvm::zip(own, axes))
      if (auto loop = axis.loop())
        to = loops[*loop];
    types.push_back(typeIn(r.getType(), own));
  }
  Operation *made = again(operands, types);
  for (unsigned r = 0; r < all.size(); ++r)
    give(r, all[r], made->getResult(r));
  return success();
}

//===- what is masked -----------------------------------------------------------------------------------------------===//

namespace {
/// What can be told of a value at places (n, a), n from 0: with a behind n, a = n + 1 + m; or in front of the window
/// that ends with n, a = n - window - m.
struct Behind {
  const Streaming &s;
  bool later = true;
  /// Axes of the value, -1 where it has none.
  struct At {
    int64_t now, all;
  };
  /// now * n + all * a + constant.
  struct Line {
    double now = 0, all = 0, constant = 0;
  };

  /// Where the one operand of a map of indices is read, if along these axes it is read at the very places.
  std::optional<At> moved(Operation *op, At at) const {
    if (!op || op->getNumOperands() != 1 || !(op->hasTrait<MovesElements>() || op->hasTrait<Identity>()))
      return std::nullopt;
    auto says = dyn_cast<AccessOpInterface>(op);
    if (!says)
      return std::nullopt;
    Access access = says.getAccess();
    const Axes &axes = access.operands[0];
    auto place = [&](int64_t axis) -> int64_t {
      if (axis < 0)
        return -1;
      auto loop = access.results[0][size_t(axis)].loop();
      if (!loop)
        return -2;
      for (auto [d, a] : llvm::enumerate(axes))
        if (a.kind != Axis::repeated && a.names(*loop))
          return a.loop() == loop ? int64_t(d) : -2;
      return -1;
    };
    At there{place(at.now), place(at.all)};
    // Nothing else of the operand may be read elsewhere: a cut along another axis does no harm.
    if (there.now == -2 || there.all == -2)
      return std::nullopt;
    return there;
  }

  static std::optional<double> splat(Value v) {
    DenseElementsAttr dense;
    if (!matchPattern(v, m_Constant(&dense)) || !dense.isSplat() || dense.empty())
      return std::nullopt;
    if (isa<FloatType>(dense.getElementType()))
      return dense.getSplatValue<APFloat>().convertToDouble();
    if (dense.getElementType().isInteger(1))
      return dense.getSplatValue<bool>() ? 1 : 0;
    if (isa<IntegerType>(dense.getElementType()))
      return double(dense.getSplatValue<APInt>().getSExtValue());
    return std::nullopt;
  }

  /// A line, if the type of the value holds each of its numbers exactly.
  std::optional<Line> line(Value v, At at, int depth = 64) const {
    std::optional<Line> found = depth ? lineOf(v, at, depth) : std::nullopt;
    if (!found)
      return std::nullopt;
    Type type = elementOf(v);
    double most = type.isF32() ? double(1 << 24) : type.isInteger(32) ? 2147483647.0 : double(int64_t(1) << 53);
    double places = s.window() ? double(1 << 29) : double(s.capacity().staticSize());
    bool held = type.isInteger(32) || type.isInteger(64) || type.isF32() || type.isF64();
    bool whole = llvm::all_of(ArrayRef<double>{found->now, found->all, found->constant},
                              [](double n) { return n == std::trunc(n); });
    double size = (std::abs(found->now) + std::abs(found->all)) * places + std::abs(found->constant);
    return held && whole && size <= most ? found : std::nullopt;
  }
  std::optional<Line> lineOf(Value v, At at, int depth) const {
    if (auto number = splat(v))
      return Line{0, 0, *number};
    Operation *op = v.getDefiningOp();
    if (!op)
      return std::nullopt;
    if (auto iota = dyn_cast<IotaOp>(op)) {
      if (int64_t(iota.getAxis()) == at.now)
        return Line{1, 0, 0};
      if (int64_t(iota.getAxis()) == at.all)
        return Line{0, 1, 0};
      return std::nullopt;
    }
    auto of = [&](unsigned i) { return line(op->getOperand(i), at, depth - 1); };
    if (isa<AddOp, SubOp>(op)) {
      auto a = of(0), b = of(1);
      double sign = isa<AddOp>(op) ? 1 : -1;
      return a && b
                 ? std::optional(Line{a->now + sign * b->now, a->all + sign * b->all, a->constant + sign * b->constant})
                 : std::nullopt;
    }
    if (isa<NegOp>(op)) {
      auto a = of(0);
      return a ? std::optional(Line{-a->now, -a->all, -a->constant}) : std::nullopt;
    }
    if (isa<MulOp>(op))
      for (unsigned i = 0; i < 2; ++i)
        if (auto by = splat(op->getOperand(i)))
          if (auto a = of(1 - i))
            return Line{a->now * *by, a->all * *by, a->constant * *by};
    if (isa<CastOp>(op))
      return of(0);
    if (auto there = moved(op, at))
      return line(op->getOperand(0), *there, depth - 1);
    return std::nullopt;
  }

  /// Whether a condition holds at all those places, or at none.
  std::optional<bool> truth(Value v, At at, int depth = 64) const {
    if (depth == 0)
      return std::nullopt;
    if (auto number = splat(v))
      return *number != 0;
    Operation *op = v.getDefiningOp();
    if (!op)
      return std::nullopt;
    auto of = [&](unsigned i) { return truth(op->getOperand(i), at, depth - 1); };
    if (isa<AndOp, OrOp>(op)) {
      bool decides = isa<OrOp>(op);
      auto a = of(0), b = of(1);
      if ((a && *a == decides) || (b && *b == decides))
        return decides;
      return a && b ? std::optional(!decides) : std::nullopt;
    }
    if (isa<NotOp>(op)) {
      auto a = of(0);
      return a ? std::optional(!*a) : std::nullopt;
    }
    if (auto compare = dyn_cast<CompareOp>(op)) {
      auto a = line(compare.getLhs(), at), b = line(compare.getRhs(), at);
      if (!a || !b)
        return std::nullopt;
      // The difference is slope n + step m + first, n and m from 0.
      double now = a->now - b->now, all = a->all - b->all, slope = now + all, step = later ? all : -all;
      double first = a->constant - b->constant + all * (later ? 1 : -double(s.window()));
      constexpr double infinite = std::numeric_limits<double>::infinity();
      double lo = slope < 0 || step < 0 ? -infinite : first, hi = slope > 0 || step > 0 ? infinite : first;
      switch (compare.getDirection()) {
      case Direction::LT: return hi < 0 ? std::optional(true) : lo >= 0 ? std::optional(false) : std::nullopt;
      case Direction::LE: return hi <= 0 ? std::optional(true) : lo > 0 ? std::optional(false) : std::nullopt;
      case Direction::GT: return lo > 0 ? std::optional(true) : hi <= 0 ? std::optional(false) : std::nullopt;
      case Direction::GE: return lo >= 0 ? std::optional(true) : hi < 0 ? std::optional(false) : std::nullopt;
      case Direction::EQ: return lo > 0 || hi < 0 ? std::optional(false) : std::nullopt;
      case Direction::NE: return lo > 0 || hi < 0 ? std::optional(true) : std::nullopt;
      }
      return std::nullopt;
    }
    if (auto there = moved(op, at))
      return truth(op->getOperand(0), *there, depth - 1);
    return std::nullopt;
  }

  std::optional<double> number(Value v, At at, int depth = 64) const {
    if (depth == 0)
      return std::nullopt;
    if (auto splatted = splat(v))
      return splatted;
    Operation *op = v.getDefiningOp();
    if (!op)
      return std::nullopt;
    auto of = [&](unsigned i) { return number(op->getOperand(i), at, depth - 1); };
    constexpr double infinite = std::numeric_limits<double>::infinity();
    auto is = [](std::optional<double> a, double b) { return a && *a == b; };
    if (v.getType() && elementOf(v).isInteger(1)) {
      auto holds = truth(v, at, depth - 1);
      return holds ? std::optional(*holds ? 1.0 : 0.0) : std::nullopt;
    }
    if (auto select = dyn_cast<SelectOp>(op)) {
      auto holds = truth(op->getOperand(0), at, depth - 1);
      if (holds)
        return of(*holds ? 1 : 2);
      auto a = of(1), b = of(2);
      return a && b && *a == *b ? a : std::nullopt;
    }
    if (isa<CastOp>(op)) {
      Value x = op->getOperand(0);
      auto a = elementOf(x).isInteger(1) ? number(x, at, depth - 1) : of(0);
      return a && (*a == 0 || *a == 1 || *a == -infinite || *a == infinite) && isa<FloatType>(elementOf(v))
                 ? a
                 : std::nullopt;
    }
    // A number that wins whatever finite number it meets.
    if (isa<AddOp>(op)) {
      auto a = of(0), b = of(1);
      if (a && b)
        return *a + *b;
      return is(a, -infinite) || is(b, -infinite) ? std::optional(-infinite) : std::nullopt;
    }
    if (isa<SubOp>(op)) {
      auto a = of(0), b = of(1);
      if (a && b)
        return *a - *b;
      return is(a, -infinite) ? std::optional(-infinite) : std::nullopt;
    }
    if (isa<MulOp>(op)) {
      auto a = of(0), b = of(1);
      if (a && b)
        return *a * *b;
      return is(a, 0) || is(b, 0) ? std::optional(0.0) : std::nullopt;
    }
    if (isa<DivOp>(op)) {
      auto a = of(0), b = of(1);
      if (a && b && *b != 0)
        return *a / *b;
      return is(a, 0) ? std::optional(0.0) : std::nullopt;
    }
    if (isa<ExpOp>(op))
      return is(of(0), -infinite) ? std::optional(0.0) : std::nullopt;
    // Its own rule sees to it that its operand is -infinity there.
    if (auto softmax = dyn_cast<SoftmaxOp>(op))
      return int64_t(softmax.getAxis()) == at.all ? std::optional(0.0) : std::nullopt;
    if (auto there = moved(op, at))
      return number(op->getOperand(0), *there, depth - 1);
    return std::nullopt;
  }
};
} // namespace

std::optional<double> Streaming::hiddenFrom(Value whole, unsigned now, unsigned all) const {
  Behind::At at{int64_t(now), int64_t(all)};
  std::optional<double> number = Behind{*this, true}.number(whole, at);
  if (number && window_ && Behind{*this, false}.number(whole, at) != number)
    return std::nullopt;
  return number;
}
std::string Streaming::unseen() const {
  std::string later = "those that come later";
  return window_ ? later + ", and those that came " + std::to_string(window_) + " places before or earlier" : later;
}
