// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The tracer: DSL calls become operations of the weft dialect, and the dialect's diagnostics become errors with the
// user's line.
#include "Lazy.h"
#include "codegen/ElementTypes.h"
#include "dialects/weft/Sizes.h"
#include "mlir/IR/Verifier.h"
#include "runtime/weft_runtime.h"
#include "llvm/ADT/DenseSet.h"
#include <atomic>
#include <cstdio>

using namespace weft;
using namespace weft::detail;

static thread_local Tracing::Impl *current = nullptr;

bool detail::tracing() { return current; }

static std::string plain(std::string_view op) { return std::string(op.starts_with("weft.") ? op.substr(5) : op); }

Tracing::Impl &detail::currentTrace(std::string_view, Loc) { return current ? *current : Lazy::ofThread()->trace; }

mlir::Type detail::toIr(DType dtype, mlir::MLIRContext *context) { return codegen::elementType(context, dtype.code()); }
DType detail::dtypeFromIr(mlir::Type element) { return DType(codegen::dtypeOf(element)); }

Tracing::Impl::Impl(std::string name)
    : context(mlir::MLIRContext::Threading::DISABLED), builder(&context, this), outer(current), name(std::move(name)) {
  static std::atomic<std::uint64_t> numbers{0};
  number = ++numbers;
  context.loadDialect<ir::WeftDialect, mlir::func::FuncDialect>();
  module = mlir::ModuleOp::create(builder.getUnknownLoc());
  builder.setInsertionPointToEnd(module->getBody());
  function = mlir::func::FuncOp::create(builder, builder.getUnknownLoc(), this->name, builder.getFunctionType({}, {}));
  open.push_back(function.addEntryBlock());
  builder.setInsertionPointToEnd(open.back());
}

void Tracing::Impl::notifyOperationInserted(mlir::Operation *op, mlir::OpBuilder::InsertPoint) {
  llvm::SmallVector<std::int64_t> around;
  for (auto [block, number] : checkpoints)
    if (block == op->getBlock())
      around.push_back(number);
  if (!around.empty())
    op->setAttr("weft.checkpoint", builder.getDenseI64ArrayAttr(around));
}
Checkpoint::Checkpoint(Loc at) {
  Tracing::Impl &trace = currentTrace("checkpoint", at);
  trace.checkpoints.push_back({trace.open.back(), ++trace.numCheckpoints});
}
Checkpoint::~Checkpoint() { currentTrace("checkpoint", Loc()).checkpoints.pop_back(); }

mlir::Location Tracing::Impl::location(Loc at) {
  return at ? mlir::Location(mlir::FileLineColLoc::get(&context, at.file(), unsigned(at.line()), 0))
            : builder.getUnknownLoc();
}

mlir::RankedTensorType Tracing::Impl::type(DType dtype, const Shape &shape) {
  ir::Dims dims;
  for (const Dim &d : shape)
    dims.push_back(toIr(d, &context));
  return ir::getTensorType(dims, toIr(dtype, &context));
}

Tensor Tracing::Impl::tensor(mlir::Value x, Loc at, std::string path) {
  auto value = std::make_shared<Value>();
  auto type = mlir::cast<mlir::RankedTensorType>(x.getType());
  if (!ir::bytesAtMost(type)) {
    std::vector<std::string> notes;
    if (!type.hasStaticShape())
      notes.push_back("memory is planned for the largest sizes: give the dimensions smaller bounds");
    throw Error(at, (path.empty() ? "" : path + ": ") + ir::sizeAtMost(type) + ": more than any memory has", notes);
  }
  value->kind = Value::traced;
  value->dtype = dtypeFromIr(type.getElementType());
  if (type.hasStaticShape())
    value->shape.assign(type.getShape().begin(), type.getShape().end());
  else
    for (const ir::Dim &d : ir::getDims(type))
      value->shape.push_back(fromIr(d));
  value->at = at;
  if (!path.empty() && mlir::isa<mlir::BlockArgument>(x))
    paths[x.getAsOpaquePointer()] = path;
  value->path = std::move(path);
  value->trace = number;
  value->handle = x.getAsOpaquePointer();
  if (lazy && open.size() == 1)
    lazy->made(value);
  return Tensor(std::shared_ptr<const Value>(std::move(value)));
}

void Tracing::Impl::warn(Loc at, const std::string &message) {
  warnings.push_back((at ? at.str() + ": " : "") + "warning: " + message);
  std::fprintf(stderr, "%s\n", warnings.back().c_str());
}

void detail::warn(Loc at, const std::string &message) {
  if (current)
    current->warn(at, message);
}

