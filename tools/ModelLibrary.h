// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A model file as a library of this process.
#pragma once
#include "llvm/ADT/ArrayRef.h"
#include <string>

namespace weft::tools {

/// Built in a folder of its own below TMPDIR, which goes with the object. The library stays loaded: what it has
/// registered lives as long as the process.
class ModelLibrary {
public:
  ModelLibrary() = default;
  ModelLibrary(const ModelLibrary &) = delete;
  ModelLibrary &operator=(const ModelLibrary &) = delete;
  ~ModelLibrary();
  /// Calls the C++ compiler; what it says goes to standard error. Lines of the model are told by its file's name alone,
  /// so that what is made does not depend on the folder.
  bool build(const std::string &source, const std::string &compiler, llvm::ArrayRef<std::string> flags,
             llvm::ArrayRef<std::string> includes, std::string &error);
  bool load(std::string &error);

private:
  std::string folder, library;
};
} // namespace weft::tools
