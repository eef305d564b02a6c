// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Attention in plain ops, positions, and blocks of transformers.
#include "weft/nn/Attention.h"
#include "Value.h"
#include <cmath>

using namespace weft;
using namespace weft::detail;

static DType wide(DType dtype) { return dtype == f64 ? f64 : f32; }

// ---- attention
/// An error unless x broadcasts to the scores.
static void checkFits(const char *what, const Tensor &x, const Shape &scores, Loc at) {
  bool fits = x.shape().size() <= scores.size();
  for (std::size_t i = 0; fits && i < x.shape().size(); ++i) {
    const Dim &d = x.shape()[i];
    fits = d == Dim(1) || d == scores[scores.size() - x.shape().size() + i];
  }
  if (!fits)
    fail(at,
         std::string("attention: the ") + what + " must broadcast to the scores " + str(scores) +
             " [..., heads, queries, keys], found " + x.str(),
         {{what, x}});
}
static void checkHeads(const Tensor &q, const Tensor &k, const Tensor &v, Loc at) {
  for (auto [x, name] : {std::pair(&q, "q"), {&k, "k"}, {&v, "v"}}) {
    requireValue(*x, "attention", name, at);
    if (x->rank() < 3 || !x->dtype().isFloat())
      fail(at,
           std::string("attention: expected ") + name + " [..., length, heads, width] of a floating type, found " +
               x->str(),
           {{name, *x}});
  }
  if (q.dtype() != k.dtype() || q.dtype() != v.dtype())
    fail(at, "attention: q, k and v must have one element type", {{"q", q}, {"k", k}, {"v", v}});
  if (!(k.dim(-1) == q.dim(-1)))
    fail(at, "attention: queries and keys must have one width, found " + q.str() + " and " + k.str(),
         {{"q", q}, {"k", k}});
  if (!(k.dim(-3) == v.dim(-3)) || !(k.dim(-2) == v.dim(-2)))
    fail(at, "attention: keys and values must have one length and as many heads, found " + k.str() + " and " + v.str(),
         {{"k", k}, {"v", v}});
  const Dim heads = q.dim(-2), of = k.dim(-2);
  if (!heads.isStatic() || !of.isStatic() || of.value() < 1 || heads.value() % of.value() != 0)
    fail(at, "attention: " + of.str() + " heads of keys do not divide " + heads.str() + " heads of queries",
         {{"q", q}, {"k", k}});
}
/// Each head as often as there are heads of queries for it.
static Tensor repeatedHeads(const Tensor &x, const Dim &heads, Loc at) {
  Dim of = x.dim(-2);
  if (of == heads)
    return x;
  Shape shape = x.shape(), repeated = shape;
  repeated.insert(repeated.end() - 1, heads / of);
  shape[shape.size() - 2] = heads;
  return reshape(broadcastTo(expand(x, -2, at), repeated, at), shape, at);
}
/// What a program of the user gave in the place of x.
static Tensor programmed(const char *what, const std::function<Tensor(Tensor)> &program, const Tensor &x, Loc at) {
  if (!program)
    return x;
  Tensor y = program(x);
  requireValue(y, "attention", what, at);
  if (y.dtype() != x.dtype() || y.shape() != x.shape())
    fail(at, std::string("attention: the program on the ") + what + " must give " + x.str() + ", found " + y.str(),
         {{what, x}, {"its result", y}});
  return y;
}

