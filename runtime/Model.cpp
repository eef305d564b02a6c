// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// An instance of an artefact: the inputs and outputs of a program are found in trees and in what the caller gives.
//
// An output that is a leaf's new value is written over the old one where the program allows it, which it does when no
// error can be raised any more. Where it does not, or where the leaf is read as another input too, or if the host wants
// to keep its state whatever happens, the output has memory of the instance's own and is copied after success.
#include "Array.h"
#include "Instance.h"
#include "Tree.h"
#include <stdlib.h>
#include <string.h>

using namespace weft::rt;

struct weft_model {
  const weft_artefact *artefact;
  weft_instance instance; // of the entry that runs; its arena serves all
  char *spare;            // outputs that are copied after success
  const void **inputs;    // of the entry that runs
  void **outputs;
  int64_t *numbers; // dims of a checked call, then dimensions of outputs
  weft_array *arrays;
  uint32_t flags;
  uint32_t claimed; // atomic: a call is being prepared or runs
};

namespace {
constexpr int64_t line = 64;
int64_t rounded(int64_t bytes) { return (bytes + line - 1) / line * line; }

const weft_leaf &leafOf(const weft_artefact &artefact, const weft_slot &slot) {
  return artefact.trees[slot.tree].leaves[slot.leaf];
}
int64_t bytesOf(const weft_artefact &artefact, const weft_slot &slot) {
  const weft_tree &tree = artefact.trees[slot.tree];
  const weft_leaf &leaf = tree.leaves[slot.leaf];
  return weft_array_bytes(leaf.dtype, tree.dims + leaf.first_dim, leaf.rank);
}
// Whether output `i` of an entry is a leaf that is written beside it first.
bool isApart(const weft_entry &entry, int32_t i, uint32_t flags) {
  const weft_slot &slot = entry.slots[entry.program->num_inputs + i];
  return slot.tree >= 0 && (slot.apart || entry.program->outputs[i].input < 0 || (flags & WEFT_KEEP_STATE));
}

weft_status checkArtefact(const weft_artefact *artefact, const char *caller, weft_error *error) {
  if (!artefact)
    return Message(error, WEFT_INVALID_ARGUMENT) << caller << ": no artefact (a null pointer)";
  if (artefact->abi_version != WEFT_ABI_VERSION)
    return Message(error, WEFT_INVALID_ARGUMENT)
           << caller << ": the artefact has ABI version " << int64_t(artefact->abi_version) << ", this runtime has "
           << int64_t(WEFT_ABI_VERSION);
  for (int32_t i = 0; i < artefact->num_entries; ++i)
    if (weft_status status = checkProgram(artefact->entries[i].program, caller, error))
      return status;
  return WEFT_OK;
}

/// The claim of a call on its instance.
class Claim {
public:
  explicit Claim(weft_model *model)
      : model(model), mine(model && !__atomic_exchange_n(&model->claimed, 1u, __ATOMIC_ACQUIRE)) {}
  ~Claim() {
    if (mine)
      __atomic_store_n(&model->claimed, 0u, __ATOMIC_RELEASE);
  }
  weft_model *model;
  bool mine;
};

weft_status checkCall(const Claim &claim, int32_t entry, void *const *trees, const char *caller, weft_error *error) {
  if (!claim.model)
    return Message(error, WEFT_INVALID_ARGUMENT) << caller << ": no instance (a null pointer)";
  const weft_artefact &artefact = *claim.model->artefact;
  if (!claim.mine)
    return Message(error, WEFT_INVALID_ARGUMENT)
           << artefact.name << ": the instance is in another call; make one instance for each thread";
  if (entry < 0 || entry >= artefact.num_entries)
    return Message(error, WEFT_INVALID_ARGUMENT)
           << artefact.name << ": there is no entry " << entry << "; it has " << artefact.num_entries;
  const weft_entry &e = artefact.entries[entry];
  const int32_t slots = e.program->num_inputs + e.program->num_outputs;
  int32_t last = -1; // leaves of one tree follow each other
  for (int32_t i = 0; i < slots; ++i) {
    const int32_t tree = e.slots[i].tree;
    if (tree < 0 || tree == last)
      continue;
    last = tree;
    if (weft_status status = checkBlock(artefact.trees[tree], trees ? trees[tree] : nullptr, error))
      return status;
  }
  return WEFT_OK;
}

weft_status run(weft_model &model, const weft_entry &entry, void *const *trees, const int64_t *dims,
                const void *const *inputs, void *const *outputs, weft_error *error) {
  const weft_artefact &artefact = *model.artefact;
  const weft_program &program = *entry.program;
  const auto missing = [&](const char *kind, int32_t i, const weft_parameter &parameter) -> weft_status {
    return Message(error, WEFT_INVALID_ARGUMENT)
           << program.name << ": " << kind << " " << i << " (" << parameter.name << ") is a null pointer";
  };
  int32_t given = 0;
  for (int32_t i = 0; i < program.num_inputs; ++i) {
    const weft_slot &slot = entry.slots[i];
    model.inputs[i] = slot.tree >= 0 ? static_cast<const char *>(trees[slot.tree]) + leafOf(artefact, slot).offset
                      : inputs       ? inputs[given++]
                                     : nullptr;
    if (!model.inputs[i])
      return missing("input", i, program.inputs[i]);
  }
  given = 0;
  int64_t spare = 0;
  for (int32_t i = 0; i < program.num_outputs; ++i) {
    const weft_slot &slot = entry.slots[program.num_inputs + i];
    if (isApart(entry, i, model.flags)) {
      model.outputs[i] = model.spare + spare;
      spare += rounded(bytesOf(artefact, slot));
    } else {
      model.outputs[i] = slot.tree >= 0 ? static_cast<char *>(trees[slot.tree]) + leafOf(artefact, slot).offset
                         : outputs      ? outputs[given++]
                                        : nullptr;
    }
    if (!model.outputs[i])
      return missing("output", i, program.outputs[i]);
  }
  model.instance.program = &program;
  if (weft_status status = weft_instance_run(&model.instance, model.inputs, model.outputs, dims, error))
    return status;
  for (int32_t i = 0; i < program.num_outputs; ++i)
    if (const weft_slot &slot = entry.slots[program.num_inputs + i]; isApart(entry, i, model.flags))
      memcpy(static_cast<char *>(trees[slot.tree]) + leafOf(artefact, slot).offset, model.outputs[i],
             size_t(bytesOf(artefact, slot)));
  return WEFT_OK;
}

int32_t greater(int32_t a, int32_t b) { return a > b ? a : b; }
int64_t greater(int64_t a, int64_t b) { return a > b ? a : b; }
} // namespace

