// Over 400 lines: the order of a command's steps stands here, and what each step does elsewhere.
#include "load/loader.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <new>
#include <span>
#include <utility>

#include "base/errors.h"
#include "base/log.h"
#include "base/quantity.h"
#include "ledger/ledger_input.h"
#include "ledger/load_ledger.h"
#include "ledger/source_ledger.h"
#include "load/closing.h"
#include "load/deciding.h"
#include "load/export_rejects.h"
#include "load/first_lines.h"
#include "load/identify.h"
#include "load/supersession.h"
#include "mysql/runner_name.h"
#include "mysql/sql_text.h"

namespace chatload::load {
namespace {

using report::InputEnd;
using report::InputStatus;
using report::RunStatus;

// A run that is refused so often meets others that begin and take over the same loads all the time.
constexpr int kRoundsMax = 10;

bool is_read_once(const NewSource& fresh) {
  return fresh.source.identity.stamp.empty() && fresh.source.why_not.empty();
}

// Of KnownSource or NewSource: their places among the command's.
template <typename Sources>
Inputs inputs_of(const Sources& sources) {
  Inputs inputs;
  inputs.reserve(sources.size());
  for (const auto& one : sources) inputs.push_back(one.source.input);
  return inputs;
}

ExitCode exit_code_of(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const Error& error) {
    return error.exit_code();
  } catch (...) {
    return ExitCode::kFailed;
  }
}

}  // namespace

Loader::Loader(const cli::LoadPlan& plan, const StopSignal& stop, report::RunTrace& trace)
    : plan_(plan),
      stop_(stop),
      run_(plan, stop, trace),
      rejects_(run_.mapping(), nullptr),
      indexes_(
          plan, run_.table().table, run_.control(), [this] { run_.writers().close(); }, run_.retry(), run_.stats(),
          stop),
      outcome_(plan, stop),
      locks_(run_),
      ends_(run_, indexes_, outcome_) {
  if (plan_.ledger.share_bytes) heartbeat_.emplace([this] { return run_.connect(); });
}

Verdict Loader::run() {
  Inputs left;
  for (const LoadSource& input : distinct_inputs(plan_.inputs)) {
    left.push_back(outcome_.inputs().size());
    outcome_.add_input(input.name);
  }
  if (heartbeat_) {
    share();
    left.clear();
  }
  for (int rounds = 0; !left.empty() && outcome_.may_begin(); ++rounds) {
    if (rounds == kRoundsMax) {
      outcome_.fail(fmt::format("{}: other runs began or took over its load again and again; run one at a time.",
                                outcome_.name_of(left)),
                    ExitCode::kFailed);
      break;
    }
    Inputs again;
    outcome_.attempt(left, [&] { again = run_round(left, /*is_patient=*/rounds > 0 || left.size() == 1); });
    left = std::move(again);
  }
  if (!stop_.requested()) {
    const Inputs to_end = ends_.supersede();
    if (outcome_.goes_on() && !to_end.empty()) {
      outcome_.attempt(to_end, [&] { static_cast<void>(run_round(to_end, /*is_patient=*/true)); });
    }
  }
  finish_all();
  if (outcome_.is_well() && run_.rejects() != nullptr) {
    outcome_.attempt({}, [&] { run_.rejects()->close(); });
  }
  return outcome_.close();
}

// To lose an input to another run is nothing unusual here: it comes to as many tries as there are loads of others.
void Loader::share() {
  Sharing sharing(run_, outcome_.inputs());
  log_info(fmt::format(
      "Shares {} inputs with other runs, some {} at a time. Where an id is in several of them, any may come first.",
      format_count(outcome_.inputs().size()), format_size(*plan_.ledger.share_bytes)));
  while (outcome_.may_begin()) {
    Inputs some;
    outcome_.attempt({}, [&] { some = sharing.next(); });
    if (some.empty()) break;
    outcome_.attempt(some, [&] { share_out(some, sharing); });
  }
  name_left(sharing);
}

void Loader::share_out(const Inputs& some, Sharing& sharing) {
  LookUp look = look_up(run_, sources_of(some), ours_, stream_digests_);
  count_done(look);
  count_same(look);
  if (ends_.has_unread()) sharing.put_back(ends_.supersede());
  for (auto& [load_id, known] : look.unfinished) {
    const Inputs inputs = inputs_of(known);
    const std::string lock_name = look.loads.at(load_id).lock_name;
    if (!outcome_.may_begin() || !sharing.may_take(load_id) ||
        run_.control().lock(lock_name, std::chrono::milliseconds(0), nullptr)) {
      sharing.leave(load_id, inputs);
      continue;
    }
    Inputs again;
    outcome_.attempt(inputs,
                     [&, id = load_id, &its_sources = known] { go_on(look, id, std::move(its_sources), again); });
    sharing.put_back(again);
    finish_shared(lock_name, sharing);
  }
  if (look.fresh.empty() || !outcome_.may_begin()) return;
  const Inputs inputs = inputs_of(look.fresh);
  outcome_.attempt(inputs, [&] { begin_shared(std::move(look.fresh), sharing); });
}

