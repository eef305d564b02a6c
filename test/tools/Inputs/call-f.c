// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/* A C program around the compiled function f(x: f32 [B, 4], w: f32 [4, 2]) -> f32 [B, 2]. */
#include "weft_runtime.h"
#include <stdio.h>

extern const weft_program f_program;

int main(void) {
  float x[9 * 4], w[4 * 2], y[8 * 2];
  for (int i = 0; i < 9 * 4; ++i)
    x[i] = (float)i;
  for (int i = 0; i < 4 * 2; ++i)
    w[i] = 1;
  const int64_t wide[2] = {4, 2};
  int64_t rows[2] = {2, 4}, symbols[1], dims[2];
  weft_array arrays[2] = {{x, WEFT_F32, 2, rows}, {w, WEFT_F32, 2, wide}};
  const void *inputs[2] = {x, w};
  void *outputs[1] = {y};
  weft_error error;
  weft_instance *instance = weft_instance_create(&f_program, 0, &error);
  if (!instance || weft_program_bind(&f_program, arrays, 2, symbols, dims, &error) ||
      weft_instance_run(instance, inputs, outputs, symbols, &error)) {
    puts(error.message);
    return 1;
  }
  printf("%g %g %g %g\n", y[0], y[1], y[2], y[3]);
  rows[0] = 9;
  if (weft_program_bind(&f_program, arrays, 2, symbols, dims, &error))
    puts(error.message);
  weft_instance_destroy(instance);
  return 0;
}
