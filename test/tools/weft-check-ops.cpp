// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- weft-check-ops.cpp - numbers of a file of functions: compiled = reference, derivative = finite difference ---------===//
//
// Every function of the file is checked, all in one module and one compile:
//   values       compiled against the host reference, on drawn inputs, each element by itself (Roundings.h); bit for bit the same
//                on one thread and on three, and with state that is written over its old value (`weft.updates` on a result); once
//                more with what follows from arguments with `weft.bound` computed beforehand
//   derivatives  of functions of f64: reverse mode (compiled) against central differences of the reference along drawn directions,
//                and forward against reverse mode by the dot-product test
//   second       each element of the first derivatives against its reference; forward and reverse over reverse (compiled) against
//                differences of the first derivative (on the host), against each other, and against forward mode: the gradient is
//                linear in the cotangent
// Attributes say what cannot be guessed: an argument's `weft.input = "uniform:3"` (or a whole spec, for run-time
// dimensions: "37x4xf32=normal:1"), a function's `weft.no_derivative` and `weft.no_second = "why"`, `weft.tolerance
// = 1.0e-3` (of values and first derivatives, as Reference::compare takes it). The environment says how all is
// compiled: WEFT_CHECK_OPT=0 to 3, WEFT_CHECK_CPU, WEFT_CHECK_MEMORY (bytes that the arena may have);
// WEFT_CHECK_MAPPED: each function is also mapped over two rows (CheckMapped.h).
//
//===----------------------------------------------------------------------------------------------------------------===//
#include "CheckMapped.h"
#include "Roundings.h"
#include "mlir/Parser/Parser.h"
#include "tools/Dialects.h"
#include "tools/RunFunction.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/raw_ostream.h"
#include <cstdlib>

using namespace mlir;
using namespace weft;
using namespace weft::tools;

namespace {
struct Case {
  func::FuncOp f, gradient, tangent; // arguments, cotangents -> cotangents of the arguments; the same of tangents
  bool derivative;
  std::vector<HostArray> inputs, cotangents, tangents; // the last two for f64 arguments and results, in order
  unsigned firstInput = 0, firstOutput = 0;            // among those of the whole
  std::optional<Reference> reference{};
};
int passed = 0, failures = 0;

void report(Case &c, const std::string &what, bool good, const std::string &detail) {
  ++(good ? passed : failures);
  if (!good)
    llvm::errs() << "FAILED " << c.f.getName() << ": " << what << ": " << detail << "\n";
}
std::string number(double v) {
  std::string text;
  llvm::raw_string_ostream(text) << llvm::format("%.9g", v);
  return text;
}
bool isReal(Type t) { return isa<FloatType>(getElementTypeOrSelf(t)); }
bool isDouble(Type t) { return getElementTypeOrSelf(t).isF64(); }

/// A few roundings of the storage type; f32 functions go through polynomials that are right to some ulp.
double defaultTolerance(Type element) {
  return element.isF64() ? 1e-12 : element.isF32() ? 4e-6 : element.isF16() ? 4e-3 : element.isBF16() ? 3e-2 : 0;
}
double toleranceOf(Case &c, Type element) {
  auto given = c.f->getAttrOfType<FloatAttr>("weft.tolerance");
  return given ? given.getValueAsDouble() : defaultTolerance(element);
}
void reportComparison(Case &c, const std::string &what, Reference &reference, unsigned i, const HostArray &compiled) {
  std::string wrong = reference.compare(i, compiled, toleranceOf(c, compiled.element));
  report(c, what, wrong.empty(), wrong);
}
double dot(const HostArray &a, const HostArray &b) {
  double sum = 0;
  for (int64_t at = 0, n = a.size(); at < n; ++at)
    sum += a.f[at] * b.f[at];
  return sum;
}
} // namespace

/// Largest difference relative to the largest element (at least 1) of what a row gives mapped and alone: both are
/// compiled code of one type, and only the order of their sums may differ.
static double differenceOfRow(const HostArray &a, const HostArray &b) {
  double scale = 1, worst = 0;
  for (int64_t at = 0, n = a.size(); at < n; ++at) {
    double x = a.isFloat() ? a.f[at] : double(a.i[at]), y = b.isFloat() ? b.f[at] : double(b.i[at]);
    if (x == y || (x != x && y != y))
      continue;
    if (!std::isfinite(x) || !std::isfinite(y))
      return std::numeric_limits<double>::infinity();
    scale = std::max(scale, std::abs(y));
    worst = std::max(worst, std::abs(x - y));
  }
  return worst / scale;
}

