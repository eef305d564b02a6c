//===- Contract.cpp - kernels around a contraction -------------------------------------------------------------------===//
//
// "bmk,kn->bmn": every label is a loop; labels that the result lacks are summed. A tile of the result stays in registers while the sum
// runs. Two ways to fill the lanes:
//
//   across: lanes are neighbours along a label n of the result in which an operand is contiguous. That operand gives vectors, the other one
//           scalars that are spread; each element is one chain of fused multiply-adds in the order of k.
//           With many rows, a panel of the vector operand (a block of k by the tile's columns) is copied into memory of its own first, so that
//           the rows read it from the nearest cache, in order; sums wait in memory from one block of k to the next. With few rows
//           nothing is read twice: the operand streams by in its own order, a few k at a time, and it is the sums that stay in cache.
//           An operand that is contiguous in the summed label is transposed while it is packed.
//   along:  both operands are contiguous in a summed label only, and the rows are too few to pay for packing. Lanes run along it, and meet in a fixed tree at the end, the tail last.
//
// A unit is a block of the result: rows of label m by columns of label n at one position of the other labels.
//
//===----------------------------------------------------------------------------------------------------------------===//
#include "codegen/emit/KernelEmitter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include <map>

using namespace mlir;
using namespace weft;
using namespace weft::codegen;
using ir::Coord;
using ir::Dim;
using ir::Dims;
using Values = SmallVector<Value>;

/// The dimension of a prologue's value that is contiguous in memory, as far as it can be followed; -1 if the value is no matrix in memory.
static int64_t contiguousDim(Value v) {
  Operation *op = v.getDefiningOp();
  Dims dims = ir::getDims(v);
  if (auto transpose = dyn_cast_or_null<ir::TransposeOp>(op)) {
    int64_t of = contiguousDim(transpose.getX());
    for (auto [i, p] : llvm::enumerate(transpose.getPermutation()))
      if (p == of)
        return int64_t(i);
    return -1;
  }
  if (op && (op->hasTrait<OpTrait::Elementwise>() || op->hasTrait<ir::Identity>()))
    for (Value operand : op->getOperands())
      if (ir::getDims(operand) == dims)
        if (int64_t d = contiguousDim(operand); d >= 0)
          return d;
  return lastWideDim(dims);
}

namespace {
constexpr int64_t panelBytes = 16 << 10;  // of a packed panel: a quarter of the nearest cache, for the rows may all fall into few of its sets
constexpr int64_t panelRows = 192;       // that share packed panels
constexpr int64_t leastUnits = 8;         // of a product with packed panels, if it is as large as that
constexpr int64_t sumBytes = 32 << 10;   // of the sums of few rows
constexpr int64_t cacheBytes = 1 << 20;  // an operand larger than this comes from afar

struct Contraction {
  KernelEmitter &e;
  Value operands[2];
  std::string labels[2], result;
  std::map<char, Dim> extent;
  std::string summed;
  Type accumulator;
  std::map<char, Coord> at; // the position of every label

  Contraction(KernelEmitter &e, ir::ContractOp op) : e(e), operands{op.getLhs(), op.getRhs()} {
    auto [in, out] = op.getSpec().split("->");
    auto [lhs, rhs] = in.split(',');
    labels[0] = lhs.trim().str();
    labels[1] = rhs.trim().str();
    result = out.trim().str();
    for (int o : {0, 1})
      for (auto [i, d] : llvm::enumerate(ir::getDims(operands[o]))) {
        char c = labels[o][i];
        extent[c] = d;
        if (result.find(c) == std::string::npos && summed.find(c) == std::string::npos)
          summed += c;
      }
    for (auto &[c, d] : extent)
      at[c] = {e.index(0), 0, false};
    accumulator = ir::ElementEmitter::computeType(ir::elementOf(op.getResult()));
  }
  bool in(int operand, char c) const { return labels[operand].find(c) != std::string::npos; }
  bool wide(char c) const { return !(extent.at(c) == 1); }
  /// The label in which an operand is contiguous, or 0.
  char contiguous(int operand) const {
    int64_t d = contiguousDim(operands[operand]);
    return d < 0 ? 0 : labels[operand][d];
  }
  char lastOfResult() const {
    int64_t d = int64_t(result.size()) - 1;
    while (d > 0 && !wide(result[d]))
      --d;
    return d < 0 ? 0 : result[d];
  }

