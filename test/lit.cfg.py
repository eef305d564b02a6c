# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# lit's configuration: every .mlir and .td file below this folder is a test. The paths come from lit.site.cfg.py, which CMake writes.
import os
import sys
import lit.formats

config.name = "weft"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".td"]
config.excludes = ["Inputs"]
config.test_source_root = os.path.dirname(os.path.abspath(__file__))
config.test_exec_root = os.path.join(config.weft_build, "test")

# FileCheck, not, count and split-file; our own tools by full path below.
config.environment["PATH"] = os.pathsep.join([config.llvm_tools, config.environment.get("PATH", "")])
# lit runs two tests at a time: one thread each, in the runtime and in MLIR. WEFT_TEST_THREADS=3 runs programs on three, for what one thread
# cannot get wrong: pieces that are not independent, forks of dispatches that read each other's results.
config.environment["WEFT_NUM_THREADS"] = os.environ.get("WEFT_TEST_THREADS", "1")
config.environment["WEFT_CACHE_DIR"] = os.path.join(config.weft_build, "test", "cache")
if config.weft_sanitize:
    # LLVM itself is not instrumented, so leaks cannot be told from its statics; and its arenas, whose inline half is compiled into our code
    # and marks memory as unused, never hear from LLVM's half that it is used now: marks by hand are not obeyed.
    # A report is a file: `not` would take it for an error asked for.
    report = "log_path=" + os.path.join(config.test_exec_root, "sanitizer-report")
    config.environment["ASAN_OPTIONS"] = "detect_leaks=0:allow_user_poisoning=0:" + report
    config.environment["UBSAN_OPTIONS"] = "print_stacktrace=1:" + report


def tool(name, *options):
    path = os.path.join(config.weft_build, "bin", name)
    config.substitutions.append((r"(?<![\w/.-])" + name + r"(?![\w.-])", " ".join([path, *options])))


config.substitutions.append(("%source", os.path.dirname(config.test_source_root)))
config.substitutions.append(("%libs", os.path.join(config.weft_build, "lib")))
config.substitutions.append(("%python", sys.executable))
if config.weft_sanitize:
    config.available_features.add("sanitize")

# What this very processor can run.
try:
    with open("/proc/cpuinfo") as cpuinfo:
        flags = cpuinfo.read()
        for flag, feature in [("avx2", "avx2"), ("avx512_bf16", "avx512bf16")]:
            if flag in flags:
                config.available_features.add(feature)
except OSError:
    pass

tool("weft-opt", "--mlir-disable-threading")
tool("weft-run")
tool("weft-check-ops")
tool("weft-random-ops")
tool("weft-random-attention")
tool("weft-tblgen", "-I", config.mlir_include, "-I", os.path.dirname(config.test_source_root))
