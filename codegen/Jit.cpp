// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Loading of objects with LLJIT; see Jit.h.
#include "codegen/Jit.h"
#include "codegen/lower/Services.h"
#include "llvm/ExecutionEngine/Orc/ExecutionUtils.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/TargetSelect.h"
#include <map>

using namespace weft::codegen;
namespace orc = llvm::orc;

namespace {
class LljitObject : public LoadedObject {
public:
  explicit LljitObject(std::unique_ptr<orc::LLJIT> jit) : jit(std::move(jit)) {}
  const weft_program *program(const std::string &name) const override { return found.at(name); }
  std::map<std::string, const weft_program *> found;
  std::unique_ptr<orc::LLJIT> jit;
};
} // namespace

llvm::Expected<std::unique_ptr<LoadedObject>> weft::codegen::loadObject(const std::string &object,
                                                                        const std::vector<std::string> &names) {
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
  if (auto error = (*jit)->addObjectFile(llvm::MemoryBuffer::getMemBufferCopy(object, names.front())))
    return error;
  auto loaded = std::make_unique<LljitObject>(std::move(*jit));
  for (const std::string &name : names) {
    auto symbol = loaded->jit->lookup(name + "_program");
    if (!symbol)
      return symbol.takeError();
    loaded->found[name] = symbol->toPtr<const weft_program *>();
  }
  return loaded;
}
