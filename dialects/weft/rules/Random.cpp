// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Rules of random numbers: Philox4x32-10 on the host and as code, and samples as arithmetic on bits. Every conversion
// from bits to a number below is exact, so the samples of one key are the same numbers on every target (up to erf_inv
// in the normal ones).
#include "dialects/weft/rules/Checks.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include <array>

using namespace mlir;
using namespace weft::ir;

//===- Philox -------------------------------------------------------------------------------------------------------===//

static constexpr uint32_t multipliers[] = {0xD2511F53, 0xCD9E8D57}, weyl[] = {0x9E3779B9, 0xBB67AE85};
static constexpr int rounds = 10;

static std::array<uint32_t, 4> philox(uint32_t k0, uint32_t k1, std::array<uint32_t, 4> c) {
  for (int round = 0; round < rounds; ++round, k0 += weyl[0], k1 += weyl[1]) {
    uint64_t a = uint64_t(multipliers[0]) * c[0], b = uint64_t(multipliers[1]) * c[2];
    c = {uint32_t(b >> 32) ^ c[1] ^ k0, uint32_t(b), uint32_t(a >> 32) ^ c[3] ^ k1, uint32_t(a)};
  }
  return c;
}
/// Element `at` of random_bits.
static uint32_t hostBits(const HostArray &key, uint64_t at) {
  return philox(uint32_t(key.i[0]), uint32_t(key.i[1]), {uint32_t(at / 4), uint32_t((at / 4) >> 32), 0, 0})[at % 4];
}

static std::array<Value, 4> emitPhilox(ElementEmitter &e, Value key, std::array<Value, 4> c) {
  Type i32 = e.b.getI32Type();
  auto constant = [&](uint32_t v) { return e.constantInt(i32, int32_t(v)); };
  auto mixed = [&](Value a, Value b, Value k) {
    return arith::XOrIOp::create(e.b, e.loc, arith::XOrIOp::create(e.b, e.loc, a, b), k).getResult();
  };
  std::array<Value, 2> k;
  for (int64_t i : {0, 1})
    k[i] = e.element(key, {Coord{e.index(i), 0, false}});
  for (int round = 0; round < rounds; ++round) {
    if (round)
      for (int i : {0, 1})
        k[i] = arith::AddIOp::create(e.b, e.loc, k[i], constant(weyl[i]));
    auto a = arith::MulUIExtendedOp::create(e.b, e.loc, c[0], constant(multipliers[0]));
    auto b = arith::MulUIExtendedOp::create(e.b, e.loc, c[2], constant(multipliers[1]));
    c = {mixed(b.getHigh(), c[1], k[0]), b.getLow(), mixed(a.getHigh(), c[3], k[1]), a.getLow()};
  }
  return c;
}
/// words[which], lane by lane.
static Value choose(ElementEmitter &e, ArrayRef<Value> words, Value which) {
  Value result = words[0];
  for (int64_t w = 1; w < int64_t(words.size()); ++w) {
    Value is = arith::CmpIOp::create(e.b, e.loc, arith::CmpIPredicate::eq, which, e.constantInt(e.b.getI32Type(), w));
    result = arith::SelectOp::create(e.b, e.loc, is, words[w], result);
  }
  return result;
}

static LogicalResult checkKey(Operation *op) {
  auto key = typeOf(op->getOperand(0));
  if (key.getRank() == 1 && key.getDimSize(0) == 2)
    return success();
  return op->emitOpError("needs a key of two words, i32 [2], got ") << str(key);
}

//===- random_bits and random_fold ----------------------------------------------------------------------------------===//

LogicalResult RandomBitsOp::verify() { return checkKey(*this); }
LogicalResult RandomBitsOp::evaluate(ArrayRef<const HostArray *> x, MutableArrayRef<HostArray> results) {
  for (int64_t at = 0, n = results[0].size(); at < n; ++at)
    results[0].i[at] = int32_t(hostBits(*x[0], at));
  return success();
}
Value RandomBitsOp::emitElement(ElementEmitter &e, ArrayRef<Coord> at) {
  Type i32 = e.b.getI32Type(), i64 = e.b.getI64Type();
  Value place = e.splat(toInteger(e, e.positions(e.linearize(at, getDims(getResult()))), i64));
  auto word = [&](Value wide) { return arith::TruncIOp::create(e.b, e.loc, e.laned(i32), wide).getResult(); };
  auto shifted = [&](int64_t by) { return arith::ShRUIOp::create(e.b, e.loc, place, e.constantInt(i64, by)); };
  Value zero = e.constantInt(i32, 0);
  // The upper half of the counter, (i / 4) >> 32, is zero in every tensor of less than 2^34 elements.
  std::array<Value, 4> words = emitPhilox(e, getKey(), {word(shifted(2)), word(shifted(34)), zero, zero});
  return choose(e, words, arith::AndIOp::create(e.b, e.loc, word(place), e.constantInt(i32, 3)));
}

