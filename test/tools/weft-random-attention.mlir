// RUN: weft-random-attention --seed=1 --count=12 | weft-opt --weft-derive --cse | FileCheck %s
// RUN: weft-random-attention --seed=1 --count=12 | weft-check-ops -
// RUN: weft-random-attention --seed=2 --count=3 | env WEFT_CHECK_OPT=0 weft-check-ops -
// RUN: %if avx2 %{ weft-random-attention --seed=3 --count=3 | env WEFT_CHECK_CPU=haswell weft-check-ops - %}
// RUN: weft-random-attention --seed=4 --count=2 | env WEFT_CHECK_MAPPED=1 weft-check-ops -
// RUN: weft-random-attention --seed=11 --count=25 --only=9 | weft-check-ops -
// RUN: weft-random-attention --seed=1 --count=12 --dropout --type=f16 | weft-opt --weft-derive --cse | FileCheck %s
// RUN: weft-random-attention --seed=5 --count=4 --dropout | weft-check-ops -
// RUN: weft-random-attention --seed=2 --count=3 --type=f64 | weft-check-ops -
// RUN: weft-random-attention --seed=1 --count=4 --type=bf16 | weft-check-ops -
// RUN: %if avx2 %{ weft-random-attention --seed=1 --count=4 --type=bf16 | env WEFT_CHECK_CPU=haswell weft-check-ops - %}
// RUN: weft-random-attention --seed=2 --count=4 --type=f16 --dropout | weft-check-ops -
// RUN: not weft-random-attention --sed=1 2>&1 | FileCheck %s --check-prefix=BAD
//
// Attention with random score programs, fused when it is compiled, beside the host reference, which knows nothing of that; and its gradients. All of them
// become one op forward and one backward. More of them by hand: for s in $(seq 100); do weft-random-attention --seed=$s | weft-check-ops -; done

// CHECK-NOT: weft.softmax
// CHECK-COUNT-12: weft.attention_grad
// CHECK-NOT: weft.softmax
// BAD: weft-random-attention: '--sed=1' is no option: --seed=N
