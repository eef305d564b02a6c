// The op table: every op, with each facet there or the reason why it is not.
//
// RUN: weft-opt --list-ops | FileCheck %s
// CHECK: weft.tanh hyperbolic tangent
// RUN: weft-opt --list-ops --json > %t.json
// RUN: weft-opt --help > %t.help
// RUN: "%python" %S/Inputs/op_table.py %t.json %t.help
