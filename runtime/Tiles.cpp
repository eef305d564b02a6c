// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Matrix registers (AMX) hold so much that the system saves them only for processes that have asked.
#include "weft_runtime.h"
#if defined(__linux__) && defined(__x86_64__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

extern "C" int32_t weft_tiles_granted(void) {
#if defined(__linux__) && defined(__x86_64__)
  constexpr long requestPermission = 0x1023,
                 tileData = 18; // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA of the kernel's interface
  static int32_t answer = -1;   // asked twice by two threads at once, it is the same
  int32_t known = __atomic_load_n(&answer, __ATOMIC_RELAXED);
  if (known < 0) {
    known = syscall(SYS_arch_prctl, requestPermission, tileData) == 0;
    __atomic_store_n(&answer, known, __ATOMIC_RELAXED);
  }
  return known;
#else
  return 0;
#endif
}
