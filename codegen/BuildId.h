// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Which build of the compiler is running.
#pragma once
#include <string>

namespace weft::codegen {
/// The linker's build id of the executable or library that holds this function, as bytes; empty if it was linked
/// without one.
std::string buildId();
} // namespace weft::codegen
