#include "harness/Picture.h"
#include "harness/Harness.h"
#include <algorithm>
#include <cmath>
#include <fstream>
#include <stdexcept>

using namespace zoo;

// Panels draw in a square of 1000 x 1000 that svg() scales.
static double side() { return 1000; }
std::string Panel::at(double x, double y) const {
  double scale = side() / (high_ - low_);
  return text("%.1f %.1f", (x - low_) * scale, (high_ - y) * scale);
}

void Panel::heat(int cells, double most, const std::function<double(double, double)> &value) {
  double step = (high_ - low_) / cells, width = side() / cells;
  for (int row = 0; row < cells; ++row)
    for (int column = 0; column < cells; ++column) {
      double v = std::clamp(value(low_ + (column + 0.5) * step, high_ - (row + 0.5) * step) / most, 0.0, 1.0);
      if (v < 0.01)
        continue;
      body_ += text("<rect x='%.1f' y='%.1f' width='%.1f' height='%.1f' fill='rgb(%d,%d,%d)'/>\n", column * width, row * width, width + 0.5, width + 0.5, int(255 - 200 * v), int(255 - 150 * v),
                    int(255 - 80 * v));
    }
}
void Panel::points(const Rows &p, const std::string &color, double radius, double opacity) {
  std::string path;
  for (int i = 0; i < p.count(); ++i)
    if (p[i][0] > low_ && p[i][0] < high_ && p[i][1] > low_ && p[i][1] < high_)
      path += "M" + at(p[i][0], p[i][1]) + "h0";
  body_ += text("<path stroke='%s' stroke-width='%.1f' stroke-linecap='round' stroke-opacity='%.2f' d='", color.c_str(), 2 * radius, opacity) + path + "'/>\n";
}
void Panel::arrows(const Rows &from, const Rows &along, double scale, const std::string &color) {
  std::string path;
  for (int i = 0; i < from.count(); ++i) {
    double x = from[i][0], y = from[i][1], dx = along[i][0] * scale, dy = along[i][1] * scale, tx = x + dx, ty = y + dy;
    path += "M" + at(x, y) + "L" + at(tx, ty) + "M" + at(tx - 0.3 * dx + 0.15 * dy, ty - 0.3 * dy - 0.15 * dx) + "L" + at(tx, ty) + "L" + at(tx - 0.3 * dx - 0.15 * dy, ty - 0.3 * dy + 0.15 * dx);
  }
  body_ += "<path fill='none' stroke='" + color + "' stroke-width='3' d='" + path + "'/>\n";
}
void Panel::images(const Rows &pixels, int edge, int columns) {
  int lines = (pixels.count() + columns - 1) / columns;
  double cell = side() / std::max(columns, lines), dot = cell / (edge + 1);
  for (int i = 0; i < pixels.count(); ++i)
    for (int p = 0; p < edge * edge; ++p) {
      int ink = int(255 - 255 * std::clamp(pixels[i][p], 0.0, 1.0));
      body_ += text("<rect x='%.1f' y='%.1f' width='%.1f' height='%.1f' fill='rgb(%d,%d,%d)'/>\n", (i % columns) * cell + (p % edge) * dot, (i / columns) * cell + (p / edge) * dot, dot + 0.4, dot + 0.4, ink, ink,
                    ink);
    }
}
std::string Panel::svg(double left, double top, double size) const {
  std::string name;
  for (char c : title_)
    name += c == '&' ? "&amp;" : c == '<' ? "&lt;" : std::string(1, c);
  return text("<text x='%.0f' y='%.0f' font-size='14'>", left, top - 8) + name + "</text>\n" +
         text("<svg x='%.0f' y='%.0f' width='%.0f' height='%.0f' viewBox='0 0 1000 1000'>\n<rect width='1000' height='1000' fill='#fff' stroke='#999' stroke-width='4'/>\n", left, top, size, size) + body_ + "</svg>\n";
}

void zoo::writePicture(const std::string &path, const std::string &title, const std::vector<Panel> &panels, int columns) {
  if (columns <= 0)
    columns = int(panels.size());
  const double size = 340, gap = 24, head = 64;
  int lines = (int(panels.size()) + columns - 1) / columns;
  double width = columns * (size + gap) + gap, height = head + lines * (size + gap + 20);
  std::ofstream out(path);
  out << text("<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 %.0f %.0f' font-family='sans-serif' fill='#333'>\n<rect width='100%%' height='100%%' fill='#fff'/>\n<text x='%.0f' y='26' font-size='18'>", width, height, gap)
      << title << "</text>\n";
  for (std::size_t i = 0; i < panels.size(); ++i)
    out << panels[i].svg(gap + double(int(i) % columns) * (size + gap), head + double(int(i) / columns) * (size + gap + 20), size);
  out << "</svg>\n";
  if (!out.flush())
    throw std::runtime_error(path + ": cannot be written");
}
