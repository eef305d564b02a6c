#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The training step of bench/Training.cpp in JAX: seconds from nothing to the first loss, and of a step.

    python3 bench/peers/jax_training.py [--blocks=4] [--threads=2]      beside  weft-bench --suite=floors --filter=transformer

8 texts of 128 bytes, width 256, 4 heads, AdamW; no cache of compiled code. Needs jax and numpy.
"""
import argparse
import os
import sys
import time

sys.path.pop(0)
options = argparse.ArgumentParser()
options.add_argument("--blocks", type=int, default=4)
options.add_argument("--threads", type=int, default=2)
options = options.parse_args()
one = "true" if options.threads > 1 else "false"
os.environ["XLA_FLAGS"] = f"--xla_cpu_multi_thread_eigen={one} intra_op_parallelism_threads={options.threads}"
os.environ["JAX_PLATFORMS"] = "cpu"
import jax
import jax.numpy as jnp
import numpy as np

jax.config.update("jax_enable_compilation_cache", False)
vocabulary, width, heads, length, batch = 256, 256, 4, 128, 8
draw = np.random.default_rng(0)


def matrix(*shape):
    return (draw.standard_normal(shape) / np.sqrt(shape[0])).astype(np.float32)


def linear(m, n):
    return {"w": matrix(m, n), "b": np.zeros(n, np.float32)}


def norm():
    return {"scale": np.ones(width, np.float32), "shift": np.zeros(width, np.float32)}


def block():
    return {
        "norm1": norm(), "norm2": norm(), "qkv": linear(width, 3 * width), "out": linear(width, width),
        "up": linear(width, 4 * width), "down": linear(4 * width, width),
    }


net = {
    "tokens": matrix(vocabulary, width), "places": matrix(length, width),
    "blocks": [block() for _ in range(options.blocks)], "norm": norm(),
}


def dense(p, x):
    return x @ p["w"] + p["b"]


def normed(p, x):
    d = x - x.mean(-1, keepdims=True)
    return d * jax.lax.rsqrt((d * d).mean(-1, keepdims=True) + 1e-5) * p["scale"] + p["shift"]


def attention(p, x):
    q, k, v = jnp.moveaxis(dense(p["qkv"], x).reshape(batch, length, 3, heads, width // heads), 2, 0)
    scores = jnp.einsum("bihc,bjhc->bhij", q, k) * (width // heads) ** -0.5
    seen = jnp.tril(jnp.ones((length, length), bool))
    z = jnp.einsum("bhij,bjhc->bihc", jax.nn.softmax(jnp.where(seen, scores, -1e9)), v)
    return dense(p["out"], z.reshape(batch, length, width))


def loss(net, x, y):
    h = net["tokens"][x] + net["places"]
    for p in net["blocks"]:
        h = h + attention(p, normed(p["norm1"], h))
        h = h + dense(p["down"], jax.nn.gelu(dense(p["up"], normed(p["norm2"], h)), approximate=False))
    logits = normed(net["norm"], h) @ net["tokens"].T
    return -jnp.take_along_axis(jax.nn.log_softmax(logits), y[..., None], -1).mean()


@jax.jit
def step(net, m, v, t, x, y):
    value, g = jax.value_and_grad(loss)(net, x, y)
    t = t + 1
    m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, g)
    v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, g)
    net = jax.tree.map(
        lambda w, m, v: w - 1e-3 * (m / (1 - 0.9**t) / (jnp.sqrt(v / (1 - 0.999**t)) + 1e-8) + 0.01 * w), net, m, v)
    return net, m, v, t, value


text = np.array([(i * 7 + i // 13) % vocabulary for i in range(batch * length + 1)], np.int32)
x, y = text[:-1].reshape(batch, length), text[1:].reshape(batch, length)
zeros = jax.tree.map(np.zeros_like, net)
before = time.perf_counter()
state = step(net, zeros, zeros, np.float32(0), x, y)
state[-1].block_until_ready()
print(f"cold {time.perf_counter() - before:.2f} s, loss {float(state[-1]):.3f}")
best = 1e9
for _ in range(20):
    before = time.perf_counter()
    state = step(*state[:-1], x, y)
    state[-1].block_until_ready()
    best = min(best, time.perf_counter() - before)
print(f"step {best * 1e3:.1f} ms")
