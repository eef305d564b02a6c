// RUN: weft-check-ops %s
// RUN: %if avx2 %{ env WEFT_CHECK_CPU=haswell weft-check-ops %s %}

// Elements that lie a few apart are loaded as whole vectors and shuffled: at every distance up to where that ends and
// one more, backwards, with an end at the last element of the memory, and with tails of every length.

func.func @f32_2_67(%x: tensor<134xf32>) -> tensor<67xf32> {
  %y = weft.slice %x from <(1)> by [2] : (tensor<134xf32>) -> tensor<67xf32>
  %s = weft.neg %y : tensor<67xf32>
  return %s : tensor<67xf32>
}
func.func @f32_back_2_67(%x: tensor<133xf32>) -> tensor<67xf32> {
  %r = weft.reverse %x [0] : tensor<133xf32>
  %y = weft.slice %r from <(0)> by [2] : (tensor<133xf32>) -> tensor<67xf32>
  %s = weft.neg %y : tensor<67xf32>
  return %s : tensor<67xf32>
}
func.func @f32_2_128(%x: tensor<256xf32>) -> tensor<128xf32> {
  %y = weft.slice %x from <(1)> by [2] : (tensor<256xf32>) -> tensor<128xf32>
  %s = weft.neg %y : tensor<128xf32>
  return %s : tensor<128xf32>
}
func.func @f32_back_2_128(%x: tensor<255xf32>) -> tensor<128xf32> {
  %r = weft.reverse %x [0] : tensor<255xf32>
  %y = weft.slice %r from <(0)> by [2] : (tensor<255xf32>) -> tensor<128xf32>
  %s = weft.neg %y : tensor<128xf32>
  return %s : tensor<128xf32>
}
func.func @f32_3_67(%x: tensor<200xf32>) -> tensor<67xf32> {
  %y = weft.slice %x from <(1)> by [3] : (tensor<200xf32>) -> tensor<67xf32>
  %s = weft.neg %y : tensor<67xf32>
  return %s : tensor<67xf32>
}
func.func @f32_back_3_67(%x: tensor<199xf32>) -> tensor<67xf32> {
  %r = weft.reverse %x [0] : tensor<199xf32>
  %y = weft.slice %r from <(0)> by [3] : (tensor<199xf32>) -> tensor<67xf32>
  %s = weft.neg %y : tensor<67xf32>
  return %s : tensor<67xf32>
}
func.func @f32_3_128(%x: tensor<383xf32>) -> tensor<128xf32> {
  %y = weft.slice %x from <(1)> by [3] : (tensor<383xf32>) -> tensor<128xf32>
  %s = weft.neg %y : tensor<128xf32>
  return %s : tensor<128xf32>
}
func.func @f32_back_3_128(%x: tensor<382xf32>) -> tensor<128xf32> {
  %r = weft.reverse %x [0] : tensor<382xf32>
  %y = weft.slice %r from <(0)> by [3] : (tensor<382xf32>) -> tensor<128xf32>
  %s = weft.neg %y : tensor<128xf32>
  return %s : tensor<128xf32>
}
func.func @f32_4_67(%x: tensor<266xf32>) -> tensor<67xf32> {
  %y = weft.slice %x from <(1)> by [4] : (tensor<266xf32>) -> tensor<67xf32>
  %s = weft.neg %y : tensor<67xf32>
  return %s : tensor<67xf32>
}
func.func @f32_back_4_67(%x: tensor<265xf32>) -> tensor<67xf32> {
  %r = weft.reverse %x [0] : tensor<265xf32>
  %y = weft.slice %r from <(0)> by [4] : (tensor<265xf32>) -> tensor<67xf32>
  %s = weft.neg %y : tensor<67xf32>
  return %s : tensor<67xf32>
}
func.func @f32_4_128(%x: tensor<510xf32>) -> tensor<128xf32> {
  %y = weft.slice %x from <(1)> by [4] : (tensor<510xf32>) -> tensor<128xf32>
  %s = weft.neg %y : tensor<128xf32>
  return %s : tensor<128xf32>
}
func.func @f32_back_4_128(%x: tensor<509xf32>) -> tensor<128xf32> {
  %r = weft.reverse %x [0] : tensor<509xf32>
  %y = weft.slice %r from <(0)> by [4] : (tensor<509xf32>) -> tensor<128xf32>
  %s = weft.neg %y : tensor<128xf32>
  return %s : tensor<128xf32>
}
func.func @f32_5_67(%x: tensor<332xf32>) -> tensor<67xf32> {
  %y = weft.slice %x from <(1)> by [5] : (tensor<332xf32>) -> tensor<67xf32>
  %s = weft.neg %y : tensor<67xf32>
  return %s : tensor<67xf32>
}
func.func @f32_back_5_67(%x: tensor<331xf32>) -> tensor<67xf32> {
  %r = weft.reverse %x [0] : tensor<331xf32>
  %y = weft.slice %r from <(0)> by [5] : (tensor<331xf32>) -> tensor<67xf32>
  %s = weft.neg %y : tensor<67xf32>
  return %s : tensor<67xf32>
}
func.func @f32_5_128(%x: tensor<637xf32>) -> tensor<128xf32> {
  %y = weft.slice %x from <(1)> by [5] : (tensor<637xf32>) -> tensor<128xf32>
  %s = weft.neg %y : tensor<128xf32>
  return %s : tensor<128xf32>
}
func.func @f32_back_5_128(%x: tensor<636xf32>) -> tensor<128xf32> {
  %r = weft.reverse %x [0] : tensor<636xf32>
  %y = weft.slice %r from <(0)> by [5] : (tensor<636xf32>) -> tensor<128xf32>
  %s = weft.neg %y : tensor<128xf32>
  return %s : tensor<128xf32>
}
func.func @bf16_2_45(%x: tensor<90xbf16>) -> tensor<45xbf16> {
  %y = weft.slice %x from <(1)> by [2] : (tensor<90xbf16>) -> tensor<45xbf16>
  %s = weft.neg %y : tensor<45xbf16>
  return %s : tensor<45xbf16>
}
func.func @bf16_back_2_45(%x: tensor<89xbf16>) -> tensor<45xbf16> {
  %r = weft.reverse %x [0] : tensor<89xbf16>
  %y = weft.slice %r from <(0)> by [2] : (tensor<89xbf16>) -> tensor<45xbf16>
  %s = weft.neg %y : tensor<45xbf16>
  return %s : tensor<45xbf16>
}
func.func @bf16_3_45(%x: tensor<134xbf16>) -> tensor<45xbf16> {
  %y = weft.slice %x from <(1)> by [3] : (tensor<134xbf16>) -> tensor<45xbf16>
  %s = weft.neg %y : tensor<45xbf16>
  return %s : tensor<45xbf16>
}
func.func @bf16_back_3_45(%x: tensor<133xbf16>) -> tensor<45xbf16> {
  %r = weft.reverse %x [0] : tensor<133xbf16>
  %y = weft.slice %r from <(0)> by [3] : (tensor<133xbf16>) -> tensor<45xbf16>
  %s = weft.neg %y : tensor<45xbf16>
  return %s : tensor<45xbf16>
}
func.func @bf16_4_45(%x: tensor<178xbf16>) -> tensor<45xbf16> {
  %y = weft.slice %x from <(1)> by [4] : (tensor<178xbf16>) -> tensor<45xbf16>
  %s = weft.neg %y : tensor<45xbf16>
  return %s : tensor<45xbf16>
}
func.func @bf16_back_4_45(%x: tensor<177xbf16>) -> tensor<45xbf16> {
  %r = weft.reverse %x [0] : tensor<177xbf16>
  %y = weft.slice %r from <(0)> by [4] : (tensor<177xbf16>) -> tensor<45xbf16>
  %s = weft.neg %y : tensor<45xbf16>
  return %s : tensor<45xbf16>
}
func.func @bf16_5_45(%x: tensor<222xbf16>) -> tensor<45xbf16> {
  %y = weft.slice %x from <(1)> by [5] : (tensor<222xbf16>) -> tensor<45xbf16>
  %s = weft.neg %y : tensor<45xbf16>
  return %s : tensor<45xbf16>
}
func.func @bf16_back_5_45(%x: tensor<221xbf16>) -> tensor<45xbf16> {
  %r = weft.reverse %x [0] : tensor<221xbf16>
  %y = weft.slice %r from <(0)> by [5] : (tensor<221xbf16>) -> tensor<45xbf16>
  %s = weft.neg %y : tensor<45xbf16>
  return %s : tensor<45xbf16>
}
func.func @f64_2_45(%x: tensor<90xf64>) -> tensor<45xf64> {
  %y = weft.slice %x from <(1)> by [2] : (tensor<90xf64>) -> tensor<45xf64>
  %s = weft.neg %y : tensor<45xf64>
  return %s : tensor<45xf64>
}
func.func @f64_back_2_45(%x: tensor<89xf64>) -> tensor<45xf64> {
  %r = weft.reverse %x [0] : tensor<89xf64>
  %y = weft.slice %r from <(0)> by [2] : (tensor<89xf64>) -> tensor<45xf64>
  %s = weft.neg %y : tensor<45xf64>
  return %s : tensor<45xf64>
}
func.func @f64_3_45(%x: tensor<134xf64>) -> tensor<45xf64> {
  %y = weft.slice %x from <(1)> by [3] : (tensor<134xf64>) -> tensor<45xf64>
  %s = weft.neg %y : tensor<45xf64>
  return %s : tensor<45xf64>
}
func.func @f64_back_3_45(%x: tensor<133xf64>) -> tensor<45xf64> {
  %r = weft.reverse %x [0] : tensor<133xf64>
  %y = weft.slice %r from <(0)> by [3] : (tensor<133xf64>) -> tensor<45xf64>
  %s = weft.neg %y : tensor<45xf64>
  return %s : tensor<45xf64>
}
func.func @i8_2_45(%x: tensor<90xi8>) -> tensor<45xi8> {
  %y = weft.slice %x from <(1)> by [2] : (tensor<90xi8>) -> tensor<45xi8>
  %s = weft.add %y, %y : tensor<45xi8>
  return %s : tensor<45xi8>
}
func.func @i8_back_2_45(%x: tensor<89xi8>) -> tensor<45xi8> {
  %r = weft.reverse %x [0] : tensor<89xi8>
  %y = weft.slice %r from <(0)> by [2] : (tensor<89xi8>) -> tensor<45xi8>
  %s = weft.add %y, %y : tensor<45xi8>
  return %s : tensor<45xi8>
}
func.func @i8_3_45(%x: tensor<134xi8>) -> tensor<45xi8> {
  %y = weft.slice %x from <(1)> by [3] : (tensor<134xi8>) -> tensor<45xi8>
  %s = weft.add %y, %y : tensor<45xi8>
  return %s : tensor<45xi8>
}
func.func @i8_back_3_45(%x: tensor<133xi8>) -> tensor<45xi8> {
  %r = weft.reverse %x [0] : tensor<133xi8>
  %y = weft.slice %r from <(0)> by [3] : (tensor<133xi8>) -> tensor<45xi8>
  %s = weft.add %y, %y : tensor<45xi8>
  return %s : tensor<45xi8>
}
func.func @i1_2_45(%x: tensor<90xi1>) -> tensor<45xi1> {
  %y = weft.slice %x from <(1)> by [2] : (tensor<90xi1>) -> tensor<45xi1>
  %s = weft.not %y : tensor<45xi1>
  return %s : tensor<45xi1>
}
func.func @i1_back_2_45(%x: tensor<89xi1>) -> tensor<45xi1> {
  %r = weft.reverse %x [0] : tensor<89xi1>
  %y = weft.slice %r from <(0)> by [2] : (tensor<89xi1>) -> tensor<45xi1>
  %s = weft.not %y : tensor<45xi1>
  return %s : tensor<45xi1>
}
func.func @i1_3_45(%x: tensor<134xi1>) -> tensor<45xi1> {
  %y = weft.slice %x from <(1)> by [3] : (tensor<134xi1>) -> tensor<45xi1>
  %s = weft.not %y : tensor<45xi1>
  return %s : tensor<45xi1>
}
func.func @i1_back_3_45(%x: tensor<133xi1>) -> tensor<45xi1> {
  %r = weft.reverse %x [0] : tensor<133xi1>
  %y = weft.slice %r from <(0)> by [3] : (tensor<133xi1>) -> tensor<45xi1>
  %s = weft.not %y : tensor<45xi1>
  return %s : tensor<45xi1>
}
func.func @i32_2_45(%x: tensor<90xi32>) -> tensor<45xi32> {
  %y = weft.slice %x from <(1)> by [2] : (tensor<90xi32>) -> tensor<45xi32>
  %s = weft.neg %y : tensor<45xi32>
  return %s : tensor<45xi32>
}
func.func @i32_back_2_45(%x: tensor<89xi32>) -> tensor<45xi32> {
  %r = weft.reverse %x [0] : tensor<89xi32>
  %y = weft.slice %r from <(0)> by [2] : (tensor<89xi32>) -> tensor<45xi32>
  %s = weft.neg %y : tensor<45xi32>
  return %s : tensor<45xi32>
}
func.func @i32_3_45(%x: tensor<134xi32>) -> tensor<45xi32> {
  %y = weft.slice %x from <(1)> by [3] : (tensor<134xi32>) -> tensor<45xi32>
  %s = weft.neg %y : tensor<45xi32>
  return %s : tensor<45xi32>
}
func.func @i32_back_3_45(%x: tensor<133xi32>) -> tensor<45xi32> {
  %r = weft.reverse %x [0] : tensor<133xi32>
  %y = weft.slice %r from <(0)> by [3] : (tensor<133xi32>) -> tensor<45xi32>
  %s = weft.neg %y : tensor<45xi32>
  return %s : tensor<45xi32>
}
