#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# What Weft is built with, from Debian 12's own archive. Installs what is missing there; elsewhere it names the packages and stops.
set -euo pipefail
packages=(libmlir-22-dev mlir-22-tools llvm-22-dev llvm-22-tools clang-22 lld-22
          libboost-graph-dev libgtest-dev libdnnl-dev zlib1g-dev libcairo2-dev liblbfgs-dev pkg-config ninja-build cmake g++ ccache)

if [[ -n "${WEFT_SKIP_PACKAGES:-}" ]]; then
  exit 0
fi
missing=()
for package in "${packages[@]}"; do
  state=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)
  [[ "$state" == installed ]] || missing+=("$package")
done
if [[ ${#missing[@]} -eq 0 ]]; then
  exit 0
fi

system=unknown
[[ -r /etc/os-release ]] && system=$(. /etc/os-release && echo "${ID:-unknown} ${VERSION_ID:-}")
if [[ "$system" != "debian 12" ]]; then
  {
    echo "weft: this system ($system) is not Debian 12, so nothing is installed for you. Needed, by their Debian names:"
    printf '  %s\n' "${missing[@]}"
    echo "LLVM and MLIR must be 22.1: llvm-config-22 tells CMake where, or -DMLIR_DIR=<llvm>/lib/cmake/mlir. Once all is there by other means, set WEFT_SKIP_PACKAGES=1."
  } >&2
  exit 1
fi
as_root=()
if [[ $(id -u) -ne 0 ]]; then
  command -v sudo >/dev/null || { echo "weft: to install ${missing[*]}, run as root or install sudo" >&2; exit 1; }
  as_root=(sudo)
fi
echo "== installing ${missing[*]}"
"${as_root[@]}" apt-get update -q
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}"
