// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- weft-bench.cpp - figures beside what the machine can do and what peers do --------------------------------------===//
//
//   weft-bench --suite=floors|fusions|kernels|math|clock [--filter=TEXT] [--repetitions=9] [--turn=10] [--probe-turn=10] [--json]
//              [--peer='python3 bench/peers/torch.py' --peer='python3 bench/peers/jax.py' ...]
//
// Ours, the probe and the peer take turns, on one thread, in that thread's CPU time. A row's value is the median over
// the turns of ours beside the probe before and after it: the clock of a shared machine moves by a sixth within a
// second, for all that runs in that second alike. The column `fastest` has the ratio of the fastest turns instead, each
// taken when the clock stood best for it. A row that misses its floor while the quartiles of its ratios lie further
// apart than a sixth of it neither holds nor fails: the machine was too noisy to tell. Peers that are processes of
// their own (--peer) are given the same arrays; of several the fastest counts, and a row that takes more than 1.05 of
// its time fails. Exit code 0 if no row fails.
//
//===----------------------------------------------------------------------------------------------------------------===//
#include "bench/Peers.h"
#include "bench/ScriptPeer.h"
#include "bench/Suite.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"
#include <algorithm>
#include <dlfcn.h>
#include <map>

using namespace weft::bench;
namespace cl = llvm::cl;

namespace {
/// Seconds per run, over as many runs as make a turn of at least so many milliseconds.
class Timed {
public:
  Timed(Work *work, double least) : work(work) {
    work->run(); // code and pages come in
    for (runs = 1;; runs *= 2)
      if (turn() >= 1e-3 * least || runs > 1 << 20)
        break;
    times.clear();
  }
  double turn() {
    double took = work->seconds(runs);
    times.push_back(took / runs);
    return took;
  }
  double amount() const { return work->amount; }
  size_t turns() const { return times.size(); }
  double seconds(size_t turn) const { return times[turn]; }
  double best() const { return *std::min_element(times.begin(), times.end()); }

private:
  Work *work;
  int runs = 1;
  std::vector<double> times;
};

/// A ratio that was read once in each turn.
struct Ratios {
  explicit Ratios(std::vector<double> readings) : sorted(std::move(readings)) {
    std::sort(sorted.begin(), sorted.end());
  }
  double median() const { return sorted[sorted.size() / 2]; }
  bool quiet() const { return sorted[sorted.size() * 3 / 4] - sorted[sorted.size() / 4] < median() / 6; }

private:
  std::vector<double> sorted;
};

struct Result {
  std::string name, unit;
  double value, floor;
  std::optional<bool> holds;             // nothing: the machine was too noisy
  std::optional<double> peer, fastest{}; // our speed, as a multiple of the peer's; the value by the fastest turns
  std::string peerName = "";
  std::vector<std::pair<std::string, double>> peers = {}; // all of them
};

/// Least milliseconds of a turn.
struct Turns {
  double kernel, probe;
};

using Scripts = std::vector<std::unique_ptr<ScriptPeer>>;

Result measure(const Row &row, int repetitions, Turns turns, std::map<Probe, double> &machine,
               const std::string &linked, Scripts &scripts) {
  if (row.measure) {
    Figure figure = row.measure(repetitions);
    bool reached = row.atMost ? figure.value <= row.floor : figure.value >= row.floor;
    Result result{row.name, row.unit, figure.value, row.floor, {}, figure.peer};
    if (figure.quiet)
      result.holds = reached;
    result.peerName = figure.peer ? linked : "";
    return result;
  }
  std::unique_ptr<Work> ours = row.ours(), other = row.peer ? row.peer() : nullptr;
  Timed own(ours.get(), turns.kernel);
  std::vector<std::unique_ptr<Work>> theirs;
  std::vector<Timed> peers;
  std::vector<std::string> names;
  if (other) {
    peers.emplace_back(other.get(), turns.kernel);
    names.push_back(linked);
  }
  std::optional<Exchange> exchange = scripts.empty() ? std::nullopt : ours->exchange();
  for (auto &script : scripts)
    if (auto work = exchange ? script->row(row.name, *exchange) : nullptr) {
      peers.emplace_back(work.get(), turns.kernel);
      names.push_back(script->name());
      theirs.push_back(std::move(work));
    }
  exchange.reset();
  std::vector<Timed> probes;
  if (row.probe)
    for (Work *work : variantsOf(*row.probe))
      probes.emplace_back(work, turns.probe);
  for (int i = 0; i < repetitions; ++i) {
    for (Timed &probe : probes)
      probe.turn();
    // By turns first, so that neither is always the nearer one to the probe.
    for (Timed &peer : peers)
      if (i % 2)
        peer.turn();
    own.turn();
    for (Timed &peer : peers)
      if (i % 2 == 0)
        peer.turn();
  }
  for (Timed &probe : probes)
    probe.turn();

  auto ratios = [&](llvm::function_ref<double(size_t)> ofTurn) {
    std::vector<double> readings;
    for (size_t i = 0; i < own.turns(); ++i)
      readings.push_back(ofTurn(i));
    return Ratios(readings);
  };
  Result result{row.name, row.unit, own.best() * 1e6, row.floor, {}, {}, {}};
  std::optional<Ratios> toPeer, value;
  for (size_t p = 0; p < peers.size(); ++p) {
    double perRun = row.perElement && peers[p].amount() ? ours->amount / peers[p].amount() : 1;
    Ratios speed = ratios([&](size_t i) { return peers[p].seconds(i) / own.seconds(i) * perRun; });
    result.peers.emplace_back(names[p], speed.median());
    if (!result.peer || speed.median() < *result.peer) {
      result.peer = speed.median();
      result.peerName = names[p];
    }
    if (p == 0 && other)
      toPeer = speed;
  }
  if (row.probe) {
    auto speedAt = [&](size_t turn) {
      double speed = 0;
      for (const Timed &probe : probes)
        speed = std::max(speed, probe.amount() / probe.seconds(turn));
      return speed;
    };
    value = ratios([&](size_t i) { return own.amount() / own.seconds(i) * 2 / (speedAt(i) + speedAt(i + 1)); });
    double fastest = 0;
    for (const Timed &probe : probes)
      fastest = std::max(fastest, probe.amount() / probe.best());
    machine[*row.probe] = std::max(machine[*row.probe], fastest);
    result.fastest = own.amount() / own.best() / fastest;
  } else if (row.perElement) {
    result.value = own.best() * 1e9 / own.amount();
  } else if (row.peer) {
    if (!other)
      return result.value = 0, result; // nothing to compare with: neither holds nor fails
    value = toPeer;
    result.fastest = peers[0].best() / own.best();
  }
  if (value)
    result.value = value->median();
  bool reached = row.atMost ? result.value <= row.floor : result.value >= row.floor;
  if (!theirs.empty() && *result.peer < 1 / 1.05)
    reached = false;
  if (reached || !value || value->quiet())
    result.holds = reached;
  return result;
}

/// The peer's OpenMP read its environment before main() began.
void onePeerThread() {
  if (void *set = dlsym(RTLD_DEFAULT, "omp_set_num_threads"))
    reinterpret_cast<void (*)(int)>(set)(1);
}

const char *word(const std::optional<bool> &holds) { return holds ? *holds ? "holds" : "FAILS" : "noisy"; }
} // namespace

