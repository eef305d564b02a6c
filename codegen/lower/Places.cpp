// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Where values live; see Places.h.
#include "codegen/lower/Places.h"
#include "dialects/loom/Views.h"
#include "dialects/weft/Weft.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace weft;
using namespace weft::codegen;

bool Place::overlaps(const Place &other) const {
  if (kind == input && other.kind == output)
    return other.over == index;
  if (kind == output && other.kind == input)
    return other.overlaps(*this);
  if (kind != other.kind || kind == constant || kind == moving)
    return false;
  if (kind == arena)
    return offset < other.offset + other.bytes && other.offset < offset + bytes;
  return index == other.index;
}

std::optional<Place> weft::codegen::placeFrom(Attribute place) {
  if (auto output = dyn_cast<loom::OutputAttr>(place))
    return Place{Place::output, output.getIndex(), 0, 0, {}, output.getInput()};
  if (auto arena = dyn_cast<loom::ArenaAttr>(place))
    return Place{Place::arena, 0, arena.getOffset(), arena.getBytes()};
  if (auto yielded = dyn_cast<loom::YieldedAttr>(place))
    return Place{Place::yielded, yielded.getIndex()};
  return std::nullopt;
}

FailureOr<Place> weft::codegen::placeOf(Value value) {
  value = loom::behindViews(value);
  if (auto argument = dyn_cast<BlockArgument>(value);
      argument && !isa<func::FuncOp>(argument.getOwner()->getParentOp()))
    return Place{Place::moving};
  if (auto argument = dyn_cast<BlockArgument>(value))
    return Place{Place::input, argument.getArgNumber()};
  Operation *op = value.getDefiningOp();
  DenseElementsAttr constant;
  if (isa<ir::ConstantOp>(op) && matchPattern(op, m_Constant(&constant)))
    return Place{Place::constant, 0, 0, 0, constant};
  if (isa<ir::ControlFlowOpInterface>(op))
    return Place{Place::moving};
  auto dispatch = dyn_cast<loom::DispatchOp>(op);
  if (!dispatch)
    return op->emitOpError("is no dispatch and has no place");
  if (!dispatch.getPlaces())
    return op->emitOpError("has no places: the plan comes first");
  Attribute place = (*dispatch.getPlaces())[cast<OpResult>(value).getResultNumber()];
  if (std::optional<Place> known = placeFrom(place))
    return *known;
  return op->emitOpError("has an unknown place: ") << place;
}

int64_t weft::codegen::arenaBytes(func::FuncOp function) {
  int64_t end = 0;
  function.walk([&](Operation *op) {
    auto dispatch = dyn_cast<loom::DispatchOp>(op);
    if (auto workspace = dispatch ? dispatch.getWorkspaceAttr() : loom::ArenaAttr())
      end = std::max<int64_t>(end, workspace.getOffset() + workspace.getBytes());
    if (ArrayAttr places = loom::placesOf(op))
      for (Attribute place : places)
        if (auto arena = dyn_cast<loom::ArenaAttr>(place))
          end = std::max<int64_t>(end, arena.getOffset() + arena.getBytes());
  });
  return (end + 63) / 64 * 64;
}

/// The place of a dispatch's result, through the branches that yield it.
static FailureOr<Place> settledPlace(Value result) {
  FailureOr<Place> place = placeOf(result);
  Operation *around = result.getDefiningOp()->getParentOp();
  auto isBranch = [](Operation *op) {
    auto control = dyn_cast<ir::ControlFlowOpInterface>(op);
    return control && !control.isLoop();
  };
  for (; succeeded(place) && place->kind == Place::yielded && isBranch(around); around = around->getParentOp()) {
    ArrayAttr places = loom::placesOf(around);
    std::optional<Place> outer = places ? placeFrom(places[place->index]) : std::nullopt;
    if (!outer)
      break;
    place = *outer;
  }
  return place;
}

static bool runsInPlace(func::FuncOp function, StringRef kernel) {
  auto found = function.walk([&](loom::DispatchOp dispatch) {
    if (dispatch.getKernel() != kernel)
      return WalkResult::advance();
    for (Value operand : dispatch.getOperands())
      for (Value result : dispatch.getResults()) {
        FailureOr<Place> a = placeOf(operand), b = settledPlace(result);
        if (failed(a) || failed(b) || a->overlaps(*b))
          return WalkResult::interrupt();
      }
    return WalkResult::advance();
  });
  return found.wasInterrupted();
}

bool weft::codegen::runsInPlace(ArrayRef<func::FuncOp> programs, StringRef kernel) {
  return llvm::any_of(programs, [&](func::FuncOp program) { return ::runsInPlace(program, kernel); });
}

SmallVector<func::FuncOp> weft::codegen::findPrograms(ModuleOp module) {
  SmallVector<func::FuncOp> programs;
  for (auto function : module.getOps<func::FuncOp>())
    if (!loom::taskOf(function) && !function.isDeclaration())
      programs.push_back(function);
  return programs;
}
