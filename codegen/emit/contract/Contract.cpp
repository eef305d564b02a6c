// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Contract.cpp - kernels around a contraction -------------------------------------------------------------------===//
//
// In "bmk,kn->bmn" every label is a loop, and a label that the result lacks is summed over. A tile of the result stays
// in registers until its sum is complete. There are two ways to fill the lanes:
//
//   across: lanes are neighbours along a label n of the result in which an operand is contiguous. That operand gives vectors, the other one
//           scalars that are spread; each element is a chain of fused multiply-adds in the order of k, in blocks if it is long (BlockedSum).
//           With many rows, panels of the vector operand are packed into memory of their own (ContractPanels.cpp). With few rows nothing is
//           read twice: the operand streams by in its own order, and it is the sums that stay in cache (ContractStream.cpp).
//           Products of bf16 use matrix registers or products of pairs where the machine has them (ContractTiles.cpp).
//   along:  both operands are contiguous in a summed label only, and the rows are too few to pay for packing. Lanes run along it, and meet in a
//           fixed tree at the end, the tail last.
//
// A unit is a block of the result: some rows (label m) and columns (label n) at one position of the other labels.
//
//===----------------------------------------------------------------------------------------------------------------===//
#include "codegen/emit/contract/Contraction.h"
#include "dialects/weft/Sizes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace weft;
using namespace weft::codegen;
using ir::Coord;
using ir::Dim;
using ir::Dims;

namespace {
constexpr int64_t panelBytes = 128 << 10;                    // of a packed panel, which comes from the second cache
constexpr int64_t wholeBytes = 192 << 10;                    // a panel up to this is not cut, so that no sums wait
constexpr int64_t rowBytes = 1 << 20;                        // of a block of rows, which lies there too
constexpr int64_t panelRows = 256;                           // of a block, about
constexpr int64_t stagedBytes = 640 << 10, stagedRows = 156; // of a block whose rows are copied, with its panels
constexpr int64_t panelsOfUnit = 16;      // whose first one is packed before it is needed by all but a tile
constexpr int64_t stackBytes = 768 << 10; // of what a unit keeps; the runtime promises kernels 1 MiB (weft_runtime.h)
constexpr int64_t tileRows = 128, tileColumns = 128,
                  tileDepth = 512;                  // of a unit in matrix registers, and of a block of its sum
constexpr int64_t pairRows = 256, pairDepth = 1024; // of a unit in products of pairs: each row makes up for columns
                                                    // that are interleaved; if rows are not copied
constexpr int64_t leastUnits = 8;                   // of a product with packed panels, if it is as large as that
constexpr int64_t streamRows = 32; // of a product whose vector operand may stream by: with more, packing pays
constexpr int64_t pairLanes = 16;  // of the instruction for pairs of bf16
constexpr int64_t waysOfSet = 8;   // of the nearest cache, at least
constexpr int64_t lineRows = 8;    // of a product that streams by a line at a time
constexpr int64_t runBytes =
    8
    << 10; // of an operand that streams by, at least: the machine foresees long runs; twice that if four units are left
constexpr int64_t cacheBytes = 1 << 20; // an operand larger than this comes from afar

/// The form whose tiles read both operands from their own memory.
struct Tiles : Contraction {
  using Contraction::Contraction;

