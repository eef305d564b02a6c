// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the processor can do and the system lets a process use: asked once, by cpuid.
#include "Message.h"
#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace {
struct Feature {
  const char *name;
  uint32_t leaf, subleaf, place, bit, state;
};
constexpr Feature features[] = {
#define WEFT_CPU_FEATURE(name, leaf, subleaf, place, bit, state) {name, leaf, subleaf, place, bit, state},
#include "weft_cpu.def"
#undef WEFT_CPU_FEATURE
};
constexpr uint64_t count = sizeof(features) / sizeof(features[0]);
static_assert(count < 64, "one bit says that the processor was asked");
constexpr uint64_t asked = uint64_t(1) << 63;

uint64_t ask() {
  uint64_t found = asked;
#if defined(__x86_64__)
  uint32_t words[4];
  // The state that the system saves: registers that it does not save are not there.
  uint32_t saved = 0;
  constexpr uint32_t tellsState = 1u << 27;
  if (__get_cpuid_count(1, 0, &words[0], &words[1], &words[2], &words[3]) && (words[2] & tellsState)) {
    uint32_t high;
    __asm__("xgetbv" : "=a"(saved), "=d"(high) : "c"(0));
  }
  for (uint64_t i = 0; i < count; ++i) {
    const Feature &f = features[i];
    if ((saved & f.state) == f.state &&
        __get_cpuid_count(f.leaf, f.subleaf, &words[0], &words[1], &words[2], &words[3]) &&
        (words[f.place] >> f.bit & 1))
      found |= uint64_t(1) << i;
  }
#endif
  return found;
}
} // namespace

extern "C" uint64_t weft_cpu_features(void) {
  static uint64_t answer = 0; // asked twice by two threads at once, it is the same
  uint64_t known = __atomic_load_n(&answer, __ATOMIC_RELAXED);
  if (!known)
    __atomic_store_n(&answer, known = ask(), __ATOMIC_RELAXED);
  return known & ~asked;
}

namespace weft::rt {
void printCpuFeatures(Message &message, uint64_t bits) {
  const char *separator = "";
  for (uint64_t i = 0; i < count; ++i)
    if (bits >> i & 1) {
      message << separator << features[i].name;
      separator = ", ";
    }
  if (bits >> count)
    message << separator << "others that this runtime does not know";
}
} // namespace weft::rt