/// The inputs of a function as its attributes say.
static bool drawInputs(Case &c, MLIRContext *context) {
  for (auto [i, type] : llvm::enumerate(c.f.getArgumentTypes())) {
    auto tensor = cast<RankedTensorType>(type);
    auto given = c.f.getArgAttrOfType<StringAttr>(i, "weft.input");
    std::string spec = given ? given.str() : "normal:" + std::to_string(i + 1);
    if (spec.find('=') == std::string::npos) {
      std::string dims;
      for (int64_t d : tensor.getShape())
        dims += std::to_string(d) + "x";
      llvm::raw_string_ostream(dims) << tensor.getElementType();
      spec = dims + "=" + spec;
    }
    std::string error;
    if (!parseInput(context, spec, c.inputs.emplace_back(), error)) {
      llvm::errs() << c.f.getName() << ": argument " << i << ": " << error << "\n";
      return false;
    }
  }
  return true;
}

/// A function of its own for a derivative, so that it can be computed and differentiated as any other: (arguments,
/// cotangents) -> cotangents of the arguments, or (arguments, tangents) -> tangents of the results.
static func::FuncOp addDerivative(ModuleOp module, Case &c, bool forward) {
  OpBuilder b = OpBuilder::atBlockEnd(module.getBody());
  TypeRange of = c.f.getArgumentTypes(), to = c.f.getResultTypes();
  SmallVector<Type> arguments(of), results, all(to);
  llvm::copy_if(forward ? of : to, std::back_inserter(arguments), isReal);
  llvm::copy_if(forward ? to : of, std::back_inserter(results), isReal);
  auto f = func::FuncOp::create(b, c.f.getLoc(), (c.f.getName() + (forward ? "_tangent" : "_gradient")).str(),
                                b.getFunctionType(arguments, results));
  Block *block = f.addEntryBlock();
  b.setInsertionPointToStart(block);
  llvm::append_range(all, results);
  auto callee = FlatSymbolRefAttr::get(c.f.getNameAttr());
  Operation *op = forward ? ir::JvpOp::create(b, c.f.getLoc(), all, callee, block->getArguments()).getOperation()
                          : ir::VjpOp::create(b, c.f.getLoc(), all, callee, block->getArguments()).getOperation();
  func::ReturnOp::create(b, c.f.getLoc(), op->getResults().drop_front(to.size()));
  return f;
}

