// RUN: weft-opt %s --split-input-file --verify-diagnostics
//
// What no attention is: the message says which label, which shape, or what the region has.

func.func @no_query(%q: tensor<4xf32>, %k: tensor<5x4xf32>, %v: tensor<5x6xf32>) {
  // expected-error @+1 {{have no label of q that k lacks: a query}}
  %o, %l = weft.attention "d,jd->j", "j,je->e", %q, %k, %v {
  ^bb0(%x: tensor<5xf32>):
    weft.yield %x : tensor<5xf32>
  } : (tensor<4xf32>, tensor<5x4xf32>, tensor<5x6xf32>) -> (tensor<6xf32>, tensor<f32>)
  return
}
// -----
func.func @other_scores(%q: tensor<7x4xf32>, %k: tensor<5x4xf32>, %v: tensor<5x6xf32>) {
  // expected-error @+1 {{disagree about the labels of the scores, which are "ij" and "ji"}}
  %o, %l = weft.attention "id,jd->ij", "ji,je->ie", %q, %k, %v {
  ^bb0(%x: tensor<7x5xf32>):
    weft.yield %x : tensor<7x5xf32>
  } : (tensor<7x4xf32>, tensor<5x4xf32>, tensor<5x6xf32>) -> (tensor<7x6xf32>, tensor<7xf32>)
  return
}
// -----
func.func @depths(%q: tensor<7x4xf32>, %k: tensor<5x3xf32>, %v: tensor<5x6xf32>) {
  // expected-error @+1 {{has k [5, 3], whose label 'd' is 3, but it is 4 in another operand}}
  %o, %l = weft.attention "id,jd->ij", "ij,je->ie", %q, %k, %v {
  ^bb0(%x: tensor<7x5xf32>):
    weft.yield %x : tensor<7x5xf32>
  } : (tensor<7x4xf32>, tensor<5x3xf32>, tensor<5x6xf32>) -> (tensor<7x6xf32>, tensor<7xf32>)
  return
}
// -----
func.func @captured(%q: tensor<7x4xf32>, %k: tensor<5x4xf32>, %v: tensor<5x6xf32>, %m: tensor<5xi1>) {
  // expected-error @+1 {{has a region of 1 arguments, expected 1 and 1 for what is captured}}
  %o, %l = weft.attention "id,jd->ij", "ij,je->ie", %q, %k, %v captured(%m) {
  ^bb0(%x: tensor<7x5xf32>):
    weft.yield %x : tensor<7x5xf32>
  } : (tensor<7x4xf32>, tensor<5x4xf32>, tensor<5x6xf32>, tensor<5xi1>) -> (tensor<7x6xf32>, tensor<7xf32>)
  return
}
// -----
func.func @wrong_mask(%q: tensor<7x4xf32>, %k: tensor<5x4xf32>, %v: tensor<5x6xf32>) {
  // expected-error @+1 {{has a region that yields f32 [5, 7], expected f32 [7, 5]}}
  %o, %l = weft.attention "id,jd->ij", "ij,je->ie", %q, %k, %v {
  ^bb0(%x: tensor<7x5xf32>):
    %y = weft.transpose %x [1, 0] : tensor<7x5xf32>
    weft.yield %y : tensor<5x7xf32>
  } : (tensor<7x4xf32>, tensor<5x4xf32>, tensor<5x6xf32>) -> (tensor<7x6xf32>, tensor<7xf32>)
  return
}
// -----
func.func @reduces(%q: tensor<7x4xf32>, %k: tensor<5x4xf32>, %v: tensor<5x6xf32>) {
  // expected-error @+1 {{has a region with softmax, which is not computed element by element}}
  %o, %l = weft.attention "id,jd->ij", "ij,je->ie", %q, %k, %v {
  ^bb0(%x: tensor<7x5xf32>):
    // expected-note @+1 {{here}}
    %y = weft.softmax %x 1 : tensor<7x5xf32>
    weft.yield %y : tensor<7x5xf32>
  } : (tensor<7x4xf32>, tensor<5x4xf32>, tensor<5x6xf32>) -> (tensor<7x6xf32>, tensor<7xf32>)
  return
}
// -----
func.func @factors(%q: tensor<7x4xf32>, %k: tensor<5x4xf32>, %v: tensor<5x6xf32>) {
  // expected-error @+1 {{has factors that depend on the products: scores may, factors may not}}
  %o, %l = weft.attention "id,jd->ij", "ij,je->ie", %q, %k, %v {
  ^bb0(%x: tensor<7x5xf32>):
    %y = weft.tanh %x : tensor<7x5xf32>
    weft.yield %x, %y : tensor<7x5xf32>, tensor<7x5xf32>
  } : (tensor<7x4xf32>, tensor<5x4xf32>, tensor<5x6xf32>) -> (tensor<7x6xf32>, tensor<7xf32>)
  return
}