// Claims them first, and looks at what is in them then: whoever is too late has lost no time.
void Loader::begin_shared(std::vector<NewSource> fresh, Sharing& sharing) {
  spill_.reset();  // whose room the next load may need
  const std::string name = name_of_all(fresh.front().source.name, fresh.size());
  if (!ours_.empty()) run_.inspect_again(name);
  const std::string lock_name = take_new_lock(run_, name);
  std::optional<Load> load = begin_load(run_, fresh, lock_name, undecided(run_));
  if (!load) {
    run_.control().unlock(lock_name);
    return sharing.put_back(inputs_of(fresh));
  }
  heartbeat_->begin(load->id, load->owner);
  bool is_decided = false;
  outcome_.attempt(inputs_of(*load), [&] {
    try {
      sharing.put_back(decide_begun(run_, *load));
    } catch (const Error& error) {
      mark_ended(run_, *load, error.exit_code());
      throw;
    }
    is_decided = true;
  });
  if (is_decided) outcome_.attempt(inputs_of(*load), [&] { take_on(std::move(*load)); });
  finish_shared(lock_name, sharing);
}

void Loader::finish_shared(const std::string& lock_name, Sharing& sharing) {
  if (!stop_.requested()) sharing.put_back(ends_.supersede());
  finish_loads();
  heartbeat_->end();
  run_.control().unlock(lock_name);
}

void Loader::name_left(const Sharing& sharing) {
  for (const auto& [load_id, inputs] : sharing.left()) {
    for (const std::size_t input : inputs) {
      outcome_.end_of(input).load = load_id;
      if (outcome_.may_begin()) outcome_.end_of(input).status = InputStatus::kInAnotherRun;
    }
  }
  if (!outcome_.may_begin() || sharing.left().empty()) return;
  outcome_.attempt({}, [&] {
    std::vector<std::uint64_t> ids;
    for (const auto& [load_id, inputs] : sharing.left()) ids.push_back(load_id);
    for (const ledger::LoadRecord& load :
         run_.control().run([&](mysql::Session& session) { return ledger::find_loads(session, ids); })) {
      log_info(fmt::format("{}: left to the run of load {}, which is alive ({}).",
                           outcome_.name_of(sharing.left().at(load.load_id)), load.load_id,
                           mysql::shown_runner(load.runner)));
    }
  });
}

// Returns the inputs of which another run has the load, or has taken it meanwhile.
Inputs Loader::run_round(const Inputs& inputs, bool is_patient) {
  Inputs again;
  LookUp look = look_up_and_lock(inputs, is_patient, again);
  count_done(look);
  count_same(look);
  for (auto& unfinished : look.unfinished) {
    if (!outcome_.may_begin()) return {};
    const Inputs its_inputs = inputs_of(unfinished.second);
    if (plan_.keeps_order() && !again.empty()) {
      again.insert(again.end(), its_inputs.begin(), its_inputs.end());
      continue;
    }
    outcome_.attempt(its_inputs, [&] {
      require_order(outcome_.name_of(its_inputs));
      go_on(look, unfinished.first, std::move(unfinished.second), again);
    });
  }
  begin_all(std::move(look.fresh), again);
  return again;
}

std::vector<LoadSource> Loader::sources_of(const Inputs& inputs) {
  std::vector<LoadSource> sources;
  for (const std::size_t input : inputs) {
    LoadSource& source = sources.emplace_back();
    source.input = input;
    source.name = outcome_.end_of(input).name;
    if (const auto file = files_.find(input); file != files_.end()) source.file = file->second;
  }
  return sources;
}

