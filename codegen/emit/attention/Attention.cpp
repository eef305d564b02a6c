// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What both directions of attention are made of, and the emitter; see Attention.h.
#include "codegen/emit/attention/Attention.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include <limits>

using namespace mlir;
using namespace weft;
using namespace weft::codegen;
using ir::Coord;
using ir::Dim;
using ir::Dims;

constexpr int64_t mostVectors = 3; // of a panel: with four rows they are the accumulators that 16 registers allow
constexpr int64_t mostDepth = 256; // of q and of v: what is turned lies on the stack

Attention::Attention(KernelEmitter &e, Operation *hero, StringRef scores, StringRef output)
    : e(e), b(e.b), hero(hero), body(hero->getRegion(0).front()), element(ir::elementOf(hero->getOperand(0))) {
  std::string error;
  spec = *ir::AttentionSpec::parse(scores, output, error);
  for (auto [label, dim] : llvm::zip(spec.scores, ir::getDims(body.getArgument(0))))
    sizes[label] = dim;
  query = spec.query;
  lanes = std::max<int64_t>(4, e.pickLanes(element.getIntOrFloatBitWidth(), sizes[query]));
  vectors = std::clamp<int64_t>(llvm::divideCeil(sizes[query].upper(), lanes), 1, mostVectors);
  panel = lanes * vectors;
  tileRows = e.machine().registers >= 32 ? 8 : 4;
  inner = ir::getDims(hero->getOperand(0))[spec.q.find(spec.inner)].staticSize();
  value = ir::getDims(hero->getOperand(2))[spec.v.find(spec.value)].staticSize();
}

//===- tensors ------------------------------------------------------------------------------------------------------===//

static Attention::Tensor tensor(KernelEmitter &e, Value memory, Value v, StringRef labels) {
  Attention::Tensor x{memory, labels.str(), {}, {}};
  Dims dims = ir::getDims(v);
  x.dims.assign(dims.begin(), dims.end());
  x.steps.resize(dims.size());
  Value step = e.index(1);
  for (size_t i = dims.size(); i-- > 0;) {
    x.steps[i] = step;
    step = e.mul(step, e.size(dims[i]));
  }
  return x;
}
Attention::Tensor Attention::operand(unsigned i, StringRef labels) {
  Value v = hero->getOperand(i);
  return tensor(e, e.operandMemory(cast<BlockArgument>(v)), v, labels);
}
Attention::Tensor Attention::result(unsigned i, StringRef labels) {
  auto yields = e.kernel().getTerminator()->getOperands();
  Value v = hero->getResult(i);
  return tensor(e, e.resultMemory(unsigned(llvm::find(yields, v) - yields.begin())), v, labels);
}
Value Attention::place(const Tensor &x, ArrayRef<std::pair<char, Value>> more) {
  Value at = e.index(0);
  for (char label : x.labels) {
    auto given = llvm::find_if(more, [&](auto &pair) { return pair.first == label; });
    auto around = position.find(label);
    if (given != more.end())
      at = e.add(at, e.mul(given->second, x.step(label)));
    else if (around != position.end())
      at = e.add(at, e.mul(around->second, x.step(label)));
  }
  return at;
}

//===- arithmetic ---------------------------------------------------------------------------------------------------===//

