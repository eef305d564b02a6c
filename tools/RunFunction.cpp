// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// See RunFunction.h.
#include "tools/RunFunction.h"
#include "mlir/Pass/PassManager.h"
#include "passes/Pipelines.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
namespace weft::tools {

void keepOnly(ModuleOp module, const std::string &function) {
  llvm::SetVector<Operation *> kept;
  kept.insert(module.lookupSymbol(function));
  for (size_t i = 0; i < kept.size(); ++i)
    if (auto uses = SymbolTable::getSymbolUses(kept[i]))
      for (SymbolTable::SymbolUse use : *uses)
        if (Operation *callee = SymbolTable::lookupNearestSymbolFrom(module, use.getSymbolRef()))
          kept.insert(callee);
  for (Operation &op : llvm::make_early_inc_range(*module.getBody()))
    if (!kept.contains(&op))
      op.erase();
}

bool runReference(ModuleOp module, const std::string &function, llvm::ArrayRef<HostArray> inputs,
                  std::vector<HostArray> &outputs, ir::Evaluator::Observer observe) {
  OwningOpRef<ModuleOp> copy(module.clone());
  keepOnly(*copy, function);
  PassManager pm(module.getContext());
  passes::buildDerive(pm);
  if (failed(pm.run(*copy)))
    return false;
  auto f = copy->lookupSymbol<func::FuncOp>(function);
  auto result = ir::Evaluator(f, std::move(observe)).run(inputs);
  if (failed(result))
    return false;
  outputs = std::move(*result);
  return true;
}

bool runCompiled(const codegen::Executable &executable, MLIRContext *context, llvm::ArrayRef<HostArray> inputs,
                 std::vector<HostArray> &outputs, int threads, std::string &error, bool inPlace) {
  const weft_program *program = executable.program();
  std::vector<std::vector<char>> bytes;
  std::vector<weft_array> arrays;
  for (const HostArray &in : inputs)
    bytes.push_back(toBytes(in));
  for (auto [in, data] : llvm::zip(inputs, bytes))
    arrays.push_back({data.data(), abiType(in.element), int32_t(in.rank()), in.shape.data()});
  weft_error status{};
  auto fail = [&] {
    error = status.message;
    return false;
  };
  int64_t dimensions = 0;
  for (int i = 0; i < program->num_outputs; ++i)
    dimensions += program->outputs[i].rank;
  std::vector<int64_t> symbols(program->num_symbols + 1), dims(dimensions + 1);
  if (weft_program_bind(program, arrays.data(), int32_t(arrays.size()), symbols.data(), dims.data(), &status) !=
      WEFT_OK)
    return fail();
  std::vector<std::vector<char>> results;
  outputs.clear();
  const int64_t *next = dims.data();
  for (int i = 0; i < program->num_outputs; ++i) {
    outputs.emplace_back(elementType(context, program->outputs[i].dtype),
                         llvm::ArrayRef(next, program->outputs[i].rank));
    next += program->outputs[i].rank;
    results.emplace_back(size_t(outputs.back().size()) * weft_dtype_size(program->outputs[i].dtype) + 1);
  }
  std::unique_ptr<weft_pool, void (*)(weft_pool *)> pool(weft_pool_create(threads, &status), weft_pool_destroy);
  if (!pool)
    return fail();
  std::unique_ptr<weft_instance, void (*)(weft_instance *)> instance(weft_instance_create(program, pool.get(), &status),
                                                                     weft_instance_destroy);
  if (!instance)
    return fail();
  std::vector<const void *> in;
  std::vector<void *> out;
  for (auto &data : bytes)
    in.push_back(data.data());
  for (int i = 0; i < program->num_outputs; ++i) {
    int32_t input = program->outputs[i].input;
    out.push_back(inPlace && input >= 0 ? bytes[size_t(input)].data() : results[size_t(i)].data());
  }
  if (weft_instance_run(instance.get(), in.data(), out.data(), symbols.data(), &status) != WEFT_OK)
    return fail();
  for (auto [array, data] : llvm::zip(outputs, out))
    fromBytes(array, static_cast<const char *>(data));
  return true;
}

void print(const codegen::CompileError &error) {
  auto place = [](const std::string &file, int line) {
    return file.empty() ? std::string() : file + ":" + std::to_string(line) + ": ";
  };
  llvm::errs() << place(error.file, error.line) << "error: " << error.message << "\n";
  for (const auto &note : error.notes)
    llvm::errs() << place(note.file, note.line) << "note: " << note.message << "\n";
}
} // namespace weft::tools
