// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Runs of many settings and seeds side by side, and the experiments on the four problems.
#pragma once
#include "harness/Harness.h"
#include "harness/Metrics.h"
#include "harness/Picture.h"
#include "model.h"
#include "packet.h"
#include <functional>

namespace econtrol {

struct Setting {
  double eta = 0, gamma = 0.01;
};
/// Every setting with every seed: run number s * seeds + seed is lane of setting s.
struct Ran {
  State state;        // [lanes, ...]
  zoo::Rows measured; // of each step, one number for each lane
  int seeds = 1;
  double last(int setting, int seed) const { return measured[measured.count() - 1][setting * seeds + seed]; }
  /// The mean of the last third of the steps.
  double tail(int setting, int seed) const;
  double mean(double (Ran::*what)(int, int) const, int setting) const;
  double least(double (Ran::*what)(int, int) const, int setting) const;
  double most(double (Ran::*what)(int, int) const, int setting) const;
  /// One number for each seed, as text.
  std::string each(double (Ran::*what)(int, int) const, int setting) const;
};
/// Throws std::runtime_error that names worker and step of a gradient that was not finite.
void checkFinite(const State &one, int workers, const std::string &run = "");

/// A run on disk. Reading it with another compressor, or with other sizes, throws std::runtime_error or Error.
void store(const std::string &path, const State &s, const Compressor &c);
State resume(const std::string &path, const State &like, const Compressor &c);

template <class P> struct Source {
  P problem;
  std::function<typename P::Data(int seed)> data;
  std::function<Tensor(int seed)> start;
};
/// Settings and seeds side by side, and the state that they begin with.
template <class P> struct Begun {
  Lanes<P> lanes;
  State state;
};
template <class P>
Begun<P> beginAll(const Source<P> &from, const How &how, const std::vector<Setting> &settings, int seeds) {
  const P &p = from.problem;
  refuse(p.workers < 1, "there must be a worker, found " + std::to_string(p.workers));
  struct All {
    std::vector<typename P::Data> data;
    std::vector<Tensor> x;
    std::vector<Key> keys;
    Tensor eta, gamma;
  } all;
  std::vector<double> eta, gamma;
  for (const Setting &s : settings)
    for (int seed = 0; seed < seeds; ++seed) {
      checkRates(s.eta, s.gamma);
      eta.push_back(s.eta), gamma.push_back(s.gamma);
      all.data.push_back(from.data(seed)), all.x.push_back(from.start(seed));
      all.keys.emplace_back(std::uint64_t(seed));
    }
  checked(how.compressor, int(all.x[0].dim(0).value()));
  const DType type = all.x[0].dtype();
  all.eta = cast(Tensor::copy(eta, {std::int64_t(eta.size())}), type);
  all.gamma = cast(Tensor::copy(gamma, {std::int64_t(gamma.size())}), type);
  return run(
      [&](const All &all) {
        Lanes<P> lanes{stack(all.data), all.eta, all.gamma, stack(all.keys)};
        State s = vmap([&](Lanes<P> lane, Tensor x) { return begin(p, lane.data, x, lane.key, how.method); }, lanes,
                       stack(all.x));
        return Begun<P>{lanes, s};
      },
      all);
}
/// All settings of one method, for seeds 0 ... seeds - 1.
template <class P>
Ran simulateAll(const Source<P> &from, const How &how, const std::vector<Setting> &settings, int seeds, int steps,
                const Options &options = {}) {
  Begun<P> begun = beginAll(from, how, settings, seeds);
  auto go = jit(
      options, [&](State &s, const Lanes<P> &lanes) { return simulate(s, from.problem, lanes, how, steps, 0); },
      begun.state, begun.lanes);
  Tensor measured = go(begun.state, begun.lanes);
  return {begun.state, zoo::rows(measured), seeds};
}

/// The digits by class, and the rest that is held out.
struct Digits {
  Classifier<Softmax>::Data byClass;
  Tensor images, labels; // held out
};
Digits digits(const std::string &file, int heldOut);

// The panels show one run of each method.
zoo::Panel differentCurvatures(zoo::Run &run);
void noisyGradients(zoo::Run &run);
zoo::Panel oneClassEach(zoo::Run &run);
void perceptron(zoo::Run &run);
void bandwidth(zoo::Run &run);

/// Ten workers of the digits in another process and the server in this one, against all in this one.
void twoProcesses(zoo::Run &run);
/// What that other process does. Its argument is the file of the digits.
int workersProcess(const std::string &file);

} // namespace econtrol
