// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Panels on a cairo surface; the same strokes for SVG and PNG.
#include "harness/Picture.h"
#include <algorithm>
#include <cairo-svg.h>
#include <cairo.h>
#include <cmath>
#include <cstdint>
#include <memory>
#include <stdexcept>

using namespace zoo;

namespace {
constexpr double side = 1000; // of the square that panels draw in
constexpr double pixels = 2;  // of the PNG, for each unit of the page

struct Color {
  double r, g, b;
};
Color parse(const std::string &text) {
  if (text.size() != 7 || text[0] != '#')
    throw std::runtime_error("a colour is \"#rrggbb\", not \"" + text + "\"");
  unsigned long v = std::stoul(text.substr(1), nullptr, 16);
  return {double(v >> 16) / 255, double(v >> 8 & 255) / 255, double(v & 255) / 255};
}

/// A small image, its pixels as they are, over a square of the panel.
struct Image {
  int width;
  std::vector<std::uint32_t> argb;
  explicit Image(int width) : width(width), argb(std::size_t(width) * width, 0) {}
  void set(int row, int column, int r, int g, int b) {
    argb[std::size_t(row) * width + column] =
        0xff000000u | std::uint32_t(r) << 16 | std::uint32_t(g) << 8 | std::uint32_t(b);
  }
  void draw(cairo_t *to, double left, double top, double size) const {
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_ARGB32, width, width);
    cairo_surface_flush(surface);
    unsigned char *data = cairo_image_surface_get_data(surface);
    int stride = cairo_image_surface_get_stride(surface);
    for (int row = 0; row < width; ++row)
      std::copy_n(argb.data() + std::size_t(row) * width, width,
                  reinterpret_cast<std::uint32_t *>(data + std::ptrdiff_t(row) * stride));
    cairo_surface_mark_dirty(surface);
    cairo_save(to);
    cairo_translate(to, left, top);
    cairo_scale(to, size / width, size / width);
    cairo_set_source_surface(to, surface, 0, 0);
    cairo_pattern_set_filter(cairo_get_source(to), CAIRO_FILTER_NEAREST);
    cairo_paint(to);
    cairo_restore(to);
    cairo_surface_destroy(surface);
  }
};

void write(cairo_t *to, const std::string &text, double x, double y, double size) {
  cairo_set_source_rgb(to, 0.2, 0.2, 0.2);
  cairo_select_font_face(to, "sans-serif", CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_NORMAL);
  cairo_set_font_size(to, size);
  cairo_move_to(to, x, y);
  cairo_show_text(to, text.c_str());
}
/// Images of one or three channels in rows of `columns`.
std::function<void(cairo_t *)> imagesOf(const Rows &values, int channels, int edge, int columns) {
  int lines = (values.count() + columns - 1) / columns;
  double cell = side / std::max(columns, lines);
  std::vector<Image> images;
  for (int i = 0; i < values.count(); ++i) {
    images.emplace_back(edge);
    for (int p = 0; p < edge * edge; ++p) {
      auto level = [&](int channel) {
        return int(255 * std::clamp(values[i][channel % channels * edge * edge + p], 0.0, 1.0));
      };
      images.back().set(p / edge, p % edge, level(0), level(1), level(2));
    }
  }
  return [=](cairo_t *to) {
    for (int i = 0; i < int(images.size()); ++i)
      images[std::size_t(i)].draw(to, (i % columns) * cell, (i / columns) * cell, cell * edge / (edge + 1));
  };
}
} // namespace

void Panel::heat(int cells, double most, const std::function<double(double, double)> &value) {
  double step = (high_ - low_) / cells;
  Image image(cells);
  for (int row = 0; row < cells; ++row)
    for (int column = 0; column < cells; ++column) {
      double v = std::clamp(value(low_ + (column + 0.5) * step, high_ - (row + 0.5) * step) / most, 0.0, 1.0);
      image.set(row, column, int(255 - 200 * v), int(255 - 150 * v), int(255 - 80 * v));
    }
  layers_.push_back([image](cairo_t *to) { image.draw(to, 0, 0, side); });
}

