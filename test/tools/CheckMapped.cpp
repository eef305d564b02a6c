// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// See CheckMapped.h.
#include "CheckMapped.h"
#include "dialects/weft/Weft.h"
#include "llvm/Support/raw_ostream.h"
#include <algorithm>

using namespace mlir;
namespace weft::tools {

namespace {
constexpr int64_t rows = 2;
const std::string mappedName = "weft_check_mapped", wholeName = "weft_check_mapped_gradient";

RankedTensorType stacked(Type type) {
  auto tensor = cast<RankedTensorType>(type);
  ir::Dims dims{ir::Dim(type.getContext(), rows)};
  llvm::append_range(dims, ir::getDims(tensor));
  return ir::getTensorType(dims, tensor.getElementType());
}
SmallVector<Type> stacked(TypeRange types) {
  return llvm::to_vector(llvm::map_range(types, [](Type t) { return Type(stacked(t)); }));
}
HostArray stacked(const HostArray &a, const HostArray &b) {
  HostArray both = a;
  both.shape.insert(both.shape.begin(), rows);
  both.f.insert(both.f.end(), b.f.begin(), b.f.end());
  both.i.insert(both.i.end(), b.i.begin(), b.i.end());
  return both;
}
HostArray rowOf(const HostArray &both, int64_t row) {
  HostArray one(both.element, ArrayRef<int64_t>(both.shape).drop_front());
  for (int64_t at = 0, n = one.size(); at < n; ++at)
    one.set(at, both, row * n + at);
  return one;
}
/// The same numbers in other places: what a function takes, it takes of these.
HostArray shifted(HostArray a) {
  if (a.size() > 1) {
    std::rotate(a.f.begin(), a.f.begin() + (a.f.empty() ? 0 : 1), a.f.end());
    std::rotate(a.i.begin(), a.i.begin() + (a.i.empty() ? 0 : 1), a.i.end());
  }
  return a;
}

void addMapped(ModuleOp module, func::FuncOp f) {
  OpBuilder b = OpBuilder::atBlockEnd(module.getBody());
  Location loc = f.getLoc();
  auto mapped = func::FuncOp::create(b, loc, mappedName,
                                     b.getFunctionType(stacked(f.getArgumentTypes()), stacked(f.getResultTypes())));
  Block *block = mapped.addEntryBlock();
  b.setInsertionPointToStart(block);
  OperationState state(loc, ir::VmapOp::getOperationName());
  state.addOperands(block->getArguments());
  state.addTypes(mapped.getResultTypes());
  state.addAttribute("size", ir::getDimsAttr(module.getContext(), {ir::Dim(module.getContext(), rows)}));
  auto *body = new Block;
  state.addRegion()->push_back(body);
  IRMapping map;
  for (BlockArgument argument : f.getArguments())
    map.map(argument, body->addArgument(argument.getType(), loc));
  Operation *vmap = b.create(state);
  OpBuilder inside = OpBuilder::atBlockEnd(body);
  for (Operation &op : f.getBody().front().without_terminator())
    inside.clone(op, map);
  SmallVector<Value> ends;
  for (Value v : f.getBody().front().getTerminator()->getOperands())
    ends.push_back(map.lookupOrDefault(v));
  ir::YieldOp::create(inside, loc, ends);
  func::ReturnOp::create(b, loc, vmap->getResults());
}
/// The mapped function's results and, if asked for, cotangents of its arguments.
void addWhole(ModuleOp module, func::FuncOp mapped, bool derivative) {
  OpBuilder b = OpBuilder::atBlockEnd(module.getBody());
  auto isFloat = [](Type t) { return isa<FloatType>(getElementTypeOrSelf(t)); };
  SmallVector<Type> arguments(mapped.getArgumentTypes()), results(mapped.getResultTypes());
  if (derivative) {
    llvm::copy_if(mapped.getResultTypes(), std::back_inserter(arguments), isFloat);
    llvm::copy_if(mapped.getArgumentTypes(), std::back_inserter(results), isFloat);
  }
  auto whole = func::FuncOp::create(b, mapped.getLoc(), wholeName, b.getFunctionType(arguments, results));
  Block *block = whole.addEntryBlock();
  b.setInsertionPointToStart(block);
  auto callee = FlatSymbolRefAttr::get(mapped.getNameAttr());
  Operation *made = derivative ? ir::VjpOp::create(b, mapped.getLoc(), results, callee, block->getArguments())
                               : func::CallOp::create(b, mapped.getLoc(), mapped, block->getArguments()).getOperation();
  func::ReturnOp::create(b, mapped.getLoc(), made->getResults());
}
} // namespace

bool checkMapped(ModuleOp module, func::FuncOp f, func::FuncOp gradient, ArrayRef<HostArray> inputs,
                 ArrayRef<HostArray> cotangents, const codegen::CompileOptions &options,
                 llvm::function_ref<void(const std::string &, const HostArray &, const HostArray &)> report) {
  std::vector<HostArray> arguments[rows], values[rows], slopes[rows];
  for (int64_t row = 0; row < rows; ++row) {
    for (const HostArray &x : inputs)
      arguments[row].push_back(row ? shifted(x) : x);
    {
      ScopedDiagnosticHandler quiet(module.getContext(), [](Diagnostic &) { return success(); });
      if (!runReference(module, f.getName().str(), arguments[row], values[row]))
        return row != 0;
    }
    if (!gradient)
      continue;
    for (const HostArray &ct : cotangents)
      arguments[row].push_back(row ? shifted(ct) : ct);
    if (!runReference(module, gradient.getName().str(), arguments[row], slopes[row]))
      return false;
  }
  OwningOpRef<ModuleOp> copy(module.clone());
  addMapped(*copy, copy->lookupSymbol<func::FuncOp>(f.getName()));
  addWhole(*copy, copy->lookupSymbol<func::FuncOp>(mappedName), bool(gradient));
  keepOnly(*copy, wholeName);
  codegen::CompileError error;
  auto executable = codegen::compile(*copy, wholeName, options, error);
  if (!executable) {
    llvm::errs() << "vmap of @" << f.getName() << ": ";
    print(error);
    return false;
  }
  std::vector<HostArray> both, outputs;
  for (auto [a, b] : llvm::zip(arguments[0], arguments[1]))
    both.push_back(stacked(a, b));
  std::string message;
  if (!runCompiled(*executable, module.getContext(), both, outputs, 1, message)) {
    llvm::errs() << "vmap of @" << f.getName() << ": " << message << "\n";
    return false;
  }
  for (int64_t row = 0; row < rows; ++row) {
    unsigned results = unsigned(values[row].size());
    for (auto [i, y] : llvm::enumerate(outputs)) {
      bool value = i < results;
      report((value ? "result " : "gradient by argument ") + std::to_string(value ? i : i - results) + " of row " +
                 std::to_string(row) + " under vmap",
             rowOf(y, row), value ? values[row][i] : slopes[row][i - results]);
    }
  }
  return true;
}
} // namespace weft::tools