LogicalResult RandomFoldOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, ValueRange operands,
                                             DictionaryAttr, OpaqueProperties, RegionRange,
                                             SmallVectorImpl<Type> &types) {
  auto key = tensorOperand("random_fold", location, operands[0]),
       data = tensorOperand("random_fold", location, operands[1]);
  if (!key || !data)
    return failure();
  if (key.getRank() != 1 || key.getDimSize(0) != 2)
    return emitOptionalError(location, "random_fold: needs a key of two words, i32 [2], got ", str(key));
  if (data.getRank() != 0)
    return emitOptionalError(location, "random_fold: folds in an i32 scalar, got ", str(data));
  types.push_back(key);
  return success();
}
LogicalResult RandomFoldOp::evaluate(ArrayRef<const HostArray *> x, MutableArrayRef<HostArray> results) {
  std::array<uint32_t, 4> words = philox(uint32_t(x[0]->i[0]), uint32_t(x[0]->i[1]), {uint32_t(x[1]->i[0]), 0, 0, 1});
  for (int at : {0, 1})
    results[0].i[at] = int32_t(words[at]);
  return success();
}
Value RandomFoldOp::emitElement(ElementEmitter &e, ArrayRef<Coord> at) {
  Type i32 = e.b.getI32Type();
  Value zero = e.constantInt(i32, 0);
  std::array<Value, 4> words = emitPhilox(e, getKey(), {e.element(getData(), {}), zero, zero, e.constantInt(i32, 1)});
  return choose(e, ArrayRef(words).take_front(2), e.splat(toInteger(e, e.positions(at[0]), i32)));
}

//===- samples ------------------------------------------------------------------------------------------------------===//

/// The number of random bits in a uniform number: as many as its type holds exactly just below 1. With more bits a
/// number could round up to 1.
static int precisionOf(Type element) { return element.isF64() ? 53 : element.isF32() ? 24 : element.isF16() ? 11 : 8; }

/// A number in [0, 1) from the top `precision` bits of element i. With more than 32 bits, the elements 2i and 2i + 1
/// give them, the first the upper ones.
static double hostUniform(const HostArray &key, int64_t i, int precision) {
  if (precision <= 32)
    return std::ldexp(double(hostBits(key, i) >> (32 - precision)), -precision);
  uint64_t both = uint64_t(hostBits(key, 2 * i)) << 32 | hostBits(key, 2 * i + 1);
  return std::ldexp(double(both >> (64 - precision)), -precision);
}

/// The bits that `mask` keeps, read as a binary fraction 0.b31 b30 ..., as a `real`. The conversion reads them as a
/// signed integer, which is exact as `real` holds that many bits. If the top bit is set, that integer is negative and
/// the fraction is too small by 1.
static Value fraction(Build &e, Value bits, int64_t mask, Type real) {
  if (mask != -1)
    bits = AndOp::create(e.b, e.loc, bits.getType(), bits, e.full(double(mask), bits));
  Value f = e.mul(e.cast(bits, real), 0x1p-32);
  return e.select(e.compare("LT", f, e.zeros(f)), e.add(f, 1.0), f);
}
/// Numbers on [0, 1) with the given precision, in f32 or f64.
static Value uniform(Build &e, Value key, ArrayRef<Dim> dims, Type real, int precision) {
  Type i32 = e.b.getI32Type();
  auto bits = [&](ArrayRef<Dim> shape) {
    return RandomBitsOp::create(e.b, e.loc, getTensorType(shape, i32), key).getResult();
  };
  if (precision <= 32)
    return fraction(e, bits(dims), int64_t(~uint64_t(0) << (32 - precision)), real);
  Dim zero(e.b.getContext(), 0), one(e.b.getContext(), 1), two(e.b.getContext(), 2);
  Dims pairs(dims), single(dims), start(dims.size() + 1, zero);
  pairs.push_back(two);
  single.push_back(one);
  Value words = bits(pairs);
  auto word = [&](const Dim &which) {
    start.back() = which;
    return e.reshape(e.slice(words, start, SmallVector<int64_t>(start.size(), 1), single), dims);
  };
  Value high = fraction(e, word(zero), -1, real),
        low = fraction(e, word(one), int64_t(~uint64_t(0) << (64 - precision)), real);
  return e.add(high, e.mul(low, 0x1p-32));
}

LogicalResult RandomUniformOp::verify() { return checkKey(*this); }
LogicalResult RandomUniformOp::evaluate(ArrayRef<const HostArray *> x, MutableArrayRef<HostArray> results) {
  for (int64_t at = 0, n = results[0].size(); at < n; ++at)
    results[0].f[at] = hostUniform(*x[0], at, precisionOf(results[0].element));
  return success();
}
LogicalResult RandomUniformOp::decompose(Build &e, SmallVectorImpl<Value> &results) {
  Type element = elementOf(getResult());
  results.push_back(e.cast(
      uniform(e, getKey(), getDims(getResult()), ElementEmitter::computeType(element), precisionOf(element)), element));
  return success();
}

/// sqrt(2) erf_inv(2 u - 1 + 2^-precision): the middle of each of the 2^precision intervals of (-1, 1), so never an
/// end.
static constexpr double root2 = 1.4142135623730951;
static int normalPrecision(Type element) { return element.isF64() ? 53 : 24; }

LogicalResult RandomNormalOp::verify() { return checkKey(*this); }
LogicalResult RandomNormalOp::evaluate(ArrayRef<const HostArray *> x, MutableArrayRef<HostArray> results) {
  int precision = normalPrecision(results[0].element);
  for (int64_t at = 0, n = results[0].size(); at < n; ++at)
    results[0].f[at] = root2 * erfInv((2 * hostUniform(*x[0], at, precision) - 1) + std::ldexp(1.0, -precision));
  return success();
}
LogicalResult RandomNormalOp::decompose(Build &e, SmallVectorImpl<Value> &results) {
  Type element = elementOf(getResult());
  int precision = normalPrecision(element);
  Value u = uniform(e, getKey(), getDims(getResult()), ElementEmitter::computeType(element), precision);
  Value middle = e.add(e.add(e.mul(u, 2.0), -1.0), std::ldexp(1.0, -precision));
  results.push_back(e.cast(e.mul(e.erfInv(middle), root2), element));
  return success();
}
