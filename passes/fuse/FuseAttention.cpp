// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- FuseAttention.cpp - two products and the softmax between them become one op ------------------------------------===//
//
//   %x = weft.contract "hid,hjd->hij", %q, %k
//   %s = weft.mul %x, %scale
//   %m = weft.select %causal, %s, %minusInfinity            %o, %l = weft.attention "hid,hjd->hij", "hij,hjd->hid", %q, %k, %v {
//   %p = weft.softmax %m 2                         ==>      ^bb0(%x): %s = weft.mul %x, %scale  ...
//   %o = weft.contract "hij,hjd->hid", %p, %v                 weft.yield %m }
//
// Whatever stands between the first product and the softmax, and between the softmax and the second product, goes into
// the region if it is computed element by element: scales, biases, masks, a softmax that is multiplied by something.
// The op runs before derivatives are expanded, so that its gradient is one op as well. It is made only if an emitter
// takes it whole (Emission.h), and only if nobody else reads the scores or the softmax: then they would be in memory
// all the same.
//
// What the region reads from outside is captured. A value that is as large as the scores, or that follows from
// positions alone, is computed in the region instead. So a mask of iota and compare is a predicate that an emitter can
// decide for a whole tile (Intervals.h), and a table that is read by distance is captured as a table.
//
// Attention of f16 or bf16 is computed in f32, as all arithmetic of these types is inside of a kernel: q, k and v are
// cast in front of the op and the result behind it. The casts that a user writes around the softmax for that sake go.
//
//===----------------------------------------------------------------------------------------------------------------===//
#include "dialects/weft/AttentionSpec.h"
#include "dialects/weft/ContractSpec.h"
#include "dialects/weft/Decompose.h"
#include "dialects/weft/Intervals.h"
#include "dialects/weft/Weft.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Remarks.h"
#include "passes/Passes.h"
#include "passes/analysis/Cost.h"
#include "passes/derive/Checkpoints.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
namespace weft::passes {
#define GEN_PASS_DEF_FUSEATTENTION
#include "passes/Passes.h.inc"
using namespace ir;

namespace {
/// Intervals whose ends are dimensions.
struct DimEnds {
  using Number = Dim;
  using Truth = bool;
  MLIRContext *context;
  Dim number(int64_t n) { return Dim(context, n); }
  Dim size(const Dim &dim) { return dim; }
  Dim add(const Dim &a, const Dim &b) { return a + b; }
  Dim subtract(const Dim &a, const Dim &b) { return a - b; }
  Dim scale(const Dim &a, int64_t by) { return a * Dim(context, by); }
  std::optional<Dim> smaller(const Dim &a, const Dim &b) {
    return lessOrEqual(a, b) ? std::optional(a) : lessOrEqual(b, a) ? std::optional(b) : std::nullopt;
  }
  std::optional<Dim> larger(const Dim &a, const Dim &b) {
    return lessOrEqual(a, b) ? std::optional(b) : lessOrEqual(b, a) ? std::optional(a) : std::nullopt;
  }
  bool less(const Dim &a, const Dim &b) { return (b - a).lower() > 0; }
  bool lessOrEqual(const Dim &a, const Dim &b) { return (b - a).lower() >= 0; }
  bool both(bool a, bool b) { return a && b; }
  bool either(bool a, bool b) { return a || b; }
  bool negated(bool a) { return !a; }
  bool truth(bool a) { return a; }
  std::optional<Dim> exact(Value, ArrayRef<Dim>) { return std::nullopt; }
  std::optional<bool> exactTruth(Value, ArrayRef<Dim>) { return std::nullopt; }
  bool isPoint(const Dim &a, const Dim &b) { return a == b; }
};

/// Whether every index that a gather reads at is inside of the dimension that it reads along.
bool isInside(const RuntimeCheck &check) {
  if (check.error != RuntimeError::outOfRange || !check.inside)
    return false;
  MLIRContext *context = check.of.getContext();
  SmallVector<Intervals<DimEnds>::Interval> at;
  for (const Dim &d : getDims(check.of))
    at.push_back({Dim(context, 0), d - Dim(context, 1)});
  auto range = Intervals<DimEnds>(DimEnds{context}).integers(check.of, at);
  return range.lo && range.hi && range.lo->lower() >= 0 && (*check.inside - *range.hi).lower() > 0;
}

/// A softmax between two products, and what stands between them.
class Match {
public:
  /// The parts of an attention around a softmax. Nothing if there are none, with a reason if one might expect it.
  static std::optional<Match> find(SoftmaxOp softmax, std::string &reason);
  /// The op beside the second product.
  AttentionOp build(OpBuilder &b);
  /// The op's result in place of the second product, which goes, and with it what nobody reads any more.
  void replaceBy(AttentionOp made, OpBuilder &b);
  ContractOp second;
  Value q, k, v;

private:
  bool findProducts(std::string &reason);
  bool readScores(std::string &reason);
  bool readWeights(std::string &reason);
  bool take(Value v, std::string &reason);
  bool isComputedInside(Value v);
  bool isLarge(Value v);
  Value opened(OpOperand &operand);
  bool findSpec(std::string &reason);
  Type computedIn();

