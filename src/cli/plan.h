// What a command shall do: validated values, not changed once they are made. Nothing behind the command line sees a
// flag.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/load_modes.h"
#include "base/log.h"
#include "base/stop_signal.h"
#include "base/units.h"
#include "deflate/compressed_writer.h"
#include "inflate/decoded_stream.h"
#include "mapping/mapping_file.h"
#include "mysql/endpoint.h"
#include "mysql/throttle_limits.h"
#include "parse/row_filter.h"
#include "report/progress.h"
#include "report/reject_budget.h"
#include "source/opener.h"
#include "split/line_splitter.h"

namespace chatload::cli {

struct Flags;

// What --type and --site compare.
inline constexpr std::string_view kTypeColumn = "type";
inline constexpr std::string_view kSiteColumn = "site_id";

inline constexpr std::uint64_t kRangeBytesMin = 4 * kKiB;
inline constexpr std::size_t kMemoryBytesDefault = 256 * kMiB;

// How inputs become rows.
struct ReadPlan {
  inflate::Inflater inflater = inflate::Inflater::kIsal;
  split::SplitLimits split;
  bool is_range_size_given = false;  // otherwise a small --memory makes ranges smaller
  // Which values become which columns; never null. With the limits as declared: a table's own come later.
  std::shared_ptr<const mapping::Mapping> mapping = std::make_shared<mapping::Mapping>(mapping::chat_mapping());
  parse::RowFilter filter = parse::filter_of(*mapping);
  unsigned threads = 1;                            // parsers; 1 to 256
  bool is_threads_given = false;                   // otherwise a small --memory makes them fewer
  std::optional<std::filesystem::path> index_dir;  // of seek indexes; not given: each beside its gzip
  bool save_index = false;                         // of each gzip that is read from its beginning and has none
  std::optional<std::uint64_t> memory_bytes;       // not given: what the default, or the other flags, need
  std::optional<inflate::WindowRoom> window;       // of zstd; not given: all of it, as nothing else is at work
  // Of the inputs; never null.
  std::shared_ptr<source::Opener> opener = std::make_shared<source::Opener>(source::RemoteOptions{});
  std::size_t source_name_bytes_max = 0;  // of the inputs
  std::size_t fetch_bytes = 0;            // of memory_bytes, for what is fetched from servers
  std::size_t other_lookup_bytes = 0;     // of memory_bytes, for what this command's other loads look up

  // What the data of lookups may take.
  [[nodiscard]] std::size_t lookup_bytes_max() const {
    return static_cast<std::size_t>(memory_bytes.value_or(kMemoryBytesDefault) / 2);
  }
};

// Where rows go.
struct WritePlan {
  mysql::Endpoint endpoint;
  OnDuplicate on_duplicate = OnDuplicate::kSkip;
  unsigned connections = 1;           // 1 to 64
  bool is_connections_given = false;  // otherwise a small --memory makes them fewer
  RowOrder order = RowOrder::kAuto;
  std::filesystem::path spill_dir;  // where rows are sorted by key
  mysql::ThrottleLimits throttle;
  IndexMode indexes = IndexMode::kAuto;
  WriteMethod method = WriteMethod::kAuto;
};

// What is said about the run, and where.
struct ReportPlan {
  std::optional<std::filesystem::path> rejects;
  report::RejectLimit reject_limit;
  std::optional<std::filesystem::path> summary;
  // Of a load only.
  std::optional<std::filesystem::path> metrics;
  std::optional<std::filesystem::path> page;  // --report
  report::ProgressOptions progress;           // mode, interval and has_database; the rest is known at run time
  LogFormat log_format = LogFormat::kText;
};

// What the ledger's loads are to this run.
struct LedgerPlan {
  bool restart = false;                                           // begin an unfinished load anew
  bool reload = false;                                            // load a finished source again; never with restart
  bool allow_doubles = false;                                     // where no key tells a record from another
  std::optional<std::string> source_id;                           // names the only input; 1 to 50 printable characters
  std::chrono::milliseconds wait_lock{std::chrono::seconds(15)};  // for another run of the load
  // For a load that has the table for itself; nothing is until that one ends.
  std::optional<std::chrono::milliseconds> wait_table;
  std::chrono::milliseconds retry_for{std::chrono::minutes(5)};  // since the last commit
  // --share: other runs take inputs of this command, too. So many compressed bytes of them this run takes at a time.
  std::optional<std::uint64_t> share_bytes;
  std::uint64_t lookup_store_bytes = 64 * kMiB;  // the ledger keeps the data of a lookup that has no more than this
};

struct LoadPlan {
  std::vector<std::string> inputs;  // paths or "-", globs expanded, in the order given; never empty
  ReadPlan read;
  WritePlan write;
  ReportPlan report;
  LedgerPlan ledger;
  bool fail_fast = false;  // the first input that fails is the last
  bool any_order = false;  // with replace, an input may be loaded although one in front of it is not
  // For messages: this command line as a shell takes it again, without --restart, --reload and --allow-doubles.
  std::string resume_command;
  // Of the settings in recorded_plan(), the keys of those that the user gave. For resumed_plan().
  std::vector<std::string> given;

