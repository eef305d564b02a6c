/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The C ABI of a compiled Weft program and of the small runtime that executes it.
 *
 * A compiled program is one `weft_program` descriptor plus native code. It links nothing but this runtime, libm and
 * libc. A call is: bind (check shapes, find the run-time dimensions) -> allocate the outputs -> run. Inputs are never
 * written, but for those that the caller gave as outputs as well: state that is updated in place
 * (weft_parameter.input). Such an output is written when no error can be raised any more, so a call that fails leaves
 * state as it was; only one that is cancelled later loses it (weft_instance_lost_state). A caller that keeps inputs and
 * outputs apart keeps its state in any case. Every function is re-entrant; an instance (arena + call context) serves
 * one call at a time. Where a function takes a weft_error, it may be NULL; otherwise it is written in success too, with
 * WEFT_OK and no text.
 */
#ifndef WEFT_RUNTIME_H
#define WEFT_RUNTIME_H
#include <stddef.h>
#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif

#define WEFT_ABI_VERSION 3

typedef enum weft_status {
  WEFT_OK = 0,
  WEFT_INVALID_ARGUMENT = 1, /* shape, dtype, rank, count or bound */
  WEFT_OUT_OF_RANGE = 2,     /* an index outside its dimension */
  WEFT_NOT_FINITE = 3,       /* a NaN or infinity under check_finite */
  WEFT_DIVISION_BY_ZERO = 4, /* integer division or remainder */
  WEFT_OUT_OF_MEMORY = 5,
  WEFT_CANCELLED = 6,
  WEFT_INTERNAL = 7,
  WEFT_FILE = 8,       /* a file that cannot be read or written, or is damaged */
  WEFT_UNSUPPORTED = 9 /* code for a processor with more instructions than this one has */
} weft_status;

/* A status with its text; the text names the user's file and line where there is one. */
typedef struct weft_error {
  int32_t status;
  char message[1020];
} weft_error;

/* The table of element types: name, code, text, bytes of an element. i1 is stored as one byte, 0 or 1. */
#define WEFT_ELEMENT_TYPES(X)                                                                                          \
  X(I1, 0, "i1", 1)                                                                                                    \
  X(I8, 1, "i8", 1)                                                                                                    \
  X(I32, 2, "i32", 4)                                                                                                  \
  X(I64, 3, "i64", 8)                                                                                                  \
  X(F16, 4, "f16", 2)                                                                                                  \
  X(BF16, 5, "bf16", 2)                                                                                                \
  X(F32, 6, "f32", 4)                                                                                                  \
  X(F64, 7, "f64", 8)                                                                                                  \
  X(C64, 8, "c64", 8)                                                                                                  \
  X(C128, 9, "c128", 16)
/* WEFT_I1 ... WEFT_C128 */
typedef enum weft_dtype {
#define WEFT_ELEMENT_TYPE(name, code, text, bytes) WEFT_##name = code,
  WEFT_ELEMENT_TYPES(WEFT_ELEMENT_TYPE)
#undef WEFT_ELEMENT_TYPE
} weft_dtype;
/* Bytes of one element; 0 for an unknown type. */
size_t weft_dtype_size(int32_t dtype);
const char *weft_dtype_name(int32_t dtype);
/* Bytes of an array: 0 if a dimension is 0, -1 if one is negative or the bytes do not fit 64 bits. */
int64_t weft_array_bytes(int32_t dtype, const int64_t *shape, int32_t rank);

/* A dense row-major array that somebody else owns. */
typedef struct weft_array {
  void *data;
  int32_t dtype, rank;
  const int64_t *shape;
} weft_array;

/* ---- what a compiled program is: constant data in its object file ---- */

/* A bounded run-time dimension, read from `axis` of input `input`. */
typedef struct weft_symbol {
  const char *name;
  int64_t lower, upper;
  int32_t input, axis;
} weft_symbol;

typedef struct weft_parameter {
  const char *name; /* the user's path, "net.hidden.w", or "" */
  int32_t dtype, rank;
  /* Of an output: the input whose new value it is and whose memory the caller may give it, call by call; -1 if there is
   * none. */
  int32_t input;
} weft_parameter;

/* What an error word says: the status and the sentence, which begins with "file:line: ". */
typedef struct weft_message {
  int32_t status;
  const char *text;
} weft_message;

typedef struct weft_context weft_context;

typedef struct weft_program {
  uint32_t abi_version;
  int32_t num_inputs, num_outputs, num_symbols, num_messages;
  int32_t needs_tiles; /* whether its code uses matrix registers (AMX): see weft_tiles_granted */
  const char *name;
  const weft_parameter *inputs, *outputs;
  const weft_symbol *symbols;
  const weft_message *messages;
  int64_t arena_bytes; /* 64-byte aligned scratch of one call, sized by the symbols' upper bounds */
  /* Dimensions of all inputs, then of all outputs, one after the other, from the symbols' values. */
  void (*shapes)(const int64_t *symbols, int64_t *dims);
  void (*run)(weft_context *context, const void *const *inputs, void *const *outputs, const int64_t *symbols,
              void *arena);
  uint64_t cpu_features; /* instruction sets that its code may use: a bit for each row of weft_cpu.def */
} weft_program;

