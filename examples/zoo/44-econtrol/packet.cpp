// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "packet.h"
#include <bit>
#include <cstring>
#include <stdexcept>

using namespace econtrol;

static void refuse(bool bad, const Packet &p, const std::string &why) {
  if (bad)
    throw std::invalid_argument("message of worker " + std::to_string(p.worker) + ", step " + std::to_string(p.step) +
                                ": " + why);
}
static void check(const Packet &p) {
  refuse(p.indices.size() != p.values.size(), p,
         std::to_string(p.values.size()) + " values and " + std::to_string(p.indices.size()) + " indices");
  std::vector<bool> seen(p.d);
  for (std::int32_t i : p.indices) {
    refuse(i < 0 || std::uint32_t(i) >= p.d, p,
           "index " + std::to_string(i) + " of " + std::to_string(p.d) + " numbers");
    refuse(seen[std::size_t(i)], p, "index " + std::to_string(i) + " comes twice");
    seen[std::size_t(i)] = true;
  }
}

int econtrol::bitsOfIndex(std::uint32_t d) { return d < 2 ? 0 : std::bit_width(d - 1); }
std::int64_t econtrol::bitsOfMessage(std::int64_t k, std::uint32_t d) { return k * (32 + bitsOfIndex(d)); }

static constexpr std::size_t headSize = 4 * sizeof(std::uint32_t);
static std::size_t sizeOf(std::size_t k, std::uint32_t d) {
  return headSize + k * sizeof(float) + (k * std::size_t(bitsOfIndex(d)) + 7) / 8;
}

zoo::Bytes econtrol::pack(const Packet &p) {
  check(p);
  const std::size_t k = p.values.size(), bits = std::size_t(bitsOfIndex(p.d));
  zoo::Bytes bytes(sizeOf(k, p.d));
  std::uint32_t head[4] = {p.worker, p.step, p.d, std::uint32_t(k)};
  std::memcpy(bytes.data(), head, headSize);
  if (k > 0)
    std::memcpy(bytes.data() + headSize, p.values.data(), k * sizeof(float));
  std::uint8_t *packed = bytes.data() + headSize + k * sizeof(float);
  for (std::size_t i = 0, at = 0; i < k; ++i)
    for (std::size_t bit = 0; bit < bits; ++bit, ++at)
      packed[at / 8] = std::uint8_t(packed[at / 8] | (p.indices[i] >> bit & 1) << at % 8);
  return bytes;
}

Packet econtrol::unpack(const zoo::Bytes &bytes, std::uint32_t d) {
  if (bytes.size() < headSize)
    throw std::invalid_argument("a message of " + std::to_string(bytes.size()) + " bytes is cut off in its head");
  std::uint32_t head[4];
  std::memcpy(head, bytes.data(), headSize);
  Packet p{head[0], head[1], head[2], {}, {}};
  refuse(p.d != d, p, "it speaks of " + std::to_string(p.d) + " numbers, and there are " + std::to_string(d));
  const std::size_t k = head[3], bits = std::size_t(bitsOfIndex(d));
  refuse(k > d, p, "it has " + std::to_string(k) + " of " + std::to_string(d) + " numbers");
  refuse(bytes.size() != sizeOf(k, d), p,
         std::to_string(bytes.size()) + " bytes where " + std::to_string(k) + " numbers have " +
             std::to_string(sizeOf(k, d)));
  p.values.resize(k), p.indices.resize(k);
  if (k > 0)
    std::memcpy(p.values.data(), bytes.data() + headSize, k * sizeof(float));
  const std::uint8_t *packed = bytes.data() + headSize + k * sizeof(float);
  for (std::size_t i = 0, at = 0; i < k; ++i)
    for (std::size_t bit = 0; bit < bits; ++bit, ++at)
      p.indices[i] |= std::int32_t(packed[at / 8] >> at % 8 & 1) << bit;
  check(p);
  return p;
}
