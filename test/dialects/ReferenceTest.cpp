// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The functions of the dialect, by the host reference and compiled, beside values from elsewhere: functions.txt, which
// functions.py made with mpmath. Compiled code is compared with the reference everywhere else, so this is where both
// are held to what is true: over whole ranges, at ends, zeros of both signs, infinities and NaN.
#include "mlir/Parser/Parser.h"
#include "tools/Dialects.h"
#include "tools/RunFunction.h"
#include <cmath>
#include <fstream>
#include <gtest/gtest.h>
#include <map>
#include <sstream>

using namespace mlir;
using namespace weft::tools;

namespace {
using Row = std::vector<double>;
/// For each function the lines of the file: operands, then results.
const std::map<std::string, std::vector<Row>> &golden() {
  static const auto all = [] {
    std::map<std::string, std::vector<Row>> rows;
    std::ifstream file(WEFT_GOLDEN_FUNCTIONS);
    std::string line, op, word;
    while (std::getline(file, line)) {
      std::istringstream words(line);
      words >> op;
      Row row;
      while (words >> word)
        row.push_back(std::strtod(word.c_str(), nullptr));
      rows[op].push_back(row);
    }
    return rows;
  }();
  return all;
}

/// The distance in ulp of the exact number; the sign of zero counts.
double ulps(double computed, double exact) {
  if (computed == exact && std::signbit(computed) == std::signbit(exact))
    return 0;
  if (std::isnan(computed) || std::isnan(exact))
    return std::isnan(computed) && std::isnan(exact) ? 0 : INFINITY;
  if (!std::isfinite(computed) || !std::isfinite(exact)) // one step apart at the end of the range, at the most
    return std::signbit(computed) == std::signbit(exact) &&
                   std::min(std::abs(computed), std::abs(exact)) == std::numeric_limits<double>::max()
               ? 1
               : INFINITY;
  if (computed == 0 && exact == 0)
    return INFINITY;
  int exponent = std::max(exact == 0 ? -1022 : std::ilogb(exact), -1022);
  return std::abs(std::ldexp(computed - exact, 52 - exponent));
}

/// Runs a function of f64 vectors (i32 where `whole` says so) and gives its results by the reference and compiled.
struct Both {
  std::vector<HostArray> reference, compiled;
};
Both runBoth(const std::string &text, const std::vector<HostArray> &inputs, MLIRContext &context) {
  Both both;
  OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(text, &context);
  EXPECT_TRUE(module) << text;
  if (!module)
    return both;
  EXPECT_TRUE(runReference(*module, "f", inputs, both.reference));
  weft::codegen::CompileError error;
  std::string message;
  auto executable = weft::codegen::compile(*module, "f", {}, error);
  EXPECT_TRUE(executable) << error.message;
  if (executable) {
    EXPECT_TRUE(runCompiled(*executable, &context, inputs, both.compiled, 1, message)) << message;
  }
  return both;
}

struct Reference : testing::Test {
  MLIRContext context;
  Reference() {
    DialectRegistry registry;
    registerDialects(registry);
    context.appendDialectRegistry(registry);
    context.loadAllAvailableDialects();
  }
  HostArray column(const std::vector<Row> &rows, size_t at) {
    HostArray x(Float64Type::get(&context), {int64_t(rows.size())});
    for (size_t i = 0; i < rows.size(); ++i)
      x.f[i] = rows[i][at];
    return x;
  }
  HostArray columns(const std::vector<Row> &rows, size_t count) {
    HostArray x(Float64Type::get(&context), {int64_t(rows.size()), int64_t(count)});
    for (size_t i = 0; i < rows.size(); ++i)
      for (size_t c = 0; c < count; ++c)
        x.f[i * count + c] = rows[i][c];
    return x;
  }
  static std::string where(const std::string &op, const Row &row, double got) {
    std::ostringstream out;
    out.precision(17);
    out << op << " of";
    for (double v : row)
      out << " " << v;
    out << " (the last: right) is " << got;
    return out.str();
  }
};

/// The worst that is allowed, in ulp of f64: of the reference and of compiled code. 0.5 is correct rounding; a
/// library's function is allowed one, a formula of several roundings what they add up to.
struct Bound {
  const char *op;
  double reference, compiled;
};
constexpr Bound unary[]{{"neg", 0, 0},
                        {"abs", 0, 0},
                        {"sign", 0, 0},
                        {"exp", 1, 1},
                        {"exp2", 1, 1},
                        {"expm1", 1, 1},
                        {"log", 1, 1},
                        {"log1p", 1, 1},
                        {"sqrt", 0, 0},
                        {"rsqrt", 1.5, 1.5},
                        {"tanh", 2, 2},
                        {"logistic", 2, 2},
                        {"softplus", 2, 2},
                        {"sin", 1, 1},
                        {"cos", 1, 1},
                        {"erf", 1, 1},
                        {"erf_inv", 1, 3},
                        {"floor", 0, 0},
                        {"ceil", 0, 0},
                        {"round_nearest_even", 0, 0},
                        {"round_nearest_afz", 0, 0}};
constexpr Bound binary[]{{"add", 0, 0}, {"sub", 0, 0}, {"mul", 0, 0},     {"div", 0, 0},
                         {"rem", 0, 0}, {"pow", 1, 1}, {"maximum", 0, 0}, {"minimum", 0, 0}};
} // namespace