/// One function that computes everything: for each case its values, then (f64) cotangents of arguments and tangents of
/// results, then of the gradient along the tangents: its own tangents, and the cotangents of arguments and of
/// cotangents.
static void buildWhole(ModuleOp module, std::vector<Case> &cases) {
  OpBuilder b = OpBuilder::atBlockEnd(module.getBody());
  Location loc = module.getLoc();
  auto whole = func::FuncOp::create(b, loc, "weft_check_whole", b.getFunctionType({}, {}));
  Block *block = whole.addEntryBlock();
  b.setInsertionPointToStart(block);
  SmallVector<Value> results;
  for (Case &c : cases) {
    c.firstInput = block->getNumArguments();
    c.firstOutput = results.size();
    SmallVector<Value> arguments, cotangents, tangents;
    for (Type t : c.f.getArgumentTypes())
      arguments.push_back(block->addArgument(t, loc));
    if (!c.derivative) {
      IRMapping map;
      map.map(c.f.getArguments(), arguments);
      for (Operation &op : c.f.getBody().front().without_terminator())
        b.clone(op, map);
      for (Value v : c.f.getBody().front().getTerminator()->getOperands())
        results.push_back(map.lookupOrDefault(v));
      continue;
    }
    SmallVector<Type> reverseTypes(c.f.getResultTypes()), forwardTypes(c.f.getResultTypes());
    for (Type t : c.f.getResultTypes())
      if (isReal(t)) {
        cotangents.push_back(block->addArgument(t, loc));
        forwardTypes.push_back(t);
      }
    for (Type t : c.f.getArgumentTypes())
      if (isReal(t)) {
        tangents.push_back(block->addArgument(t, loc));
        reverseTypes.push_back(t);
      }
    SmallVector<Value> reverse(arguments), forward(arguments);
    reverse.append(cotangents);
    forward.append(tangents);
    auto callee = FlatSymbolRefAttr::get(c.f.getNameAttr());
    llvm::append_range(results, ir::VjpOp::create(b, c.f.getLoc(), reverseTypes, callee, reverse).getResults());
    llvm::append_range(
        results,
        ir::JvpOp::create(b, c.f.getLoc(), forwardTypes, callee, forward).getResults().drop_front(c.f.getNumResults()));
    if (!c.gradient)
      continue;
    callee = FlatSymbolRefAttr::get(c.gradient.getNameAttr());
    SmallVector<Value> second(arguments), still;
    second.append(cotangents);
    for (Value ct : cotangents)
      still.push_back(ir::Build(b, loc).zeros(ct));
    SmallVector<Type> gradientTypes(c.gradient.getResultTypes()), tangentTypes = gradientTypes,
                                                                  cotangentTypes = gradientTypes;
    tangentTypes.append(gradientTypes);
    for (Type t : c.gradient.getArgumentTypes())
      if (isReal(t))
        cotangentTypes.push_back(t);
    SmallVector<Value> along(second), against(second);
    along.append(tangents);
    along.append(still);
    against.append(tangents);
    llvm::append_range(
        results,
        ir::JvpOp::create(b, c.f.getLoc(), tangentTypes, callee, along).getResults().drop_front(gradientTypes.size()));
    llvm::append_range(results, ir::VjpOp::create(b, c.f.getLoc(), cotangentTypes, callee, against)
                                    .getResults()
                                    .drop_front(gradientTypes.size()));
  }
  func::ReturnOp::create(b, loc, results);
  whole.setFunctionType(b.getFunctionType(block->getArgumentTypes(), ValueRange(results).getTypes()));
  for (Case &c : cases)
    for (unsigned i = 0; i < c.f.getNumResults(); ++i)
      if (auto mark = c.f.getResultAttrOfType<IntegerAttr>(i, ir::updatesMark))
        whole.setResultAttr(c.firstOutput + i, ir::updatesMark, b.getI64IntegerAttr(c.firstInput + mark.getInt()));
  for (Case &c : cases)
    for (unsigned i = 0; i < c.f.getNumArguments(); ++i)
      if (Attribute bound = c.f.getArgAttr(i, "weft.bound"))
        whole.setArgAttr(c.firstInput + i, "weft.bound", bound);
}

/// H = the derivative of the gradient g by the arguments, t = the tangents. `got`: H t (forward), t H (reverse) and the
/// cotangents of the cotangents, which are `tangents`, the forward derivative: g is linear in them.
static void checkSecond(ModuleOp module, Case &c, const HostArray *got, const HostArray *gradients,
                        const HostArray *tangents) {
  unsigned reals = c.tangents.size();
  const HostArray *forward = got, *reverse = got + reals, *linear = got + 2 * reals;
  double h = 1e-5, byForward = 0, byReverse = 0, numeric = 0, size = 1;
  for (int side = 0; side < 2; ++side) {
    std::vector<HostArray> moved = c.inputs, gradients;
    unsigned which = 0;
    for (HostArray &x : moved)
      if (x.isFloat()) {
        for (int64_t at = 0; at < x.size(); ++at)
          x.f[at] += (side ? h : -h) * c.tangents[which].f[at];
        ++which;
      }
    moved.insert(moved.end(), c.cotangents.begin(), c.cotangents.end());
    if (!runReference(module, c.gradient.getName().str(), moved, gradients))
      return report(c, "second derivative", false, "the reference failed");
    for (unsigned i = 0; i < reals; ++i)
      numeric += (side ? 1 : -1) * dot(gradients[i], c.tangents[i]) / (2 * h);
  }
  for (unsigned i = 0; i < reals; ++i) {
    byForward += dot(forward[i], c.tangents[i]);
    byReverse += dot(reverse[i], c.tangents[i]);
    for (int64_t at = 0; at < forward[i].size(); ++at)
      size += std::abs(forward[i].f[at] * c.tangents[i].f[at]);
  }
  report(c, "second derivative, forward over reverse",
         std::abs(byForward - numeric) <= 1e-4 * std::max(1.0, std::abs(numeric)) + 1e-7 * size,
         number(byForward) + ", differences of the first say " + number(numeric));
  report(c, "second derivative, reverse over reverse", std::abs(byForward - byReverse) <= 1e-11 * size,
         number(byReverse) + ", forward over reverse says " + number(byForward));
  // Each element against the same derivative of the reference.
  auto compare = [&](func::FuncOp f, ArrayRef<HostArray> along, const char *what, const HostArray *compiled) {
    Reference reference(module, f.getName().str(), c.inputs);
    llvm::append_range(reference.inputs, along);
    if (!reference.run())
      return report(c, what, false, "the reference failed");
    for (unsigned i = 0; i < reference.values.size(); ++i)
      reportComparison(c, what + std::string(" ") + std::to_string(i), reference, i, compiled[i]);
  };
  compare(c.gradient, c.cotangents, "gradient by argument", gradients);
  compare(c.tangent, c.tangents, "tangent of result", tangents);
  compare(c.tangent, c.tangents, "gradient by its cotangent", linear);
}

