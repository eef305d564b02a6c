# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes image.inc: what the ops of weft/Image.h are of chosen numbers, by their definitions, in float64.

    pip install numpy; python3 image.py > image.inc

Every definition is written out here: loops over results, no library of images. test/frontend/ImageTest.cpp includes the file.
"""
import itertools
import math
import numpy as np


def drawn(shape, seed):
    """The same numbers as `drawn` in ImageTest.cpp: exact, between -1 and 1, many of them equal to others."""
    n = int(np.prod(shape))
    return np.array([((i * 7919 + seed * 104729) % 1009 % 61 - 30) / 32 for i in range(n)]).reshape(shape)


def show(name, *arrays):
    values = ", ".join(format(float(v), ".14g").replace("inf", "INFINITY").replace("nan", "NAN") for a in arrays for v in np.asarray(a).ravel())
    print('{"%s", {%s}},' % (name, values))


def pool(name, x, kernel, stride, low, high, dilation=None, ceil=False, include=True):
    d = len(kernel)
    dilation = dilation or [1] * d
    size = x.shape[2:]
    out = []
    for n, k, s, l, h, e in zip(size, kernel, stride, low, high, dilation):
        room = n + l + h - e * (k - 1) - 1
        m = (math.ceil(room / s) if ceil else room // s) + 1
        if ceil and (m - 1) * s >= n + l:
            m -= 1
        out.append(m)
    largest, average, gradient = np.zeros(x.shape[:2] + tuple(out)), np.zeros(x.shape[:2] + tuple(out)), np.zeros(x.shape)
    for b, c in np.ndindex(x.shape[:2]):
        for at in np.ndindex(tuple(out)):
            best, where, total, count = -math.inf, None, 0.0, 0
            for step in np.ndindex(tuple(kernel)):
                p = [a * s - l + t * e for a, s, l, t, e in zip(at, stride, low, step, dilation)]
                padded = all(-l <= q < n + h for q, n, l, h in zip(p, size, low, high))
                real = all(0 <= q < n for q, n in zip(p, size))
                count += padded if include else real
                if real:
                    v = x[(b, c) + tuple(p)]
                    total += v
                    if where is None or v > best:
                        best, where = v, (b, c) + tuple(p)
            largest[(b, c) + at], average[(b, c) + at] = best, total / count
            if where is not None:
                gradient[where] += 1 + (sum(at) + b + c) % 3
    show("max_pool " + name, largest)
    show("max_pool gradient " + name, gradient)
    show("avg_pool " + name, average)


def adaptive(x, size, of):
    y = np.zeros(x.shape[:2] + tuple(size))
    for at in np.ndindex(y.shape):
        part = tuple(slice(i * n // m, -(-(i + 1) * n // m)) for i, n, m in zip(at[2:], x.shape[2:], size))
        y[at] = of(x[at[:2] + part])
    return y


def row(n, m, mode, align):
    """The matrix [m, n] by which one axis is resized."""
    a = np.zeros((m, n))
    for i in range(m):
        if mode == "nearest":
            a[i, (i * n) // m] += 1
            continue
        source = (i * (n - 1) / (m - 1) if m > 1 else 0.0) if align else (i + 0.5) * n / m - 0.5
        if mode == "linear":
            source = max(source, 0.0)
            f = math.floor(source)
            a[i, min(f, n - 1)] += 1 - (source - f)
            a[i, min(f + 1, n - 1)] += source - f
        else:
            f = math.floor(source)
            for j in range(f - 1, f + 3):
                d, b = abs(source - j), -0.75
                w = (b + 2) * d**3 - (b + 3) * d**2 + 1 if d <= 1 else b * d**3 - 5 * b * d**2 + 8 * b * d - 4 * b
                a[i, min(max(j, 0), n - 1)] += w
    return a


def smooth(n, m, cubic):
    """The same with antialiasing: Pillow's weights."""
    a, scale = np.zeros((m, n)), n / m
    wide = max(scale, 1)
    for i in range(m):
        centre = scale * (i + 0.5)
        for j in range(n):
            d = abs(j + 0.5 - centre) / wide
            if cubic:
                a[i, j] = 1.5 * d**3 - 2.5 * d**2 + 1 if d < 1 else -0.5 * d**3 + 2.5 * d**2 - 4 * d + 2 if d < 2 else 0
            else:
                a[i, j] = max(0, 1 - d)
        a[i] /= a[i].sum()
    return a


