// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Marks, and who listens for them; see weft/Named.h.
#include "weft/Named.h"
#include "Tracer.h"
#include <algorithm>

using namespace weft;
using namespace weft::detail;

static thread_local std::vector<Listener *> listeners;

/// Where the model lies among the arguments: its leaves were named from there.
static std::string pathOf(const Walk &model) {
  for (const LeafRef &leaf : model.leaves) {
    if (leaf.tensor->empty() || leaf.path.empty())
      continue;
    const std::string &whole = leaf.tensor->value()->path;
    if (whole.size() > leaf.path.size() && whole.ends_with("." + leaf.path))
      return whole.substr(0, whole.size() - leaf.path.size());
    if (whole == leaf.path)
      return {};
  }
  for (const Place *place : model.places)
    if (!place->path.empty())
      return place->path + ".";
  return {};
}

Tensor detail::mark(const Walk &model, std::string_view name, const Tensor &x, Loc at) {
  requireValue(x, "mark", "the value", at);
  std::string path = pathOf(model) + std::string(name);
  Tensor value = emit("weft.mark", {x}, {{"name", path}}, at);
  for (auto listener = listeners.rbegin(); listener != listeners.rend(); ++listener) {
    Listener &l = **listener;
    if (l.path_ != path) {
      if (std::find(l.met_.begin(), l.met_.end(), path) == l.met_.end())
        l.met_.push_back(path);
      continue;
    }
    if (l.edit_) {
      Tensor edited = l.edit_(value);
      if (edited.empty() || edited.dtype() != value.dtype() || !(edited.shape() == value.shape()))
        fail(l.at_,
             "splice: what takes the place of " + path + " must be " + value.str() + " like it, found " + edited.str(),
             {{"value", value}, {"its replacement", edited}});
      value = edited;
    }
    l.found_.push_back(value);
  }
  return value;
}

Listener::Listener(const char *op, std::string path, std::function<Tensor(Tensor)> edit, Loc at)
    : op_(op), path_(std::move(path)), at_(at), edit_(std::move(edit)) {
  requireTrace(op, at);
  listeners.push_back(this);
}
Listener::~Listener() { listeners.erase(std::find(listeners.begin(), listeners.end(), this)); }

Tensor Listener::value() const {
  if (found_.empty()) {
    std::string text;
    for (const std::string &path : met_)
      text += (text.empty() ? "" : ", ") + path;
    throw Error(
        at_, std::string(op_) + ": no value named " + path_ + " was met",
        {met_.empty() ? "nothing is marked in the body: mark(*this, \"name\", x) names a value" : "met were " + text});
  }
  if (!edit_ && found_.size() > 1)
    throw Error(at_, std::string(op_) + ": " + path_ + " was met " + std::to_string(found_.size()) +
                         " times: tap inside the call that is meant");
  return found_.back();
}