  // The last line of an id counts: nothing is written behind what is not loaded.
  [[nodiscard]] bool keeps_order() const { return write.on_duplicate == OnDuplicate::kReplace && !any_order; }
};

struct CheckPlan {
  std::vector<std::string> inputs;
  ReadPlan read;
  std::optional<mysql::Endpoint> limits_from;  // not given: the shipped table's limits
  bool finds_duplicates = false;
  std::filesystem::path spill_dir;  // where rows are sorted for that
  ReportPlan report;
};

enum class ListFormat { kTable, kJson };

struct IndexPlan {
  std::vector<std::string> inputs;                 // paths, globs expanded, in the order given; never empty
  std::shared_ptr<source::Opener> opener;          // of the inputs
  std::optional<std::filesystem::path> index_dir;  // not given: each index beside its gzip
  bool show = false;                               // make nothing, print what is there
  ListFormat format = ListFormat::kTable;          // of what is shown
};

struct CopyPlan {
  std::vector<std::string> inputs;
  ReadPlan read;
  ReportPlan report;
  std::filesystem::path output;
  deflate::CompressionOptions compression;  // its threads are the ReadPlan's
  bool keep_rejected = false;
  // At most one of them; then the output's name gets a number (deflate::numbered_path()).
  std::optional<std::uint64_t> split_files;  // so many, of about equal parts of the input
  std::optional<std::uint64_t> split_bytes;  // of so many bytes of text

