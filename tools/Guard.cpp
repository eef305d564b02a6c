// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A child process for the work, so that a crash is an exit code and a reproducer instead of a core.
#include "tools/Guard.h"
#include "tools/Output.h"
#include "llvm/Support/ErrorHandling.h"
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <new>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <unistd.h>

namespace weft::tools {

/// A new file: an existing one, or a link that somebody put there, is never written.
static void writeReproducer(int argc, char **argv, const std::string &name, int program) {
  std::string path = name + "-reproducer-XXXXXX.mlir";
  int made = mkostemps(path.data(), 5, O_CLOEXEC);
  std::FILE *out = made < 0 ? nullptr : fdopen(made, "w");
  if (!out) {
    std::fprintf(stderr, "%s: internal error; no reproducer could be written to %s: %s\n", name.c_str(), path.c_str(),
                 std::strerror(errno));
    return;
  }
  std::fprintf(out, "// command:");
  for (int i = 0; i < argc; ++i) {
    std::string argument = argv[i];
    for (char &c : argument)
      c = c == '\n' || c == '\r' ? ' ' : c; // the command is one line
    std::fprintf(out, " %s", argument.c_str());
  }
  std::fprintf(out, "\n");
  char buffer[65536];
  lseek(program, 0, SEEK_SET);
  for (ssize_t n; (n = read(program, buffer, sizeof buffer)) > 0;)
    std::fwrite(buffer, 1, size_t(n), out);
  bool lost = std::ferror(out);
  lost |= std::fclose(out) != 0;
  std::fprintf(stderr, "%s: internal error, please report it with %s%s\n", name.c_str(), path.c_str(),
               lost ? ", which could not be written whole" : "");
}

void Progress::keep(llvm::StringRef program) {
  if (input < 0 || ftruncate(input, 0) || lseek(input, 0, SEEK_SET))
    return;
  while (!program.empty()) {
    ssize_t n = write(input, program.data(), program.size());
    if (n <= 0)
      return;
    program = program.drop_front(size_t(n));
  }
}

/// Allocations beyond what the machine has fail at once, instead of ending some process later.
static void limitMemory() {
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) // these reserve far more than they use
  struct sysinfo machine{};
  if (sysinfo(&machine))
    return;
  rlim_t bytes = (rlim_t(machine.totalram) + machine.totalswap) * machine.mem_unit;
  rlimit limit{};
  if (getrlimit(RLIMIT_AS, &limit) == 0 && (limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur > bytes)) {
    limit.rlim_cur = bytes;
    setrlimit(RLIMIT_AS, &limit);
  }
#endif
}

/// The work in the child, to the child's exit code.
static int runWork(const std::string &name, const std::function<int(Progress &)> &work, Progress &progress) {
  rlimit none{0, 0};
  setrlimit(RLIMIT_CORE, &none); // the reproducer says more than a core file
  limitMemory();
  // A reader that goes away, or a limit on files, is an error of the write.
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  static std::string tool; // for the handler, which has nothing else
  tool = name + ": out of memory\n";
  llvm::install_bad_alloc_error_handler([](void *, const char *, bool) {
    (void)!write(STDERR_FILENO, tool.data(), tool.size());
    std::_Exit(userError);
  });
  int code;
  try {
    code = work(progress);
  } catch (const std::bad_alloc &) {
    std::fputs(tool.c_str(), stderr);
    code = userError;
  }
  if (!flushStandardOutput(name) && code == ok)
    code = userError;
  std::fflush(nullptr);
  return code;
}

/// Whether a signal was sent from outside: it says nothing about us.
static bool isFromOutside(int signal) {
  switch (signal) {
  case SIGKILL: // also by systems that run out of memory
  case SIGTERM:
  case SIGINT:
  case SIGHUP:
  case SIGQUIT:
  case SIGXCPU: return true;
  default: return false;
  }
}

int runGuarded(int argc, char **argv, const std::string &name, const std::function<int(Progress &)> &work) {
  void *shared = mmap(nullptr, sizeof(Progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) {
    std::fprintf(stderr, "%s: out of memory\n", name.c_str());
    return internalError;
  }
  auto &progress = *static_cast<Progress *>(shared);
  progress.input = memfd_create("program", MFD_CLOEXEC);
  std::fflush(nullptr);
  pid_t parent = getpid(), child = fork();
  if (child < 0) {
    std::fprintf(stderr, "%s: cannot start a process: %s\n", name.c_str(), std::strerror(errno));
    return internalError;
  }
  if (child == 0) {
    // Who ends the tool ends its work; the parent may have gone before we asked for that.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
      std::_Exit(internalError);
    std::_Exit(runWork(name, work, progress)); // runs no destructors
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  int code = WIFEXITED(status) ? WEXITSTATUS(status) : internalError;
  if (WIFSIGNALED(status)) {
    std::fprintf(stderr, "%s: stopped by signal %d (%s)\n", name.c_str(), WTERMSIG(status),
                 strsignal(WTERMSIG(status)));
    if (isFromOutside(WTERMSIG(status)))
      code = userError;
  }
  if (code == internalError)
    writeReproducer(argc, argv, name, progress.input);
  if (code != ok && code != internalError && !progress.parsedArguments)
    code = usage;
  if (progress.input >= 0)
    close(progress.input);
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
