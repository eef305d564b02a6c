// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Writing of safetensors, so that a reader finds the old file or the whole new one, whenever the process ends.
//
// The new file is written beside the old one under one fixed name, path.tmp, and renamed when it is on the disk. The
// name is fixed so that a killed process leaves one file, which the next save takes over; a lock says whether somebody
// is still at it. The lock belongs to the file and not to its name: who gets it looks whether the name still means that
// file, for another process may have renamed it meanwhile.
#include "TensorFile.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace weft::rt;

namespace {

/// Text that grows; `lost` once there was no memory.
struct Text {
  char *data = nullptr;
  size_t size = 0, room = 0;
  bool lost = false;
  ~Text() { free(data); }
  void add(const char *bytes, size_t count) {
    if (lost)
      return;
    if (room - size < count) {
      const size_t more = (size + count) * 2 + 256;
      char *grown = static_cast<char *>(realloc(data, more));
      if (!grown) {
        lost = true;
        return;
      }
      data = grown;
      room = more;
    }
    memcpy(data + size, bytes, count);
    size += count;
  }
  void add(const char *text) { add(text, strlen(text)); }
  void add(int64_t number) {
    char digits[24];
    add(digits, size_t(snprintf(digits, sizeof digits, "%lld", static_cast<long long>(number))));
  }
  void string(const char *text) {
    add("\"");
    for (const char *p = text; *p; ++p) {
      const unsigned char c = static_cast<unsigned char>(*p);
      char escaped[8];
      if (c == '"' || c == '\\')
        add("\\", 1), add(p, 1);
      else if (c < 0x20)
        add(escaped, size_t(snprintf(escaped, sizeof escaped, "\\u%04x", c)));
      else
        add(p, 1);
    }
    add("\"");
  }
};

/// An array with its type as the file has it.
struct Item {
  const weft_named_array *named;
  const char *type;
  int64_t element, bytes;
  bool parts; // of complex numbers, as a last dimension
};

// Large elements first, so that each array lies where its elements may; then by name, so that the same tree gives the
// same file.
int inFile(const void *a, const void *b) {
  const auto &x = *static_cast<const Item *>(a), &y = *static_cast<const Item *>(b);
  return x.element != y.element ? (x.element > y.element ? -1 : 1) : strcmp(x.named->name, y.named->name);
}
int byName(const void *a, const void *b) {
  return strcmp((*static_cast<const Item *const *>(a))->named->name,
                (*static_cast<const Item *const *>(b))->named->name);
}

/// What goes into the file, checked.
struct Items {
  Item *items = nullptr;
  const Item **names = nullptr;
  ~Items() {
    free(items);
    free(names);
  }
  weft_status fill(const weft_named_array *arrays, int64_t count, weft_error *error);
  bool describe(int64_t count, Text &header) const;
};

weft_status Items::fill(const weft_named_array *arrays, int64_t count, weft_error *error) {
  if (count < 0 || (count && !arrays))
    return Message(error, WEFT_INVALID_ARGUMENT) << "weft_tensors_save: no arrays (a null pointer)";
  items = static_cast<Item *>(calloc(size_t(count) + 1, sizeof(Item)));
  names = static_cast<const Item **>(calloc(size_t(count) + 1, sizeof(Item *)));
  if (!items || !names)
    return Message(error, WEFT_OUT_OF_MEMORY) << "weft_tensors_save: no memory for " << count << " names";
  int64_t all = 0;
  for (int64_t i = 0; i < count; ++i) {
    const weft_named_array &named = arrays[i];
    const weft_array &array = named.array;
    const auto wrong = [&](const char *what) -> weft_status {
      return Message(error, WEFT_INVALID_ARGUMENT)
             << "weft_tensors_save: " << (named.name ? named.name : "an array without a name") << ": " << what;
    };
    if (!named.name)
      return wrong("every array has a name");
    const char *end = named.name + strlen(named.name);
    for (const char *p = named.name; p < end; p += utf8Length(p, end))
      if (!utf8Length(p, end))
        return wrong("the name is no UTF-8");
    if (strcmp(named.name, metadataName) == 0)
      return wrong("this name has a meaning of its own in the file");
    if (!weft_dtype_size(array.dtype))
      return wrong("there is no such dtype");
    const bool parts = array.dtype == WEFT_C128;
    if (array.rank < 0 || array.rank + parts > WEFT_MOST_RANK)
      return wrong("an array in a file has at most 32 dimensions");
    if (array.rank && !array.shape)
      return wrong("it has no shape (a null pointer)");
    const int64_t bytes = weft_array_bytes(array.dtype, array.shape, array.rank);
    if (bytes < 0 || __builtin_add_overflow(all, bytes, &all))
      return wrong("its size is negative, or more bytes than 64 bits count");
    if (bytes && !array.data)
      return wrong("it has no data (a null pointer)");
    const int32_t dtype = parts ? int32_t(WEFT_F64) : array.dtype;
    for (const StoredType &type : storedTypes)
      if (type.dtype == dtype)
        items[i] = {&named, type.name, type.bytes, bytes, parts};
    names[i] = items + i;
  }
  qsort(names, size_t(count), sizeof(names[0]), byName);
  for (int64_t i = 1; i < count; ++i)
    if (strcmp(names[i - 1]->named->name, names[i]->named->name) == 0)
      return Message(error, WEFT_INVALID_ARGUMENT)
             << "weft_tensors_save: two arrays are called " << names[i]->named->name;
  qsort(items, size_t(count), sizeof(items[0]), inFile);
  return WEFT_OK;
}

bool Items::describe(int64_t count, Text &header) const {
  header.add("{");
  int64_t place = 0;
  for (int64_t i = 0; i < count; ++i) {
    const weft_array &array = items[i].named->array;
    header.add(i ? "," : "");
    header.string(items[i].named->name);
    header.add(":{\"dtype\":\"");
    header.add(items[i].type);
    header.add("\",\"shape\":[");
    for (int32_t axis = 0; axis < array.rank; ++axis) {
      header.add(axis ? "," : "");
      header.add(array.shape[axis]);
    }
    if (items[i].parts)
      header.add(array.rank ? ",2" : "2");
    header.add("],\"data_offsets\":[");
    header.add(place);
    header.add(",");
    header.add(place += items[i].bytes);
    header.add("]}");
  }
  header.add("}");
  while (header.size % 8 && !header.lost)
    header.add(" ");
  return !header.lost;
}

// All bytes, or an errno.
int writeAll(int descriptor, const void *from, int64_t bytes) {
  constexpr int64_t most = int64_t(1) << 30;
  const char *at = static_cast<const char *>(from);
  while (bytes > 0) {
    const ssize_t written = write(descriptor, at, size_t(bytes < most ? bytes : most));
    if (written < 0 && errno == EINTR)
      continue;
    if (written < 0)
      return errno;
    if (written == 0)
      return ENOSPC;
    at += written, bytes -= written;
  }
  return 0;
}

/// The temporary file: locked, empty and ours, or an error.
class Temporary {
public:
  Temporary(const char *path, const char *temporary) : path(path), name(temporary) {}
  ~Temporary() {
    if (descriptor < 0)
      return;
    if (exists)
      unlink(name); // before the lock is gone
    close(descriptor);
  }
  weft_status take(weft_error *error);
  weft_status publish(weft_error *error);
  int descriptor = -1;

private:
  const char *path, *name;
  bool exists = false;
};

weft_status Temporary::take(weft_error *error) {
  for (int tries = 0; tries < 100; ++tries) {
    descriptor = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0666);
    if (descriptor < 0)
      return fileError(error, name, "cannot be written", errno);
    if (flock(descriptor, LOCK_EX | LOCK_NB)) {
      const int code = errno;
      if (code == EWOULDBLOCK)
        return fileError(error, path, "another process or thread is saving to it", 0);
      return fileError(error, name, "cannot be locked", code);
    }
    struct stat held, named;
    if (fstat(descriptor, &held))
      return fileError(error, name, "cannot be read", errno);
    if (lstat(name, &named) == 0 && held.st_ino == named.st_ino && held.st_dev == named.st_dev) {
      // Somebody else's file, or one with another name, is not written.
      if (!S_ISREG(held.st_mode) || held.st_uid != geteuid() || held.st_nlink != 1)
        return fileError(error, name, "is in the way: it is no file that a save of this user left", 0);
      exists = true;
      if (ftruncate(descriptor, 0))
        return fileError(error, name, "cannot be written", errno);
      // As the file that it replaces.
      if (stat(path, &named) == 0 && (named.st_mode & 07777) != (held.st_mode & 07777))
        (void)!fchmod(descriptor, named.st_mode & 0777);
      return WEFT_OK;
    }
    // It has been renamed since it was opened: it is the other's result now.
    close(descriptor);
    descriptor = -1;
  }
  return fileError(error, path, "another process or thread is saving to it", 0);
}

