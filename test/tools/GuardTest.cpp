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
#include <sstream>

using namespace weft::tools;
namespace fs = std::filesystem;

namespace {
struct Guard : testing::Test {
  void SetUp() override {
    folder = fs::temp_directory_path() / ("weft-guard-" + std::to_string(getpid()));
    fs::create_directories(folder);
    before = fs::current_path();
    fs::current_path(folder);
    std::ofstream("f.mlir") << "func.func private @f()\n";
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
    std::snprintf(progress.input, sizeof progress.input, "f.mlir");
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
} // namespace
