// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Workers in another process: x goes down, packed messages come up.
#include "experiment.h"
#include <algorithm>
#include <cstring>

using namespace econtrol;

namespace {
constexpr int workers = 10, batch = 4, d = 640, k = 32, rounds = 40;
const Classifier<Softmax> problem{workers, batch, 1e-2, Softmax{}};
using Data = Classifier<Softmax>::Data;

/// What a process of workers holds; it has the same programs wherever it runs.
class Group {
public:
  explicit Group(Data data)
      : data_(std::move(data)),
        begin_(jit([](const Data &data, Tensor x,
                      const Key &key) { return econtrol::begin(problem, data, x, key, Method::control); },
                   data_, f32({d}), key_)),
        send_(jit(
            [](Worker &all, const Data &data, Tensor x, const Key &key, Tensor t) {
              Key now = key.fold(t);
              auto [drawing, sending] = now.next<2>();
              Tensor g = gradients(problem, data, x, drawing);
              return sendAll(all, g, full({}, 0.1f), {Method::control, {Kept::top, k}}, sending);
            },
            spec(), data_, f32({d}), key_, i32({}))) {}
  /// The first gradients, [n, d].
  Tensor begin(const Tensor &x) {
    all_ = begin_(data_, x, key_).workers;
    return all_.h;
  }
  Message send(const Tensor &x, int t) { return send_(all_, data_, x, key_, Tensor(t)); }

private:
  static const Worker &spec() {
    static Worker w{f32({workers, d}), f32({workers, d})};
    return w;
  }
  Key key_ = Key(0);
  Data data_;
  Worker all_;
  Fn<State(const Data &, Tensor, const Key &)> begin_;
  Fn<Message(Worker &, const Data &, Tensor, const Key &, Tensor)> send_;
};

class Central {
public:
  Server s{zeroVector(), zeroVector()};
  void begin(const Tensor &h) {
    s.h = run([](Tensor h) { return mean(h, 0); }, h);
  }
  void receive(const Message &all) { apply_(s, all); }

private:
  static Tensor zeroVector() { return Tensor::copy(std::vector<float>(d), {d}); }
  Fn<void(Server &, const Message &)> apply_ =
      jit([](Server &s, const Message &all) { apply(s, all, 0.1f); }, s, Message{f32({workers, k}), i32({workers, k})});
};

template <class T> zoo::Bytes bytesOf(const Tensor &x) {
  auto values = x.span<T>();
  zoo::Bytes bytes(values.size_bytes());
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}
Tensor floatsOf(const zoo::Bytes &bytes, const Shape &shape) {
  std::vector<float> values(bytes.size() / sizeof(float));
  std::memcpy(values.data(), bytes.data(), values.size() * sizeof(float));
  return Tensor::copy(values, shape);
}
bool sameBits(const Tensor &a, const Tensor &b) { return bytesOf<float>(a) == bytesOf<float>(b); }
} // namespace

int econtrol::workersProcess(const std::string &file) {
  zoo::Pipe server;
  Group group(digits(file, 0).byClass);
  auto first = server.receive();
  if (!first)
    return 0;
  server.send(bytesOf<float>(group.begin(floatsOf(*first, {d}))));
  for (std::uint32_t t = 0; auto x = server.receive(); ++t) {
    Message m = group.send(floatsOf(*x, {d}), int(t));
    auto values = m.values.span<float>();
    auto indices = m.indices.span<int>();
    for (std::uint32_t w = 0; w < workers; ++w) {
      Packet p{w, t, d, {}, {}};
      p.indices.assign(indices.begin() + w * k, indices.begin() + (w + 1) * k);
      p.values.assign(values.begin() + w * k, values.begin() + (w + 1) * k);
      server.send(pack(p));
    }
  }
  return 0;
}

void econtrol::twoProcesses(zoo::Run &run) {
  std::string file = run.data("digits.csv.gz");
  Group here(digits(file, 0).byClass);
  Central one, two;
  one.begin(here.begin(one.s.x));
  for (int t = 0; t < rounds; ++t)
    one.receive(here.send(one.s.x, t));

  zoo::Child there({"--workers=" + file});
  auto answer = [&] {
    auto bytes = there.receive();
    if (!bytes)
      throw std::runtime_error("the process of the workers ended early");
    return *bytes;
  };
  there.send(bytesOf<float>(two.s.x));
  two.begin(floatsOf(answer(), {workers, d}));
  const std::int64_t dense = there.received();
  for (std::uint32_t t = 0; t < rounds; ++t) {
    there.send(bytesOf<float>(two.s.x));
    std::vector<float> values;
    std::vector<int> indices;
    for (std::uint32_t w = 0; w < workers; ++w) {
      Packet p = unpack(answer(), d);
      refuse(p.worker != w || p.step != t, "a message of worker " + std::to_string(p.worker) + ", step " +
                                               std::to_string(p.step) + " came out of turn");
      values.insert(values.end(), p.values.begin(), p.values.end());
      indices.insert(indices.end(), p.indices.begin(), p.indices.end());
    }
    two.receive({Tensor::copy(values, {workers, k}), Tensor::copy(indices, {workers, k})});
  }
  bool same = sameBits(one.s.x, two.s.x) && sameBits(one.s.h, two.s.h);
  run.criterion("5",
                zoo::text("digits, ten workers in a second process, %d rounds (%lld bytes up, %lld down, the first "
                          "gradients %lld): x and h",
                          rounds, (long long)(there.received() - dense), (long long)there.sent(), (long long)dense),
                "as in one process, bit for bit", same ? "the same bits" : "other bits", same);
}
