#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# symbols.sh LIBRARY: the runtime has every C function that symbols.txt names, so that programs that were linked before find what they
# need; new ones are added there. All of it together, text and constants, is small.
set -euo pipefail
library=$1
here=$(cd "$(dirname "$0")" && pwd)
nm -g --defined-only "$library" 2>/dev/null | awk '$2 ~ /[TDBR]/ && $3 !~ /^_Z/ { print $3 }' | LC_ALL=C sort >"${TMPDIR:-/tmp}/weft-symbols.$$"
trap 'rm -f "${TMPDIR:-/tmp}/weft-symbols.$$"' EXIT
gone=$(LC_ALL=C comm -23 "$here/symbols.txt" "${TMPDIR:-/tmp}/weft-symbols.$$")
[[ -z $gone ]] || { echo "symbols.sh: these functions are gone: $gone: raise WEFT_ABI_VERSION, and take them out of symbols.txt" >&2; exit 1; }
bytes=$(size "$library" | awk 'NR > 1 { all += $1 } END { print all }')
[[ $bytes -le 153600 ]] || { echo "symbols.sh: text and constants have $bytes bytes, more than 150 KB" >&2; exit 1; }
echo "$bytes bytes of text and constants"
