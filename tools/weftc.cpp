// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// weftc: makes an object, its headers and a file of weights of a model file (.cpp with WEFT_ARTEFACT) or of the
// functions of an .mlir file.
#include "codegen/Driver.h"
#include "codegen/ahead/Artefact.h"
#include "dialects/weft/Weft.h"
#include "frontend/ArtefactParts.h"
#include "frontend/Value.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Parser/Parser.h"
#include "tools/Dialects.h"
#include "tools/Guard.h"
#include "tools/ModelLibrary.h"
#include "tools/Output.h"
#include "tools/RunFunction.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/raw_ostream.h"
#include <chrono>

using namespace weft;
using namespace weft::tools;
namespace cl = llvm::cl;
namespace path = llvm::sys::path;

/// The command line; see weft-run.cpp for why it is no set of globals.
struct Arguments {
  cl::OptionCategory ours{"weftc"};
  cl::opt<std::string> input{cl::Positional, cl::desc("<model.cpp or functions.mlir>"), cl::Required, cl::cat(ours)};
  cl::opt<std::string> output{"o", cl::desc("the folder to write to, or the file if one thing is emitted"),
                              cl::init("."), cl::cat(ours)};
  cl::list<std::string> emit{
      "emit",
      cl::desc("what to write: obj, header and weights (the default), asm, llvm, mlir (the graph as "
               "traced), dot (a picture of it for Graphviz)"),
      cl::CommaSeparated, cl::cat(ours)};
  cl::opt<std::string> cpu{"target-cpu", cl::desc("the processor: native, or a name such as x86-64-v3, x86-64-v4"),
                           cl::init("native"), cl::cat(ours)};
  cl::opt<int> opt{"O", cl::Prefix, cl::desc("0: no fusion, scalar code; 1: fusion; 2: vector code; 3: all of LLVM's"),
                   cl::init(3), cl::cat(ours)};
  cl::opt<bool> verbose{"v", cl::desc("a line for each stage, with its seconds"), cl::cat(ours)};
  cl::opt<bool> printPlan{"print-plan", cl::desc("print dispatches, places and the arena of each entry"),
                          cl::cat(ours)};
  cl::opt<bool> remarks{"remarks", cl::desc("print what was fused and what was not, with lines"), cl::cat(ours)};
  cl::opt<bool> checkFinite{"check-finite", cl::desc("the first NaN or infinity is a status with its line"),
                            cl::cat(ours)};
  cl::opt<std::string> name{
      "name", cl::desc("of a model file: the artefact to make; of an .mlir file: its artefact's name"), cl::cat(ours)};
  cl::list<std::string> functions{"function", cl::desc("of an .mlir file: the functions that become entries; else all"),
                                  cl::CommaSeparated, cl::cat(ours)};
  cl::opt<std::string> cxx{"cxx", cl::desc("the C++ compiler for model files; else CXX, else c++"), cl::cat(ours)};
  cl::list<std::string> cxxFlags{"cxx-flag", cl::desc("an option for it"), cl::cat(ours)};
  cl::list<std::string> includes{"I", cl::Prefix, cl::desc("a folder of headers of the model"), cl::cat(ours)};
};

static int fail(const llvm::Twine &message, int code = userError) {
  llvm::errs() << "weftc: " << message << "\n";
  return code;
}

namespace {
/// Seconds of each stage, if somebody wants to know.
class Stages {
public:
  explicit Stages(bool tell) : tell(tell) {}
  void operator()(const std::string &what) {
    auto now = std::chrono::steady_clock::now();
    if (tell)
      llvm::errs() << "weftc: " << llvm::format("%7.3f s  ", std::chrono::duration<double>(now - last).count()) << what
                   << "\n";
    last = now;
  }

private:
  bool tell;
  std::chrono::steady_clock::time_point last = std::chrono::steady_clock::now();
};

/// Files that are written when all of them are there.
struct Made {
  std::vector<std::pair<std::string, std::string>> files; // paths and bytes
  std::vector<std::pair<std::string, std::vector<std::pair<std::string, Tensor>>>> weights;
};

class Maker {
public:
  Maker(const Arguments &given, Stages &stages, Made &made) : given(given), stages(stages), made(made) {}
  /// Everything of one artefact; an exit code.
  int make(mlir::ModuleOp module, codegen::ArtefactLayout &layout,
           llvm::ArrayRef<std::vector<std::pair<std::string, Tensor>>> values);

private:
  bool wants(const char *what) const { return llvm::is_contained(given.emit, what); }
  std::string place(const std::string &file) const;
  int code(mlir::ModuleOp module, const codegen::ArtefactLayout &layout);

  const Arguments &given;
  Stages &stages;
  Made &made;
};
} // namespace

/// The folder and the file's own name, or the name that was asked for.
std::string Maker::place(const std::string &file) const {
  if (given.output == "-" ||
      (given.emit.size() == 1 && given.output != "." && !llvm::sys::fs::is_directory(given.output) &&
       !llvm::StringRef(given.output).ends_with("/")))
    return given.output;
  llvm::SmallString<128> whole(given.output.getValue());
  path::append(whole, file);
  return std::string(llvm::StringRef(whole).starts_with("./") ? whole.substr(2) : whole.str());
}

