// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Reading and checking records.
#include "dialects/tblgen/Records.h"
#include "mlir/TableGen/Trait.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/TableGen/Error.h"

using namespace weft::tblgen;
using llvm::Record;
using llvm::StringRef;
using llvm::Twine;

Row::Row(const Record *def) : def(def), op(def) {
  readAttributes();
  readFunctions();
}

void Row::refuse(const Twine &why) const { llvm::PrintFatalError(def, "op '" + mnemonic() + "': " + why); }

const Record *Row::required(StringRef field) const {
  const llvm::RecordVal *value = def->getValue(field);
  auto *init = value ? llvm::dyn_cast<llvm::DefInit>(value->getValue()) : nullptr;
  if (!init)
    refuse("the record says nothing of '" + field + "': give it, or the reason why it has none");
  return init->getDef();
}

Row::Facet Row::facet(StringRef field) const {
  const Record *f = required(field);
  return {f->getValueAsBit("present"), f->getValueAsString("why"),
          f->isSubClassOf("by") ? f->getValueAsString("pass") : StringRef()};
}

std::string Row::shownForm() const {
  StringRef more = required("dsl")->getValueAsString("form");
  return form + (form.empty() || more.empty() ? "" : ", ") + more.str();
}

//===- attributes ---------------------------------------------------------------------------------------------------===//

/// The number of the operand, or ~number of the result, that an attribute names.
int Row::numberOf(StringRef attribute, StringRef value) const {
  for (int i = 0; i < op.getNumOperands(); ++i) {
    if (op.getOperand(i).name == value)
      return i;
    if (op.getOperand(i).isVariableLength())
      break; // nothing behind it has a number
  }
  for (int i = 0; i < op.getNumResults(); ++i)
    if (op.getResult(i).name == value)
      return ~i;
  refuse("the attribute '" + attribute + "' speaks of '" + value +
         "', which is no result, and no operand that stands in front of a variable number of them");
}

void Row::readAttributes() {
  // The most special class first: permutations and places are lists of axes too.
  static constexpr std::pair<StringRef, StringRef> kinds[] = {
      {"Weft_Axis", "axis"},      {"Weft_AnyAxes", "anyAxes"}, {"Weft_Permutation", "permutation"},
      {"Weft_Places", "places"},  {"Weft_Axes", "axes"},       {"Weft_PerDimension", "perDimension"},
      {"Weft_Offsets", "offsets"}};
  for (const auto &attribute : op.getAttributes()) {
    const Record &constraint = attribute.attr.getDef();
    for (auto [tableGen, kind] : kinds) {
      if (!constraint.isSubClassOf(tableGen))
        continue;
      DimensionAttribute a{kind.str(), attribute.name.str(), 0, 0};
      a.of = a.within = numberOf(attribute.name, constraint.getValueAsString("of"));
      if (kind == "places")
        a.within = numberOf(attribute.name, constraint.getValueAsString("within"));
      attributes.push_back(a);
      break;
    }
  }
}

//===- the DSL's functions ------------------------------------------------------------------------------------------===//

/// `text` behind `list`, with a comma between them.
static void append(std::string &list, const Twine &text) { list += (list.empty() ? "" : ", ") + text.str(); }

void Row::requireResultFollows(StringRef form) const {
  if (!op.getTrait("::mlir::InferTypeOpInterface::Trait"))
    refuse(form +
           ": the result's type does not follow from operands and attributes (no rule infers it): write dsl_sugar");
  if (op.getNumResults() != 1 || op.getResult(0).isVariableLength())
    refuse(form + ": the op has not one result but " + Twine(op.getNumResults()) + ": write dsl_sugar");
  if (op.getNumRegions())
    refuse(form + ": the op has a region: write dsl_sugar");
  for (int i = 0; i < op.getNumOperands(); ++i)
    if (op.getOperand(i).isVariableLength())
      refuse(form + ": the number of operands '" + op.getOperand(i).name + "' is variable: write dsl_sugar");
}

void Row::readFunctions() {
  const Record *dsl = required("dsl");
  if (dsl->isSubClassOf("dsl_function"))
    plainFunction(dsl->getValueAsString("name"));
  else if (dsl->isSubClassOf("dsl_broadcasting"))
    broadcastingFunction(dsl->getValueAsString("name"), /*isOperator=*/false);
  else if (dsl->isSubClassOf("dsl_operator"))
    broadcastingFunction(dsl->getValueAsString("name"), /*isOperator=*/true);
  else if (dsl->isSubClassOf("dsl_reduction"))
    reduction(dsl->getValueAsString("name"));
}

