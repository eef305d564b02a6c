// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Files of named arrays: what is no safetensors file is an error with a reason, whatever stands in it.
#include "weft.h"
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <gtest/gtest.h>
#include <random>
#include <string>
#include <sys/mman.h>
#include <unistd.h>
#include <vector>

namespace {
std::string withLength(const std::string &header, const std::string &data = {}) {
  std::string file;
  for (int i = 0; i < 8; ++i)
    file += char(std::uint64_t(header.size()) >> 8 * i);
  return file + header + data;
}
/// A file in memory: thousands on a disk take minutes.
class TensorFile : public testing::Test {
protected:
  TensorFile() {
    descriptor = memfd_create("weft", MFD_CLOEXEC);
    path = "/proc/self/fd/" + std::to_string(descriptor);
  }
  ~TensorFile() override { close(descriptor); }
  void write(const std::string &bytes) const {
    ASSERT_EQ(ftruncate(descriptor, 0), 0);
    ASSERT_EQ(pwrite(descriptor, bytes.data(), bytes.size(), 0), ssize_t(bytes.size()));
  }
  std::string opened(const std::string &bytes) const {
    write(bytes);
    weft_error error;
    weft_tensors *file = weft_tensors_open(path.c_str(), &error);
    if (!file) {
      EXPECT_NE(error.status, WEFT_OK);
      return error.message;
    }
    EXPECT_EQ(error.status, WEFT_OK);
    // Everything that it says can be read.
    for (std::int64_t i = 0; i < weft_tensors_count(file); ++i) {
      const weft_tensor_info *info = weft_tensors_info(file, i);
      std::vector<char> data(std::size_t(info->bytes) + 1);
      weft_tensors_read(file, i, data.data(), &error);
      EXPECT_EQ(weft_tensors_find(file, info->name), i);
      for (std::int32_t axis = 0; axis < info->rank; ++axis)
        EXPECT_GE(info->shape[axis], 0);
    }
    weft_tensors_close(file);
    return "";
  }
  int descriptor;
  std::string path;
};

const std::string good = R"({"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]},)"
                         R"("b\u00e9":{"shape":[3],"data_offsets":[8,11],"dtype":"BOOL"}}  )";
const std::string goodData = std::string("\0\0\x80\x3f\0\0\0\x40", 8) + std::string("\1\0\1", 3);
} // namespace

TEST_F(TensorFile, AGoodOneIsRead) {
  EXPECT_EQ(opened(withLength(good, goodData)), "");
  weft_error error;
  weft_tensors *file = weft_tensors_open(path.c_str(), &error);
  ASSERT_TRUE(file);
  ASSERT_EQ(weft_tensors_count(file), 2);
  std::int64_t at = weft_tensors_find(file, "b\xc3\xa9");
  ASSERT_EQ(at, 1);
  EXPECT_EQ(weft_tensors_info(file, at)->dtype, WEFT_I1);
  char truth[3];
  EXPECT_EQ(weft_tensors_read(file, at, truth, &error), WEFT_OK);
  EXPECT_EQ(truth[2], 1);
  float numbers[2];
  EXPECT_EQ(weft_tensors_read(file, 0, numbers, nullptr), WEFT_OK);
  EXPECT_EQ(numbers[1], 2);
  EXPECT_EQ(weft_tensors_find(file, "c"), -1);
  EXPECT_STREQ(weft_tensors_nearest(file, "A"), "a");
  EXPECT_EQ(weft_tensors_nearest(file, "something else"), nullptr);
  EXPECT_EQ(weft_tensors_info(file, 2), nullptr);
  EXPECT_EQ(weft_tensors_read(file, 2, numbers, &error), WEFT_INVALID_ARGUMENT);
  // It becomes shorter while it is open.
  std::filesystem::resize_file(path, 8 + good.size() + 4);
  EXPECT_EQ(weft_tensors_read(file, 0, numbers, &error), WEFT_FILE);
  EXPECT_TRUE(std::strstr(error.message, "became shorter")) << error.message;
  weft_tensors_close(file);
  EXPECT_EQ(opened(withLength("{}")), "");
  EXPECT_EQ(weft_tensors_open((path + "/none").c_str(), &error), nullptr);
  EXPECT_EQ(weft_tensors_open(nullptr, &error), nullptr);
  EXPECT_EQ(weft_tensors_open("/dev/null", nullptr), nullptr);
}

