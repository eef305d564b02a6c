// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// save and load: leaves of a tree as arrays of a file. The runtime reads and writes the file (runtime/weft.h); here
// names are matched, and shapes and types compared.
#include "weft/weights.h"
#include "Value.h"
#include "runtime/weft.h"
#include "weft/Tree.h"
#include <algorithm>
#include <cstring>

using namespace weft;
using namespace weft::detail;

static std::string nameOf(const LeafRef &leaf) { return leaf.path.empty() ? "value" : leaf.path; }

void detail::save(const std::string &path, const Walk &tree, Loc at) {
  std::vector<std::string> names;
  std::vector<const Value *> values;
  for (const LeafRef &leaf : tree.leaves) {
    if (leaf.tensor->empty())
      continue;
    const Value &v = *leaf.tensor->value();
    settle(*leaf.tensor, at);
    if (v.kind == Value::spec)
      throw Error(at, "save: " + nameOf(leaf) + " is a spec, " + leaf.tensor->str() +
                          ", without data: call initialize(model, Key(seed)), or give it an array");
    if (v.kind == Value::traced)
      throw Error(at, "save: " + nameOf(leaf) + " is a traced value: a tree is saved outside of traces");
    names.push_back(nameOf(leaf));
    values.push_back(&v);
  }
  std::vector<weft_named_array> arrays;
  for (std::size_t i = 0; i < names.size(); ++i)
    arrays.push_back({names[i].c_str(),
                      {const_cast<void *>(values[i]->data), values[i]->dtype.code(),
                       std::int32_t(values[i]->sizes.size()), values[i]->sizes.data()}});
  weft_error error{};
  if (weft_tensors_save(path.c_str(), arrays.data(), std::int64_t(arrays.size()), &error))
    throw Error(at, std::string("save: ") + error.message);
}

namespace {
struct Close {
  void operator()(weft_tensors *file) const { weft_tensors_close(file); }
};
using File = std::unique_ptr<weft_tensors, Close>;

/// Loading under way.
class Loader {
public:
  Loader(const std::string &path, const LoadOptions &options, Loc at) : path(path), options(options), at(at) {
    weft_error error{};
    file.reset(weft_tensors_open(path.c_str(), &error));
    if (!file)
      throw Error(at, std::string("load: ") + error.message);
    taken.resize(std::size_t(weft_tensors_count(file.get())));
    fits.resize(options.rename.size());
  }
  Tensor arrayFor(const LeafRef &leaf);
  void finish() const;

private:
  const Rename *renameOf(const std::string &leaf, std::string &name);
  std::string found(const weft_tensor_info &info) const;

  const std::string &path;
  const LoadOptions &options;
  Loc at;
  File file;
  std::vector<bool> taken, fits;
};
} // namespace

/// Matches a path against a pattern whose stars stand for any characters, the first ones for as few as possible.
static bool match(std::string_view pattern, std::string_view text, std::vector<std::string> &stars) {
  std::size_t star = pattern.find('*');
  if (star == std::string_view::npos)
    return pattern == text;
  if (!text.starts_with(pattern.substr(0, star)))
    return false;
  text.remove_prefix(star);
  for (std::size_t n = 0; n <= text.size(); ++n) {
    stars.emplace_back(text.substr(0, n));
    if (match(pattern.substr(star + 1), text.substr(n), stars))
      return true;
    stars.pop_back();
  }
  return false;
}

const Rename *Loader::renameOf(const std::string &leaf, std::string &name) {
  for (std::size_t i = 0; i < options.rename.size(); ++i) {
    const Rename &rename = options.rename[i];
    std::vector<std::string> stars;
    if (!match(rename.leaf, leaf, stars))
      continue;
    fits[i] = true;
    name.clear();
    std::size_t next = 0;
    for (char c : rename.name) {
      if (c != '*') {
        name += c;
        continue;
      }
      if (next == stars.size())
        throw Error(at, "load: rename: \"" + rename.name + "\" has more stars than \"" + rename.leaf + "\"");
      name += stars[next++];
    }
    return &rename;
  }
  name = leaf;
  return nullptr;
}

std::string Loader::found(const weft_tensor_info &info) const {
  std::string text = std::string(info.dtype < 0 ? info.type : weft_dtype_name(info.dtype)) + " ";
  return text + str(Shape(info.shape, info.shape + info.rank));
}

/// The array whose axis i is axis axes[i] of x.
static Tensor permuted(const Tensor &x, const std::vector<int> &axes) {
  const Value &v = *x.value();
  std::size_t rank = v.sizes.size();
  std::vector<std::int64_t> strides(rank, 1), sizes, steps;
  for (std::size_t i = rank; i-- > 1;)
    strides[i - 1] = strides[i] * v.sizes[i];
  for (int axis : axes) {
    sizes.push_back(v.sizes[std::size_t(axis)]);
    steps.push_back(strides[std::size_t(axis)]);
  }
  void *data = nullptr;
  Tensor array = makeArray(v.dtype, sizes, &data);
  std::size_t bytes = v.dtype.bytes();
  std::vector<std::int64_t> index(rank);
  std::int64_t from = 0;
  for (std::int64_t i = 0, count = countOf(sizes); i < count; ++i) {
    std::memcpy(static_cast<char *>(data) + std::size_t(i) * bytes,
                static_cast<const char *>(v.data) + std::size_t(from) * bytes, bytes);
    for (std::size_t axis = rank; axis-- > 0;) {
      from += steps[axis];
      if (++index[axis] < sizes[axis])
        break;
      from -= index[axis] * steps[axis];
      index[axis] = 0;
    }
  }
  return array;
}

