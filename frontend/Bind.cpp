// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Fn::bind: the first argument keeps its values, so what follows from it alone is computed now, and matrices are laid
// out as products read them.
#include "Executable.h"
#include "mlir/Parser/Parser.h"

using namespace weft;
using namespace weft::detail;

/// Where the arguments of a separated function come from; see passes/plan/PrepareBound.cpp.
static std::optional<int> source(mlir::func::FuncOp function, unsigned argument, const char *what) {
  auto attribute = function.getArgAttrOfType<mlir::IntegerAttr>(argument, what);
  return attribute ? std::optional(int(attribute.getInt())) : std::nullopt;
}

std::shared_ptr<const Executable> detail::bind(const Executable &whole, ArgumentRef model, Loc at) {
  if (!whole.held.empty() || whole.traced.empty())
    throw Error(at, "bind: this function is bound already: put what both hold into one struct, and bind that");
  checkFixed(whole.arguments[0], model.walk, 0, at);
  for (std::size_t i = 0; i < model.walk.leaves.size(); ++i)
    valueFor(whole.arguments[0].leaves[i], *model.walk.leaves[i].tensor, at);
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  context.loadDialect<ir::WeftDialect, mlir::func::FuncDialect>();
  auto module = mlir::parseSourceString<mlir::ModuleOp>(whole.traced, &context);
  auto function = module ? module->lookupSymbol<mlir::func::FuncOp>(whole.name) : mlir::func::FuncOp();
  if (!function)
    throw Error(at, "internal error of the compiler: a traced function does not parse");
  for (const InputLeaf &leaf : whole.arguments[0].leaves)
    if (leaf.input >= 0)
      function.setArgAttr(unsigned(leaf.input), "weft.bound", mlir::UnitAttr::get(&context));
  codegen::CompileOptions options;
  options.opt = whole.options.optimize;
  codegen::CompileError error;
  if (!codegen::separateBound(*module, whole.name, options, error))
    raise(error);
  function = module->lookupSymbol<mlir::func::FuncOp>(whole.name);

  auto bound = std::make_shared<Executable>();
  bound->options = whole.options;
  bound->name = whole.name;
  bound->numResults = whole.numResults;
  bound->numInputs = int(function.getNumArguments());
  bound->arguments.assign(whole.arguments.begin() + 1, whole.arguments.end());
  bound->stateOutputs = whole.stateOutputs;
  bound->stateAliases = whole.stateAliases;
  bound->keepState = whole.keepState;
  for (StateAlias &alias : bound->stateAliases) {
    if (alias.fromArgument == 0)
      throw Error(at, "bind: " + whole.arguments[std::size_t(alias.argument)].leaves[std::size_t(alias.leaf)].path +
                          " becomes " + whole.arguments[0].leaves[std::size_t(alias.fromLeaf)].path +
                          " of the bound model: pass that as another argument");
    --alias.argument, --alias.fromArgument;
  }
  std::map<int, int> place; // of the inputs of the whole function that are left
  for (unsigned i = 0; i < function.getNumArguments(); ++i)
    if (auto from = source(function, i, "weft.argument"))
      place[*from] = int(i);
    else if (!source(function, i, "weft.prepared"))
      throw Error(at, "internal error of the compiler: nothing says where input " + std::to_string(i) +
                          " of a bound function comes from");
  for (StateOutput &state : bound->stateOutputs)
    --state.argument;
  for (InputArgument &argument : bound->arguments)
    for (InputLeaf &leaf : argument.leaves)
      if (leaf.input >= 0)
        leaf.input = place.contains(leaf.input) ? place[leaf.input] : InputLeaf::unread;

  // What was computed once.
  if (auto prepare = module->lookupSymbol<mlir::func::FuncOp>(whole.name + "_prepare")) {
    Executable once;
    once.options = whole.options;
    once.numInputs = int(prepare.getNumArguments());
    once.numResults = int(prepare.getNumResults());
    once.arguments = {whole.arguments[0]};
    for (InputLeaf &leaf : once.arguments[0].leaves) {
      int input = leaf.input;
      leaf.input = input < 0 ? input : InputLeaf::unread;
      for (unsigned i = 0; i < prepare.getNumArguments(); ++i)
        if (source(prepare, i, "weft.argument") == input)
          leaf.input = int(i);
    }
    mlir::OwningOpRef<mlir::ModuleOp> copy(module->clone());
    once.compile(*copy, whole.name + "_prepare");
    std::vector<Tensor> results = call(once, std::span(&model, 1), at);
    for (unsigned i = 0; i < function.getNumArguments(); ++i)
      if (auto result = source(function, i, "weft.prepared"))
        bound->held.push_back({int(i), results[std::size_t(*result)]});
    bound->remarks = once.remarks;
  }
  // What calls read as it is. Memory that is lent may go away: it is copied.
  for (std::size_t i = 0; i < model.walk.leaves.size(); ++i) {
    int input = whole.arguments[0].leaves[i].input;
    if (input < 0 || !place.contains(input))
      continue;
    const Tensor &leaf = *model.walk.leaves[i].tensor;
    const Value &v = *leaf.value();
    bound->held.push_back(
        {place[input],
         v.memory ? leaf : Tensor::copyBytes(v.data, std::size_t(countOf(v.sizes)), v.dtype, v.shape, at)});
  }
  bound->compile(*module, whole.name);
  return bound;
}