mlir::Value Tracing::Impl::value(const Tensor &x, std::string_view op, std::string_view operand, Loc at) {
  std::string head = plain(op) + ": " + std::string(operand);
  if (x.empty())
    throw Error(at, head + " is empty: it was given no value");
  const Value &v = *x.value();
  if (v.kind == Value::spec)
    throw Error(at,
                head + " is a spec, " + x.str() +
                    ", that is no argument of the traced function: pass it as one, or make a value with zeros(...)");
  std::unique_lock<std::recursive_mutex> lock;
  if (lazy) {
    lock = std::unique_lock(Building::mutex());
    if (v.lazy.get() != lazy)
      settle(x, at); // another thread's
    if (v.kind == Value::array)
      return lazy->argument(x);
  }
  if (v.kind == Value::array || (v.lazy && !lazy) || v.failure)
    throw Error(at, head + " is a concrete tensor, " + x.str() +
                        ", that is no argument of the traced function: pass it (or the model that holds it), or write "
                        "constant(x) to freeze it");
  if (v.trace != number)
    throw Error(at, head + " is a value of another trace, which is finished: return it from there and pass it here",
                {std::string(operand) + " is " + describeValue(x)});
  mlir::Value value = mlir::Value::getFromOpaquePointer(v.handle);
  mlir::Block *home = value.getParentBlock();
  if (std::find(open.begin(), open.end(), home) == open.end()) {
    auto region = closedRegions.find(home);
    std::string where =
        region == closedRegions.end()
            ? "a region"
            : region->second.first + (region->second.second ? " (" + region->second.second.str() + ")" : "");
    throw Error(at, head + " was made inside " + where + " and is used outside it: return it from there",
                {std::string(operand) + " is " + describeValue(x)});
  }
  return value;
}

void detail::requireTrace(std::string_view op, Loc at) { currentTrace(op, at); }
void detail::requireValue(const Tensor &x, std::string_view op, std::string_view operand, Loc at) {
  currentTrace(op, at).value(x, op, operand, at);
}

static std::string operandName(std::size_t i, std::size_t count) {
  return count == 1 ? "operand" : count == 2 ? (i ? "rhs" : "lhs") : "operand " + std::to_string(i);
}

void Tracing::Impl::guarded(std::string_view op, std::span<const Tensor> operands, Loc at,
                            llvm::function_ref<bool()> build) {
  std::string message;
  std::vector<std::string> notes;
  bool fine;
  {
    mlir::ScopedDiagnosticHandler handler(&context, [&](mlir::Diagnostic &diagnostic) {
      if (diagnostic.getSeverity() != mlir::DiagnosticSeverity::Error)
        return mlir::success();
      if (message.empty())
        message = diagnostic.str();
      for (mlir::Diagnostic &note : diagnostic.getNotes())
        if (std::string text = note.str(); !text.starts_with("see current operation"))
          notes.push_back(std::move(text));
      return mlir::success();
    });
    fine = build();
  }
  if (fine && message.empty())
    return;
  // "'weft.reshape' op what is wrong" is how the compiler says "reshape: what is wrong".
  std::string quoted = std::string("'").append(op).append("' op "), name = plain(op) + ": ";
  if (message.starts_with(quoted))
    message = message.substr(quoted.size());
  if (!message.starts_with(name))
    message = name + message;
  for (std::size_t i = 0; i < operands.size(); ++i)
    notes.push_back(operandName(i, operands.size()) + " is " + describeValue(operands[i]));
  throw Error(at, message, notes);
}

static mlir::Attribute toAttribute(Tracing::Impl &trace, const Attribute &a) {
  mlir::Builder &b = trace.builder;
  struct Visitor {
    Tracing::Impl &trace;
    mlir::Builder &b;
    std::string_view name;
    mlir::Attribute operator()(std::int64_t v) { return b.getI64IntegerAttr(v); }
    mlir::Attribute operator()(double v) { return b.getF64FloatAttr(v); }
    mlir::Attribute operator()(bool v) { return b.getBoolAttr(v); }
    mlir::Attribute operator()(std::monostate) { return b.getUnitAttr(); }
    mlir::Attribute operator()(const std::string &v) {
      if (name == "direction")
        return ir::DirectionAttr::get(b.getContext(), *ir::symbolizeDirection(v));
      return b.getStringAttr(v);
    }
    mlir::Attribute operator()(const std::vector<std::int64_t> &v) { return b.getDenseI64ArrayAttr(v); }
    mlir::Attribute operator()(const std::vector<Dim> &v) {
      ir::Dims dims;
      for (const Dim &d : v)
        dims.push_back(toIr(d, b.getContext()));
      return ir::getDimsAttr(b.getContext(), dims);
    }
    mlir::Attribute operator()(const Dim &v) { return (*this)(std::vector<Dim>{v}); }
    mlir::Attribute operator()(DType v) { return mlir::TypeAttr::get(toIr(v, b.getContext())); }
    mlir::Attribute operator()(const Literal &v) {
      auto type = mlir::RankedTensorType::get(v.shape, toIr(v.dtype, b.getContext()));
      std::int64_t count = countOf(v.shape);
      if (v.dtype == i1) {
        llvm::SmallVector<bool> bits(count);
        for (std::int64_t i = 0; i < count; ++i)
          bits[i] = static_cast<const std::uint8_t *>(v.data)[i] != 0;
        return mlir::DenseElementsAttr::get(type, llvm::ArrayRef<bool>(bits));
      }
      return mlir::DenseElementsAttr::getFromRawBuffer(
          type, llvm::ArrayRef(static_cast<const char *>(v.data), count * v.dtype.bytes()));
    }
  };
  return std::visit(Visitor{trace, b, a.name}, a.value);
}

