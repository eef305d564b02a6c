#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""JAX beside Weft, on one thread:  weft-bench --suite=kernels --peer='python3 bench/peers/jax.py'

Each function is compiled by jit first. Needs jax and numpy.
"""
import os
import sys

from serve import serve

sys.path.pop(0)  # this file has the library's name
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
os.environ["JAX_PLATFORMS"] = "cpu"
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

jax.config.update("jax_enable_x64", True)


def gradient(f, wanted):
    def run(*x):
        def chosen(*some):
            all = list(x[:-1])
            for i, a in zip(wanted, some):
                all[i] = a
            return f(*all)

        return list(jax.vjp(chosen, *[x[i] for i in wanted])[1](x[-1]))

    return run


def one(f):
    return lambda *x: [f(*x)]


def added(rows, sorted=False):
    return one(
        lambda i, g: jnp.zeros((rows, g.shape[1]), g.dtype).at[i].add(g, indices_are_sorted=sorted, mode="promise_in_bounds")
    )


def attention(causal):
    def f(q, k, v):
        scores = jnp.einsum("hid,hjd->hij", q, k) * 0.125
        if causal:
            scores = jnp.where(jnp.tril(jnp.ones(scores.shape[1:], bool)), scores, -jnp.inf)
        return jnp.einsum("hij,hjd->hid", jax.nn.softmax(scores), v)

    return f


def norm(x, g, b):
    mean = x.mean(-1, keepdims=True)
    variance = ((x - mean) ** 2).mean(-1, keepdims=True)
    return (x - mean) * lax.rsqrt(variance + 1e-5) * g + b


taps = [1 / 16, 4 / 16, 6 / 16, 4 / 16, 1 / 16]


def gaussian(x):
    h, w = x.shape
    y = sum(x[i : h - 4 + i] * t for i, t in enumerate(taps))
    return sum(y[:, i : w - 4 + i] * t for i, t in enumerate(taps))


def haar(x):
    a, b, c, d = x[0::2, 0::2], x[0::2, 1::2], x[1::2, 0::2], x[1::2, 1::2]
    return [(a + b + c + d) / 2, (a - b + c - d) / 2, (a + b - c - d) / 2, (a - b - c + d) / 2]


def windows(first, combine, size, stride):
    return one(lambda x: lax.reduce_window(x, np.float32(first), combine, (size, size), (stride, stride), "VALID"))


functions = {
    "add/2048x2048": one(jnp.add),
    "transposed_add/2048x2048": one(lambda x, y: x.T + y),
    "transpose/2048x2048": one(lambda x: x.T),
    "softmax/512x768": one(jax.nn.softmax),
    "softmax/adjoint": gradient(jax.nn.softmax, [0]),
    "softmax/4096x1024": one(jax.nn.softmax),
    "layernorm/4096x1024": one(norm),
    "layernorm/4096x1024/adjoint": gradient(norm, [0, 1, 2]),
    "gelu/4096x1024": one(lambda x: jax.nn.gelu(x, approximate=False)),
    "gelu/4096x1024/adjoint": gradient(lambda x: jax.nn.gelu(x, approximate=False), [0]),
    "top_k/64_of_1000000": one(lambda x: lax.top_k(x, 64)[0]),
    "top_k/rows_9_of_1024": one(lambda x: lax.top_k(x, 9)[0]),
    **{
        "rfft/" + shape: one(lambda x: (lambda y: jnp.stack([y.real, y.imag], -1))(jnp.fft.rfft(x)))
        for shape in ["4096", "64x4096", "64x1000"]
    },
    "sort/1000000": one(jnp.sort),
    "cumsum/rows_4096x1024": one(lambda x: jnp.cumsum(x, 1)),
    "cumsum/columns_4096x1024": one(lambda x: jnp.cumsum(x, 0)),
    "take/8192_of_50000x256": one(lambda t, i: t.at[i].get(mode="promise_in_bounds")),
    "take/65536_of_5000x8": one(lambda t, i: t.at[i].get(mode="promise_in_bounds")),
    "scatter_add/8192_into_5000x256": added(5000),
    "scatter_add/8192_into_50000x256": added(50000),
    "scatter_add/sorted_8192_into_5000x256": added(5000, True),
    "scatter_max/8192_into_5000x256": one(
        lambda i, g: jnp.zeros((5000, 256), g.dtype).at[i].max(g, mode="promise_in_bounds")
    ),
    "attention/full_8x1024x64": one(attention(False)),
    "attention/full_8x1024x64/adjoint": gradient(attention(False), [0, 1, 2]),
    "attention/causal_8x1024x64": one(attention(True)),
    "attention/causal_8x1024x64/adjoint": gradient(attention(True), [0, 1, 2]),
    "matmul/1024": one(jnp.matmul),
    "matmul_bf16/1024": one(jnp.matmul),
    "gaussian_5x5/1024x1024": one(gaussian),
    "window_max_3x3/1024x1024": windows(-np.inf, lax.max, 3, 1),
    "window_mean_3x3/1024x1024": one(lambda x: windows(0, lax.add, 3, 1)(x)[0] / 9),
    "max_pool_2x2/2048x2048": windows(-np.inf, lax.max, 2, 2),
    "haar/1024x1024": haar,
}
for kind in ["f32", "f64", "bf16", "i32"]:
    for axis, shape in [(0, "columns_4096x1024"), (1, "rows_4096x1024"), (1, "middle_64x64x1024")]:
        for name, f in {
            "sum": lambda x, axis: jnp.sum(x, axis, dtype=x.dtype),
            "max": jnp.max,
            "argmax": jnp.argmax,
            "prod": lambda x, axis: jnp.prod(x, axis, dtype=x.dtype),
        }.items():
            functions[f"{name}_{kind}/{shape}"] = one(lambda x, f=f, axis=axis: f(x, axis))


def give(array, type):
    return jnp.asarray(array, dtype=jnp.bfloat16 if type == "bf16" else None)


serve(
    "JAX " + jax.__version__,
    {row: jax.jit(f) for row, f in functions.items()},
    give,
    jax.block_until_ready,
    lambda result: np.asarray(result).astype(np.float64),
)