  [[nodiscard]] bool is_split() const { return split_files || split_bytes; }
};

struct GuessPlan {
  std::vector<std::string> inputs;
  ReadPlan read;
  std::string table;                            // its name
  std::optional<std::uint64_t> sample_bytes;    // of text; not given: all
  bool is_difference = false;                   // from the ReadPlan's mapping
  std::optional<std::filesystem::path> output;  // not given: standard output
};

enum class SchemaAction { kPrint, kApply, kCheck };

struct SchemaPlan {
  SchemaAction action = SchemaAction::kPrint;
  std::optional<mysql::Endpoint> endpoint;  // absent for kPrint only
  bool without_indexes = false;             // kApply only
  std::shared_ptr<const mapping::Mapping> mapping;
};

enum class LoadsAction { kList, kForget, kRelease };

// kForget has either load or older_than, kRelease has a load. kList with a load lists its sources.
struct LoadsPlan {
  mysql::Endpoint endpoint;
  LoadsAction action = LoadsAction::kList;
  ListFormat format = ListFormat::kTable;  // kList only
  std::optional<std::uint64_t> load;
  std::optional<std::chrono::seconds> older_than;
  std::vector<SourceOrdinal> sources;  // kRelease only; none: all that are not done
  bool allow_doubles = false;          // kForget: also loads without a key, whose files could be loaded again
};

struct RejectsPlan {
  mysql::Endpoint endpoint;
  std::uint64_t load = 0;
  std::optional<SourceOrdinal> source;          // of that source alone
  bool raw = false;                             // the bare lines, not JSON records
  std::optional<std::filesystem::path> output;  // gzipped; not given: plain, to standard output
};

// chatload report.
struct PagePlan {
  mysql::Endpoint endpoint;
  std::uint64_t load = 0;
  std::optional<std::filesystem::path> output;  // not given: standard output
};

// --help or --version: print this to standard output and end with exit code 0.
struct EarlyExit {
  std::string text;
};

using Plan = std::variant<LoadPlan, CheckPlan, CopyPlan, IndexPlan, GuessPlan, SchemaPlan, LoadsPlan, RejectsPlan,
                          PagePlan, EarlyExit>;

// Each throws UsageError, one sentence that names the flag, what it got and what it takes. Those with a stop may ask a
// server (table_types.h), and throw what that does. A load's says from then on in --log-format what it says.
[[nodiscard]] LoadPlan make_load_plan(const Flags& flags, const StopSignal& stop);
[[nodiscard]] CheckPlan make_check_plan(const Flags& flags, const StopSignal& stop);
[[nodiscard]] IndexPlan make_index_plan(const Flags& flags);
[[nodiscard]] CopyPlan make_copy_plan(const Flags& flags);
[[nodiscard]] GuessPlan make_guess_plan(const Flags& flags);
[[nodiscard]] SchemaPlan make_schema_plan(SchemaAction action, const Flags& flags, const StopSignal& stop);
[[nodiscard]] LoadsPlan make_loads_plan(LoadsAction action, const Flags& flags);
[[nodiscard]] RejectsPlan make_rejects_plan(const Flags& flags);
[[nodiscard]] PagePlan make_page_plan(const Flags& flags);

// The parts of make_load_plan() that a recorded plan is read with. base: what holds of columns that no flag compares.
[[nodiscard]] ReadPlan make_read_plan(const Flags& flags, std::shared_ptr<const mapping::Mapping> mapping,
                                      parse::RowFilter base);
[[nodiscard]] OnDuplicate make_duplicate_mode(const Flags& flags);
[[nodiscard]] RowOrder make_row_order(const Flags& flags);
[[nodiscard]] IndexMode make_index_mode(const Flags& flags);

// The settings that all runs of a load share, and no others, as a configuration file for the ledger: those that decide
// what it makes of its sources (on-duplicate, type, site, since, until, range-size, max-line), then order, indexes and
// what a record counts as.
// One text for one meaning: lists are sorted, sizes are bytes, instants epoch seconds, and what restricts nothing, or
// is not decided yet, is left out.
[[nodiscard]] std::string recorded_plan(const LoadPlan& plan);

// The plan for going on with a load that recorded_plan() was kept of: every setting that the user did not give is the
// recorded one. Throws UsageError, one sentence, where one that was given differs from the record (a setting that the
// record lacks differs too; what a load falls back on, order file and indexes keep, differs from nothing). Throws
// LoadError where the record holds what this chatload does not know, or cannot be read. anew_flag: what begins the load
// anew, --restart or --reload.
[[nodiscard]] LoadPlan resumed_plan(const LoadPlan& plan, std::string_view recorded, std::uint64_t load_id,
                                    std::string_view anew_flag);

// For each lookup of the mapping the digest of the data that a recorded plan was made with; none at all where the
// mapping was another one otherwise, too.
[[nodiscard]] std::vector<std::string> recorded_reference_digests(std::string_view recorded,
                                                                  const mapping::Mapping& mapping);

// What the records were that a recorded plan was made with; lines of a record that cannot be read.
[[nodiscard]] std::string recorded_records(std::string_view recorded);

// Whether the mapping that a recorded plan was made with has a key. True of a record that cannot be read.
[[nodiscard]] bool has_recorded_key(std::string_view recorded);

// Throws as resumed_plan() does, for a load that is done: only settings that decide what it made of its sources count.
void require_same_outcome(const LoadPlan& plan, std::string_view recorded, std::uint64_t load_id,
                          std::string_view anew_flag);

}  // namespace chatload::cli
