#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# The same model by two compilers gives the same IR. Usage: canonical.sh PROGRAM_OF_THIS_BUILD PROGRAM_OF_CLANG
a=$(mktemp) b=$(mktemp)
trap 'rm -f "$a" "$b"' EXIT
"$1" > "$a" && "$2" > "$b" && cmp "$a" "$b" && test -s "$a"