  SoftmaxOp softmax;
  ContractOp first;
  llvm::SetVector<Operation *> program; // each after what it reads
  llvm::SetVector<Value> captured;
  llvm::SetVector<Value> path;    // values between the products
  SmallVector<Operation *> after; // what multiplies the softmax, in order
  std::string scores, output;
};
} // namespace

/// What a remark calls an op: its name, and the line where the user wrote it.
static std::string nameOf(Operation *op) {
  auto at = op->getLoc()->findInstanceOf<FileLineColLoc>();
  return userName(op) + (at ? " of line " + std::to_string(at.getLine()) : "");
}
static bool isElementwise(Operation *op) {
  return op->getNumResults() == 1 && (op->hasTrait<OpTrait::Elementwise>() || op->hasTrait<Identity>());
}
static bool isOfFloats(Value v) { return isa<FloatType>(elementOf(v)); }
/// Whether an op rounds to another type of floats, or goes back from it.
static bool convertsFloats(Operation *op) {
  auto cast = dyn_cast<CastOp>(op);
  return cast && isOfFloats(cast.getX()) && isOfFloats(cast.getResult());
}

std::optional<Match> Match::find(SoftmaxOp softmax, std::string &reason) {
  Match match;
  match.softmax = softmax;
  if (!match.findProducts(reason) || !match.readScores(reason) || !match.readWeights(reason) || !match.findSpec(reason))
    return std::nullopt;
  return match;
}

/// The products in front of and behind the softmax, each through ops that keep the position.
bool Match::findProducts(std::string &reason) {
  // Forward: a chain of single readers.
  Value weights = softmax.getResult();
  Operation *blocked = nullptr;
  while (!second) {
    if (!weights.hasOneUse()) {
      blocked = weights.use_empty() ? nullptr : weights.getDefiningOp();
      break;
    }
    Operation *reader = *weights.user_begin();
    if (auto product = dyn_cast<ContractOp>(reader)) {
      second = product;
    } else if (isElementwise(reader) && (typeOf(reader->getResult(0)) == typeOf(weights) || convertsFloats(reader))) {
      after.push_back(reader);
      weights = reader->getResult(0);
    } else {
      break;
    }
  }
  // Backward: the first product from which the scores follow element by element.
  llvm::SetVector<Value> work;
  work.insert(softmax.getX());
  RankedTensorType type = typeOf(softmax.getX());
  for (size_t next = 0; next < work.size() && !first; ++next) {
    Operation *op = work[next].getDefiningOp();
    if (!op)
      continue;
    if (auto product = dyn_cast<ContractOp>(op)) {
      std::string error;
      std::optional<ContractSpec> spec = ContractSpec::parse(product.getSpec(), error);
      // The softmax is over a dimension of one operand: that operand is k.
      char label = spec->result[softmax.getAxis()];
      if (spec->lhsFree.find(label) != std::string::npos || spec->rhsFree.find(label) != std::string::npos)
        first = product;
      continue;
    }
    if (isElementwise(op))
      for (Value operand : op->getOperands())
        if (getDims(operand) == getDims(type))
          work.insert(operand);
  }
  if (!first)
    return false;
  if (second)
    return true;
  // Only where a product would have come next is a reader astonished.
  auto reaches = [](Operation *op) {
    return llvm::any_of(op->getUsers(), [](Operation *user) { return isa<ContractOp>(user); });
  };
  if (blocked && reaches(blocked))
    reason = "the map of attention is read by more than the product with the values";
  return false;
}

/// Whether a value has a number for each pair of a query and a key, at the least.
bool Match::isLarge(Value value) {
  Dims dims = getDims(softmax.getX());
  std::string error;
  ContractSpec spec = *ContractSpec::parse(first.getSpec(), error);
  size_t key = size_t(softmax.getAxis());
  int64_t queries = 1;
  for (char label : spec.lhsFree.find(spec.result[key]) != std::string::npos ? spec.rhsFree : spec.lhsFree)
    queries = std::max(queries, dims[spec.result.find(label)].upper());
  return elementsOf(value) >= queries * std::max<int64_t>(1, dims[key].upper());
}

/// What an op requires at run time that is not known to hold.
static std::optional<RuntimeCheck> openCheck(Operation *op) {
  auto checked = dyn_cast<CheckedOpInterface>(op);
  std::optional<RuntimeCheck> check = checked ? checked.getCheck() : std::nullopt;
  return check && !isInside(*check) ? check : std::nullopt;
}

/// Whether an op is part of the program although it could be captured: it is as large as the scores, or follows from
/// positions alone, and then a mask can be decided for a whole tile.
bool Match::isComputedInside(Value value) {
  Operation *op = value.getDefiningOp();
  if (!op || !isa<PointwiseOpInterface>(op) || op->getNumRegions() || op->getNumResults() != 1)
    return false;
  if (path.contains(value))
    return true;
  // A derivative by the value has to find a way from it to the result. A name is a place where one may be asked for.
  if (op->hasTrait<Identity>() ||
      llvm::any_of(value.getUsers(), [](Operation *user) { return isa<GradOp, TangentOp>(user); }))
    return false;
  DenseElementsAttr dense;
  if (matchPattern(op, m_Constant(&dense)))
    return dense.isSplat();
  if (isLarge(value) || op->getNumOperands() == 0)
    return true;
  return !isa<FloatType>(elementOf(value)) && !openCheck(op);
}

/// What an op reads. Numbers that are drawn for every pair, as those of dropout, become what they are drawn by: that is
/// computed element by element.
Value Match::opened(OpOperand &operand) {
  auto op = operand.get().getDefiningOp<DecomposeOpInterface>();
  if (!op || isa<PointwiseOpInterface>(op.getOperation()) || op->getNumRegions() || op->getNumResults() != 1 ||
      !isLarge(operand.get()) ||
      llvm::any_of(op->getOperands(), [](Value v) { return isOfFloats(v) || elementsOf(v) > 2; }))
    return operand.get();
  OpBuilder b(op);
  InCheckpoints checkpoints(b, checkpointsOf(op));
  (void)decomposeInPlace(op, b);
  return operand.get();
}

/// Puts an op into the program behind everything that it reads.
bool Match::take(Value value, std::string &reason) {
  SmallVector<std::pair<Operation *, unsigned>> stack;
  auto push = [&](Value v) {
    Operation *op = v.getDefiningOp();
    if (op == first.getOperation() || program.contains(op))
      return true;
    if (path.contains(v) && !isa<PointwiseOpInterface>(op)) {
      reason = nameOf(op) + " between the products is not computed element by element";
      return false;
    }
    if (!isComputedInside(v)) {
      captured.insert(v);
      return true;
    }
    if (openCheck(op)) {
      reason = nameOf(op) + " may raise an error at run time, which a tile that is left out would not";
      return false;
    }
    stack.push_back({op, 0});
    return true;
  };
  if (!push(value))
    return false;
  while (!stack.empty()) {
    auto &[op, next] = stack.back();
    if (next == op->getNumOperands()) {
      program.insert(op);
      stack.pop_back();
      continue;
    }
    Value operand = opened(op->getOpOperand(next++));
    if (operand == first.getResult())
      continue;
    if (!operand.getDefiningOp())
      captured.insert(operand);
    else if (!push(operand))
      return false;
  }
  return true;
}

bool Match::readScores(std::string &reason) {
  // What lies on the way from the product to the softmax.
  llvm::SetVector<Value> above;
  above.insert(softmax.getX());
  for (size_t next = 0; next < above.size(); ++next)
    if (Operation *op = above[next].getDefiningOp();
        op && op != first.getOperation() && op->getNumRegions() == 0 && isa<PointwiseOpInterface>(op))
      above.insert_range(op->getOperands());
  path.insert(first.getResult());
  for (bool grown = true; std::exchange(grown, false);)
    for (Value value : above)
      if (Operation *op = value.getDefiningOp();
          op && !path.contains(value) && op != first.getOperation() &&
          llvm::any_of(op->getOperands(), [&](Value v) { return path.contains(v); }))
        grown |= path.insert(value);
  for (Value value : path) {
    Operation *op = value.getDefiningOp();
    if (op != first.getOperation() && above.contains(value) && !isElementwise(op)) {
      reason = nameOf(op) + " between the product and the softmax is not computed element by element";
      return false;
    }
    for (Operation *user : value.getUsers())
      if (user != softmax.getOperation() && !(user->getNumResults() == 1 && path.contains(user->getResult(0)))) {
        reason = "the scores are read by " + nameOf(user) + " as well";
        return false;
      }
  }
  return take(softmax.getX(), reason);
}

/// What the softmax is multiplied by.
bool Match::readWeights(std::string &reason) {
  Value weights = softmax.getResult();
  for (Operation *op : after) {
    unsigned of = op->getNumOperands();
    for (unsigned i = 0; i < op->getNumOperands(); ++i)
      if (op->getOperand(i) == weights)
        of = i;
    bool keeps = (op->hasTrait<Identity>() && !op->hasTrait<StopsDerivative>()) || isa<MulOp>(op) ||
                 convertsFloats(op) || (isa<SelectOp>(op) && of > 0 && splatOf(op->getOperand(3 - of)) == 0.0);
    if (!keeps || llvm::count(op->getOperands(), weights) != 1) {
      reason = nameOf(op) + " between the softmax and the values is no product with the softmax";
      return false;
    }
    for (OpOperand &operand : op->getOpOperands())
      if (operand.get() != weights && !take(opened(operand), reason))
        return false;
    weights = op->getResult(0);
  }
  return true;
}

/// Whatever only renames dimensions of an operand becomes part of its labels.
static Value behindTransposes(Value v, std::string &labels) {
  while (auto transpose = v.getDefiningOp<TransposeOp>()) {
    std::string before(labels.size(), ' ');
    for (auto [i, p] : llvm::enumerate(transpose.getPermutation()))
      before[size_t(p)] = labels[i];
    labels = before;
    v = transpose.getX();
  }
  return v;
}

bool Match::findSpec(std::string &reason) {
  std::string error;
  ContractSpec one = *ContractSpec::parse(first.getSpec(), error), two = *ContractSpec::parse(second.getSpec(), error);
  char key = one.result[softmax.getAxis()];
  std::string left = one.lhs, right = one.rhs;
  q = behindTransposes(first.getLhs(), left);
  k = behindTransposes(first.getRhs(), right);
  if (one.lhsFree.find(key) != std::string::npos) {
    std::swap(q, k);
    std::swap(left, right);
  }
  scores = ContractSpec::join(left, right, one.result);
  // The second product in the letters of the first.
  Value weights = softmax.getResult();
  if (!after.empty())
    weights = after.back()->getResult(0);
  if (second.getLhs() == second.getRhs())
    return false;
  bool onLeft = second.getLhs() == weights;
  std::string own = onLeft ? two.lhs : two.rhs, others = onLeft ? two.rhs : two.lhs, result = two.result;
  std::string spare;
  for (char c = 'a'; c <= 'z'; ++c)
    if (one.lhs.find(c) == std::string::npos && one.rhs.find(c) == std::string::npos)
      spare += c;
  llvm::DenseMap<char, char> letters;
  for (auto [i, label] : llvm::enumerate(own))
    letters[label] = one.result[i];
  for (char label : others)
    if (!letters.count(label)) {
      if (spare.empty())
        return false;
      letters[label] = spare.front();
      spare.erase(0, 1);
    }
  for (std::string *text : {&others, &result})
    for (char &label : *text)
      label = letters[label];
  v = behindTransposes(onLeft ? second.getRhs() : second.getLhs(), others);
  output = ContractSpec::join(one.result, others, result);
  if (others.find(key) == std::string::npos)
    return false; // a sum of the map, which is no attention
  if (AttentionSpec::parse(scores, output, error))
    return true;
  reason = "the products " + error;
  return false;
}

/// The widest type between the products, and f32 at the least.
Type Match::computedIn() {
  Type widest = Float32Type::get(softmax.getContext());
  for (Value v : {first.getResult(), softmax.getResult(), second.getResult()})
    if (elementOf(v).getIntOrFloatBitWidth() > widest.getIntOrFloatBitWidth())
      widest = elementOf(v);
  return widest;
}

namespace {
/// The ops of the program in the region. Those on narrower floats are on `computed` there, which rounds nothing that
/// the user does not round by a cast.
class ProgramCopy {
public:
  ProgramCopy(OpBuilder &b, Type computed) : b(b), computed(computed) {}
  /// `copy` stands for `v`, in the element type of `v` or in `computed`.
  void map(Value v, Value copy) { (elementOf(copy) == elementOf(v) ? own : wide)[v] = copy; }
  void add(Operation *op);
  /// In `computed`, if it is a float.
  Value get(Value v) {
    if (!isOfFloats(v) || elementOf(v) == computed)
      return own.lookup(v);
    Value &known = wide[v];
    if (!known)
      known = Build(b, v.getLoc()).cast(own.lookup(v), computed);
    return known;
  }

private:
  /// In the type that it has.
  Value getOwn(Value v) {
    Value &known = own[v];
    if (!known)
      known = Build(b, v.getLoc()).cast(wide.lookup(v), elementOf(v));
    return known;
  }
  OpBuilder &b;
  Type computed;
  llvm::DenseMap<Value, Value> own, wide;
};
} // namespace

void ProgramCopy::add(Operation *op) {
  Value result = op->getResult(0);
  if (convertsFloats(op)) {
    Value x = op->getOperand(0);
    if (elementOf(result).getIntOrFloatBitWidth() > elementOf(x).getIntOrFloatBitWidth()) {
      Value copy = get(x); // before map, which may move what lies in the maps
      return map(result, elementOf(copy) == computed || elementOf(copy) == elementOf(result)
                             ? copy
                             : Build(b, op->getLoc()).cast(copy, elementOf(result)));
    }
  }
  // Constants, reads of tables and the like are in the type that they have: there is nothing to round.
  // What computes floats of floats is on the wider type, and so is what compares them.
  bool widened = isElementwise(op) && (elementOf(result).isInteger(1) ||
                                       (isOfFloats(result) && llvm::any_of(op->getOperands(), [&](Value v) {
                                          return elementOf(v) == elementOf(result);
                                        })));
  IRMapping operands;
  for (Value operand : op->getOperands())
    operands.map(operand, widened ? get(operand) : getOwn(operand));
  Operation *made = b.clone(*op, operands);
  made->removeAttr("weft.checkpoint");
  if (widened && isOfFloats(result))
    made->getResult(0).setType(withElement(typeOf(result), computed));
  if (auto checked = dyn_cast<CheckedOpInterface>(made); checked && checked.getCheck())
    made->setAttr("clip", b.getUnitAttr()); // its indices are inside, so that nothing is left to check
  map(result, made->getResult(0));
}

AttentionOp Match::build(OpBuilder &b) {
  Location loc = softmax.getLoc();
  Type element = computedIn();
  Build e(b, loc);
  OperationState state(loc, AttentionOp::getOperationName());
  for (Value operand : {q, k, v})
    state.addOperands(e.cast(operand, element));
  state.addOperands(captured.getArrayRef());
  auto &properties = state.getOrAddProperties<AttentionOp::Properties>();
  properties.scores = b.getStringAttr(scores);
  properties.output = b.getStringAttr(output);
  std::string error;
  AttentionSpec spec = *AttentionSpec::parse(scores, output, error);
  Dims all = getDims(first.getResult()), rows;
  for (auto [dim, label] : llvm::zip(all, spec.scores))
    if (label != spec.key)
      rows.push_back(dim);
  state.addTypes({withElement(typeOf(second.getResult()), element), getTensorType(rows, element)});
  auto *body = new Block;
  state.addRegion()->push_back(body);
  OpBuilder inside(b.getContext());
  inside.setInsertionPointToEnd(body);
  ProgramCopy copy(inside, element);
  copy.map(first.getResult(), body->addArgument(withElement(typeOf(first.getResult()), element), loc));
  for (Value value : captured)
    copy.map(value, body->addArgument(value.getType(), value.getLoc()));
  for (Operation *op : program)
    copy.add(op);
  SmallVector<Value> yields{copy.get(softmax.getX())};
  Value factors, weights = softmax.getResult();
  for (Operation *op : after) {
    Build in(inside, op->getLoc());
    if (auto select = dyn_cast<SelectOp>(op)) {
      Value of = factors ? factors : in.full(1, typeOf(yields[0]));
      bool whenTrue = select.getOnTrue() == weights;
      Value p = copy.get(select.getPredicate()), zero = in.zeros(of);
      factors = in.select(p, whenTrue ? of : zero, whenTrue ? zero : of);
    } else if (!op->hasTrait<Identity>() && !convertsFloats(op)) {
      Value by = copy.get(op->getOperand(op->getOperand(0) == weights ? 1 : 0));
      factors = factors ? in.mul(factors, by) : by;
    }
    weights = op->getResult(0);
  }
  if (factors)
    yields.push_back(factors);
  YieldOp::create(inside, loc, yields);
  return cast<AttentionOp>(b.create(state));
}

void Match::replaceBy(AttentionOp made, OpBuilder &b) {
  Value result = Build(b, second.getLoc()).cast(made.getResult(), elementOf(second.getResult()));
  second.getResult().replaceAllUsesWith(result);
  second.erase();
  for (Operation *op : llvm::reverse(after))
    if (op->use_empty())
      op->erase();
  if (softmax->use_empty())
    softmax.erase();
}

namespace {
struct FuseAttention : impl::FuseAttentionBase<FuseAttention> {
  /// By itself, as a tool runs it, the pass takes it that somebody makes code of the op.
  FuseAttention() {
    emission.takesWhole = [](Operation *) { return true; };
  }
  explicit FuseAttention(Emission emission) : emission(std::move(emission)) {}
  Emission emission;

