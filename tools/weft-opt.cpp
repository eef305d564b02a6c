// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// weft-opt: mlir-opt with our dialects, passes and pipelines; --list-ops [--json] prints the op table.
#include "codegen/Passes.h"
#include "codegen/emit/Emitters.h"
#include "dialects/weft/OpTable.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "mlir/Transforms/Passes.h"
#include "passes/Passes.h"
#include "passes/Pipelines.h"
#include "tools/Dialects.h"
#include "tools/Guard.h"
#include "tools/Output.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace weft;

static int listOps(bool json) {
  if (json) {
    llvm::outs() << ir::opTableAsJson();
    return tools::ok;
  }
  for (const ir::OpRow &row : ir::opTable())
    llvm::outs() << llvm::left_justify(row.name, 24) << row.summary << "\n";
  return tools::ok;
}

static int work(int argc, char **argv, tools::Progress &progress) {
  mlir::DialectRegistry registry;
  tools::registerDialects(registry);
  codegen::registerPasses();
  passes::registerWeftPasses();
  passes::PipelineOptions pipeline;
  pipeline.emission = codegen::emissionFor({});
  passes::registerPipelines(pipeline);
  mlir::registerTransformsPasses();
  auto [inputFile, outputFile] = mlir::registerAndParseCLIOptions(argc, argv, "Weft's modular optimiser\n", registry);
  progress.parsedArguments = true;
  mlir::MlirOptMainConfig config = mlir::MlirOptMainConfig::createFromCLOptions();
  std::string content, error;
  if (!tools::readSafely(inputFile, content, error)) {
    llvm::errs() << error << "\n";
    return tools::userError;
  }
  progress.keep(content);
  std::string result;
  llvm::raw_string_ostream output(result);
  bool fine =
      succeeded(mlir::MlirOptMain(output, llvm::MemoryBuffer::getMemBufferCopy(content, inputFile), registry, config));
  if (!fine) {
    if (outputFile == "-")
      llvm::outs() << result; // the parts of a split file that did pass
    return tools::userError;
  }
  if (!tools::writeFile(outputFile, result, error)) {
    llvm::errs() << error << "\n";
    return tools::userError;
  }
  return tools::ok;
}

int main(int argc, char **argv) {
  bool list = false, json = false;
  for (int i = 1; i < argc; ++i) {
    list |= llvm::StringRef(argv[i]) == "--list-ops";
    json |= llvm::StringRef(argv[i]) == "--json";
  }
  if (list) {
    int code = listOps(json);
    return tools::flushStandardOutput("weft-opt") ? code : tools::userError;
  }
  return tools::runGuarded(argc, argv, "weft-opt",
                           [&](tools::Progress &progress) { return work(argc, argv, progress); });
}
