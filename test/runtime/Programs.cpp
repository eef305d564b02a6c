// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Programs.h"

namespace weft::test {

static void stepShapes(const int64_t *symbols, int64_t *dims) {
  const int64_t b = symbols[0];
  const int64_t all[] = {b, 64, b, b, b + 1};
  for (int64_t dim : all)
    *dims++ = dim;
}

const weft_program &stepProgram() {
  static const weft_parameter inputs[] = {{"x", WEFT_F32, 2, -1}, {"labels", WEFT_I32, 1, -1}, {"", WEFT_F32, 0, -1}};
  static const weft_parameter outputs[] = {{"loss", WEFT_F32, 0, -1}, {"y", WEFT_F32, 2, -1}};
  static const weft_symbol symbols[] = {{"B", 1, 512, 0, 0}};
  static const weft_program program = {.abi_version = WEFT_ABI_VERSION,
                                       .num_inputs = 3,
                                       .num_outputs = 2,
                                       .num_symbols = 1,
                                       .num_messages = 0,
                                       .needs_tiles = 0,
                                       .name = "step",
                                       .inputs = inputs,
                                       .outputs = outputs,
                                       .symbols = symbols,
                                       .messages = nullptr,
                                       .arena_bytes = 0,
                                       .shapes = stepShapes,
                                       .run = nullptr,
                                       .cpu_features = 0};
  return program;
}

Pool makePool(int32_t threads) { return Pool(weft_pool_create(threads, nullptr)); }

BodyProgram::BodyProgram(weft_pool *pool, Body body, std::vector<weft_message> texts, int64_t arenaBytes)
    : body(std::move(body)), messages(std::move(texts)) {
  program.abi_version = WEFT_ABI_VERSION;
  program.name = "body";
  program.num_messages = static_cast<int32_t>(messages.size());
  program.messages = messages.data();
  program.arena_bytes = arenaBytes;
  program.run = call;
  instance.reset(weft_instance_create(&program, pool, nullptr));
}

void BodyProgram::call(weft_context *context, const void *const *inputs, void *const *, const int64_t *, void *arena) {
  (*static_cast<const Body *>(inputs[0]))(context, arena);
}

weft_status BodyProgram::run(weft_error *error) {
  const void *inputs[] = {&body};
  return weft_instance_run(instance.get(), inputs, nullptr, nullptr, error);
}

void parallelFor(weft_context *context, int64_t count, int64_t grain,
                 const std::function<void(int64_t, int64_t)> &task) {
  using Task = std::function<void(int64_t, int64_t)>;
  weft_parallel_for(
      context, [](void *frame, int64_t begin, int64_t end) { (*static_cast<Task *>(frame))(begin, end); },
      const_cast<Task *>(&task), count, grain);
}

} // namespace weft::test
