// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Where values belong in sorted rows: see weft_searchsorted in weft_services.def.
#include "Ordered.h"

using namespace weft::ordered;

namespace {
template <class Kind> auto keyOf(typename Kind::Element v) {
  using Key = decltype(Kind::key(v));
  return Kind::isNan(v) ? Key(-1) : Kind::key(v);
}
template <class Kind>
void searchRows(const void *rows, const void *values, int32_t *places, bool right, int64_t count, int64_t each,
                int64_t begin, int64_t end) {
  using Element = typename Kind::Element;
  for (int64_t unit = begin; unit < end; ++unit) {
    const Element *row = static_cast<const Element *>(rows) + unit / each * count;
    const auto value = keyOf<Kind>(static_cast<const Element *>(values)[unit]);
    int64_t from = 0, left = count; // whether an element is before the value, of those that are not known yet
    while (left > 0) {
      const int64_t half = left / 2;
      const auto key = keyOf<Kind>(row[from + half]);
      const bool before = right ? !(value < key) : key < value;
      from = before ? from + half + 1 : from;
      left = before ? left - half - 1 : half;
    }
    places[unit] = int32_t(from);
  }
}
} // namespace

extern "C" int32_t weft_searchsorted(const void *sorted, int32_t sorted_dtype, const void *values, int32_t values_dtype,
                                     void *places, int32_t places_dtype, int64_t right, int64_t count, int64_t each,
                                     void *, int64_t begin, int64_t end) {
  if (values_dtype != sorted_dtype || places_dtype != WEFT_I32 || count > INT32_MAX)
    return WEFT_INVALID_ARGUMENT;
  return withOrderOf(sorted_dtype, [&](auto, auto kind) {
    searchRows<decltype(kind)>(sorted, values, static_cast<int32_t *>(places), right != 0, count, each, begin, end);
  });
}
