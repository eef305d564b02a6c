// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A graph as a picture for Graphviz: a cluster for each function and for each region, a node for each op with its line.
#include "codegen/ahead/Artefact.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;

namespace {
class Picture {
public:
  explicit Picture(llvm::raw_ostream &os) : os(os) {}
  void function(func::FuncOp function) {
    os << "  subgraph cluster_" << clusters++ << " {\n    label=" << quoted(function.getName().str())
       << "; style=rounded; color=\"#7a8794\";\n";
    for (BlockArgument argument : function.getArguments()) {
      auto name = function.getArgAttrOfType<StringAttr>(argument.getArgNumber(), "weft.name");
      node(argument,
           (name ? name.str() : "arg" + std::to_string(argument.getArgNumber())) + "\n" + text(argument.getType()),
           "shape=box, style=filled, fillcolor=\"#dbe8f4\"");
    }
    block(function.getBody().front());
    os << "  }\n";
  }

private:
  static std::string quoted(const std::string &words) {
    std::string result = "\"";
    for (char c : words)
      result += c == '\n' ? "\\n" : c == '"' || c == '\\' ? std::string("\\") + c : std::string(1, c);
    return result + "\"";
  }
  static std::string text(Type type) {
    std::string shape;
    llvm::raw_string_ostream stream(shape);
    if (auto tensor = dyn_cast<RankedTensorType>(type)) {
      for (int64_t size : tensor.getShape())
        ShapedType::isDynamic(size) ? stream << "?x" : stream << size << "x";
      stream << tensor.getElementType();
    } else {
      stream << type;
    }
    return shape;
  }
  void node(Value value, const std::string &label, const char *style) {
    places[value] = nodes;
    os << "    n" << nodes++ << " [label=" << quoted(label) << ", " << style << "];\n";
  }
  void block(Block &block) {
    for (Operation &op : block) {
      int own = nodes++;
      std::string label = op.getName().getStringRef().str();
      if (auto line = dyn_cast<FileLineColLoc>(op.getLoc()))
        label += "\n" + line.getFilename().str() + ":" + std::to_string(line.getLine());
      for (Value result : op.getResults()) {
        label += "\n" + text(result.getType());
        places[result] = own;
      }
      bool ends = op.hasTrait<OpTrait::IsTerminator>();
      os << "    n" << own << " [label=" << quoted(label) << ", "
         << (ends ? "shape=box, style=filled, fillcolor=\"#f4e6d4\""
                  : "shape=box, style=\"rounded,filled\", fillcolor=white")
         << "];\n";
      for (Value operand : op.getOperands())
        if (auto from = places.find(operand); from != places.end())
          os << "    n" << from->second << " -> n" << own << ";\n";
      for (Region &region : op.getRegions())
        for (Block &inside : region) {
          os << "    subgraph cluster_" << clusters++ << " {\n    label=" << quoted(op.getName().getStringRef().str())
             << "; style=\"rounded,dashed\";\n";
          for (BlockArgument argument : inside.getArguments())
            node(argument, text(argument.getType()), "shape=box, style=filled, fillcolor=\"#e9efe4\"");
          this->block(inside);
          os << "    }\n";
        }
    }
  }
  llvm::raw_ostream &os;
  llvm::DenseMap<Value, int> places;
  int nodes = 0, clusters = 0;
};
} // namespace

std::string weft::codegen::graphAsDot(ModuleOp module) {
  std::string result;
  llvm::raw_string_ostream os(result);
  os << "digraph weft {\n  rankdir=TB; node [fontname=\"sans-serif\", fontsize=10]; fontname=\"sans-serif\";\n";
  Picture picture(os);
  for (auto function : module.getOps<func::FuncOp>())
    if (!function.isDeclaration())
      picture.function(function);
  os << "}\n";
  return result;
}
