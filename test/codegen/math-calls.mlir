// No function of f32, bf16 or f16 calls libm, nor do conversions call a helper: all that an object asks for is the runtime. Vectors and tails.
//
// UNSUPPORTED: sanitize
// RUN: weft-run %s --cpu=x86-64-v3 --emit-object=%t.o && nm -u %t.o | FileCheck %s --implicit-check-not=U
// RUN: weft-run %s --cpu=znver4 --emit-object=%t.o && nm -u %t.o | FileCheck %s --implicit-check-not=U
// RUN: weft-run %s --cpu=sapphirerapids --emit-object=%t.o && nm -u %t.o | FileCheck %s --implicit-check-not=U
// CHECK: U weft_parallel_for
func.func @f(%x: tensor<77xf32>, %b: tensor<77xbf16>, %h: tensor<77xf16>)
    -> (tensor<77xf32>, tensor<77xf32>, tensor<77xf32>, tensor<77xf32>, tensor<77xf32>, tensor<77xf32>, tensor<77xf32>, tensor<77xf32>, tensor<77xf32>, tensor<77xf32>, tensor<77xf32>, tensor<77xf32>, tensor<77xf32>, tensor<77xbf16>, tensor<77xbf16>, tensor<77xbf16>, tensor<77xbf16>, tensor<77xbf16>, tensor<77xbf16>, tensor<77xbf16>, tensor<77xbf16>, tensor<77xbf16>, tensor<77xbf16>, tensor<77xbf16>, tensor<77xbf16>, tensor<77xbf16>, tensor<77xf16>, tensor<77xf16>, tensor<77xf16>, tensor<77xf16>, tensor<77xf16>, tensor<77xf16>, tensor<77xf16>, tensor<77xf16>, tensor<77xf16>, tensor<77xf16>, tensor<77xf16>, tensor<77xf16>, tensor<77xf16>) {
  %exp_x = weft.exp %x : tensor<77xf32>
  %exp2_x = weft.exp2 %x : tensor<77xf32>
  %expm1_x = weft.expm1 %x : tensor<77xf32>
  %log_x = weft.log %x : tensor<77xf32>
  %log1p_x = weft.log1p %x : tensor<77xf32>
  %tanh_x = weft.tanh %x : tensor<77xf32>
  %logistic_x = weft.logistic %x : tensor<77xf32>
  %erf_x = weft.erf %x : tensor<77xf32>
  %softplus_x = weft.softplus %x : tensor<77xf32>
  %sin_x = weft.sin %x : tensor<77xf32>
  %cos_x = weft.cos %x : tensor<77xf32>
  %rsqrt_x = weft.rsqrt %x : tensor<77xf32>
  %pow_x = weft.pow %x, %exp_x : tensor<77xf32>
  %exp_b = weft.exp %b : tensor<77xbf16>
  %exp2_b = weft.exp2 %b : tensor<77xbf16>
  %expm1_b = weft.expm1 %b : tensor<77xbf16>
  %log_b = weft.log %b : tensor<77xbf16>
  %log1p_b = weft.log1p %b : tensor<77xbf16>
  %tanh_b = weft.tanh %b : tensor<77xbf16>
  %logistic_b = weft.logistic %b : tensor<77xbf16>
  %erf_b = weft.erf %b : tensor<77xbf16>
  %softplus_b = weft.softplus %b : tensor<77xbf16>
  %sin_b = weft.sin %b : tensor<77xbf16>
  %cos_b = weft.cos %b : tensor<77xbf16>
  %rsqrt_b = weft.rsqrt %b : tensor<77xbf16>
  %pow_b = weft.pow %b, %exp_b : tensor<77xbf16>
  %exp_h = weft.exp %h : tensor<77xf16>
  %exp2_h = weft.exp2 %h : tensor<77xf16>
  %expm1_h = weft.expm1 %h : tensor<77xf16>
  %log_h = weft.log %h : tensor<77xf16>
  %log1p_h = weft.log1p %h : tensor<77xf16>
  %tanh_h = weft.tanh %h : tensor<77xf16>
  %logistic_h = weft.logistic %h : tensor<77xf16>
  %erf_h = weft.erf %h : tensor<77xf16>
  %softplus_h = weft.softplus %h : tensor<77xf16>
  %sin_h = weft.sin %h : tensor<77xf16>
  %cos_h = weft.cos %h : tensor<77xf16>
  %rsqrt_h = weft.rsqrt %h : tensor<77xf16>
  %pow_h = weft.pow %h, %exp_h : tensor<77xf16>
  return %exp_x, %exp2_x, %expm1_x, %log_x, %log1p_x, %tanh_x, %logistic_x, %erf_x, %softplus_x, %sin_x, %cos_x, %rsqrt_x, %pow_x, %exp_b, %exp2_b, %expm1_b, %log_b, %log1p_b, %tanh_b, %logistic_b, %erf_b, %softplus_b, %sin_b, %cos_b, %rsqrt_b, %pow_b, %exp_h, %exp2_h, %expm1_h, %log_h, %log1p_h, %tanh_h, %logistic_h, %erf_h, %softplus_h, %sin_h, %cos_h, %rsqrt_h, %pow_h
      : tensor<77xf32>, tensor<77xf32>, tensor<77xf32>, tensor<77xf32>, tensor<77xf32>, tensor<77xf32>, tensor<77xf32>, tensor<77xf32>, tensor<77xf32>, tensor<77xf32>, tensor<77xf32>, tensor<77xf32>, tensor<77xf32>, tensor<77xbf16>, tensor<77xbf16>, tensor<77xbf16>, tensor<77xbf16>, tensor<77xbf16>, tensor<77xbf16>, tensor<77xbf16>, tensor<77xbf16>, tensor<77xbf16>, tensor<77xbf16>, tensor<77xbf16>, tensor<77xbf16>, tensor<77xbf16>, tensor<77xf16>, tensor<77xf16>, tensor<77xf16>, tensor<77xf16>, tensor<77xf16>, tensor<77xf16>, tensor<77xf16>, tensor<77xf16>, tensor<77xf16>, tensor<77xf16>, tensor<77xf16>, tensor<77xf16>, tensor<77xf16>
}