// Looked up again once a lock is had: the load may have ended meanwhile.
LookUp Loader::look_up_and_lock(const Inputs& inputs, bool is_patient, Inputs& busy) {
  Inputs ours = inputs;
  for (;;) {
    LookUp look = look_up(run_, sources_of(ours), ours_, stream_digests_);
    for (const auto& [load_id, known] : look.unfinished) {
      for (const KnownSource& one : known) files_[one.source.input] = one.source.file;
    }
    for (const NewSource& fresh : look.fresh) files_[fresh.source.input] = fresh.source.file;
    std::map<std::uint64_t, Inputs> wanted;
    for (const auto& [load_id, known] : look.unfinished) {
      wanted.emplace(load_id, inputs_of(known));
    }
    for (const NewSource& fresh : look.fresh) {
      for (const ledger::SourceRecord& record : fresh.put_aside) {
        if (!record.is_unread()) wanted[record.load_id].push_back(fresh.source.input);
      }
    }
    bool has_new = false;
    for (const auto& one : wanted) {
      const ledger::LoadRecord& load = look.loads.at(one.first);
      const Inputs& its_inputs = one.second;
      if (locks_.has(load)) continue;
      has_new = true;
      bool is_held = false;
      outcome_.attempt(its_inputs, [&] { is_held = locks_.take(load, outcome_.name_of(its_inputs), is_patient); });
      if (!outcome_.goes_on()) return {};
      if (is_held) continue;
      const std::set<std::size_t> theirs(its_inputs.begin(), its_inputs.end());
      std::erase_if(ours, [&](std::size_t input) { return theirs.contains(input); });
      if (!is_patient) busy.insert(busy.end(), its_inputs.begin(), its_inputs.end());
    }
    if (!has_new) return look;
    if (ours.empty()) return {};
  }
}

void Loader::count_done(const LookUp& look) {
  std::map<std::uint64_t, Inputs> by_load;
  for (const KnownSource& one : look.done) {
    InputEnd& end = outcome_.end_of(one.source.input);
    end.load = one.record.load_id;
    if (one.record.lines) end.counts = one.record.lines;
    by_load[one.record.load_id].push_back(one.source.input);
  }
  for (const auto& [load_id, inputs] : by_load) {
    if (!outcome_.goes_on()) return;
    outcome_.attempt(inputs, [&, load_id = load_id, &its_inputs = inputs] {
      if (!ours_.contains(load_id)) count_done(look.loads.at(load_id), its_inputs);
      for (const std::size_t input : its_inputs) outcome_.end_of(input).status = InputStatus::kAlreadyLoaded;
    });
  }
  for (const UnreadSource& one : look.unread) {
    if (outcome_.end_of(one.input).status == InputStatus::kAlreadyLoaded) ends_.add_unread(one);
  }
}

void Loader::count_done(const ledger::LoadRecord& load, const Inputs& inputs) {
  const std::string name = outcome_.name_of(inputs);
  cli::require_same_outcome(plan_, load.plan, load.load_id, "--reload");
  if (load.exit_code > static_cast<int>(ExitCode::kLoadedWithRejects)) {
    throw ledger::damaged_ledger(load.load_id, fmt::format("it is done, and its `exit_code` is {}", load.exit_code));
  }
  run_.witnesses().require_rows_of_done(name, load.load_id);
  // What a run that was killed in between left undone.
  run_.control().attempt([&](mysql::Session& session) { ledger::compact(session, load.load_id); });
  ours_.insert(load.load_id);
  if (heartbeat_) return;  // a run of --share counts and says what is its own
  const ledger::LoadTotals totals =
      run_.control().run([&](mysql::Session& session) { return ledger::read_final_totals(session, load.load_id); });
  log_info(fmt::format("{}: {} loaded already, as load {}; --reload loads {} again.", name,
                       inputs.size() == 1 ? "is" : "are", load.load_id, inputs.size() == 1 ? "it" : "them"));
  outcome_.count(load.load_id, report::recorded_counts(totals));
  outcome_.worsen(RunStatus::kDone, static_cast<ExitCode>(load.exit_code));
  export_rejects_of(run_, load.load_id, name, /*is_patient=*/true);
}

void Loader::count_same(const LookUp& look) {
  for (const SameSource& same : look.same) {
    InputEnd& end = outcome_.end_of(same.input);
    end.status = InputStatus::kSame;
    end.same_as = outcome_.end_of(same.same_as).name;
    if (&same == &look.same.front()) {
      const std::string more =
          look.same.size() > 1 ? fmt::format("; {} more inputs repeat others", format_count(look.same.size() - 1)) : "";
      log_info(fmt::format("{}: holds the same bytes as {}, an input before it; its lines count once{}.", end.name,
                           end.same_as, more));
    }
  }
}

