// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The text of an artefact's C header and of its C++ wrapper.
#include "codegen/ahead/Artefact.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"
#include <set>

using namespace weft::codegen;

namespace {
/// The C type of an element.
const char *typeOf(int dtype) {
  switch (dtype) {
  case WEFT_I1: return "uint8_t";
  case WEFT_I8: return "int8_t";
  case WEFT_I32: return "int32_t";
  case WEFT_I64: return "int64_t";
  case WEFT_F16:
  case WEFT_BF16: return "uint16_t";
  case WEFT_F64:
  case WEFT_C128: return "double";
  default: return "float"; // f32 and the parts of c64
  }
}
const char *noteOf(int dtype) {
  switch (dtype) {
  case WEFT_I1: return ", 0 or 1";
  case WEFT_F16:
  case WEFT_BF16: return ", as bits";
  case WEFT_C64:
  case WEFT_C128: return ", real and imaginary part side by side";
  default: return "";
  }
}

/// Names of one scope that C takes, each given once.
class Names {
public:
  explicit Names(std::set<std::string> taken = {}) : taken(std::move(taken)) {}
  std::string operator()(llvm::StringRef given) {
    std::string name;
    for (char c : given)
      name += llvm::isAlnum(c) ? c : '_';
    if (name.empty() || llvm::isDigit(name[0]))
      name = "_" + name;
    if (!isCName(name))
      name += "_";
    std::string once = name;
    for (int i = 2; !taken.insert(once).second; ++i)
      once = name + "_" + std::to_string(i);
    return once;
  }

private:
  std::set<std::string> taken;
};

std::string shapeText(const std::vector<int64_t> &shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i)
    text += (i ? ", " : "") + std::to_string(shape[i]);
  return text + "]";
}

/// An array that the caller of an entry gives.
struct Parameter {
  std::string name;
  int dtype;
  std::string about; // "f32 [B, 64]"
  int input = -1, output = -1;
};
/// An entry as a C function.
struct Function {
  const ArtefactEntry &entry;
  const weft_program &program;
  std::vector<std::pair<int, bool>> trees; // the number, and whether it is written
  std::vector<std::string> dims;
  std::vector<Parameter> parameters;

  Function(const ArtefactEntry &entry, const weft_program &program) : entry(entry), program(program) {
    Names names({"model", "error", "weft_trees", "weft_dims", "weft_inputs", "weft_outputs"});
    auto use = [&](const ArtefactSlot &slot, bool write) {
      if (slot.tree < 0)
        return;
      for (auto &[tree, written] : trees)
        if (tree == slot.tree) {
          written |= write;
          return;
        }
      trees.push_back({slot.tree, write});
    };
    for (const ArtefactSlot &slot : entry.inputs)
      use(slot, false);
    for (const ArtefactSlot &slot : entry.outputs)
      use(slot, true);
    for (int i = 0; i < program.num_symbols; ++i)
      dims.push_back(names(program.symbols[i].name));
    std::vector<int> at(entry.inputs.size(), -1);
    for (size_t i = 0; i < entry.inputs.size(); ++i)
      if (const ArtefactSlot &slot = entry.inputs[i]; slot.tree < 0) {
        at[i] = int(parameters.size());
        parameters.push_back({names(program.inputs[i].name), program.inputs[i].dtype, slot.about, int(i), -1});
      }
    for (size_t i = 0; i < entry.outputs.size(); ++i)
      if (const ArtefactSlot &slot = entry.outputs[i]; slot.tree < 0) {
        if (slot.state >= 0 && at[size_t(slot.state)] >= 0)
          parameters[size_t(at[size_t(slot.state)])].output = int(i);
        else
          parameters.push_back({names(program.outputs[i].name), program.outputs[i].dtype, slot.about, -1, int(i)});
      }
  }
  std::string bounds(int i) const {
    const weft_symbol &symbol = program.symbols[i];
    return std::to_string(symbol.lower) + " to " + std::to_string(symbol.upper);
  }
};
} // namespace