TEST_F(Reference, FunctionsOfOneNumber) {
  for (const Bound &bound : unary) {
    const std::vector<Row> &rows = golden().at(bound.op);
    std::string type = "tensor<" + std::to_string(rows.size()) + "xf64>";
    Both y = runBoth("func.func @f(%x: " + type + ") -> " + type + " {\n  %y = weft." + bound.op + " %x : " + type +
                         "\n  return %y : " + type + "\n}\n",
                     {column(rows, 0)}, context);
    ASSERT_FALSE(y.reference.empty() || y.compiled.empty());
    for (size_t i = 0; i < rows.size(); ++i) {
      EXPECT_LE(ulps(y.reference[0].f[i], rows[i][1]), bound.reference)
          << "reference: " << where(bound.op, rows[i], y.reference[0].f[i]);
      EXPECT_LE(ulps(y.compiled[0].f[i], rows[i][1]), bound.compiled)
          << "compiled: " << where(bound.op, rows[i], y.compiled[0].f[i]);
    }
  }
}

TEST_F(Reference, FunctionsOfTwoNumbers) {
  for (const Bound &bound : binary) {
    const std::vector<Row> &rows = golden().at(bound.op);
    std::string type = "tensor<" + std::to_string(rows.size()) + "xf64>";
    Both y = runBoth("func.func @f(%a: " + type + ", %b: " + type + ") -> " + type + " {\n  %y = weft." + bound.op +
                         " %a, %b : " + type + "\n  return %y : " + type + "\n}\n",
                     {column(rows, 0), column(rows, 1)}, context);
    ASSERT_FALSE(y.reference.empty() || y.compiled.empty());
    for (size_t i = 0; i < rows.size(); ++i) {
      EXPECT_LE(ulps(y.reference[0].f[i], rows[i][2]), bound.reference)
          << "reference: " << where(bound.op, rows[i], y.reference[0].f[i]);
      EXPECT_LE(ulps(y.compiled[0].f[i], rows[i][2]), bound.compiled)
          << "compiled: " << where(bound.op, rows[i], y.compiled[0].f[i]);
    }
  }
}

