// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Where windows lie along an axis: what pooling and convolution share. Frontend only.
#pragma once
#include "Value.h"
#include "weft/Image.h"

namespace weft::detail {

/// The windows along one axis.
struct Windows {
  int axis = 0; // of the operand
  Dim size;     // of the operand along it
  int kernel = 1, stride = 1, low = 0, high = 0, dilation = 1;
  Dim count;
  /// The last element that a window reaches, counted from its first.
  int reach() const { return dilation * (kernel - 1); }
  bool pads() const { return low > 0 || beyond().upper() > 0; }
  /// How far the last window reaches beyond the operand: negative if it does not.
  Dim beyond() const { return (count - 1) * stride + reach() + 1 - low - size; }
};
/// Counts the windows along one axis, with `ceil` those too that begin in the operand and end behind its padding; an
/// error that begins with `along` if one does not fit. Returns the formula of their number.
std::string countWindows(Windows &w, bool ceil, const std::string &along, const Tensor &operand, Loc at);
/// Element `offset` of each window, one number for each axis, of an operand that was padded.
Tensor slicesOf(const Tensor &padded, const std::vector<Windows> &all, const std::vector<int> &offset, Loc at);

} // namespace weft::detail
