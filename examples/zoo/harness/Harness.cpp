// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "harness/Harness.h"
#include <cstdarg>
#include <cstdio>
#include <filesystem>
#include <stdexcept>

using namespace zoo;
namespace fs = std::filesystem;

static std::string formatted(const char *format, va_list arguments) {
  va_list again;
  va_copy(again, arguments);
  std::string result(std::size_t(std::vsnprintf(nullptr, 0, format, arguments)), '\0');
  std::vsnprintf(result.data(), result.size() + 1, format, again);
  va_end(again);
  return result;
}
std::string zoo::text(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  std::string result = formatted(format, arguments);
  va_end(arguments);
  return result;
}

void Run::say(const char *format, ...) const {
  va_list arguments;
  va_start(arguments, format);
  std::string line = formatted(format, arguments);
  va_end(arguments);
  std::FILE *to = json ? stderr : stdout;
  if (quick) // no time is measured
    std::fprintf(to, "%s\n", line.c_str());
  else
    std::fprintf(to, "[%6.1f s] %s\n", std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count(),
                 line.c_str());
  std::fflush(to);
}

void Run::criterion(std::string id, std::string what, std::string asked, std::string measured, bool holds) {
  say("%-4s %s: %s (asked: %s) %s", id.c_str(), what.c_str(), measured.c_str(), asked.c_str(),
      holds ? "holds" : "FAILS");
  criteria_.push_back({std::move(id), std::move(what), std::move(asked), std::move(measured), holds});
}
void Run::below(std::string id, std::string what, double measured, double limit) {
  criterion(std::move(id), std::move(what), text("< %.4g", limit), text("%.4g", measured), measured < limit);
}
void Run::above(std::string id, std::string what, double measured, double limit) {
  criterion(std::move(id), std::move(what), text("> %.4g", limit), text("%.4g", measured), measured > limit);
}
void Run::refuses(std::string what, std::string part, const std::function<void()> &action) {
  std::string said = "no error";
  try {
    action();
  } catch (const std::exception &e) {
    said = e.what();
  }
  said = said.substr(0, said.find('\n'));
  criterion("bad", "bad input: " + what, "an error with \"" + part + "\"", said, said.find(part) != std::string::npos);
}

std::string Run::data(const std::string &file) const {
  std::vector<fs::path> places;
  if (!data_.empty())
    places.push_back(data_);
  else {
    places.push_back("examples/data");
    std::error_code none;
    fs::path self = fs::read_symlink("/proc/self/exe", none);
    places.push_back(self.parent_path() / "../../../examples/data");
  }
  for (const fs::path &place : places)
    if (fs::exists(place / file))
      return (place / file).string();
  throw std::runtime_error(file + ": not found in " + places.front().string() + "; say where with --data=DIR");
}
std::string Run::picture(const std::string &file) const {
  if (out.empty())
    return {};
  fs::create_directories(out);
  return (fs::path(out) / file).string();
}

static std::string quoted(const std::string &text) {
  std::string result = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\')
      result += '\\';
    result += c;
  }
  return result + "\"";
}

int zoo::run(int argc, char **argv, const char *name, const std::function<void(Run &)> &body) try {
  Run r;
  r.name_ = name;
  bool claims = false;
  for (int i = 1; i < argc; ++i) {
    std::string argument = argv[i];
    auto value = [&](const char *option) {
      return argument.starts_with(option) ? argument.substr(std::string(option).size()) : std::string();
    };
    if (argument == "--quick")
      r.quick = true;
    else if (argument == "--claims" || argument == "--claims=full")
      claims = true, r.full = argument.ends_with("=full");
    else if (argument == "--json")
      r.json = true;
    else if (std::string out = value("--out="); !out.empty())
      r.out = out;
    else if (std::string data = value("--data="); !data.empty())
      r.data_ = data;
    else
      throw std::runtime_error("unknown argument " + argument);
  }
  if (r.quick == claims)
    throw std::runtime_error("say --quick, --claims or --claims=full; also --json, --out=DIR, --data=DIR");
  body(r);
  std::size_t held = 0, id = 2, what = 9, asked = 5, measured = 8;
  for (const Criterion &c : r.criteria_) {
    held += c.holds;
    id = std::max(id, c.id.size()), what = std::max(what, c.what.size()), asked = std::max(asked, c.asked.size()),
    measured = std::max(measured, c.measured.size());
  }
  bool all = held == r.criteria_.size() && held > 0;
  if (r.json) {
    std::printf("{\"system\": %s, \"criteria\": [", quoted(name).c_str());
    for (const Criterion &c : r.criteria_)
      std::printf("%s\n  {\"id\": %s, \"what\": %s, \"asked\": %s, \"measured\": %s, \"holds\": %s}",
                  &c == r.criteria_.data() ? "" : ",", quoted(c.id).c_str(), quoted(c.what).c_str(),
                  quoted(c.asked).c_str(), quoted(c.measured).c_str(), c.holds ? "true" : "false");
    std::printf("\n], \"hold\": %zu, \"of\": %zu}\n", held, r.criteria_.size());
    return all ? 0 : 1;
  }
  std::printf("\n%-*s  %-*s  %-*s  %-*s\n", int(id), "", int(what), "criterion", int(asked), "asked", int(measured),
              "measured");
  for (const Criterion &c : r.criteria_)
    std::printf("%-*s  %-*s  %-*s  %-*s  %s\n", int(id), c.id.c_str(), int(what), c.what.c_str(), int(asked),
                c.asked.c_str(), int(measured), c.measured.c_str(), c.holds ? "holds" : "FAILS");
  std::printf("%s: %zu of %zu criteria hold\n", name, held, r.criteria_.size());
  return all ? 0 : 1;
} catch (const std::exception &e) {
  std::fprintf(stderr, "%s: %s\n", name, e.what());
  return 2;
}
