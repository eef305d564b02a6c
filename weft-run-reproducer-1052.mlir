// command: build/bin/weft-run --function main --input 3xf64=0.5,1,2 --input 3xf64=1,0.5,-1 /tmp/t/h9.mlir
module {
  func.func @main(%arg0: tensor<3xf64> {weft.name = "arg0"}, %arg1: tensor<3xf64> {weft.name = "arg1"}) -> (tensor<3xf64> {weft.name = "result.0"}, tensor<3xf64> {weft.name = "result.1"}) attributes {loom.arena_bytes = 1280 : i64, loom.arena_lower_bound = 1280 : i64} {
    %0:3 = weft.scan <(4)> carry(%arg0) over() {
    ^bb0(%arg2: tensor<i32>, %arg3: tensor<3xf64>):
      %18:3 = loom.dispatch @map_5(%arg3, %arg0) places [#loom.yielded<index = 0>, #loom.yielded<index = 1>, #loom.yielded<index = 2>] : (tensor<3xf64>, tensor<3xf64>) -> (tensor<3xf64>, tensor<3xf64>, tensor<3xf64>)
      weft.yield %18#0, %18#1, %18#2 : tensor<3xf64>, tensor<3xf64>, tensor<3xf64>
    } {loom.places = [#loom.arena<offset = 256, bytes = 64>, #loom.arena<offset = 320, bytes = 64>, #loom.arena<offset = 0, bytes = 128>, #loom.arena<offset = 128, bytes = 128>, #loom.arena<offset = 384, bytes = 64>]} : (tensor<3xf64>) -> (tensor<3xf64>, tensor<4x3xf64>, tensor<4x3xf64>)
    %1 = loom.dispatch @map_0(%0#1) places [#loom.arena<offset = 256, bytes = 128>] : (tensor<4x3xf64>) -> tensor<4x3xf64>
    %2 = loom.dispatch @map_1() places [#loom.arena<offset = 384, bytes = 64>] : () -> tensor<3xf64>
    %3:2 = weft.scan <(4)> reverse carry(%2) over(%0#2, %1) {
    ^bb0(%arg2: tensor<i32>, %arg3: tensor<3xf64>, %arg4: tensor<3xf64>, %arg5: tensor<3xf64>):
      %18:2 = loom.dispatch @map_6(%arg3, %arg5, %arg0, %arg4) places [#loom.yielded<index = 0>, #loom.yielded<index = 1>] : (tensor<3xf64>, tensor<3xf64>, tensor<3xf64>, tensor<3xf64>) -> (tensor<3xf64>, tensor<3xf64>)
      weft.yield %18#0, %18#1 : tensor<3xf64>, tensor<3xf64>
    } {loom.places = [#loom.arena<offset = 448, bytes = 64>, #loom.arena<offset = 512, bytes = 64>, #loom.arena<offset = 0, bytes = 128>, #loom.arena<offset = 576, bytes = 64>]} : (tensor<3xf64>, tensor<4x3xf64>, tensor<4x3xf64>) -> (tensor<3xf64>, tensor<4x3xf64>)
    %4:4 = weft.scan <(4)> carry(%arg0, %arg1) over() {
    ^bb0(%arg2: tensor<i32>, %arg3: tensor<3xf64>, %arg4: tensor<3xf64>):
      %18:4 = loom.dispatch @map_7(%arg3, %arg0, %arg4, %arg1) places [#loom.yielded<index = 0>, #loom.yielded<index = 1>, #loom.yielded<index = 2>, #loom.yielded<index = 3>] : (tensor<3xf64>, tensor<3xf64>, tensor<3xf64>, tensor<3xf64>) -> (tensor<3xf64>, tensor<3xf64>, tensor<3xf64>, tensor<3xf64>)
      weft.yield %18#0, %18#1, %18#2, %18#3 : tensor<3xf64>, tensor<3xf64>, tensor<3xf64>, tensor<3xf64>
    } {loom.places = [#loom.arena<offset = 640, bytes = 64>, #loom.arena<offset = 704, bytes = 64>, #loom.arena<offset = 768, bytes = 64>, #loom.arena<offset = 832, bytes = 64>, #loom.arena<offset = 384, bytes = 128>, #loom.arena<offset = 512, bytes = 128>, #loom.arena<offset = 896, bytes = 64>]} : (tensor<3xf64>, tensor<3xf64>) -> (tensor<3xf64>, tensor<3xf64>, tensor<4x3xf64>, tensor<4x3xf64>)
    %5 = loom.dispatch @map_0(%4#2) places [#loom.arena<offset = 640, bytes = 128>] : (tensor<4x3xf64>) -> tensor<4x3xf64>
    %6 = loom.dispatch @map_1() places [#loom.arena<offset = 384, bytes = 64>] : () -> tensor<3xf64>
    %7 = loom.dispatch @map_2() places [#loom.arena<offset = 448, bytes = 64>] : () -> tensor<3xf64>
    %8 = loom.dispatch @map_2() places [#loom.arena<offset = 768, bytes = 64>] : () -> tensor<3xf64>
    %9:3 = weft.scan <(4)> reverse carry(%6, %7, %8) over(%0#2, %1, %4#3, %5) {
    ^bb0(%arg2: tensor<i32>, %arg3: tensor<3xf64>, %arg4: tensor<3xf64>, %arg5: tensor<3xf64>, %arg6: tensor<3xf64>, %arg7: tensor<3xf64>, %arg8: tensor<3xf64>, %arg9: tensor<3xf64>):
      %18:3 = loom.dispatch @map_8(%arg6, %arg3, %arg7, %arg0, %arg4, %arg9, %arg1, %arg8, %arg5) places [#loom.yielded<index = 0>, #loom.yielded<index = 1>, #loom.yielded<index = 2>] : (tensor<3xf64>, tensor<3xf64>, tensor<3xf64>, tensor<3xf64>, tensor<3xf64>, tensor<3xf64>, tensor<3xf64>, tensor<3xf64>, tensor<3xf64>) -> (tensor<3xf64>, tensor<3xf64>, tensor<3xf64>)
      weft.yield %18#0, %18#1, %18#2 : tensor<3xf64>, tensor<3xf64>, tensor<3xf64>
    } {loom.places = [#loom.arena<offset = 832, bytes = 64>, #loom.arena<offset = 896, bytes = 64>, #loom.arena<offset = 960, bytes = 64>, #loom.arena<offset = 1024, bytes = 64>, #loom.arena<offset = 1088, bytes = 64>, #loom.arena<offset = 1152, bytes = 64>, #loom.arena<offset = 1216, bytes = 64>]} : (tensor<3xf64>, tensor<3xf64>, tensor<3xf64>, tensor<4x3xf64>, tensor<4x3xf64>, tensor<4x3xf64>, tensor<4x3xf64>) -> (tensor<3xf64>, tensor<3xf64>, tensor<3xf64>)
    %10 = loom.dispatch @map_3(%9#1, %9#2) places [#loom.output<index = 0>] : (tensor<3xf64>, tensor<3xf64>) -> tensor<3xf64>
    %11 = loom.dispatch @map_2() places [#loom.arena<offset = 640, bytes = 64>] : () -> tensor<3xf64>
    %12:4 = weft.scan <(4)> carry(%arg1, %11) over(%3#1, %0#2, %1) {
    ^bb0(%arg2: tensor<i32>, %arg3: tensor<3xf64>, %arg4: tensor<3xf64>, %arg5: tensor<3xf64>, %arg6: tensor<3xf64>, %arg7: tensor<3xf64>):
      %18:4 = loom.dispatch @map_9(%arg6, %arg5, %arg7, %arg3, %arg1, %arg0, %arg4) places [#loom.yielded<index = 2>, #loom.yielded<index = 0>, #loom.yielded<index = 1>, #loom.yielded<index = 3>] : (tensor<3xf64>, tensor<3xf64>, tensor<3xf64>, tensor<3xf64>, tensor<3xf64>, tensor<3xf64>, tensor<3xf64>) -> (tensor<3xf64>, tensor<3xf64>, tensor<3xf64>, tensor<3xf64>)
      weft.yield %18#1, %18#2, %18#0, %18#3 : tensor<3xf64>, tensor<3xf64>, tensor<3xf64>, tensor<3xf64>
    } {loom.places = [#loom.arena<offset = 704, bytes = 64>, #loom.arena<offset = 768, bytes = 64>, #loom.arena<offset = 832, bytes = 64>, #loom.arena<offset = 896, bytes = 64>, #loom.arena<offset = 384, bytes = 128>, #loom.arena<offset = 512, bytes = 128>, #loom.arena<offset = 960, bytes = 64>]} : (tensor<3xf64>, tensor<3xf64>, tensor<4x3xf64>, tensor<4x3xf64>, tensor<4x3xf64>) -> (tensor<3xf64>, tensor<3xf64>, tensor<4x3xf64>, tensor<4x3xf64>)
    %13 = loom.dispatch @map_0(%12#3) places [#loom.arena<offset = 0, bytes = 128>] : (tensor<4x3xf64>) -> tensor<4x3xf64>
    %14 = loom.dispatch @map_2() places [#loom.arena<offset = 256, bytes = 64>] : () -> tensor<3xf64>
    %15 = loom.dispatch @map_2() places [#loom.arena<offset = 320, bytes = 64>] : () -> tensor<3xf64>
    %16:2 = weft.scan <(4)> reverse carry(%14, %15) over(%0#2, %13, %12#2) {
    ^bb0(%arg2: tensor<i32>, %arg3: tensor<3xf64>, %arg4: tensor<3xf64>, %arg5: tensor<3xf64>, %arg6: tensor<3xf64>, %arg7: tensor<3xf64>):
      %18:2 = loom.dispatch @map_10(%arg3, %arg6, %arg7, %arg0, %arg5, %arg4) places [#loom.yielded<index = 0>, #loom.yielded<index = 1>] : (tensor<3xf64>, tensor<3xf64>, tensor<3xf64>, tensor<3xf64>, tensor<3xf64>, tensor<3xf64>) -> (tensor<3xf64>, tensor<3xf64>)
      weft.yield %18#0, %18#1 : tensor<3xf64>, tensor<3xf64>
    } {loom.places = [#loom.arena<offset = 512, bytes = 64>, #loom.arena<offset = 576, bytes = 64>, #loom.arena<offset = 640, bytes = 64>, #loom.arena<offset = 704, bytes = 64>, #loom.arena<offset = 768, bytes = 64>]} : (tensor<3xf64>, tensor<3xf64>, tensor<4x3xf64>, tensor<4x3xf64>, tensor<4x3xf64>) -> (tensor<3xf64>, tensor<3xf64>)
    %17 = loom.dispatch @map_4(%12#1, %16#0, %16#1) places [#loom.output<index = 1>] : (tensor<3xf64>, tensor<3xf64>, tensor<3xf64>) -> tensor<3xf64>
    return %10, %17 : tensor<3xf64>, tensor<3xf64>
  }
  loom.kernel @map_0 {
  ^bb0(%arg0: tensor<4x3xf64>):
    %0 = weft.add %arg0, %arg0 : tensor<4x3xf64>
    loom.yield %0 : tensor<4x3xf64>
  }
  loom.kernel @map_1 {
    %0 = weft.constant dense<1.000000e+00> : tensor<3xf64>
    %1 = weft.copy %0 : tensor<3xf64>
    loom.yield %1 : tensor<3xf64>
  }
  loom.kernel @map_2 {
    %0 = weft.constant dense<0.000000e+00> : tensor<3xf64>
    %1 = weft.copy %0 : tensor<3xf64>
    loom.yield %1 : tensor<3xf64>
  }
  loom.kernel @map_3 {
  ^bb0(%arg0: tensor<3xf64>, %arg1: tensor<3xf64>):
    %0 = weft.add %arg0, %arg1 : tensor<3xf64>
    loom.yield %0 : tensor<3xf64>
  }
  loom.kernel @map_4 {
  ^bb0(%arg0: tensor<3xf64>, %arg1: tensor<3xf64>, %arg2: tensor<3xf64>):
    %0 = weft.add %arg0, %arg1 : tensor<3xf64>
    %1 = weft.add %0, %arg2 : tensor<3xf64>
    loom.yield %1 : tensor<3xf64>
  }
  loom.kernel @map_5 {
  ^bb0(%arg0: tensor<3xf64>, %arg1: tensor<3xf64>):
    %0 = weft.sin %arg0 : tensor<3xf64>
    %1 = weft.mul %0, %arg1 : tensor<3xf64>
    %2 = weft.constant dense<3.000000e-01> : tensor<3xf64>
    %3 = weft.mul %arg0, %2 : tensor<3xf64>
    %4 = weft.add %1, %3 : tensor<3xf64>
    %5 = weft.copy %4 : tensor<3xf64>
    %6 = weft.copy %arg0 : tensor<3xf64>
    loom.yield %4, %5, %6 : tensor<3xf64>, tensor<3xf64>, tensor<3xf64>
  }
  loom.kernel @map_6 {
  ^bb0(%arg0: tensor<3xf64>, %arg1: tensor<3xf64>, %arg2: tensor<3xf64>, %arg3: tensor<3xf64>):
    %0 = weft.add %arg0, %arg1 : tensor<3xf64>
    %1 = weft.constant dense<3.000000e-01> : tensor<3xf64>
    %2 = weft.mul %0, %1 : tensor<3xf64>
    %3 = weft.mul %0, %arg2 : tensor<3xf64>
    %4 = weft.cos %arg3 : tensor<3xf64>
    %5 = weft.mul %3, %4 : tensor<3xf64>
    %6 = weft.add %2, %5 : tensor<3xf64>
    %7 = weft.copy %arg0 : tensor<3xf64>
    loom.yield %6, %7 : tensor<3xf64>, tensor<3xf64>
  }
  loom.kernel @map_7 {
  ^bb0(%arg0: tensor<3xf64>, %arg1: tensor<3xf64>, %arg2: tensor<3xf64>, %arg3: tensor<3xf64>):
    %0 = weft.sin %arg0 : tensor<3xf64>
    %1 = weft.mul %0, %arg1 : tensor<3xf64>
    %2 = weft.constant dense<3.000000e-01> : tensor<3xf64>
    %3 = weft.mul %arg0, %2 : tensor<3xf64>
    %4 = weft.add %1, %3 : tensor<3xf64>
    %5 = weft.cos %arg0 : tensor<3xf64>
    %6 = weft.mul %arg2, %5 : tensor<3xf64>
    %7 = weft.mul %6, %arg1 : tensor<3xf64>
    %8 = weft.mul %arg3, %0 : tensor<3xf64>
    %9 = weft.add %7, %8 : tensor<3xf64>
    %10 = weft.mul %arg2, %2 : tensor<3xf64>
    %11 = weft.add %9, %10 : tensor<3xf64>
    %12 = weft.copy %11 : tensor<3xf64>
    %13 = weft.copy %arg2 : tensor<3xf64>
    loom.yield %4, %11, %12, %13 : tensor<3xf64>, tensor<3xf64>, tensor<3xf64>, tensor<3xf64>
  }
  loom.kernel @map_8 {
  ^bb0(%arg0: tensor<3xf64>, %arg1: tensor<3xf64>, %arg2: tensor<3xf64>, %arg3: tensor<3xf64>, %arg4: tensor<3xf64>, %arg5: tensor<3xf64>, %arg6: tensor<3xf64>, %arg7: tensor<3xf64>, %arg8: tensor<3xf64>):
    %0 = weft.sin %arg0 : tensor<3xf64>
    %1 = weft.add %arg1, %arg2 : tensor<3xf64>
    %2 = weft.mul %1, %arg3 : tensor<3xf64>
    %3 = weft.cos %arg0 : tensor<3xf64>
    %4 = weft.constant dense<3.000000e-01> : tensor<3xf64>
    %5 = weft.mul %1, %4 : tensor<3xf64>
    %6 = weft.mul %2, %3 : tensor<3xf64>
    %7 = weft.add %5, %6 : tensor<3xf64>
    %8 = weft.add %arg4, %arg5 : tensor<3xf64>
    %9 = weft.mul %8, %4 : tensor<3xf64>
    %10 = weft.mul %8, %arg3 : tensor<3xf64>
    %11 = weft.mul %arg6, %1 : tensor<3xf64>
    %12 = weft.add %10, %11 : tensor<3xf64>
    %13 = weft.mul %12, %3 : tensor<3xf64>
    %14 = weft.neg %0 : tensor<3xf64>
    %15 = weft.mul %arg7, %14 : tensor<3xf64>
    %16 = weft.mul %15, %2 : tensor<3xf64>
    %17 = weft.add %13, %16 : tensor<3xf64>
    %18 = weft.add %9, %17 : tensor<3xf64>
    %19 = weft.mul %8, %0 : tensor<3xf64>
    %20 = weft.mul %arg7, %3 : tensor<3xf64>
    %21 = weft.mul %20, %1 : tensor<3xf64>
    %22 = weft.add %19, %21 : tensor<3xf64>
    %23 = weft.add %arg8, %22 : tensor<3xf64>
    loom.yield %7, %18, %23 : tensor<3xf64>, tensor<3xf64>, tensor<3xf64>
  }
  loom.kernel @map_9 {
  ^bb0(%arg0: tensor<3xf64>, %arg1: tensor<3xf64>, %arg2: tensor<3xf64>, %arg3: tensor<3xf64>, %arg4: tensor<3xf64>, %arg5: tensor<3xf64>, %arg6: tensor<3xf64>):
    %0 = weft.sin %arg0 : tensor<3xf64>
    %1 = weft.add %arg1, %arg2 : tensor<3xf64>
    %2 = weft.cos %arg0 : tensor<3xf64>
    %3 = weft.mul %arg3, %2 : tensor<3xf64>
    %4 = weft.mul %arg4, %1 : tensor<3xf64>
    %5 = weft.mul %4, %2 : tensor<3xf64>
    %6 = weft.mul %1, %arg5 : tensor<3xf64>
    %7 = weft.mul %arg3, %6 : tensor<3xf64>
    %8 = weft.neg %0 : tensor<3xf64>
    %9 = weft.mul %7, %8 : tensor<3xf64>
    %10 = weft.add %5, %9 : tensor<3xf64>
    %11 = weft.mul %arg4, %0 : tensor<3xf64>
    %12 = weft.mul %3, %arg5 : tensor<3xf64>
    %13 = weft.add %11, %12 : tensor<3xf64>
    %14 = weft.constant dense<3.000000e-01> : tensor<3xf64>
    %15 = weft.mul %arg3, %14 : tensor<3xf64>
    %16 = weft.add %13, %15 : tensor<3xf64>
    %17 = weft.mul %3, %1 : tensor<3xf64>
    %18 = weft.add %arg6, %17 : tensor<3xf64>
    %19 = weft.copy %16 : tensor<3xf64>
    loom.yield %10, %16, %18, %19 : tensor<3xf64>, tensor<3xf64>, tensor<3xf64>, tensor<3xf64>
  }
  loom.kernel @map_10 {
  ^bb0(%arg0: tensor<3xf64>, %arg1: tensor<3xf64>, %arg2: tensor<3xf64>, %arg3: tensor<3xf64>, %arg4: tensor<3xf64>, %arg5: tensor<3xf64>):
    %0 = weft.add %arg0, %arg1 : tensor<3xf64>
    %1 = weft.constant dense<3.000000e-01> : tensor<3xf64>
    %2 = weft.mul %0, %1 : tensor<3xf64>
    %3 = weft.add %arg2, %2 : tensor<3xf64>
    %4 = weft.mul %0, %arg3 : tensor<3xf64>
    %5 = weft.cos %arg4 : tensor<3xf64>
    %6 = weft.mul %4, %5 : tensor<3xf64>
    %7 = weft.add %3, %6 : tensor<3xf64>
    %8 = weft.sin %arg4 : tensor<3xf64>
    %9 = weft.mul %0, %8 : tensor<3xf64>
    %10 = weft.add %arg5, %9 : tensor<3xf64>
    loom.yield %7, %10 : tensor<3xf64>, tensor<3xf64>
  }
}

