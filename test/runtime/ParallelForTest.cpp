// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Loops over threads: every piece once, with borders from count and grain alone, however loops nest and meet.
#include "Programs.h"
#include <atomic>
#include <cfenv>
#include <gtest/gtest.h>
#include <mutex>
#include <set>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace weft::test;

namespace {

std::vector<std::pair<int64_t, int64_t>> expectedPieces(int64_t count, int64_t grain) {
  std::vector<std::pair<int64_t, int64_t>> pieces;
  for (int64_t begin = 0; begin < count; begin += std::max<int64_t>(grain, 1))
    pieces.emplace_back(begin, std::min(count, begin + std::max<int64_t>(grain, 1)));
  return pieces;
}

// All pieces of one loop, in the order of their borders; a piece that ran twice appears twice.
std::vector<std::pair<int64_t, int64_t>> piecesOf(weft_context *context, int64_t count, int64_t grain) {
  std::mutex mutex;
  std::vector<std::pair<int64_t, int64_t>> pieces;
  parallelFor(context, count, grain, [&](int64_t begin, int64_t end) {
    std::lock_guard<std::mutex> lock(mutex);
    pieces.emplace_back(begin, end);
  });
  std::sort(pieces.begin(), pieces.end());
  return pieces;
}

TEST(ParallelFor, EveryPieceOnce) {
  for (int32_t threads : {1, 2, 3, 4, 8}) {
    Pool pool = makePool(threads);
    ASSERT_EQ(weft_pool_threads(pool.get()), threads);
    BodyProgram program(pool.get(), [](weft_context *context, void *) {
      for (int64_t count : {0, 1, 2, 7, 64, 1000})
        for (int64_t grain : {0, 1, 2, 3, 64, 999, 1000, 5000})
          EXPECT_EQ(piecesOf(context, count, grain), expectedPieces(count, grain)) << count << " by " << grain;
      EXPECT_TRUE(piecesOf(context, -3, 1).empty());
      EXPECT_EQ(piecesOf(context, INT64_MAX, INT64_MAX - 1),
                (std::vector<std::pair<int64_t, int64_t>>{{0, INT64_MAX - 1}, {INT64_MAX - 1, INT64_MAX}}));
    });
    EXPECT_EQ(program.run(), WEFT_OK);
  }
}

// Several loops as one: the pieces are those of each loop by itself, whatever stands beside it, and nothing is run of
// an empty one.
TEST(ParallelFor, LoopsTogether) {
  struct Mine {
    int64_t count, grain;
    std::mutex mutex;
    std::vector<std::pair<int64_t, int64_t>> pieces;
  };
  for (int32_t threads : {1, 2, 4}) {
    Pool pool = makePool(threads);
    Mine all[] = {{0, 1, {}, {}}, {7, 2, {}, {}}, {1000, 64, {}, {}}, {-1, 4, {}, {}},
                  {0, 4, {}, {}}, {5, 0, {}, {}}, {1, 100, {}, {}},   {0, 1, {}, {}}};
    constexpr int32_t count = sizeof(all) / sizeof(all[0]);
    BodyProgram program(pool.get(), [&](weft_context *context, void *) {
      weft_loop loops[count] = {};
      for (int32_t i = 0; i < count; ++i)
        loops[i] = {[](void *frame, int64_t begin, int64_t end) {
                      Mine &mine = *static_cast<Mine *>(frame);
                      std::lock_guard<std::mutex> lock(mine.mutex);
                      mine.pieces.emplace_back(begin, end);
                    },
                    &all[i], all[i].count, all[i].grain, 0};
      weft_parallel_for_all(context, loops, count);
      weft_parallel_for_all(context, loops, 0);
    });
    EXPECT_EQ(program.run(), WEFT_OK);
    for (Mine &mine : all) {
      std::sort(mine.pieces.begin(), mine.pieces.end());
      EXPECT_EQ(mine.pieces, expectedPieces(mine.count, mine.grain)) << mine.count << " by " << mine.grain;
    }
  }
}

// Small loops in a row catch workers late, asleep and on their way to sleep.
TEST(ParallelFor, ManyLoops) {
  for (int32_t threads : {2, 4}) {
    Pool pool = makePool(threads);
    int64_t sum = 0;
    std::vector<int64_t> parts(8);
    BodyProgram program(pool.get(), [&](weft_context *context, void *) {
      for (int loop = 0; loop < 3000; ++loop) {
        parallelFor(context, 8, 1, [&](int64_t begin, int64_t) { parts[begin] = loop + begin; });
        for (int64_t part : parts)
          sum += part;
        if (loop % 500 == 0)
          usleep(2000);
      }
    });
    EXPECT_EQ(program.run(), WEFT_OK);
    EXPECT_EQ(sum, 8 * (2999 * 3000 / 2) + 28 * 3000);
  }
}

TEST(ParallelFor, OneThreadRunsInOrder) {
  Pool pool = makePool(1);
  std::vector<int64_t> begins;
  BodyProgram program(pool.get(), [&](weft_context *context, void *) {
    parallelFor(context, 10, 3, [&](int64_t begin, int64_t) { begins.push_back(begin); });
  });
  EXPECT_EQ(program.run(), WEFT_OK);
  EXPECT_EQ(begins, (std::vector<int64_t>{0, 3, 6, 9}));
}

// Two pieces that wait for each other end only if two threads run them.
TEST(ParallelFor, UsesItsThreads) {
  Pool pool = makePool(2);
  BodyProgram program(pool.get(), [](weft_context *context, void *) {
    for (int loop = 0; loop < 20; ++loop) {
      std::atomic<int> arrived{0};
      parallelFor(context, 2, 1, [&](int64_t, int64_t) {
        ++arrived;
        while (arrived < 2)
          std::this_thread::yield();
      });
      usleep(loop * 50); // workers spin in some rounds and sleep in others
    }
  });
  EXPECT_EQ(program.run(), WEFT_OK);
}

TEST(ParallelFor, Nested) {
  for (int32_t threads : {1, 2, 4}) {
    Pool pool = makePool(threads);
    std::vector<std::atomic<int>> hits(40 * 30);
    BodyProgram program(pool.get(), [&](weft_context *context, void *) {
      parallelFor(context, 40, 1, [&](int64_t i, int64_t) {
        const auto thread = std::this_thread::get_id();
        parallelFor(context, 30, 4, [&](int64_t begin, int64_t end) {
          // A pool of one thread has no inner and outer; with more, the inner loop stays on its thread.
          EXPECT_EQ(std::this_thread::get_id(), thread);
          for (int64_t j = begin; j < end; ++j)
            ++hits[i * 30 + j];
        });
      });
    });
    EXPECT_EQ(program.run(), WEFT_OK);
    for (const auto &hit : hits)
      EXPECT_EQ(hit, 1);
  }
}

// A task that calls another program, with a pool of its own, stays on its thread too.
TEST(ParallelFor, NestedInAnotherPool) {
  Pool outer = makePool(2), inner = makePool(2);
  BodyProgram program(outer.get(), [&](weft_context *context, void *) {
    parallelFor(context, 10, 1, [&](int64_t, int64_t) {
      const auto thread = std::this_thread::get_id();
      BodyProgram called(inner.get(), [&](weft_context *context, void *) {
        parallelFor(context, 50, 1, [&](int64_t, int64_t) {
          EXPECT_EQ(std::this_thread::get_id(), thread);
          std::this_thread::yield();
        });
      });
      EXPECT_EQ(called.run(), WEFT_OK);
    });
  });
  EXPECT_EQ(program.run(), WEFT_OK);
}

// Several host threads share one pool, each with its own instance.
TEST(ParallelFor, Concurrent) {
  Pool pool = makePool(3);
  std::vector<std::thread> hosts;
  for (int host = 0; host < 4; ++host)
    hosts.emplace_back([&] {
      std::vector<int> hits(500);
      BodyProgram program(pool.get(), [&](weft_context *context, void *) {
        for (int loop = 0; loop < 100; ++loop)
          parallelFor(context, 500, 7, [&](int64_t begin, int64_t end) {
            for (int64_t i = begin; i < end; ++i)
              ++hits[i];
          });
      });
      EXPECT_EQ(program.run(), WEFT_OK);
      for (int hit : hits)
        EXPECT_EQ(hit, 100);
    });
  for (std::thread &host : hosts)
    host.join();
}

// Threads that use one pool one after the other, and hand on the turn without ordering anything: the pool itself must
// order what it keeps of their loops. Numbers do not show it; the thread sanitizer does.
TEST(ParallelFor, CallersTakeTurns) {
  Pool pool = makePool(3);
  std::atomic<int> turn{0};
  auto caller = [&](int me) {
    std::vector<int64_t> sums(8);
    BodyProgram program(pool.get(), [&](weft_context *context, void *) {
      for (int round = 0; round < 20; ++round) {
        while (turn.load(std::memory_order_relaxed) != me)
          std::this_thread::yield();
        parallelFor(context, 8, 1, [&](int64_t begin, int64_t) { sums[size_t(begin)] += begin; });
        turn.store(1 - me, std::memory_order_relaxed);
      }
    });
    EXPECT_EQ(program.run(), WEFT_OK);
    for (int64_t i = 0; i < 8; ++i)
      EXPECT_EQ(sums[size_t(i)], 20 * i);
  };
  std::thread other(caller, 1);
  caller(0);
  other.join();
}

TEST(ParallelFor, CreateAndDestroyOften) {
  for (int i = 0; i < 50; ++i) {
    Pool pool = makePool(4);
    if (i % 2 == 0)
      continue;
    BodyProgram program(
        pool.get(), [](weft_context *context, void *) { EXPECT_EQ(piecesOf(context, 9, 2), expectedPieces(9, 2)); });
    EXPECT_EQ(program.run(), WEFT_OK);
  }
}

// What the host has set for its thread holds in all threads, or sums would depend on who ran them.
TEST(ParallelFor, FloatingPointEnvironment) {
  Pool pool = makePool(3);
  BodyProgram program(pool.get(), [](weft_context *context, void *) {
    for (int mode : {FE_TONEAREST, FE_UPWARD, FE_DOWNWARD}) {
      std::fesetround(mode);
      parallelFor(context, 64, 1, [&](int64_t, int64_t) {
        EXPECT_EQ(std::fegetround(), mode);
        std::this_thread::yield();
      });
    }
    std::fesetround(FE_TONEAREST);
  });
  EXPECT_EQ(program.run(), WEFT_OK);
}

// A forked child has no workers but works.
TEST(ParallelFor, Fork) {
#ifdef __SANITIZE_THREAD__
  GTEST_SKIP() << "the thread sanitizer does not follow a fork of a process with threads";
#endif
  Pool pool = makePool(3);
  BodyProgram program(pool.get(), [](weft_context *context, void *) {
    if (piecesOf(context, 100, 3) != expectedPieces(100, 3))
      _exit(2);
  });
  EXPECT_EQ(program.run(), WEFT_OK);
  usleep(5000); // the workers sleep
  const pid_t child = fork();
  if (child == 0) {
    const bool ok = program.run() == WEFT_OK;
    pool.reset();
    _exit(ok ? 0 : 1);
  }
  int result = -1;
  ASSERT_EQ(waitpid(child, &result, 0), child);
  EXPECT_EQ(result, 0);
}

struct Host {
  std::atomic<int> loops{0};
  bool skipsLast = false;
  int64_t factor = 1;
};

// A host's parallel-for: a thread for each piece, begun in reverse.
void runOnHostThreads(void *user, weft_task task, void *frame, int64_t count, int64_t grain) {
  Host &host = *static_cast<Host *>(user);
  ++host.loops;
  auto pieces = expectedPieces(count, grain * host.factor);
  if (host.skipsLast)
    pieces.pop_back();
  std::vector<std::thread> threads;
  for (size_t i = pieces.size(); i-- > 0;)
    threads.emplace_back([=] {
      std::fesetround(FE_DOWNWARD); // the host's own choice, which a piece neither sees nor changes
      task(frame, pieces[i].first, pieces[i].second);
      EXPECT_EQ(std::fegetround(), FE_DOWNWARD);
    });
  for (std::thread &thread : threads)
    thread.join();
}

TEST(HostPool, RunsThroughTheHost) {
  Host host;
  Pool pool(weft_pool_wrap(runOnHostThreads, &host, 4, nullptr));
  EXPECT_EQ(weft_pool_threads(pool.get()), 4);
  BodyProgram program(pool.get(), [](weft_context *context, void *) {
    EXPECT_EQ(piecesOf(context, 20, 3), expectedPieces(20, 3));
    EXPECT_EQ(piecesOf(context, 20, 20), expectedPieces(20, 20)); // one piece needs no host
    std::fesetround(FE_UPWARD);
    parallelFor(context, 4, 1, [&](int64_t, int64_t) {
      EXPECT_EQ(std::fegetround(), FE_UPWARD);
      EXPECT_EQ(piecesOf(context, 5, 2), expectedPieces(5, 2)); // neither does a loop in a loop
    });
    std::fesetround(FE_TONEAREST);
  });
  EXPECT_EQ(program.run(), WEFT_OK);
  EXPECT_EQ(host.loops, 2);
}

TEST(HostPool, NoticesAHostThatIsWrong) {
  for (bool skips : {true, false}) {
    Host host;
    host.skipsLast = skips;
    host.factor = skips ? 1 : 2;
    Pool pool(weft_pool_wrap(runOnHostThreads, &host, 4, nullptr));
    BodyProgram program(pool.get(), [](weft_context *context, void *) { piecesOf(context, 20, 3); });
    weft_error error;
    EXPECT_EQ(program.run(&error), WEFT_INTERNAL);
    EXPECT_STREQ(error.message, "body: the host's parallel-for did not run every piece once");
  }
}

TEST(Pool, Errors) {
  weft_error error;
  EXPECT_EQ(weft_pool_create(-1, &error), nullptr);
  EXPECT_EQ(error.status, WEFT_INVALID_ARGUMENT);
  EXPECT_STREQ(error.message, "weft_pool_create: expected a number of threads in 0..1024, got -1");
  EXPECT_EQ(weft_pool_create(1025, nullptr), nullptr);
  EXPECT_EQ(weft_pool_wrap(nullptr, nullptr, 2, &error), nullptr);
  EXPECT_STREQ(error.message, "weft_pool_wrap: no function (a null pointer)");
  EXPECT_EQ(weft_pool_wrap(runOnHostThreads, nullptr, 0, &error), nullptr);
  EXPECT_STREQ(error.message, "weft_pool_wrap: expected at least 1 thread, got 0");
  weft_pool_destroy(nullptr);
}

TEST(Pool, Cores) {
  Pool pool = makePool(0);
  EXPECT_GE(weft_pool_threads(pool.get()), 1);
}

// The environment is read once in a process, so each value is tried in a child.
TEST(Pool, Default) {
#ifdef __SANITIZE_THREAD__
  GTEST_SKIP() << "the thread sanitizer does not follow a fork of a process with threads";
#endif
  auto tryIn = [](const char *value) {
    const pid_t child = fork();
    if (child == 0) {
      setenv("WEFT_NUM_THREADS", value, 1);
      weft_program program = {};
      program.abi_version = WEFT_ABI_VERSION;
      program.name = "p";
      weft_error error;
      weft_instance *instance = weft_instance_create(&program, nullptr, &error);
      weft_pool_destroy(weft_pool_default()); // does nothing
      const std::string expected = std::string("WEFT_NUM_THREADS: expected a number in 1..1024, got '") + value + "'";
      _exit(instance ? weft_pool_threads(weft_pool_default()) : expected == error.message ? 100 : 101);
    }
    int result = -1;
    waitpid(child, &result, 0);
    return WIFEXITED(result) ? WEXITSTATUS(result) : -1;
  };
  EXPECT_EQ(tryIn("3"), 3);
  EXPECT_EQ(tryIn("1"), 1);
  EXPECT_EQ(tryIn("zero"), 100);
  EXPECT_EQ(tryIn("0"), 100);
  EXPECT_EQ(tryIn("2 "), 100);
  EXPECT_EQ(tryIn("99999999999999999999"), 100);
}

} // namespace
