// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A second process, which is this program once more with other arguments, and messages of bytes to and from it.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace zoo {

using Bytes = std::vector<std::uint8_t>;

/// One end. A message arrives whole or not at all; what fails throws std::runtime_error.
class Pipe {
public:
  /// The end that a program started by `Child` has.
  Pipe() = default;
  void send(std::span<const std::uint8_t> message);
  /// Nothing if the other end is gone.
  std::optional<Bytes> receive();
  /// Bytes of messages, without what frames them.
  std::int64_t sent() const { return sent_; }
  std::int64_t received() const { return received_; }

protected:
  explicit Pipe(int file) : file_(file) {}
  int file_ = 0;

private:
  std::int64_t sent_ = 0, received_ = 0;
};

/// This program with other arguments, for as long as the object lives.
class Child : public Pipe {
public:
  explicit Child(const std::vector<std::string> &arguments);
  /// The other end finds its pipe at its end, and is waited for.
  ~Child();
  Child(const Child &) = delete;
  Child &operator=(const Child &) = delete;

private:
  int process_ = -1;
};

} // namespace zoo