std::string weft::codegen::artefactHeader(const ArtefactLayout &layout,
                                          const std::vector<const weft_program *> &programs,
                                          const HeaderOptions &options) {
  std::string text;
  llvm::raw_string_ostream os(text);
  const std::string &name = layout.name;
  std::string upper = llvm::StringRef(name).upper();
  int64_t arena = 0;
  for (const weft_program *program : programs)
    arena = std::max(arena, program->arena_bytes);
  os << "/* " << name << ": made by weftc from " << options.source << " for " << options.cpu << ".\n"
     << " *\n"
     << " * Link " << options.object
     << " and the runtime, libweft_runtime (pkg-config weft-runtime), with any C compiler.\n"
     << " *\n"
     << " * An instance (" << name << "_create) owns one arena of " << arena
     << " bytes and serves one call at a time; instances are independent,\n"
     << " * so each thread may have one. Inside a call the loops of a kernel run on the threads of the instance's "
        "pool; results\n"
     << " * do not depend on how many there are. A call allocates nothing.\n"
     << " *\n"
     << " * Trees are blocks of memory that the caller owns, aligned to 64 bytes; a copy of the bytes is a copy of the "
        "tree.\n"
     << " * Calls that run at the same time must not share a tree that one of them writes.\n"
     << " *\n"
     << " * Every function returns WEFT_OK or a status, with the reason in `error`, which may be NULL. A call that "
        "fails leaves\n"
     << " * its trees as they were; what it does to its other outputs is not said. Only one that is cancelled while it "
        "writes\n"
     << " * state may lose it (weft_model_lost_state), unless the instance was made with WEFT_KEEP_STATE.\n"
     << " */\n"
     << "#ifndef WEFT_ARTEFACT_" << upper << "_H\n#define WEFT_ARTEFACT_" << upper << "_H\n#include <weft.h>\n"
     << "#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n"
     << "extern const weft_artefact " << name << "_artefact;\n"
     << "/* What this header and its object agree on. */\n"
     << "#define " << upper << "_INTERFACE UINT64_C(0x" << llvm::utohexstr(layout.interface) << ")\n\n"
     << "/* An instance. pool: NULL for the threads of the process. flags: 0 or WEFT_KEEP_STATE. */\n"
     << "typedef weft_model " << name << "_model;\n"
     << "static inline " << name << "_model *" << name
     << "_create(weft_pool *pool, uint32_t flags, weft_error *error) {\n  return weft_model_create(&" << name
     << "_artefact, " << upper << "_INTERFACE, pool, flags, error);\n}\n"
     << "static inline void " << name << "_destroy(" << name << "_model *model) { weft_model_destroy(model); }\n";

  for (auto [number, tree] : llvm::enumerate(layout.trees)) {
    std::string type = name + "_" + tree.name, macro = llvm::StringRef(type).upper();
    os << "\n/* ---- tree " << tree.name << ": " << tree.leaves.size() << " leaves, " << tree.bytes
       << " bytes; owned by the caller ---- */\n"
       << "typedef struct " << type << " " << type << ";\n"
       << "#define " << macro << "_BYTES " << tree.bytes << "\n"
       << "static inline const weft_tree *" << type << "_tree(void) { return &" << name << "_artefact.trees[" << number
       << "]; }\n"
       << "/* A block of zeros: load values into it. NULL and an error on failure. */\n"
       << "static inline " << type << " *" << type << "_create(weft_error *error) {\n  return (" << type
       << " *)weft_tree_create(" << type << "_tree(), error);\n}\n"
       << "/* The same in memory of one's own: " << macro << "_BYTES bytes, aligned to 64. */\n"
       << "static inline weft_status " << type << "_init(void *memory, weft_error *error) {\n  return weft_tree_init("
       << type << "_tree(), memory, error);\n}\n"
       << "static inline void " << type << "_destroy(" << type << " *tree) { weft_tree_destroy(tree); }\n"
       << "/* All leaves from a safetensors file, or to one. If it fails, tree and file are as they were. */\n"
       << "static inline weft_status " << type << "_load(" << type
       << " *tree, const char *path, weft_error *error) {\n  return weft_tree_load(" << type
       << "_tree(), tree, path, error);\n}\n"
       << "static inline weft_status " << type << "_save(const " << type
       << " *tree, const char *path, weft_error *error) {\n  return weft_tree_save(" << type
       << "_tree(), tree, path, error);\n}\n"
       << "/* Its leaves, row-major. */\n";
    Names names({"create", "destroy", "init", "load", "save", "tree"});
    for (const ArtefactLeaf &leaf : tree.leaves)
      os << "static inline " << typeOf(leaf.dtype) << " *" << type << "_" << names(leaf.name) << "(" << type
         << " *tree) { return (" << typeOf(leaf.dtype) << " *)((char *)tree + " << leaf.offset << "); } /* "
         << weft_dtype_name(leaf.dtype) << " " << shapeText(leaf.shape) << noteOf(leaf.dtype) << " */\n";
  }

  for (auto [number, entry] : llvm::enumerate(layout.entries)) {
    Function f(entry, *programs[number]);
    os << "\n/* ---- entry " << entry.name << " ----\n";
    for (auto [tree, written] : f.trees)
      os << " * " << layout.trees[size_t(tree)].name << ": " << (written ? "read and written" : "read") << "\n";
    for (size_t i = 0; i < f.dims.size(); ++i)
      os << " * " << f.dims[i] << ": " << f.bounds(int(i)) << "\n";
    for (const Parameter &p : f.parameters)
      os << " * " << p.name << ": "
         << (p.input < 0     ? "out, "
             : p.output >= 0 ? "in and out, "
                             : "in, ")
         << p.about << noteOf(p.dtype) << "\n";
    os << " */\nstatic inline weft_status " << name << "_" << entry.name << "(" << name << "_model *model";
    for (auto [tree, written] : f.trees)
      os << ", " << (written ? "" : "const ") << name << "_" << layout.trees[size_t(tree)].name << " *"
         << layout.trees[size_t(tree)].name;
    for (const std::string &dim : f.dims)
      os << ", int64_t " << dim;
    for (const Parameter &p : f.parameters)
      os << ", " << (p.output >= 0 ? "" : "const ") << typeOf(p.dtype) << " *" << p.name;
    os << ", weft_error *error) {\n";
    auto list = [&](const char *declare, const std::vector<std::string> &items) {
      os << "  " << declare << "[] = {";
      for (size_t i = 0; i < items.size(); ++i)
        os << (i ? ", " : "") << items[i];
      os << (items.empty() ? "0" : "") << "};\n";
    };
    std::vector<std::string> trees(layout.trees.size(), "0"), inputs, outputs;
    for (auto [tree, written] : f.trees)
      trees[size_t(tree)] = "(void *)" + layout.trees[size_t(tree)].name;
    for (const Parameter &p : f.parameters)
      if (p.input >= 0)
        inputs.push_back(p.name);
    // In the program's order, in which results come before state.
    for (size_t i = 0; i < entry.outputs.size(); ++i)
      for (const Parameter &p : f.parameters)
        if (p.output == int(i))
          outputs.push_back(p.name);
    list("void *const weft_trees", trees);
    list("const int64_t weft_dims", f.dims);
    list("const void *const weft_inputs", inputs);
    list("void *const weft_outputs", outputs);
    os << "  return weft_model_run(model, " << number
       << ", weft_trees, weft_dims, weft_inputs, weft_outputs, error);\n}\n";
  }
  os << "\n#ifdef __cplusplus\n}\n#endif\n#endif\n";
  return text;
}

