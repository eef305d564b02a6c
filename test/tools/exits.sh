#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# exits.sh CODE COMMAND...: passes if the command ends with exactly this code. What it says as errors comes out for FileCheck.
code=$1
shift
"$@" 2>&1
found=$?
[ "$found" -eq "$code" ] || { echo "exits.sh: expected exit code $code, found $found: $*" >&2; exit 1; }
