// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Loading of objects with LLJIT; see Jit.h.
#include "codegen/Jit.h"
#include "llvm/ExecutionEngine/Orc/ExecutionUtils.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/TargetSelect.h"

using namespace weft::codegen;
namespace orc = llvm::orc;

namespace {
class LljitObject : public LoadedObject {
public:
  LljitObject(std::unique_ptr<orc::LLJIT> jit, const weft_program *program) : jit(std::move(jit)), found(program) {}
  const weft_program *program() const override { return found; }

private:
  std::unique_ptr<orc::LLJIT> jit;
  const weft_program *found;
};
} // namespace

llvm::Expected<std::unique_ptr<LoadedObject>> weft::codegen::loadObject(const std::string &object,
                                                                        const std::string &name) {
  auto jit = orc::LLJITBuilder().create();
  if (!jit)
    return jit.takeError();
  auto &library = (*jit)->getMainJITDylib();
  // The runtime's services by address: a static executable need not export them.
  orc::SymbolMap services;
  auto service = [&](const char *symbol, auto *function) {
    services[(*jit)->mangleAndIntern(symbol)] = {orc::ExecutorAddr::fromPtr(function),
                                                 llvm::JITSymbolFlags::Exported | llvm::JITSymbolFlags::Callable};
  };
  service("weft_parallel_for", &weft_parallel_for);
  service("weft_check_finite", &weft_check_finite);
  service("weft_goes_on", &weft_goes_on);
  service("weft_begin_update", &weft_begin_update);
  service("weft_parallel_for_all", &weft_parallel_for_all);
  if (auto error = library.define(orc::absoluteSymbols(std::move(services))))
    return error;
  auto process = orc::DynamicLibrarySearchGenerator::GetForCurrentProcess((*jit)->getDataLayout().getGlobalPrefix());
  if (!process)
    return process.takeError();
  library.addGenerator(std::move(*process));
  if (auto error = (*jit)->addObjectFile(llvm::MemoryBuffer::getMemBufferCopy(object, name)))
    return error;
  auto symbol = (*jit)->lookup(name + "_program");
  if (!symbol)
    return symbol.takeError();
  auto *program = symbol->toPtr<const weft_program *>();
  return std::make_unique<LljitObject>(std::move(*jit), program);
}
