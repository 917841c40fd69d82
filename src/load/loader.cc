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
std::vector<std::size_t> inputs_of(const Sources& sources) {
  std::vector<std::size_t> inputs;
  inputs.reserve(sources.size());
  for (const auto& one : sources) inputs.push_back(one.source.input);
  return inputs;
}

std::vector<std::size_t> inputs_of(const Load& load) {
  std::vector<std::size_t> inputs;
  inputs.reserve(load.sources.size());
  for (const LoadSource& source : load.sources) inputs.push_back(source.input);
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

Loader::Loader(const cli::LoadPlan& plan, const StopSignal& stop)
    : plan_(plan),
      stop_(stop),
      run_(plan, stop),
      rejects_(run_.mapping(), nullptr),
      indexes_(
          plan, run_.table().table, run_.control(), [this] { run_.writers().close(); }, run_.retry(), run_.stats(),
          stop) {
  if (plan_.ledger.share_bytes) heartbeat_.emplace([this] { return run_.connect(); });
}

Verdict Loader::run() {
  Inputs left;
  for (const LoadSource& input : distinct_inputs(plan_.inputs)) {
    left.push_back(verdict_.inputs.size());
    verdict_.inputs.push_back({.name = input.name});
  }
  if (heartbeat_) {
    share();
    left.clear();
  }
  for (int rounds = 0; !left.empty() && may_begin(); ++rounds) {
    if (rounds == kRoundsMax) {
      fail(fmt::format("{}: other runs began or took over its load again and again; run one at a time.", name_of(left)),
           RunStatus::kFailed, ExitCode::kFailed);
      break;
    }
    Inputs again;
    attempt(left, [&] { again = run_round(left, /*is_patient=*/rounds > 0 || left.size() == 1); });
    left = std::move(again);
  }
  if (!stop_.requested()) {
    const Inputs to_end = supersede();
    if (goes_on_ && !to_end.empty()) {
      attempt(to_end, [&] { static_cast<void>(run_round(to_end, /*is_patient=*/true)); });
    }
  }
  finish_all();
  const bool is_well = goes_on_ && !stop_.requested();
  // Of what a load has begun to read, and was stopped in, that load has said so.
  const auto is_skipped = [&](const InputEnd& input) {
    const auto place = static_cast<std::size_t>(&input - verdict_.inputs.data());
    return input.status == InputStatus::kNotReached && (is_well || !begun_.contains(place));
  };
  const auto not_reached =
      static_cast<std::size_t>(std::count_if(verdict_.inputs.begin(), verdict_.inputs.end(), is_skipped));
  if (not_reached > 0) {
    const auto first = std::find_if(verdict_.inputs.begin(), verdict_.inputs.end(), is_skipped);
    log_warning(fmt::format("Skipped {} of {} inputs, starting with {}; run the same command again.",
                            format_count(not_reached), format_count(verdict_.inputs.size()), first->name));
    if (goes_on_ && stop_.requested()) verdict_.worsen(RunStatus::kInterrupted, ExitCode::kInterrupted);
  }
  const auto was_done = [](const auto& input) {
    return input.status == InputStatus::kAlreadyLoaded || input.status == InputStatus::kSame;
  };
  if (verdict_.status == RunStatus::kDone && std::all_of(verdict_.inputs.begin(), verdict_.inputs.end(), was_done)) {
    verdict_.status = RunStatus::kAlreadyLoaded;
  }
  if (is_well && run_.rejects() != nullptr) {
    attempt({}, [&] { run_.rejects()->close(); });
  }
  for (const auto& [load, counts] : counted_) verdict_.counts += counts;
  return std::move(verdict_);
}

bool Loader::may_begin() const {
  const bool has_failed = verdict_.exit_code != ExitCode::kLoaded && verdict_.exit_code != ExitCode::kLoadedWithRejects;
  return goes_on_ && !stop_.requested() && !(plan_.fail_fast && has_failed);
}

// To lose an input to another run is nothing unusual here: it comes to as many tries as there are loads of others.
void Loader::share() {
  Sharing sharing(run_, verdict_.inputs);
  log_info(fmt::format(
      "Shares {} inputs with other runs, some {} at a time. Where an id is in several of them, any may come first.",
      format_count(verdict_.inputs.size()), format_size(*plan_.ledger.share_bytes)));
  while (may_begin()) {
    Inputs some;
    attempt({}, [&] { some = sharing.next(); });
    if (some.empty()) break;
    attempt(some, [&] { share_out(some, sharing); });
  }
  name_left(sharing);
}

void Loader::share_out(const Inputs& some, Sharing& sharing) {
  LookUp look = look_up(run_, sources_of(some), ours_, stream_digests_);
  count_done(look);
  count_same(look);
  if (!unread_.empty()) sharing.put_back(supersede());
  for (auto& [load_id, known] : look.unfinished) {
    const Inputs inputs = inputs_of(known);
    const std::string lock_name = look.loads.at(load_id).lock_name;
    if (!may_begin() || !sharing.may_take(load_id) ||
        run_.control().lock(lock_name, std::chrono::milliseconds(0), nullptr)) {
      sharing.leave(load_id, inputs);
      continue;
    }
    Inputs again;
    attempt(inputs, [&, id = load_id, &its_sources = known] { go_on(look, id, std::move(its_sources), again); });
    sharing.put_back(again);
    finish_shared(lock_name, sharing);
  }
  if (look.fresh.empty() || !may_begin()) return;
  const Inputs inputs = inputs_of(look.fresh);
  attempt(inputs, [&] { begin_shared(std::move(look.fresh), sharing); });
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
  attempt(inputs_of(*load), [&] {
    try {
      sharing.put_back(decide_begun(run_, *load));
    } catch (const Error& error) {
      mark_ended(run_, *load, error.exit_code());
      throw;
    }
    is_decided = true;
  });
  if (is_decided) attempt(inputs_of(*load), [&] { take_on(std::move(*load)); });
  finish_shared(lock_name, sharing);
}

void Loader::finish_shared(const std::string& lock_name, Sharing& sharing) {
  if (!stop_.requested()) sharing.put_back(supersede());
  finish_loads();
  heartbeat_->end();
  run_.control().unlock(lock_name);
}

void Loader::name_left(const Sharing& sharing) {
  for (const auto& [load_id, inputs] : sharing.left()) {
    for (const std::size_t input : inputs) {
      end_of(input).load = load_id;
      if (may_begin()) end_of(input).status = InputStatus::kInAnotherRun;
    }
  }
  if (!may_begin() || sharing.left().empty()) return;
  attempt({}, [&] {
    std::vector<std::uint64_t> ids;
    for (const auto& [load_id, inputs] : sharing.left()) ids.push_back(load_id);
    for (const ledger::LoadRecord& load :
         run_.control().run([&](mysql::Session& session) { return ledger::find_loads(session, ids); })) {
      log_info(fmt::format("{}: left to the run of load {}, which is alive ({}).",
                           name_of(sharing.left().at(load.load_id)), load.load_id, mysql::shown_runner(load.runner)));
    }
  });
}

// Returns the inputs of which another run has the load, or has taken it meanwhile.
Loader::Inputs Loader::run_round(const Inputs& inputs, bool is_patient) {
  Inputs again;
  LookUp look = look_up_and_lock(inputs, is_patient, again);
  count_done(look);
  count_same(look);
  for (auto& unfinished : look.unfinished) {
    if (!may_begin()) return {};
    const Inputs its_inputs = inputs_of(unfinished.second);
    if (plan_.keeps_order() && !again.empty()) {
      again.insert(again.end(), its_inputs.begin(), its_inputs.end());
      continue;
    }
    attempt(its_inputs, [&] {
      require_order(name_of(its_inputs));
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
    source.name = end_of(input).name;
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
      if (held_.contains(load.lock_name)) continue;
      has_new = true;
      bool is_held = false;
      attempt(its_inputs, [&] { is_held = hold(load, name_of(its_inputs), is_patient); });
      if (!goes_on_) return {};
      if (is_held) continue;
      const std::set<std::size_t> theirs(its_inputs.begin(), its_inputs.end());
      std::erase_if(ours, [&](std::size_t input) { return theirs.contains(input); });
      if (!is_patient) busy.insert(busy.end(), its_inputs.begin(), its_inputs.end());
    }
    if (!has_new) return look;
    if (ours.empty()) return {};
  }
}

// A courtesy: what keeps another run from writing is the owner in the load's row. False where another run has it, and
// there is something else to do first; throws LoadError where it was waited for.
bool Loader::hold(const ledger::LoadRecord& load, const std::string& name, bool is_patient) {
  const auto who = [&](const std::string& holder) { return mysql::shown_holder(load.runner, holder); };
  const auto wait = is_patient ? plan_.ledger.wait_lock : std::chrono::milliseconds(0);
  const std::optional<std::string> holder =
      run_.control().lock(load.lock_name, wait, [&](const std::string& connection) {
        return fmt::format("{}: another run holds this load's lock ({})", name, who(connection));
      });
  if (!holder && is_dead(load)) {
    held_.insert(load.lock_name);
    return true;
  }
  if (!holder) run_.control().unlock(load.lock_name);
  if (stop_.requested()) throw Interrupted();
  if (!is_patient) return false;
  throw LoadError(
      fmt::format("{}: another run is loading it ({}); let it finish, or wait for it with --wait-lock DURATION.", name,
                  holder ? who(*holder) : mysql::shown_runner(load.runner)));
}

// Of a load whose lock is ours now: a run of --share that has lost it may live on. The beat decides how long this
// waits, whatever --wait-lock says.
bool Loader::is_dead(const ledger::LoadRecord& load) {
  const auto look_up = [&] {
    const std::uint64_t connection = run_.control().times_opened();
    auto now = run_.control().run([&](mysql::Session& session) { return ledger::find_load(session, load.load_id); });
    return LookedUpLoad{.load = std::move(now), .connection = connection};
  };
  return load::is_dead(look_up, stop_);
}

void Loader::count_done(const LookUp& look) {
  std::map<std::uint64_t, Inputs> by_load;
  for (const KnownSource& one : look.done) {
    InputEnd& end = end_of(one.source.input);
    end.load = one.record.load_id;
    if (one.record.lines) end.counts = one.record.lines;
    by_load[one.record.load_id].push_back(one.source.input);
  }
  for (const auto& [load_id, inputs] : by_load) {
    if (!goes_on_) return;
    attempt(inputs, [&, load_id = load_id, &its_inputs = inputs] {
      if (!ours_.contains(load_id)) count_done(look.loads.at(load_id), its_inputs);
      for (const std::size_t input : its_inputs) end_of(input).status = InputStatus::kAlreadyLoaded;
    });
  }
  for (const UnreadSource& one : look.unread) {
    if (end_of(one.input).status == InputStatus::kAlreadyLoaded) unread_.push_back(one);
  }
}

void Loader::count_done(const ledger::LoadRecord& load, const Inputs& inputs) {
  const std::string name = name_of(inputs);
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
  count(load.load_id, report::recorded_counts(totals));
  verdict_.worsen(RunStatus::kDone, static_cast<ExitCode>(load.exit_code));
  export_rejects_of(run_, load.load_id, name, /*is_patient=*/true);
}

void Loader::count_same(const LookUp& look) {
  for (const SameSource& same : look.same) {
    InputEnd& end = end_of(same.input);
    end.status = InputStatus::kSame;
    end.same_as = end_of(same.same_as).name;
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
  if (!ours_.empty()) run_.inspect_again(name_of(inputs));
  std::optional<Load> load = resume_load(run_, look.loads.at(load_id), std::move(known), check);
  if (load) return take_on(std::move(*load));
  again.insert(again.end(), inputs.begin(), inputs.end());
}

// What can be read once only is a load of its own.
void Loader::begin_all(std::vector<NewSource> fresh, Inputs& again) {
  std::vector<NewSource> group;
  const auto begin_group = [&] {
    while (!group.empty() && may_begin()) {
      const Inputs inputs = inputs_of(group);
      if (plan_.keeps_order() && !again.empty()) return put_back(std::exchange(group, {}), again);
      attempt(inputs, [&] { begin(group, again); });
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
  if (!is_out_of_order_ || heartbeat_) return;
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
    held_.insert(lock_name);
    return take_on(std::move(*load));
  }
  run_.control().unlock(lock_name);
  put_back(std::move(taken), again);
}

void Loader::take_on(Load load) {
  if (heartbeat_) heartbeat_->begin(load.id, load.owner);
  run_.retry().committed();  // the load's row: the server takes writes
  std::erase_if(finishing_, [&](const Finishing& one) { return one.load.id == load.id; });
  ours_.insert(load.id);
  for (const LoadSource& source : load.sources) end_of(source.input).load = load.id;
  report::RunCounts before = report::recorded_counts(load.before);
  if (!load.is_written) {  // this run reads from their start again all but those that are done
    before.bytes_compressed = 0;
    for (const LoadSource& source : load.sources) {
      if (source.is_done) before.bytes_compressed += source.identity.bytes.value_or(0);
    }
  }
  count(load.id, before);
  try {
    indexes_.prepare(load.name, load.plan.write.indexes);
    run_one(load);
  } catch (const Error& error) {
    mark_ended(run_, load, error.exit_code());
    try_export_rejects(load);
    throw;
  }
}

void Loader::run_one(Load& load) {
  if (load.is_written) {
    const bool has_rejects = load.before.counts.rejected > 0;
    finishing_.push_back({std::move(load), has_rejects ? ExitCode::kLoadedWithRejects : ExitCode::kLoaded});
    return;
  }
  if (load.before.ranges > 0) run_.witnesses().require_rows(load.name, load.id);
  rejects_.begin(fmt::format("`chatload rejects {}` lists all of them{}", load.id,
                             load.plan.write.order == RowOrder::kKey ? ", once the inputs are sorted" : ""));
  const LoadOutcome outcome = run_load(run_, load, rejects_, spill_);
  counted_[load.id] += outcome.counts;
  verdict_.this_run += outcome.counts;
  settle(load, outcome);
}

void Loader::settle(Load& load, const LoadOutcome& outcome) {
  const bool is_all = record_outcome(run_, load, outcome);
  ExitCode worst = ExitCode::kLoaded;
  const auto end_badly = [&](std::size_t input, const std::string& why, ExitCode exit_code) {
    InputEnd& end = end_of(input);
    end.status = InputStatus::kFailed;
    end.why = why;
    worst = worse(worst, exit_code);
    verdict_.worsen(exit_code == ExitCode::kBudgetExceeded ? RunStatus::kBudgetExceeded : RunStatus::kFailed,
                    exit_code);
  };
  for (const LoadSource& source : load.sources) {
    if (source.is_done) end_of(source.input).status = InputStatus::kAlreadyLoaded;
    if (!source.why_not.empty()) end_badly(source.input, source.why_not, ExitCode::kFailed);
  }
  for (const SourceOutcome& source : outcome.sources) {
    const bool is_written = source.counts.parsed.lines > 0 || load.plan.write.order == RowOrder::kKey;
    if (is_written) begun_.insert(source.input);
    if (source.failure) end_badly(source.input, why_of(source), exit_code_of(source.failure));
    const bool is_file_order = load.plan.write.order == RowOrder::kFile;
    if (source.is_whole && is_file_order && !is_all) end_of(source.input).status = InputStatus::kDone;
  }
  is_out_of_order_ = is_out_of_order_ || (load.plan.keeps_order() && worst != ExitCode::kLoaded);
  if (outcome.budget_verdict) log_error(*outcome.budget_verdict);
  if (outcome.result.failure) std::rethrow_exception(outcome.result.failure);
  if (outcome.budget_verdict) {
    mark_ended(run_, load, ExitCode::kBudgetExceeded);
    verdict_.worsen(RunStatus::kBudgetExceeded, ExitCode::kBudgetExceeded);
  } else if (outcome.result.interrupted) {
    log_warning(fmt::format(
        "{}: stopped by a signal after {} lines{}.", load.name,
        format_count(load.before.counts.lines + outcome.counts.parsed.lines),
        load.plan.write.order == RowOrder::kKey ? "; the next run sorts it again and continues from there" : ""));
    mark_ended(run_, load, ExitCode::kInterrupted);
    verdict_.worsen(RunStatus::kInterrupted, ExitCode::kInterrupted);
  } else if (is_all) {
    const std::uint64_t rejected = counted_[load.id].parsed.rejected();
    say_if_all_filtered(load.name, counted_[load.id].parsed, outcome.filtered_types, load.plan.read.filter);
    const ExitCode exit_code = rejected > 0 ? ExitCode::kLoadedWithRejects : ExitCode::kLoaded;
    finishing_.push_back({std::move(load), exit_code});
    return;
  } else {
    mark_ended(run_, load, worst);
    take_counts(load);
    if (worst == ExitCode::kLoaded && outcome.counts.parsed.rejected() > 0) {
      verdict_.worsen(RunStatus::kDone, ExitCode::kLoadedWithRejects);
    }
  }
  rejects_owed_.emplace(load.id, load.name);
}

// Each has its last word, and before that the indexes are built, once for all of them. Whether all is well.
bool Loader::finish_loads() {
  spill_.reset();  // the server may need the room
  bool is_well = goes_on_ && !stop_.requested();
  for (const Finishing& one : std::exchange(finishing_, {})) {
    if (!is_well) {
      const bool is_stopped = stop_.requested();
      if (is_stopped) verdict_.worsen(RunStatus::kInterrupted, ExitCode::kInterrupted);
      mark_ended(run_, one.load, is_stopped ? ExitCode::kInterrupted : ExitCode::kFailed);
      continue;
    }
    bool is_finished = false;
    attempt(inputs_of(one.load), [&] {
      finish(one);
      is_finished = true;
    });
    is_well = is_finished;
  }
  for (const auto& [load_id, name] : std::exchange(rejects_owed_, {})) {
    if (!goes_on_ || stop_.requested()) break;
    attempt({}, [&, id = load_id, &its_name = name] { export_rejects_of(run_, id, its_name, /*is_patient=*/true); });
  }
  return is_well;
}

void Loader::finish_all() {
  if (finish_loads()) {
    attempt({}, [&] { indexes_.finish(name_of_all(verdict_.inputs.front().name, verdict_.inputs.size())); });
  }
  if (const std::string owed = indexes_.owed(); !owed.empty()) {
    log_warning(fmt::format("{} still lacks {}. {} to build it.", mysql::quote_identifier(run_.table().table), owed,
                            heartbeat_ ? "When all runs have ended, run `chatload schema apply`"
                                       : "Run this command again, or `chatload schema apply`,"));
  }
  run_.control().unlock_all();
}

void Loader::finish(const Finishing& one) {
  try {
    finish_load(run_, one.load, indexes_, one.exit_code);
  } catch (const Error& error) {
    mark_ended(run_, one.load, error.exit_code());
    throw;
  }
  verdict_.worsen(RunStatus::kDone, one.exit_code);
  for (const LoadSource& source : one.load.sources) {
    InputEnd& end = end_of(source.input);
    const bool is_settled = end.status == InputStatus::kFailed || end.status == InputStatus::kAlreadyLoaded;
    if (source.why_not.empty() && !is_settled) end.status = InputStatus::kDone;
  }
  take_counts(one.load);
  rejects_owed_.emplace(one.load.id, one.load.name);
}

// As the ledger has them, by all runs.
void Loader::take_counts(const Load& load) {
  const std::vector<ledger::SourceRecord> records =
      run_.control().run([&](mysql::Session& session) { return ledger::find_of_load(session, load.id); });
  std::map<SourceOrdinal, std::size_t> inputs;
  for (const LoadSource& source : load.sources) inputs.emplace(source.ordinal, source.input);
  for (const ledger::SourceRecord& record : records) {
    const auto input = inputs.find(record.source);
    if (input != inputs.end() && record.lines) end_of(input->second).counts = record.lines;
  }
}

// Returns the inputs of loads that only lacked a source which another one has now, for the same run to end them.
Loader::Inputs Loader::supersede() {
  std::set<std::uint64_t> superseded;
  for (std::size_t i = 0; i < finishing_.size() && goes_on_ && !plan_.ledger.source_id; ++i) {
    attempt({}, [&] { superseded.merge(supersede_partial_sources(run_, finishing_[i].load)); });
  }
  if (goes_on_) attempt({}, [&] { superseded.merge(supersede_unread_sources(run_, std::exchange(unread_, {}))); });
  Inputs to_end;
  for (std::size_t input = 0; input < verdict_.inputs.size(); ++input) {
    const auto load_id = verdict_.inputs[input].load;
    if (load_id && superseded.contains(*load_id)) to_end.push_back(input);
  }
  return to_end;
}

// What ended the load is the news; a lost server has no rejects to give either.
void Loader::try_export_rejects(const Load& load) {
  if (stop_.requested()) return;
  try {
    export_rejects_of(run_, load.id, load.name, /*is_patient=*/false);
  } catch (const Error& error) {
    log_warning(error.what());
  }
}

void Loader::count(std::uint64_t load_id, const report::RunCounts& counts) {
  counted_.insert_or_assign(load_id, counts);
}

void Loader::fail(const std::string& sentence, RunStatus status, ExitCode exit_code) {
  log_error(sentence);
  verdict_.worsen(status, exit_code);
}

std::string Loader::name_of(const Inputs& inputs) const {
  return inputs.empty() ? std::string() : name_of_all(verdict_.inputs.at(inputs.front()).name, inputs.size());
}

template <typename Body>
void Loader::attempt(const Inputs& inputs, Body body) {
  const std::string in_front = inputs.empty() ? "" : name_of(inputs) + ": ";
  const auto fail_with = [&](const Error& error) {
    is_out_of_order_ = is_out_of_order_ || (plan_.keeps_order() && !inputs.empty());
    for (const std::size_t input : inputs) {
      InputEnd& end = end_of(input);
      if (end.status != InputStatus::kNotReached) continue;
      end.status = InputStatus::kFailed;
      end.why = error.what();
    }
    const bool has_bad_lines = error.exit_code() == ExitCode::kBudgetExceeded;
    fail(error.what(), has_bad_lines ? RunStatus::kBudgetExceeded : RunStatus::kFailed, error.exit_code());
  };
  try {
    return body();
  } catch (const LoadError& error) {
    fail_with(error);
    return;
  } catch (const Interrupted& interrupted) {
    log_warning(in_front + interrupted.what());
    verdict_.worsen(RunStatus::kInterrupted, interrupted.exit_code());
  } catch (const DatabaseError& error) {
    fail_with(error);
  } catch (const EnvironmentError& error) {
    fail_with(error);
  } catch (const Error& error) {
    fail_with(error);
    return;
  } catch (const std::bad_alloc&) {
    fail_with(EnvironmentError(in_front + "The machine has no memory left; lower --memory, --range-size or --max-line "
                                          "and run the same command again."));
  } catch (const std::exception& error) {
    fail_with(EnvironmentError(fmt::format("{}{}; run the same command again.", in_front, error.what())));
  }
  goes_on_ = false;
}

}  // namespace chatload::load
