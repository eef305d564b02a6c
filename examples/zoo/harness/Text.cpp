// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "harness/Text.h"
#include <algorithm>
#include <array>
#include <set>
#include <stdexcept>
#include <zlib.h>

std::string zoo::readText(const std::string &path) {
  gzFile file = gzopen(path.c_str(), "rb");
  if (!file)
    throw std::runtime_error("there is no file " + path);
  std::string text;
  std::array<char, 1 << 16> buffer;
  int got = 0;
  while ((got = gzread(file, buffer.data(), unsigned(buffer.size()))) > 0)
    text.append(buffer.data(), std::size_t(got));
  bool whole = got == 0 && gzclose(file) == Z_OK;
  if (!whole)
    throw std::runtime_error(path + " is damaged: it ends early or does not unpack");
  return text;
}

zoo::Characters::Characters(const std::string &text) {
  std::set<unsigned char> all(text.begin(), text.end());
  list.assign(all.begin(), all.end());
  ids = encode(text);
}
std::vector<int> zoo::Characters::encode(const std::string &text) const {
  std::array<int, 256> place;
  place.fill(-1);
  for (std::size_t i = 0; i < list.size(); ++i)
    place[static_cast<unsigned char>(list[i])] = int(i);
  std::vector<int> found;
  found.reserve(text.size());
  for (unsigned char c : text) {
    if (place[c] < 0)
      throw std::invalid_argument(std::string("the text has no character \"") + char(c) + "\"");
    found.push_back(place[c]);
  }
  return found;
}
std::string zoo::Characters::decode(const std::vector<int> &ids) const {
  std::string text;
  for (int i : ids)
    text += list.at(std::size_t(i));
  return text;
}

zoo::TextSplit zoo::split(const std::vector<int> &ids, double held) {
  if (!(held > 0 && held < 1))
    throw std::invalid_argument("a part between 0 and 1 is held out, found " + std::to_string(held));
  auto border = ids.begin() + std::ptrdiff_t(double(ids.size()) * (1 - held));
  return {{ids.begin(), border}, {border, ids.end()}};
}
weft::Tensor zoo::tensor(const std::vector<int> &ids) { return weft::Tensor::copy(ids, {std::int64_t(ids.size())}); }
weft::Tensor zoo::consecutive(const std::vector<int> &ids, int length) {
  std::int64_t count = std::int64_t(ids.size()) / length;
  return weft::Tensor::copy(std::vector<int>(ids.begin(), ids.begin() + count * length), {count, length});
}
