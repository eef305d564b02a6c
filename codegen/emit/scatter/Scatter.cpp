// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Scatter.cpp - kernels around what brings updates to places --------------------------------------------------===//
//
// A unit owns a part of the result: some slices along the axis, at one position of the other dimensions. It goes
// through all indices in row-major order and brings the updates that meet its slices. So every sum has one order, and
// units never meet. There are two forms.
//
// *Rows*, where an index means a row of the result and the op has a workspace: the unit makes a list of updates for
// each of its slices, in their order. Then it goes through the slices; the sum of a slice stays in registers.
//
//   for i in the unit's slices:  first[i] = none
//   for all indices:             if one of the unit's slices is meant:  append the update to the list of its slice
//   for i in the unit's slices:  sum = init[i];  for u in the list of i:  sum += updates[u];  result[i] = sum
//
// *Places*, for all others: of its slices the unit has a few columns of the last dimension.
//
//   for i in the unit's slices:  sums[i, columns] = init[i, columns]
//   for all indices:             if one of the unit's slices is meant:  sums[index, columns] += updates[..., columns]
//   for i in the unit's slices:  result[i, columns] = sums[i, columns]
//
// Here sums of floats narrower than f64 are f64, in memory of the unit: any number of updates may meet at one place, as
// the gradient of an embedding has one for each time that a row was read, and each sum is rounded once. That memory is
// small, so a large axis is cut into stretches; a unit finds out for a vector of indices at once that none of them is
// its own. Others (f64, integers, and what sets elements or finds the largest) meet in the result, whose axis is not
// cut. Where the result lies over init, as a cache that a step writes a row of, only what is updated is touched.
//
//===----------------------------------------------------------------------------------------------------------------===//
#include "codegen/emit/KernelEmitter.h"
#include "dialects/weft/Sizes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace weft;
using namespace weft::codegen;
using ir::Coord;
using ir::Dim;
using ir::Dims;

namespace {
constexpr int64_t mostSums = 16 << 10; // of a unit, in f64: they stay in the second cache
// By rows: each unit looks at all indices, so there are few units for a position; lists stay in the second cache.
constexpr int64_t unitsOfAxis = 16, fewestRows = 32, mostRows = 8192;

struct Scatter {
  KernelEmitter &e;
  ir::ScatterOpInterface op;
  Value init, indices, updates;
  int64_t axis;
  bool along; // whether there is an index for each update, or one for each slice
  Dims dims, indexDims;
  Type type;                      // of the result
  bool ownsSums;                  // in memory of the unit
  bool hasColumns;                // lanes run along the last dimension, where one index serves them all
  int64_t lanes, columns, slices; // of a unit; columns: 1 if it has none
  Value result;
  std::string name;            // of the op, for messages
  Value sums = {}, lists = {}; // lists: of rows, i32; see listed()
  // The unit at work: its place, with the coordinates of the axis and of the columns open, and what it owns along both.
  SmallVector<Coord> at = {};
  Value firstSlice = {}, endSlice = {}, firstColumn = {}, endColumn = {};

  static Coord fixed(Value v) { return {v, 0, false}; }
  int64_t last() const { return int64_t(dims.size()) - 1; }
  bool cutsAxis() const { return dims[axis].upper() > slices; }
  Value minus(Value a, Value b) { return arith::SubIOp::create(e.b, e.loc, a, b); }
  Value less(Value a, Value b) { // unsigned: a negative number is a very large one
    return arith::CmpIOp::create(e.b, e.loc, arith::CmpIPredicate::ult, a, b);
  }
  void when(Value condition, llvm::function_ref<void()> body) {
    auto branch = scf::IfOp::create(e.b, e.loc, condition, /*withElseRegion=*/false);
    OpBuilder::InsertionGuard guard(e.b);
    e.b.setInsertionPointToStart(branch.thenBlock());
    body();
  }

  // ---- sums ----
  Type memoryType() const { return ownsSums ? Type(e.b.getF64Type()) : type; }
  Coord sumAt(Value slice, ArrayRef<Coord> place) {
    if (!ownsSums)
      return e.linearize(place, dims);
    Value at = e.mul(minus(slice, firstSlice), e.index(columns));
    return hasColumns ? Coord{e.add(at, minus(place[last()].base, firstColumn)), e.lanes == 1 ? 0 : 1, false}
                      : fixed(at);
  }
  Value widened(Value v) { return ownsSums ? arith::ExtFOp::create(e.b, e.loc, e.laned(e.b.getF64Type()), v) : v; }
  Value sumOf(const Coord &at) { return e.load(ownsSums ? sums : result, memoryType(), at); }
  void setSum(Value v, const Coord &at) { e.store(v, ownsSums ? sums : result, memoryType(), at); }

