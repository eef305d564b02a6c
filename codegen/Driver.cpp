// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Driver.cpp - a module through all stages: see passes/Pipelines.cpp and codegen/Lowering.cpp for their order ---===//
#include "codegen/Driver.h"
#include "codegen/BuildId.h"
#include "codegen/Collect.h"
#include "codegen/Fingerprint.h"
#include "codegen/Jit.h"
#include "codegen/MemoryBudget.h"
#include "codegen/Object.h"
#include "codegen/ObjectCache.h"
#include "codegen/Passes.h"
#include "codegen/Target.h"
#include "codegen/ahead/Artefact.h"
#include "codegen/emit/Emitters.h"
#include "dialects/loom/Loom.h"
#include "dialects/weft/Weft.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "passes/Pipelines.h"
#include "passes/plan/PrintPlan.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Config/llvm-config.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/raw_ostream.h"
#include <sys/sysinfo.h>

using namespace mlir;
using namespace weft;
using namespace weft::codegen;

namespace {
/// A compilation under way. Each step returns false with the error filled in.
class Compilation {
public:
  Compilation(ModuleOp module, std::vector<std::string> names, const CompileOptions &given, CompileError &error)
      : names(std::move(names)), plans(this->names.size()), module(module), options(recording(given)), error(error),
        collect(module.getContext(), options, error) {}

  bool toObject();
  bool separate();
  bool stream();
  int64_t mostArena = 0; // bytes that this machine can give, if it is the one that runs the code
  const std::vector<std::string> names;
  std::vector<std::string> plans; // by name
  std::string object, ir;
  bool cached = false;
  const ArtefactLayout *artefact = nullptr; // whose tables the object has
  Form form = Form::object;

  bool fail(const std::string &message, bool internal) {
    if (!collect.any())
      error.message = message;
    error.internal = internal;
    return false;
  }

private:
  bool toGraph();
  bool stage(const char *stageName, bool internal, llvm::function_ref<void(OpPassManager &)> build);
  bool find();
  bool find(const std::string &name);
  bool checkGraph();
  /// `memory`: bytes that values may take at one time.
  passes::PipelineOptions pipelineOptions(int64_t memory) const;
  std::string text(bool locations) const;
  CompileOptions recording(CompileOptions given);
  std::string keyOf(const std::string &program, const Target &target) const;
  std::string finished() const;
  bool takeFinished(StringRef entry);

