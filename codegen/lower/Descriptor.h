// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The layout of runtime/weft_runtime.h's structures as LLVM types: the one place that must agree with it, and is
// checked to.
#pragma once
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/BuiltinOps.h"

namespace weft::codegen {

/// Builds constant data of the object: structures of integers, addresses and strings.
class Descriptor {
public:
  explicit Descriptor(mlir::ModuleOp module);

  /// A field: an i32 or i64, or the address of a global (null if the name is empty).
  struct Field {
    enum Kind { i32, i64, address, text } kind;
    int64_t number = 0;
    std::string name;
  };
  static Field i32(int64_t v) { return {Field::i32, v, {}}; }
  static Field i64(int64_t v) { return {Field::i64, v, {}}; }
  static Field address(mlir::StringRef global) { return {Field::address, 0, global.str()}; }
  static Field text(mlir::StringRef value) { return {Field::text, 0, value.str()}; }

  /// A global array of structures of these fields, or null data if there are none. `exported`: the program's own name.
  void array(mlir::StringRef name, llvm::ArrayRef<std::vector<Field>> rows);
  void structure(mlir::StringRef name, const std::vector<Field> &fields);

  // The rows of the ABI's structures, in the order of their fields.
  static std::vector<Field> symbol(mlir::StringRef name, int64_t lower, int64_t upper, int64_t input, int64_t axis);
  static std::vector<Field> parameter(mlir::StringRef name, int64_t dtype, int64_t rank, int64_t input = -1);
  static std::vector<Field> message(int64_t status, mlir::StringRef text);

private:
  mlir::Type typeOf(const std::vector<Field> &fields);
  mlir::Value build(mlir::OpBuilder &b, const std::vector<Field> &fields);
  std::string string(mlir::StringRef value);

  mlir::ModuleOp module;
  int64_t strings = 0;
};
} // namespace weft::codegen
