#include "cli/plan.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <thread>
#include <utility>

#include "base/errors.h"
#include "base/quantity.h"
#include "cli/flags.h"
#include "cli/inputs.h"

namespace chatload::cli {
namespace {

namespace fs = std::filesystem;

constexpr unsigned kConnectionsMax = 64;
constexpr unsigned kConnectionsDefaultMax = 8;
constexpr unsigned kThreadsMax = 256;
constexpr std::uint64_t kRangeBytesMin = 4 * kKiB;
constexpr std::uint64_t kLineBytesMin = kKiB;
constexpr std::uint64_t kRangeAndLineBytesMax = kGiB;
constexpr std::chrono::milliseconds kProgressIntervalMin{100};

template <typename Value, std::size_t kCount>
using Choices = std::array<std::pair<std::string_view, Value>, kCount>;

constexpr Choices<inflate::Inflater, 2> kInflaters = {
    {{"isal", inflate::Inflater::kIsal}, {"zlib", inflate::Inflater::kZlib}}};
constexpr Choices<write::OnDuplicate, 3> kDuplicateModes = {{{"skip", write::OnDuplicate::kSkip},
                                                             {"replace", write::OnDuplicate::kReplace},
                                                             {"fail", write::OnDuplicate::kFail}}};
constexpr Choices<report::ProgressMode, 4> kProgressModes = {{{"auto", report::ProgressMode::kAuto},
                                                              {"bar", report::ProgressMode::kBar},
                                                              {"lines", report::ProgressMode::kLines},
                                                              {"none", report::ProgressMode::kNone}}};
constexpr Choices<report::LogFormat, 2> kLogFormats = {
    {{"text", report::LogFormat::kText}, {"json", report::LogFormat::kJson}}};

template <typename Value, std::size_t kCount>
Value choose(std::string_view flag, const FlagText& text, Value otherwise, const Choices<Value, kCount>& choices) {
  if (!text) return otherwise;
  std::string names;
  for (const auto& [name, value] : choices) {
    if (*text == name) return value;
    names += names.empty() ? "" : name == choices.back().first ? " or " : ", ";
    names += name;
  }
  throw UsageError(fmt::format("{} takes {}, not '{}'.", flag, names, *text));
}

std::size_t size_within(std::string_view flag, const FlagText& text, std::size_t otherwise, std::uint64_t least) {
  if (!text) return otherwise;
  const std::uint64_t bytes = parse_size(flag, *text);
  if (bytes >= least && bytes <= kRangeAndLineBytesMax) return bytes;
  throw UsageError(fmt::format("{} takes a size from {} to {}, not '{}'.", flag, format_size(least),
                               format_size(kRangeAndLineBytesMax), *text));
}

unsigned count_within(std::string_view flag, const FlagText& text, unsigned otherwise, unsigned most) {
  return text ? static_cast<unsigned>(parse_count(flag, *text, 1, most)) : otherwise;
}

unsigned cores() { return std::max(1U, std::thread::hardware_concurrency()); }

parse::RowFilter make_filter(const Flags& flags) {
  parse::RowFilter filter;
  if (std::find(flags.types.begin(), flags.types.end(), "") != flags.types.end()) {
    throw UsageError("--type takes a type such as message, not ''.");
  }
  if (!flags.types.empty()) filter.types = flags.types;
  filter.sites = flags.sites;
  if (flags.since) filter.since_seconds = parse_instant("--since", *flags.since);
  if (flags.until) filter.until_seconds = parse_instant("--until", *flags.until);
  if (flags.since && flags.until && filter.since_seconds >= filter.until_seconds) {
    throw UsageError(fmt::format("--since {} is not earlier than --until {}, so that no line could pass.", *flags.since,
                                 *flags.until));
  }
  return filter;
}

ReadPlan make_read_plan(const Flags& flags) {
  ReadPlan plan;
  plan.inflater = choose("--inflater", flags.inflater, plan.inflater, kInflaters);
  plan.split.range_bytes = size_within("--range-size", flags.range_size, plan.split.range_bytes, kRangeBytesMin);
  plan.split.line_bytes_max = size_within("--max-line", flags.max_line, plan.split.line_bytes_max, kLineBytesMin);
  plan.filter = make_filter(flags);
  plan.threads = count_within("--threads", flags.threads, std::min(cores(), kThreadsMax), kThreadsMax);
  if (flags.memory) plan.memory_bytes = parse_size("--memory", *flags.memory);
  return plan;
}

write::Endpoint make_endpoint(const std::string& url, const FlagText& password_file) {
  write::Endpoint endpoint = write::parse_endpoint(url);
  add_credentials(endpoint, password_file ? std::optional<fs::path>(*password_file) : std::nullopt);
  return endpoint;
}

write::Endpoint required_endpoint(const Flags& flags) {
  if (flags.to && !flags.to->empty()) return make_endpoint(*flags.to, flags.password_file);
  throw UsageError("Name the database with --to mysql://user@host:3306/database, or in CHATLOAD_TO.");
}

WritePlan make_write_plan(const Flags& flags) {
  WritePlan plan;
  plan.on_duplicate = choose("--on-duplicate", flags.on_duplicate, plan.on_duplicate, kDuplicateModes);
  plan.connections =
      count_within("--connections", flags.connections, std::min(cores(), kConnectionsDefaultMax), kConnectionsMax);
  plan.endpoint = required_endpoint(flags);
  return plan;
}

report::ProgressOptions make_progress(const Flags& flags, report::LogFormat log_format, bool has_database) {
  report::ProgressOptions options;
  options.has_database = has_database;
  options.mode = choose("--progress", flags.progress, options.mode, kProgressModes);
  if (log_format == report::LogFormat::kJson) {
    if (options.mode == report::ProgressMode::kBar) {
      throw UsageError("--progress bar cannot stand with --log-format json, whose every line is an object.");
    }
    if (options.mode == report::ProgressMode::kAuto) options.mode = report::ProgressMode::kLines;
  }
  if (flags.progress_interval) {
    options.interval = parse_duration("--progress-interval", *flags.progress_interval);
    if (options.interval < kProgressIntervalMin) {
      throw UsageError(fmt::format("--progress-interval takes at least {} ms, not '{}'.", kProgressIntervalMin.count(),
                                   *flags.progress_interval));
    }
  }
  return options;
}

// Of regular files alone: the input and an output may both be /dev/null.
bool is_same_file(const fs::path& output, const std::string& input) {
  std::error_code error;
  if (!fs::is_regular_file(output, error)) return false;
  if (input != "-") return fs::equivalent(output, input, error);
  struct stat written {};
  struct stat read {};
  return ::stat(output.c_str(), &written) == 0 && ::fstat(STDIN_FILENO, &read) == 0 && written.st_dev == read.st_dev &&
         written.st_ino == read.st_ino;
}

void check_output_file(std::string_view flag, const fs::path& path, const std::vector<std::string>& inputs) {
  if (path.empty()) throw UsageError(fmt::format("{} takes the path of a file.", flag));
  if (path == "-") {
    throw UsageError(fmt::format("{0} takes the path of a file, not -; a file of that name is {0} ./-.", flag));
  }
  for (const std::string& input : inputs) {
    if (is_same_file(path, input)) {
      throw UsageError(fmt::format("{} {} would overwrite the input.", flag, path.string()));
    }
  }
  std::error_code error;
  if (path.has_parent_path() && !fs::is_directory(path.parent_path(), error)) {
    throw UsageError(fmt::format("{} {} cannot be written: there is no folder {}.", flag, path.string(),
                                 path.parent_path().string()));
  }
}

// The summary is written last, beside its final place, and renamed; a device or a pipe is written as it stands.
void check_summary_can_be_written(const fs::path& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (fs::is_directory(status)) {
    throw UsageError(fmt::format("--summary {} cannot be written: it is a directory.", path.string()));
  }
  if (fs::exists(status) && !fs::is_regular_file(status)) return;
  const fs::path target = fs::weakly_canonical(path, error);
  fs::path folder = (target.empty() ? path : target).parent_path();
  if (folder.empty()) folder = ".";
  if (::faccessat(AT_FDCWD, folder.c_str(), W_OK | X_OK, AT_EACCESS) != 0) {
    throw UsageError(fmt::format("--summary {} cannot be written: the folder {} takes no new file ({}).", path.string(),
                                 folder.string(), std::strerror(errno)));
  }
}

// A run must not destroy what it reads, nor one of its files the other; and what can be known to fail after an hour of
// loading fails now.
void check_output_files(const ReportPlan& plan, const std::vector<std::string>& inputs) {
  if (plan.rejects) check_output_file("--rejects", *plan.rejects, inputs);
  if (plan.summary) {
    check_output_file("--summary", *plan.summary, inputs);
    check_summary_can_be_written(*plan.summary);
  }
  const auto resolved = [](const fs::path& path) {
    std::error_code error;
    return fs::weakly_canonical(fs::absolute(path), error);
  };
  if (plan.rejects && plan.summary && resolved(*plan.rejects) == resolved(*plan.summary)) {
    throw UsageError("--rejects and --summary name the same file.");
  }
}

ReportPlan make_report_plan(const Flags& flags, const std::vector<std::string>& inputs, bool has_database) {
  ReportPlan plan;
  plan.rejects = flags.rejects;
  plan.summary = flags.summary;
  check_output_files(plan, inputs);
  if (flags.max_rejects) plan.reject_limit = report::parse_reject_limit("--max-rejects", *flags.max_rejects);
  plan.log_format = choose("--log-format", flags.log_format, plan.log_format, kLogFormats);
  plan.progress = make_progress(flags, plan.log_format, has_database);
  return plan;
}

}  // namespace

LoadPlan make_load_plan(const Flags& flags) {
  LoadPlan plan;
  plan.inputs = expand_inputs(flags.inputs);
  plan.read = make_read_plan(flags);
  plan.report = make_report_plan(flags, plan.inputs, true);
  plan.write = make_write_plan(flags);
  return plan;
}

CheckPlan make_check_plan(const Flags& flags) {
  CheckPlan plan;
  plan.inputs = expand_inputs(flags.inputs);
  plan.read = make_read_plan(flags);
  plan.report = make_report_plan(flags, plan.inputs, false);
  if (flags.limits_from) {
    plan.limits_from = make_endpoint(*flags.limits_from, flags.password_file);
  } else if (flags.password_file) {
    throw UsageError("--password-file needs --limits-from: a check connects to nothing else.");
  }
  return plan;
}

SchemaPlan make_schema_plan(SchemaAction action, const Flags& flags) {
  SchemaPlan plan;
  plan.action = action;
  if (action != SchemaAction::kPrint) plan.endpoint = required_endpoint(flags);
  return plan;
}

}  // namespace chatload::cli
