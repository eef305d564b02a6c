// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/* A plain C program that trains and asks a model made ahead of time: the same as jit.cpp, and what must not work. */
#include "small.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int failures = 0;
#define EXPECT(condition)                                                                                              \
  do {                                                                                                                 \
    if (!(condition)) {                                                                                                \
      fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, #condition, error.message);                               \
      ++failures;                                                                                                      \
    }                                                                                                                  \
  } while (0)

static void print_floats(const char *name, const float *x, int count) {
  printf("%s", name);
  for (int i = 0; i < count; ++i) {
    uint32_t bits;
    memcpy(&bits, x + i, 4);
    printf(" %08x", bits);
  }
  printf("\n");
}
static void print_ints(const char *name, const int32_t *x, int count) {
  printf("%s", name);
  for (int i = 0; i < count; ++i)
    printf(" %d", x[i]);
  printf("\n");
}

/* What is refused leaves the state as it was. */
static void refuse(small_model *model, small_state *state, const char *saved) {
  weft_error error;
  char *before = malloc(SMALL_STATE_BYTES);
  memcpy(before, state, SMALL_STATE_BYTES);
  float x[17 * 4] = {0}, loss, taken[2], total = 3, logits[3];
  int32_t y[17] = {0}, outside[2] = {1, 8};
#define REFUSED(call, status, part)                                                                                    \
  do {                                                                                                                 \
    EXPECT((call) == (status));                                                                                        \
    EXPECT(strstr(error.message, part));                                                                               \
    EXPECT(memcmp(before, state, SMALL_STATE_BYTES) == 0);                                                             \
  } while (0)
  REFUSED(small_train(model, state, 17, x, y, &loss, &error), WEFT_INVALID_ARGUMENT,
          "B = 17 is outside its bounds 1..16");
  REFUSED(small_train(model, state, 0, x, y, &loss, &error), WEFT_INVALID_ARGUMENT, "B = 0");
  REFUSED(small_train(model, NULL, 1, x, y, &loss, &error), WEFT_INVALID_ARGUMENT, "state: no block of memory");
  REFUSED(small_train(model, state, 1, NULL, y, &loss, &error), WEFT_INVALID_ARGUMENT, "(x) is a null pointer");
  REFUSED(small_train(model, state, 1, x, y, NULL, &error), WEFT_INVALID_ARGUMENT, "(result) is a null pointer");
  REFUSED(small_train(NULL, state, 1, x, y, &loss, &error), WEFT_INVALID_ARGUMENT, "no instance");
  y[2] = 9;
  REFUSED(small_train(model, state, 4, x, y, &loss, &error), WEFT_OUT_OF_RANGE, "small.cpp:");
  REFUSED(small_count(model, state, &total, outside, taken, &error), WEFT_OUT_OF_RANGE, "small.cpp:");
  EXPECT(total == 3);
  REFUSED(weft_model_run(model, 6, NULL, NULL, NULL, NULL, &error), WEFT_INVALID_ARGUMENT, "there is no entry 6");
  REFUSED(small_state_load(state, "none.safetensors", &error), WEFT_FILE, "cannot be opened");
  REFUSED(small_state_save(state, "none/x", &error), WEFT_FILE, "cannot be written");
  /* Memory that is no such tree. */
  _Alignas(64) static char memory[SMALL_STATE_BYTES];
  REFUSED(small_train(model, (small_state *)memory, 1, x, y, &loss, &error), WEFT_INVALID_ARGUMENT, "is no such tree");
  REFUSED(small_train(model, (small_state *)(memory + 8), 1, x, y, &loss, &error), WEFT_INVALID_ARGUMENT, "aligned");
  EXPECT(small_state_init(memory, &error) == WEFT_OK);
  EXPECT(small_state_load((small_state *)memory, saved, &error) == WEFT_OK);
  EXPECT(small_predict(model, (small_state *)memory, 1, x, logits, y, NULL) == WEFT_OK);
  /* Weights of another model. */
  const int64_t shape[] = {4, 9};
  weft_named_array other = {"net.up.w", {x, WEFT_F32, 2, shape}};
  EXPECT(weft_tensors_save("other.safetensors", &other, 1, &error) == WEFT_OK);
  REFUSED(small_state_load(state, "other.safetensors", &error), WEFT_INVALID_ARGUMENT,
          "net.up.w is f32 [4, 9], expected f32 [4, 8]");
  other.name = "net.up.v";
  EXPECT(weft_tensors_save("other.safetensors", &other, 1, &error) == WEFT_OK);
  REFUSED(small_state_load(state, "other.safetensors", &error), WEFT_INVALID_ARGUMENT, "did you mean net.up.v?");
  /* A header of another version, another runtime, another processor. */
  EXPECT(!weft_model_create(&small_artefact, SMALL_INTERFACE + 1, NULL, 0, &error));
  EXPECT(strstr(error.message, "of another version"));
  weft_artefact changed = small_artefact;
  ++changed.abi_version;
  EXPECT(!weft_model_create(&changed, 0, NULL, 0, &error));
  EXPECT(strstr(error.message, "ABI version"));
  weft_program program = *small_artefact.entries[0].program;
  weft_entry entry = small_artefact.entries[0];
  changed = small_artefact;
  changed.entries = &entry;
  changed.num_entries = 1;
  entry.program = &program;
  program.cpu_features |= UINT64_C(1) << 62;
  EXPECT(!weft_model_create(&changed, 0, NULL, 0, &error));
  EXPECT(error.status == WEFT_UNSUPPORTED);
  EXPECT(!weft_model_create(NULL, 0, NULL, 0, &error));
  EXPECT(!weft_model_create(&small_artefact, 0, NULL, 8, &error));
  free(before);
}

