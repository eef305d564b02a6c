// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Built where cairo is absent: a picture is an error.
#include "harness/Picture.h"
#include <stdexcept>

using namespace zoo;

void Panel::heat(int, double, const std::function<double(double, double)> &) {}
void Panel::points(const Rows &, const std::string &, double, double) {}
void Panel::arrows(const Rows &, const Rows &, double, const std::string &) {}
void Panel::images(const Rows &, int, int) {}
void Panel::draw(cairo_t *, double, double, double) const {}
void zoo::writePicture(const std::string &path, const std::string &, const std::vector<Panel> &, int) {
  throw std::runtime_error(
      path + ": no picture is written, for this was built without cairo: install libcairo2-dev and configure again");
}