extern "C" int32_t weft_artefact_entry(const weft_artefact *artefact, const char *name) {
  for (int32_t i = 0; artefact && name && i < artefact->num_entries; ++i)
    if (strcmp(artefact->entries[i].name, name) == 0)
      return i;
  return -1;
}
extern "C" int32_t weft_artefact_tree(const weft_artefact *artefact, const char *name) {
  for (int32_t i = 0; artefact && name && i < artefact->num_trees; ++i)
    if (strcmp(artefact->trees[i].name, name) == 0)
      return i;
  return -1;
}

extern "C" weft_model *weft_model_create(const weft_artefact *artefact, uint64_t interface, weft_pool *pool,
                                         uint32_t flags, weft_error *error) {
  if (checkArtefact(artefact, "weft_model_create", error))
    return nullptr;
  if (interface && interface != artefact->interface) {
    Message(error, WEFT_INVALID_ARGUMENT) << artefact->name
                                          << ": its header is of another version than its object: make both anew, "
                                             "together, and compile what includes the header";
    return nullptr;
  }
  if (flags & ~WEFT_KEEP_STATE) {
    Message(error, WEFT_INVALID_ARGUMENT) << artefact->name << ": there are no flags " << int64_t(flags);
    return nullptr;
  }
  int32_t inputs = 0, outputs = 0;
  int64_t spare = 0, numbers = 0;
  const weft_program *largest = nullptr;
  for (int32_t i = 0; i < artefact->num_entries; ++i) {
    const weft_entry &entry = artefact->entries[i];
    const weft_program &program = *entry.program;
    inputs = greater(inputs, program.num_inputs);
    outputs = greater(outputs, program.num_outputs);
    int64_t apart = 0, ranks = program.num_symbols;
    for (int32_t k = 0; k < program.num_outputs; ++k) {
      ranks += program.outputs[k].rank;
      if (isApart(entry, k, flags))
        apart += rounded(bytesOf(*artefact, entry.slots[program.num_inputs + k]));
    }
    spare = greater(spare, apart);
    numbers = greater(numbers, ranks);
    // One that needs matrix registers is asked for them.
    if (program.needs_tiles && !weft_tiles_granted()) {
      weft_instance_create(&program, pool, error);
      return nullptr;
    }
    if (!largest || program.arena_bytes > largest->arena_bytes)
      largest = &program;
  }
  weft_instance *whole = weft_instance_create(largest, pool, error);
  if (!whole)
    return nullptr;
  auto *model = static_cast<weft_model *>(calloc(1, sizeof(weft_model)));
  if (model) {
    model->artefact = artefact;
    model->flags = flags;
    model->spare = static_cast<char *>(weft_allocate(size_t(spare)));
    model->inputs = static_cast<const void **>(calloc(size_t(inputs) + 1, sizeof(void *)));
    model->outputs = static_cast<void **>(calloc(2 * size_t(outputs) + 1, sizeof(void *)));
    model->numbers = static_cast<int64_t *>(calloc(size_t(numbers) + 1, sizeof(int64_t)));
    model->arrays = static_cast<weft_array *>(calloc(size_t(inputs) + 1, sizeof(weft_array)));
    model->instance = *whole;
    whole->arena = nullptr; // the model's now
  }
  weft_instance_destroy(whole);
  if (!model || !model->spare || !model->inputs || !model->outputs || !model->numbers || !model->arrays) {
    weft_model_destroy(model);
    Message(error, WEFT_OUT_OF_MEMORY) << artefact->name << ": no memory for an instance";
    return nullptr;
  }
  success(error);
  return model;
}

