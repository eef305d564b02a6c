// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Looking at things: numbers of tensors as text, the leaves of a model with their paths, a table of them.
#pragma once
#include "weft/Tree.h"
#include <iosfwd>
#include <string>
#include <vector>

namespace weft {

/// How tensors are printed.
struct PrintOptions {
  /// Digits behind the point.
  int precision = 4;
  /// A tensor of more elements is cut: of each axis, `edge` places from the front and from the end.
  int threshold = 1000;
  int edge = 3;
};
/// "f32 [2, 2]" and the numbers below it, as NumPy sets them. A tensor that has no numbers (a spec, a value of a trace)
/// says so.
std::string to_string(const Tensor &x, const PrintOptions &options = {}, Loc at = Loc::here());
std::ostream &operator<<(std::ostream &os, const Tensor &x);

/// What a leaf is for: see Param, Buffer and Key; `tensor` is any other.
enum class LeafKind { tensor, param, buffer, key };
struct Leaf {
  std::string path; // "blocks.2.attention.query.w"; empty where the tree is the leaf
  LeafKind kind;
  Tensor value;
};
/// The leaves of a tree that are not empty, in the order of its fields.
template <class T> std::vector<Leaf> leaves(const T &tree) {
  std::vector<Leaf> all;
  for (const detail::LeafRef &leaf : detail::describe(tree).leaves)
    if (!leaf.tensor->empty())
      all.push_back({leaf.path, LeafKind(leaf.role), *leaf.tensor});
  return all;
}

namespace detail {
std::string summaryOf(const std::vector<Leaf> &leaves);
}
/// A table of a model's leaves: path, kind, type and shape, elements, bytes; then the sums, those of parameters alone
/// too.
template <class T> std::string summary(const T &model) { return detail::summaryOf(leaves(model)); }

} // namespace weft
