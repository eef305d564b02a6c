// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A recurrent network without an encoder and without an input: what a sequence is, is a table of numbers of its own
// that error finds (A. Ahmadi and J. Tani, "A novel predictive-coding-inspired variational RNN model for online
// prediction and recognition", 2019), and its baseline with an encoder.
#pragma once
#include <stdexcept>
#include <string>
#include <weft/weft.h>

namespace pvrnn {
using namespace weft;

inline Tensor first(Tensor x, int n) { return slice(x, -1, 0, n); }
inline Tensor second(Tensor x, int n) { return slice(x, -1, n, 2 * n); }
/// A clamped logarithm of a deviation.
inline Tensor exponent(Tensor x) { return clamp(x, -10, 4); }

/// One layer: d numbers with a time constant, z latent ones. `above` and `below` are the numbers of its neighbours.
struct Layer {
  int d, z;
  double tau;
  int above = 0, below = 0;
  /// Whether the posterior sees the state, or its table alone.
  bool sees = true;
  Param prior{{d, 2 * z}}, posterior = sees ? Param({d, 2 * z}) : Param(), own{{d, d}}, latent{{z, d}},
                           up = above ? Param({above, d}) : Param(), down = below ? Param({below, d}) : Param(),
                           b{{d}, init::zeros};
};
struct Sizes {
  int d, z;
  double tau;
};
inline std::vector<Layer> layersOf(const std::vector<Sizes> &sizes, bool sees) {
  std::vector<Layer> list;
  for (std::size_t l = 0; l < sizes.size(); ++l)
    list.push_back({sizes[l].d, sizes[l].z, sizes[l].tau, l + 1 < sizes.size() ? sizes[l + 1].d : 0,
                    l > 0 ? sizes[l - 1].d : 0, sees});
  return list;
}

/// The state h of each layer, [B, d]; what the others see of it is tanh(h).
using Core = std::vector<Tensor>;
/// Numbers of the posterior for each layer: [B, 2 z] of a step, [B, T, 2 z] or [T, B, 2 z] of many.
using Table = std::vector<Tensor>;
/// What a step gives: the output [B, n]; for each layer the divergence [B], the prior's deviations [B, z], and the
/// numbers by which a posterior would be the prior [B, 2 z].
struct Step {
  Tensor x;
  std::vector<Tensor> kl, deviation;
  Table asPrior;
};
/// How a step draws z.
enum class Draw { posterior, prior, middle }; // middle: the prior's mean, without noise

struct Net {
  int outputs;
  std::vector<Sizes> sizes;
  bool sees = true;
  std::vector<Layer> layers = layersOf(sizes, sees); // from the fast one, next to the output, to the slow one
  nn::Linear out{sizes.empty() ? 1 : sizes[0].d, outputs};

