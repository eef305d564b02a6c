// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Artefacts of a model file: entries are traced one after the other, and what they share is found by the values of
// their leaves; see weft/artefact.h and codegen/ahead/Artefact.h.
#include "ArtefactParts.h"
#include "Executable.h"
#include "mlir/Parser/Parser.h"
#include <algorithm>

using namespace weft;
using namespace weft::detail;

namespace {
std::vector<RegisteredArtefact> &registered() {
  static std::vector<RegisteredArtefact> all;
  return all;
}
} // namespace

ArtefactRegistration::ArtefactRegistration(const char *name, void (*describe)(Artefact &), Loc at) {
  registered().push_back({name, describe, at});
}
const std::vector<RegisteredArtefact> &detail::registeredArtefacts() { return registered(); }

bool detail::needsFirstValues(const std::string &name, const Walk &tree, Loc at) {
  const LeafRef *with = nullptr, *without = nullptr;
  for (const LeafRef &leaf : tree.leaves)
    if (!leaf.tensor->empty())
      (leaf.tensor->isConcrete() ? with : without) = &leaf;
  if (with && without)
    throw Error(at, "weights: of tree \"" + name + "\" the leaf " + with->path + " has a value and " + without->path +
                        " has none: initialize the whole tree, or leave it as specs");
  return without;
}

void detail::addTree(ArtefactParts &parts, const std::string &name, Walk &tree, Walk &first, Loc at) {
  codegen::ArtefactTree record{name, {}};
  std::vector<std::pair<std::string, Tensor>> values;
  for (std::size_t i = 0; i < tree.leaves.size(); ++i) {
    LeafRef &leaf = tree.leaves[i];
    if (leaf.tensor->empty())
      continue;
    std::string path = leaf.path.empty() ? "value" : leaf.path;
    settle(*leaf.tensor, at);
    settle(*first.leaves[i].tensor, at);
    if (leaf.tensor->value()->kind == Value::traced)
      throw Error(at, "weights: " + path + " is a traced value");
    auto own = std::make_shared<Value>(*leaf.tensor->value()); // copies of a field share one
    parts.known[own.get()] = {int(parts.layout.trees.size()), int(record.leaves.size())};
    codegen::ArtefactLeaf slot{path, own->dtype.code(), {}};
    for (const Dim &d : own->shape) {
      if (!d.isStatic())
        throw Error(at, "weights: " + path + " is " + leaf.tensor->str() +
                            ": a tree is one block of memory, so its leaves have fixed shapes");
      slot.shape.push_back(d.value());
    }
    *leaf.tensor = Tensor(std::shared_ptr<const Value>(std::move(own)));
    parts.alive.push_back(*leaf.tensor);
    record.leaves.push_back(std::move(slot));
    values.emplace_back(path, *first.leaves[i].tensor);
  }
  parts.layout.trees.push_back(std::move(record));
  parts.values.push_back(std::move(values));
}

struct EntryUnderWay::Impl {
  ArtefactParts &parts;
  codegen::ArtefactEntry entry;
  Tracing tracing;
  std::vector<std::vector<codegen::ArtefactSlot>> slots; // of each argument's leaves
};

EntryUnderWay::EntryUnderWay(ArtefactParts &parts, std::string name, std::span<ArgumentRef> arguments)
    : impl_(new Impl{parts, {name, {}, {}, {}}, Tracing(parts.layout.name + "_" + name, /*copiesAliases=*/true), {}}) {
  for (ArgumentRef &argument : arguments) {
    impl_->slots.emplace_back();
    for (LeafRef &leaf : argument.walk.leaves) {
      codegen::ArtefactSlot slot;
      if (auto known = parts.known.find(leaf.tensor->value().get()); known != parts.known.end())
        slot.tree = known->second.first, slot.leaf = known->second.second;
      else if (!leaf.tensor->empty())
        slot.about = leaf.tensor->str();
      impl_->slots.back().push_back(slot);
    }
  }
  impl_->tracing.begin(arguments);
}
EntryUnderWay::~EntryUnderWay() = default;

void EntryUnderWay::finish(std::span<ArgumentRef> arguments, Walk &results) {
  impl_->tracing.end(arguments, results);
  TracedEntry traced = impl_->tracing.entry();
  codegen::ArtefactEntry &entry = impl_->entry;
  entry.signature = traced.signature;
  for (std::size_t a = 0; a < traced.arguments.size(); ++a)
    for (std::size_t i = 0; i < traced.arguments[a].leaves.size(); ++i)
      if (traced.arguments[a].leaves[i].input >= 0)
        entry.inputs.push_back(impl_->slots[a][i]);
  for (const LeafRef &leaf : results.leaves)
    if (!leaf.tensor->empty()) {
      codegen::ArtefactSlot slot;
      slot.about = leaf.tensor->str();
      entry.outputs.push_back(slot);
    }
  for (const StateOutput &state : traced.stateOutputs) {
    codegen::ArtefactSlot slot = impl_->slots[std::size_t(state.argument)][std::size_t(state.leaf)];
    slot.state = traced.arguments[std::size_t(state.argument)].leaves[std::size_t(state.leaf)].input;
    entry.outputs.push_back(slot);
  }
  impl_->parts.layout.entries.push_back(std::move(entry));
  impl_->parts.functions.push_back(std::move(traced.text));
}

mlir::OwningOpRef<mlir::ModuleOp> detail::joined(const ArtefactParts &parts, mlir::MLIRContext &context) {
  context.loadDialect<ir::WeftDialect, mlir::func::FuncDialect>();
  mlir::OwningOpRef<mlir::ModuleOp> all = mlir::ModuleOp::create(mlir::UnknownLoc::get(&context));
  for (const std::string &text : parts.functions) {
    auto module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
    if (!module)
      throw Error(Loc(), "internal error of the compiler: a traced function does not parse");
    for (mlir::Operation &op : llvm::make_early_inc_range(*module->getBody())) {
      op.remove();
      all->push_back(&op);
    }
  }
  return all;
}
