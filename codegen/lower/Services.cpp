// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The table of the runtime's services for the compiler; see Services.h.
#include "codegen/lower/Services.h"
#include "runtime/weft_runtime.h"
#include <type_traits>

using namespace mlir;
using namespace weft::codegen;

namespace {
/// The LLVM type of a parameter or a result of C.
template <class T> Type typeOf(MLIRContext *context) {
  if constexpr (std::is_void_v<T>) {
    return LLVM::LLVMVoidType::get(context);
  } else if constexpr (std::is_pointer_v<T>) {
    return LLVM::LLVMPointerType::get(context);
  } else {
    static_assert(std::is_integral_v<T>, "services take and give integers and pointers");
    return IntegerType::get(context, 8 * sizeof(T));
  }
}
template <class> struct Signature;
template <class R, class... A> struct Signature<R (*)(A...)> {
  static LLVM::LLVMFunctionType type(MLIRContext *context) {
    return LLVM::LLVMFunctionType::get(typeOf<R>(context), SmallVector<Type>{typeOf<A>(context)...});
  }
};
} // namespace

ArrayRef<Service> weft::codegen::services() {
  static const Service all[]{
#define WEFT_SERVICE(result, name, parameters)                                                                         \
  {#name, reinterpret_cast<void *>(&name), &Signature<decltype(&name)>::type},
#include "runtime/weft_services.def"
#undef WEFT_SERVICE
  };
  return all;
}

LLVM::LLVMFuncOp weft::codegen::declareService(ModuleOp module, StringRef name) {
  if (auto known = module.lookupSymbol<LLVM::LLVMFuncOp>(name))
    return known;
  const Service *service = llvm::find_if(services(), [&](const Service &s) { return s.name == name; });
  if (service == services().end())
    return {};
  OpBuilder b = OpBuilder::atBlockEnd(module.getBody());
  return LLVM::LLVMFuncOp::create(b, module.getLoc(), name, service->type(module.getContext()));
}
