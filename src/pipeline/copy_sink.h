// Ranges → the lines of them that are kept, byte for byte → gzip files.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <string_view>
#include <thread>

#include "deflate/compressed_files.h"
#include "pipeline/range_sink.h"

namespace chatload::pipeline {

struct CopyOptions {
  // Rejected and blank lines too, and what stands in front of lines (base/line_lead.h): all but filtered lines. A line
  // that is longer than --max-line is not at hand as it is, and ends the copy.
  bool keeps_rejected = false;

  // When the next file begins: after each of so many equal parts of the compressed input, or once a file has so much
  // text. At most one of them is set.
  std::uint64_t files = 0;
  std::uint64_t input_bytes = 0;      // which has so many, compressed
  std::uint64_t file_text_bytes = 0;  // with the line that makes it so long
};

// Parsers find what is kept, side by side; a thread of its own writes it, so that compressors that are busy keep no
// parser waiting. Borrows the files, which are its own until finish().
class CopySink final : public RangeSink {
 public:
  CopySink(deflate::CompressedFiles& files, CopyOptions options);
  CopySink(const CopySink&) = delete;
  CopySink& operator=(const CopySink&) = delete;
  ~CopySink() override;

  [[nodiscard]] Fate fate() const override { return Fate::kCounted; }
  [[nodiscard]] bool wants_digests() const override { return false; }
  [[nodiscard]] bool wants_filtered_lines() const override { return options_.keeps_rejected; }
  [[nodiscard]] std::unique_ptr<RangePreparer> make_preparer() override;
  [[nodiscard]] bool hand_over(RangePack& pack) override;
  [[nodiscard]] bool has_failed() const override { return has_failed_; }

  // Nothing more is handed over: all is in the files, whose end is the caller's to make. Throws what kept a line from
  // being written. REQUIRES: the graph is done.
  void finish();

 private:
  void close();
  void run();
  void write(const RangePack& pack);
  void write(RangeJob& range);
  [[nodiscard]] std::uint64_t room_behind(const RangeJob& range, std::size_t begin) const;

  deflate::CompressedFiles& files_;
  const CopyOptions options_;

  // Of the writing thread.
  const SourceAccount* source_ = nullptr;   // of the last range
  std::uint64_t sources_before_bytes_ = 0;  // compressed, of those that are done
  std::uint64_t range_begin_ = 0;           // compressed, of all sources: where the last range begins and ends
  std::uint64_t range_end_ = 0;

  std::atomic<bool> has_failed_ = false;
  std::exception_ptr failure_;  // the writing thread's, until it has ended

  std::mutex mutex_;  // guards packs_ and is_closed_
  std::condition_variable changed_;
  std::deque<RangePack*> packs_;  // that wait; no more than are in flight
  bool is_closed_ = false;
  std::jthread thread_;
};

}  // namespace chatload::pipeline
