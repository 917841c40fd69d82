#include "load/source_verifier.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "base/digest.h"
#include "base/errors.h"
#include "pipeline/input_ranges.h"
#include "report/progress.h"

namespace chatload::load {

void require_recorded_bytes(const source::Input& input, const cli::ReadPlan& read, const ledger::RangeLedger& ledger,
                            SourceOrdinal source, const ledger::CommittedRanges& committed,
                            mysql::ControlConnection& control, std::atomic<std::uint64_t>& source_read,
                            const StopSignal& stop) {
  pipeline::InputRanges ranges(input.open(stop.fd()), read, stop);
  split::Range last;
  for (std::uint64_t left = committed.count(source); left > 0;) {
    std::optional<split::Range> range = ranges.next(std::move(last));
    if (stop.requested()) throw Interrupted();
    if (!range) {
      throw SourceError(fmt::format(
          "{}: this is not the file that load {} started with: it ends before ranges that the load has read. "
          "Restore the old file, or start over with --restart.",
          input.name(), ledger.load_id()));
    }
    source_read = ranges.compressed_bytes();
    const RangeKey key{source, range->number};
    if (committed.contains(key)) {
      const std::optional<ledger::RangeRecord> record =
          control.run([&](mysql::Session& session) { return ledger.find(session, key); });
      if (record && !record->has_bytes_of(*range, digest_hex(range->bytes.view().text()))) {
        throw SourceError(
            fmt::format("{}: {}", input.name(), ledger::changed_source(ledger.load_id(), *record).what()));
      }
      --left;
    }
    last = std::move(*range);
  }
}

std::optional<std::uint64_t> ranges_with_equal_bytes(Run& run, const LoadSource& file, const cli::LoadPlan& plan,
                                                     const ledger::SourceRecord& source) {
  try {
    std::optional<ledger::CommittedRanges> committed;
    run.control().run([&](mysql::Session& session) {
      const bool has_some = ledger::count_ranges(session, source.load_id, source.source) > 0;
      if (has_some) committed.emplace(session, source.load_id);
    });
    const std::uint64_t count = committed ? committed->count(source.source) : 0;
    if (count == 0) return 0;
    run.stats().next_phase();
    const report::Progress watched(
        run.stats(), report::step_progress(plan.report.progress, report::Phase::kComparePartial, file.identity.bytes));
    require_recorded_bytes(*file.open(), plan.read, ledger::RangeLedger(source.load_id, ""), source.source, *committed,
                           run.control(), run.stats().source_read, run.stop());
    return count;
  } catch (const LoadError&) {
    return std::nullopt;
  } catch (const SourceError&) {
    return std::nullopt;
  } catch (const CorruptInputError&) {
    return std::nullopt;
  }
}

}  // namespace chatload::load