  /// The unit's columns of a slice: the positions of their vectors in the result.
  void eachColumn(Value slice, llvm::function_ref<void(ArrayRef<Coord>)> body) {
    SmallVector<Coord> place(at);
    place[axis] = fixed(slice);
    if (!hasColumns)
      return e.withLanes(1, [&] { body(place); });
    SmallVector<int64_t> widths{lanes};
    if (lanes > 1)
      widths.push_back(1);
    e.tiled(firstColumn, endColumn, dims[last()], widths, [&](Value i, int64_t width) {
      e.withLanes(width, [&] {
        place[last()] = {i, width == 1 ? 0 : 1, false};
        body(place);
      });
    });
  }
  void eachSlice(llvm::function_ref<void(Value, ArrayRef<Coord>)> body) {
    e.loop(firstSlice, endSlice, 1,
           [&](Value slice) { eachColumn(slice, [&](ArrayRef<Coord> place) { body(slice, place); }); });
  }
  /// Whether init lies elsewhere: the caller says so call by call. Null if it always does.
  Value isElsewhere() {
    auto argument = dyn_cast<BlockArgument>(init);
    if (!argument || argument.getType() != op->getResult(0).getType())
      return {};
    auto bits = [&](Value memory) -> Value {
      return LLVM::PtrToIntOp::create(e.b, e.loc, e.b.getI64Type(), e.address(memory));
    };
    return arith::CmpIOp::create(e.b, e.loc, arith::CmpIPredicate::ne, bits(e.operandMemory(argument)), bits(result));
  }
  // ---- rows ----
  // At each position of the other dimensions `lists` has: for each update the next one of its slice, or -1; for each
  // slice its first update; and for each slice where the number of its next update will be written.
  Dim updatesOfPosition() const { return ir::product(e.b.getContext(), indexDims); }
  Value numberAt(Value at) {
    return e.withLanes(1, [&] { return e.load(lists, e.b.getI32Type(), fixed(at)); });
  }
  void setNumber(Value at, Value number) {
    e.withLanes(1, [&] { e.store(toI32(number), lists, e.b.getI32Type(), fixed(at)); });
  }
  Value toI32(Value v) {
    return isa<IndexType>(v.getType()) ? Value(arith::IndexCastOp::create(e.b, e.loc, e.b.getI32Type(), v)) : v;
  }
  Value toIndex(Value v) { return arith::IndexCastOp::create(e.b, e.loc, e.b.getIndexType(), v); }
  Value none() {
    return e.withLanes(1, [&] { return e.constantInt(e.b.getI32Type(), -1); });
  }