def resized(x, matrices):
    for axis, a in enumerate(matrices):
        x = np.moveaxis(np.tensordot(a, x, axes=(1, axis + 2)), 0, axis + 2)
    return x


def sampled(x, grid, mode, outside, align):
    space = x.shape[2:]
    points = grid.reshape(grid.shape[0], -1, grid.shape[-1])
    y = np.zeros(x.shape[:2] + (points.shape[1],))
    for b, c in np.ndindex(x.shape[:2]):
        for p in range(points.shape[1]):
            at = []
            for n, g in zip(space, points[b, p][::-1]):
                q = (g + 1) / 2 * (n - 1) if align else ((g + 1) * n - 1) / 2
                low, high = (0, n - 1) if align else (-0.5, n - 0.5)
                if outside == "reflection":
                    while high > low and not low <= q <= high:
                        q = 2 * low - q if q < low else 2 * high - q
                    q = 0 if high == low else q
                if outside != "zeros":
                    q = min(max(q, 0), n - 1)
                at.append(q)
            total = 0.0
            for corner in itertools.product(*([(0, 1)] * len(at) if mode == "linear" else [(0,)] * len(at))):
                base = [math.floor(q) if mode == "linear" else round(q) for q in at]
                place = [f + k for f, k in zip(base, corner)]
                w = np.prod([(q - f if k else 1 - (q - f)) for q, f, k in zip(at, base, corner)]) if mode == "linear" else 1
                if all(0 <= i < n for i, n in zip(place, space)):
                    total += w * x[(b, c) + tuple(place)]
            y[b, c, p] = total
    return y.reshape(x.shape[:2] + grid.shape[1:-1])


def ssim(x, y, window, sigma, range_):
    g = np.exp(-((np.arange(window) - (window - 1) / 2) ** 2) / (2 * sigma**2))
    g = np.outer(g, g) / g.sum() ** 2
    c1, c2 = (0.01 * range_) ** 2, (0.03 * range_) ** 2
    result = np.zeros(x.shape[0])
    for b in range(x.shape[0]):
        each = []
        for c in range(x.shape[1]):
            for i in range(x.shape[2] - window + 1):
                for j in range(x.shape[3] - window + 1):
                    p, q = x[b, c, i : i + window, j : j + window], y[b, c, i : i + window, j : j + window]
                    mp, mq = (g * p).sum(), (g * q).sum()
                    vp, vq, cov = (g * (p - mp) ** 2).sum(), (g * (q - mq) ** 2).sum(), (g * (p - mp) * (q - mq)).sum()
                    each.append((2 * mp * mq + c1) * (2 * cov + c2) / ((mp**2 + mq**2 + c1) * (vp + vq + c2)))
        result[b] = np.mean(each)
    return result


