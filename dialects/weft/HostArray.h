// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The arrays of the host reference: floats as double, integers as int64, with the element type that they stand for.
#pragma once
#include "mlir/IR/BuiltinTypes.h"
#include <cstdint>
#include <vector>

namespace weft::ir {

struct HostArray {
  mlir::Type element;
  std::vector<int64_t> shape;
  std::vector<double> f;  // if element is a float
  std::vector<int64_t> i; // else (i1: 0 or 1)

  HostArray() = default;
  HostArray(mlir::Type element, llvm::ArrayRef<int64_t> shape) : element(element), shape(shape.begin(), shape.end()) {
    if (isFloat())
      f.resize(size());
    else
      i.resize(size());
  }
  bool isFloat() const { return mlir::isa<mlir::FloatType>(element); }
  int64_t size() const {
    int64_t n = 1;
    for (int64_t d : shape)
      if (d == 0) // whatever the other sizes are
        return 0;
    for (int64_t d : shape)
      n *= d;
    return n;
  }
  int64_t rank() const { return int64_t(shape.size()); }
  /// Row-major strides.
  std::vector<int64_t> strides() const {
    std::vector<int64_t> s(shape.size(), 1);
    for (int64_t d = rank() - 2; d >= 0; --d)
      s[d] = s[d + 1] * shape[d + 1];
    return s;
  }
  /// Copies element `from` of `other` (same class of type) to element `to`.
  void set(int64_t to, const HostArray &other, int64_t from) {
    if (isFloat())
      f[to] = other.f[from];
    else
      i[to] = other.i[from];
  }
  /// Rounds every element to what the element type can hold (ties to even; integers wrap).
  void round();
};

/// Calls body(index, linear) for every element of a shape in row-major order.
void forEachIndex(llvm::ArrayRef<int64_t> shape, llvm::function_ref<void(llvm::ArrayRef<int64_t>, int64_t)> body);
/// sum of index * stride.
inline int64_t linear(llvm::ArrayRef<int64_t> index, llvm::ArrayRef<int64_t> strides) {
  int64_t at = 0;
  for (size_t d = 0; d < index.size(); ++d)
    at += index[d] * strides[d];
  return at;
}
} // namespace weft::ir
