#include "load/source_verifier.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "base/digest.h"
#include "base/errors.h"
#include "pipeline/input_ranges.h"

namespace chatload::load {

void require_recorded_bytes(const source::HeldFile& input, const cli::ReadPlan& read, const ledger::RangeLedger& ledger,
                            const ledger::CommittedRanges& committed, mysql::ControlConnection& control,
                            std::atomic<std::uint64_t>& source_read, const StopSignal& stop) {
  pipeline::InputRanges ranges(input.open(stop.fd()), read, stop);
  split::Range last;
  RangeNumber next;  // the first that is not known to be in the input
  for (std::uint64_t left = committed.count(); left > 0;) {
    std::optional<split::Range> range = ranges.next(std::move(last));
    if (stop.requested()) throw Interrupted();
    if (!range) {
      // What is left of a load in key order are its stretches.
      const bool is_short = control.run([&](mysql::Session& session) { return ledger.has_ranges_from(session, next); });
      if (!is_short) return;
      throw SourceError(fmt::format(
          "{}: this is not the file that load {} started with: it ends before ranges that the load has read. "
          "Restore the old file, or start over with --restart.",
          input.name(), ledger.load_id()));
    }
    source_read = ranges.compressed_bytes();
    next = range->number + 1;
    if (committed.contains(range->number)) {
      const std::optional<ledger::RangeRecord> record =
          control.run([&](mysql::Session& session) { return ledger.find(session, range->number); });
      if (record && !record->has_bytes_of(*range, digest_hex(range->bytes.view().text()))) {
        throw SourceError(
            fmt::format("{}: {}", input.name(), ledger::changed_source(ledger.load_id(), *record).what()));
      }
      --left;
    }
    last = std::move(*range);
  }
}

}  // namespace chatload::load
