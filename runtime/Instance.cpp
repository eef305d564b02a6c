// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// An instance: the arena and the context of one call, and the call itself.
#include "Instance.h"
#include "Message.h"
#include "ParallelFor.h"
#include <stdlib.h>

using namespace weft::rt;

extern "C" weft_instance *weft_instance_create(const weft_program *program, weft_pool *pool, weft_error *error) {
  if (checkProgram(program, "weft_instance_create", error))
    return nullptr;
  if (!pool && !(pool = defaultPool(error)))
    return nullptr;
  if (program->needs_tiles && !weft_tiles_granted()) {
    Message(error, WEFT_INVALID_ARGUMENT) << program->name
                                          << ": compiled for a processor with matrix registers (AMX), which this "
                                             "system does not grant: compile it for another one";
    return nullptr;
  }
  const int64_t bytes = program->arena_bytes;
  if (bytes < 0) {
    Message(error, WEFT_INTERNAL) << program->name << ": the program asks for an arena of " << bytes << " bytes";
    return nullptr;
  }
  weft_instance *instance = static_cast<weft_instance *>(calloc(1, sizeof(weft_instance)));
  // At least one line: generated code may form addresses in the arena of a program that stores nothing there.
  void *arena = uint64_t(bytes) <= SIZE_MAX ? weft_allocate(size_t(bytes)) : nullptr;
  if (!instance || !arena) {
    free(instance);
    free(arena);
    Message(error, WEFT_OUT_OF_MEMORY) << program->name << ": out of memory: the arena has " << bytes << " bytes";
    return nullptr;
  }
  instance->context.error_word = WEFT_NO_ERROR;
  instance->program = program;
  instance->pool = pool;
  instance->arena = arena;
  success(error);
  return instance;
}

extern "C" void weft_instance_destroy(weft_instance *instance) {
  if (!instance)
    return;
  free(instance->arena);
  free(instance);
}

extern "C" int32_t weft_goes_on(weft_context *context) {
  weft_instance &instance = instanceOf(context);
  if (__atomic_load_n(&instance.cancelled, __ATOMIC_RELAXED)) {
    __atomic_store_n(&instance.skipped, 1u, __ATOMIC_RELAXED);
    return 0;
  }
  return __atomic_load_n(&context->error_word, __ATOMIC_RELAXED) == WEFT_NO_ERROR &&
         !__atomic_load_n(&instance.broken, __ATOMIC_RELAXED);
}

extern "C" int32_t weft_begin_update(weft_context *context) {
  const int32_t goesOn = weft_goes_on(context);
  if (goesOn)
    __atomic_store_n(&instanceOf(context).updating, 1u, __ATOMIC_RELAXED);
  return goesOn;
}

extern "C" int32_t weft_instance_lost_state(const weft_instance *instance) {
  return instance && __atomic_load_n(&instance->lost, __ATOMIC_RELAXED);
}

extern "C" void weft_instance_cancel(weft_instance *instance) {
  if (instance)
    __atomic_store_n(&instance->cancelled, 1u, __ATOMIC_RELAXED);
}

// The order of the answers matters: after a dispatch was left out, the code that still ran read unwritten memory, and
// what it put into the error word means nothing.
static weft_status finish(weft_instance *instance, weft_error *error) {
  const weft_program &program = *instance->program;
  if (__atomic_load_n(&instance->broken, __ATOMIC_RELAXED))
    return Message(error, WEFT_INTERNAL) << program.name << ": the host's parallel-for did not run every piece once";
  if (__atomic_load_n(&instance->skipped, __ATOMIC_RELAXED))
    return Message(error, WEFT_CANCELLED)
           << program.name << ": cancelled"
           << (__atomic_load_n(&instance->updating, __ATOMIC_RELAXED) ? " while state was being written" : "");
  const uint64_t word = __atomic_load_n(&instance->context.error_word, __ATOMIC_RELAXED);
  if (word != WEFT_NO_ERROR)
    return describeErrorWord(program, word, error);
  return success(error);
}

extern "C" weft_status weft_instance_run(weft_instance *instance, const void *const *inputs, void *const *outputs,
                                         const int64_t *symbols, weft_error *error) {
  if (!instance)
    return Message(error, WEFT_INVALID_ARGUMENT) << "weft_instance_run: no instance (a null pointer)";
  if (__atomic_exchange_n(&instance->running, 1u, __ATOMIC_ACQUIRE))
    return Message(error, WEFT_INVALID_ARGUMENT)
           << instance->program->name << ": the instance is in another call; make one instance for each thread";
  __atomic_store_n(&instance->cancelled, 0u, __ATOMIC_RELAXED);
  __atomic_store_n(&instance->skipped, 0u, __ATOMIC_RELAXED);
  __atomic_store_n(&instance->updating, 0u, __ATOMIC_RELAXED);
  __atomic_store_n(&instance->broken, 0u, __ATOMIC_RELAXED);
  __atomic_store_n(&instance->context.error_word, WEFT_NO_ERROR, __ATOMIC_RELAXED);
  instance->program->run(&instance->context, inputs, outputs, symbols, instance->arena);
  const weft_status status = finish(instance, error);
  __atomic_store_n(&instance->lost,
                   uint32_t(status != WEFT_OK && __atomic_load_n(&instance->updating, __ATOMIC_RELAXED)),
                   __ATOMIC_RELAXED);
  __atomic_store_n(&instance->running, 0u, __ATOMIC_RELEASE);
  return status;
}
