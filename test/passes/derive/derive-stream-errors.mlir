// RUN: weft-opt %s --derive-stream --verify-diagnostics --split-input-file

!x = tensor<?x4xf32, #weft.dims<[T in 1 to 8] (T, 4)>>

// The way from what comes to what is wanted.
func.func @mean(%x: !x) -> !x attributes {weft.stream = "T"} {
  // expected-note @below {{it goes through exp, f32 [T, 4]}}
  %e = weft.exp %x : !x
  // expected-error @below {{stream: reduce_sum follows from all elements along time, and is given to each time, also to those before they come (time is T)}}
  // expected-note @below {{what comes is argument 0, f32 [T, 4]}}
  %s = weft.reduce_sum %e [0] : (!x) -> tensor<4xf32>
  // expected-note @below {{the result goes into broadcast, at each time}}
  %b = weft.broadcast %s [1] : (tensor<4xf32>) -> !x
  // expected-note @below {{the result goes into sub, at each time}}
  // expected-note @below {{this is a result of the function, at each time}}
  %y = weft.sub %x, %b : !x
  return %y : !x
}

// -----

!x = tensor<?xf32, #weft.dims<[T in 1 to 8] (T)>>
!l = tensor<?xf32, #weft.dims<[T in 1 to 8] (T - 1)>>

func.func @later(%x: !x) -> !x attributes {weft.stream = "T"} {
  %zero = weft.constant dense<0.0> : tensor<f32>
  // expected-note @below {{it goes through slice, f32 [T - 1]}}
  %s = weft.slice %x from <(1)> by [1] : (!x) -> !l
  // expected-error @below {{stream: pad reads elements that come 1 later along time}}
  // expected-note @below {{what comes is argument 0}}
  // expected-note @below {{this is a result}}
  %p = weft.pad %s, %zero low <(0)> interior [0] : (!l, tensor<f32>) -> !x
  return %p : !x
}

// -----

!x = tensor<?xf32, #weft.dims<[T in 1 to 8] (T)>>

func.func @cut(%x: !x) -> tensor<?xf32, #weft.dims<[T in 1 to 8] (T - 1)>> attributes {weft.stream = "T"} {
  // expected-error @below {{stream: slice is a result of size T - 1: it needs an element for each time}}
  // expected-note @below {{what comes is argument 0}}
  %s = weft.slice %x from <(0)> by [1] : (!x) -> tensor<?xf32, #weft.dims<[T in 1 to 8] (T - 1)>>
  return %s : tensor<?xf32, #weft.dims<[T in 1 to 8] (T - 1)>>
}

// -----

!x = tensor<?xf32, #weft.dims<[T in 1 to 8] (T)>>

func.func @from_outside(%x: !x, %y: !x) -> !x attributes {weft.stream = "T"} {
  %zero = weft.constant dense<0.0> : tensor<f32>
  // expected-error @below {{stream: scan has a body that reads a value of all times from outside}}
  // expected-note @below {{what comes is argument 0}}
  // expected-note @below {{this is a result}}
  %r:2 = weft.scan <[T in 1 to 8] (T)> carry(%zero) over(%x) {
  ^bb0(%i: tensor<i32>, %c: tensor<f32>, %v: tensor<f32>):
    %s = weft.reduce_sum %y [0] : (!x) -> tensor<f32>
    %n = weft.add %c, %s : tensor<f32>
    weft.yield %n, %n : tensor<f32>, tensor<f32>
  } : (tensor<f32>, !x) -> (tensor<f32>, !x)
  return %r#1 : !x
}

// -----

// expected-error @below {{stream: no argument goes along T}}
func.func @nothing(%x: tensor<4xf32>) -> tensor<4xf32> attributes {weft.stream = "T"} {
  return %x : tensor<4xf32>
}
