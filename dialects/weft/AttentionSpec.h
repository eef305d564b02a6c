// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- AttentionSpec.h - the labels of an attention -------------------------------------------------------------------===//
//
//   %o, %l = weft.attention "bthd,bshd->bhts", "bhts,bshd->bthd", %q, %k, %v captured(%m) {
//   ^bb0(%x: tensor<2x4x8x8xf32>, %c: tensor<8x8xi1>):
//     %a = weft.broadcast %c [2, 3]            scores in the order b h t s, as if all of them were there:
//     %y = weft.select %a, %x, %minusInfinity  an emitter computes those of a tile at a time
//     weft.yield %y
//   }
//
//   key      s: of k and v, and of the scores. The softmax is over it, so that it is in no result
//   queries  t: of q, of the scores and of the result, and not of k and v. Heads that share their k and v are queries too:
//            "bgrtd,bgsd->bgrts" has r of them for each head g of k
//   shared   b, h: of q, of the scores, of the result, and of k or v or both
//   inner    d of q and k, which products sum over
//   value    d of v and the result; it may be the letter of inner
//
// The rows, to which the logarithms of the softmax's divisors belong, are the scores without the key: b h t. Without
// the last query, of which an emitter has neighbours in lanes, they are the outer labels: b h.
//
//===----------------------------------------------------------------------------------------------------------------===//
#pragma once
#include "llvm/ADT/StringRef.h"
#include <optional>
#include <string>

namespace weft::ir {
struct AttentionSpec {
  std::string q, k, v, scores, result;
  char key = 0, inner = 0, value = 0, query = 0;
  std::string rows, outer;

  /// Nothing, and the reason in `error`, if the two contractions are no attention.
  static std::optional<AttentionSpec> parse(llvm::StringRef scores, llvm::StringRef output, std::string &error);
};
} // namespace weft::ir
