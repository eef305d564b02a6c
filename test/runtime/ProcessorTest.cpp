// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Code for another processor is refused before any of it runs.
#include "Programs.h"
#include <cstring>
#include <gtest/gtest.h>

using namespace weft::test;

TEST(Processor, CodeForAnotherOneIsRefused) {
  const std::uint64_t here = weft_cpu_features();
  EXPECT_EQ(weft_cpu_features(), here);
#if defined(__x86_64__)
  EXPECT_TRUE(__builtin_cpu_supports("avx2") ? here : true);
#endif
  weft_program program = stepProgram();
  weft_error error;
  std::int64_t symbols[1], dims[8];
  const std::int64_t shape[]{2, 64};
  float x[128]{}, scale = 1;
  std::int32_t labels[2]{};
  weft_array inputs[]{{x, WEFT_F32, 2, shape}, {labels, WEFT_I32, 1, shape}, {&scale, WEFT_F32, 0, nullptr}};
  program.cpu_features = here;
  EXPECT_EQ(weft_program_bind(&program, inputs, 3, symbols, dims, &error), WEFT_OK) << error.message;
  for (int bit = 0; bit < 64; ++bit) {
    if (here >> bit & 1)
      continue;
    program.cpu_features = here | std::uint64_t(1) << bit;
    // Its shapes are code as well: they must not be asked for.
    program.shapes = nullptr;
    EXPECT_EQ(weft_program_bind(&program, inputs, 3, symbols, dims, &error), WEFT_UNSUPPORTED);
    EXPECT_TRUE(std::strstr(error.message, "step: compiled for a processor with ")) << error.message;
    EXPECT_TRUE(std::strstr(error.message, ", which this one lacks")) << error.message;
    EXPECT_EQ(weft_instance_create(&program, nullptr, &error), nullptr);
    EXPECT_EQ(error.status, WEFT_UNSUPPORTED);
  }
}