  Core zeros(const Dim &batch, DType dtype = f32) const {
    Core h;
    for (const Layer &l : layers)
      h.push_back(weft::zeros({batch, l.d}, dtype));
    return h;
  }
  Step step(Core &h, const Table &a, const Key &key, Draw how) const {
    Step s;
    s.kl.resize(layers.size()), s.deviation.resize(layers.size()), s.asPrior.resize(layers.size());
    Core before = map(h, [](Tensor x) { return tanh(x); });
    Tensor above;
    for (int i = int(layers.size()) - 1; i >= 0; --i) { // from slow to fast
      const std::size_t at = std::size_t(i);
      const Layer &l = layers[at];
      Tensor d = before[at], p = matmul(d, l.prior), mean = tanh(first(p, l.z)), log = exponent(second(p, l.z));
      Tensor seen = sees ? matmul(d, l.posterior) : Tensor();
      s.asPrior[at] = stop_gradient(sees ? p - seen : p);
      s.deviation[at] = exp(log);
      Tensor z = mean;
      if (how == Draw::posterior) {
        Tensor q = sees ? a[at] + seen : a[at];
        Tensor m = tanh(first(q, l.z)), e = exponent(second(q, l.z));
        s.kl[at] = sum(gaussian_kl(m, 2 * e, mean, 2 * log), 1);
        mean = m, log = e;
      } else {
        s.kl[at] = weft::zeros({d.dim(0)}, d.dtype());
      }
      if (how != Draw::middle) {
        Key own = key.fold(i);
        z = mean + exp(log) * normal(own, mean.shape(), mean.dtype());
      }
      Tensor drive = matmul(d, l.own) + matmul(z, l.latent) + l.b;
      if (l.above)
        drive += matmul(above, l.up);
      if (l.below)
        drive += matmul(before[at - 1], l.down);
      h[at] = (1 - 1 / l.tau) * h[at] + (1 / l.tau) * drive;
      above = tanh(h[at]);
    }
    s.x = tanh(out(above));
    return s;
  }
};

/// What a roll through T steps gives: everything of each step in front [T, ...], the states behind it, and by sequence
/// the error per number and the divergence per latent number, summed over steps.
struct Roll {
  Tensor x, deviation;    // deviation: of the fast layer's prior
  std::vector<Tensor> kl; // [B] of each layer, unweighted, summed over steps
  Tensor error;           // [B]
  Table asPrior;          // [T, B, 2 z]
  Core firstState, last;  // behind the first step, and behind the last
  /// error + w * divergence of each sequence [B].
  Tensor loss(const Net &net, const Tensor &w) const {
    Tensor all = error;
    for (std::size_t l = 0; l < kl.size(); ++l)
      all += w * kl[l] / net.layers[l].z;
    return all;
  }
};
/// Steps of a table [T, B, 2 z] beside what was seen [T, B, n]; the noise of step t is that of key.fold(t). Without a
/// table (how is not `posterior`) as many steps as were seen. The first step has the number `from`.
inline Roll roll(const Net &net, Core h, const Table &a, const Tensor &seen, const Key &key, Draw how = Draw::posterior,
                 int from = 0) {
  struct In {
    Table a;
    Tensor x, t;
  };
  struct Out {
    Tensor x, deviation, error;
    std::vector<Tensor> kl;
    Table asPrior;
    Core h;
  };
  Out all = scan(h, In{a, seen, iota(seen.dim(0)) + from}, [&](Core &h, In in) {
    Key own = key.fold(in.t);
    Step s = net.step(h, in.a, own, how);
    return Out{s.x, s.deviation[0], mean(square(s.x - in.x), 1), s.kl, s.asPrior, h};
  });
  Core start = map(all.h, [](Tensor x) { return x[0]; });
  return {all.x, all.deviation, map(all.kl, [](Tensor k) { return sum(k, 0); }), sum(all.error, 0), all.asPrior, start,
          h};
}
/// Steps that nothing was seen of, by the prior: outputs [steps, B, n].
inline Tensor generate(const Net &net, Core h, int steps, const Key &key) {
  return scan(h, steps, [&](Core &h, Tensor t) {
    Key own = key.fold(t);
    return net.step(h, {}, own, Draw::prior).x;
  });
}
/// The largest Lyapunov exponent of the prior without noise: how fast two neighbours part, per step.
inline Tensor lyapunov(const Net &net, int burn, int steps, const Key &key) {
  struct Pair {
    Core h, v;
  };
  Pair pair{net.zeros(1), net.zeros(1)};
  for (std::size_t l = 0; l < pair.v.size(); ++l) {
    Key own = key.fold(int(l));
    pair.h[l] = normal(own, pair.h[l].shape());
    pair.v[l] = pair.v[l] + 1;
  }
  Tensor logs = scan(pair, burn + steps, [&](Pair &p, Tensor t) {
    Core next = p.h;
    net.step(next, {}, key, Draw::middle);
    Core moved = jvp(next, p.h, p.v);
    Tensor length = norm(ravel(moved));
    p.h = next, p.v = map(moved, [&](Tensor x) { return x / length; });
    return select(t < burn, 0, log(length));
  });
  return sum(logs) / steps;
}

// ---- training
struct Fit {
  Net net;
  Table a; // [S, T, 2 z] of each layer
  optim::Adam<Net> opt{net};
  optim::Adam<Table> found{a};
  Buffer w{{}}, n{i32({})}; // the meta-prior, and how many steps were made
  Key key{};
};
struct Losses {
  Tensor loss, error, kl, deviation;
};
inline Tensor turned(Tensor x) { return transpose(x, {1, 0, 2}); }
/// The table as what the prior says of a roll with the noise of the step that comes next.
inline void begin(Fit &s, const Tensor &x) {
  Key key = s.key, own = key.next();
  Roll r = roll(s.net, s.net.zeros(x.dim(0), x.dtype()), {}, turned(x), own, Draw::prior);
  for (std::size_t l = 0; l < s.a.size(); ++l)
    s.a[l] = turned(r.asPrior[l]);
}
/// One update by the sequences `ids` i32 [B] of x [S, T, n].
inline Losses update(Fit &s, const Tensor &x, const Tensor &ids) {
  Key key = s.key.next();
  Table rows = map(s.a, [&](Tensor a) { return turned(take(a, ids)); });
  Roll r = roll(s.net, s.net.zeros(ids.dim(0), x.dtype()), rows, turned(take(x, ids)), key);
  Tensor loss = sum(r.loss(s.net, s.w));
  Net byNet = grad(loss, s.net);
  Table byTable = grad(loss, s.a);
  s.opt.update(s.net, byNet);
  s.found.update_rows(s.a, byTable, ids);
  s.n += 1;
  Tensor kl = r.kl[0];
  for (std::size_t l = 1; l < r.kl.size(); ++l)
    kl += r.kl[l];
  return {loss, mean(r.error), mean(kl), mean(r.deviation)};
}
/// The same, where the first one makes the table.
inline Losses step(Fit &s, const Tensor &x, const Tensor &ids) {
  when(s.n == 0, s, [&](Fit &s) { begin(s, x); });
  return update(s, x, ids);
}
/// Several runs side by side, each with weights, tables, meta-prior and key of its own; losses [steps, runs].
inline Losses train(Fit &all, const Tensor &x, int steps) {
  struct Next {
    Fit s;
    Losses l;
  };
  return scan(all, steps, [&](Fit &all, Tensor) {
    // In front of the vmap, where the branch is one for all runs and taken once.
    when(all.n[0] == 0, all, [&](Fit &all) { all = vmap([&](Fit s) { return begin(s, x), s; }, all); });
    Next next = vmap(
        [&](Fit s) {
          Losses l = update(s, x, iota(x.dim(0)));
          return Next{s, l};
        },
        all);
    all = next.s;
    return next.l;
  });
}

// ---- prediction while things are seen: the table of a window is found by the error in it, weights stay as they are
struct Online {
  Core start;  // in front of the window
  Table a;     // [W, B, 2 z]
  Tensor seen; // [W, B, n]
  Key key{};
};
struct Predicted {
  Tensor x;             // [horizon, B, n]
  Tensor before, after; // the window's loss of each sequence in front of the first iteration and behind the last
};
struct Search {
  int iterations = 30, horizon = 6;
  double rate = 0.05;
};
/// The window as it stands: find its table, predict what comes behind it, and move on by one step.
inline Predicted recognise(const Net &net, Online &s, const Tensor &next, const Tensor &w, const Search &how) {
  Key key = s.key.next();
  struct Inner {
    Table a;
    optim::Adam<Table> opt;
  } in{s.a, optim::Adam<Table>(s.a, {.lr = how.rate})}; // moments begin anew at every window
  auto loss = [&](const Table &a) { return roll(net, s.start, a, s.seen, key).loss(net, w); };
  Predicted p;
  p.before = loss(in.a);
  scan(in, how.iterations, [&](Inner &in, Tensor) { in.opt.update(in.a, grad(sum(loss(in.a)), in.a)); });
  Roll r = roll(net, s.start, in.a, s.seen, key);
  p.after = r.loss(net, w);
  Key ahead = key.fold(int(s.seen.dim(0).value()) + 1);
  p.x = generate(net, r.last, how.horizon, ahead);
  Core peek = r.last;
  Table guess = net.step(peek, {}, ahead, Draw::middle).asPrior;
  auto shifted = [](Tensor all, Tensor last) { return concat({slice(all, 0, 1, all.dim(0)), expand(last, 0)}, 0); };
  s.start = r.firstState;
  s.a = map(in.a, guess, shifted);
  s.seen = shifted(s.seen, next);
  return p;
}
/// Windows of W steps along x [T, B, n]: predictions behind each of them [T - W - horizon + 1, horizon, B, n].
inline Predicted online(const Net &net, Tensor x, int window, const Tensor &w, const Search &how, const Key &key) {
  Tensor seen = slice(x, 0, 0, window);
  Online s{net.zeros(x.dim(1), x.dtype()), {}, seen, key};
  s.a = roll(net, s.start, {}, seen, key, Draw::prior).asPrior;
  const int last = int(x.dim(0).value()) - how.horizon + 1; // behind the last window there is a whole horizon
  return scan(s, slice(x, 0, window, last), [&](Online &s, Tensor next) { return recognise(net, s, next, w, how); });
}

// ---- the baseline: an encoder makes the table, reading what was seen from its end
struct Encoder {
  int outputs, width = 16;
  std::vector<Sizes> sizes;
  nn::GRUCell cell{outputs, width};
  std::vector<nn::Linear> heads = make(width, sizes);
  static std::vector<nn::Linear> make(int width, const std::vector<Sizes> &sizes) {
    std::vector<nn::Linear> list;
    for (const Sizes &s : sizes)
      list.push_back({width, 2 * s.z});
    return list;
  }
  /// The table [T, B, 2 z] of x [T, B, n].
  Table operator()(const Tensor &x) const {
    Tensor h = cell.zeros(x.dim(1), x.dtype());
    Tensor all = scan(h, cell.project(x), [&](Tensor &h, Tensor x) { return cell.step(h, x); }, {.reverse = true});
    Table a;
    for (const nn::Linear &head : heads)
      a.push_back(head(all));
    return a;
  }
};
struct Vrnn {
  Net net;
  Encoder encoder;
};
struct VrnnFit {
  Vrnn m;
  optim::Adam<Vrnn> opt{m};
  Buffer w{{}};
  Key key{};
};
inline Tensor step(VrnnFit &s, const Tensor &x) {
  Key key = s.key.next();
  Tensor seen = turned(x);
  Tensor loss = sum(roll(s.m.net, s.m.net.zeros(x.dim(0), x.dtype()), s.m.encoder(seen), seen, key).loss(s.m.net, s.w));
  s.opt.update(s.m, grad(loss, s.m));
  return loss;
}
inline Tensor train(VrnnFit &all, const Tensor &x, int steps) {
  struct Next {
    VrnnFit s;
    Tensor loss;
  };
  return scan(all, steps, [&](VrnnFit &all, Tensor) {
    Next next = vmap(
        [&](VrnnFit s) {
          Tensor loss = step(s, x);
          return Next{s, loss};
        },
        all);
    all = next.s;
    return next.loss;
  });
}
/// The same windows as `online`, recognised by the encoder: predictions [..., horizon, B, n].
inline Tensor onlineByEncoder(const Vrnn &m, Tensor x, int window, int horizon, const Key &key) {
  struct State {
    Core start;
    Tensor seen;
    Key key{};
  } s{m.net.zeros(x.dim(1), x.dtype()), slice(x, 0, 0, window), key};
  const int last = int(x.dim(0).value()) - horizon + 1;
  return scan(s, slice(x, 0, window, last), [&](State &s, Tensor next) {
    Key key = s.key.next();
    Roll r = roll(m.net, s.start, m.encoder(s.seen), s.seen, key);
    Key ahead = key.fold(window + 1);
    Tensor predicted = generate(m.net, r.last, horizon, ahead);
    s.start = r.firstState;
    s.seen = concat({slice(s.seen, 0, 1, window), expand(next, 0)}, 0);
    return predicted;
  });
}

// ---- what may not be
inline void refuse(bool bad, const std::string &why) {
  if (bad)
    throw std::invalid_argument(why);
}
inline Net net(int outputs, const std::vector<Sizes> &sizes, bool sees = true) {
  refuse(sizes.empty(), "there must be a layer, found none");
  for (const Sizes &s : sizes)
    refuse(!(s.tau >= 1), "a time constant must be 1 or more, found " + std::to_string(s.tau));
  return {outputs, sizes, sees};
}
/// Data [S, T, n] within what tanh can give.
inline void checkData(const Tensor &x) {
  for (float v : x.span<float>())
    refuse(!(v > -1 && v < 1),
           "data must lie within (-1, 1), where the output's tanh lies, found " + std::to_string(v));
}
inline Tensor sequences(const std::vector<std::vector<float>> &rows, int outputs) {
  refuse(rows.empty(), "there are no sequences");
  std::vector<float> all;
  for (const auto &row : rows) {
    refuse(row.size() != rows[0].size(), "sequences have different lengths, " +
                                             std::to_string(rows[0].size() / outputs) + " and " +
                                             std::to_string(row.size() / outputs) + " steps");
    all.insert(all.end(), row.begin(), row.end());
  }
  Tensor x = Tensor::copy(all, {Dim(rows.size()), Dim(rows[0].size() / outputs), outputs});
  checkData(x);
  return x;
}
inline Fit fit(const Net &net, const Tensor &x, double rate) {
  Table a;
  for (const Layer &l : net.layers)
    a.push_back(f32({x.dim(0), x.dim(1), 2 * l.z}));
  return {net, a, {net, {.lr = rate}}, {a, {.lr = rate}}};
}
inline void checkPrior(double w) {
  refuse(!(w >= 0), "the meta-prior must not be negative, found " + std::to_string(w));
}
/// Data [S, T, n].
inline void checkWindow(const Tensor &x, int window, const Search &how) {
  refuse(how.horizon < 1, "a prediction is one step or more, found a horizon of " + std::to_string(how.horizon));
  refuse(window < 1 || window + how.horizon > int(x.dim(1).value()),
         "a window of " + std::to_string(window) + " steps and a horizon of " + std::to_string(how.horizon) +
             " do not fit a sequence of " + x.dim(1).str());
}

} // namespace pvrnn
