// A little over 400 lines: the order of the steps of a load stands here, and what each step does elsewhere.
#include "load/load_runner.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <variant>

#include "base/errors.h"
#include "base/log.h"
#include "base/quantity.h"
#include "ledger/range_ledger.h"
#include "ledger/reject_reader.h"
#include "ledger/schema.h"
#include "load/first_lines.h"
#include "load/key_order_load.h"
#include "load/load_closer.h"
#include "load/load_decider.h"
#include "load/load_hints.h"
#include "load/named_failure.h"
#include "load/source_verifier.h"
#include "load/supersession.h"
#include "mysql/sql_text.h"
#include "report/progress.h"
#include "report/reject_survey.h"
#include "report/run_counts.h"
#include "source/source_identity.h"
#include "table/load_data_conditions.h"
#include "write/writer_pool.h"

namespace chatload::load {
namespace {

using report::RunStatus;

// A writer that waits for a lock mostly waits for another of ours, which waits for it (write/range_scheduler.h) and
// gives way when this wait ends. InnoDB can lock the gap beside a repeated id even under READ COMMITTED
// (write/write_order.cc). With the server's default of 50 s a load would stand still that long, and a signal would not
// end it in time.
//
// A connection whose client lost its power is closed, and lets go of its locks, after wait_timeout: soon enough for a
// rerun to outwait it (--retry-for). A writer that idles longer behind a slow input is connected again.
constexpr std::string_view kShortWaits =
    "SET SESSION innodb_lock_wait_timeout = 2, SESSION lock_wait_timeout = 2, SESSION wait_timeout = ";
// Of a range that an earlier run committed; those behind count as its last line.
constexpr std::size_t kRecordedRejectsMax = parse::ParsedRange::kRejectsMax;

}  // namespace

LoadRunner::LoadRunner(const cli::LoadPlan& plan, const StopSignal& stop)
    : plan_(plan),
      stop_(stop),
      retry_(plan.ledger.retry_for, stop),
      writers_(
          plan.write, [this] { return connect_writer(); }, retry_, stop),
      mapping_(parse::chat_mapping()) {
  // To learn now that it does not fit.
  const pipeline::Writers writers{plan.write.connections, plan.write.is_connections_given};
  cli::ReadPlan read = plan.read;
  read.split = pipeline::fitting_limits(read, writers, mapping_.fields.size());
  static_cast<void>(pipeline::plan_memory(read, writers));
  fitting_connections_ = pipeline::fitting_connections(read, writers, mapping_.fields.size());
  if (writers_.first().server().read_only) {
    throw DatabaseError(fmt::format("{} is read-only; load into the primary server, or make this one writable.",
                                    plan.write.endpoint.display()));
  }
  mysql::require_row_log(writers_.first());
  writers_.require_enough();
  control_ = std::make_unique<mysql::ControlConnection>([this] { return connect_writer(); }, retry_, stop_);
  witnesses_.emplace(ledger::key_column(mapping_), *control_, stop_);
  inspect(plan.write.on_duplicate);
  control_->run([](mysql::Session& session) { ledger::require_ledger(session); });
  if (const auto why =
          control_->run([](mysql::Session& session) { return ledger::why_commits_may_be_lost(session); })) {
    log_warning(fmt::format("A crash of the server may lose rows that it has committed: {}.", *why));
  }
  for (const std::string& surprise : table_.surprises()) {
    log_warning(fmt::format("{}: {}.", mysql::quote_identifier(table_.table), surprise));
  }
  if (!table_.can_write_in_parallel() && plan.write.connections > 1) {
    log_info(fmt::format("One connection writes in file order, because {}.", table_.why_not_in_parallel()));
  }
  if (!plan.write.throttle.empty()) throttle_.emplace(plan.write.endpoint, plan.write.throttle, stats_.pause);
  if (plan.report.rejects) reject_writer_ = std::make_unique<report::RejectWriter>(*plan.report.rejects);
}

mysql::Session LoadRunner::connect_writer() const {
  const bool may_load_data = plan_.write.method != WriteMethod::kInsert;
  mysql::Session session = mysql::Session::connect(plan_.write.endpoint, mysql::kReadTimeoutSeconds, may_load_data);
  try {
    session.execute(fmt::format("{}{}", kShortWaits, mysql::ControlConnection::kIdleMax.count()));
  } catch (const mysql::StatementError& error) {
    throw mysql::ConnectError(error.code(), fmt::format("{} refused a setting of the session ({}).",
                                                        plan_.write.endpoint.display(), error.what()));
  }
  return session;
}

// By the control connection, which is kept alive while others idle.
void LoadRunner::inspect(OnDuplicate mode) {
  control_->run([&](mysql::Session& session) { table_ = table::inspect_table(session, mapping_, mode); });
}

// The table may have been altered since the input before.
void LoadRunner::inspect_again(const std::string& input) {
  const bool was_in_parallel = table_.can_write_in_parallel();
  inspect(plan_.write.on_duplicate);
  if (!table_.can_write_in_parallel() && was_in_parallel && plan_.write.connections > 1) {
    log_info(fmt::format("{}: one connection writes in file order, because {}.", input, table_.why_not_in_parallel()));
  }
}

// That write into such a table, if the server gives as many.
unsigned LoadRunner::fitting_writers() const { return table_.can_write_in_parallel() ? fitting_connections_ : 1; }

void LoadRunner::run(const std::string& input, Verdict& verdict) {
  struct Unlock {
    mysql::ControlConnection& control;
    ~Unlock() { control.unlock_all(); }
  } const unlock{*control_};
  spill_.reset();
  if (indexes_) inspect_again(input);  // the constructor has just looked for the first input
  const source::HeldFile file(input);
  const source::SourceIdentity identity = source::identify_source(file, plan_.ledger.source_id);
  indexes_.emplace(
      plan_, input, table_.table, *control_, [this] { writers_.close(); }, retry_, stats_, stop_);
  LoadDecider decider(mapping_, table_, writers_.allowed(fitting_writers()), stop_);
  LookedAtInput looked_at;
  const auto decide = [&](const cli::LoadPlan& plan) {
    // Once: a pipe cannot be opened again.
    if (!looked_at.bytes) looked_at = open_and_look(file, plan.read, mapping_, reject_writer_.get(), stop_);
    cli::LoadPlan decided = decider.decide(plan, file, identity);
    decided.write.indexes = indexes_->decide(identity.bytes);
    return decided;
  };
  const auto check = [&](const cli::LoadPlan& plan) {
    if (plan.write.order == RowOrder::kKey) decider.require_room(plan, file, identity);
  };
  const auto is_run = [this](std::uint64_t load_id) { return counted_.contains(load_id); };
  LoadOpener opener(plan_, table_.table, table::limits_text(mapping_), decide, check, *witnesses_, is_run, *control_,
                    stats_, stop_);
  std::variant<OpenLoad, DoneLoad> opened;
  try {
    opened = opener.open(file, identity);
  } catch (const Error&) {
    say_what_is_owed();
    throw;
  }
  if (const auto* done = std::get_if<DoneLoad>(&opened)) {
    const bool is_counted = counted_.contains(done->load_id);
    count_done(input, *done, verdict);
    if (!is_counted) export_rejects(input, done->load_id, /*is_patient=*/true);
  } else {
    retry_.committed();  // the load's row: the server takes writes
    const OpenLoad& load = std::get<OpenLoad>(opened);
    try {
      indexes_->prepare(load.plan.write.indexes);
      if (load.is_written) {
        count(load.load_id, report::recorded_counts(load.before), verdict);
        finish(file, load, load.before.counts.rejected > 0, verdict);
      } else {
        if (load.before.ranges > 0) witnesses_->require_rows(input, load.load_id);
        go_on(file, identity, load, std::move(looked_at), verdict);
      }
    } catch (const Interrupted& interrupted) {
      mark_ended(load, ledger::LoadState::kInterrupted, interrupted.exit_code());
      throw;
    } catch (const Error& error) {
      mark_ended(load, ledger::LoadState::kFailed, error.exit_code());
      export_rejects_after_failure(input, load.load_id);
      throw;
    }
    export_rejects(input, load.load_id, /*is_patient=*/true);
  }
}

// Files of the same bytes are one load: what it came to by the last of them counts.
void LoadRunner::count(std::uint64_t load_id, const report::RunCounts& counts, Verdict& verdict) {
  if (counted_.insert_or_assign(load_id, counts).second) {
    verdict.counts += counts;
    return;
  }
  verdict.counts = {};
  for (const auto& [load, its_counts] : counted_) verdict.counts += its_counts;
}

void LoadRunner::count_done(const std::string& input, const DoneLoad& load, Verdict& verdict) {
  ++verdict.already_loaded;
  if (counted_.contains(load.load_id)) {
    log_info(fmt::format("{}: holds the same bytes as an input before it, load {}; its lines count once.", input,
                         load.load_id));
    return;
  }
  const ledger::LoadTotals totals =
      control_->run([&](mysql::Session& session) { return ledger::read_final_totals(session, load.load_id); });
  log_info(fmt::format("{}: is loaded already, as load {}; --reload loads it again.", input, load.load_id));
  count(load.load_id, report::recorded_counts(totals), verdict);
  verdict.worsen(RunStatus::kDone, static_cast<ExitCode>(load.exit_code));
}

void LoadRunner::go_on(const source::HeldFile& file, const source::SourceIdentity& identity, const OpenLoad& load,
                       LookedAtInput looked_at, Verdict& verdict) {
  const std::string& input = file.name();
  const bool is_key_order = load.plan.write.order == RowOrder::kKey;
  report::RejectSurvey survey(mapping_);
  report::RejectSink rejects(input, plan_.report.reject_limit, nullptr,
                             fmt::format("`chatload rejects {}` lists all of them{}", load.load_id,
                                         is_key_order ? ", once the input is sorted" : ""),
                             &survey);
  report::RunCounts before = report::recorded_counts(load.before);
  before.bytes_compressed = 0;  // this run reads the input from its start again
  count(load.load_id, before, verdict);
  const pipeline::InputResult result = write_rows(file, identity, load, std::move(looked_at.bytes), rejects);
  const pipeline::PipelineResult& pipeline = result.pipeline;
  counted_[load.load_id] += pipeline.counts;
  verdict.counts += pipeline.counts;
  verdict.this_run += pipeline.counts;
  if (!table_.key_is_bytes) {
    say_how_many_respelled(input, mapping_, table_, writers_.first().server().server, respelled_, pipeline.counts);
  }
  say_how_to_make_room(input, mapping_, table_.table, load.load_id, survey.long_texts(), *control_);

  if (pipeline.budget_verdict) log_error(*pipeline.budget_verdict);
  if (pipeline.failure) std::rethrow_exception(pipeline.failure);
  if (pipeline.budget_verdict) {
    mark_ended(load, ledger::LoadState::kFailed, ExitCode::kBudgetExceeded);
    verdict.worsen(RunStatus::kBudgetExceeded, ExitCode::kBudgetExceeded);
  } else if (pipeline.interrupted) {
    log_warning(fmt::format("{}: stopped by a signal after {} lines{}.", input,
                            format_count(load.before.counts.lines + pipeline.counts.parsed.lines),
                            is_key_order ? "; the next run sorts it again and continues from there" : ""));
    mark_ended(load, ledger::LoadState::kInterrupted, ExitCode::kInterrupted);
    verdict.worsen(RunStatus::kInterrupted, ExitCode::kInterrupted);
  } else {
    say_if_all_filtered(input, before.parsed.filtered + pipeline.counts.parsed.filtered, pipeline,
                        looked_at.filtered_types, load.plan.read.filter);
    closer(file, load).record_end(identity, plan_.ledger.source_id, result);
    finish(file, load, rejects.rejected() > 0, verdict);
  }
}

void LoadRunner::finish(const source::HeldFile& file, const OpenLoad& load, bool has_rejects, Verdict& verdict) {
  const ExitCode exit_code = has_rejects ? ExitCode::kLoadedWithRejects : ExitCode::kLoaded;
  spill_.reset();  // the server may need the room
  if (file.fd() >= 0 && !plan_.ledger.source_id) {
    supersede_partial_loads(file, load, table_.table, *control_, stats_, stop_);
  }
  closer(file, load).finish(exit_code);
  verdict.worsen(RunStatus::kDone, exit_code);
}

// Of a source that is loaded again most rows are duplicates, of which LOAD DATA takes only so many in a statement.
write::RowTransport LoadRunner::choose_transport(const std::string& input, const OpenLoad& load) {
  using write::RowTransport;
  const WriteMethod asked = plan_.write.method;
  const bool is_mysql = writers_.first().server().server == mysql::Server::kMysql;
  const RowTransport insert = is_mysql || table_.may_have_trigger ? RowTransport::kText : RowTransport::kBound;
  if (asked == WriteMethod::kInsert || (asked == WriteMethod::kAuto && !is_mysql)) return insert;
  const auto why_not = control_->run([&](mysql::Session& session) -> std::optional<std::string> {
    if (auto why = table::why_not_load_data(session, table_, load.plan.write.on_duplicate)) return why;
    const bool may_be_there = load.is_again && asked == WriteMethod::kAuto;
    if (may_be_there && !table::is_empty(session, table_.table)) return "its rows may be in the table already";
    return std::nullopt;
  });
  if (!why_not) return RowTransport::kLoadData;
  log(asked == WriteMethod::kLoadData ? LogLevel::kWarning : LogLevel::kInfo,
      fmt::format("{}: writes by INSERT, not LOAD DATA, because {}.", input, *why_not));
  return insert;
}

// Than the flags ask for, or the machine has cores.
void LoadRunner::say_if_fewer(const std::string& input, const pipeline::MemoryPlan& memory) const {
  const unsigned opened = writers_.count();
  const bool has_all = opened == fitting_writers() && table_.can_write_in_parallel();
  const unsigned connections = has_all ? plan_.write.connections : opened;
  if (memory.workers.threads == plan_.read.threads && memory.workers.connections == connections) return;
  log_info(fmt::format("{}: --memory {} allows {} of {} parser threads and {} of {} connections.", input,
                       format_size(memory.memory_bytes), memory.workers.threads, plan_.read.threads,
                       memory.workers.connections, connections));
}

// Runs the pipeline; a failed writer's error is the result's failure, too.
pipeline::InputResult LoadRunner::write_rows(const source::HeldFile& file, const source::SourceIdentity& identity,
                                             const OpenLoad& load, std::unique_ptr<source::ByteSource> bytes,
                                             report::RejectSink& rejects) {
  const std::string& input = file.name();
  const cli::LoadPlan& plan = load.plan;
  if (plan.write.on_duplicate != plan_.write.on_duplicate) inspect(plan.write.on_duplicate);
  const bool is_key_order = plan.write.order == RowOrder::kKey;
  if (is_key_order && !table_.can_write_in_parallel()) {
    throw LoadError(fmt::format("{}: load {} began in key order, and now {}; start over with --restart.", input,
                                load.load_id, table_.why_not_in_parallel()));
  }
  const std::span<mysql::Session> opened = writers_.open(input, fitting_writers());
  const pipeline::Writers writers{static_cast<unsigned>(opened.size()), plan.write.is_connections_given};
  pipeline::KeyOrderMemoryPlan key_order;
  if (is_key_order) key_order = pipeline::plan_key_order_memory(plan.read, writers, mapping_.fields.size());
  const pipeline::MemoryPlan memory = is_key_order ? key_order.reading : pipeline::plan_memory(plan.read, writers);
  say_if_fewer(input, memory);
  say_if_lines_may_not_fit(input, plan.read.split, opened.front());
  const ledger::RangeLedger ledger(load.load_id, load.owner);
  std::optional<ledger::CommittedRanges> committed;
  control_->run([&](mysql::Session& session) { committed.emplace(session, load.load_id); });
  if (load.is_source_in_doubt && !identity.stamp.empty() && committed->count() > 0) {
    log_info(fmt::format("{}: was touched since load {} began; comparing what is loaded with it first.", input,
                         load.load_id));
    stats_.restart();
    const report::Progress watched(
        stats_, report::step_progress(plan.report.progress, "compares what is loaded: ", identity.bytes));
    require_recorded_bytes(file, plan.read, ledger, *committed, *control_, stats_.source_read, stop_);
    control_->run([&](mysql::Session& session) { ledger::record_stamp(session, load.load_id, identity.stamp); });
  }
  const write::WriteContext context{
      .mapping = mapping_,
      .mode = plan.write.on_duplicate,
      .transport = choose_transport(input, load),
      .may_lack_keys = table_.may_have_trigger || table_.has_other_unique_key,
      .statement_bytes_max = pipeline::statement_bytes_max(plan.read.split),
      .recorded_rejects_max = plan.report.reject_limit.is_given() ? kRecordedRejectsMax : 0,
      .ledger = ledger,
      .committed = *committed,
      .reconnect = [this] { return connect_writer(); },
      .retry = retry_,
      .stop = stop_,
      .pause = stats_.pause,
      .retries = stats_.retries,
      .disconnected = stats_.disconnected,
      .looks_ids_up = plan.write.on_duplicate == OnDuplicate::kSkip && table_.may_fire_on_duplicate,
      .can_reorder = !table_.has_other_unique_key,
      .respelled = table_.key_is_bytes ? nullptr : &respelled_};
  respelled_ = 0;
  const auto sessions = opened.first(memory.workers.connections);
  if (is_key_order) {
    return KeyOrderLoad(file, plan, key_order, sessions, context, *control_, stats_, spill_).run(rejects);
  }
  write::WriterPool pool(sessions, context);
  cli::ReadPlan read = plan.read;
  read.threads = memory.workers.threads;
  if (!bytes) bytes = file.open(stop_.fd());
  pipeline::InputResult result =
      pipeline::read_input(std::move(bytes), read, plan.report.progress, mapping_, memory.ranges_in_flight_max,
                           pipeline::Writing{pool, *committed, table_.can_write_in_parallel()}, rejects, stats_, stop_);
  if (auto failure = failure_of(pool, input)) result.pipeline.failure = std::move(failure);
  return result;
}

LoadCloser LoadRunner::closer(const source::HeldFile& file, const OpenLoad& load) {
  return {file, load, *indexes_, *witnesses_, *control_, stats_, stop_};
}

// For people and queries only, so one attempt must do: what counts is which ranges are there.
void LoadRunner::mark_ended(const OpenLoad& load, ledger::LoadState state, ExitCode exit_code) {
  control_->attempt([&](mysql::Session& session) {
    static_cast<void>(ledger::mark_ended(session, load.load_id, load.owner, state, static_cast<int>(exit_code)));
  });
  say_what_is_owed();
}

void LoadRunner::say_what_is_owed() const {
  if (const std::string owed = indexes_->owed(); !owed.empty()) {
    log_warning(fmt::format("{} still lacks {}. Run this command again, or `chatload schema apply`, to build it.",
                            mysql::quote_identifier(table_.table), owed));
  }
}

// Where the connection is lost, a new one goes on behind the last line that was written.
void LoadRunner::export_rejects(const std::string& input, std::uint64_t load_id, bool is_patient) {
  if (!reject_writer_) return;
  writers_.close();  // the account may have no more connections
  LineNumber exported;
  mysql::RetryPolicy::Clock::time_point since;
  for (unsigned failures = 0;;) {
    const LineNumber before = exported;
    const auto failed = [&](const auto& error) {
      if (exported != before) failures = 0;
      if (failures == 0) since = mysql::RetryPolicy::Clock::now();
      if (is_patient && retry_.may_redo(error) && retry_.wait(since, failures++, error.what())) return;
      if (stop_.requested()) throw Interrupted();
      throw DatabaseError(
          fmt::format("{}: its rejected lines cannot be read for --rejects ({}); `chatload rejects {} -o FILE.json.gz` "
                      "exports them.",
                      input, error.what(), load_id));
    };
    try {
      mysql::Session session = connect_writer();
      ledger::read_rejects(session, load_id, exported, [&](const ledger::StoredReject& reject) {
        reject_writer_->write(report::record_of(reject), input);
        exported = reject.line;
        return !stop_.requested();
      });
      if (stop_.requested()) throw Interrupted();
      return;
    } catch (const mysql::StatementError& error) {
      failed(error);
    } catch (const mysql::ConnectError& error) {
      failed(error);
    }
  }
}

// What ended the load is the news; a lost server has no rejects to give either.
void LoadRunner::export_rejects_after_failure(const std::string& input, std::uint64_t load_id) {
  if (stop_.requested()) return;
  try {
    export_rejects(input, load_id, /*is_patient=*/false);
  } catch (const Error& error) {
    log_warning(error.what());
  }
}

void LoadRunner::mend_indexes() {
  if (indexes_) indexes_->mend();
}

void LoadRunner::close() {
  if (reject_writer_) reject_writer_->close();
}

}  // namespace chatload::load
