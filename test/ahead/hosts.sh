#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# hosts.sh TRAIN PREDICT AUDIO DIGITS.csv.gz DIGITS.safetensors ECHO.safetensors: the programs of examples/hosts keep what they say: a
# training that is killed and resumed ends in the state of one that was not, and the audio callback neither allocates nor locks.
set -euo pipefail
train=$1 predict=$2 audio=$3 digits=$4 weights=$5 echo=$6
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
fail() { echo "hosts.sh: $*" >&2; exit 1; }
cd "$folder"
gunzip -c "$digits" >digits.csv
"$train" digits.csv "$weights" whole.safetensors 16 >whole.txt || fail "$(tail -1 whole.txt)"
"$train" digits.csv "$weights" state.safetensors 5 >/dev/null || true # not enough to reach what it asks for, perhaps
"$train" digits.csv "$weights" state.safetensors 16 >resumed.txt || fail "$(tail -1 resumed.txt)"
grep -q "goes on after epoch 5" resumed.txt || fail "it did not go on: $(cat resumed.txt)"
cmp whole.safetensors state.safetensors || fail "resumed, the state is another one"
"$train" digits.csv "$weights" killed.safetensors 16 >killed.txt &
killed=$!
for _ in $(seq 1000); do
  [[ -s killed.safetensors ]] && break
  sleep 0.01
done
kill -KILL $killed 2>/dev/null || true
wait $killed 2>/dev/null || true
"$train" digits.csv "$weights" killed.safetensors 16 >/dev/null || fail "it does not go on after a kill"
cmp whole.safetensors killed.safetensors || fail "killed and resumed, the state is another one"
head -50 digits.csv | "$predict" whole.safetensors >said.txt
right=$(paste -d' ' said.txt <(head -50 digits.csv | awk -F, '{ print int($65) }') | awk '$1 == $2' | wc -l)
[[ $right -ge 46 ]] || fail "$right of 50 images are known"
"$audio" "$echo" || fail "the audio callback"
! ldd "$train" | grep -vE 'linux-vdso|libc\.so|libm\.so|libpthread\.so|ld-linux' || fail "the trainer needs the libraries above"
# Text and constants of the whole trainer, the runtime in it.
read -r text _ <<<"$(size "$train" | tail -1)"
[[ $text -lt 1000000 ]] || fail "the trainer has $text bytes of text"
echo "the trainer has $text bytes of text"
