// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Tasks of tokens by formula whose answers are known: who is meant, what comes again.
#pragma once
#include <algorithm>
#include <cstdint>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>
#include <weft/weft.h>

namespace zoo {

/// Sequences of one length, and of each what is asked at its end: the right token, and a wrong one to compare it with.
struct Prompts {
  int length = 0;
  std::vector<int> tokens, answer, wrong;
  int count() const { return length ? int(tokens.size()) / length : 0; }
  weft::Tensor tensor() const { return weft::Tensor::copy(tokens, {count(), length}); }
};

/// Whole numbers from a seed, the same with every library.
class Draw {
public:
  explicit Draw(std::uint64_t seed) : engine_(seed) {}
  int below(int n) { return int(engine_() % std::uint64_t(n)); }
  /// So many different numbers below n, in random order.
  std::vector<int> different(int count, int n) {
    std::vector<int> all(static_cast<std::size_t>(n));
    for (int i = 0; i < n; ++i)
      all[std::size_t(i)] = i;
    for (int i = 0; i < count; ++i)
      std::swap(all[std::size_t(i)], all[std::size_t(i + below(n - i))]);
    all.resize(std::size_t(count));
    return all;
  }

private:
  std::mt19937_64 engine_;
};

/// A small language: names 0 ... 23, fillers 24 ... 39, and signs. Its sequences have 16 tokens.
namespace words {
inline constexpr int names = 24, fillers = 16, begin = 40, query = 41, copy = 42, size = 48, length = 16;
} // namespace words

/// Indirect objects: two names among fillers at positions 1 to 10, and one of them again at 13; the query at 15 asks
/// for the other. Not `known`: a third name stands at 13, so that nothing rules the two out.
inline Prompts indirectObjects(Draw &draw, int count, bool known) {
  Prompts p{words::length, {}, {}, {}};
  for (int i = 0; i < count; ++i) {
    std::vector<int> name = draw.different(3, words::names), at = draw.different(2, 10);
    std::vector<int> row(words::length);
    for (int &t : row)
      t = words::names + draw.below(words::fillers);
    row[0] = words::begin, row[15] = words::query;
    row[std::size_t(1 + at[0])] = name[0], row[std::size_t(1 + at[1])] = name[1];
    row[13] = name[known ? 0 : 2];
    p.tokens.insert(p.tokens.end(), row.begin(), row.end());
    p.answer.push_back(name[1]), p.wrong.push_back(name[0]);
  }
  return p;
}

/// The sign for copying, eight random tokens, and the first seven of them again at positions 9 to 15.
inline Prompts copies(Draw &draw, int count) {
  Prompts p{words::length, {}, {}, {}};
  for (int i = 0; i < count; ++i) {
    std::vector<int> row{words::copy};
    for (int t = 0; t < 8; ++t)
      row.push_back(draw.below(words::names + words::fillers));
    for (int t = 1; t < 8; ++t)
      row.push_back(row[std::size_t(t)]);
    p.tokens.insert(p.tokens.end(), row.begin(), row.end());
    p.answer.push_back(row.back()), p.wrong.push_back(row[8]);
  }
  return p;
}

/// Different tokens below `vocabulary`, but that the last one is an earlier one again, whose follower is the answer;
/// or, not `repeated`, is new.
inline Prompts repeats(Draw &draw, int count, int length, int vocabulary, bool repeated) {
  if (length < 3 || vocabulary < length)
    throw std::invalid_argument("repeats: " + std::to_string(vocabulary) + " tokens for a length of " +
                                std::to_string(length));
  Prompts p{length, {}, {}, {}};
  for (int i = 0; i < count; ++i) {
    std::vector<int> row = draw.different(length, vocabulary);
    int at = draw.below(length - 2);
    if (repeated)
      row.back() = row[std::size_t(at)];
    p.tokens.insert(p.tokens.end(), row.begin(), row.end());
    p.answer.push_back(row[std::size_t(at + 1)]), p.wrong.push_back(row[std::size_t(at)]);
  }
  return p;
}

} // namespace zoo
