// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A compiled object in this process.
#pragma once
#include "runtime/weft_runtime.h"
#include "llvm/Support/Error.h"
#include <memory>
#include <string>
#include <vector>

namespace weft::codegen {

class LoadedObject {
public:
  virtual ~LoadedObject() = default;
  /// Of one of the names.
  virtual const weft_program *program(const std::string &name) const = 0;
};
/// Links an object against this process (libm and the runtime) and finds `weft_program <name>_program` for each name.
llvm::Expected<std::unique_ptr<LoadedObject>> loadObject(const std::string &object,
                                                         const std::vector<std::string> &names);
} // namespace weft::codegen
