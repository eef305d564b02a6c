// RUN: weft-opt %s --derive-symbols --verify-diagnostics --split-input-file

!v = tensor<8xf64>

func.func @own(%x: !v) -> !v {
  // expected-error @below {{'weft.vjp' op asks for the derivative of a function that needs this one: @own}}
  %y, %dx = weft.vjp @own(%x, %x) : (!v, !v) -> (!v, !v)
  return %dx : !v
}

// -----

!v = tensor<8xf64>

func.func @egg(%x: !v) -> !v {
  %y, %ty = weft.jvp @hen(%x, %x) : (!v, !v) -> (!v, !v)
  return %ty : !v
}
func.func @hen(%x: !v) -> !v {
  // expected-error @below {{'weft.vjp' op asks for the derivative of a function that needs this one: @egg}}
  %y, %dx = weft.vjp @egg(%x, %x) : (!v, !v) -> (!v, !v)
  return %dx : !v
}

// -----

!v = tensor<8xf64>

func.func private @elsewhere(%x: !v) -> !v
func.func @no_body(%x: !v) -> !v {
  // expected-error @below {{'weft.jvp' op needs a function of one block: @elsewhere}}
  %y, %ty = weft.jvp @elsewhere(%x, %x) : (!v, !v) -> (!v, !v)
  return %ty : !v
}

// -----

!v = tensor<8xf64>

func.func @forever(%x: !v) -> !v {
  // expected-error @below {{'func.call' op calls a function that needs this one: @forever}}
  %y = func.call @forever(%x) : (!v) -> !v
  return %y : !v
}
