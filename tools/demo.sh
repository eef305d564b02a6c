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
cmake --build build --target weft-digits weft-host-train weft-host-predict -j "$jobs"
echo "== training on examples/data/digits.csv.gz"
mkdir -p out
build/bin/weft-digits examples/data/digits.csv.gz out/digits-loss.svg

echo "== the same model ahead of time: digits.o and digits.h, trained and asked by plain C"
gunzip -c examples/data/digits.csv.gz >out/digits.csv
model=build/examples/weft-digits-model.model
host=build/bin/weft-host-train
rm -f out/whole.safetensors out/state.safetensors
"$host" out/digits.csv "$model/digits.safetensors" out/whole.safetensors 40 | tail -1
ldd "$host"
echo "size of the program and of its parts (text, data):"
size "$host" "$model/digits.o"
echo "== killed while it trains, and resumed"
"$host" out/digits.csv "$model/digits.safetensors" out/state.safetensors 40 >out/killed.txt &
killed=$!
until [[ -s out/state.safetensors ]]; do sleep 0.01; done
kill -KILL "$killed" 2>/dev/null || true
wait "$killed" 2>/dev/null || true
"$host" out/digits.csv "$model/digits.safetensors" out/state.safetensors 40 | tail -1
cmp out/whole.safetensors out/state.safetensors && echo "bit for bit the state of the training that was not killed"
echo "== asked: the first three images"
head -3 out/digits.csv | build/bin/weft-host-predict out/state.safetensors
