#include "load/recorded_references.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/errors.h"
#include "base/log.h"
#include "ledger/ledger_input.h"
#include "ledger/reference_ledger.h"
#include "mapping/reference_text.h"

namespace chatload::load {
namespace {

using Table = std::shared_ptr<const mapping::ReferenceTable>;

[[noreturn]] void refuse_memory(const mapping::Lookup& lookup, std::uint64_t load_id) {
  throw UsageError(
      fmt::format("Load {} began with other data, and the recorded and the current data of the lookup '{}' take more "
                  "than half of --memory; raise it, restore that data, or start over with --restart.",
                  load_id, lookup.name));
}

// Null where the ledger has none. That its digest is right proves it: it was judged when the load began.
Table read_table(mysql::Session& session, const mapping::Lookup& lookup, const std::string& digest,
                 std::size_t bytes_max, std::uint64_t load_id) {
  const auto table = std::make_shared<mapping::ReferenceTable>(lookup.fields.size());
  mapping::ReferenceText text(lookup.fields.size(),
                              [&](std::string_view key, std::span<const mapping::ReferenceTable::Value> values) {
                                table->add(key, values, table->rows() + 1);
                                if (table->memory_bytes() > bytes_max) refuse_memory(lookup, load_id);
                              });
  if (!ledger::read_reference(session, digest, [&](std::string_view part) { text.add(part); })) return nullptr;
  if (text.is_whole() && !table->complete() && table->digest() == digest) return table;
  throw ledger::damaged_ledger(
      load_id, fmt::format("the data of its lookup '{}' in chatload_references is not what was kept", lookup.name));
}

}  // namespace

void keep_references(Run& run, const cli::LoadPlan& plan) {
  for (const mapping::Lookup& lookup : plan.read.mapping->lookups) {
    if (lookup.table->text_bytes() > plan.ledger.lookup_store_bytes) continue;
    run.control().run([&](mysql::Session& session) { ledger::keep_reference(session, *lookup.table); });
  }
}

cli::LoadPlan with_recorded_references(Run& run, const ledger::LoadRecord& load) {
  cli::LoadPlan plan = run.plan();
  const std::vector<mapping::Lookup>& now = plan.read.mapping->lookups;
  const std::vector<std::string> digests = cli::recorded_reference_digests(load.plan, *plan.read.mapping);
  if (digests.empty()) return plan;
  std::size_t bytes_left = plan.read.lookup_bytes_max();
  for (const mapping::Lookup& lookup : now) bytes_left -= std::min(bytes_left, lookup.table->memory_bytes());
  auto then = std::make_shared<mapping::Mapping>(*plan.read.mapping);
  for (std::size_t index = 0; index < digests.size(); ++index) {
    if (digests[index] == now[index].digest) continue;
    Table table = run.control().run([&](mysql::Session& session) {
      return read_table(session, now[index], digests[index], bytes_left, load.load_id);
    });
    if (!table) continue;
    bytes_left -= std::min(bytes_left, table->memory_bytes());
    plan.read.other_lookup_bytes += now[index].table->memory_bytes();
    then->lookups[index].take(std::move(table));
  }
  plan.read.mapping = std::move(then);
  return plan;
}

void say_what_has_changed(const Run& run, const Load& load) {
  const std::vector<mapping::Lookup>& now = run.plan().read.mapping->lookups;
  for (std::size_t index = 0; index < now.size(); ++index) {
    if (load.plan.read.mapping->lookups[index].table == now[index].table) continue;
    log_info(fmt::format("{}: the data of the lookup '{}' has changed; load {} continues with what it began with.",
                         load.name, now[index].name, load.id));
  }
}

}  // namespace chatload::load