Tensor Loader::arrayFor(const LeafRef &leaf) {
  const Value &want = *leaf.tensor->value();
  std::string own = nameOf(leaf), name;
  if (want.kind == Value::traced && !want.lazy)
    throw Error(at, "load: " + own + " is a traced value: a tree is loaded outside of traces");
  std::vector<std::int64_t> sizes;
  for (const Dim &d : want.shape) {
    if (!d.isStatic())
      throw Error(at, "load: " + own + " is " + leaf.tensor->str() + ": a leaf in a file has a fixed shape");
    sizes.push_back(d.value());
  }
  const Rename *rename = renameOf(own, name);
  std::int64_t index = weft_tensors_find(file.get(), name.c_str());
  if (index < 0) {
    std::vector<std::string> notes;
    if (const char *nearest = weft_tensors_nearest(file.get(), name.c_str()))
      notes.push_back("did you mean " + std::string(nearest) + "?");
    throw Error(at,
                "load: " + path + " has no array " + name +
                    (name == own ? std::string() : std::string(" for ").append(own)),
                notes);
  }
  taken[std::size_t(index)] = true;
  const weft_tensor_info &info = *weft_tensors_info(file.get(), index);
  auto wrong = [&](const std::string &hint) {
    throw Error(at,
                "load: " + path + ": " + name + " is " + found(info) + ", expected " + want.dtype.name() + " " +
                    str(want.shape) + (name == own ? std::string() : std::string(" for ").append(own)),
                hint.empty() ? std::vector<std::string>() : std::vector<std::string>{hint});
  };
  std::vector<std::int64_t> has(info.shape, info.shape + info.rank);
  DType type(info.dtype < 0 ? 0 : info.dtype);
  // A complex number may be its two parts: the only way that the format has for c128.
  if (want.dtype.isComplex() && info.dtype == want.dtype.real().code() && !has.empty() && has.back() == 2) {
    has.pop_back();
    type = want.dtype;
  } else if (info.dtype < 0) {
    wrong(std::string("no tensor has elements of type ") + info.type);
  } else if (type != want.dtype) {
    if (!type.isFloat() || !want.dtype.isFloat())
      wrong("");
    if (!options.cast)
      wrong("LoadOptions{.cast = true} converts floating arrays");
  }
  std::vector<std::int64_t> turned = has;
  bool turns = rename && !rename->axes.empty();
  if (turns) {
    std::vector<int> sorted = rename->axes;
    std::sort(sorted.begin(), sorted.end());
    for (std::size_t i = 0; i < sorted.size() || i < has.size(); ++i)
      if (i >= sorted.size() || i >= has.size() || sorted[i] != int(i))
        throw Error(at, "load: rename: the axes of " + own + " are no order of the " + std::to_string(has.size()) +
                            " dimensions of " + found(info));
    for (std::size_t i = 0; i < has.size(); ++i)
      turned[i] = has[std::size_t(rename->axes[i])];
  }
  if (turned != sizes)
    wrong(!turns && std::vector<std::int64_t>(has.rbegin(), has.rend()) == sizes && has.size() == 2
              ? "Rename{.axes = {1, 0}} turns it"
              : "");
  void *data = nullptr;
  Tensor array = makeArray(type, has, &data);
  weft_error error{};
  if (weft_tensors_read(file.get(), index, data, &error))
    throw Error(at, std::string("load: ") + error.message);
  if (turns)
    array = permuted(array, rename->axes);
  return type == want.dtype ? array : weft::cast(array, want.dtype, at);
}

void Loader::finish() const {
  for (std::size_t i = 0; i < fits.size(); ++i)
    if (!fits[i])
      throw Error(at, "load: rename: no leaf is called \"" + options.rename[i].leaf + "\"");
  if (!options.strict)
    return;
  constexpr int most = 8;
  int extra = 0;
  std::string names;
  for (std::size_t i = 0; i < taken.size(); ++i)
    if (!taken[i] && ++extra <= most)
      names += (extra > 1 ? ", " : "") + std::string(weft_tensors_info(file.get(), std::int64_t(i))->name);
  if (extra)
    throw Error(at, "load: " + path + " has arrays that no leaf asks for: " + names + (extra > most ? ", ..." : ""),
                {"LoadOptions{.strict = false} passes them by"});
}

void detail::load(const std::string &path, Walk &tree, const LoadOptions &options, Loc at) {
  Loader loader(path, options, at);
  std::vector<std::pair<Tensor *, Tensor>> arrays;
  for (LeafRef &leaf : tree.leaves)
    if (!leaf.tensor->empty())
      arrays.push_back({leaf.tensor, loader.arrayFor(leaf)});
  loader.finish();
  for (auto &[leaf, array] : arrays) // nothing can go wrong any more
    *leaf = std::move(array);
}
