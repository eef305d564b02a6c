// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Layers: aggregates of parameters. They compute in their input's element type and cast their parameters to it.
#pragma once
#include "weft/nn/Attention.h"
#include "weft/nn/Convolution.h"
#include "weft/nn/Layers.h"
#include "weft/nn/Norms.h"
#include "weft/nn/Recurrent.h"
