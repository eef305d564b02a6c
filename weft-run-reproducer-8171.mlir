// command: build/bin/weft-run --opt=0 --no-cache --input=0x5xf64=normal:1 --input=1x5xf64=zeros --dump-after=emit /tmp/w/p.mlir
!u = tensor<?x5xf64, #weft.dims<[U in 1 to 64] (U, 5)>>
!none = tensor<?x5xf64, #weft.dims<[U in 1 to 64] (U - 1, 5)>>
func.func @p(%x: !none, %y: !u) -> !u {
  %z = weft.constant dense<0.0> : tensor<f64>
  %c = weft.pad %x, %z low <(1, 0)> interior [0, 0] : (!none, tensor<f64>) -> !u
  return %c : !u
}
