// RUN: weft-opt %s --verify-diagnostics --split-input-file

// What holds for every elementwise op of two operands: one shape, one element type, and a type that the op has a meaning for.

func.func @shapes(%x: tensor<3xf32>, %y: tensor<4xf32>) {
  // expected-error @below {{'weft.add' op failed to verify that all of {lhs, rhs} have same type}}
  %z = "weft.add"(%x, %y) : (tensor<3xf32>, tensor<4xf32>) -> tensor<3xf32>
  return
}

// -----

func.func @result(%x: tensor<3xf32>) {
  // expected-error @below {{'weft.add' op inferred type(s) 'tensor<3xf32>' are incompatible with return type(s) of operation 'tensor<3xf64>'}}
  // expected-error @below {{'weft.add' op failed to infer returned types}}
  %z = "weft.add"(%x, %x) : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf64>
  return
}

// -----

func.func @truth(%x: tensor<3xi1>) {
  // expected-error @below {{operand #0 must be}}
  %z = weft.add %x, %x : tensor<3xi1>
  return
}

// -----

func.func @floats_only(%x: tensor<3xi32>) {
  // expected-error @below {{operand #0 must be}}
  %z = weft.exp %x : tensor<3xi32>
  return
}

// -----

func.func @integers_only(%x: tensor<3xf32>) {
  // expected-error @below {{operand #0 must be}}
  %z = weft.and %x, %x : tensor<3xf32>
  return
}
