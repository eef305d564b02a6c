#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Formats every C and C++ file that git knows by .clang-format, and gives every source file the line that names its licence.
# With --check it changes nothing, and fails where a file would change.
set -euo pipefail
cd "$(dirname "$0")/.."
check=0
[[ "${1:-}" == --check ]] && check=1

# The licence, as the first line, or as the second one under a script's "#!". Tests in .mlir and data have none.
licence='SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception'
missing=0
while IFS= read -r -d '' file; do
  [[ -f "$file" ]] || continue # deleted and not yet told to git
  head -n 2 "$file" | grep -qF "$licence" && continue
  if [[ $check -eq 1 ]]; then
    echo "weft: $file does not name its licence: run tools/format.sh" >&2
    missing=1
    continue
  fi
  case "$file" in
    *.cpp | *.cpp.in | *.h | *.c | *.inc | *.td) comment='//' ;;
    *) comment='#' ;;
  esac
  if head -n 1 "$file" | grep -q '^#!'; then
    sed -i "1a $comment $licence" "$file"
  else
    sed -i "1i $comment $licence" "$file"
  fi
done < <(git ls-files -z --cached --others --exclude-standard '*.cpp' '*.h' '*.c' '*.inc' '*.td' '*.py' '*.sh' '*.cmake' \
  '*CMakeLists.txt' '*.in' .ci/run)
[[ $missing -eq 0 ]] || exit 1

tool=${CLANG_FORMAT:-clang-format-22}
command -v "$tool" >/dev/null || { echo "weft: $tool is missing: apt-get install clang-format-22, or name another by CLANG_FORMAT" >&2; exit 1; }
how=(-i)
[[ $check -eq 1 ]] && how=(--dry-run --Werror)
files=()
while IFS= read -r -d "" file; do
  [[ -f "$file" ]] && files+=("$file")
done < <(git ls-files -z --cached --others --exclude-standard "*.cpp" "*.h" "*.c")
"$tool" "${how[@]}" "${files[@]}"
