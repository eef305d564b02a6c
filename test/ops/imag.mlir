// RUN: weft-opt %s | weft-opt | FileCheck %s
// RUN: weft-opt %s --split-complex --expand-derivatives --canonicalize --cse | FileCheck %s --check-prefix=DERIVED
// RUN: weft-check-ops %s
//
// The imaginary part is the second of the two numbers of an element. Its gradient by z is that of the part alone: d Im(z) is 0 + i.

!c = tensor<3xcomplex<f64>>
!r = tensor<3xf64>

// CHECK-LABEL: @part
// CHECK: weft.imag %{{.*}} : (tensor<3xcomplex<f64>>) -> tensor<3xf64>
func.func @part(%a: !r, %b: !r) -> !r {
  %z = weft.complex %a, %b : (!r, !r) -> !c
  %y = weft.imag %z : (!c) -> !r
  return %y : !r
}

// Nothing of the real part is left: im(z) of a sum with a real number is the part and the 0 that the number has there, for -0 + 0 is 0.
// DERIVED-LABEL: @shifted
// DERIVED-SAME: %[[A:.*]]: tensor<3xf64>, %[[B:.*]]: tensor<3xf64>, %[[K:.*]]: tensor<3xf64>
// DERIVED-NEXT: %[[ZERO:.*]] = weft.constant dense<0.000000e+00>
// DERIVED-NEXT: %[[SUM:.*]] = weft.add %[[B]], %[[ZERO]]
// DERIVED-NEXT: return %[[SUM]]
func.func @shifted(%a: !r, %b: !r, %k: !r) -> !r {
  %z = weft.complex %a, %b : (!r, !r) -> !c
  %x = weft.cast %k : !r to !c
  %s = weft.add %z, %x : !c
  %y = weft.imag %s : (!c) -> !r
  return %y : !r
}

// Im(z z) = 2 a b: the cotangent reaches both parts, each times twice the other.
// DERIVED-LABEL: @gradient
// DERIVED-SAME: %[[A:.*]]: tensor<3xf64>, %[[B:.*]]: tensor<3xf64>, %[[CT:.*]]: tensor<3xf64>
// DERIVED-DAG: %[[AC:.*]] = weft.mul {{%.*}}, %[[A]] : tensor<3xf64>
// DERIVED-DAG: %[[BC:.*]] = weft.mul {{%.*}}, %[[B]] : tensor<3xf64>
// DERIVED-NOT: complex
// DERIVED: return
func.func @gradient(%a: !r, %b: !r, %ct: !r) -> (!r, !r) {
  %z = weft.complex %a, %b : (!r, !r) -> !c
  %p = weft.mul %z, %z : !c
  %y = weft.imag %p : (!c) -> !r
  %g = weft.grad of %y with %ct wrt %z : (!r, !r, !c) -> !c
  %gr = weft.real %g : (!c) -> !r
  %gi = weft.imag %g : (!c) -> !r
  return %gr, %gi : !r, !r
}
