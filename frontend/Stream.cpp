// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Streams: what was traced becomes a step, and what it keeps one more argument.
#include "weft/Stream.h"
#include "Executable.h"
#include <limits>
#include <string_view>

using namespace weft;
using namespace weft::detail;

std::vector<KeptLeaf> Tracing::stream(const Dim &time, std::int64_t most, std::int64_t window, std::size_t place,
                                      Loc at) {
  if (std::string_view(at.file()).ends_with("weft/Stream.h"))
    at = Loc(); // of options that nobody gave
  auto symbol = toIr(time, &impl_->context).asSymbol();
  if (!symbol)
    throw Error(at, "stream: time must be a bounded dimension, as dim(\"T\", 1, 1024), found " + time.str());
  if (most < 0)
    throw Error(at, "stream: at most " + std::to_string(most) + " elements at once: expected a positive number, or 0");
  if (window < 0)
    throw Error(at, "stream: a window of " + std::to_string(window) + " places: expected a positive number, or 0");
  mlir::Builder b(&impl_->context);
  mlir::func::FuncOp function = impl_->function;
  function->setAttr("weft.stream", b.getStringAttr(symbol->name));
  if (most)
    function->setAttr("weft.stream_most", b.getI64IntegerAttr(most));
  if (window)
    function->setAttr("weft.stream_window", b.getI64IntegerAttr(window));
  const unsigned first = function.getNumArguments();
  codegen::CompileOptions options;
  codegen::CompileError error;
  if (!codegen::deriveStream(*impl_->module, impl_->name, options, error))
    raise(error);
  function = impl_->module->lookupSymbol<mlir::func::FuncOp>(impl_->name);
  impl_->function = function;

  std::vector<KeptLeaf> kept;
  Cache cache;
  InputArgument record;
  record.state = true;
  for (unsigned i = first; i < function.getNumArguments(); ++i) {
    auto type = mlir::cast<mlir::RankedTensorType>(function.getArgumentTypes()[i]);
    auto start = function.getArgAttrOfType<mlir::FloatAttr>(i, "weft.start");
    auto name = function.getArgAttrOfType<mlir::StringAttr>(i, "weft.name");
    if (!start || !name)
      throw Error(at, "internal error of the compiler: nothing says where a cache begins");
    Shape shape;
    for (const ir::Dim &d : ir::getDims(type))
      shape.push_back(fromIr(d));
    DType dtype = dtypeFromIr(type.getElementType());
    auto along = function.getArgAttrOfType<mlir::IntegerAttr>(i, "weft.along");
    kept.push_back({dtype(shape), start.getValueAsDouble(), along ? int(along.getInt()) : -1});
    if (i > first)
      cache.along.push_back(kept.back().along);
    record.leaves.push_back({name.str(), dtype, shape, int(i), Role::tensor, nullptr});
    impl_->stateOutputs.push_back({int(place), int(i - first)});
  }
  cache.kept.resize(kept.size() - 1);
  record.fixed = list(cache).fixed;
  impl_->arguments.insert(impl_->arguments.begin() + std::ptrdiff_t(place), std::move(record));
  return kept;
}

void Cache::keep(const Operand &count, Loc at) {
  auto o = [&](auto &&x) { return Operand(x, at); };
  for (std::size_t i = 0; i < along.size(); ++i)
    if (along[i] < 0)
      throw Error(at, "keep: cache." + std::to_string(i) + ", " + kept[i].str() +
                          ", follows from all that came, of which nothing can be taken back: copy the cache before");
  Tensor n = resolve(count, i32, "keep", at);
  if (n.rank() != 0 || n.dtype() != i32)
    fail(at, "keep: expected one number, i32, found " + n.str(), {{"count", n}});
  auto checked = [&](const Tensor &number, const char *what) {
    ResultType same{number.dtype(), number.shape()};
    return emit("weft.check_index", {number},
                {{"size", Dim(std::numeric_limits<std::int32_t>::max())}, {"name", std::string(what)}}, same, at);
  };
  Tensor back = checked(o(length) - o(checked(n, "keep: a negative count")), "keep: more than have come");
  // What comes writes over the places behind.
  length = o(length) - o(back);
}

Cache detail::startOf(const std::vector<KeptLeaf> &kept, const Sizes &sizes, Loc at) {
  if (kept.empty())
    throw Error(at, "start: this stream was made without stream, or moved from");
  Cache cache;
  for (std::size_t i = 0; i < kept.size(); ++i) {
    mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
    context.loadDialect<ir::WeftDialect>();
    Shape shape;
    for (const Dim &d : kept[i].spec.shape()) {
      auto given = toIr(d, &context).evaluate([&](llvm::StringRef name) -> std::optional<std::int64_t> {
        for (const auto &[known, size] : sizes)
          if (name == known)
            return size;
        return std::nullopt;
      });
      if (!given)
        throw Error(at, "start: the cache has a dimension " + d.str() +
                            ", known at run time only: write start(next, {{\"" + d.str() + "\", size}})");
      if (*given < d.lower() || *given > d.upper())
        throw Error(at, "start: " + d.strWithBounds() + " cannot be " + std::to_string(*given));
      shape.push_back(*given);
    }
    Tensor leaf = full(shape, kept[i].start, kept[i].spec.dtype(), at);
    settle(leaf, at);
    // A cache is written in place: each leaf has an array of its own.
    const Value &v = *leaf.value();
    if (i)
      cache.along.push_back(kept[i].along);
    (i ? cache.kept.emplace_back() : cache.length) =
        Tensor::copyBytes(v.data, std::size_t(countOf(v.sizes)), v.dtype, shape, at);
  }
  return cache;
}
