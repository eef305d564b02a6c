// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Products by labels, as einsum has them, and diagonals.
#include "Value.h"
#include "dialects/weft/ContractSpec.h"
#include <algorithm>
#include <map>

using namespace weft;
using namespace weft::detail;

static Tensor contractPair(const std::string &spec, const Tensor &a, const Tensor &b, Loc at) {
  return emit("weft.contract", {a, b}, {{"spec", spec}}, at);
}

Tensor weft::matmul(const Tensor &a, const Tensor &b, Loc at) {
  requireValue(a, "matmul", "lhs", at);
  requireValue(b, "matmul", "rhs", at);
  int ra = a.rank(), rb = b.rank();
  if (ra == 0 || rb == 0 || (rb > 2 && ra > 2 && ra != rb) || (rb > 2 && ra < 2))
    fail(at, "matmul: expected [..., m, k] and [k, n] or [..., k, n], found lhs " + a.str() + " and rhs " + b.str(),
         {{"lhs", a}, {"rhs", b}});
  if (!(a.shape()[ra - 1] == b.shape()[rb == 1 ? 0 : rb - 2]))
    fail(at, "matmul: inner dimensions differ: lhs " + str(a.shape()) + " and rhs " + str(b.shape()),
         {{"lhs", a}, {"rhs", b}});
  std::string batchA, batchB, rows = ra > 1 ? "m" : "", columns = rb > 1 ? "n" : "";
  for (int i = 0; i < ra - 2; ++i)
    batchA += char('A' + i);
  for (int i = 0; i < rb - 2; ++i)
    batchB += char('A' + i);
  return contractPair(batchA + rows + "k," + batchB + "k" + columns + "->" + (batchA.empty() ? batchB : batchA) + rows +
                          columns,
                      a, b, at);
}

/// x where its places along two axes differ by the offset, zeros elsewhere: whatever stands beside a diagonal, an
/// infinity too, takes no part in it.
static Tensor onDiagonal(const Tensor &x, int rows, int columns, int offset, Loc at) {
  auto along = [&](int axis) {
    return emit("weft.iota", {}, {{"axis", std::int64_t(axis)}}, ResultType{i32, x.shape()}, at);
  };
  Tensor row = along(rows), column = along(columns);
  if (offset)
    row = Operand(row, at) + Operand(offset, at);
  return select(Operand(Operand(row, at) == Operand(column, at), at), Operand(x, at), Operand(0, at));
}
/// One element and zeros along the axes.
static Tensor accumulated(const Tensor &x, const std::vector<int> &axes, Loc at) {
  std::vector<std::int64_t> list(axes.begin(), axes.end());
  std::sort(list.begin(), list.end());
  return emit(x.dtype() == i1 ? "weft.reduce_or" : "weft.reduce_sum", {x}, {{"axes", list}}, at);
}

// ---- contract
namespace {
/// The operands of a contraction and their labels, as they are brought step by step to what weft.contract takes: one
/// letter for each dimension, none twice in an operand.
class Contracted {
public:
  Contracted(const Spec &spec, std::vector<Tensor> operands) : spec(spec), at(spec.at), x(std::move(operands)) {}

  Tensor product() {
    readLabels();
    checkOperands();
    nameEllipses();
    checkResult();
    checkSizes();
    takeDiagonals();
    return x.size() == 1 ? project() : contractInTurn();
  }

private:
  static constexpr const char *ellipsis = "...";

  Error wrong(const std::string &text) const {
    std::vector<std::string> notes;
    for (std::size_t i = 0; i < x.size(); ++i)
      notes.push_back("operand " + std::to_string(i) + " is " + describeValue(x[i]));
    return Error(at, "contract: " + text, notes);
  }
  /// "operand 0, f32 [2, 3]".
  std::string nameOf(std::size_t i) const { return "operand " + std::to_string(i) + ", " + x[i].str(); }
  static bool has(const std::string &text, char label) { return text.find(label) != std::string::npos; }

  void readLabels() {
    std::string text = spec.text;
    std::erase(text, ' ');
    std::optional<ir::EinsumText> read = ir::EinsumText::read(text);
    if (!read)
      throw wrong("a spec has the form \"bi,ij->bj\", found \"" + spec.text + "\"");
    result = read->result.str();
    labels.assign(read->operands.begin(), read->operands.end());
    if (labels.size() != x.size())
      throw wrong("\"" + spec.text + "\" names " + std::to_string(labels.size()) + " operands, found " +
                  std::to_string(x.size()));
    auto check = [&](std::string own) {
      if (std::size_t dots = own.find(ellipsis); dots != std::string::npos)
        own.erase(dots, 3);
      for (char c : own)
        if (!isLetter(c))
          throw wrong("\"" + spec.text + "\" has '" + std::string(1, c) +
                      "' as a label: labels are letters, and \"...\" stands for any dimensions, once in an operand");
    };
    for (const std::string &own : labels)
      check(own);
    check(result);
  }
  static bool isLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

