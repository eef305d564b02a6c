// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/* Trains the classifier of examples/digits in plain C: forward, gradient and optimiser are in digits.o, which weftc
 * made.
 *
 *   train DIGITS.csv WEIGHTS.safetensors STATE.safetensors [EPOCHS]
 *
 * Begins with the state if there is one, else with the weights, and saves the state after each epoch: kill it whenever
 * you like and start it again, the result is the same to the last bit. The last line is the accuracy on images that it
 * has not seen; below 96 % the exit code is 1. */
#include "digits.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { pixels = 64, batch = 64, unseen = 360, most = 4096 };
static float images[most][pixels];
static int32_t labels[most];

static int die(const weft_error *error) {
  fprintf(stderr, "train: %s\n", error->message);
  return 1;
}

/* Lines of 64 pixels from 0 to 16 and a digit; what has another form ends the table. */
static int read_csv(const char *path) {
  FILE *file = fopen(path, "r");
  int rows = 0;
  if (!file)
    return 0;
  for (; rows < most; ++rows) {
    float value;
    for (int i = 0; i < pixels; ++i) {
      if (fscanf(file, "%f,", &value) != 1)
        goto end;
      images[rows][i] = value / 16;
    }
    if (fscanf(file, "%f", &value) != 1)
      break;
    labels[rows] = (int32_t)value;
  }
end:
  fclose(file);
  return rows;
}

/* The order of rows follows from the epoch alone, so that a program that was killed goes on with the same rows. */
static void shuffle(int *order, int count, uint32_t seed) {
  for (int i = 0; i < count; ++i)
    order[i] = i;
  for (int i = count - 1; i > 0; --i) {
    const uint32_t key[2] = {seed, 0}, counter[4] = {(uint32_t)i, 0, 0, 0};
    uint32_t random[4];
    weft_philox(key, counter, random);
    const int j = (int)(random[0] % (uint32_t)(i + 1)), swapped = order[i];
    order[i] = order[j];
    order[j] = swapped;
  }
}

int main(int argc, char **argv) {
  if (argc < 4) {
    fprintf(stderr, "usage: train DIGITS.csv WEIGHTS.safetensors STATE.safetensors [EPOCHS]\n");
    return 2;
  }
  const int epochs = argc > 4 ? atoi(argv[4]) : 40;
  const int rows = read_csv(argv[1]), seen = rows - unseen;
  if (seen < batch) {
    fprintf(stderr, "train: %s has %d rows of digits\n", argv[1], rows);
    return 1;
  }
  weft_error error;
  digits_model *model = digits_create(NULL, 0, &error);
  digits_state *state = digits_state_create(&error);
  if (!model || !state)
    return die(&error);
  const char *from = access(argv[3], R_OK) == 0 ? argv[3] : argv[2];
  if (digits_state_load(state, from, &error))
    return die(&error);
  const int per_epoch = (seen + batch - 1) / batch, done = *digits_state_opt_t(state) / per_epoch;
  if (done)
    printf("goes on after epoch %d\n", done);

  static int order[most];
  static float x[batch][pixels];
  int32_t y[batch];
  /* One order for all decides which images are seen. */
  static int split[most];
  shuffle(split, rows, 1);
  for (int epoch = done; epoch < epochs; ++epoch) {
    double sum = 0;
    shuffle(order, seen, 2 + (uint32_t)epoch);
    for (int first = 0; first < seen; first += batch) {
      const int n = seen - first < batch ? seen - first : batch;
      for (int i = 0; i < n; ++i) {
        const int row = split[unseen + order[first + i]];
        for (int k = 0; k < pixels; ++k)
          x[i][k] = images[row][k];
        y[i] = labels[row];
      }
      float loss;
      if (digits_train(model, state, n, &x[0][0], y, &loss, &error))
        return die(&error);
      sum += (double)loss * n;
    }
    if (digits_state_save(state, argv[3], &error))
      return die(&error);
    printf("epoch %2d of %d   loss %.4f\n", epoch + 1, epochs, sum / seen);
    fflush(stdout);
  }

  static float asked[unseen][pixels];
  int32_t said[unseen];
  int right = 0;
  for (int i = 0; i < unseen; ++i)
    for (int k = 0; k < pixels; ++k)
      asked[i][k] = images[split[i]][k];
  if (digits_predict(model, state, unseen, &asked[0][0], said, &error))
    return die(&error);
  for (int i = 0; i < unseen; ++i)
    right += said[i] == labels[split[i]];
  const double accuracy = 100.0 * right / unseen;
  printf("test accuracy %.2f %%\n", accuracy);
  digits_state_destroy(state);
  digits_destroy(model);
  return accuracy >= 96 ? 0 : 1;
}
