#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# disturbed.sh SAVE_LOAD DISTURB_SO: a save that is killed, or that fails, at its n-th call of write, fsync, rename, ftruncate and
# close, for every n until it gets through: the file is the old or the new one, and the next save leaves no other file behind.
set -euo pipefail
save_load=$1 disturb=$2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
file=$folder/state
fail() { echo "disturbed.sh: $*" >&2; exit 1; }

for what in KILL FAIL; do
  "$save_load" save "$file" 0
  n=0 old=0
  while :; do
    n=$((n + 1))
    [[ $n -lt 100 ]] || fail "$what: a save does not end"
    status=0
    env "DISTURB_$what=$n" LD_PRELOAD="$disturb" "$save_load" save "$file" "$n" 2>"$folder.text" || status=$?
    is=$("$save_load" load "$file") || fail "$what at call $n: the file is neither the old nor the new one"
    [[ $is == "$old" || $is == "$n" ]] || fail "$what at call $n: the file has $is, neither $old nor $n"
    if [[ $status -eq 0 ]]; then
      [[ $is == "$n" ]] || fail "$what at call $n: the save said that it was done and was not"
    elif [[ $what == FAIL ]]; then
      [[ $status -eq 1 ]] || fail "$what at call $n: exit code $status"
      grep -q "No space left" "$folder.text" || fail "$what at call $n: the error is: $(cat "$folder.text")"
      [[ $(ls "$folder") == state ]] || fail "$what at call $n left $(ls "$folder")"
    fi
    old=$is
    # The first call behind the last one of the save is never reached: it has been through all of them.
    if [[ $status -eq 0 ]] && ! env "DISTURB_KILL=$n" LD_PRELOAD="$disturb" "$save_load" save "$folder/other" 1 2>/dev/null; then
      rm -f "$folder/other" "$folder/other.tmp"
      "$save_load" save "$file" "$n" && old=$n
      continue # a call of close, whose failure the save survives
    fi
    rm -f "$folder/other" "$folder/other.tmp"
    [[ $status -eq 0 ]] && break
  done
  [[ $n -gt 8 ]] || fail "$what: only $n calls were seen"
  "$save_load" save "$file" 1000
  [[ $(ls "$folder") == state ]] || fail "after the next save there are $(ls "$folder")"
done
DISTURB_SHORT=1 LD_PRELOAD="$disturb" "$save_load" save "$file" 7
[[ $("$save_load" load "$file") == 7 ]] || fail "writes that took less than they were asked to"
rm -f "$folder.text"
