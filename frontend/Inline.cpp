// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A compiled function that is called while another is traced becomes part of it: its graph, with the caller's
// dimensions in the place of its own. So a step called in a loop is one program with the loop.
#include "Executable.h"
#include "mlir/IR/AttrTypeSubElements.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Parser/Parser.h"

using namespace weft;
using namespace weft::detail;

bool detail::callsInTrace(std::span<ArgumentRef> arguments) {
  if (!tracing())
    return false;
  for (const ArgumentRef &argument : arguments)
    for (const LeafRef &leaf : argument.walk.leaves)
      if (!leaf.tensor->empty() && leaf.tensor->value()->kind == Value::traced && !leaf.tensor->value()->lazy)
        return true;
  return false;
}

namespace {
/// What the symbols of a function are at a call.
struct Given {
  std::map<std::string, ir::Dim> dims;
  mlir::MLIRContext *context;

  ir::Dim of(const ir::Dim &dim) const {
    llvm::SmallVector<ir::Symbol> all;
    llvm::SmallVector<mlir::AffineExpr> values;
    // The symbols of the caller behind each other, those of one name once.
    auto place = [&](const ir::Symbol &symbol) {
      auto found = llvm::find(all, symbol);
      if (found == all.end())
        found = all.insert(all.end(), symbol);
      return mlir::getAffineSymbolExpr(unsigned(found - all.begin()), context);
    };
    for (const ir::Symbol &symbol : dim.symbols()) {
      auto known = dims.find(symbol.name);
      if (known == dims.end()) {
        values.push_back(place(symbol));
        continue;
      }
      llvm::SmallVector<mlir::AffineExpr> own;
      for (const ir::Symbol &inner : known->second.symbols())
        own.push_back(place(inner));
      values.push_back(known->second.expr().replaceSymbols(own));
    }
    return ir::Dim(dim.expr().replaceSymbols(values), all);
  }
  ir::Dims of(llvm::ArrayRef<ir::Dim> list) const {
    return llvm::map_to_vector<4>(list, [&](const ir::Dim &dim) { return of(dim); });
  }
};
} // namespace

std::vector<Tensor> detail::callInTrace(const Executable &e, std::span<ArgumentRef> arguments, Loc at) {
  if (!e.held.empty())
    throw Error(at, "call: a function that is bound to its model is not called in a trace: call it with the model");
  Tracing::Impl &trace = currentTrace("call", at);
  Building building(trace, at);
  auto module = mlir::parseSourceString<mlir::ModuleOp>(e.traced, &trace.context);
  auto function = module ? module->lookupSymbol<mlir::func::FuncOp>(e.name) : mlir::func::FuncOp();
  if (!function)
    throw Error(at, "internal error of the compiler: a traced function does not parse");

  Given given{{}, &trace.context};
  mlir::IRMapping map;
  for (std::size_t a = 0; a < arguments.size(); ++a) {
    const Walk &walk = arguments[a].walk;
    checkFixed(e.arguments[a], walk, a, at);
    for (std::size_t i = 0; i < walk.leaves.size(); ++i) {
      const InputLeaf &want = e.arguments[a].leaves[i];
      if (want.input < 0)
        continue;
      const Tensor &leaf = *walk.leaves[i].tensor;
      mlir::Value value = trace.value(leaf, "call", want.path, at);
      auto refuse = [&] {
        throw Error(at,
                    "call: " + want.path + " is " + leaf.str() + ", but the function was compiled for " +
                        want.dtype.name() + " " + str(want.shape),
                    {want.path + " is " + describeValue(leaf)});
      };
      mlir::Value argument = function.getArgument(unsigned(want.input));
      ir::Dims expected = ir::getDims(argument), found = ir::getDims(value);
      if (ir::elementOf(argument) != ir::elementOf(value) || expected.size() != found.size())
        refuse();
      for (std::size_t d = 0; d < expected.size(); ++d)
        if (auto symbol = expected[d].asSymbol()) {
          if (found[d].lower() < symbol->lower || found[d].upper() > symbol->upper)
            refuse();
          given.dims.try_emplace(symbol->name, found[d]);
        }
      map.map(argument, value);
    }
  }
  for (const InputArgument &argument : e.arguments)
    for (const InputLeaf &leaf : argument.leaves)
      if (leaf.input >= 0) {
        mlir::Value own = function.getArgument(unsigned(leaf.input)), value = map.lookup(own);
        if (given.of(ir::getDims(own)) != ir::getDims(value))
          throw Error(at, "call: " + leaf.path + " is " + ir::str(value.getType()) +
                              ", but the other arguments make it " + ir::str(given.of(ir::getDims(own))));
      }
  mlir::AttrTypeReplacer replacer;
  replacer.addReplacement([&](mlir::RankedTensorType type) -> std::optional<std::pair<mlir::Type, mlir::WalkResult>> {
    return std::pair<mlir::Type, mlir::WalkResult>(
        ir::getTensorType(given.of(ir::getDims(type)), type.getElementType()), mlir::WalkResult::skip());
  });
  replacer.addReplacement([&](ir::DimsAttr dims) -> std::optional<std::pair<mlir::Attribute, mlir::WalkResult>> {
    return std::pair<mlir::Attribute, mlir::WalkResult>(ir::getDimsAttr(&trace.context, given.of(dims.getDims())),
                                                        mlir::WalkResult::skip());
  });
  mlir::Block &body = function.getBody().front();
  for (mlir::Operation &op : body.without_terminator()) {
    mlir::Operation *made = trace.builder.clone(op, map);
    replacer.recursivelyReplaceElementsIn(made, /*replaceAttrs=*/true, /*replaceLocs=*/false, /*replaceTypes=*/true);
  }
  auto outputs = body.getTerminator()->getOperands();
  auto result = [&](std::size_t i) { return trace.tensor(map.lookup(outputs[unsigned(i)]), at); };
  auto leafOf = [&](int argument, int leaf) -> Tensor & {
    return *arguments[std::size_t(argument)].walk.leaves[std::size_t(leaf)].tensor;
  };
  std::vector<Tensor> results, aliases;
  for (std::size_t i = 0; i < std::size_t(e.numResults); ++i)
    results.push_back(result(i));
  for (const StateAlias &alias : e.stateAliases)
    aliases.push_back(leafOf(alias.fromArgument, alias.fromLeaf));
  for (std::size_t i = 0; i < e.stateOutputs.size(); ++i)
    leafOf(e.stateOutputs[i].argument, e.stateOutputs[i].leaf) = result(std::size_t(e.numResults) + i);
  for (std::size_t i = 0; i < aliases.size(); ++i)
    leafOf(e.stateAliases[i].argument, e.stateAliases[i].leaf) = aliases[i];
  return results;
}
