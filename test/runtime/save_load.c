// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/* save_load save PATH N: saves three arrays full of N. save_load load PATH: prints N, if all of them are full of it. */
#include "weft.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static float numbers[3][100];
static const char *const names[3] = {"a", "b", "c"};

int main(int argc, char **argv) {
  weft_error error;
  if (argc == 4 && !strcmp(argv[1], "save")) {
    const int64_t shape[] = {100};
    weft_named_array arrays[3];
    for (int k = 0; k < 3; ++k) {
      for (int i = 0; i < 100; ++i)
        numbers[k][i] = (float)atof(argv[3]);
      const weft_named_array array = {names[k], {numbers[k], WEFT_F32, 1, shape}};
      arrays[k] = array;
    }
    if (weft_tensors_save(argv[2], arrays, 3, &error) == WEFT_OK)
      return 0;
  } else if (argc == 3 && !strcmp(argv[1], "load")) {
    weft_tensors *file = weft_tensors_open(argv[2], &error);
    int64_t read = 0;
    for (int64_t k = 0; file && k < 3 && weft_tensors_count(file) == 3; ++k)
      read += weft_tensors_read(file, weft_tensors_find(file, names[k]), numbers[k], &error) == WEFT_OK;
    for (int i = 0; i < 300; ++i)
      if (numbers[i / 100][i % 100] != numbers[0][0])
        read = 0;
    weft_tensors_close(file);
    if (read == 3) {
      printf("%g\n", (double)numbers[0][0]);
      return 0;
    }
  }
  fprintf(stderr, "%s\n", argc > 1 ? error.message : "usage: save_load save PATH N | load PATH");
  return 1;
}
