// What a command shall do: validated values, not changed once they are made. Nothing behind the command line sees a
// flag.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "inflate/decoded_stream.h"
#include "parse/row_filter.h"
#include "report/log.h"
#include "report/progress.h"
#include "report/reject_budget.h"
#include "split/line_splitter.h"
#include "write/duplicates.h"
#include "write/endpoint.h"

namespace chatload::cli {

struct Flags;

// How inputs become rows.
struct ReadPlan {
  inflate::Inflater inflater = inflate::Inflater::kIsal;
  split::SplitLimits split;
  parse::RowFilter filter;
  unsigned threads = 1;                       // parsers; 1 to 256
  std::optional<std::uint64_t> memory_bytes;  // not given: what the default, or the other flags, need
};

// Where rows go.
struct WritePlan {
  write::Endpoint endpoint;
  write::OnDuplicate on_duplicate = write::OnDuplicate::kSkip;
  unsigned connections = 1;  // 1 to 64
};

// What is said about the run, and where.
struct ReportPlan {
  std::optional<std::filesystem::path> rejects;
  report::RejectLimit reject_limit;
  std::optional<std::filesystem::path> summary;
  report::ProgressOptions progress;  // mode, interval and has_database; the rest is known at run time
  report::LogFormat log_format = report::LogFormat::kText;
};

struct LoadPlan {
  std::vector<std::string> inputs;  // paths or "-", globs expanded, in the order given; never empty
  ReadPlan read;
  WritePlan write;
  ReportPlan report;
};

struct CheckPlan {
  std::vector<std::string> inputs;
  ReadPlan read;
  std::optional<write::Endpoint> limits_from;  // not given: the shipped table's limits
  ReportPlan report;
};

enum class SchemaAction { kPrint, kApply, kCheck };

struct SchemaPlan {
  SchemaAction action = SchemaAction::kPrint;
  std::optional<write::Endpoint> endpoint;  // absent for kPrint only
};

// --help or --version: print this to standard output and end with exit code 0.
struct EarlyExit {
  std::string text;
};

using Plan = std::variant<LoadPlan, CheckPlan, SchemaPlan, EarlyExit>;

// Each throws UsageError, one sentence that names the flag, what it got and what it takes.
[[nodiscard]] LoadPlan make_load_plan(const Flags& flags);
[[nodiscard]] CheckPlan make_check_plan(const Flags& flags);
[[nodiscard]] SchemaPlan make_schema_plan(SchemaAction action, const Flags& flags);

}  // namespace chatload::cli
