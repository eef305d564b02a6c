// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Memory for arrays and arenas.
#include "weft_runtime.h"
#include <stdlib.h>
#include <sys/mman.h>

extern "C" void *weft_allocate(size_t bytes) {
  constexpr size_t line = 64, page = size_t(2) << 20, large = 8 * page;
  const size_t alignment = bytes >= large ? page : line;
  void *memory = nullptr;
  if (bytes > SIZE_MAX - alignment || posix_memalign(&memory, alignment, bytes ? bytes : line))
    return nullptr;
#ifdef MADV_HUGEPAGE
  // Advice: a system that has no large pages to give leaves small ones. What fills no page stays small.
  if (bytes >= large)
    madvise(memory, bytes / page * page, MADV_HUGEPAGE);
#endif
  return memory;
}
