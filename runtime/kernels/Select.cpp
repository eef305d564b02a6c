// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The k largest elements of rows, and which they are: see weft_top_k and weft_top_k_mask in weft_services.def.
//
// A row is read once. What may be among its k largest goes into a buffer that has room for more than twice as many;
// when it is full, the k largest of it stay, and the least of them is the bar that later elements have to pass.
// Elements are compared with the bar many at a time, so of a long row nearly all are only read. Whatever the order of
// the elements, the buffer is full once for at least k of them, so the work is linear in the row.
//
// A few largest are kept in order instead, and an element that passes the bar is put in its place among them.
#include "Ordered.h"

using namespace weft::ordered;

namespace {
/// An element in descending order: NaN first, then the largest; of equal ones the first.
template <class Item, class Kind> Item itemOf(typename Kind::Element v, int64_t at) {
  using Key = typename Item::Key;
  return Item::of(Kind::isNan(v) ? Key(0) : Key(~Kind::key(v)), at);
}
template <class Item> void swap(Item &a, Item &b) {
  const Item c = a;
  a = b;
  b = c;
}
template <class Item> Item median(const Item &a, const Item &b, const Item &c) {
  if (a < b)
    return b < c ? b : a < c ? c : a;
  return a < c ? a : b < c ? c : b;
}

/// The `keep` least of the items come to the front, in any order. Quickselect; where its halves stay uneven, a sort.
template <class Item> void selectItems(Item *items, Item *other, int64_t count, int64_t keep) {
  int64_t from = 0, to = count; // the border of the least ones lies in here
  for (int64_t tries = 2 * (64 - __builtin_clzll(uint64_t(count) | 1)); keep > from && keep < to; --tries) {
    if (to - from <= 2 * shortest || tries == 0) {
      const Item *sorted = sortItems(items + from, other, to - from);
      if (sorted != items + from)
        memcpy(items + from, sorted, size_t(to - from) * sizeof(Item));
      return;
    }
    // All items differ, so both sides of the partition have fewer of them.
    const Item pivot = median(items[from], items[from + (to - from) / 2], items[to - 1]);
    int64_t i = from, j = to - 1;
    while (i <= j) {
      while (items[i] < pivot)
        ++i;
      while (pivot < items[j])
        --j;
      if (i <= j)
        swap(items[i++], items[j--]);
    }
    // [from, j] <= pivot <= [i, to), and what is between them is the pivot.
    if (keep <= j + 1)
      to = j + 1;
    else if (keep >= i)
      from = i;
    else
      return;
  }
}

constexpr int64_t block = 64;      // elements that are compared with the bar at once
constexpr int64_t shortBlock = 16; // the same, where the bar rises with each element that passes
constexpr int64_t few = 16;        // so many items are kept in order: putting one in its place moves them

/// The first i' >= i at which a block of elements begins of which one may be above the bar, or that is no whole block.
template <int64_t size, class Kind>
int64_t skipBelow(const typename Kind::Element *x, int64_t i, int64_t count, typename Kind::Element bar) {
  for (; i + size <= count; i += size) {
    unsigned any = 0;
    for (int64_t n = 0; n < size; ++n)
      any |= unsigned(Kind::mayBeAbove(x[i + n], bar));
    if (any)
      break;
  }
  return i;
}

/// The k largest of a row in order, of k <= few.
template <class Item, class Kind>
void keepLargest(const typename Kind::Element *x, int64_t count, int64_t inner, int64_t k, Item *items) {
  const auto put = [items](const Item &item, int64_t at) {
    for (; at > 0 && item < items[at - 1]; --at)
      items[at] = items[at - 1];
    items[at] = item;
  };
  int64_t i = 0;
  for (; i < k; ++i)
    put(itemOf<Item, Kind>(x[i * inner], i), i);
  while (i < count) {
    if (inner == 1)
      i = skipBelow<shortBlock, Kind>(x, i, count, x[items[k - 1].place()]);
    for (const int64_t end = atMost(count, i + shortBlock); i < end; ++i)
      if (const Item item = itemOf<Item, Kind>(x[i * inner], i); item < items[k - 1])
        put(item, k - 1);
  }
}

/// The largest of a row, at the front of the buffer, in any order; how many there are.
template <class Item, class Kind>
int64_t gatherLargest(const typename Kind::Element *x, int64_t count, int64_t inner, int64_t k, Item *items,
                      int64_t room) {
  using Element = typename Kind::Element;
  int64_t held = 0, i = 0;
  const auto shrink = [&] {
    selectItems(items, items + room, held, k);
    held = k;
    Item least = items[0];
    for (int64_t n = 1; n < k; ++n)
      if (least < items[n])
        least = items[n];
    return least;
  };
  for (; i < count && held < room; ++i)
    items[held++] = itemOf<Item, Kind>(x[i * inner], i);
  while (i < count) {
    const Item least = shrink();
    const Element bar = x[least.place() * inner];
    while (i < count && held < room) {
      if (inner == 1)
        i = skipBelow<block, Kind>(x, i, count, bar);
      for (const int64_t end = atMost(count, i + block); i < end && held < room; ++i)
        if (const Item item = itemOf<Item, Kind>(x[i * inner], i); item < least)
          items[held++] = item;
    }
  }
  if (held > k)
    shrink();
  return held < k ? held : k;
}

template <class Item, class Kind>
void largestOfRows(const void *data, void *values, int32_t *indices, int64_t k, int64_t count, int64_t inner,
                   void *workspace, int64_t begin, int64_t end) {
  using Element = typename Kind::Element;
  Item *items = static_cast<Item *>(workspace);
  const int64_t room = atMost(count, 2 * k + 256);
  for (int64_t unit = begin; unit < end && k > 0; ++unit) {
    const Element *x = static_cast<const Element *>(data) + unit / inner * count * inner + unit % inner;
    const int64_t start = unit / inner * k * inner + unit % inner;
    const Item *sorted = items;
    if (k <= few) {
      keepLargest<Item, Kind>(x, count, inner, k, items);
    } else {
      gatherLargest<Item, Kind>(x, count, inner, k, items, room);
      sorted = sortItems(items, items + room, k);
    }
    for (int64_t i = 0; i < k; ++i) {
      const int64_t place = sorted[i].place();
      if (values)
        static_cast<Element *>(values)[start + i * inner] = x[place * inner];
      if (indices)
        indices[start + i * inner] = int32_t(place);
    }
  }
}

template <class Item, class Kind>
void maskLargest(const void *data, const int32_t *counts, uint8_t *mask, int64_t count, int64_t inner, void *workspace,
                 int64_t begin, int64_t end) {
  using Element = typename Kind::Element;
  Item *items = static_cast<Item *>(workspace);
  for (int64_t unit = begin; unit < end; ++unit) {
    const int64_t start = unit / inner * count * inner + unit % inner;
    const Element *x = static_cast<const Element *>(data) + start;
    const int64_t keep = counts[unit] < 0 ? 0 : atMost(counts[unit], count);
    for (int64_t i = 0; i < count; ++i) {
      mask[start + i * inner] = 0;
      items[i] = itemOf<Item, Kind>(x[i * inner], i);
    }
    selectItems(items, items + count, count, keep);
    for (int64_t i = 0; i < keep; ++i)
      mask[start + items[i].place() * inner] = 1;
  }
}
} // namespace