Tensor nn::dot_product_attention(const Tensor &q, const Tensor &k, const Tensor &v, const DotProduct &how,
                                 const Attend &call, Loc at) {
  auto o = [&](auto &&x) { return Operand(x, at); };
  checkHeads(q, k, v, at);
  const Dim heads = q.dim(-2), queries = q.dim(-3), keys = k.dim(-3);
  if (!q.dim(-1).isStatic())
    fail(at, "attention: the width of a head must be static, found " + q.str(), {{"q", q}});
  const double width = double(q.dim(-1).value()), scale = how.scale != 0 ? how.scale : 1 / std::sqrt(width);
  Tensor scores = contract(Spec("...qhd,...khd->...hqk", at), q, repeatedHeads(k, heads, at));
  scores = o(cast(scores, wide(q.dtype()), at)) * o(scale);
  const Shape shape = scores.shape();
  if (!call.bias.empty()) {
    requireValue(call.bias, "attention", "bias", at);
    checkFits("bias", call.bias, shape, at);
    scores = o(scores) + o(cast(call.bias, scores.dtype(), at));
  }
  scores = programmed("scores", call.score, scores, at);

  // One mask, of what each of the three says.
  Tensor sees;
  auto alsoSees = [&](const Tensor &mask) { sees = sees.empty() ? mask : o(sees) && o(mask); };
  if (how.causal)
    alsoSees(o(expand(iota(queries, i32, at), 1, at)) >= o(iota(keys, i32, at)));
  for (auto [mask, name] : {std::pair(call.mask, "mask"), {call.keys, "keys"}}) {
    if (mask.empty())
      continue;
    requireValue(mask, "attention", name, at);
    if (mask.dtype() != i1)
      fail(at, std::string("attention: ") + name + " must be i1, true where a key is seen, found " + mask.str(),
           {{name, mask}});
    Tensor m = name == std::string("keys") ? expand(mask, {-3, -2}, at) : mask;
    checkFits(name, m, shape, at);
    alsoSees(m);
  }
  if (!sees.empty())
    scores = select(o(sees), o(scores), o(-infinity));
  // A row of -inf alone gives zeros.
  Tensor weights = cast(softmax(scores, -1, at), q.dtype(), at);
  weights = programmed("weights", call.weights, weights, at);
  return contract(Spec("...hqk,...khd->...qhd", at), weights, repeatedHeads(v, heads, at));
}

/// [..., length, heads * width] as [..., length, heads, width].
static Tensor split(const Tensor &x, int heads, int width, Loc at) {
  Shape shape = x.shape();
  shape.back() = heads;
  shape.push_back(width);
  return reshape(x, shape, at);
}

Tensor nn::Attention::operator()(const Tensor &x, const Attend &call, Loc at) const {
  Attend self = call;
  if (self.key_positions.empty())
    self.key_positions = self.positions;
  return (*this)(x, x, x, self, at);
}
Tensor nn::Attention::operator()(const Tensor &x, const Tensor &memory, const Attend &call, Loc at) const {
  return (*this)(x, memory, memory, call, at);
}
Tensor nn::Attention::operator()(const Tensor &x, const Tensor &keys, const Tensor &values, const Attend &call,
                                 Loc at) const {
  const int width = headWidth(), of = kvHeads();
  if (heads < 1 || (!options.width && d % heads != 0))
    throw Error(at, "attention: " + std::to_string(heads) + " heads do not divide " + std::to_string(d) +
                        ": give them a width of their own, {.width = n}");
  if (of < 1 || heads % of != 0)
    throw Error(at, "attention: kv_heads must divide the number of heads, " + std::to_string(heads) + ", found " +
                        std::to_string(of));
  for (auto [input, name, last] :
       {std::tuple(&x, "queries", d), {&keys, "keys", memoryWidth()}, {&values, "values", memoryWidth()}}) {
    requireValue(*input, "attention", name, at);
    if (input->rank() < 2 || !(input->shape().back() == Dim(last)))
      fail(at,
           std::string("attention: the input of ") + name + " must be [..., length, " + std::to_string(last) +
               "], found " + input->str(),
           {{name, *input}});
  }
  Tensor qh = q_norm(split(q(x, at), heads, width, at), at), kh = k_norm(split(k(keys, at), of, width, at), at),
         vh = v_norm(split(v(values, at), of, width, at), at);
  if (options.rotary) {
    auto placed = [&](const Tensor &given, const Tensor &h) {
      return given.empty() ? iota(h.dim(-3), i32, at) : given;
    };
    qh = rotary(qh, placed(call.positions, qh), options.rotary_base, at);
    kh = rotary(kh, placed(call.key_positions, kh), options.rotary_base, at);
  } else if (!call.positions.empty() || !call.key_positions.empty()) {
    throw Error(at, "attention: positions were given, and this attention does not turn by them: {.rotary = true}");
  }
  qh = mark(*this, "q", qh, at), kh = mark(*this, "k", kh, at), vh = mark(*this, "v", vh, at);
  Attend inner = call;
  inner.weights = [&](Tensor w) {
    w = mark(*this, "map", programmed("weights", call.weights, w, at), at);
    return drop(w, call.mode, at);
  };
  Tensor z = dot_product_attention(qh, kh, vh, {options.causal, options.scale}, inner, at);
  z = mark(*this, "z", z, at);
  Shape flat = z.shape();
  flat.pop_back();
  flat.back() = heads * width;
  return out(reshape(z, flat, at), at);
}

