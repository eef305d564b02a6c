#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Builds everything and runs every test. The last line is `N passed, N failed`; the exit code is not zero if anything failed.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
jobs=${WEFT_JOBS:-$(nproc)}

tools/packages.sh || exit 1
echo "== building"
werror=OFF # in CI a warning is an error
[[ "${CI:-}" == true ]] && werror=ON
cmake --preset default --log-level=WARNING -DWEFT_WERROR=$werror || exit 1
cmake --build build -j "$jobs" || exit 1

passed=0
failed=0
if command -v "${CLANG_FORMAT:-clang-format-22}" >/dev/null; then
  echo "== format"
  if tools/format.sh --check; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
fi
# The number in the line "  Label : number (percent)" of lit's summary; 0 without such a line.
lit_count() { awk -F: -v label="$2" '{ key = $1; gsub(/^ +| +$/, "", key) } key == label { n = $2 + 0 } END { print n + 0 }' "$1"; }

echo "== lit"
log=build/lit.log
build/test/run-lit 2>&1 | tee "$log"
status=${PIPESTATUS[0]}
bad=0
for label in "Passed" "Expectedly Failed"; do passed=$((passed + $(lit_count "$log" "$label"))); done
for label in "Failed" "Unresolved" "Timed Out" "Unexpectedly Passed"; do bad=$((bad + $(lit_count "$log" "$label"))); done
[[ $status -ne 0 && $bad -eq 0 ]] && bad=1 # it ended without saying why
failed=$((failed + bad))

echo "== ctest"
log=build/ctest.log
ctest --preset default -E '^lit$' 2>&1 | tee "$log"
status=${PIPESTATUS[0]}
summary=$(sed -n 's/.*tests passed, \([0-9]*\) tests\{0,1\} failed out of \([0-9]*\).*/\1 \2/p' "$log")
read -r bad all <<<"${summary:-0 0}"
[[ $status -ne 0 && $bad -eq 0 ]] && bad=1 && all=$((all + 1))
passed=$((passed + all - bad))
failed=$((failed + bad))

echo "$passed passed, $failed failed"
[[ $failed -eq 0 ]]
