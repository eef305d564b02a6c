// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Parts of tensors by index, read and assigned; see weft/Index.h.
#include "Value.h"
#include "weft/Index.h"
#include <algorithm>

using namespace weft;
using namespace weft::detail;

namespace {
/// One axis of the tensor, or a new one, and what is asked of it.
struct AxisIndex {
  const IndexItem *item = nullptr; // null: the whole axis
  int axis = -1;                   // of the tensor; -1: a new one
};
struct Places {
  Dim start, limit;
  int stride;
};
} // namespace

/// An item for each axis, in order, and one for each new axis.
static std::vector<AxisIndex> axesOf(const Tensor &x, std::span<const IndexItem> items, Loc at) {
  int named = 0, dots = 0;
  for (const IndexItem &item : items) {
    named += item.kind != IndexItem::newaxis_ && item.kind != IndexItem::ellipsis_;
    dots += item.kind == IndexItem::ellipsis_;
  }
  if (dots > 1)
    fail(at, "index: ellipsis stands for all axes that are left, and can stand once", {{"operand", x}});
  if (named > x.rank())
    fail(at, "index: " + std::to_string(named) + " indices for the " + std::to_string(x.rank()) + " axes of " + x.str(),
         {{"operand", x}});
  std::vector<AxisIndex> all;
  int axis = 0;
  for (const IndexItem &item : items)
    if (item.kind == IndexItem::newaxis_)
      all.push_back({&item, -1});
    else if (item.kind == IndexItem::ellipsis_)
      for (int left = x.rank() - named; left > 0; --left)
        all.push_back({nullptr, axis++});
    else
      all.push_back({&item, axis++});
  while (axis < x.rank())
    all.push_back({nullptr, axis++});
  return all;
}

/// The places that a number or a range means, as numbers from the front.
static Places placesOf(const Tensor &x, const AxisIndex &index, Loc at) {
  const Dim size = x.shape()[std::size_t(index.axis)];
  std::string where = " (axis " + std::to_string(index.axis) + " of " + x.str() + ")";
  if (!index.item)
    return {0, size, 1};
  if (index.item->kind == IndexItem::number_) {
    std::int64_t number = index.item->index.number;
    Dim start = number < 0 ? size + Dim(number) : Dim(number);
    if (start.lower() < 0 || start.lower() >= size.upper())
      fail(at, "index: " + std::to_string(number) + " is outside of " + size.str() + where, {{"operand", x}});
    return {start, start + 1, 1};
  }
  const Range &r = index.item->range;
  Dim start = r.start.upper() < 0 ? size + r.start : r.start;
  Dim limit = r.toEnd ? size : r.limit.upper() < 0 ? size + r.limit : r.limit;
  if (r.stride < 1)
    fail(at,
         "index: the stride of a range is " + std::to_string(r.stride) +
             ", expected 1 or more: flip(x, axis) turns round",
         {{"operand", x}});
  if (start.lower() < 0 || (limit - start).upper() < 0 || (size - limit).upper() < 0)
    fail(at,
         "index: expected 0 <= start <= limit <= size, found " + start.str() + ", " + limit.str() + " and " +
             size.str() + where,
         {{"operand", x}});
  return {start, limit, r.stride};
}

/// An index tensor, which gathers take as it is.
static Tensor indexTensor(const Tensor &x, const AxisIndex &index, Loc at) {
  const Tensor &i = index.item->index.tensor;
  if (i.empty())
    fail(at, "index: an index tensor is empty", {{"operand", x}});
  if (i.dtype() == i1)
    fail(
        at,
        "index: a mask keeps as many elements as hold, and a shape cannot depend on data: select(mask, x, 0) keeps the "
        "shape, argsort(!mask) brings those that hold to the front",
        {{"operand", x}, {"mask", i}});
  if (!i.dtype().isInteger())
    fail(at, "index: expected integers, found " + i.str(), {{"operand", x}, {"index", i}});
  return i;
}

