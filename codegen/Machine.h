// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What code generation needs to know of a processor, apart from its name: decided once, in Target::find.
#pragma once
#include <cstdint>

namespace weft::codegen {

struct Machine {
  int64_t vectorBytes = 64; // of a register; 0: scalar code
  int64_t registers = 32;
  bool scalesVectors = false; // an instruction for x 2^n in vectors of 16 f32: AVX-512's vscalef
  bool tiles = false;         // matrix registers for products of bf16 (AMX)
  bool pairs = false;         // or an instruction for pairs of them (AVX512-BF16)
  uint64_t features = 0;      // instruction sets that LLVM may use: bits of runtime/weft_cpu.def
};
} // namespace weft::codegen
