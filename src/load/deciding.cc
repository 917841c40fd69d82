#include "load/deciding.h"

#include <fmt/format.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "base/errors.h"
#include "base/log.h"
#include "base/quantity.h"
#include "ledger/load_ledger.h"
#include "load/order_choice.h"
#include "pipeline/memory_plan.h"
#include "spill/spill_file.h"
#include "table/transaction_limits.h"

namespace chatload::load {
namespace {

// For messages.
std::string name_of(const std::vector<LoadSource*>& sources) {
  return name_of_all(sources.front()->name, sources.size());
}

// How many of the sources, from the first, the disk has room for; throws where not even one.
std::size_t count_that_fits(Run& run, const cli::LoadPlan& plan, const std::vector<LoadSource*>& sources,
                            const InputSample& sample) {
  static_cast<void>(
      pipeline::plan_key_order_memory(plan.read, {run.allowed_writers(), plan.write.is_connections_given}));
  const spill::SpillFile can_be_made(plan.write.spill_dir);
  const std::uint64_t needed_bytes = spill_bytes_estimate(sample);
  const std::uint64_t free_bytes = spill::free_bytes(plan.write.spill_dir);
  if (needed_bytes <= free_bytes) return sources.size();
  const double share = static_cast<double>(free_bytes) / static_cast<double>(needed_bytes);
  double left = share * static_cast<double>(total_bytes(sources).value_or(0));
  std::size_t count = 0;
  for (; count < sources.size(); ++count) {
    left -= static_cast<double>(sources[count]->identity.bytes.value_or(0));
    if (left < 0) break;
  }
  if (count > 0) return count;
  throw EnvironmentError(fmt::format(
      "{}: sorting it by key takes about {} of disk, and {} has {}; free space there, or name another directory with "
      "--spill-dir.",
      name_of(sources), format_size(needed_bytes), plan.write.spill_dir.string(), format_size(free_bytes)));
}

struct Choice {
  OrderChoice order;
  std::size_t count = 0;
};

Choice choose(Run& run, const cli::LoadPlan& plan, const std::vector<LoadSource*>& sources) {
  const bool is_asked = plan.write.order == RowOrder::kKey;
  const auto in_file_order = [&](std::string why, bool is_second_best) {
    return Choice{{RowOrder::kFile, std::move(why), is_second_best}, sources.size()};
  };
  if (!run.table().can_sort()) return in_file_order(run.table().why_not_sorted(), is_asked);
  if (run.table().counter && !is_asked) return in_file_order("the server itself makes the primary key", false);
  const std::optional<std::uint64_t> bytes = total_bytes(sources);
  if (!bytes) return in_file_order("it can be read once only", is_asked);
  InputSample sample;
  try {
    sample = sample_sources(sources, plan.read, run.mapping(), run.stop());
  } catch (const Error&) {
    // The load meets it too, and says so.
    if (!is_asked) return in_file_order("its beginning cannot be read", false);
    sample = {};
  }
  if (run.stop().requested()) throw Interrupted();
  Choice choice{{RowOrder::kKey, "--order asks for it"}, sources.size()};
  if (!is_asked) {
    choice.order = choose_order(sample);
    if (choice.order.order == RowOrder::kFile) return choice;
  }
  try {
    choice.count = count_that_fits(run, plan, sources, sample);
  } catch (const Error& error) {
    if (is_asked) throw;
    log_warning(error.what());
    return in_file_order("it cannot be sorted by key", true);
  }
  if (choice.count < sources.size()) {
    log_info(fmt::format("{} has room to sort {} of {} inputs at a time, so that several loads take them on.",
                         plan.write.spill_dir.string(), format_count(choice.count), format_count(sources.size())));
  }
  return choice;
}

// A range is a transaction, or a part of one that is no larger.
void keep_to_limits(const table::TransactionLimits& limits, cli::ReadPlan& read) {
  std::size_t& range_bytes = read.split.range_bytes;
  if (range_bytes <= limits.range_bytes_max()) return;
  if (read.is_range_size_given || limits.range_bytes_max() < cli::kRangeBytesMin) {
    throw UsageError(fmt::format(
        "--range-size {}: the server lets a transaction hold no more than a range of {} ({}); give less, or raise its "
        "limit.",
        format_size(range_bytes), format_size(limits.range_bytes_max()), limits.names));
  }
  while (range_bytes > limits.range_bytes_max()) range_bytes /= 2;
  log_info(fmt::format("Ranges have {}, because of what the server lets a transaction hold ({}).",
                       format_size(range_bytes), limits.names));
}

}  // namespace

cli::LoadPlan undecided(Run& run) {
  cli::LoadPlan plan = run.plan();
  plan.read.split =
      pipeline::fitting_limits(run.fitted(plan.read), {plan.write.connections, plan.write.is_connections_given});
  keep_to_limits(run.control().run(table::read_transaction_limits), plan.read);
  plan.write.indexes = IndexMode::kKeep;
  return plan;
}

Decision decide(Run& run, const std::vector<LoadSource*>& sources) {
  const cli::LoadPlan& plan = run.plan();
  Decision decision{undecided(run), sources.size()};
  if (plan.write.order == RowOrder::kFile || sources.empty()) return decision;
  const Choice choice = choose(run, decision.plan, sources);
  log(choice.order.is_second_best ? LogLevel::kWarning : LogLevel::kInfo,
      fmt::format("{}: loads in {} order, because {}.", name_of(sources), to_string(choice.order.order),
                  choice.order.why));
  run.trace().choose({"order", std::string(to_string(choice.order.order)), choice.order.why});
  decision.plan.write.order = choice.order.order;
  decision.count = choice.count;
  return decision;
}

std::vector<std::size_t> decide_begun(Run& run, Load& load) {
  std::vector<LoadSource*> readable;
  for (LoadSource& source : load.sources) {
    if (source.why_not.empty()) readable.push_back(&source);
  }
  Decision decision = decide(run, readable);
  load.plan = std::move(decision.plan);
  std::vector<std::size_t> left_out;
  if (decision.count < readable.size()) {
    const auto behind = load.sources.begin() + (readable[decision.count] - load.sources.data());
    for (auto source = behind; source != load.sources.end(); ++source) left_out.push_back(source->input);
    load.sources.erase(behind, load.sources.end());
    load.name = name_of_all(load.sources.front().name, load.sources.size());
  }
  run.control().run([&](mysql::Session& session) {
    ledger::record_decision(session, load.id, load.owner, cli::recorded_plan(load.plan),
                            std::string(order_of_rows(load.plan)), load.sources.size());
  });
  return left_out;
}

void require_room(Run& run, const cli::LoadPlan& plan, const std::vector<LoadSource*>& sources) {
  if (!total_bytes(sources) || sources.empty() || !run.table().can_sort()) return;  // the last ends the load later
  const InputSample sample = sample_sources(sources, plan.read, *run.fitted(plan.read).mapping, run.stop());
  if (count_that_fits(run, plan, sources, sample) == sources.size()) return;
  throw EnvironmentError(fmt::format(
      "{}: sorting all of it by key takes about {} of disk, and {} has {}; free space there, or name another directory "
      "with --spill-dir.",
      name_of(sources), format_size(spill_bytes_estimate(sample)), plan.write.spill_dir.string(),
      format_size(spill::free_bytes(plan.write.spill_dir))));
}

}  // namespace chatload::load
