#include "load/run_load.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <span>
#include <utility>

#include "base/errors.h"
#include "base/log.h"
#include "base/quantity.h"
#include "ledger/load_ledger.h"
#include "ledger/range_ledger.h"
#include "ledger/source_ledger.h"
#include "load/load_hints.h"
#include "load/named_failure.h"
#include "load/source_ends.h"
#include "load/source_feed.h"
#include "load/source_verifier.h"
#include "pipeline/memory_plan.h"
#include "pipeline/range_sinks.h"
#include "report/progress.h"
#include "table/load_data_conditions.h"
#include "write/writer_pool.h"

namespace chatload::load {
namespace {

using pipeline::SourceAccount;

// Of a range that an earlier run committed; those behind count as its last line.
constexpr std::size_t kRecordedRejectsMax = parse::ParsedRange::kRejectsMax;

void note_choice(Run& run, write::RowTransport transport, std::string why) {
  constexpr std::string_view kNames[] = {"INSERT", "INSERT, prepared", "LOAD DATA"};
  run.trace().choose({"write-method", std::string(kNames[static_cast<std::size_t>(transport)]), std::move(why)});
}

// Of sources that are loaded again most rows are duplicates, of which LOAD DATA takes only so many in a statement.
write::RowTransport choose_transport(Run& run, const Load& load) {
  using write::RowTransport;
  const WriteMethod asked = run.plan().write.method;
  const bool is_mysql = run.writers().first().server().server == mysql::Server::kMysql;
  const bool is_text_safer = run.table().may_have_trigger || run.table().counter;  // statement_builder.cc
  const RowTransport insert = is_mysql || is_text_safer ? RowTransport::kText : RowTransport::kBound;
  if (asked == WriteMethod::kInsert || (asked == WriteMethod::kAuto && !is_mysql)) {
    note_choice(run, insert,
                asked == WriteMethod::kInsert ? "--write-method asks for it" : "MariaDB is faster with it");
    return insert;
  }
  const auto why_not = run.control().run([&](mysql::Session& session) -> std::optional<std::string> {
    if (auto why = table::why_not_load_data(session, run.table(), load.plan.write.on_duplicate)) return why;
    const bool may_be_there = load.is_again && asked == WriteMethod::kAuto;
    if (may_be_there && !table::is_empty(session, run.table().table)) return "its rows may be in the table already";
    return std::nullopt;
  });
  note_choice(run, why_not ? insert : RowTransport::kLoadData, why_not.value_or(""));
  if (!why_not) return RowTransport::kLoadData;
  log(asked == WriteMethod::kLoadData ? LogLevel::kWarning : LogLevel::kInfo,
      fmt::format("{}: writes by INSERT, not LOAD DATA, because {}.", load.name, *why_not));
  return insert;
}

// Than the flags ask for, or the machine has cores.
void say_if_fewer(Run& run, const Load& load, const pipeline::MemoryPlan& memory) {
  const unsigned opened = run.writers().count();
  const bool has_all = opened == run.fitting_writers() && run.table().can_write_in_parallel();
  const unsigned connections = has_all ? run.plan().write.connections : opened;
  if (memory.workers.threads == run.plan().read.threads && memory.workers.connections == connections) return;
  log_info(fmt::format("{}: --memory {} allows {} of {} parser threads and {} of {} connections.", load.name,
                       format_size(memory.memory_bytes), memory.workers.threads, run.plan().read.threads,
                       memory.workers.connections, connections));
}

void note_workers(Run& run, const pipeline::Workers& workers) {
  const auto why = [&](unsigned used, unsigned asked) {
    return used == asked ? "" : fmt::format("of {}, as memory, server and table allow", asked);
  };
  const cli::LoadPlan& plan = run.plan();
  run.trace().choose({"threads", fmt::format("{}", workers.threads), why(workers.threads, plan.read.threads)});
  run.trace().choose(
      {"connections", fmt::format("{}", workers.connections), why(workers.connections, plan.write.connections)});
}

// Before a range of it is skipped, a source that may have changed is compared with what is recorded of it.
void compare_doubtful(Run& run, Load& load, const ledger::RangeLedger& ledger,
                      const ledger::CommittedRanges& committed) {
  for (LoadSource& source : load.sources) {
    if (!source.is_in_doubt || source.identity.stamp.empty() || committed.count(source.ordinal) == 0) continue;
    if (!source.why_not.empty()) continue;
    log_info(fmt::format("{}: was touched since load {} began; comparing what is loaded with it first.", source.name,
                         load.id));
    run.stats().restart();
    const report::Progress watched(
        run.stats(),
        report::step_progress(load.plan.report.progress, report::Phase::kCompareLoaded, source.identity.bytes));
    try {
      require_recorded_bytes(*source.open(), load.plan.read, ledger, source.ordinal, committed, run.control(),
                             run.stats().source_read, run.stop());
      run.control().run([&](mysql::Session& session) {
        ledger::record_stamp(session, load.id, source.ordinal, source.identity.stamp);
      });
    } catch (const SourceError& error) {
      source.why_not = error.what();
    } catch (const CorruptInputError& error) {
      source.why_not = error.what();
    }
  }
}

// What need not be read again of sources that are as they were. The last of the ranges is read, so that the ledger says
// whether the index leads to where it should. What stands around records has to be read from its beginning. Where there
// is a budget, it judges every rejected line in its place.
void take_recorded_fronts(Run& run, Load& load, const ledger::RangeLedger& ledger,
                          const ledger::CommittedRanges& committed) {
  if (load.plan.report.reject_limit.is_given() || !run.mapping().records.is_lines()) return;
  for (LoadSource& source : load.sources) {
    const std::uint64_t ranges = committed.count_front(source.ordinal);
    if (ranges < 2 || source.is_done || !source.why_not.empty() || source.identity.stamp.empty()) continue;
    source.recorded =
        run.control().run([&](mysql::Session& session) { return ledger.front(session, source.ordinal, ranges - 1); });
  }
}

// In microseconds since 1970 UTC, where the mapping asks for it.
std::int64_t started_at(Run& run, const Load& load) {
  if (!has_origin(run.mapping(), mapping::Origin::kLoadedAt)) return 0;
  const auto record = run.control().run([&](mysql::Session& session) { return ledger::find_load(session, load.id); });
  if (record) return record->started_microseconds;
  throw LoadError(
      fmt::format("{}: load {} is no longer in chatload_loads; start over with --restart.", load.name, load.id));
}

// Each line is written where it stands.
bool keeps_to_order(const Load& load) { return load.plan.keeps_order() && load.plan.write.order == RowOrder::kFile; }

// Those that this run reads, in order; the others say why not, or are done.
std::vector<LoadSource*> readable_sources(const Run& run, Load& load) {
  const bool is_key_order = load.plan.write.order == RowOrder::kKey;
  std::vector<LoadSource*> readable;
  std::optional<SourceOrdinal> first_missing;
  if (keeps_to_order(load) && !load.left_out.empty()) {
    first_missing = *std::min_element(load.left_out.begin(), load.left_out.end());
  }
  bool is_over = false;
  for (LoadSource& source : load.sources) {
    if (is_over || (source.is_done && !is_key_order)) continue;
    if (source.why_not.empty() && first_missing && *first_missing < source.ordinal) {
      source.why_not = fmt::format(
          "{}: waits for a source in front of it that is not loaded, because with --on-duplicate replace the last line "
          "of an id counts; load that one, too, or give --any-order.",
          source.name);
    }
    if (source.why_not.empty()) {
      readable.push_back(&source);
      continue;
    }
    if (!load.is_frozen) log_error(source.why_not);  // or it ends the load, which is said once
    is_over = run.plan().fail_fast;
    if (keeps_to_order(load)) {
      first_missing = std::min(first_missing.value_or(source.ordinal), source.ordinal);
    }
  }
  return readable;
}

// Of the sources that were begun.
void take_outcomes(SourceFeed& feed, LoadOutcome& outcome) {
  std::size_t place = 0;
  for (SourceAccount& account : feed.accounts()) {
    const LoadSource& source = *feed.sources()[place++];
    std::exception_ptr failure = account.failure;
    if (!failure && account.budget_verdict) {
      failure = std::make_exception_ptr(BudgetExceededError(*account.budget_verdict));
    }
    outcome.sources.push_back({.end = end_of(account),
                               .input = source.input,
                               .name = account.name,
                               .counts = account.counts,
                               .blank = account.blank,
                               .rejected = account.rejects.rejected(),
                               .is_whole = account.is_whole(),
                               .failure = std::move(failure)});
    outcome.counts += account.counts;
    outcome.new_ranges += account.new_ranges;
    for (const auto& [type, lines] : source.looked_at.filtered_types) outcome.filtered_types[type] += lines;
  }
  outcome.counts.bytes_compressed = feed.compressed_bytes();
}

}  // namespace

std::string why_of(const SourceOutcome& source) {
  if (!source.failure) return "It was not read to its end.";
  try {
    std::rethrow_exception(source.failure);
  } catch (const std::exception& error) {
    return error.what();
  }
}

LoadOutcome run_load(Run& run, Load& load, report::RejectReport& rejects, std::optional<Spill>& spill) {
  const cli::LoadPlan& plan = load.plan;
  const bool is_key_order = plan.write.order == RowOrder::kKey;
  if (plan.write.on_duplicate != run.plan().write.on_duplicate) run.inspect(plan.write.on_duplicate);
  if (is_key_order && !run.table().can_sort()) {
    throw LoadError(fmt::format("{}: load {} began in key order, and now {}; start over with --restart.", load.name,
                                load.id, run.table().why_not_sorted()));
  }
  const std::span<mysql::Session> opened = run.writers().open(load.name, run.fitting_writers());
  const pipeline::Writers writers{static_cast<unsigned>(opened.size()), plan.write.is_connections_given};
  pipeline::KeyOrderMemoryPlan key_order;
  cli::ReadPlan read = run.fitted(plan.read);
  if (is_key_order) key_order = pipeline::plan_key_order_memory(read, writers);
  const pipeline::MemoryPlan memory = is_key_order ? key_order.reading : pipeline::plan_memory(read, writers);
  read.window = memory.window;
  say_if_fewer(run, load, memory);
  note_workers(run, memory.workers);
  say_if_lines_may_not_fit(load.name, read, opened.front());
  const ledger::RangeLedger ledger(load.id, load.owner);
  std::optional<ledger::CommittedRanges> committed;
  run.control().run([&](mysql::Session& session) { committed.emplace(session, load.id); });
  compare_doubtful(run, load, ledger, *committed);
  if (!is_key_order) take_recorded_fronts(run, load, ledger, *committed);

  std::atomic<std::uint64_t> respelled = 0;
  const table::TableInfo& table = run.table();
  const write::WriteContext context{
      .mapping = *read.mapping,
      .mode = plan.write.on_duplicate,
      .transport = choose_transport(run, load),
      .may_lack_keys = table.may_have_trigger || table.has_other_unique_key,
      .statement_bytes_max = pipeline::statement_bytes_max(read),
      .recorded_rejects_max = plan.report.reject_limit.is_given() ? kRecordedRejectsMax : 0,
      .ledger = ledger,
      .committed = *committed,
      .reconnect = [&run] { return run.connect(); },
      .retry = run.retry(),
      .stop = run.stop(),
      .pause = run.stats().pause,
      .retries = run.stats().retries,
      .disconnected = run.stats().disconnected,
      .looks_ids_up = plan.write.on_duplicate == OnDuplicate::kSkip && table.may_fire_on_duplicate,
      .can_reorder = !table.has_other_unique_key,
      .respelled = table.has_loose_ids ? &respelled : nullptr,
      .slow = &run.trace().slow,
      .key_index = table.key_index,
      .counter = table.counter};
  SourceEnds ends(run.control(), load);
  SourceFeed feed(readable_sources(run, load),
                  {.read = read,
                   .report = plan.report,
                   .load = load.id,
                   .loaded_at_microseconds = started_at(run, load),
                   .ahead = memory.ahead,
                   .looks_rejects = run.rejects(),
                   .stops_at_failure = !is_key_order && (run.plan().fail_fast || keeps_to_order(load)),
                   .ends_at_failure = is_key_order && run.plan().fail_fast,
                   .on_whole =
                       [&](const SourceAccount& account) {
                         if (!is_key_order) ends.add(account);
                       }},
                  *read.mapping, rejects, run.stats(), run.stop());
  report::ProgressOptions progress = plan.report.progress;
  progress.source_total = total_bytes(feed.sources());
  progress.ranges_in_flight_max = memory.ranges_in_flight_max;
  const pipeline::PipelineOptions options{plan.read.split, memory.workers.threads, memory.ranges_in_flight_max};
  run.stats().restart();

  LoadOutcome outcome;
  const auto run_graph = [&](pipeline::RangeSink& sink) {
    {
      const report::Progress watched(run.stats(), progress);
      outcome.result = feed.run(sink, options, plan.read.filter);
    }
    take_outcomes(feed, outcome);
  };
  const std::span<mysql::Session> sessions = opened.first(memory.workers.connections);
  if (is_key_order) {
    spill.emplace(plan.write.spill_dir, parse::layout_of(run.mapping()), key_order.spill);
    progress.phase = report::Phase::kSort;
    progress.has_database = false;
    pipeline::SortingSink sink(spill->rows, *spill->ranges, *committed);
    run_graph(sink);
    if (outcome.result.is_whole()) {
      KeyOrderLoad(run, load, key_order, sessions, context, *spill).write(feed.sources(), rejects, outcome);
    }
  } else {
    write::WriterPool pool(sessions, context);
    pipeline::WritingSink sink(pool, *committed, table.can_sort());
    run_graph(sink);
    if (auto failure = failure_of(pool, load.name)) outcome.result.failure = std::move(failure);
  }
  if (table.has_loose_ids) {
    say_how_many_respelled(load.name, run.mapping(), table, opened.front().server().server, respelled, outcome.counts);
  }
  say_how_to_make_room(load.name, run.mapping(), table.table, load.id, rejects.survey->long_texts(), run.control());
  return outcome;
}

}  // namespace chatload::load