Value Attention::loadLanes(Value memory, Value at) {
  return vector::LoadOp::create(b, e.loc, VectorType::get({lanes}, element), memory, ValueRange{at});
}
void Attention::storeLanes(Value v, Value memory, Value at) {
  vector::StoreOp::create(b, e.loc, v, memory, ValueRange{at});
}
Value Attention::loadNumber(Value memory, Value at) { return memref::LoadOp::create(b, e.loc, memory, ValueRange{at}); }
void Attention::storeNumber(Value v, Value memory, Value at) {
  memref::StoreOp::create(b, e.loc, v, memory, ValueRange{at});
}
Value Attention::lanesOf(double number) {
  return e.withLanes(lanes, [&] { return e.constant(element, number); });
}
Value Attention::minus(Value x, Value y) { return arith::SubIOp::create(b, e.loc, x, y); }
/// y where neither is larger, as where x is a NaN: it comes back in the sum.
Value Attention::larger(Value x, Value y) {
  return chosen(arith::CmpFOp::create(b, e.loc, arith::CmpFPredicate::OGT, x, y), x, y);
}
Value Attention::chosen(Value condition, Value x, Value y) {
  return arith::SelectOp::create(b, e.loc, condition, x, y);
}
Value Attention::finite(Value v) {
  auto like = [&](double number) -> Value {
    return isa<VectorType>(v.getType()) ? lanesOf(number) : e.withLanes(1, [&] { return e.constant(element, number); });
  };
  Value masked =
      arith::CmpFOp::create(b, e.loc, arith::CmpFPredicate::OEQ, v, like(-std::numeric_limits<double>::infinity()));
  return chosen(masked, like(0), v);
}
Value Attention::less(Value x, Value y) { return arith::CmpIOp::create(b, e.loc, arith::CmpIPredicate::slt, x, y); }
void Attention::when(Value condition, llvm::function_ref<void()> yes, llvm::function_ref<void()> no) {
  auto branch = scf::IfOp::create(b, e.loc, condition, /*withElseRegion=*/bool(no));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPoint(branch.thenBlock()->getTerminator());
  yes();
  if (no) {
    b.setInsertionPoint(branch.elseBlock()->getTerminator());
    no();
  }
}

//===- products -----------------------------------------------------------------------------------------------------===//

Values Attention::multiply(Value a, ArrayRef<Value> aBases, Value aStep, Value by, ArrayRef<Value> bBases, Value bStep,
                           Value lo, Value hi, int64_t width) {
  auto type = VectorType::get({width}, element);
  Value zero = arith::ConstantOp::create(b, e.loc, b.getZeroAttr(type));
  Values start(aBases.size() * bBases.size(), zero);
  return e.loop(lo, hi, 1, start, [&](Value i, ValueRange sums) {
    Value aAt = e.mul(i, aStep), bAt = e.mul(i, bStep);
    Values rows, next;
    for (Value base : bBases)
      rows.push_back(vector::LoadOp::create(b, e.loc, type, by, ValueRange{e.add(base, bAt)}));
    for (auto [m, base] : llvm::enumerate(aBases)) {
      Value number = vector::BroadcastOp::create(b, e.loc, type, loadNumber(a, e.add(base, aAt)));
      for (auto [n, row] : llvm::enumerate(rows))
        next.push_back(vector::FMAOp::create(b, e.loc, number, row, sums[m * bBases.size() + n]));
    }
    return next;
  });
}

/// Runs `body` for [lo, hi) in steps of `rows`, then of 1.
static void inRows(Attention &a, Value lo, Value hi, int64_t rows, llvm::function_ref<void(Value, int64_t)> body) {
  KernelEmitter &e = a.e;
  Value whole = e.mul(arith::DivUIOp::create(e.b, e.loc, a.minus(hi, lo), e.index(rows)), e.index(rows));
  Value middle = e.add(lo, whole);
  e.loop(lo, middle, rows, [&](Value i) { body(i, rows); });
  e.loop(middle, hi, 1, [&](Value i) { body(i, 1); });
}

void Attention::products(const Tensor &keys, int64_t depth, Value turned, Value lo, Value hi, Value from, Value to) {
  Values bases;
  for (int64_t n = 0; n < vectors; ++n)
    bases.push_back(e.index(n * lanes));
  inRows(*this, lo, hi, tileRows, [&](Value j, int64_t rows) {
    Values left;
    for (int64_t m = 0; m < rows; ++m)
      left.push_back(place(keys, {{spec.key, e.add(j, e.index(m))}}));
    Values sums =
        multiply(keys.memory, left, e.index(1), turned, bases, e.index(panel), e.index(0), e.index(depth), lanes);
    for (auto [i, sum] : llvm::enumerate(sums)) {
      int64_t m = int64_t(i) / vectors, n = int64_t(i) % vectors;
      Value row = e.mul(e.add(minus(j, from), e.index(m)), e.index(panel));
      storeLanes(sum, to, e.add(row, e.index(n * lanes)));
    }
  });
}