  void checkOperands() {
    DType complex = i1;
    for (std::size_t i = 0; i < x.size(); ++i) {
      requireValue(x[i], "contract", "operand " + std::to_string(i), at);
      if (x[i].dtype().isComplex())
        complex = x[i].dtype();
    }
    for (Tensor &each : x) // real ones among complex ones
      if (each.dtype() != complex && each.dtype().complex() == complex)
        each = cast(each, complex, at);
    for (std::size_t i = 1; i < x.size(); ++i)
      if (x[i].dtype() != x[0].dtype())
        throw wrong("element types differ: " + nameOf(0) + ", and " + nameOf(i) +
                    ": tensors never promote; write cast(x, dtype) on one side");
    for (std::size_t i = 0; i < x.size(); ++i) {
      bool dots = labels[i].find(ellipsis) != std::string::npos;
      std::size_t named = labels[i].size() - (dots ? 3 : 0), rank = x[i].shape().size();
      if (dots ? named > rank : named != rank)
        throw wrong("\"" + labels[i] + "\" has " + std::to_string(named) +
                    (dots ? " labels beside \"...\", " : " labels, ") + nameOf(i));
    }
  }

  /// Dimensions that "..." stands for get labels of their own, counted from the right, as shapes broadcast.
  void nameEllipses() {
    std::string own;
    for (char c = 'A'; c <= 'z'; ++c)
      if (isLetter(c) && !has(spec.text, c))
        own += c;
    std::size_t most = 0;
    auto replace = [&](std::string &text, std::size_t count) {
      std::size_t dots = text.find(ellipsis);
      if (dots == std::string::npos)
        return;
      if (count > own.size())
        throw wrong("more dimensions than there are letters");
      text.replace(dots, 3, std::string(own.rend() - count, own.rend()));
      most = std::max(most, count);
    };
    for (std::size_t i = 0; i < x.size(); ++i)
      replace(labels[i], x[i].shape().size() + 3 - labels[i].size());
    free = own.substr(0, most);
    replace(result, most);
  }

  void checkResult() const {
    for (std::size_t i = 0; i < result.size(); ++i) {
      char c = result[i];
      if (has(result.substr(0, i), c))
        throw wrong(std::string("label '") + c +
                    "' stands twice in the result: a product has no diagonal to write to; "
                    "put it there by diag(x)");
      if (std::none_of(labels.begin(), labels.end(), [&](const std::string &own) { return has(own, c); }))
        throw wrong(std::string("label '") + c + "' of the result is in no operand");
    }
  }

  /// Dimensions of one label are equal; those behind "..." broadcast: one of size 1 goes away, for it is repeated.
  void checkSizes() {
    struct Seen {
      Dim size;
      std::size_t operand;
    };
    std::map<char, Seen> seen;
    for (std::size_t i = 0; i < x.size(); ++i)
      for (std::size_t d = 0; d < labels[i].size(); ++d) {
        char c = labels[i][d];
        const Dim &size = x[i].shape()[d];
        auto [known, fresh] = seen.try_emplace(c, Seen{size, i});
        Dim &have = known->second.size;
        if (fresh || have == size)
          continue;
        bool broadcasts = has(free, c), one = have == Dim(1) || size == Dim(1);
        if (broadcasts && one) {
          if (have == Dim(1))
            known->second = {size, i};
          continue;
        }
        std::string where = known->second.operand == i ? " is " + have.str() + " and " + size.str() + " in " + nameOf(i)
                                                       : " is " + have.str() + " in " + nameOf(known->second.operand) +
                                                             ", and " + size.str() + " in " + nameOf(i);
        throw wrong((broadcasts ? std::string("a dimension of \"...\"") : std::string("label '") + c + "'") + where +
                    (broadcasts ? ": sizes are compared from the right and must be equal, or 1"
                     : one
                         ? ": size 1 is repeated behind \"...\" alone; write squeeze(x, axis), and leave the label out"
                         : ""));
      }
    for (std::size_t i = 0; i < x.size(); ++i)
      for (std::size_t d = labels[i].size(); d-- > 0;)
        if (char c = labels[i][d]; has(free, c) && !(x[i].shape()[d] == seen.at(c).size)) {
          x[i] = squeeze(x[i], int(d), at);
          labels[i].erase(d, 1);
        }
  }

  /// A label twice in an operand stands for its diagonal, which stays at the first of its places.
  void takeDiagonals() {
    for (std::size_t i = 0; i < x.size(); ++i)
      for (std::size_t d = 0; d < labels[i].size();)
        if (std::size_t other = labels[i].find(labels[i][d], d + 1); other == std::string::npos) {
          ++d;
        } else {
          x[i] = accumulated(onDiagonal(x[i], int(d), int(other), 0, at), {int(other)}, at);
          labels[i].erase(other, 1);
        }
  }

