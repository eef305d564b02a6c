// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Convolutions with weights of their own.
#pragma once
#include "weft/Image.h"

namespace weft {
namespace detail {
/// Uniform within 1 / sqrt(inputs), where the inputs are all dimensions of the weights but the first.
Init uniformOfInputs(const Tensor &weights);
} // namespace detail

namespace nn {
/// `nn::Conv{.in = 3, .out = 64, .kernel = {3, 3}, .padding = {1}}` of x [B, in, n...]. The kernel has one size for
/// each axis of space; the other lists have one number for each of them, or one for all.
struct Conv {
  int in = 0, out = 0;
  std::vector<int> kernel, stride{1}, padding{0}, padding_high{-1}, dilation{1};
  int groups = 1;
  bool bias = true;
  ConvolutionPadding pads = ConvolutionPadding::given;
  Param w{weights(), detail::uniformOfInputs(weights())},
      b = bias ? Param({out}, detail::uniformOfInputs(weights())) : Param();
  Tensor operator()(const Tensor &x, Loc at = Loc::here()) const;
  Tensor weights() const;
};

/// The same of convolution_transpose, with weights [in, out / groups, kernel...].
struct ConvTranspose {
  int in = 0, out = 0;
  std::vector<int> kernel, stride{1}, padding{0}, padding_high{-1}, dilation{1}, output_padding{0};
  int groups = 1;
  bool bias = true;
  Param w{weights(), detail::uniformOfInputs(weights())},
      b = bias ? Param({out}, detail::uniformOfInputs(weights())) : Param();
  Tensor operator()(const Tensor &x, Loc at = Loc::here()) const;
  Tensor weights() const;
};

} // namespace nn
} // namespace weft
