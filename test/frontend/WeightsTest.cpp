// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Trees in files: what is saved comes back bit for bit, training goes on as if nothing had been, other people's files
// load by name, and a file that does not fit changes nothing.
#include "Messages.h"
#include "weft.h"
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <unistd.h>
#include <weft/weft.h>

using namespace weft;

namespace {
bool has(const std::string &text, const std::string &part) { return text.find(part) != std::string::npos; }

/// A folder of the test's own.
struct Folder {
  std::string path;
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "weft weights XXXXXX").string();
    path = mkdtemp(name.data());
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::string operator/(const std::string &name) const { return path + "/" + name; }
};
std::string bytesOf(const std::string &path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

struct Block {
  nn::Linear up{8, 12}, down{12, 8};
  nn::Dropout drop{0.2f};
  Tensor operator()(Tensor x, Mode m = {}) const { return x + drop(down(gelu(up(x))), m); }
};
struct Net {
  std::vector<Block> blocks = nn::stack<Block>(2);
  nn::Linear head{8, 3};
  Tensor operator()(Tensor x, Mode m = {}) const {
    for (auto &b : blocks)
      x = b(x, m);
    return head(x);
  }
};
struct State {
  Net net, slow = net;
  optim::AdamW<Net> opt{net, {.lr = optim::warmup(4, 1e-2), .decay = 0.1, .clip_norm = 1}};
  Key key{};
};
Tensor step(State &s, Tensor x, Tensor y) {
  Mode m = training(s.key);
  Tensor loss = cross_entropy(s.net(x, m), y);
  s.opt.update(s.net, grad(loss, s.net));
  s.slow = ema(s.slow, s.net, 0.9f);
  return loss;
}
/// All bytes of a tree, one leaf after the other.
template <class T> std::string allBytes(const T &tree) {
  std::string all;
  for (auto &leaf : detail::describe(tree).leaves)
    if (!leaf.tensor->empty()) {
      Folder folder;
      save(folder / "leaf", *leaf.tensor);
      all += leaf.path + bytesOf(folder / "leaf");
    }
  return all;
}

struct Kinds {
  Tensor truth = Tensor::copy(std::array<bool, 3>{true, false, true}, {3});
  Tensor small = Tensor::copy(std::vector<signed char>{-128, 0, 127}, {3});
  Tensor index = Tensor::copy({1, -2}, {2}), count = Tensor::copy({std::int64_t(1) << 60}, {1});
  Tensor half, brain, single = Tensor::copy({1.5f, -0.0f}, {2}), wide = Tensor::copy({1e300}, {1});
  Tensor pair = Tensor::copy({std::complex<float>(1, 2)}, {1}),
         widePair = Tensor::copy({std::complex<double>(3, 4)}, {});
  Tensor scalar = Tensor(7), nothing = Tensor::copy(std::vector<float>{}, {0, 5}), empty;
  Key key{5};
  Kinds() {
    unsigned short bits[]{0x3c01, 0x7c00};
    half = Tensor::copyBytes(bits, 2, f16, {2});
    brain = Tensor::copyBytes(bits, 2, bf16, {2});
  }
  void fields(auto &&leaf) {
    leaf("truth", truth), leaf("small", small), leaf("index", index), leaf("count", count), leaf("half", half),
        leaf("brain", brain), leaf("single", single), leaf("wide", wide), leaf("pair", pair),
        leaf("widePair", widePair), leaf("scalar", scalar), leaf("nothing", nothing), leaf("empty", empty),
        leaf("key \"with\" \n \xc3\xa9", key);
  }
};
// As PyTorch's: [out, in], other names, another precision, an array that nobody asks for.
struct Theirs {
  Tensor a = Tensor::copy({1.f, 2.f, 3.f, 4.f, 5.f, 6.f}, {3, 2}), b = Tensor::copy({0.5f, 1.5f, 2.5f}, {3}), n = 3;
  void fields(auto &&leaf) { leaf("model.0.fc.weight", a), leaf("model.0.fc.bias", b), leaf("model.0.steps", n); }
};
} // namespace