  /// An operand's element at `at`, in the accumulator's type; one for all lanes if no label that the lanes run along is its own.
  Value operand(int o, char lanesAlong) {
    SmallVector<Coord> place;
    for (char c : labels[o])
      place.push_back(at[c]);
    auto get = [&] {
      Value v = e.element(operands[o], place);
      Type from = getElementTypeOrSelf(v.getType());
      if (from == accumulator)
        return v;
      if (isa<FloatType>(accumulator))
        return from.getIntOrFloatBitWidth() < accumulator.getIntOrFloatBitWidth() ? Value(arith::ExtFOp::create(e.b, e.loc, e.laned(accumulator), v))
                                                                                 : Value(arith::TruncFOp::create(e.b, e.loc, e.laned(accumulator), v));
      return Value(arith::ExtSIOp::create(e.b, e.loc, e.laned(accumulator), v));
    };
    if (in(o, lanesAlong))
      return get();
    Value scalar = e.withLanes(1, get);
    return e.splat(scalar);
  }
  Value multiplyAdd(Value a, Value b, Value c) {
    if (isa<FloatType>(accumulator))
      return math::FmaOp::create(e.b, e.loc, a, b, c);
    return arith::AddIOp::create(e.b, e.loc, arith::MulIOp::create(e.b, e.loc, a, b), c);
  }
  Value plus(Value a, Value b) {
    return isa<FloatType>(accumulator) ? Value(arith::AddFOp::create(e.b, e.loc, a, b)) : Value(arith::AddIOp::create(e.b, e.loc, a, b));
  }
  Values over(size_t from, StringRef sum, Values acc, llvm::function_ref<Values(Values)> body) {
    if (from == sum.size())
      return body(acc);
    char c = sum[from];
    return e.loop(e.index(0), e.size(extent[c]), 1, acc, [&](Value i, ValueRange carried) {
      at[c] = {i, 0, false};
      return over(from + 1, sum, Values(carried), body);
    });
  }
  void store(Value value) {
    SmallVector<Coord> place;
    for (char c : result)
      place.push_back(at[c]);
    e.setHero(value);
    e.storeResults(place);
  }
  Value moved(Value base, int64_t by) { return e.add(base, e.index(by)); }

