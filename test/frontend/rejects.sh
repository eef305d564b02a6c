#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Programs that must not compile, each with the words that the compiler must say. Usage: rejects.sh COMPILER include flags...
compiler=$1; shift
failed=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# check NAME "WORDS" flags...: the program comes on standard input.
check() {
  name=$1; words=$2; shift 2
  { echo '#include <weft/weft.h>'; echo 'using namespace weft;'; cat; } > "$work/$name.cpp"
  if "$compiler" -std=c++20 -fsyntax-only "$@" "$work/$name.cpp" > "$work/log" 2>&1; then
    echo "$name: compiles"; failed=1
  elif ! grep -q "$words" "$work/log"; then
    echo "$name: does not say \"$words\""; head -20 "$work/log"; failed=1
  elif [ "$(wc -l < "$work/log")" -gt 60 ]; then
    echo "$name: says it in $(wc -l < "$work/log") lines"; failed=1
  fi
}
check pointer "a pointer is no part of a model" "$@" <<'X'
struct Net { Tensor w; Tensor *shared; };
void f() { Net n; initialize(n, Key(0)); }
X
check array "a C array is no part of a model" "$@" <<'X'
struct Net { Tensor w; Tensor list[3]; };
void f() { Net n; initialize(n, Key(0)); }
X
check hidden "this class hides its fields" "$@" <<'X'
class Net { Tensor w; public: Net() {} };
void f() { Net n; initialize(n, Key(0)); }
X
check condition "bool" "$@" <<'X'
Tensor f(Tensor x) { if (x > 0) return x; return -x; }
X
check unnamed_key "delete" "$@" <<'X'
Tensor f(Key &k) { return normal(k.next(), {3}); }
X
check unnamed_key_of_draws "delete" "$@" <<'X'
Tensor f(Key &k) { return take(permutation(k.next(), 3), categorical(k.next(), zeros({4, 3}))); }
X
check arguments "one spec for each argument" "$@" <<'X'
Tensor add(Tensor a, Tensor b) { return a + b; }
void f() { jit(add, f32({2})); }
X
# What would change a temporary or a copy, and so nothing; in each program several lines are wrong.
# checks NAME COUNT "WORDS" flags...: so many errors say it.
checks() {
  name=$1; count=$2; words=$3; shift 3
  check "$name" "$words" "$@"
  found=$(grep -c "error.*$words" "$work/log")
  [ "$found" = "$count" ] || { echo "$name: $found errors, expected $count"; head -60 "$work/log"; failed=1; }
}
checks temporary 4 "assigns to a temporary" "$@" <<'X'
struct S { Param v; };
Tensor f(Tensor x) { x[0] = 10.0f; return x; }
void g(S &s, Tensor i) { s.v[i] = s.v[1] * 5; }
Tensor h(Tensor x) { x[0] += 1; x[1] *= x; return x; }
X
checks carry_by_value 6 "by value or const, so what it assigns is lost" "$@" <<'X'
struct C { Tensor v; };
void step(C c, Tensor i) { c.v = c.v + i; }
void a(C &c) { scan(c, 3, [](C c, Tensor) { c.v = c.v * 2; }); }
void b(C &c, Tensor xs) { scan(c, xs, [](auto c, auto x) { c.v = c.v * x; return x; }); }
void d(Tensor &c) { scan(c, 3, [](const Tensor &c, Tensor i) { return c * i; }); }
void e(C &c) { scan(c, 3, step); }
void f(C &c) { loop(c, [](const C &c) { return c.v < 3; }, [](C c) { c.v += 1; }); }
void g(C &c, Tensor p) { when(p, c, [](C c) { c.v += 1; }); }
X
checks carry_const 4 "the carry is const or a temporary" "$@" <<'X'
struct C { Tensor v; };
void a(const C &c) { scan(c, 3, [](C &c, Tensor) { c.v = c.v * 2; }); }
void b(Tensor x) { scan(C{x}, 3, [](C &c, Tensor) { c.v = c.v * 2; }); }
void d(const C &c) { loop(c, [](const C &c) { return c.v < 3; }, [](C &c) { c.v += 1; }); }
void e(const C &c, Tensor p) { when(p, c, [](C &c) { c.v += 1; }); }
X
check step_by_value "takes an optimiser by value" "$@" <<'X'
struct State { nn::Linear net{4, 4}; optim::Adam<nn::Linear> opt{net}; };
Tensor step(State s, Tensor x) { Tensor l = sum(s.net(x)); s.opt.update(s.net, grad(l, s.net)); return l; }
void f(State &s) { jit(step, s, f32({2, 4})); }
X
check step_holds_by_value "takes an optimiser by value" "$@" <<'X'
struct Pair { std::vector<std::pair<nn::Linear, optim::SGD<nn::Linear>>> all; };
auto f(Pair &s, Tensor x) { return run([](Pair s, Tensor x) { return s.all[0].first(x); }, s, x); }
X
exit $failed