extern "C" int32_t weft_top_k(const void *x, int32_t x_dtype, void *values, int32_t values_dtype, void *indices,
                              int32_t indices_dtype, int64_t k, int64_t count, int64_t inner, void *workspace,
                              int64_t begin, int64_t end) {
  if (values_dtype != x_dtype || indices_dtype != WEFT_I32 || count > INT32_MAX || k < 0 || k > count)
    return WEFT_INVALID_ARGUMENT;
  return withOrderOf(x_dtype, [&](auto item, auto kind) {
    largestOfRows<decltype(item), decltype(kind)>(x, values, static_cast<int32_t *>(indices), k, count, inner,
                                                  workspace, begin, end);
  });
}
extern "C" int32_t weft_top_k_mask(const void *x, int32_t x_dtype, const void *counts, int32_t counts_dtype, void *mask,
                                   int32_t mask_dtype, int64_t count, int64_t inner, void *workspace, int64_t begin,
                                   int64_t end) {
  if (counts_dtype != WEFT_I32 || mask_dtype != WEFT_I1 || count > INT32_MAX)
    return WEFT_INVALID_ARGUMENT;
  return withOrderOf(x_dtype, [&](auto item, auto kind) {
    maskLargest<decltype(item), decltype(kind)>(x, static_cast<const int32_t *>(counts), static_cast<uint8_t *>(mask),
                                                count, inner, workspace, begin, end);
  });
}
