// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Parsing, drawing, storing: see Values.h.
#include "tools/Values.h"
#include "dialects/weft/Sizes.h"
#include "mlir/IR/Builders.h"
#include "runtime/weft_runtime.h"
#include "tools/Output.h"
#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"
#include <cstring>

using namespace mlir;
namespace weft::tools {

Type elementType(MLIRContext *c, int32_t type) {
  Builder b(c);
  switch (type) {
  case WEFT_I1: return b.getI1Type();
  case WEFT_I8: return b.getI8Type();
  case WEFT_I32: return b.getI32Type();
  case WEFT_I64: return b.getI64Type();
  case WEFT_F16: return b.getF16Type();
  case WEFT_BF16: return b.getBF16Type();
  case WEFT_F32: return b.getF32Type();
  case WEFT_F64: return b.getF64Type();
  default: return {};
  }
}
int32_t abiType(Type element) {
  for (int32_t type = WEFT_I1; type <= WEFT_F64; ++type)
    if (elementType(element.getContext(), type) == element)
      return type;
  return -1;
}
std::string shapeText(const HostArray &array) {
  std::string text;
  for (int64_t d : array.shape)
    text += std::to_string(d) + "x";
  llvm::raw_string_ostream(text) << array.element;
  return text;
}

/// A double as the bits of a narrower format, and back.
static uint64_t pack(double v, FloatType type) {
  llvm::APFloat x(v);
  bool lost;
  x.convert(type.getFloatSemantics(), llvm::APFloat::rmNearestTiesToEven, &lost);
  return x.bitcastToAPInt().getZExtValue();
}
static double unpack(uint64_t bits, FloatType type) {
  llvm::APFloat x(type.getFloatSemantics(), llvm::APInt(type.getWidth(), bits));
  bool lost;
  x.convert(llvm::APFloat::IEEEdouble(), llvm::APFloat::rmNearestTiesToEven, &lost);
  return x.convertToDouble();
}
static size_t width(const HostArray &a) { return std::max<size_t>(1, a.element.getIntOrFloatBitWidth() / 8); }

std::vector<char> toBytes(const HostArray &a) {
  size_t w = width(a);
  std::vector<char> bytes(size_t(a.size()) * w);
  for (int64_t at = 0, n = a.size(); at < n; ++at) {
    uint64_t bits = a.isFloat() ? pack(a.f[at], cast<FloatType>(a.element)) : uint64_t(a.i[at]);
    std::memcpy(bytes.data() + at * w, &bits, w); // little endian
  }
  return bytes;
}
void fromBytes(HostArray &a, const void *bytes) {
  size_t w = width(a);
  for (int64_t at = 0, n = a.size(); at < n; ++at) {
    uint64_t bits = 0;
    std::memcpy(&bits, static_cast<const char *>(bytes) + at * w, w);
    if (a.isFloat())
      a.f[at] = unpack(bits, cast<FloatType>(a.element));
    else
      a.i[at] = a.element.isInteger(1) ? int64_t(bits & 1) : int64_t(bits << (64 - 8 * w)) >> (64 - 8 * w);
  }
}

void fillRandom(HostArray &a, uint64_t seed, bool normal) {
  for (int64_t at = 0, n = a.size(); at < n; ++at) {
    uint32_t key[2] = {uint32_t(seed), uint32_t(seed >> 32)}, counter[4] = {uint32_t(at), uint32_t(at >> 32), 0, 0},
             word[4];
    weft_philox(key, counter, word);
    double u = (word[0] + 0.5) / 4294967296.0, v = word[1] / 4294967296.0;
    if (a.isFloat())
      a.f[at] = normal ? std::sqrt(-2 * std::log(u)) * std::cos(6.283185307179586 * v) : v;
    else
      a.i[at] = a.element.isInteger(1) ? word[0] & 1 : word[0] % 10;
  }
  a.round();
}

bool parseInput(MLIRContext *context, const std::string &spec, HostArray &array, std::string &error) {
  auto [typeText, valueText] = StringRef(spec).split('=');
  SmallVector<StringRef> parts;
  typeText.split(parts, 'x');
  auto expected = [&](const std::string &why) {
    error = "--input=" + spec + ": " + why +
            "; expected e.g. 4x8xf32=@x.npy, 4x8xf32=normal:7, uniform:7, zeros, iota, 1.5 or 1,2,3";
    return false;
  };
  SmallVector<int64_t> shape;
  for (StringRef d : ArrayRef(parts).drop_back()) {
    int64_t size;
    if (d.getAsInteger(10, size) || size < 0)
      return expected("'" + d.str() + "' is no size of a dimension");
    shape.push_back(size);
  }
  // Numbers are doubles and 64-bit integers here.
  int64_t bytes = weft_array_bytes(WEFT_F64, shape.data(), int32_t(shape.size())), elements = bytes / 8;
  if (bytes < 0 || bytes > ir::mostBytes)
    return expected("no memory holds such an array");
  Type element;
  for (int32_t type = WEFT_I1; type <= WEFT_F64; ++type)
    if (parts.back() == weft_dtype_name(type))
      element = elementType(context, type);
  if (!element)
    return expected("'" + parts.back().str() + "' is no element type");
  array = HostArray(element, shape);
  if (valueText.consume_front("@")) {
    HostArray read;
    if (!readNpy(context, valueText.str(), read, error))
      return false;
    if (read.shape != array.shape || read.isFloat() != array.isFloat())
      return expected(valueText.str() + " holds " + shapeText(read));
    read.element = element;
    read.round();
    array = std::move(read);
    return true;
  }
  auto [kind, seedText] = valueText.split(':');
  uint64_t seed = 0;
  if (kind == "normal" || kind == "uniform") {
    if (seedText.getAsInteger(10, seed))
      return expected("'" + seedText.str() + "' is no seed");
    fillRandom(array, seed, kind == "normal");
    return true;
  }
  if (valueText == "zeros")
    return true;
  if (valueText == "iota") {
    for (int64_t at = 0; at < elements; ++at)
      array.isFloat() ? void(array.f[at] = double(at)) : void(array.i[at] = at);
    array.round();
    return true;
  }
  SmallVector<StringRef> numbers;
  valueText.split(numbers, ',');
  if (numbers.size() != 1 && int64_t(numbers.size()) != elements)
    return expected(std::to_string(numbers.size()) + " values for " + std::to_string(elements) + " elements");
  for (int64_t at = 0; at < elements; ++at) {
    StringRef text = numbers[numbers.size() == 1 ? 0 : at].trim();
    bool bad;
    if (array.isFloat()) {
      char *end = nullptr;
      std::string copy = text.str();
      array.f[at] = std::strtod(copy.c_str(), &end);
      bad = copy.empty() || *end;
    } else {
      bad = text.getAsInteger(0, array.i[at]);
    }
    if (bad)
      return expected("'" + text.str() + "' is no number");
  }
  array.round();
  return true;
}

//===- .npy, version 1.0 of the format ------------------------------------------------------------------------------===//

static const char *npyType(Type element) {
  switch (abiType(element)) {
  case WEFT_I1: return "|b1";
  case WEFT_I8: return "|i1";
  case WEFT_I32: return "<i4";
  case WEFT_I64: return "<i8";
  case WEFT_F16: return "<f2";
  case WEFT_F64: return "<f8";
  default: return "<f4";
  }
}

bool writeNpy(const std::string &path, const HostArray &array, std::string &error) {
  HostArray stored = array;
  if (stored.element.isBF16())
    stored.element = Float32Type::get(stored.element.getContext());
  std::string header = std::string("{'descr': '") + npyType(stored.element) + "', 'fortran_order': False, 'shape': (";
  for (int64_t d : stored.shape)
    header += std::to_string(d) + ",";
  header += "), }";
  header.append(63 - (10 + header.size()) % 64, ' ');
  header += '\n';
  std::string bytes("\x93NUMPY\x01\x00", 8);
  bytes += {char(header.size() & 255), char(header.size() >> 8)};
  bytes += header;
  std::vector<char> data = toBytes(stored);
  bytes.append(data.begin(), data.end());
  return writeFile(path, bytes, error);
}

/// The value of a key in the header, which is a Python dictionary: {'descr': '<f4', 'fortran_order': False, 'shape':
/// (2, 0), }.
static std::optional<StringRef> npyField(StringRef header, StringRef key) {
  size_t at = header.find(key);
  if (at == StringRef::npos)
    return std::nullopt;
  StringRef value = header.substr(at + key.size()).ltrim();
  if (!value.consume_front(":"))
    return std::nullopt;
  return value.ltrim();
}

bool readNpy(MLIRContext *context, const std::string &path, HostArray &array, std::string &error) {
  auto file = llvm::MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  auto bad = [&](const std::string &why) {
    error = path + ": " + why;
    return false;
  };
  if (!file)
    return bad("cannot be read: " + file.getError().message());
  StringRef text = (*file)->getBuffer();
  if (!text.consume_front("\x93NUMPY") || text.size() < 2)
    return bad("is no .npy file");
  unsigned major = uint8_t(text[0]), fieldBytes = major == 1 ? 2 : 4;
  if (major < 1 || major > 3)
    return bad("is a .npy file of version " + std::to_string(major) + "; known are 1, 2 and 3");
  text = text.drop_front(2);
  if (text.size() < fieldBytes)
    return bad("its header is cut off");
  size_t length = 0;
  for (unsigned i = 0; i < fieldBytes; ++i)
    length |= size_t(uint8_t(text[i])) << (8 * i);
  text = text.drop_front(fieldBytes);
  if (length > text.size())
    return bad("its header is cut off");
  StringRef header = text.take_front(length), data = text.drop_front(length);
  std::optional<StringRef> descrField = npyField(header, "'descr'"), order = npyField(header, "'fortran_order'"),
                           shapeField = npyField(header, "'shape'");
  if (!descrField || !order || !shapeField || !shapeField->consume_front("(") || !shapeField->contains(')'))
    return bad("its header lacks the element type, the order or the shape");
  StringRef descr;
  if (descrField->consume_front("'"))
    descr = descrField->take_until([](char c) { return c == '\''; });
  else
    return bad("has elements of several fields; known are single numbers");
  if (order->starts_with("True"))
    return bad("is in Fortran order: save it with order='C'");
  SmallVector<StringRef> sizes;
  shapeField->take_until([](char c) { return c == ')'; }).split(sizes, ',', -1, /*KeepEmpty=*/false);
  SmallVector<int64_t> shape;
  for (StringRef s : sizes) {
    int64_t d;
    if (s.trim().empty())
      continue;
    if (s.trim().getAsInteger(10, d) || d < 0)
      return bad("its shape has '" + s.trim().str() + "' for a size");
    shape.push_back(d);
  }
  Type element;
  for (int32_t type = WEFT_I1; type <= WEFT_F64; ++type)
    if (type != WEFT_BF16 && descr == npyType(elementType(context, type)))
      element = elementType(context, type);
  if (!element)
    return bad("has elements of type '" + descr.str() + "'; known are b1 i1 i4 i8 f2 f4 f8, little endian");
  // The size first: a header can ask for any, and the file shows what is there.
  int64_t bytes = weft_array_bytes(abiType(element), shape.data(), int32_t(shape.size()));
  if (bytes < 0 || uint64_t(bytes) != data.size())
    return bad("has " + std::to_string(data.size()) + " bytes of data for the shape (" +
               llvm::join(llvm::map_range(shape, [](int64_t d) { return std::to_string(d); }), ", ") + ") of '" +
               descr.str() + "'");
  array = HostArray(element, shape);
  fromBytes(array, data.data());
  return true;
}
} // namespace weft::tools
