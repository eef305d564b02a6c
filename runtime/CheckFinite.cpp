// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// weft_check_finite: where the first NaN or infinity of an array is.
#include "Instance.h"

namespace {

// The exponent's bits, all ones in a NaN or an infinity. Integers have none.
struct Format {
  int32_t width; // bytes of one real number
  int32_t reals; // of one element
  uint64_t exponent;
};

Format formatOf(int32_t dtype) {
  switch (dtype) {
  case WEFT_F16: return {2, 1, 0x7c00};
  case WEFT_BF16: return {2, 1, 0x7f80};
  case WEFT_F32: return {4, 1, 0x7f800000};
  case WEFT_C64: return {4, 2, 0x7f800000};
  case WEFT_F64: return {8, 1, 0x7ff0000000000000};
  case WEFT_C128: return {8, 2, 0x7ff0000000000000};
  default: return {0, 0, 0};
  }
}

// Position of the first, or `end`. Blocks without a branch inside are vectorised; a clean array is read at the speed of
// memory.
template <typename Word> int64_t findBad(const void *data, int64_t begin, int64_t end, uint64_t exponentBits) {
  typedef Word __attribute__((may_alias)) Bits;
  const Bits *bits = static_cast<const Bits *>(data);
  const Word exponent = static_cast<Word>(exponentBits);
  constexpr int64_t block = 1024;
  for (int64_t first = begin; first < end; first += block) {
    const int64_t last = end - first < block ? end : first + block;
    Word bad = 0;
    for (int64_t i = first; i < last; ++i)
      bad |= static_cast<Word>((bits[i] & exponent) == exponent);
    if (!bad)
      continue;
    for (int64_t i = first; i < last; ++i)
      if ((bits[i] & exponent) == exponent)
        return i;
  }
  return end;
}

struct Frame {
  uint64_t *errorWord;
  const void *data;
  Format format;
  uint64_t message; // in its place, the upper half
};

void lower(uint64_t *word, uint64_t value) {
  uint64_t old = __atomic_load_n(word, __ATOMIC_RELAXED);
  while (value < old && !__atomic_compare_exchange_n(word, &old, value, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
  }
}

void checkPiece(void *argument, int64_t begin, int64_t end) {
  const Frame &frame = *static_cast<const Frame *>(argument);
  int64_t bad = end;
  switch (frame.format.width) {
  case 2: bad = findBad<uint16_t>(frame.data, begin, end, frame.format.exponent); break;
  case 4: bad = findBad<uint32_t>(frame.data, begin, end, frame.format.exponent); break;
  case 8: bad = findBad<uint64_t>(frame.data, begin, end, frame.format.exponent); break;
  }
  if (bad == end)
    return;
  // Half a word is the room there is; a position that does not fit says at least that it is far.
  const uint64_t element = static_cast<uint64_t>(bad / frame.format.reals);
  lower(frame.errorWord, frame.message | (element < UINT32_MAX ? element : UINT32_MAX));
}

} // namespace

extern "C" void weft_check_finite(weft_context *context, const void *data, int64_t count, int32_t dtype,
                                  int32_t message) {
  const Format format = formatOf(dtype);
  if (!format.width || count <= 0)
    return;
  Frame frame = {&context->error_word, data, format, uint64_t(uint32_t(message)) << 32};
  weft_parallel_for(context, checkPiece, &frame, count * format.reals, 1 << 16);
}
