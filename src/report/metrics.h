// --metrics FILE.prom: a run's figures for the textfile collector of Prometheus' node_exporter.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/errors.h"
#include "report/run_trace.h"
#include "report/summary.h"

namespace chatload::report {

// What the metrics say beside the summary. Borrows the trace.
struct RunFacts {
  std::string table;
  std::string file;  // the metrics file's name, without its folder
  std::optional<std::string> source_id;
  std::chrono::system_clock::time_point started;
  ExitCode exit_code = ExitCode::kLoaded;
  std::uint64_t peak_memory_bytes = 0;  // of the process
  const RunTrace& trace;
};

// Prometheus' text format, version 0.0.4; docs/operating.md lists the names. Every metric is a gauge with the labels
// `table` and `file` and, where there is a source_id, `source_id`. Two jobs that write into one folder differ in
// `file`: if two files had the same series, the collector would refuse all. A line has no timestamp: one with a
// timestamp makes the collector skip the whole file. The counts are those of this run alone.
//
// last_success: of the run before, as an epoch in seconds. A run with exit code 0 or 1 has its own end in place of it.
// Where there is neither, the metric is left out.
[[nodiscard]] std::string to_prometheus(const Summary& summary, const RunFacts& facts,
                                        const std::optional<std::string>& last_success);

// The value of chatload_last_success_timestamp_seconds in a text of to_prometheus() for the same table and source_id,
// whatever the name of its file; nothing where there is none, or the text is another program's.
[[nodiscard]] std::optional<std::string> last_success_in(std::string_view text, const RunFacts& facts);

// Replaces the file by to_prometheus(), whole, and keeps the last success that it has. Throws EnvironmentError that
// names the file and the cause.
void write_metrics(const Summary& summary, const RunFacts& facts, const std::filesystem::path& path);

}  // namespace chatload::report
