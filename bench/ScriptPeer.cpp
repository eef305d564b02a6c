// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// See ScriptPeer.h.
#include "bench/ScriptPeer.h"
#include "tools/Values.h"
#include <cmath>
#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <sstream>
#include <stdexcept>
#include <sys/wait.h>
#include <unistd.h>

namespace weft::bench {
/// Turns that the other process takes and times.
class ScriptWork : public Work {
public:
  explicit ScriptWork(ScriptPeer &peer) : peer(peer) {}
  void run() override { seconds(1); }
  double seconds(int runs) override {
    std::istringstream answer(peer.ask("turn " + std::to_string(runs)));
    std::string took;
    double seconds = 0;
    if (!(answer >> took >> seconds) || took != "took")
      throw std::runtime_error(peer.name() + " did not take its turn");
    return seconds;
  }

private:
  ScriptPeer &peer;
};

ScriptPeer::ScriptPeer(const std::string &command) : command(command) {
  std::signal(SIGPIPE, SIG_IGN); // an answer that does not come is the error
  int in[2], out[2];
  if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC)) // another peer must not keep them open
    throw std::runtime_error("no pipe to '" + command + "'");
  process = fork();
  if (process == 0) {
    dup2(in[0], 0), dup2(out[1], 1);
    execl("/bin/sh", "sh", "-c", ("exec " + command).c_str(), nullptr);
    _exit(127);
  }
  close(in[0]), close(out[1]);
  questions = fdopen(in[1], "w"), answers = fdopen(out[0], "r");
  library = ask("");
}
ScriptPeer::~ScriptPeer() {
  std::fclose(questions); // it ends with its input
  std::fclose(answers);
  waitpid(process, nullptr, 0);
}
std::string ScriptPeer::ask(const std::string &line) {
  if (!line.empty()) {
    std::fprintf(questions, "%s\n", line.c_str());
    std::fflush(questions);
  }
  std::string answer;
  for (int c; (c = std::fgetc(answers)) != '\n';) {
    if (c == EOF)
      throw std::runtime_error("the peer '" + command + "' has ended; what it said is above");
    answer += char(c);
  }
  return answer;
}

std::unique_ptr<Work> ScriptPeer::row(const std::string &name, const Exchange &exchange) {
  namespace fs = std::filesystem;
  fs::path folder = fs::temp_directory_path() / ("weft-bench-" + std::to_string(getpid()));
  fs::create_directories(folder);
  std::string question = "row " + name + " " + folder.string(), error;
  for (size_t i = 0; i < exchange.inputs.size(); ++i) {
    if (!tools::writeNpy((folder / (std::to_string(i) + ".npy")).string(), exchange.inputs[i], error))
      throw std::runtime_error(error);
    std::string type;
    llvm::raw_string_ostream(type) << exchange.inputs[i].element;
    question += " " + type;
  }
  std::istringstream answer(ask(question));
  fs::remove_all(folder);
  std::string word;
  answer >> word;
  if (word == "none")
    return nullptr;
  for (size_t i = 0; i < exchange.outputs.size(); ++i) {
    const ir::HostArray &result = exchange.outputs[i];
    double sum = 0, size = 0, theirs = 0, theirSize = 0;
    for (double v : result.f)
      sum += v, size += std::fabs(v);
    for (int64_t v : result.i)
      sum += double(v), size += std::fabs(double(v));
    bool narrow = result.isFloat() && result.element.getIntOrFloatBitWidth() == 16;
    if (!(answer >> theirs >> theirSize) || !(std::fabs(sum - theirs) <= (narrow ? 1e-2 : 1e-4) * (size + 1e-30)))
      throw std::runtime_error("result " + std::to_string(i) + " sums to " + std::to_string(sum) + ", that of " +
                               library + " to " + std::to_string(theirs));
  }
  return std::make_unique<ScriptWork>(*this);
}
} // namespace weft::bench
