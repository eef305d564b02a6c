// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The processor that code is made for: its name and features as LLVM spells them, and what the emitters need of it.
#pragma once
#include "codegen/Machine.h"
#include "llvm/Support/Error.h"
#include <string>

namespace weft::codegen {

struct Target {
  std::string cpu, features; // features: "+avx2,-avx512f,..." as the host reports them; empty for a named processor
  Machine machine;
  /// `cpu`: an LLVM name, or "native": what WEFT_TARGET_CPU of the environment names, else the processor at hand. An
  /// error text if LLVM does not know it.
  static llvm::Expected<Target> find(const std::string &cpu, int opt);
  /// All that code depends on, as text: two targets with equal text make equal objects.
  std::string identity() const;
  /// The instruction sets that code for this target may use and the processor at hand lacks: "avx512f, avx512vl".
  std::string lacking() const;
};
} // namespace weft::codegen
