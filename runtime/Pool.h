// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What a pool is made of; ParallelFor.h explains the protocol.
#ifndef WEFT_RUNTIME_POOL_H
#define WEFT_RUNTIME_POOL_H
#include "weft_runtime.h"
#include <fenv.h>
#include <pthread.h>

namespace weft::rt {

// weft_pool::state: number of the loop << 17 | open << 16 | workers that have joined.
inline constexpr uint64_t loopJoined = 0xffff, loopOpen = 0x10000;
inline constexpr int loopNumberShift = 17;
inline constexpr int32_t mostThreads = WEFT_MOST_THREADS; // below 2^16, the room for joined workers

// Written by the caller while the loop is closed, read by those who joined.
struct Loop {
  weft_task task;
  void *frame;
  int64_t count, grain, pieces;
  fenv_t environment;
  alignas(64) int64_t next; // atomic: the first piece that nobody has claimed
};

void *runWorker(void *pool);
bool hasWorkers(const weft_pool &pool);

} // namespace weft::rt

struct weft_pool {
  // Set when the pool is made.
  int32_t threads;
  int32_t spins; // looks at the state before a thread sleeps
  weft_host_parallel_for host;
  void *user;
  pthread_t *workers; // threads - 1; null for a host's pool
  uint32_t forks;     // how often the process had forked when the workers were made

  alignas(64) uint64_t state; // atomic
  weft::rt::Loop loop;
  alignas(64) uint32_t busy; // atomic: a thread runs a loop
  uint32_t ending;           // atomic
  uint32_t sleepers;         // atomic, raised and lowered under the mutex
  uint32_t callerSleeps;     // atomic, set under the mutex
  pthread_mutex_t mutex;
  pthread_cond_t work, done;
};
#endif
