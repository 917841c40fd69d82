#include "load/load_ends.h"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "base/errors.h"
#include "base/log.h"
#include "ledger/source_ledger.h"
#include "load/closing.h"
#include "load/export_rejects.h"
#include "load/supersession.h"

namespace chatload::load {

using report::InputEnd;
using report::InputStatus;
using report::RunStatus;

void LoadEnds::add_written(Load load, ExitCode exit_code) {
  auto mapping = std::make_shared<mapping::Mapping>(*load.plan.read.mapping);
  for (mapping::Lookup& lookup : mapping->lookups) lookup.table.reset();  // nothing is looked up any more
  load.plan.read.mapping = std::move(mapping);
  written_.push_back({std::move(load), exit_code});
}

void LoadEnds::take_back(std::uint64_t load_id) {
  std::erase_if(written_, [&](const Written& one) { return one.load.id == load_id; });
}

void LoadEnds::end_early(const Load& load, ExitCode exit_code) {
  mark_ended(run_, load, exit_code);
  rejects_owed_.emplace(load.id, load.name);
}

void LoadEnds::end_failed(const Load& load, ExitCode exit_code) {
  mark_ended(run_, load, exit_code);
  try_export_rejects(load);
}

void LoadEnds::take_counts(const Load& load) {
  const std::vector<ledger::SourceRecord> records =
      run_.control().run([&](mysql::Session& session) { return ledger::find_of_load(session, load.id); });
  std::map<SourceOrdinal, std::size_t> inputs;
  for (const LoadSource& source : load.sources) inputs.emplace(source.ordinal, source.input);
  for (const ledger::SourceRecord& record : records) {
    const auto input = inputs.find(record.source);
    if (input != inputs.end() && record.lines) outcome_.end_of(input->second).counts = record.lines;
  }
}

Inputs LoadEnds::supersede() {
  std::set<std::uint64_t> superseded;
  for (std::size_t i = 0; i < written_.size() && outcome_.goes_on() && !run_.plan().ledger.source_id; ++i) {
    outcome_.attempt({}, [&] { superseded.merge(supersede_partial_sources(run_, written_[i].load)); });
  }
  if (outcome_.goes_on()) {
    outcome_.attempt({}, [&] { superseded.merge(supersede_unread_sources(run_, std::exchange(unread_, {}))); });
  }
  Inputs to_end;
  for (std::size_t input = 0; input < outcome_.inputs().size(); ++input) {
    const std::optional<std::uint64_t> load_id = outcome_.inputs()[input].load;
    if (load_id && superseded.contains(*load_id)) to_end.push_back(input);
  }
  return to_end;
}

bool LoadEnds::finish() {
  bool is_well = outcome_.is_well();
  for (const Written& one : std::exchange(written_, {})) {
    if (!is_well) {
      const bool is_stopped = run_.stop().requested();
      if (is_stopped) outcome_.worsen(RunStatus::kInterrupted, ExitCode::kInterrupted);
      mark_ended(run_, one.load, is_stopped ? ExitCode::kInterrupted : ExitCode::kFailed);
      continue;
    }
    bool is_finished = false;
    outcome_.attempt(inputs_of(one.load), [&] {
      finish(one);
      is_finished = true;
    });
    is_well = is_finished;
  }
  for (const auto& [load_id, name] : std::exchange(rejects_owed_, {})) {
    if (!outcome_.is_well()) break;
    outcome_.attempt(
        {}, [&, id = load_id, &its_name = name] { export_rejects_of(run_, id, its_name, /*is_patient=*/true); });
  }
  return is_well;
}

void LoadEnds::finish(const Written& one) {
  try {
    finish_load(run_, one.load, indexes_, one.exit_code);
  } catch (const Error& error) {
    mark_ended(run_, one.load, error.exit_code());
    throw;
  }
  outcome_.worsen(RunStatus::kDone, one.exit_code);
  for (const LoadSource& source : one.load.sources) {
    InputEnd& end = outcome_.end_of(source.input);
    const bool is_settled = end.status == InputStatus::kFailed || end.status == InputStatus::kAlreadyLoaded;
    if (source.why_not.empty() && !is_settled) end.status = InputStatus::kDone;
  }
  take_counts(one.load);
  rejects_owed_.emplace(one.load.id, one.load.name);
}

// What ended the load is the news; a lost server has no rejects to give either.
void LoadEnds::try_export_rejects(const Load& load) {
  if (run_.stop().requested()) return;
  try {
    export_rejects_of(run_, load.id, load.name, /*is_patient=*/false);
  } catch (const Error& error) {
    log_warning(error.what());
  }
}

}  // namespace chatload::load
