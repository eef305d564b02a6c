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
check arguments "one spec for each argument" "$@" <<'X'
Tensor add(Tensor a, Tensor b) { return a + b; }
void f() { jit(add, f32({2})); }
X
exit $failed
