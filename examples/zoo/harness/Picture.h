// Panels of points, arrows, heat maps and small images side by side, as one SVG file.
#pragma once
#include "harness/Metrics.h"
#include <functional>
#include <string>

namespace zoo {

/// A square panel over [low, high] in both directions.
class Panel {
public:
  Panel(std::string title, double low, double high) : title_(std::move(title)), low_(low), high_(high) {}
  /// value(x, y) on a grid of so many cells, from white at 0 to dark at `most`.
  void heat(int cells, double most, const std::function<double(double, double)> &value);
  void points(const Rows &at, const std::string &color, double radius, double opacity);
  /// Arrows from `from` along `along` times `scale`.
  void arrows(const Rows &from, const Rows &along, double scale, const std::string &color);
  /// Gray images of side x side pixels in [0, 1], in rows of `columns`.
  void images(const Rows &pixels, int side, int columns);
  std::string svg(double left, double top, double size) const;

private:
  std::string at(double x, double y) const;
  std::string title_, body_;
  double low_, high_;
};
/// Writes panels in one row, or in rows of `columns`.
void writePicture(const std::string &path, const std::string &title, const std::vector<Panel> &panels, int columns = 0);

} // namespace zoo