void Loader::go_on(const LookUp& look, std::uint64_t load_id, std::vector<KnownSource> known, Inputs& again) {
  spill_.reset();  // whose room the next load may need
  const Inputs inputs = inputs_of(known);
  const auto check = [&](const cli::LoadPlan& plan, std::vector<LoadSource>& sources) {
    std::vector<LoadSource*> readable;
    for (LoadSource& source : sources) {
      if (source.why_not.empty()) readable.push_back(&source);
    }
    if (plan.write.order == RowOrder::kKey) require_room(run_, plan, readable);
  };
  if (!ours_.empty()) run_.inspect_again(outcome_.name_of(inputs));
  std::optional<Load> load = resume_load(run_, look.loads.at(load_id), std::move(known), check);
  if (load) return take_on(std::move(*load));
  again.insert(again.end(), inputs.begin(), inputs.end());
}

// What can be read once only is a load of its own.
void Loader::begin_all(std::vector<NewSource> fresh, Inputs& again) {
  std::vector<NewSource> group;
  const auto begin_group = [&] {
    while (!group.empty() && outcome_.may_begin()) {
      const Inputs inputs = inputs_of(group);
      if (plan_.keeps_order() && !again.empty()) return put_back(std::exchange(group, {}), again);
      outcome_.attempt(inputs, [&] { begin(group, again); });
    }
    group.clear();
  };
  for (NewSource& one : fresh) {
    const bool stands_alone = is_read_once(one);
    if (stands_alone) begin_group();
    if (const auto kept = kept_.find(one.source.input); kept != kept_.end()) {
      one.source.looked_at = std::move(kept->second);
    }
    group.push_back(std::move(one));
    if (stands_alone) begin_group();
  }
  begin_group();
}

// With --on-duplicate replace nothing is written behind what failed, nor before what is still to be waited for.
void Loader::require_order(const std::string& name) const {
  if (!outcome_.is_out_of_order() || heartbeat_) return;
  throw LoadError(
      fmt::format("{}: waits for an input in front of it that is not loaded, because with --on-duplicate "
                  "replace the last line of an id counts; mend that one and run the same command again, or "
                  "give --any-order.",
                  name));
}

// For the next round; what can be read once keeps what was read of it.
void Loader::put_back(std::vector<NewSource> fresh, Inputs& again) {
  for (NewSource& one : fresh) {
    again.push_back(one.source.input);
    if (is_read_once(one)) kept_[one.source.input] = std::move(one.source.looked_at);
  }
}

// Begins a load with the first of them, as many as fit, and takes those away.
void Loader::begin(std::vector<NewSource>& group, Inputs& again) {
  spill_.reset();  // whose room the next load may need
  std::vector<NewSource> taken = std::exchange(group, {});
  require_order(name_of_all(taken.front().source.name, taken.size()));
  if (!ours_.empty()) run_.inspect_again(name_of_all(taken.front().source.name, taken.size()));
  std::vector<LoadSource*> readable;
  for (NewSource& one : taken) {
    if (one.source.why_not.empty()) readable.push_back(&one.source);
  }
  // Of a single input this is known before the ledger has a word of it.
  if (taken.size() == 1 && readable.size() == 1 && !taken.front().source.looked_at.bytes) {
    LoadSource& only = taken.front().source;
    only.file = only.open();  // whose bytes are looked at
    only.looked_at = open_and_look(*only.file, plan_.read, run_.mapping(), run_.rejects(), stop_);
  }
  Decision decision = decide(run_, readable);
  if (decision.count < readable.size()) {
    const auto behind = std::find_if(taken.begin(), taken.end(),
                                     [&](const NewSource& one) { return &one.source == readable[decision.count]; });
    std::move(behind, taken.end(), std::back_inserter(group));
    taken.erase(behind, taken.end());
  }
  const std::string name = name_of_all(taken.front().source.name, taken.size());
  decision.plan.write.indexes = readable.empty()
                                    ? IndexMode::kKeep
                                    : indexes_.decide(name, total_bytes(std::span(readable).first(decision.count)));
  const std::string lock_name = take_new_lock(run_, name);
  std::optional<Load> load = begin_load(run_, taken, lock_name, std::move(decision.plan));
  if (load) {
    locks_.add(lock_name);
    return take_on(std::move(*load));
  }
  run_.control().unlock(lock_name);
  put_back(std::move(taken), again);
}

void Loader::take_on(Load load) {
  if (heartbeat_) heartbeat_->begin(load.id, load.owner);
  run_.retry().committed();  // the load's row: the server takes writes
  ends_.take_back(load.id);
  ours_.insert(load.id);
  for (const LoadSource& source : load.sources) outcome_.end_of(source.input).load = load.id;
  report::RunCounts before = report::recorded_counts(load.before);
  if (!load.is_written) {  // this run reads from their start again all but those that are done
    before.bytes_compressed = 0;
    for (const LoadSource& source : load.sources) {
      if (source.is_done) before.bytes_compressed += source.identity.bytes.value_or(0);
    }
  }
  outcome_.count(load.id, before);
  try {
    indexes_.prepare(load.name, load.plan.write.indexes);
    run_one(load);
  } catch (const Error& error) {
    ends_.end_failed(load, error.exit_code());
    throw;
  }
}