TEST_F(TensorFile, MalformedOnesSayWhy) {
  auto one = [](const std::string &entry) { return withLength("{\"a\":" + entry + "}", "12345678"); };
  auto field = [&](const std::string &dtype, const std::string &shape, const std::string &place) {
    return one("{\"dtype\":" + dtype + ",\"shape\":" + shape + ",\"data_offsets\":" + place + "}");
  };
  std::string deep = "{\"a\":" + std::string(100000, '[');
  std::string ranks = "[1";
  for (int i = 0; i < 32; ++i)
    ranks += ",1";
  ranks += "]";
  const struct {
    std::string bytes, says;
  } cases[] = {
      {"", "shorter than 8 bytes"},
      {"1234567", "shorter than 8 bytes"},
      {std::string("\x01\0\0\0\0\0\0\0", 8), "more than the file has"},
      {std::string(8, '\xff') + "{}", "more than the file has"},
      {std::string("\0\0\0\0\0\0\0\x80", 8) + "{}", "more than the file has"},
      {withLength(""), "expected '{'"},
      {withLength(" {}"), "a header begins with {"},
      {withLength("[]"), "a header begins with {"},
      {withLength("{"), "expected '\"'"},
      {withLength("{}x"), "something follows the header"},
      {withLength("{\"a\"}"), "expected ':'"},
      {withLength("{\"a\":1}"), "expected '{'"},
      {withLength(deep), "expected '{'"},
      {withLength("{\"a"), "a string does not end"},
      {withLength("{\"\\q\":1}"), "an escape that JSON does not know"},
      {withLength("{\"\\ud800\":1}"), "half a character"},
      {withLength("{\"\\udc00\":1}"), "half a character"},
      {withLength("{\"\\u0000\":1}"), "a character 0"},
      {withLength("{\"\\u00g0\":1}"), "four hexadecimal digits"},
      {withLength("{\"\xff\":1}"), "no UTF-8"},
      {withLength("{\"\xc3\":1}"), "no UTF-8"},
      {withLength("{\"a\nb\":1}"), "a control character"},
      {one("{}"), "expected '\"'"},
      {one("{\"dtype\":\"F32\"}"), "lacks its dtype, its shape"},
      {one("{\"dtype\":\"F32\",\"dtype\":\"F32\"}"), "the same thing twice"},
      {one("{\"kind\":\"F32\"}"), "something else than"},
      {field("\"F31\"", "[2]", "[0,8]"), "a dtype that is not known"},
      {field("4", "[2]", "[0,8]"), "expected '\"'"},
      {field("\"F32\"", "[-2]", "[0,8]"), "without sign or fraction"},
      {field("\"F32\"", "[2.0]", "[0,8]"), "without sign or fraction"},
      {field("\"F32\"", "[02]", "[0,8]"), "begins with 0"},
      {field("\"F32\"", "[99999999999999999999]", "[0,8]"), "does not fit 64 bits"},
      {field("\"F32\"", "[4611686018427387904,4]", "[0,8]"), "does not fit 64 bits"},
      {field("\"F64\"", "[2305843009213693952]", "[0,8]"), "does not fit 64 bits"},
      {field("\"F32\"", ranks, "[0,8]"), "more than 32 dimensions"},
      {field("\"F32\"", "[2]", "[0,9]"), "not in the file"},
      {field("\"F32\"", "[2]", "[8,0]"), "not in the file"},
      {field("\"F32\"", "[3]", "[0,8]"), "not those of its shape"},
      {field("\"F32\"", "[1]", "[4,8]"), "a hole in front of it"},
      {field("\"F32\"", "[1]", "[0,4]"), "4 bytes behind the last array"},
      {withLength(
           R"({"a":{"dtype":"I8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"I8","shape":[4],"data_offsets":[2,6]}})",
           "123456"),
       "b overlaps another array"},
      {withLength(
           R"({"a":{"dtype":"I8","shape":[4],"data_offsets":[0,4]},"\u0061":{"dtype":"I8","shape":[0],"data_offsets":[4,4]}})",
           "1234"),
       "two arrays are called a"},
      {withLength(R"({"__metadata__":{"a":1}})"), "expected '\"'"},
      {withLength(R"({"__metadata__":{},"__metadata__":{}})"), "one name"},
  };
  for (const auto &[bytes, says] : cases) {
    std::string message = opened(bytes);
    EXPECT_NE(message.find(says), std::string::npos) << "\"" << message << "\" lacks \"" << says << "\"";
    EXPECT_EQ(message.compare(0, path.size(), path), 0) << message;
  }
  // A BOOL that is none is found when it is read.
  write(withLength(good, goodData.substr(0, 10) + "\2"));
  weft_error error;
  weft_tensors *file = weft_tensors_open(path.c_str(), &error);
  char truth[3];
  EXPECT_EQ(weft_tensors_read(file, 1, truth, &error), WEFT_FILE);
  EXPECT_TRUE(std::strstr(error.message, "element 2 of a BOOL")) << error.message;
  weft_tensors_close(file);
}

