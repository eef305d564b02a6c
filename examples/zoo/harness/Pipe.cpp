// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "harness/Pipe.h"
#include <array>
#include <cerrno>
#include <cstring>
#include <spawn.h>
#include <stdexcept>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace zoo;

static void fail(const char *what) { throw std::runtime_error(std::string(what) + ": " + std::strerror(errno)); }

static void sendAll(int file, const std::uint8_t *at, std::size_t count) {
  while (count > 0) {
    ssize_t done = ::send(file, at, count, MSG_NOSIGNAL);
    if (done < 0 && errno == EINTR)
      continue;
    if (done < 0)
      fail("a message could not be sent to the other process");
    at += done, count -= std::size_t(done);
  }
}
/// False if the other end closed before the first byte.
static bool receiveAll(int file, std::uint8_t *at, std::size_t count) {
  for (std::size_t got = 0; got < count;) {
    ssize_t done = ::recv(file, at + got, count - got, 0);
    if (done < 0 && errno == EINTR)
      continue;
    if (done < 0)
      fail("no message could be received from the other process");
    if (done == 0 && got == 0)
      return false;
    if (done == 0)
      throw std::runtime_error("the other process ended in the middle of a message");
    got += std::size_t(done);
  }
  return true;
}

void Pipe::send(std::span<const std::uint8_t> message) {
  std::uint64_t size = message.size();
  std::array<std::uint8_t, sizeof(size)> head;
  std::memcpy(head.data(), &size, sizeof(size));
  sendAll(file_, head.data(), head.size());
  sendAll(file_, message.data(), message.size());
  sent_ += std::int64_t(size);
}
std::optional<Bytes> Pipe::receive() {
  std::uint64_t size = 0;
  std::array<std::uint8_t, sizeof(size)> head;
  if (!receiveAll(file_, head.data(), head.size()))
    return {};
  std::memcpy(&size, head.data(), sizeof(size));
  if (size > std::uint64_t(1) << 32)
    throw std::runtime_error("a message says that it has " + std::to_string(size) + " bytes");
  Bytes message(static_cast<std::size_t>(size));
  if (size > 0 && !receiveAll(file_, message.data(), message.size()))
    throw std::runtime_error("the other process ended in the middle of a message");
  received_ += std::int64_t(size);
  return message;
}

Child::Child(const std::vector<std::string> &arguments) : Pipe(-1) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    fail("no pipe to another process");
  std::vector<std::string> all{"/proc/self/exe"};
  all.insert(all.end(), arguments.begin(), arguments.end());
  std::vector<char *> pointers;
  for (std::string &argument : all)
    pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], 0); // where Pipe() listens and speaks
  int error = posix_spawn(&process_, all[0].c_str(), &actions, nullptr, pointers.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  if (error != 0) {
    close(ends[0]);
    errno = error;
    fail("this program could not be started once more");
  }
  file_ = ends[0];
}
Child::~Child() {
  close(file_);
  while (waitpid(process_, nullptr, 0) < 0 && errno == EINTR)
    ;
}
