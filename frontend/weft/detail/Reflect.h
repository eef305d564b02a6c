// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The fields of plain aggregates and their names, by C++20 alone (g++ 12 and clang 22).
//
// The number of fields is the largest N for which `T{any, any, ...}` is valid; a structured binding of N names reaches
// them; and the name of a field is cut out of the pretty name of a function whose template argument is a pointer to
// that field of an object that never exists.
#pragma once
#include <cstddef>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

namespace weft::detail {

struct AnyField {
  template <class T> operator T() const;
};

template <std::size_t> using AnyAt = AnyField;

template <class T, class I> inline constexpr bool bracesTake = false;
template <class T, std::size_t... I>
inline constexpr bool bracesTake<T, std::index_sequence<I...>> = requires { T{AnyAt<I>{}...}; };

// A C array swallows several initialisers, so the count above is wrong; but `{}` in its place swallows all of them.
template <class T, class Before, class After> inline constexpr bool hasHole = false;
template <class T, std::size_t... I, std::size_t... J>
inline constexpr bool hasHole<T, std::index_sequence<I...>, std::index_sequence<J...>> =
    requires { T{AnyAt<I>{}..., {}, AnyAt<J>{}...}; };

// Begins at the first count that is valid: fields without a default make the smaller ones invalid.
template <class T, std::size_t N = 0, bool found = false> consteval std::size_t fieldCount() {
  if constexpr (std::is_empty_v<T>)
    return 0;
  else if constexpr (N > 64)
    return found ? N : 0;
  else if constexpr (bracesTake<T, std::make_index_sequence<N + 1>>)
    return fieldCount<T, N + 1, true>();
  else if constexpr (found)
    return N;
  else
    return fieldCount<T, N + 1, false>();
}

template <class T, std::size_t N, std::size_t I>
inline constexpr bool arrayAt = hasHole<T, std::make_index_sequence<I>, std::index_sequence<>> &&
                                !hasHole<T, std::make_index_sequence<I>, std::make_index_sequence<N - I - 1>>;

template <class T, std::size_t N> consteval bool hasArray() {
  return []<std::size_t... I>(std::index_sequence<I...>) {
    return (arrayAt<T, N, I> || ...);
  }(std::make_index_sequence<N>{});
}

template <std::size_t N> constexpr auto tieFields(auto &object) {
  if constexpr (N == 0)
    return std::tie();
#define WEFT_TIE(count, ...)                                                                                           \
  else if constexpr (N == count) {                                                                                     \
    auto &[__VA_ARGS__] = object;                                                                                      \
    return std::tie(__VA_ARGS__);                                                                                      \
  }
#include "weft/detail/Ties.inc"
#undef WEFT_TIE
}

template <class T> struct Wrapped {
  T value;
};
#if defined(__clang__)
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wundefined-var-template"
#pragma clang diagnostic ignored "-Wundefined-internal"
#endif
template <class T> extern const Wrapped<T> nowhere;

template <class P> struct FieldPointer {
  P pointer;
};
template <class P> FieldPointer(P) -> FieldPointer<P>;
template <class T, auto pointer> consteval std::string_view prettyName() { return __PRETTY_FUNCTION__; }

template <class T, std::size_t I> constexpr std::string_view fieldName() {
  constexpr std::string_view s =
      prettyName<T, FieldPointer{&std::get<I>(tieFields<fieldCount<T>()>(nowhere<T>.value))}>();
  constexpr std::string_view word = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
#if defined(__clang__)
  constexpr std::size_t end = s.find_last_of(word, s.find_last_of('}'));
#else
  constexpr std::size_t end = s.find_last_of(word, s.rfind(")}"));
#endif
  constexpr std::size_t before = s.find_last_not_of(word, end);
  return s.substr(before + 1, end - before);
}
#if defined(__clang__)
#pragma clang diagnostic pop
#endif

} // namespace weft::detail
