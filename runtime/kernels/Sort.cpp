// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Sorting of rows: see weft_sort in weft_services.def. Items of short rows are merged bottom up, from runs that are
// sorted by insertion; those of long ones go to the places that the digits of their keys name, the last digit first.
#include "Ordered.h"

using namespace weft::ordered;

namespace {
constexpr int64_t fewest = 1024; // items for which counting digits is worth it
constexpr int digitBits = 11, digits = 1 << digitBits;

/// Items that stand in the order of their places, by their keys; the sorted items are in one of the two.
template <class Item> Item *sortByDigits(Item *items, Item *other, int64_t count) {
  using Key = typename Item::Key;
  constexpr int passes = (8 * sizeof(Key) + digitBits - 1) / digitBits;
  uint32_t from[passes][digits] = {}; // how many have a digit, then where the next of them goes
  const auto digit = [](const Item &item, int pass) { return size_t(item.order() >> pass * digitBits) % digits; };
  for (int64_t i = 0; i < count; ++i)
    for (int pass = 0; pass < passes; ++pass)
      ++from[pass][digit(items[i], pass)];
  for (int pass = 0; pass < passes; ++pass) {
    if (from[pass][digit(items[0], pass)] == count) // all have the same
      continue;
    uint32_t sum = 0;
    for (uint32_t &place : from[pass]) {
      const uint32_t here = place;
      place = sum;
      sum += here;
    }
    for (int64_t i = 0; i < count; ++i)
      other[from[pass][digit(items[i], pass)]++] = items[i];
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
    const Item *sorted =
        count < fewest ? sortItems(items, items + count, count) : sortByDigits(items, items + count, count);
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
  return withOrderOf(x_dtype, [&](auto item, auto kind) {
    sortRows<decltype(item), decltype(kind)>(x, values, static_cast<int32_t *>(indices), descending != 0, count, inner,
                                             workspace, begin, end);
  });
}
