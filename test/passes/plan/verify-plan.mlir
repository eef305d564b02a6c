// RUN: weft-opt %s --verify-plan --verify-diagnostics --split-input-file

// Two dispatches that share memory one after the other, one in place, a loop and a branch: nothing is wrong.
loom.kernel @one { ^bb0(%x: tensor<16xf32>): %y = weft.neg %x : tensor<16xf32>  loom.yield %y : tensor<16xf32> }
func.func @fine(%x: tensor<16xf32>) -> tensor<16xf32> attributes {loom.plan = #loom.plan<arena = 128, least = 128>} {
  %a = loom.dispatch @one(%x) places [#loom.arena<offset = 0, bytes = 64>] : (tensor<16xf32>) -> tensor<16xf32>
  %b = loom.dispatch @one(%a) places [#loom.arena<offset = 64, bytes = 64>] : (tensor<16xf32>) -> tensor<16xf32>
  %c = loom.dispatch @one(%b) places [#loom.arena<offset = 64, bytes = 64>] : (tensor<16xf32>) -> tensor<16xf32>
  %d = loom.dispatch @one(%c) places [#loom.output<index = 0>] : (tensor<16xf32>) -> tensor<16xf32>
  return %d : tensor<16xf32>
}

// -----

loom.kernel @one { ^bb0(%x: tensor<16xf32>): %y = weft.neg %x : tensor<16xf32>  loom.yield %y : tensor<16xf32> }
loom.kernel @two { ^bb0(%x: tensor<16xf32>, %z: tensor<16xf32>): %y = weft.add %x, %z : tensor<16xf32>  loom.yield %y : tensor<16xf32> }
func.func @written_over(%x: tensor<16xf32>) -> tensor<16xf32> attributes {loom.plan = #loom.plan<arena = 64, least = 64>} {
  // expected-note @below {{it was made here}}
  %a = loom.dispatch @one(%x) places [#loom.arena<offset = 0, bytes = 64>] : (tensor<16xf32>) -> tensor<16xf32>
  // expected-note @below {{this was written over it}}
  %b = loom.dispatch @one(%x) places [#loom.arena<offset = 0, bytes = 64>] : (tensor<16xf32>) -> tensor<16xf32>
  // expected-error @below {{reads a value that is not in bytes 0 to 64 of the arena any more}}
  %c = loom.dispatch @two(%a, %b) places [#loom.output<index = 0>] : (tensor<16xf32>, tensor<16xf32>) -> tensor<16xf32>
  return %c : tensor<16xf32>
}

// -----

loom.kernel @turned { ^bb0(%x: tensor<4x4xf32>): %y = weft.transpose %x [1, 0] : tensor<4x4xf32>  loom.yield %y : tensor<4x4xf32> }
func.func @not_in_place(%x: tensor<4x4xf32>) -> tensor<4x4xf32> attributes {loom.plan = #loom.plan<arena = 64, least = 64>} {
  %a = loom.dispatch @turned(%x) places [#loom.arena<offset = 0, bytes = 64>] : (tensor<4x4xf32>) -> tensor<4x4xf32>
  // expected-error @below {{writes bytes 0 to 64 of the arena, which it or what runs with it still reads there}}
  // expected-note @below {{operand 0 of this}}
  %b = loom.dispatch @turned(%a) places [#loom.arena<offset = 0, bytes = 64>] : (tensor<4x4xf32>) -> tensor<4x4xf32>
  %c = loom.dispatch @turned(%b) places [#loom.output<index = 0>] : (tensor<4x4xf32>) -> tensor<4x4xf32>
  return %c : tensor<4x4xf32>
}

// -----

loom.kernel @one { ^bb0(%x: tensor<16xf32>): %y = weft.neg %x : tensor<16xf32>  loom.yield %y : tensor<16xf32> }
loom.kernel @two { ^bb0(%x: tensor<16xf32>, %z: tensor<16xf32>): %y = weft.add %x, %z : tensor<16xf32>  loom.yield %y : tensor<16xf32> }
func.func @forked(%x: tensor<16xf32>) -> tensor<16xf32> attributes {loom.plan = #loom.plan<arena = 96, least = 96>} {
  // expected-note @below {{this}}
  %a = loom.dispatch @one(%x) places [#loom.arena<offset = 0, bytes = 64>] fork 0 : (tensor<16xf32>) -> tensor<16xf32>
  // expected-error @below {{writes bytes 0 to 64 of the arena, as does what runs at the same time}}
  %b = loom.dispatch @one(%x) places [#loom.arena<offset = 0, bytes = 64>] fork 0 : (tensor<16xf32>) -> tensor<16xf32>
  %c = loom.dispatch @two(%a, %b) places [#loom.output<index = 0>] : (tensor<16xf32>, tensor<16xf32>) -> tensor<16xf32>
  return %c : tensor<16xf32>
}

// -----

loom.kernel @one { ^bb0(%x: tensor<16xf32>): %y = weft.neg %x : tensor<16xf32>  loom.yield %y : tensor<16xf32> }
func.func @too_small(%x: tensor<16xf32>) -> tensor<16xf32> attributes {loom.plan = #loom.plan<arena = 128, least = 128>} {
  // expected-error @below {{has result 0 in 32 bytes, but it may need 64}}
  %a = loom.dispatch @one(%x) places [#loom.arena<offset = 0, bytes = 32>] : (tensor<16xf32>) -> tensor<16xf32>
  %b = loom.dispatch @one(%a) places [#loom.output<index = 0>] : (tensor<16xf32>) -> tensor<16xf32>
  return %b : tensor<16xf32>
}

// -----

loom.kernel @one { ^bb0(%x: tensor<16xf32>): %y = weft.neg %x : tensor<16xf32>  loom.yield %y : tensor<16xf32> }
func.func @outside(%x: tensor<16xf32>) -> tensor<16xf32> attributes {loom.plan = #loom.plan<arena = 64, least = 64>} {
  // expected-error @below {{has result 0 in bytes 64 to 128 of an arena of 64}}
  %a = loom.dispatch @one(%x) places [#loom.arena<offset = 64, bytes = 64>] : (tensor<16xf32>) -> tensor<16xf32>
  %b = loom.dispatch @one(%a) places [#loom.output<index = 0>] : (tensor<16xf32>) -> tensor<16xf32>
  return %b : tensor<16xf32>
}

// -----

loom.kernel @one { ^bb0(%x: tensor<16xf32>): %y = weft.neg %x : tensor<16xf32>  loom.yield %y : tensor<16xf32> }
func.func @wrong_output(%x: tensor<16xf32>) -> (tensor<16xf32>, tensor<16xf32>) attributes {loom.plan = #loom.plan<arena = 0, least = 0>} {
  // expected-error @below {{has result 0 in #loom.output<index = 1>, which is no place of it}}
  %a = loom.dispatch @one(%x) places [#loom.output<index = 1>] : (tensor<16xf32>) -> tensor<16xf32>
  %b = loom.dispatch @one(%x) places [#loom.output<index = 1>] : (tensor<16xf32>) -> tensor<16xf32>
  return %a, %b : tensor<16xf32>, tensor<16xf32>
}

// -----

loom.kernel @one { ^bb0(%x: tensor<16xf32>): %y = weft.neg %x : tensor<16xf32>  loom.yield %y : tensor<16xf32> }
func.func @read_after_update(%x: tensor<16xf32>) -> (tensor<16xf32>, tensor<16xf32>) attributes {loom.plan = #loom.plan<arena = 0, least = 0>} {
  %a = loom.dispatch @one(%x) places [#loom.output<index = 0, input = 0>] : (tensor<16xf32>) -> tensor<16xf32>
  // expected-error @below {{reads an argument that loom.dispatch has written its new value over}}
  %b = loom.dispatch @one(%x) places [#loom.output<index = 1>] : (tensor<16xf32>) -> tensor<16xf32>
  return %a, %b : tensor<16xf32>, tensor<16xf32>
}

// -----

func.func @left_over(%x: tensor<16xf32>) -> tensor<16xf32> attributes {loom.plan = #loom.plan<arena = 0, least = 0>} {
  // expected-error @below {{is no dispatch, loop, branch, constant or view, and a planned program has nothing else}}
  %a = weft.neg %x : tensor<16xf32>
  return %a : tensor<16xf32>
}

// -----

loom.kernel @one { ^bb0(%x: tensor<16xf32>): %y = weft.neg %x : tensor<16xf32>  loom.yield %y : tensor<16xf32> }
// expected-error @below {{has no loom.plan: the plan comes first}}
func.func @not_planned(%x: tensor<16xf32>) -> tensor<16xf32> {
  %a = loom.dispatch @one(%x) : (tensor<16xf32>) -> tensor<16xf32>
  return %a : tensor<16xf32>
}

// -----

// What a loop reads from outside must be there in every step: the second one finds what the first has written.
loom.kernel @one { ^bb0(%x: tensor<16xf32>): %y = weft.neg %x : tensor<16xf32>  loom.yield %y : tensor<16xf32> }
loom.kernel @two { ^bb0(%x: tensor<16xf32>, %z: tensor<16xf32>): %y = weft.add %x, %z : tensor<16xf32>  loom.yield %y : tensor<16xf32> }
func.func @every_step(%x: tensor<16xf32>) -> tensor<16xf32> attributes {loom.plan = #loom.plan<arena = 320, least = 320>} {
  // expected-note @below {{it was made here}}
  %a = loom.dispatch @one(%x) places [#loom.arena<offset = 0, bytes = 64>] : (tensor<16xf32>) -> tensor<16xf32>
  %r = weft.scan #weft.dims<(3)> carry(%x) over() {
  ^bb0(%i: tensor<i32>, %c: tensor<16xf32>):
    // expected-error @below {{reads a value that is not in bytes 0 to 64 of the arena any more}}
    %n = loom.dispatch @two(%c, %a) places [#loom.arena<offset = 256, bytes = 64>] : (tensor<16xf32>, tensor<16xf32>) -> tensor<16xf32>
    // expected-note @below {{this was written over it}}
    %m = loom.dispatch @one(%n) places [#loom.arena<offset = 0, bytes = 64>] : (tensor<16xf32>) -> tensor<16xf32>
    %o = loom.dispatch @one(%m) places [#loom.yielded<index = 0>] : (tensor<16xf32>) -> tensor<16xf32>
    weft.yield %o : tensor<16xf32>
  } {loom.places = [#loom.arena<offset = 64, bytes = 64>, #loom.arena<offset = 128, bytes = 64>, #loom.arena<offset = 192, bytes = 64>]} : (tensor<16xf32>) -> tensor<16xf32>
  %d = loom.dispatch @one(%r) places [#loom.output<index = 0>] : (tensor<16xf32>) -> tensor<16xf32>
  return %d : tensor<16xf32>
}
