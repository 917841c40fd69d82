#include "load/load_opener.h"

#include <fmt/format.h>

#include <limits>
#include <random>
#include <utility>

#include "base/digest.h"
#include "base/errors.h"
#include "base/log.h"
#include "base/quantity.h"
#include "base/terminal_text.h"
#include "ledger/ledger_input.h"
#include "load/content_digest.h"
#include "mysql/runner_name.h"

namespace chatload::load {
namespace {

// A run that is refused so often meets others that begin and take over the same load all the time.
constexpr int kRacesMax = 10;
constexpr std::uint64_t kAttemptsMax = std::numeric_limits<std::uint32_t>::max();
// Of a file name in the ledger, where people read it: as long as a path may be. Escaped it still fits the column.
constexpr std::size_t kSourceBytesMax = 4096;

std::string random_token() {
  std::random_device random;
  std::string token;
  for (int i = 0; i < 4; ++i) token += fmt::format("{:08x}", random());
  return token;
}

// Of a load that is done.
void require_exit_code(const ledger::LoadRecord& load) {
  if (load.exit_code <= static_cast<int>(ExitCode::kLoadedWithRejects)) return;
  throw ledger::damaged_ledger(load.load_id, fmt::format("it is done, and its `exit_code` is {}", load.exit_code));
}

// Of lines whose rows are there.
std::string_view what_of_their_lines(OnDuplicate mode) {
  switch (mode) {
    case OnDuplicate::kSkip: return "their lines count as duplicate";
    case OnDuplicate::kReplace: return "their lines count as updated";
    case OnDuplicate::kFail: return "the first of their lines ends it";
  }
  return "";
}

}  // namespace

LoadOpener::LoadOpener(const cli::LoadPlan& plan, std::string table, std::string limits, Decide decide, Check check,
                       const WitnessCheck& witnesses, IsRun is_run, mysql::ControlConnection& control,
                       report::LiveStats& stats, const StopSignal& stop)
    : plan_(plan),
      table_(std::move(table)),
      limits_(std::move(limits)),
      decide_(std::move(decide)),
      check_(std::move(check)),
      witnesses_(witnesses),
      is_run_(std::move(is_run)),
      control_(control),
      stats_(stats),
      stop_(stop) {}

std::variant<OpenLoad, DoneLoad> LoadOpener::open(const source::HeldFile& file,
                                                  const source::SourceIdentity& identity) {
  const std::string owner = random_token();
  const std::uint64_t connection_id =
      control_.run([](const mysql::Session& session) { return session.connection_id(); });
  const std::string key = identity.can_resume ? identity.key : "run:" + owner;
  const Source source{.file = file,
                      .identity = identity,
                      .key = {table_, key},
                      .lock_name = "chatload:" + digest_hex(plan_.write.endpoint.database + '\0' + table_ + '\0' + key),
                      .runner = {.owner = owner,
                                 .name = mysql::runner_name(connection_id),
                                 .source = terminal_text(file.name(), kSourceBytesMax)}};
  take_lock(source);
  for (int races = 0; races < kRacesMax; ++races) {
    const Found found = find(source);
    if (stop_.requested()) throw Interrupted();
    if (found.done) {
      cli::require_same_outcome(plan_, found.done->plan, found.done->load_id, "--reload");
      require_exit_code(*found.done);
      witnesses_.require_rows_of_done(file.name(), found.done->load_id);
      // What a run that was killed in between left undone.
      control_.attempt([&](mysql::Session& session) { ledger::compact(session, found.done->load_id); });
      return DoneLoad{found.done->load_id, found.done->exit_code};
    }
    std::optional<OpenLoad> opened = found.unfinished ? resume(*found.unfinished, source) : begin(found, source);
    if (opened) return std::move(*opened);
  }
  throw LoadError(
      fmt::format("{}: other runs began or took over its load again and again; run one at a time.", file.name()));
}

void LoadOpener::take_lock(const Source& source) {
  // The ledger's runner is the last that took the load over, if any; who holds the lock may be about to.
  const auto who = [&](const std::string& holder) {
    const std::vector<ledger::LoadRecord> loads =
        control_.run([&](mysql::Session& session) { return ledger::find_loads(session, source.key); });
    return loads.empty() ? holder : mysql::shown_holder(loads.front().runner, holder);
  };
  const std::optional<std::string> holder =
      control_.lock(source.lock_name, plan_.ledger.wait_lock, [&](const std::string& connection) {
        return fmt::format("{}: another run holds this load's lock ({})", source.file.name(), who(connection));
      });
  if (!holder) return;
  if (stop_.requested()) throw Interrupted();
  throw LoadError(
      fmt::format("{}: another run is loading it ({}); let it finish, or wait for it with --wait-lock DURATION.",
                  source.file.name(), who(*holder)));
}

LoadOpener::Found LoadOpener::find(const Source& source) {
  Found found;
  if (!source.identity.can_resume) return found;
  const std::vector<ledger::LoadRecord> loads =
      control_.run([&](mysql::Session& session) { return ledger::find_loads(session, source.key); });
  if (!loads.empty()) found.attempts = loads.front().attempt;
  for (const ledger::LoadRecord& load : loads) {
    if (load.is_superseded) continue;
    const bool stays = is_run_(load.load_id);
    if (load.state != ledger::LoadState::kDone) {
      if (!plan_.ledger.restart || stays) {
        found.unfinished = load;
        break;
      }
      found.put_aside.push_back(load);
    } else if (plan_.ledger.reload && !stays) {
      found.put_aside.push_back(load);
    } else if (is_content_of(load, source)) {
      found.done = load;
      break;
    }
  }
  return found;
}

bool LoadOpener::is_content_of(const ledger::LoadRecord& load, const Source& source) {
  const source::SourceIdentity& identity = source.identity;
  const bool is_file = !identity.stamp.empty();
  if (is_file && identity.stamp == load.source_stamp) return true;
  log_info(fmt::format("{}: looks like the source of load {}, which has read it all; comparing all of its bytes.",
                       source.file.name(), load.load_id));
  const bool is_same = content_digest(source.file, plan_.report.progress, stats_, stop_) == load.source_digest;
  if (is_same && is_file) {
    control_.run([&](mysql::Session& session) { ledger::record_stamp(session, load.load_id, identity.stamp); });
  }
  if (is_same || is_file) return is_same;
  throw LoadError(
      fmt::format("{}: holds other bytes than the source of that name which load {} has read; load it under another "
                  "--source-id, or with {}.",
                  source.file.name(), load.load_id, load.state == ledger::LoadState::kDone ? "--reload" : "--restart"));
}

// Nothing where the load changed hands meanwhile.
std::optional<OpenLoad> LoadOpener::resume(const ledger::LoadRecord& record, const Source& source) {
  OpenLoad load{.load_id = record.load_id,
                .owner = source.runner.owner,
                .plan = cli::resumed_plan(plan_, record.plan, record.load_id, "--restart"),
                .before = {},
                .is_source_in_doubt = source.identity.stamp != record.source_stamp,
                .is_again = record.attempt > 1};
  if (record.limits != limits_) {
    throw LoadError(fmt::format(
        "{}: the columns of the table are no longer those that load {} began with ({} then, {} now), so that "
        "lines would be judged by other rules; start over with --restart.",
        source.file.name(), record.load_id, record.limits, limits_));
  }
  const bool had_all = !record.source_digest.empty() && is_content_of(record, source);
  if (!had_all) check_(load.plan);
  const bool is_ours = record.owner == load.owner || control_.run([&](mysql::Session& session) {
    return ledger::take_over(session, record, source.runner);
  });
  if (!is_ours) return std::nullopt;
  load.before = control_.run([&](mysql::Session& session) { return ledger::read_totals(session, load.load_id); });
  if (!record.source_digest.empty()) take_end_or_forget_it(load, had_all);
  log_info(fmt::format("{}: continues load {}, of which {} lines are done.", source.file.name(), load.load_id,
                       load.is_written ? "all" : format_count(load.before.counts.lines)));
  if (plan_.write.order == RowOrder::kKey && load.plan.write.order == RowOrder::kFile) {
    log_warning(fmt::format("{}: load {} began in file order and keeps to it.", source.file.name(), load.load_id));
  }
  if (plan_.write.indexes == IndexMode::kDefer && load.plan.write.indexes == IndexMode::kKeep) {
    log_warning(fmt::format("{}: load {} began with the secondary indexes in place, and keeps them.",
                            source.file.name(), load.load_id));
  }
  return load;
}

// A run before this one had all lines in. They are still, where the source holds the same bytes and the server has lost
// none; else that run's record is of no more use.
void LoadOpener::take_end_or_forget_it(OpenLoad& load, bool is_same_content) {
  const ledger::LoadTotals recorded =
      control_.run([&](mysql::Session& session) { return ledger::read_final_totals(session, load.load_id); });
  load.is_written = is_same_content && recorded.ranges == load.before.ranges && recorded.counts == load.before.counts;
  if (load.is_written) {
    load.before = recorded;
  } else {
    control_.run([&](mysql::Session& session) { ledger::forget_end(session, load.load_id, load.owner); });
  }
}

std::optional<OpenLoad> LoadOpener::begin(const Found& found, const Source& source) {
  if (found.attempts >= kAttemptsMax) {
    throw LoadError(fmt::format(
        "{}: the ledger is damaged: it has an attempt {} at this file, which is the last that fits. Find its "
        "load with `chatload loads`, and remove it with `chatload loads forget LOAD`.",
        source.file.name(), found.attempts));
  }
  cli::LoadPlan plan = decide_(plan_);
  const ledger::LoadSetup setup{.plan = cli::recorded_plan(plan),
                                .limits = limits_,
                                .lock_name = source.lock_name,
                                .source_stamp = source.identity.stamp,
                                .source_bytes = source.identity.bytes};
  const std::optional<std::uint64_t> load_id = control_.run([&](mysql::Session& session) {
    return ledger::begin_load(session, source.key, setup, source.runner, found.attempts + 1, found.put_aside);
  });
  if (!load_id) return std::nullopt;
  if (!found.put_aside.empty()) {
    log_info(fmt::format("{}: starts over as load {}; rows that an earlier load wrote stay, and {}.",
                         source.file.name(), *load_id, what_of_their_lines(plan_.write.on_duplicate)));
  }
  return OpenLoad{.load_id = *load_id,
                  .owner = source.runner.owner,
                  .plan = std::move(plan),
                  .before = {},
                  .is_again = !found.put_aside.empty()};
}

}  // namespace chatload::load