Tensor detail::readAt(const Tensor &x, std::span<const IndexItem> items) {
  Loc at = items[0].at;
  if (x.empty())
    throw Error(at, "index: the tensor is empty");
  std::vector<AxisIndex> all = axesOf(x, items, at);
  int lists = 0;
  for (const AxisIndex &index : all)
    lists += index.item && index.item->kind == IndexItem::tensor_ && index.item->index.tensor.rank() > 0;
  if (lists > 1)
    fail(at,
         "index: one index tensor with axes at a time, found " + std::to_string(lists) +
             ": x(i)(all, j) takes their product; pairs are reshape(x, {-1, ...}) and i * columns + j",
         {{"operand", x}});
  Tensor y = x;
  int axis = 0; // of y
  for (const AxisIndex &index : all) {
    if (index.axis < 0) {
      y = expand(y, axis++, at);
      continue;
    }
    if (index.item && index.item->kind == IndexItem::tensor_) {
      Tensor i = indexTensor(x, index, at);
      y = take(y, i, axis, at);
      axis += i.rank();
      continue;
    }
    Places p = placesOf(x, index, at);
    y = slice(y, axis, p.start, p.limit, p.stride, at);
    if (index.item && index.item->kind == IndexItem::number_)
      y = squeeze(y, axis, at);
    else
      ++axis;
  }
  return y;
}

/// The items without the one of this axis, which a number in it takes away.
static std::vector<IndexItem> without(const std::vector<AxisIndex> &all, const AxisIndex &gone, Loc at) {
  std::vector<IndexItem> rest;
  for (const AxisIndex &index : all)
    if (&index != &gone)
      rest.push_back(index.item ? *index.item : IndexItem(weft::all, at));
  return rest;
}

Tensor detail::assignedAt(const Tensor &x, std::span<const IndexItem> items, const Operand &value) {
  Loc at = items[0].at;
  if (x.empty())
    throw Error(at, "index: the tensor is empty");
  std::vector<AxisIndex> all = axesOf(x, items, at);
  // The part: what reading gives, then with an axis for each one of x.
  Shape part, box;
  const AxisIndex *list = nullptr;
  for (const AxisIndex &index : all) {
    if (index.axis < 0)
      fail(at, "index: a new axis cannot be assigned to", {{"operand", x}});
    if (index.item && index.item->kind == IndexItem::tensor_) {
      const Tensor &i = index.item->index.tensor;
      if (i.rank() > 1 || (i.rank() == 1 && list))
        fail(at, "index: assignment takes one index tensor of one axis, found " + i.str(),
             {{"operand", x}, {"index", i}});
      if (i.rank() == 1) {
        list = &index;
        part.push_back(i.shape()[0]);
      }
      box.push_back(i.rank() == 1 ? i.shape()[0] : Dim(1));
      continue;
    }
    Places p = placesOf(x, index, at);
    Dim count = p.stride == 1 ? p.limit - p.start : (p.limit - p.start + (p.stride - 1)) / p.stride;
    box.push_back(count);
    if (!index.item || index.item->kind != IndexItem::number_)
      part.push_back(count);
  }
  if (list)
    for (const AxisIndex &index : all)
      if (&index != list && index.item &&
          !(index.item->kind == IndexItem::range_ && index.item->range.toEnd && index.item->range.start == Dim(0) &&
            index.item->range.stride == 1))
        fail(at,
             "index: beside an index tensor with an axis, assignment takes whole axes: write y = x(...); y(i) = v; "
             "x(...) = y",
             {{"operand", x}});

  Tensor v = resolve(value, x.dtype(), "index", at);
  if (v.dtype() != x.dtype())
    fail(at,
         "index: the elements are " + std::string(x.dtype().name()) + ", what is assigned is " + v.str() +
             ": write cast(v, " + x.dtype().name() + ")",
         {{"operand", x}, {"value", v}});
  bool fits = v.shape().size() <= part.size();
  for (std::size_t i = 0; fits && i < v.shape().size(); ++i) {
    const Dim &d = v.shape()[i];
    fits = d == Dim(1) || d == part[part.size() - v.shape().size() + i];
  }
  if (!fits)
    fail(at, "index: the part has shape " + str(part) + ", and " + v.str() + " does not broadcast to it",
         {{"operand", x}, {"value", v}});
  v = reshape(broadcast_to(v, part, at), box, at);
  if (list)
    return update(x, Operand(indexTensor(x, *list, at), at), v, list->axis, {}, at);

  // A run-time place: its slice, changed where the other indices say, is put back.
  for (const AxisIndex &index : all)
    if (index.item && index.item->kind == IndexItem::tensor_) {
      Tensor i = indexTensor(x, index, at), row = reshape(v, part, at);
      if (std::vector<IndexItem> rest = without(all, index, at);
          std::any_of(all.begin(), all.end(), [&](auto &other) { return &other != &index && other.item; }))
        row = assignedAt(take(x, i, index.axis, at), rest, Operand(row, at));
      return update(x, Operand(i, at), row, index.axis, {}, at);
    }

  // The part among zeros, and where it is.
  std::vector<Dim> low(box.size(), Dim(0));
  std::vector<std::int64_t> interior(box.size(), 0);
  Shape padded = box;
  Tensor inside;
  auto hold = [&](const Tensor &condition) {
    inside = inside.empty() ? condition : Operand(inside, at) && Operand(condition, at);
  };
  for (const AxisIndex &index : all) {
    std::size_t a = std::size_t(index.axis);
    const Dim size = x.shape()[a];
    Shape along(x.shape().size(), Dim(1));
    along[a] = size;
    Places p = placesOf(x, index, at);
    if (box[a] == size)
      continue;
    low[a] = p.start;
    interior[a] = p.stride - 1;
    padded[a] = size;
    Tensor place = emit("weft.iota", {}, {{"axis", std::int64_t(a)}}, ResultType{i32, along}, at);
    if (!(p.start == Dim(0)))
      hold(Operand(place, at) >= Operand(p.start, at));
    if (!(p.limit == size))
      hold(Operand(place, at) < Operand(p.limit, at));
    if (p.stride > 1)
      hold(Operand(Operand(Operand(place, at) - Operand(p.start, at), at) % Operand(p.stride, at), at) ==
           Operand(0, at));
  }
  if (inside.empty())
    return v;
  if (std::any_of(box.begin(), box.end(), [](const Dim &d) { return d == Dim(0); }))
    return x;
  if (!(padded == box)) {
    // pad's high side is what is left: with steps between the elements, their last one may lie before the end.
    v = emit("weft.pad", {v, resolve(Operand(0, at), x.dtype(), "index", at)}, {{"low", low}, {"interior", interior}},
             ResultType{x.dtype(), padded}, at);
  }
  return select(Operand(inside, at), Operand(v, at), Operand(x, at));
}