  /// Loops over the labels with accumulators carried, to each of which `body` adds at most `each` products.
  Values over(StringRef labels, Values acc, const BlockedSum &sum, int64_t each,
              llvm::function_ref<Values(Values)> body) {
    if (labels.empty())
      return body(acc);
    int64_t ofRound = each;
    for (char inner : llvm::reverse(labels.drop_front()))
      ofRound = sum.chain(extent[inner].upper(), ofRound);
    const Dim &size = extent[labels[0]];
    return e.loop(e.index(0), e.size(size), 1, acc, sum, size.upper(), ofRound, [&](Value i, ValueRange carried) {
      at[labels[0]] = {i, 0, false};
      return over(labels.drop_front(), Values(carried), sum, each, body);
    });
  }
  /// A tile of rows and vectors of `lanes` columns. n or m is 0 if there is no such label.
  void across(char m, Value row, int64_t rows, char n, Value column, int64_t vectors, int64_t lanes, int vectorSide) {
    int scalarSide = 1 - vectorSide;
    e.withLanes(lanes, [&] {
      Values acc(rows * vectors, e.constant(accumulator, 0));
      Values rowAt, columnAt;
      for (int64_t r = 0; r < rows; ++r)
        rowAt.push_back(m ? moved(row, r) : Value());
      for (int64_t c = 0; c < vectors; ++c)
        columnAt.push_back(n ? moved(column, c * lanes) : Value());
      auto atColumn = [&](int64_t c) {
        if (n)
          at[n] = {columnAt[c], lanes == 1 ? 0 : 1, false};
      };
      auto atRow = [&](int64_t r) {
        if (m)
          at[m] = {rowAt[r], 0, false};
      };
      acc = over(summed, acc, inBlocks(acc), 1, [&](Values sum) {
        Values vector;
        for (int64_t c = 0; c < vectors; ++c) {
          atColumn(c);
          vector.push_back(operand(vectorSide, n));
        }
        bool spread = !in(scalarSide, n);
        for (int64_t r = 0; r < rows; ++r) {
          atRow(r);
          Value scalar = spread ? operand(scalarSide, n) : Value();
          for (int64_t c = 0; c < vectors; ++c) {
            if (!spread) {
              atColumn(c);
              scalar = operand(scalarSide, n);
            }
            Value &s = sum[r * vectors + c];
            s = multiplyAdd(scalar, vector[c], s);
          }
        }
        return sum;
      });
      for (int64_t r = 0; r < rows; ++r)
        for (int64_t c = 0; c < vectors; ++c) {
          atRow(r);
          atColumn(c);
          store(acc[r * vectors + c]);
        }
    });
  }