int main(int argc, char **argv) {
  onePeerThread();
  cl::ResetCommandLineParser(); // LLVM's own options are not ours
  cl::OptionCategory ours("weft-bench");
  cl::opt<std::string> suite("suite", cl::desc("floors, fusions, kernels, math or clock"), cl::init("floors"),
                             cl::cat(ours));
  cl::opt<std::string> filter("filter", cl::desc("only rows whose name contains this"), cl::cat(ours));
  cl::opt<int> repetitions("repetitions", cl::desc("turns of each row; at least 9 for figures that count"), cl::init(9),
                           cl::cat(ours));
  cl::opt<double> turn("turn", cl::desc("least milliseconds of a turn of ours and of the peer"), cl::init(10),
                       cl::cat(ours));
  cl::opt<double> probeTurn("probe-turn", cl::desc("least milliseconds of a turn of the probe"), cl::init(10),
                            cl::cat(ours));
  cl::list<std::string> peerCommands("peer", cl::desc("command line of a peer that is a process of its own"),
                                     cl::value_desc("command"), cl::cat(ours));
  cl::opt<bool> json("json", cl::desc("print JSON"), cl::cat(ours));
  cl::HideUnrelatedOptions(ours);
  cl::ParseCommandLineOptions(argc, argv, "measures Weft's code beside the machine's limits and peers\n");
  const std::map<std::string, std::vector<Row> (*)()> suites{{"floors", floorsSuite},
                                                             {"fusions", fusionsSuite},
                                                             {"kernels", kernelsSuite},
                                                             {"math", mathSuite},
                                                             {"clock", clockSuite}};
  auto chosen = suites.find(suite);
  if (chosen == suites.end() || repetitions < 1) {
    llvm::errs() << "weft-bench: "
                 << (repetitions < 1
                         ? "--repetitions must be at least 1"
                         : "there is no suite '" + suite + "': expected floors, fusions, kernels, math or clock")
                 << "\n";
    return 2;
  }

  std::string peer = suite == "math" ? "libm" : peerName();
  Scripts scripts;
  for (const std::string &command : peerCommands) {
    // Fresh memory costs page faults: no library's allocator gives any back to the system.
    for (const char *setting : {"MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_", "MALLOC_TOP_PAD_"})
      setenv(setting, "1000000000", 1);
    try {
      scripts.push_back(std::make_unique<ScriptPeer>(command));
    } catch (const std::exception &e) {
      llvm::errs() << "weft-bench: " << e.what() << "\n";
      return 1;
    }
    peer += (peer.empty() ? "" : ", ") + scripts.back()->name();
  }
  if (!scripts.empty())
    llvm::errs() << "peers run with MALLOC_TRIM_THRESHOLD_, MALLOC_MMAP_THRESHOLD_ and MALLOC_TOP_PAD_ of 1e9\n";
  std::map<Probe, double> machine;
  std::vector<Result> results;
  if (!json)
    llvm::outs() << llvm::left_justify("row", 36) << llvm::left_justify("value", 10) << llvm::left_justify("unit", 20)
                 << llvm::left_justify("floor", 8) << llvm::left_justify("holds", 8) << llvm::left_justify("fastest", 9)
                 << "speed over " << (peer.empty() ? "a peer" : peer) << "\n";
  for (const Row &row : chosen->second()) {
    if (row.name.find(filter) == std::string::npos)
      continue;
    try {
      results.push_back(
          measure(row, repetitions, {turn, probeTurn}, machine, suite == "math" ? "libm" : peerName(), scripts));
    } catch (const std::exception &e) {
      llvm::errs() << "weft-bench: " << row.name << ": " << e.what() << "\n";
      return 1;
    }
    const Result &r = results.back();
    if (!json) {
      llvm::outs() << llvm::left_justify(r.name, 36) << llvm::format("%-10.3f", r.value)
                   << llvm::left_justify(r.unit, 20) << (row.atMost ? "<= " : ">= ") << llvm::format("%-5.2f", r.floor)
                   << llvm::left_justify(word(r.holds), 8)
                   << llvm::left_justify(r.fastest ? llvm::formatv("{0:f3}", *r.fastest).str() : "", 9);
      if (r.peer)
        llvm::outs() << llvm::format("%.2f", *r.peer);
      if (!scripts.empty())
        for (auto &[name, speed] : r.peers)
          llvm::outs() << "  " << name << llvm::format(" %.2f", speed);
      llvm::outs() << "\n";
      llvm::outs().flush();
    }
  }
  if (results.empty()) {
    llvm::errs() << "weft-bench: no row's name contains '" << filter << "'\n";
    return 2;
  }
  if (json) {
    llvm::json::OStream out(llvm::outs(), 1);
    out.object([&] {
      out.attributeObject("machine", [&] {
        for (auto [probe, speed] : machine)
          out.attribute(nameOf(probe), speed);
      });
      out.attributeArray("rows", [&] {
        for (const Result &r : results)
          out.object([&] {
            out.attribute("name", r.name);
            out.attribute("value", r.value);
            out.attribute("unit", r.unit);
            out.attribute("floor", r.floor);
            if (r.holds)
              out.attribute("holds", *r.holds);
            else
              out.attribute("holds", nullptr);
            out.attribute("peer", r.peer ? llvm::json::Value(r.peerName) : llvm::json::Value(nullptr));
            out.attribute("peer_value", r.peer ? llvm::json::Value(*r.peer) : llvm::json::Value(nullptr));
          });
      });
    });
    llvm::outs() << "\n";
  } else {
    for (auto [probe, speed] : machine)
      llvm::outs() << "probe " << nameOf(probe) << llvm::format(": %.1f G", speed * 1e-9)
                   << (probe == Probe::fma ? "FLOP/s" : "B/s") << "\n";
  }
  return llvm::any_of(results, [](const Result &r) { return r.holds == false; });
}
