// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// One walk over a tree lists its leaves; whatever is done with them afterwards is ordinary code, compiled once.
#pragma once
#include "weft/Key.h"
#include "weft/detail/Reflect.h"
#include <array>
#include <complex>
#include <cstring>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

namespace weft::detail {

enum class Role : std::uint8_t { tensor, param, buffer, key };

struct LeafRef {
  Tensor *tensor;
  Role role;
  std::string path; // with `described` only
  /// The initialiser of a Param or a Buffer.
  const Init *init() const {
    return role == Role::param || role == Role::buffer ? &static_cast<const RoleLeaf *>(tensor)->init : nullptr;
  }
};

/// What holds no tensor is fixed at compile time: with `described` also as text.
struct Walk {
  explicit Walk(bool described) : described(described) {}
  bool described;
  std::vector<LeafRef> leaves;
  std::vector<Place *> places;
  /// The bytes of all that is fixed, one value after the other. What has no size of its own (strings, names,
  /// containers) comes with its length, so two trees of one type have equal bytes only if all their values are equal.
  /// No hash: a collision would run another program's code.
  std::string fixed;
  std::vector<std::pair<std::string, std::string>> fixedTexts;
  std::vector<std::pair<std::string, void (*)(void *, const Key &)>> resetCalls;
  std::vector<void *> resetObjects;
  std::string path;
  /// Paths of containers, with `described` only: what stands in one is an element, and no field.
  std::vector<std::string> containers;

  void leaf(Tensor &tensor, Role role) { leaves.push_back({&tensor, role, path}); }
  void place(Place &place) {
    if (described)
      place.path = path.substr(
          0, path.find_last_of('.') == std::string::npos ? 0 : path.find_last_of('.')); // the layer's, not the field's
    places.push_back(&place);
  }
  void constant(const void *bytes, std::size_t size) { fixed.append(static_cast<const char *>(bytes), size); }
  void constant(std::size_t count) { constant(&count, sizeof count); }
  void constant(std::string_view text) {
    constant(text.size());
    constant(text.data(), text.size());
  }
  template <class T> void number(const T &value) {
    if constexpr (std::is_same_v<T, long double>) { // its padding has no value
      double parts[]{double(value), double(value - double(value))};
      constant(parts, sizeof parts);
    } else {
      constant(&value, sizeof value);
    }
    if (described)
      text(double(value));
  }
  void text(double value);
  void text(std::string_view value) { fixedTexts.emplace_back(path, value); }