  /// A tile of dot products, with lanes along the summed label k.
  void along(char m, Value row, int64_t rows, char n, Value column, int64_t columns, char k, int64_t lanes,
             int columnSide) {
    std::string outer = summed;
    outer.erase(outer.find(k), 1);
    int64_t tile = rows * columns;
    const Dim &extentK = extent[k];
    Values carried(tile, e.withLanes(lanes, [&] { return e.constant(accumulator, 0); }));
    carried.append(tile, e.withLanes(1, [&] { return e.constant(accumulator, 0); }));
    Values rowAt, columnAt;
    for (int64_t r = 0; r < rows; ++r)
      rowAt.push_back(m ? moved(row, r) : Value());
    for (int64_t c = 0; c < columns; ++c)
      columnAt.push_back(n ? moved(column, c) : Value());
    auto place = [&](int64_t r, int64_t c) {
      if (m)
        at[m] = {rowAt[r], 0, false};
      if (n)
        at[n] = {columnAt[c], 0, false};
    };
    auto step = [&](Values &acc, int64_t offset, Value i, int64_t n1) {
      e.withLanes(n1, [&] {
        at[k] = {i, n1 == 1 ? 0 : 1, false};
        Values ofColumn;
        for (int64_t c = 0; c < columns; ++c) {
          place(0, c);
          ofColumn.push_back(operand(columnSide, k));
        }
        for (int64_t r = 0; r < rows; ++r) {
          place(r, 0);
          Value ofRow = operand(1 - columnSide, k);
          for (int64_t c = 0; c < columns; ++c) {
            Value &s = acc[offset + r * columns + c];
            s = multiplyAdd(ofRow, ofColumn[c], s);
          }
        }
      });
    };
    BlockedSum sum = inBlocks(carried);
    int64_t ofRow = e.chainOf(extentK, {lanes, 1}, sum);
    Values acc = over(outer, carried, sum, ofRow, [&](Values values) {
      auto add = [&](Value i, int64_t width, Values &all) { step(all, width == 1 ? tile : 0, i, width); };
      e.tiledCarrying(e.index(0), e.size(extentK), extentK, {lanes, 1}, values, add, sum);
      return values;
    });
    bool tail = !extentK.isConstant() || extentK.staticSize() % lanes;
    Values total;
    for (int64_t t = 0; t < tile; ++t) {
      Value v = acc[t];
      for (int64_t half = lanes / 2; half >= 1; half /= 2) {
        auto part = [&](int64_t from) -> Value {
          if (half == 1)
            return vector::ExtractOp::create(e.b, e.loc, v, ArrayRef<int64_t>{from});
          return vector::ExtractStridedSliceOp::create(e.b, e.loc, v, ArrayRef<int64_t>{from}, ArrayRef<int64_t>{half},
                                                       ArrayRef<int64_t>{1});
        };
        Value low = part(0), high = part(half);
        v = plus(low, high);
      }
      total.push_back(tail ? plus(v, acc[tile + t]) : v);
    }
    // The epilogue in lanes along n again where the columns are a whole vector.
    bool vectors = n && columns > 1 && llvm::isPowerOf2_64(columns);
    for (int64_t r = 0; r < rows; ++r) {
      for (int64_t c = 0; c < columns; c += vectors ? columns : 1) {
        place(r, c);
        if (!vectors) {
          e.withLanes(1, [&] { store(total[r * columns + c]); });
          continue;
        }
        e.withLanes(columns, [&] {
          at[n].stride = 1;
          store(vector::FromElementsOp::create(e.b, e.loc, cast<VectorType>(e.laned(accumulator)),
                                               ArrayRef<Value>(total).slice(r * columns, columns)));
        });
      }
    }
  }
};

/// The choice of how a contraction fills the lanes.
struct Strategy {
  char n = 0, m = 0, k = 0; // if k is set, lanes run along it; else they run along n
  int vectorSide = 1;       // the operand that has n
  bool transposed = false;  // that operand is contiguous along the summed label, and packing transposes it
};
} // namespace

/// The label of the rows: the largest one that only the other operand has.
static char rowsOf(const Contraction &c, const Strategy &s) {
  char m = 0;
  for (char label : c.result)
    if (label != s.n && !c.in(s.vectorSide, label) && c.wide(label) &&
        (!m || c.extent.at(label).upper() > c.extent.at(m).upper()))
      m = label;
  return m;
}

/// Whether the form with packed panels can compute the product, and enough rows read each panel to make up for
/// transposing it.
static bool rowsPayForTransposes(const Contraction &c, const Strategy &s) {
  char m = rowsOf(c, s);
  int64_t wideSums = llvm::count_if(c.summed, [&](char label) { return c.wide(label); });
  int64_t lanes = c.e.pickLanes(c.accumulator.getIntOrFloatBitWidth(), c.extent.at(s.n));
  return wideSums == 1 && lanes > 1 && m && c.extent.at(m).upper() >= 48 && c.extent.at(s.n).upper() >= 64 &&
         c.extent.at(s.k).upper() >= 16;
}

static Strategy choose(const Contraction &c) {
  Strategy s;
  char last = c.lastOfResult();
  auto sideOf = [&](char label) { return c.in(1, label) ? 1 : 0; };
  char inner[2] = {c.contiguous(0), c.contiguous(1)};
  auto lanesRunAlong = [&](char label) {
    return label && c.summed.find(label) != std::string::npos &&
           c.e.pickLanes(c.accumulator.getIntOrFloatBitWidth(), c.extent.at(label)) > 1;
  };
  auto pickAcross = [&](char label) {
    s.n = label;
    s.vectorSide = sideOf(label);
  };
  if (last && c.wide(last) && inner[sideOf(last)] == last &&
      (!c.in(0, last) || !c.in(1, last) || inner[0] == inner[1])) {
    pickAcross(last);
  } else if (lanesRunAlong(inner[0]) && inner[0] == inner[1]) {
    s.k = inner[0];
    // The label of the columns is one that only one operand has; preferably the last label of the result.
    for (char label : c.result)
      if (c.wide(label) && c.in(0, label) != c.in(1, label))
        pickAcross(label);
    s.transposed = s.n && s.n == last && rowsPayForTransposes(c, s);
    if (s.transposed)
      s.k = 0;
  } else {
    // Else it is another label of the result along which an operand is contiguous. Then stores are strided, but only
    // once for each tile. If there is no such label, loads are strided.
    char other = 0;
    for (int o : {1, 0})
      if (inner[o] && c.result.find(inner[o]) != std::string::npos && c.wide(inner[o]))
        other = inner[o];
    if (other || last)
      pickAcross(other ? other : last);
  }
  s.m = rowsOf(c, s);
  return s;
}

