#include "pipeline/copy_sink.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "base/errors.h"
#include "base/quantity.h"

namespace chatload::pipeline {
namespace {

using parse::LineSpan;

// Behind the line end of a line that ends there but for it.
std::size_t behind_line_end(std::string_view text, std::size_t end) {
  if (end < text.size() && text[end] == '\r') ++end;
  return end < text.size() ? end + 1 : end;
}

std::size_t behind(const RangeJob& range, const LineSpan& line, std::string_view text) {
  return behind_line_end(text, range.parsed.range.held_at(line.begin_bytes) + line.size_bytes);
}

// Lines that follow one another are one piece.
void keep_rows(RangeJob& range, std::string_view text) {
  std::size_t begin = 0;
  std::size_t end = 0;
  const auto add = [&] {
    if (end > begin) range.kept.push_back(text.substr(begin, end - begin));
  };
  for (const LineSpan& line : range.parsed.rows.lines) {
    const std::size_t line_begin = range.parsed.range.held_at(line.begin_bytes);
    if (line_begin != end) {
      add();
      begin = line_begin;
    }
    end = behind(range, line, text);
  }
  add();
}

void keep_all_but_filtered(RangeJob& range, std::string_view text) {
  std::size_t begin = 0;
  const auto add = [&](std::size_t end) {
    if (end > begin) range.kept.push_back(text.substr(begin, end - begin));
  };
  for (const LineSpan& line : range.parsed.filtered) {
    std::size_t line_begin = range.parsed.range.held_at(line.begin_bytes);
    while (line_begin > begin && text[line_begin - 1] != '\n') --line_begin;  // its lead
    add(line_begin);
    begin = behind(range, line, text);
  }
  add(text.size());
}

class Keeping final : public RangePreparer {
 public:
  explicit Keeping(bool keeps_rejected) : keeps_rejected_(keeps_rejected) {}

  void prepare(RangePack& pack) override {
    for (RangeJob& range : pack.ranges) {
      range.kept.clear();
      const std::string_view text = range.parsed.range.bytes.view().text();
      keeps_rejected_ ? keep_all_but_filtered(range, text) : keep_rows(range, text);
    }
  }

 private:
  const bool keeps_rejected_;
};

// The line that is not at hand as it is, if there is one.
std::optional<LineNumber> line_not_at_hand(RangeJob& range) {
  const parse::ParsedRange& parsed = range.parsed;
  std::optional<LineNumber> found;
  if (parsed.counts.rejected_by_reason[static_cast<std::size_t>(parse::RejectReason::kLineTooLong)] > 0) {
    static_cast<void>(range.for_each_reject([&](const parse::RawReject& reject) {
      if (reject.reason == parse::RejectReason::kLineTooLong) found = reject.line;
      return !found;
    }));
  } else if (parsed.range.skipped_bytes > 0) {
    const bool is_filtered = !parsed.filtered.empty() && parsed.filtered.back().line_index + 1 == parsed.counts.lines;
    if (!is_filtered) found = range.first_line + (parsed.counts.lines - 1);
  }
  return found;
}

}  // namespace

CopySink::CopySink(deflate::CompressedFiles& files, CopyOptions options) : files_(files), options_(options) {
  try {
    thread_ = std::jthread([this] { run(); });
  } catch (const std::system_error& error) {
    throw EnvironmentError(fmt::format("No thread can be started to write with ({}).", error.what()));
  }
}

CopySink::~CopySink() { close(); }

std::unique_ptr<RangePreparer> CopySink::make_preparer() { return std::make_unique<Keeping>(options_.keeps_rejected); }

bool CopySink::hand_over(RangePack& pack) {
  const std::lock_guard lock(mutex_);
  packs_.push_back(&pack);
  changed_.notify_one();
  return true;
}

void CopySink::close() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    is_closed_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void CopySink::finish() {
  close();
  if (failure_) std::rethrow_exception(failure_);
}

void CopySink::run() {
  for (;;) {
    RangePack* pack = nullptr;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return is_closed_ || !packs_.empty(); });
      if (packs_.empty()) return;
      pack = packs_.front();
      packs_.pop_front();
    }
    write::JobOwner& owner = *pack->jobs.front()->owner;
    try {
      if (!has_failed_) write(*pack);
    } catch (...) {
      failure_ = std::current_exception();
      has_failed_ = true;
    }
    owner.done(*pack);
  }
}

void CopySink::write(const RangePack& pack) {
  for (write::WriteJob* const job : pack.jobs) write(static_cast<RangeJob&>(*job));
  for (write::WriteJob* const job : pack.jobs) job->result.committed = true;
}

void CopySink::write(RangeJob& range) {
  if (options_.keeps_rejected) {
    if (const auto line = line_not_at_hand(range)) {
      throw SourceError(
          fmt::format("{}: line {} is longer than --max-line, so it cannot be copied as it is; raise --max-line, or "
                      "copy without --keep-rejected.",
                      range.account->name, format_count(line->value())));
    }
  }
  if (range.account != source_) {
    if (source_ != nullptr) sources_before_bytes_ += source_->bytes_compressed;
    source_ = range.account;
    range_end_ = sources_before_bytes_;
  }
  range_begin_ = std::exchange(range_end_, sources_before_bytes_ + range.compressed_end);
  const char* const text = range.parsed.range.bytes.view().text().data();
  for (std::string_view lines : range.kept) {
    while (!lines.empty()) {
      const std::uint64_t room = room_behind(range, static_cast<std::size_t>(lines.data() - text));
      if (room == 0) {
        files_.begin_next();
        continue;
      }
      // With the line in which the room ends; the last one may have no newline.
      const std::size_t newline = room < lines.size() ? lines.find('\n', room - 1) : std::string_view::npos;
      const std::size_t size = newline == std::string_view::npos ? lines.size() : newline + 1;
      files_.write(lines.substr(0, size));
      lines.remove_prefix(size);
    }
  }
}

// Of the text from there on, what begins within so many bytes is the last file's. A range has as many compressed bytes
// in each part of it as in all others: nobody knows better.
std::uint64_t CopySink::room_behind(const RangeJob& range, std::size_t begin) const {
  constexpr std::uint64_t kNoEnd = std::numeric_limits<std::uint64_t>::max();
  if (options_.file_text_bytes > 0) {
    return options_.file_text_bytes - std::min(options_.file_text_bytes, files_.text_bytes());
  }
  if (files_.count() >= options_.files) return kNoEnd;
  const double file_end = static_cast<double>(options_.input_bytes) / static_cast<double>(options_.files) *
                          static_cast<double>(files_.count());
  const auto range_begin = static_cast<double>(range_begin_);
  const auto range_end = static_cast<double>(range_end_);
  if (file_end >= range_end) return kNoEnd;
  const double share = std::max(0.0, (file_end - range_begin) / (range_end - range_begin));
  const auto end = static_cast<std::uint64_t>(share * static_cast<double>(range.parsed.range.bytes.size()));
  return end > begin ? end - begin : 0;
}

}  // namespace chatload::pipeline