// ---- parts and arrangements
std::vector<Tensor> weft::split(const Tensor &x, const std::vector<Dim> &sizes, int axis, Loc at) {
  requireValue(x, "split", "operand", at);
  int a = axisOf("split", axis, x.rank(), at);
  Dim start = 0;
  std::string text;
  for (const Dim &size : sizes) {
    start += size;
    text += (text.empty() ? "" : " + ") + size.str();
  }
  if (!(start == x.shape()[std::size_t(a)]))
    fail(at, "split: the sizes " + text + " do not add up to axis " + std::to_string(axis) + " of " + x.str(),
         {{"operand", x}});
  std::vector<Tensor> parts;
  start = 0;
  for (const Dim &size : sizes) {
    parts.push_back(slice(x, a, start, start + size, 1, at));
    start += size;
  }
  return parts;
}
std::vector<Tensor> weft::split(const Tensor &x, int parts, int axis, Loc at) {
  requireValue(x, "split", "operand", at);
  int a = axisOf("split", axis, x.rank(), at);
  const Dim size = x.shape()[std::size_t(a)];
  if (parts < 1 || !(size % Dim(parts) == Dim(0)))
    fail(at,
         "split: axis " + std::to_string(axis) + " of " + x.str() + " does not divide into " + std::to_string(parts) +
             " equal parts: give their sizes, split(x, {n, m}, axis)",
         {{"operand", x}});
  return split(x, std::vector<Dim>(std::size_t(parts), size / Dim(parts)), a, at);
}
std::vector<Tensor> weft::unbind(const Tensor &x, int axis, Loc at) {
  requireValue(x, "unbind", "operand", at);
  int a = axisOf("unbind", axis, x.rank(), at);
  if (!x.shape()[std::size_t(a)].isStatic())
    fail(at,
         "unbind: axis " + std::to_string(axis) + " of " + x.str() +
             " has no size that is known here: scan goes along it",
         {{"operand", x}});
  std::vector<Tensor> parts;
  for (std::int64_t i = 0; i < x.shape()[std::size_t(a)].value(); ++i)
    parts.push_back(squeeze(slice(x, a, i, i + 1, 1, at), a, at));
  return parts;
}
Tensor weft::roll(const Tensor &x, int shift, int axis, Loc at) {
  requireValue(x, "roll", "operand", at);
  int a = axisOf("roll", axis, x.rank(), at);
  const Dim size = x.shape()[std::size_t(a)];
  if (size.isStatic() && size.value() == 0)
    return x;
  if (size.isStatic())
    shift = int(((shift % size.value()) + size.value()) % size.value());
  if (shift == 0)
    return x;
  if (std::abs(shift) > size.lower())
    fail(at,
         "roll: a shift of " + std::to_string(shift) + " may be longer than axis " + std::to_string(axis) + " of " +
             x.str(),
         {{"operand", x}});
  Dim cut = shift > 0 ? size - shift : Dim(-shift);
  return concat({slice(x, a, cut, size, 1, at), slice(x, a, 0, cut, 1, at)}, a, at);
}
Tensor weft::flatten(const Tensor &x, int first, int last, Loc at) {
  requireValue(x, "flatten", "operand", at);
  if (x.rank() == 0)
    return reshape(x, {1}, at);
  int a = axisOf("flatten", first, x.rank(), at), b = axisOf("flatten", last, x.rank(), at);
  if (b < a)
    fail(at, "flatten: axis " + std::to_string(last) + " lies in front of axis " + std::to_string(first),
         {{"operand", x}});
  Shape shape(x.shape().begin(), x.shape().begin() + a);
  shape.push_back(product(Shape(x.shape().begin() + a, x.shape().begin() + b + 1)));
  shape.insert(shape.end(), x.shape().begin() + b + 1, x.shape().end());
  return reshape(x, shape, at);
}
Tensor weft::repeat(const Tensor &x, int count, int axis, Loc at) {
  requireValue(x, "repeat", "operand", at);
  int a = axisOf("repeat", axis, x.rank(), at);
  if (count < 0)
    fail(at, "repeat: the count is " + std::to_string(count), {{"operand", x}});
  Shape wide = x.shape(), merged = x.shape();
  wide.insert(wide.begin() + a + 1, Dim(count));
  merged[std::size_t(a)] = merged[std::size_t(a)] * Dim(count);
  return reshape(broadcast_to(expand(x, a + 1, at), wide, at), merged, at);
}
Tensor weft::tile(const Tensor &x, const std::vector<int> &counts, Loc at) {
  requireValue(x, "tile", "operand", at);
  std::size_t rank = std::max(counts.size(), x.shape().size());
  Shape from(rank - x.shape().size(), Dim(1));
  from.insert(from.end(), x.shape().begin(), x.shape().end());
  Shape single, wide, merged;
  for (std::size_t i = 0; i < rank; ++i) {
    int count = i < rank - counts.size() ? 1 : counts[i - (rank - counts.size())];
    if (count < 0)
      fail(at, "tile: a count is " + std::to_string(count), {{"operand", x}});
    single.insert(single.end(), {Dim(1), from[i]});
    wide.insert(wide.end(), {Dim(count), from[i]});
    merged.push_back(from[i] * Dim(count));
  }
  return reshape(broadcast_to(reshape(x, single, at), wide, at), merged, at);
}
std::vector<Tensor> weft::meshgrid(const std::vector<Tensor> &vectors, Loc at) {
  Shape grid;
  for (const Tensor &v : vectors) {
    requireValue(v, "meshgrid", "a vector", at);
    if (v.rank() != 1)
      fail(at, "meshgrid: expected vectors, found " + v.str(), {{"operand", v}});
    grid.push_back(v.shape()[0]);
  }
  std::vector<Tensor> all;
  for (std::size_t i = 0; i < vectors.size(); ++i) {
    Shape along(vectors.size(), Dim(1));
    along[i] = grid[i];
    all.push_back(broadcast_to(reshape(vectors[i], along, at), grid, at));
  }
  return all;
}
static Tensor triangle(const char *name, const Tensor &x, int diagonal, bool lower, Loc at) {
  requireValue(x, name, "operand", at);
  if (x.rank() < 2)
    fail(at, std::string(name) + ": expected two axes or more, found " + x.str(), {{"operand", x}});
  Shape shape(x.shape().end() - 2, x.shape().end());
  auto along = [&](std::int64_t axis) {
    return Operand(emit("weft.iota", {}, {{"axis", axis}}, ResultType{i32, shape}, at), at);
  };
  Tensor border = along(0) + Operand(diagonal, at);
  Tensor inside = lower ? along(1) <= Operand(border, at) : along(1) >= Operand(border, at);
  return select(Operand(inside, at), Operand(x, at), Operand(0, at));
}
Tensor weft::tril(const Tensor &x, int diagonal, Loc at) { return triangle("tril", x, diagonal, true, at); }
Tensor weft::triu(const Tensor &x, int diagonal, Loc at) { return triangle("triu", x, diagonal, false, at); }
