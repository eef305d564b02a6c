// RUN: weft-opt %s --split-input-file --form-dispatches --verify-diagnostics

func.func @semantic(%x: tensor<8x16xf32>) -> tensor<8x16xf32> {
  // expected-error @+1 {{'weft.softmax' op must be decomposed before dispatches are formed}}
  %0 = weft.softmax %x 1 : tensor<8x16xf32>
  return %0 : tensor<8x16xf32>
}

// -----

func.func @foreign(%x: tensor<8xf32>) -> tensor<8xf32> {
  // expected-error @+1 {{'math.exp' op has no place in a kernel: dispatches are formed of weft ops that are pointwise, or say what they allow of a kernel (HeroOpInterface)}}
  %0 = math.exp %x : tensor<8xf32>
  return %0 : tensor<8xf32>
}

// -----

// expected-error @+1 {{'func.func' op dispatches are formed of straight-line code}}
func.func @branches(%x: tensor<8xf32>) -> tensor<8xf32> {
  cf.br ^next
^next:
  return %x : tensor<8xf32>
}
