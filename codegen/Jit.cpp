// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Loading of objects with LLJIT; see Jit.h.
#include "codegen/Jit.h"
#include "codegen/lower/Services.h"
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
  orc::SymbolMap addresses;
  for (const Service &service : services())
    addresses[(*jit)->mangleAndIntern(service.name)] = {
        orc::ExecutorAddr::fromPtr(service.address), llvm::JITSymbolFlags::Exported | llvm::JITSymbolFlags::Callable};
  if (auto error = library.define(orc::absoluteSymbols(std::move(addresses))))
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
