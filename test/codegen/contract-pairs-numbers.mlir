// REQUIRES: avx512bf16
// RUN: env WEFT_CHECK_CPU=cooperlake weft-check-ops %S/contract-tiles.mlir
//
// The products of contract-tiles.mlir in the form of contract-pairs.mlir, on a processor that can run it.
