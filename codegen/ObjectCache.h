// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- ObjectCache.h - object files by the content that they were made from ------------------------------------------===//
//
// Two kinds of entries. An object file, by the emitted kernels that it was made from: another program, or another build
// of the compiler, that emits the same finds it. A finished compilation (object, graph, plan, remarks), by the traced
// graph with its locations and the build id of the compiler: who runs the same program again runs no pass.
//
// A key is a hash over everything that decides the bytes: the program's IR without locations (line numbers that a user
// sees are in the program's messages, which are part of it), processor, options, the code generator's own sources and
// LLVM's version. An entry is published by renaming a finished file, so that readers see it whole or not at all; one
// that fails its checksum is ignored and written anew. A folder that cannot be written is no error.
//
// Entries are code that this process will run, and a checksum does not say who wrote them. So the folder and each entry
// must belong to this user, and nobody else may write them; neither may be a symbolic link. The folder is opened once
// and everything happens relative to that, so it cannot be exchanged between a check and a use. What is refused is
// compiled as if there were no cache, and a remark says why (docs/security.md).
//
//===----------------------------------------------------------------------------------------------------------------===//
#pragma once
#include "llvm/ADT/StringRef.h"
#include <optional>
#include <string>

namespace weft::codegen {

class ObjectCache {
public:
  /// In WEFT_CACHE_DIR, else XDG_CACHE_HOME/weft, else ~/.cache/weft; no folder at all if none of them is set.
  ObjectCache();
  ~ObjectCache();
  ObjectCache(const ObjectCache &) = delete;
  ObjectCache &operator=(const ObjectCache &) = delete;
  static std::string key(llvm::StringRef content);
  std::optional<std::string> find(const std::string &key) const;
  void publish(const std::string &key, llvm::StringRef object);
  /// Why the folder that is named is not used; empty if it is, or if there is none yet.
  const std::string &refused() const { return why; }

private:
  void open();
  void create() const;

  std::string folder, why;
  int descriptor = -1; // of the folder; -1: there is none, or it is refused
};
} // namespace weft::codegen
