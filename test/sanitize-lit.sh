#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# sanitize-lit.sh BUILD/test: a few ops of every family, and all tests of passes, errors and tools, by tools built with the sanitizers. A
# report of theirs is a file, so a test that asks for a failure cannot hide one. lit's names are "weft :: ops/add.mlir".
cd "$1" || exit 1
rm -f sanitizer-report*
ops='add|tanh|erf_inv|cast|select|reshape|broadcast|slice|pad|concatenate|reduce_sum|argmax|contract|take|scatter_add|one_hot|random_bits|softmax|cross_entropy|custom_vjp'
./run-lit --filter " ops/($ops)\.mlir|-errors\.mlir| (passes|codegen|tools|dialects|regress)/"
status=$?
for report in sanitizer-report*; do
  [ -e "$report" ] || continue
  echo "== $report"
  cat "$report"
  status=1
done
exit $status