namespace {
/// Chooses the sizes of a contraction: of the tile in registers, of the blocks and of a unit; and the form that
/// computes a unit.
class Cut {
public:
  enum class Form { inPlace, stream, matrix, panels };

  /// `positions`: how many positions the labels have that are neither rows nor columns.
  Cut(Tiles &c, const Strategy &s, int64_t positions)
      : M(extentOf(c, s.m)), N(extentOf(c, s.n)), s(s), c(c), machine(c.e.machine()),
        bytes(c.accumulator.getIntOrFloatBitWidth() / 8) {
    for (char label : c.summed)
      sum *= std::max<int64_t>(1, c.extent[label].upper());
    chooseTile();
    chooseForm();
    tiles = llvm::divideCeil(std::max<int64_t>(1, M.upper()), rows);
    steps = llvm::divideCeil(std::max<int64_t>(1, N.upper()), columns);
    switch (form) {
    case Form::inPlace: cutInPlace(); break;
    case Form::stream: cutStream(positions); break;
    case Form::matrix: cutMatrix(positions); break;
    case Form::panels: cutPanels(positions); break;
    }
  }

  Dim M, N; // of rows and columns
  Form form = Form::inPlace;
  char k = 0;                               // the one label that is summed, for forms that know the caches
  int64_t sum = 1;                          // products of an element, at most
  int64_t rows, columns, lanes;             // of a tile
  bool staged = false;                      // its rows are read from a copy
  bool pairs = false;                       // of a stream: two k of bf16 at a time
  int64_t rowBlock, columnBlock, depth = 0; // of a unit; of a block of its sum

  SmallVector<int64_t> rowWidths() const {
    SmallVector<int64_t> widths{rows};
    remainder(widths, M, 4);
    return widths;
  }
  SmallVector<int64_t> columnWidths() const {
    SmallVector<int64_t> widths{columns};
    if (s.k) {
      remainder(widths, N, 1);
      return widths;
    }
    if (columns > lanes)
      widths.push_back(lanes);
    llvm::append_range(widths, KernelEmitter::tailWidths(lanes, N));
    return widths;
  }

private:
  static Dim extentOf(Tiles &c, char label) { return label ? c.extent[label] : Dim(c.e.b.getContext(), 1); }
  static void remainder(SmallVector<int64_t> &widths, const Dim &size, int64_t middle) {
    if (widths[0] == 1)
      return;
    if (size.isConstant()) {
      if (int64_t left = size.staticSize() % widths[0])
        widths.push_back(left);
      return;
    }
    if (widths[0] > middle && middle > 1)
      widths.push_back(middle);
    widths.push_back(1);
  }

