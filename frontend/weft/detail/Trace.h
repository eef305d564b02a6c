// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The one door from the headers to the tracer: plain functions, no template and no type of the compiler.
#pragma once
#include "weft/Tensor.h"
#include "weft/detail/Walk.h"
#include <memory>
#include <string_view>
#include <variant>

namespace weft {

/// How a function is compiled; `jit(Options{.threads = 1}, f, specs...)`.
struct Options {
  /// 0: as many as the process may use. Results do not depend on it.
  int threads = 0;
  /// 0: no fusion, scalar code; 1: fusion; 2: vector code; 3: all of LLVM's optimisations.
  int optimize = 3;
  /// Bytes that the arena of a call may have; 0: any. Gradients of scans keep fewer carries and compute the steps
  /// between them again until it fits; if nothing fits, the error says what is the least.
  std::int64_t memory = 0;
  /// A NaN or an infinity in any result is an error that names the op's line.
  bool check_finite = false;
  /// State is written to arrays of its own and assigned when a call has succeeded: whatever ends a call, state is as it
  /// was before. Without it a call writes state in place once no error can be raised any more, and a call that is cut
  /// short later leaves that state empty.
  bool keep_state = false;
  /// Where these options are written, for errors about them.
  Loc at = Loc::here();
};

namespace detail {

/// An array of literals: the values of a constant.
struct Literal {
  DType dtype;
  std::vector<std::int64_t> shape;
  const void *data;
};
struct Attribute {
  std::string_view name;
  std::variant<std::int64_t, double, bool, std::string, std::vector<std::int64_t>, std::vector<Dim>, Dim, DType,
               Literal, std::monostate>
      value; // monostate: a flag, which is set
};
/// The type of a result that does not follow from the operands.
struct ResultType {
  DType dtype;
  Shape shape;
};

bool tracing();
/// Builds the op "weft.<name>". Errors of its rules are thrown with the line `at` and a note for each operand.
std::vector<Tensor> emitAll(std::string_view op, std::span<const Tensor> operands,
                            std::span<const Attribute> attributes, std::span<const ResultType> results, Loc at);
Tensor emit(std::string_view op, std::initializer_list<Tensor> operands, std::initializer_list<Attribute> attributes,
            Loc at);
Tensor emit(std::string_view op, std::initializer_list<Tensor> operands, std::initializer_list<Attribute> attributes,
            ResultType result, Loc at);
/// These values were assigned to parameters: the user hears of it if none of them leaves the trace.
void expectUse(std::span<const Tensor> values, const char *what, Loc at);
[[noreturn]] void fail(Loc at, std::string message,
                       std::initializer_list<std::pair<const char *, Tensor>> operands = {});

// ---- derivatives of values
/// `zeros`: of what has no path, where it would be an error.
void grad(const Tensor &y, Walk &xs, bool zeros, Loc at);
void vjp(const Walk &ys, Walk &xs, const Walk &cotangents, bool zeros, Loc at);
void jvp(Walk &ys, const Walk &xs, const Walk &tangents, bool zeros, Loc at);
/// Builds a function with a reverse derivative of its own: forward region, backward region, op.
class CustomVjp {
public:
  /// The leaves of xs become the arguments of the forward region.
  CustomVjp(Walk &xs, Loc at);
  ~CustomVjp();
  /// Closes the forward region with ys; the leaves of xs and dys become the arguments of the backward region.
  void backward(const Walk &ys, Walk &xs, Walk &dys);
  /// Closes the backward region with the gradients of the floating leaves of xs; the leaves of ys become results.
  void finish(const Walk &gradients, Walk &ys);
  struct Impl;

private:
  std::unique_ptr<Impl> impl_;
};

/// Ops traced while it lives are made again by the gradients that need them.
class Checkpoint {
public:
  explicit Checkpoint(Loc at);
  ~Checkpoint();
  Checkpoint(const Checkpoint &) = delete;
  Checkpoint &operator=(const Checkpoint &) = delete;
};

// ---- a function's trace
struct Executable;
struct TracedEntry;
struct ArgumentRef {
  Walk walk;
  bool state; // T&
};
/// What a step keeps from call to call, at first `start` everywhere.
struct KeptLeaf {
  Tensor spec;
  double start;
  int along; // the axis of all places that have come, -1 if it is something else that is kept
};
/// Lives while a function is traced, on its thread; at most one is innermost.
class Tracing {
public:
  /// copiesAliases: a state leaf that becomes another leaf as it was is an output of its own, for callers whose leaves
  /// have fixed places.
  explicit Tracing(std::string name, bool copiesAliases = false);
  ~Tracing();
  Tracing(const Tracing &) = delete;
  Tracing &operator=(const Tracing &) = delete;
  /// Every leaf of the arguments becomes a traced value.
  void begin(std::span<ArgumentRef> arguments);
  /// Results and changed state leaves become outputs, and specs in `results`. The function is put in canonical order.
  void end(std::span<ArgumentRef> arguments, Walk &results);
  /// After the end: the function, which is causal along `time`, becomes a step on at most `most` elements
  /// (StreamOptions). What it keeps are the leaves of one more argument at this place. Throws Error where it needs what
  /// comes later.
  std::vector<KeptLeaf> stream(const Dim &time, std::int64_t most, std::int64_t window, std::size_t place, Loc at);
  std::string ir() const;
  std::shared_ptr<const Executable> compile(const Options &options);
  TracedEntry entry() const;
  struct Impl;

private:
  std::unique_ptr<Impl> impl_;
};

// ---- calls
/// Checks the leaves against what was traced, runs, gives state leaves their new arrays and returns the arrays of the
/// results.
std::vector<Tensor> call(const Executable &executable, std::span<ArgumentRef> arguments, Loc at);
/// The function without its first argument, which keeps these values; see Fn::bind.
std::shared_ptr<const Executable> bind(const Executable &executable, ArgumentRef model, Loc at);
const std::string &textOf(const Executable &executable, std::string_view which); // "ir", "plan", "remarks"
/// The shapes, types and compile-time values of the arguments as bytes: equal for two calls only if one program serves
/// both.
std::string fingerprint(std::span<ArgumentRef> arguments);
/// An error at the options' line if one of them means nothing.
void checkOptions(const Options &options);

/// The programs of a function that are being made, and by which threads; also the lock of those that are made.
class UnderWay {
public:
  UnderWay();
  ~UnderWay();
  void lock();
  void unlock();
  /// Waits, with the lock open, until nobody makes the program any more; false if nobody does. A thread that traces
  /// does not wait, for others may wait for it.
  bool waitFor(const std::string &key);
  /// While it lives, and until it is finished, this thread makes a program, with the lock open. An error if the thread
  /// makes one of this function already.
  class Making {
  public:
    Making(UnderWay &all, std::string key, Loc at);
    ~Making() { finish(); }
    void finish();

  private:
    UnderWay &all_;
    std::string key_;
    bool done_ = false;
  };

private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

} // namespace detail
} // namespace weft