void Attention::addTurned(const Tensor &keys, int64_t depth, Value tile, Value lo, Value hi, Value from,
                          ArrayRef<Value> scale, Value turned) {
  Value start = place(keys), step = keys.step(spec.key), back = e.mul(from, e.index(panel));
  Values bases;
  for (int64_t n = 0; n < vectors; ++n)
    bases.push_back(minus(e.index(n * lanes), back));
  auto rows = [&](Value c, int64_t count) {
    Values left;
    for (int64_t m = 0; m < count; ++m)
      left.push_back(e.add(start, e.add(c, e.index(m))));
    Values sums = multiply(keys.memory, left, step, tile, bases, e.index(panel), lo, hi, lanes);
    for (auto [i, sum] : llvm::enumerate(sums)) {
      int64_t m = int64_t(i) / vectors, n = int64_t(i) % vectors;
      Value at = e.add(e.mul(e.add(c, e.index(m)), e.index(panel)), e.index(n * lanes)), old = loadLanes(turned, at);
      Value now = scale.empty() ? Value(arith::AddFOp::create(b, e.loc, old, sum))
                                : Value(vector::FMAOp::create(b, e.loc, old, scale[n], sum));
      storeLanes(now, turned, at);
    }
  };
  int64_t whole = depth / tileRows * tileRows;
  if (whole)
    e.loop(e.index(0), e.index(whole), tileRows, [&](Value c) { rows(c, tileRows); });
  if (whole < depth)
    rows(e.index(whole), depth - whole);
}

/// Columns of a row in memory, as vectors of one width side by side.
static void columns(Attention &a, int64_t depth,
                    llvm::function_ref<void(int64_t first, int64_t width, int64_t count)> body) {
  int64_t most = a.e.machine().registers >= 32 ? 4 : 2, at = 0;
  for (int64_t width = a.lanes; width >= 1; width /= 2)
    while (depth - at >= width) {
      int64_t count = std::min(most, (depth - at) / width);
      body(at, width, count);
      at += count * width;
    }
}

void Attention::addRows(Value tile, const Tensor &rows, Value first, Value lo, Value hi, Value from, int64_t depth,
                        const Tensor &y) {
  constexpr int64_t keysOfTile = 4;
  Value there = e.minimum(e.index(panel), minus(e.size(sizes[query]), first));
  Value start = place(rows, {{query, first}}), step = rows.step(query);
  columns(*this, depth, [&](int64_t column, int64_t width, int64_t count) {
    Values bases;
    for (int64_t n = 0; n < count; ++n)
      bases.push_back(e.add(start, e.index(column + n * width)));
    inRows(*this, lo, hi, keysOfTile, [&](Value j, int64_t height) {
      Values left;
      for (int64_t m = 0; m < height; ++m)
        left.push_back(e.mul(e.add(minus(j, from), e.index(m)), e.index(panel)));
      Values sums = multiply(tile, left, e.index(1), rows.memory, bases, step, e.index(0), there, width);
      auto type = VectorType::get({width}, element);
      for (auto [i, sum] : llvm::enumerate(sums)) {
        int64_t m = int64_t(i) / count, n = int64_t(i) % count;
        Value at = e.add(place(y, {{spec.key, e.add(j, e.index(m))}}), e.index(column + n * width));
        Value old = vector::LoadOp::create(b, e.loc, type, y.memory, ValueRange{at});
        storeLanes(arith::AddFOp::create(b, e.loc, old, sum), y.memory, at);
      }
    });
  });
}

void Attention::zeroRows(const Tensor &y, int64_t depth) {
  e.loop(e.index(0), e.size(sizes[spec.key]), 1, [&](Value j) {
    Value row = place(y, {{spec.key, j}});
    columns(*this, depth, [&](int64_t column, int64_t width, int64_t count) {
      Value zero = arith::ConstantOp::create(b, e.loc, b.getZeroAttr(VectorType::get({width}, element)));
      for (int64_t n = 0; n < count; ++n)
        storeLanes(zero, y.memory, e.add(row, e.index(column + n * width)));
    });
  });
}

//===- turning ------------------------------------------------------------------------------------------------------===//

