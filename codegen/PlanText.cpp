// The plan as text; see PlanText.h.
#include "codegen/PlanText.h"
#include "codegen/lower/Places.h"
#include "dialects/weft/Weft.h"
#include "llvm/Support/raw_ostream.h"
#include <algorithm>

using namespace mlir;
using namespace weft;
using namespace weft::codegen;

static std::string describe(Value value) {
  FailureOr<Place> place = placeOf(value);
  if (failed(place))
    return "?";
  switch (place->kind) {
  case Place::input: return "input " + std::to_string(place->index);
  case Place::output: return "output " + std::to_string(place->index);
  case Place::constant: return "constant";
  case Place::arena: break;
  }
  return "arena [" + std::to_string(place->offset) + ", " + std::to_string(place->offset + place->bytes) + ")";
}

/// The last dispatch that reads a value, through reshapes.
static int64_t lastUse(Value value, const llvm::DenseMap<Operation *, int64_t> &order, int64_t from) {
  int64_t last = from;
  for (Operation *user : value.getUsers()) {
    if (isa<ir::ReshapeOp>(user))
      last = std::max(last, lastUse(user->getResult(0), order, from));
    else if (auto found = order.find(user); found != order.end())
      last = std::max(last, found->second);
  }
  return last;
}

std::string weft::codegen::planText(func::FuncOp function) {
  std::string text;
  llvm::raw_string_ostream os(text);
  llvm::DenseMap<Operation *, int64_t> order;
  SmallVector<loom::DispatchOp> dispatches;
  function.walk([&](loom::DispatchOp dispatch) {
    order[dispatch] = int64_t(dispatches.size());
    dispatches.push_back(dispatch);
  });
  SmallVector<int64_t> live(dispatches.size(), 0);
  for (auto [i, dispatch] : llvm::enumerate(dispatches)) {
    os << i << ": " << dispatch.getKernel() << "(";
    llvm::interleaveComma(dispatch.getOperands(), os, [&](Value v) { os << describe(v); });
    os << ") -> ";
    llvm::interleaveComma(dispatch.getResults(), os, [&](Value v) { os << ir::str(v.getType()) << " in " << describe(v); });
    os << "\n";
    for (Value result : dispatch.getResults()) {
      FailureOr<Place> place = placeOf(result);
      if (failed(place) || place->kind != Place::arena)
        continue;
      for (int64_t at = int64_t(i), last = lastUse(result, order, at); at <= last; ++at)
        live[at] += place->bytes;
    }
  }
  int64_t bound = live.empty() ? 0 : *std::max_element(live.begin(), live.end());
  os << "arena: " << arenaBytes(function) << " bytes; at one time at least " << bound << " are in use\n";
  return text;
}