  /// Chooses the tile: its accumulators fill the registers, except for some that the operands need.
  void chooseTile() {
    bool many = machine.registers >= 32;
    int64_t vectors;
    lanes = c.e.pickLanes(bytes * 8, s.k ? c.extent[s.k] : N);
    if (s.k) {
      rows = many ? 4 : 3;
      vectors = many ? 4 : 3;
    } else {
      rows = many ? 13 : 6; // 26 sums, 2 vectors and what is spread
      if (many && s.m && c.isReadInPlace(1 - s.vectorSide, s.m) && c.sharesSets(1 - s.vectorSide, s.m))
        rows = waysOfSet;
      vectors = N.upper() < 2 * lanes ? 1 : 2;
    }
    if (M.isConstant()) {
      int64_t size = std::max<int64_t>(1, M.staticSize());
      // Prefers a height that divides the number of rows. With few rows it may differ more from the best height than
      // with many.
      for (int64_t r = rows; !s.k && r * 3 >= rows * 2 && (size < 4 * rows || (many && r + 1 >= rows)); --r)
        if (size % r == 0) {
          rows = r;
          break;
        }
      rows = std::min(rows, size);
    }
    if (s.k) {
      columns = std::min(vectors, std::max<int64_t>(1, N.upper()));
      return;
    }
    // With few rows, a tile has more columns instead, so that enough sums do not wait for each other. Panels that were
    // prepared have their width already.
    prepared = M.upper() > 1 && c.panelsOf(s.vectorSide, vectors * lanes);
    while (!prepared && rows * vectors * 2 <= (many ? 24 : 12) && vectors * 2 * lanes <= N.upper())
      vectors *= 2;
    columns = vectors * lanes;
  }

  /// Chooses one of the forms that are made for the caches. They need exactly one summed label.
  void chooseForm() {
    std::string wideSums;
    for (char label : c.summed)
      if (c.wide(label))
        wideSums += label;
    if (s.k || !s.n || wideSums.size() != 1 || lanes == 1)
      return;
    bool along = s.transposed || c.contiguous(s.vectorSide) == s.n;
    if (!along || !c.in(s.vectorSide, wideSums[0]) || c.in(1 - s.vectorSide, s.n))
      return;
    k = wideSums[0];
    // If numbers of bf16 are widened to f32 first, products of pairs are used for few rows only. With many rows, a user
    // who asks for f32 gets products of f32.
    bool even = c.extent[k].isConstant() && sum % 2 == 0 && sum >= 32, narrow = c.isBF16(0) && c.isBF16(1);
    bool stored = ir::elementOf(c.operands[0]).isBF16() && ir::elementOf(c.operands[1]).isBF16();
    bool streams = !prepared && M.upper() >= 1 && M.upper() <= streamRows &&
                   ir::saturatingProduct({sum, N.upper(), bytes}) > cacheBytes;
    if (streams && machine.pairs && even && narrow && lanes == pairLanes)
      form = Form::stream, pairs = true;
    else if ((machine.tiles || machine.pairs) && even && stored && s.m && M.upper() >= 16 && N.upper() >= 16)
      form = Form::matrix;
    else if (streams)
      form = Form::stream;
    else if (s.m && (prepared || M.upper() >= 2 * rows) && N.upper() > columns && sum >= 16)
      form = Form::panels;
  }

