#include "load/load.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <map>
#include <set>
#include <span>
#include <utility>

#include "base/digest.h"
#include "base/errors.h"
#include "base/log.h"
#include "base/quantity.h"
#include "base/random_token.h"
#include "base/terminal_text.h"
#include "ledger/source_ledger.h"
#include "load/recorded_references.h"
#include "mysql/runner_name.h"
#include "table/table_info.h"

namespace chatload::load {
namespace {

constexpr std::uint64_t kAttemptsMax = std::numeric_limits<std::uint32_t>::max();

// Of lines whose rows are there.
std::string_view what_of_their_lines(const Run& run) {
  if (!run.table().has_key) return "their lines are there twice";
  switch (run.plan().write.on_duplicate) {
    case OnDuplicate::kSkip: return "their lines count as duplicate";
    case OnDuplicate::kReplace: return "their lines count as updated";
    case OnDuplicate::kFail: return "the first of their lines ends it";
  }
  return "";
}

ledger::Runner runner_of(Run& run, const std::string& owner, const std::string& name) {
  const std::uint64_t connection_id =
      run.control().run([](const mysql::Session& session) { return session.connection_id(); });
  return {.owner = owner,
          .name = mysql::runner_name(connection_id),
          .sources = terminal_text(name, kNameBytesMax),
          .slots = run.plan().write.connections + 1,
          .beats = run.plan().ledger.share_bytes.has_value()};
}

ledger::SourceClaim claim_of(const NewSource& fresh, const std::string& owner) {
  const LoadSource& source = fresh.source;
  if (fresh.attempt > kAttemptsMax) {
    throw LoadError(fmt::format(
        "{}: the ledger is damaged: it has an attempt {} at this file, which is the last that fits. Find its "
        "load with `chatload loads`, and remove it with `chatload loads forget LOAD`.",
        source.name, fresh.attempt - 1));
  }
  return {.key = source.identity.can_resume ? source.identity.key : "run:" + owner,
          .attempt = fresh.attempt,
          .name = source.recorded_name,
          .name_digest = digest_hex(source.name),
          .stamp = source.identity.stamp,
          .bytes = source.identity.bytes,
          .why = source.why_not};
}

// What is put aside by the sources, by load. Nothing where one of these loads has changed hands meanwhile: those that
// are not done must have no run that writes.
std::optional<std::vector<ledger::PutAside>> put_aside_by(Run& run, const std::vector<NewSource>& fresh) {
  std::map<std::uint64_t, ledger::PutAside> by_load;
  std::set<std::uint64_t> to_disown;
  for (const NewSource& source : fresh) {
    for (const ledger::SourceRecord& record : source.put_aside) {
      by_load[record.load_id].sources.push_back(record.source);
      if (!record.is_unread()) to_disown.insert(record.load_id);
    }
  }
  std::vector<std::uint64_t> ids;
  for (auto& [load_id, put_aside] : by_load) {
    put_aside.load_id = load_id;
    ids.push_back(load_id);
  }
  const std::vector<ledger::LoadRecord> loads =
      run.control().run([&](mysql::Session& session) { return ledger::find_loads(session, ids); });
  for (const ledger::LoadRecord& load : loads) {
    if (load.state == ledger::LoadState::kDone || !to_disown.contains(load.load_id)) continue;
    if (!run.control().run([&](mysql::Session& session) { return ledger::disown(session, load); })) return std::nullopt;
    const auto now =
        run.control().run([&](mysql::Session& session) { return ledger::find_load(session, load.load_id); });
    by_load[load.load_id].with_its_load = now && now->is_frozen;
  }
  std::vector<ledger::PutAside> put_aside;
  put_aside.reserve(by_load.size());
  for (auto& [load_id, its_sources] : by_load) put_aside.push_back(std::move(its_sources));
  return put_aside;
}

// Of a load in key order, whose rows were sorted together.
void require_all_sources(const ledger::LoadRecord& load, const std::vector<ledger::SourceRecord>& all,
                         const std::vector<KnownSource>& known) {
  std::string missing;
  std::size_t count = 0;
  std::set<SourceOrdinal> readable;
  for (const KnownSource& one : known) {
    if (one.source.why_not.empty()) readable.insert(one.source.ordinal);
  }
  for (const ledger::SourceRecord& record : all) {
    if (record.has_left()) continue;
    if (readable.contains(record.source)) continue;
    if (count++ == 0) missing = record.name;
  }
  if (count == 0) return;
  throw LoadError(fmt::format(
      "Load {} was sorted by key and needs all of its {} sources again; {} {} not among the inputs, or cannot be read. "
      "Name them all, or start over with --restart.",
      load.load_id, format_count(all.size()), name_of_all(missing, count), count == 1 ? "is" : "are"));
}

// A run that has lost its lock may have gone on between our look at the load and our taking it over.
void require_still_as_recorded(Run& run, const Load& load, const ledger::LoadRecord& record) {
  const auto now = run.control().run([&](mysql::Session& session) { return ledger::find_load(session, load.id); });
  if (now && now->is_frozen == record.is_frozen && now->all_read == record.all_read) return;
  throw LoadError(fmt::format("{}: another run went on with load {} until a moment ago; run the same command again.",
                              load.name, load.id));
}

// A run before this one had all lines in. They are still, where the sources hold the same bytes and the server has lost
// none; else that run's record is of no more use.
void take_end_or_forget_it(Run& run, Load& load, bool is_same_content) {
  const ledger::LoadTotals recorded =
      run.control().run([&](mysql::Session& session) { return ledger::read_final_totals(session, load.id); });
  load.is_written = is_same_content && recorded.ranges == load.before.ranges && recorded.counts == load.before.counts;
  if (load.is_written) {
    load.before = recorded;
  } else {
    run.control().run([&](mysql::Session& session) { ledger::forget_end(session, load.id, load.owner); });
  }
}

// A source that was read to its end is still, if all of its ranges are there. One that was sorted is sorted again.
void find_what_is_left(Run& run, Load& load) {
  const std::vector<ledger::SourceRecord> all = run.control().run([&](mysql::Session& session) {
    ledger::reopen_incomplete(session, load.id, load.owner);
    return ledger::find_of_load(session, load.id);
  });
  const bool is_sorted = load.plan.write.order == RowOrder::kKey;
  std::map<SourceOrdinal, LoadSource*> named;
  for (LoadSource& source : load.sources) named.emplace(source.ordinal, &source);
  for (const ledger::SourceRecord& record : all) {
    if (record.has_left()) continue;
    const bool is_done = record.state == ledger::SourceState::kDone && !is_sorted;
    if (const auto source = named.find(record.source); source != named.end()) {
      source->second->is_done = is_done;
      if (is_done) source->second->why_not.clear();  // whatever became of the file since
    } else if (!is_done) {
      load.left_out.push_back(record.source);
    }
  }
}

}  // namespace

std::string_view order_of_rows(const cli::LoadPlan& plan) {
  return to_string(plan.write.order == RowOrder::kKey ? RowOrder::kKey : RowOrder::kFile);
}

std::string take_new_lock(Run& run, const std::string& name) {
  std::string lock_name = "chatload:" + random_token();
  if (run.control().lock(lock_name, std::chrono::milliseconds(0), nullptr)) {
    throw LoadError(
        fmt::format("{}: the server does not give its load a lock of its own; run the same command again.", name));
  }
  return lock_name;
}

Inputs inputs_of(const Load& load) {
  Inputs inputs;
  inputs.reserve(load.sources.size());
  for (const LoadSource& source : load.sources) inputs.push_back(source.input);
  return inputs;
}

std::optional<Load> begin_load(Run& run, std::vector<NewSource>& fresh, const std::string& lock_name,
                               cli::LoadPlan plan) {
  const auto put_aside = put_aside_by(run, fresh);
  if (!put_aside) return std::nullopt;
  Load load;
  load.owner = random_token();
  load.name = name_of_all(fresh.front().source.name, fresh.size());
  load.plan = std::move(plan);
  std::vector<ledger::SourceClaim> claims;
  claims.reserve(fresh.size());
  for (NewSource& source : fresh) {
    source.source.recorded_name = terminal_text(source.source.name, kNameBytesMax);
    claims.push_back(claim_of(source, load.owner));
  }
  keep_references(run, load.plan);
  const ledger::LoadSetup setup{.table = run.table().table,
                                .plan = cli::recorded_plan(load.plan),
                                .limits = table::limits_text(run.mapping()),
                                .order = std::string(order_of_rows(load.plan)),
                                .lock_name = lock_name};
  const ledger::Runner runner = runner_of(run, load.owner, load.name);
  const std::optional<std::uint64_t> load_id = run.control().run(
      [&](mysql::Session& session) { return ledger::begin_load(session, setup, runner, claims, *put_aside); });
  if (!load_id) return std::nullopt;
  load.id = *load_id;
  std::uint64_t ordinal = 0;
  for (NewSource& source : fresh) {
    source.source.ordinal = SourceOrdinal(++ordinal);
    load.is_again = load.is_again || source.attempt > 1;
    load.sources.push_back(std::move(source.source));
  }
  if (!put_aside->empty() && load.sources.front().why_not.empty()) {
    log_info(fmt::format("{}: starts over as load {}; rows that an earlier load wrote stay, and {}.", load.name,
                         load.id, what_of_their_lines(run)));
  }
  return load;
}

std::optional<Load> resume_load(Run& run, const ledger::LoadRecord& record, std::vector<KnownSource> known,
                                const Check& check) {
  const std::vector<ledger::SourceRecord> all =
      run.control().run([&](mysql::Session& session) { return ledger::find_of_load(session, record.load_id); });
  std::sort(known.begin(), known.end(),
            [](const KnownSource& a, const KnownSource& b) { return a.source.ordinal < b.source.ordinal; });
  Load load{.id = record.load_id,
            .owner = random_token(),
            .name = name_of_all(known.front().source.name, all.size()),
            .plan = cli::resumed_plan(with_recorded_references(run, record), record.plan, record.load_id, "--restart"),
            .is_frozen = record.is_frozen};
  const std::string limits = table::limits_text(run.mapping());
  if (record.limits != limits) {
    throw LoadError(fmt::format(
        "{}: the columns of the table are no longer those that load {} began with ({} then, {} now), so that "
        "lines would be judged by other rules; start over with --restart.",
        load.name, record.load_id, record.limits, limits));
  }
  if (record.is_frozen) require_all_sources(record, all, known);
  bool is_same_content = record.all_read;
  for (KnownSource& one : known) {
    load.is_again = load.is_again || one.record.attempt > 1;
    is_same_content = is_same_content && one.source.is_done;
    one.source.recorded_name = one.record.name;
    load.sources.push_back(std::move(one.source));
  }
  if (!is_same_content) check(load.plan, load.sources);
  const ledger::Runner runner = runner_of(run, load.owner, load.name);
  if (!run.control().run([&](mysql::Session& session) { return ledger::take_over(session, record, runner); })) {
    return std::nullopt;
  }
  require_still_as_recorded(run, load, record);
  for (const LoadSource& source : load.sources) {
    if (!source.is_new) continue;
    run.control().run([&](mysql::Session& session) {
      ledger::identify(session, load.id, load.owner, source.ordinal,
                       {.key = source.identity.key,
                        .attempt = source.attempt,
                        .stamp = source.identity.stamp,
                        .bytes = source.identity.bytes});
    });
  }
  load.before = run.control().run([&](mysql::Session& session) { return ledger::read_totals(session, load.id); });
  if (record.all_read) take_end_or_forget_it(run, load, is_same_content);
  if (load.is_written) {
    for (LoadSource& source : load.sources) source.why_not.clear();
  } else {
    find_what_is_left(run, load);
  }
  log_info(fmt::format("{}: continues load {}, of which {} lines are done.", load.name, load.id,
                       load.is_written ? "all" : format_count(load.before.counts.lines)));
  say_what_has_changed(run, load);
  if (run.plan().write.order == RowOrder::kKey && load.plan.write.order == RowOrder::kFile) {
    log_warning(fmt::format("{}: load {} began in file order and keeps to it.", load.name, load.id));
  }
  if (run.plan().write.indexes == IndexMode::kDefer && load.plan.write.indexes == IndexMode::kKeep) {
    log_warning(
        fmt::format("{}: load {} began with the secondary indexes in place, and keeps them.", load.name, load.id));
  }
  return load;
}

}  // namespace chatload::load