// A sum of four exponentials, a quotient or a logarithm: a few ulp. The difference of a logit and the largest is
// rounded before its exponential is taken, which costs as many ulp as it is large.
TEST_F(Reference, RowsOfLogits) {
  const std::vector<Row> &soft = golden().at("softmax"), &loss = golden().at("cross_entropy");
  std::string rows = std::to_string(soft.size()) + "x4xf64";
  Both y = runBoth("func.func @f(%x: tensor<" + rows + ">) -> tensor<" + rows +
                       "> {\n  %y = weft.softmax %x 1 : tensor<" + rows + ">\n  return %y : tensor<" + rows + ">\n}\n",
                   {columns(soft, 4)}, context);
  ASSERT_FALSE(y.reference.empty() || y.compiled.empty());
  for (size_t i = 0; i < soft.size(); ++i)
    for (size_t c = 0; c < 4; ++c) {
      double right = soft[i][4 + c], most = *std::max_element(soft[i].begin(), soft[i].begin() + 4),
             bound = 4 + (right > 0 ? std::abs(soft[i][c] - most) : 0);
      EXPECT_LE(ulps(y.reference[0].f[i * 4 + c], right), bound)
          << where("softmax, reference,", soft[i], y.reference[0].f[i * 4 + c]);
      EXPECT_LE(ulps(y.compiled[0].f[i * 4 + c], right), bound)
          << where("softmax, compiled,", soft[i], y.compiled[0].f[i * 4 + c]);
    }
  std::string n = std::to_string(loss.size()), wide = "tensor<" + n + "x4xf64>", labels = "tensor<" + n + "xi32>",
              one = "tensor<" + n + "xf64>";
  HostArray label(IntegerType::get(&context, 32), {int64_t(loss.size())});
  for (size_t i = 0; i < loss.size(); ++i)
    label.i[i] = int64_t(loss[i][4]);
  Both z = runBoth("func.func @f(%x: " + wide + ", %l: " + labels + ") -> " + one +
                       " {\n  %y = weft.cross_entropy %x, %l : (" + wide + ", " + labels + ") -> " + one +
                       "\n  return %y : " + one + "\n}\n",
                   {columns(loss, 4), label}, context);
  ASSERT_FALSE(z.reference.empty() || z.compiled.empty());
  for (size_t i = 0; i < loss.size(); ++i) {
    double right = loss[i][5];
    for (double got : {z.reference[0].f[i], z.compiled[0].f[i]}) {
      if (std::isfinite(right)) // the logarithm of a sum near 1 is as accurate as numbers around 1 are
        EXPECT_NEAR(got, right, 4 * 0x1p-52 * std::max(1.0, right)) << where("cross_entropy", loss[i], got);
      else
        EXPECT_EQ(got, right) << where("cross_entropy", loss[i], got);
    }
  }
}

// Against the length of the result: a part may cancel.
TEST_F(Reference, ComplexNumbers) {
  struct {
    const char *op;
    int operands;
    double bound;
  } ops[]{{"mul", 2, 4}, {"div", 2, 8}, {"exp", 1, 4}, {"sin", 1, 6}, {"cos", 1, 6}};
  for (auto [op, operands, bound] : ops) {
    const std::vector<Row> &rows = golden().at("complex_" + std::string(op));
    std::string n = std::to_string(rows.size()), real = "tensor<" + n + "xf64>",
                complex = "tensor<" + n + "xcomplex<f64>>", text = "func.func @f(";
    std::vector<HostArray> inputs;
    for (int i = 0; i < 2 * operands; ++i) {
      inputs.push_back(column(rows, size_t(i)));
      text += (i ? ", %x" : "%x") + std::to_string(i) + ": " + real;
    }
    text += ") -> (" + real + ", " + real + ") {\n";
    for (int i = 0; i < operands; ++i)
      text += "  %z" + std::to_string(i) + " = weft.complex %x" + std::to_string(2 * i) + ", %x" +
              std::to_string(2 * i + 1) + " : (" + real + ", " + real + ") -> " + complex + "\n";
    text += "  %w = weft." + std::string(op) + (operands == 2 ? " %z0, %z1 : " : " %z0 : ") + complex +
            "\n  %re = weft.real %w : (" + complex + ") -> " + real + "\n  %im = weft.imag %w : (" + complex + ") -> " +
            real + "\n  return %re, %im : " + real + ", " + real + "\n}\n";
    Both y = runBoth(text, inputs, context);
    ASSERT_FALSE(y.reference.empty() || y.compiled.empty());
    for (size_t i = 0; i < rows.size(); ++i) {
      double re = rows[i][size_t(2 * operands)], im = rows[i][size_t(2 * operands) + 1], size = std::hypot(re, im);
      for (const std::vector<HostArray> *got : {&y.reference, &y.compiled})
        EXPECT_LE(std::hypot((*got)[0].f[i] - re, (*got)[1].f[i] - im), bound * 0x1p-53 * size)
            << where(op, rows[i], (*got)[0].f[i]) << " " << (*got)[1].f[i];
    }
  }
}
