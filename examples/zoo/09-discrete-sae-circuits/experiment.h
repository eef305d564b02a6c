// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Trials of the finder, and the experiments on the two models.
#pragma once
#include "harness/Harness.h"
#include "harness/Statistics.h"
#include "model.h"

namespace circuits {

/// Autoencoders that begin on the spheres, one for each seed.
std::vector<zoo::SaeFit> startFits(const zoo::Sae &like, const std::vector<std::uint64_t> &seeds);

/// One trial: of each head its scores.
struct Trial {
  std::vector<double> counts, normalised, edges; // the last: how often it stands in the first F^2 / 2 places of edges
  std::vector<double> inPositive, inNegative, onlyNegative;
};
/// One trial for each slice of x [S, N, F, D], whose first halves are positives, with the seeds 0 ... S - 1. Throws
/// std::invalid_argument.
std::vector<Trial> find(const Tensor &x, const Finder &how);
/// The same from codes that are there, i32 [N, F].
Trial countCodes(const Tensor &codes, int latents);

void knownCircuit(zoo::Run &run);
void trainedCircuit(zoo::Run &run);

} // namespace circuits
