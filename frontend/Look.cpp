// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// See weft/Look.h.
#include "weft/Look.h"
#include "Value.h"
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <functional>
#include <ostream>

using namespace weft;
using namespace weft::detail;

namespace {
/// The numbers of a tensor as text, of one width.
class Printer {
public:
  Printer(const Value &value, const PrintOptions &options) : v_(value), options_(options) {
    cut_ = countOf(v_.sizes) > options_.threshold;
    chooseForm();
    visit([&](std::int64_t i) { width_ = std::max(width_, textOf(i).size()); }, [](std::size_t) {}, [](std::size_t) {},
          [](std::size_t) {});
  }

  std::string str() {
    std::string text;
    visit(
        [&](std::int64_t i) {
          std::string own = textOf(i);
          text.append(v_.sizes.empty() ? 0 : width_ - own.size(), ' ');
          text += own;
        },
        [&](std::size_t) { text += '['; }, [&](std::size_t) { text += ']'; },
        [&](std::size_t depth) {
          bool innermost = depth + 1 == v_.sizes.size();
          text +=
              innermost ? ", " : ",\n" + std::string(v_.sizes.size() - depth - 2, '\n') + std::string(depth + 1, ' ');
        });
    return text;
  }

private:
  /// Calls `element` for what is shown, `open` and `close` around axes, `between` between their places.
  template <class E, class O, class C, class B> void visit(E element, O open, C close, B between) {
    std::function<void(std::size_t, std::int64_t)> walk = [&](std::size_t depth, std::int64_t at) {
      if (depth == v_.sizes.size())
        return element(at);
      std::int64_t size = v_.sizes[depth], edge = options_.edge;
      bool cut = cut_ && size > 2 * edge;
      open(depth);
      for (std::int64_t i = 0; i < size; ++i) {
        if (i)
          between(depth);
        if (cut && i == edge) {
          element(-1);
          between(depth);
          i = size - edge;
        }
        walk(depth + 1, at * size + i);
      }
      close(depth);
    };
    walk(0, 0);
  }

  /// Whole numbers without digits behind the point; with a power of ten where sizes differ too much to stand in
  /// columns.
  void chooseForm() {
    if (!v_.dtype.isInexact())
      return;
    double least = INFINITY, most = 0;
    bool whole = true;
    visit(
        [&](std::int64_t i) {
          if (i < 0)
            return;
          int parts = v_.dtype.isComplex() ? 2 : 1;
          for (int part = 0; part < parts; ++part) {
            double value = std::fabs(numberOf(i * parts + part));
            if (!std::isfinite(value) || value == 0)
              continue;
            least = std::min(least, value), most = std::max(most, value);
            whole = whole && value == std::floor(value);
          }
        },
        [](std::size_t) {}, [](std::size_t) {}, [](std::size_t) {});
    bool far = most >= 1e8 || (most > 0 && least < 1e-4) || (most > 0 && !whole && most / least > 1e4 && most > 1e4);
    form_ = far ? 'e' : 'f';
    precision_ = whole && !far ? 0 : options_.precision;
  }
  double numberOf(std::int64_t i) const { return loadNumber(v_.dtype.real(), v_.data, i); }
  std::string real(double value) const {
    if (std::isnan(value))
      return "nan";
    if (std::isinf(value))
      return value < 0 ? "-inf" : "inf";
    char text[64];
    std::snprintf(text, sizeof text, form_ == 'e' ? "%.*e" : "%.*f", precision_, value);
    return precision_ == 0 && form_ == 'f' ? std::string(text) + "." : text;
  }
  std::string textOf(std::int64_t i) const {
    if (i < 0)
      return "...";
    if (v_.dtype == i1)
      return loadInteger(i1, v_.data, i) ? "true" : "false";
    if (v_.dtype.isInteger())
      return std::to_string(loadInteger(v_.dtype, v_.data, i));
    if (!v_.dtype.isComplex())
      return real(numberOf(i));
    std::string imaginary = real(numberOf(2 * i + 1));
    return real(numberOf(2 * i)) + (imaginary[0] == '-' ? "" : "+") + imaginary + "i";
  }

  const Value &v_;
  const PrintOptions &options_;
  bool cut_ = false;
  char form_ = 'f';
  int precision_ = 4;
  std::size_t width_ = 0;
};
} // namespace

std::string weft::to_string(const Tensor &x, const PrintOptions &options, Loc at) {
  if (x.empty())
    return "empty";
  if (options.precision < 0 || options.edge < 1 || options.threshold < 0)
    throw Error(at, "to_string: expected a precision and a threshold of 0 or more, and an edge of 1 or more");
  const Value &v = *x.value();
  if (!x.isConcrete())
    return x.str() +
           (v.kind == Value::spec ? ", a spec without numbers" : ", a value of a trace: it has no numbers yet");
  settle(x, at);
  std::string numbers = Printer(v, options).str();
  return x.str() + (v.sizes.empty() || countOf(v.sizes) == 0 ? " " : "\n") + numbers;
}
std::ostream &weft::operator<<(std::ostream &os, const Tensor &x) { return os << to_string(x, {}, Loc()); }

// ---- the table
static std::string grouped(std::int64_t n) {
  std::string digits = std::to_string(n);
  for (std::ptrdiff_t i = std::ptrdiff_t(digits.size()) - 3; i > 0; i -= 3)
    digits.insert(std::size_t(i), ",");
  return digits;
}
std::string detail::summaryOf(const std::vector<Leaf> &leaves) {
  static const char *const kinds[] = {"tensor", "param", "buffer", "key"};
  std::vector<std::array<std::string, 5>> rows{{"path", "kind", "type", "elements", "bytes"}};
  std::int64_t all = 0, allBytes = 0, params = 0, paramBytes = 0;
  bool open = false; // a dimension that is not known yet
  for (const Leaf &leaf : leaves) {
    Dim elements = product(leaf.value.shape());
    std::string count = elements.str(), bytes = count;
    if (elements.isStatic()) {
      std::int64_t n = elements.value(), size = n * std::int64_t(leaf.value.dtype().bytes());
      count = grouped(n), bytes = grouped(size);
      all += n, allBytes += size;
      if (leaf.kind == LeafKind::param)
        params += n, paramBytes += size;
    } else {
      open = true;
      bytes = "";
    }
    rows.push_back(
        {leaf.path.empty() ? "the value" : leaf.path, kinds[int(leaf.kind)], leaf.value.str(), count, bytes});
  }
  rows.push_back({"parameters", "", "", grouped(params), grouped(paramBytes)});
  rows.push_back({open ? "all of known size" : "all", "", "", grouped(all), grouped(allBytes)});
  std::array<std::size_t, 5> width{};
  for (const auto &row : rows)
    for (std::size_t c = 0; c < row.size(); ++c)
      width[c] = std::max(width[c], row[c].size());
  std::string text;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    std::string line;
    for (std::size_t c = 0; c < rows[r].size(); ++c) {
      bool number = c >= 3;
      std::string space(width[c] - rows[r][c].size(), ' ');
      line += (c ? "  " : "") + (number ? space + rows[r][c] : rows[r][c] + space);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    if (r == rows.size() - 2)
      text += std::string(line.size(), '-') + "\n";
    text += line + "\n";
  }
  return text;
}
