// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Tables of numbers for training: read from a csv file, split, shuffled by a key, and cut into batches.
#pragma once
#include "weft/Key.h"

namespace weft {

enum class Last { keep, drop };
struct BatchOptions {
  /// A last batch that is short is kept, for it is data; a function that takes it has a bounded dimension, dim("B", 1,
  /// n).
  Last last = Last::keep;
};
struct Batch {
  Tensor x, y;
};

/// Rows of features, f32 [n, d], with a target each: y has n in front, such as labels, i32 [n].
class Dataset {
public:
  Dataset(Tensor x, Tensor y, Loc at = Loc::here());
  /// A csv file, gzip or plain, of numbers with the target in the last column; a head line of words is skipped. A
  /// target that is no number of the element type, as a real one among labels, is an error.
  static Dataset csv(const std::string &path, DType targets = i32, Loc at = Loc::here());
  std::int64_t size() const;
  const Tensor &x() const { return x_; }
  const Tensor &y() const { return y_; }
  /// Features times a number: pixels to [0, 1].
  Dataset scaled(float factor) const;
  /// Features minus their mean, divided by their standard deviation, both measured on `like`.
  Dataset standardized(const Dataset &like, Loc at = Loc::here()) const;
  Dataset shuffled(const Key &key) const;
  /// Rows begin ... end - 1; what is no row is an error.
  Dataset rows(std::int64_t begin, std::int64_t end, Loc at = Loc::here()) const;
  /// The first part of so many rows, and the rest.
  std::pair<Dataset, Dataset> split(std::int64_t first, Loc at = Loc::here()) const;
  std::vector<Batch> batches(std::int64_t rows, BatchOptions options = {}, Loc at = Loc::here()) const;

private:
  Tensor x_, y_;
};

} // namespace weft
