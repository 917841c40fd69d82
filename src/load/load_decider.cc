#include "load/load_decider.h"

#include <fmt/format.h>

#include "base/errors.h"
#include "base/log.h"
#include "base/quantity.h"
#include "pipeline/memory_plan.h"
#include "spill/spill_file.h"

namespace chatload::load {

LoadDecider::LoadDecider(const parse::Mapping& mapping, const table::TableInfo& table, unsigned connections,
                         const StopSignal& stop)
    : mapping_(mapping), table_(table), connections_(connections), stop_(stop) {}

cli::LoadPlan LoadDecider::decide(const cli::LoadPlan& plan, const source::HeldFile& file,
                                  const source::SourceIdentity& identity) {
  cli::LoadPlan decided = plan;
  decided.read.split = pipeline::fitting_limits(plan.read, {plan.write.connections, plan.write.is_connections_given},
                                                mapping_.fields.size());
  if (plan.write.order == RowOrder::kFile) return decided;
  const OrderChoice choice = choose(decided, file, identity);
  log(choice.is_second_best ? LogLevel::kWarning : LogLevel::kInfo,
      fmt::format("{}: loads in {} order, because {}.", file.name(), to_string(choice.order), choice.why));
  decided.write.order = choice.order;
  return decided;
}

OrderChoice LoadDecider::choose(const cli::LoadPlan& plan, const source::HeldFile& file,
                                const source::SourceIdentity& identity) {
  const bool is_asked = plan.write.order == RowOrder::kKey;
  if (!table_.can_write_in_parallel()) return {RowOrder::kFile, table_.why_not_in_parallel(), is_asked};
  if (!identity.bytes) return {RowOrder::kFile, "it can be read once only", is_asked};
  InputSample sample;
  try {
    sample = sample_input(file, plan.read, mapping_, *identity.bytes, stop_);
  } catch (const Error&) {
    // The load meets it too, and says so.
    if (!is_asked) return {RowOrder::kFile, "its beginning cannot be read"};
  }
  if (stop_.requested()) throw Interrupted();
  OrderChoice choice{RowOrder::kKey, "--order asks for it"};
  if (!is_asked) {
    choice = choose_order(sample);
    if (choice.order == RowOrder::kFile) return choice;
  }
  try {
    require_room(plan, file, sample);
  } catch (const Error& error) {
    if (is_asked) throw;
    log_warning(error.what());
    return {RowOrder::kFile, "it cannot be sorted by key", true};
  }
  return choice;
}

void LoadDecider::require_room(const cli::LoadPlan& plan, const source::HeldFile& file,
                               const source::SourceIdentity& identity) const {
  if (!identity.bytes) return;
  require_room(plan, file, sample_input(file, plan.read, mapping_, *identity.bytes, stop_));
}

void LoadDecider::require_room(const cli::LoadPlan& plan, const source::HeldFile& file,
                               const InputSample& sample) const {
  static_cast<void>(pipeline::plan_key_order_memory(plan.read, {connections_, plan.write.is_connections_given},
                                                    mapping_.fields.size()));
  const spill::SpillFile can_be_made(plan.write.spill_dir);
  const std::uint64_t needed_bytes = spill_bytes_estimate(sample);
  const std::uint64_t free_bytes = spill::free_bytes(plan.write.spill_dir);
  if (needed_bytes <= free_bytes) return;
  throw EnvironmentError(fmt::format(
      "{}: sorting it by key takes about {} of disk, and {} has {}; free space there, or name another directory with "
      "--spill-dir.",
      file.name(), format_size(needed_bytes), plan.write.spill_dir.string(), format_size(free_bytes)));
}

}  // namespace chatload::load