  void runOnOperation() override {
    SmallVector<SoftmaxOp> all;
    getOperation().walk([&](SoftmaxOp softmax) { all.push_back(softmax); });
    for (SoftmaxOp softmax : all) {
      auto at =
          remark::RemarkOpts::name("fuse-attention").category("fuse-attention").function(getOperation().getName());
      std::string reason;
      std::optional<Match> match = Match::find(softmax, reason);
      if (!match) {
        if (!reason.empty())
          remark::missed(softmax.getLoc(), at)
              << "attention is not computed tile by tile" << remark::reason("{0}", reason);
        continue;
      }
      OpBuilder b(match->second);
      InCheckpoints checkpoints(b, checkpointsOf(softmax));
      AttentionOp made = match->build(b);
      if (!emission.takesWhole(made)) {
        remark::missed(softmax.getLoc(), at)
            << "attention is not computed tile by tile"
            << remark::reason("{0}", "no emitter takes it for q of " + str(match->q.getType()));
        SmallVector<std::pair<Value, Value>> operands{
            {made.getQ(), match->q}, {made.getK(), match->k}, {made.getV(), match->v}};
        made.erase();
        for (auto [operand, own] : operands) // what is not the user's own is a cast of it
          if (operand != own && operand.use_empty())
            operand.getDefiningOp()->erase();
        continue;
      }
      remark::passed(softmax.getLoc(), at) << "attention is computed tile by tile";
      match->replaceBy(made, b);
    }
  }
};
} // namespace

std::unique_ptr<Pass> createFuseAttention(Emission emission) {
  return std::make_unique<FuseAttention>(std::move(emission));
}
} // namespace weft::passes