  void cutInPlace() {
    rowBlock = std::min<int64_t>(tiles, 4) * rows;
    columnBlock = std::min<int64_t>(steps, std::max<int64_t>(1, 256 / columns)) * columns;
  }
  void cutStream(int64_t positions) {
    rowBlock = M.upper();
    int64_t run = (ir::saturatingProduct({N.upper(), bytes, positions}) >= 8 * runBytes ? 2 : 1) * runBytes;
    while (sum > streamChain && 2 * rowBlock * run > stackBytes) // sums and totals
      run /= 2;
    columnBlock = std::min<int64_t>(llvm::divideCeil(N.upper(), 2 * lanes) * 2 * lanes, run / bytes);
  }
  void cutMatrix(int64_t positions) {
    rowBlock = std::min<int64_t>(llvm::divideCeil(M.upper(), 32) * 32, machine.tiles ? tileRows : pairRows);
    int64_t wide = llvm::divideCeil(N.upper(), 32), rowBlocks = llvm::divideCeil(M.upper(), rowBlock);
    columnBlock =
        std::min<int64_t>(
            tileColumns / 32,
            llvm::divideCeil(wide, llvm::divideCeil(leastUnits, ir::saturatingProduct({rowBlocks, positions})))) *
        32;
    depth = std::min<int64_t>(llvm::divideCeil(sum, 32) * 32,
                              !machine.tiles && c.hasRowsInMemory(1 - s.vectorSide, k) ? pairDepth : tileDepth);
  }
  /// Cuts the result into several blocks of about the same size, so that threads share the work evenly.
  void cutPanels(int64_t positions) {
    int64_t ofSum = columns * bytes, blocks = llvm::divideCeil(sum, panelBytes / ofSum);
    staged = !c.isReadInPlace(1 - s.vectorSide, s.m) || (prepared && M.upper() <= streamRows);
    depth = ir::saturatingProduct({sum, ofSum}) <= (staged ? panelBytes : wholeBytes)
                ? sum
                : llvm::divideCeil(llvm::divideCeil(sum, blocks), lanes) * lanes;
    int64_t kept = (prepared ? 0 : s.transposed ? 1 : 2) * depth * ofSum; // of a unit: its panels
    int64_t most = std::clamp((staged ? stagedBytes - kept : rowBytes) / (depth * bytes), 4 * rows,
                              staged ? stagedRows : panelRows);
    int64_t rowBlocks =
        staged ? llvm::divideCeil(tiles, most / rows) : std::max<int64_t>(1, (tiles * rows + most / 2) / most);
    rowBlock = llvm::divideCeil(tiles, rowBlocks) * rows;
    // Besides the panels it keeps rows, and the sums of each panel that are not complete.
    kept += staged ? rowBlock * depth * bytes : 0;
    int64_t ofPanel = depth < sum ? rowBlock * columns * bytes : 0;
    int64_t together = ofPanel ? std::clamp<int64_t>((stackBytes - kept) / ofPanel, 1, panelsOfUnit) : panelsOfUnit;
    if (prepared && !staged && depth == sum) // a unit keeps nothing, so it may be small
      together = std::clamp<int64_t>(panelBytes / (depth * ofSum), 1, panelsOfUnit);
    // Units beside each other in other directions.
    int64_t others = ir::saturatingProduct({int64_t(llvm::divideCeil(tiles * rows, rowBlock)), positions});
    columnBlock = std::min<int64_t>(together, llvm::divideCeil(steps, llvm::divideCeil(leastUnits, others))) * columns;
  }

  const Strategy &s;
  Tiles &c;
  const Machine &machine;
  bool prepared = false;       // panels of a tile's width lie in memory already
  int64_t bytes, tiles, steps; // of an element; tiles above each other, and beside each other
};
} // namespace

