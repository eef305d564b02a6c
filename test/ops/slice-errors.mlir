// RUN: weft-opt %s --verify-diagnostics --split-input-file

func.func @outside(%x: tensor<5xf32>) {
  // expected-error @below {{takes 3 elements from 1 on, every 2, of dimension 0 of f32 [5]: that reaches outside}}
  %y = weft.slice %x from <(1)> by [2] : (tensor<5xf32>) -> tensor<3xf32>
  return
}

// -----

func.func @sometimes(%x: tensor<?xf32, #weft.dims<[T in 1 to 64] (T)>>) {
  // expected-error @below {{takes 4 elements from 0 on, every 1, of dimension 0 of f32 [T]: that can reach outside for some value of its symbols; narrow their bounds}}
  %y = weft.slice %x from <(0)> by [1] : (tensor<?xf32, #weft.dims<[T in 1 to 64] (T)>>) -> tensor<4xf32>
  return
}

// -----

func.func @backwards(%x: tensor<5xf32>) {
  // expected-error @below {{stride -1 of dimension 0 must be positive; reverse turns an axis round}}
  %y = weft.slice %x from <(4)> by [-1] : (tensor<5xf32>) -> tensor<5xf32>
  return
}

// -----

func.func @negative(%x: tensor<5xf32>) {
  // expected-error @below {{takes 2 elements from -1 on}}
  %y = weft.slice %x from <(-1)> by [1] : (tensor<5xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @counts(%x: tensor<5x2xf32>) {
  // expected-error @below {{slice: starts has 1 entry, f32 [5, 2] has 2 dimensions}}
  %y = weft.slice %x from <(0)> by [1, 1] : (tensor<5x2xf32>) -> tensor<5x2xf32>
  return
}