TEST(Weights, EveryElementTypeComesBack) {
  Folder folder;
  Kinds out, in;
  save(folder / "kinds.safetensors", out);
  for (auto &leaf : detail::describe(in).leaves)
    if (!leaf.tensor->empty())
      *leaf.tensor = leaf.tensor->dtype()(leaf.tensor->shape()); // a spec takes a value as well
  load(folder / "kinds.safetensors", in);
  EXPECT_EQ(allBytes(in), allBytes(out));
  EXPECT_TRUE(in.empty.empty());
  EXPECT_EQ(in.widePair.item<std::complex<double>>(), std::complex<double>(3, 4));
  save(folder / "again", in);
  EXPECT_EQ(bytesOf(folder / "again"), bytesOf(folder / "kinds.safetensors")); // one tree, one file
}

TEST(Weights, TrainingGoesOnAsIfNothingHadBeen) {
  Folder folder;
  Tensor x = run([](Key k) { return normal(k, {16, 8}); }, Key(3)),
         y = run([](Key k) { return cast(uniform(k, {16}) * 3, i32); }, Key(4));
  auto fresh = [] {
    State s;
    initialize(s, Key(1));
    return s;
  };
  State whole = fresh(), first = fresh(), second = fresh();
  auto train = jit(step, whole, f32({16, 8}), i32({16}));
  std::vector<float> losses;
  for (int i = 0; i < 8; ++i)
    losses.push_back(train(whole, x, y).item<float>());
  for (int i = 0; i < 4; ++i)
    train(first, x, y);
  save(folder / "s.safetensors", first);
  load(folder / "s.safetensors", second);
  for (int i = 4; i < 8; ++i)
    EXPECT_EQ(train(second, x, y).item<float>(), losses[std::size_t(i)]);
  EXPECT_EQ(allBytes(second), allBytes(whole));
  EXPECT_NE(allBytes(first), allBytes(whole));
  EXPECT_FALSE(std::filesystem::exists(folder / "s.safetensors.tmp"));
}

TEST(Weights, FilesOfOthersLoadByName) {
  Folder folder;
  Theirs theirs;
  save(folder / "f", theirs);
  struct Ours {
    std::vector<nn::Linear> layers = nn::stack<nn::Linear>(1, 2, 3);
  } ours;
  LoadOptions options{{{"layers.*.w", "model.*.fc.weight", {1, 0}}, {"layers.*.b", "model.*.fc.bias"}}};
  std::string message = test::messageOf([&] { load(folder / "f", ours, options); });
  EXPECT_TRUE(has(message, "has arrays that no leaf asks for: model.0.steps")) << message;
  EXPECT_FALSE(ours.layers[0].w.isConcrete()); // nothing changed
  options.strict = false;
  load(folder / "f", ours, options);
  auto w = ours.layers[0].w.span<float>();
  EXPECT_EQ(std::vector<float>(w.begin(), w.end()), (std::vector<float>{1, 3, 5, 2, 4, 6}));
  EXPECT_EQ(ours.layers[0].b.span<float>()[2], 2.5f);

  Ours half = cast(Ours{}, bf16);
  message = test::messageOf([&] { load(folder / "f", half, options); });
  EXPECT_TRUE(has(message, "is f32 [3, 2], expected bf16 [2, 3] for layers.0.w")) << message;
  options.cast = true;
  load(folder / "f", half, options);
  EXPECT_EQ(half.layers[0].b.dtype(), bf16);

  options.rename[0].axes = {};
  message = test::messageOf([&] { load(folder / "f", ours, options); });
  EXPECT_TRUE(has(message, "Rename{.axes = {1, 0}} turns it")) << message;
  options.rename[0].axes = {1, 1};
  EXPECT_TRUE(has(test::messageOf([&] { load(folder / "f", ours, options); }), "are no order of"));
  options.rename[0] = {"layers.*.v", "model.*.fc.weight"};
  message = test::messageOf([&] { load(folder / "f", ours, options); });
  EXPECT_TRUE(has(message, "has no array layers.0.w")) << message;
  options.rename[0] = {"layers.*.w", "model.*.*"};
  EXPECT_TRUE(has(test::messageOf([&] { load(folder / "f", ours, options); }), "more stars"));
}

