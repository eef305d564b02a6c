#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# op-classes.sh REPOSITORY: passes, codegen and the scheduled dialect ask interfaces (dialects/weft/WeftInterfaces.td), and not what class an op is.
#
# Counts the ops of weft that are named in isa<>, cast<>, dyn_cast<> and their like, and compares with the list op-classes.txt beside this
# script: so many of each file are known, with the reason. The list may only shrink: more is an error, and so is a line that says more than
# there is. weft.yield and weft.constant are every dialect's ops and do not count.
cd "$1" || exit 1
list=test/docs/op-classes.txt
names=$(grep -ohE '^def [A-Za-z0-9]+Op\b' dialects/weft/ops/*.td | awk '$2 != "YieldOp" && $2 != "ConstantOp" { printf "%s%s", sep, $2; sep = "|" }')
[ -n "$names" ] || { echo "no records of ops are found"; exit 1; }
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
grep -roE '(isa|cast|isa_and_nonnull|isa_and_present|cast_or_null|cast_if_present|getDefiningOp|getParentOfType|getOps|Case)<[^;{}()]*>' \
  passes codegen dialects/loom --include='*.cpp' --include='*.h' |
  awk -v names="$names" '{
    file = $0; sub(/:.*/, "", file); text = substr($0, length(file) + 2); gsub(/ir::/, "", text)
    n = split(text, word, /[^A-Za-z0-9_:]+/)
    for (i = 1; i <= n; ++i) if (word[i] ~ "^(" names ")$") ++count[file]
  } END { for (file in count) print count[file], file }' | sort -k2 >"$work/found"
grep -v '^#' "$list" | awk 'NF { print $1, $2 }' | sort -k2 >"$work/known"
status=0
awk 'FILENAME == ARGV[1] { known[$2] = $1; next } { found[$2] = $1 } END {
  for (file in found) if (found[file] > known[file] + 0) {
    printf "%s names %d classes of ops, %d are known: ask an interface (dialects/weft/WeftInterfaces.td), or add one\n", file, found[file], known[file]; bad = 1 }
  for (file in known) if (known[file] > found[file] + 0) {
    printf "%s names %d classes of ops, the list says %d: write the smaller number\n", file, found[file], known[file]; bad = 1 }
  exit bad }' "$work/known" "$work/found" || status=1
total=$(awk '{ n += $1 } END { print n + 0 }' "$work/found")
echo "$total classes of ops are named"
exit $status
