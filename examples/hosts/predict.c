// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/* Asks a trained classifier: reads images, one a line of 64 numbers from 0 to 16, from standard input and prints a
 * digit for each.
 *
 *   predict STATE.safetensors < IMAGES.csv */
#include "digits.h"
#include <stdio.h>

int main(int argc, char **argv) {
  weft_error error;
  if (argc != 2) {
    fprintf(stderr, "usage: predict STATE.safetensors < IMAGES.csv\n");
    return 2;
  }
  digits_model *model = digits_create(NULL, 0, &error);
  digits_state *state = digits_state_create(&error);
  if (!model || !state || digits_state_load(state, argv[1], &error)) {
    fprintf(stderr, "predict: %s\n", error.message);
    return 1;
  }
  float image[64], value;
  int32_t digit;
  for (int i = 0; scanf("%f", &value) == 1;) {
    image[i++] = value / 16;
    const int separator = getchar();
    if (i < 64 && separator == ',')
      continue;
    if (i < 64) {
      fprintf(stderr, "predict: a line has %d numbers, expected 64\n", i);
      return 1;
    }
    for (int c = separator; c != '\n' && c != EOF;) /* a label that follows */
      c = getchar();
    i = 0;
    if (digits_predict(model, state, 1, image, &digit, &error)) {
      fprintf(stderr, "predict: %s\n", error.message);
      return 1;
    }
    printf("%d\n", digit);
  }
  digits_state_destroy(state);
  digits_destroy(model);
  return 0;
}
