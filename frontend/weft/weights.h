// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Trees in files: safetensors, with the paths of leaves for names.
#pragma once
#include "weft/detail/Walk.h"

namespace weft {

/// Where leaves are in a file of somebody else: `{"blocks.*.mlp.w", "h.*.mlp.c_fc.weight"}`. Each * of the leaf's path
/// stands in its turn in the name; the first rename that fits a leaf is taken, and a leaf that none fits keeps its
/// path.
struct Rename {
  std::string leaf, name;
  /// The leaf's axis i is the file's axis axes[i]: {1, 0} for the matrices of PyTorch's Linear, which are [out, in].
  /// Empty: as they are.
  std::vector<int> axes = {};
};
struct LoadOptions {
  std::vector<Rename> rename = {};
  /// Every array of the file belongs to a leaf. Without it, others are passed by; a leaf without an array is an error
  /// in any case.
  bool strict = true;
  /// Floating arrays of another precision are converted, as `cast` does; else they are an error.
  bool cast = false;
};

namespace detail {
void save(const std::string &path, const Walk &tree, Loc at);
void load(const std::string &path, Walk &tree, const LoadOptions &options, Loc at);
} // namespace detail

/// Writes every leaf that is not empty: parameters, moments, buffers, counters, keys. The file is the old one or the
/// whole new one, whenever the process ends; while another saves to the same path it is an error.
template <class T> void save(const std::string &path, const T &tree, Loc at = Loc::here()) {
  detail::save(path, detail::describe(tree), at);
}
/// Reads every leaf that is not empty in the tree, be it a spec or an array. The file is checked first, and if anything
/// is wrong no leaf changes.
template <class T> void load(const std::string &path, T &tree, const LoadOptions &options = {}, Loc at = Loc::here()) {
  detail::Walk w = detail::describe(tree);
  detail::load(path, w, options, at);
}

} // namespace weft
