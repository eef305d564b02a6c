// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Functions to compiled functions, and derivatives of values.
#pragma once
#include "weft/Tree.h"
#include "weft/detail/Trace.h"
#include <functional>
#include <map>
#include <memory>
#include <mutex>

namespace weft {

namespace detail {

template <class... A> struct Types {};
template <class F> struct Signature : Signature<decltype(&F::operator())> {
  using Arguments = typename Signature<decltype(&F::operator())>::Plain;
};
template <class R, class... A> struct Signature<R (*)(A...)> {
  using Result = R;
  using Arguments = Types<A...>;
};
template <class R, class... A> struct Signature<R (*)(A...) noexcept> : Signature<R (*)(A...)> {};
// A member function of a model takes the model first; a lambda's closure is no argument.
template <class R, class C, class... A> struct Signature<R (C::*)(A...) const> {
  using Result = R;
  using Arguments = Types<const C &, A...>;
  using Plain = Types<A...>;
};
template <class R, class C, class... A> struct Signature<R (C::*)(A...)> {
  using Result = R;
  using Arguments = Types<C &, A...>;
  using Plain = Types<A...>;
};
template <class R, class C, class... A>
struct Signature<R (C::*)(A...) const noexcept> : Signature<R (C::*)(A...) const> {};
template <class R, class C, class... A> struct Signature<R (C::*)(A...) noexcept> : Signature<R (C::*)(A...)> {};

template <class A>
inline constexpr bool isState = std::is_lvalue_reference_v<A> && !std::is_const_v<std::remove_reference_t<A>>;

/// The arguments of a call as lists of leaves. Only a call's own objects are written.
template <class... A> std::vector<ArgumentRef> listArguments(bool described, std::remove_cvref_t<A> &...arguments) {
  std::vector<ArgumentRef> list;
  list.reserve(sizeof...(A));
  auto add = [&](auto &argument, bool state) {
    list.push_back({Walk(described), state});
    walk(argument, list.back().walk);
  };
  (add(arguments, isState<A>), ...);
  (void)add;
  return list;
}

/// The type of a function's first argument.
template <class... A> struct First {
  struct Type {};
};
template <class A0, class... A> struct First<A0, A...> {
  using Type = std::remove_cvref_t<A0>;
};
template <class... A> using FirstOf = typename First<A...>::Type;

template <class R> struct Program {
  std::shared_ptr<const Executable> executable;
  std::string ir;
  R prototype; // the result's shape as a tree, with specs for leaves
};
template <> struct Program<void> {
  std::shared_ptr<const Executable> executable;
  std::string ir;
};

/// Traces f on copies of the arguments; compiles it unless only its IR or its shapes are wanted.
template <class R, class... A>
std::shared_ptr<const Program<R>> trace(const std::function<R(A...)> &f,
                                        std::tuple<std::remove_cvref_t<A>...> arguments, const Options *options) {
  static_assert(((std::is_reference_v<A> || !holdsOptimiser<std::remove_cv_t<A>>()) && ...),
                "weft: this function takes an optimiser by value, so what a step assigns is lost: write State &s");
  auto listed = [&](bool described) {
    return std::apply([&](auto &...argument) { return listArguments<A...>(described, argument...); }, arguments);
  };
  auto program = std::make_shared<Program<R>>();
  Tracing tracing("main");
  auto before = listed(true);
  tracing.begin(before);
  auto run = [&] {
    return std::apply([&](auto &...argument) -> R { return f(static_cast<A>(argument)...); }, arguments);
  };
  Walk results(true);
  if constexpr (std::is_void_v<R>) {
    run();
    auto after = listed(true);
    tracing.end(after, results);
  } else {
    program->prototype = run();
    walk(program->prototype, results);
    auto after = listed(true);
    tracing.end(after, results);
  }
  program->ir = tracing.ir();
  if (options)
    program->executable = tracing.compile(*options);
  return program;
}

} // namespace detail

namespace detail {
struct StreamAccess; // Stream.h: makes a Fn of a step
}
template <class Signature> class Fn;
/// A compiled function. Constant and re-entrant: several threads may call it at once, each with its own state.
template <class R, class... A> class Fn<R(A...)> {
public:
  R operator()(A... arguments, Loc at = Loc::here()) const {
    auto list = detail::listArguments<A...>(false, const_cast<std::remove_cvref_t<A> &>(arguments)...);
    auto program = held("call", at).programFor(list, at, arguments...);
    if constexpr (std::is_void_v<R>) {
      detail::call(*program->executable, list, at);
    } else {
      std::vector<Tensor> values = detail::call(*program->executable, list, at);
      R result = program->prototype;
      auto leaves = detail::list(result).leaves;
      for (std::size_t i = 0, k = 0; i < leaves.size(); ++i)
        if (!leaves[i].tensor->empty())
          *leaves[i].tensor = values[k++];
      return result;
    }
  }
  /// The function without its first argument, a model that is used and not trained: what follows from the model alone
  /// (casts, masks, normalised weights) is computed now, once, and matrices are laid out as products read them. The
  /// model may be changed or dropped afterwards: it is bound by its values. Of a function with specs; its first
  /// argument must not be state. Throws Error, as a call does.
  auto bind(const detail::FirstOf<A...> &model, Loc at = Loc::here()) const {
    static_assert(!detail::isState<std::tuple_element_t<0, std::tuple<A...>>>,
                  "weft: bind takes a model that the function does not change, const T &");
    if (held("bind", at).specialise)
      throw Error(at, "bind: this function has no shapes yet: give jit a spec for each argument");
    return bindRest(model, at, static_cast<detail::Types<A...> *>(nullptr));
  }
  /// Of the program made last: the graph as traced, what was planned, and the compiler's remarks with the user's lines.
  std::string ir(Loc at = Loc::here()) const { return held("ir", at).last(at)->ir; }
  std::string plan(Loc at = Loc::here()) const {
    return detail::textOf(*held("plan", at).last(at)->executable, "plan");
  }
  std::string remarks(Loc at = Loc::here()) const {
    return detail::textOf(*held("remarks", at).last(at)->executable, "remarks");
  }

private:
  template <class F, class... S> friend auto jit(const Options &, F, const S &...);
  template <class> friend class Fn;
  friend struct detail::StreamAccess;
  using Program = detail::Program<R>;
  template <class Model, class... Rest>
  Fn<R(Rest...)> bindRest(const std::remove_cvref_t<Model> &model, Loc at, detail::Types<Model, Rest...> *) const {
    auto list = detail::listArguments<Model>(false, const_cast<std::remove_cvref_t<Model> &>(model));
    auto program = std::make_shared<Program>(*cache_->last(at));
    program->executable = detail::bind(*program->executable, list[0], at);
    program->ir = detail::textOf(*program->executable, "ir"); // what is left of it
    Fn<R(Rest...)> bound;
    bound.cache_ = std::make_shared<typename Fn<R(Rest...)>::Cache>();
    bound.cache_->latest = program;
    return bound;
  }
  struct Cache {
    std::function<R(A...)> f;
    Options options;
    bool specialise = false;
    detail::UnderWay underWay;
    std::map<std::string, std::shared_ptr<const Program>> programs;
    std::shared_ptr<const Program> latest;

    /// No lock is held while a program is made: a trace may call other functions, and those of several threads each
    /// other's.
    std::shared_ptr<const Program> programFor(std::span<detail::ArgumentRef> list, Loc at,
                                              const std::remove_cvref_t<A> &...arguments) {
      if (!specialise)
        return latest;
      std::string key = detail::fingerprint(list);
      std::unique_lock lock(underWay);
      auto known = programs.find(key);
      for (; known == programs.end() && underWay.waitFor(key); known = programs.find(key)) {
      }
      if (known != programs.end())
        return latest = known->second;
      detail::UnderWay::Making making(underWay, key, at);
      std::shared_ptr<const Program> program = detail::trace<R, A...>(f, {arguments...}, &options);
      making.finish();
      return latest = programs.try_emplace(key, program).first->second;
    }
    std::shared_ptr<const Program> last(Loc at) {
      std::unique_lock lock(underWay);
      if (!latest)
        throw Error(at, "this function has met no shapes yet: call it once, or give jit its specs");
      return latest;
    }
  };
  Cache &held(const char *what, Loc at) const {
    if (!cache_)
      throw Error(at, std::string(what) + ": this Fn holds no function: it was made without jit, or moved from");
    return *cache_;
  }
  std::shared_ptr<Cache> cache_; // null: no function
};

/// Compiles f. With a spec for each argument (an object is its own spec) it is compiled now and holds for these shapes;
/// without specs it is compiled once for each set of shapes that it meets. `T&` is state that a call updates, `const
/// T&` and values are inputs.
template <class F, class... S> auto jit(const Options &options, F f, const S &...specs) {
  using Signature = detail::Signature<F>;
  return [&]<class R, class... A>(std::type_identity<R>, detail::Types<A...>) {
    static_assert(sizeof...(S) == 0 || sizeof...(S) == sizeof...(A),
                  "weft: jit takes one spec for each argument of the function, or none");
    detail::checkOptions(options);
    Fn<R(A...)> fn;
    fn.cache_ = std::make_shared<typename Fn<R(A...)>::Cache>();
    fn.cache_->f = f;
    fn.cache_->options = options;
    if constexpr (sizeof...(S) == sizeof...(A)) {
      static_assert((std::is_constructible_v<std::remove_cvref_t<A>, const S &> && ...),
                    "weft: a spec does not fit its argument's type");
      fn.cache_->latest = detail::trace<R, A...>(
          fn.cache_->f, std::tuple<std::remove_cvref_t<A>...>(std::remove_cvref_t<A>(specs)...), &options);
    } else {
      fn.cache_->specialise = true;
    }
    return fn;
  }(std::type_identity<typename Signature::Result>{}, typename Signature::Arguments{});
}
template <class F, class... S>
  requires(!std::is_same_v<F, Options>)
auto jit(F f, const S &...specs) {
  return jit(Options{}, f, specs...);
}

namespace detail {
template <class F, class... S> auto traceOnly(F f, const S &...specs) {
  using Sig = Signature<F>;
  return [&]<class R, class... A>(std::type_identity<R>, Types<A...>) {
    static_assert(sizeof...(S) == sizeof...(A), "weft: one spec for each argument of the function");
    return trace<R, A...>(std::function<R(A...)>(f),
                          std::tuple<std::remove_cvref_t<A>...>(std::remove_cvref_t<A>(specs)...), nullptr);
  }(std::type_identity<typename Sig::Result>{}, typename Sig::Arguments{});
}
} // namespace detail

/// The shapes of f's result: specs, nothing is compiled.
template <class F, class... S> auto shape_of(F f, const S &...specs) {
  return detail::traceOnly(f, specs...)->prototype;
}
/// The graph that f traces to, as text.
template <class F, class... S> std::string trace_ir(F f, const S &...specs) {
  return detail::traceOnly(f, specs...)->ir;
}

/// Compiles f for these arguments and calls it once; the call itself has no line, for a parameter pack leaves it no
/// room. A plain function or a lambda without captures is compiled once for each set of shapes.
template <class F, class... V> auto run(F f, V &&...arguments) {
  if constexpr (std::is_empty_v<F>) {
    static const auto fn = jit(f);
    return fn(std::forward<V>(arguments)..., Loc());
  } else if constexpr (std::is_pointer_v<F>) {
    static std::mutex mutex;
    static std::map<F, decltype(jit(f))> known;
    auto fn = [&] {
      std::lock_guard lock(mutex);
      return known.try_emplace(f, jit(f)).first->second;
    }();
    return fn(std::forward<V>(arguments)..., Loc());
  } else {
    return jit(f)(std::forward<V>(arguments)..., Loc());
  }
}

// ---- derivatives are taken of values, at the values that x holds now

/// What a derivative is if y depends on nothing in x: an error, for it is most often a mistake, or zeros.
enum class missing { error, zeros };
/// The gradient of the scalar y for every floating leaf of x; Buffers and integers stay empty, leaves without a path
/// get zeros. If no leaf has one, `how` says what follows.
template <class T> T grad(const Tensor &y, T x, missing how, Loc at = Loc::here()) {
  detail::Walk w = detail::describe(x);
  detail::grad(y, w, how == missing::zeros, at);
  return x;
}
template <class T> T grad(const Tensor &y, T x, Loc at = Loc::here()) {
  return grad(y, std::move(x), missing::error, at);
}
/// Reverse mode: the cotangents of x for these cotangents of y.
template <class Y, class T>
T vjp(const Y &y, T x, const std::type_identity_t<Y> &cotangent, missing how, Loc at = Loc::here()) {
  detail::Walk w = detail::describe(x);
  detail::vjp(detail::describe(y), w, detail::describe(cotangent), how == missing::zeros, at);
  return x;
}
template <class Y, class T> T vjp(const Y &y, T x, const std::type_identity_t<Y> &cotangent, Loc at = Loc::here()) {
  return vjp(y, std::move(x), cotangent, missing::error, at);
}
/// Forward mode: how y moves when x moves along the tangent.
template <class Y, class T>
Y jvp(Y y, const T &x, const std::type_identity_t<T> &tangent, missing how, Loc at = Loc::here()) {
  detail::Walk w = detail::describe(y);
  detail::jvp(w, detail::describe(x), detail::describe(tangent), how == missing::zeros, at);
  return y;
}
template <class Y, class T> Y jvp(Y y, const T &x, const std::type_identity_t<T> &tangent, Loc at = Loc::here()) {
  return jvp(std::move(y), x, tangent, missing::error, at);
}

/// y = f(x...), whose reverse derivative is backward(x..., dy): the gradient of x, or a tuple of them for several. What
/// else the two need is passed, or read from outside, where no gradient reaches it.
template <class F, class B, class... X> auto custom_vjp(F f, B backward, const X &...x) {
  std::tuple<X...> inputs{x...};
  detail::Walk xs = detail::describe(inputs);
  detail::CustomVjp op(xs, {});
  auto y = std::apply(f, inputs);
  auto dy = y;
  detail::Walk ys = detail::describe(y), dys = detail::describe(dy);
  op.backward(ys, xs, dys);
  auto gradients = std::apply([&](const auto &...a) { return backward(a..., dy); }, inputs);
  op.finish(detail::describe(gradients), ys);
  return y;
}

/// f(), of which a gradient keeps nothing: what f makes is made again from what it reads. `x = checkpoint([&] { return
/// block(x); })` trades the time of a forward pass for the memory of what the block makes. No region: f's values may be
/// marked, tapped and used like any other.
template <class F> auto checkpoint(F f, Loc at = Loc::here()) {
  detail::Checkpoint open(at);
  return f();
}

} // namespace weft
