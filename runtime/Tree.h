// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Whether a block is that of a tree.
#ifndef WEFT_RUNTIME_TREE_H
#define WEFT_RUNTIME_TREE_H
#include "Message.h"
#include "weft.h"

namespace weft::rt {
// An error if the memory is no block of this tree.
weft_status checkBlock(const weft_tree &tree, const void *block, weft_error *error);
} // namespace weft::rt
#endif
