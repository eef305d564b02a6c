# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The protocol by which weft-bench asks another library for turns: a line in, a line out.

  row NAME FOLDER TYPE...   arrays 0.npy, 1.npy ... of FOLDER, one a type (bf16 comes as f32), are read and the row's
                    function runs once
                    -> `ready SUM ABS SUM ABS ...`: of each result, the sum of its elements and of their magnitudes
                    -> `none` where the library has no function of that name
  turn RUNS         -> `took SECONDS`: CPU time of this process for so many runs

The first line out is the library's name and version.
"""
import gc
import os
import sys
import time

import numpy as np


def serve(name, functions, give, wait, fetch):
    """functions: name -> f(*arrays) -> list of results. give(array, type): one of NumPy as
    one of the library; wait: until results
    are there; fetch: a result as a NumPy array of float64."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what the library prints is no answer

    def answer(text):
        print(text, file=answers, flush=True)

    answer(name)
    run = None
    for line in sys.stdin:
        words = line.split()
        if words[0] == "row":
            run = None
            gc.collect()
            function = functions.get(words[1])
            if function is None:
                answer("none")
                continue
            arrays = [give(np.load(f"{words[2]}/{i}.npy"), type) for i, type in enumerate(words[3:])]

            def run(function=function, arrays=arrays):
                results = function(*arrays)
                wait(results)
                return results

            sums = []
            for result in run():
                values = fetch(result)
                sums += [values.sum(), np.abs(values).sum()]
            answer("ready " + " ".join(repr(float(s)) for s in sums))
        elif words[0] == "turn":
            before = time.process_time()
            for _ in range(int(words[1])):
                run()
            answer(f"took {time.process_time() - before!r}")

