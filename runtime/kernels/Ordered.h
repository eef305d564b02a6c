// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The elements of a row as keys that order them: what sorting and selection share.
//
// An element becomes an unsigned key in the same order, with its place below: all items differ then, so whatever puts
// them in order is stable.
#pragma once
#include "../weft_runtime.h"
#include <string.h>

namespace weft::ordered {
/// Keys of 32 bits and the place in one word.
struct Narrow {
  using Key = uint32_t;
  uint64_t word = 0;
  static Narrow of(Key key, int64_t at) { return {uint64_t(key) << 32 | uint64_t(at)}; }
  Key order() const { return Key(word >> 32); }
  int64_t place() const { return int64_t(uint32_t(word)); }
  bool operator<(const Narrow &other) const { return word < other.word; }
};
struct Wide {
  using Key = uint64_t;
  uint64_t key = 0, at = 0;
  static Wide of(Key key, int64_t at) { return {key, uint64_t(at)}; }
  Key order() const { return key; }
  int64_t place() const { return int64_t(at); }
  bool operator<(const Wide &other) const { return key != other.key ? key < other.key : at < other.at; }
};

/// Signed integers in the order of unsigned ones.
template <class Signed, class Unsigned> struct Whole {
  using Element = Signed;
  static Unsigned key(Signed v) { return Unsigned(v) ^ Unsigned(1) << (8 * sizeof(Unsigned) - 1); }
  static bool isNan(Signed) { return false; }
  /// Whether v may stand before another one in descending order, NaN first: quick to ask of many.
  static bool mayBeAbove(Signed v, Signed other) { return v > other; }
};
/// Floats by their bits: negative ones run the other way, and -0 is 0.
template <class Bits, Bits infinity> struct Real {
  using Element = Bits;
  static constexpr Bits sign = Bits(Bits(1) << (8 * sizeof(Bits) - 1));
  static Bits key(Bits v) {
    if (v == sign)
      v = 0;
    return v & sign ? Bits(~v) : Bits(v | sign);
  }
  static bool isNan(Bits v) { return Bits(v & ~sign) > infinity; }
  static bool mayBeAbove(Bits v, Bits other) {
    if constexpr (sizeof(Bits) == 4)
      return !(__builtin_bit_cast(float, v) <= __builtin_bit_cast(float, other));
    else if constexpr (sizeof(Bits) == 8)
      return !(__builtin_bit_cast(double, v) <= __builtin_bit_cast(double, other));
    else
      return isNan(v) || key(v) > key(other);
  }
};

inline constexpr int64_t shortest = 8; // runs that are sorted by insertion

template <class Item> void sortByInsertion(Item *items, int64_t count) {
  for (int64_t i = 1; i < count; ++i) {
    const Item item = items[i];
    int64_t j = i;
    for (; j > 0 && item < items[j - 1]; --j)
      items[j] = items[j - 1];
    items[j] = item;
  }
}

template <class Item> void merge(const Item *a, int64_t countA, const Item *b, int64_t countB, Item *to) {
  int64_t i = 0, j = 0;
  while (i < countA && j < countB) {
    const bool second = b[j] < a[i];
    *to++ = second ? b[j] : a[i];
    i += !second;
    j += second;
  }
  memcpy(to, a + i, size_t(countA - i) * sizeof(Item));
  memcpy(to + (countA - i), b + j, size_t(countB - j) * sizeof(Item));
}

inline int64_t atMost(int64_t a, int64_t b) { return a < b ? a : b; }

/// The sorted items: in one of the two.
template <class Item> Item *sortItems(Item *items, Item *other, int64_t count) {
  for (int64_t from = 0; from < count; from += shortest)
    sortByInsertion(items + from, atMost(shortest, count - from));
  for (int64_t run = shortest; run < count; run *= 2) {
    for (int64_t from = 0; from < count; from += 2 * run) {
      const int64_t first = atMost(run, count - from), second = atMost(run, count - from - first);
      merge(items + from, first, items + from + first, second, other + from);
    }
    Item *sorted = other;
    other = items;
    items = sorted;
  }
  return items;
}

/// Calls f with the item and the kind that order elements of a type; a status if no order is known.
template <class F> int32_t withOrderOf(int32_t dtype, F f) {
  switch (dtype) {
  case WEFT_I1:
  case WEFT_I8: f(Narrow(), Whole<int8_t, uint32_t>()); break;
  case WEFT_I32: f(Narrow(), Whole<int32_t, uint32_t>()); break;
  case WEFT_I64: f(Wide(), Whole<int64_t, uint64_t>()); break;
  case WEFT_F16: f(Narrow(), Real<uint16_t, 0x7c00>()); break;
  case WEFT_BF16: f(Narrow(), Real<uint16_t, 0x7f80>()); break;
  case WEFT_F32: f(Narrow(), Real<uint32_t, 0x7f800000>()); break;
  case WEFT_F64: f(Wide(), Real<uint64_t, 0x7ff0000000000000>()); break;
  default: return WEFT_INVALID_ARGUMENT;
  }
  return WEFT_OK;
}
} // namespace weft::ordered
