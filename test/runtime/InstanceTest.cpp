// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A call: its arena, what the error word becomes, cancellation, and that threads change nothing.
#include "Programs.h"
#include <cmath>
#include <gtest/gtest.h>
#include <limits>
#include <string>
#include <thread>

using namespace weft::test;

// An arena that cannot be had must come back as null, as it does without a sanitizer.
extern "C" const char *__asan_default_options() { return "allocator_may_return_null=1"; }
extern "C" const char *__tsan_default_options() { return "allocator_may_return_null=1"; }

namespace {

const std::vector<weft_message> messages = {
    {WEFT_OUT_OF_RANGE, "net.cpp:12: take: the index is outside 0..9"},
    {WEFT_NOT_FINITE, "net.cpp:14: log: the result is not finite"},
    {WEFT_OUT_OF_RANGE, "net.cpp:16: take: index %d of %s is outside 0..9"},
    {WEFT_DIVISION_BY_ZERO, "net.cpp:18: div: division by zero"},
    {99, "net.cpp:20: a status that is none"},
    {WEFT_NOT_FINITE, "net.cpp:22: element %d of y is not finite"},
    {WEFT_INTERNAL, nullptr},
};

void lowerErrorWord(weft_context *context, uint64_t message, int32_t detail) {
  const uint64_t word = message << 32 | static_cast<uint32_t>(detail);
  uint64_t old = __atomic_load_n(&context->error_word, __ATOMIC_RELAXED);
  while (word < old &&
         !__atomic_compare_exchange_n(&context->error_word, &old, word, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
  }
}

struct Answer {
  weft_status status;
  std::string text;
  bool operator==(const Answer &) const = default;
};
void PrintTo(const Answer &answer, std::ostream *out) { *out << answer.status << " '" << answer.text << "'"; }

Answer answerOf(BodyProgram &program) {
  weft_error error;
  const weft_status status = program.run(&error);
  EXPECT_EQ(error.status, status);
  return {status, error.message};
}

Answer answerTo(uint64_t message, int32_t detail) {
  Pool pool = makePool(1);
  BodyProgram program(
      pool.get(), [=](weft_context *context, void *) { lowerErrorWord(context, message, detail); }, messages);
  return answerOf(program);
}

TEST(Instance, ErrorWord) {
  EXPECT_EQ(answerTo(0, 12), (Answer{WEFT_OUT_OF_RANGE, "net.cpp:12: take: the index is outside 0..9: index 12"}));
  EXPECT_EQ(answerTo(0, -1), (Answer{WEFT_OUT_OF_RANGE, "net.cpp:12: take: the index is outside 0..9: index -1"}));
  EXPECT_EQ(answerTo(1, 7), (Answer{WEFT_NOT_FINITE, "net.cpp:14: log: the result is not finite: element 7"}));
  EXPECT_EQ(answerTo(2, INT32_MIN),
            (Answer{WEFT_OUT_OF_RANGE, "net.cpp:16: take: index -2147483648 of %s is outside 0..9"}));
  EXPECT_EQ(answerTo(3, 5), (Answer{WEFT_DIVISION_BY_ZERO, "net.cpp:18: div: division by zero"}));
  EXPECT_EQ(answerTo(4, 5), (Answer{WEFT_INTERNAL, "net.cpp:20: a status that is none"}));
  EXPECT_EQ(answerTo(5, -1), (Answer{WEFT_NOT_FINITE, "net.cpp:22: element 4294967295 of y is not finite"}));
  EXPECT_EQ(answerTo(6, 0), (Answer{WEFT_INTERNAL, "an error without a text"}));
  EXPECT_EQ(answerTo(7, 0), (Answer{WEFT_INTERNAL, "body: the error word names message 7, the program has 7"}));
}

TEST(Instance, ErrorIsForgottenByTheNextCall) {
  Pool pool = makePool(2);
  bool fails = true;
  BodyProgram program(
      pool.get(),
      [&](weft_context *context, void *) {
        if (fails)
          lowerErrorWord(context, 3, 0);
      },
      messages);
  EXPECT_EQ(program.run(), WEFT_DIVISION_BY_ZERO);
  fails = false;
  EXPECT_EQ(answerOf(program), (Answer{WEFT_OK, ""}));
}

TEST(Instance, SameErrorForAnyThreads) {
  for (int32_t threads = 1; threads <= 4; ++threads) {
    Pool pool = makePool(threads);
    BodyProgram program(
        pool.get(),
        [](weft_context *context, void *) {
          parallelFor(context, 1000, 10, [&](int64_t begin, int64_t) {
            if (begin >= 300)
              lowerErrorWord(context, begin % 20 ? 1 : 0, static_cast<int32_t>(begin));
          });
        },
        messages);
    EXPECT_EQ(answerOf(program), (Answer{WEFT_OUT_OF_RANGE, "net.cpp:12: take: the index is outside 0..9: index 300"}));
  }
}

TEST(Instance, Arena) {
  Pool pool = makePool(1);
  for (int64_t bytes : {0, 1, 64, 1000, 1 << 20}) {
    BodyProgram program(
        pool.get(),
        [=](weft_context *, void *arena) {
          ASSERT_NE(arena, nullptr);
          EXPECT_EQ(reinterpret_cast<uintptr_t>(arena) % 64, 0u);
          for (int64_t i = 0; i < bytes; ++i)
            static_cast<char *>(arena)[i] = 1;
        },
        {}, bytes);
    EXPECT_EQ(program.run(), WEFT_OK);
  }
}

TEST(Instance, ArenaErrors) {
  weft_program program = {};
  program.abi_version = WEFT_ABI_VERSION;
  program.name = "big";
  program.arena_bytes = INT64_MAX;
  weft_error error;
  Pool pool = makePool(1);
  EXPECT_EQ(weft_instance_create(&program, pool.get(), &error), nullptr);
  EXPECT_EQ(error.status, WEFT_OUT_OF_MEMORY);
  EXPECT_STREQ(error.message, "big: out of memory: the arena has 9223372036854775807 bytes");
  EXPECT_EQ(weft_instance_create(&program, pool.get(), nullptr), nullptr);
  program.arena_bytes = -1;
  EXPECT_EQ(weft_instance_create(&program, pool.get(), &error), nullptr);
  EXPECT_EQ(error.status, WEFT_INTERNAL);
  EXPECT_STREQ(error.message, "big: the program asks for an arena of -1 bytes");
  weft_instance_destroy(nullptr);
}

TEST(Instance, Cancel) {
  Pool pool = makePool(2);
  bool cancels = true;
  int64_t ran = 0;
  BodyProgram *self = nullptr;
  BodyProgram program(
      pool.get(),
      [&](weft_context *context, void *) {
        const float nan = std::numeric_limits<float>::quiet_NaN();
        parallelFor(context, 4, 4, [&](int64_t, int64_t) { ++ran; });
        if (cancels)
          std::thread([&] { weft_instance_cancel(self->get()); }).join();
        parallelFor(context, 4, 4, [&](int64_t, int64_t) { ran += 10; });
        // After a dispatch was left out, what the program computes is no error of the user.
        if (cancels) {
          lowerErrorWord(context, 0, 1);
          weft_check_finite(context, &nan, 1, WEFT_F32, 1);
        }
      },
      messages);
  self = &program;
  EXPECT_EQ(answerOf(program), (Answer{WEFT_CANCELLED, "body: cancelled"}));
  EXPECT_EQ(ran, 1);
  cancels = false;
  weft_instance_cancel(program.get()); // before the call, so it is forgotten
  EXPECT_EQ(answerOf(program), (Answer{WEFT_OK, ""}));
  EXPECT_EQ(ran, 12);
  weft_instance_cancel(nullptr);
}

// State is written in place only once the call is known to be without an error; a call that is cut short after that
// says that it is lost.
TEST(Instance, StateIsWrittenWhenNothingHasFailed) {
  Pool pool = makePool(2);
  bool fails = false, cancelsBefore = false, cancelsAfter = false;
  float state = 1;
  BodyProgram *self = nullptr;
  BodyProgram program(
      pool.get(),
      [&](weft_context *context, void *) {
        parallelFor(context, 2, 1, [&](int64_t begin, int64_t) {
          if (fails && begin)
            lowerErrorWord(context, 0, 1);
        });
        if (cancelsBefore)
          weft_instance_cancel(self->get());
        if (!weft_begin_update(context))
          return;
        if (cancelsAfter)
          weft_instance_cancel(self->get());
        parallelFor(context, 1, 1, [&](int64_t, int64_t) { state += 1; });
      },
      messages);
  self = &program;
  EXPECT_EQ(answerOf(program), (Answer{WEFT_OK, ""}));
  EXPECT_EQ(state, 2);
  EXPECT_FALSE(weft_instance_lost_state(program.get()));
  fails = true;
  EXPECT_EQ(answerOf(program).status, WEFT_OUT_OF_RANGE);
  EXPECT_EQ(state, 2);
  EXPECT_FALSE(weft_instance_lost_state(program.get()));
  fails = false, cancelsBefore = true;
  EXPECT_EQ(answerOf(program), (Answer{WEFT_CANCELLED, "body: cancelled"}));
  EXPECT_EQ(state, 2);
  EXPECT_FALSE(weft_instance_lost_state(program.get()));
  cancelsBefore = false, cancelsAfter = true;
  EXPECT_EQ(answerOf(program), (Answer{WEFT_CANCELLED, "body: cancelled while state was being written"}));
  EXPECT_TRUE(weft_instance_lost_state(program.get()));
  cancelsAfter = false;
  EXPECT_EQ(answerOf(program), (Answer{WEFT_OK, ""}));
  EXPECT_FALSE(weft_instance_lost_state(program.get()));
  EXPECT_FALSE(weft_instance_lost_state(nullptr));
}

TEST(Instance, CancelAfterTheLastDispatchChangesNothing) {
  Pool pool = makePool(2);
  BodyProgram *self = nullptr;
  BodyProgram program(pool.get(), [&](weft_context *context, void *) {
    parallelFor(context, 8, 1, [&](int64_t, int64_t) { weft_instance_cancel(self->get()); });
  });
  self = &program;
  EXPECT_EQ(program.run(), WEFT_OK);
}

TEST(Instance, OneCallAtATime) {
  Pool pool = makePool(1);
  BodyProgram *self = nullptr;
  Answer inner = {WEFT_OK, ""};
  BodyProgram program(pool.get(), [&](weft_context *, void *) { inner = answerOf(*self); });
  self = &program;
  EXPECT_EQ(program.run(), WEFT_OK);
  EXPECT_EQ(inner, (Answer{WEFT_INVALID_ARGUMENT,
                           "body: the instance is in another call; make one instance for each thread"}));
  weft_error error;
  EXPECT_EQ(weft_instance_run(nullptr, nullptr, nullptr, nullptr, &error), WEFT_INVALID_ARGUMENT);
  EXPECT_STREQ(error.message, "weft_instance_run: no instance (a null pointer)");
}

Answer checkFinite(const void *data, int64_t count, int32_t dtype, int32_t threads) {
  Pool pool = makePool(threads);
  BodyProgram program(
      pool.get(), [=](weft_context *context, void *) { weft_check_finite(context, data, count, dtype, 1); }, messages);
  return answerOf(program);
}

std::string notFinite(int64_t element) {
  return "net.cpp:14: log: the result is not finite: element " + std::to_string(element);
}

// A value that is not finite at each kind of place: first, last, around blocks and pieces; and its first one counts.
template <typename Word> void checkFormat(int32_t dtype, Word huge, std::vector<Word> bad, int64_t reals = 1) {
  const int64_t count = 200000;
  std::vector<Word> data(count * reals, huge);
  EXPECT_EQ(checkFinite(data.data(), count, dtype, 3), (Answer{WEFT_OK, ""}));
  EXPECT_EQ(checkFinite(data.data(), 0, dtype, 3), (Answer{WEFT_OK, ""}));
  for (Word value : bad)
    for (int64_t element :
         {INT64_C(0), INT64_C(1023), INT64_C(1024), INT64_C(65535), INT64_C(65536), INT64_C(150001), count - 1}) {
      auto spoiled = data;
      spoiled[element * reals + reals - 1] = value;
      spoiled[count * reals - 1] = value;
      for (int32_t threads : {1, 3})
        EXPECT_EQ(checkFinite(spoiled.data(), count, dtype, threads), (Answer{WEFT_NOT_FINITE, notFinite(element)}));
    }
}

TEST(CheckFinite, Formats) {
  const float inf = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
  checkFormat<float>(WEFT_F32, std::numeric_limits<float>::max(), {inf, -inf, nan});
  checkFormat<float>(WEFT_C64, -std::numeric_limits<float>::denorm_min(), {-inf, nan}, 2);
  checkFormat<double>(WEFT_F64, std::numeric_limits<double>::max(), {double(inf), double(nan)});
  checkFormat<double>(WEFT_C128, 0.0, {double(-inf)}, 2);
  checkFormat<uint16_t>(WEFT_F16, 0x7bff, {0x7c00, 0xfc00, 0x7e01});
  checkFormat<uint16_t>(WEFT_BF16, 0xff7f, {0x7f80, 0xff80, 0x7fc1});
}

TEST(CheckFinite, IntegersAreFinite) {
  const std::vector<int32_t> ones(100, -1);
  for (int32_t dtype : {int32_t(WEFT_I1), int32_t(WEFT_I8), int32_t(WEFT_I32), 77})
    EXPECT_EQ(checkFinite(ones.data(), 100, dtype, 1), (Answer{WEFT_OK, ""}));
}

// A row-wise sum in pieces: the same bits for any number of threads, bound and run as a caller would.
TEST(Instance, SameOutputsForAnyThreads) {
  const int64_t rows = 97, columns = 131;
  weft_parameter input = {"x", WEFT_F32, 2, -1}, output = {"sums", WEFT_F32, 1, -1};
  weft_symbol symbol = {"N", 1, 200, 0, 0};
  weft_program program = {};
  program.abi_version = WEFT_ABI_VERSION;
  program.num_inputs = program.num_outputs = program.num_symbols = 1;
  program.name = "sums";
  program.inputs = &input;
  program.outputs = &output;
  program.symbols = &symbol;
  program.shapes = [](const int64_t *symbols, int64_t *dims) { dims[0] = dims[2] = symbols[0], dims[1] = columns; };
  program.run = [](weft_context *context, const void *const *inputs, void *const *outputs, const int64_t *symbols,
                   void *) {
    const float *x = static_cast<const float *>(inputs[0]);
    float *sums = static_cast<float *>(outputs[0]);
    parallelFor(context, symbols[0], 5, [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row) {
        sums[row] = 0;
        for (int64_t column = 0; column < columns; ++column)
          sums[row] += std::sin(x[row * columns + column]);
      }
    });
  };
  std::vector<float> x(rows * columns);
  for (size_t i = 0; i < x.size(); ++i)
    x[i] = 0.37f * static_cast<float>(i);
  const int64_t shape[] = {rows, columns};
  const weft_array array = {x.data(), WEFT_F32, 2, shape};
  int64_t symbols[1], dims[1];
  ASSERT_EQ(weft_program_bind(&program, &array, 1, symbols, dims, nullptr), WEFT_OK);
  std::vector<float> first;
  for (int32_t threads = 1; threads <= 4; ++threads) {
    Pool pool = makePool(threads);
    Instance instance(weft_instance_create(&program, pool.get(), nullptr));
    std::vector<float> sums(dims[0], -1);
    const void *inputs[] = {x.data()};
    void *outputs[] = {sums.data()};
    ASSERT_EQ(weft_instance_run(instance.get(), inputs, outputs, symbols, nullptr), WEFT_OK);
    if (threads == 1)
      first = sums;
    EXPECT_EQ(sums, first);
  }
}

} // namespace

TEST(Allocate, MemoryOfAnySize) {
  for (size_t bytes : {size_t(0), size_t(1), size_t(100), size_t(16 << 20), size_t(40 << 20) + 4}) {
    char *memory = static_cast<char *>(weft_allocate(bytes));
    ASSERT_TRUE(memory) << bytes;
    EXPECT_EQ(reinterpret_cast<uintptr_t>(memory) % 64, 0u) << bytes;
    if (bytes)
      memory[0] = memory[bytes - 1] = 1;
    free(memory);
  }
  EXPECT_EQ(weft_allocate(SIZE_MAX), nullptr);
  EXPECT_EQ(weft_allocate(SIZE_MAX / 2), nullptr);
}