/* By the tables alone, as a host that knows no header of the model. */
static void by_tables(small_state *state) {
  weft_error error;
  const weft_artefact *artefact = &small_artefact;
  int32_t predict = weft_artefact_entry(artefact, "predict"), tree = weft_artefact_tree(artefact, "state");
  EXPECT(predict == 1 && tree == 0 && weft_artefact_entry(artefact, "learn") == -1);
  EXPECT(strcmp(artefact->entries[predict].program->outputs[0].name, "result.logits") == 0);
  int32_t leaf = weft_tree_find(artefact->trees + tree, "net.up.b");
  weft_array array;
  EXPECT(weft_tree_array(artefact->trees + tree, state, leaf, &array, &error) == WEFT_OK);
  EXPECT(array.rank == 1 && array.shape[0] == 8 && array.data == (void *)small_state_net_up_b(state));
  weft_model *model = weft_model_create(artefact, 0, NULL, WEFT_KEEP_STATE, &error);
  EXPECT(model);
  float x[8] = {1, 2, 3, 4, 5, 6, 7, 8}, logits[6], again[6];
  int32_t best[2];
  int64_t in[] = {2, 4}, out[] = {2, 3}, two[] = {2};
  weft_array inputs[] = {{x, WEFT_F32, 2, in}}, outputs[] = {{logits, WEFT_F32, 2, out}, {best, WEFT_I32, 1, two}};
  void *trees[] = {state};
  EXPECT(weft_model_call(model, predict, trees, inputs, 1, outputs, 2, &error) == WEFT_OK);
  EXPECT(small_predict(model, state, 2, x, again, best, &error) == WEFT_OK);
  EXPECT(memcmp(logits, again, sizeof logits) == 0);
  EXPECT(weft_model_call(model, predict, trees, inputs, 1, outputs, 1, &error) == WEFT_INVALID_ARGUMENT);
  EXPECT(strstr(error.message, "expected 1 inputs and 2 outputs"));
  in[1] = 5;
  EXPECT(weft_model_call(model, predict, trees, inputs, 1, outputs, 2, &error) == WEFT_INVALID_ARGUMENT);
  EXPECT(strstr(error.message, "dimension 1 = 5 is not 4"));
  in[1] = 4, out[0] = 3;
  EXPECT(weft_model_call(model, predict, trees, inputs, 1, outputs, 2, &error) == WEFT_INVALID_ARGUMENT);
  EXPECT(strstr(error.message, "is f32 [2, 3], got room for f32 [3, 3]"));
  weft_model_cancel(model);
  EXPECT(!weft_model_lost_state(model));
  weft_model_destroy(model);
}

int main(int argc, char **argv) {
  if (argc != 3)
    return 2;
  weft_error error = {0};
  const uint32_t flags = getenv("SMALL_KEEP_STATE") ? WEFT_KEEP_STATE : 0;
  small_model *model = small_create(NULL, flags, &error);
  small_state *state = small_state_create(&error);
  EXPECT(model && state);
  EXPECT(small_state_load(state, argv[1], &error) == WEFT_OK);
  float x[16 * 4], loss, logits[16 * 3], quarter = 0.25f, half = 0.5f, total = 3, taken[2];
  int32_t y[16], best[16];
  const int32_t index[] = {7, 0};
  for (int step = 0; step < 6 && !failures; ++step) {
    const int rows = step % 2 ? 16 : 5;
    for (int i = 0; i < rows * 4; ++i)
      x[i] = (float)((i * 7 + step * 3) % 11) / 8 - 0.5f;
    for (int i = 0; i < rows; ++i)
      y[i] = (i + step) % 3;
    EXPECT(small_train(model, state, rows, x, y, &loss, &error) == WEFT_OK);
    print_floats("loss", &loss, 1);
  }
  EXPECT(small_predict(model, state, 16, x, logits, best, &error) == WEFT_OK);
  print_floats("logits", logits, 48);
  print_ints("best", best, 16);
  EXPECT(small_slow(model, state, 16, x, logits, best, &error) == WEFT_OK);
  print_floats("logits", logits, 48);
  print_ints("best", best, 16);
  EXPECT(small_pull(model, state, &quarter, &error) == WEFT_OK);
  EXPECT(small_again(model, state, &half, &error) == WEFT_OK);
  EXPECT(small_count(model, state, &total, index, taken, &error) == WEFT_OK);
  print_floats("taken", taken, 2);
  print_floats("total", &total, 1);
  EXPECT(small_state_save(state, argv[2], &error) == WEFT_OK);
  refuse(model, state, argv[2]);
  by_tables(state);
  small_state_destroy(state);
  small_destroy(model);
  return failures != 0;
}
