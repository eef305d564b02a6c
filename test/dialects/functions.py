# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes functions.txt: what each function of the dialect is at chosen numbers of f64, by mpmath to 60 digits and rounded once.

    pip install mpmath; python3 functions.py > functions.txt

A line is the op, its operands and its results, in hexadecimal. Values at zeros, infinities and NaN are written here by hand, as IEEE 754
and the contract of numbers say; nothing in this file comes from a library of f64 functions. The test ReferenceTest.cpp reads the lines.
"""
import random
from mpmath import mp, mpf, mpc

mp.dps = 60
INF, NAN = float("inf"), float("nan")
LEAST, NORMAL, MOST = 2.0**-1074, 2.0**-1022, (2 - 2.0**-52) * 2.0**1023
draw = random.Random(1)


def rounded(v):
    """The nearest f64 of an exact number, ties to even, denormals included."""
    if isinstance(v, float):
        return v
    v = mpf(v)
    if v == 0:
        return 0.0
    sign, size = (-1.0, -v) if v < 0 else (1.0, v)
    _, exponent = mp.frexp(size)  # size in [2^(e - 1), 2^e)
    step = max(int(exponent) - 53, -1074)
    whole = int(mp.nint(mp.ldexp(size, -step)))
    if whole >= 2**53 and step + 1 > 1023 - 52:
        return sign * INF
    if step > 1023 - 52:
        return sign * INF
    return sign * mp_ldexp(whole, step)


def mp_ldexp(whole, step):
    # Exact: `whole` has at most 53 bits where it is normal, and fewer where it is not.
    return float(whole) * 2.0**step if step >= -1022 else float(whole) * 2.0**-1022 * 2.0 ** (step + 1022)


def text(v):
    v = rounded(v)
    if v != v or abs(v) == INF:
        return "nan" if v != v else "inf" if v > 0 else "-inf"
    digits, exponent = v.hex().split("p")
    return digits.rstrip("0").rstrip(".").replace("0x0p", "0x0") + "p" + exponent if v else digits[:-2]


def line(op, operands, results):
    print(op, *[text(v) for v in operands], *[text(v) for v in results])


def around(*centres):
    """Numbers at and beside each centre, at distances from one ulp to a tenth."""
    for c in centres:
        yield c
        for k in (1, 2, 5, 2**10, 2**20, 2**30, 2**40, 2**49):
            step = abs(c) * 2.0**-52
            yield c + k * step
            yield c - k * step


def sized(low, high, count):
    """Random numbers of both signs whose binary exponents lie between low and high."""
    for _ in range(count):
        yield draw.choice((-1, 1)) * (1 + draw.random()) * 2.0 ** draw.uniform(low, high)


COMMON = [LEAST, 3 * LEAST, NORMAL - LEAST, NORMAL, 2.0**-300, 2.0**-53, 2.0**-27, 0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 10, 100, 2.0**31 + 0.5, 2.0**53, 2.0**300, MOST]
COMMON += [-v for v in COMMON]


def sign(v):
    return (v > 0) - (v < 0)


def logistic(x):
    return 1 / (1 + mp.exp(-x))


def softplus(x):
    return (x if x > 0 else mpf(0)) + mp.log1p(mp.exp(-abs(x)))


def wave(f):
    def at(x):
        with mp.workprec(1400):  # quadrants of the largest arguments
            return +f(x)

    return at


def erf_inv(x):
    if abs(x) > 1:
        return NAN
    with mp.workdps(90):  # 1 - |x| of the number next to 1 has its digits
        size = abs(x)
        left = 1 - size
        y = mp.sqrt(-mp.log(left * (1 + size))) if size > 0.5 else size
        for _ in range(200):
            if size < 0.5:
                move = (mp.erf(y) - size) * mp.exp(y * y) * mp.sqrt(mp.pi) / 2
            else:
                move = -mp.log(mp.erfc(y) / left) * mp.erfc(y) * mp.exp(y * y) * mp.sqrt(mp.pi) / 2
            y -= move
            if abs(move) < y * mpf(10) ** -70:
                break
        return sign(x) * y


def positive(f, at_zero):
    """Of a function that is NaN left of 0."""
    return lambda x: NAN if x < 0 else at_zero if x == 0 else f(x)


def half_away(x):
    return sign(x) * mp.floor(abs(x) + mpf(1) / 2)


# op: the function of finite numbers, then what -0, inf, -inf give (0 and NaN: as -0 without its sign, and NaN), and further numbers
UNARY = {
    "neg": (lambda x: -x, 0.0, -INF, INF, []),
    "abs": (abs, 0.0, INF, INF, []),
    "sign": (lambda x: mpf(sign(x)), 0.0, 1.0, -1.0, []),
    "exp": (mp.exp, 1.0, INF, 0.0, [*around(709.78, -708.39, -745.13, 1.0), *sized(-40, 9.4, 40)]),
    "exp2": (lambda x: mp.power(2, x), 1.0, INF, 0.0, [*around(1024.0, -1022.0, -1074.0, -1075.0), *sized(-40, 10, 40)]),
    "expm1": (mp.expm1, -0.0, INF, -1.0, [*around(709.78, -37.0), *sized(-60, 9.4, 40)]),
    "log": (positive(mp.log, -INF), -INF, INF, NAN, [*around(1.0, 2.0), *(abs(v) for v in sized(-1022, 1023, 30))]),
    "log1p": (lambda x: NAN if x < -1 else -INF if x == -1 else mp.log1p(x), -0.0, INF, NAN, [*around(-1.0, -0.5), *sized(-60, 0, 30)]),
    "sqrt": (positive(mp.sqrt, 0.0), -0.0, INF, NAN, [abs(v) for v in sized(-1022, 1023, 20)]),
    "rsqrt": (positive(lambda x: 1 / mp.sqrt(x), INF), -INF, 0.0, NAN, [abs(v) for v in sized(-1022, 1023, 30)]),
    "tanh": (mp.tanh, -0.0, 1.0, -1.0, [*around(0.55, 19.0, 22.0), *sized(-40, 5, 40)]),
    "logistic": (logistic, 0.5, 1.0, 0.0, [*around(-37.0, -708.39, -745.13, 37.0), *sized(-40, 9.4, 40)]),
    "softplus": (softplus, mp.log(2), INF, 0.0, [*around(-37.0, -708.39, -745.13, 37.0), *sized(-40, 9.4, 40)]),
    "sin": (wave(mp.sin), -0.0, NAN, NAN, [*around(3.14159265358979, 1.5707963267949, 1e5), *sized(-30, 1020, 40)]),
    "cos": (wave(mp.cos), 1.0, NAN, NAN, [*around(3.14159265358979, 1.5707963267949, 1e5), *sized(-30, 1020, 40)]),
    "erf": (mp.erf, -0.0, 1.0, -1.0, [*around(0.84, 1.25, 5.8), *sized(-40, 2.6, 40)]),
    "erf_inv": (lambda x: erf_inv(x) if abs(x) != 1 else sign(x) * INF, -0.0, NAN, NAN,
                [*(s * (1 - 2.0**-k) for k in range(1, 54) for s in (-1, 1)), *(s * (1 - m * 2.0**-k) for k in range(8, 54, 3) for m in (3, 5, 7) for s in (-1, 1) if m * 2.0**-k < 1),
                 *around(0.5, 0.9, 0.99903), *sized(-60, -1, 60)]),
    "floor": (mp.floor, -0.0, INF, -INF, [*around(1.0, -1.0, 2.0**52), *sized(-3, 60, 20)]),
    "ceil": (mp.ceil, -0.0, INF, -INF, [*around(1.0, -2.0, 2.0**52), *sized(-3, 60, 20)]),
    "round_nearest_even": (mp.nint, -0.0, INF, -INF, around(0.5, -0.5, 1.5, -2.5, 77.5, -1e6 - 0.5, 2.0**51 + 0.5, 2.0**52)),
    "round_nearest_afz": (half_away, -0.0, INF, -INF, around(0.5, -0.5, 1.5, -2.5, 77.5, -1e6 - 0.5, 2.0**51 + 0.5, 2.0**52)),
}
for op, (f, at_minus_zero, at_inf, at_minus_inf, more) in UNARY.items():
    odd = op in ("expm1", "log1p", "sqrt", "tanh", "sin", "erf", "erf_inv", "floor", "ceil", "round_nearest_even", "round_nearest_afz")  # zero is its own result
    line(op, [0.0], [0.0 if odd else -0.0 if op == "neg" else INF if op == "rsqrt" else at_minus_zero])
    line(op, [-0.0], [at_minus_zero])
    line(op, [INF], [at_inf])
    line(op, [-INF], [at_minus_inf])
    line(op, [NAN], [NAN])
    for x in [*map(float, COMMON), *more]:
        y = f(mpf(x))
        if op in ("ceil", "round_nearest_even", "round_nearest_afz") and x < 0 and y == 0:
            y = -0.0
        line(op, [x], [y])

# ---- two operands
SPECIAL = [0.0, -0.0, 1.0, -1.0, 2.0, -3.0, 0.5, -2.5, LEAST, -LEAST, MOST, INF, -INF, NAN]


def zero_of(negative):
    return -0.0 if negative else 0.0


def minus(v):
    return str(v)[0] == "-"


def add(a, b):
    if a != a or b != b or (abs(a) == INF and b == -a):
        return NAN
    if INF in (abs(a), abs(b)):
        return a if abs(a) == INF else b
    exact = mpf(a) + mpf(b)
    return exact if exact != 0 else zero_of(minus(a) and minus(b))


def mul(a, b):
    if a != a or b != b or (abs(a) == INF and b == 0) or (abs(b) == INF and a == 0):
        return NAN
    negative = minus(a) != minus(b)
    if INF in (abs(a), abs(b)):
        return -INF if negative else INF
    exact = rounded(abs(mpf(a) * mpf(b)))
    return -exact if negative else exact


def div(a, b):
    if a != a or b != b or (a == 0 and b == 0) or (abs(a) == INF and abs(b) == INF):
        return NAN
    negative = minus(a) != minus(b)
    size = INF if abs(a) == INF or b == 0 else 0.0 if abs(b) == INF else rounded(abs(mpf(a)) / abs(mpf(b)))
    return -size if negative else size


def rem(a, b):
    if a != a or b != b or abs(a) == INF or b == 0:
        return NAN
    if abs(b) == INF or a == 0:
        return a
    with mp.workprec(2300):  # quotients of the most by the least
        left = abs(mpf(a)) - mp.floor(abs(mpf(a)) / abs(mpf(b))) * abs(mpf(b))
    return -rounded(left) if minus(a) else rounded(left)


def extreme(largest):
    def of(a, b):
        if a != a or b != b:
            return NAN
        if a == b:
            return (b if minus(a) else a) if largest else (a if minus(a) else b)
        return max(a, b) if largest else min(a, b)

    return of


def power(a, b):
    if b == 0 or a == 1:
        return 1.0
    if a != a or b != b:
        return NAN
    whole = abs(b) == INF or b == int(b)
    odd = whole and abs(b) < 2.0**53 and int(b) % 2 == 1
    if a == 0 or abs(a) == INF:
        grows = (b > 0) == (abs(a) == INF)
        size = INF if grows else 0.0
        return -size if odd and minus(a) else size
    if abs(b) == INF:
        return 1.0 if abs(a) == 1 else INF if (abs(a) > 1) == (b > 0) else 0.0
    if a < 0 and not whole:
        return NAN
    exponent = mpf(b) * mp.log(abs(mpf(a)))
    size = INF if exponent > 720 else 0.0 if exponent < -760 else rounded(mp.power(abs(mpf(a)), mpf(b)))
    return -size if odd and a < 0 else size


BINARY = {"add": add, "sub": lambda a, b: add(a, -b), "mul": mul, "div": div, "rem": rem, "pow": power,
          "maximum": extreme(True), "minimum": extreme(False)}
for op, f in BINARY.items():
    for a in SPECIAL:
        for b in SPECIAL:
            line(op, [a, b], [f(a, b)])
    for _ in range(40):
        a, b = next(sized(-12, 12, 1)), next(sized(-12, 12, 1))
        line(op, [abs(a) if op == "pow" else a, b], [f(abs(a) if op == "pow" else a, b)])
for _ in range(60):  # powers near overflow, near 1 and far below
    a, e = 2.0 ** draw.uniform(-3, 3), draw.uniform(-1070, 1023)
    if a != 1:
        b = e / float(mp.log(a, 2))
        line("pow", [a, b], [power(a, b)])

# ---- rows of four
def row(*values):
    return [float(v) for v in values]


ROWS = [row(0, 0, 0, 0), row(1, 2, 3, 4), row(-1e4, 1e4, 0, 1), row(1e15, 1e15, 1e15 + 1, 1e15 - 1), row(-INF, -INF, -INF, -INF),
        row(-INF, 0, -INF, 1), row(1e308, 1e308, -1e308, 0), row(-745, -745.5, -746, -744), row(0, -40, -80, -700), row(LEAST, -LEAST, 0, 0)]
ROWS += [[draw.uniform(-30, 30) for _ in range(4)] for _ in range(20)]
for x in ROWS:
    top = max(x)
    weights = [mpf(0) if v == -INF else mp.exp(mpf(v) - mpf(top)) for v in x]
    total = sum(weights)
    line("softmax", x, [w / total if total else 0.0 for w in weights])
    for label in range(4):
        loss = INF if x[label] == -INF else mp.log(total) - (mpf(x[label]) - mpf(top))
        line("cross_entropy", [*x, float(label)], [loss])

# ---- complex numbers: real and imaginary parts
for _ in range(40):
    a, b = mpc(*sized(-8, 8, 2)), mpc(*sized(-8, 8, 2))
    line("complex_mul", [a.real, a.imag, b.real, b.imag], [(a * b).real, (a * b).imag])
    line("complex_div", [a.real, a.imag, b.real, b.imag], [(a / b).real, (a / b).imag])
    z = mpc(*sized(-20, 5, 2))
    for op, f in (("exp", mp.exp), ("sin", mp.sin), ("cos", mp.cos)):
        w = f(z)
        line("complex_" + op, [z.real, z.imag], [w.real, w.imag])
for size in (2.0**-1000, 2.0**-500, 2.0**600, 2.0**1000):  # quotients whose squares are no numbers
    a, b = mpc(3 * size, -size), mpc(size, 2 * size)
    line("complex_div", [a.real, a.imag, b.real, b.imag], [(a / b).real, (a / b).imag])
