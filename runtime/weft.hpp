// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The C API of weft.h in C++: owners, and exceptions in the place of statuses. Header only.
#ifndef WEFT_HPP
#define WEFT_HPP
#include "weft.h"
#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace weft::host {

/// A status that is not WEFT_OK, with its text.
class Failure : public std::runtime_error {
public:
  Failure(weft_status status, const std::string &text) : std::runtime_error(text), status_(status) {}
  explicit Failure(const weft_error &error) : Failure(weft_status(error.status), error.message) {}
  weft_status status() const { return status_; }

private:
  weft_status status_;
};

/// A tree of an artefact in memory of its own.
class Block {
public:
  explicit Block(const weft_tree &tree) : tree_(&tree), block_(make(tree)) {}
  Block(const Block &other) : Block(*other.tree_) { copy(other); }
  Block &operator=(const Block &other) {
    if (this != &other)
      copy(other);
    return *this;
  }
  void save(const std::string &path) const {
    weft_error error;
    if (weft_tree_save(tree_, block_.get(), path.c_str(), &error))
      throw Failure(error);
  }
  void load(const std::string &path) {
    weft_error error;
    if (weft_tree_load(tree_, block_.get(), path.c_str(), &error))
      throw Failure(error);
  }
  void *block() const { return block_.get(); }

protected:
  template <class T> T *at(std::size_t offset) const {
    return reinterpret_cast<T *>(static_cast<char *>(block_.get()) + offset);
  }

private:
  struct Free {
    void operator()(void *block) const { weft_tree_destroy(block); }
  };
  static void *make(const weft_tree &tree) {
    weft_error error;
    void *block = weft_tree_create(&tree, &error);
    if (!block)
      throw Failure(error);
    return block;
  }
  void copy(const Block &other) {
    const char *from = static_cast<const char *>(other.block_.get());
    std::copy(from, from + tree_->bytes, static_cast<char *>(block_.get()));
  }
  const weft_tree *tree_;
  std::unique_ptr<void, Free> block_;
};

/// An instance of an artefact.
class Model {
public:
  Model(const weft_artefact &artefact, std::uint64_t interface, weft_pool *pool, std::uint32_t flags)
      : artefact_(&artefact) {
    weft_error error;
    model_.reset(weft_model_create(&artefact, interface, pool, flags, &error));
    if (!model_)
      throw Failure(error);
  }
  weft_model *handle() const { return model_.get(); }
  void cancel() { weft_model_cancel(model_.get()); }

protected:
  static void done(weft_status status, const weft_error &error) {
    if (status)
      throw Failure(error);
  }
  /// The elements of a parameter (inputs, then outputs) for these dimensions.
  void check(int entry, const std::int64_t *dims, int parameter, std::size_t size) const {
    const weft_program &program = *artefact_->entries[entry].program;
    for (int i = 0; i < program.num_symbols; ++i)
      if (const weft_symbol &s = program.symbols[i]; dims[i] < s.lower || dims[i] > s.upper)
        throw Failure(WEFT_INVALID_ARGUMENT, std::string(program.name) + ": dimension " + s.name + " = " +
                                                 std::to_string(dims[i]) + " is outside its bounds " +
                                                 std::to_string(s.lower) + ".." + std::to_string(s.upper));
    auto parameterAt = [&](int i) -> const weft_parameter & {
      return i < program.num_inputs ? program.inputs[i] : program.outputs[i - program.num_inputs];
    };
    int all = 0, first = 0;
    for (int i = 0; i < program.num_inputs + program.num_outputs; ++i) {
      first += i < parameter ? parameterAt(i).rank : 0;
      all += parameterAt(i).rank;
    }
    std::vector<std::int64_t> shapes(std::size_t(all) + 1);
    program.shapes(dims, shapes.data());
    std::size_t count = 1;
    for (int axis = 0; axis < parameterAt(parameter).rank; ++axis)
      count *= std::size_t(shapes[std::size_t(first + axis)]);
    if (size != count)
      throw Failure(WEFT_INVALID_ARGUMENT, std::string(program.name) + ": " + parameterAt(parameter).name + " has " +
                                               std::to_string(size) + " elements, expected " + std::to_string(count));
  }

private:
  struct Free {
    void operator()(weft_model *model) const { weft_model_destroy(model); }
  };
  const weft_artefact *artefact_;
  std::unique_ptr<weft_model, Free> model_;
};

} // namespace weft::host
#endif
