// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Named values: a model marks what may be of interest, and whoever calls it reads or replaces it from outside, by its
// path.
#pragma once
#include "weft/Ops.h"
#include <functional>

namespace weft {

namespace detail {
Tensor mark(const Walk &model, std::string_view name, const Tensor &x, Loc at);
/// A path that is listened for while a body is traced.
class Listener {
public:
  /// `edit` gives what takes the value's place; without it the value is kept for `value()`.
  Listener(const char *op, std::string path, std::function<Tensor(Tensor)> edit, Loc at);
  ~Listener();
  Listener(const Listener &) = delete;
  Listener &operator=(const Listener &) = delete;
  /// The value that was met; an error, which lists the paths that were met, if there was none.
  Tensor value() const;

private:
  const char *op_;
  std::string path_;
  Loc at_;
  std::function<Tensor(Tensor)> edit_;
  std::vector<Tensor> found_;
  std::vector<std::string> met_;
  friend Tensor mark(const Walk &, std::string_view, const Tensor &, Loc);
};
} // namespace detail

/// x, under the name "<path of model>.<name>": `return mark(*this, "out", x)`. The path is that of the model's leaves
/// among the arguments.
template <class M> Tensor mark(const M &model, std::string_view name, const Tensor &x, Loc at = Loc::here()) {
  return detail::mark(detail::describe(model), name, x, at);
}

/// What body returns, and the value that it marks under this path: `auto [loss, z] = tap("blocks.1.out", [&] { ... })`.
/// Only tensors and trees of them; a gradient by z goes no further than z.
template <class F> auto tap(const std::string &path, F body, Loc at = Loc::here()) {
  detail::Listener listener("tap", path, {}, at);
  auto result = body();
  return std::pair(std::move(result), listener.value());
}

/// What body returns when the value that it marks under this path is `editor(value)`, or another tensor of the same
/// type.
template <class E, class F> auto splice(const std::string &path, E editor, F body, Loc at = Loc::here()) {
  std::function<Tensor(Tensor)> edit;
  if constexpr (std::is_convertible_v<E, Tensor>)
    edit = [value = Tensor(editor)](Tensor) { return value; };
  else
    edit = editor;
  detail::Listener listener("splice", path, edit, at);
  auto result = body();
  listener.value();
  return result;
}

} // namespace weft