def wavelet(x, levels, low):
    high = [(-1) ** t * low[len(low) - 1 - t] for t in range(len(low))]
    for _ in range(levels):
        for axis in range(2, x.ndim):
            n = x.shape[axis]
            def band(f):
                a = np.zeros((n // 2, n))
                for j in range(n // 2):
                    for t, v in enumerate(f):
                        a[j, (2 * j + t) % n] += v
                return np.moveaxis(np.tensordot(a, x, axes=(1, axis)), 0, axis)
            parts = [band(low), band(high)]
            x = np.stack(parts, 2).reshape((x.shape[0], 2 * x.shape[1]) + parts[0].shape[2:])
    return x


print("// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception")
x = drawn((2, 3, 5, 7), 1)
for mode in ["reflect", "edge", "wrap"]:
    show("pad " + mode, np.pad(x, [(0, 0), (0, 0), (2, 1), (0, 3)], mode=mode))

pool("1-d", drawn((2, 2, 11), 2), [3], [2], [1], [0])
pool("2-d", x, [3, 2], [2, 1], [1, 0], [1, 1])
pool("2-d alone", x, [3, 2], [2, 1], [1, 0], [1, 1], include=False)
pool("3-d", drawn((1, 2, 4, 5, 3), 3), [2, 3, 2], [2, 2, 1], [0, 1, 1], [0, 1, 0])
pool("ceil", x, [2, 3], [2, 3], [0, 1], [0, 1], ceil=True)
pool("ceil alone", x, [2, 3], [2, 3], [0, 1], [0, 1], ceil=True, include=False)
pool("dilated", x, [3, 2], [1, 2], [2, 1], [1, 1], dilation=[2, 3])
pool("dilated alone", x, [3, 2], [1, 2], [2, 1], [1, 1], dilation=[2, 3], include=False)
pool("large", drawn((1, 1, 12, 14), 4), [6, 7], [3, 7], [2, 0], [3, 0])

for size in [(3, 2), (5, 7), (1, 1), (7, 9), (2, 7)]:
    show("adaptive_avg_pool %dx%d" % size, adaptive(x, size, np.mean))
    show("adaptive_max_pool %dx%d" % size, adaptive(x, size, np.max))

for size in [(10, 14), (3, 4), (1, 1), (7, 11)]:
    for mode in ["nearest", "linear", "cubic"]:
        for align in [False, True]:
            if mode != "nearest" or not align:
                show("resize %s %d %dx%d" % (mode, align, *size), resized(x, [row(n, m, mode, align) for n, m in zip(x.shape[2:], size)]))
    for cubic in [False, True]:
        show("resize antialias %d %dx%d" % (cubic, *size), resized(x, [smooth(n, m, cubic) for n, m in zip(x.shape[2:], size)]))
show("resize volume", resized(drawn((1, 2, 2, 3, 4), 5), [row(n, m, "linear", False) for n, m in zip((2, 3, 4), (4, 5, 3))]))
show("pixel_shuffle", drawn((1, 8, 2, 3), 6).reshape(1, 2, 2, 2, 2, 3).transpose(0, 1, 4, 2, 5, 3).reshape(1, 2, 4, 6))
show("depth_to_space", drawn((1, 8, 2, 3), 6).reshape(1, 2, 2, 2, 2, 3).transpose(0, 3, 4, 1, 5, 2).reshape(1, 2, 4, 6))

grid = drawn((2, 4, 3, 2), 7) * 1.7 + 0.01
points = drawn((1, 9, 3), 8) * 1.6 + 0.01
for mode in ["linear", "nearest"]:
    for outside in ["zeros", "border", "reflection"]:
        for align in [False, True]:
            show("grid_sample %s %s %d" % (mode, outside, align), sampled(x, grid, mode, outside, align))
            show("grid_sample volume %s %s %d" % (mode, outside, align), sampled(drawn((1, 2, 3, 2, 4), 9), points, mode, outside, align))

squares = np.pad(drawn((2, 6, 3, 2), 10) ** 2, [(0, 0), (2, 2), (0, 0), (0, 0)])
total = sum(squares[:, t : t + 6] for t in range(5))
show("local_response_norm", drawn((2, 6, 3, 2), 10) / (1.5 + 0.3 / 5 * total) ** 0.75)
show("ssim", ssim(drawn((2, 2, 13, 12), 11), drawn((2, 2, 13, 12), 11) * 0.8 + drawn((2, 2, 13, 12), 12) * 0.1, 11, 1.5, 2))

r = math.sqrt(3)
d4 = [v / (4 * math.sqrt(2)) for v in (1 + r, 3 + r, 3 - r, 1 - r)]
for name, low in [("haar", [math.sqrt(0.5)] * 2), ("d4", d4)]:
    show("wavelet 1-d " + name, wavelet(drawn((2, 2, 16), 13), 3, low))
    show("wavelet 2-d " + name, wavelet(drawn((1, 2, 8, 4), 14), 2, low))