  ModuleOp module;
  std::string remarks; // each followed by a newline
  CompileOptions options;
  Machine machine;
  int64_t valuesFit = 0; // for values alive at one time, if a budget asks for it
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
  if (options.stage)
    options.stage(stageName);
  if (options.dumpAfter == stageName || options.dumpAfter == "all")
    llvm::errs() << "// ---- after " << stageName << "\n" << text(false) << "\n";
  return true;
}

passes::PipelineOptions Compilation::pipelineOptions(int64_t memory) const {
  passes::PipelineOptions pipeline;
  pipeline.fuse = options.opt >= 1;
  pipeline.memory = memory;
  pipeline.mostArena = mostArena;
  pipeline.emission = emissionFor(machine);
  return pipeline;
}

bool Compilation::find() {
  for (auto name = names.begin(); name != names.end(); ++name)
    if (std::find(names.begin(), name, *name) != name)
      return fail("function " + *name + " is named twice", false);
  return !names.empty() && llvm::all_of(names, [&](const std::string &name) { return find(name); }) && checkGraph();
}

bool Compilation::find(const std::string &name) {
  auto function = module.lookupSymbol<func::FuncOp>(name);
  if (!function || function.isDeclaration()) {
    std::string has;
    for (auto f : module.getOps<func::FuncOp>())
      has += (has.empty() ? "" : ", ") + f.getSymName().str();
    return fail("there is no function " + name + (has.empty() ? "; the module has none" : "; the module has " + has),
                false);
  }
  for (auto types : {function.getArgumentTypes(), function.getResultTypes()})
    for (Type type : types)
      if (!isa<RankedTensorType>(type)) {
        emitError(function.getLoc()) << name << ": arguments and results must be ranked tensors, not " << type;
        return fail("", false);
      }
  return true;
}

/// A program is functions of weft ops, as the passes find them: what a later stage has made, or another compiler, is
/// the user's mistake and not ours.
bool Compilation::checkGraph() {
  Operation *wrong = nullptr;
  module.walk<WalkOrder::PreOrder>([&](Operation *op) {
    bool known = op->getParentOfType<func::FuncOp>()
                     ? isa<func::CallOp, func::ReturnOp>(op) || isa<ir::WeftDialect>(op->getDialect())
                     : isa<func::FuncOp>(op) || op == module.getOperation();
    if (known)
      return WalkResult::advance();
    wrong = op;
    return WalkResult::interrupt();
  });
  if (wrong) {
    wrong->emitOpError("is no op of a graph: expected functions of weft ops, before they are cut into kernels");
    return fail("", false);
  }
  for (auto function : module.getOps<func::FuncOp>())
    if (!function.isDeclaration() &&
        (!function.getBody().hasOneBlock() || !isa<func::ReturnOp>(function.getBody().front().getTerminator()))) {
      function.emitOpError("is no graph: expected one block that ends in return");
      return fail("", false);
    }
  return true;
}

/// Remarks are kept as they go by: who finds a finished compilation in the cache hears them as well.
CompileOptions Compilation::recording(CompileOptions given) {
  if (given.remark)
    given.remark = [this, tell = given.remark](const std::string &line) {
      remarks += line + "\n";
      tell(line);
    };
  return given;
}

std::string Compilation::keyOf(const std::string &program, const Target &target) const {
  return ObjectCache::key(program + "\n" + target.identity() +
                          "\nllvm " LLVM_VERSION_STRING "\nweft " WEFT_CODEGEN_FINGERPRINT " abi " +
                          std::to_string(WEFT_ABI_VERSION) + "\nopt " + std::to_string(options.opt) + " finite " +
                          std::to_string(options.checkFinite) + " memory " + std::to_string(options.memory) + "\n" +
                          llvm::join(names, " "));
}

/// What a compilation leaves, as an entry of the cache: the sizes of the texts in front of the object, then all of
/// them.
std::string Compilation::finished() const {
  std::string entry;
  std::string texts;
  auto add = [&](const std::string &text) {
    entry += std::to_string(text.size()) + " ";
    texts += text;
  };
  add(ir);
  add(remarks);
  llvm::for_each(plans, add);
  return entry + "\n" + texts + object;
}
bool Compilation::takeFinished(StringRef entry) {
  auto [sizes, rest] = entry.split('\n');
  std::vector<std::string *> parts{&ir, &remarks};
  for (std::string &plan : plans)
    parts.push_back(&plan);
  std::vector<std::string> found(parts.size());
  for (std::string &part : found) {
    size_t size;
    if (sizes.consumeInteger(10, size) || !sizes.consume_front(" ") || size > rest.size())
      return false;
    part = rest.take_front(size).str();
    rest = rest.drop_front(size);
  }
  for (size_t i = 0; i < parts.size(); ++i)
    *parts[i] = std::move(found[i]);
  object = rest.str();
  if (options.remark) {
    SmallVector<StringRef> lines;
    std::string kept = std::exchange(remarks, "");
    StringRef(kept).split(lines, '\n', -1, /*KeepEmpty=*/false);
    for (StringRef line : lines)
      options.remark(line.str());
  }
  return true;
}

bool Compilation::toGraph() {
  // What can go wrong up to here is in the user's hands; later it is in ours.
  if (!stage("derive", false,
             [&](OpPassManager &pm) { passes::buildDerive(pm, pipelineOptions(valuesFit), options.checkFinite); }))
    return false;
  for (auto function : llvm::make_early_inc_range(module.getOps<func::FuncOp>()))
    if (!llvm::is_contained(names, function.getSymName()))
      function.erase();
  return stage("simplify", false, [&](OpPassManager &pm) { passes::buildSimplify(pm, pipelineOptions(valuesFit)); });
}

bool Compilation::separate() {
  llvm::Expected<Target> target = Target::find(options.cpu, options.opt);
  if (!target)
    return fail(llvm::toString(target.takeError()), false);
  machine = target->machine;
  if (failed(verify(module)) || !find())
    return fail("the module is not valid", false);
  return toGraph() &&
         stage("prepare", true, [&](OpPassManager &pm) { passes::buildPrepare(pm, target->machine.vectorBytes); });
}

bool Compilation::stream() {
  if (failed(verify(module)) || !find())
    return fail("the module is not valid", false);
  return stage("stream", false, [&](OpPassManager &pm) { passes::buildStream(pm); });
}

bool Compilation::toObject() {
  llvm::Expected<Target> target = Target::find(options.cpu, options.opt);
  if (!target)
    return fail(llvm::toString(target.takeError()), false);
  machine = target->machine;
  if (failed(verify(module)) || !find())
    return fail("the module is not valid", false);

  // The very program, compiled by the very compiler: nothing is left to do.
  ObjectCache cache;
  bool useCache = options.cache && options.dumpAfter.empty();
  if (useCache && options.remark && !cache.refused().empty())
    options.remark("remark: cache: missed: " + cache.refused() + ": code is compiled anew");
  std::string id = useCache ? buildId() : "", known;
  if (!id.empty()) {
    known = keyOf("finished " + id + (options.remark ? " with remarks\n" : "\n") + text(true), *target);
    if (auto found = cache.find(known); found && takeFinished(*found))
      return cached = true;
  }

  // Every result may turn out to be no number until the last dispatch has run: no state is written before that.
  if (options.checkFinite)
    for (auto function : module.getOps<func::FuncOp>())
      for (unsigned i = 0; i < function.getNumResults(); ++i)
        function.removeResultAttr(i, ir::updatesMark);
  if (options.memory > 0) {
    FailureOr<int64_t> fits =
        MemoryBudget{options.memory, pipelineOptions(0), options.checkFinite, options.remark}.fit(module, names);
    if (failed(fits))
      return fail("", false);
    valuesFit = *fits;
  }
  if (!toGraph())
    return false;
  ir = text(false);
  passes::PipelineOptions pipeline = pipelineOptions(valuesFit);
  if (!stage("dispatch", true, [&](OpPassManager &pm) { passes::buildDispatch(pm, pipeline); }))
    return false;
  if (!stage("plan", true, [&](OpPassManager &pm) { passes::buildPlan(pm, pipeline); })) {
    error.internal &= llvm::none_of(
        names, [&](const std::string &name) { return module.lookupSymbol(name)->hasAttr(passes::tooLargeMark); });
    return false;
  }
  for (auto [name, plan] : llvm::zip(names, plans))
    plan = passes::planAsText(module.lookupSymbol<func::FuncOp>(name));
  if (!stage("emit", true, [&](OpPassManager &pm) { buildEmitPipeline(pm, target->machine); }))
    return false;

  // The rest follows from this text: messages with their lines are in it, other locations are not.
  if (!options.checkFinite)
    module.walk([](func::FuncOp f) {
      if (loom::TaskAttr task = loom::taskOf(f))
        f->setAttr(loom::taskMark,
                   loom::TaskAttr::get(f.getContext(), task.getUnits(), task.getGrain(), task.getSymbols(),
                                       ArrayAttr::get(f.getContext(), {}), task.getTiles()));
    });
  std::string key = keyOf(text(false), *target);
  if (useCache)
    if (auto found = cache.find(key)) {
      object = std::move(*found);
      if (!known.empty())
        cache.publish(known, finished());
      return cached = true;
    }

  if (!stage("llvm", true, [&](OpPassManager &pm) { buildLLVMPipeline(pm, target->machine, options.checkFinite); }))
    return false;
  if (artefact)
    addArtefact(module, *artefact);
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> code = translateModuleToLLVMIR(module, context, names.front());
  if (!code)
    return fail("translation to LLVM failed", true);
  llvm::Expected<std::string> bytes = emitObject(*code, *target, options.opt, form);
  if (!bytes)
    return fail(llvm::toString(bytes.takeError()), true);
  object = std::move(*bytes);
  if (options.stage)
    options.stage("object");
  if (useCache)
    cache.publish(key, object);
  if (!known.empty())
    cache.publish(known, finished());
  return true;
}

namespace {
class CompiledProgram : public Executable {
public:
  CompiledProgram(std::shared_ptr<LoadedObject> code, const std::string &name, const std::string &ir, std::string plan,
                  bool cached)
      : code(std::move(code)), found(this->code->program(name)), irText(ir), planOf(std::move(plan)), cached(cached) {}
  const weft_program *program() const override { return found; }
  const std::string &ir() const override { return irText; }
  const std::string &plan() const override { return planOf; }
  bool fromCache() const override { return cached; }

private:
  std::shared_ptr<LoadedObject> code; // which programs that were compiled together share
  const weft_program *found;
  std::string irText, planOf;
  bool cached;
};
} // namespace

/// Bytes of memory and swap; 0 if the system does not say.
static int64_t memoryOfMachine() {
  struct sysinfo machine{};
  if (sysinfo(&machine))
    return 0;
  int64_t bytes;
  return llvm::MulOverflow(int64_t(machine.totalram) + int64_t(machine.totalswap), int64_t(machine.mem_unit), bytes)
             ? 0
             : bytes;
}

static void registerTranslations(ModuleOp module) {
  DialectRegistry registry;
  registerBuiltinDialectTranslation(registry);
  registerLLVMDialectTranslation(registry);
  module.getContext()->appendDialectRegistry(registry);
}

std::vector<std::shared_ptr<Executable>> weft::codegen::compileTogether(ModuleOp module,
                                                                        const std::vector<std::string> &names,
                                                                        const CompileOptions &options,
                                                                        CompileError &error) {
  registerTranslations(module);
  Compilation compilation(module, names, options, error);
  compilation.mostArena = memoryOfMachine();
  if (!compilation.toObject())
    return {};
  auto code = loadObject(compilation.object, names);
  if (!code) {
    compilation.fail("the compiled object does not load: " + llvm::toString(code.takeError()), true);
    return {};
  }
  std::shared_ptr<LoadedObject> shared(std::move(*code));
  std::vector<std::shared_ptr<Executable>> programs;
  for (auto [name, plan] : llvm::zip(names, compilation.plans))
    programs.push_back(std::make_shared<CompiledProgram>(shared, name, compilation.ir, plan, compilation.cached));
  return programs;
}

std::shared_ptr<Executable> weft::codegen::compile(ModuleOp module, const std::string &name,
                                                   const CompileOptions &options, CompileError &error) {
  std::vector<std::shared_ptr<Executable>> programs = compileTogether(module, {name}, options, error);
  return programs.empty() ? nullptr : programs.front();
}

std::string weft::codegen::lackingHere(const std::string &cpu) {
  llvm::Expected<Target> target = Target::find(cpu, 3);
  if (target)
    return target->lacking();
  llvm::consumeError(target.takeError());
  return "";
}

bool weft::codegen::deriveStream(ModuleOp module, const std::string &name, const CompileOptions &options,
                                 CompileError &error) {
  return Compilation(module, {name}, options, error).stream();
}

bool weft::codegen::separateBound(ModuleOp module, const std::string &name, const CompileOptions &options,
                                  CompileError &error) {
  return Compilation(module, {name}, options, error).separate();
}

bool weft::codegen::compileAhead(ModuleOp module, const ArtefactLayout &layout, Form form, const CompileOptions &given,
                                 Ahead &result, CompileError &error) {
  CompileOptions options = given;
  options.cache = false; // its entries know nothing of tables
  std::vector<std::string> names;
  for (const ArtefactEntry &entry : layout.entries)
    names.push_back(layout.functionOf(entry));
  registerTranslations(module);
  Compilation compilation(module, names, options, error);
  compilation.artefact = &layout;
  compilation.form = form;
  if (!compilation.toObject())
    return false;
  result.code = compilation.object;
  if (form != Form::object)
    return true;
  auto code = loadObject(compilation.object, names);
  if (!code)
    return compilation.fail("the compiled object does not load: " + llvm::toString(code.takeError()), true);
  std::shared_ptr<LoadedObject> shared(std::move(*code));
  for (auto [name, plan] : llvm::zip(names, compilation.plans))
    result.programs.push_back(std::make_shared<CompiledProgram>(shared, name, compilation.ir, plan, false));
  return true;
}

bool weft::codegen::compileToObject(ModuleOp module, const std::vector<std::string> &names,
                                    const CompileOptions &options, std::string &object, CompileError &error) {
  registerTranslations(module);
  Compilation compilation(module, names, options, error);
  if (!compilation.toObject())
    return false;
  object = std::move(compilation.object);
  return true;
}