TEST(Weights, WhatDoesNotFitChangesNothing) {
  Folder folder;
  State s;
  initialize(s, Key(1));
  save(folder / "s", s);
  struct Other {
    Net net;
    Tensor extra = zeros();
    static Tensor zeros() { return Tensor::copy({0.f}, {1}); }
  } other;
  initialize(other.net, Key(2));
  std::string before = allBytes(other);
  auto same = [&](const std::string &part, auto &&call) {
    std::string message = test::messageOf(call);
    EXPECT_TRUE(has(message, part)) << message << "\n  lacks " << part;
    EXPECT_TRUE(has(message, "WeightsTest.cpp")) << message;
    EXPECT_EQ(allBytes(other), before);
  };
  same("has no array extra", [&] { load(folder / "s", other); });
  same("did you mean net.head.w?", [&] {
    struct {
      nn::Linear heat{8, 3};
    } typo;
    struct Outer {
      decltype(typo) net;
    } outer;
    load(folder / "s", outer);
  });
  same("cannot be opened: No such file", [&] { load(folder / "none", other); });
  same("is no regular file", [&] { load(folder.path, other); });
  same("net.head.w is f32 [8, 3], expected f32 [8, 4]", [&] {
    struct {
      struct {
        nn::Linear head{8, 4};
      } net;
    } wider;
    load(folder / "s", wider, {.strict = false});
  });
  std::string bytes = bytesOf(folder / "s");
  std::ofstream(folder / "cut", std::ios::binary) << bytes.substr(0, bytes.size() - 1); // a download that broke off
  same("are not in the file", [&] { load(folder / "cut", other); });
  same("has a fixed shape", [&] {
    struct {
      Tensor x = f32({dim("B", 1, 4)});
    } open;
    load(folder / "s", open);
  });
}

TEST(Weights, SavesThatFailLeaveTheOldFile) {
  Folder folder;
  Net net;
  std::string message = test::messageOf([&] { save(folder / "n", net); });
  EXPECT_TRUE(has(message, "blocks.0.up.w is a spec")) << message;
  EXPECT_FALSE(std::filesystem::exists(folder / "n"));
  initialize(net, Key(1));
  EXPECT_TRUE(has(test::messageOf([&] { save(folder / "no/n", net); }), "cannot be written: No such file"));
  save(folder / "n", net);
  std::string old = bytesOf(folder / "n");

  // Another saves to the same path.
  {
    std::ofstream held(folder / "n.tmp");
    int lock = open((folder / "n.tmp").c_str(), O_RDWR);
    ASSERT_EQ(flock(lock, LOCK_EX | LOCK_NB), 0);
    message = test::messageOf([&] { save(folder / "n", net); });
    EXPECT_TRUE(has(message, "another process or thread is saving to it")) << message;
    close(lock);
  }
  // What a killed process left is taken over; what somebody else put there is not.
  initialize(net, Key(2));
  save(folder / "n", net);
  EXPECT_NE(bytesOf(folder / "n"), old);
  EXPECT_FALSE(std::filesystem::exists(folder / "n.tmp"));
  std::filesystem::create_symlink(folder / "elsewhere", folder / "n.tmp");
  EXPECT_TRUE(has(test::messageOf([&] { save(folder / "n", net); }), "n.tmp: cannot be written"));
  std::filesystem::remove(folder / "n.tmp");
  std::ofstream(folder / "precious") << "precious";
  std::filesystem::create_hard_link(folder / "precious", folder / "n.tmp");
  EXPECT_TRUE(has(test::messageOf([&] { save(folder / "n", net); }), "is in the way"));
  EXPECT_EQ(bytesOf(folder / "precious"), "precious");
  std::filesystem::remove(folder / "n.tmp");

  // Behind a link it is the file that is replaced.
  std::filesystem::create_symlink(folder / "n", folder / "link");
  initialize(net, Key(3));
  old = bytesOf(folder / "n");
  save(folder / "link", net);
  EXPECT_TRUE(std::filesystem::is_symlink(folder / "link"));
  EXPECT_NE(bytesOf(folder / "n"), old);
}
