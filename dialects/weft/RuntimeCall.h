// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- RuntimeCall.h - ops that a function of the runtime computes -------------------------------------------------------===//
//
// Some ops are no loops over elements: a sort, a factorisation. A kernel library in runtime/kernels/ has a function for
// each, said once in runtime/weft_services.def. All of them are called alike, over a range of the op's units, which are
// independent pieces of work (the rows that a sort sorts), so that threads share them:
//
//   [weft_status] f(const void *data, int32_t dtype,    for each operand, then for each result (null data: nobody reads it)
//                   int64_t number,                     for each of `numbers`
//                   void *workspace, int64_t begin, int64_t end)
//
// A function that returns a status may fail: the program's status is that one, with the line of the op. If the op has
// CheckedOpInterface, the plan knows that it may raise the error that getCheck names, and writes no state before;
// `failure` is what is said of it. Any other status is a mistake of ours.
//
//===----------------------------------------------------------------------------------------------------------------===//
#pragma once
#include "dialects/weft/Dims.h"

namespace weft::ir {
struct RuntimeCall {
  llvm::StringLiteral service;
  Dim units;
  int64_t costOfUnit = 1; // in additions, about
  Dims numbers = {};
  int64_t workspace = 0; // bytes that a call has for itself, however many units it is for
  std::string failure = {};

  /// How many units are worth a task.
  int64_t grain() const;
  /// Bytes for all calls of a run, each of which has its own.
  int64_t workspaceOfRun() const;
};
} // namespace weft::ir
