// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Map.cpp - kernels without a hero: every element of the results for itself -------------------------------------===//
//
// The innermost wide dimension runs in vectors, then one by one; a unit is a stretch of it at one position of the other
// dimensions. If all tensors of the kernel have one shape and no op moves elements, the shape does not matter and the
// space is one long dimension.
//
// Results that no cache can hold are stored past the caches: an ordinary store would read the line first. Such stores
// need aligned memory, which is known when the kernel runs: there are two loops then. State that is written in place
// was read just before, so that its lines are there; such kernels have many streams and some arithmetic, so few
// elements are under way at a time, and lines are asked for in good time.
//
//===----------------------------------------------------------------------------------------------------------------===//
#include "codegen/emit/Transposed.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace weft;
using namespace weft::codegen;
using ir::Coord;
using ir::Dim;
using ir::Dims;

/// Whether equal linear index means equal element, for all tensors of the kernel (scalars and splats apart).
static bool isFlat(loom::KernelOp kernel, const Dims &dims) {
  if (dims.size() < 2)
    return false;
  auto fits = [&](Value v) { return cast<RankedTensorType>(v.getType()).getRank() == 0 || ir::getDims(v) == dims; };
  for (Operation &op : kernel.getBody().front().without_terminator()) {
    if (!llvm::all_of(op.getOperands(), fits) || !llvm::all_of(op.getResults(), fits))
      return false;
    ir::Access access = ir::accessOf(&op);
    if (llvm::any_of(access.loops, [](const ir::Loop &loop) { return loop.counted; }))
      return false;
    for (unsigned i = 0; i < op.getNumOperands(); ++i)
      if (!access.operands[i].empty() && !access.readsOwnPosition(i))
        return false;
  }
  return llvm::all_of(kernel.getTerminator()->getOperands(), fits);
}

constexpr int64_t leastStreamedBytes = 32 << 20; // of a kernel's results, to be more than any cache keeps
constexpr int64_t streamAlignment = 64;
constexpr int64_t aheadBytes = 2048; // between what is computed and the lines that are asked for: half a page

/// Runs the first loops with stores past the caches if all results lie aligned, else the other ones.
static void streamIfAligned(KernelEmitter &e, llvm::function_ref<void()> streamed, llvm::function_ref<void()> plain) {
  auto &b = e.b;
  Value bits = e.index(0);
  for (unsigned i = 0; i < e.kernel().getTerminator()->getNumOperands(); ++i)
    bits = arith::OrIOp::create(b, e.loc, bits,
                                memref::ExtractAlignedPointerAsIndexOp::create(b, e.loc, e.resultMemory(i)));
  Value rest = arith::AndIOp::create(b, e.loc, bits, e.index(streamAlignment - 1));
  Value aligned = arith::CmpIOp::create(b, e.loc, arith::CmpIPredicate::eq, rest, e.index(0));
  auto branch = scf::IfOp::create(b, e.loc, aligned, /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPoint(branch.thenBlock()->getTerminator());
  e.streaming(streamed);
  // Whoever hears that the kernel is done must see its results.
  LLVM::FenceOp::create(b, e.loc, LLVM::AtomicOrdering::seq_cst);
  b.setInsertionPoint(branch.elseBlock()->getTerminator());
  plain();
}

static FailureOr<Schedule> emitMap(KernelEmitter &e) {
  MLIRContext *context = e.b.getContext();
  Dims dims = ir::getDims(e.kernel().getTerminator()->getOperand(0));
  bool flat = isFlat(e.kernel(), dims);
  Dims space = flat ? Dims{ir::product(context, dims)} : dims;
  if (flat)
    e.setFlat();
  else if (std::optional<Schedule> schedule = emitTransposedMap(e, dims))
    return *schedule;
  int64_t v = lastWideDim(space);
  Dim inner = v < 0 ? Dim(context, 1) : space[v];
  Dims outer = space;
  if (v >= 0)
    outer[v] = Dim(context, 1);

  int64_t lanes = e.pickLanes(e.widestBits(), inner);
  // Long rows are cut so that a few of them can still keep several threads busy.
  const int64_t chunk = 4096;
  bool cut = inner.upper() > 2 * chunk;
  Dim chunks = cut ? inner.ceilDiv(Dim(context, chunk)) : Dim(context, 1);

  int64_t resultBytes = 0;
  for (Type type : e.kernel().getTerminator()->getOperandTypes()) {
    MemRefType memory = memoryType(cast<RankedTensorType>(type));
    resultBytes += memory.getNumElements() * memory.getElementTypeBitWidth() / 8;
  }
  // A line of memory at a time.
  int64_t line = lanes > 1 ? lanes * std::max<int64_t>(1, streamAlignment / e.machine().vectorBytes) : 1;
  bool wholeLines = line > 1 && (llvm::all_of(outer, [](const Dim &d) { return d == 1; }) ||
                                 (inner.isConstant() && inner.staticSize() % line == 0));
  bool fetchAhead = e.inPlace() && resultBytes >= leastStreamedBytes && v >= 0;
  auto loops = [&](int64_t lanes) {
    e.loop(e.begin(), e.end(), 1, [&](Value unit) {
      Value lo = e.index(0), hi = e.size(inner), row = unit;
      if (cut) {
        Value n = e.size(chunks);
        row = arith::DivUIOp::create(e.b, e.loc, unit, n);
        lo = e.mul(arith::RemUIOp::create(e.b, e.loc, unit, n), e.index(chunk));
        hi = e.minimum(e.add(lo, e.index(chunk)), hi);
      }
      SmallVector<Coord> at;
      for (Value base : e.delinearize(row, outer))
        at.push_back({base, 0, false});
      SmallVector<int64_t> widths{lanes};
      llvm::append_range(widths, e.tailWidths(lanes, inner));
      e.tiled(lo, hi, inner, widths, [&](Value i, int64_t width) {
        e.withLanes(width, [&] {
          SmallVector<Coord> here = at;
          if (v >= 0)
            here[v] = {i, width == 1 ? 0 : 1, false};
          if (fetchAhead && width > 1) {
            SmallVector<Coord> there = here;
            for (BlockArgument operand : e.kernel().getBody().front().getArguments())
              if (ir::getDims(operand) == dims) {
                int64_t elements =
                    aheadBytes * 8 / std::max<int64_t>(8, ir::elementOf(operand).getIntOrFloatBitWidth());
                there[v].base = e.minimum(e.add(i, e.index(elements)), e.add(e.size(inner), e.index(-1)));
                e.prefetch(operand, there);
              }
          }
          e.storeResults(here);
        });
      });
    });
  };
  if (wholeLines && resultBytes >= leastStreamedBytes && !e.inPlace())
    streamIfAligned(e, [&] { loops(line); }, [&] { loops(lanes); });
  else
    loops(lanes);
  int64_t perUnit = std::max<int64_t>(1, (cut ? chunk : inner.upper()) * e.elementCost() / std::max<int64_t>(1, lanes));
  return Schedule{ir::product(context, outer) * chunks, std::max<int64_t>(1, (1 << 14) / perUnit)};
}

static std::optional<int64_t> costOfMap(loom::KernelOp kernel, const Machine &machine) {
  return kernel.getHeroes().empty() ? std::optional(loopCost(kernel, machine)) : std::nullopt;
}
const Emitter weft::codegen::mapEmitter{"map", costOfMap, emitMap};