  /// Whether slices that are only copied go past the caches: if no cache holds the result, and a row is whole lines.
  bool streams() const {
    int64_t row = dims[last()].isConstant() ? dims[last()].staticSize() * type.getIntOrFloatBitWidth() / 8 : 1,
            all = row;
    for (const Dim &d : ArrayRef(dims).drop_back())
      all = ir::saturatingProduct({all, d.upper()});
    return lanes > 1 && row % streamAlignment == 0 && dims[last()].upper() % lanes == 0 && all >= leastStreamedBytes;
  }
  /// The unit by rows. Slices that no index means are init's, which are there already where the result lies over init.
  void rows(Value position) {
    Value updatesCount = e.size(updatesOfPosition()), count = e.size(dims[axis]);
    Value own = e.mul(position, e.add(updatesCount, e.mul(count, e.index(2))));
    Value firsts = e.add(own, updatesCount), ends = e.add(firsts, count);
    e.loop(firstSlice, endSlice, 1, [&](Value slice) {
      Value first = e.add(firsts, slice);
      setNumber(first, none());
      setNumber(e.add(ends, slice), minus(first, own));
    });
    eachIndex([&](ArrayRef<Coord> place, Value slice) {
      Value update = e.withLanes(1, [&] { return e.linearize(place, indexDims).base; }), end = e.add(ends, slice);
      setNumber(e.add(own, toIndex(numberAt(end))), update);
      setNumber(e.add(own, update), none());
      setNumber(end, update);
    });
    Value elsewhere = isElsewhere(), aligned = streams() ? e.resultsAligned() : Value();
    e.loop(firstSlice, endSlice, 1, [&](Value slice) {
      Value first = numberAt(e.add(firsts, slice));
      Value met = arith::CmpIOp::create(e.b, e.loc, arith::CmpIPredicate::ne, first, none());
      auto copy = [&] {
        eachColumn(slice, [&](ArrayRef<Coord> place) {
          e.store(e.element(init, place), result, type, e.linearize(place, dims));
        });
      };
      auto branch = scf::IfOp::create(e.b, e.loc, met, /*withElseRegion=*/true);
      OpBuilder::InsertionGuard guard(e.b);
      e.b.setInsertionPointToStart(branch.elseBlock());
      auto write = [&] {
        if (!aligned)
          return copy();
        auto past = scf::IfOp::create(e.b, e.loc, aligned, /*withElseRegion=*/true);
        OpBuilder::InsertionGuard guard(e.b);
        e.b.setInsertionPointToStart(past.elseBlock());
        copy();
        e.b.setInsertionPointToStart(past.thenBlock());
        e.streaming(copy);
      };
      if (elsewhere)
        when(elsewhere, write);
      else
        write();
      e.b.setInsertionPointToStart(branch.thenBlock());
      SmallVector<int64_t> widths{4 * lanes};
      if (lanes > 1)
        widths.push_back(lanes);
      widths.push_back(1);
      e.tiled(firstColumn, endColumn, dims[last()], widths, [&](Value column, int64_t width) {
        int64_t n = std::min(width, lanes);
        e.withLanes(n, [&] { row(slice, first, own, column, width / n); });
      });
    });
    if (aligned)
      e.fence();
  }
  /// Some neighbouring vectors of a slice that updates meet, the first of which is `first`.
  void row(Value slice, Value first, Value own, Value column, int64_t vectors) {
    SmallVector<Coord> place(at);
    place[axis] = fixed(slice);
    auto move = [&](SmallVector<Coord> &to, int64_t v) {
      to.back() = {e.add(column, e.index(v * e.lanes)), e.lanes == 1 ? 0 : 1, false};
    };
    SmallVector<Value> carried{first};
    for (int64_t v = 0; v < vectors; ++v) {
      move(place, v);
      carried.push_back(widened(e.element(init, place)));
    }
    auto loop = scf::WhileOp::create(
        e.b, e.loc, ValueRange(carried).getTypes(), carried,
        [&](OpBuilder &b, Location loc, ValueRange values) {
          Value more = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, values[0], none());
          scf::ConditionOp::create(b, loc, more, values);
        },
        [&](OpBuilder &b, Location loc, ValueRange values) {
          Value update = toIndex(values[0]);
          SmallVector<Coord> from(place.begin(), place.begin() + axis);
          for (Value i : e.delinearize(update, indexDims))
            from.push_back(fixed(i));
          from.append(place.begin() + axis + 1, place.end());
          SmallVector<Value> next{numberAt(e.add(own, update))};
          for (int64_t v = 0; v < vectors; ++v) {
            move(from, v);
            next.push_back(op.emitMeet(e, [&] { return values[1 + v]; }, widened(e.element(updates, from))));
          }
          scf::YieldOp::create(b, loc, next);
        });
    for (int64_t v = 0; v < vectors; ++v) {
      move(place, v);
      Value sum = loop.getResult(unsigned(1 + v));
      if (ownsSums)
        sum = arith::TruncFOp::create(e.b, e.loc, e.laned(ir::ElementEmitter::computeType(type)), sum);
      e.store(sum, result, type, e.linearize(place, dims));
    }
  }

  // ---- places ----
  void places() {
    auto copy = [&] {
      eachSlice(
          [&](Value slice, ArrayRef<Coord> place) { setSum(widened(e.element(init, place)), sumAt(slice, place)); });
    };
    if (Value elsewhere = ownsSums ? Value() : isElsewhere())
      when(elsewhere, copy);
    else
      copy();
    eachIndex([&](ArrayRef<Coord> place, Value slice) { add(place, slice); });
    if (!ownsSums)
      return;
    eachSlice([&](Value slice, ArrayRef<Coord> place) {
      Type computed = ir::ElementEmitter::computeType(type);
      Value sum = arith::TruncFOp::create(e.b, e.loc, e.laned(computed), sumOf(sumAt(slice, place)));
      e.store(sum, result, type, e.linearize(place, dims));
    });
  }

