// RUN: weft-random-ops --seed=1 --count=6 | weft-check-ops -
// RUN: weft-random-ops --seed=12 --count=4 --type=f64 --ops=20 | weft-check-ops -
// RUN: weft-random-ops --seed=3 --count=6 | env WEFT_CHECK_OPT=0 weft-check-ops -
// RUN: %if avx2 %{ weft-random-ops --seed=4 --count=4 | env WEFT_CHECK_CPU=haswell weft-check-ops - %}
// RUN: weft-random-ops --seed=5 --count=2 --large --type=f32 | weft-check-ops -
// RUN: weft-random-ops --seed=6 --count=4 --type=f64 | env WEFT_CHECK_MAPPED=1 weft-check-ops -
// RUN: weft-random-ops --seed=1 --count=6 --only=3 | FileCheck %s
// RUN: not weft-random-ops --sed=1 2>&1 | FileCheck %s --check-prefix=BAD
//
// Random programs: compiled against the host reference, derivatives against differences, optimised or not. More of them by hand:
// for s in $(seq 100); do weft-random-ops --seed=$s | weft-check-ops -; done

// CHECK-NOT: @random_1_2
// CHECK: func.func @random_1_3(
// CHECK-NOT: @random_1_4
// BAD: weft-random-ops: '--sed=1' is no option: --seed=N
