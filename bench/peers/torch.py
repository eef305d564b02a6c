#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""PyTorch beside Weft, on one thread:  weft-bench --suite=kernels --peer='python3 bench/peers/torch.py'

With --compile each function goes through torch.compile first. Needs torch and numpy.
"""
import sys

from serve import serve

sys.path.pop(0)  # this file has the library's name
import torch
import torch.nn.functional as F

torch.set_num_threads(1)


def gradient(f, wanted):
    """f(*x) and the gradient of its products with the last argument, by the arguments `wanted`."""

    def run(*x):
        x = [a.detach().requires_grad_() if i in wanted else a for i, a in enumerate(x)]
        return list(torch.autograd.grad(f(*x[:-1]), [x[i] for i in wanted], x[-1]))

    return run


def one(f):
    return lambda *x: [f(*x)]


def added(rows):
    return one(lambda i, g: torch.zeros(rows, g.shape[1]).index_add_(0, i, g))


def attention(causal):
    return lambda q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=causal)


def norm(x, g, b):
    return F.layer_norm(x, x.shape[-1:], g, b)


taps = torch.tensor([1.0, 4, 6, 4, 1]) / 16


def gaussian(x):
    y = F.conv2d(x[None, None], taps.reshape(1, 1, 5, 1))
    return F.conv2d(y, taps.reshape(1, 1, 1, 5))


def haar(x):
    a, b, c, d = x[0::2, 0::2], x[0::2, 1::2], x[1::2, 0::2], x[1::2, 1::2]
    return [(a + b + c + d) / 2, (a - b + c - d) / 2, (a + b - c - d) / 2, (a - b - c + d) / 2]


def windows(pool, stride):
    return one(lambda x: pool(x[None, None], 3 if stride == 1 else 2, stride))


functions = {
    "add/2048x2048": one(torch.add),
    "transposed_add/2048x2048": one(lambda x, y: x.t() + y),
    "transpose/2048x2048": one(lambda x: x.t().contiguous()),
    "softmax/512x768": one(lambda x: torch.softmax(x, -1)),
    "softmax/adjoint": gradient(lambda x: torch.softmax(x, -1), [0]),
    "softmax/4096x1024": one(lambda x: torch.softmax(x, -1)),
    "layernorm/4096x1024": one(norm),
    "layernorm/4096x1024/adjoint": gradient(norm, [0, 1, 2]),
    "gelu/4096x1024": one(F.gelu),
    "gelu/4096x1024/adjoint": gradient(F.gelu, [0]),
    "top_k/64_of_1000000": one(lambda x: torch.topk(x, 64).values),
    "top_k/rows_9_of_1024": one(lambda x: torch.topk(x, 9).values),
    **{
        "rfft/" + shape: one(lambda x: torch.view_as_real(torch.fft.rfft(x)))
        for shape in ["4096", "64x4096", "64x1000"]
    },
    "sort/1000000": one(lambda x: torch.sort(x, stable=True).values),
    "cumsum/rows_4096x1024": one(lambda x: torch.cumsum(x, 1)),
    "cumsum/columns_4096x1024": one(lambda x: torch.cumsum(x, 0)),
    "take/8192_of_50000x256": one(lambda t, i: t[i]),
    "take/65536_of_5000x8": one(lambda t, i: t[i]),
    "scatter_add/8192_into_5000x256": added(5000),
    "scatter_add/8192_into_50000x256": added(50000),
    "scatter_add/sorted_8192_into_5000x256": added(5000),
    "scatter_max/8192_into_5000x256": one(
        lambda i, g: torch.zeros(5000, 256).index_reduce_(0, i, g, "amax")
    ),
    "attention/full_8x1024x64": one(attention(False)),
    "attention/full_8x1024x64/adjoint": gradient(attention(False), [0, 1, 2]),
    "attention/causal_8x1024x64": one(attention(True)),
    "attention/causal_8x1024x64/adjoint": gradient(attention(True), [0, 1, 2]),
    "matmul/1024": one(torch.matmul),
    "matmul_bf16/1024": one(torch.matmul),
    "gaussian_5x5/1024x1024": one(gaussian),
    "window_max_3x3/1024x1024": windows(F.max_pool2d, 1),
    "window_mean_3x3/1024x1024": windows(F.avg_pool2d, 1),
    "max_pool_2x2/2048x2048": windows(F.max_pool2d, 2),
    "haar/1024x1024": haar,
}
for kind in ["f32", "f64", "bf16", "i32"]:
    for axis, shape in [(0, "columns_4096x1024"), (1, "rows_4096x1024"), (1, "middle_64x64x1024")]:
        for name, f in {
            "sum": lambda x, axis: torch.sum(x, axis, dtype=x.dtype),
            "max": torch.amax,
            "argmax": torch.argmax,
            "prod": lambda x, axis: torch.prod(x, axis, dtype=x.dtype),
        }.items():
            functions[f"{name}_{kind}/{shape}"] = one(lambda x, f=f, axis=axis: f(x, axis))

name = "PyTorch " + torch.__version__
if "--compile" in sys.argv:
    name += " compiled"
    functions = {row: torch.compile(f) for row, f in functions.items()}


def give(array, type):
    return torch.from_numpy(array).to(torch.bfloat16) if type == "bf16" else torch.from_numpy(array)


serve(name, functions, give, lambda results: None, lambda result: result.detach().double().numpy())