  /// rows x vectors of `lanes` columns; n, m may be 0 if there is no such label.
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
      acc = over(0, summed, acc, [&](Values sum) {
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

  /// As many vectors as they have lanes, as a matrix: neighbours are interleaved with those half of the matrix away, once for each power of two.
  Values transpose(Values rows) {
    int64_t size = int64_t(rows.size());
    SmallVector<int64_t> low, high;
    for (int64_t i = 0; i < size; ++i) {
      low.push_back(i / 2 + i % 2 * size);
      high.push_back(low.back() + size / 2);
    }
    for (int64_t done = 1; done < size; done *= 2) {
      Values next;
      for (int64_t i = 0; i < size / 2; ++i)
        for (auto &mask : {low, high})
          next.push_back(vector::ShuffleOp::create(e.b, e.loc, rows[i], rows[i + size / 2], mask));
      rows = std::move(next);
    }
    return rows;
  }
  Value loadVector(Value memory, Value at) { return e.load(memory, accumulator, {at, e.lanes == 1 ? 0 : 1, false}); }
  void storeVector(Value v, Value memory, Value at) { e.store(v, memory, accumulator, {at, e.lanes == 1 ? 0 : 1, false}); }

  /// Rows [m0, m1) by columns [n0, n1), at most `rowBlock` by `columnBlock` of them, in blocks of `depth` along the summed label k.
  void block(char m, Value m0, Value m1, ArrayRef<int64_t> rowWidths, int64_t rowBlock, char n, Value n0, Value n1, ArrayRef<int64_t> columnWidths, int64_t lanes,
             int vectorSide, bool transposed, char k, int64_t depth, Value packed, Value partial) {
    const Dim &K = extent[k], &M = extent[m], &N = extent[n];
    bool blocked = K.upper() > depth;
    auto minus = [&](Value a, Value b) -> Value { return arith::SubIOp::create(e.b, e.loc, a, b); };
    // Panels of the tile's columns one after the other, in packed memory as among the waiting sums.
    auto panels = [&](llvm::function_ref<void(Value, int64_t)> body) {
      e.tiled(n0, n1, N, columnWidths, [&](Value column, int64_t width) { e.withLanes(std::min(width, lanes), [&] { body(column, width); }); });
    };
    auto atColumn = [&](Value column, int64_t c) { at[n] = {moved(column, c * e.lanes), e.lanes == 1 ? 0 : 1, false}; };
    auto tiles = [&](Value column, int64_t width, llvm::function_ref<void(Value, int64_t, Value)> body) {
      Value ofPanel = e.mul(minus(column, n0), e.index(rowBlock));
      e.tiled(m0, m1, M, rowWidths, [&](Value row, int64_t height) { body(row, height, e.add(ofPanel, e.mul(minus(row, m0), e.index(width)))); });
    };
    auto forTile = [&](int64_t height, int64_t vectors, llvm::function_ref<void(int64_t, int64_t)> body) {
      for (int64_t r = 0; r < height; ++r)
        for (int64_t c = 0; c < vectors; ++c)
          body(r, c);
    };
    auto finish = [&](Value row, int64_t r, Value column, int64_t c, Value sum) {
      at[m] = {moved(row, r), 0, false};
      atColumn(column, c);
      store(sum);
    };
    if (blocked) {
      Value end = e.mul(minus(n1, n0), e.index(rowBlock));
      e.withLanes(lanes, [&] { e.loop(e.index(0), end, lanes, [&](Value i) { storeVector(e.constant(accumulator, 0), partial, i); }); });
    }
    e.loop(e.index(0), e.size(K), depth, [&](Value k0) {
      Value k1 = e.minimum(moved(k0, depth), e.size(K));
      auto packedAt = [&](Value column, Value i, int64_t width) { return e.add(e.mul(minus(column, n0), e.index(depth)), e.mul(minus(i, k0), e.index(width))); };
      auto packRow = [&](Value column, int64_t width, Value i) {
        at[k] = {i, 0, false};
        Value to = packedAt(column, i, width);
        for (int64_t c = 0; c < width / e.lanes; ++c) {
          atColumn(column, c);
          storeVector(operand(vectorSide, n), packed, moved(to, c * e.lanes));
        }
      };
      e.tiled(k0, k1, K, transposed ? ArrayRef<int64_t>{lanes, 1} : ArrayRef<int64_t>{1}, [&](Value i, int64_t steps) {
        panels([&](Value column, int64_t width) {
          if (steps == 1)
            return packRow(column, width, i);
          if (e.lanes < lanes) {
            for (int64_t r = 0; r < steps; ++r)
              packRow(column, width, moved(i, r));
            return;
          }
          // `lanes` columns, each read along k.
          Value to = packedAt(column, i, width);
          for (int64_t c = 0; c < width; c += lanes) {
            Values tile;
            at[k] = {i, 1, false};
            for (int64_t j = 0; j < lanes; ++j) {
              at[n] = {moved(column, c + j), 0, false};
              tile.push_back(operand(vectorSide, k));
            }
            for (auto [r, row] : llvm::enumerate(transpose(tile)))
              storeVector(row, packed, moved(to, int64_t(r) * width + c));
          }
        });
      });
      panels([&](Value column, int64_t width) {
        int64_t vectors = width / e.lanes;
        tiles(column, width, [&](Value row, int64_t height, Value waiting) {
          Values acc;
          forTile(height, vectors, [&](int64_t r, int64_t c) {
            acc.push_back(blocked ? loadVector(partial, moved(waiting, r * width + c * e.lanes)) : e.constant(accumulator, 0));
          });
          acc = e.loop(k0, k1, 1, acc, [&](Value i, ValueRange carried) {
            Values sum(carried), vector;
            at[k] = {i, 0, false};
            Value from = packedAt(column, i, width);
            for (int64_t c = 0; c < vectors; ++c)
              vector.push_back(loadVector(packed, moved(from, c * e.lanes)));
            for (int64_t r = 0; r < height; ++r) {
              at[m] = {moved(row, r), 0, false};
              Value scalar = operand(1 - vectorSide, n);
              for (int64_t c = 0; c < vectors; ++c) {
                Value &s = sum[r * vectors + c];
                s = multiplyAdd(scalar, vector[c], s);
              }
            }
            return sum;
          });
          forTile(height, vectors, [&](int64_t r, int64_t c) {
            Value sum = acc[r * vectors + c];
            if (blocked)
              storeVector(sum, partial, moved(waiting, r * width + c * e.lanes));
            else
              finish(row, r, column, c, sum);
          });
        });
      });
    });
    if (blocked)
      panels([&](Value column, int64_t width) {
        tiles(column, width, [&](Value row, int64_t height, Value waiting) {
          forTile(height, width / e.lanes, [&](int64_t r, int64_t c) { finish(row, r, column, c, loadVector(partial, moved(waiting, r * width + c * e.lanes))); });
        });
      });
  }

  /// All `rows` rows of columns [n0, n1): `group` rows of the vector operand at a time are added to sums in memory.
  void stream(char m, int64_t rows, char n, Value n0, Value n1, const Dim &N, ArrayRef<int64_t> widths, int64_t lanes, int vectorSide, char k, int64_t group,
              Value sums) {
    // The rows' sums of one panel of columns are neighbours: rows a page apart would fight for the same lines of the cache.
    auto sumAt = [&](Value column, int64_t width, int64_t r, int64_t c) {
      return moved(e.mul(arith::SubIOp::create(e.b, e.loc, column, n0), e.index(rows)), r * width + c * e.lanes);
    };
    auto forRows = [&](llvm::function_ref<void(int64_t)> body) {
      for (int64_t r = 0; r < rows; ++r) {
        if (m)
          at[m] = {e.index(r), 0, false};
        body(r);
      }
    };
    auto panels = [&](llvm::function_ref<void(Value, int64_t, int64_t)> body) {
      e.tiled(n0, n1, N, widths, [&](Value column, int64_t width) { e.withLanes(std::min(width, lanes), [&] { body(column, width, width / e.lanes); }); });
    };
    auto atColumn = [&](Value column, int64_t c) { at[n] = {moved(column, c * e.lanes), e.lanes == 1 ? 0 : 1, false}; };
    panels([&](Value column, int64_t width, int64_t vectors) {
      for (int64_t i = 0; i < rows * vectors; ++i)
        storeVector(e.constant(accumulator, 0), sums, sumAt(column, width, 0, i));
    });
    e.tiled(e.index(0), e.size(extent[k]), extent[k], group > 1 ? ArrayRef<int64_t>{group, 1} : ArrayRef<int64_t>{1}, [&](Value k0, int64_t depth) {
      // The other operand's elements, before the columns pass.
      Values scalars;
      forRows([&](int64_t) {
        for (int64_t i = 0; i < depth; ++i) {
          at[k] = {moved(k0, i), 0, false};
          scalars.push_back(e.withLanes(1, [&] { return operand(1 - vectorSide, n); }));
        }
      });
      // With some rows there is time to ask for the next round's lines, which are too far apart for the machine to foresee.
      Values ahead;
      for (int64_t i = 0; rows > 2 && i < depth; ++i)
        ahead.push_back(e.minimum(moved(k0, depth + i), moved(e.size(extent[k]), -1)));
      panels([&](Value column, int64_t width, int64_t vectors) {
        for (Value row : ahead) {
          at[k] = {row, 0, false};
          atColumn(column, 0);
          SmallVector<Coord> next;
          for (char c : labels[vectorSide])
            next.push_back(at[c]);
          e.prefetch(operands[vectorSide], next);
        }
        Values vector;
        for (int64_t i = 0; i < depth; ++i)
          for (int64_t c = 0; c < vectors; ++c) {
            at[k] = {moved(k0, i), 0, false};
            atColumn(column, c);
            vector.push_back(operand(vectorSide, n));
          }
        for (int64_t r = 0; r < rows; ++r) {
          Values sum;
          for (int64_t c = 0; c < vectors; ++c)
            sum.push_back(loadVector(sums, sumAt(column, width, r, c)));
          for (int64_t i = 0; i < depth; ++i) {
            Value scalar = e.splat(scalars[r * depth + i]);
            for (int64_t c = 0; c < vectors; ++c)
              sum[c] = multiplyAdd(scalar, vector[i * vectors + c], sum[c]);
          }
          for (int64_t c = 0; c < vectors; ++c)
            storeVector(sum[c], sums, sumAt(column, width, r, c));
        }
      });
    });
    panels([&](Value column, int64_t width, int64_t vectors) {
      forRows([&](int64_t r) {
        for (int64_t c = 0; c < vectors; ++c) {
          atColumn(column, c);
          store(loadVector(sums, sumAt(column, width, r, c)));
        }
      });
    });
  }

  /// rows x columns of dot products with lanes along the summed label k.
  void along(char m, Value row, int64_t rows, char n, Value column, int64_t columns, char k, int64_t lanes, int columnSide) {
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
    Values acc = over(0, outer, carried, [&](Values values) {
      Value hi = e.size(extentK), lo = e.index(0);
      e.tiledCarrying(lo, hi, extentK, {lanes, 1}, values, [&](Value i, int64_t width, Values &all) { step(all, width == 1 ? tile : 0, i, width); });
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
          return vector::ExtractStridedSliceOp::create(e.b, e.loc, v, ArrayRef<int64_t>{from}, ArrayRef<int64_t>{half}, ArrayRef<int64_t>{1});
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
          store(vector::FromElementsOp::create(e.b, e.loc, cast<VectorType>(e.laned(accumulator)), ArrayRef<Value>(total).slice(r * columns, columns)));
        });
      }
    }
  }
};

/// How a contraction's lanes are filled.
struct Strategy {
  char n = 0, m = 0, k = 0; // k: lanes along it, else across n
  int vectorSide = 1;       // the operand that has n
  bool transposed = false;  // that operand is contiguous in the summed label, and is transposed while it is packed
};
} // namespace

