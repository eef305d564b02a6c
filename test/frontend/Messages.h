// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What tests of error messages share.
#pragma once
#include <gtest/gtest.h>
#include <string>
#include <weft/weft.h>

namespace weft::test {
/// What the error says that a call throws.
std::string messageOf(auto call) {
  try {
    call();
  } catch (const Error &e) {
    return e.what();
  }
  return "no error";
}
/// The name of a source file as errors give it, with the colon in front of the line.
inline std::string inFile(const std::string &path) { return path.substr(path.find_last_of('/') + 1) + ":"; }
} // namespace weft::test

/// The statements throw an error that says `part` and names this file.
#define EXPECT_MESSAGE(part, ...)                                                                                      \
  do {                                                                                                                 \
    std::string text = weft::test::messageOf([&] { __VA_ARGS__; });                                                    \
    EXPECT_NE(text.find(part), std::string::npos) << text;                                                             \
    EXPECT_NE(text.find(weft::test::inFile(__FILE__)), std::string::npos) << text;                                     \
  } while (false)
/// The same of jit with these arguments.
#define EXPECT_JIT_MESSAGE(part, ...) EXPECT_MESSAGE(part, jit(__VA_ARGS__))
