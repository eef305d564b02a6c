// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The pool's loop; ParallelFor.h explains how it works and Pool.cpp makes and ends pools.
#include "ParallelFor.h"
#include "Instance.h"
#include "Pool.h"
#include <fenv.h>

using namespace weft::rt;

namespace {

// This thread is inside a piece of a loop that has several threads.
thread_local bool insidePiece = false;

void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("isb" ::: "memory");
#endif
}

int64_t endOfPiece(int64_t begin, int64_t count, int64_t grain) {
  return grain < count - begin ? begin + grain : count;
}

void runInOrder(weft_task task, void *frame, int64_t count, int64_t grain) {
  for (int64_t begin = 0, end; begin < count; begin = end) {
    end = endOfPiece(begin, count, grain);
    task(frame, begin, end);
  }
}

void runPieces(Loop &loop) {
  insidePiece = true;
  for (;;) {
    const int64_t piece = __atomic_fetch_add(&loop.next, 1, __ATOMIC_RELAXED);
    if (piece >= loop.pieces)
      break;
    const int64_t begin = piece * loop.grain;
    loop.task(loop.frame, begin, endOfPiece(begin, loop.count, loop.grain));
  }
  insidePiece = false;
}

bool isNew(uint64_t state, uint64_t last) { return (state & loopOpen) && (state >> loopNumberShift) != last; }

void wakeWorkers(weft_pool &pool, int64_t wanted) {
  if (!__atomic_load_n(&pool.sleepers, __ATOMIC_SEQ_CST))
    return;
  pthread_mutex_lock(&pool.mutex);
  const int64_t sleepers = __atomic_load_n(&pool.sleepers, __ATOMIC_RELAXED);
  if (wanted >= sleepers)
    pthread_cond_broadcast(&pool.work);
  else
    for (int64_t i = 0; i < wanted; ++i)
      pthread_cond_signal(&pool.work);
  pthread_mutex_unlock(&pool.mutex);
}

void waitForWorkers(weft_pool &pool) {
  for (int32_t i = 0; i < pool.spins; ++i) {
    if (!(__atomic_load_n(&pool.state, __ATOMIC_ACQUIRE) & loopJoined))
      return;
    relax();
  }
  pthread_mutex_lock(&pool.mutex);
  __atomic_store_n(&pool.callerSleeps, 1u, __ATOMIC_SEQ_CST);
  while (__atomic_load_n(&pool.state, __ATOMIC_SEQ_CST) & loopJoined)
    pthread_cond_wait(&pool.done, &pool.mutex);
  __atomic_store_n(&pool.callerSleeps, 0u, __ATOMIC_RELAXED);
  pthread_mutex_unlock(&pool.mutex);
}

void runWithWorkers(weft_pool &pool, weft_task task, void *frame, int64_t count, int64_t grain, int64_t pieces) {
  Loop &loop = pool.loop;
  loop.task = task;
  loop.frame = frame;
  loop.count = count;
  loop.grain = grain;
  loop.pieces = pieces;
  fegetenv(&loop.environment);
  __atomic_store_n(&loop.next, int64_t(0), __ATOMIC_RELAXED);
  // The last loop is closed and everybody has left it, so nobody but this thread writes the state now.
  const uint64_t number = (__atomic_load_n(&pool.state, __ATOMIC_RELAXED) >> loopNumberShift) + 1;
  __atomic_store_n(&pool.state, number << loopNumberShift | loopOpen, __ATOMIC_SEQ_CST);
  wakeWorkers(pool, pieces - 1);
  runPieces(loop);
  __atomic_fetch_and(&pool.state, ~loopOpen, __ATOMIC_ACQ_REL);
  waitForWorkers(pool);
}

// A host's threads are not ours: each piece brings its environment and puts the host's back.
struct HostLoop {
  weft_task task;
  void *frame;
  int64_t count, grain;
  fenv_t environment;
  int64_t pieces; // atomic: run so far
  uint32_t wrong; // atomic: a piece with other borders was asked for
};

void runHostPiece(void *frame, int64_t begin, int64_t end) {
  HostLoop &loop = *static_cast<HostLoop *>(frame);
  if (begin < 0 || begin >= loop.count || begin % loop.grain || end != endOfPiece(begin, loop.count, loop.grain)) {
    __atomic_store_n(&loop.wrong, 1u, __ATOMIC_RELAXED);
    return;
  }
  fenv_t before;
  fegetenv(&before);
  fesetenv(&loop.environment);
  const bool outer = insidePiece;
  insidePiece = true;
  loop.task(loop.frame, begin, end);
  insidePiece = outer;
  fesetenv(&before);
  __atomic_fetch_add(&loop.pieces, int64_t(1), __ATOMIC_RELEASE);
}

bool runOnHost(weft_pool &pool, weft_task task, void *frame, int64_t count, int64_t grain, int64_t pieces) {
  HostLoop loop = {};
  loop.task = task;
  loop.frame = frame;
  loop.count = count;
  loop.grain = grain;
  fegetenv(&loop.environment);
  pool.host(pool.user, runHostPiece, &loop, count, grain);
  return __atomic_load_n(&loop.pieces, __ATOMIC_ACQUIRE) == pieces && !__atomic_load_n(&loop.wrong, __ATOMIC_RELAXED);
}

