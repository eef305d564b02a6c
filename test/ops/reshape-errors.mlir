// RUN: weft-opt %s --verify-diagnostics --split-input-file

func.func @count(%x: tensor<2x3xf32>) {
  // expected-error @below {{changes the number of elements: f32 [2, 3] to f32 [7]}}
  %a = weft.reshape %x : (tensor<2x3xf32>) -> tensor<7xf32>
  return
}

// -----

func.func @type(%x: tensor<2x3xf32>) {
  // expected-error @below {{changes the element type: f32 [2, 3] to f64 [6]; write cast}}
  %a = weft.reshape %x : (tensor<2x3xf32>) -> tensor<6xf64>
  return
}

// -----

// That B is even is nothing that a dimension can promise.
func.func @halves(%x: tensor<?xf32, #weft.dims<[B in 1 to 64] (B)>>) {
  // expected-error @below {{changes the number of elements: f32 [B] to f32 [2, B floordiv 2]}}
  %a = weft.reshape %x : (tensor<?xf32, #weft.dims<[B in 1 to 64] (B)>>) -> tensor<2x?xf32, #weft.dims<[B in 1 to 64] (2, B floordiv 2)>>
  return
}
