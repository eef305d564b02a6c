// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// One switch from the runtime's element types to the compiler's; the way back goes over the same.
#include "codegen/ElementTypes.h"
#include "mlir/IR/Builders.h"
#include "runtime/weft_runtime.h"

using namespace mlir;

Type weft::codegen::elementType(MLIRContext *context, int32_t dtype) {
  Builder b(context);
  switch (dtype) {
  case WEFT_I1: return b.getI1Type();
  case WEFT_I8: return b.getI8Type();
  case WEFT_I32: return b.getI32Type();
  case WEFT_I64: return b.getI64Type();
  case WEFT_F16: return b.getF16Type();
  case WEFT_BF16: return b.getBF16Type();
  case WEFT_F32: return b.getF32Type();
  case WEFT_F64: return b.getF64Type();
  case WEFT_C64: return ComplexType::get(b.getF32Type());
  case WEFT_C128: return ComplexType::get(b.getF64Type());
  default: return {};
  }
}

int32_t weft::codegen::dtypeOf(Type element) {
#define WEFT_ELEMENT_TYPE(name, code, text, bytes)                                                                     \
  if (elementType(element.getContext(), WEFT_##name) == element)                                                       \
    return WEFT_##name;
  WEFT_ELEMENT_TYPES(WEFT_ELEMENT_TYPE)
#undef WEFT_ELEMENT_TYPE
  return -1;
}