std::string weft::codegen::artefactWrapper(const ArtefactLayout &layout,
                                           const std::vector<const weft_program *> &programs,
                                           const HeaderOptions &options) {
  std::string text;
  llvm::raw_string_ostream os(text);
  const std::string &name = layout.name;
  std::string upper = llvm::StringRef(name).upper();
  os << "// " << name << ": made by weftc from " << options.source
     << ". The C header in C++: owners, spans whose sizes are checked, and weft::host::Failure\n// where a status says "
        "so.\n"
     << "#ifndef WEFT_ARTEFACT_" << upper << "_HPP\n#define WEFT_ARTEFACT_" << upper << "_HPP\n#include \"" << name
     << ".h\"\n#include <weft.hpp>\n\nnamespace " << name << " {\n";
  for (const ArtefactTree &tree : layout.trees) {
    std::string type = name + "_" + tree.name;
    os << "\n/// The tree " << tree.name << ": zeros at first. save(path) and load(path) are of every tree.\n"
       << "class " << tree.name << " : public weft::host::Block {\npublic:\n  " << tree.name << "() : Block(*" << type
       << "_tree()) {}\n  ::" << type << " *get() const { return static_cast<::" << type << " *>(block()); }\n";
    Names names({"save", "load", "get", "block", tree.name});
    for (const ArtefactLeaf &leaf : tree.leaves) {
      bool complex = leaf.dtype == WEFT_C64 || leaf.dtype == WEFT_C128;
      int64_t size = weft_dtype_size(leaf.dtype);
      int64_t count = size ? leaf.bytes() / size * (complex ? 2 : 1) : 0;
      os << "  std::span<" << typeOf(leaf.dtype) << "> " << names(leaf.name) << "() const { return {at<"
         << typeOf(leaf.dtype) << ">(" << leaf.offset << "), " << count << "}; } // " << weft_dtype_name(leaf.dtype)
         << " " << shapeText(leaf.shape) << noteOf(leaf.dtype) << "\n";
    }
    os << "};\n";
  }
  os << "\nclass model : public weft::host::Model {\npublic:\n  explicit model(weft_pool *pool = nullptr, "
        "std::uint32_t flags = "
        "0)\n      : Model("
     << name << "_artefact, " << upper << "_INTERFACE, pool, flags) {}\n";
  for (auto [number, entry] : llvm::enumerate(layout.entries)) {
    Function f(entry, *programs[number]);
    os << "  void " << (entry.name == "model" ? "model_" : entry.name) << "(";
    const char *separator = "";
    for (auto [tree, written] : f.trees) {
      const std::string &own = layout.trees[size_t(tree)].name;
      os << separator << (written ? "" : "const ") << name << "::" << own << " &" << own;
      separator = ", ";
    }
    for (const std::string &dim : f.dims) {
      os << separator << "std::int64_t " << dim;
      separator = ", ";
    }
    for (const Parameter &p : f.parameters) {
      os << separator << "std::span<" << (p.output >= 0 ? "" : "const ") << typeOf(p.dtype) << "> " << p.name;
      separator = ", ";
    }
    os << ") {\n    const std::int64_t weft_dims[] = {";
    for (const std::string &dim : f.dims)
      os << dim << ", ";
    os << "0};\n";
    for (const Parameter &p : f.parameters) {
      bool complex = p.dtype == WEFT_C64 || p.dtype == WEFT_C128;
      os << "    check(" << number << ", weft_dims, " << (p.input >= 0 ? p.input : int(entry.inputs.size()) + p.output)
         << ", " << p.name << ".size()" << (complex ? " / 2" : "") << ");\n";
    }
    os << "    weft_error error;\n    done(" << name << "_" << entry.name << "(handle()";
    for (auto [tree, written] : f.trees)
      os << ", " << layout.trees[size_t(tree)].name << ".get()";
    for (const std::string &dim : f.dims)
      os << ", " << dim;
    for (const Parameter &p : f.parameters)
      os << ", " << p.name << ".data()";
    os << ", &error), error);\n  }\n";
  }
  os << "};\n} // namespace " << name << "\n#endif\n";
  return text;
}
