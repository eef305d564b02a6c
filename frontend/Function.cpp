// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Compiled functions: arrays of the host in and out through the runtime's C ABI.
//
// A state leaf that holds its array alone gives it to the program as input and output: the new value is written where
// the old one was, when no error can be raised any more, and nothing is allocated. An array that somebody else holds as
// well, as that of a copied model, is left to him: the leaf gets a new one, and so it does where the program cannot
// write in place. A call that fails leaves state as it was.
#include "Executable.h"
#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstring>
#include <map>
#include <thread>

using namespace weft;
using namespace weft::detail;

static std::string baseName(const std::string &file) { return file.substr(file.rfind('/') + 1); }

void detail::raise(const codegen::CompileError &error) {
  std::vector<std::string> notes;
  for (const auto &note : error.notes)
    notes.push_back((note.line ? baseName(note.file) + ":" + std::to_string(note.line) + ": " : "") + note.message);
  throw Error(error.file, error.line, (error.internal ? "internal error of the compiler: " : "") + error.message,
              notes);
}

void Executable::compile(mlir::ModuleOp module, const std::string &name) {
  codegen::CompileOptions compile;
  compile.opt = options.optimize;
  compile.memory = options.memory;
  compile.checkFinite = options.check_finite;
  compile.remark = [&](const std::string &text) { remarks += text + "\n"; };
  codegen::CompileError error;
  code = codegen::compile(module, name, compile, error);
  if (!code)
    raise(error);
  ir = code->ir();
  plan = code->plan();
  if (options.threads > 0) {
    weft_error failure{};
    pool = weft_pool_create(options.threads, &failure);
    if (!pool)
      throw Error(Loc(), failure.message);
  }
}

std::shared_ptr<const Executable> Tracing::compile(const Options &options) {
  auto made = std::make_shared<Executable>();
  made->options = options;
  made->arguments = impl_->arguments;
  for (const InputArgument &argument : made->arguments)
    for (const InputLeaf &leaf : argument.leaves)
      made->numInputs += leaf.input >= 0;
  made->numResults = impl_->numResults;
  made->stateOutputs = impl_->stateOutputs;
  made->stateAliases = impl_->stateAliases;
  made->keepState = options.keep_state;
  for (const std::string &warning : impl_->warnings)
    made->remarks += warning + "\n";
  made->name = impl_->name;
  llvm::raw_string_ostream os(made->traced);
  mlir::OpPrintingFlags flags;
  impl_->module->print(os, flags.enableDebugInfo(true, /*prettyForm=*/false));
  made->compile(*impl_->module, impl_->name);
  return made;
}

const std::string &detail::textOf(const Executable &executable, std::string_view which) {
  return which == "ir" ? executable.ir : which == "plan" ? executable.plan : executable.remarks;
}

std::string detail::fingerprint(std::span<ArgumentRef> arguments) {
  std::string bytes;
  auto add = [&](auto number) { bytes.append(reinterpret_cast<const char *>(&number), sizeof number); };
  bytes += char(default_dtype().code());
  for (const ArgumentRef &argument : arguments) {
    add(argument.walk.fixed.size());
    bytes += argument.walk.fixed;
    add(argument.walk.leaves.size());
    for (const LeafRef &leaf : argument.walk.leaves) {
      if (leaf.tensor->empty()) {
        bytes += char(-1);
        continue;
      }
      const Value &v = *leaf.tensor->value();
      bytes += char(v.dtype.code());
      add(v.shape.size());
      for (const Dim &d : v.shape) {
        bytes += char(d.isStatic());
        if (d.isStatic()) {
          add(d.value());
        } else {
          std::string text = d.strWithBounds();
          add(text.size());
          bytes += text;
        }
      }
    }
  }
  return bytes;
}

void detail::checkOptions(const Options &options) {
  Loc at = options.at;
  if (std::string_view(at.file()).ends_with("weft/detail/Trace.h"))
    at = Loc(); // of `Options options;` the compiler knows the struct's line alone
  if (options.threads < 0 || options.threads > WEFT_MOST_THREADS)
    throw Error(at, "Options: threads is " + std::to_string(options.threads) +
                        ", expected 0 (as many as there are) to " + std::to_string(WEFT_MOST_THREADS));
  if (options.optimize < 0 || options.optimize > 3)
    throw Error(at, "Options: optimize is " + std::to_string(options.optimize) + ", expected 0, 1, 2 or 3");
  if (options.memory < 0)
    throw Error(at, "Options: memory is " + std::to_string(options.memory) +
                        ", expected a number of bytes, or 0 for no limit");
}

