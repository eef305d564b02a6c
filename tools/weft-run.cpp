// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// weft-run: compiles (or evaluates by the host reference) a function of an .mlir file and runs it on given inputs.
#include "mlir/Parser/Parser.h"
#include "runtime/weft_runtime.h"
#include "tools/Dialects.h"
#include "tools/Guard.h"
#include "tools/Output.h"
#include "tools/RunFunction.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/raw_ostream.h"

using namespace weft;
using namespace weft::tools;
namespace cl = llvm::cl;

/// The command line. Made after LLVM's own options were dropped: its shared library registers hundreds, among them
/// names of ours.
struct Arguments {
  cl::OptionCategory ours{"weft-run"};
  cl::opt<std::string> inputFile{cl::Positional, cl::desc("<file.mlir>"), cl::init("-"), cl::cat(ours)};
  cl::opt<std::string> functionName{"function", cl::desc("the function to run; may be left out if there is one"),
                                    cl::cat(ours)};
  cl::list<std::string> inputSpecs{
      "input", cl::desc("an input, in order: 4x8xf32=@x.npy, normal:7, uniform:7, zeros, iota, 1.5 or 1,2,3"),
      cl::cat(ours)};
  cl::list<std::string> outputFiles{
      "output", cl::desc("@y.npy for each output, in order; without any they are printed"), cl::cat(ours)};
  cl::opt<std::string> target{"target", cl::desc("cpu or reference"), cl::init("cpu"), cl::cat(ours)};
  cl::opt<int> threads{"threads", cl::desc("threads to use; 0: one a core"), cl::init(0), cl::cat(ours)};
  cl::opt<int> opt{"opt", cl::desc("0: no fusion, scalar code; 1: fusion; 2: vector code; 3: all of LLVM's"),
                   cl::init(3), cl::cat(ours)};
  cl::opt<bool> checkFinite{"check-finite",
                            cl::desc("the first NaN or infinity that a dispatch makes is an error with its line"),
                            cl::cat(ours)};
  cl::opt<bool> asJson{"json", cl::desc("print outputs as JSON"), cl::cat(ours)};
  cl::opt<bool> printPlan{"print-plan", cl::desc("print dispatches, places and the arena"), cl::cat(ours)};
  cl::opt<bool> remarks{"remarks", cl::desc("print what was fused and what was not, with lines"), cl::cat(ours)};
  cl::opt<bool> noCache{"no-cache", cl::desc("compile even if the object cache has the code"), cl::cat(ours)};
  cl::opt<std::string> dumpAfter{
      "dump-after", cl::desc("print the program after a stage: derive, simplify, dispatch, plan, emit, llvm, or all"),
      cl::cat(ours)};
  cl::opt<std::string> cpu{"cpu", cl::desc("the CPU to compile for"), cl::init("native"), cl::cat(ours)};
  cl::opt<std::string> emitObject{"emit-object",
                                  cl::desc("write the object file, which exports <function>_program, and do not run"),
                                  cl::cat(ours)};
};

static int fail(const llvm::Twine &message, int code = userError) {
  llvm::errs() << "weft-run: " << message << "\n";
  return code;
}

static void printText(llvm::ArrayRef<HostArray> outputs) {
  for (const HostArray &y : outputs) {
    llvm::outs() << shapeText(y) << "=";
    for (int64_t at = 0; at < y.size(); ++at) {
      llvm::outs() << (at ? "," : "");
      if (y.isFloat())
        llvm::outs() << llvm::format("%.9g", y.f[at]);
      else
        llvm::outs() << y.i[at];
    }
    llvm::outs() << "\n";
  }
}
static void printJson(llvm::ArrayRef<HostArray> outputs) {
  llvm::json::OStream json(llvm::outs(), 1);
  json.object([&] {
    json.attributeArray("outputs", [&] {
      for (const HostArray &y : outputs)
        json.object([&] {
          json.attribute("type", shapeText(y));
          json.attributeArray("shape", [&] { llvm::for_each(y.shape, [&](int64_t d) { json.value(d); }); });
          json.attributeArray("values", [&] {
            for (int64_t at = 0; at < y.size(); ++at)
              if (!y.isFloat())
                json.value(y.i[at]);
              else if (std::isfinite(y.f[at]))
                json.value(y.f[at]);
              else // JSON has no such numbers
                json.value(y.f[at] != y.f[at] ? "nan" : y.f[at] > 0 ? "inf" : "-inf");
          });
        });
    });
  });
  llvm::outs() << "\n";
}