// ---- positions
/// base^(-2 i / d) for i < d / 2, rounded once.
static Tensor frequencies(int d, double base, DType dtype, Loc at) {
  std::vector<double> list;
  for (int i = 0; i < d / 2; ++i)
    list.push_back(std::pow(base, -2.0 * i / d));
  return cast(constant(list, at), dtype, at);
}
/// position * frequency, [..., d / 2], in f32 at least.
static Tensor angles(const char *op, const Tensor &positions, int d, double base, DType dtype, Loc at) {
  auto o = [&](auto &&x) { return Operand(x, at); };
  requireValue(positions, op, "positions", at);
  if (positions.dtype() == i1 || positions.dtype().isComplex())
    fail(at, std::string(op) + ": positions must be integers or of a floating type, found " + positions.str(),
         {{"positions", positions}});
  if (d < 2 || d % 2 != 0)
    fail(at, std::string(op) + ": the number of sines and cosines must be even, found " + std::to_string(d));
  if (!(base > 0))
    fail(at, std::string(op) + ": the base must be positive, found " + std::to_string(base));
  return o(expand(cast(positions, dtype, at), -1, at)) * o(frequencies(d, base, dtype, at));
}

Tensor nn::rotary(const Tensor &x, const Tensor &positions, double base, Loc at) {
  auto o = [&](auto &&v) { return Operand(v, at); };
  requireValue(x, "rotary", "input", at);
  if (x.rank() < 3 || !x.dtype().isFloat() || !x.dim(-1).isStatic())
    fail(at, "rotary: expected [..., length, heads, width] of a floating type, found " + x.str(), {{"input", x}});
  const int width = int(x.dim(-1).value());
  const DType dtype = wide(x.dtype());
  requireValue(positions, "rotary", "positions", at);
  if (positions.rank() < 1 || !(positions.shape().back() == x.dim(-3)))
    fail(at, "rotary: a position for each of " + x.dim(-3).str() + " places is needed, found " + positions.str(),
         {{"input", x}, {"positions", positions}});
  Tensor angle = expand(angles("rotary", positions, width, base, dtype, at), -2, at); // [..., length, 1, width / 2]
  Tensor c = cos(angle, at), s = sin(angle, at), h = cast(x, dtype, at), a = slice(h, -1, 0, width / 2, 1, at),
         b = slice(h, -1, width / 2, width, 1, at);
  Tensor left = o(o(a) * o(c)) - o(o(b) * o(s)), right = o(o(b) * o(c)) + o(o(a) * o(s));
  return cast(concat({left, right}, -1, at), x.dtype(), at);
}
Tensor nn::sincos(const Tensor &positions, int d, double base, Loc at) {
  requireValue(positions, "sincos", "positions", at);
  Tensor angle = angles("sincos", positions, d, base, wide(positions.dtype()), at);
  return concat({sin(angle, at), cos(angle, at)}, -1, at);
}
Tensor nn::sincos_positions(const Shape &grid, int d, double base, Loc at) {
  const int axes = int(grid.size());
  if (axes < 1 || d % (2 * axes) != 0)
    throw Error(at, "sincos_positions: " + std::to_string(d) + " numbers do not divide into sines and cosines of " +
                        std::to_string(axes) + (axes == 1 ? " axis" : " axes"));
  std::vector<Tensor> parts;
  for (int axis = 0; axis < axes; ++axis) {
    Shape along(grid.size(), Dim(1)), all = grid;
    along[axis] = grid[axis];
    along.push_back(d / axes), all.push_back(d / axes);
    parts.push_back(broadcastTo(reshape(sincos(iota(grid[axis], i32, at), d / axes, base, at), along, at), all, at));
  }
  return reshape(concat(parts, -1, at), {product(grid), d}, at);
}