int Maker::code(mlir::ModuleOp module, const codegen::ArtefactLayout &layout) {
  codegen::CompileOptions options;
  options.opt = given.opt;
  options.cpu = given.cpu;
  options.checkFinite = given.checkFinite;
  options.stage = [&](const std::string &stage) { stages(stage); };
  if (given.remarks)
    options.remark = [](const std::string &text) { llvm::errs() << text << "\n"; };
  const struct {
    const char *name, *ending;
    codegen::Form form;
  } forms[] = {{"obj", ".o", codegen::Form::object},
               {"asm", ".s", codegen::Form::assembly},
               {"llvm", ".ll", codegen::Form::llvm}};
  bool header = wants("header");
  for (auto [name, ending, form] : forms) {
    if (!wants(name) && !(header && form == codegen::Form::object) &&
        !(given.printPlan && form == codegen::Form::object))
      continue;
    codegen::CompileError error;
    codegen::Ahead ahead;
    mlir::OwningOpRef<mlir::ModuleOp> copy(module.clone());
    if (!codegen::compileAhead(*copy, layout, form, options, ahead, error)) {
      print(error);
      return error.internal ? internalError : userError;
    }
    if (wants(name))
      made.files.push_back({place(layout.name + ending), ahead.code});
    if (form != codegen::Form::object)
      continue;
    if (given.printPlan)
      for (auto [entry, program] : llvm::zip(layout.entries, ahead.programs))
        llvm::outs() << "// ---- " << entry.name << "\n" << program->plan();
    if (header) {
      std::vector<const weft_program *> programs;
      for (auto &program : ahead.programs)
        programs.push_back(program->program());
      codegen::HeaderOptions about{path::filename(given.input).str(), layout.name + ".o",
                                   given.cpu == "native" ? "the processor that it was made on" : given.cpu.getValue()};
      made.files.push_back({place(layout.name + ".h"), codegen::artefactHeader(layout, programs, about)});
      if (given.emit.size() != 1)
        made.files.push_back({place(layout.name + ".hpp"), codegen::artefactWrapper(layout, programs, about)});
      stages("headers");
    }
  }
  return ok;
}

int Maker::make(mlir::ModuleOp module, codegen::ArtefactLayout &layout,
                llvm::ArrayRef<std::vector<std::pair<std::string, Tensor>>> values) {
  if (std::string wrong = layout.finish(); !wrong.empty())
    return fail(wrong);
  if (wants("mlir")) {
    std::string text;
    llvm::raw_string_ostream os(text);
    module.print(os);
    made.files.push_back({place(layout.name + ".mlir"), text + "\n"});
  }
  if (wants("dot"))
    made.files.push_back({place(layout.name + ".dot"), codegen::graphAsDot(module)});
  if (int status = code(module, layout))
    return status;
  if (wants("weights"))
    for (auto [tree, leaves] : llvm::zip(layout.trees, values))
      made.weights.push_back(
          {place(layout.name + (layout.trees.size() == 1 ? "" : "-" + tree.name) + ".safetensors"), leaves});
  return ok;
}

/// An .mlir file: every function is an entry, and everything is the caller's.
static int makeOfText(const Arguments &given, Progress &progress, Stages &stages, Made &made) {
  std::string content, error;
  if (!readSafely(given.input, content, error))
    return fail(error);
  progress.keep(content);
  mlir::DialectRegistry registry;
  registerDialects(registry);
  mlir::MLIRContext context(registry);
  llvm::SourceMgr sources;
  sources.AddNewSourceBuffer(llvm::MemoryBuffer::getMemBufferCopy(content, path::filename(given.input)), llvm::SMLoc());
  mlir::SourceMgrDiagnosticHandler diagnostics(sources, &context);
  mlir::OwningOpRef<mlir::ModuleOp> module = mlir::parseSourceFile<mlir::ModuleOp>(sources, &context);
  if (!module)
    return userError;
  stages("parse " + given.input);
  codegen::ArtefactLayout layout;
  layout.name = given.name.empty() ? path::stem(given.input).str() : given.name.getValue();
  for (char &c : layout.name)
    if (given.name.empty() && !llvm::isAlnum(c))
      c = '_';
  std::vector<std::string> wanted(given.functions.begin(), given.functions.end());
  if (wanted.empty())
    for (auto function : module->getOps<mlir::func::FuncOp>())
      if (function.isPublic() && !function.isDeclaration())
        wanted.push_back(function.getName().str());
  for (const std::string &name : wanted) {
    auto function = module->lookupSymbol<mlir::func::FuncOp>(name);
    if (!function)
      return fail(given.input + ": there is no function " + name);
    codegen::ArtefactEntry entry{name, {}, {}, {}};
    auto slots = [&](mlir::TypeRange types, std::vector<codegen::ArtefactSlot> &list, bool results) {
      for (auto [i, type] : llvm::enumerate(types)) {
        codegen::ArtefactSlot slot;
        llvm::raw_string_ostream(slot.about) << type;
        if (results)
          if (auto updates = function.getResultAttrOfType<mlir::IntegerAttr>(unsigned(i), ir::updatesMark))
            slot.state = int(updates.getInt());
        list.push_back(slot);
      }
    };
    slots(function.getArgumentTypes(), entry.inputs, false);
    slots(function.getResultTypes(), entry.outputs, true);
    llvm::raw_string_ostream(entry.signature) << function.getFunctionType();
    layout.entries.push_back(entry);
    if (failed(mlir::SymbolTable::replaceAllSymbolUses(
            function, mlir::StringAttr::get(&context, layout.functionOf(entry)), *module)))
      return fail("a function cannot be renamed", internalError);
    function.setName(layout.functionOf(entry));
  }
  return Maker(given, stages, made).make(*module, layout, {});
}

