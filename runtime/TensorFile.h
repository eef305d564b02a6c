// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What readers and writers of safetensors share.
#ifndef WEFT_RUNTIME_TENSORFILE_H
#define WEFT_RUNTIME_TENSORFILE_H
#include "Message.h"
#include "weft.h"

namespace weft::rt {

// The words of the format for types: size in bits, and the weft_dtype that has the same elements, or -1.
struct StoredType {
  const char *name;
  int32_t bytes, dtype;
};
constexpr StoredType storedTypes[] = {
    {"BOOL", 1, WEFT_I1},   {"I8", 1, WEFT_I8},   {"I32", 4, WEFT_I32}, {"I64", 8, WEFT_I64}, {"F16", 2, WEFT_F16},
    {"BF16", 2, WEFT_BF16}, {"F32", 4, WEFT_F32}, {"F64", 8, WEFT_F64}, {"C64", 8, WEFT_C64}, {"U8", 1, -1},
    {"I16", 2, -1},         {"U16", 2, -1},       {"U32", 4, -1},       {"U64", 8, -1},       {"F8_E5M2", 1, -1},
    {"F8_E4M3", 1, -1},     {"F8_E8M0", 1, -1}};

// The longest header that the format allows.
constexpr int64_t mostHeader = 100'000'000;
constexpr char metadataName[] = "__metadata__";

// Bytes of the first character, which is well-formed UTF-8; 0 if it is not.
int utf8Length(const char *text, const char *end);
// "path: what", with the system's reason where `code` is an errno.
weft_status fileError(weft_error *error, const char *path, const char *what, int code);

} // namespace weft::rt
#endif
