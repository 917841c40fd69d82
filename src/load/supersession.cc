// The bytes are compared as a resume compares them (source_verifier.h): this file is cut as the other load cut its own.
// That reads it once more up to the other's last range, which is rare, and holds for any two plans.
//
// A run that has lost its lock may still write. It is shut out only after the bytes were found equal; if it has
// committed more by then, its source stays.
#include "load/supersession.h"

#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "base/errors.h"
#include "base/log.h"
#include "base/terminal_text.h"
#include "ledger/load_ledger.h"
#include "ledger/range_ledger.h"
#include "ledger/source_ledger.h"
#include "load/beat_watch.h"
#include "load/source_verifier.h"

namespace chatload::load {
namespace {

// The other load's plan; nothing where it selects other lines, or cannot be read.
std::optional<cli::LoadPlan> plan_of_same_lines(const cli::LoadPlan& ours, const ledger::LoadRecord& other) {
  try {
    cli::LoadPlan given_nothing = ours;
    given_nothing.given.clear();
    cli::LoadPlan plan = cli::resumed_plan(given_nothing, other.plan, other.load_id, "--restart");
    cli::LoadPlan cut_as_ours = plan;
    cut_as_ours.read.split.range_bytes = ours.read.split.range_bytes;
    cut_as_ours.read.split.bytes_a_record = ours.read.split.bytes_a_record;
    cut_as_ours.write.order = ours.write.order;
    cut_as_ours.write.indexes = ours.write.indexes;
    if (cli::recorded_plan(cut_as_ours) != cli::recorded_plan(ours)) return std::nullopt;
    return plan;
  } catch (const LoadError&) {
    return std::nullopt;
  }
}

// Whether its load may be ended by that.
bool supersede_one(Run& run, std::uint64_t load_id, const cli::LoadPlan& ours, const LoadSource& file,
                   const ledger::SourceRecord& other) {
  const bool was_read = !other.is_unread();
  if (other.state == ledger::SourceState::kReleased) {  // it is no part of its load any more
    run.control().run([&](mysql::Session& session) {
      ledger::supersede(session, load_id, {other.load_id, {other.source}, /*with_its_load=*/false});
    });
    if (was_read) {
      log_info(fmt::format("{}: load {} went on without a file of this name; load {} takes its place.", file.name,
                           other.load_id, load_id));
    }
    return false;
  }
  const auto found =
      run.control().run([&](mysql::Session& session) { return ledger::find_load(session, other.load_id); });
  if (!found) return false;
  const ledger::LoadRecord& its_load = *found;
  const std::optional<cli::LoadPlan> plan = was_read ? plan_of_same_lines(ours, its_load) : ours;
  const bool is_dead = BeatWatch().look(its_load, 0, BeatWatch::Clock::now()) == Life::kDead;
  if (!plan || !is_dead || run.control().lock(its_load.lock_name, std::chrono::milliseconds(0), nullptr)) return false;
  struct Unlock {
    mysql::ControlConnection& control;
    const std::string& name;
    ~Unlock() { control.unlock(name); }
  } const unlock{run.control(), its_load.lock_name};
  const auto compared = ranges_with_equal_bytes(run, file, *plan, other);
  if (!compared) return false;
  const bool is_final = run.control().run([&](mysql::Session& session) {
    return ledger::disown(session, its_load) && ledger::count_ranges(session, other.load_id, other.source) == *compared;
  });
  if (!is_final) return false;
  const ledger::PutAside put_aside{other.load_id, {other.source}, its_load.is_frozen};
  run.control().run([&](mysql::Session& session) { ledger::supersede(session, load_id, put_aside); });
  if (was_read) {
    log_info(fmt::format("{}: has all bytes that load {} had loaded of a file of this name; load {} takes its place.",
                         file.name, other.load_id, load_id));
  }
  return true;
}

}  // namespace

std::set<std::uint64_t> supersede_partial_sources(Run& run, const Load& load) {
  std::set<std::uint64_t> loads;
  const auto others = run.control().run(
      [&](mysql::Session& session) { return ledger::find_partial_sources(session, run.table().table, load.id); });
  if (others.empty()) return loads;
  std::map<std::string, const LoadSource*> by_name;
  for (const LoadSource& source : load.sources) by_name.emplace(terminal_text(source.name, kNameBytesMax), &source);
  for (const ledger::SourceRecord& other : others) {
    const auto file = by_name.find(other.name);
    if (file == by_name.end()) continue;
    if (supersede_one(run, load.id, load.plan, *file->second, other)) loads.insert(other.load_id);
  }
  return loads;
}

std::set<std::uint64_t> supersede_unread_sources(Run& run, std::span<const UnreadSource> sources) {
  std::set<std::uint64_t> loads;
  std::map<std::uint64_t, std::vector<const UnreadSource*>> by_load;
  for (const UnreadSource& unread : sources) by_load[unread.record.load_id].push_back(&unread);
  for (const auto& [load_id, its_sources] : by_load) {
    for (const UnreadSource* const unread : its_sources) {
      LoadSource file;
      file.name = unread->record.name;
      if (supersede_one(run, unread->done_by, run.plan(), file, unread->record)) loads.insert(load_id);
    }
    log_info(fmt::format("{}: could not be read by load {}, and is loaded all the same.",
                         name_of_all(its_sources.front()->record.name, its_sources.size()), load_id));
  }
  return loads;
}

}  // namespace chatload::load