/* ---- services for generated code ---- */

/* The first word of a context is the error word: all ones when clear, else (message << 32 | low 32 bits of a detail
 * such as the index). Generated code lowers it by an atomic unsigned minimum, so the error reported does not depend on
 * threads. */
struct weft_context {
  uint64_t error_word;
};
#define WEFT_NO_ERROR UINT64_MAX

typedef void (*weft_task)(void *frame, int64_t begin, int64_t end);
/* One of several loops that run as one: loops that write nothing that another of them reads. */
typedef struct weft_loop {
  weft_task task;
  void *frame;
  int64_t count, grain;
  int64_t first; /* room for the runtime: pieces of the loops in front */
} weft_loop;
#define WEFT_SERVICE(result, name, parameters) result name parameters;
#include "weft_services.def"
#undef WEFT_SERVICE

/* Whether this process may use the processor's matrix registers (AMX). Asks the system when called first;
 * weft_instance_create does for programs that need them, and fails if it may not. */
int32_t weft_tiles_granted(void);

/* The instruction sets of this processor that the system lets a process use, as bits: row i of weft_cpu.def is bit i. A
 * program that was compiled for others is refused with WEFT_UNSUPPORTED before any of its code runs. */
uint64_t weft_cpu_features(void);

/* ---- calling a program ---- */

/* A pool of threads. A host may supply its own parallel-for: it must call task(frame, b, e) for every piece of [0,
 * count) of `grain` iterations once (on threads with 1 MiB of stack to spare) and return when all are done, and it may
 * be called from several threads at once if instances that share it are. */
typedef void (*weft_host_parallel_for)(void *user, weft_task task, void *frame, int64_t count, int64_t grain);
typedef struct weft_pool weft_pool;
#define WEFT_MOST_THREADS 1024
/* threads: at most WEFT_MOST_THREADS; 0 = one for each core that this process may use. NULL and an error on failure. */
weft_pool *weft_pool_create(int32_t threads, weft_error *error);
weft_pool *weft_pool_wrap(weft_host_parallel_for run, void *user, int32_t threads, weft_error *error);
/* After its instances, and not while one runs. The default pool is left alone. */
void weft_pool_destroy(weft_pool *pool);
int32_t weft_pool_threads(const weft_pool *pool);
/* The process-wide pool, made on first use; WEFT_NUM_THREADS sets its size. Never NULL: if the system gives fewer
 * threads, it has fewer. */
weft_pool *weft_pool_default(void);

/* Checks count, dtype, rank and dimensions of the inputs, finds the symbols' values and computes the outputs'
 * dimensions. symbols: room for num_symbols. output_dims: room for the sum of the outputs' ranks. */
weft_status weft_program_bind(const weft_program *program, const weft_array *inputs, int32_t num_inputs,
                              int64_t *symbols, int64_t *output_dims, weft_error *error);

/* One arena and one call context. */
typedef struct weft_instance weft_instance;
weft_instance *weft_instance_create(const weft_program *program, weft_pool *pool /* NULL: the default */,
                                    weft_error *error);
void weft_instance_destroy(weft_instance *instance);
/* Asks the running call to end at its next dispatch with WEFT_CANCELLED; callable from any thread. A request before the
 * call begins is forgotten, and a call that has no dispatch left ends as it would have. */
void weft_instance_cancel(weft_instance *instance);
/* Runs with arrays that `weft_program_bind` accepted. No allocation. outputs[i]: memory of the bound shape, not
 * overlapping an input, or the very memory of the input that it is the new value of, if no other input or output
 * overlaps that. */
weft_status weft_instance_run(weft_instance *instance, const void *const *inputs, void *const *outputs,
                              const int64_t *symbols, weft_error *error);

/* Whether the last call failed after it had begun to write state: what was given as input and output holds neither the
 * old values nor the new. */
int32_t weft_instance_lost_state(const weft_instance *instance);

/* Memory for arrays, as arenas have it: aligned to 64 bytes, at least as many; from 16 MiB on it is on large pages if
 * the system gives some, which are read up to a fifth faster. NULL if there is none. For free(). */
void *weft_allocate(size_t bytes);

/* ---- random numbers: Philox4x32-10 (Salmon et al., SC 2011), the definition that compiled code follows ---- */
void weft_philox(const uint32_t key[2], const uint32_t counter[4], uint32_t out[4]);

#ifdef __cplusplus
}
#endif
#endif
