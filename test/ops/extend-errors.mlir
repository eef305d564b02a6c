// RUN: weft-opt %s --verify-diagnostics --split-input-file

func.func @mode(%x: tensor<5xf32>) {
  // expected-error @below {{knows the modes "edge", "reflect" and "wrap", got "mirror"}}
  %y = weft.extend %x "mirror" [0] low <(2)> : (tensor<5xf32>) -> tensor<8xf32>
  return
}

// -----

func.func @reflect(%x: tensor<3xf32>) {
  // expected-error @below {{in mode "reflect" of dimension 0 of f32 [3] to f32 [7]: low 3 and high 1 can be at most the size - 1, for the edge itself is not repeated}}
  %y = weft.extend %x "reflect" [0] low <(3)> : (tensor<3xf32>) -> tensor<7xf32>
  return
}

// -----

func.func @wrap(%x: tensor<3xf32>) {
  // expected-error @below {{in mode "wrap" of dimension 0 of f32 [3] to f32 [7]: low 0 and high 4 can be at most the size}}
  %y = weft.extend %x "wrap" [0] low <(0)> : (tensor<3xf32>) -> tensor<7xf32>
  return
}

// -----

func.func @edge(%x: tensor<0xf32>) {
  // expected-error @below {{in mode "edge" of dimension 0 of f32 [0] to f32 [2]: low 1 and high 1 need one element at least to repeat}}
  %y = weft.extend %x "edge" [0] low <(1)> : (tensor<0xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @bounds(%x: tensor<?xf32, #weft.dims<[T in 1 to 64] (T)>>) {
  // expected-error @below {{low 1 and high 0 can be at most the size - 1, for the edge itself is not repeated, for every value of their symbols; narrow their bounds}}
  %y = weft.extend %x "reflect" [0] low <(1)> : (tensor<?xf32, #weft.dims<[T in 1 to 64] (T)>>) -> tensor<?xf32, #weft.dims<[T in 1 to 64] (T + 1)>>
  return
}

// -----

func.func @other(%x: tensor<3x3xf32>) {
  // expected-error @below {{widens dimension 1, which is none of its axes: f32 [3, 3] to f32 [4, 4]}}
  %y = weft.extend %x "edge" [0] low <(1, 0)> : (tensor<3x3xf32>) -> tensor<4x4xf32>
  return
}

// -----

func.func @cuts(%x: tensor<3xf32>) {
  // expected-error @below {{widths of dimension 0 must not be negative: low 2, high -1; slice cuts}}
  %y = weft.extend %x "edge" [0] low <(2)> : (tensor<3xf32>) -> tensor<4xf32>
  return
}
