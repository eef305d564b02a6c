// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The generated table of attributes that speak of dimensions, and what is done by it.
#include "dialects/weft/Attributes.h"
#include "dialects/weft/rules/Checks.h"
#include "llvm/ADT/StringMap.h"

using namespace mlir;
using namespace weft::ir;

ArrayRef<DimensionAttribute> weft::ir::dimensionAttributes(StringRef op) {
  using enum DimensionAttribute::Kind;
  static const llvm::StringMap<std::vector<DimensionAttribute>> table = {
#include "dialects/weft/Attributes.inc"
  };
  auto found = table.find(op);
  return found == table.end() ? ArrayRef<DimensionAttribute>() : ArrayRef<DimensionAttribute>(found->second);
}

LogicalResult weft::ir::checkAttributes(StringRef op, std::optional<Location> location, ValueRange operands,
                                        TypeRange results, llvm::function_ref<Attribute(StringRef)> find) {
  StringRef name = op.split('.').second;
  // The type whose dimensions are meant; null if it is not known yet, or no ranked tensor, which others complain of.
  auto typeOf = [&](int number) -> RankedTensorType {
    if (number < 0)
      return ~number < int(results.size()) ? dyn_cast<RankedTensorType>(results[~number]) : RankedTensorType();
    return number < int(operands.size()) ? dyn_cast<RankedTensorType>(operands[number].getType()) : RankedTensorType();
  };
  for (const DimensionAttribute &fact : dimensionAttributes(op)) {
    Attribute attribute = find(fact.name);
    if (!attribute)
      return emitOptionalError(location, name, ": needs the attribute '", fact.name, "'");
    RankedTensorType type = typeOf(fact.of);
    if (!type)
      continue;
    if (fact.kind == DimensionAttribute::axis) {
      if (failed(checkAxis(name, location, cast<IntegerAttr>(attribute).getInt(), type)))
        return failure();
      continue;
    }
    bool isOffsets = fact.kind == DimensionAttribute::offsets;
    size_t entries = isOffsets ? cast<DimsAttr>(attribute).getDims().size() : cast<DenseI64ArrayAttr>(attribute).size();
    bool perDimension = fact.kind != DimensionAttribute::axes && fact.kind != DimensionAttribute::anyAxes;
    if (perDimension && int64_t(entries) != type.getRank())
      return emitOptionalError(location, name, ": ", fact.name, " has ", entries,
                               entries == 1 ? " entry, " : " entries, ", str(type), " has ", type.getRank(),
                               " dimensions");
    if (isOffsets || fact.kind == DimensionAttribute::perDimension)
      continue;
    RankedTensorType within = fact.kind == DimensionAttribute::places ? typeOf(fact.within) : type;
    if (within && failed(checkAxes(name, location, cast<DenseI64ArrayAttr>(attribute).asArrayRef(), within,
                                   /*sorted=*/fact.kind == DimensionAttribute::axes)))
      return failure();
  }
  return success();
}
