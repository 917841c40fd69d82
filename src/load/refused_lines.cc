#include "load/refused_lines.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/digest.h"
#include "base/errors.h"
#include "ledger/ledger_input.h"
#include "ledger/missing_raw.h"
#include "pipeline/input_ranges.h"

namespace chatload::load {
namespace {

// A valid line ends within its range, and is longer than nothing.
std::string_view line_at(std::string_view text, std::size_t begin) {
  const std::size_t newline = text.find('\n', begin);
  std::string_view line = text.substr(begin, newline == std::string_view::npos ? newline : newline - begin);
  if (newline != std::string_view::npos && line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

}  // namespace

void fill_refused_lines(const source::HeldFile& input, const cli::ReadPlan& read, const ledger::RangeLedger& ledger,
                        mysql::ControlConnection& control, const std::function<void()>& await_clearance,
                        std::atomic<std::uint64_t>& source_read, const StopSignal& stop) {
  std::vector<ledger::MissingRaw> missing;
  const auto find_behind = [&](LineNumber line) {
    missing =
        control.run([&](mysql::Session& session) { return ledger::find_missing_raw(session, ledger.load_id(), line); });
    std::reverse(missing.begin(), missing.end());  // so that the next is the last
  };
  const auto is_in = [&](const split::Range& range) {
    if (missing.empty() || missing.back().offset >= range.begin + range.length_bytes()) return false;
    if (missing.back().offset >= range.begin && range.holds(missing.back().offset - range.begin)) return true;
    throw ledger::damaged_ledger(
        ledger.load_id(), fmt::format("line {} in chatload_rejects cannot be at byte {}", missing.back().line.value(),
                                      missing.back().offset.value()));
  };
  const auto require_recorded = [&](const split::Range& range) {
    const auto record = control.run([&](mysql::Session& session) { return ledger.find(session, range.number); });
    if (record && record->has_bytes_of(range, digest_hex(range.bytes.view().text()))) return;
    throw SourceError(fmt::format("{}: was changed while it was read; load it with --restart once nobody writes to it.",
                                  input.name()));
  };
  find_behind(LineNumber());
  if (missing.empty()) return;

  pipeline::InputRanges ranges(input.open(stop.fd()), read, stop);
  split::Range last;
  while (!missing.empty()) {
    std::optional<split::Range> range = ranges.next(std::move(last));
    if (stop.requested()) throw Interrupted();
    if (!range) {
      throw SourceError(fmt::format(
          "{}: was changed while it was read: it ends before line {}, which the server refused. Load it with "
          "--restart once nobody writes to it.",
          input.name(), missing.back().line.value()));
    }
    source_read = ranges.compressed_bytes();
    if (is_in(*range)) require_recorded(*range);
    while (is_in(*range)) {
      std::vector<ledger::FoundRaw> found;
      for (; is_in(*range); missing.pop_back()) {
        const ledger::MissingRaw& refused = missing.back();
        found.push_back(
            {refused.line, line_at(range->bytes.view().text(), range->held_at(refused.offset - range->begin))});
      }
      await_clearance();
      control.run([&](mysql::Session& session) { ledger::fill_raw(session, ledger.load_id(), found); });
      if (missing.empty()) find_behind(found.back().line);
    }
    last = std::move(*range);
  }
}

}  // namespace chatload::load
