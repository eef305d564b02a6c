// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Reading of safetensors. The runtime has its own reader because code ahead of time reads weights without the C++
// library; the frontend uses the same one.
//
// A header is a JSON object of objects of strings and numbers: nothing nests deeper, so the reader below is no
// recursive one. It goes over the text twice: first to count arrays and dimensions, so that all memory is taken at once
// and follows from the length of the header, then to store them; names are decoded where they stand.
#include "TensorFile.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace weft::rt;

struct weft_tensors {
  int descriptor;
  char *path;
  char *header;
  weft_tensor_info *infos;
  int64_t *dims;
  int64_t count;
};

namespace weft::rt {

int utf8Length(const char *text, const char *end) {
  const unsigned char *p = reinterpret_cast<const unsigned char *>(text);
  const int length = *p < 0x80                 ? 1
                     : *p >= 0xc2 && *p < 0xe0 ? 2
                     : *p >= 0xe0 && *p < 0xf0 ? 3
                     : *p >= 0xf0 && *p < 0xf5 ? 4
                                               : 0;
  if (!length || end - text < length)
    return 0;
  for (int i = 1; i < length; ++i)
    if ((p[i] & 0xc0) != 0x80)
      return 0;
  // Longer than needed, halves of UTF-16, beyond the last character.
  if ((*p == 0xe0 && p[1] < 0xa0) || (*p == 0xed && p[1] >= 0xa0) || (*p == 0xf0 && p[1] < 0x90) ||
      (*p == 0xf4 && p[1] >= 0x90))
    return 0;
  return length;
}

weft_status fileError(weft_error *error, const char *path, const char *what, int code) {
  Message message(error, WEFT_FILE);
  message << path << ": " << what;
  if (code) {
    // The reentrant form that is the same in every libc.
    char text[256];
    text[0] = 0;
#if defined(__GLIBC__) && defined(_GNU_SOURCE)
    message << ": " << strerror_r(code, text, sizeof text);
#else
    strerror_r(code, text, sizeof text);
    message << ": " << text;
#endif
  }
  return message;
}

} // namespace weft::rt

namespace {

/// A header under way. Every function returns false after an error was written.
class Header {
public:
  Header(char *text, int64_t size, int64_t dataBytes, const char *path, weft_error *error)
      : begin(text), end(text + size), dataBytes(dataBytes), path(path), error(error) {}

