// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What WEFT_ARTEFACT has collected: for the tool that makes files of it. Frontend and tools only.
#pragma once
#include "codegen/ahead/Artefact.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "weft/artefact.h"
#include <map>

namespace weft::detail {

struct ArtefactParts {
  codegen::ArtefactLayout layout;
  /// The leaf that a value stands for; `alive` keeps the values, so that no other gets an address of theirs.
  std::map<const Value *, std::pair<int, int>> known;
  std::vector<Tensor> alive;
  /// Of each tree, the arrays that its file begins with.
  std::vector<std::vector<std::pair<std::string, Tensor>>> values;
  /// A module for each entry, as text with lines.
  std::vector<std::string> functions;
};

struct RegisteredArtefact {
  std::string name;
  void (*describe)(Artefact &);
  Loc at;
};
/// Those of this process, in the order in which they were loaded.
const std::vector<RegisteredArtefact> &registeredArtefacts();
/// The functions of all entries in one module.
mlir::OwningOpRef<mlir::ModuleOp> joined(const ArtefactParts &parts, mlir::MLIRContext &context);
} // namespace weft::detail
