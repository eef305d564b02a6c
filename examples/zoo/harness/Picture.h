// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Panels of points, arrows, heat maps and small images side by side, as one SVG and one PNG file. Drawn with cairo
// (cairo/Picture.cpp); without it a picture is an error that says so (no_cairo/Picture.cpp).
#pragma once
#include "harness/Metrics.h"
#include <functional>
#include <string>

typedef struct _cairo cairo_t;

namespace zoo {

/// A square panel over [low, high] in both directions. What is drawn later lies above.
class Panel {
public:
  Panel(std::string title, double low, double high) : title_(std::move(title)), low_(low), high_(high) {}
  /// value(x, y) on a grid of so many cells, from white at 0 to dark at `most`.
  void heat(int cells, double most, const std::function<double(double, double)> &value);
  /// Colours are "#rrggbb"; lengths are thousandths of the panel.
  void points(const Rows &at, const std::string &color, double radius, double opacity);
  /// Arrows from `from` along `along` times `scale`.
  void arrows(const Rows &from, const Rows &along, double scale, const std::string &color);
  /// Gray images of side x side pixels in [0, 1], in rows of `columns`.
  void images(const Rows &pixels, int side, int columns);
  /// The same in colour: rows of 3 x side x side numbers, channels first.
  void colorImages(const Rows &pixels, int side, int columns);
  void draw(cairo_t *to, double left, double top, double size) const;

private:
  std::string title_;
  double low_, high_;
  std::vector<std::function<void(cairo_t *)>> layers_; // in a square of 1000 x 1000
};
/// Writes panels in one row, or in rows of `columns`, to `path`.svg and `path`.png.
void writePicture(const std::string &path, const std::string &title, const std::vector<Panel> &panels, int columns = 0);

} // namespace zoo
