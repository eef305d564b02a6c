// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Scatter.cpp - kernels around scatter_add and scatter_add_along ------------------------------------------------===//
//
// A unit computes a stretch of the result at one position of the dimensions in front of the axis. It copies init there
// and then adds the updates in the row-major order of the indices. So the order of every sum is fixed, and no two units
// write the same element.
//
//===----------------------------------------------------------------------------------------------------------------===//
#include "codegen/emit/KernelEmitter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace weft;
using namespace weft::codegen;
using ir::Coord;
using ir::Dim;
using ir::Dims;

namespace {
struct Scatter {
  KernelEmitter &e;
  Value init, indices, updates;
  int64_t axis;
  bool along; // whether there is an index for each update, or one for each slice
  Dims dims, indexDims;
  Type type;
  Value memory;
  std::string name; // of the op, for messages

  /// A loop for each dimension.
  void nest(ArrayRef<Dim> over, SmallVector<Value> &at, llvm::function_ref<void()> body) {
    if (at.size() == over.size())
      return body();
    e.loop(e.index(0), e.size(over[at.size()]), 1, [&](Value i) {
      at.push_back(i);
      nest(over, at, body);
      at.pop_back();
    });
  }
  static Coord fixed(Value v) { return {v, 0, false}; }

  /// Emits a unit at the position `at`, in which the coordinate of the axis is not set. Lanes are neighbours along the
  /// last dimension.
  void column(SmallVector<Coord> at) {
    e.loop(e.index(0), e.size(dims[axis]), 1, [&](Value i) {
      at[axis] = fixed(i);
      e.store(e.element(init, at), memory, type, e.linearize(at, dims));
    });
    auto addAt = [&](ArrayRef<Coord> indexAt, ArrayRef<Coord> updateAt) {
      // The index is the same for all lanes, unless each update has its own (then there is one lane).
      Value index = e.withLanes(1, [&] { return e.element(indices, indexAt); });
      Value wide = arith::IndexCastOp::create(e.b, e.loc, e.b.getIndexType(), index), ok = check(index, wide);
      auto inside = scf::IfOp::create(e.b, e.loc, ok, /*withElseRegion=*/false);
      OpBuilder::InsertionGuard guard(e.b);
      e.b.setInsertionPointToStart(inside.thenBlock());
      at[axis] = fixed(wide);
      Coord place = e.linearize(at, dims);
      ir::scalar::Code code{e};
      e.store(code.add(e.load(memory, type, place), e.element(updates, updateAt)), memory, type, place);
    };
    if (along) {
      e.loop(e.index(0), e.size(indexDims[axis]), 1, [&](Value i) {
        SmallVector<Coord> from = at;
        from[axis] = fixed(i);
        addAt(from, from);
      });
      return;
    }
    SmallVector<Value> place;
    nest(indexDims, place, [&] {
      SmallVector<Coord> indexAt, from(at.begin(), at.begin() + axis);
      for (Value v : place)
        indexAt.push_back(fixed(v));
      from.append(indexAt);
      from.append(at.begin() + axis + 1, at.end());
      addAt(indexAt, from);
    });
  }
  /// Whether an index lies inside of the axis. If it does not, the code writes the error word.
  Value check(Value i, Value wide) {
    return e.withLanes(1, [&]() -> Value {
      Value n = e.size(dims[axis]);
      // The comparison is unsigned, where a negative index is a very large number.
      Value ok = arith::CmpIOp::create(e.b, e.loc, arith::CmpIPredicate::ult, wide, n);
      e.require(ok, ir::RuntimeError::outOfRange, i,
                name + ": index %d is outside a dimension of size " + dims[axis].str());
      return ok;
    });
  }
};
} // namespace

static FailureOr<Schedule> emitScatter(KernelEmitter &e) {
  loom::KernelOp kernel = e.kernel();
  Operation *hero = kernel.getHeroes()[0];
  auto yielded = kernel.getTerminator()->getOperands();
  // The sums are in the memory of the result until the last update, so no epilogue can read a finished element.
  if (yielded.size() != 1 || yielded[0] != hero->getResult(0))
    return kernel.emitOpError("has an epilogue after ") << hero->getName() << ", which takes none";
  ir::Access access = ir::accessOf(hero);
  bool along = access.operands[1] == access.operands[2];
  int64_t axis = cast<IntegerAttr>(hero->getAttr("axis")).getInt();
  Dims dims = ir::getDims(hero->getResult(0));
  Scatter s{e,
            hero->getOperand(0),
            hero->getOperand(1),
            hero->getOperand(2),
            axis,
            along,
            dims,
            ir::getDims(hero->getOperand(1)),
            ir::elementOf(hero->getResult(0)),
            e.resultMemory(0),
            ir::userName(hero)};
  MLIRContext *context = e.b.getContext();
  int64_t rank = int64_t(dims.size());
  Location before = e.loc;
  e.loc = hero->getLoc();

  // If one index is that of all elements along the last dimension, lanes run along it.
  bool lanesFit = !along && axis != rank - 1;
  int64_t lanes = lanesFit ? e.pickLanes(e.widestBits(), dims[rank - 1]) : 1;
  int64_t block = lanesFit ? lanes * 4 : 1;
  Dims units = dims;
  units[axis] = Dim(context, 1);
  if (lanesFit)
    units[rank - 1] = dims[rank - 1].ceilDiv(Dim(context, block));
  e.loop(e.begin(), e.end(), 1, [&](Value unit) {
    SmallVector<Coord> at;
    for (Value v : e.delinearize(unit, units))
      at.push_back(Scatter::fixed(v));
    if (!lanesFit)
      return e.withLanes(1, [&] { s.column(at); });
    Value lo = e.mul(at[rank - 1].base, e.index(block)),
          hi = e.minimum(e.add(lo, e.index(block)), e.size(dims[rank - 1]));
    e.tiled(lo, hi, dims[rank - 1], lanes == 1 ? ArrayRef<int64_t>{1} : ArrayRef<int64_t>{lanes, 1},
            [&](Value i, int64_t width) {
              e.withLanes(width, [&] {
                at[rank - 1] = {i, width == 1 ? 0 : 1, false};
                s.column(at);
              });
            });
  });
  e.loc = before;
  int64_t updates = 1;
  for (const Dim &d : ir::getDims(s.updates))
    updates *= std::max<int64_t>(1, d.upper());
  int64_t count = 1;
  for (const Dim &d : units)
    count *= std::max<int64_t>(1, d.upper());
  return Schedule{ir::product(context, units), std::max<int64_t>(1, (1 << 14) / std::max<int64_t>(1, updates / count))};
}

static std::optional<int64_t> costOfScatter(loom::KernelOp kernel, const Machine &machine) {
  SmallVector<Operation *> heroes = kernel.getHeroes();
  bool takes = heroes.size() == 1 && isa<ir::ScatterAddOp, ir::ScatterAddAlongOp>(heroes[0]);
  return takes ? std::optional(loopCost(kernel, machine)) : std::nullopt;
}
const Emitter weft::codegen::scatterEmitter{"scatter", costOfScatter, emitScatter};
