// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What every system of the zoo shares: arguments, progress, the table of criteria, its json, files of data and
// pictures.
//
//   NN-name --quick           the criteria that are certain by mathematics; no time is measured
//   NN-name --claims          the whole experiment: a table, criterion by criterion, and a last line "NN-name: K of M criteria hold"
//   NN-name --claims=full     the same with all seeds, arms and steps that the system's README lists, without a limit of time
//           --json            the same as json on the last lines, and nothing else on standard output
//           --out=DIR         pictures
//           --data=DIR        where the data are; found beside the sources otherwise
// Exit status: 0 if all criteria hold, 1 if one does not, 2 if it could not run.
#pragma once
#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace zoo {

struct Criterion {
  std::string id, what, asked, measured;
  bool holds;
};

/// One run of one experiment.
class Run {
public:
  bool quick = false, full = false, json = false;
  std::string out; // folder of pictures; empty: none wanted

  /// A line of progress with the seconds since the start.
  void say(const char *format, ...) const __attribute__((format(printf, 2, 3)));
  /// A row of the table; `id` is the number in the system's list of criteria.
  void criterion(std::string id, std::string what, std::string asked, std::string measured, bool holds);
  /// measured < limit, measured > limit: the row says so itself.
  void below(std::string id, std::string what, double measured, double limit);
  void above(std::string id, std::string what, double measured, double limit);
  /// Bad input must give an error whose text contains `part`.
  void refuses(std::string what, std::string part, const std::function<void()> &action);
  /// A file of data by its name.
  std::string data(const std::string &file) const;
  /// Where to write a picture, without the ending; empty if none are wanted.
  std::string picture(const std::string &file) const;

  const std::vector<Criterion> &criteria() const { return criteria_; }

private:
  friend int run(int, char **, const char *, const std::function<void(Run &)> &);
  std::string name_, data_;
  std::vector<Criterion> criteria_;
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

/// The main function of a system: `body` does the experiment, or the certain part of it if run.quick.
int run(int argc, char **argv, const char *name, const std::function<void(Run &)> &body);

/// printf into a string.
std::string text(const char *format, ...) __attribute__((format(printf, 1, 2)));

} // namespace zoo
