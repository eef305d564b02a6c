//===- Driver.cpp - a module through all stages: see passes/Pipelines.cpp and codegen/Lowering.cpp for their order ---===//
#include "codegen/Driver.h"
#include "codegen/Collect.h"
#include "codegen/Jit.h"
#include "codegen/Object.h"
#include "codegen/ObjectCache.h"
#include "codegen/Passes.h"
#include "codegen/Target.h"
#include "passes/Pipelines.h"
#include "passes/plan/PrintPlan.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/Config/llvm-config.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace weft;
using namespace weft::codegen;

namespace {
/// A compilation under way. Each step returns false with the error filled in.
class Compilation {
public:
  Compilation(ModuleOp module, const std::string &name, const CompileOptions &options, CompileError &error)
      : module(module), name(name), options(options), error(error), collect(module.getContext(), options, error) {}

  bool toObject();
  std::string object, ir, plan;
  bool cached = false;

  bool fail(const std::string &message, bool internal) {
    if (!collect.any())
      error.message = message;
    error.internal = internal;
    return false;
  }

private:
  bool stage(const char *stageName, bool internal, llvm::function_ref<void(OpPassManager &)> build);
  bool find();
  std::string text(bool locations) const;

  ModuleOp module;
  std::string name;
  const CompileOptions &options;
  CompileError &error;
  Collect collect;
};
} // namespace

const std::vector<std::string> &weft::codegen::stageNames() {
  static const std::vector<std::string> names{"derive", "simplify", "dispatch", "plan", "emit", "llvm"};
  return names;
}

std::string Compilation::text(bool locations) const {
  std::string result;
  llvm::raw_string_ostream os(result);
  OpPrintingFlags flags;
  if (locations)
    flags.enableDebugInfo(true, /*prettyForm=*/false);
  module->print(os, flags);
  return result;
}

bool Compilation::stage(const char *stageName, bool internal, llvm::function_ref<void(OpPassManager &)> build) {
  PassManager pm(module.getContext(), ModuleOp::getOperationName());
  build(pm);
  if (failed(pm.run(module)))
    return fail(std::string("the stage ") + stageName + " failed without saying why", internal);
  if (options.dumpAfter == stageName || options.dumpAfter == "all")
    llvm::errs() << "// ---- after " << stageName << "\n" << text(false) << "\n";
  return true;
}

bool Compilation::find() {
  auto function = module.lookupSymbol<func::FuncOp>(name);
  if (!function || function.isDeclaration()) {
    std::string has;
    for (auto f : module.getOps<func::FuncOp>())
      has += (has.empty() ? "" : ", ") + f.getSymName().str();
    return fail("there is no function " + name + (has.empty() ? "; the module has none" : "; the module has " + has), false);
  }
  for (auto types : {function.getArgumentTypes(), function.getResultTypes()})
    for (Type type : types)
      if (!isa<RankedTensorType>(type)) {
        emitError(function.getLoc()) << name << ": arguments and results must be ranked tensors, not " << type;
        return fail("", false);
      }
  return true;
}

bool Compilation::toObject() {
  llvm::Expected<Target> target = Target::find(options.cpu, options.opt);
  if (!target)
    return fail(llvm::toString(target.takeError()), false);
  if (failed(verify(module)) || !find())
    return fail("the module is not valid", false);

  // What can go wrong up to here is in the user's hands; later it is in ours.
  if (!stage("derive", false, passes::buildDerive))
    return false;
  for (auto function : llvm::make_early_inc_range(module.getOps<func::FuncOp>()))
    if (function.getSymName() != name)
      function.erase();
  if (!stage("simplify", false, passes::buildSimplify))
    return false;
  ir = text(false);
  passes::PipelineOptions pipeline;
  pipeline.fuse = options.opt >= 1;
  if (!stage("dispatch", true, [&](OpPassManager &pm) { passes::buildDispatch(pm, pipeline); }) || !stage("plan", true, passes::buildPlan))
    return false;
  plan = passes::planAsText(module.lookupSymbol<func::FuncOp>(name));
  if (!stage("emit", true, [&](OpPassManager &pm) { buildEmitPipeline(pm, target->machine); }))
    return false;

  // The rest follows from this text: messages with their lines are in it, other locations are not.
  if (!options.checkFinite)
    module.walk([](func::FuncOp f) { f->removeAttr("weft.origins"); });
  std::string content = text(false) + "\n" + target->cpu + target->features + "\nllvm " LLVM_VERSION_STRING "\nweft 0.1 abi " +
                        std::to_string(WEFT_ABI_VERSION) + "\nopt " + std::to_string(options.opt) + " finite " + std::to_string(options.checkFinite) +
                        "\n" + name;
  ObjectCache cache;
  std::string key = ObjectCache::key(content);
  bool useCache = options.cache && options.dumpAfter.empty();
  if (useCache)
    if (auto found = cache.find(key)) {
      object = std::move(*found);
      cached = true;
      return true;
    }

  if (!stage("llvm", true, [&](OpPassManager &pm) { buildLLVMPipeline(pm, options.checkFinite); }))
    return false;
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> code = translateModuleToLLVMIR(module, context, name);
  if (!code)
    return fail("translation to LLVM failed", true);
  llvm::Expected<std::string> bytes = emitObject(*code, *target, options.opt);
  if (!bytes)
    return fail(llvm::toString(bytes.takeError()), true);
  object = std::move(*bytes);
  if (useCache)
    cache.publish(key, object);
  return true;
}

namespace {
class CompiledProgram : public Executable {
public:
  CompiledProgram(std::unique_ptr<LoadedObject> code, Compilation &c) : code(std::move(code)), irText(std::move(c.ir)), planOf(std::move(c.plan)), cached(c.cached) {}
  const weft_program *program() const override { return code->program(); }
  const std::string &ir() const override { return irText; }
  const std::string &plan() const override { return planOf; }
  bool fromCache() const override { return cached; }

private:
  std::unique_ptr<LoadedObject> code;
  std::string irText, planOf;
  bool cached;
};
} // namespace

static void registerTranslations(ModuleOp module) {
  DialectRegistry registry;
  registerBuiltinDialectTranslation(registry);
  registerLLVMDialectTranslation(registry);
  module.getContext()->appendDialectRegistry(registry);
}

std::shared_ptr<Executable> weft::codegen::compile(ModuleOp module, const std::string &name, const CompileOptions &options, CompileError &error) {
  registerTranslations(module);
  Compilation compilation(module, name, options, error);
  if (!compilation.toObject())
    return nullptr;
  auto code = loadObject(compilation.object, name);
  if (!code) {
    compilation.fail("the compiled object does not load: " + llvm::toString(code.takeError()), true);
    return nullptr;
  }
  return std::make_shared<CompiledProgram>(std::move(*code), compilation);
}

bool weft::codegen::compileToObject(ModuleOp module, const std::string &name, const CompileOptions &options, std::string &object, CompileError &error) {
  registerTranslations(module);
  Compilation compilation(module, name, options, error);
  if (!compilation.toObject())
    return false;
  object = std::move(compilation.object);
  return true;
}
