#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# modes.sh FOLDER: its permissions, and those of what it holds.
ls -lda "$1" "$1"/*.weft-o 2>/dev/null | cut -c1-10
ls "$1"
