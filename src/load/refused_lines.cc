#include "load/refused_lines.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/digest.h"
#include "base/errors.h"
#include "base/log.h"
#include "ledger/ledger_input.h"
#include "ledger/missing_raw.h"
#include "pipeline/input_ranges.h"

namespace chatload::load {
namespace {

// A valid line ends within its range, and is longer than nothing. Empty where no record of the range begins there.
std::string_view line_at(const split::Range& range, std::size_t begin) {
  const std::string_view text = range.bytes.view().text();
  if (range.records) {
    const auto record = std::lower_bound(range.records->begin(), range.records->end(), begin,
                                         [](const split::RecordSpan& one, std::size_t at) { return one.begin < at; });
    if (record == range.records->end() || record->begin != begin) return {};
    return text.substr(begin, record->size_bytes);
  }
  const std::size_t newline = text.find('\n', begin);
  std::string_view line = text.substr(begin, newline == std::string_view::npos ? newline : newline - begin);
  if (newline != std::string_view::npos && line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

// The refused lines of one source.
class RefusedOf {
 public:
  RefusedOf(const LoadSource& source, const cli::ReadPlan& read, const ledger::RangeLedger& ledger,
            mysql::ControlConnection& control, const std::function<void()>& await_clearance, const StopSignal& stop)
      : source_(source),
        read_(read),
        ledger_(ledger),
        control_(control),
        await_clearance_(await_clearance),
        stop_(stop) {}

  // missing: those that are to be filled next, in order; replaced by further ones of the source while there are some.
  void fill(std::deque<ledger::MissingRaw>& missing, std::atomic<std::uint64_t>& source_read) {
    const std::shared_ptr<const source::Input> file = source_.open();
    pipeline::InputRanges ranges(file->open(stop_.fd()), read_, stop_);
    split::Range last;
    while (is_next_ours(missing)) {
      std::optional<split::Range> range = ranges.next(std::move(last));
      if (stop_.requested()) throw Interrupted();
      if (!range) throw changed(fmt::format("it ends before line {}", missing.front().line.value()));
      source_read = ranges.compressed_bytes();
      if (is_in(*range, missing)) require_recorded(*range);
      while (is_in(*range, missing)) fill_from(*range, missing);
      last = std::move(*range);
    }
  }

 private:
  [[nodiscard]] bool is_next_ours(const std::deque<ledger::MissingRaw>& missing) const {
    return !missing.empty() && missing.front().source == source_.ordinal;
  }

  [[nodiscard]] bool is_in(const split::Range& range, const std::deque<ledger::MissingRaw>& missing) const {
    if (!is_next_ours(missing)) return false;
    const ledger::MissingRaw& next = missing.front();
    if (next.offset >= range.begin + range.length_bytes()) return false;
    if (next.offset >= range.begin && range.holds(next.offset - range.begin)) return true;
    throw ledger::damaged_ledger(ledger_.load_id(), fmt::format("line {} in chatload_rejects cannot be at byte {}",
                                                                next.line.value(), next.offset.value()));
  }

  void fill_from(const split::Range& range, std::deque<ledger::MissingRaw>& missing) {
    std::vector<ledger::FoundRaw> found;
    for (; is_in(range, missing); missing.pop_front()) {
      const ledger::MissingRaw& refused = missing.front();
      found.push_back({refused.source, refused.line, line_at(range, range.held_at(refused.offset - range.begin))});
    }
    await_clearance_();
    control_.run([&](mysql::Session& session) { ledger::fill_raw(session, ledger_.load_id(), found); });
    if (!missing.empty()) return;
    const auto more = control_.run([&](mysql::Session& session) {
      return ledger::find_missing_raw(session, ledger_.load_id(), found.back().source, found.back().line);
    });
    missing.assign(more.begin(), more.end());
  }

  void require_recorded(const split::Range& range) const {
    const auto record = control_.run([&](mysql::Session& session) {
      return ledger_.find(session, {source_.ordinal, range.number});
    });
    if (!record || !record->has_bytes_of(range, digest_hex(range.bytes.view().text())))
      throw changed("it has other bytes");
  }

  [[nodiscard]] SourceError changed(const std::string& what) const {
    return SourceError(fmt::format("{}: was changed since it was sorted: {}", source_.name, what));
  }

  const LoadSource& source_;
  const cli::ReadPlan& read_;
  const ledger::RangeLedger& ledger_;
  mysql::ControlConnection& control_;
  const std::function<void()>& await_clearance_;
  const StopSignal& stop_;
};

}  // namespace

// The load does not depend on the text of a line that it has no row of.
void fill_refused_lines(std::span<LoadSource* const> sources, const cli::ReadPlan& read,
                        const ledger::RangeLedger& ledger, mysql::ControlConnection& control,
                        const std::function<void()>& await_clearance, std::atomic<std::uint64_t>& source_read,
                        const StopSignal& stop) {
  std::deque<ledger::MissingRaw> missing;
  const auto find_behind = [&](SourceOrdinal source, LineNumber line) {
    const auto found = control.run(
        [&](mysql::Session& session) { return ledger::find_missing_raw(session, ledger.load_id(), source, line); });
    missing.assign(found.begin(), found.end());
  };
  find_behind(SourceOrdinal(0), LineNumber());
  while (!missing.empty()) {
    const SourceOrdinal ordinal = missing.front().source;
    const auto source =
        std::find_if(sources.begin(), sources.end(), [&](const LoadSource* one) { return one->ordinal == ordinal; });
    const auto pass_over = [&](const Error& error) {
      log_warning(fmt::format(
          "{}; the ledger keeps the places of its lines that the server refused, without their texts.", error.what()));
      find_behind(ordinal + 1, LineNumber());
    };
    try {
      if (source == sources.end()) throw SourceError(fmt::format("Source {} is not at hand", ordinal.value()));
      RefusedOf(**source, read, ledger, control, await_clearance, stop).fill(missing, source_read);
    } catch (const SourceError& error) {
      pass_over(error);
    } catch (const CorruptInputError& error) {
      pass_over(error);
    }
  }
}

}  // namespace chatload::load
