// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "line.h"
#include <stdio.h>

int main(void) {
  weft_error error;
  float x[8], y[8], loss;
  for (int i = 0; i < 8; ++i)
    x[i] = (float)i / 8, y[i] = 3 * x[i] + 1;
  line_model *model = line_create(NULL, 0, &error);
  line_state *state = line_state_create(&error);
  if (!model || !state || line_state_load(state, WEIGHTS, &error)) {
    fprintf(stderr, "%s\n", error.message);
    return 1;
  }
  for (int i = 0; i < 300; ++i)
    if (line_fit(model, state, x, y, &loss, &error)) {
      fprintf(stderr, "%s\n", error.message);
      return 1;
    }
  printf("%a %a\n", (double)*line_state_line_a(state), (double)*line_state_line_b(state));
  line_state_destroy(state);
  line_destroy(model);
  return 0;
}