/// How an attribute is passed, by which function it is counted from the front, and of which operand it speaks.
std::tuple<StringRef, StringRef, StringRef> Row::argumentOf(const mlir::tblgen::NamedAttribute &attribute) const {
  for (const DimensionAttribute &a : attributes) {
    if (a.name != attribute.name || a.of < 0)
      continue;
    StringRef operand = op.getOperand(a.of).name;
    if (a.kind == "axis")
      return {"int ", "axisOfOperand", operand};
    if (a.kind == "axes" || a.kind == "anyAxes")
      return {"const Axes &", "axesOfOperand", operand};
    if (a.kind == "permutation")
      return {"const std::vector<int> &", "permutationOfOperand", operand};
  }
  StringRef constraint = attribute.attr.getDef().getName();
  return {constraint == "Weft_Number_Attr" ? "std::int64_t "
          : constraint == "F64Attr"        ? "double "
          : constraint == "BoolAttr"       ? "bool "
                                           : "",
          "", ""};
}

void Row::plainFunction(StringRef name) {
  std::string label = ("the function '" + name + "'").str();
  requireResultFollows(label);
  llvm::StringMap<StringRef> defaults;
  for (StringRef text : def->getValueAsDef("dsl")->getValueAsListOfStrings("defaults")) {
    auto [attribute, value] = text.split('=');
    defaults[attribute.trim()] = value.trim();
  }
  Function f{"Tensor", name.str(), "", "", ""};
  std::string operands, given, shown;
  for (int i = 0; i < op.getNumOperands(); ++i) {
    StringRef operand = op.getOperand(i).name;
    append(f.declared, "const Tensor &" + operand);
    append(operands, operand);
    append(shown, operand);
  }
  f.defined = f.declared;
  for (const auto &attribute : op.getAttributes()) {
    // A unit is a mark that the compiler alone sets: no argument, and absent in what a user writes.
    if (attribute.attr.getDef().getName() == "UnitAttr")
      continue;
    auto [type, convert, of] = argumentOf(attribute);
    if (type.empty())
      refuse(label + ": the attribute '" + attribute.name +
             "' is none that becomes an argument (an axis, axes or a permutation of an operand, a number, a bool): "
             "write dsl_sugar");
    append(given,
           "{\"" + attribute.name + "\", " +
               (convert.empty() ? attribute.name.str()
                                : (convert + "(\"" + name + "\", " + attribute.name + ", " + of + ", at)").str()) +
               "}");
    auto value = defaults.find(attribute.name);
    std::string initial = value == defaults.end() ? "" : (" = " + value->second).str();
    append(f.declared, type + attribute.name + initial);
    append(f.defined, type + attribute.name);
    append(shown, attribute.name + initial);
    if (value != defaults.end())
      defaults.erase(value);
  }
  if (!defaults.empty())
    refuse(label + ": the default of '" + defaults.begin()->first() + "' is of no attribute");
  append(f.declared, "Loc at = Loc::here()");
  append(f.defined, "Loc at");
  f.body = "emit(\"" + op.getOperationName() + "\", {" + operands + "}, {" + given + "}, at)";
  form = (name + "(" + shown + ")").str();
  functions.push_back(f);
}

void Row::broadcastingFunction(StringRef name, bool isOperator) {
  std::string label = ((isOperator ? "operator " : "the function '") + name + (isOperator ? "" : "'")).str();
  requireResultFollows(label);
  if (!op.getTrait("::mlir::OpTrait::Elementwise"))
    refuse(label + ": operands broadcast for elementwise ops alone: write dsl_function");
  if (op.getNumAttributes())
    refuse(label + ": the attribute '" + op.getAttribute(0).name + "' would be lost: write dsl_sugar");
  if (op.getNumOperands() > 2 || (op.getNumOperands() == 1 && !isOperator))
    refuse(label + ": there is a form for two operands, and for operators of one: write dsl_function or dsl_sugar");
  Function f{"Tensor", (isOperator ? "operator" + name : name).str(), "", "", "", isOperator};
  std::string operands;
  for (int i = 0; i < op.getNumOperands(); ++i) {
    append(f.declared, "const Operand &" + op.getOperand(i).name);
    append(operands, op.getOperand(i).name);
  }
  f.defined = f.declared;
  f.body =
      std::string(op.getNumOperands() == 1 ? "unary" : "binary") + "(\"" + mnemonic().str() + "\", " + operands + ")";
  form = isOperator ? (op.getNumOperands() == 1 ? "unary " : "") + f.name : f.name + "(" + operands + ")";
  functions.push_back(f);
}