// No crash, no read beyond the header, no endless loop: this test is what the sanitizers look at.
TEST_F(TensorFile, MutationsDoNoHarm) {
  const std::string words[] = {"{",       "}",       "[",    "]", ",",
                               ":",       "\"",      "\\",   "0", "18446744073709551616",
                               "\"F64\"", "\\ud83d", "4096", "-", "\xf0\x9f"};
  std::mt19937 random(1);
  auto below = [&](std::size_t n) { return std::size_t(random() % n); };
  int accepted = 0;
  for (int i = 0; i < 20000; ++i) {
    std::string header = good, data = goodData;
    for (std::size_t k = 1 + below(3); k > 0; --k) {
      std::size_t at = below(header.size());
      switch (below(5)) {
      case 0: header[at] = char(random()); break;
      case 1: header.erase(at, 1 + below(8)); break;
      case 2: header.insert(at, words[below(std::size(words))]); break;
      case 3: header.insert(at, header.substr(below(header.size()), below(40))); break;
      default: header[at] = "0123456789"[below(10)]; break;
      }
      if (header.empty())
        header = "{";
    }
    std::string bytes = withLength(header, data);
    if (below(20) == 0)
      bytes[below(8)] = char(random());
    if (below(20) == 0)
      bytes.resize(below(bytes.size()));
    accepted += opened(bytes).empty();
  }
  EXPECT_GT(accepted, 0); // some say the same in other words
  EXPECT_LT(accepted, 10000);
}

TEST(TensorSave, WhatCannotBeSavedIsRefused) {
  std::string folder = (std::filesystem::temp_directory_path() / "weft-save-XXXXXX").string();
  ASSERT_TRUE(mkdtemp(folder.data()));
  const std::string path = folder + "/f";
  float data[4]{1, 2, 3, 4};
  const std::int64_t shape[]{2}, negative[]{-1}, huge[]{std::int64_t(1) << 62};
  weft_error error;
  auto saved = [&](std::vector<weft_named_array> arrays) {
    weft_status status = weft_tensors_save(path.c_str(), arrays.data(), std::int64_t(arrays.size()), &error);
    EXPECT_EQ(status, error.status);
    EXPECT_EQ(std::filesystem::exists(path), status == WEFT_OK);
    EXPECT_FALSE(std::filesystem::exists(path + ".tmp"));
    return std::string(error.message);
  };
  const weft_array fine{data, WEFT_F32, 1, shape};
  EXPECT_NE(saved({{"__metadata__", fine}}).find("a meaning of its own"), std::string::npos);
  EXPECT_NE(saved({{"a", fine}, {"a", fine}}).find("two arrays are called a"), std::string::npos);
  EXPECT_NE(saved({{"\xff", fine}}).find("no UTF-8"), std::string::npos);
  EXPECT_NE(saved({{nullptr, fine}}).find("without a name"), std::string::npos);
  EXPECT_NE(saved({{"a", {nullptr, WEFT_F32, 1, shape}}}).find("no data"), std::string::npos);
  EXPECT_NE(saved({{"a", {data, 99, 1, shape}}}).find("no such dtype"), std::string::npos);
  EXPECT_NE(saved({{"a", {data, WEFT_F32, 1, negative}}}).find("negative"), std::string::npos);
  EXPECT_NE(saved({{"a", {data, WEFT_F32, 1, huge}}}).find("more bytes"), std::string::npos);
  EXPECT_NE(saved({{"a", {data, WEFT_F32, 33, shape}}}).find("32 dimensions"), std::string::npos);
  EXPECT_EQ(weft_tensors_save("/dev/full", nullptr, 0, &error), WEFT_FILE); // what is no file is not replaced
  EXPECT_EQ(weft_tensors_save("", nullptr, 0, nullptr), WEFT_INVALID_ARGUMENT);
  EXPECT_EQ(saved({{"b", fine}, {"a", {data, WEFT_I1, 0, nullptr}}, {"c", {data, WEFT_C128, 0, shape}}}), "");
  std::filesystem::remove_all(folder);
}
