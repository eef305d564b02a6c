// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Data sets on the host: csv through zlib, which reads plain files as they are.
#include "weft/data.h"
#include "Value.h"
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <numeric>
#include <zlib.h>

using namespace weft;
using namespace weft::detail;

Dataset::Dataset(Tensor x, Tensor y, Loc at) : x_(std::move(x)), y_(std::move(y)) {
  if (!x_.isConcrete() || !y_.isConcrete() || x_.dtype() != f32 || x_.rank() != 2 || y_.rank() < 1 ||
      !(x_.dim(0) == y_.dim(0)))
    throw Error(at, "dataset: expected arrays f32 [n, d] and [n, ...], found " + x_.str() + " and " + y_.str());
}
std::int64_t Dataset::size() const { return y_.dim(0).value(); }

Dataset Dataset::csv(const std::string &path, DType targets, Loc at) {
  if (targets.isComplex())
    throw Error(at, "dataset: a target is one number, and no " + std::string(targets.name()));
  gzFile file = gzopen(path.c_str(), "rb");
  if (!file)
    throw Error(at, "dataset: cannot open " + path);
  std::string text;
  char buffer[1 << 16];
  int got;
  while ((got = gzread(file, buffer, sizeof buffer)) > 0)
    text.append(buffer, std::size_t(got));
  bool broken = got < 0;
  gzclose(file);
  if (broken)
    throw Error(at, "dataset: " + path + " is damaged: it does not decompress");
  std::vector<float> features;
  std::vector<double> labels;
  std::size_t columns = 0, line = 0;
  for (std::size_t from = 0; from < text.size();) {
    std::size_t to = std::min(text.find('\n', from), text.size());
    std::string row = text.substr(from, to - from);
    from = to + 1;
    ++line;
    while (!row.empty() && (row.back() == '\r' || row.back() == ' '))
      row.pop_back();
    if (row.empty())
      continue;
    auto where = [&] { return "dataset: " + path + " line " + std::to_string(line) + ": "; };
    std::vector<float> values;
    double last = 0;
    const char *p = row.c_str();
    bool numbers = true;
    while (numbers) {
      char *end;
      values.push_back(std::strtof(p, &end));
      last = std::strtod(p, nullptr);
      if (std::isinf(values.back()) && !std::isinf(last) && *end == ',')
        throw Error(at, where() + "the number " + std::string(p, std::size_t(end - p)) + " does not fit f32");
      while (*end == ' ')
        ++end;
      numbers = end != p && (*end == ',' || !*end);
      if (!*end)
        break;
      p = end + 1;
    }
    if (!numbers && line == 1)
      continue;
    if (!numbers || (columns && values.size() != columns) || values.size() < 2)
      throw Error(at, where() + "expected " + (columns ? std::to_string(columns) : "two or more") +
                          " numbers, found \"" + row.substr(0, 60) + "\"");
    columns = values.size();
    if (targets.isInteger() && double(toInteger(last, targets)) != last)
      throw Error(at, where() + "the target " + row.substr(row.rfind(',') + 1) + " is no " + targets.name() +
                          ": write Dataset::csv(path, f32) for real targets");
    labels.push_back(last);
    features.insert(features.end(), values.begin(), values.end() - 1);
  }
  if (labels.empty())
    throw Error(at, "dataset: " + path + " has no rows");
  std::int64_t n = std::int64_t(labels.size());
  void *data = nullptr;
  Tensor y = makeArray(targets, {n}, &data);
  convert(f64, labels.data(), targets, data, n);
  return Dataset(Tensor::copy(features, {n, std::int64_t(columns) - 1}), y, at);
}

Dataset Dataset::scaled(float factor) const {
  std::span<const float> from = x_.span<float>();
  std::vector<float> to(from.begin(), from.end());
  for (float &v : to)
    v *= factor;
  return Dataset(Tensor::copy(to, x_.shape()), y_);
}