struct UnderWay::Impl {
  std::mutex mutex;
  std::condition_variable changed;
  std::multimap<std::string, std::thread::id> makers;
};
UnderWay::UnderWay() : impl_(std::make_unique<Impl>()) {}
UnderWay::~UnderWay() = default;
void UnderWay::lock() { impl_->mutex.lock(); }
void UnderWay::unlock() { impl_->mutex.unlock(); }

bool UnderWay::waitFor(const std::string &key) {
  if (tracing() || !impl_->makers.contains(key))
    return false;
  std::unique_lock lock(impl_->mutex, std::adopt_lock);
  impl_->changed.wait(lock, [&] { return !impl_->makers.contains(key); });
  lock.release();
  return true;
}

UnderWay::Making::Making(UnderWay &all, std::string key, Loc at) : all_(all), key_(std::move(key)) {
  auto &makers = all.impl_->makers;
  for (const auto &[program, maker] : makers)
    if (maker == std::this_thread::get_id())
      throw Error(at, "call: this function is being traced, and calls itself: that would never end",
                  {"a loop of the program is loop() or scan(); C++ recursion is written in a plain function"});
  makers.emplace(key_, std::this_thread::get_id());
  all.unlock();
}

void UnderWay::Making::finish() {
  if (std::exchange(done_, true))
    return;
  all_.lock();
  auto [first, last] = all_.impl_->makers.equal_range(key_);
  all_.impl_->makers.erase(
      std::find_if(first, last, [](const auto &maker) { return maker.second == std::this_thread::get_id(); }));
  all_.impl_->changed.notify_all();
}

static bool accepts(const InputLeaf &expected, const Value &given) {
  if (given.dtype != expected.dtype || given.sizes.size() != expected.shape.size())
    return false;
  for (std::size_t i = 0; i < given.sizes.size(); ++i)
    if (expected.shape[i].isStatic() && expected.shape[i].value() != given.sizes[i])
      return false;
  return true;
}

[[noreturn]] static void reject(const InputLeaf &expected, const Tensor &given, Loc at) {
  const Value &v = *given.value();
  std::vector<std::string> notes;
  if (v.dtype == expected.dtype && v.sizes.size() == expected.shape.size()) {
    std::string spec;
    for (std::size_t i = 0; i < v.sizes.size(); ++i) {
      const Dim &d = expected.shape[i];
      bool differs = d.isStatic() && d.value() != v.sizes[i];
      spec += i ? ", " : "";
      if (differs)
        spec.append("dim(\"")
            .append(i ? std::string("N").append(std::to_string(i)) : "B")
            .append("\", 1, ")
            .append(std::to_string(std::max(d.value(), v.sizes[i])))
            .append(")");
      else
        spec += d.str();
    }
    notes.push_back("a bounded dimension takes every size up to its bound: " + std::string(expected.dtype.name()) +
                    "({" + spec + "}) as the spec; jit(f) without specs compiles for each shape that it meets");
  } else if (v.dtype != expected.dtype) {
    notes.push_back("element types are never converted: write cast(x, " + std::string(expected.dtype.name()) + ")");
  }
  throw Error(at,
              "call: " + expected.path + " is " + given.str() + ", but the function was compiled for " +
                  expected.dtype.name() + " " + str(expected.shape),
              notes);
}

[[noreturn]] static void rejectFixed(const InputArgument &expected, std::size_t argument, Loc at) {
  constexpr std::size_t most = 8;
  std::vector<std::string> notes{
      "these are fixed at compile time: use jit(f) without specs, or make a number that changes a Tensor"};
  std::string had;
  for (std::size_t i = 0; i < expected.fixedTexts.size() && i < most; ++i) {
    const auto &[path, text] = expected.fixedTexts[i];
    had += (i ? ", " : "") + (path.empty() ? "argument " + std::to_string(argument) : path) + " = " + text;
  }
  if (!had.empty())
    notes.push_back("it was compiled for " + had + (expected.fixedTexts.size() > most ? ", ..." : ""));
  throw Error(at,
              "call: argument " + std::to_string(argument) +
                  " holds other numbers, strings, names or container sizes than the function was compiled for",
              notes);
}

void detail::checkFixed(const InputArgument &expected, const Walk &given, std::size_t argument, Loc at) {
  if (given.fixed != expected.fixed || given.leaves.size() != expected.leaves.size())
    rejectFixed(expected, argument, at);
}

