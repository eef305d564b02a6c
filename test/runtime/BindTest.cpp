// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Binding: the symbols and shapes it finds, and the exact text of everything it refuses.
#include "Programs.h"
#include <cstring>
#include <gtest/gtest.h>
#include <string>

using namespace weft::test;

namespace {

// The inputs of step, to be spoiled one at a time.
struct Call {
  int64_t xShape[3] = {32, 64, 1}, labelsShape[1] = {32};
  float x[1] = {}, scale[1] = {};
  int32_t labels[1] = {};
  weft_array inputs[3] = {{x, WEFT_F32, 2, xShape}, {labels, WEFT_I32, 1, labelsShape}, {scale, WEFT_F32, 0, nullptr}};
  int64_t symbols[1] = {-7}, dims[2] = {-7, -7};
  weft_error error;

  Call() { memset(&error, 0x55, sizeof(error)); }
  weft_status bind(const weft_program &program = stepProgram(), int32_t count = 3) {
    return weft_program_bind(&program, inputs, count, symbols, dims, &error);
  }
  std::string refusal(const weft_program &program = stepProgram(), int32_t count = 3) {
    EXPECT_EQ(bind(program, count), WEFT_INVALID_ARGUMENT);
    EXPECT_EQ(error.status, WEFT_INVALID_ARGUMENT);
    EXPECT_EQ(weft_program_bind(&program, inputs, count, symbols, dims, nullptr), WEFT_INVALID_ARGUMENT);
    return error.message;
  }
};

TEST(Bind, FindsSymbolsAndOutputShapes) {
  for (int64_t b : {1, 32, 512}) {
    Call call;
    call.xShape[0] = call.labelsShape[0] = b;
    EXPECT_EQ(call.bind(), WEFT_OK);
    EXPECT_EQ(call.error.status, WEFT_OK);
    EXPECT_STREQ(call.error.message, "");
    EXPECT_EQ(call.symbols[0], b);
    EXPECT_EQ(call.dims[0], b);
    EXPECT_EQ(call.dims[1], b + 1);
  }
}

TEST(Bind, Bounds) {
  Call call;
  call.xShape[0] = call.labelsShape[0] = 600;
  EXPECT_EQ(call.refusal(), "step: input 0 (x): expected f32 [B, 64] with B in 1..512, got f32 [600, 64]: "
                            "dimension B = 600 is outside its bounds 1..512");
  call.xShape[0] = -1;
  EXPECT_EQ(call.refusal(), "step: input 0 (x): expected f32 [B, 64] with B in 1..512, got f32 [-1, 64]: "
                            "dimension B = -1 is outside its bounds 1..512");
  EXPECT_EQ(call.dims[0], -7) << "a refused call writes no shapes";
}

TEST(Bind, Count) {
  Call call;
  EXPECT_EQ(call.refusal(stepProgram(), 2), "step: expected 3 inputs, got 2");
}

TEST(Bind, Dtype) {
  Call call;
  call.inputs[0].dtype = WEFT_BF16;
  EXPECT_EQ(call.refusal(),
            "step: input 0 (x): expected f32 [B, 64] with B in 1..512, got bf16 [32, 64]: dtype bf16 is not f32");
  call.inputs[0].dtype = 42;
  EXPECT_EQ(call.refusal(),
            "step: input 0 (x): expected f32 [B, 64] with B in 1..512, got unknown [32, 64]: there is no dtype 42");
}

TEST(Bind, Rank) {
  Call call;
  call.inputs[0].rank = 3;
  EXPECT_EQ(call.refusal(),
            "step: input 0 (x): expected f32 [B, 64] with B in 1..512, got f32 [32, 64, 1]: rank 3 is not 2");
  Call scalar;
  scalar.inputs[2].rank = 1;
  scalar.inputs[2].shape = scalar.labelsShape;
  EXPECT_EQ(scalar.refusal(), "step: input 2: expected f32 [], got f32 [32]: rank 1 is not 0");
}

// Before B is known, a dimension that follows from it cannot be told.
TEST(Bind, UnknownDimension) {
  Call call;
  call.inputs[0].rank = 1;
  call.inputs[1].dtype = WEFT_I64;
  EXPECT_EQ(call.refusal(), "step: input 0 (x): expected f32 [B, 64] with B in 1..512, got f32 [32]: rank 1 is not 2");
  weft_symbol late[] = {{"B", 1, 512, 1, 0}};
  weft_program program = stepProgram();
  program.symbols = late;
  EXPECT_EQ(call.refusal(program), "step: input 0 (x): expected f32 [32, 64], got f32 [32]: rank 1 is not 2");
  call.inputs[1].rank = 0;
  EXPECT_EQ(call.refusal(program), "step: input 0 (x): expected f32 [?, 64], got f32 [32]: rank 1 is not 2");
}

TEST(Bind, Dimension) {
  Call call;
  call.xShape[1] = 65;
  EXPECT_EQ(call.refusal(),
            "step: input 0 (x): expected f32 [B, 64] with B in 1..512, got f32 [32, 65]: dimension 1 = 65 is not 64");
}

TEST(Bind, DimensionOfAnotherInput) {
  Call call;
  call.labelsShape[0] = 31;
  EXPECT_EQ(
      call.refusal(),
      "step: input 1 (labels): expected i32 [32], got i32 [31]: dimension 0 = 31 is not 32 (B = 32 from input 0)");
  EXPECT_EQ(call.symbols[0], 32);
}

TEST(Bind, NullPointers) {
  Call call;
  call.inputs[0].data = nullptr;
  EXPECT_EQ(
      call.refusal(),
      "step: input 0 (x): expected f32 [B, 64] with B in 1..512, got f32 [32, 64]: it has no data (a null pointer)");
  call.inputs[0].shape = nullptr;
  EXPECT_EQ(call.refusal(),
            "step: input 0 (x): expected f32 [B, 64] with B in 1..512, got f32 []: it has no shape (a null pointer)");
  weft_error error;
  EXPECT_EQ(weft_program_bind(nullptr, nullptr, 0, nullptr, nullptr, &error), WEFT_INVALID_ARGUMENT);
  EXPECT_STREQ(error.message, "weft_program_bind: no program (a null pointer)");
  EXPECT_EQ(weft_program_bind(&stepProgram(), call.inputs, 3, nullptr, call.dims, &error), WEFT_INVALID_ARGUMENT);
  EXPECT_STREQ(error.message, "step: no room for symbols (a null pointer)");
  EXPECT_EQ(weft_program_bind(&stepProgram(), nullptr, 3, call.symbols, call.dims, &error), WEFT_INVALID_ARGUMENT);
  EXPECT_STREQ(error.message, "step: no room for inputs (a null pointer)");
  Call good;
  EXPECT_EQ(weft_program_bind(&stepProgram(), good.inputs, 3, good.symbols, nullptr, &error), WEFT_INVALID_ARGUMENT);
  EXPECT_STREQ(error.message, "step: no room for the outputs' dimensions (a null pointer)");
}

TEST(Bind, AbiVersion) {
  Call call;
  weft_program program = stepProgram();
  program.abi_version = WEFT_ABI_VERSION + 1;
  program.name = reinterpret_cast<const char *>(8); // must not be read
  const std::string differs = ": the program has ABI version " + std::to_string(WEFT_ABI_VERSION + 1) +
                              ", this runtime has " + std::to_string(WEFT_ABI_VERSION);
  EXPECT_EQ(call.refusal(program), "weft_program_bind" + differs);
  EXPECT_EQ(weft_instance_create(&program, nullptr, &call.error), nullptr);
  EXPECT_EQ(call.error.message, "weft_instance_create" + differs);
}

TEST(Bind, DamagedDescriptor) {
  Call call;
  weft_symbol wrong[] = {{"B", 1, 512, 0, 2}};
  weft_program program = stepProgram();
  program.symbols = wrong;
  EXPECT_EQ(call.bind(program), WEFT_INTERNAL);
  EXPECT_STREQ(call.error.message, "step: dimension B is read from axis 2 of input 0, which is not there");
}

TEST(Bind, SizesThatOverflow) {
  Call call;
  weft_symbol wide[] = {{"B", 1, INT64_MAX, 0, 0}};
  weft_program program = stepProgram();
  program.symbols = wide;
  call.xShape[0] = call.labelsShape[0] = INT64_C(1) << 58;
  EXPECT_EQ(call.refusal(program), "step: input 0 (x): expected f32 [B, 64] with B in 1..9223372036854775807, "
                                   "got f32 [288230376151711744, 64]: its size in bytes does not fit 64 bits");
  // The inputs fit, the [B, B + 1] output does not.
  call.xShape[0] = call.labelsShape[0] = INT64_C(1) << 40;
  EXPECT_EQ(call.refusal(program),
            "step: output 1 (y): the size in bytes of f32 [1099511627776, 1099511627777] does not fit 64 bits");
}

TEST(Bind, NegativeOutput) {
  Call call;
  weft_program program = stepProgram();
  program.shapes = [](const int64_t *symbols, int64_t *dims) {
    const int64_t b = symbols[0], all[] = {b, 64, b, b, b - 33};
    memcpy(dims, all, sizeof(all));
  };
  EXPECT_EQ(call.refusal(program), "step: output 1 (y): dimension 1 = -1 is negative (B = 32 from input 0)");
}

// Names of any length and content fit, cut before a whole character.
TEST(Bind, LongNames) {
  for (const std::string start : {"%s%n", "%s%n."}) {
    std::string name = start;
    while (name.size() < 3000)
      name += "\xc3\xa9"; // e with an acute accent, two bytes
    weft_program program = stepProgram();
    program.name = name.c_str();
    Call call;
    const std::string text = call.refusal(program, 2);
    EXPECT_LT(text.size(), sizeof(call.error.message));
    EXPECT_GT(text.size(), sizeof(call.error.message) - 8);
    EXPECT_EQ(text.substr(0, start.size()), start);
    EXPECT_EQ(text.substr(text.size() - 5), "\xc3\xa9...");
  }
}

TEST(Bind, ManyDimensions) {
  const int64_t shape[200] = {};
  std::vector<weft_parameter> parameters(40, {"p", WEFT_I8, 5, -1});
  std::vector<weft_array> arrays(40, {nullptr, WEFT_I8, 5, shape});
  weft_program program = {};
  program.abi_version = WEFT_ABI_VERSION;
  program.name = "many";
  program.num_inputs = 40;
  program.inputs = parameters.data();
  program.shapes = [](const int64_t *, int64_t *dims) { memset(dims, 0, 200 * sizeof(int64_t)); };
  EXPECT_EQ(weft_program_bind(&program, arrays.data(), 40, nullptr, nullptr, nullptr), WEFT_OK);
  arrays[39].dtype = WEFT_F16;
  weft_error error;
  EXPECT_EQ(weft_program_bind(&program, arrays.data(), 40, nullptr, nullptr, &error), WEFT_INVALID_ARGUMENT);
  EXPECT_STREQ(error.message,
               "many: input 39 (p): expected i8 [0, 0, 0, 0, 0], got f16 [0, 0, 0, 0, 0]: dtype f16 is not i8");
}

TEST(Array, Dtypes) {
  const char *names[] = {"i1", "i8", "i32", "i64", "f16", "bf16", "f32", "f64", "c64", "c128"};
  const size_t sizes[] = {1, 1, 4, 8, 2, 2, 4, 8, 8, 16};
  for (int32_t dtype = 0; dtype < 10; ++dtype) {
    EXPECT_STREQ(weft_dtype_name(dtype), names[dtype]);
    EXPECT_EQ(weft_dtype_size(dtype), sizes[dtype]);
  }
  for (int32_t dtype : {-1, 10, INT32_MAX, INT32_MIN}) {
    EXPECT_STREQ(weft_dtype_name(dtype), "unknown");
    EXPECT_EQ(weft_dtype_size(dtype), 0u);
  }
}

TEST(Array, Bytes) {
  auto bytes = [](int32_t dtype, std::vector<int64_t> shape) {
    return weft_array_bytes(dtype, shape.data(), int32_t(shape.size()));
  };
  constexpr int64_t half = int64_t(1) << 62;
  EXPECT_EQ(bytes(WEFT_F32, {}), 4);
  EXPECT_EQ(bytes(WEFT_C128, {3, 5}), 240);
  EXPECT_EQ(bytes(WEFT_I8, {INT64_MAX}), INT64_MAX);
  EXPECT_EQ(bytes(WEFT_I1, {half, 2}), -1);
  EXPECT_EQ(bytes(WEFT_F16, {half}), -1);
  EXPECT_EQ(bytes(WEFT_F32, {half, 4}), -1); // 2^66, which is 0 in 64 bits
  EXPECT_EQ(bytes(WEFT_F32, {half, half, 0}), 0);
  EXPECT_EQ(bytes(WEFT_F32, {-2, -3}), -1);
  EXPECT_EQ(bytes(WEFT_F32, {0, -1}), -1);
}

} // namespace