void Attention::turn(const Tensor &x, Value first, int64_t depth, Value to) {
  int64_t whole = depth / lanes * lanes;
  e.loop(e.index(0), e.index(panel), lanes, [&](Value n) {
    Value last = e.add(e.size(sizes[query]), e.index(-1));
    Values rows;
    for (int64_t r = 0; r < lanes; ++r)
      rows.push_back(place(x, {{query, e.minimum(e.add(e.add(first, n), e.index(r)), last)}}));
    if (whole)
      e.loop(e.index(0), e.index(whole), lanes, [&](Value c) {
        Values square;
        for (Value row : rows)
          square.push_back(loadLanes(x.memory, e.add(row, c)));
        for (auto [s, turned] : llvm::enumerate(e.transpose(square)))
          storeLanes(turned, to, e.add(e.mul(e.add(c, e.index(int64_t(s))), e.index(panel)), n));
      });
    if (whole < depth)
      e.loop(e.index(whole), e.index(depth), 1, [&](Value c) {
        for (auto [r, row] : llvm::enumerate(rows))
          storeNumber(loadNumber(x.memory, e.add(row, c)), to,
                      e.add(e.add(e.mul(c, e.index(panel)), n), e.index(int64_t(r))));
      });
  });
}

void Attention::turnBack(Value from, const Tensor &y, Value first, int64_t depth, Value scale) {
  int64_t whole = depth / lanes * lanes;
  Value size = e.size(sizes[query]);
  e.loop(e.index(0), e.index(panel), lanes, [&](Value n) {
    Value row = e.add(first, n);
    auto numbers = [&](Value c, Value r) {
      Value v = loadNumber(from, e.add(e.add(e.mul(c, e.index(panel)), n), r));
      if (scale)
        v = arith::MulFOp::create(b, e.loc, v, loadNumber(scale, e.add(n, r)));
      storeNumber(v, y.memory, e.add(place(y, {{query, e.add(row, r)}}), c));
    };
    auto rowsFrom = [&](Value c0, Value rows) {
      e.loop(e.index(0), rows, 1, [&](Value r) { e.loop(c0, e.index(depth), 1, [&](Value c) { numbers(c, r); }); });
    };
    when(
        less(size, e.add(row, e.index(lanes))), [&] { rowsFrom(e.index(0), minus(size, row)); },
        [&] {
          Value factors = scale ? loadLanes(scale, n) : Value();
          if (whole)
            e.loop(e.index(0), e.index(whole), lanes, [&](Value c) {
              Values square;
              for (int64_t s = 0; s < lanes; ++s) {
                Value v = loadLanes(from, e.add(e.mul(e.add(c, e.index(s)), e.index(panel)), n));
                square.push_back(factors ? Value(arith::MulFOp::create(b, e.loc, v, factors)) : v);
              }
              for (auto [r, back] : llvm::enumerate(e.transpose(square)))
                storeLanes(back, y.memory, e.add(place(y, {{query, e.add(row, e.index(int64_t(r)))}}), c));
            });
          if (whole < depth)
            rowsFrom(e.index(whole), e.index(lanes));
        });
  });
}

//===- the score program --------------------------------------------------------------------------------------------===//

SmallVector<Coord> Attention::at(Value first, bool inLanes, Value key) {
  SmallVector<Coord> at;
  for (char label : spec.scores) {
    if (label == spec.key)
      at.push_back({key, 0, false});
    else if (label == query)
      at.push_back({first, inLanes ? 1 : 0, false});
    else
      at.push_back({position[label], 0, false});
  }
  return at;
}

bool Attention::readsNoMemory() {
  return llvm::all_of(body.without_terminator(), [&](Operation &op) {
    DenseElementsAttr dense;
    bool inMemory = matchPattern(&op, m_Constant(&dense)) && !dense.isSplat();
    return !inMemory && llvm::all_of(op.getOperands(), [&](Value v) {
      auto argument = dyn_cast<BlockArgument>(v);
      return !argument || argument.getArgNumber() == 0 || ir::getDims(argument).empty();
    });
  });
}

void Attention::eachVector(Value first, Value key, Value inTile, llvm::function_ref<void(Value, ArrayRef<Coord>)> run,
                           llvm::function_ref<void(Value)> missing) {
  Value size = e.size(sizes[query]);
  auto vectorsOf = [&] {
    for (int64_t n = 0; n < vectors; ++n)
      e.withLanes(lanes,
                  [&] { run(e.add(inTile, e.index(n * lanes)), at(e.add(first, e.index(n * lanes)), true, key)); });
  };
  auto rowByRow = [&] {
    e.loop(e.index(0), e.index(panel), 1, [&](Value r) {
      Value row = e.add(first, r), to = e.add(inTile, r);
      e.withLanes(1, [&] { when(less(row, size), [&] { run(to, at(row, false, key)); }, [&] { missing(to); }); });
    });
  };
  when(less(size, e.add(first, e.index(panel))), rowByRow, vectorsOf);
}

