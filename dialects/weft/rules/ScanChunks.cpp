// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- ScanChunks.cpp - a scan that keeps the carries of every k-th step alone -----------------------------------------===//
//
// `checkpoint = k`: reverse mode does not differentiate the scan but one of scans of k steps, then a scan of the steps
// that are left. Their carries are kept every k steps, and the inner scans' while these are differentiated:
//
//   scan <(10)> body     ==>     scan <(3)> { scan <(3)> body }, scan <(1)> body          // k = 3
//
//===----------------------------------------------------------------------------------------------------------------===//
#include "dialects/weft/rules/Regions.h"

using namespace mlir;
using namespace weft::ir;

LogicalResult weft::ir::reverseByChunks(ScanOp op, int64_t chunk, ArrayRef<Value> cotangents, IsActive active,
                                        Accumulate accumulate, Later later, Build &e,
                                        SmallVectorImpl<Value> &replacement) {
  MLIRContext *context = op.getContext();
  Location loc = op.getLoc();
  int64_t steps = op.getLength().getDims()[0].staticSize(), whole = steps / chunk, rest = steps % chunk;
  unsigned carries = op.numCarries(), stacked = op.getNumResults() - carries;
  OpBuilder b(op);
  Aliases aliases(b, op, active);
  Type i32 = RankedTensorType::get({}, b.getI32Type());
  auto scalar = [&](OpBuilder &at, int64_t v) -> Value {
    return ConstantOp::create(at, loc, DenseElementsAttr::get(RankedTensorType::get({}, at.getI32Type()), int32_t(v)));
  };
  // Position of step s of part p: first + p * chunk + s; in reverse, parts and steps run the other way by themselves.
  auto cloneBody = [&](OpBuilder &at, Block &body, Value first) {
    Copy copy(at, loc);
    aliases.into(copy.map);
    copy.map.map(op.block()->getArguments(), body.getArguments());
    if (first)
      copy.map.map(op.index(), AddOp::create(at, loc, i32, body.getArgument(0), first));
    copy.ops(*op.block());
    SmallVector<Value> values;
    for (Value v : op.yielded())
      values.push_back(copy.of(v));
    return values;
  };
  // In order of positions: `whole` chunks from `start`, and the rest beside them.
  int64_t start = op.getReverse() ? rest : 0, restStart = op.getReverse() ? 0 : whole * chunk;
  auto part = [&](Value x, int64_t from, int64_t count) {
    Dims sizes = getDims(x), starts(sizes.size(), Dim(context, 0));
    sizes[0] = Dim(context, count), starts[0] = Dim(context, from);
    return Build(b, loc).slice(x, starts, SmallVector<int64_t>(sizes.size(), 1), sizes);
  };
  auto split = [&](Value x) {
    Dims dims = getDims(x), parts{Dim(context, whole), Dim(context, chunk)};
    parts.append(dims.begin() + 1, dims.end());
    return Build(b, loc).reshape(x, parts);
  };
  auto joined = [&](Value x) {
    Dims dims = getDims(x), flat{Dim(context, whole * chunk)};
    flat.append(dims.begin() + 2, dims.end());
    return Build(b, loc).reshape(x, flat);
  };
  SmallVector<Value> inits(aliases.of(op.getInits())), xsIn(aliases.of(op.getXs())), chunks;
  for (Value x : xsIn)
    chunks.push_back(split(rest ? part(x, start, whole * chunk) : x));
  ScanOp outer = makeScan(b, loc, Dim(context, whole), op.getReverse(), inits, chunks, [&](OpBuilder &at, Block &body) {
    Value first = MulOp::create(at, loc, i32, body.getArgument(0), scalar(at, chunk));
    if (start)
      first = AddOp::create(at, loc, i32, first, scalar(at, start));
    SmallVector<Value> in(body.getArguments().begin() + 1, body.getArguments().begin() + 1 + carries),
        xs(body.getArguments().begin() + 1 + carries, body.getArguments().end());
    ScanOp inner = makeScan(at, loc, Dim(context, chunk), op.getReverse(), in, xs,
                            [&](OpBuilder &deep, Block &innerBody) { return cloneBody(deep, innerBody, first); });
    return llvm::to_vector_of<Value>(inner.getResults());
  });
  SmallVector<Value> results(outer.getResults());
  for (unsigned i = 0; i < stacked; ++i)
    results[carries + i] = joined(results[carries + i]);
  if (rest) {
    SmallVector<Value> xs;
    for (Value x : xsIn)
      xs.push_back(part(x, restStart, rest));
    ScanOp last = makeScan(
        b, loc, Dim(context, rest), op.getReverse(), ArrayRef(results).take_front(carries), xs,
        [&](OpBuilder &at, Block &body) { return cloneBody(at, body, restStart ? scalar(at, restStart) : Value()); });
    for (unsigned i = 0; i < op.getNumResults(); ++i) {
      Value r = last.getResult(i);
      if (i >= carries) {
        SmallVector<Value> order{results[i], r};
        if (op.getReverse())
          std::swap(order[0], order[1]);
        r = ConcatenateOp::create(b, loc, op.getResult(i).getType(), order, b.getI64IntegerAttr(0));
      }
      results[i] = r;
    }
  }
  gradOfReplacement(e, loc, results, cotangents, aliases, accumulate, later);
  replacement = results;
  return success();
}
