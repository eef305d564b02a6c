/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* What a host program does with compiled models and their weights, in C. weft_runtime.h has the programs themselves,
 * pools of threads and statuses.
 *
 * Every function returns a status or NULL on failure, with the reason in `error` (which may be NULL). None exits,
 * aborts or prints.
 */
#ifndef WEFT_H
#define WEFT_H
#include "weft_runtime.h"
#ifdef __cplusplus
extern "C" {
#endif

/* ---- files of named arrays: safetensors ----
 *
 * Eight bytes with the length of a header, a JSON object that gives each name its type, shape and place, and the bytes
 * of the arrays. A file is checked whole when it is opened: length of the header, names, types, shapes, and that the
 * places are those of the shapes and fill the file without holes or overlap. i1 is BOOL; c128, for which the format has
 * no word, is F64 with a last dimension of 2. */

/* Most dimensions of an array in a file. */
#define WEFT_MOST_RANK 32

/* One array of a file. All of it lives as long as the file is open. */
typedef struct weft_tensor_info {
  const char *name;
  const char *type; /* as the file spells it, "BF16" */
  int32_t dtype;    /* weft_dtype, or -1 if it is none of ours */
  int32_t rank;
  const int64_t *shape;
  int64_t bytes;
  int64_t offset; /* of its first byte in the file */
} weft_tensor_info;

/* A file that is open for reading. Several threads may use it at once. */
typedef struct weft_tensors weft_tensors;
weft_tensors *weft_tensors_open(const char *path, weft_error *error);
void weft_tensors_close(weft_tensors *file);
int64_t weft_tensors_count(const weft_tensors *file);
/* Of array `index`, in the order of their names; NULL if there is none. */
const weft_tensor_info *weft_tensors_info(const weft_tensors *file, int64_t index);
/* The place of a name in that order, -1 if the file has none. */
int64_t weft_tensors_find(const weft_tensors *file, const char *name);
/* The name of the file that is most like this one, for messages; NULL if none is near. */
const char *weft_tensors_nearest(const weft_tensors *file, const char *name);
/* Reads the bytes of array `index` into memory that has room for them. A BOOL that is neither 0 nor 1, and a file that
 * has become shorter, are errors. */
weft_status weft_tensors_read(const weft_tensors *file, int64_t index, void *data, weft_error *error);

typedef struct weft_named_array {
  const char *name; /* UTF-8, not "__metadata__", and no other array's */
  weft_array array;
} weft_named_array;

/* Writes a file so that whatever happens, a file of that name is the old one or the whole new one: `path`.tmp is
 * written, brought to the disk, and renamed; behind a link it is the file that is replaced. What a killed process left
 * of `path`.tmp is overwritten by the next save. While another process or thread saves to the same path, the status is
 * WEFT_FILE and nothing is written. The same arrays give the same bytes. */
weft_status weft_tensors_save(const char *path, const weft_named_array *arrays, int64_t count, weft_error *error);

#ifdef __cplusplus
}
#endif
#endif
