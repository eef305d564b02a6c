#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# ahead.sh WEFTC JIT RUNTIME_LIBRARY RUNTIME_INCLUDE CXX: a model ahead of time. The object does not depend on the folder, needs
# nothing but the runtime and libm, and gives a plain C program the numbers, and a state, that the same model gives as it is
# compiled while it runs, bit for bit.
set -euo pipefail
weftc=$1 jit=$2 library=$3 include=$4 cxx=$5
here=$(cd "$(dirname "$0")" && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export WEFT_NUM_THREADS=${WEFT_NUM_THREADS:-1} CXX=$cxx TMPDIR=$folder
fail() { echo "ahead.sh: $*" >&2; exit 1; }
says() { # COMMAND... -- EXIT-CODE WORDS: ends so, says so, and leaves nothing behind
  local command=()
  while [[ $1 != -- ]]; do command+=("$1"); shift; done
  local status=0 before
  before=$(ls)
  "${command[@]}" >says.txt 2>&1 || status=$?
  [[ $status -eq $2 ]] || fail "${command[*]}: exit code $status, expected $2: $(cat says.txt)"
  grep -qF -- "$3" says.txt || fail "${command[*]}: lacks \"$3\": $(cat says.txt)"
  rm -f says.txt
  [[ $(ls) == "$before" ]] || fail "${command[*]} left $(ls)"
}

# The same bytes from two folders, by two paths, in one of which there is a space.
mkdir one "the other"
cp "$here/small.cpp" "the other/small.cpp"
"$weftc" "$here/small.cpp" -o one
(cd "the other" && "$weftc" small.cpp -o .)
for file in small.o small.h small.hpp small.safetensors; do
  cmp "one/$file" "the other/$file" || fail "$file depends on the folder"
done
[[ $(ls one) == $'small.h\nsmall.hpp\nsmall.o\nsmall.safetensors' ]] || fail "weftc left $(ls one)"

# What the object takes from outside, and what it shows: its tables and programs.
nm -u one/small.o | awk '{ print $2 }' >undefined.txt
while read -r symbol; do
  grep -qxF "$symbol" "$here/allowed.txt" || fail "the object needs $symbol, which allowed.txt does not name"
done <undefined.txt
shown=$(nm -g --defined-only one/small.o | awk '{ print $3 }' | grep -v '^small_' || true)
[[ -z $shown ]] || fail "the object shows $shown"

# Plain C: the same bits as the model that is compiled while it runs.
"$jit" first.safetensors jit.safetensors >jit.txt
cmp first.safetensors one/small.safetensors || fail "the weights do not begin as initialize has it"
cc -std=c11 -Wall -Wextra -pedantic -Werror -Ione -I"$include" "$here/small.c" one/small.o "$library" -lpthread -lm -o plain
for keep in "" 1; do
  SMALL_KEEP_STATE=$keep ./plain one/small.safetensors c.safetensors >c.txt || fail "the C program failed (keep: $keep)"
  diff jit.txt c.txt || fail "numbers differ from those of the same model compiled as it runs (keep: $keep)"
  cmp jit.safetensors c.safetensors || fail "the state differs (keep: $keep)"
done
ldd plain | grep -vE 'linux-vdso|libc\.so|libm\.so|libpthread\.so|ld-linux' && fail "the C program needs the libraries above"
"$cxx" -std=c++20 -Wall -Wextra -Werror -Ione -I"$include" "$here/small.cc" one/small.o "$library" -lpthread -lm -o wrapped
./wrapped one/small.safetensors >wrapped.txt || fail "the C++ program: $(cat wrapped.txt)"
grep -q "small_predict: x has 8 elements, expected 12" wrapped.txt || fail "$(cat wrapped.txt)"
grep -q "dimension B = 17 is outside its bounds 1..16" wrapped.txt || fail "$(cat wrapped.txt)"
rm -f other.safetensors

# Functions of an .mlir file, as texts and for other processors: a baseline runs here; what this one lacks is a status, and no signal.
cat >twice.mlir <<'M'
func.func @twice(%x: tensor<?xf32, #weft.dims<[N in 1 to 8] (N)>>) -> tensor<?xf32, #weft.dims<[N in 1 to 8] (N)>> {
  %y = weft.add %x, %x : tensor<?xf32, #weft.dims<[N in 1 to 8] (N)>>
  return %y : tensor<?xf32, #weft.dims<[N in 1 to 8] (N)>>
}
M
"$weftc" twice.mlir --emit=mlir,llvm,asm,dot -o one
grep -q "func.func @twice_twice" one/twice.mlir && grep -q "define .*@twice_twice_run" one/twice.ll &&
  grep -q "twice_artefact" one/twice.s && grep -q "digraph" one/twice.dot || fail "a text is not what it should be"
cat >twice.c <<'C'
#include "twice.h"
#include <stdio.h>
int main(void) {
  float x[] = {1, 2, 3}, y[3] = {0};
  weft_error error;
  twice_model *model = twice_create(NULL, 0, &error);
  weft_status status = model ? twice_twice(model, 3, x, y, &error) : (weft_status)error.status;
  printf("%d %g %s\n", status, (double)y[2], error.message);
  twice_destroy(model);
  return 0;
}
C
for cpu in native x86-64 diamondrapids; do
  "$weftc" twice.mlir "--target-cpu=$cpu" -O2 -o one
  cc -std=c11 -Wall -Wextra -pedantic -Werror -Ione -I"$include" twice.c one/twice.o "$library" -lpthread -lm -o twice
  ./twice >twice.txt || fail "code for $cpu ends with $?"
  grep -qE "^0 6 |^9 0 twice_twice: compiled for a processor with .*, which this one lacks" twice.txt || fail "$cpu: $(cat twice.txt)"
  [[ $cpu == diamondrapids ]] || grep -q "^0 6 " twice.txt || fail "$cpu: $(cat twice.txt)"
done

# The user's mistakes.
echo 'int x;' >none.cpp
echo '#include <weft/weft.h>
using namespace weft;
WEFT_ARTEFACT(bad, a) { a.entry("f", [](Tensor x) { return matmul(x, x); }, f32({2, 3})); }' >bad.cpp
echo '#include <weft/weft.h>
using namespace weft;
WEFT_ARTEFACT(bad, a) { a.weights("int", f32({2})); a.entry("f", [](Tensor x) { return x; }, f32({2, 3})); }' >name.cpp
echo 'this is no C++' >text.cpp
says "$weftc" none.cpp -- 1 "it has no WEFT_ARTEFACT"
says "$weftc" missing.cpp -- 1 "there is no such file"
says "$weftc" text.cpp -- 1 "failed"
says "$weftc" bad.cpp --cxx-flag=-O0 -- 1 "bad.cpp:3: matmul"
says "$weftc" name.cpp --cxx-flag=-O0 -- 1 'tree "int" is no name in C'
says "$weftc" name.cpp --name=large --cxx-flag=-O0 -- 1 "it has no artefact large, but bad"
says "$weftc" twice.mlir --emit=exe -- 2 "--emit=exe: expected obj"
says "$weftc" twice.mlir --target-cpu=z80 -- 1 "unknown processor 'z80'"
says "$weftc" twice.mlir --function=thrice -- 1 "there is no function thrice"
says "$weftc" twice.mlir -o no/folder -- 1 "cannot be written"
says "$weftc" twice.mlir -O9 -- 2 "-O9: expected 0 to 3"
says "$weftc" none.cpp --cxx=no-such-compiler -- 1 "no C++ compiler no-such-compiler"
