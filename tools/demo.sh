#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# From a clean clone to a trained classifier: packages, build, training on the real digits, the loss curve as a picture.
# Run it as often as you like: what is there already is not done again.
set -euo pipefail
cd "$(dirname "$0")/.."
jobs=${WEFT_JOBS:-$(nproc)}

tools/packages.sh
echo "== building"
cmake --preset default --log-level=WARNING
cmake --build build --target weft-digits -j "$jobs"
echo "== training on examples/data/digits.csv.gz"
mkdir -p out
build/bin/weft-digits examples/data/digits.csv.gz out/digits-loss.svg
