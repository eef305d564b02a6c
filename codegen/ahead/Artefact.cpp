// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Layout of trees and the tables of an artefact; see Artefact.h.
#include "codegen/ahead/Artefact.h"
#include "codegen/lower/Descriptor.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include <map>
#include <set>

using namespace weft::codegen;

static_assert(offsetof(weft_leaf, name) == 0 && offsetof(weft_leaf, dtype) == 8 && offsetof(weft_leaf, rank) == 12 &&
              offsetof(weft_leaf, first_dim) == 16 && offsetof(weft_leaf, offset) == 24 && sizeof(weft_leaf) == 32);
static_assert(offsetof(weft_tree, name) == 0 && offsetof(weft_tree, leaves) == 8 && offsetof(weft_tree, dims) == 16 &&
              offsetof(weft_tree, num_leaves) == 24 && offsetof(weft_tree, reserved) == 28 &&
              offsetof(weft_tree, bytes) == 32 && offsetof(weft_tree, id) == 40 && sizeof(weft_tree) == 48);
static_assert(offsetof(weft_slot, tree) == 0 && offsetof(weft_slot, leaf) == 4 && offsetof(weft_slot, apart) == 8 &&
              sizeof(weft_slot) == 12);
static_assert(offsetof(weft_entry, name) == 0 && offsetof(weft_entry, program) == 8 &&
              offsetof(weft_entry, slots) == 16 && sizeof(weft_entry) == 24);
static_assert(offsetof(weft_artefact, abi_version) == 0 && offsetof(weft_artefact, num_trees) == 4 &&
              offsetof(weft_artefact, num_entries) == 8 && offsetof(weft_artefact, reserved) == 12 &&
              offsetof(weft_artefact, name) == 16 && offsetof(weft_artefact, interface) == 24 &&
              offsetof(weft_artefact, trees) == 32 && offsetof(weft_artefact, entries) == 40 &&
              sizeof(weft_artefact) == 48);

bool weft::codegen::isCName(const std::string &name) {
  static const std::set<std::string> taken{
      "auto",    "break",  "case",     "char",    "class",     "const",    "continue", "default",  "delete",
      "do",      "double", "else",     "enum",    "extern",    "float",    "for",      "goto",     "if",
      "inline",  "int",    "long",     "new",     "namespace", "private",  "public",   "register", "restrict",
      "return",  "short",  "signed",   "sizeof",  "static",    "struct",   "switch",   "this",     "template",
      "typedef", "union",  "unsigned", "virtual", "void",      "volatile", "while",    "operator"};
  return !name.empty() && !llvm::isDigit(name[0]) &&
         llvm::all_of(name, [](char c) { return llvm::isAlnum(c) || c == '_'; }) && !taken.count(name);
}

namespace {
/// FNV-1a: for interfaces that change by mistake, not by malice.
struct Hash {
  uint64_t value = 14695981039346656037u;
  void add(const std::string &text) {
    for (unsigned char c : text)
      value = (value ^ c) * 1099511628211u;
    value = (value ^ 0xff) * 1099511628211u; // the end of a word
  }
  void add(int64_t number) { add(std::to_string(number)); }
};
} // namespace