/// "hidden" for an op that reads the parameter hidden.w: notes say which layer made a value.
static std::string layerOf(std::string_view op, std::span<const Tensor> operands) {
  bool handsOn = op == "weft.add" || op == "weft.broadcast" || op == "weft.cast" || op == "weft.reshape";
  for (const Tensor &x : operands) {
    const Value &v = *x.value();
    if (v.at && handsOn && !v.path.empty())
      return v.path;
    if (std::size_t dot = v.path.rfind('.'); !v.at && dot != std::string::npos)
      return v.path.substr(0, dot);
  }
  return {};
}

std::vector<Tensor> detail::emitAll(std::string_view op, std::span<const Tensor> operands,
                                    std::span<const Attribute> attributes, std::span<const ResultType> results,
                                    Loc at) {
  Tracing::Impl &trace = currentTrace(op, at);
  Building building(trace, at);
  mlir::OperationState state(trace.location(at), llvm::StringRef(op.data(), op.size()));
  auto info = state.name.getRegisteredInfo();
  if (!info)
    throw Error(at, plain(op) + ": no such op");
  for (std::size_t i = 0; i < operands.size(); ++i)
    state.operands.push_back(trace.value(operands[i], op, operandName(i, operands.size()), at));
  for (const Attribute &a : attributes)
    state.addAttribute(llvm::StringRef(a.name.data(), a.name.size()), toAttribute(trace, a));
  mlir::Operation *made = nullptr;
  trace.guarded(op, operands, at, [&] {
    if (results.empty()) {
      // Rules read attributes as properties: they are given as such before there is an operation.
      llvm::SmallVector<char> storage(info->getOpPropertyByteSize() + 16);
      auto *aligned =
          reinterpret_cast<void *>((reinterpret_cast<std::uintptr_t>(storage.data()) + 15) & ~std::uintptr_t(15));
      mlir::OpaqueProperties properties(info->getOpPropertyByteSize() ? aligned : nullptr);
      mlir::DictionaryAttr dictionary = state.attributes.getDictionary(&trace.context);
      if (properties.as<void *>()) {
        info->initOpProperties(properties, nullptr);
        auto complain = [&] { return mlir::emitError(state.location); };
        if (failed(info->setOpPropertiesFromAttribute(state.name, properties, dictionary, complain)))
          return false;
      }
      auto *rule = info->getInterface<mlir::InferTypeOpInterface>();
      bool fine = rule && succeeded(rule->inferReturnTypes(&trace.context, state.location, state.operands, dictionary,
                                                           properties, {}, state.types));
      if (properties.as<void *>())
        info->destroyOpProperties(properties);
      if (!fine)
        return false;
    } else {
      for (const ResultType &r : results) {
        checkSizes(plain(op), r.shape, at);
        state.types.push_back(trace.type(r.dtype, r.shape));
      }
    }
    made = trace.builder.create(state);
    if (succeeded(info->verifyInvariants(made)))
      return true;
    made->erase();
    return false;
  });
  std::vector<Tensor> outputs;
  std::string layer = layerOf(op, operands);
  for (mlir::Value result : made->getResults())
    outputs.push_back(trace.tensor(result, at, layer));
  return outputs;
}

Tensor detail::emit(std::string_view op, std::initializer_list<Tensor> operands,
                    std::initializer_list<Attribute> attributes, Loc at) {
  return emitAll(op, {operands.begin(), operands.size()}, {attributes.begin(), attributes.size()}, {}, at)[0];
}
Tensor detail::emit(std::string_view op, std::initializer_list<Tensor> operands,
                    std::initializer_list<Attribute> attributes, ResultType result, Loc at) {
  return emitAll(op, {operands.begin(), operands.size()}, {attributes.begin(), attributes.size()}, {&result, 1}, at)[0];
}

