// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Rules of contract: the shape by labels, the reference as one loop over all labels, derivatives by label algebra.
#include "dialects/weft/ContractSpec.h"
#include "dialects/weft/rules/Checks.h"

using namespace mlir;
using namespace weft::ir;

/// The spec of an op that was verified.
static ContractSpec specOf(ContractOp op) {
  std::string error;
  return *ContractSpec::parse(op.getSpec(), error);
}

LogicalResult ContractOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, ValueRange operands,
                                           DictionaryAttr attributes, OpaqueProperties properties, RegionRange regions,
                                           SmallVectorImpl<Type> &types) {
  Adaptor op(operands, attributes, properties, regions);
  auto text = given(op.getSpecAttr(), attributes, "spec");
  auto lhs = tensorOperand("contract", location, operands[0]), rhs = tensorOperand("contract", location, operands[1]);
  if (!text || !lhs || !rhs)
    return failure();
  std::string error;
  std::optional<ContractSpec> spec = ContractSpec::parse(text.getValue(), error);
  if (!spec)
    return emitOptionalError(location, "contract: ", error);
  if (lhs.getElementType() != rhs.getElementType())
    return emitOptionalError(location, "contract: element types differ: lhs ", str(lhs), " and rhs ", str(rhs),
                             "; write cast(x, dtype) on one side");
  Dims l = getDims(lhs), r = getDims(rhs);
  for (auto [labels, dims, name] : {std::tuple(&spec->lhs, &l, "lhs"), {&spec->rhs, &r, "rhs"}})
    if (labels->size() != dims->size())
      return emitOptionalError(location, "contract: ", name, " has ", dims->size(), " dimensions ",
                               str(ArrayRef<Dim>(*dims)), ", but its labels in ", text, " are \"", *labels, "\"");
  for (auto [labels, kind] : {std::pair(&spec->contracted, "inner"), {&spec->batch, "batch"}})
    for (char label : *labels) {
      const Dim &a = l[spec->find(spec->lhs, label)], &b = r[spec->find(spec->rhs, label)];
      if (a == b)
        continue;
      return emitOptionalError(location, "contract: ", kind, " dimensions differ: lhs ", str(ArrayRef<Dim>(l)),
                               " and rhs ", str(ArrayRef<Dim>(r)), "; label '", std::string(1, label), "' of ", text,
                               " is ", a.str(), " and ", b.str());
    }
  Dims dims;
  for (char label : spec->result) {
    int64_t at = spec->find(spec->lhs, label);
    dims.push_back(at >= 0 ? l[at] : r[spec->find(spec->rhs, label)]);
  }
  types.push_back(getTensorType(dims, lhs.getElementType()));
  return success();
}

LogicalResult ContractOp::evaluate(ArrayRef<const HostArray *> x, MutableArrayRef<HostArray> results) {
  ContractSpec spec = specOf(*this);
  HostArray &y = results[0];
  // A loop over the labels of the result, and inside it one over the labels that are summed. An operand without some
  // label has stride 0 along it.
  std::string summed = spec.contracted + spec.lhsAlone + spec.rhsAlone;
  auto sizes = [&](StringRef labels) {
    SmallVector<int64_t> shape;
    for (char label : labels) {
      int64_t at = spec.find(spec.lhs, label);
      shape.push_back(at >= 0 ? x[0]->shape[at] : x[1]->shape[spec.find(spec.rhs, label)]);
    }
    return shape;
  };
  auto strides = [&](const HostArray &a, StringRef own, StringRef labels) {
    SmallVector<int64_t> of;
    std::vector<int64_t> all = a.strides();
    for (char label : labels)
      of.push_back(own.contains(label) ? all[spec.find(own, label)] : 0);
    return of;
  };
  SmallVector<int64_t> inner = sizes(summed);
  SmallVector<int64_t> lo = strides(*x[0], spec.lhs, spec.result), ro = strides(*x[1], spec.rhs, spec.result);
  SmallVector<int64_t> li = strides(*x[0], spec.lhs, summed), ri = strides(*x[1], spec.rhs, summed);
  forEachIndex(sizes(spec.result), [&](ArrayRef<int64_t> outer, int64_t at) {
    int64_t l = linear(outer, lo), r = linear(outer, ro);
    double sum = 0;
    uint64_t whole = 0; // integers wrap
    forEachIndex(inner, [&](ArrayRef<int64_t> k, int64_t) {
      int64_t a = l + linear(k, li), b = r + linear(k, ri);
      if (y.isFloat())
        sum += x[0]->f[a] * x[1]->f[b];
      else
        whole += uint64_t(x[0]->i[a]) * uint64_t(x[1]->i[b]);
    });
    if (y.isFloat())
      y.f[at] = sum;
    else
      y.i[at] = int64_t(whole);
  });
  return success();
}

/// The cotangent of the operand whose labels are `own`: the product of the result's cotangent and the other operand,
/// summed over all labels that `own` lacks. A label that no one else has was summed before the product, so the
/// cotangent is the same for all its positions: it is broadcast along that dimension.
static Value transposed(Build &e, Value ct, StringRef result, Value other, StringRef others, Value operand,
                        StringRef own) {
  std::string shared;
  SmallVector<int64_t> places;
  for (auto [i, label] : llvm::enumerate(own))
    if (result.contains(label) || others.contains(label)) {
      shared += label;
      places.push_back(i);
    }
  return e.broadcast(e.contract(ContractSpec::join(result, others, shared), ct, other), typeOf(operand), places);
}
LogicalResult ContractOp::vjp(Build &e, ArrayRef<Value> ct, const BitVector &wanted, MutableArrayRef<Value> result) {
  if (!ct[0])
    return success();
  ContractSpec spec = specOf(*this);
  if (wanted[0])
    result[0] = transposed(e, ct[0], spec.result, getRhs(), spec.rhs, getLhs(), spec.lhs);
  if (wanted[1])
    result[1] = transposed(e, ct[0], spec.result, getLhs(), spec.lhs, getRhs(), spec.rhs);
  return success();
}
LogicalResult ContractOp::jvp(Build &e, ArrayRef<Value> t, MutableArrayRef<Value> result) {
  if (t[0])
    result[0] = e.contract(getSpec(), t[0], getRhs());
  if (t[1])
    result[0] = e.add(result[0], e.contract(getSpec(), getLhs(), t[1]));
  return success();
}