  // ---- updates ----
  using Found = llvm::function_ref<void(ArrayRef<Coord>, Value)>;
  /// Every index that means one of the unit's slices, in row-major order: its place, and the slice. If the axis is cut,
  /// a vector of indices along the innermost dimension is looked at together.
  void eachIndex(Found found) {
    SmallVector<Coord> place(indexDims.size());
    int64_t inner = along ? axis : int64_t(indexDims.size()) - 1;
    if (along)
      place = at;
    std::function<void(int64_t)> nest = [&](int64_t d) {
      if (d == int64_t(indexDims.size()))
        return meant(place, found);
      if (along && d != axis)
        return nest(d + 1);
      Value size = e.size(indexDims[d]);
      auto one = [&](Value i) {
        place[d] = fixed(i);
        nest(d + 1);
      };
      if (d != inner || !cutsAxis())
        return e.loop(e.index(0), size, 1, one);
      int64_t many = e.pickLanes(32, indexDims[d]);
      SmallVector<int64_t> widths{many};
      if (many > 1)
        widths.push_back(1);
      e.tiled(e.index(0), size, indexDims[d], widths, [&](Value i, int64_t width) {
        if (width == 1)
          return one(i);
        place[d] = {i, 1, false};
        when(concerns(place, width), [&] { e.loop(i, e.add(i, e.index(width)), 1, one); });
      });
    };
    nest(0);
  }
  /// Whether one of a vector of indices means a slice of the unit, or none of the axis at all.
  Value concerns(ArrayRef<Coord> place, int64_t width) {
    return e.withLanes(width, [&] {
      auto spread = [&](Value v) { return e.splat(arith::IndexCastOp::create(e.b, e.loc, e.b.getI32Type(), v)); };
      Value index = e.indexNumber(e.element(indices, place)), from = spread(firstSlice);
      Value own = less(minus(index, from), spread(minus(endSlice, firstSlice))),
            outside = ir::scalar::Code{e}.noti(less(index, spread(e.size(dims[axis]))));
      return Value(vector::ReductionOp::create(e.b, e.loc, vector::CombiningKind::OR,
                                               arith::OrIOp::create(e.b, e.loc, own, outside)));
    });
  }
  void meant(ArrayRef<Coord> place, Found found) {
    e.withLanes(1, [&] {
      Value index = e.indexNumber(e.element(indices, place)), slice = toIndex(index), inside = check(index, slice);
      if (cutsAxis())
        inside = arith::AndIOp::create(e.b, e.loc, inside, less(minus(slice, firstSlice), minus(endSlice, firstSlice)));
      when(inside, [&] { found(place, slice); });
    });
  }
  /// Brings the updates of the index at this place to the unit's columns of the slice.
  void add(ArrayRef<Coord> place, Value slice) {
    eachColumn(slice, [&](ArrayRef<Coord> to) {
      SmallVector<Coord> from(place);
      if (!along) {
        from.assign(to.begin(), to.begin() + axis);
        from.append(place.begin(), place.end());
        from.append(to.begin() + axis + 1, to.end());
      }
      Coord sum = sumAt(slice, to);
      setSum(op.emitMeet(e, [&] { return sumOf(sum); }, widened(e.element(updates, from))), sum);
    });
  }
  /// Whether an index is one of the axis, after the error word was told.
  Value check(Value index, Value slice) {
    Value ok = less(slice, e.size(dims[axis]));
    if (!op.skipsOutside())
      e.require(ok, ir::RuntimeError::outOfRange, index,
                name + ": index %d is outside a dimension of size " + dims[axis].str());
    return ok;
  }
};
} // namespace

