// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The text of one weft_error, written piece by piece. It cannot overflow: what does not fit is cut and the cut is shown
// as "...". No text is ever used as a format string, so names and messages of a program may hold anything.
#ifndef WEFT_RUNTIME_MESSAGE_H
#define WEFT_RUNTIME_MESSAGE_H
#include "weft_runtime.h"

namespace weft::rt {

class Message {
public:
  // A caller may pass no weft_error; then only the status is reported.
  Message(weft_error *error, weft_status status);
  Message &operator<<(const char *text);
  Message &operator<<(int64_t number);
  // Its own overload: the conversion to weft_status would make the built-in shift a candidate for an int.
  Message &operator<<(int32_t number) { return *this << int64_t(number); }
  Message &append(const char *text, size_t length);
  // So that `return Message(error, WEFT_X) << ...;` reads as what it is.
  operator weft_status() const { return status; }

private:
  weft_error *error;
  weft_status status;
  size_t length = 0;
  bool full = false;
};

weft_status success(weft_error *error);

// Turns an error word that is not WEFT_NO_ERROR into the program's own message.
weft_status describeErrorWord(const weft_program &program, uint64_t word, weft_error *error);

// Writes names of instruction sets: "avx2, fma".
void printCpuFeatures(Message &message, uint64_t bits);

// Refuses a descriptor of another ABI, of which nothing but abi_version may be read, and code for another processor.
weft_status checkProgram(const weft_program *program, const char *caller, weft_error *error);

} // namespace weft::rt
#endif
