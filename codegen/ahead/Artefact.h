// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Artefact.h - several entries and the trees that they share, as one object and its header ---------------------===//
//
// An artefact is what code ahead of time leaves: programs, each with a table that says of every input and output
// whether the caller gives it or whether it is a leaf of a tree. A tree is one block of memory with its leaves at fixed
// places, so that a C program holds a model, moments and counters by one pointer:
//
//   entry train: inputs  (state.net.w, state.opt.t, x)   a block "state": | id, 64 bytes | net.w | opt.m.w | opt.t |
//                outputs (loss, state.net.w, ...)
//   entry predict: inputs (state.net.w, x)               the same leaf: nothing is copied between the two
//
// runtime/weft.h has the structures as C sees them; Descriptor writes them into the object.
//
//===----------------------------------------------------------------------------------------------------------------===//
#pragma once
#include "runtime/weft.h"
#include <string>
#include <vector>

namespace mlir {
class ModuleOp;
}

namespace weft::codegen {

struct ArtefactLeaf {
  std::string name;
  int dtype = 0;
  std::vector<int64_t> shape;
  int64_t offset = 0; // set by finish
  int64_t bytes() const { return weft_array_bytes(dtype, shape.data(), int32_t(shape.size())); }
};
struct ArtefactTree {
  std::string name;
  std::vector<ArtefactLeaf> leaves;
  int64_t bytes = 0; // set by finish
  uint64_t id = 0;   // the same for trees of the same leaves
};
/// Where an input or an output is. `apart`: the output is a leaf that the entry also reads as another input, so it is
/// written elsewhere and copied when the call has succeeded.
struct ArtefactSlot {
  int tree = -1, leaf = -1;
  bool apart = false;
  int state = -1;    // of an output: the input whose new value it is
  std::string about; // "f32 [B, 64]", for the header
};
struct ArtefactEntry {
  std::string name;
  std::vector<ArtefactSlot> inputs, outputs;
  std::string signature; // its function's type, as text: part of the interface
};
struct ArtefactLayout {
  std::string name;
  std::vector<ArtefactTree> trees;
  std::vector<ArtefactEntry> entries;
  uint64_t interface = 0; // what a header and its object must agree on

  /// Places leaves, finds `apart`, and computes ids. Nothing, or why the artefact cannot be.
  std::string finish();
  /// The function of an entry in the module, and the name of its program: <artefact>_<entry>.
  std::string functionOf(const ArtefactEntry &entry) const { return name + "_" + entry.name; }
};

/// Adds the global `weft_artefact <name>_artefact` to a module in LLVM's dialect that has the entries' programs.
void addArtefact(mlir::ModuleOp module, const ArtefactLayout &layout);

/// What a header says beside the layout.
struct HeaderOptions {
  std::string source, object; // the names of the model's file and of the object's
  std::string cpu;
};
/// The C header; `programs` are those of the entries, of which only the tables are read.
std::string artefactHeader(const ArtefactLayout &layout, const std::vector<const weft_program *> &programs,
                           const HeaderOptions &options);
/// The wrapper in C++ over that header.
std::string artefactWrapper(const ArtefactLayout &layout, const std::vector<const weft_program *> &programs,
                            const HeaderOptions &options);
/// The graph of a module for Graphviz.
std::string graphAsDot(mlir::ModuleOp module);
/// Whether a name can be one in C, for artefacts, entries and trees: letters, digits and _, no keyword.
bool isCName(const std::string &name);
} // namespace weft::codegen
