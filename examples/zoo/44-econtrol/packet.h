// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A worker's message as bytes: the numbers as they are, and each place in as few bits as d needs.
#pragma once
#include "harness/Pipe.h"

namespace econtrol {

struct Packet {
  std::uint32_t worker = 0, step = 0, d = 0;
  std::vector<std::int32_t> indices;
  std::vector<float> values;
  bool operator==(const Packet &) const = default;
};
/// ceil(log2 d).
int bitsOfIndex(std::uint32_t d);
/// Bits of k numbers and their places, without the head.
std::int64_t bitsOfMessage(std::int64_t k, std::uint32_t d);

/// Behind a head of four numbers (worker, step, d, k) the values, and behind these the places. Throws
/// std::invalid_argument for a place outside or twice.
zoo::Bytes pack(const Packet &p);
/// The inverse. Throws std::invalid_argument for a message that is cut off or too long, of another d, or that has a
/// place outside or twice.
Packet unpack(const zoo::Bytes &bytes, std::uint32_t d);

} // namespace econtrol
