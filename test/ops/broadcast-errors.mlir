// RUN: weft-opt %s --verify-diagnostics --split-input-file

func.func @size(%x: tensor<3xf32>) {
  // expected-error @below {{cannot repeat dimension 0 of f32 [3] along dimension 1 of f32 [2, 6]: sizes must be equal, or 1 in the operand}}
  %y = weft.broadcast %x [1] : (tensor<3xf32>) -> tensor<2x6xf32>
  return
}

// -----

func.func @symbol(%x: tensor<?xf32, #weft.dims<[B in 1 to 8] (B)>>) {
  // expected-error @below {{cannot repeat dimension 0 of f32 [B] along dimension 0 of f32 [8]}}
  %y = weft.broadcast %x [0] : (tensor<?xf32, #weft.dims<[B in 1 to 8] (B)>>) -> tensor<8xf32>
  return
}

// -----

func.func @count(%x: tensor<3xf32>) {
  // expected-error @below {{broadcast: dims has 2 entries, f32 [3] has 1 dimensions}}
  %y = weft.broadcast %x [0, 1] : (tensor<3xf32>) -> tensor<3x3xf32>
  return
}

// -----

func.func @outside(%x: tensor<3xf32>) {
  // expected-error @below {{axis 2 is outside f32 [3, 3], which has 2 dimensions}}
  %y = weft.broadcast %x [2] : (tensor<3xf32>) -> tensor<3x3xf32>
  return
}
