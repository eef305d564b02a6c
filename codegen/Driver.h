// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Driver.h - the compiler behind the frontend, the tools and AOT -----------------------------------------------===//
//
// One function from a module to something that runs. Nothing here names an LLVM type; the frontend hands over the
// module that it traced.
//
//===----------------------------------------------------------------------------------------------------------------===//
#pragma once
#include "runtime/weft_runtime.h"
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace mlir {
class ModuleOp;
}

namespace weft::codegen {
struct ArtefactLayout;

struct CompileOptions {
  int opt = 3; // 0: no fusion, scalar code, LLVM -O0; 1: fusion; 2: vector code; 3: LLVM -O3
  /// Bytes that the arena may have; 0: any. Loops keep the carries of fewer steps and compute the others again, until
  /// it fits.
  int64_t memory = 0;
  bool checkFinite = false; // every float result of a dispatch is checked; the first bad one is an error with its line
  bool cache = true;        // the object cache (WEFT_CACHE_DIR, else XDG_CACHE_HOME/weft, else ~/.cache/weft)
  std::string cpu = "native"; // an LLVM CPU name; "native" asks the host
  std::string dumpAfter;      // a stage of Pipelines.cpp ("derive", "simplify", "dispatch", "plan", "emit", "llvm"), or
                              // "all"; to stderr
  std::function<void(const std::string &)> remark; // receives each remark, "file:line: remark: ..."
  std::function<void(const std::string &)> stage;  // receives the name of each stage that has ended
};

/// The stages that CompileOptions::dumpAfter names, in their order.
const std::vector<std::string> &stageNames();

/// What went wrong, in the words for the user: file and line where there is one, then notes.
struct CompileError {
  struct Note {
    std::string file;
    int line = 0;
    std::string message;
  };
  std::string file;
  int line = 0;
  std::string message;
  std::vector<Note> notes;
  bool internal = false; // our mistake: the module was valid
};

/// A compiled function in this process. Keeps its code alive; safe to call from several threads.
class Executable {
public:
  virtual ~Executable() = default;
  virtual const weft_program *program() const = 0;
  /// The derived and simplified graph, before dispatches were formed: of all functions that were compiled together.
  virtual const std::string &ir() const = 0;
  /// Dispatches in order with kernels, places and bytes, then the arena's size beside its lower bound.
  virtual const std::string &plan() const = 0;
  virtual bool fromCache() const = 0;
};

/// The function `name`, which has `weft.stream`, becomes a step with a state (passes/derive/DeriveStream.cpp says what
/// the attributes of both mean), for these functions to compile.
bool deriveStream(mlir::ModuleOp module, const std::string &name, const CompileOptions &options, CompileError &error);

/// Compiles functions of the module (which is consumed: left in the last stage reached) to a program each, in the order
/// of `names`. They share kernels, constants and one object. Nothing and `error` on failure.
std::vector<std::shared_ptr<Executable>> compileTogether(mlir::ModuleOp module, const std::vector<std::string> &names,
                                                         const CompileOptions &options, CompileError &error);
/// One function; null and `error` on failure.
std::shared_ptr<Executable> compile(mlir::ModuleOp module, const std::string &name, const CompileOptions &options,
                                    CompileError &error);

/// Why the processor at hand cannot run code for another (CompileOptions::cpu): the instruction sets that it lacks.
/// Empty if it can, or if LLVM does not know the other.
std::string lackingHere(const std::string &cpu);

/// Where arguments of function `name` have `weft.bound`: what follows from them alone becomes a function
/// `<name>_prepare`, which runs once (passes/plan/PrepareBound.cpp says what the attributes of both mean); there is
/// none if nothing does. Both are compiled like any other.
bool separateBound(mlir::ModuleOp module, const std::string &name, const CompileOptions &options, CompileError &error);

/// As compile, up to the object file's bytes, for ahead-of-time use: exports `weft_program <name>_program` for each.
bool compileToObject(mlir::ModuleOp module, const std::vector<std::string> &names, const CompileOptions &options,
                     std::string &object, CompileError &error);

/// What ahead-of-time compilation makes: an object, its text for an assembler, or LLVM's IR, optimised.
enum class Form { object, assembly, llvm };
struct Ahead {
  std::string code;
  /// Of an object the programs of the entries, loaded here to be looked at: for another processor they must not be run.
  std::vector<std::shared_ptr<Executable>> programs;
};
/// The entries of an artefact and its tables (codegen/ahead/Artefact.h); the module has a function for each entry. The
/// same module, layout and options give the same bytes.
bool compileAhead(mlir::ModuleOp module, const ArtefactLayout &layout, Form form, const CompileOptions &options,
                  Ahead &result, CompileError &error);
} // namespace weft::codegen