// True with the number of a loop joined; false when the pool ends.
bool joinLoop(weft_pool &pool, uint64_t &last) {
  uint64_t state = __atomic_load_n(&pool.state, __ATOMIC_ACQUIRE);
  for (int32_t i = 0; i < pool.spins && !isNew(state, last) && !__atomic_load_n(&pool.ending, __ATOMIC_RELAXED); ++i) {
    relax();
    state = __atomic_load_n(&pool.state, __ATOMIC_ACQUIRE);
  }
  if (!isNew(state, last)) {
    pthread_mutex_lock(&pool.mutex);
    __atomic_fetch_add(&pool.sleepers, 1u, __ATOMIC_SEQ_CST);
    while (!isNew(state = __atomic_load_n(&pool.state, __ATOMIC_SEQ_CST), last) &&
           !__atomic_load_n(&pool.ending, __ATOMIC_RELAXED))
      pthread_cond_wait(&pool.work, &pool.mutex);
    __atomic_fetch_sub(&pool.sleepers, 1u, __ATOMIC_RELAXED);
    pthread_mutex_unlock(&pool.mutex);
  }
  while (isNew(state, last))
    if (__atomic_compare_exchange_n(&pool.state, &state, state + 1, false, __ATOMIC_ACQUIRE, __ATOMIC_ACQUIRE)) {
      last = state >> loopNumberShift;
      return true;
    }
  return false;
}

void leaveLoop(weft_pool &pool) {
  const uint64_t before = __atomic_fetch_sub(&pool.state, 1u, __ATOMIC_SEQ_CST);
  const bool wasLast = (before & (loopOpen | loopJoined)) == 1;
  if (!wasLast || !__atomic_load_n(&pool.callerSleeps, __ATOMIC_SEQ_CST))
    return;
  pthread_mutex_lock(&pool.mutex);
  pthread_cond_signal(&pool.done);
  pthread_mutex_unlock(&pool.mutex);
}

} // namespace

namespace weft::rt {

void *runWorker(void *argument) {
  weft_pool &pool = *static_cast<weft_pool *>(argument);
  uint64_t last = 0;
  while (!__atomic_load_n(&pool.ending, __ATOMIC_ACQUIRE))
    if (joinLoop(pool, last)) {
      fesetenv(&pool.loop.environment);
      runPieces(pool.loop);
      leaveLoop(pool);
    }
  return nullptr;
}

bool runLoop(weft_pool &pool, weft_task task, void *frame, int64_t count, int64_t grain) {
  if (grain < 1)
    grain = 1;
  const int64_t pieces = count / grain + (count % grain != 0);
  if (pieces <= 1 || pool.threads == 1 || insidePiece) {
    runInOrder(task, frame, count, grain);
    return true;
  }
  if (pool.host)
    return runOnHost(pool, task, frame, count, grain, pieces);
  if (!hasWorkers(pool) || __atomic_exchange_n(&pool.busy, 1u, __ATOMIC_ACQUIRE)) {
    runInOrder(task, frame, count, grain);
    return true;
  }
  runWithWorkers(pool, task, frame, count, grain, pieces);
  __atomic_store_n(&pool.busy, 0u, __ATOMIC_RELEASE);
  return true;
}

} // namespace weft::rt

extern "C" void weft_parallel_for(weft_context *context, weft_task task, void *frame, int64_t count, int64_t grain) {
  weft_instance &instance = instanceOf(context);
  if (count <= 0)
    return;
  if (__atomic_load_n(&instance.cancelled, __ATOMIC_RELAXED)) {
    __atomic_store_n(&instance.skipped, 1u, __ATOMIC_RELAXED);
    return;
  }
  if (!runLoop(*instance.pool, task, frame, count, grain))
    __atomic_store_n(&instance.broken, 1u, __ATOMIC_RELAXED);
}

namespace {
struct Loops {
  const weft_loop *loops;
  int32_t count;
};

// Pieces of all loops, one after the other: piece p belongs to the last loop that begins at or before it.
void runPiecesOfAll(void *frame, int64_t begin, int64_t end) {
  const Loops &all = *static_cast<const Loops *>(frame);
  for (int64_t piece = begin; piece < end; ++piece) {
    int32_t low = 0, high = all.count;
    while (high - low > 1) {
      const int32_t middle = low + (high - low) / 2;
      (all.loops[middle].first <= piece ? low : high) = middle;
    }
    const weft_loop &loop = all.loops[low];
    const int64_t from = (piece - loop.first) * loop.grain;
    loop.task(loop.frame, from, endOfPiece(from, loop.count, loop.grain));
  }
}
} // namespace

extern "C" void weft_parallel_for_all(weft_context *context, weft_loop *loops, int32_t count) {
  int64_t pieces = 0;
  for (int32_t i = 0; i < count; ++i) {
    weft_loop &loop = loops[i];
    if (loop.grain < 1)
      loop.grain = 1;
    loop.first = pieces;
    pieces += loop.count > 0 ? loop.count / loop.grain + (loop.count % loop.grain != 0) : 0;
  }
  Loops all = {loops, count};
  weft_parallel_for(context, runPiecesOfAll, &all, pieces, 1);
}
