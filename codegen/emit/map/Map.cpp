// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Map.cpp - kernels without a hero: every element of the results is computed by itself ----------------------------===//
//
// The innermost dimension that is not 1 runs in vectors, and its remainder element by element. A unit is a stretch of
// that dimension at one position of the others. If all tensors of the kernel have one shape and no op moves elements,
// the shape does not matter, and the space is one long dimension.
//
// Results that are too large for any cache are stored past the caches, because an ordinary store reads the cache line
// first. Such stores need aligned memory. Whether it is aligned is known only when the kernel runs, so there are two
// loops. State that is written in place has just been read, so its lines are in the caches. Kernels that update state
// read and write many arrays and do some arithmetic, so that only a few elements are on their way at a time: they ask
// for cache lines some time before they need them.
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

/// Whether all tensors of the kernel have the element of one position at the same linear index. Scalars and constants
/// of one number do not count.
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

constexpr int64_t aheadBytes = 2048; // between what is computed and the lines that are asked for: half a page

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
    e.streamIfAligned([&] { loops(line); }, [&] { loops(lanes); });
  else
    loops(lanes);
  int64_t perUnit = std::max<int64_t>(1, (cut ? chunk : inner.upper()) * e.elementCost() / std::max<int64_t>(1, lanes));
  return Schedule{ir::product(context, outer) * chunks, std::max<int64_t>(1, (1 << 14) / perUnit)};
}

static std::optional<int64_t> costOfMap(loom::KernelOp kernel, const Machine &machine) {
  return kernel.getHeroes().empty() ? std::optional(loopCost(kernel, machine)) : std::nullopt;
}
const Emitter weft::codegen::mapEmitter{"map", costOfMap, emitMap};
