// RUN: weft-opt %s --split-complex --verify-diagnostics --split-input-file
//
// What has no complex form says so, at its line; complex, real and imag take the types that they say.

func.func @order(%z: tensor<3xcomplex<f32>>) -> tensor<3xi1> {
  // expected-error @below {{compare: complex numbers have no order: compare abs(x), real(x) or imag(x)}}
  %p = weft.compare LT, %z, %z : tensor<3xcomplex<f32>>
  return %p : tensor<3xi1>
}

// -----

func.func @loses(%z: tensor<3xcomplex<f32>>) -> tensor<3xf32> {
  // expected-error @below {{drops the imaginary part of complex<f32> [3]; write real(x) or abs(x)}}
  %p = weft.cast %z : tensor<3xcomplex<f32>> to tensor<3xf32>
  return %p : tensor<3xf32>
}

// -----

func.func @function(%z: tensor<3xcomplex<f32>>) -> tensor<3xcomplex<f32>> {
  // expected-error @below {{'weft.tanh' op operand #0 must be ranked tensor of f64, f32, f16 or bf16 values, but got 'tensor<3xcomplex<f32>>'}}
  %y = weft.tanh %z : tensor<3xcomplex<f32>>
  return %y : tensor<3xcomplex<f32>>
}

// -----

func.func @parts(%x: tensor<3xf16>) {
  // expected-error @below {{'weft.complex' op result #0 must be ranked tensor of complex<f32> or complex<f64> values, but got 'tensor<3xcomplex<f16>>'}}
  %z = weft.complex %x, %x : (tensor<3xf16>, tensor<3xf16>) -> tensor<3xcomplex<f16>>
  return
}

// -----

func.func @real(%x: tensor<3xf32>) {
  // expected-error @below {{'weft.imag' op operand #0 must be ranked tensor of complex<f32> or complex<f64> values}}
  %z = "weft.imag"(%x) : (tensor<3xf32>) -> tensor<3xf32>
  return
}

// -----

func.func @fine(%z: tensor<3xcomplex<f64>>) -> tensor<3xf64> {
  %y = weft.imag %z : (tensor<3xcomplex<f64>>) -> tensor<3xf64>
  return %y : tensor<3xf64>
}
