// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Trees of an artefact: blocks of memory, and their files.
#include "Tree.h"
#include "Array.h"
#include <stdlib.h>
#include <string.h>

using namespace weft::rt;

namespace weft::rt {
weft_status checkBlock(const weft_tree &tree, const void *block, weft_error *error) {
  if (!block)
    return Message(error, WEFT_INVALID_ARGUMENT) << tree.name << ": no block of memory (a null pointer)";
  if (uintptr_t(block) % 64)
    return Message(error, WEFT_INVALID_ARGUMENT) << tree.name << ": its block is not aligned to 64 bytes";
  uint64_t id;
  memcpy(&id, block, sizeof id);
  if (id != tree.id)
    return Message(error, WEFT_INVALID_ARGUMENT)
           << tree.name
           << ": this memory is no such tree: it was made for another one, or by nobody "
              "(weft_tree_create, weft_tree_init)";
  return WEFT_OK;
}
} // namespace weft::rt

extern "C" weft_status weft_tree_init(const weft_tree *tree, void *memory, weft_error *error) {
  if (!tree || !memory || uintptr_t(memory) % 64)
    return Message(error, WEFT_INVALID_ARGUMENT)
           << "weft_tree_init: " << (tree && memory ? "the memory is not aligned to 64 bytes" : "a null pointer");
  memset(memory, 0, size_t(tree->bytes));
  memcpy(memory, &tree->id, sizeof tree->id);
  return success(error);
}

extern "C" void *weft_tree_create(const weft_tree *tree, weft_error *error) {
  void *memory = tree ? weft_allocate(size_t(tree->bytes)) : nullptr;
  if (!memory) {
    if (tree)
      Message(error, WEFT_OUT_OF_MEMORY) << tree->name << ": no memory for " << tree->bytes << " bytes";
    else
      Message(error, WEFT_INVALID_ARGUMENT) << "weft_tree_create: no tree (a null pointer)";
    return nullptr;
  }
  weft_tree_init(tree, memory, error);
  return memory;
}

extern "C" void weft_tree_destroy(void *block) { free(block); }

extern "C" int32_t weft_tree_find(const weft_tree *tree, const char *name) {
  for (int32_t i = 0; tree && name && i < tree->num_leaves; ++i)
    if (strcmp(tree->leaves[i].name, name) == 0)
      return i;
  return -1;
}

extern "C" weft_status weft_tree_array(const weft_tree *tree, void *block, int32_t leaf, weft_array *array,
                                       weft_error *error) {
  if (!tree || !array || leaf < 0 || leaf >= tree->num_leaves)
    return Message(error, WEFT_INVALID_ARGUMENT) << "weft_tree_array: there is no such leaf";
  if (weft_status status = checkBlock(*tree, block, error))
    return status;
  const weft_leaf &l = tree->leaves[leaf];
  *array = {static_cast<char *>(block) + l.offset, l.dtype, l.rank, tree->dims + l.first_dim};
  return success(error);
}

extern "C" weft_status weft_tree_save(const weft_tree *tree, const void *block, const char *path, weft_error *error) {
  if (!tree)
    return Message(error, WEFT_INVALID_ARGUMENT) << "weft_tree_save: no tree (a null pointer)";
  if (weft_status status = checkBlock(*tree, block, error))
    return status;
  auto *arrays = static_cast<weft_named_array *>(calloc(size_t(tree->num_leaves) + 1, sizeof(weft_named_array)));
  if (!arrays)
    return Message(error, WEFT_OUT_OF_MEMORY) << tree->name << ": no memory to save it";
  for (int32_t i = 0; i < tree->num_leaves; ++i) {
    arrays[i].name = tree->leaves[i].name;
    weft_tree_array(tree, const_cast<void *>(block), i, &arrays[i].array, nullptr);
  }
  const weft_status status = weft_tensors_save(path, arrays, tree->num_leaves, error);
  free(arrays);
  return status;
}

// The place of a leaf's array in the file, or -1 and an error.
static int64_t arrayOf(const weft_tensors *file, const weft_tree &tree, int32_t leaf, const char *path,
                       weft_error *error) {
  const weft_leaf &l = tree.leaves[leaf];
  const int64_t index = weft_tensors_find(file, l.name);
  if (index < 0) {
    Message message(error, WEFT_INVALID_ARGUMENT);
    message << path << ": it has no array " << l.name << " for the tree " << tree.name;
    if (const char *nearest = weft_tensors_nearest(file, l.name))
      message << "; did you mean " << nearest << "?";
    return -1;
  }
  const weft_tensor_info &info = *weft_tensors_info(file, index);
  const int64_t *shape = tree.dims + l.first_dim;
  // The parts of a complex number may be a last dimension: for c128 the format has no other way.
  const bool parts =
      (l.dtype == WEFT_C128 && info.dtype == WEFT_F64) || (l.dtype == WEFT_C64 && info.dtype == WEFT_F32);
  bool fits =
      (parts || info.dtype == l.dtype) && info.rank == l.rank + parts && (!parts || info.shape[info.rank - 1] == 2);
  for (int32_t axis = 0; fits && axis < l.rank; ++axis)
    fits = info.shape[axis] == shape[axis];
  if (fits)
    return index;
  Message message(error, WEFT_INVALID_ARGUMENT);
  message << path << ": " << l.name << " is ";
  if (info.dtype < 0)
    message << "of type " << info.type;
  else
    printArray(message, info.dtype, info.shape, info.rank);
  message << ", expected ";
  printArray(message, l.dtype, shape, l.rank);
  return -1;
}

extern "C" weft_status weft_tree_load(const weft_tree *tree, void *block, const char *path, weft_error *error) {
  if (!tree)
    return Message(error, WEFT_INVALID_ARGUMENT) << "weft_tree_load: no tree (a null pointer)";
  if (weft_status status = checkBlock(*tree, block, error))
    return status;
  weft_error own; // statuses are needed here, whether the caller wants the text or not
  weft_error *const e = error ? error : &own;
  weft_tensors *file = weft_tensors_open(path, e);
  if (!file)
    return weft_status(e->status);
  // Beside the block, so that what cannot be read leaves the block as it was.
  char *fresh = static_cast<char *>(weft_tree_create(tree, e));
  weft_status status = fresh ? WEFT_OK : weft_status(e->status);
  for (int32_t i = 0; i < tree->num_leaves && !status; ++i) {
    const int64_t index = arrayOf(file, *tree, i, path, e);
    status = index < 0 ? weft_status(e->status) : weft_tensors_read(file, index, fresh + tree->leaves[i].offset, e);
  }
  if (!status)
    memcpy(block, fresh, size_t(tree->bytes));
  free(fresh);
  weft_tensors_close(file);
  return status ? status : success(error);
}
