// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Attention, positions, and blocks of transformers. Attention is written in plain ops: scores = q k^T scale + bias, a
// program of the user's on them, -inf where a mask hides a key, softmax, a program on the weights, their product with
// v. A query that sees no key gets zeros.
#pragma once
#include "weft/Named.h"
#include "weft/nn/Layers.h"
#include "weft/nn/Norms.h"
#include <functional>

namespace weft::nn {

/// How attention is made; fixed at compile time.
struct AttentionOptions {
  /// Query i sees the keys 0 to i.
  bool causal = false;
  /// Heads of keys and values, each for heads / kv_heads heads of queries; 0: as many as there are of queries.
  int kv_heads = 0;
  /// Numbers in a head; 0: d / heads.
  int width = 0;
  /// The last dimension of what keys and values are made of; 0: d.
  int memory = 0;
  bool bias = true;
  /// Norms of each head of queries, keys and values, with parameters of their own.
  NormKind q_norm = NormKind::none, k_norm = NormKind::none, v_norm = NormKind::none;
  /// Queries and keys are turned by their positions.
  bool rotary = false;
  double rotary_base = 10000;
  /// Of the scores; 0: 1 / sqrt(width).
  double scale = 0;
  /// Of the weights, in training.
  float dropout = 0;
};
/// `nn::Attention attn{d, heads, nn::causal}`
inline constexpr AttentionOptions causal{.causal = true};

/// What a call of attention may have beside its inputs. Shapes are those of the scores, [..., heads, queries, keys], or
/// broadcast to them.
struct Attend {
  /// Added to the scores.
  Tensor bias{};
  /// i1: which keys a query sees.
  Tensor mask{};
  /// i1 [..., keys]: which keys there are; the others are padding.
  Tensor keys{};
  /// A program on the scores, behind the bias and in front of the masks; and one on the weights behind the softmax,
  /// whose rows need not sum to one then.
  std::function<Tensor(Tensor)> score{}, weights{};
  /// Of rotary attention, i32 or floating [..., queries] and [..., keys]: 0, 1, 2 ... if absent; keys of
  /// self-attention have the queries'.
  Tensor positions{}, key_positions{};
  Mode mode{};
};

/// softmax(q k^T scale) v of q [..., queries, heads, width], k and v [..., keys, kv_heads, width]; the result is
/// [..., queries, heads, width of v].
struct DotProduct {
  bool causal = false;
  double scale = 0;
};
Tensor dot_product_attention(const Tensor &q, const Tensor &k, const Tensor &v, const DotProduct &how = {},
                             const Attend &call = {}, Loc at = Loc::here());

/// Attention of several heads with its projections. It marks q, k, v (what meets in the scores), map (the weights), and
/// z (the heads' results, in front of `out`).
struct Attention {
  int d = 0, heads = 1;
  AttentionOptions options{};
  Linear q{d, heads * headWidth(), options.bias};
  Linear k{memoryWidth(), kvHeads() * headWidth(), options.bias};
  Linear v{memoryWidth(), kvHeads() * headWidth(), options.bias};
  Linear out{heads * headWidth(), d, options.bias};
  Norm q_norm{options.q_norm, headWidth()}, k_norm{options.k_norm, headWidth()}, v_norm{options.v_norm, headWidth()};
  Dropout drop{options.dropout};
  /// Of x to itself.
  Tensor operator()(const Tensor &x, const Attend &call = {}, Loc at = Loc::here()) const;
  /// Of x [..., queries, d] to a memory [..., keys, options.memory].
  Tensor operator()(const Tensor &x, const Tensor &memory, const Attend &call = {}, Loc at = Loc::here()) const;
  /// The same with values of their own.
  Tensor operator()(const Tensor &x, const Tensor &keys, const Tensor &values, const Attend &call = {},
                    Loc at = Loc::here()) const;
  int headWidth() const { return options.width ? options.width : heads > 0 ? d / heads : 0; }
  int kvHeads() const { return options.kv_heads ? options.kv_heads : heads; }
  int memoryWidth() const { return options.memory ? options.memory : d; }
};

// ---- positions
/// x [..., length, heads, width], each pair (i, i + width / 2) turned by the angle position * base^(-2 i / width) (J.
/// Su and others, 2021); positions are i32 or floating, [..., length].
Tensor rotary(const Tensor &x, const Tensor &positions, double base = 10000, Loc at = Loc::here());
/// sin(p w_i), then cos(p w_i), w_i = base^(-2 i / d) for i < d / 2: [..., d] of positions, or times, [...].
Tensor sincos(const Tensor &positions, int d, double base = 10000, Loc at = Loc::here());
/// The same of the places of a grid of one axis or more, in row-major order: [places, d]; each axis has an equal part
/// of the d numbers.
Tensor sincos_positions(const Shape &grid, int d, double base = 10000, Loc at = Loc::here());
/// A row for each position, learned.
struct LearnedPositions {
  int n = 0, d = 0;
  Param w{{n, d}, init::normal(0.02f)};
  /// x [..., length, d] plus the first rows; or plus those of the positions, i32 [..., length].
  Tensor operator()(const Tensor &x, Loc at = Loc::here()) const;
  Tensor operator()(const Tensor &x, const Tensor &positions, Loc at = Loc::here()) const;
};
/// [..., queries, keys] with element i, j the entry n - 1 + j - i of a table [..., 2 n - 1]: what depends on a relative
/// position alone. No more than n queries and keys.
Tensor toeplitz(const Tensor &table, const Dim &queries, const Dim &keys, Loc at = Loc::here());
/// Of a time [...] its sincos, through two layers: [..., width].
struct TimeEmbedding {
  int d = 0, width = 0;
  double base = 10000;
  MLP mlp{{d, width, width}, silu};
  Tensor operator()(const Tensor &t, Loc at = Loc::here()) const;
};
/// Shifts, scales and gates that a condition [..., cond] gives: so many parts of d numbers, zeros at first, so that a
/// block begins as it is without them (adaLN-zero).
struct Modulation {
  int cond = 0, d = 0, parts = 6;
  Linear linear{cond, d * parts, true, {{cond, d * parts}, init::zeros}};
  /// For x [B, length, d] and a condition [B, cond] each part is [B, 1, d].
  std::vector<Tensor> operator()(const Tensor &condition, Loc at = Loc::here()) const;
};

// ---- blocks
struct BlockOptions {
  /// x + f(norm(x)); else norm(x + f(x)).
  bool pre_norm = true;
  NormKind norm = NormKind::layer;
  /// Between the two layers of the MLP; 0: 4 d.
  int hidden = 0;
  Activation act = gelu;
  AttentionOptions attention{};
  /// The last dimension of a memory that the block attends to after itself; 0: it has none.
  int memory = 0;
  /// Of what each part adds, in training.
  float dropout = 0;
  /// What each part adds is scaled by learned numbers that begin with this one (LayerScale); 0: it is not.
  double layer_scale = 0;
};
struct TransformerBlock {
  int d = 0, heads = 1;
  BlockOptions options{};
  Norm n1{options.norm, d}, n2{options.norm, d};
  Attention attn{d, heads, options.attention};
  MLP mlp{{d, options.hidden ? options.hidden : 4 * d, d}, options.act};
  // One of each if there is a memory; scales one for each part.
  std::vector<Norm> nc = memoryNorms(d, options);
  std::vector<Attention> cross = memoryAttention(d, heads, options);
  std::vector<Param> scales = layerScales(d, options);
  Dropout drop{options.dropout};
  Tensor operator()(const Tensor &x, const Attend &call = {}, Loc at = Loc::here()) const;
  Tensor operator()(const Tensor &x, const Tensor &memory, const Attend &call = {}, const Attend &ofMemory = {},
                    Loc at = Loc::here()) const;
  static std::vector<Norm> memoryNorms(int d, const BlockOptions &options);
  static std::vector<Attention> memoryAttention(int d, int heads, const BlockOptions &options);
  static std::vector<Param> layerScales(int d, const BlockOptions &options);
};

} // namespace weft::nn
