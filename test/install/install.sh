#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# install.sh BUILD CXX CC [CXX CC]...: installs into a path with a space in it and builds an outside project against that, with each
# pair of compilers: a program that compiles as it runs, and a C program with the same model ahead of time. Both give the same bits.
set -euo pipefail
build=$1
shift
here=$(cd "$(dirname "$0")" && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
fail() { echo "install.sh: $*" >&2; exit 1; }
export WEFT_NUM_THREADS=1
prefix="$folder/in stalled"
quietly() { "$@" >"$folder/log" 2>&1 || { cat "$folder/log" >&2; fail "$*"; }; }
quietly cmake --install "$build" --prefix "$prefix"
if grep -rlI "$build" "$prefix/include" "$prefix/lib/cmake" "$prefix/lib/pkgconfig"; then
  fail "these files name the folder of the build"
fi

first=
while [[ $# -ge 2 ]]; do
  cxx=$1 cc=$2
  shift 2
  out="$folder/out side"
  rm -rf "$out"
  quietly cmake -S "$here/outside" -B "$out" -G Ninja "-DCMAKE_PREFIX_PATH=$prefix" "-DCMAKE_CXX_COMPILER=$cxx" "-DCMAKE_C_COMPILER=$cc"
  quietly cmake --build "$out"
  "$out/jit" >"$folder/jit.txt"
  "$out/ahead" >"$folder/ahead.txt"
  cmp "$folder/jit.txt" "$folder/ahead.txt" || fail "$cxx: as it runs $(cat "$folder/jit.txt"), ahead of time $(cat "$folder/ahead.txt")"
  [[ -z $first || $first == "$(cat "$folder/ahead.txt")" ]] || fail "$cxx gives other bits than the compiler before"
  first=$(cat "$folder/ahead.txt")
done

# The runtime by pkg-config, with no word of CMake; and the library is whole: nothing of C++ in it.
export PKG_CONFIG_PATH="$prefix/lib/pkgconfig"
eval "cc -std=c11 '-DWEIGHTS=\"$out/line.model/line.safetensors\"' '-I$out/line.model' '$here/outside/ahead.c' '$out/line.model/line.o' $(pkg-config --cflags --libs weft-runtime) -o '$folder/by-pkg-config'" ||
  fail "pkg-config: $(pkg-config --cflags --libs weft-runtime)"
[[ $("$folder/by-pkg-config") == "$first" ]] || fail "by pkg-config the program gives other bits"
needed=$(ldd "$folder/by-pkg-config" "$out/ahead" | grep -vE '^/|linux-vdso|libc\.so|libm\.so|libpthread\.so|ld-linux' || true)
[[ -z $needed ]] || fail "the C program needs $needed"

# A project that wants code ahead of time alone: no LLVM is looked for.
quietly cmake -S "$here/outside" -B "$folder/alone" -G Ninja -DJIT=OFF "-DCMAKE_PREFIX_PATH=$prefix" -DCMAKE_DISABLE_FIND_PACKAGE_MLIR=ON
quietly cmake --build "$folder/alone"
[[ $("$folder/alone/ahead") == "$first" ]] || fail "without LLVM the program gives other bits"
