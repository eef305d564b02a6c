// RUN: weft-opt %s --derive-symbols --verify-diagnostics --split-input-file

!v = tensor<8xf64>

func.func @own(%x: !v) -> !v {
  // expected-error @below {{'weft.vjp' op is nested more than 64 deep: does a function ask for its own derivative?}}
  %y, %dx = weft.vjp @own(%x, %x) : (!v, !v) -> (!v, !v)
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