static FailureOr<Schedule> emitContract(KernelEmitter &e) {
  Tiles c(e, e.kernel().getHeroes()[0]);
  MLIRContext *context = e.b.getContext();
  Strategy s = choose(c);
  c.columns = s.n;
  std::string outer; // the labels of the result beside rows and columns
  Dims units;
  int64_t positions = 1;
  for (char label : c.result)
    if (label != s.m && label != s.n) {
      outer += label;
      units.push_back(c.extent[label]);
      positions *= std::max<int64_t>(1, c.extent[label].upper());
    }
  const Cut cut(c, s, positions);
  units.push_back(cut.M.ceilDiv(Dim(context, cut.rowBlock)));
  units.push_back(cut.N.ceilDiv(Dim(context, cut.columnBlock)));

  SmallVector<int64_t> rowWidths = cut.rowWidths(), columnWidths = cut.columnWidths();
  Panels panels{s.m,       s.n,          cut.k,        s.vectorSide,    s.transposed, cut.lanes,
                rowWidths, columnWidths, cut.rowBlock, cut.columnBlock, cut.depth,    cut.staged};
  if (cut.form == Cut::Form::panels)
    panels.allocate(c);
  Tiled matrix{s.m, s.n,          cut.k,           s.vectorSide, s.transposed, !e.machine().tiles,
               {},  cut.rowBlock, cut.columnBlock, cut.depth};
  if (cut.form == Cut::Form::matrix) {
    for (int64_t w = cut.lanes; w >= 1; w /= 2)
      matrix.columnWidths.push_back(w);
    matrix.allocate(c);
  }
  // The vectors of a group stay in registers while the loop goes over the rows. With only 16 registers, which hold the
  // sums of several rows as well, a group has half as many.
  int64_t group = e.machine().registers >= 32 || cut.rowBlock <= 4 ? 8 : 4;
  Stream stream{s.m,      s.n, cut.k, s.vectorSide, cut.rowBlock, cut.lanes, group, c.elementsOfLine(s.vectorSide),
                cut.pairs};
  if (cut.form == Cut::Form::stream) {
    // One cache line of each k at a time. With more rows there are at least two vectors, which share a spread element.
    stream.columnWidths = {cut.rowBlock > lineRows ? 2 * cut.lanes : std::clamp(stream.line, cut.lanes, 2 * cut.lanes)};
    if (stream.columnWidths[0] > cut.lanes)
      stream.columnWidths.push_back(cut.lanes);
    stream.sums = e.scratch(c.accumulator, cut.rowBlock * cut.columnBlock);
    if (cut.sum > streamChain)
      stream.totals = e.scratch(c.accumulator, cut.rowBlock * cut.columnBlock);
    stream.scalars = e.scratch(cut.pairs ? e.b.getI32Type() : c.accumulator, cut.rowBlock * stream.group);
    llvm::append_range(stream.columnWidths, e.tailWidths(cut.lanes, cut.N));
  }
  e.loop(e.begin(), e.end(), 1, [&](Value unit) {
    SmallVector<Value> place = e.delinearize(unit, units);
    for (auto [i, label] : llvm::enumerate(outer))
      c.at[label] = {place[i], 0, false};
    Value m0 = e.mul(place[outer.size()], e.index(cut.rowBlock)),
          n0 = e.mul(place[outer.size() + 1], e.index(cut.columnBlock));
    Value m1 = e.minimum(e.add(m0, e.index(cut.rowBlock)), e.size(cut.M)),
          n1 = e.minimum(e.add(n0, e.index(cut.columnBlock)), e.size(cut.N));
    switch (cut.form) {
    case Cut::Form::stream: return emitStream(c, stream, n0, n1);
    case Cut::Form::matrix: return emitTiled(c, matrix, m0, m1, n0, n1);
    case Cut::Form::panels: return emitPanels(c, panels, m0, m1, n0, n1);
    case Cut::Form::inPlace: break;
    }
    // The outer loop goes over columns, so that a panel of the vector operand stays in the cache for all rows.
    e.tiled(n0, n1, cut.N, columnWidths, [&](Value column, int64_t width) {
      int64_t own = std::min(width, cut.lanes);
      e.tiled(m0, m1, cut.M, rowWidths, [&](Value row, int64_t height) {
        if (s.k) {
          c.along(s.m, row, height, s.n, column, width, s.k, cut.lanes, s.vectorSide);
        } else {
          c.across(s.m, row, height, s.n, column, width / own, own, s.vectorSide);
        }
      });
    });
  });
  int64_t perUnit = std::max<int64_t>(1, ir::saturatingProduct({cut.rowBlock, cut.columnBlock, cut.sum}) /
                                             std::max<int64_t>(1, cut.lanes));
  return Schedule{ir::product(context, units), std::max<int64_t>(1, (1 << 15) / perUnit)};
}

static std::optional<int64_t> costOfContract(loom::KernelOp kernel, const Machine &machine) {
  SmallVector<Operation *> heroes = kernel.getHeroes();
  bool takes = heroes.size() == 1 && isa<ir::ContractOp>(heroes[0]);
  return takes ? std::optional(loopCost(kernel, machine)) : std::nullopt;
}
const Emitter weft::codegen::contractEmitter{"contract", costOfContract, emitContract};
