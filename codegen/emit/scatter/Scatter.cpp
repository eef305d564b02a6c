// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Scatter.cpp - kernels around what brings updates to places --------------------------------------------------===//
//
// A unit owns a part of the result: some slices along the axis, of which it has a few columns of the last dimension, at
// one position of the other dimensions. It goes through all indices in row-major order and adds the updates that meet
// its slices. So every sum has one order, and units never meet.
//
//   for i in the unit's slices:  sums[i, columns] = init[i, columns]
//   for all indices:             if one of the unit's slices is meant:  sums[index, columns] += updates[..., columns]
//   for i in the unit's slices:  result[i, columns] = sums[i, columns]
//
// Sums of floats narrower than f64 are f64, in memory of the unit: any number of updates may meet at one place, as the
// gradient of an embedding has one for each time that a row was read, and each sum is rounded once. That memory is
// small, so a large axis is cut into stretches; a unit finds out for a vector of indices at once that none of them is
// its own. Others (f64, integers, and what sets elements or finds the largest) meet in the result, whose axis is not
// cut. Where the result lies over init, as a cache that a step writes a row of, only what is updated is touched.
//
//===----------------------------------------------------------------------------------------------------------------===//
#include "codegen/emit/KernelEmitter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
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
  std::string name; // of the op, for messages
  Value sums = {};
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
    if (ownsSums || !argument || argument.getType() != op->getResult(0).getType())
      return {};
    auto bits = [&](Value memory) -> Value {
      return LLVM::PtrToIntOp::create(e.b, e.loc, e.b.getI64Type(), e.address(memory));
    };
    return arith::CmpIOp::create(e.b, e.loc, arith::CmpIPredicate::ne, bits(e.operandMemory(argument)), bits(result));
  }
  void unit() {
    auto copy = [&] {
      eachSlice(
          [&](Value slice, ArrayRef<Coord> place) { setSum(widened(e.element(init, place)), sumAt(slice, place)); });
    };
    if (Value elsewhere = isElsewhere())
      when(elsewhere, copy);
    else
      copy();
    eachIndex();
    if (!ownsSums)
      return;
    eachSlice([&](Value slice, ArrayRef<Coord> place) {
      Type computed = ir::ElementEmitter::computeType(type);
      Value sum = arith::TruncFOp::create(e.b, e.loc, e.laned(computed), sumOf(sumAt(slice, place)));
      e.store(sum, result, type, e.linearize(place, dims));
    });
  }

  // ---- updates ----
  /// Every index, in row-major order; of those along the innermost dimension a vector at a time, if the axis is cut.
  void eachIndex() {
    SmallVector<Coord> place(indexDims.size());
    int64_t inner = along ? axis : int64_t(indexDims.size()) - 1;
    if (along)
      place = at;
    std::function<void(int64_t)> nest = [&](int64_t d) {
      if (d == int64_t(indexDims.size()))
        return add(place);
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
  /// The updates of the index at this place.
  void add(ArrayRef<Coord> place) {
    e.withLanes(1, [&] {
      Value index = e.indexNumber(e.element(indices, place)),
            slice = arith::IndexCastOp::create(e.b, e.loc, e.b.getIndexType(), index);
      Value inside = check(index, slice);
      if (cutsAxis())
        inside = arith::AndIOp::create(e.b, e.loc, inside, less(minus(slice, firstSlice), minus(endSlice, firstSlice)));
      when(inside, [&] {
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
      });
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
  int64_t columns = hasColumns ? std::min(lanes * 4, std::max<int64_t>(1, dims[last].upper())) : 1;
  int64_t slices = std::max<int64_t>(1, dims[axis].upper());
  if (ownsSums)
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
  if (ownsSums)
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
    for (Value v : e.delinearize(unit, units))
      s.at.push_back(Scatter::fixed(v));
    auto stretch = [&](int64_t d, int64_t length) {
      Value from = e.mul(s.at[d].base, e.index(length));
      return std::pair(from, e.minimum(e.add(from, e.index(length)), e.size(dims[d])));
    };
    std::tie(s.firstSlice, s.endSlice) = stretch(axis, slices);
    if (hasColumns)
      std::tie(s.firstColumn, s.endColumn) = stretch(last, columns);
    s.unit();
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
