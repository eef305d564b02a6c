// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- ColumnSums.cpp - sums over all rows in a kernel over rows ----------------------------------------------------------===//
//
//   ^bb0(%x: tensor<4096x1024xf32>, ...):                 rows         ^bb0(%x: tensor<4096x1024xf32>, ...):
//     %m = weft.reduce_sum %x [1]                    ==>                 %m = weft.reduce_sum %x [1]
//     %n = ... of %x and %m                                              %n = ... of %x and %m
//     %c = weft.reduce_sum %n [0]                                        %s = weft.reshape %n : ... -> tensor<64x64x1024xf32>
//     loom.yield %n, %c                                                  %c = weft.reduce_sum %s [1]
//                                                                        loom.yield %n, %c
//                                                         combination  ^bb0(%p: tensor<64x1024xf32>):
//                                                                        %0 = weft.reduce_sum %p [0]
//                                                                        loom.yield %0
//
// The gradient of a norm is rows, and sums of columns for its scale and its shift: of what the rows have in hand. So
// the kernel over rows adds each row to the sums of its stretch, which stay in the nearest cache. How long a stretch is
// follows from the shape alone, so that the numbers do not depend on threads; and it is short enough that its sum needs
// no blocks.
//
//===----------------------------------------------------------------------------------------------------------------===//
#include "passes/plan/ColumnSums.h"
#include "dialects/weft/Build.h"
#include "dialects/weft/Rows.h"
#include "dialects/weft/Weft.h"

using namespace mlir;
using weft::ir::Dim;
using weft::ir::Dims;
using weft::ir::getDims;
namespace weft::passes {
namespace {
constexpr int64_t longestStretch = 64, shortestStretch = 16;
constexpr int64_t fewestStretches = 8; // they occupy the threads
} // namespace

int64_t rowsOfStretch(int64_t rows) {
  // Two rows are computed together, so an even number comes first.
  for (int64_t odd : {0, 1})
    for (int64_t n = longestStretch - odd; n >= shortestStretch; n -= 2)
      if (rows % n == 0 && rows / n >= fewestStretches)
        return n;
  return 0;
}

FailureOr<std::optional<ColumnSums>> cutColumnSums(loom::KernelOp kernel) {
  MLIRContext *context = kernel.getContext();
  SmallVector<Operation *> heroes = kernel.getHeroes();
  if (llvm::none_of(heroes, [](Operation *hero) { return ir::rowSpace(hero).has_value(); }))
    return std::optional<ColumnSums>();
  ColumnSums cut;
  SmallVector<Value> sums;
  Operation *terminator = kernel.getTerminator();
  for (OpOperand &result : terminator->getOpOperands()) {
    Operation *hero = result.get().getDefiningOp();
    if (!hero || !ir::combinesRows(hero) || ir::rowSpace(hero))
      continue;
    Value elements = hero->getOperand(0);
    Dims space = getDims(elements);
    int64_t rows = 1;
    for (const Dim &d : ArrayRef(space).drop_back())
      rows *= d.staticSize();
    int64_t ofStretch = rowsOfStretch(rows);
    OpBuilder b(hero);
    ir::Build e(b, hero->getLoc(), hero);
    Type element = ir::elementOf(elements), accumulator = element.isF64() ? element : Type(b.getF32Type());
    Dims stretched{Dim(context, rows / ofStretch), Dim(context, ofStretch), space.back()};
    Value view = e.reshape(e.cast(elements, accumulator), stretched);
    Operation *part = b.clone(*hero);
    part->setOperand(0, view);
    part->getResult(0).setType(ir::getTensorType({stretched[0], stretched[2]}, accumulator));
    ir::Access access = ir::Access::reduction(part, {1});
    if (failed(cast<ir::AccessOpInterface>(part).setAccess(access)))
      return hero->emitOpError("cannot be computed of stretches of rows: ") << ir::str(access);
    if (!cut.combination) {
      OpBuilder detached(context);
      cut.combination = loom::KernelOp::create(detached, kernel.getLoc(), "kernel");
      cut.combination.getBody().emplaceBlock();
    }
    Block &block = cut.combination.getBody().front();
    Value parts = block.addArgument(part->getResult(0).getType(), hero->getLoc());
    OpBuilder end = OpBuilder::atBlockEnd(&block);
    ir::Build whole(end, hero->getLoc(), hero);
    Value sum = whole.cast(cast<ir::HeroOpInterface>(hero).combineParts(whole, parts, 0), element);
    sums.push_back(sum);
    cut.results.push_back(result.getOperandNumber());
    result.set(part->getResult(0));
    if (hero->use_empty())
      hero->erase();
  }
  if (cut.combination) {
    OpBuilder end = OpBuilder::atBlockEnd(&cut.combination.getBody().front());
    loom::YieldOp::create(end, kernel.getLoc(), sums);
  }
  return cut.combination ? std::optional(std::move(cut)) : std::optional<ColumnSums>();
}
} // namespace weft::passes