  /// One operand: sums over labels that the result lacks, and puts the rest in the order asked for.
  Tensor project() const {
    Tensor y = x[0];
    std::vector<std::int64_t> gone, order;
    std::string left;
    for (std::size_t d = 0; d < labels[0].size(); ++d)
      if (has(result, labels[0][d]))
        left += labels[0][d];
      else
        gone.push_back(std::int64_t(d));
    if (!gone.empty())
      y = emit("weft.reduce_sum", {y}, {{"axes", gone}}, at);
    if (left == result)
      return y;
    for (char c : result)
      order.push_back(std::int64_t(left.find(c)));
    return emit("weft.transpose", {y}, {{"permutation", order}}, at);
  }

  /// Two at a time, from left to right; numbers of a narrow type are in f32 until the last product is rounded.
  Tensor contractInTurn() const {
    DType own = x[0].dtype(), wide = x.size() > 2 && (own == f16 || own == bf16) ? f32 : own;
    Tensor y = cast(x[0], wide, at);
    std::string have = labels[0];
    for (std::size_t i = 1; i < x.size(); ++i) {
      std::string next;
      if (i + 1 == x.size()) {
        next = result;
      } else { // what the result or a later operand still needs
        std::string later = result;
        for (std::size_t j = i + 1; j < x.size(); ++j)
          later += labels[j];
        for (char c : have + labels[i])
          if (has(later, c) && !has(next, c))
            next += c;
      }
      y = contractPair(have + "," + labels[i] + "->" + next, y, cast(x[i], wide, at), at);
      have = next;
    }
    return cast(y, own, at);
  }

  const Spec &spec;
  Loc at;
  std::vector<Tensor> x;
  std::vector<std::string> labels;
  std::string result, free; // free: the labels of "..."
};
} // namespace

Tensor detail::contractAll(const Spec &spec, std::vector<Tensor> operands) {
  requireTrace("contract", spec.at);
  return Contracted(spec, std::move(operands)).product();
}

// ---- diagonals
Tensor weft::diagonal(const Tensor &x, int offset, int axis1, int axis2, Loc at) {
  requireValue(x, "diagonal", "operand", at);
  if (x.rank() < 2)
    fail(at, "diagonal: expected two axes or more, found " + x.str() + ": diag(x) makes a matrix of a vector",
         {{"operand", x}});
  int rows = axisOf("diagonal", axis1, x.rank(), at), columns = axisOf("diagonal", axis2, x.rank(), at);
  if (rows == columns)
    fail(at, "diagonal: axis " + std::to_string(axis2) + " is named twice", {{"operand", x}});
  // A diagonal is as long as what is left of the shorter side.
  int down = std::max(-offset, 0), right = std::max(offset, 0);
  Dim below = x.shape()[rows] - down, beside = x.shape()[columns] - right;
  if (below.lower() < 0 || beside.lower() < 0)
    fail(at, "diagonal: offset " + std::to_string(offset) + " lies outside of " + x.str(), {{"operand", x}});
  if (!(below == beside) && !(below.isStatic() && beside.isStatic()))
    fail(at,
         "diagonal: which of " + below.str() + " and " + beside.str() + " is smaller is not known of " + x.str() +
             ": slice the larger axis",
         {{"operand", x}});
  Dim length = below == beside ? below : Dim(std::min(below.value(), beside.value()));
  Tensor own = accumulated(onDiagonal(x, rows, columns, offset, at), {columns}, at);
  // Of the axes that are left, that of the rows goes last.
  int place = rows - (columns < rows);
  std::vector<int> order;
  for (int d = 0; d < own.rank(); ++d)
    if (d != place)
      order.push_back(d);
  order.push_back(place);
  return slice(place + 1 == own.rank() ? own : transpose(own, order, at), -1, down, length + down, 1, at);
}

Tensor weft::diag(const Tensor &x, int offset, Loc at) {
  requireValue(x, "diag", "operand", at);
  if (x.rank() == 2)
    return diagonal(x, offset, 0, 1, at);
  if (x.rank() != 1)
    fail(at,
         "diag: expected a vector or a matrix, found " + x.str() +
             ": diagonal(x) takes matrices of the last two axes, vmap(diag, x) makes them",
         {{"operand", x}});
  // Row r is x[r], but for rows that the offset leaves empty.
  int down = std::max(-offset, 0), right = std::max(offset, 0);
  Dim n = x.shape()[0] + down + right;
  Tensor column = expand(pad(x, 0, down, right, Operand(0, at)), 1, at);
  return onDiagonal(broadcast_to(column, {n, n}, at), 0, 1, offset, at);
}

Tensor weft::trace(const Tensor &x, int offset, int axis1, int axis2, Loc at) {
  requireValue(x, "trace", "operand", at);
  if (x.rank() < 2)
    fail(at, "trace: expected two axes or more, found " + x.str(), {{"operand", x}});
  int rows = axisOf("trace", axis1, x.rank(), at), columns = axisOf("trace", axis2, x.rank(), at);
  if (rows == columns)
    fail(at, "trace: axis " + std::to_string(axis2) + " is named twice", {{"operand", x}});
  return sum(onDiagonal(x, rows, columns, offset, at), {rows, columns}, {}, at);
}