/// Rows: the largest label that only the other operand has.
static char rowsOf(const Contraction &c, const Strategy &s) {
  char m = 0;
  for (char label : c.result)
    if (label != s.n && !c.in(s.vectorSide, label) && c.wide(label) && (!m || c.extent.at(label).upper() > c.extent.at(m).upper()))
      m = label;
  return m;
}

/// Whether the form with packed panels can take the product, and so many rows share a panel that to transpose it costs little.
static bool rowsPayForTransposes(const Contraction &c, const Strategy &s) {
  char m = rowsOf(c, s);
  int64_t wideSums = llvm::count_if(c.summed, [&](char label) { return c.wide(label); });
  int64_t lanes = c.e.pickLanes(c.accumulator.getIntOrFloatBitWidth(), c.extent.at(s.n));
  return wideSums == 1 && lanes > 1 && m && c.extent.at(m).upper() >= 48 && c.extent.at(s.n).upper() >= 64 && c.extent.at(s.k).upper() >= 16;
}

static Strategy choose(const Contraction &c) {
  Strategy s;
  char last = c.lastOfResult();
  auto sideOf = [&](char label) { return c.in(1, label) ? 1 : 0; };
  char inner[2] = {c.contiguous(0), c.contiguous(1)};
  auto isSummed = [&](char label) { return label && c.summed.find(label) != std::string::npos; };
  auto pickAcross = [&](char label) {
    s.n = label;
    s.vectorSide = sideOf(label);
  };
  if (last && c.wide(last) && inner[sideOf(last)] == last && (!c.in(0, last) || !c.in(1, last) || inner[0] == inner[1])) {
    pickAcross(last);
  } else if (isSummed(inner[0]) && inner[0] == inner[1] && c.wide(inner[0])) {
    s.k = inner[0];
    // Columns by a label that one operand alone has, the result's last one if it is such.
    for (char label : c.result)
      if (c.wide(label) && c.in(0, label) != c.in(1, label))
        pickAcross(label);
    s.transposed = s.n && s.n == last && rowsPayForTransposes(c, s);
    if (s.transposed)
      s.k = 0;
  } else {
    // Another label of the result in which an operand is contiguous: stores are strided then, once per tile. Else loads are.
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

FailureOr<Schedule> weft::codegen::emitContract(KernelEmitter &e, Operation *hero) {
  auto op = cast<ir::ContractOp>(hero);
  Contraction c(e, op);
  MLIRContext *context = e.b.getContext();
  const Dim one(context, 1);
  Strategy s = choose(c);
  Dim M = s.m ? c.extent[s.m] : one, N = s.n ? c.extent[s.n] : one;
  int64_t bits = c.accumulator.getIntOrFloatBitWidth();

  // Registers: rows x vectors of accumulators, and room for the operands.
  bool many = e.machine().registers >= 32;
  int64_t lanes = e.pickLanes(bits, s.k ? c.extent[s.k] : N), vectors, rows;
  if (s.k) {
    rows = many ? 4 : 3;
    vectors = many ? 4 : 3;
  } else {
    rows = many ? 12 : 6;
    vectors = 2;
    if (N.upper() < 2 * lanes)
      vectors = 1;
  }
  if (M.isConstant()) {
    int64_t size = std::max<int64_t>(1, M.staticSize());
    // A tile that divides the rows, if one of about the size does.
    for (int64_t r = rows; !s.k && size < 4 * rows && r * 3 >= rows * 2; --r)
      if (size % r == 0) {
        rows = r;
        break;
      }
    rows = std::min(rows, size);
  }
  // Few rows: more columns instead, to keep enough independent sums in flight.
  if (!s.k)
    while (rows * vectors * 2 <= (many ? 24 : 12) && vectors * 2 * lanes <= N.upper())
      vectors *= 2;
  else
    vectors = std::min(vectors, std::max<int64_t>(1, N.upper()));
  int64_t step = s.k ? vectors : vectors * lanes;

  int64_t sum = 1;
  for (char k : c.summed)
    sum *= std::max<int64_t>(1, c.extent[k].upper());
  // One summed label and an operand that only the vectors have: the forms that know the caches.
  std::string wideSums;
  for (char label : c.summed)
    if (c.wide(label))
      wideSums += label;
  bool plain = !s.k && s.n && wideSums.size() == 1 && (s.transposed || c.contiguous(s.vectorSide) == s.n) && c.in(s.vectorSide, wideSums[0]) && !c.in(1 - s.vectorSide, s.n) && lanes > 1;
  char k = plain ? wideSums[0] : 0;
  int64_t bytes = bits / 8;
  bool streams = plain && M.isConstant() && M.staticSize() >= 1 && M.staticSize() <= 8 && sum * N.upper() * bytes > cacheBytes;
  bool panels = plain && !streams && s.m && M.upper() >= 4 * rows && N.upper() > step && sum >= 16;
  int64_t depth = std::max<int64_t>(64, panelBytes / (step * bytes));
  int64_t rowBlock = panels ? std::min<int64_t>(llvm::divideCeil(M.upper(), rows), panelRows / rows) * rows : streams ? M.staticSize() : std::min<int64_t>(llvm::divideCeil(std::max<int64_t>(1, M.upper()), rows), 4) * rows;
  int64_t columnBlock = streams ? std::min<int64_t>(llvm::divideCeil(N.upper(), 2 * lanes), std::max<int64_t>(1, sumBytes / (M.staticSize() * bytes * 2 * lanes))) * 2 * lanes
                                : std::min<int64_t>(llvm::divideCeil(std::max<int64_t>(1, N.upper()), step), std::max<int64_t>(1, 256 / step)) * step;

  if (panels) {
    // Blocks of about one size, and several of them, so that threads share the work evenly; a panel of columns is packed once in each block of
    // rows, however the columns are cut.
    int64_t tiles = llvm::divideCeil(M.upper(), rows), rowBlocks = llvm::divideCeil(tiles * rows, rowBlock);
    rowBlock = llvm::divideCeil(tiles, rowBlocks) * rows;
    columnBlock = std::min<int64_t>(columnBlock, llvm::divideCeil(llvm::divideCeil(N.upper(), step), llvm::divideCeil(leastUnits, rowBlocks)) * step);
  }

  std::string outer;
  Dims units;
  for (char label : c.result)
    if (label != s.m && label != s.n) {
      outer += label;
      units.push_back(c.extent[label]);
    }
  units.push_back(M.ceilDiv(Dim(context, rowBlock)));
  units.push_back(N.ceilDiv(Dim(context, columnBlock)));

  SmallVector<int64_t> rowWidths{rows}, columnWidths{step};
  auto remainder = [&](SmallVector<int64_t> &widths, const Dim &size, int64_t middle) {
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
  };
  remainder(rowWidths, M, 4);
  if (s.k) {
    remainder(columnWidths, N, 1);
  } else {
    // Vectors, then halves of one.
    if (step > lanes)
      columnWidths.push_back(lanes);
    for (int64_t w = lanes / 2; w >= 1; w /= 2)
      if (N.isConstant() || w == 1 || w == lanes / 4)
        columnWidths.push_back(w);
  }

  Value packed = panels ? e.scratch(c.accumulator, depth * columnBlock) : Value(), partial = panels && sum > depth ? e.scratch(c.accumulator, rowBlock * columnBlock) : Value();
  Value sums = streams ? e.scratch(c.accumulator, rowBlock * columnBlock) : Value();
  e.loop(e.begin(), e.end(), 1, [&](Value unit) {
    SmallVector<Value> place = e.delinearize(unit, units);
    for (auto [i, label] : llvm::enumerate(outer))
      c.at[label] = {place[i], 0, false};
    Value m0 = e.mul(place[outer.size()], e.index(rowBlock)), n0 = e.mul(place[outer.size() + 1], e.index(columnBlock));
    Value m1 = e.minimum(e.add(m0, e.index(rowBlock)), e.size(M)), n1 = e.minimum(e.add(n0, e.index(columnBlock)), e.size(N));
    if (streams) {
      SmallVector<int64_t> widths{2 * lanes, lanes};
      for (int64_t w = lanes / 2; w >= 1; w /= 2)
        if (N.isConstant() || w == 1)
          widths.push_back(w);
      return c.stream(s.m, M.staticSize(), s.n, n0, n1, N, widths, lanes, s.vectorSide, k, M.staticSize() > 2 ? 4 : 8, sums);
    }
    if (panels)
      return c.block(s.m, m0, m1, rowWidths, rowBlock, s.n, n0, n1, columnWidths, lanes, s.vectorSide, s.transposed, k, depth, packed, partial);
    // Columns outside: the panel of the vector operand stays in cache while the rows pass.
    e.tiled(n0, n1, N, columnWidths, [&](Value column, int64_t width) {
      int64_t own = std::min(width, lanes);
      e.tiled(m0, m1, M, rowWidths, [&](Value row, int64_t height) {
        if (s.k) {
          c.along(s.m, row, height, s.n, column, width, s.k, lanes, s.vectorSide);
        } else {
          c.across(s.m, row, height, s.n, column, width / own, own, s.vectorSide);
        }
      });
    });
  });
  int64_t perUnit = std::max<int64_t>(1, rowBlock * columnBlock * sum / std::max<int64_t>(1, lanes));
  return Schedule{ir::product(context, units), std::max<int64_t>(1, (1 << 15) / perUnit)};
}