/// The whole with what follows from its bound arguments computed once, by a function of its own
/// (passes/plan/PrepareBound.cpp). False and a message if that cannot be compiled or run.
static bool runBound(ModuleOp whole, const codegen::CompileOptions &options, ArrayRef<HostArray> inputs,
                     std::vector<HostArray> &outputs) {
  const std::string name = "weft_check_whole";
  codegen::CompileError error;
  auto failed = [&](const std::string &message) {
    message.empty() ? print(error) : void(llvm::errs() << "error: " << message << "\n");
    return false;
  };
  if (!codegen::separateBound(whole, name, options, error))
    return failed("");
  for (auto function : whole.getOps<func::FuncOp>())
    for (unsigned i = 0; i < function.getNumArguments(); ++i)
      if (!function.getArgAttr(i, "weft.prepared") && !function.getArgAttr(i, "weft.argument"))
        return failed("nothing says where argument " + std::to_string(i) + " of a bound function comes from");
  auto argumentsOf = [&](func::FuncOp function, ArrayRef<HostArray> prepared) {
    std::vector<HostArray> arguments;
    for (unsigned i = 0; i < function.getNumArguments(); ++i) {
      auto result = function.getArgAttrOfType<IntegerAttr>(i, "weft.prepared"),
           own = function.getArgAttrOfType<IntegerAttr>(i, "weft.argument");
      arguments.push_back(result ? prepared[result.getInt()] : inputs[own.getInt()]);
    }
    return arguments;
  };
  std::vector<HostArray> prepared;
  std::string message;
  if (auto prepare = whole.lookupSymbol<func::FuncOp>(name + "_prepare")) {
    std::vector<HostArray> arguments = argumentsOf(prepare, {});
    OwningOpRef<ModuleOp> copy(whole.clone());
    auto once = codegen::compile(*copy, name + "_prepare", options, error);
    if (!once)
      return failed("");
    if (!runCompiled(*once, whole.getContext(), arguments, prepared, 1, message))
      return failed(message);
  }
  std::vector<HostArray> arguments = argumentsOf(whole.lookupSymbol<func::FuncOp>(name), prepared);
  auto executable = codegen::compile(whole, name, options, error);
  if (!executable)
    return failed("");
  return runCompiled(*executable, whole.getContext(), arguments, outputs, 3, message) || failed(message);
}