std::string ArtefactLayout::finish() {
  std::set<std::string> names;
  auto take = [&](const std::string &what, const std::string &given) -> std::string {
    if (!isCName(given))
      return what + " \"" + given + "\" is no name in C: letters, digits and _, and no keyword";
    return names.insert(given).second ? "" : "two entries or trees are called \"" + given + "\"";
  };
  if (!isCName(name))
    return "the artefact \"" + name + "\" is no name in C: letters, digits and _, and no keyword";
  names.insert({"create", "destroy", "cancel", "artefact", "lost_state"}); // what the header defines
  for (ArtefactTree &tree : trees) {
    if (std::string wrong = take("tree", tree.name); !wrong.empty())
      return wrong;
    constexpr int64_t line = 64;
    Hash hash;
    tree.bytes = WEFT_TREE_HEADER;
    for (ArtefactLeaf &leaf : tree.leaves) {
      int64_t bytes = leaf.bytes();
      leaf.offset = tree.bytes;
      if (bytes < 0 || bytes > (int64_t(1) << 56) || tree.bytes > (int64_t(1) << 56))
        return "tree \"" + tree.name + "\" has more bytes than any memory";
      tree.bytes += (bytes + line - 1) / line * line;
      hash.add(leaf.name);
      hash.add(leaf.dtype);
      llvm::for_each(leaf.shape, [&](int64_t size) { hash.add(size); });
    }
    tree.id = hash.value | 1; // never 0
  }
  Hash all;
  all.add(name);
  for (const ArtefactTree &tree : trees) {
    all.add(tree.name);
    all.add(int64_t(tree.id));
  }
  for (ArtefactEntry &entry : entries) {
    if (std::string wrong = take("entry", entry.name); !wrong.empty())
      return wrong;
    std::map<std::pair<int, int>, int> reads, writes;
    for (const ArtefactSlot &slot : entry.inputs)
      ++reads[{slot.tree, slot.leaf}];
    for (ArtefactSlot &slot : entry.outputs) {
      if (slot.tree < 0)
        continue;
      if (++writes[{slot.tree, slot.leaf}] > 1)
        return "entry \"" + entry.name + "\" assigns " + trees[slot.tree].leaves[slot.leaf].name + " of tree \"" +
               trees[slot.tree].name + "\" by two arguments";
      slot.apart = reads[{slot.tree, slot.leaf}] > 1;
    }
    all.add(entry.name);
    all.add(entry.signature);
    for (auto *slots : {&entry.inputs, &entry.outputs})
      for (const ArtefactSlot &slot : *slots)
        all.add(slot.tree), all.add(slot.leaf);
  }
  if (entries.empty())
    return "the artefact has no entry";
  interface = all.value | 1;
  return "";
}

void weft::codegen::addArtefact(mlir::ModuleOp module, const ArtefactLayout &layout) {
  Descriptor d(module);
  using D = Descriptor;
  using Rows = std::vector<std::vector<D::Field>>;
  auto table = [&](const std::string &name, const Rows &rows) {
    if (rows.empty())
      return D::address("");
    d.array(name, rows);
    return D::address(name);
  };
  Rows trees, entries;
  for (const ArtefactTree &tree : layout.trees) {
    Rows leaves, dims;
    for (const ArtefactLeaf &leaf : tree.leaves) {
      leaves.push_back({D::text(leaf.name), D::i32(leaf.dtype), D::i32(int64_t(leaf.shape.size())),
                        D::i64(int64_t(dims.size())), D::i64(leaf.offset)});
      for (int64_t size : leaf.shape)
        dims.push_back({D::i64(size)});
    }
    std::string prefix = layout.name + "_tree_" + tree.name;
    auto leavesAt = table(prefix + "_leaves", leaves), dimsAt = table(prefix + "_dims", dims);
    trees.push_back({D::text(tree.name), leavesAt, dimsAt, D::i32(int64_t(leaves.size())), D::i32(0),
                     D::i64(tree.bytes), D::i64(int64_t(tree.id))});
  }
  for (const ArtefactEntry &entry : layout.entries) {
    Rows slots;
    for (auto *list : {&entry.inputs, &entry.outputs})
      for (const ArtefactSlot &slot : *list)
        slots.push_back({D::i32(slot.tree), D::i32(slot.leaf), D::i32(slot.apart)});
    entries.push_back({D::text(entry.name), D::address(layout.functionOf(entry) + "_program"),
                       table(layout.name + "_entry_" + entry.name + "_slots", slots)});
  }
  auto treesAt = table(layout.name + "_trees", trees), entriesAt = table(layout.name + "_entries", entries);
  d.structure(layout.name + "_artefact",
              {D::i32(WEFT_ABI_VERSION), D::i32(int64_t(layout.trees.size())), D::i32(int64_t(layout.entries.size())),
               D::i32(0), D::text(layout.name), D::i64(int64_t(layout.interface)), treesAt, entriesAt});
}
