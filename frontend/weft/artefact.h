// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Code ahead of time: what of a model file becomes an object, a header and a file of weights. docs/deploy.md has the
// whole way; weftc is the tool.
#pragma once
#include "weft/Transform.h"
#include "weft/weights.h"

namespace weft {

namespace detail {
template <class T> struct Named {
  std::string name;
  T value;
};
} // namespace detail
/// A spec with a name, for the header: `named("images", f32({B, 64}))`.
template <class T> detail::Named<T> named(std::string name, T value) { return {std::move(name), std::move(value)}; }

class Artefact;

namespace detail {
template <class T> inline constexpr bool isNamed = false;
template <class T> inline constexpr bool isNamed<Named<T>> = true;
template <class T> const T &valueOf(const T &spec) { return spec; }
template <class T> const T &valueOf(const Named<T> &spec) { return spec.value; }
template <class T> std::string nameOf(const T &) { return {}; }
template <class T> std::string nameOf(const Named<T> &spec) { return spec.name; }
template <class T> struct Unnamed {
  using Type = T;
};
template <class T> struct Unnamed<Named<T>> {
  using Type = T;
};

struct ArtefactParts;
/// Makes the leaves known, each by a value of its own, with the values that the file of weights begins with.
void addTree(ArtefactParts &parts, const std::string &name, Walk &tree, Walk &first, Loc at);
bool needsFirstValues(const std::string &name, const Walk &tree, Loc at);
/// Which leaves of trees the arguments are; before they are traced.
class EntryUnderWay {
public:
  EntryUnderWay(ArtefactParts &parts, std::string name, std::span<ArgumentRef> arguments);
  ~EntryUnderWay();
  void finish(std::span<ArgumentRef> arguments, Walk &results);

private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

template <class R, class... A>
void traceEntry(ArtefactParts &parts, const std::string &name, const std::vector<std::string> &names,
                const std::function<R(A...)> &f, std::tuple<std::remove_cvref_t<A>...> arguments) {
  auto listed = [&] {
    std::vector<ArgumentRef> list;
    auto add = [&](auto &argument, bool state) {
      list.push_back({Walk(true), state});
      list.back().walk.path = names[list.size() - 1];
      walk(argument, list.back().walk);
    };
    std::apply([&](auto &...argument) { (add(argument, isState<A>), ...); }, arguments);
    return list;
  };
  auto before = listed();
  EntryUnderWay entry(parts, name, before);
  auto run = [&] {
    return std::apply([&](auto &...argument) -> R { return f(static_cast<A>(argument)...); }, arguments);
  };
  Walk results(true);
  if constexpr (std::is_void_v<R>) {
    run();
    auto after = listed();
    entry.finish(after, results);
  } else {
    R result = run();
    walk(result, results);
    auto after = listed();
    entry.finish(after, results);
  }
}
} // namespace detail

/// Entries and the trees that they share; made by WEFT_ARTEFACT.
class Artefact {
public:
  explicit Artefact(detail::ArtefactParts &parts) : parts_(parts) {}

  /// A tree that the caller holds as one block of memory: a model, or a model with its optimiser and keys. Entries that
  /// are given it, a copy, or a part of it (`s.net`) share its leaves. The file of weights begins with the tree's
  /// values; specs begin as `initialize(tree, Key(0))` has it. All leaves have fixed shapes.
  template <class T> T weights(const std::string &name, T tree, Loc at = Loc::here()) {
    detail::Walk leaves = detail::describe(tree);
    T first = tree;
    if (detail::needsFirstValues(name, leaves, at))
      initialize(first, Key(0, at), at);
    detail::Walk values = detail::describe(first);
    detail::addTree(parts_, name, leaves, values, at);
    return tree;
  }

  /// A function of the artefact, `int NAME_entry(...)`: as jit, a spec for each argument. What is no part of a tree is
  /// a pointer that each call gives; a spec in `named("x", f32({B, 64}))` has its name there.
  template <class F, class... S> void entry(const std::string &name, F f, const S &...specs) {
    using Sig = detail::Signature<F>;
    [&]<class R, class... A>(std::type_identity<R>, detail::Types<A...>) {
      static_assert(sizeof...(S) == sizeof...(A), "weft: an entry takes one spec for each argument of the function");
      static_assert((std::is_constructible_v<std::remove_cvref_t<A>, const typename detail::Unnamed<S>::Type &> && ...),
                    "weft: a spec does not fit its argument's type");
      detail::traceEntry<R, A...>(
          parts_, name, {detail::nameOf(specs)...}, std::function<R(A...)>(f),
          std::tuple<std::remove_cvref_t<A>...>(std::remove_cvref_t<A>(detail::valueOf(specs))...));
    }(std::type_identity<typename Sig::Result>{}, typename Sig::Arguments{});
  }

private:
  detail::ArtefactParts &parts_;
};

namespace detail {
/// Says that this program has an artefact: weftc asks for them when it has loaded a model.
struct ArtefactRegistration {
  ArtefactRegistration(const char *name, void (*describe)(Artefact &), Loc at = Loc::here());
};
} // namespace detail

} // namespace weft

/// WEFT_ARTEFACT(digits, a) { auto s = a.weights("state", State{}); a.entry("train", step, s, f32({B, 64}), i32({B}));
/// }
#define WEFT_ARTEFACT(name, a)                                                                                         \
  static void weft_artefact_of_##name(::weft::Artefact &);                                                             \
  [[maybe_unused]] static const ::weft::detail::ArtefactRegistration weft_registration_of_##name(                      \
      #name, weft_artefact_of_##name);                                                                                 \
  static void weft_artefact_of_##name([[maybe_unused]] ::weft::Artefact &a)
