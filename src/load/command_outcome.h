// What a command has come to so far: how each input ended, what its loads have counted, and whether it goes on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/errors.h"
#include "base/stop_signal.h"
#include "cli/plan.h"
#include "load/source.h"
#include "load/verdict.h"
#include "report/run_counts.h"
#include "report/summary.h"

namespace chatload::load {

// Single-threaded; borrows the plan and the stop.
class CommandOutcome {
 public:
  CommandOutcome(const cli::LoadPlan& plan, const StopSignal& stop) : plan_(plan), stop_(stop) {}

  void add_input(const std::string& name) { verdict_.inputs.push_back({.name = name}); }
  [[nodiscard]] const std::vector<report::InputEnd>& inputs() const { return verdict_.inputs; }
  [[nodiscard]] report::InputEnd& end_of(std::size_t input) { return verdict_.inputs.at(input); }
  [[nodiscard]] std::string name_of(const Inputs& inputs) const;

  // Runs body, which is about these inputs; what it throws is logged, and in the verdict. Where nothing more can be
  // begun then, goes_on() is false.
  void attempt(const Inputs& inputs, const std::function<void()>& body);
  void fail(const std::string& sentence, ExitCode exit_code);
  void end_badly(std::size_t input, const std::string& why, ExitCode exit_code);
  void worsen(report::RunStatus status, ExitCode exit_code) { verdict_.worsen(status, exit_code); }

  [[nodiscard]] bool goes_on() const { return goes_on_; }
  [[nodiscard]] bool is_well() const { return goes_on_ && !stop_.requested(); }
  // Another load: not after a stop, and with --fail-fast not after a failure.
  [[nodiscard]] bool may_begin() const;

  // With --on-duplicate replace nothing behind an input that failed may be written.
  [[nodiscard]] bool is_out_of_order() const { return is_out_of_order_; }
  void set_out_of_order() { is_out_of_order_ = is_out_of_order_ || plan_.keeps_order(); }

  // Of a load: what the ledger has of it, in place of what was counted.
  void count(std::uint64_t load_id, const report::RunCounts& counts) { counted_.insert_or_assign(load_id, counts); }
  void add(std::uint64_t load_id, const report::RunCounts& by_this_run);
  [[nodiscard]] const parse::ParseCounts& counts_of(std::uint64_t load_id) const { return counted_.at(load_id).parsed; }
  // This run has read some of it, and its load says how far.
  void has_begun(std::size_t input) { begun_.insert(input); }

  // Once, at the end: says which inputs were not reached.
  [[nodiscard]] Verdict close();

 private:
  void name_skipped();

  const cli::LoadPlan& plan_;
  const StopSignal& stop_;
  Verdict verdict_;
  bool goes_on_ = true;
  bool is_out_of_order_ = false;
  std::set<std::size_t> begun_;
  std::map<std::uint64_t, report::RunCounts> counted_;  // by load
};

}  // namespace chatload::load
