// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Sizes and words of arrays, for messages and checks.
#ifndef WEFT_RUNTIME_ARRAY_H
#define WEFT_RUNTIME_ARRAY_H
#include "Message.h"

namespace weft::rt {

// Bytes of a dense array, or -1 where the number does not fit an int64_t. Dimensions are not negative.
int64_t byteSize(int32_t dtype, const int64_t *shape, int32_t rank);

// "f32 [4, 64]". A shape of unlikely rank is cut, because the rank may be what is wrong.
void printArray(Message &message, int32_t dtype, const int64_t *shape, int32_t rank);

} // namespace weft::rt
#endif
