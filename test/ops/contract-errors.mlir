// RUN: weft-opt %s --verify-diagnostics --split-input-file

!b64 = tensor<?x64xf32, #weft.dims<[B in 1 to 8] (B, 64)>>
!b10 = tensor<?x10xf32, #weft.dims<[B in 1 to 8] (B, 10)>>
func.func @inner(%x: !b64, %w: tensor<128x10xf32>) {
  // expected-error @below {{contract: inner dimensions differ: lhs [B, 64] and rhs [128, 10]; label 'j' of "bj,jk->bk" is 64 and 128}}
  // expected-error @below {{failed to infer returned types}}
  %y = "weft.contract"(%x, %w) <{spec = "bj,jk->bk"}> : (!b64, tensor<128x10xf32>) -> !b10
  return
}

// -----

func.func @batch(%x: tensor<2x3xf32>, %w: tensor<4x3xf32>) {
  // expected-error @below {{contract: batch dimensions differ: lhs [2, 3] and rhs [4, 3]; label 'b' of "bj,bj->b" is 2 and 4}}
  // expected-error @below {{failed to infer returned types}}
  %y = "weft.contract"(%x, %w) <{spec = "bj,bj->b"}> : (tensor<2x3xf32>, tensor<4x3xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @rank(%x: tensor<2x3xf32>, %w: tensor<3xf32>) {
  // expected-error @below {{contract: lhs has 2 dimensions [2, 3], but its labels in "bij,j->bi" are "bij"}}
  // expected-error @below {{failed to infer returned types}}
  %y = "weft.contract"(%x, %w) <{spec = "bij,j->bi"}> : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @types(%x: tensor<3xf32>, %w: tensor<3xf64>) {
  // expected-error @below {{contract: element types differ: lhs f32 [3] and rhs f64 [3]; write cast(x, dtype) on one side}}
  // expected-error @below {{failed to infer returned types}}
  %y = "weft.contract"(%x, %w) <{spec = "i,i->"}> : (tensor<3xf32>, tensor<3xf64>) -> tensor<f32>
  return
}

// -----

func.func @diagonal(%x: tensor<3x3xf32>, %w: tensor<3xf32>) {
  // expected-error @below {{contract: "ii,i->i" has label 'i' twice in lhs: take the diagonal first}}
  // expected-error @below {{failed to infer returned types}}
  %y = "weft.contract"(%x, %w) <{spec = "ii,i->i"}> : (tensor<3x3xf32>, tensor<3xf32>) -> tensor<3xf32>
  return
}

// -----

func.func @from_nowhere(%x: tensor<3xf32>, %w: tensor<3xf32>) {
  // expected-error @below {{contract: "i,i->j" has label 'j' in the result only}}
  // expected-error @below {{failed to infer returned types}}
  %y = "weft.contract"(%x, %w) <{spec = "i,i->j"}> : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
  return
}

// -----

func.func @arrow(%x: tensor<3xf32>, %w: tensor<3xf32>) {
  // expected-error @below {{contract: "i,i" has no "->": write it like "bij,bjk->bik"}}
  // expected-error @below {{failed to infer returned types}}
  %y = "weft.contract"(%x, %w) <{spec = "i,i"}> : (tensor<3xf32>, tensor<3xf32>) -> tensor<f32>
  return
}

// -----

func.func @operands(%x: tensor<3xf32>, %w: tensor<3xf32>) {
  // expected-error @below {{contract: "i,i,i->" names 3 operands, expected 2}}
  // expected-error @below {{failed to infer returned types}}
  %y = "weft.contract"(%x, %w) <{spec = "i,i,i->"}> : (tensor<3xf32>, tensor<3xf32>) -> tensor<f32>
  return
}

// -----

func.func @letters(%x: tensor<3xf32>, %w: tensor<3xf32>) {
  // expected-error @below {{contract: "1,1->" has '1' as a label of lhs: labels are letters}}
  // expected-error @below {{failed to infer returned types}}
  %y = "weft.contract"(%x, %w) <{spec = "1,1->"}> : (tensor<3xf32>, tensor<3xf32>) -> tensor<f32>
  return
}
