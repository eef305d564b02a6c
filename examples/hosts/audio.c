// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/* A callback as audio systems ask for it: it allocates nothing, takes no lock and waits for nobody. All memory is taken
 * before the first block; the model runs on the callback's own thread.
 *
 *   audio ECHO.safetensors
 *
 * Counts what the callback allocates and locks: this program is linked with --wrap, so every call of malloc, calloc,
 * posix_memalign, free and pthread_mutex_lock goes through the functions below. */
#include "echo.h"
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static long counted;
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
int __real_posix_memalign(void **memory, size_t alignment, size_t size);
void __real_free(void *memory);
int __real_pthread_mutex_lock(pthread_mutex_t *mutex);
void *__wrap_malloc(size_t size) { return ++counted, __real_malloc(size); }
void *__wrap_calloc(size_t count, size_t size) { return ++counted, __real_calloc(count, size); }
int __wrap_posix_memalign(void **memory, size_t alignment, size_t size) {
  return ++counted, __real_posix_memalign(memory, alignment, size);
}
void __wrap_free(void *memory) { ++counted, __real_free(memory); }
int __wrap_pthread_mutex_lock(pthread_mutex_t *mutex) { return ++counted, __real_pthread_mutex_lock(mutex); }

struct player {
  echo_model *model;
  echo_voice *voice;
  weft_status status;
};

/* What an audio system calls for every 64 samples. */
static void callback(void *user, const float *in, float *out) {
  struct player *player = user;
  player->status = echo_block(player->model, player->voice, in, out, NULL);
}

int main(int argc, char **argv) {
  weft_error error;
  if (argc != 2) {
    fprintf(stderr, "usage: audio ECHO.safetensors\n");
    return 2;
  }
  weft_pool *here = weft_pool_create(1, &error); /* the thread that calls, and no other */
  struct player player = {echo_create(here, 0, &error), echo_voice_create(&error), WEFT_OK};
  if (!player.model || !player.voice || echo_voice_load(player.voice, argv[1], &error)) {
    fprintf(stderr, "audio: %s\n", error.message);
    return 1;
  }
  if (!counted) {
    fprintf(stderr, "audio: nothing is counted: link with --wrap\n");
    return 1;
  }
  float in[64], out[64];
  double energy = 0;
  const long before = counted;
  for (int block = 0; block < 1000 && player.status == WEFT_OK; ++block) {
    for (int i = 0; i < 64; ++i)
      in[i] = (float)((block * 64 + i) % 100) / 50 - 1;
    callback(&player, in, out);
    for (int i = 0; i < 64; ++i)
      energy += (double)(out[i] * out[i]);
  }
  const long inside = counted - before;
  echo_voice_destroy(player.voice);
  echo_destroy(player.model);
  weft_pool_destroy(here);
  if (player.status != WEFT_OK || !(energy > 0)) {
    fprintf(stderr, "audio: status %d, energy %g\n", player.status, energy);
    return 1;
  }
  printf("1000 blocks of 64 samples; in the callback %ld allocations and locks\n", inside);
  return inside != 0;
}
