#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# readme.sh REPOSITORY: the first C++ block of README.md equals the region [model] of examples/digits/main.cpp.
cd "$1" || exit 1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
awk '/^```cpp$/ { inside = 1; next } /^```$/ && inside { exit } inside' README.md >"$work/readme"
awk '/^\/\/ \[model\]$/ { inside = 1; next } /^\/\/ \[model end\]$/ { exit } inside' examples/digits/main.cpp >"$work/example"
[ -s "$work/readme" ] || { echo "README.md has no C++ block"; exit 1; }
diff -u "$work/example" "$work/readme" || { echo "README.md shows other code than examples/digits/main.cpp"; exit 1; }
