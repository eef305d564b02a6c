// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Workers that send a few numbers of each gradient and a server that adds them up: EControl (Y. Gao, R. Islamov and
// S. Stich, "EControl: fast distributed optimization with compression and error control", 2023), and what it is
// compared with.
#pragma once
#include <stdexcept>
#include <string>
#include <vector>
#include <weft/weft.h>

namespace econtrol {
using namespace weft;

inline void refuse(bool bad, const std::string &why) {
  if (bad)
    throw std::invalid_argument(why);
}

// ---- messages
/// What goes over the wire: k numbers of d, and where they belong.
struct Message {
  Tensor values, indices; // [k], i32 [k]
};
enum class Kept { all, top, random, sign, eighth };
/// Which numbers are sent, and how: all of them; the k largest by magnitude, of equal ones the first; k by chance; all
/// as a sign and their mean magnitude; all as 8-bit multiples of the largest one's 127th part.
struct Compressor {
  Kept how = Kept::top;
  int k = 1;
  /// Lengths of consecutive parts (the leaves of a model) that each keep their share of k; none: one part.
  std::vector<int> parts = {};
  bool sparse() const { return how == Kept::top || how == Kept::random; }
  int share(int size, int d) const { return std::max(1, int(std::int64_t(k) * size / d)); }
};
inline Message compress(const Compressor &c, const Tensor &v, const Key &key) {
  const Dim d = v.dim(0);
  switch (c.how) {
  case Kept::top: {
    std::vector<Tensor> chosen;
    int from = 0;
    for (int size : c.parts) {
      Tensor part = slice(v, 0, from, from + size);
      chosen.push_back(top_k(abs(part), c.share(size, int(d.value()))).indices + from);
      from += size;
    }
    Tensor i = chosen.empty() ? top_k(abs(v), c.k).indices : concat(chosen, 0);
    return {take(v, i), i};
  }
  case Kept::random: {
    Tensor i = choice(key, d, c.k);
    return {take(v, i), i};
  }
  case Kept::sign: return {mean(abs(v)) * sign(v), iota(d)};
  case Kept::eighth: {
    Tensor unit = max(abs(v)) / 127;
    return {select(unit > 0, round(v / unit) * unit, 0), iota(d)};
  }
  default: return {v, iota(d)};
  }
}
/// `to` with a message added, or taken away. No place comes twice in it, so the k places are set, and nothing else of a
/// vector that dies here is touched.
inline Tensor plus(const Tensor &to, const Message &m) { return update(to, m.indices, take(to, m.indices) + m.values); }
inline Tensor minus(const Tensor &from, const Message &m) {
  return update(from, m.indices, take(from, m.indices) - m.values);
}
/// The sum of many messages, whose places meet, in their order.
inline Tensor plusAll(const Tensor &to, const Message &m, const Dim &workers) {
  return scatter_add(to, reshape(m.indices, {-1}), reshape(m.values / float(workers.value()), {-1}));
}

// ---- the method
struct Worker {
  Tensor e, h; // the error that was not sent yet, and what the server believes of the gradient: [d]
};
struct Server {
  Tensor x, h; // h: the mean of the workers' h
};
/// One step of a worker: e and h both come of one message. With `frozen` h stays as it is, which is the classic error
/// feedback where h is 0, and the ideal one where h is the worker's gradient at the optimum.
inline Message control(Worker &w, const Tensor &g, const Operand &eta, const Compressor &c, const Key &key,
                       bool frozen = false) {
  Message m = compress(c, eta * w.e + g - w.h, key);
  w.e = minus(w.e + g - w.h, m);
  if (!frozen)
    w.h = plus(w.h, m);
  return m;
}
/// The messages of all workers, [n, k], in the order of the workers.
inline void apply(Server &s, const Message &all, const Operand &gamma, bool frozen = false) {
  Tensor direction = plusAll(s.h, all, all.values.dim(0));
  s.x -= gamma * direction;
  if (!frozen)
    s.h = direction;
}

// ---- what it is compared with, each written on its own
/// The gradient estimate alone (P. Richtarik, I. Sokolov and I. Fatkhullin, "EF21", 2021).
inline Message ef21(Tensor &h, const Tensor &g, const Compressor &c, const Key &key) {
  Message m = compress(c, g - h, key);
  h = plus(h, m);
  return m;
}
/// The error memory alone (F. Seide and others, 2014).
inline Message feedback(Tensor &e, const Tensor &g, const Compressor &c, const Key &key) {
  Tensor whole = e + g;
  Message m = compress(c, whole, key);
  e = minus(whole, m);
  return m;
}
/// A step by the mean of the messages.
inline void descend(Tensor &x, const Message &all, const Operand &gamma) {
  Tensor zero = zeros(x.shape(), x.dtype());
  x -= gamma * plusAll(zero, all, all.values.dim(0));
}

// ---- n workers in one process, side by side
enum class Method { sgd, compressed, feedback, ef21, control, ideal };
inline bool believes(Method m) { return m == Method::ef21 || m == Method::control; }
struct State {
  Server server;
  Worker workers;      // [n, d]
  Tensor bad{i32({})}; // step * n + worker of the first gradient that was not finite; -1: none
};
struct How {
  Method method = Method::control;
  Compressor compressor{};
};

/// The gradients of all workers at x, [n, d]; worker i draws with key.fold(i).
template <class P> Tensor gradients(const P &p, const typename P::Data &data, const Tensor &x, const Key &key) {
  return vmap(
      [&](typename P::Data own, Tensor i) {
        Key drawn = key.fold(i);
        return p.gradient(own, x, drawn);
      },
      data, iota(p.workers));
}
/// The workers' part of a step.
inline Message sendAll(Worker &all, const Tensor &g, const Tensor &eta, const How &how, const Key &key) {
  struct Next {
    Worker w;
    Message m;
  };
  Next next = vmap(
      [&](Worker w, Tensor g, Tensor i) {
        Key own = key.fold(i);
        Message m;
        switch (how.method) {
        case Method::ef21: m = ef21(w.h, g, how.compressor, own); break;
        case Method::feedback: m = feedback(w.e, g, how.compressor, own); break;
        case Method::compressed: m = compress(how.compressor, g, own); break;
        case Method::sgd: m = compress({Kept::all}, g, own); break;
        default: m = control(w, g, eta, how.compressor, own, how.method == Method::ideal);
        }
        return Next{w, m};
      },
      all, g, iota(g.dim(0)));
  all = next.w;
  return next.m;
}
inline void receive(Server &s, const Message &all, const Tensor &gamma, const How &how) {
  if (believes(how.method) || how.method == Method::ideal)
    apply(s, all, gamma, how.method == Method::ideal);
  else
    descend(s.x, all, gamma);
}
/// One step of all. Where a gradient is not finite nothing moves any more, and `bad` says whose and when.
template <class P>
void iterate(State &s, const P &p, const typename P::Data &data, const How &how, const Tensor &eta, const Tensor &gamma,
             const Key &key, const Tensor &t) {
  Key now = key.fold(t);
  auto [drawing, sending] = now.next<2>();
  Tensor g = gradients(p, data, s.server.x, drawing);
  Tensor finite = max(abs(g), 1) < infinity, all = all_of(finite);
  Tensor before = s.bad;
  s.bad = select(before >= 0 || all, before, t * p.workers + cast(argmin(cast(finite, i32)), i32));
  when(before < 0 && all, s, [&](State &s) {
    Message m = sendAll(s.workers, g, eta, how, sending);
    receive(s.server, m, gamma, how);
  });
}
/// Everything at 0, but that workers and server agree on the first gradient where they keep an estimate of it; and that
/// the ideal method knows the gradients at the optimum, of a problem that tells it.
template <class P>
State begin(const P &p, const typename P::Data &data, const Tensor &x, const Key &key, Method method) {
  Tensor none = zeros({p.workers, x.dim(0)}, x.dtype()), h = none;
  Key now = key.fold(0);
  auto [drawing, sending] = now.next<2>();
  (void)sending;
  if (believes(method))
    h = gradients(p, data, x, drawing);
  if constexpr (requires { p.optimum(data); })
    if (method == Method::ideal)
      h = gradients(p, data, p.optimum(data), drawing);
  return {{x, mean(h, 0)}, {none, h}, zeros({}, i32) - 1};
}

/// Many runs side by side: axis 0 of every leaf. Returns p.measure of each step and run, [steps, runs].
template <class P> struct Lanes {
  typename P::Data data;
  Tensor eta, gamma;
  Key key{};
};
template <class P> Tensor simulate(State &all, const P &p, const Lanes<P> &lanes, const How &how, int steps, int from) {
  struct Next {
    State s;
    Tensor measured;
  };
  return scan(all, steps, [&](State &all, Tensor t) {
    Next next = vmap(
        [&](State s, Lanes<P> lane) {
          iterate(s, p, lane.data, how, lane.eta, lane.gamma, lane.key, t + from);
          return Next{s, p.measure(lane.data, s.server.x)};
        },
        all, lanes);
    all = next.s;
    return next.measured;
  });
}

// ---- problems: what a worker knows, its gradient, and what is measured of x
/// 0.5 |a x - b|^2 with a number a of the worker's own; measured is the length of the mean gradient.
struct Curvatures {
  int workers, d;
  struct Data {
    Tensor a, b; // [n], [n, d]
  };
  Tensor gradient(const Data &own, const Tensor &x, const Key &) const { return own.a * (own.a * x - own.b); }
  Tensor measure(const Data &all, const Tensor &x) const {
    Tensor a = expand(all.a, 1);
    return norm(mean(a * (a * x - all.b), 0));
  }
  Tensor optimum(const Data &all) const { return contract("n,nd->d", all.a, all.b) / sum(square(all.a)); }
};
/// 0.5 |x - b|^2 with noise in the gradient, of length `noise` in all; measured is the squared distance from the
/// optimum.
struct Noisy {
  int workers, d;
  double noise;
  struct Data {
    Tensor b; // [n, d]
  };
  Tensor gradient(const Data &own, const Tensor &x, const Key &key) const {
    return x - own.b + normal(key, {d}, x.dtype()) * (noise / std::sqrt(double(d)));
  }
  Tensor measure(const Data &all, const Tensor &x) const { return sum(square(x - mean(all.b, 0))); }
};
/// Cross entropy and weight decay of a classifier, whose leaves are x one after the other; each worker has the pictures
/// of one class. Measured is the objective over all of them.
template <class Net> struct Classifier {
  int workers, batch;
  double decay;
  Net like;
  bool measured = true;
  struct Data {
    Tensor images, count; // [n, most, pixels], i32 [n]: how many of them there are
    Tensor label;         // i32 [n]
  };
  Tensor loss(const Tensor &x, const Tensor &images, const Tensor &labels) const {
    return mean(cross_entropy(unravel(x, like)(images), labels));
  }
  Tensor penalty(const Tensor &x) const { return decay / 2 * sum(square(x)); }
  Tensor gradient(const Data &own, const Tensor &x, const Key &key) const {
    Tensor rows = cast(uniform(key, {batch}) * cast(own.count, f32), i32);
    Tensor images = take(own.images, minimum(rows, own.count - 1));
    Tensor l = loss(x, images, broadcast_to(own.label, {batch})) + penalty(x);
    return grad(l, x);
  }
  Tensor objective(const Data &all, const Tensor &x) const {
    Tensor each = vmap(
        [&](Data own) {
          const Dim most = own.images.dim(0);
          Tensor l = cross_entropy(unravel(x, like)(own.images), broadcast_to(own.label, {most}), Reduction::none);
          return sum(select(iota(most) < own.count, l, 0)) / cast(own.count, f32);
        },
        all);
    return mean(each) + penalty(x);
  }
  Tensor measure(const Data &all, const Tensor &x) const { return measured ? objective(all, x) : zeros({}); }
};
struct Softmax {
  Param w{{64, 10}, init::zeros};
  Tensor operator()(const Tensor &x) const { return matmul(x, w); }
};

// ---- what may not be
inline const Compressor &checked(const Compressor &c, int d) {
  if (c.sparse())
    refuse(c.k < 1 || c.k > d, "of " + std::to_string(d) + " numbers 1 to " + std::to_string(d) +
                                   " can be kept, not k = " + std::to_string(c.k));
  int all = 0;
  for (int size : c.parts)
    all += size;
  refuse(!c.parts.empty() && all != d,
         "the parts have " + std::to_string(all) + " numbers together, and the model " + std::to_string(d));
  return c;
}
inline void checkRates(double eta, double gamma) {
  refuse(!(eta >= 0), "eta must not be negative, found " + std::to_string(eta));
  refuse(!(gamma > 0), "gamma must be above 0, found " + std::to_string(gamma));
}

} // namespace econtrol