void Loader::run_one(Load& load) {
  if (load.is_written) {
    const bool has_rejects = load.before.counts.rejected > 0;
    ends_.add_written(std::move(load), has_rejects ? ExitCode::kLoadedWithRejects : ExitCode::kLoaded);
    return;
  }
  if (load.before.ranges > 0) run_.witnesses().require_rows(load.name, load.id);
  rejects_.begin(fmt::format("`chatload rejects {}` lists all of them{}", load.id,
                             load.plan.write.order == RowOrder::kKey ? ", once the inputs are sorted" : ""));
  const LoadOutcome outcome = run_load(run_, load, rejects_, spill_);
  outcome_.add(load.id, outcome.counts);
  settle(load, outcome);
}

void Loader::settle(Load& load, const LoadOutcome& outcome) {
  const bool is_all = record_outcome(run_, load, outcome);
  ExitCode worst = ExitCode::kLoaded;
  const auto end_badly = [&](std::size_t input, const std::string& why, ExitCode exit_code) {
    outcome_.end_badly(input, why, exit_code);
    worst = worse(worst, exit_code);
  };
  for (const LoadSource& source : load.sources) {
    if (source.is_done) outcome_.end_of(source.input).status = InputStatus::kAlreadyLoaded;
    if (!source.why_not.empty()) end_badly(source.input, source.why_not, ExitCode::kFailed);
  }
  for (const SourceOutcome& source : outcome.sources) {
    const bool is_written = source.counts.parsed.lines > 0 || load.plan.write.order == RowOrder::kKey;
    if (is_written) outcome_.has_begun(source.input);
    if (source.failure) end_badly(source.input, why_of(source), exit_code_of(source.failure));
    const bool is_file_order = load.plan.write.order == RowOrder::kFile;
    if (source.is_whole && is_file_order && !is_all) outcome_.end_of(source.input).status = InputStatus::kDone;
  }
  if (worst != ExitCode::kLoaded) outcome_.set_out_of_order();
  if (outcome.budget_verdict) log_error(*outcome.budget_verdict);
  if (outcome.result.failure) std::rethrow_exception(outcome.result.failure);
  if (outcome.budget_verdict) {
    outcome_.worsen(RunStatus::kBudgetExceeded, ExitCode::kBudgetExceeded);
    ends_.end_early(load, ExitCode::kBudgetExceeded);
  } else if (outcome.result.interrupted) {
    log_warning(fmt::format(
        "{}: stopped by a signal after {} lines{}.", load.name,
        format_count(load.before.counts.lines + outcome.counts.parsed.lines),
        load.plan.write.order == RowOrder::kKey ? "; the next run sorts it again and continues from there" : ""));
    outcome_.worsen(RunStatus::kInterrupted, ExitCode::kInterrupted);
    ends_.end_early(load, ExitCode::kInterrupted);
  } else if (is_all) {
    const parse::ParseCounts& counts = outcome_.counts_of(load.id);
    say_if_all_filtered(load.name, counts, outcome.filtered_types, run_.mapping(), load.plan.read.filter);
    ends_.add_written(std::move(load), counts.rejected() > 0 ? ExitCode::kLoadedWithRejects : ExitCode::kLoaded);
  } else {
    if (worst == ExitCode::kLoaded && outcome.counts.parsed.rejected() > 0) {
      outcome_.worsen(RunStatus::kDone, ExitCode::kLoadedWithRejects);
    }
    ends_.end_early(load, worst);
    ends_.take_counts(load);
  }
}

bool Loader::finish_loads() {
  spill_.reset();  // the server may need the room
  return ends_.finish();
}

void Loader::finish_all() {
  if (finish_loads()) {
    outcome_.attempt({},
                     [&] { indexes_.finish(name_of_all(outcome_.inputs().front().name, outcome_.inputs().size())); });
  }
  if (const std::string owed = indexes_.owed(); !owed.empty()) {
    log_warning(fmt::format("{} still lacks {}. {} to build it.", mysql::quote_identifier(run_.table().table), owed,
                            heartbeat_ ? "When all runs have ended, run `chatload schema apply`"
                                       : "Run this command again, or `chatload schema apply`,"));
  }
  run_.control().unlock_all();
}

}  // namespace chatload::load
