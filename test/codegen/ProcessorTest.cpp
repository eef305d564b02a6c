// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The runtime's table of instruction sets beside LLVM's: what LLVM may use of this processor, the runtime finds there.
#include "codegen/Target.h"
#include "runtime/weft_runtime.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/TargetParser/Host.h"
#include <gtest/gtest.h>

namespace {
const char *const names[]{
#define WEFT_CPU_FEATURE(name, ...) name,
#include "runtime/weft_cpu.def"
#undef WEFT_CPU_FEATURE
};
} // namespace

TEST(Processor, BothSayTheSameOfThisOne) {
  auto host = llvm::sys::getHostCPUFeatures();
  for (std::size_t i = 0; i < std::size(names); ++i)
    if (auto known = host.find(names[i]); known != host.end()) {
      EXPECT_EQ(bool(weft_cpu_features() >> i & 1), known->second) << names[i];
    }
}

// A new instruction set of LLVM's for loops over numbers needs a row: code for it would end in SIGILL elsewhere.
TEST(Processor, TheTableHasWhatComputes) {
  for (auto &feature : llvm::sys::getHostCPUFeatures()) {
    llvm::StringRef name = feature.first();
    bool computes = false;
    for (const char *prefix : {"sse", "ssse", "avx", "fma", "f16c", "bmi", "lzcnt", "popcnt", "movbe", "xop"})
      computes |= name.starts_with(prefix);
    // Every x86-64 has sse and sse2.
    if (feature.second && computes && name != "sse" && name != "sse2") {
      EXPECT_TRUE(llvm::is_contained(names, name)) << name.str();
    }
  }
}

TEST(Processor, CodeForANamedOneSaysWhatItNeeds) {
  auto needs = [](const char *cpu) {
    auto target = weft::codegen::Target::find(cpu, 3);
    EXPECT_TRUE(bool(target));
    return target->machine.features;
  };
  auto bit = [](llvm::StringRef name) { return std::uint64_t(1) << (llvm::find(names, name) - std::begin(names)); };
  EXPECT_EQ(needs("x86-64"), 0u);
  EXPECT_TRUE(needs("x86-64-v3") & bit("avx2"));
  EXPECT_FALSE(needs("x86-64-v3") & bit("avx512f"));
  EXPECT_TRUE(needs("sapphirerapids") & bit("amx-tile"));
  EXPECT_TRUE(needs("diamondrapids") & bit("egpr"));
  EXPECT_EQ(needs("native") & ~weft_cpu_features(), 0u);
}
