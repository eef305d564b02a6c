// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Words of arrays, for messages.
#ifndef WEFT_RUNTIME_ARRAY_H
#define WEFT_RUNTIME_ARRAY_H
#include "Message.h"

namespace weft::rt {

// "f32 [4, 64]". A shape of unlikely rank is cut, because the rank may be what is wrong.
void printArray(Message &message, int32_t dtype, const int64_t *shape, int32_t rank);

} // namespace weft::rt
#endif