extern "C" void weft_model_destroy(weft_model *model) {
  if (!model)
    return;
  free(model->instance.arena);
  free(model->spare);
  free(model->inputs);
  free(model->outputs);
  free(model->numbers);
  free(model->arrays);
  free(model);
}

extern "C" void weft_model_cancel(weft_model *model) {
  if (model)
    weft_instance_cancel(&model->instance);
}

extern "C" int32_t weft_model_lost_state(const weft_model *model) {
  return model && !(model->flags & WEFT_KEEP_STATE) && weft_instance_lost_state(&model->instance);
}

extern "C" weft_status weft_model_run(weft_model *model, int32_t entry, void *const *trees, const int64_t *dims,
                                      const void *const *inputs, void *const *outputs, weft_error *error) {
  const Claim claim(model);
  if (weft_status status = checkCall(claim, entry, trees, "weft_model_run", error))
    return status;
  const weft_entry &e = model->artefact->entries[entry];
  const weft_program &program = *e.program;
  for (int32_t i = 0; i < program.num_symbols; ++i) {
    const weft_symbol &symbol = program.symbols[i];
    if (!dims || dims[i] < symbol.lower || dims[i] > symbol.upper) {
      Message message(error, WEFT_INVALID_ARGUMENT);
      message << program.name << ": dimension " << symbol.name;
      if (!dims)
        return message << " is not given (a null pointer)";
      return message << " = " << dims[i] << " is outside its bounds " << symbol.lower << ".." << symbol.upper;
    }
  }
  return run(*model, e, trees, dims, inputs, outputs, error);
}

extern "C" weft_status weft_model_call(weft_model *model, int32_t entry, void *const *trees, const weft_array *inputs,
                                       int32_t num_inputs, const weft_array *outputs, int32_t num_outputs,
                                       weft_error *error) {
  const Claim claim(model);
  if (weft_status status = checkCall(claim, entry, trees, "weft_model_call", error))
    return status;
  const weft_artefact &artefact = *model->artefact;
  const weft_entry &e = artefact.entries[entry];
  const weft_program &program = *e.program;
  int32_t wanted = 0, wantedOutputs = 0;
  for (int32_t i = 0; i < program.num_inputs; ++i)
    wanted += e.slots[i].tree < 0;
  for (int32_t i = 0; i < program.num_outputs; ++i)
    wantedOutputs += e.slots[program.num_inputs + i].tree < 0;
  if (num_inputs != wanted || num_outputs != wantedOutputs || (wanted && !inputs) || (wantedOutputs && !outputs))
    return Message(error, WEFT_INVALID_ARGUMENT)
           << program.name << ": expected " << wanted << " inputs and " << wantedOutputs
           << " outputs beside its trees, got " << num_inputs << " and " << num_outputs;
  int32_t given = 0;
  for (int32_t i = 0; i < program.num_inputs; ++i) {
    const weft_slot &slot = e.slots[i];
    if (slot.tree < 0)
      model->arrays[i] = inputs[given++];
    else
      weft_tree_array(artefact.trees + slot.tree, trees[slot.tree], slot.leaf, model->arrays + i, nullptr);
  }
  int64_t *const dims = model->numbers, *at = dims + program.num_symbols;
  if (weft_status status = weft_program_bind(&program, model->arrays, program.num_inputs, dims, at, error))
    return status;
  // The callers' pointers behind those of the call itself.
  given = 0;
  void **const data = model->outputs + program.num_outputs;
  for (int32_t i = 0; i < program.num_outputs; at += program.outputs[i++].rank) {
    if (e.slots[program.num_inputs + i].tree >= 0)
      continue;
    const weft_parameter &is = program.outputs[i];
    const weft_array &array = outputs[given];
    bool fits = array.dtype == is.dtype && array.rank == is.rank && (array.shape || !is.rank);
    for (int32_t axis = 0; fits && axis < is.rank; ++axis)
      fits = array.shape[axis] == at[axis];
    fits = fits && (array.data || !weft_array_bytes(is.dtype, at, is.rank));
    if (!fits) {
      Message message(error, WEFT_INVALID_ARGUMENT);
      message << program.name << ": output " << i << " (" << is.name << ") is ";
      printArray(message, is.dtype, at, is.rank);
      message << ", got room for ";
      printArray(message, array.dtype, array.rank > 0 && !array.shape ? nullptr : array.shape, array.rank);
      return message;
    }
    data[given++] = array.data ? array.data : model->spare;
  }
  const void **const callers = static_cast<const void **>(static_cast<void *>(model->arrays));
  // The arrays are not needed any more: their room holds the callers' pointers, which come no later than where they go.
  given = 0;
  for (int32_t i = 0; i < program.num_inputs; ++i)
    if (e.slots[i].tree < 0) {
      const void *from = inputs[given].data;
      callers[given++] = from ? from : model->spare; // of no elements: nobody reads there
    }
  return run(*model, e, trees, dims, callers, data, error);
}
