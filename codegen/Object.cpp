// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Optimisation and object files; see Object.h.
#include "codegen/Object.h"
#include "codegen/Target.h"
#include "runtime/weft_runtime.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Analysis/CGSCCPassManager.h"
#include "llvm/Analysis/LoopAnalysisManager.h"
#include "llvm/Analysis/TargetLibraryInfo.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Host.h"
#include <cstdlib>
#include <mutex>

using namespace weft::codegen;

static void initializeOnce() {
  static std::once_flag once;
  std::call_once(once, [] {
    llvm::InitializeNativeTarget();
    llvm::InitializeNativeTargetAsmPrinter();
  });
}

static llvm::Expected<std::unique_ptr<llvm::TargetMachine>> machineFor(const Target &target, int opt) {
  initializeOnce();
  llvm::Triple triple(llvm::sys::getDefaultTargetTriple());
  std::string error;
  const llvm::Target *found = llvm::TargetRegistry::lookupTarget(triple, error);
  if (!found)
    return llvm::createStringError(error);
  auto level = opt <= 0   ? llvm::CodeGenOptLevel::None
               : opt == 1 ? llvm::CodeGenOptLevel::Less
               : opt == 2 ? llvm::CodeGenOptLevel::Default
                          : llvm::CodeGenOptLevel::Aggressive;
  std::unique_ptr<llvm::TargetMachine> machine(found->createTargetMachine(
      triple, target.cpu, target.features, llvm::TargetOptions(), llvm::Reloc::PIC_, std::nullopt, level));
  if (!machine)
    return llvm::createStringError("no code generator for " + triple.str());
  return machine;
}

llvm::Expected<Target> Target::find(const std::string &asked, int opt) {
  initializeOnce();
  Target target;
  std::string cpu = asked;
  if (const char *named = std::getenv("WEFT_TARGET_CPU"); named && *named && cpu == "native")
    cpu = named;
  if (cpu == "native") {
    target.cpu = llvm::sys::getHostCPUName().str();
    // Features as the system lets us use them: a name alone may promise what a virtual machine hides.
    std::vector<std::string> features;
    for (auto &feature : llvm::sys::getHostCPUFeatures())
      features.push_back(llvm::Twine(feature.second ? "+" : "-").concat(feature.first()).str());
    std::sort(features.begin(), features.end());
    target.features = llvm::join(features, ",");
  } else {
    target.cpu = cpu;
  }
  auto machine = machineFor(target, opt);
  if (!machine)
    return machine.takeError();
  const llvm::MCSubtargetInfo &info = *(*machine)->getMCSubtargetInfo();
  if (!info.isCPUStringValid(target.cpu))
    return llvm::createStringError("unknown processor '" + cpu + "'" +
                                   (cpu == asked ? "" : " in the environment's WEFT_TARGET_CPU"));
  auto has = [&](const char *feature) { return info.checkFeatures(llvm::Twine("+").concat(feature).str()); };
  if ((*machine)->getTargetTriple().isX86())
    target.machine = has("avx512f") && has("avx512vl") ? Machine{64, 32, true}
                     : has("avx2") && has("fma")       ? Machine{32, 16}
                                                       : Machine{16, 16};
  else
    target.machine = {16, 32};
  uint64_t bit = 1;
  for (const char *feature : {
#define WEFT_CPU_FEATURE(name, ...) name,
#include "runtime/weft_cpu.def"
#undef WEFT_CPU_FEATURE
       })
    target.machine.features |= (*machine)->getTargetTriple().isX86() && has(feature) ? bit : 0, bit <<= 1;
  // For this very machine the system is asked as well.
  target.machine.tiles = target.machine.vectorBytes == 64 && has("amx-tile") && has("amx-bf16") &&
                         (cpu != "native" || weft_tiles_granted());
  // On processors with both, the instruction for pairs is slow.
  target.machine.pairs = target.machine.vectorBytes == 64 && has("avx512bf16") && !has("amx-bf16");
  if (opt < 2)
    target.machine.vectorBytes = 0, target.machine.tiles = target.machine.pairs = false;
  return target;
}

std::string Target::identity() const {
  auto [vectorBytes, registers, scalesVectors, tiles, pairs, instructions] =
      machine; // all of it: a new field does not compile here
  std::string text = cpu + "\n" + features + "\nmachine";
  for (int64_t told :
       {vectorBytes, registers, int64_t(scalesVectors), int64_t(tiles), int64_t(pairs), int64_t(instructions)})
    text += " " + std::to_string(told);
  return text;
}

std::string Target::lacking() const {
  if (!features.empty())
    return ""; // the host's own
  auto code = machineFor(*this, 0);
  if (!code) {
    llvm::consumeError(code.takeError());
    return "";
  }
  // What loops over numbers are made of. Of the rest (caches, virtual machines, random numbers) they use nothing, and a
  // system may hide it.
  static constexpr llvm::StringLiteral computing[]{"mmx",    "sse",   "ssse", "avx",  "fma",  "f16c",    "bmi", "lzcnt",
                                                   "popcnt", "movbe", "amx",  "gfni", "vaes", "vpclmul", "xop"};
  std::vector<std::string> lacks;
  for (auto &feature : llvm::sys::getHostCPUFeatures())
    if (!feature.second &&
        llvm::any_of(computing, [&](llvm::StringRef prefix) { return feature.first().starts_with(prefix); }) &&
        (*code)->getMCSubtargetInfo()->checkFeatures(llvm::Twine("+").concat(feature.first()).str()))
      lacks.push_back(feature.first().str());
  llvm::sort(lacks);
  return llvm::join(lacks, ", ");
}

llvm::Expected<std::string> weft::codegen::emitObject(llvm::Module &module, const Target &target, int opt, Form form) {
  auto machine = machineFor(target, opt);
  if (!machine)
    return machine.takeError();
  module.setTargetTriple((*machine)->getTargetTriple());
  module.setDataLayout((*machine)->createDataLayout());

  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager graphs;
  llvm::ModuleAnalysisManager modules;
  llvm::PipelineTuningOptions tuning;
  // Loops are vectorised by the emitters; what LLVM would add to them is code for tails that are already there.
  tuning.LoopVectorization = false;
  tuning.SLPVectorization = false;
  llvm::PassBuilder builder(machine->get(), tuning);
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(graphs);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, graphs, modules);
  if (opt <= 0)
    builder.buildO0DefaultPipeline(llvm::OptimizationLevel::O0).run(module, modules);
  else
    builder
        .buildPerModuleDefaultPipeline(opt == 1   ? llvm::OptimizationLevel::O1
                                       : opt == 2 ? llvm::OptimizationLevel::O2
                                                  : llvm::OptimizationLevel::O3)
        .run(module, modules);

  llvm::SmallVector<char, 0> bytes;
  llvm::raw_svector_ostream stream(bytes);
  if (form == Form::llvm) {
    module.print(stream, nullptr);
    return std::string(bytes.begin(), bytes.end());
  }
  llvm::legacy::PassManager passes;
  if ((*machine)->addPassesToEmitFile(passes, stream, nullptr,
                                      form == Form::assembly ? llvm::CodeGenFileType::AssemblyFile
                                                             : llvm::CodeGenFileType::ObjectFile))
    return llvm::createStringError("this target writes no object files");
  passes.run(module);
  return std::string(bytes.begin(), bytes.end());
}
