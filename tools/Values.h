// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Values on the command line and in files: specs such as 4x8xf32=normal:7, .npy files, and bytes for the C ABI.
#pragma once
#include "dialects/weft/HostArray.h"
#include <string>
#include <vector>

namespace weft::tools {
using ir::HostArray;

/// "4x8xf32=@x.npy", "4x8xf32=normal:7", "=uniform:7" (of [0, 1)), "=zeros", "=iota", "=1.5" or "=1,2,3,4". On failure
/// `error` says what was expected.
bool parseInput(mlir::MLIRContext *context, const std::string &spec, HostArray &array, std::string &error);
/// Numbers drawn for tests: normal for floats, 0..9 for integers, both for i1; the same for one seed everywhere.
void fillRandom(HostArray &array, uint64_t seed, bool normal);

bool readNpy(mlir::MLIRContext *context, const std::string &path, HostArray &array, std::string &error);
/// bf16 has no .npy type: it is written as f32.
bool writeNpy(const std::string &path, const HostArray &array, std::string &error);

/// The elements as compiled code stores them (i1 as a byte), and back.
std::vector<char> toBytes(const HostArray &array);
void fromBytes(HostArray &array, const void *bytes);
int32_t abiType(mlir::Type element); // weft_dtype
mlir::Type elementType(mlir::MLIRContext *context, int32_t abiType);
std::string shapeText(const HostArray &array); // 4x8xf32
} // namespace weft::tools
