// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Object files from LLVM modules: the one way for JIT and ahead of time.
#pragma once
#include "codegen/Driver.h"
#include "llvm/Support/Error.h"
#include <string>

namespace llvm {
class Module;
}
namespace weft::codegen {
struct Target;

/// Optimises the module for the target and returns the bytes of its object file, or a text of it. opt: 0..3, as LLVM's
/// levels.
llvm::Expected<std::string> emitObject(llvm::Module &module, const Target &target, int opt, Form form = Form::object);
} // namespace weft::codegen
