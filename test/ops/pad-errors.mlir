// RUN: weft-opt %s --verify-diagnostics --split-input-file

func.func @room(%x: tensor<5xf32>, %v: tensor<f32>) {
  // expected-error @below {{result dimension 0 has 6 elements, too few for 2 in front of 5 with 0 between neighbours}}
  %y = weft.pad %x, %v low <(2)> interior [0] : (tensor<5xf32>, tensor<f32>) -> tensor<6xf32>
  return
}

// -----

func.func @negative(%x: tensor<5xf32>, %v: tensor<f32>) {
  // expected-error @below {{widths of dimension 0 must not be negative: low -1, interior 0; slice cuts}}
  %y = weft.pad %x, %v low <(-1)> interior [0] : (tensor<5xf32>, tensor<f32>) -> tensor<6xf32>
  return
}

// -----

func.func @fill(%x: tensor<5xf32>, %v: tensor<1xf32>) {
  // expected-error @below {{fills with a scalar, got f32 [1]}}
  %y = weft.pad %x, %v low <(0)> interior [0] : (tensor<5xf32>, tensor<1xf32>) -> tensor<6xf32>
  return
}

// -----

func.func @types(%x: tensor<5xf32>, %v: tensor<f64>) {
  // expected-error @below {{needs one element type, got f32 [5], value f64 [] and result f32 [6]}}
  %y = weft.pad %x, %v low <(0)> interior [0] : (tensor<5xf32>, tensor<f64>) -> tensor<6xf32>
  return
}
