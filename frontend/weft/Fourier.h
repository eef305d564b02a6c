// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Discrete Fourier transforms, of any length, in f32 and f64 (c64 and c128).
//
//   X[k] = sum over n of x[n] exp(-2 pi i k n / N)         and back with exp(+...) and 1 / N
//
// The names and the meaning are those of numpy.fft and torch.fft. Lengths must be known when a function is traced;
// other dimensions may be dynamic. All are plain ops (products with small matrices and turns of the plane, by Cooley
// and Tukey 1965; lengths with a prime factor above 128 by Bluestein 1970), so derivatives of every order, vmap and all
// targets follow.
#pragma once
#include "weft/Ops.h"

namespace weft {
/// Who divides by N: the inverse; both, by its root; the forward transform.
enum class FourierNorm { backward, ortho, forward };
struct Fourier {
  /// Elements along the axis: the operand is cut or padded with zeros behind its end. 0: as many as there are. Of irfft
  /// the elements of the result; 0: 2 (m - 1) of m.
  int n = 0;
  FourierNorm norm = FourierNorm::backward;
};
/// Along one axis; of a real operand too. The result is complex, of the operand's precision.
Tensor fft(const Tensor &x, int axis = -1, const Fourier &how = {}, Loc at = Loc::here());
Tensor ifft(const Tensor &x, int axis = -1, const Fourier &how = {}, Loc at = Loc::here());
/// Of a real operand the first n / 2 + 1 elements: the others are their conjugates.
Tensor rfft(const Tensor &x, int axis = -1, const Fourier &how = {}, Loc at = Loc::here());
/// The real numbers whose rfft x is. The imaginary part of the first element, and of the last where n is even, counts
/// as 0.
Tensor irfft(const Tensor &x, int axis = -1, const Fourier &how = {}, Loc at = Loc::here());
/// Along several axes; `axes` may be left out for all. rfftn halves the last of the axes, and irfftn restores it.
Tensor fftn(const Tensor &x, const Axes &axes = {}, FourierNorm norm = FourierNorm::backward, Loc at = Loc::here());
Tensor ifftn(const Tensor &x, const Axes &axes = {}, FourierNorm norm = FourierNorm::backward, Loc at = Loc::here());
Tensor rfftn(const Tensor &x, const Axes &axes = {}, FourierNorm norm = FourierNorm::backward, Loc at = Loc::here());
Tensor irfftn(const Tensor &x, const Axes &axes = {}, const Fourier &how = {}, Loc at = Loc::here());

/// The frequencies of the elements of an fft of n samples that lie `d` apart, in cycles of d's unit: 0, 1, ..., -1
/// over d n; of an rfft those that are not negative.
Tensor fftfreq(int n, double d = 1, DType dtype = default_dtype(), Loc at = Loc::here());
Tensor rfftfreq(int n, double d = 1, DType dtype = default_dtype(), Loc at = Loc::here());
/// Puts the element of frequency 0 in the middle of each axis, and back.
Tensor fftshift(const Tensor &x, const Axes &axes = {}, Loc at = Loc::here());
Tensor ifftshift(const Tensor &x, const Axes &axes = {}, Loc at = Loc::here());
} // namespace weft
