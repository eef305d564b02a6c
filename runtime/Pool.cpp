// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Pools: how many threads there are, how they start and how they end.
#include "Pool.h"
#include "Message.h"
#include "ParallelFor.h"
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

using namespace weft::rt;

namespace {

// Only the thread that forks lives on in the child, so pools made before have no workers there.
uint32_t forks = 0;
void countFork() { __atomic_fetch_add(&forks, 1u, __ATOMIC_RELAXED); }
void watchForks() { pthread_atfork(nullptr, nullptr, countFork); }

int32_t availableCores() {
  cpu_set_t sets[16]; // 16384 cores; the call fails if the machine has more than fit
  long cores = 0;
  if (sched_getaffinity(0, sizeof(sets), sets) == 0)
    cores = CPU_COUNT_S(sizeof(sets), sets);
  if (cores < 1)
    cores = sysconf(_SC_NPROCESSORS_ONLN);
  return cores < 1 ? 1 : cores > mostThreads ? mostThreads : static_cast<int32_t>(cores);
}

weft_pool *allocatePool(int32_t threads) {
  void *memory = nullptr;
  if (posix_memalign(&memory, alignof(weft_pool), sizeof(weft_pool)))
    return nullptr;
  memset(memory, 0, sizeof(weft_pool));
  weft_pool *pool = static_cast<weft_pool *>(memory);
  pool->threads = threads;
  return pool;
}

// The host's signal handlers expect the host's threads, so workers take no signals.
bool startWorker(weft_pool *pool, pthread_t *worker) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  const int failed = pthread_create(worker, nullptr, runWorker, pool);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return !failed;
}

// Lets the workers end and waits for them. The pool itself stays usable: its loops then run on their callers.
void endWorkers(weft_pool *pool) {
  if (!hasWorkers(*pool))
    return;
  pthread_mutex_lock(&pool->mutex);
  __atomic_store_n(&pool->ending, 1u, __ATOMIC_RELEASE);
  pthread_cond_broadcast(&pool->work);
  pthread_mutex_unlock(&pool->mutex);
  for (int32_t i = 0; i + 1 < pool->threads; ++i)
    pthread_join(pool->workers[i], nullptr);
}

// As many workers as the system gives; pool->threads says how many it was.
weft_pool *startPool(int32_t threads) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, watchForks);
  weft_pool *pool = allocatePool(1);
  pthread_t *workers = static_cast<pthread_t *>(calloc(static_cast<size_t>(threads), sizeof(pthread_t)));
  if (!pool || !workers) {
    free(pool);
    free(workers);
    return nullptr;
  }
  // With more threads than cores a thread that looks keeps another from working.
  pool->spins = threads <= availableCores() ? 2000 : 0;
  pool->workers = workers;
  pool->forks = __atomic_load_n(&forks, __ATOMIC_RELAXED);
  pthread_mutex_init(&pool->mutex, nullptr);
  pthread_cond_init(&pool->work, nullptr);
  pthread_cond_init(&pool->done, nullptr);
  while (pool->threads < threads && startWorker(pool, &workers[pool->threads - 1]))
    ++pool->threads;
  return pool;
}

weft_pool serialPool;
weft_pool *theDefaultPool = nullptr;
bool badNumThreads = false;

// The results do not depend on the number of threads, so a process that gets fewer than it asked for still works.
void makeDefaultPool() {
  int32_t threads = availableCores();
  if (const char *text = getenv("WEFT_NUM_THREADS"); text && *text) {
    char *end = nullptr;
    const long number = strtol(text, &end, 10);
    badNumThreads = *end || number < 1 || number > mostThreads;
    if (!badNumThreads)
      threads = static_cast<int32_t>(number);
  }
  serialPool.threads = 1;
  weft_pool *pool = startPool(threads);
  __atomic_store_n(&theDefaultPool, pool ? pool : &serialPool, __ATOMIC_RELEASE);
}

// A host may unload the library that holds this runtime; no worker may be left in its code. The memory stays, for
// threads that still run a loop while the process exits.
__attribute__((destructor)) void endDefaultPool() {
  if (theDefaultPool)
    endWorkers(theDefaultPool);
}

} // namespace

namespace weft::rt {

bool hasWorkers(const weft_pool &pool) {
  return pool.workers && pool.forks == __atomic_load_n(&forks, __ATOMIC_RELAXED);
}

weft_pool *defaultPool(weft_error *error) {
  weft_pool *pool = weft_pool_default();
  if (!badNumThreads)
    return pool;
  Message(error, WEFT_INVALID_ARGUMENT) << "WEFT_NUM_THREADS: expected a number in 1.." << int64_t(mostThreads)
                                        << ", got '" << getenv("WEFT_NUM_THREADS") << "'";
  return nullptr;
}

} // namespace weft::rt

extern "C" weft_pool *weft_pool_create(int32_t threads, weft_error *error) {
  if (threads < 0 || threads > mostThreads) {
    Message(error, WEFT_INVALID_ARGUMENT)
        << "weft_pool_create: expected a number of threads in 0.." << int64_t(mostThreads) << ", got " << threads;
    return nullptr;
  }
  if (threads == 0)
    threads = availableCores();
  weft_pool *pool = startPool(threads);
  if (pool && pool->threads == threads) {
    success(error);
    return pool;
  }
  Message(error, WEFT_OUT_OF_MEMORY) << "weft_pool_create: the system gave " << (pool ? pool->threads : 0) << " of "
                                     << threads << " threads";
  weft_pool_destroy(pool);
  return nullptr;
}

extern "C" weft_pool *weft_pool_wrap(weft_host_parallel_for run, void *user, int32_t threads, weft_error *error) {
  if (!run || threads < 1) {
    Message message(error, WEFT_INVALID_ARGUMENT);
    if (run)
      message << "weft_pool_wrap: expected at least 1 thread, got " << threads;
    else
      message << "weft_pool_wrap: no function (a null pointer)";
    return nullptr;
  }
  weft_pool *pool = allocatePool(threads);
  if (!pool) {
    Message(error, WEFT_OUT_OF_MEMORY) << "weft_pool_wrap: out of memory";
    return nullptr;
  }
  pool->host = run;
  pool->user = user;
  success(error);
  return pool;
}

extern "C" void weft_pool_destroy(weft_pool *pool) {
  if (!pool || pool == __atomic_load_n(&theDefaultPool, __ATOMIC_ACQUIRE))
    return;
  endWorkers(pool);
  // In a forked child the condition variables still count sleepers that are not there, and destroying them would wait
  // for those.
  if (hasWorkers(*pool)) {
    pthread_cond_destroy(&pool->work);
    pthread_cond_destroy(&pool->done);
    pthread_mutex_destroy(&pool->mutex);
  }
  free(pool->workers);
  free(pool);
}

extern "C" int32_t weft_pool_threads(const weft_pool *pool) { return pool ? pool->threads : 0; }

extern "C" weft_pool *weft_pool_default(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, makeDefaultPool);
  return theDefaultPool;
}