static void checkCase(ModuleOp module, Case &c, const std::vector<HostArray> &all) {
  std::string name = c.f.getName().str();
  c.reference.emplace(module, name, c.inputs);
  if (!c.reference->run()) {
    report(c, "reference", false, "it failed");
    return;
  }
  const std::vector<HostArray> &expected = c.reference->values;
  for (unsigned i = 0; i < expected.size(); ++i)
    reportComparison(c, "result " + std::to_string(i) + ": compiled against reference", *c.reference, i,
                     all[c.firstOutput + i]);
  if (!c.derivative)
    return;
  unsigned nextReverse = c.firstOutput + expected.size();
  std::vector<const HostArray *> gradients;
  for (unsigned i = 0; i < c.tangents.size(); ++i)
    gradients.push_back(&all[nextReverse + i]);
  unsigned nextForward = nextReverse + unsigned(c.tangents.size());

  // <cotangent, J tangent> = <J^T cotangent, tangent>, to rounding.
  double forward = 0, reverse = 0, size = 1;
  for (unsigned i = 0; i < c.cotangents.size(); ++i)
    forward += dot(c.cotangents[i], all[nextForward + i]);
  for (unsigned i = 0; i < c.tangents.size(); ++i) {
    reverse += dot(*gradients[i], c.tangents[i]);
    for (int64_t at = 0; at < gradients[i]->size(); ++at)
      size += std::abs(gradients[i]->f[at] * c.tangents[i].f[at]);
  }
  report(c, "forward against reverse", std::abs(forward - reverse) <= 1e-12 * size,
         number(forward) + " against " + number(reverse));

  // Central differences along each argument's tangent by itself, h = 1e-5: truncation about h^2, rounding about 1e-16 /
  // h. Where one of these is too large, of functions with large values or large third derivatives, differences of the
  // fourth order with a larger or a smaller h.
  unsigned which = 0;
  for (unsigned a = 0; a < c.inputs.size(); ++a) {
    if (!c.inputs[a].isFloat())
      continue;
    const HostArray &direction = c.tangents[which];
    bool good = true;
    auto valueAt = [&](double step) {
      std::vector<HostArray> moved = c.inputs, outputs;
      for (int64_t at = 0; at < moved[a].size(); ++at)
        moved[a].f[at] += step * direction.f[at];
      good = good && runReference(module, name, moved, outputs);
      double value = 0;
      unsigned ct = 0;
      for (const HostArray &y : outputs)
        if (y.isFloat())
          value += dot(c.cotangents[ct++], y);
      return value;
    };
    auto slope = [&](double h) { return (valueAt(h) - valueAt(-h)) / (2 * h); };
    double numeric = slope(1e-5), analytic = dot(*gradients[which], direction),
           scale = std::max(1.0, std::abs(analytic));
    for (int64_t at = 0; at < direction.size(); ++at)
      scale = std::max(scale, std::abs(gradients[which]->f[at] * direction.f[at]));
    for (double h : {1e-4, 1e-6})
      if (std::abs(numeric - analytic) > 1e-6 * scale)
        numeric = (4 * slope(h) - slope(2 * h)) / 3;
    report(c, "derivative by argument " + std::to_string(a), good && std::abs(numeric - analytic) <= 1e-6 * scale,
           "reverse mode says " + number(analytic) + ", central differences " + number(numeric));
    ++which;
  }
  if (c.gradient)
    checkSecond(module, c, all.data() + nextForward + c.cotangents.size(), all.data() + nextReverse,
                all.data() + nextForward);
}

