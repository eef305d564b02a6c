// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Rounding and iteration of reference arrays.
#include "dialects/weft/HostArray.h"
#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/SmallVector.h"

using namespace mlir;
using namespace weft::ir;

void HostArray::round() {
  if (!isFloat()) {
    unsigned bits = element.getIntOrFloatBitWidth();
    for (int64_t &v : i)
      v = bits == 1 ? v & 1 : bits == 64 ? v : int64_t(uint64_t(v) << (64 - bits)) >> (64 - bits);
    return;
  }
  if (element.isF64())
    return;
  if (element.isF32()) {
    for (double &v : f)
      v = float(v);
    return;
  }
  for (double &v : f) {
    llvm::APFloat x(v);
    bool lost;
    x.convert(cast<FloatType>(element).getFloatSemantics(), llvm::APFloat::rmNearestTiesToEven, &lost);
    x.convert(llvm::APFloat::IEEEdouble(), llvm::APFloat::rmNearestTiesToEven, &lost);
    v = x.convertToDouble();
  }
}

void weft::ir::forEachIndex(llvm::ArrayRef<int64_t> shape,
                            llvm::function_ref<void(llvm::ArrayRef<int64_t>, int64_t)> body) {
  int64_t size = 1;
  for (int64_t d : shape)
    size *= d;
  llvm::SmallVector<int64_t> index(shape.size(), 0);
  for (int64_t at = 0; at < size; ++at) {
    body(index, at);
    for (int64_t d = int64_t(shape.size()) - 1; d >= 0 && ++index[d] == shape[d]; --d)
      index[d] = 0;
  }
}
