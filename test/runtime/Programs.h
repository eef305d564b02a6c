// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Programs written by hand, as a compiler would write them, for the tests of the runtime.
#ifndef WEFT_TEST_RUNTIME_PROGRAMS_H
#define WEFT_TEST_RUNTIME_PROGRAMS_H
#include "weft_runtime.h"
#include <functional>
#include <memory>
#include <vector>

namespace weft::test {

// step(x: f32 [B, 64], labels: i32 [B], scale: f32 []) -> loss: f32 [], y: f32 [B, B + 1], with B in 1..512.
const weft_program &stepProgram();

struct PoolDeleter {
  void operator()(weft_pool *pool) const { weft_pool_destroy(pool); }
};
struct InstanceDeleter {
  void operator()(weft_instance *instance) const { weft_instance_destroy(instance); }
};
using Pool = std::unique_ptr<weft_pool, PoolDeleter>;
using Instance = std::unique_ptr<weft_instance, InstanceDeleter>;

Pool makePool(int32_t threads);

// A program without arrays whose body is a function of the test: run(context, arena).
class BodyProgram {
public:
  using Body = std::function<void(weft_context *, void *arena)>;
  BodyProgram(weft_pool *pool, Body body, std::vector<weft_message> messages = {}, int64_t arenaBytes = 64);
  weft_status run(weft_error *error = nullptr);
  weft_instance *get() const { return instance.get(); }

private:
  static void call(weft_context *, const void *const *inputs, void *const *outputs, const int64_t *, void *arena);
  Body body;
  std::vector<weft_message> messages;
  weft_program program = {};
  Instance instance;
};

void parallelFor(weft_context *context, int64_t count, int64_t grain,
                 const std::function<void(int64_t, int64_t)> &task);

} // namespace weft::test
#endif