  std::size_t enter(std::string_view name) {
    std::size_t size = path.size();
    if (described) {
      if (size)
        path += '.';
      path += name;
    }
    return size;
  }
  void container() {
    if (described)
      containers.push_back(path);
  }
  std::size_t enter(std::size_t index) { return described ? enter(std::to_string(index)) : 0; }
  void leave(std::size_t size) {
    if (described)
      path.resize(size);
  }
};

template <class T, template <class...> class Of> inline constexpr bool isA = false;
template <template <class...> class Of, class... A> inline constexpr bool isA<Of<A...>, Of> = true;
template <class T> inline constexpr bool isStdArray = false;
template <class T, std::size_t N> inline constexpr bool isStdArray<std::array<T, N>> = true;
template <class T> inline constexpr bool isComplexNumber = false;
template <class T> inline constexpr bool isComplexNumber<std::complex<T>> = true;
template <class T> inline constexpr bool isStringMap = false;
template <class T, class C, class A> inline constexpr bool isStringMap<std::map<std::string, T, C, A>> = true;
struct FieldsProbe {
  template <class T> void operator()(std::string_view, T &&) const {}
};
template <class T>
concept HasFields = requires(T &t, FieldsProbe probe) { t.fields(probe); };
template <class T>
concept HasReset = requires(T &t, Key key) { t.reset(key); };
template <class T>
inline constexpr bool isFunctionPointer = std::is_pointer_v<T> && std::is_function_v<std::remove_pointer_t<T>>;

template <class T> void walk(T &object, Walk &w);

template <class T, std::size_t... I> void walkFields(T &object, Walk &w, std::index_sequence<I...>) {
  auto fields = tieFields<sizeof...(I)>(object);
  auto one = [&](std::string_view name, auto &field) {
    std::size_t size = w.enter(name);
    walk(field, w);
    w.leave(size);
  };
  (one(fieldName<T, I>(), std::get<I>(fields)), ...);
  (void)one, (void)fields;
}

template <class T> void walkEach(T &range, Walk &w) {
  std::size_t index = 0;
  for (auto &&element : range) {
    std::size_t size = w.enter(index++);
    walk(element, w);
    w.leave(size);
  }
}

template <class T> void walkClass(T &object, Walk &w) {
  if constexpr (HasReset<T>) {
    w.resetCalls.emplace_back(w.path, [](void *self, const Key &key) { static_cast<T *>(self)->reset(key); });
    w.resetObjects.push_back(&object);
  }
  if constexpr (HasFields<T>) {
    object.fields([&](std::string_view name, auto &&field) {
      w.constant(name); // a class may list other fields at another time
      std::size_t size = w.enter(name);
      walk(field, w);
      w.leave(size);
    });
  } else if constexpr (std::is_aggregate_v<T>) {
    constexpr std::size_t count = fieldCount<T>();
    static_assert(count <= 64, "weft: a struct of a model has at most 64 fields: put some into a struct of their own");
    static_assert(count > 0 || std::is_empty_v<T>,
                  "weft: the fields of this struct cannot be found: write void fields(auto&& leaf)");
    if constexpr (count > 0 && count <= 64) {
      constexpr bool array = hasArray<T, count>();
      static_assert(!array, "weft: a C array is no part of a model, for its length is lost: use std::array");
      if constexpr (!array)
        walkFields(object, w, std::make_index_sequence<count>{});
    }
  } else {
    static_assert(std::is_empty_v<T>, "weft: this class hides its fields, and nothing is skipped in silence: "
                                      "make it an aggregate, or write void fields(auto&& leaf) { leaf(\"w\", w); }");
  }
}

template <class T> void walk(T &object, Walk &w) {
  if constexpr (std::is_const_v<T>)
    walk(const_cast<std::remove_const_t<T> &>(object), w); // walks that write start from objects that are not const
  else if constexpr (std::is_base_of_v<Param, T>)
    w.leaf(object, Role::param);
  else if constexpr (std::is_base_of_v<Buffer, T>)
    w.leaf(object, Role::buffer);
  else if constexpr (std::is_base_of_v<Tensor, T>)
    w.leaf(object, Role::tensor);
  else if constexpr (std::is_same_v<T, Key>)
    w.leaf(object.bits, Role::key);
  else if constexpr (std::is_same_v<T, Place>)
    w.place(object);
  else if constexpr (std::is_enum_v<T>)
    w.number(std::underlying_type_t<T>(object));
  else if constexpr (std::is_arithmetic_v<T>)
    w.number(object);
  else if constexpr (isComplexNumber<T>)
    w.number(object.real()), w.number(object.imag());
  else if constexpr (std::is_same_v<T, std::string> || std::is_same_v<T, std::string_view>) {
    w.constant(std::string_view(object));
    if (w.described)
      w.text(std::string_view(object));
  } else if constexpr (std::is_same_v<T, DType>)
    w.number(object.code());
  else if constexpr (std::is_same_v<T, Dim>) {
    std::string text = object.strWithBounds();
    w.constant(std::string_view(text));
    if (w.described)
      w.text(std::string_view(text));
  } else if constexpr (isFunctionPointer<T>)
    w.constant(&object, sizeof object);
  else if constexpr (std::is_pointer_v<T> || std::is_member_pointer_v<T>)
    static_assert(!sizeof(T),
                  "weft: a pointer is no part of a model, for what it shares would be copied or lost: hold the value");
  else if constexpr (std::is_array_v<T>)
    static_assert(!sizeof(T), "weft: a C array is no part of a model, for its length is lost: use std::array");
  else if constexpr (std::is_same_v<T, std::vector<bool>>) {
    w.constant(object.size());
    for (bool bit : object)
      w.number(bit);
  } else if constexpr (isA<T, std::vector> || isStdArray<T>) {
    w.constant(object.size());
    w.container();
    walkEach(object, w);
  } else if constexpr (isA<T, std::tuple> || isA<T, std::pair>) {
    w.container();
    auto one = [&](std::size_t i, auto &field) {
      std::size_t size = w.enter(i);
      walk(field, w);
      w.leave(size);
    };
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      (one(I, std::get<I>(object)), ...);
    }(std::make_index_sequence<std::tuple_size_v<T>>{});
    (void)one;
  } else if constexpr (isA<T, std::optional>) {
    w.number(object.has_value());
    if (object)
      walk(*object, w);
  } else if constexpr (isA<T, std::variant>) {
    w.number(int(object.index()));
    std::visit([&](auto &field) { walk(field, w); }, object);
  } else if constexpr (isStringMap<T>) {
    w.constant(object.size());
    w.container();
    for (auto &[name, field] : object) {
      w.constant(std::string_view(name));
      std::size_t size = w.enter(name);
      walk(field, w);
      w.leave(size);
    }
  } else if constexpr (std::is_class_v<T>)
    walkClass(object, w);
  else
    static_assert(!sizeof(T), "weft: this type is no part of a model");
}

/// Does a tree of this type hold an optimiser, as far as types tell? A class with `fields` keeps it to itself.
template <class T> consteval bool holdsOptimiser() {
  if constexpr (requires { T::isOptimiser; })
    return true;
  else if constexpr (isA<T, std::vector> || isA<T, std::optional> || isStdArray<T>)
    return holdsOptimiser<typename T::value_type>();
  else if constexpr (isStringMap<T>)
    return holdsOptimiser<typename T::mapped_type>();
  else if constexpr (isA<T, std::tuple> || isA<T, std::pair> || isA<T, std::variant>)
    return []<template <class...> class Of, class... E>(std::type_identity<Of<E...>>) {
      return (holdsOptimiser<E>() || ...);
    }(std::type_identity<T>{});
  else if constexpr (std::is_aggregate_v<T> && std::is_class_v<T> && !HasFields<T> && !std::is_base_of_v<Tensor, T>) {
    constexpr std::size_t count = fieldCount<T>();
    if constexpr (count > 0 && count <= 64)
      if constexpr (!hasArray<T, count>())
        return []<class... E>(std::type_identity<std::tuple<E &...>>) {
          return (holdsOptimiser<std::remove_cv_t<E>>() || ...);
        }(std::type_identity<decltype(tieFields<count>(std::declval<T &>()))>{});
  }
  return false;
}

/// The leaves of a tree, with their paths.
template <class T> Walk describe(const T &tree, std::string path = {}) {
  Walk w(true);
  w.path = std::move(path);
  walk(const_cast<T &>(tree), w);
  return w;
}
/// The leaves of a tree without paths, for calls.
template <class T> Walk list(const T &tree) {
  Walk w(false);
  walk(const_cast<T &>(tree), w);
  return w;
}

} // namespace weft::detail
