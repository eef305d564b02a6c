// RUN: weft-opt %s --expand-derivatives --verify-diagnostics --split-input-file

!v = tensor<8xf64>

func.func @no_path(
    // expected-note @below {{differentiated by the value made here}}
    %x: !v,
    %k: !v, %ct: !v) -> !v {
  %y = weft.exp %k : !v
  // expected-error @below {{grad: no path leads from the values differentiated by to the value differentiated}}
  %dx = weft.grad of %y with %ct wrt %x : (!v, !v, !v) -> !v
  return %dx : !v
}

// -----

!v = tensor<8xf64>

func.func @only_a_stopped_path(%a: !v, %ct: !v) -> !v {
  // expected-note @below {{differentiated by the value made here}}
  %x = weft.neg %a : !v
  %y = weft.stop_gradient %x : !v
  // expected-error @below {{grad: no path leads from the values differentiated by to the value differentiated}}
  %dx = weft.grad of %y with %ct wrt %x : (!v, !v, !v) -> !v
  return %dx : !v
}

// -----

func.func @bits_in_reverse(%x: tensor<8xf16>, %ct: tensor<8xbf16>) -> tensor<8xf16> {
  // expected-error @below {{bitcast cannot be differentiated: bits are no smooth function of a number: use cast, or stop_gradient in front of it}}
  %y = weft.bitcast %x : tensor<8xf16> to tensor<8xbf16>
  // expected-note @below {{the derivative was asked for here}}
  %dx = weft.grad of %y with %ct wrt %x : (tensor<8xbf16>, tensor<8xbf16>, tensor<8xf16>) -> tensor<8xf16>
  return %dx : tensor<8xf16>
}

// -----

func.func @bits(%x: tensor<8xf16>, %t: tensor<8xf16>) -> tensor<8xbf16> {
  // expected-error @below {{bitcast cannot be differentiated: bits are no smooth function of a number: use cast, or stop_gradient in front of it}}
  %y = weft.bitcast %x : tensor<8xf16> to tensor<8xbf16>
  // expected-note @below {{the derivative was asked for here}}
  %ty = weft.tangent of %y wrt %x along %t : (tensor<8xbf16>, tensor<8xf16>, tensor<8xf16>) -> tensor<8xbf16>
  return %ty : tensor<8xbf16>
}

// -----

!v = tensor<8xf64>

func.func @forwards(%x: !v, %t: !v) -> !v {
  // expected-error @below {{custom_vjp cannot be differentiated forwards: it states a reverse derivative only; use grad or vjp}}
  %y = weft.custom_vjp %x forward {
  ^bb0(%a: !v):
    weft.yield %a : !v
  } backward {
  ^bb0(%a: !v, %c: !v):
    weft.yield %c : !v
  } : (!v) -> !v
  %ty = weft.tangent of %y wrt %x along %t : (!v, !v, !v) -> !v
  return %ty : !v
}

// -----

!v = tensor<8xf64>

// The value that is used without being an argument depends on x: its part of the derivative would silently be missing.
func.func @captured(%x: !v, %ct: !v) -> !v {
  // expected-note @below {{made here}}
  %h = weft.exp %x : !v
  %y = weft.custom_vjp %x forward {
  ^bb0(%a: !v):
    // expected-error @below {{custom_vjp: a value from outside is used here and differentiated, but is no argument; pass it as one}}
    %b = weft.mul %a, %h : !v
    weft.yield %b : !v
  } backward {
  ^bb0(%a: !v, %c: !v):
    weft.yield %c : !v
  } : (!v) -> !v
  // expected-note @below {{the derivative was asked for here}}
  %dx = weft.grad of %y with %ct wrt %x : (!v, !v, !v) -> !v
  return %dx : !v
}

// -----

!v = tensor<8xf64>

// The same where no argument of the region is differentiated, but another path leads on.
func.func @captured_beside_a_path(%x: !v, %k: !v, %ct: !v) -> !v {
  // expected-note @below {{made here}}
  %h = weft.exp %x : !v
  %y = weft.custom_vjp %k forward {
  ^bb0(%a: !v):
    // expected-error @below {{custom_vjp: a value from outside is used here and differentiated, but is no argument; pass it as one}}
    %b = weft.mul %a, %h : !v
    weft.yield %b : !v
  } backward {
  ^bb0(%a: !v, %c: !v):
    weft.yield %c : !v
  } : (!v) -> !v
  %z = weft.add %y, %x : !v
  // expected-note @below {{the derivative was asked for here}}
  %dx = weft.grad of %z with %ct wrt %x : (!v, !v, !v) -> !v
  return %dx : !v
}
