#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compiles the code blocks of docs/dsl.md that are marked `cpp`; blocks marked `cpp later` show what is not built yet.
Usage: blocks.py dsl.md COMPILER flags..."""
import re, subprocess, sys, tempfile, pathlib

text = pathlib.Path(sys.argv[1]).read_text()
blocks = re.findall(r"```cpp\n(.*?)```", text, re.S)
if not blocks:
    sys.exit("no code blocks")
body = "#include <weft/weft.h>\n#include <weft/data.h>\nusing namespace weft;\ninline void print(float) {}\n"
for i, block in enumerate(blocks):
    body += f"namespace block{i} {{\n{block}\n}}\n"
with tempfile.TemporaryDirectory() as folder:
    path = pathlib.Path(folder) / "blocks.cpp"
    path.write_text(body)
    sys.exit(subprocess.run([*sys.argv[2:], "-std=c++20", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", str(path)]).returncode)