static FailureOr<Schedule> emitScatter(KernelEmitter &e) {
  loom::KernelOp kernel = e.kernel();
  Operation *hero = kernel.getHeroes()[0];
  auto scatter = cast<ir::ScatterOpInterface>(hero);
  auto yielded = kernel.getTerminator()->getOperands();
  // All elements are finished at once, so there is no moment to apply an epilogue.
  if (yielded.size() != 1 || yielded[0] != hero->getResult(0))
    return kernel.emitOpError("has an epilogue after ") << hero->getName() << ", which takes none";
  ir::Access access = ir::accessOf(hero);
  // Updates of a vector by a matrix of indices have the axes of the indices too, but none of them is the result's.
  bool along = access.operands[1] == access.operands[2] && access.operands[1].size() == access.results[0].size();
  int64_t axis = cast<IntegerAttr>(hero->getAttr("axis")).getInt();
  Dims dims = ir::getDims(hero->getResult(0));
  Type type = ir::elementOf(hero->getResult(0));
  MLIRContext *context = e.b.getContext();
  int64_t last = int64_t(dims.size()) - 1;
  bool ownsSums = scatter.addsUp() && isa<FloatType>(type) && !type.isF64(), hasColumns = !along && axis != last;
  int64_t lanes = hasColumns ? e.pickLanes(e.widestBits(), dims[last]) : 1;
  const bool byRows = bool(e.workspace());
  int64_t columns =
      !hasColumns ? 1 : std::max<int64_t>(1, byRows ? dims[last].upper() : std::min(lanes * 4, dims[last].upper()));
  int64_t slices = std::max<int64_t>(1, dims[axis].upper());
  if (byRows)
    slices = std::clamp<int64_t>(slices / unitsOfAxis, std::min(fewestRows, slices), mostRows);
  else if (ownsSums)
    slices = std::min(slices, mostSums / columns);
  Location before = e.loc;
  e.loc = hero->getLoc();
  Scatter s{e,
            scatter,
            hero->getOperand(0),
            hero->getOperand(1),
            hero->getOperand(2),
            axis,
            along,
            dims,
            ir::getDims(hero->getOperand(1)),
            type,
            ownsSums,
            hasColumns,
            lanes,
            columns,
            slices,
            e.resultMemory(0),
            ir::userName(hero)};
  if (byRows)
    s.lists = memref::ViewOp::create(e.b, e.loc, MemRefType::get({kernel.getWorkspace() / 4}, e.b.getI32Type()),
                                     e.workspace(), e.index(0), ValueRange());
  else if (ownsSums)
    s.sums = e.scratch(e.b.getF64Type(), slices * columns);

  // One unit at least, though the axis may turn out to be empty: it looks at the indices.
  Dims units = dims;
  const Dim one(context, 1);
  units[axis] =
      s.cutsAxis() ? (dims[axis].lower() > 0 ? dims[axis] : dims[axis] + one).ceilDiv(Dim(context, slices)) : one;
  if (hasColumns)
    units[last] = dims[last].ceilDiv(Dim(context, columns));
  e.loop(e.begin(), e.end(), 1, [&](Value unit) {
    s.at.clear();
    SmallVector<Value> place = e.delinearize(unit, units);
    for (Value v : place)
      s.at.push_back(Scatter::fixed(v));
    auto stretch = [&](int64_t d, int64_t length) {
      Value from = e.mul(s.at[d].base, e.index(length));
      return std::pair(from, e.minimum(e.add(from, e.index(length)), e.size(dims[d])));
    };
    std::tie(s.firstSlice, s.endSlice) = stretch(axis, slices);
    if (hasColumns)
      std::tie(s.firstColumn, s.endColumn) = stretch(last, columns);
    if (!byRows)
      return s.places();
    // The number of the position among those of the other dimensions.
    Dims others = dims;
    others.erase(others.begin() + axis);
    others.pop_back();
    SmallVector<Coord> position;
    for (int64_t d = 0; d < last; ++d)
      if (d != axis)
        position.push_back(Scatter::fixed(place[d]));
    s.rows(others.empty() ? e.index(0) : e.withLanes(1, [&] { return e.linearize(position, others).base; }));
  });
  e.loc = before;
  int64_t perUnit = slices * columns, positions = 1;
  for (auto [d, size] : llvm::enumerate(units))
    if (int64_t(d) != axis)
      positions *= std::max<int64_t>(1, size.upper());
  int64_t updates = 1;
  for (const Dim &d : ir::getDims(s.updates))
    updates *= std::max<int64_t>(1, d.upper());
  perUnit += updates / positions;
  return Schedule{ir::product(context, units), std::max<int64_t>(1, (1 << 14) / perUnit)};
}

static std::optional<int64_t> costOfScatter(loom::KernelOp kernel, const Machine &machine) {
  SmallVector<Operation *> heroes = kernel.getHeroes();
  bool takes = heroes.size() == 1 && isa<ir::ScatterOpInterface>(heroes[0]);
  return takes ? std::optional(loopCost(kernel, machine)) : std::nullopt;
}
const Emitter weft::codegen::scatterEmitter{"scatter", costOfScatter, emitScatter};
