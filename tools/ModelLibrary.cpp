// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// See ModelLibrary.h.
#include "tools/ModelLibrary.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"
#include <cstdlib>
#include <dlfcn.h>

namespace weft::tools {
namespace fs = llvm::sys::fs;
namespace path = llvm::sys::path;

ModelLibrary::~ModelLibrary() {
  if (!folder.empty())
    fs::remove_directories(folder);
}

/// The folders of the language's headers: those beside an installed weftc, else those that it was built with.
static std::vector<std::string> languageIncludes() {
  std::string self = fs::getMainExecutable(nullptr, nullptr);
  llvm::SmallString<128> installed(path::parent_path(path::parent_path(self)));
  path::append(installed, "include");
  llvm::SmallString<128> header(installed);
  path::append(header, "weft", "weft.h");
  if (fs::exists(header))
    return {installed.str().str()};
  llvm::SmallVector<llvm::StringRef> built;
  llvm::StringRef(WEFT_INCLUDES).split(built, ':', -1, false);
  return {built.begin(), built.end()};
}

bool ModelLibrary::build(const std::string &source, const std::string &compiler, llvm::ArrayRef<std::string> flags,
                         llvm::ArrayRef<std::string> includes, std::string &error) {
  llvm::SmallString<128> whole, made;
  if (!fs::exists(source) || fs::real_path(source, whole)) {
    error = source + ": there is no such file";
    return false;
  }
  if (std::error_code code = fs::createUniqueDirectory("weftc", made)) {
    error = "no folder for temporary files: " + code.message();
    return false;
  }
  folder = made.str().str();
  path::append(made, "model.so");
  library = made.str().str();

  const char *fromEnvironment = std::getenv("CXX");
  std::string wanted = !compiler.empty() ? compiler : fromEnvironment && *fromEnvironment ? fromEnvironment : "c++";
  llvm::ErrorOr<std::string> program = llvm::sys::findProgramByName(wanted);
  if (!program) {
    error = "no C++ compiler " + wanted + ": " + program.getError().message() + "; name one with --cxx";
    return false;
  }
  std::vector<std::string> command{
      *program, "-std=c++20", "-O1", "-fPIC", "-shared", "-fmacro-prefix-map=" + path::parent_path(whole).str() + "/="};
  for (const std::string &folder : includes)
    command.push_back("-I" + folder);
  for (const std::string &folder : languageIncludes())
    command.push_back("-I" + folder);
  command.insert(command.end(), flags.begin(), flags.end());
  command.insert(command.end(), {whole.str().str(), "-o", library});
  std::vector<llvm::StringRef> words(command.begin(), command.end());
  std::string reason;
  int status = llvm::sys::ExecuteAndWait(*program, words, std::nullopt, {}, 0, 0, &reason);
  if (!status)
    return true;
  error = source + ": " + wanted + " failed" + (reason.empty() ? "" : ": " + reason);
  return false;
}

bool ModelLibrary::load(std::string &error) {
  if (dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL))
    return true;
  error = std::string("the model does not load: ") + dlerror();
  return false;
}
} // namespace weft::tools