void Panel::points(const Rows &p, const std::string &color, double radius, double opacity) {
  double scale = side / (high_ - low_);
  layers_.push_back([p, color = parse(color), radius, opacity, scale, low = low_, high = high_](cairo_t *to) {
    cairo_set_source_rgba(to, color.r, color.g, color.b, opacity);
    for (int i = 0; i < p.count(); ++i) {
      if (!(p[i][0] > low && p[i][0] < high && p[i][1] > low && p[i][1] < high))
        continue;
      cairo_arc(to, (p[i][0] - low) * scale, (high - p[i][1]) * scale, radius, 0, 2 * M_PI);
      cairo_fill(to);
    }
  });
}

void Panel::arrows(const Rows &from, const Rows &along, double length, const std::string &color) {
  double scale = side / (high_ - low_);
  layers_.push_back([from, along, length, color = parse(color), scale, low = low_, high = high_](cairo_t *to) {
    auto move = [&](double x, double y) { cairo_move_to(to, (x - low) * scale, (high - y) * scale); };
    auto line = [&](double x, double y) { cairo_line_to(to, (x - low) * scale, (high - y) * scale); };
    cairo_set_source_rgb(to, color.r, color.g, color.b);
    cairo_set_line_width(to, 3);
    for (int i = 0; i < from.count(); ++i) {
      double x = from[i][0], y = from[i][1], dx = along[i][0] * length, dy = along[i][1] * length, tx = x + dx,
             ty = y + dy;
      move(x, y), line(tx, ty);
      move(tx - 0.3 * dx + 0.15 * dy, ty - 0.3 * dy - 0.15 * dx), line(tx, ty),
          line(tx - 0.3 * dx - 0.15 * dy, ty - 0.3 * dy + 0.15 * dx);
    }
    cairo_stroke(to);
  });
}

void Panel::images(const Rows &values, int edge, int columns) {
  Rows inks = values; // ink on paper: 0 is white
  for (double &v : inks.v)
    v = 1 - v;
  layers_.push_back(imagesOf(inks, 1, edge, columns));
}
void Panel::colorImages(const Rows &values, int edge, int columns) {
  layers_.push_back(imagesOf(values, 3, edge, columns));
}

void Panel::draw(cairo_t *to, double left, double top, double size) const {
  write(to, title_, left, top - 8, 14);
  cairo_save(to);
  cairo_translate(to, left, top);
  cairo_scale(to, size / side, size / side);
  cairo_rectangle(to, 0, 0, side, side);
  cairo_clip(to);
  for (const auto &layer : layers_)
    layer(to);
  cairo_rectangle(to, 0, 0, side, side);
  cairo_set_source_rgb(to, 0.6, 0.6, 0.6);
  cairo_set_line_width(to, 8); // half of it is clipped
  cairo_stroke(to);
  cairo_restore(to);
}

void zoo::writePicture(const std::string &path, const std::string &title, const std::vector<Panel> &panels,
                       int columns) {
  if (columns <= 0)
    columns = int(panels.size());
  const double size = 340, gap = 24, head = 64;
  int lines = (int(panels.size()) + columns - 1) / columns;
  double width = columns * (size + gap) + gap, height = head + lines * (size + gap + 20);
  auto drawOn = [&](cairo_surface_t *surface, double scale, const std::string &file, bool png) {
    std::unique_ptr<cairo_t, decltype(&cairo_destroy)> to(cairo_create(surface), cairo_destroy);
    cairo_scale(to.get(), scale, scale);
    cairo_set_source_rgb(to.get(), 1, 1, 1);
    cairo_paint(to.get());
    write(to.get(), title, gap, 26, 18);
    for (std::size_t i = 0; i < panels.size(); ++i)
      panels[i].draw(to.get(), gap + double(int(i) % columns) * (size + gap),
                     head + double(int(i) / columns) * (size + gap + 20), size);
    cairo_status_t status = cairo_status(to.get());
    if (status == CAIRO_STATUS_SUCCESS && png)
      status = cairo_surface_write_to_png(surface, file.c_str());
    cairo_surface_finish(surface);
    if (status == CAIRO_STATUS_SUCCESS)
      status = cairo_surface_status(surface);
    cairo_surface_destroy(surface);
    if (status != CAIRO_STATUS_SUCCESS)
      throw std::runtime_error(file + ": " + cairo_status_to_string(status));
  };
  drawOn(cairo_svg_surface_create((path + ".svg").c_str(), width, height), 1, path + ".svg", false);
  drawOn(
      cairo_image_surface_create(CAIRO_FORMAT_ARGB32, int(std::ceil(width * pixels)), int(std::ceil(height * pixels))),
      pixels, path + ".png", true);
}
