// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A child process for the work, so that a crash is an exit code and a reproducer instead of a core.
#include "tools/Guard.h"
#include "llvm/Support/raw_ostream.h"
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace weft::tools {

static void writeReproducer(int argc, char **argv, const std::string &name, const Progress &progress) {
  std::string path = name + "-reproducer-" + std::to_string(getpid()) + ".mlir";
  std::FILE *out = std::fopen(path.c_str(), "w");
  if (!out) {
    std::fprintf(stderr, "%s: internal error; no reproducer could be written to %s: %s\n", name.c_str(), path.c_str(),
                 std::strerror(errno));
    return;
  }
  std::fprintf(out, "// command:");
  for (int i = 0; i < argc; ++i)
    std::fprintf(out, " %s", argv[i]);
  std::fprintf(out, "\n");
  if (progress.input[0] && std::strcmp(progress.input, "-"))
    if (std::FILE *in = std::fopen(progress.input, "r")) {
      char buffer[65536];
      for (size_t n; (n = std::fread(buffer, 1, sizeof buffer, in)) > 0;)
        std::fwrite(buffer, 1, n, out);
      std::fclose(in);
    }
  std::fclose(out);
  std::fprintf(stderr, "%s: internal error, please report it with %s\n", name.c_str(), path.c_str());
}

int runGuarded(int argc, char **argv, const std::string &name, const std::function<int(Progress &)> &work) {
  void *shared = mmap(nullptr, sizeof(Progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) {
    std::fprintf(stderr, "%s: out of memory\n", name.c_str());
    return internalError;
  }
  auto &progress = *static_cast<Progress *>(shared);
  std::fflush(nullptr);
  pid_t child = fork();
  if (child < 0) {
    std::fprintf(stderr, "%s: cannot start a process: %s\n", name.c_str(), std::strerror(errno));
    return internalError;
  }
  if (child == 0) {
    rlimit none{0, 0};
    setrlimit(RLIMIT_CORE, &none); // the reproducer says more than a core file
    int code = work(progress);
    llvm::outs().flush(); // _Exit runs no destructors
    std::fflush(nullptr);
    std::_Exit(code);
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  int code = WIFEXITED(status) ? WEXITSTATUS(status) : internalError;
  if (WIFSIGNALED(status))
    std::fprintf(stderr, "%s: stopped by signal %d (%s)\n", name.c_str(), WTERMSIG(status),
                 strsignal(WTERMSIG(status)));
  if (code == internalError)
    writeReproducer(argc, argv, name, progress);
  if (code != ok && code != internalError && !progress.parsedArguments)
    code = usage;
  munmap(shared, sizeof(Progress));
  return code;
}

bool readSafely(const std::string &path, std::string &content, std::string &error) {
  constexpr size_t largest = size_t(1) << 30;
  constexpr int deepest = 512;
  std::FILE *in = path == "-" ? stdin : std::fopen(path.c_str(), "rb");
  if (!in) {
    error = path + ": cannot be read: " + std::strerror(errno);
    return false;
  }
  char buffer[65536];
  size_t n;
  while ((n = std::fread(buffer, 1, sizeof buffer, in)) > 0 && content.size() <= largest)
    content.append(buffer, n);
  bool failed = std::ferror(in);
  if (in != stdin)
    std::fclose(in);
  if (failed || content.size() > largest) {
    error = path + (failed ? ": cannot be read: is it a file?" : ": larger than 1 GiB");
    return false;
  }
  if (content.compare(0, 4, "ML\xefR") == 0)
    return true; // bytecode: read iteratively
  int depth = 0, line = 1;
  for (size_t i = 0; i < content.size(); ++i) {
    char c = content[i];
    if (c == '\n')
      ++line;
    else if (c == '/' && i + 1 < content.size() && content[i + 1] == '/')
      i = std::min(content.find('\n', i), content.size()) - 1;
    else if (c == '"')
      for (++i; i < content.size() && content[i] != '"' && content[i] != '\n'; ++i)
        i += content[i] == '\\';
    else if (std::strchr("([{<", c) && c)
      ++depth;
    else if (std::strchr(")]}", c) && c)
      depth -= depth > 0;
    else if (c == '>' && i && content[i - 1] != '-')
      depth -= depth > 0;
    if (depth > deepest) {
      error =
          path + ":" + std::to_string(line) + ": brackets are nested more than " + std::to_string(deepest) + " deep";
      return false;
    }
  }
  return true;
}
} // namespace weft::tools
