// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Element types and sizes.
#include "Array.h"

namespace {
struct Type {
  size_t size;
  const char *name;
};
// At the place of its code.
#define WEFT_ELEMENT_TYPE(name, code, text, bytes) {bytes, text},
constexpr Type types[] = {WEFT_ELEMENT_TYPES(WEFT_ELEMENT_TYPE)};
#undef WEFT_ELEMENT_TYPE
constexpr int32_t count = sizeof(types) / sizeof(types[0]);
#define WEFT_ELEMENT_TYPE(name, code, text, bytes)                                                                     \
  static_assert(code >= 0 && code < count && types[code].size == bytes);
WEFT_ELEMENT_TYPES(WEFT_ELEMENT_TYPE)
#undef WEFT_ELEMENT_TYPE

bool isKnown(int32_t dtype) { return dtype >= 0 && dtype < count; }
} // namespace

extern "C" size_t weft_dtype_size(int32_t dtype) { return isKnown(dtype) ? types[dtype].size : 0; }
extern "C" const char *weft_dtype_name(int32_t dtype) { return isKnown(dtype) ? types[dtype].name : "unknown"; }

extern "C" int64_t weft_array_bytes(int32_t dtype, const int64_t *shape, int32_t rank) {
  for (int32_t axis = 0; axis < rank; ++axis)
    if (shape[axis] < 0)
      return -1;
  // [huge, huge, 0] is an empty array, whatever the product of the others would be.
  for (int32_t axis = 0; axis < rank; ++axis)
    if (shape[axis] == 0)
      return 0;
  int64_t bytes = static_cast<int64_t>(weft_dtype_size(dtype));
  for (int32_t axis = 0; axis < rank; ++axis)
    if (__builtin_mul_overflow(bytes, shape[axis], &bytes))
      return -1;
  return bytes;
}

namespace weft::rt {

void printArray(Message &message, int32_t dtype, const int64_t *shape, int32_t rank) {
  constexpr int32_t most = 16;
  message << weft_dtype_name(dtype) << " [";
  for (int32_t axis = 0; shape && axis < rank && axis < most; ++axis)
    message << (axis ? ", " : "") << shape[axis];
  message << (rank > most ? ", ...]" : "]");
}

} // namespace weft::rt