int main(int argc, char **argv) {
  if (argc != 2) {
    llvm::errs() << "usage: weft-check-ops FILE.mlir\n";
    return 2;
  }
  DialectRegistry registry;
  registerDialects(registry);
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  auto file = llvm::MemoryBuffer::getFileOrSTDIN(argv[1]);
  if (!file) {
    llvm::errs() << argv[1] << ": cannot be read\n";
    return 1;
  }
  llvm::SourceMgr sources;
  sources.AddNewSourceBuffer(std::move(*file), llvm::SMLoc());
  SourceMgrDiagnosticHandler diagnostics(sources, &context);
  OwningOpRef<ModuleOp> module = parseSourceFile<ModuleOp>(sources, &context);
  if (!module)
    return 1;
  std::vector<Case> cases;
  for (auto f : module->getOps<func::FuncOp>()) {
    if (f->hasAttr("weft.unchecked"))
      continue; // for FileCheck only
    auto doubles = [](TypeRange types) {
      bool any = false;
      for (Type t : types) {
        if (isa<FloatType>(getElementTypeOrSelf(t)) && !isDouble(t))
          return false;
        any |= isDouble(t);
      }
      return any;
    };
    Case c{
        f,  {}, {}, !f->hasAttr("weft.no_derivative") && doubles(f.getArgumentTypes()) && doubles(f.getResultTypes()),
        {}, {}, {}};
    if (!drawInputs(c, &context))
      return 1;
    if (c.derivative) {
      std::vector<HostArray> values;
      if (!runReference(*module, f.getName().str(), c.inputs, values))
        return 1;
      for (HostArray &y : values)
        if (y.isFloat()) {
          fillRandom(y, 100 + c.cotangents.size(), true);
          c.cotangents.push_back(y);
        }
      for (const HostArray &x : c.inputs)
        if (x.isFloat()) {
          c.tangents.emplace_back(x.element, x.shape);
          fillRandom(c.tangents.back(), 200 + c.tangents.size(), true);
        }
    }
    cases.push_back(std::move(c));
  }
  if (cases.empty()) {
    llvm::errs() << argv[1] << ": no function to check\n";
    return 1;
  }
  for (Case &c : cases)
    if (c.derivative && !c.f->hasAttr("weft.no_second"))
      c.gradient = addDerivative(*module, c, false), c.tangent = addDerivative(*module, c, true);
  OwningOpRef<ModuleOp> whole(module->clone());
  buildWhole(*whole, cases);
  keepOnly(*whole, "weft_check_whole");
  std::vector<HostArray> inputs, outputs, again, over;
  for (Case &c : cases)
    for (auto *list : {&c.inputs, &c.cotangents, &c.tangents})
      inputs.insert(inputs.end(), list->begin(), list->end());
  codegen::CompileOptions options;
  codegen::CompileError error;
  if (const char *level = std::getenv("WEFT_CHECK_OPT"))
    options.opt = std::atoi(level);
  if (const char *cpu = std::getenv("WEFT_CHECK_CPU"))
    options.cpu = cpu;
  if (const char *bytes = std::getenv("WEFT_CHECK_MEMORY"))
    options.memory = std::atoll(bytes);
  OwningOpRef<ModuleOp> withBound(whole->clone());
  // Only the whole is compiled: what it differentiates is inlined, the rest would be dead weight.
  auto executable = codegen::compile(*whole, "weft_check_whole", options, error);
  if (!executable) {
    print(error);
    return 1;
  }
  std::string message;
  if (!runCompiled(*executable, &context, inputs, outputs, 1, message) ||
      !runCompiled(*executable, &context, inputs, again, 3, message) ||
      !runCompiled(*executable, &context, inputs, over, 1, message, /*inPlace=*/true)) {
    llvm::errs() << "error: " << message << "\n";
    return 1;
  }
  for (Case &c : cases)
    checkCase(*module, c, outputs);
  auto areSame = [&](const std::vector<HostArray> &others) {
    return llvm::all_of(llvm::zip(outputs, others),
                        [](auto pair) { return toBytes(std::get<0>(pair)) == toBytes(std::get<1>(pair)); });
  };
  report(cases[0], "one thread against three", areSame(again), "results differ in their bits");
  for (Case &c : cases)
    for (unsigned i = 0; i < c.f.getNumResults(); ++i)
      if (executable->program()->outputs[c.firstOutput + i].input >= 0) // the plan writes it in place
        report(c, "result " + std::to_string(i) + ": written over its old value",
               toBytes(outputs[c.firstOutput + i]) == toBytes(over[c.firstOutput + i]), "results differ in their bits");
  if (llvm::any_of(withBound->lookupSymbol<func::FuncOp>("weft_check_whole").getArguments(),
                   [](BlockArgument argument) {
                     return bool(cast<func::FuncOp>(argument.getOwner()->getParentOp())
                                     .getArgAttr(argument.getArgNumber(), "weft.bound"));
                   })) {
    std::vector<HostArray> bound;
    options.memory = 0; // the budget was another program's
    if (!runBound(*withBound, options, inputs, bound))
      return 1;
    for (Case &c : cases)
      for (unsigned i = 0; c.reference && i < c.reference->values.size(); ++i)
        reportComparison(c, "result " + std::to_string(i) + ": with bound arguments", *c.reference, i,
                         bound[c.firstOutput + i]);
  }
  options.memory = 0;
  if (std::getenv("WEFT_CHECK_MAPPED"))
    for (Case &c : cases)
      if (!checkMapped(*module, c.f, c.gradient, c.inputs, c.cotangents, options,
                       [&](const std::string &what, const HostArray &got, const HostArray &right) {
                         // Sums may be in another order, in gradients those of many terms.
                         double allowed = std::max(toleranceOf(c, right.element), c.gradient ? 1e-10 : 0),
                                by = differenceOfRow(got, right);
                         report(c, what, by <= allowed, "differs by " + number(by) + ", allowed " + number(allowed));
                       }))
        return 1;
  if (!areSame(over))
    report(cases[0], "state written over its old value", false, "other results differ");
  llvm::outs() << passed << " passed, " << failures << " failed\n";
  return failures ? 1 : 0;
}