const Value *detail::valueFor(const InputLeaf &want, const Tensor &leaf, Loc at) {
  if (want.input == InputLeaf::unread)
    return nullptr;
  if (want.input < 0) {
    if (!leaf.empty())
      throw Error(at, "call: " + want.path + " was empty when the function was compiled and is " + leaf.str() + " now");
    return nullptr;
  }
  if (leaf.empty())
    throw Error(at, "call: " + want.path + " is empty, expected " + want.dtype.name() + " " + str(want.shape));
  const Value &v = *leaf.value();
  settle(leaf, at);
  if (v.kind == Value::spec)
    throw Error(at, "call: " + want.path + " is a spec, " + leaf.str() +
                        ", without data: call initialize(model, Key(seed)), or give it an array");
  if (v.kind == Value::traced)
    throw Error(at, "call: " + want.path + " is a traced value: a compiled function is called outside of traces");
  if (!accepts(want, v))
    reject(want, leaf, at);
  return &v;
}

namespace {
/// An instance for the time of a call.
struct Borrowed {
  const Executable &executable;
  weft_instance *instance = nullptr;
  Borrowed(const Executable &e, Loc at) : executable(e) {
    {
      std::lock_guard lock(e.mutex);
      if (!e.idle.empty()) {
        instance = e.idle.back();
        e.idle.pop_back();
        return;
      }
    }
    weft_error error{};
    instance = weft_instance_create(e.code->program(), e.pool, &error);
    if (!instance)
      throw Error(at, error.message);
  }
  ~Borrowed() {
    std::lock_guard lock(executable.mutex);
    executable.idle.push_back(instance);
  }
};
} // namespace

static bool isHeldOnce(const Tensor &leaf) {
  const Value &v = *leaf.value();
  if (!v.memory || leaf.value().use_count() != 1 || v.memory.use_count() != 1)
    return false;
  std::atomic_thread_fence(std::memory_order_acquire); // what others did with it before they let go is done
  return true;
}

namespace {
/// The bytes of an array, and the state output that would like to be written over it.
struct Range {
  const char *begin, *end;
  int state = -1;
};
} // namespace
static Range rangeOf(const Value &v, int state = -1) {
  const char *begin = static_cast<const char *>(v.data);
  return {begin, begin + std::size_t(countOf(v.sizes)) * v.dtype.bytes(), state};
}

/// Which state outputs are written in place: their leaves hold their arrays alone, and no other argument of this call
/// lies in them.
static std::vector<bool> findInPlace(const Executable &e, std::span<ArgumentRef> arguments) {
  std::vector<bool> inPlace(e.stateOutputs.size(), false);
  if (e.keepState)
    return inPlace;
  const weft_program *program = e.code->program();
  std::vector<int> stateOf(std::size_t(e.numInputs), -1);
  std::vector<Range> wanted, others;
  wanted.reserve(e.stateOutputs.size());
  others.reserve(std::size_t(e.numInputs));
  for (std::size_t i = 0; i < e.stateOutputs.size(); ++i)
    if (int input = program->outputs[std::size_t(e.numResults) + i].input; input >= 0)
      stateOf[std::size_t(input)] = int(i);
  for (std::size_t a = 0; a < arguments.size(); ++a)
    for (std::size_t i = 0; i < arguments[a].walk.leaves.size(); ++i)
      if (int input = e.arguments[a].leaves[i].input; input >= 0) {
        const Tensor &leaf = *arguments[a].walk.leaves[i].tensor;
        int state = stateOf[std::size_t(input)];
        if (state >= 0 && isHeldOnce(leaf))
          wanted.push_back(rangeOf(*leaf.value(), state));
        else
          others.push_back(rangeOf(*leaf.value()));
      }
  std::sort(wanted.begin(), wanted.end(), [](const Range &a, const Range &b) { return a.begin < b.begin; });
  for (std::size_t i = 0; i < wanted.size(); ++i) // an object that was passed twice
    inPlace[std::size_t(wanted[i].state)] = (i == 0 || wanted[i - 1].begin != wanted[i].begin) &&
                                            (i + 1 == wanted.size() || wanted[i + 1].begin != wanted[i].begin);
  for (const Range &other : others) {
    auto at = std::upper_bound(wanted.begin(), wanted.end(), other.begin,
                               [](const char *begin, const Range &r) { return begin < r.end; });
    for (; at != wanted.end() && at->begin < other.end; ++at)
      inPlace[std::size_t(at->state)] = false;
  }
  return inPlace;
}

