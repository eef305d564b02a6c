// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Data sets on the host: csv through zlib, which reads plain files as they are.
#include "weft/data.h"
#include "Value.h"
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numeric>
#include <zlib.h>

using namespace weft;
using namespace weft::detail;

Dataset::Dataset(Tensor x, Tensor y, Loc at) : x_(std::move(x)), y_(std::move(y)) {
  if (!x_.isConcrete() || !y_.isConcrete() || x_.dtype() != f32 || y_.dtype() != i32 || x_.rank() != 2 ||
      y_.rank() != 1 || !(x_.dim(0) == y_.dim(0)))
    throw Error(at, "dataset: expected arrays f32 [n, d] and i32 [n], found " + x_.str() + " and " + y_.str());
}
std::int64_t Dataset::size() const { return y_.dim(0).value(); }

Dataset Dataset::csv(const std::string &path, Loc at) {
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
  std::vector<std::int32_t> labels;
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
    std::vector<float> values;
    const char *p = row.c_str();
    bool numbers = true;
    while (numbers) {
      char *end;
      values.push_back(std::strtof(p, &end));
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
      throw Error(at, "dataset: " + path + " line " + std::to_string(line) + ": expected " +
                          (columns ? std::to_string(columns) : "two or more") + " numbers, found \"" +
                          row.substr(0, 60) + "\"");
    columns = values.size();
    labels.push_back(std::int32_t(values.back()));
    features.insert(features.end(), values.begin(), values.end() - 1);
  }
  if (labels.empty())
    throw Error(at, "dataset: " + path + " has no rows");
  std::int64_t n = std::int64_t(labels.size());
  return Dataset(Tensor::copy(features, {n, std::int64_t(columns) - 1}), Tensor::copy(labels, {n}), at);
}

Dataset Dataset::scaled(float factor) const {
  std::span<const float> from = x_.span<float>();
  std::vector<float> to(from.begin(), from.end());
  for (float &v : to)
    v *= factor;
  return Dataset(Tensor::copy(to, x_.shape()), y_);
}

Dataset Dataset::standardized(const Dataset &like) const {
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

static Dataset gather(const Dataset &data, std::span<const std::int64_t> rows) {
  std::int64_t d = data.x().dim(1).value();
  std::span<const float> x = data.x().span<float>();
  std::span<const int> y = data.y().span<int>();
  void *xTo = nullptr, *yTo = nullptr;
  Tensor xs = makeArray(f32, {std::int64_t(rows.size()), d}, &xTo),
         ys = makeArray(i32, {std::int64_t(rows.size())}, &yTo);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    std::copy_n(x.begin() + rows[i] * d, d, static_cast<float *>(xTo) + std::int64_t(i) * d);
    static_cast<std::int32_t *>(yTo)[i] = y[rows[i]];
  }
  return Dataset(xs, ys);
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
Dataset Dataset::rows(std::int64_t begin, std::int64_t end) const {
  begin = std::clamp<std::int64_t>(begin, 0, size()), end = std::clamp(end, begin, size());
  std::vector<std::int64_t> order(end - begin);
  std::iota(order.begin(), order.end(), begin);
  return gather(*this, order);
}
std::pair<Dataset, Dataset> Dataset::split(std::int64_t first) const { return {rows(0, first), rows(first, size())}; }

std::vector<Batch> Dataset::batches(std::int64_t count, BatchOptions options) const {
  if (count < 1)
    throw Error(Loc(), "batches: expected one row or more in a batch, found " + std::to_string(count));
  std::vector<Batch> all;
  for (std::int64_t begin = 0; begin < size(); begin += count) {
    if (options.last == Last::drop && begin + count > size())
      break;
    Dataset part = rows(begin, begin + count);
    all.push_back({part.x_, part.y_});
  }
  return all;
}
