// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Object files by content; see ObjectCache.h.
#include "codegen/ObjectCache.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/SHA256.h"
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <dirent.h>
#include <fcntl.h>
#include <mutex>
#include <random>
#include <sys/stat.h>
#include <unistd.h>

using namespace weft::codegen;
namespace path = llvm::sys::path;

static constexpr llvm::StringLiteral temporary = ".tmp";

/// Why somebody else may have made, or may change, what this says about a folder or an entry; empty if nobody can.
static std::string notOurs(const struct stat &status) {
  if (status.st_uid != geteuid())
    return "belongs to another user";
  if (status.st_mode & (S_IWGRP | S_IWOTH))
    return "may be written by other users (chmod go-w)";
  return "";
}

ObjectCache::ObjectCache() {
  bool chosen = false;
  auto from = [&](const char *variable, const char *below) {
    const char *value = std::getenv(variable);
    if (chosen || !value || !*value)
      return;
    chosen = true;
    // A relative one would be another folder wherever the program is started, and one that others may have made.
    if (!path::is_absolute(value)) {
      why = std::string(variable) + "=" + value + " is no absolute path";
      return;
    }
    llvm::SmallString<128> whole(value);
    path::append(whole, below);
    path::remove_dots(whole); // and slashes at the end, behind which a link would be followed
    folder = whole.str().str();
  };
  from("WEFT_CACHE_DIR", "");
  from("XDG_CACHE_HOME", "weft");
  from("HOME", ".cache/weft");
  open();
}
ObjectCache::~ObjectCache() {
  if (descriptor >= 0)
    close(descriptor);
}

void ObjectCache::open() {
  if (folder.empty() || descriptor >= 0 || !why.empty())
    return;
  struct stat status;
  if (lstat(folder.c_str(), &status) == 0 && !S_ISDIR(status.st_mode)) {
    why = folder + (S_ISLNK(status.st_mode) ? " is a symbolic link" : " is no folder");
    return;
  }
  int opened = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (opened < 0) // not there yet, or not for us
    return;
  std::string reason = fstat(opened, &status) ? std::strerror(errno) : notOurs(status);
  if (reason.empty()) {
    descriptor = opened;
    return;
  }
  close(opened);
  why = folder + " " + reason;
}

void ObjectCache::create() const {
  if (llvm::sys::fs::create_directories(path::parent_path(folder), /*IgnoreExisting=*/true, llvm::sys::fs::owner_all))
    return;
  (void)mkdir(folder.c_str(), S_IRWXU); // open() says what is there now
}

std::string ObjectCache::key(llvm::StringRef content) {
  llvm::SHA256 hash;
  hash.update(content);
  auto digest = hash.final();
  return llvm::toHex(llvm::ArrayRef<uint8_t>(digest.data(), digest.size()), /*LowerCase=*/true);
}

static std::string nameOf(const std::string &key) { return key + ".weft-o"; }

static bool readAll(int file, std::string &bytes, size_t size) {
  bytes.resize(size);
  for (size_t at = 0; at < size;) {
    ssize_t n = read(file, bytes.data() + at, size - at);
    if (n == 0 || (n < 0 && errno != EINTR))
      return false;
    at += size_t(std::max<ssize_t>(n, 0));
  }
  return true;
}
static bool writeAll(int file, llvm::StringRef bytes) {
  while (!bytes.empty()) {
    ssize_t n = write(file, bytes.data(), bytes.size());
    if (n < 0 && errno != EINTR)
      return false;
    bytes = bytes.drop_front(size_t(std::max<ssize_t>(n, 0)));
  }
  return true;
}

/// An entry is the hash of the object, then the object.
std::optional<std::string> ObjectCache::find(const std::string &key) const {
  if (descriptor < 0)
    return std::nullopt;
  // Not blocking: of a pipe that somebody put there nothing is read.
  int file = openat(descriptor, nameOf(key).c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (file < 0)
    return std::nullopt;
  llvm::scope_exit closed([&] { close(file); });
  struct stat status;
  std::string bytes;
  if (fstat(file, &status) || !S_ISREG(status.st_mode) || !notOurs(status).empty() || status.st_size < 64 ||
      !readAll(file, bytes, size_t(status.st_size)))
    return std::nullopt;
  llvm::StringRef all(bytes);
  if (all.take_front(64) != ObjectCache::key(all.drop_front(64)))
    return std::nullopt;
  return bytes.substr(64);
}

/// Removes what processes that died while they published have left behind: nobody writes a file for an hour.
static void removeDead(int folder) {
  int own = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *listing = own < 0 ? nullptr : fdopendir(own);
  if (!listing) {
    if (own >= 0)
      close(own);
    return;
  }
  constexpr time_t hour = 3600;
  while (dirent *entry = readdir(listing)) {
    struct stat status;
    if (llvm::StringRef(entry->d_name).ends_with(temporary) &&
        !fstatat(folder, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) && status.st_mtime + hour < std::time(nullptr))
      unlinkat(folder, entry->d_name, 0);
  }
  closedir(listing);
}

void ObjectCache::publish(const std::string &key, llvm::StringRef object) {
  if (descriptor < 0 && why.empty() && !folder.empty()) {
    create();
    open();
  }
  if (descriptor < 0)
    return;
  static std::once_flag once;
  std::call_once(once, [&] { removeDead(descriptor); });
  std::random_device random;
  std::string name;
  int file = -1;
  for (int attempt = 0; file < 0 && attempt < 8; ++attempt) {
    name = llvm::utohexstr(uint64_t(random()) << 32 | random()) + temporary.str();
    file = openat(descriptor, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (file < 0 && errno != EEXIST)
      return;
  }
  if (file < 0)
    return;
  bool fine = writeAll(file, ObjectCache::key(object)) && writeAll(file, object);
  fine &= close(file) == 0;
  if (!fine || renameat(descriptor, name.c_str(), descriptor, nameOf(key).c_str()))
    unlinkat(descriptor, name.c_str(), 0);
}
