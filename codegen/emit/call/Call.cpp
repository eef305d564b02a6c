// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Call.cpp - kernels that a function of the runtime computes ----------------------------------------------------===//
//
//   sort of [64, 100] along 1:   weft_sort(x, type, values, type, indices, type, 0, 100, 1, workspace + begin / grain * bytes, begin, end)
//
// dialects/weft/RuntimeCall.h has the convention. The op says what is called and over how many units, the table of the
// runtime's services what the function takes. Each task has a stretch of the workspace for itself.
//
//===----------------------------------------------------------------------------------------------------------------===//
#include "codegen/ElementTypes.h"
#include "codegen/emit/KernelEmitter.h"
#include "codegen/lower/Descriptor.h"
#include "codegen/lower/Services.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace weft;
using namespace weft::codegen;

/// Looks at the status of a call: other than 0 it becomes the program's.
static void checkStatus(KernelEmitter &e, Operation *hero, const ir::RuntimeCall &call, Value status) {
  auto is = [&](arith::CmpIPredicate predicate, int64_t number) -> Value {
    return arith::CmpIOp::create(e.b, e.loc, predicate, status, e.constantInt(e.b.getI32Type(), number));
  };
  Value fine = is(arith::CmpIPredicate::eq, 0);
  if (auto checked = dyn_cast<ir::CheckedOpInterface>(hero))
    if (std::optional<ir::RuntimeCheck> check = checked.getCheck()) {
      e.require(is(arith::CmpIPredicate::ne, int64_t(check->error)), check->error, status,
                ir::userName(hero) + ": " + call.failure);
      fine = arith::OrIOp::create(e.b, e.loc, fine, is(arith::CmpIPredicate::eq, int64_t(check->error)));
    }
  e.require(fine, ir::RuntimeError::internal, status,
            ir::userName(hero) + ": " + call.service.str() + " of the runtime failed with status %d");
}

static FailureOr<Schedule> emitCall(KernelEmitter &e) {
  loom::KernelOp kernel = e.kernel();
  Operation *hero = kernel.getHeroes()[0];
  ir::RuntimeCall call = cast<ir::RuntimeCallOpInterface>(hero).getCall();
  Location before = e.loc;
  e.loc = hero->getLoc();
  auto pointer = LLVM::LLVMPointerType::get(e.b.getContext());
  Values arguments;
  auto pass = [&](Value tensor, Value memory) {
    arguments.push_back(memory ? e.address(memory) : Value(LLVM::ZeroOp::create(e.b, e.loc, pointer)));
    arguments.push_back(e.constantInt(e.b.getI32Type(), dtypeOf(ir::elementOf(tensor))));
  };
  auto number = [&](Value index) { return arith::IndexCastOp::create(e.b, e.loc, e.b.getI64Type(), index); };
  for (Value operand : hero->getOperands()) {
    auto argument = dyn_cast<BlockArgument>(operand);
    if (!argument)
      return hero->emitOpError("is a call of ") << call.service << ", so its operands must be in memory";
    pass(operand, e.operandMemory(argument));
  }
  auto yielded = kernel.getTerminator()->getOperands();
  for (Value result : hero->getResults()) {
    auto at = llvm::find(yielded, result);
    pass(result, at == yielded.end() ? Value() : e.resultMemory(at.getIndex()));
  }
  if (llvm::any_of(yielded, [&](Value v) { return v.getDefiningOp() != hero; }))
    return kernel.emitOpError("has an epilogue after ") << hero->getName() << ", which takes none";
  for (const ir::Dim &d : call.numbers)
    arguments.push_back(number(e.size(d)));
  if (e.workspace()) {
    Value task = arith::DivUIOp::create(e.b, e.loc, e.begin(), e.index(call.grain()));
    Value offset = number(e.mul(task, e.index(int64_t(llvm::alignTo(uint64_t(call.workspace), 64)))));
    arguments.push_back(LLVM::GEPOp::create(e.b, e.loc, pointer, e.b.getI8Type(), e.address(e.workspace()),
                                            ArrayRef<LLVM::GEPArg>{LLVM::GEPArg(offset)}));
  } else {
    arguments.push_back(LLVM::ZeroOp::create(e.b, e.loc, pointer));
  }
  arguments.append({number(e.begin()), number(e.end())});

  LLVM::LLVMFuncOp service = declareService(kernel->getParentOfType<ModuleOp>(), call.service);
  if (!service || !llvm::equal(service.getFunctionType().getParams(), TypeRange(ValueRange(arguments))))
    return hero->emitOpError("calls ") << call.service << ", which the runtime's table of services lacks or has with "
                                       << "other parameters";
  auto made = LLVM::CallOp::create(e.b, e.loc, service, arguments);
  if (made.getNumResults())
    checkStatus(e, hero, call, made.getResult());
  e.loc = before;
  return Schedule{call.units, call.grain()};
}

static std::optional<int64_t> costOfCall(loom::KernelOp kernel, const Machine &) {
  SmallVector<Operation *> heroes = kernel.getHeroes();
  auto called = heroes.size() == 1 ? dyn_cast<ir::RuntimeCallOpInterface>(heroes[0]) : ir::RuntimeCallOpInterface();
  if (!called)
    return std::nullopt;
  ir::RuntimeCall call = called.getCall();
  return int64_t(llvm::SaturatingMultiply<uint64_t>(uint64_t(std::max<int64_t>(1, call.units.upper())),
                                                    uint64_t(call.costOfUnit)));
}
const Emitter weft::codegen::callEmitter{"call", costOfCall, emitCall};
