// RUN: weft-opt %s --print-access --verify-diagnostics
//
// What each kind of op says of its loops, and of where it reads and writes along them (dialects/weft/Access.h).

// Neighbouring elements: one position for all.
func.func @elementwise(%a: tensor<4x5xf32>, %b: tensor<4x5xf32>) -> tensor<4x5xf32> {
  // expected-remark @+1 {{d0 < 4, d1 < 5 : [d0, d1], [d0, d1] -> [d0, d1]}}
  %y = weft.add %a, %b : tensor<4x5xf32>
  return %y : tensor<4x5xf32>
}

func.func @identity(%a: tensor<4xf32>) -> tensor<4xf32> {
  // expected-remark @+1 {{d0 < 4 : [d0] -> [d0]}}
  %y = weft.mark %a "name" : tensor<4xf32>
  return %y : tensor<4xf32>
}

// A generator's value is a function of the position, a splat's is not.
func.func @generators() -> (tensor<4x5xi32>, tensor<4xf32>, tensor<2xf32>) {
  // expected-remark @+1 {{d0 < 4, d1 < 5 counted :  -> [d0, d1]}}
  %i = weft.iota 1 : tensor<4x5xi32>
  // expected-remark @+1 {{d0 < 4 :  -> [d0]}}
  %s = weft.constant dense<1.0> : tensor<4xf32>
  // expected-remark @+1 {{d0 < 2 counted :  -> [d0]}}
  %c = weft.constant dense<[1.0, 2.0]> : tensor<2xf32>
  return %i, %s, %c : tensor<4x5xi32>, tensor<4xf32>, tensor<2xf32>
}

func.func @bits(%key: tensor<2xi32>) -> tensor<4xi32> {
  // expected-remark @+1 {{d0 < 4 counted : [any] -> [d0]}}
  %y = weft.random_bits %key : (tensor<2xi32>) -> tensor<4xi32>
  return %y : tensor<4xi32>
}

func.func @transpose(%x: tensor<4x5xf32>) -> tensor<5x4xf32> {
  // expected-remark @+1 {{d0 < 5, d1 < 4 : [d1, d0] -> [d0, d1]}}
  %y = weft.transpose %x [1, 0] : tensor<4x5xf32>
  return %y : tensor<5x4xf32>
}

// Repeated along a dimension that is new, and along one of size 1.
func.func @broadcast(%x: tensor<1x5xf32>) -> tensor<3x4x5xf32> {
  // expected-remark @+1 {{d0 < 3, d1 < 4, d2 < 5 : [one for all d1, d2] -> [d0, d1, d2]}}
  %y = weft.broadcast %x [1, 2] : (tensor<1x5xf32>) -> tensor<3x4x5xf32>
  return %y : tensor<3x4x5xf32>
}

// Runs that hold as many elements on both sides are read alike; within a run the linear position counts.
func.func @reshape(%x: tensor<2x3x1x64xf32>) -> tensor<6x8x8xf32> {
  // expected-remark @+1 {{d0 < 6, d1 < 8, d2 < 8 : [linear(d0), linear(d0), one, linear(d1, d2)] -> [d0, d1, d2]}}
  %y = weft.reshape %x : (tensor<2x3x1x64xf32>) -> tensor<6x8x8xf32>
  return %y : tensor<6x8x8xf32>
}

