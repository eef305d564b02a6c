// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Ops on signals, images and volumes. Where axes are not named, a tensor is [B, C, ...]: the axes behind the first two
// are space, one to three of them.
#pragma once
#include "weft/Ops.h"

namespace weft {

// ---- what is chosen by name
/// What stands in the margins of `pad`: a value; the elements next to the edge mirrored, without the edge itself; the
/// edge repeated; the other side, as if the axis were a ring.
enum class PadMode { constant, reflect, edge, wrap };
/// nearest: element floor(i n / m). linear and cubic (Keys, a = -0.75) between neighbours, those outside repeat the
/// edge. area: adaptive_avg_pool.
enum class Interpolation { nearest, linear, cubic, area };
/// What grid_sample reads outside: zeros, the nearest element, the operand mirrored at its border.
enum class GridPadding { zeros, border, reflection };
/// The zeros around the operand of a convolution: those that are given; so many that there are ceil(size / stride)
/// results, half of them in front and an odd one behind; or as many as the window reaches, all in front.
enum class ConvolutionPadding { given, same, causal };
/// Orthonormal filters of two and of four taps.
enum class WaveletFilter { haar, d4 };

// ---- options, which are written in braces
namespace detail {
/// So many places in front of an axis and behind it.
struct Margin {
  int axis = 0;
  Dim low = 0, high = 0;
};
/// A number for each axis of space, or one for all of them.
struct PerAxis {
  std::vector<int> values;
  PerAxis(int all) : values{all} {}
  PerAxis(std::initializer_list<int> each) : values(each) {}
  PerAxis(std::vector<int> each) : values(std::move(each)) {}
};
/// Where windows lie: `max_pool(x, 3, {.stride = 2, .padding = 1})`. Along each axis there are
/// floor((size + padding + padding_high - dilation (kernel - 1) - 1) / stride) + 1 of them; with `ceil` the quotient is
/// rounded up, and a window that would begin behind the operand and its padding in front is left out.
struct Pool {
  PerAxis stride = 0; // 0: the kernel's size, so that windows lie side by side
  PerAxis padding = 0;
  PerAxis padding_high = -1; // behind; -1: as in front
  PerAxis dilation = 1;
  bool ceil = false;
  bool count_include_pad = true; // avg_pool: padding counts as zeros; else only elements of the operand count
};
/// Where the windows of a convolution lie. `interior` zeros stand between neighbours of x (the dilation of its left
/// side) before `padding` zeros are put around it.
struct Convolution {
  PerAxis stride = 1;
  PerAxis padding = 0;
  PerAxis padding_high = -1; // behind; -1: as in front
  PerAxis dilation = 1;      // of the weights
  int groups = 1;
  PerAxis interior = 0;
  ConvolutionPadding pads = ConvolutionPadding::given;
};
/// `stride` and the paddings are those of the convolution whose adjoint it is: paddings take places away. Of the sizes
/// that the convolution maps to x's, the smallest one is the result's: `output_padding` more, or `output_size`.
struct ConvolutionTranspose {
  PerAxis stride = 1;
  PerAxis padding = 0;
  PerAxis padding_high = -1;
  PerAxis dilation = 1;
  int groups = 1;
  PerAxis output_padding = 0;
  Shape output_size = {};
};
/// With `align_corners` the first and the last element of both sizes coincide, else their outer edges do. `antialias`
/// (linear and cubic, of fixed sizes, without align_corners) widens the filter where the result is smaller; its cubic
/// has a = -0.5.
struct Resize {
  Interpolation mode = Interpolation::nearest;
  bool align_corners = false, antialias = false;
};
/// mode: linear or nearest, halves to even.
struct GridSample {
  Interpolation mode = Interpolation::linear;
  GridPadding padding = GridPadding::zeros;
  bool align_corners = false;
};
struct Ssim {
  double range = 1; // of the values: 255 of bytes
  int window = 11;
  double sigma = 1.5, k1 = 0.01, k2 = 0.03;
};
} // namespace detail

// ---- padding
/// `pad(x, {{-2, 1, 1}, {-1, 0, 2}}, PadMode::reflect)`. A mirror lends at most size - 1 elements to a side, a ring at
/// most size. The value is for constants alone.
Tensor pad(const Tensor &x, const std::vector<detail::Margin> &margins, PadMode mode = PadMode::constant,
           const Operand &value = 0);

// ---- pooling
/// The largest element of each window; padding is none. A NaN gives NaN. The derivative goes to the first element in
/// row-major order that reaches it.
Tensor max_pool(const Tensor &x, const detail::PerAxis &kernel, const detail::Pool &how = {}, Loc at = Loc::here());
/// The mean of each window.
Tensor avg_pool(const Tensor &x, const detail::PerAxis &kernel, const detail::Pool &how = {}, Loc at = Loc::here());
/// To a given size: cell i of m is the mean (the largest) of the elements floor(i n / m) to ceil((i + 1) n / m) - 1.
Tensor adaptive_avg_pool(const Tensor &x, const Shape &size, Loc at = Loc::here());
Tensor adaptive_max_pool(const Tensor &x, const Shape &size, Loc at = Loc::here());

// ---- convolution
/// x [B, C, n...] with w [O, C / groups, k...] over one to three axes of space: y[b, o, i...] is the sum over c and j
/// of x[b, c, i stride + j dilation - padding] w[o, c, j]; outside of x are zeros. Along each axis there are
/// floor((size + padding + padding_high - dilation (k - 1) - 1) / stride) + 1 results.
Tensor convolution(const Tensor &x, const Tensor &w, const detail::Convolution &how = {}, Loc at = Loc::here());
/// The adjoint, x [B, O, n...] with w [O, C / groups, k...]: [B, C, (n - 1) stride - padding - padding_high +
/// dilation (k - 1) + 1 + output_padding...].
Tensor convolution_transpose(const Tensor &x, const Tensor &w, const detail::ConvolutionTranspose &how = {},
                             Loc at = Loc::here());

// ---- other sizes
/// The axes of space in other sizes: `resize(x, {2 * x.dim(2), 2 * x.dim(3)}, {Interpolation::linear})`.
Tensor resize(const Tensor &x, const Shape &size, const detail::Resize &how = {}, Loc at = Loc::here());
/// [B, C r^d, n...] to [B, C, n r...] for d axes of space and back: element (c, i, j) of the channels is at (i, j) of
/// its r x r square.
Tensor pixel_shuffle(const Tensor &x, int r, Loc at = Loc::here());
Tensor pixel_unshuffle(const Tensor &x, int r, Loc at = Loc::here());
/// The same with the square's places in front of the channels: (i, j, c).
Tensor depth_to_space(const Tensor &x, int r, Loc at = Loc::here());
Tensor space_to_depth(const Tensor &x, int r, Loc at = Loc::here());

// ---- reading between elements
/// x [B, C, H, W] or [B, C, D, H, W] at grid [B, ..., 2] or [B, ..., 3]: [B, C, ...]. A point is (x, y) or (x, y, z), x
/// along the last axis, from -1 to 1: the centres of the outermost elements with `align_corners`, else their outer
/// edges. A coordinate that is NaN gives NaN.
Tensor grid_sample(const Tensor &x, const Tensor &grid, const detail::GridSample &how = {}, Loc at = Loc::here());

// ---- filters
/// x / (k + alpha / size * sum of x^2 over `size` neighbouring channels)^beta, with zeros outside.
Tensor local_response_norm(const Tensor &x, int size, double alpha = 1e-4, double beta = 0.75, double k = 1,
                           Loc at = Loc::here());
/// Structural similarity of each image, [B]: the mean over channels and all windows that lie inside, weighted by a
/// Gaussian. The loss is 1 - its mean.
Tensor ssim(const Tensor &x, const Tensor &y, const detail::Ssim &how = {}, Loc at = Loc::here());
Tensor ssim_loss(const Tensor &x, const Tensor &y, const detail::Ssim &how = {}, Loc at = Loc::here());
/// All bands of `levels` levels: [B, C, n...] to [B, C 2^(d levels), n / 2^levels...] over d axes of space, which are
/// rings. Bands of a channel are neighbours, the first level's choice in front, low before high, earlier axes in front.
Tensor wavelet_packet(const Tensor &x, int levels, WaveletFilter wavelet = WaveletFilter::haar, Loc at = Loc::here());
Tensor inverse_wavelet_packet(const Tensor &x, int levels, WaveletFilter wavelet = WaveletFilter::haar,
                              Loc at = Loc::here());

namespace detail {
/// The number of axes of space of x [B, C, ...], or an error that names the op.
int spaceOf(const char *op, const Tensor &x, Loc at, int least = 1, int most = 3);
/// One number for each of `axes` axes, each at least `least`.
std::vector<int> eachAxis(const char *op, const char *what, const detail::PerAxis &given, int axes, int least, Loc at);
/// A vector along an axis of a tensor of that rank: [1, ..., n, ..., 1].
Tensor alongAxis(const Tensor &vector, int axis, int rank, Loc at);
/// Elements of x at places along an axis, which may be those of many axes; places outside read the nearest element.
Tensor takeNearest(const Tensor &x, const Tensor &places, int axis, Loc at);
/// In the type that sums accumulate in: f32 for f16 and bf16.
Tensor wideOf(const Tensor &x, Loc at);
} // namespace detail

} // namespace weft