Tensor nn::LearnedPositions::operator()(const Tensor &x, Loc at) const {
  requireValue(x, "learned_positions", "input", at);
  if (x.rank() < 2 || !(x.shape().back() == Dim(d)))
    fail(at, "learned_positions: expected [..., length, " + std::to_string(d) + "], found " + x.str(), {{"input", x}});
  if (x.dim(-2).upper() > n)
    fail(at,
         "learned_positions: there are " + std::to_string(n) + " positions, and the length may be " +
             std::to_string(x.dim(-2).upper()) + ": " + x.str(),
         {{"input", x}});
  return Operand(x, at) + Operand(cast(slice(w, 0, 0, x.dim(-2), 1, at), x.dtype(), at), at);
}
Tensor nn::LearnedPositions::operator()(const Tensor &x, const Tensor &positions, Loc at) const {
  requireValue(x, "learned_positions", "input", at);
  return Operand(x, at) + Operand(cast(take(w, positions, 0, at), x.dtype(), at), at);
}

Tensor nn::toeplitz(const Tensor &table, const Dim &queries, const Dim &keys, Loc at) {
  auto o = [&](auto &&v) { return Operand(v, at); };
  requireValue(table, "toeplitz", "table", at);
  const std::int64_t entries = table.rank() && table.dim(-1).isStatic() ? table.dim(-1).value() : 0,
                     n = (entries + 1) / 2;
  if (entries % 2 != 1)
    fail(at, "toeplitz: a table for n places has 2 n - 1 entries in its last dimension, found " + table.str(),
         {{"table", table}});
  if (queries.upper() > n || keys.upper() > n)
    fail(at,
         "toeplitz: the table is for " + std::to_string(n) + " places, found " + queries.str() + " queries and " +
             keys.str() + " keys of at most " + std::to_string(queries.upper()) + " and " +
             std::to_string(keys.upper()),
         {{"table", table}});
  Tensor entry = o(o(iota(keys, i32, at)) - o(expand(iota(queries, i32, at), 1, at))) + o(int(n - 1));
  return take(table, entry, -1, at);
}

Tensor nn::TimeEmbedding::operator()(const Tensor &t, Loc at) const { return mlp(sincos(t, d, base, at), at); }
std::vector<Tensor> nn::Modulation::operator()(const Tensor &condition, Loc at) const {
  Tensor all = expand(linear(silu(condition, at), at), -2, at);
  std::vector<Tensor> list;
  for (int i = 0; i < parts; ++i)
    list.push_back(slice(all, -1, i * d, (i + 1) * d, 1, at));
  return list;
}

// ---- blocks
std::vector<nn::Norm> nn::TransformerBlock::memoryNorms(int d, const BlockOptions &options) {
  if (!options.memory)
    return {};
  return {Norm{options.norm, d}};
}
std::vector<nn::Attention> nn::TransformerBlock::memoryAttention(int d, int heads, const BlockOptions &options) {
  if (!options.memory)
    return {};
  return {Attention{d, heads, {.memory = options.memory}}};
}
std::vector<Param> nn::TransformerBlock::layerScales(int d, const BlockOptions &options) {
  std::vector<Param> list;
  for (int part = 0; options.layer_scale != 0 && part < (options.memory ? 3 : 2); ++part)
    list.push_back(Param({d}, init::constant(options.layer_scale)));
  return list;
}
Tensor nn::TransformerBlock::operator()(const Tensor &x, const Attend &call, Loc at) const {
  if (options.memory)
    throw Error(at, "transformer_block: this block attends to a memory: call it with one");
  return (*this)(x, {}, call, {}, at);
}
Tensor nn::TransformerBlock::operator()(const Tensor &x, const Tensor &memory, const Attend &call,
                                        const Attend &ofMemory, Loc at) const {
  if (!memory.empty() && !options.memory)
    throw Error(at, "transformer_block: a memory was given, and this block has no attention to it: {.memory = width}");
  Tensor y = x;
  std::size_t place = 0;
  auto add = [&](const Norm &norm, auto &&part) {
    Tensor f = part(options.pre_norm ? norm(y, at) : y);
    if (!scales.empty())
      f = Operand(f, at) * Operand(cast(scales[place++], f.dtype(), at), at);
    f = drop(f, call.mode, at);
    y = Operand(y, at) + Operand(f, at);
    if (!options.pre_norm)
      y = norm(y, at);
  };
  add(n1, [&](const Tensor &h) { return attn(h, call, at); });
  if (options.memory)
    add(nc.front(), [&](const Tensor &h) { return cross.front()(h, memory, ofMemory, at); });
  add(n2, [&](const Tensor &h) { return mlp(h, at); });
  return mark(*this, "out", y, at);
}
