// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// One call in progress: what stands behind the weft_context that generated code sees.
#ifndef WEFT_RUNTIME_INSTANCE_H
#define WEFT_RUNTIME_INSTANCE_H
#include "weft_runtime.h"

// Generated code holds a weft_context *, and only ever one that is the first member of an instance.
struct weft_instance {
  weft_context context;
  const weft_program *program;
  weft_pool *pool;
  void *arena;
  uint32_t running;   // atomic: an instance serves one call at a time
  uint32_t cancelled; // atomic: somebody asked the call to end
  uint32_t skipped;   // atomic: a dispatch was left out because of that, so the outputs are not complete
  uint32_t updating;  // atomic: the call has begun to write state in place
  uint32_t lost;      // atomic: the last call failed after that
  uint32_t broken;    // atomic: the host's parallel-for did not run every piece once
};

namespace weft::rt {

inline weft_instance &instanceOf(weft_context *context) { return *reinterpret_cast<weft_instance *>(context); }
static_assert(__builtin_offsetof(weft_instance, context) == 0);
static_assert(__builtin_offsetof(weft_context, error_word) == 0);

} // namespace weft::rt
#endif