weft_status Temporary::publish(weft_error *error) {
  if (fsync(descriptor))
    return fileError(error, name, "cannot be brought to the disk", errno);
  if (rename(name, path))
    return fileError(error, path, "cannot be replaced", errno);
  exists = false;
  // The name is on the disk when the folder is. Some file systems have no such thing for folders.
  char *folder = strdup(path);
  if (!folder)
    return Message(error, WEFT_OUT_OF_MEMORY) << path << ": saved, but no memory to bring its folder to the disk";
  if (char *slash = strrchr(folder, '/'))
    slash[slash == folder] = 0;
  else
    strcpy(folder, *folder ? "." : "");
  int code = 0;
  const int opened = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (opened < 0 || fsync(opened))
    code = errno;
  if (opened >= 0)
    close(opened);
  free(folder);
  if (code && code != EINVAL && code != ENOTSUP && code != EROFS && code != EACCES)
    return fileError(error, path, "saved, but its folder cannot be brought to the disk", code);
  return WEFT_OK;
}

} // namespace

extern "C" weft_status weft_tensors_save(const char *path, const weft_named_array *arrays, int64_t count,
                                         weft_error *error) {
  if (!path || !*path)
    return Message(error, WEFT_INVALID_ARGUMENT) << "weft_tensors_save: no path";
  Items items;
  if (weft_status status = items.fill(arrays, count, error))
    return status;
  Text header;
  if (!items.describe(count, header))
    return Message(error, WEFT_OUT_OF_MEMORY) << path << ": no memory for the names of its arrays";
  if (header.size > size_t(mostHeader))
    return Message(error, WEFT_INVALID_ARGUMENT) << path << ": its header would have " << int64_t(header.size)
                                                 << " bytes, which is more than the format allows";
  // Behind a link it is the file that is replaced, not the link.
  struct Freed {
    char *text;
    ~Freed() { free(text); }
  } real{realpath(path, nullptr)}, temporary{nullptr};
  const char *target = real.text ? real.text : path;
  struct stat there;
  if (stat(target, &there) == 0 && !S_ISREG(there.st_mode))
    return fileError(error, path, "is no regular file", 0);
  const size_t length = strlen(target);
  temporary.text = static_cast<char *>(malloc(length + 5));
  if (!temporary.text)
    return Message(error, WEFT_OUT_OF_MEMORY) << path << ": no memory to save it";
  memcpy(temporary.text, target, length);
  memcpy(temporary.text + length, ".tmp", 5);

  Temporary file(target, temporary.text);
  if (weft_status status = file.take(error))
    return status;
  unsigned char size[8];
  for (int i = 0; i < 8; ++i)
    size[i] = static_cast<unsigned char>(header.size >> 8 * i);
  int code = writeAll(file.descriptor, size, 8);
  if (!code)
    code = writeAll(file.descriptor, header.data, int64_t(header.size));
  for (int64_t i = 0; i < count && !code; ++i)
    code = writeAll(file.descriptor, items.items[i].named->array.data, items.items[i].bytes);
  if (code)
    return fileError(error, temporary.text, "cannot be written", code);
  if (weft_status status = file.publish(error))
    return status;
  return success(error);
}
