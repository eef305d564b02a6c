// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Statuses and their texts: the bounded writer of messages and the meaning of an error word.
#include "Message.h"
#include <string.h>

namespace weft::rt {

Message::Message(weft_error *error, weft_status status) : error(error), status(status) {
  if (!error)
    return;
  error->status = status;
  error->message[0] = 0;
}

Message &Message::append(const char *text, size_t size) {
  if (!error || full)
    return *this;
  constexpr size_t capacity = sizeof(error->message) - 1;
  if (size <= capacity - length) {
    memcpy(error->message + length, text, size);
    length += size;
    error->message[length] = 0;
    return *this;
  }
  full = true;
  memcpy(error->message + length, text, capacity - length);
  // Cut before a character of several bytes, not inside it.
  size_t cut = capacity - 3;
  while (cut > 0 && (static_cast<unsigned char>(error->message[cut]) & 0xc0) == 0x80)
    --cut;
  memcpy(error->message + cut, "...", 4);
  return *this;
}

Message &Message::operator<<(const char *text) { return text ? append(text, strlen(text)) : *this; }

Message &Message::operator<<(int64_t number) {
  char digits[24];
  char *end = digits + sizeof(digits), *begin = end;
  // Negating the most negative number overflows as int64_t; as uint64_t it is its magnitude.
  uint64_t rest = number < 0 ? 0 - static_cast<uint64_t>(number) : static_cast<uint64_t>(number);
  do {
    *--begin = static_cast<char>('0' + rest % 10);
    rest /= 10;
  } while (rest);
  if (number < 0)
    *--begin = '-';
  return append(begin, static_cast<size_t>(end - begin));
}

weft_status success(weft_error *error) { return Message(error, WEFT_OK); }

weft_status checkProgram(const weft_program *program, const char *caller, weft_error *error) {
  if (!program)
    return Message(error, WEFT_INVALID_ARGUMENT) << caller << ": no program (a null pointer)";
  if (program->abi_version != WEFT_ABI_VERSION)
    return Message(error, WEFT_INVALID_ARGUMENT)
           << caller << ": the program has ABI version " << int64_t(program->abi_version) << ", this runtime has "
           << int64_t(WEFT_ABI_VERSION);
  if (const uint64_t lacks = program->cpu_features & ~weft_cpu_features()) {
    Message message(error, WEFT_UNSUPPORTED);
    message << program->name << ": compiled for a processor with ";
    printCpuFeatures(message, lacks);
    return message << ", which this one lacks: compile it for this one";
  }
  return WEFT_OK;
}

weft_status describeErrorWord(const weft_program &program, uint64_t word, weft_error *error) {
  const uint32_t index = static_cast<uint32_t>(word >> 32), bits = static_cast<uint32_t>(word);
  const uint32_t known = program.num_messages > 0 ? static_cast<uint32_t>(program.num_messages) : 0;
  if (index >= known)
    return Message(error, WEFT_INTERNAL) << program.name << ": the error word names message " << int64_t(index)
                                         << ", the program has " << int64_t(known);
  const weft_message &entry = program.messages[index];
  const bool valid = entry.status > WEFT_OK && entry.status <= WEFT_INTERNAL;
  const weft_status status = valid ? static_cast<weft_status>(entry.status) : WEFT_INTERNAL;
  // Positions count from zero and may pass 2^31; an index may be negative.
  const int64_t detail = status == WEFT_NOT_FINITE ? int64_t(bits) : int64_t(static_cast<int32_t>(bits));

  Message message(error, status);
  const char *text = entry.text ? entry.text : "an error without a text";
  if (const char *hole = strstr(text, "%d")) {
    message.append(text, static_cast<size_t>(hole - text)) << detail << hole + 2;
    return message;
  }
  message << text;
  if (status == WEFT_OUT_OF_RANGE)
    message << ": index " << detail;
  else if (status == WEFT_NOT_FINITE)
    message << ": element " << detail;
  return message;
}

} // namespace weft::rt
