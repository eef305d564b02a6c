// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/* The runtime from C: built by cc with warnings as errors and linked without the C++ library. Every function of the ABI
 * is used, so that every object of the library takes part in the link. */
#include "weft_runtime.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int failures = 0;
#define EXPECT(condition)                                                                                              \
  do {                                                                                                                 \
    if (!(condition)) {                                                                                                \
      fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                                                  \
      ++failures;                                                                                                      \
    }                                                                                                                  \
  } while (0)

/* scale(x: f32 [N]) -> f32 [N], twice the input, with N in 1..1000. */
struct frame {
  const float *in;
  float *out;
};

static void piece(void *argument, int64_t begin, int64_t end) {
  struct frame *frame = argument;
  for (int64_t i = begin; i < end; ++i)
    frame->out[i] = 2 * frame->in[i];
}

static void shapes(const int64_t *symbols, int64_t *dims) { dims[0] = dims[1] = symbols[0]; }

static void run(weft_context *context, const void *const *inputs, void *const *outputs, const int64_t *symbols,
                void *arena) {
  struct frame frame = {inputs[0], outputs[0]};
  (void)arena;
  weft_parallel_for(context, piece, &frame, symbols[0], 16);
  if (!weft_begin_update(context))
    return;
  weft_loop none = {piece, &frame, 0, 16, 0};
  weft_parallel_for_all(context, &none, 1);
  weft_check_finite(context, frame.out, symbols[0], WEFT_F32, 0);
}

static const weft_parameter input = {"x", WEFT_F32, 1, -1}, output = {"y", WEFT_F32, 1, -1};
static const weft_symbol symbol = {"N", 1, 1000, 0, 0};
static const weft_message message = {WEFT_NOT_FINITE, "scale.c:3: y is not finite"};
static const weft_program scale_program = {WEFT_ABI_VERSION, 1,       1,        1,   1,      0,   "scale", &input,
                                           &output,          &symbol, &message, 256, shapes, run, 0};

static void host(void *user, weft_task task, void *frame, int64_t count, int64_t grain) {
  ++*(int *)user;
  for (int64_t begin = 0; begin < count; begin += grain)
    task(frame, begin, count - begin < grain ? count : begin + grain);
}

static void call(weft_pool *pool) {
  float x[100], y[100];
  const int64_t shape[] = {100};
  weft_array array = {x, WEFT_F32, 1, shape};
  int64_t symbols[1], dims[1];
  weft_error error;
  for (int i = 0; i < 100; ++i)
    x[i] = (float)i;
  EXPECT(weft_program_bind(&scale_program, &array, 1, symbols, dims, &error) == WEFT_OK);
  EXPECT(dims[0] == 100);
  weft_instance *instance = weft_instance_create(&scale_program, pool, &error);
  EXPECT(instance);
  const void *inputs[] = {x};
  void *outputs[] = {y};
  weft_instance_cancel(instance);
  EXPECT(weft_instance_run(instance, inputs, outputs, symbols, &error) == WEFT_OK);
  for (int i = 0; i < 100; ++i)
    EXPECT(y[i] == 2 * x[i]);
  x[41] = 3e38f;
  EXPECT(weft_instance_run(instance, inputs, outputs, symbols, &error) == WEFT_NOT_FINITE);
  EXPECT(strcmp(error.message, "scale.c:3: y is not finite: element 41") == 0);
  EXPECT(weft_instance_lost_state(instance));
  weft_instance_destroy(instance);
}

int main(void) {
  int host_loops = 0;
  weft_pool *two = weft_pool_create(2, NULL), *wrapped = weft_pool_wrap(host, &host_loops, 2, NULL);
  EXPECT(two && weft_pool_threads(two) == 2);
  EXPECT(wrapped);
  call(two);
  call(wrapped);
  EXPECT(host_loops == 2);
  call(NULL);
  call(weft_pool_default());
  weft_pool_destroy(two);
  weft_pool_destroy(wrapped);

  float *memory = weft_allocate(100 * sizeof(float));
  EXPECT(memory && (uintptr_t)memory % 64 == 0);
  free(memory);

  const uint32_t key[2] = {0, 0}, counter[4] = {0, 0, 0, 0};
  uint32_t words[4];
  weft_philox(key, counter, words);
  EXPECT(words[0] == 0x6627e8d5u);
  const float unsorted[3] = {2, 3, 1};
  float sorted[3];
  int32_t places[3];
  uint64_t workspace[6];
  EXPECT(weft_sort(unsorted, WEFT_F32, sorted, WEFT_F32, places, WEFT_I32, 1, 3, 1, workspace, 0, 1) == WEFT_OK);
  EXPECT(sorted[0] == 3 && sorted[2] == 1 && places[0] == 1 && places[1] == 0 && places[2] == 2);
  EXPECT(weft_top_k(unsorted, WEFT_F32, sorted, WEFT_F32, places, WEFT_I32, 2, 3, 1, workspace, 0, 1) == WEFT_OK);
  EXPECT(sorted[0] == 3 && sorted[1] == 2 && places[0] == 1 && places[1] == 0);
  const int32_t kept = 1;
  uint8_t mask[3];
  EXPECT(weft_top_k_mask(unsorted, WEFT_F32, &kept, WEFT_I32, mask, WEFT_I1, 3, 1, workspace, 0, 1) == WEFT_OK);
  EXPECT(!mask[0] && mask[1] && !mask[2]);
  float value = 2;
  EXPECT(weft_searchsorted(unsorted, WEFT_F32, &value, WEFT_F32, places, WEFT_I32, 1, 2, 1, 0, 0, 1) == WEFT_OK);
  EXPECT(places[0] == 1);
  const int64_t sizes[] = {3, 5};
  EXPECT(weft_array_bytes(WEFT_F64, sizes, 2) == 120);
  scale_program.cpu_features & ~weft_cpu_features() ? ++failures : 0;
  EXPECT(weft_dtype_size(WEFT_BF16) == 2 && strcmp(weft_dtype_name(WEFT_BF16), "bf16") == 0);
  return failures != 0;
}