void Row::reduction(StringRef name) {
  std::string label = ("the reduction '" + name + "'").str();
  requireResultFollows(label);
  if (op.getNumOperands() != 1 || op.getNumAttributes() != 1 || attributes.size() != 1 || attributes[0].of != 0 ||
      (attributes[0].kind != "axes" && attributes[0].kind != "axis"))
    refuse(label + ": expected one operand and one attribute, its axes (Weft_Axes) or an axis (Weft_Axis)");
  bool one = attributes[0].kind == "axis";
  StringRef x = op.getOperand(0).name, axes = attributes[0].name;
  std::string tensor = ("const Tensor &" + x).str(), list = ((one ? "int " : "const Axes &") + axes).str();
  std::string call = std::string(one ? "reduceToPlace" : "reduce") + "(\"" + name.str() + "\", \"" +
                     op.getOperationName() + "\", " + x.str() + ", ";
  Function all{"Tensor", name.str(), tensor + ", Loc at = Loc::here()", tensor + ", Loc at", call + "nullptr, {}, at)"};
  Function some{"Tensor", name.str(), tensor + ", " + list + ", Keep keep = {}, Loc at = Loc::here()",
                tensor + ", " + list + ", Keep keep, Loc at", call + "&" + axes.str() + ", keep, at)"};
  form = (name + "(" + x + ", " + axes + ", keep)").str();
  functions = {all, some};
}

//===- facets -------------------------------------------------------------------------------------------------------===//

static StringRef nameOf(const mlir::tblgen::InterfaceTrait &interface) {
  // Memory effects are interfaces of another kind, without a name.
  return interface.getDef().getValueAsOptionalString("cppInterfaceName").value_or("");
}
/// The op's interfaces and traits, by their C++ names; and "Interface.method" for methods that it defines in spite of a
/// default.
static llvm::StringSet<> traitsOf(const mlir::tblgen::Operator &op) {
  llvm::StringSet<> names;
  for (const mlir::tblgen::Trait &trait : op.getTraits()) {
    if (auto *interface = llvm::dyn_cast<mlir::tblgen::InterfaceTrait>(&trait)) {
      names.insert(nameOf(*interface));
      if (interface->getDef().getValue("alwaysOverriddenMethods"))
        for (StringRef method : interface->getAlwaysDeclaredMethods())
          names.insert((nameOf(*interface) + "." + method).str());
    } else if (auto *native = llvm::dyn_cast<mlir::tblgen::NativeTrait>(&trait))
      names.insert(StringRef(native->getFullyQualifiedTraitName()).rsplit(':').second);
  }
  return names;
}

std::vector<Row> weft::tblgen::readRows(const llvm::RecordKeeper &records) {
  llvm::StringMap<std::vector<StringRef>> proofs;
  for (const Record *proof : records.getAllDerivedDefinitions("Weft_Proof"))
    proofs[proof->getValueAsString("facet")] = proof->getValueAsListOfStrings("proofs");
  std::vector<Row> rows;
  for (const Record *def : records.getAllDerivedDefinitions("Weft_Op")) {
    Row row(def);
    llvm::StringSet<> traits = traitsOf(row.op);
    for (StringRef field : facets) {
      Row::Facet facet = row.facet(field);
      std::vector<StringRef> any = proofs.lookup(field);
      auto has = llvm::find_if(any, [&](StringRef name) { return traits.contains(name); });
      if (facet.present && facet.pass.empty() && has == any.end())
        llvm::PrintFatalError(def, "op '" + row.mnemonic() + "': the record claims '" + field + "' (" + facet.text +
                                       "), but the op has none of " +
                                       (any.empty() ? "what proves it: nothing does yet" : llvm::join(any, ", ")));
      if (!facet.present && has != any.end())
        llvm::PrintFatalError(def, "op '" + row.mnemonic() + "': the record says that there is no '" + field + "' (" +
                                       facet.text + "), but the op has " + *has);
    }
    rows.push_back(std::move(row));
  }
  return rows;
}
