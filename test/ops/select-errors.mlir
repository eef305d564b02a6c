// RUN: weft-opt %s --verify-diagnostics --split-input-file

func.func @predicate_of_another_shape(%p: tensor<4xi1>, %x: tensor<5xf32>) {
  // expected-error @below {{select: shapes differ: predicate i1 [4] and values f32 [5]}}
  %y = weft.select %p, %x, %x : tensor<4xi1>, tensor<5xf32>
  return
}

// -----

func.func @predicate_is_a_number(%p: tensor<5xi32>, %x: tensor<5xf32>) {
  // expected-error @below {{select: the predicate must be i1, got i32 [5]; write a comparison}}
  %y = weft.select %p, %x, %x : tensor<5xi32>, tensor<5xf32>
  return
}

// -----

// A symbol is not equal to a constant, whatever it may be in a run.
func.func @a_symbol_is_no_constant(%p: tensor<?xi1, #weft.dims<[B in 1 to 8] (B)>>, %x: tensor<5xf32>) {
  // expected-error @below {{select: shapes differ: predicate i1 [B] and values f32 [5]}}
  %y = weft.select %p, %x, %x : tensor<?xi1, #weft.dims<[B in 1 to 8] (B)>>, tensor<5xf32>
  return
}
