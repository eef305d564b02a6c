// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Records.h - the records of ops as our backends see them ---------------------------------------------------------===//
//
// A record is read once and checked while it is read. What it says and cannot be true is an error of the build at its
// line: a facet that is left open, one that is claimed and for which the op has no interface, one that is denied though
// the interface is there, a function of the DSL that does not follow from operands and attributes.
//
//===----------------------------------------------------------------------------------------------------------------===//
#pragma once
#include "mlir/TableGen/Operator.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/TableGen/Record.h"
#include <string>
#include <tuple>
#include <vector>

namespace weft::tblgen {

inline constexpr llvm::StringLiteral facets[] = {"reference", "lowering", "derivative", "batching", "streaming"};

/// An attribute of one of the classes in WeftBase.td, in the words of dialects/weft/Attributes.h.
struct DimensionAttribute {
  std::string kind, name;
  int of, within;
};

/// A function of the DSL.
struct Function {
  std::string result, name, declared, defined, body; // parameters with their defaults, and without
  bool isOperator = false;                           // declared by hand, in front of all else
};

struct Row {
  const llvm::Record *def;
  mlir::tblgen::Operator op;
  std::vector<DimensionAttribute> attributes;
  std::vector<Function> functions;
  std::string form; // of the functions, as docs/ops.md shows it

  explicit Row(const llvm::Record *def);
  llvm::StringRef mnemonic() const { return def->getValueAsString("opName"); }

  struct Facet {
    bool present;
    llvm::StringRef text, pass; // why or how; the pass that sees to it, if one does
  };
  Facet facet(llvm::StringRef field) const;
  /// The DSL's spelling, or nothing.
  std::string shownForm() const;

private:
  [[noreturn]] void refuse(const llvm::Twine &why) const;
  const llvm::Record *required(llvm::StringRef field) const;
  int numberOf(llvm::StringRef attribute, llvm::StringRef value) const;
  std::tuple<llvm::StringRef, llvm::StringRef, llvm::StringRef>
  argumentOf(const mlir::tblgen::NamedAttribute &attribute) const;
  void readAttributes();
  void readFunctions();
  void plainFunction(llvm::StringRef name);
  void broadcastingFunction(llvm::StringRef name, bool isOperator);
  void reduction(llvm::StringRef name);
  void requireResultFollows(llvm::StringRef form) const;
};

/// All records, checked.
std::vector<Row> readRows(const llvm::RecordKeeper &records);
} // namespace weft::tblgen
