#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# ops.sh REPOSITORY WEFT-TBLGEN MLIR-INCLUDE: docs/ops.md is what the records say.
cd "$1" || exit 1
"$2" -gen-op-docs -I "$3" -I . dialects/weft/WeftOps.td | diff -u docs/ops.md - || {
  echo "docs/ops.md is old; print it anew: build/bin/weft-tblgen -gen-op-docs -I $3 -I . dialects/weft/WeftOps.td -o docs/ops.md"
  exit 1
}