Dataset Dataset::standardized(const Dataset &like, Loc at) const {
  if (!(like.x_.dim(1) == x_.dim(1)))
    throw Error(at, "standardized: the rows differ in length: " + x_.str() + " and " + like.x_.str());
  std::int64_t d = x_.dim(1).value(), n = like.size();
  std::span<const float> measured = like.x_.span<float>(), from = x_.span<float>();
  std::vector<double> mean(d), spread(d);
  for (std::int64_t i = 0; i < n * d; ++i)
    mean[i % d] += measured[i] / double(n);
  for (std::int64_t i = 0; i < n * d; ++i)
    spread[i % d] += (measured[i] - mean[i % d]) * (measured[i] - mean[i % d]) / double(n);
  std::vector<float> to(from.begin(), from.end());
  for (std::size_t i = 0; i < to.size(); ++i) // a feature that never varies becomes 0
    to[i] = float((to[i] - mean[i % d]) / (spread[i % d] > 0 ? std::sqrt(spread[i % d]) : 1));
  return Dataset(Tensor::copy(to, x_.shape()), y_);
}

/// Slices along the first axis, byte by byte.
static Tensor sliceRows(const Tensor &x, std::span<const std::int64_t> rows) {
  const Value &v = *x.value();
  std::vector<std::int64_t> sizes = v.sizes;
  sizes[0] = 1;
  std::size_t bytes = std::size_t(countOf(sizes)) * v.dtype.bytes();
  sizes[0] = std::int64_t(rows.size());
  void *to = nullptr;
  Tensor result = makeArray(v.dtype, sizes, &to);
  for (std::size_t i = 0; i < rows.size() && bytes; ++i)
    std::memcpy(static_cast<char *>(to) + i * bytes, static_cast<const char *>(v.data) + std::size_t(rows[i]) * bytes,
                bytes);
  return result;
}
static Dataset gather(const Dataset &data, std::span<const std::int64_t> rows) {
  return Dataset(sliceRows(data.x(), rows), sliceRows(data.y(), rows));
}

Dataset Dataset::shuffled(const Key &key) const {
  std::vector<std::int64_t> order(size());
  std::iota(order.begin(), order.end(), 0);
  // Fisher and Yates, with a word of its own for each step; the remainder's bias is below 2^-20 for any table that fits
  // in memory here.
  for (std::int64_t i = size() - 1; i > 0; --i) {
    Key own = key.fold(Tensor(std::int32_t(i)));
    auto words = own.bits.span<int>();
    std::uint64_t word = std::uint64_t(std::uint32_t(words[0])) << 32 | std::uint32_t(words[1]);
    std::swap(order[i], order[word % std::uint64_t(i + 1)]);
  }
  return gather(*this, order);
}
Dataset Dataset::rows(std::int64_t begin, std::int64_t end, Loc at) const {
  if (begin < 0 || end < begin || end > size())
    throw Error(at, "rows: expected 0 <= begin <= end <= " + std::to_string(size()) + ", the rows there are, found " +
                        std::to_string(begin) + " and " + std::to_string(end));
  std::vector<std::int64_t> order(end - begin);
  std::iota(order.begin(), order.end(), begin);
  return gather(*this, order);
}
std::pair<Dataset, Dataset> Dataset::split(std::int64_t first, Loc at) const {
  if (first < 0 || first > size())
    throw Error(at, "split: the first part cannot have " + std::to_string(first) + " of " + std::to_string(size()) +
                        " rows");
  return {rows(0, first), rows(first, size())};
}

std::vector<Batch> Dataset::batches(std::int64_t count, BatchOptions options, Loc at) const {
  if (count < 1)
    throw Error(at, "batches: expected one row or more in a batch, found " + std::to_string(count));
  std::vector<Batch> all;
  for (std::int64_t begin = 0; begin < size(); begin += count) {
    if (options.last == Last::drop && begin + count > size())
      break;
    Dataset part = rows(begin, std::min(begin + count, size()));
    all.push_back({part.x_, part.y_});
  }
  return all;
}
