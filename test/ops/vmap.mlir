// RUN: weft-opt %s
