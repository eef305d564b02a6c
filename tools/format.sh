#!/usr/bin/env bash
# Formats every C and C++ file that git knows by .clang-format; with --check it changes nothing and fails where a file would change.
set -euo pipefail
cd "$(dirname "$0")/.."
tool=${CLANG_FORMAT:-clang-format-22}
command -v "$tool" >/dev/null || { echo "weft: $tool is missing: apt-get install clang-format-22, or name another by CLANG_FORMAT" >&2; exit 1; }
how=(-i)
[[ "${1:-}" == --check ]] && how=(--dry-run --Werror)
git ls-files -z '*.cpp' '*.h' '*.c' | xargs -0 "$tool" "${how[@]}"
