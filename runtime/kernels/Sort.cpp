// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Sorting of rows: see weft_sort in weft_services.def.
//
// An element becomes an unsigned key in the same order, with its place below: all differ then, so whatever sorts them
// is stable. They are merged bottom up, from short runs that are sorted by insertion.
#include "../weft_runtime.h"
#include <string.h>

namespace {
/// Keys of 32 bits and the place in one word.
struct Narrow {
  using Key = uint32_t;
  uint64_t word;
  static Narrow of(Key key, int64_t at) { return {uint64_t(key) << 32 | uint64_t(at)}; }
  int64_t place() const { return int64_t(uint32_t(word)); }
  bool operator<(const Narrow &other) const { return word < other.word; }
};
struct Wide {
  using Key = uint64_t;
  uint64_t key, at;
  static Wide of(Key key, int64_t at) { return {key, uint64_t(at)}; }
  int64_t place() const { return int64_t(at); }
  bool operator<(const Wide &other) const { return key != other.key ? key < other.key : at < other.at; }
};

/// Signed integers in the order of unsigned ones.
template <class Signed, class Unsigned> struct Whole {
  using Element = Signed;
  static Unsigned key(Signed v) { return Unsigned(v) ^ Unsigned(1) << (8 * sizeof(Unsigned) - 1); }
  static bool isNan(Signed) { return false; }
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
};

constexpr int64_t shortest = 8; // runs that are sorted by insertion

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

int64_t atMost(int64_t a, int64_t b) { return a < b ? a : b; }

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

template <class Item, class Kind>
void sortRows(const void *data, void *values, int32_t *indices, bool descending, int64_t count, int64_t inner,
              void *workspace, int64_t begin, int64_t end) {
  using Element = typename Kind::Element;
  using Key = typename Item::Key;
  Item *items = static_cast<Item *>(workspace);
  for (int64_t unit = begin; unit < end; ++unit) {
    const int64_t start = unit / inner * count * inner + unit % inner;
    const Element *x = static_cast<const Element *>(data) + start;
    for (int64_t i = 0; i < count; ++i) {
      const Element v = x[i * inner];
      const Key key = Kind::key(v);
      items[i] = Item::of(Kind::isNan(v) ? Key(-1) : descending ? Key(~key) : key, i);
    }
    const Item *sorted = sortItems(items, items + count, count);
    if (values)
      for (int64_t i = 0; i < count; ++i)
        static_cast<Element *>(values)[start + i * inner] = x[sorted[i].place() * inner];
    if (indices)
      for (int64_t i = 0; i < count; ++i)
        indices[start + i * inner] = int32_t(sorted[i].place());
  }
}
} // namespace

extern "C" int32_t weft_sort(const void *x, int32_t x_dtype, void *values, int32_t values_dtype, void *indices,
                             int32_t indices_dtype, int64_t descending, int64_t count, int64_t inner, void *workspace,
                             int64_t begin, int64_t end) {
  if (values_dtype != x_dtype || indices_dtype != WEFT_I32 || count > INT32_MAX)
    return WEFT_INVALID_ARGUMENT;
  auto sort = sortRows<Narrow, Whole<int32_t, uint32_t>>;
  switch (x_dtype) {
  case WEFT_I1:
  case WEFT_I8: sort = sortRows<Narrow, Whole<int8_t, uint32_t>>; break;
  case WEFT_I32: break;
  case WEFT_I64: sort = sortRows<Wide, Whole<int64_t, uint64_t>>; break;
  case WEFT_F16: sort = sortRows<Narrow, Real<uint16_t, 0x7c00>>; break;
  case WEFT_BF16: sort = sortRows<Narrow, Real<uint16_t, 0x7f80>>; break;
  case WEFT_F32: sort = sortRows<Narrow, Real<uint32_t, 0x7f800000>>; break;
  case WEFT_F64: sort = sortRows<Wide, Real<uint64_t, 0x7ff0000000000000>>; break;
  default: return WEFT_INVALID_ARGUMENT;
  }
  sort(x, values, static_cast<int32_t *>(indices), descending != 0, count, inner, workspace, begin, end);
  return WEFT_OK;
}