static int work(int argc, char **argv, Progress &progress) {
  cl::ResetCommandLineParser();
  Arguments given;
  auto &[ours, inputFile, functionName, inputSpecs, outputFiles, target, threads, opt, checkFinite, asJson, printPlan,
         remarks, noCache, dumpAfter, cpu, emitObject] = given;
  cl::HideUnrelatedOptions(ours);
  cl::ParseCommandLineOptions(argc, argv, "runs a function of an .mlir file\n");
  if (target != "cpu" && target != "reference")
    return fail("--target=" + target + ": expected cpu or reference");
  if (opt < 0 || opt > 3)
    return fail("--opt=" + llvm::Twine(opt.getValue()) + ": expected 0 to 3");
  if (!dumpAfter.empty() && dumpAfter != "all" && !llvm::is_contained(codegen::stageNames(), dumpAfter.getValue()))
    return fail("--dump-after=" + dumpAfter + ": expected " + llvm::join(codegen::stageNames(), ", ") + " or all");
  if (threads < 0 || threads > WEFT_MOST_THREADS)
    return fail("--threads=" + llvm::Twine(threads.getValue()) + ": expected 0 to " + llvm::Twine(WEFT_MOST_THREADS));
  progress.parsedArguments = true;

  std::string content, error;
  if (!readSafely(inputFile, content, error))
    return fail(error);
  progress.keep(content);
  mlir::DialectRegistry registry;
  registerDialects(registry);
  mlir::MLIRContext context(registry);
  llvm::SourceMgr sources;
  sources.AddNewSourceBuffer(llvm::MemoryBuffer::getMemBufferCopy(content, inputFile), llvm::SMLoc());
  mlir::SourceMgrDiagnosticHandler diagnostics(sources, &context);
  mlir::OwningOpRef<mlir::ModuleOp> module = mlir::parseSourceFile<mlir::ModuleOp>(sources, &context);
  if (!module)
    return userError;

  std::string function = functionName;
  if (function.empty()) {
    auto functions = llvm::to_vector(module->getOps<mlir::func::FuncOp>());
    if (functions.size() != 1)
      return fail("the file has " + llvm::Twine(functions.size()) + " functions: name one with --function");
    function = functions[0].getName().str();
  }
  if (!module->lookupSymbol<mlir::func::FuncOp>(function)) {
    std::string known;
    for (auto f : module->getOps<mlir::func::FuncOp>())
      known += " " + f.getName().str();
    return fail("no function '" + function + "'; the file has:" + known);
  }

  std::vector<HostArray> inputs(inputSpecs.size()), outputs;
  for (auto [spec, array] : llvm::zip(inputSpecs, inputs))
    if (!parseInput(&context, spec, array, error))
      return fail(error);

  codegen::CompileOptions options;
  options.opt = opt;
  options.checkFinite = checkFinite;
  options.cpu = cpu;
  options.dumpAfter = dumpAfter;
  options.cache = !noCache;
  if (remarks)
    options.remark = [](const std::string &text) { llvm::errs() << text << "\n"; };
  codegen::CompileError compileError;
  auto failedCompile = [&] {
    print(compileError);
    return compileError.internal ? internalError : userError;
  };
  if (!emitObject.empty()) {
    std::string object;
    if (!codegen::compileToObject(*module, {function}, options, object, compileError))
      return failedCompile();
    return writeFile(emitObject, object, error) ? ok : fail(error);
  }
  if (target == "reference") {
    if (!runReference(*module, function, inputs, outputs))
      return userError;
  } else {
    auto executable = codegen::compile(*module, function, options, compileError);
    if (!executable)
      return failedCompile();
    if (printPlan)
      llvm::outs() << executable->plan();
    if (printPlan && inputSpecs.empty() && executable->program()->num_inputs)
      return ok; // only the plan was asked for
    if (std::string lacks = cpu == "native" ? "" : codegen::lackingHere(cpu); !lacks.empty())
      return fail("--cpu=" + cpu + ": this processor lacks " + lacks +
                  ": code for another one is written by --emit-object, not run");
    if (!runCompiled(*executable, &context, inputs, outputs, threads, error)) {
      llvm::errs() << "error: " << error << "\n";
      return userError;
    }
  }
  if (outputFiles.empty()) {
    (asJson ? printJson : printText)(outputs);
    return ok;
  }
  if (outputFiles.size() != outputs.size())
    return fail(llvm::Twine(outputFiles.size()) + " --output for " + llvm::Twine(outputs.size()) + " outputs");
  for (auto [path, y] : llvm::zip(outputFiles, outputs)) {
    if (!llvm::StringRef(path).starts_with("@"))
      return fail("--output=" + path + ": expected @file.npy");
    if (!writeNpy(path.substr(1), y, error))
      return fail(error);
  }
  return ok;
}

int main(int argc, char **argv) {
  return runGuarded(argc, argv, "weft-run", [&](Progress &progress) { return work(argc, argv, progress); });
}
