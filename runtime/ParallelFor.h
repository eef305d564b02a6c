// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Loops over threads.
//
// A pool keeps threads - 1 workers; the thread that calls is the last one. A loop is cut into pieces whose borders come
// from count and grain alone, and threads claim pieces from one counter, so uneven pieces balance. What matters for
// speed is the cost of a loop, because a program is hundreds of small ones:
//
// - Workers join a loop, nobody waits for them to come. `state` holds (number of the loop, open, how many have joined).
// A worker that
//   finds a new open loop adds itself by compare-and-swap; the caller works off what is left, closes the loop and waits only for those
//   who joined. A worker that the system has put to sleep delays nobody, and after fork(), where no worker is alive, the caller
//   simply does everything.
// - A worker without work looks at `state` for some ten microseconds, then sleeps on a condition variable. The caller
// signals
//   only if somebody sleeps. `sleepers` is raised before the last look at `state`, and read after `state` is written, both sequentially
//   consistent: one of the two sides must see the other, so no wake-up is lost. The same holds of `callerSleeps`.
//
// A loop inside a piece of another loop, or while another thread uses the pool, runs on the calling thread. So no loop
// ever waits for the pool, and nesting cannot deadlock.
//
// Threads take over the caller's floating-point environment for each loop: a host that flushes denormals, or rounds
// otherwise, gets the same numbers from every thread.
#ifndef WEFT_RUNTIME_PARALLELFOR_H
#define WEFT_RUNTIME_PARALLELFOR_H
#include "weft_runtime.h"

namespace weft::rt {

// False if a host's parallel-for did not run every piece once.
bool runLoop(weft_pool &pool, weft_task task, void *frame, int64_t count, int64_t grain);

// weft_pool_default, but null and an error if WEFT_NUM_THREADS is not a number of threads.
weft_pool *defaultPool(weft_error *error);

} // namespace weft::rt
#endif