  // infos and dims: null while they are counted.
  bool read(weft_tensor_info *infos, int64_t *dims);
  int64_t count = 0, ranks = 0;

private:
  bool fail(const char *what);
  void skip() {
    while (at < end && (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r'))
      ++at;
  }
  bool take(char c) {
    skip();
    if (at >= end || *at != c)
      return false;
    ++at;
    return true;
  }
  bool expect(char c) {
    static char what[] = "expected '?'";
    if (take(c))
      return true;
    char text[sizeof what];
    memcpy(text, what, sizeof what);
    *strchr(text, '?') = c;
    return fail(text);
  }
  // A string; `decoded` is where its characters stand, ended by 0, or null while counting.
  bool string(char **decoded, bool *isMetadata = nullptr);
  bool escape(uint32_t &character);
  bool hex(uint32_t &value);
  bool number(int64_t &value);
  bool metadata();
  bool entry(weft_tensor_info *info);
  bool shape(weft_tensor_info *info, int64_t &elements, bool &overflows);

  char *begin, *end, *at = nullptr;
  int64_t dataBytes;
  const char *path;
  weft_error *error;
  bool storing = false;
  int64_t *dims = nullptr;
};

bool Header::fail(const char *what) {
  Message(error, WEFT_FILE) << path << ": no safetensors file: byte " << int64_t(at - begin) + 8 << ": " << what;
  return false;
}

bool Header::hex(uint32_t &value) {
  value = 0;
  for (int i = 0; i < 4; ++i) {
    const char c = at < end ? *at++ : 0;
    const int digit = c >= '0' && c <= '9'   ? c - '0'
                      : c >= 'a' && c <= 'f' ? c - 'a' + 10
                      : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                             : -1;
    if (digit < 0)
      return fail("expected four hexadecimal digits");
    value = value << 4 | uint32_t(digit);
  }
  return true;
}

bool Header::escape(uint32_t &character) {
  const char c = at < end ? *at++ : 0;
  switch (c) {
  case '"':
  case '\\':
  case '/': character = uint32_t(c); return true;
  case 'b': character = '\b'; return true;
  case 'f': character = '\f'; return true;
  case 'n': character = '\n'; return true;
  case 'r': character = '\r'; return true;
  case 't': character = '\t'; return true;
  case 'u': break;
  default: return fail("a string has an escape that JSON does not know");
  }
  if (!hex(character))
    return false;
  if (character >= 0xd800 && character < 0xdc00) {
    uint32_t low;
    if (end - at < 2 || at[0] != '\\' || at[1] != 'u')
      return fail("a string has half a character");
    at += 2;
    if (!hex(low))
      return false;
    if (low < 0xdc00 || low >= 0xe000)
      return fail("a string has half a character");
    character = 0x10000 + ((character - 0xd800) << 10) + (low - 0xdc00);
  } else if (character >= 0xdc00 && character < 0xe000) {
    return fail("a string has half a character");
  }
  return character != 0 || fail("a string has a character 0");
}

bool Header::string(char **decoded, bool *isMetadata) {
  if (!expect('"'))
    return false;
  char *const first = at;
  char *out = at; // never passes `at`: what is decoded is no longer than its escape
  const auto put = [&](char c) {
    if (storing)
      *out = c;
    ++out;
  };
  int64_t same = 0; // characters that are those of metadataName so far, -1 after one that is not
  const auto compare = [&](char c) { same = same >= 0 && metadataName[same] == c ? same + 1 : -1; };
  while (at < end && *at != '"') {
    if (static_cast<unsigned char>(*at) < 0x20)
      return fail("a string has a control character");
    if (*at == '\\') {
      ++at;
      uint32_t c;
      if (!escape(c))
        return false;
      compare(c < 0x80 ? char(c) : char(0x7f));
      if (c < 0x80) {
        put(char(c));
      } else if (c < 0x800) {
        put(char(0xc0 | c >> 6)), put(char(0x80 | (c & 0x3f)));
      } else if (c < 0x10000) {
        put(char(0xe0 | c >> 12)), put(char(0x80 | (c >> 6 & 0x3f))), put(char(0x80 | (c & 0x3f)));
      } else {
        put(char(0xf0 | c >> 18)), put(char(0x80 | (c >> 12 & 0x3f))), put(char(0x80 | (c >> 6 & 0x3f))),
            put(char(0x80 | (c & 0x3f)));
      }
      continue;
    }
    const int length = utf8Length(at, end);
    if (!length)
      return fail("a string is no UTF-8");
    compare(*at);
    for (int i = 0; i < length; ++i)
      put(*at++);
  }
  if (at >= end)
    return fail("a string does not end");
  ++at;
  if (isMetadata)
    *isMetadata = same >= 0 && !metadataName[same];
  if (storing)
    *out = 0;
  *decoded = first;
  return true;
}

bool Header::number(int64_t &value) {
  skip();
  if (at >= end || *at < '0' || *at > '9')
    return fail("expected a number without sign or fraction");
  const bool zero = *at == '0';
  value = 0;
  for (; at < end && *at >= '0' && *at <= '9'; ++at)
    if (__builtin_mul_overflow(value, int64_t(10), &value) || __builtin_add_overflow(value, int64_t(*at - '0'), &value))
      return fail("a number does not fit 64 bits");
  if (zero && value)
    return fail("a number begins with 0");
  return (at < end && (*at == '.' || *at == 'e' || *at == 'E')) ? fail("expected a number without sign or fraction")
                                                                : true;
}

bool Header::metadata() {
  if (!expect('{'))
    return false;
  if (take('}'))
    return true;
  do {
    char *text;
    if (!string(&text) || !expect(':') || !string(&text))
      return false;
  } while (take(','));
  return expect('}');
}

bool Header::shape(weft_tensor_info *info, int64_t &elements, bool &overflows) {
  if (!expect('['))
    return false;
  int32_t rank = 0;
  elements = 1;
  overflows = false;
  bool empty = false;
  int64_t *const first = dims;
  if (!take(']')) {
    do {
      int64_t size;
      if (!number(size))
        return false;
      if (rank == WEFT_MOST_RANK)
        return fail("an array has more than 32 dimensions");
      empty |= size == 0;
      overflows |= __builtin_mul_overflow(elements, size, &elements);
      ++rank;
      if (storing)
        *dims++ = size;
    } while (take(','));
    if (!expect(']'))
      return false;
  }
  if (empty)
    elements = 0, overflows = false;
  ranks += rank;
  if (storing)
    info->rank = rank, info->shape = first;
  return true;
}

bool Header::entry(weft_tensor_info *info) {
  if (!expect('{'))
    return false;
  const StoredType *type = nullptr;
  int64_t elements = 0, from = 0, to = 0;
  bool hasShape = false, hasPlace = false, overflows = false;
  do {
    // Keys and types are plain words: anything else is none of them.
    skip();
    const char *key = at;
    char *text;
    if (!string(&text))
      return false;
    const auto is = [&](const char *from, const char *word) {
      const size_t length = strlen(word);
      return size_t(at - from) == length + 2 && memcmp(from + 1, word, length) == 0;
    };
    const bool isType = is(key, "dtype"), isShape = is(key, "shape"), isPlace = is(key, "data_offsets");
    if (!expect(':'))
      return false;
    if (isType && !type) {
      skip();
      const char *word = at;
      if (!string(&text))
        return false;
      for (const StoredType &known : storedTypes)
        if (is(word, known.name))
          type = &known;
      if (!type)
        return fail("an array has a dtype that is not known");
    } else if (isShape && !hasShape) {
      hasShape = true;
      if (!shape(info, elements, overflows))
        return false;
    } else if (isPlace && !hasPlace) {
      hasPlace = true;
      if (!expect('[') || !number(from) || !expect(',') || !number(to) || !expect(']'))
        return false;
    } else {
      return fail(isType || isShape || isPlace ? "an array says the same thing twice"
                                               : "an array says something else than dtype, shape and data_offsets");
    }
  } while (take(','));
  if (!expect('}'))
    return false;
  if (!type || !hasShape || !hasPlace)
    return fail("an array lacks its dtype, its shape or its data_offsets");
  int64_t bytes;
  if (overflows || __builtin_mul_overflow(elements, int64_t(type->bytes), &bytes))
    return fail("the size of an array does not fit 64 bits");
  if (from > to || to > dataBytes)
    return fail("the data_offsets of an array are not in the file");
  if (to - from != bytes)
    return fail("the data_offsets of an array are not those of its shape");
  if (storing) {
    info->type = type->name;
    info->dtype = type->dtype;
    info->bytes = bytes;
    info->offset = from;
  }
  return true;
}

bool Header::read(weft_tensor_info *infos, int64_t *places) {
  at = begin;
  storing = infos != nullptr;
  dims = places;
  count = ranks = 0;
  bool seen = false;
  if (at < end && *at != '{')
    return fail("a header begins with {");
  if (!expect('{'))
    return false;
  if (!take('}')) {
    do {
      char *name;
      bool isMetadata;
      if (!string(&name, &isMetadata) || !expect(':'))
        return false;
      if (isMetadata) {
        if (seen)
          return fail("two arrays have one name");
        seen = true;
        if (!metadata())
          return false;
        continue;
      }
      weft_tensor_info *info = storing ? infos + count : nullptr;
      ++count;
      if (storing)
        info->name = name;
      if (!entry(info))
        return false;
    } while (take(','));
    if (!expect('}'))
      return false;
  }
  skip();
  return at == end || fail("something follows the header");
}

int byPlace(const void *a, const void *b) {
  const auto &x = *static_cast<const weft_tensor_info *>(a), &y = *static_cast<const weft_tensor_info *>(b);
  return x.offset != y.offset ? (x.offset < y.offset ? -1 : 1) : x.bytes != y.bytes ? (x.bytes < y.bytes ? -1 : 1) : 0;
}
int byName(const void *a, const void *b) {
  return strcmp(static_cast<const weft_tensor_info *>(a)->name, static_cast<const weft_tensor_info *>(b)->name);
}

// All of [at, at + bytes) of the file, or an errno; -1: the file ends before.
int readAll(int descriptor, void *to, int64_t bytes, int64_t at) {
  constexpr int64_t most = int64_t(1) << 30; // what one call can give is a little more
  char *out = static_cast<char *>(to);
  while (bytes > 0) {
    const ssize_t got = pread(descriptor, out, size_t(bytes < most ? bytes : most), at);
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      return errno;
    if (got == 0)
      return -1;
    out += got, at += got, bytes -= got;
  }
  return 0;
}

bool load(weft_tensors &file, weft_error *error) {
  const char *path = file.path;
  struct stat status;
  if (fstat(file.descriptor, &status))
    return fileError(error, path, "cannot be read", errno), false;
  if (!S_ISREG(status.st_mode))
    return fileError(error, path, "is no regular file", 0), false;
  const int64_t size = status.st_size;
  if (size < 8)
    return fileError(error, path, "no safetensors file: it is shorter than 8 bytes", 0), false;
  unsigned char length[8];
  const auto broken = [&](int code) {
    return code < 0 ? fileError(error, path, "became shorter while it was read", 0)
                    : fileError(error, path, "cannot be read", code);
  };
  if (int code = readAll(file.descriptor, length, 8, 0))
    return broken(code), false;
  uint64_t header = 0;
  for (int i = 7; i >= 0; --i)
    header = header << 8 | length[i];
  if (header > uint64_t(mostHeader) || int64_t(header) > size - 8) {
    Message(error, WEFT_FILE) << path << ": no safetensors file: it says that its header has "
                              << (header > uint64_t(INT64_MAX) ? INT64_MAX : int64_t(header))
                              << " bytes, which is more than "
                              << (int64_t(header) > size - 8 || header > uint64_t(INT64_MAX) ? "the file has"
                                                                                             : "the format allows");
    return false;
  }
  file.header = static_cast<char *>(malloc(size_t(header) + 1));
  const auto noMemory = [&] {
    Message(error, WEFT_OUT_OF_MEMORY) << path << ": no memory for its header of " << int64_t(header) << " bytes";
    return false;
  };
  if (!file.header)
    return noMemory();
  if (int code = readAll(file.descriptor, file.header, int64_t(header), 8))
    return broken(code), false;
  const int64_t data = size - 8 - int64_t(header);
  Header reader(file.header, int64_t(header), data, path, error);
  if (!reader.read(nullptr, nullptr))
    return false;
  file.infos = static_cast<weft_tensor_info *>(calloc(size_t(reader.count) + 1, sizeof(weft_tensor_info)));
  file.dims = static_cast<int64_t *>(calloc(size_t(reader.ranks) + 1, sizeof(int64_t)));
  if (!file.infos || !file.dims)
    return noMemory();
  if (!reader.read(file.infos, file.dims))
    return false;
  file.count = reader.count;

  qsort(file.infos, size_t(file.count), sizeof(weft_tensor_info), byPlace);
  int64_t place = 0;
  for (int64_t i = 0; i < file.count; ++i) {
    weft_tensor_info &info = file.infos[i];
    if (info.offset != place) {
      Message(error, WEFT_FILE) << path << ": no safetensors file: " << info.name
                                << (info.offset < place ? " overlaps another array" : " has a hole in front of it");
      return false;
    }
    place += info.bytes;
    info.offset += 8 + int64_t(header);
  }
  if (place != data) {
    Message(error, WEFT_FILE) << path << ": no safetensors file: " << data - place << " bytes behind the last array";
    return false;
  }
  qsort(file.infos, size_t(file.count), sizeof(weft_tensor_info), byName);
  for (int64_t i = 1; i < file.count; ++i)
    if (strcmp(file.infos[i - 1].name, file.infos[i].name) == 0) {
      Message(error, WEFT_FILE) << path << ": no safetensors file: two arrays are called " << file.infos[i].name;
      return false;
    }
  return true;
}

// Insertions, deletions and exchanges from one word to the other.
int distance(const char *a, size_t n, const char *b, size_t m) {
  constexpr size_t most = 128;
  if (n > most || m > most)
    return int(most);
  uint8_t row[most + 1];
  for (size_t j = 0; j <= m; ++j)
    row[j] = uint8_t(j);
  for (size_t i = 1; i <= n; ++i) {
    uint8_t diagonal = row[0];
    row[0] = uint8_t(i);
    for (size_t j = 1; j <= m; ++j) {
      const uint8_t above = row[j], exchanged = uint8_t(diagonal + (a[i - 1] != b[j - 1]));
      const uint8_t least = uint8_t((above < row[j - 1] ? above : row[j - 1]) + 1);
      row[j] = exchanged < least ? exchanged : least;
      diagonal = above;
    }
  }
  return row[m];
}

} // namespace

extern "C" weft_tensors *weft_tensors_open(const char *path, weft_error *error) {
  if (!path) {
    Message(error, WEFT_INVALID_ARGUMENT) << "weft_tensors_open: no path (a null pointer)";
    return nullptr;
  }
  // What is no file, as a pipe, must not make this wait.
  const int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) {
    fileError(error, path, "cannot be opened", errno);
    return nullptr;
  }
  weft_tensors *file = static_cast<weft_tensors *>(calloc(1, sizeof(weft_tensors)));
  if (file)
    file->path = strdup(path);
  if (!file || !file->path) {
    free(file);
    close(descriptor);
    Message(error, WEFT_OUT_OF_MEMORY) << path << ": no memory to open it";
    return nullptr;
  }
  file->descriptor = descriptor;
  if (!load(*file, error)) {
    weft_tensors_close(file);
    return nullptr;
  }
  success(error);
  return file;
}

extern "C" void weft_tensors_close(weft_tensors *file) {
  if (!file)
    return;
  close(file->descriptor);
  free(file->path);
  free(file->header);
  free(file->infos);
  free(file->dims);
  free(file);
}

extern "C" int64_t weft_tensors_count(const weft_tensors *file) { return file ? file->count : 0; }

extern "C" const weft_tensor_info *weft_tensors_info(const weft_tensors *file, int64_t index) {
  return file && index >= 0 && index < file->count ? file->infos + index : nullptr;
}

extern "C" int64_t weft_tensors_find(const weft_tensors *file, const char *name) {
  if (!file || !name)
    return -1;
  weft_tensor_info wanted{};
  wanted.name = name;
  const void *found = bsearch(&wanted, file->infos, size_t(file->count), sizeof(weft_tensor_info), byName);
  return found ? static_cast<const weft_tensor_info *>(found) - file->infos : -1;
}

extern "C" const char *weft_tensors_nearest(const weft_tensors *file, const char *name) {
  if (!file || !name)
    return nullptr;
  constexpr int64_t most = 4096; // names that are looked at: a message must not take seconds
  const size_t length = strlen(name);
  const char *nearest = nullptr;
  int least = int(length / 3 > 2 ? length / 3 : 2) + 1;
  for (int64_t i = 0; i < file->count && i < most; ++i) {
    const char *other = file->infos[i].name;
    const size_t size = strlen(other);
    // The same leaf of a tree that is held in another.
    const auto endsIn = [](const char *a, size_t n, const char *b, size_t m) {
      return n > m && m && a[n - m - 1] == '.' && memcmp(a + n - m, b, m) == 0;
    };
    const int far = endsIn(other, size, name, length) || endsIn(name, length, other, size)
                        ? 1
                        : distance(name, length, other, size);
    if (far < least)
      least = far, nearest = other;
  }
  return nearest;
}

extern "C" weft_status weft_tensors_read(const weft_tensors *file, int64_t index, void *data, weft_error *error) {
  const weft_tensor_info *info = weft_tensors_info(file, index);
  if (!info || (!data && info->bytes))
    return Message(error, WEFT_INVALID_ARGUMENT)
           << "weft_tensors_read: " << (info ? "no room for the array (a null pointer)" : "there is no such array");
  if (int code = readAll(file->descriptor, data, info->bytes, info->offset)) {
    if (code > 0)
      return fileError(error, file->path, "cannot be read", code);
    return fileError(error, file->path, "became shorter while it was read", 0);
  }
  if (info->dtype == WEFT_I1)
    for (int64_t i = 0; i < info->bytes; ++i)
      if (static_cast<unsigned char *>(data)[i] > 1)
        return Message(error, WEFT_FILE) << file->path << ": " << info->name << ": element " << i
                                         << " of a BOOL is neither 0 nor 1";
  return success(error);
}
