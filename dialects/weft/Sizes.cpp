// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// See Sizes.h.
#include "dialects/weft/Sizes.h"
#include "dialects/weft/Weft.h"
#include "llvm/ADT/APInt.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MathExtras.h"
#include <limits>

using namespace mlir;
using namespace weft::ir;

/// Of one element; what is no number (of a type that a verifier refuses) counts as one byte.
static int64_t elementBytes(Type element) {
  if (auto complex = dyn_cast<ComplexType>(element))
    return 2 * elementBytes(complex.getElementType());
  return element.isIntOrFloat() ? llvm::divideCeil(element.getIntOrFloatBitWidth(), 8) : 1;
}
std::optional<int64_t> weft::ir::bytesAtMost(RankedTensorType type) {
  int64_t bytes = elementBytes(type.getElementType());
  for (const Dim &d : getDims(type))
    if (llvm::MulOverflow(bytes, std::max<int64_t>(d.upper(), 1), bytes) || bytes > mostBytes)
      return std::nullopt;
  return bytes;
}
std::string weft::ir::sizeAtMost(RankedTensorType type) {
  Dims dims = getDims(type);
  // A product of any numbers of 64 bits, for the text alone.
  llvm::APInt bytes(64 * (unsigned(dims.size()) + 1), uint64_t(elementBytes(type.getElementType())));
  bool known = true;
  std::vector<Symbol> symbols;
  for (const Dim &d : dims) {
    known &= d.upper() != std::numeric_limits<int64_t>::max();
    bytes *= llvm::APInt(bytes.getBitWidth(), uint64_t(std::max<int64_t>(d.upper(), 1)));
    for (const Symbol &s : d.symbols())
      if (!llvm::is_contained(symbols, s))
        symbols.push_back(s);
  }
  std::string text = str(Type(type)) + " has ";
  if (known)
    text += llvm::toString(bytes, 10, /*Signed=*/false) + " bytes";
  else
    text += "a size that does not fit 64 bits";
  for (auto [i, s] : llvm::enumerate(symbols))
    text += (i ? " and " : " where ") + s.name + " is " + std::to_string(s.upper);
  return text;
}
int64_t weft::ir::saturatingProduct(ArrayRef<int64_t> factors) {
  int64_t product = 1;
  for (int64_t factor : factors)
    if (factor == 0)
      return 0;
    else if (llvm::MulOverflow(product, factor, product))
      product = std::numeric_limits<int64_t>::max();
  return product;
}
LogicalResult weft::ir::checkSizes(Operation *root) {
  auto check = [](Operation *op, TypeRange types) -> LogicalResult {
    for (Type type : types)
      if (auto tensor = dyn_cast<RankedTensorType>(type); tensor && !bytesAtMost(tensor)) {
        InFlightDiagnostic error = op->emitOpError() << sizeAtMost(tensor) << ": more than any memory has";
        if (!tensor.hasStaticShape())
          error.attachNote() << "memory is planned for the largest sizes: give the dimensions smaller bounds";
        return error;
      }
    return success();
  };
  return failure(root->walk<WalkOrder::PreOrder>([&](Operation *op) {
                       if (failed(check(op, op->getResultTypes())))
                         return WalkResult::interrupt();
                       for (Region &region : op->getRegions())
                         for (Block &block : region)
                           if (failed(check(op, block.getArgumentTypes())))
                             return WalkResult::interrupt();
                       return WalkResult::advance();
                     })
                     .wasInterrupted());
}
