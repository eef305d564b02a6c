// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Curves over a common x as an SVG picture, the y axis logarithmic: how losses are looked at.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace support {

struct Point {
  double x, y;
};
struct Curve {
  std::string name, color;
  double width;
  std::vector<Point> points; // y > 0; others are left out
};
struct Plot {
  std::string title, xLabel, yLabel;
  std::vector<Curve> curves;
};

inline std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.6g", value);
  return text;
}

inline std::string escaped(const std::string &text) {
  std::string result;
  for (char c : text)
    result += c == '&' ? "&amp;" : c == '<' ? "&lt;" : c == '>' ? "&gt;" : std::string(1, c);
  return result;
}

/// Multiples of 1, 2 or 5 times a power of ten, about `wanted` of them between low and high.
inline std::vector<double> ticks(double low, double high, int wanted) {
  double raw = (high - low) / wanted, power = std::pow(10, std::floor(std::log10(raw)));
  double width = raw / power <= 1 ? power : raw / power <= 2 ? 2 * power : raw / power <= 5 ? 5 * power : 10 * power;
  std::vector<double> result;
  for (double t = std::ceil(low / width) * width; t <= high + width * 1e-9; t += width)
    result.push_back(t);
  return result;
}

/// Writes the plot; makes the folder if it is not there.
inline void writeSvg(const std::string &path, const Plot &plot) {
  const double width = 760, height = 460, left = 80, right = 24, top = 56, bottom = 60;
  double xLow = HUGE_VAL, xHigh = -HUGE_VAL, yLow = HUGE_VAL, yHigh = 0;
  for (const Curve &curve : plot.curves)
    for (Point p : curve.points)
      if (p.y > 0 && std::isfinite(p.y))
        xLow = std::min(xLow, p.x), xHigh = std::max(xHigh, p.x), yLow = std::min(yLow, p.y),
        yHigh = std::max(yHigh, p.y);
  if (!(yHigh > 0))
    throw std::runtime_error(path + ": there is nothing to draw");
  // The axes begin and end on round numbers: x at 0 if it is near, y at 1, 2 or 5 times a power of ten.
  if (xLow > 0 && xLow < 0.2 * xHigh)
    xLow = 0;
  if (xHigh <= xLow)
    xHigh = xLow + 1;
  std::vector<double> grid;
  for (int e = int(std::floor(std::log10(yLow))) - 1; e <= int(std::ceil(std::log10(yHigh))); ++e)
    for (double m : {1, 2, 5})
      grid.push_back(m * std::pow(10, e));
  auto firstAbove = std::upper_bound(grid.begin(), grid.end(), yLow),
       lastBelow = std::lower_bound(grid.begin(), grid.end(), yHigh);
  grid = std::vector<double>(firstAbove == grid.begin() ? firstAbove : firstAbove - 1,
                             lastBelow == grid.end() ? lastBelow : lastBelow + 1);
  yLow = std::log(grid.front()), yHigh = std::log(grid.back());
  auto x = [&](double v) {
    return number(std::round(100 * (left + (v - xLow) / (xHigh - xLow) * (width - left - right))) / 100);
  };
  auto y = [&](double v) {
    return number(
        std::round(100 * (height - bottom - (std::log(v) - yLow) / (yHigh - yLow) * (height - top - bottom))) / 100);
  };

  std::filesystem::path folder = std::filesystem::path(path).parent_path();
  if (!folder.empty())
    std::filesystem::create_directories(folder);
  std::ofstream out(path);
  out << "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " << width << ' ' << height
      << "\" font-family=\"sans-serif\" font-size=\"13\" fill=\"#333\">\n"
      << "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n"
      << "<text x=\"" << left << "\" y=\"32\" font-size=\"18\">" << escaped(plot.title) << "</text>\n";
  const double floor = height - bottom;
  for (double v : grid)
    out << "<path d=\"M" << left << ' ' << y(v) << "H" << width - right << "\" stroke=\"#e4e4e4\"/><text x=\""
        << left - 10 << "\" y=\"" << y(v) << "\" dy=\"4\" text-anchor=\"end\">" << number(v) << "</text>\n";
  for (double v : ticks(xLow, xHigh, 8))
    out << "<path d=\"M" << x(v) << ' ' << floor << "v6\" stroke=\"#888\"/><text x=\"" << x(v) << "\" y=\""
        << floor + 22 << "\" text-anchor=\"middle\">" << number(v) << "</text>\n";
  out << "<path d=\"M" << left << ' ' << top << "V" << floor << "H" << width - right
      << "\" fill=\"none\" stroke=\"#888\"/>\n"
      << "<text x=\"" << (left + width - right) / 2 << "\" y=\"" << height - 14 << "\" text-anchor=\"middle\">"
      << escaped(plot.xLabel) << "</text>\n"
      << "<text transform=\"translate(22 " << (top + floor) / 2 << ") rotate(-90)\" text-anchor=\"middle\">"
      << escaped(plot.yLabel) << "</text>\n";
  double legend = top + 16;
  for (const Curve &curve : plot.curves) {
    out << "<polyline fill=\"none\" stroke-linejoin=\"round\" stroke=\"" << curve.color << "\" stroke-width=\""
        << curve.width << "\" points=\"";
    for (Point p : curve.points)
      if (p.y > 0 && std::isfinite(p.y))
        out << x(p.x) << ',' << y(p.y) << ' ';
    out << "\"/>\n<path d=\"M" << width - right - 180 << ' ' << legend << "h28\" stroke=\"" << curve.color
        << "\" stroke-width=\"" << std::max(2.0, curve.width) << "\"/><text x=\"" << width - right - 142 << "\" y=\""
        << legend + 4 << "\">" << escaped(curve.name) << "</text>\n";
    legend += 22;
  }
  out << "</svg>\n";
  if (!out.flush())
    throw std::runtime_error(path + ": cannot be written");
}

} // namespace support
