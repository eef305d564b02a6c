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

/* ---- trees: a model's leaves in one block of memory ----
 *
 * A block begins with WEFT_TREE_HEADER bytes that say whose it is; each leaf lies at its offset, aligned to 64 bytes.
 * The caller owns it: it may come from weft_tree_create or be memory of the caller's own, aligned to 64 bytes, that
 * weft_tree_init has prepared. It holds no pointer, so a copy of its bytes is a copy of the tree. */

#define WEFT_TREE_HEADER 64

typedef struct weft_leaf {
  const char *name; /* the path, "net.hidden.w" */
  int32_t dtype, rank;
  int64_t first_dim; /* of its shape, in the tree's dims */
  int64_t offset;    /* in the block */
} weft_leaf;

typedef struct weft_tree {
  const char *name;
  const weft_leaf *leaves;
  const int64_t *dims;
  int32_t num_leaves, reserved;
  int64_t bytes;
  uint64_t id; /* the same for trees of the same leaves */
} weft_tree;

/* A block of zeros; for weft_tree_destroy. */
void *weft_tree_create(const weft_tree *tree, weft_error *error);
void weft_tree_destroy(void *block);
/* Makes memory of tree->bytes bytes a block of zeros. */
weft_status weft_tree_init(const weft_tree *tree, void *memory, weft_error *error);
/* The place of a leaf by its path, -1 if there is none; and its array, which lies in the block. */
int32_t weft_tree_find(const weft_tree *tree, const char *name);
weft_status weft_tree_array(const weft_tree *tree, void *block, int32_t leaf, weft_array *array, weft_error *error);
/* All leaves to a file and back. A file that does not fit changes nothing; nor does a save that fails: see
 * weft_tensors_save. Arrays of the file that no leaf asks for are passed by. */
weft_status weft_tree_save(const weft_tree *tree, const void *block, const char *path, weft_error *error);
weft_status weft_tree_load(const weft_tree *tree, void *block, const char *path, weft_error *error);

/* ---- artefacts: what weftc makes of a model; constant data in the object file ---- */

/* Where an input or an output of an entry is: a leaf of a tree, or with the caller (tree is -1). */
typedef struct weft_slot {
  int32_t tree, leaf;
  int32_t apart; /* of an output: its leaf is read elsewhere too, so it is written when the call has succeeded */
} weft_slot;

typedef struct weft_entry {
  const char *name;
  const weft_program *program;
  const weft_slot *slots; /* of the inputs, then of the outputs */
} weft_entry;

typedef struct weft_artefact {
  uint32_t abi_version;
  int32_t num_trees, num_entries, reserved;
  const char *name;
  uint64_t interface; /* the same in the header that belongs to it */
  const weft_tree *trees;
  const weft_entry *entries;
} weft_artefact;

/* Places by name, -1 if there is none. */
int32_t weft_artefact_entry(const weft_artefact *artefact, const char *name);
int32_t weft_artefact_tree(const weft_artefact *artefact, const char *name);

/* An instance of an artefact: one arena, as large as its largest entry asks for. It serves one call at a time;
 * instances are independent of each other. All memory is taken here: no call allocates. */
typedef struct weft_model weft_model;
/* State is written to memory of its own and copied when a call has succeeded, so that one that is cancelled loses none.
 */
#define WEFT_KEEP_STATE 1u
/* interface: that of the header (NAME_INTERFACE), or 0 for a host that reads the tables instead. Fails if they differ,
 * if the artefact is of another runtime, or was compiled for another processor. pool: NULL for the default. */
weft_model *weft_model_create(const weft_artefact *artefact, uint64_t interface, weft_pool *pool, uint32_t flags,
                              weft_error *error);
void weft_model_destroy(weft_model *model);
/* Asks the running call to end with WEFT_CANCELLED; callable from any thread. */
void weft_model_cancel(weft_model *model);
/* Whether the last call failed after it had begun to write state: those leaves hold neither the old nor the new values.
 */
int32_t weft_model_lost_state(const weft_model *model);

/* Calls an entry. trees: a block for each tree of the artefact, NULL for one that the entry does not use. dims: the
 * values of the program's symbols, in their order. inputs and outputs: what is no leaf, in the program's order, of the
 * sizes that dims say; outputs overlap no input. What is state of the caller is an input and an output, which may be
 * the same memory. A call that fails leaves all trees as they were, but for weft_model_lost_state. */
weft_status weft_model_run(weft_model *model, int32_t entry, void *const *trees, const int64_t *dims,
                           const void *const *inputs, void *const *outputs, weft_error *error);
/* The same by arrays: their types and shapes are checked, and dims are found in them. outputs: shapes are compared with
 * those that follow from the inputs. */
weft_status weft_model_call(weft_model *model, int32_t entry, void *const *trees, const weft_array *inputs,
                            int32_t num_inputs, const weft_array *outputs, int32_t num_outputs, weft_error *error);

#ifdef __cplusplus
}
#endif
#endif
