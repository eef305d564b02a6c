// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// InfoMEC: how much each latent says of each source (K. Hsu et al., "Disentanglement via latent quantization", 2023).
#pragma once
#include "harness/Metrics.h"

namespace zoo {

struct InfoMec {
  double modularity, compactness, explicitness; // InfoM, InfoC, InfoE; 1 is best
  int active;                                   // latents that vary
  Rows nmi;                                     // [sources, active latents]: I(s; z) / H(s)
};

/// Of latents [N, n_z] and sources [N, n_s], which are whole numbers from 0 and take more than one value each. Discrete
/// latents are codes and count by their values; continuous ones are put into 20 bins of equal mass. Mutual information
/// is the plug-in estimate, in float64, 0 log 0 = 0. A latent that does not vary (a continuous one: by less than a
/// twentieth of the largest range) is left out; if none is left it is an error. A latent that says nothing of any
/// source has no modularity, a source that no latent speaks of no compactness: such rows are left out of the means, and
/// if all are, the figure is 0. Explicitness is the share of log-loss that logistic regression saves, from one-hot
/// codes or standardised numbers. Throws std::invalid_argument.
InfoMec infoMec(const Rows &latents, bool discrete, const Rows &sources);

} // namespace zoo
