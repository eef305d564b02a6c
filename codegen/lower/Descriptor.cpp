// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Constant data in the shape of runtime/weft_runtime.h; see Descriptor.h.
#include "codegen/lower/Descriptor.h"
#include "mlir/IR/Builders.h"
#include "runtime/weft_runtime.h"

using namespace mlir;
using namespace weft::codegen;
using Field = Descriptor::Field;

// LLVM lays out {i32, ...} as C does on every target that we compile for; these say that the order of fields here is
// the header's.
static_assert(offsetof(weft_symbol, name) == 0 && offsetof(weft_symbol, lower) == 8 &&
              offsetof(weft_symbol, upper) == 16 && offsetof(weft_symbol, input) == 24 &&
              offsetof(weft_symbol, axis) == 28 && sizeof(weft_symbol) == 32);
static_assert(offsetof(weft_parameter, name) == 0 && offsetof(weft_parameter, dtype) == 8 &&
              offsetof(weft_parameter, rank) == 12 && offsetof(weft_parameter, input) == 16 &&
              sizeof(weft_parameter) == 24);
static_assert(offsetof(weft_loop, task) == 0 && offsetof(weft_loop, frame) == 8 && offsetof(weft_loop, count) == 16 &&
              offsetof(weft_loop, grain) == 24 && sizeof(weft_loop) == 40);
static_assert(offsetof(weft_message, status) == 0 && offsetof(weft_message, text) == 8 && sizeof(weft_message) == 16);
static_assert(offsetof(weft_program, abi_version) == 0 && offsetof(weft_program, num_inputs) == 4 &&
              offsetof(weft_program, num_outputs) == 8 && offsetof(weft_program, num_symbols) == 12 &&
              offsetof(weft_program, num_messages) == 16 && offsetof(weft_program, needs_tiles) == 20 &&
              offsetof(weft_program, name) == 24 && offsetof(weft_program, inputs) == 32 &&
              offsetof(weft_program, outputs) == 40 && offsetof(weft_program, symbols) == 48 &&
              offsetof(weft_program, messages) == 56 && offsetof(weft_program, arena_bytes) == 64 &&
              offsetof(weft_program, shapes) == 72 && offsetof(weft_program, run) == 80 &&
              offsetof(weft_program, cpu_features) == 88 && sizeof(weft_program) == 96);
static_assert(offsetof(weft_context, error_word) == 0);

std::vector<Field> Descriptor::symbol(StringRef name, int64_t lower, int64_t upper, int64_t input, int64_t axis) {
  return {text(name), i64(lower), i64(upper), i32(input), i32(axis)};
}
std::vector<Field> Descriptor::parameter(StringRef name, int64_t dtype, int64_t rank, int64_t input) {
  return {text(name), i32(dtype), i32(rank), i32(input)};
}
std::vector<Field> Descriptor::message(int64_t status, StringRef sentence) { return {i32(status), text(sentence)}; }

Descriptor::Descriptor(ModuleOp module) : module(module) {}

Type Descriptor::typeOf(const std::vector<Field> &fields) {
  MLIRContext *context = module.getContext();
  SmallVector<Type> types;
  for (const Field &f : fields)
    types.push_back(f.kind == Field::i32   ? Type(IntegerType::get(context, 32))
                    : f.kind == Field::i64 ? Type(IntegerType::get(context, 64))
                                           : Type(LLVM::LLVMPointerType::get(context)));
  return LLVM::LLVMStructType::getLiteral(context, types);
}

std::string Descriptor::string(StringRef value) {
  OpBuilder b = OpBuilder::atBlockEnd(module.getBody());
  while (module.lookupSymbol("weft_text_" + std::to_string(strings))) // those of another program
    ++strings;
  std::string name = "weft_text_" + std::to_string(strings++), bytes = value.str() + '\0';
  auto type = LLVM::LLVMArrayType::get(b.getI8Type(), bytes.size());
  LLVM::GlobalOp::create(b, module.getLoc(), type, /*isConstant=*/true, LLVM::Linkage::Internal, name,
                         b.getStringAttr(bytes));
  return name;
}

Value Descriptor::build(OpBuilder &b, const std::vector<Field> &fields) {
  Location loc = module.getLoc();
  auto pointer = LLVM::LLVMPointerType::get(b.getContext());
  Value all = LLVM::UndefOp::create(b, loc, typeOf(fields));
  for (auto [i, f] : llvm::enumerate(fields)) {
    Value v;
    if (f.kind == Field::i32 || f.kind == Field::i64)
      v = LLVM::ConstantOp::create(b, loc, b.getIntegerType(f.kind == Field::i32 ? 32 : 64), f.number);
    else if (f.kind == Field::address && f.name.empty())
      v = LLVM::ZeroOp::create(b, loc, pointer);
    else
      v = LLVM::AddressOfOp::create(b, loc, pointer, f.kind == Field::text ? string(f.name) : f.name);
    all = LLVM::InsertValueOp::create(b, loc, all, v, ArrayRef<int64_t>{int64_t(i)});
  }
  return all;
}

void Descriptor::structure(StringRef name, const std::vector<Field> &fields) {
  OpBuilder b = OpBuilder::atBlockEnd(module.getBody());
  auto global = LLVM::GlobalOp::create(b, module.getLoc(), typeOf(fields), /*isConstant=*/true, LLVM::Linkage::External,
                                       name, Attribute());
  b.createBlock(&global.getInitializerRegion());
  LLVM::ReturnOp::create(b, module.getLoc(), build(b, fields));
}

void Descriptor::array(StringRef name, ArrayRef<std::vector<Field>> rows) {
  OpBuilder b = OpBuilder::atBlockEnd(module.getBody());
  auto type = LLVM::LLVMArrayType::get(typeOf(rows[0]), rows.size());
  auto global =
      LLVM::GlobalOp::create(b, module.getLoc(), type, /*isConstant=*/true, LLVM::Linkage::Internal, name, Attribute());
  b.createBlock(&global.getInitializerRegion());
  Value all = LLVM::UndefOp::create(b, module.getLoc(), type);
  for (auto [i, row] : llvm::enumerate(rows))
    all = LLVM::InsertValueOp::create(b, module.getLoc(), all, build(b, row), ArrayRef<int64_t>{int64_t(i)});
  LLVM::ReturnOp::create(b, module.getLoc(), all);
}
