// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A text as numbers: characters, a split by position, windows.
#pragma once
#include <random>
#include <string>
#include <vector>
#include <weft/weft.h>

namespace zoo {

/// The bytes of a file, gzip or plain.
std::string readText(const std::string &path);

/// The different characters of a text, in the order of their codes, and the text as places in that list.
struct Characters {
  std::string list;
  std::vector<int> ids;
  explicit Characters(const std::string &text);
  int count() const { return int(list.size()); }
  /// An error for a character that the text did not have.
  std::vector<int> encode(const std::string &text) const;
  std::string decode(const std::vector<int> &ids) const;
};

/// What lies in front, and the last part of it that is held out, by position.
struct TextSplit {
  std::vector<int> train, test;
};
TextSplit split(const std::vector<int> &ids, double held);

/// i32 [n].
weft::Tensor tensor(const std::vector<int> &ids);
/// Windows of `length` numbers, one after the other without overlap: i32 [count, length]; what is left over is dropped.
weft::Tensor consecutive(const std::vector<int> &ids, int length);
/// In a trace: windows of a text i32 [N] that begin at `starts` i32 [B]: [B, length].
inline weft::Tensor windows(const weft::Tensor &text, const weft::Tensor &starts, int length) {
  return take(text, expand(starts, 1) + weft::iota(length));
}
/// The same at places of chance.
inline weft::Tensor windows(const weft::Key &key, const weft::Tensor &text, int count, int length) {
  return windows(text, randint(key, text.dim(0) - (length - 1), {count}), length);
}

} // namespace zoo
