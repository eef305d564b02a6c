// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Object files by content; see ObjectCache.h.
#include "codegen/ObjectCache.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/SHA256.h"
#include "llvm/Support/raw_ostream.h"
#include <cstdlib>

using namespace weft::codegen;

ObjectCache::ObjectCache() {
  auto from = [&](const char *variable, const char *below) {
    const char *value = std::getenv(variable);
    if (!folder.empty() || !value || !*value)
      return;
    llvm::SmallString<128> path(value);
    llvm::sys::path::append(path, below);
    folder = path.str().str();
  };
  from("WEFT_CACHE_DIR", "");
  from("XDG_CACHE_HOME", "weft");
  from("HOME", ".cache/weft");
}

std::string ObjectCache::key(llvm::StringRef content) {
  llvm::SHA256 hash;
  hash.update(content);
  auto digest = hash.final();
  return llvm::toHex(llvm::ArrayRef<uint8_t>(digest.data(), digest.size()), /*LowerCase=*/true);
}

static std::string pathOf(const std::string &folder, const std::string &key) {
  llvm::SmallString<128> path(folder);
  llvm::sys::path::append(path, key + ".weft-o");
  return path.str().str();
}

/// An entry is the hash of the object, then the object.
std::optional<std::string> ObjectCache::find(const std::string &key) const {
  if (folder.empty())
    return std::nullopt;
  auto file = llvm::MemoryBuffer::getFile(pathOf(folder, key), /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!file)
    return std::nullopt;
  llvm::StringRef bytes = (*file)->getBuffer();
  if (bytes.size() < 64 || bytes.take_front(64) != ObjectCache::key(bytes.drop_front(64)))
    return std::nullopt;
  return bytes.drop_front(64).str();
}

void ObjectCache::publish(const std::string &key, llvm::StringRef object) const {
  if (folder.empty() || llvm::sys::fs::create_directories(folder))
    return;
  llvm::SmallString<128> model(folder), name;
  llvm::sys::path::append(model, "%%%%%%%%%%%%.tmp");
  int descriptor;
  if (llvm::sys::fs::createUniqueFile(model, descriptor, name))
    return;
  bool bad;
  {
    llvm::raw_fd_ostream stream(descriptor, /*shouldClose=*/true);
    stream << ObjectCache::key(object) << object;
    stream.close();
    bad = stream.has_error();
    stream.clear_error();
  }
  if (bad || llvm::sys::fs::rename(name, pathOf(folder, key)))
    llvm::sys::fs::remove(name);
}
