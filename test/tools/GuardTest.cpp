// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Work in a child process: whatever becomes of it, the tool ends with a code that means something, and a crash leaves a
// file to report.
#include "tools/Guard.h"
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <new>
#include <set>
#include <sstream>
#include <sys/wait.h>
#include <unistd.h>

using namespace weft::tools;
namespace fs = std::filesystem;

namespace {
struct Guard : testing::Test {
  void SetUp() override {
    folder = fs::temp_directory_path() / ("weft-guard-" + std::to_string(getpid()));
    fs::create_directories(folder);
    before = fs::current_path();
    fs::current_path(folder);
  }
  void TearDown() override {
    fs::current_path(before);
    fs::remove_all(folder);
  }
  int guarded(const std::function<int(Progress &)> &work) {
    char tool[] = "tool", file[] = "f.mlir";
    char *arguments[] = {tool, file, nullptr};
    return runGuarded(2, arguments, "tool", work);
  }
  /// The text of the one reproducer, or nothing.
  std::string reproducer() const {
    for (const auto &entry : fs::directory_iterator(folder))
      if (entry.path().filename().string().starts_with("tool-reproducer-")) {
        std::stringstream text;
        text << std::ifstream(entry.path()).rdbuf();
        return text.str();
      }
    return "";
  }
  static void parsed(Progress &progress) {
    progress.parsedArguments = true;
    progress.keep("func.func private @f()\n");
  }
  fs::path folder, before;
};

TEST_F(Guard, PassesOnWhatTheWorkSays) {
  EXPECT_EQ(guarded([](Progress &p) { return parsed(p), ok; }), 0);
  EXPECT_EQ(guarded([](Progress &p) { return parsed(p), userError; }), 1);
  EXPECT_EQ(reproducer(), "");
}

TEST_F(Guard, AFailureBeforeArgumentsAreReadIsUsage) {
  EXPECT_EQ(guarded([](Progress &) { return userError; }), 2);
  EXPECT_EQ(guarded([](Progress &) -> int { std::exit(1); }), 2);
  EXPECT_EQ(reproducer(), "");
}

TEST_F(Guard, ACrashLeavesAReproducer) {
  EXPECT_EQ(guarded([](Progress &p) -> int {
              parsed(p);
              std::signal(SIGABRT, SIG_DFL);
              std::abort();
            }),
            3);
  EXPECT_EQ(reproducer(), "// command: tool f.mlir\nfunc.func private @f()\n");
}

TEST_F(Guard, AnInternalErrorLeavesAReproducer) {
  EXPECT_EQ(guarded([](Progress &p) { return parsed(p), internalError; }), 3);
  EXPECT_EQ(reproducer(), "// command: tool f.mlir\nfunc.func private @f()\n");
}

// The program is what the work has read, wherever it came from, whole, and read once only.
TEST_F(Guard, TheReproducerHoldsTheProgramItself) {
  std::string large(300000, 'x');
  EXPECT_EQ(guarded([&](Progress &p) {
              parsed(p);
              p.keep("something longer, which is replaced, and then");
              p.keep(large);
              return internalError;
            }),
            3);
  EXPECT_EQ(reproducer(), "// command: tool f.mlir\n" + large);
}

// A line break in an argument ends no comment.
TEST_F(Guard, TheCommandIsOneLine) {
  char tool[] = "tool", argument[] = "a\nfunc.func @b() { return }\r\n";
  char *arguments[] = {tool, argument, nullptr};
  EXPECT_EQ(runGuarded(2, arguments, "tool", [](Progress &) { return internalError; }), 3);
  EXPECT_EQ(reproducer(), "// command: tool a func.func @b() { return }  \n");
}

TEST_F(Guard, ReproducersAreNewFiles) {
  for (int i = 0; i < 4; ++i)
    guarded([](Progress &p) { return parsed(p), internalError; });
  std::set<std::string> names;
  for (const auto &entry : fs::directory_iterator(folder)) {
    names.insert(entry.path().filename().string());
    EXPECT_EQ(fs::status(entry.path()).permissions() & fs::perms::all, fs::perms::owner_read | fs::perms::owner_write);
  }
  EXPECT_EQ(names.size(), 4u);
}

TEST_F(Guard, WhatComesFromOutsideIsNoMistakeOfOurs) {
  for (int signal : {SIGTERM, SIGINT, SIGKILL})
    EXPECT_EQ(guarded([&](Progress &p) { return parsed(p), raise(signal); }), 1) << signal;
  EXPECT_EQ(guarded([](Progress &p) -> int {
              parsed(p);
              throw std::bad_alloc();
            }),
            1);
  EXPECT_EQ(reproducer(), "");
}

// Who ends the tool ends the child that works for it: it holds the other end of a pipe that closes then.
TEST_F(Guard, TheChildEndsWithItsParent) {
  int pipes[2];
  ASSERT_EQ(pipe(pipes), 0);
  pid_t parent = fork();
  if (parent == 0) {
    close(pipes[0]);
    guarded([&](Progress &) -> int {
      (void)!write(pipes[1], "!", 1);
      for (;;)
        pause();
    });
    std::_Exit(0);
  }
  close(pipes[1]);
  char byte = 0;
  ASSERT_EQ(read(pipes[0], &byte, 1), 1); // the child works
  kill(parent, SIGKILL);
  waitpid(parent, nullptr, 0);
  EXPECT_EQ(read(pipes[0], &byte, 1), 0); // nobody is left who could write
  close(pipes[0]);
}
} // namespace
