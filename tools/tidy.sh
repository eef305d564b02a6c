#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Reads C++ files for mistakes by .clang-tidy: those named, else those that differ from origin/main, or every one with --all.
# A build folder of its own holds what clang needs: generated headers and the precompiled one, which makes a file 3 s and not 10.
set -euo pipefail
cd "$(dirname "$0")/.."
command -v run-clang-tidy-22 >/dev/null || { echo "weft: run-clang-tidy-22 is missing: apt-get install clang-tidy-22 clang-tools-22" >&2; exit 1; }
files=()
if [[ "${1:-}" == --all ]]; then
  mapfile -t files < <(git ls-files '*.cpp')
elif [[ $# -gt 0 ]]; then
  files=("$@")
else
  mapfile -t files < <(git diff --name-only --diff-filter=d "$(git merge-base HEAD origin/main)" -- '*.cpp')
fi
[[ ${#files[@]} -gt 0 ]] || { echo "no file to read"; exit 0; }

cmake -S . -B build/tidy -G Ninja --log-level=WARNING -DCMAKE_CXX_COMPILER=clang++-22 -DCMAKE_C_COMPILER=clang-22 >/dev/null
ninja -C build/tidy weft_pch WeftIncGen WeftOwnIncGen WeftPrimitives LoomIncGen WeftPassesIncGen >/dev/null
# Tools that are asked for a file which the build does not know (a test of another compiler) would guess its flags.
known=()
for file in "${files[@]}"; do
  grep -q "\"file\": \"$PWD/$file\"" build/tidy/compile_commands.json && known+=("^$PWD/$file\$")
done
[[ ${#known[@]} -gt 0 ]] || { echo "no file that this build compiles"; exit 0; }
run-clang-tidy-22 -p build/tidy -quiet -j "${WEFT_JOBS:-$(nproc)}" "${known[@]}"
