// Over 400 lines: each flag's value is checked here, one after the other.
#include "cli/plan.h"

#include <fmt/format.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <limits>
#include <map>
#include <string_view>
#include <thread>
#include <utility>

#include "base/errors.h"
#include "base/quantity.h"
#include "base/terminal_text.h"
#include "base/utf8.h"
#include "cli/flags.h"
#include "cli/inputs.h"
#include "cli/mapping_flags.h"
#include "cli/output_file.h"
#include "cli/table_types.h"
#include "deflate/compressed_files.h"
#include "inflate/seek_index.h"
#include "mapping/guess.h"
#include "mysql/options_file.h"
#include "source/source_identity.h"

namespace chatload::cli {
namespace {

namespace fs = std::filesystem;

constexpr unsigned kConnectionsMax = 64;
constexpr unsigned kConnectionsDefaultMax = 8;
constexpr unsigned kThreadsMax = 256;
constexpr std::uint64_t kLineBytesMin = kKiB;
constexpr std::uint64_t kRangeAndLineBytesMax = kGiB;
constexpr std::chrono::milliseconds kProgressIntervalMin{100};
constexpr std::size_t kSourceIdCharactersMax = 50;
constexpr std::chrono::milliseconds kOnce{0};  // of what is not tried again
constexpr std::uint64_t kShareBytes = kGiB;
constexpr std::uint64_t kSplitFilesMax = 1'000;
// Of --memory, an eighth is for what is fetched from servers.
constexpr std::uint64_t kFetchShare = 8;
constexpr std::uint64_t kFetchBytesMin = 2 * kMiB;
constexpr std::uint64_t kFetchBytesMax = 32 * kMiB;

template <typename Value, std::size_t kCount>
using Choices = std::array<std::pair<std::string_view, Value>, kCount>;

constexpr Choices<inflate::Inflater, 2> kInflaters = {
    {{"isal", inflate::Inflater::kIsal}, {"zlib", inflate::Inflater::kZlib}}};
constexpr Choices<OnDuplicate, 3> kDuplicateModes = {
    {{"skip", OnDuplicate::kSkip}, {"replace", OnDuplicate::kReplace}, {"fail", OnDuplicate::kFail}}};
constexpr Choices<RowOrder, 3> kRowOrders = {
    {{"auto", RowOrder::kAuto}, {"file", RowOrder::kFile}, {"key", RowOrder::kKey}}};
constexpr Choices<IndexMode, 3> kIndexModes = {
    {{"auto", IndexMode::kAuto}, {"keep", IndexMode::kKeep}, {"defer", IndexMode::kDefer}}};
constexpr Choices<WriteMethod, 3> kWriteMethods = {
    {{"auto", WriteMethod::kAuto}, {"insert", WriteMethod::kInsert}, {"load-data", WriteMethod::kLoadData}}};
constexpr Choices<report::ProgressMode, 4> kProgressModes = {{{"auto", report::ProgressMode::kAuto},
                                                              {"bar", report::ProgressMode::kBar},
                                                              {"lines", report::ProgressMode::kLines},
                                                              {"none", report::ProgressMode::kNone}}};
constexpr Choices<LogFormat, 2> kLogFormats = {{{"text", LogFormat::kText}, {"json", LogFormat::kJson}}};
constexpr Choices<ListFormat, 2> kListFormats = {{{"table", ListFormat::kTable}, {"json", ListFormat::kJson}}};
constexpr Choices<deflate::Framing, 3> kMembers = {
    {{"migz", deflate::Framing::kMigz}, {"bgzf", deflate::Framing::kBgzf}, {"plain", deflate::Framing::kPlain}}};
constexpr Choices<bool, 2> kSwitchPositions = {{{"true", true}, {"false", false}}};

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

bool is_on(std::string_view flag, const FlagText& text) { return choose(flag, text, false, kSwitchPositions); }

// That this process may run on (CPU affinity); those of the machine where it has more than a cpu_set_t counts.
unsigned cores() {
  cpu_set_t allowed;
  if (::sched_getaffinity(0, sizeof allowed, &allowed) == 0) return static_cast<unsigned>(CPU_COUNT(&allowed));
  return std::max(1U, std::thread::hardware_concurrency());
}

mysql::Endpoint make_endpoint(const std::string& url, const Flags& flags) {
  mysql::Endpoint endpoint = mysql::parse_endpoint(url);
  mysql::LoginFlags login;
  if (flags.password_file) login.password_file = *flags.password_file;
  if (flags.server_public_key_file) login.server_public_key_file = *flags.server_public_key_file;
  login.get_server_public_key = is_on("--get-server-public-key", flags.get_server_public_key);
  add_credentials(endpoint, login);
  return endpoint;
}

mysql::Endpoint required_endpoint(const Flags& flags) {
  if (flags.to && !flags.to->empty()) return make_endpoint(*flags.to, flags);
  throw UsageError("Name the database with --to mysql://user@host:3306/database, or in CHATLOAD_TO.");
}

fs::path existing_folder(std::string_view flag, const std::string& text) {
  std::error_code error;
  if (fs::is_directory(text, error)) return text;
  throw UsageError(fmt::format("{} takes a folder that is there, not '{}'.", flag, text));
}

fs::path readable_file(std::string_view flag, const std::string& path) {
  if (::access(path.c_str(), R_OK) == 0) return path;
  throw UsageError(fmt::format("{} {} cannot be read: {}.", flag, path, std::strerror(errno)));
}

// /tmp may be memory; /var/tmp is a disk, for files that are large (Filesystem Hierarchy Standard 3.0, 5.15).
fs::path make_spill_dir(const Flags& flags) {
  if (!flags.spill_dir) {
    const char* const given = std::getenv("TMPDIR");
    return given != nullptr && *given != '\0' ? given : "/var/tmp";
  }
  return existing_folder("--spill-dir", *flags.spill_dir);
}

mysql::ThrottleLimits make_throttle(const Flags& flags) {
  mysql::ThrottleLimits limits;
  for (const std::string& text : flags.max_load) limits.max_load.push_back(mysql::parse_load_limit("--max-load", text));
  if (flags.max_lag) limits.max_lag = parse_duration("--max-lag", *flags.max_lag);
  for (const std::string& url : flags.replicas) limits.replicas.push_back(make_endpoint(url, flags));
  if (limits.max_lag && limits.replicas.empty()) {
    throw UsageError(
        "--max-lag asks the replicas themselves; name each with --replica mysql://user@host:3306/database.");
  }
  if (!limits.max_lag && !limits.replicas.empty()) {
    throw UsageError("--replica needs --max-lag, which says how far it may lag, such as 5s.");
  }
  return limits;
}

WritePlan make_write_plan(const Flags& flags, mysql::Endpoint endpoint) {
  WritePlan plan;
  plan.endpoint = std::move(endpoint);
  plan.on_duplicate = make_duplicate_mode(flags);
  plan.order = make_row_order(flags);
  plan.spill_dir = make_spill_dir(flags);
  plan.indexes = make_index_mode(flags);
  plan.method = choose("--write-method", flags.write_method, WriteMethod::kAuto, kWriteMethods);
  plan.connections =
      count_within("--connections", flags.connections, std::min(cores(), kConnectionsDefaultMax), kConnectionsMax);
  plan.is_connections_given = flags.connections.has_value();
  plan.throttle = make_throttle(flags);
  return plan;
}

report::ProgressOptions make_progress(const Flags& flags, LogFormat log_format, bool has_database) {
  report::ProgressOptions options;
  options.has_database = has_database;
  options.mode = choose("--progress", flags.progress, options.mode, kProgressModes);
  if (log_format == LogFormat::kJson) {
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

std::vector<FileRead> files_read(const Flags& flags, const mapping::Mapping& mapping,
                                 const std::vector<std::string>& inputs,
                                 const std::vector<const mysql::Endpoint*>& endpoints) {
  std::vector<FileRead> files;
  files.reserve(inputs.size());
  for (const std::string& input : inputs) files.push_back({"the input", input});
  if (flags.config) files.push_back({"the configuration file", *flags.config});
  if (flags.mapping && *flags.mapping != kChatMapping) files.push_back({"the mapping", *flags.mapping});
  for (const mapping::Lookup& lookup : mapping.lookups) {
    if (!lookup.file.empty()) files.push_back({"the data of a lookup", lookup.file});
  }
  if (flags.password_file) files.push_back({"the password file", *flags.password_file});
  if (flags.server_public_key_file) files.push_back({"the server's public key", *flags.server_public_key_file});
  if (!endpoints.empty())
    files.push_back({"the options file of MySQL's programs", mysql::options_file_path().string()});
  for (const mysql::Endpoint* endpoint : endpoints) {
    if (!endpoint->ssl_ca.empty()) files.push_back({"the certificate of ssl-ca", endpoint->ssl_ca});
    if (!endpoint->ssl_cert.empty()) files.push_back({"the certificate of ssl-cert", endpoint->ssl_cert});
    if (!endpoint->ssl_key.empty()) files.push_back({"the key of ssl-key", endpoint->ssl_key});
  }
  return files;
}

bool is_one_file(const fs::path& one, const fs::path& other) {
  const auto resolved = [](const fs::path& path) {
    std::error_code error;
    return fs::weakly_canonical(fs::absolute(path), error);
  };
  std::error_code error;
  return resolved(one) == resolved(other) || (fs::is_regular_file(one, error) && fs::equivalent(one, other, error));
}

// A run must not destroy what it reads, nor one of its files the other; and what can be known to fail after an hour of
// loading fails now.
void check_output_files(const ReportPlan& plan, const std::vector<FileRead>& files) {
  if (plan.rejects) check_output_file("--rejects", *plan.rejects, files);
  for (const auto& [flag, path] : {std::pair("--summary", &plan.summary), std::pair("--metrics", &plan.metrics),
                                   std::pair("--report", &plan.page)}) {
    if (!*path) continue;
    check_output_file(flag, **path, files);
    check_whole_file_can_be_written(flag, **path);
  }
  const std::array outputs = {std::pair("--rejects", &plan.rejects), std::pair("--summary", &plan.summary),
                              std::pair("--metrics", &plan.metrics), std::pair("--report", &plan.page)};
  for (auto one = outputs.begin(); one != outputs.end(); ++one) {
    for (auto other = std::next(one); other != outputs.end(); ++other) {
      if (!*one->second || !*other->second || !is_one_file(**one->second, **other->second)) continue;
      throw UsageError(fmt::format("{} and {} name the same file.", one->first, other->first));
    }
  }
}

// Of files that are to get an index.
void require_own_indexes(const std::vector<std::string>& inputs, const std::optional<fs::path>& index_dir) {
  std::map<fs::path, std::string> input_of;
  for (const std::string& input : inputs) {
    if (!index_dir && source::is_remote(input)) {
      throw UsageError(
          fmt::format("The index of {} cannot stand beside it; name a folder for it with --index-dir.", input));
    }
    const auto [other, is_new] = input_of.emplace(inflate::index_path(input, index_dir), input);
    if (is_new || other->second == input) continue;
    throw UsageError(fmt::format("{} and {} would have one index, {}; index them one by one, in two folders.",
                                 other->second, input, other->first.string()));
  }
}

// What a copy writes over, and where it writes at all.
void check_copy_output(const CopyPlan& plan, const std::vector<FileRead>& files) {
  if (source::is_remote(plan.output.string())) {
    if (plan.output.string().starts_with("s3://")) return;
    throw UsageError(fmt::format("--output takes a path or s3://BUCKET/KEY, not '{}'.", plan.output.string()));
  }
  std::vector<fs::path> outputs = {plan.is_split() ? deflate::numbered_path(plan.output, 1) : plan.output};
  if (plan.is_split()) {
    for (deflate::NumberedFile& file : deflate::numbered_files(plan.output)) outputs.push_back(std::move(file.path));
  }
  for (const fs::path& output : outputs) {
    check_output_file("--output", output, files);
    check_whole_file_can_be_written("--output", output);
    for (const auto& [flag, path] :
         {std::pair("--rejects", plan.report.rejects), std::pair("--summary", plan.report.summary)}) {
      if (path && is_one_file(output, *path))
        throw UsageError(fmt::format("--output and {} name the same file.", flag));
    }
  }
}

ReportPlan make_report_plan(const Flags& flags, bool has_database) {
  ReportPlan plan;
  plan.rejects = flags.rejects;
  plan.summary = flags.summary;
  plan.metrics = flags.metrics;
  plan.page = flags.report;
  if (flags.max_rejects) plan.reject_limit = report::parse_reject_limit("--max-rejects", *flags.max_rejects);
  plan.log_format = choose("--log-format", flags.log_format, plan.log_format, kLogFormats);
  plan.progress = make_progress(flags, plan.log_format, has_database);
  return plan;
}

// By the output's name.
void set_compression(CopyPlan& plan, const Flags& flags) {
  plan.compression.framing = deflate::framing_of(*flags.output);
  if (plan.compression.framing == deflate::Framing::kZstd && flags.members) {
    throw UsageError("--members is for gzip, and -o names a .zst file; leave out --members, or name a .gz file.");
  }
  plan.compression.framing = choose("--members", flags.members, plan.compression.framing, kMembers);
  const deflate::Levels levels = deflate::levels_of(plan.compression.framing);
  plan.compression.level = levels.usual;
  if (flags.level) {
    plan.compression.level = static_cast<int>(parse_count(
        "--level", *flags.level, static_cast<std::uint64_t>(levels.min), static_cast<std::uint64_t>(levels.max)));
  }
}

// "8" files, or files of "512M".
void set_split(CopyPlan& plan, const std::string& text) {
  if (text.find_first_not_of("0123456789") != std::string::npos) {
    plan.split_bytes = parse_size("--split", text);
    if (*plan.split_bytes > 0) return;
    throw UsageError(fmt::format("--split takes a number of files, or a size from 1K on, not '{}'.", text));
  }
  plan.split_files = parse_count("--split", text, 1, kSplitFilesMax);
  const auto once = std::find_if(plan.inputs.begin(), plan.inputs.end(), source::is_read_once);
  if (once == plan.inputs.end()) return;
  throw UsageError(fmt::format("{} ends nobody knows where, so --split takes a size for it, such as 1G, not '{}'.",
                               *once == "-" ? "Standard input" : *once, text));
}

void check_source_id(const std::string& source_id, const std::vector<std::string>& inputs) {
  const std::size_t characters = count_characters(source_id);
  if (characters == 0 || characters > kSourceIdCharactersMax || !is_terminal_text(source_id)) {
    throw UsageError(fmt::format("--source-id takes a name of 1 to {} printable characters, such as chat-2016-11-22.",
                                 kSourceIdCharactersMax));
  }
  if (inputs.size() > 1) {
    throw UsageError(
        fmt::format("--source-id names one input, and there are {}; load each with a name of its own.", inputs.size()));
  }
}

// What makes no sense beside runs that load the same inputs.
void check_share(const Flags& flags, const LedgerPlan& plan, const std::vector<std::string>& inputs) {
  if (plan.restart || plan.reload) {
    throw UsageError(fmt::format(
        "{} cannot stand with --share: each run would load again what another one has just loaded; run once without "
        "--share.",
        plan.restart ? "--restart" : "--reload"));
  }
  if (plan.source_id) throw UsageError("--source-id names one input, so that there is nothing to --share.");
  if (make_index_mode(flags) == IndexMode::kDefer) {
    throw UsageError(
        "--indexes defer cannot stand with --share: no run is the last one; run `chatload schema apply "
        "--without-indexes` before the runs, and `chatload schema apply` after them.");
  }
  const auto once = std::find_if(inputs.begin(), inputs.end(), source::is_read_once);
  if (once == inputs.end()) return;
  throw UsageError(fmt::format("{} can be read by one run only, so that there is nothing to --share.",
                               *once == "-" ? "Standard input" : *once));
}

// Without a key no record is told from another, so that what is loaded twice is there twice.
void check_without_key(const Flags& flags, const LedgerPlan& plan, const std::vector<std::string>& inputs) {
  if (flags.on_duplicate && make_duplicate_mode(flags) != OnDuplicate::kFail) {
    throw UsageError(
        fmt::format("--on-duplicate {}: the mapping has no primary_key, by which a record could be a duplicate; leave "
                    "the flag out.",
                    *flags.on_duplicate));
  }
  if (make_row_order(flags) == RowOrder::kKey) {
    throw UsageError("--order key: the mapping has no primary_key to sort by; leave the flag out.");
  }
  if ((plan.restart || plan.reload) && !plan.allow_doubles) {
    throw UsageError(fmt::format(
        "{}: the mapping has no primary_key, so lines that are in the table would be there twice; if that is meant, "
        "or the table is empty, add --allow-doubles.",
        plan.restart ? "--restart" : "--reload"));
  }
  const auto once = std::find_if(inputs.begin(), inputs.end(), source::is_read_once);
  if (once == inputs.end() || plan.source_id) return;
  throw UsageError(
      fmt::format("{} can be read once only, and the mapping has no primary_key, so that after an interruption lines "
                  "would be there twice; give it a name with --source-id.",
                  *once == "-" ? "Standard input" : *once));
}

std::chrono::milliseconds retry_for(const Flags& flags) {
  return flags.retry_for ? parse_duration("--retry-for", *flags.retry_for) : LedgerPlan{}.retry_for;
}

LedgerPlan make_ledger_plan(const Flags& flags, const std::vector<std::string>& inputs) {
  LedgerPlan plan;
  plan.restart = is_on("--restart", flags.restart);
  plan.reload = is_on("--reload", flags.reload);
  plan.allow_doubles = is_on("--allow-doubles", flags.allow_doubles);
  if (plan.restart && plan.reload) {
    throw UsageError("--restart is for a load that is unfinished, --reload for one that is done; give one of them.");
  }
  if (flags.source_id) check_source_id(*flags.source_id, inputs);
  plan.source_id = flags.source_id;
  if (flags.wait_lock) {
    plan.wait_lock = parse_duration("--wait-lock", *flags.wait_lock);
    plan.wait_table = plan.wait_lock;
  }
  plan.retry_for = retry_for(flags);
  if (flags.lookup_store) plan.lookup_store_bytes = parse_size("--lookup-store", *flags.lookup_store);
  const bool is_shared = is_on("--share", flags.share);
  if (flags.share_size && !is_shared) throw UsageError("--share-size says how much a run of --share takes at a time.");
  if (is_shared) {
    plan.share_bytes = flags.share_size ? parse_size("--share-size", *flags.share_size) : kShareBytes;
    check_share(flags, plan, inputs);
  }
  return plan;
}

std::vector<std::string> decisive_settings_given(const Flags& flags) {
  std::vector<std::string> given;
  for (const auto& [key, is_given] :
       {std::pair("on-duplicate", flags.on_duplicate.has_value()),
        std::pair("type", !flags.types.empty() || has_only(flags, kTypeColumn)),
        std::pair("site", !flags.sites.empty() || has_only(flags, kSiteColumn)), std::pair("only", has_only(flags, "")),
        std::pair("since", flags.since.has_value()), std::pair("until", flags.until.has_value()),
        std::pair("range-size", flags.range_size.has_value()), std::pair("max-line", flags.max_line.has_value()),
        std::pair("order", make_row_order(flags) != RowOrder::kAuto),
        std::pair("indexes", make_index_mode(flags) != IndexMode::kAuto)}) {
    if (is_given) given.emplace_back(key);
  }
  return given;
}

std::uint64_t load_number(const std::string& text) {
  return parse_count("LOAD", text, 1, std::numeric_limits<std::uint64_t>::max());
}

SourceOrdinal source_number(const char* flag, const std::string& text) {
  return SourceOrdinal(parse_count(flag, text, 1, UINT32_MAX));
}

}  // namespace

ReadPlan make_read_plan(const Flags& flags, std::shared_ptr<const mapping::Mapping> mapping, parse::RowFilter base) {
  ReadPlan plan;
  plan.mapping = std::move(mapping);
  plan.inflater = choose("--inflater", flags.inflater, plan.inflater, kInflaters);
  if (flags.index_dir) plan.index_dir = existing_folder("--index-dir", *flags.index_dir);
  plan.save_index = is_on("--save-index", flags.save_index);
  plan.split.range_bytes = size_within("--range-size", flags.range_size, plan.split.range_bytes, kRangeBytesMin);
  plan.split.line_bytes_max = size_within("--max-line", flags.max_line, plan.split.line_bytes_max, kLineBytesMin);
  plan.split.bytes_a_record = bytes_a_record(*plan.mapping);
  plan.is_range_size_given = flags.range_size.has_value();
  plan.filter = make_filter(flags, *plan.mapping, std::move(base));
  plan.threads = count_within("--threads", flags.threads, std::min(cores(), kThreadsMax), kThreadsMax);
  plan.is_threads_given = flags.threads.has_value();
  if (flags.memory) plan.memory_bytes = parse_size("--memory", *flags.memory);
  return plan;
}

OnDuplicate make_duplicate_mode(const Flags& flags) {
  return choose("--on-duplicate", flags.on_duplicate, OnDuplicate::kSkip, kDuplicateModes);
}

RowOrder make_row_order(const Flags& flags) { return choose("--order", flags.order, RowOrder::kAuto, kRowOrders); }

IndexMode make_index_mode(const Flags& flags) {
  return choose("--indexes", flags.indexes, IndexMode::kAuto, kIndexModes);
}

namespace {

std::size_t fetch_bytes(const Flags& flags) {
  if (!flags.memory) return kFetchBytesMax;
  return std::clamp(parse_size("--memory", *flags.memory) / kFetchShare, kFetchBytesMin, kFetchBytesMax);
}

std::shared_ptr<source::Opener> make_opener(const Flags& flags) {
  source::RemoteOptions options;
  if (flags.ca_file) options.ca_file = readable_file("--ca-file", *flags.ca_file);
  if (flags.cache_dir) options.cache_dir = existing_folder("--cache-dir", *flags.cache_dir);
  if (flags.http_authorization)
    options.authorization_file = readable_file("--http-authorization", *flags.http_authorization);
  options.is_unsigned = is_on("--no-sign-request", flags.no_sign_request);
  options.requester_pays = is_on("--requester-pays", flags.requester_pays);
  options.retry_for = retry_for(flags);
  options.memory_bytes = fetch_bytes(flags);
  return std::make_shared<source::Opener>(std::move(options));
}

// Those that are URLs by the names under which the opener has them.
std::shared_ptr<const mapping::Mapping> with_lookups_found(mapping::Mapping mapping, source::Opener& opener) {
  for (mapping::Lookup& lookup : mapping.lookups) {
    if (!source::is_remote(lookup.file)) continue;
    const std::vector<std::string> names = opener.expand(lookup.file);
    if (names.size() != 1) {
      throw UsageError(fmt::format("The lookup '{}' needs one file, and its URL leads to {}.", lookup.name,
                                   format_count(names.size())));
    }
    lookup.file = names.front();
  }
  return std::make_shared<mapping::Mapping>(std::move(mapping));
}

// Sets the inputs, too.
ReadPlan read_plan_of(const Flags& flags, std::vector<std::string>& inputs,
                      const mapping::DeclaredTypes& types = nullptr) {
  if (std::find(flags.types.begin(), flags.types.end(), "") != flags.types.end()) {
    throw UsageError("--type takes a type such as message, not ''.");
  }
  const std::shared_ptr<const mapping::Mapping> mapping = make_mapping(flags, types);
  ReadPlan plan = make_read_plan(flags, mapping, parse::filter_of(*mapping));
  plan.opener = make_opener(flags);
  plan.mapping = with_lookups_found(*mapping, *plan.opener);
  inputs = expand_inputs(flags.inputs, *plan.opener);
  for (const std::string& input : inputs) {
    plan.source_name_bytes_max = std::max(plan.source_name_bytes_max, input.size());
  }
  if (std::any_of(inputs.begin(), inputs.end(), source::is_remote)) plan.fetch_bytes = fetch_bytes(flags);
  if (plan.save_index) require_own_indexes(inputs, plan.index_dir);
  return plan;
}

// --limits-from's.
mapping::DeclaredTypes types_of_limits(const Flags& flags, const StopSignal& stop) {
  const auto find_endpoint = [&flags] {
    if (flags.limits_from) return make_endpoint(*flags.limits_from, flags);
    throw UsageError("The mapping says no type of a column. Give --limits-from URL, the database whose table has it.");
  };
  return table_types(find_endpoint, kOnce, stop);
}

}  // namespace

LoadPlan make_load_plan(const Flags& flags, const StopSignal& stop) {
  LoadPlan plan;
  plan.report = make_report_plan(flags, true);
  set_log_format(plan.report.log_format);  // of what is said while a server is waited for
  // Made once: a password may come from a pipe.
  std::optional<mysql::Endpoint> endpoint;
  const auto find_endpoint = [&] {
    if (!endpoint) endpoint = required_endpoint(flags);
    return *endpoint;
  };
  plan.read = read_plan_of(flags, plan.inputs, table_types(find_endpoint, retry_for(flags), stop));
  plan.ledger = make_ledger_plan(flags, plan.inputs);
  plan.fail_fast = is_on("--fail-fast", flags.fail_fast);
  plan.any_order = is_on("--any-order", flags.any_order);
  plan.write = make_write_plan(flags, find_endpoint());
  std::vector<const mysql::Endpoint*> endpoints = {&plan.write.endpoint};
  for (const mysql::Endpoint& replica : plan.write.throttle.replicas) endpoints.push_back(&replica);
  check_output_files(plan.report, files_read(flags, *plan.read.mapping, plan.inputs, endpoints));
  plan.resume_command = flags.resume_command;
  plan.given = decisive_settings_given(flags);
  if (!flags.on_duplicate) plan.write.on_duplicate = plan.read.mapping->on_duplicate.value_or(plan.write.on_duplicate);
  if (plan.read.mapping->key.empty()) {
    check_without_key(flags, plan.ledger, plan.inputs);
    plan.write.on_duplicate = OnDuplicate::kFail;
  } else if (plan.ledger.allow_doubles) {
    throw UsageError("--allow-doubles is for mappings without a primary_key: by a key, no record is there twice.");
  }
  return plan;
}

CheckPlan make_check_plan(const Flags& flags, const StopSignal& stop) {
  CheckPlan plan;
  plan.read = read_plan_of(flags, plan.inputs, types_of_limits(flags, stop));
  plan.report = make_report_plan(flags, false);
  plan.finds_duplicates = is_on("--duplicates", flags.duplicates);
  if (flags.spill_dir && !plan.finds_duplicates) throw UsageError("--spill-dir needs --duplicates, which sorts rows.");
  plan.spill_dir = make_spill_dir(flags);
  if (flags.limits_from) {
    plan.limits_from = make_endpoint(*flags.limits_from, flags);
  } else if (flags.password_file || flags.server_public_key_file ||
             is_on("--get-server-public-key", flags.get_server_public_key)) {
    throw UsageError(fmt::format("{} needs --limits-from: a check connects to nothing else.",
                                 flags.password_file            ? "--password-file"
                                 : flags.server_public_key_file ? "--server-public-key-file"
                                                                : "--get-server-public-key"));
  }
  std::vector<const mysql::Endpoint*> endpoints;
  if (plan.limits_from) endpoints.push_back(&*plan.limits_from);
  check_output_files(plan.report, files_read(flags, *plan.read.mapping, plan.inputs, endpoints));
  return plan;
}

IndexPlan make_index_plan(const Flags& flags) {
  IndexPlan plan;
  plan.opener = make_opener(flags);
  plan.inputs = expand_inputs(flags.inputs, *plan.opener);
  plan.show = is_on("--show", flags.show);
  if (flags.format && !plan.show) throw UsageError("--format needs --show: it says how the index is printed.");
  plan.format = choose("--format", flags.format, plan.format, kListFormats);
  if (flags.index_dir) plan.index_dir = existing_folder("--index-dir", *flags.index_dir);
  require_own_indexes(plan.inputs, plan.index_dir);
  return plan;
}

CopyPlan make_copy_plan(const Flags& flags) {
  CopyPlan plan;
  plan.read = read_plan_of(flags, plan.inputs);
  plan.read.filter = make_filter(flags, *plan.read.mapping, {});  // all, but for what the flags say
  if (!plan.read.mapping->records.is_lines()) {
    throw UsageError(
        "copy copies lines: it takes no mapping with other `records`, and no --records but lines; make lines of the "
        "input "
        "with jq -c first.");
  }
  plan.report = make_report_plan(flags, false);
  plan.keep_rejected = is_on("--keep-rejected", flags.keep_rejected);
  plan.report.reject_limit.may_be_all = plan.keep_rejected;
  if (flags.split) set_split(plan, *flags.split);
  if (!flags.output) throw UsageError("Name the file to write with -o OUT.json.gz or -o OUT.json.zst.");
  plan.output = *flags.output;
  set_compression(plan, flags);
  if (source::is_remote(*flags.output)) plan.read.fetch_bytes += source::kUploadBytes;
  const std::vector<FileRead> files = files_read(flags, *plan.read.mapping, plan.inputs, {});
  check_output_files(plan.report, files);
  check_copy_output(plan, files);
  return plan;
}

namespace {

// --output of a command that writes it whole; `files` are those that it reads.
std::optional<fs::path> whole_output(const Flags& flags, const std::vector<FileRead>& files) {
  if (!flags.output) return std::nullopt;
  check_output_file("--output", *flags.output, files);
  check_whole_file_can_be_written("--output", *flags.output);
  return *flags.output;
}

}  // namespace

GuessPlan make_guess_plan(const Flags& flags) {
  GuessPlan plan;
  if (flags.diff && flags.table) throw UsageError("--table names the table of a new mapping, and --diff has one.");
  plan.is_difference = flags.diff.has_value();
  Flags with_mapping = flags;
  with_mapping.mapping = flags.diff;
  const auto no_types = [](const std::string&, const std::string&) { return std::string(); };
  plan.read = read_plan_of(with_mapping, plan.inputs, no_types);
  plan.table = flags.table.value_or(mapping::table_name_of(plan.inputs.front()));
  if (flags.sample) plan.sample_bytes = parse_size("--sample", *flags.sample);
  plan.output = whole_output(flags, files_read(with_mapping, *plan.read.mapping, plan.inputs, {}));
  return plan;
}

SchemaPlan make_schema_plan(SchemaAction action, const Flags& flags, const StopSignal& stop) {
  SchemaPlan plan;
  plan.action = action;
  if (action != SchemaAction::kPrint) plan.endpoint = required_endpoint(flags);
  plan.without_indexes = is_on("--without-indexes", flags.without_indexes);
  plan.mapping = make_mapping(flags, action == SchemaAction::kPrint
                                         ? types_of_limits(flags, stop)
                                         : table_types([&] { return required_endpoint(flags); }, kOnce, stop));
  return plan;
}

LoadsPlan make_loads_plan(LoadsAction action, const Flags& flags) {
  LoadsPlan plan;
  plan.action = action;
  plan.format = choose("--format", flags.format, plan.format, kListFormats);
  if (action == LoadsAction::kForget && flags.load.has_value() == flags.older_than.has_value()) {
    throw UsageError("Say what to forget: one LOAD by its number from `chatload loads`, or --older-than DURATION.");
  }
  if (action == LoadsAction::kRelease && !flags.load) {
    throw UsageError("Name the LOAD whose sources to let go of, by its number from `chatload loads`.");
  }
  if (flags.load) plan.load = load_number(*flags.load);
  for (const std::string& source : flags.sources) plan.sources.push_back(source_number("SOURCE", source));
  if (flags.older_than) {
    plan.older_than = std::chrono::ceil<std::chrono::seconds>(parse_duration("--older-than", *flags.older_than));
  }
  plan.allow_doubles = is_on("--allow-doubles", flags.allow_doubles);
  plan.endpoint = required_endpoint(flags);
  return plan;
}

RejectsPlan make_rejects_plan(const Flags& flags) {
  RejectsPlan plan;
  if (!flags.load) throw UsageError("Name the LOAD whose rejects to export, by its number from `chatload loads`.");
  plan.load = load_number(*flags.load);
  if (flags.source) plan.source = source_number("--source", *flags.source);
  plan.raw = is_on("--raw", flags.raw);
  plan.endpoint = required_endpoint(flags);
  plan.output = whole_output(flags, files_read(flags, {}, {}, {&plan.endpoint}));
  return plan;
}

PagePlan make_page_plan(const Flags& flags) {
  PagePlan plan;
  if (!flags.load) throw UsageError("Name the LOAD to report on, by its number from `chatload loads`.");
  plan.load = load_number(*flags.load);
  plan.endpoint = required_endpoint(flags);
  plan.output = whole_output(flags, files_read(flags, {}, {}, {&plan.endpoint}));
  return plan;
}

}  // namespace chatload::cli