void RoleLeaf::set(const Tensor &value) {
  Tensor::operator=(value);
  if (tracing() && !value.empty() && value.value()->kind == Value::traced)
    expectUse({&value, 1}, "the value of a parameter", value.value()->at);
}
void detail::expectUse(std::span<const Tensor> values, const char *what, Loc at) {
  Tracing::Impl &trace = currentTrace(what, at);
  std::vector<mlir::Operation *> makers;
  for (const Tensor &x : values)
    if (x.value()->trace == trace.number)
      if (mlir::Operation *maker = mlir::Value::getFromOpaquePointer(x.value()->handle).getDefiningOp())
        makers.push_back(maker);
  if (!makers.empty())
    trace.expected.push_back({std::move(makers), what, at});
}
/// Dead code is gone: what was assigned and is not there any more has changed nothing.
static void warnOfLostValues(Tracing::Impl &trace) {
  if (trace.expected.empty())
    return;
  llvm::DenseSet<mlir::Operation *> live;
  trace.function.walk([&](mlir::Operation *op) { live.insert(op); });
  for (const auto &expected : trace.expected)
    if (llvm::none_of(expected.makers, [&](mlir::Operation *op) { return live.contains(op); }))
      trace.warn(expected.at, std::string(expected.what) +
                                  " is assigned here and reaches no result and no state: a function that changes a "
                                  "model takes it by reference, Model &");
}

// ---- the function
Tracing::Tracing(std::string name, bool copiesAliases) : impl_(std::make_unique<Impl>(std::move(name))) {
  impl_->copiesAliases = copiesAliases;
  current = impl_.get();
}
Tracing::~Tracing() { current = impl_->outer; }

void Tracing::begin(std::span<ArgumentRef> arguments) {
  // A path that two arguments share is told apart by the argument's number.
  std::map<std::string, int> seen;
  for (ArgumentRef &argument : arguments)
    for (LeafRef &leaf : argument.walk.leaves)
      ++seen[leaf.path];
  llvm::SmallVector<mlir::Type> types;
  for (std::size_t a = 0; a < arguments.size(); ++a) {
    Walk &walk = arguments[a].walk;
    InputArgument record{arguments[a].state, walk.fixed, walk.fixedTexts, {}};
    for (LeafRef &leaf : walk.leaves) {
      std::string path = leaf.path.empty() ? "arg" + std::to_string(a) : leaf.path;
      if (!leaf.path.empty() && seen[leaf.path] > 1)
        path = "arg" + std::to_string(a) + "." + path;
      InputLeaf input{path, f32, {}, -1, leaf.role, nullptr};
      if (!leaf.tensor->empty()) {
        if (leaf.tensor->value()->kind == Value::traced && !leaf.tensor->value()->lazy)
          throw Error(Loc(), "jit: argument " + path + " is a traced value: a function is compiled outside of traces",
                      {path + " is " + describeValue(*leaf.tensor)});
        input.dtype = leaf.tensor->dtype();
        input.shape = leaf.tensor->shape();
        input.input = int(types.size());
        auto type = impl_->type(input.dtype, input.shape);
        mlir::Value value = impl_->open[0]->addArgument(type, mlir::NameLoc::get(impl_->builder.getStringAttr(path)));
        types.push_back(type);
        *leaf.tensor = impl_->tensor(value, Loc(), path);
        input.handle = value.getAsOpaquePointer();
      }
      record.leaves.push_back(std::move(input));
    }
    impl_->arguments.push_back(std::move(record));
  }
  impl_->function.setFunctionType(impl_->builder.getFunctionType(types, {}));
  for (const InputArgument &argument : impl_->arguments)
    for (const InputLeaf &leaf : argument.leaves)
      if (leaf.input >= 0)
        impl_->function.setArgAttr(unsigned(leaf.input), "weft.name", impl_->builder.getStringAttr(leaf.path));
}

