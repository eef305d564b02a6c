// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A function that is causal along an axis as a step on the elements that come next.
//
//   auto next = stream([](const LM &m, Tensor tokens) { return m(tokens); }, T, lm, i32({T}));   // T = dim("T", 1, 1024)
//   Cache c = start(next);
//   Tensor logits = next(lm, c, prompt);                  // any number of tokens at once, up to T's bound
//   logits = next(lm, c, token);                          // what f gives at these places of all that has come
//
#pragma once
#include "weft/Ops.h"
#include "weft/Transform.h"

namespace weft {

/// What a stream keeps from call to call: a tree of arrays like any other, copied as one. A copy is a stream of its
/// own.
struct Cache {
  Tensor length; // i32: how many elements have come
  std::vector<Tensor> kept;
  std::vector<int> along{}; // of each: the axis of all places that have come, -1 of what follows from all of them
  /// The first `count` elements stay, as if the others had never come: tokens that were guessed and are not accepted.
  /// An error for a cache that keeps a value of all that came (of a scan, a cumulative op, a window), and of a call for
  /// more than have come.
  void keep(const Operand &count, Loc at = Loc::here());
};

struct StreamOptions {
  /// The most elements that come at once; 0: as many as there may be at all. Memory is planned for them.
  int most = 0;
  /// Attention that sees the last n places alone, its own among them, keeps no more than these, in a ring, and the
  /// stream has no end. A mask that lets one see further is an error. 0: all places are kept, up to time's bound.
  int window = 0;
  Options compile = {};
};

namespace detail {
/// A number for a name of a dimension.
using Sizes = std::vector<std::pair<std::string, std::int64_t>>;
Cache startOf(const std::vector<KeptLeaf> &kept, const Sizes &sizes, Loc at);

/// The arguments in front of which the cache stands: models, const T & of what is not just a Tensor.
template <class A>
inline constexpr bool isModel = std::is_lvalue_reference_v<A> && std::is_const_v<std::remove_reference_t<A>> &&
                                !std::is_same_v<Tensor, std::remove_cvref_t<A>>;
template <class R, class Lead, class Rest> struct StepOf;
template <class R, class... Lead> struct StepOf<R, Types<Lead...>, Types<>> {
  using Type = R(Lead..., Cache &);
  static constexpr std::size_t place = sizeof...(Lead);
};
template <class R, class... Lead, class Next, class... Rest> struct StepOf<R, Types<Lead...>, Types<Next, Rest...>> {
  static auto type() {
    if constexpr (isModel<Next>)
      return std::type_identity<typename StepOf<R, Types<Lead..., Next>, Types<Rest...>>::Type>{};
    else
      return std::type_identity<R(Lead..., Cache &, Next, Rest...)>{};
  }
  using Type = typename decltype(type())::type;
  static constexpr std::size_t length() {
    if constexpr (isModel<Next>)
      return StepOf<R, Types<Lead..., Next>, Types<Rest...>>::place;
    else
      return sizeof...(Lead);
  }
  static constexpr std::size_t place = length();
};
} // namespace detail

template <class Signature> class Stream;
/// The step of R f(A...): a Fn with a Cache behind the models that f takes, in front of what comes. It may be bound to
/// its model (Fn::bind).
template <class R, class... A>
class Stream<R(A...)> : public Fn<typename detail::StepOf<R, detail::Types<>, detail::Types<A...>>::Type> {
public:
  /// The cache of a stream of which nothing has come; `sizes` of dimensions that are known at run time only.
  Cache start(const detail::Sizes &sizes = {}, Loc at = Loc::here()) const { return detail::startOf(kept_, sizes, at); }

private:
  friend struct detail::StreamAccess;
  std::vector<detail::KeptLeaf> kept_;
};

template <class R, class... A>
Cache start(const Stream<R(A...)> &next, const detail::Sizes &sizes = {}, Loc at = Loc::here()) {
  return next.start(sizes, at);
}

namespace detail {
struct StreamAccess {
  template <class R, class... A, class Fnc>
  static Stream<R(A...)> make(Fnc f, const Dim &time, const StreamOptions &options,
                              std::tuple<std::remove_cvref_t<A>...> arguments) {
    static_assert((!isState<A> && ...), "weft: what a stream keeps is in its cache: f takes no T &");
    static_assert(!std::is_void_v<R>, "weft: a stream gives the results of f at the places that came: f returns none");
    checkOptions(options.compile);
    using Step = Fn<typename StepOf<R, Types<>, Types<A...>>::Type>;
    auto program = std::make_shared<typename Step::Program>();
    auto listed = [&](bool described) {
      return std::apply([&](auto &...argument) { return listArguments<A...>(described, argument...); }, arguments);
    };
    Stream<R(A...)> next;
    Tracing tracing("main");
    auto before = listed(true);
    tracing.begin(before);
    program->prototype = std::apply([&](auto &...argument) -> R { return f(static_cast<A>(argument)...); }, arguments);
    Walk results(true);
    walk(program->prototype, results);
    auto after = listed(true);
    tracing.end(after, results);
    next.kept_ =
        tracing.stream(time, options.most, options.window, StepOf<R, Types<>, Types<A...>>::place, options.compile.at);
    program->ir = tracing.ir();
    program->executable = tracing.compile(options.compile);
    next.cache_ = std::make_shared<typename Step::Cache>();
    next.cache_->latest = program;
    return next;
  }
};
} // namespace detail

/// f, which is causal along `time`, as a step: `next(models..., cache, what comes...)` gives the results of f at the
/// places of what comes, after all that came with this cache. `time` is a bounded dimension of the specs; its upper
/// bound is the capacity of caches. A function that needs what comes later is an error, which says where.
template <class F, class... S> auto stream(const StreamOptions &options, F f, const Dim &time, const S &...specs) {
  using Sig = detail::Signature<F>;
  return [&]<class R, class... A>(std::type_identity<R>, detail::Types<A...>) {
    static_assert(sizeof...(S) == sizeof...(A), "weft: stream takes one spec for each argument of the function");
    static_assert((std::is_constructible_v<std::remove_cvref_t<A>, const S &> && ...),
                  "weft: a spec does not fit its argument's type");
    return detail::StreamAccess::make<R, A...>(f, time, options,
                                               std::tuple<std::remove_cvref_t<A>...>(std::remove_cvref_t<A>(specs)...));
  }(std::type_identity<typename Sig::Result>{}, typename Sig::Arguments{});
}
template <class F, class... S>
  requires(!std::is_same_v<F, StreamOptions>)
auto stream(F f, const Dim &time, const S &...specs) {
  return stream(StreamOptions{}, f, time, specs...);
}

} // namespace weft