void Attention::over(StringRef labels, llvm::function_ref<void()> run) {
  if (labels.empty())
    return run();
  e.loop(e.index(0), e.size(sizes[labels[0]]), 1, [&](Value i) {
    position[labels[0]] = i;
    over(labels.drop_front(), run);
    position.erase(labels[0]);
  });
}

//===- the emitter --------------------------------------------------------------------------------------------------===//

static bool takes(Operation *op, const Machine &machine) {
  auto forward = dyn_cast<ir::AttentionOp>(op);
  auto backward = dyn_cast<ir::AttentionGradOp>(op);
  if ((!forward && !backward) || machine.vectorBytes < 16)
    return false;
  std::string error;
  std::optional<ir::AttentionSpec> spec =
      forward ? ir::AttentionSpec::parse(forward.getScores(), forward.getOutput(), error)
              : ir::AttentionSpec::parse(backward.getScores(), backward.getOutput(), error);
  // Where bf16 has products of its own, two of them and a map in memory are faster than tiles of products in f32.
  auto widened = [](Value v) {
    auto cast = v.getDefiningOp<ir::CastOp>();
    return cast && ir::elementOf(cast.getX()).isBF16();
  };
  if ((machine.tiles || machine.pairs) && llvm::all_of(op->getOperands().take_front(3), widened))
    return false;
  // Rows of q, k, v and the result are read and written whole, in lanes along their last dimension.
  if (!spec || spec->q.back() != spec->inner || spec->k.back() != spec->inner || spec->v.back() != spec->value ||
      spec->result.back() != spec->value)
    return false;
  for (unsigned i : {0u, 2u}) {
    Dim depth = ir::getDims(op->getOperand(i)).back();
    Type element = ir::elementOf(op->getOperand(i));
    if (!(element.isF32() || element.isF64()) || !depth.isConstant() || depth.staticSize() < 1 ||
        depth.staticSize() > mostDepth)
      return false;
  }
  for (Value sum : op->getResults().drop_front(forward ? 2 : 3))
    if (!ir::elementOf(sum).isF64())
      return false;
  return llvm::all_of(op->getRegion(0).front().without_terminator(), [](Operation &inner) {
    auto checked = dyn_cast<ir::CheckedOpInterface>(inner);
    return isa<ir::PointwiseOpInterface>(inner) && !(checked && checked.getCheck());
  });
}

static FailureOr<Schedule> emitAttention(KernelEmitter &e) {
  loom::KernelOp kernel = e.kernel();
  Operation *hero = kernel.getHeroes()[0];
  for (Value operand : hero->getOperands())
    if (!isa<BlockArgument>(operand))
      return hero->emitOpError("reads operands from memory");
  if (llvm::any_of(kernel.getTerminator()->getOperands(), [&](Value v) { return v.getDefiningOp() != hero; }))
    return kernel.emitOpError("has an epilogue after ") << hero->getName() << ", which takes none";
  Location before = e.loc;
  e.loc = hero->getLoc();
  auto forward = dyn_cast<ir::AttentionOp>(hero);
  auto backward = dyn_cast<ir::AttentionGradOp>(hero);
  Attention a(e, hero, forward ? forward.getScores() : backward.getScores(),
              forward ? forward.getOutput() : backward.getOutput());
  unsigned own = forward ? 1 : 3, captured = hero->getNumOperands() - (a.body.getNumArguments() - own);
  for (BlockArgument argument : a.body.getArguments().drop_front(own))
    e.setAlias(argument, hero->getOperand(captured + argument.getArgNumber() - own));
  Schedule schedule = forward ? emitForward(a) : emitBackward(a);
  e.loc = before;
  return schedule;
}

static std::optional<int64_t> costOfAttention(loom::KernelOp kernel, const Machine &machine) {
  SmallVector<Operation *> heroes = kernel.getHeroes();
  return heroes.size() == 1 && takes(heroes[0], machine) ? std::optional(loopCost(kernel, machine)) : std::nullopt;
}
const Emitter weft::codegen::attentionEmitter{"attention", costOfAttention, emitAttention, takes};