!b = tensor<?x5xf32, #weft.dims<[B in 1 to 9] (B + 1, 5)>>
!c = tensor<?x5xf32, #weft.dims<[B in 1 to 9] (B, 5)>>
func.func @slice(%x: !b) -> !c {
  // expected-remark @+1 {{d0 < B, d1 < 5 : [d0 + 1 part, d1] -> [d0, d1]}}
  %y = weft.slice %x from <(1, 0)> by [1, 1] : (!b) -> !c
  return %y : !c
}
func.func @every_second(%x: tensor<9xf32>) -> tensor<4xf32> {
  // expected-remark @+1 {{d0 < 4 : [2 * d0 + 1 part] -> [d0]}}
  %y = weft.slice %x from <(1)> by [2] : (tensor<9xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// Under a guard, where it may fall outside.
func.func @pad(%x: tensor<3x5xf32>, %v: tensor<f32>) -> tensor<6x5xf32> {
  // expected-remark @+1 {{d0 < 6, d1 < 5 : [(d0 + -1) floordiv 2 guarded, d1], [] -> [d0, d1]}}
  %y = weft.pad %x, %v low <(1, 0)> interior [1, 0] : (tensor<3x5xf32>, tensor<f32>) -> tensor<6x5xf32>
  return %y : tensor<6x5xf32>
}
func.func @concatenate(%a: tensor<3x5xf32>, %b: tensor<2x5xf32>) -> tensor<5x5xf32> {
  // expected-remark @+1 {{d0 < 5, d1 < 5 : [d0 guarded, d1], [d0 + -3 guarded, d1] -> [d0, d1]}}
  %y = weft.concatenate %a, %b along 0 : (tensor<3x5xf32>, tensor<2x5xf32>) -> tensor<5x5xf32>
  return %y : tensor<5x5xf32>
}

func.func @reverse(%x: tensor<3x5xf32>) -> tensor<3x5xf32> {
  // expected-remark @+1 {{d0 < 3, d1 < 5 : [-1 * d0 + 2, d1] -> [d0, d1]}}
  %y = weft.reverse %x [0] : tensor<3x5xf32>
  return %y : tensor<3x5xf32>
}
func.func @unpack(%x: tensor<2x5x16xf32>) -> tensor<5x32xf32> {
  // expected-remark @+1 {{d0 < 5 counted, d1 < 32 counted : [(d1) floordiv 16, d0, (d1) mod 16] -> [d0, d1]}}
  %y = weft.unpack %x : (tensor<2x5x16xf32>) -> tensor<5x32xf32>
  return %y : tensor<5x32xf32>
}

// Loops that the result does not name; an arg-reduction needs their number.
func.func @reductions(%x: tensor<3x4x5xf32>) -> (tensor<4xf32>, tensor<3x5xi32>) {
  // expected-remark @+1 {{d0 < 3 reduced, d1 < 4, d2 < 5 reduced : [d0, d1, d2] -> [d1]}}
  %s = weft.reduce_sum %x [0, 2] : (tensor<3x4x5xf32>) -> tensor<4xf32>
  // expected-remark @+1 {{d0 < 3, d1 < 4 reduced counted, d2 < 5 : [d0, d1, d2] -> [d0, d2]}}
  %i = weft.argmax %x 1 : (tensor<3x4x5xf32>) -> tensor<3x5xi32>
  return %s, %i : tensor<4xf32>, tensor<3x5xi32>
}
func.func @contract(%a: tensor<8x16x64xf32>, %b: tensor<64x32xf32>) -> tensor<8x16x32xf32> {
  // expected-remark @+1 {{d0 < 8, d1 < 16, d2 < 32, d3 < 64 reduced : [d0, d1, d3], [d3, d2] -> [d0, d1, d2]}}
  %y = weft.contract "bmk,kn->bmn", %a, %b : (tensor<8x16x64xf32>, tensor<64x32xf32>) -> tensor<8x16x32xf32>
  return %y : tensor<8x16x32xf32>
}

// Where the data say.
func.func @take(%x: tensor<4x9x5xf32>, %i: tensor<2x3xi32>) -> tensor<4x2x3x5xf32> {
  // expected-remark @+1 {{d0 < 4, d1 < 2, d2 < 3, d3 < 5 : [d0, any, d3], [d1, d2] -> [d0, d1, d2, d3]}}
  %y = weft.take %x at %i along 1 : (tensor<4x9x5xf32>, tensor<2x3xi32>) -> tensor<4x2x3x5xf32>
  return %y : tensor<4x2x3x5xf32>
}
func.func @take_along(%x: tensor<4x9xf32>, %i: tensor<4x2xi32>) -> tensor<4x2xf32> {
  // expected-remark @+1 {{d0 < 4, d1 < 2 : [d0, any], [d0, d1] -> [d0, d1]}}
  %y = weft.take_along %x at %i along 1 : (tensor<4x9xf32>, tensor<4x2xi32>) -> tensor<4x2xf32>
  return %y : tensor<4x2xf32>
}
// Several updates may meet in one element.
func.func @scatter_add(%x: tensor<9x5xf32>, %i: tensor<3xi32>, %u: tensor<3x5xf32>) -> tensor<9x5xf32> {
  // expected-remark @+1 {{d0 < 3 reduced, d1 < 5 : [any, d1], [d0], [d0, d1] -> [any, d1]}}
  %y = weft.scatter_add %x at %i add %u along 0 : (tensor<9x5xf32>, tensor<3xi32>, tensor<3x5xf32>) -> tensor<9x5xf32>
  return %y : tensor<9x5xf32>
}
func.func @one_hot(%i: tensor<3xi32>) -> tensor<3x7xf32> {
  // expected-remark @+1 {{d0 < 3, d1 < 7 counted : [d0] -> [d0, d1]}}
  %y = weft.one_hot %i : (tensor<3xi32>) -> tensor<3x7xf32>
  return %y : tensor<3x7xf32>
}

// All of an axis.
func.func @semantic(%x: tensor<3x7xf32>, %l: tensor<3xi32>) -> (tensor<3x7xf32>, tensor<3xf32>) {
  // expected-remark @+1 {{d0 < 3, d1 < 7 : [d0, any] -> [d0, d1]}}
  %s = weft.softmax %x 1 : tensor<3x7xf32>
  // expected-remark @+1 {{d0 < 3 : [d0, any], [d0] -> [d0]}}
  %c = weft.cross_entropy %x, %l : (tensor<3x7xf32>, tensor<3xi32>) -> tensor<3xf32>
  return %s, %c : tensor<3x7xf32>, tensor<3xf32>
}

// Step by step along axis 0 of what goes in and of what is stacked, here from the end; a carry is any of it.
func.func @scan(%x: tensor<7x4xf32>, %c: tensor<4xf32>) -> (tensor<4xf32>, tensor<7x4xf32>) {
  // expected-remark @+1 {{d0 < 7 scanned counted : [any], [-1 * d0 + 6, any] -> [any], [-1 * d0 + 6, any]}}
  %r:2 = weft.scan <(7)> reverse carry(%c) over(%x) {
  ^bb0(%i: tensor<i32>, %h: tensor<4xf32>, %a: tensor<4xf32>):
    // expected-remark @+1 {{d0 < 4 : [d0], [d0] -> [d0]}}
    %n = weft.add %h, %a : tensor<4xf32>
    weft.yield %n, %n : tensor<4xf32>, tensor<4xf32>
  } : (tensor<4xf32>, tensor<7x4xf32>) -> (tensor<4xf32>, tensor<7x4xf32>)
  return %r#0, %r#1 : tensor<4xf32>, tensor<7x4xf32>
}
// An op that says nothing reads anything anywhere.
func.func @silent(%p: tensor<i1>, %x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-remark @+1 {{: [] -> [any]}}
  %y = weft.cond %p then { weft.yield %x : tensor<4xf32> } else { weft.yield %x : tensor<4xf32> } : (tensor<i1>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}