std::vector<Tensor> detail::call(const Executable &e, std::span<ArgumentRef> arguments, Loc at) {
  if (callsInTrace(arguments))
    return callInTrace(e, arguments, at);
  std::vector<weft_array> inputs(std::size_t(e.numInputs));
  std::vector<const void *> inputData(inputs.size());
  for (std::size_t a = 0; a < arguments.size(); ++a) {
    const Walk &walk = arguments[a].walk;
    checkFixed(e.arguments[a], walk, a, at);
    for (std::size_t i = 0; i < walk.leaves.size(); ++i) {
      const InputLeaf &want = e.arguments[a].leaves[i];
      const Value *read = valueFor(want, *walk.leaves[i].tensor, at);
      if (!read)
        continue;
      const Value &v = *read;
      inputs[want.input] = {const_cast<void *>(v.data), v.dtype.code(), std::int32_t(v.sizes.size()), v.sizes.data()};
      inputData[want.input] = v.data;
    }
  }
  for (const Held &held : e.held) {
    const Value &v = *held.tensor.value();
    inputs[std::size_t(held.input)] = {const_cast<void *>(v.data), v.dtype.code(), std::int32_t(v.sizes.size()),
                                       v.sizes.data()};
    inputData[std::size_t(held.input)] = v.data;
  }
  const weft_program *program = e.code->program();
  std::size_t ranks = 0;
  for (int i = 0; i < program->num_outputs; ++i)
    ranks += std::size_t(program->outputs[i].rank);
  std::vector<std::int64_t> symbols(std::size_t(program->num_symbols)), dims(ranks);
  weft_error error{};
  if (weft_program_bind(program, inputs.data(), e.numInputs, symbols.data(), dims.data(), &error))
    throw Error(at, std::string("call: ") + error.message);
  const std::size_t results = std::size_t(e.numResults);
  std::vector<bool> inPlace = findInPlace(e, arguments);
  auto leafOf = [&](int argument, int leaf) -> Tensor & {
    return *arguments[std::size_t(argument)].walk.leaves[std::size_t(leaf)].tensor;
  };
  std::vector<Tensor> outputs(std::size_t(program->num_outputs)); // empty where an array of the caller's is written
  std::vector<void *> outputData(outputs.size());
  for (std::size_t i = 0, d = 0; i < outputData.size(); ++i) {
    std::size_t rank = std::size_t(program->outputs[i].rank);
    if (i >= results && inPlace[i - results])
      outputData[i] = const_cast<void *>(inputData[std::size_t(program->outputs[i].input)]);
    else
      outputs[i] =
          makeArray(DType(program->outputs[i].dtype), {dims.begin() + d, dims.begin() + d + rank}, &outputData[i]);
    d += rank;
  }
  std::vector<Tensor> aliases;
  for (const StateAlias &alias : e.stateAliases) {
    const Tensor &from = leafOf(alias.fromArgument, alias.fromLeaf);
    const Value &v = *from.value();
    // Memory that is lent for the call alone is copied.
    aliases.push_back(v.memory ? from : Tensor::copyBytes(v.data, std::size_t(countOf(v.sizes)), v.dtype, v.shape, at));
  }
  {
    Borrowed borrowed(e, at);
    if (weft_instance_run(borrowed.instance, inputData.data(), outputData.data(), symbols.data(), &error)) {
      std::vector<std::string> notes;
      if (weft_instance_lost_state(borrowed.instance))
        for (std::size_t i = 0; i < e.stateOutputs.size(); ++i)
          if (const StateOutput &state = e.stateOutputs[i]; inPlace[i]) {
            leafOf(state.argument, state.leaf) = Tensor();
            notes.push_back(e.arguments[std::size_t(state.argument)].leaves[std::size_t(state.leaf)].path +
                            " was being written and is empty now; Options{.keep_state = true} keeps it");
          }
      throw Error(at, error.message, notes);
    }
  }
  for (std::size_t i = 0; i < e.stateOutputs.size(); ++i)
    if (!inPlace[i])
      leafOf(e.stateOutputs[i].argument, e.stateOutputs[i].leaf) = outputs[results + i];
  for (std::size_t i = 0; i < aliases.size(); ++i)
    leafOf(e.stateAliases[i].argument, e.stateAliases[i].leaf) = aliases[i];
  outputs.resize(results);
  return outputs;
}
