// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Weft: a model is a plain struct, a signature says everything, derivatives are taken of values. docs/dsl.md tells the
// language.
#pragma once
#include "weft/Control.h"
#include "weft/Fourier.h"
#include "weft/Image.h"
#include "weft/Index.h"
#include "weft/Look.h"
#include "weft/Losses.h"
#include "weft/Named.h"
#include "weft/Ops.h"
#include "weft/Random.h"
#include "weft/Stream.h"
#include "weft/Transform.h"
#include "weft/artefact.h"
#include "weft/nn.h"
#include "weft/optim.h"
#include "weft/weights.h"