/// A model file: the C++ compiler makes a library of it, which is loaded and says what its artefacts are.
static int makeOfModel(const Arguments &given, Progress &progress, Stages &stages, Made &made) {
  ModelLibrary library;
  std::string error;
  if (!library.build(given.input, given.cxx, given.cxxFlags, given.includes, error))
    return fail(error);
  stages("compile " + given.input);
  if (!library.load(error))
    return fail(error);
  int found = 0;
  std::string known;
  llvm::StringSet<> seen;
  for (const detail::RegisteredArtefact &artefact : detail::registeredArtefacts()) {
    known += (known.empty() ? "" : ", ") + artefact.name;
    if (!given.name.empty() && artefact.name != given.name)
      continue;
    if (!seen.insert(artefact.name).second)
      return fail(given.input + ": two artefacts are called " + artefact.name);
    ++found;
    detail::ArtefactParts parts;
    parts.layout.name = artefact.name;
    mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
    mlir::OwningOpRef<mlir::ModuleOp> module;
    try {
      Artefact a(parts);
      artefact.describe(a);
      if (parts.layout.entries.empty())
        throw Error(artefact.at, "artefact " + artefact.name + " has no entry: a.entry(\"predict\", f, specs...)");
      module = detail::joined(parts, context);
    } catch (const std::exception &e) { // weft::Error among them
      return fail(e.what());
    }
    stages("trace " + artefact.name);
    std::string text;
    llvm::raw_string_ostream(text) << *module;
    progress.keep(text);
    if (int status = Maker(given, stages, made).make(*module, parts.layout, parts.values))
      return status;
  }
  if (!found)
    return fail(known.empty() ? given.input + ": it has no WEFT_ARTEFACT(name, a) { ... }"
                              : given.input + ": it has no artefact " + given.name + ", but " + known);
  return ok;
}

static int work(int argc, char **argv, Progress &progress) {
  cl::ResetCommandLineParser();
  Arguments given;
  cl::HideUnrelatedOptions(given.ours);
  cl::ParseCommandLineOptions(argc, argv, "makes an object, headers and weights of a model\n");
  static const std::vector<std::string> kinds{"obj", "header", "weights", "asm", "llvm", "mlir", "dot"};
  for (const std::string &kind : given.emit)
    if (!llvm::is_contained(kinds, kind))
      return fail("--emit=" + kind + ": expected " + llvm::join(kinds, ", "));
  if (given.opt < 0 || given.opt > 3)
    return fail("-O" + llvm::Twine(given.opt.getValue()) + ": expected 0 to 3");
  if (given.emit.empty())
    for (const char *kind : {"obj", "header", "weights"})
      given.emit.push_back(kind);
  progress.parsedArguments = true;

  Stages stages(given.verbose);
  Made made;
  if (int status = llvm::StringRef(given.input).ends_with(".mlir") ? makeOfText(given, progress, stages, made)
                                                                   : makeOfModel(given, progress, stages, made))
    return status;
  std::string error;
  for (auto &[file, bytes] : made.files) {
    if (!writeFile(file, bytes, error))
      return fail(error);
    if (given.verbose)
      llvm::errs() << "weftc: " << file << ", " << bytes.size() << " bytes\n";
  }
  for (auto &[file, leaves] : made.weights) {
    std::vector<weft_named_array> arrays;
    for (auto &[name, tensor] : leaves) {
      const detail::Value &v = *tensor.value();
      arrays.push_back(
          {name.c_str(), {const_cast<void *>(v.data), v.dtype.code(), int32_t(v.sizes.size()), v.sizes.data()}});
    }
    weft_error failure;
    if (weft_tensors_save(file.c_str(), arrays.data(), int64_t(arrays.size()), &failure))
      return fail(failure.message);
    if (given.verbose)
      llvm::errs() << "weftc: " << file << "\n";
  }
  stages("write");
  return ok;
}

int main(int argc, char **argv) {
  return runGuarded(argc, argv, "weftc", [&](Progress &progress) { return work(argc, argv, progress); });
}