void Tracing::end(std::span<ArgumentRef> arguments, Walk &results) {
  llvm::SmallVector<mlir::Value> outputs;
  llvm::SmallVector<std::string> names;
  for (std::size_t i = 0; i < results.leaves.size(); ++i) {
    Tensor &leaf = *results.leaves[i].tensor;
    if (leaf.empty())
      continue;
    std::string path = results.leaves[i].path.empty() ? "result" : "result." + results.leaves[i].path;
    outputs.push_back(impl_->value(leaf, "return", path, leaf.value()->at));
    names.push_back(path);
    leaf = leaf.dtype()(leaf.shape()); // what is left of it after the trace: its type
  }
  impl_->numResults = int(outputs.size());
  // Leaves that other leaves can become for nothing: inputs whose array is not written over.
  std::map<void *, std::pair<int, int>> kept;
  for (std::size_t a = 0; a < arguments.size(); ++a)
    for (std::size_t i = 0; i < impl_->arguments[a].leaves.size(); ++i) {
      const InputLeaf &leaf = impl_->arguments[a].leaves[i];
      const Walk &after = arguments[a].walk;
      bool assigned =
          arguments[a].state && i < after.leaves.size() && !after.leaves[i].tensor->empty() &&
          after.leaves[i].tensor->value()->kind == Value::traced &&
          !llvm::isa<mlir::BlockArgument>(mlir::Value::getFromOpaquePointer(after.leaves[i].tensor->value()->handle));
      if (leaf.handle && !assigned)
        kept[leaf.handle] = {int(a), int(i)};
    }
  llvm::SmallVector<int> updates(outputs.size(), -1);
  for (std::size_t a = 0; a < arguments.size(); ++a) {
    if (!arguments[a].state)
      continue;
    const InputArgument &before = impl_->arguments[a];
    Walk &after = arguments[a].walk;
    if (after.leaves.size() != before.leaves.size() || after.fixed != before.fixed)
      throw Error(Loc(), "state: argument " + std::to_string(a) + " has " + std::to_string(after.leaves.size()) +
                             " leaves or other compile-time values after the call, had " +
                             std::to_string(before.leaves.size()) +
                             ": a step may assign leaves, not change the structure");
    for (std::size_t i = 0; i < after.leaves.size(); ++i) {
      const Tensor &now = *after.leaves[i].tensor;
      const InputLeaf &was = before.leaves[i];
      if (now.empty() && was.input < 0)
        continue;
      std::string had = was.input < 0 ? "empty" : std::string(was.dtype.name()) + " " + str(was.shape);
      Loc at = now.empty() ? Loc() : now.value()->at;
      if (now.empty() || was.input < 0)
        throw Error(at, "state leaf " + was.path + " is " + had + " before the call and " + now.str() +
                            " after it: give it its shape beforehand");
      mlir::Value value = impl_->value(now, "state", was.path, at);
      if (value.getAsOpaquePointer() == was.handle)
        continue;
      if (now.dtype() != was.dtype || now.shape() != was.shape)
        throw Error(at,
                    "state leaf " + was.path + " keeps its element type and shape: expected " + had + ", found " +
                        now.str(),
                    {was.path + " is assigned " + describeValue(now)});
      if (auto from = kept.find(value.getAsOpaquePointer()); from != kept.end() && !impl_->copiesAliases) {
        impl_->stateAliases.push_back({int(a), int(i), from->second.first, from->second.second});
        continue;
      }
      outputs.push_back(value);
      names.push_back(was.path);
      updates.push_back(was.input);
      impl_->stateOutputs.push_back({int(a), int(i)});
    }
  }
  mlir::func::ReturnOp::create(impl_->builder, impl_->builder.getUnknownLoc(), outputs);
  llvm::SmallVector<mlir::Type> types;
  for (mlir::Value v : outputs)
    types.push_back(v.getType());
  impl_->function.setFunctionType(impl_->builder.getFunctionType(impl_->function.getFunctionType().getInputs(), types));
  for (std::size_t i = 0; i < names.size(); ++i)
    impl_->function.setResultAttr(unsigned(i), "weft.name", impl_->builder.getStringAttr(names[i]));
  for (std::size_t i = 0; i < updates.size(); ++i)
    if (updates[i] >= 0)
      impl_->function.setResultAttr(unsigned(i), ir::updatesMark, impl_->builder.getI64IntegerAttr(updates[i]));
  orderCanonically(*impl_->open[0]);
  warnOfLostValues(*impl_);
  impl_->guarded("function", {}, Loc(), [&] { return succeeded(mlir::verify(*impl_->module)); });
}

static std::string withLines(mlir::ModuleOp module) {
  std::string text;
  llvm::raw_string_ostream os(text);
  module->print(os, mlir::OpPrintingFlags().enableDebugInfo(true, /*prettyForm=*/false));
  return text;
}
TracedEntry Tracing::entry() const {
  std::string signature;
  llvm::raw_string_ostream(signature) << impl_->function.getFunctionType();
  return {withLines(*impl_->module), signature, impl_->arguments, impl_->stateOutputs};
}
std::string Tracing::ir() const { return printModule(*impl_->module); }
