// chatload loads, loads forget, loads release, rejects, report: what people and the next stage of a pipeline ask the
// ledger.
#include <fmt/format.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/errors.h"
#include "base/log.h"
#include "base/placed_file.h"
#include "base/quantity.h"
#include "base/terminal_text.h"
#include "command/commands.h"
#include "command/load_report.h"
#include "command/print.h"
#include "command/with_session.h"
#include "deflate/compressed_writer.h"
#include "ledger/load_catalog.h"
#include "ledger/load_ledger.h"
#include "ledger/load_lock.h"
#include "ledger/load_release.h"
#include "ledger/reference_ledger.h"
#include "ledger/reject_reader.h"
#include "ledger/witnesses.h"
#include "load/beat_watch.h"
#include "mapping/mapping.h"
#include "mysql/server_error.h"
#include "mysql/session.h"
#include "report/html_report.h"
#include "report/load_list.h"
#include "report/reject_writer.h"
#include "table/deferred_indexes.h"

namespace chatload::command {
namespace {

// Summing up the ranges of many unfinished loads takes the server seconds, not minutes.
constexpr std::uint32_t kSumTimeoutSeconds = 300;
constexpr std::size_t kSaidBytesMax = 200;

// with_session() for what stands and falls with the ledger.
template <typename Body>
auto with_ledger(const mysql::Endpoint& endpoint, Body body) {
  return with_session(endpoint, kSumTimeoutSeconds, [&](mysql::Session& session) {
    try {
      return body(session);
    } catch (const mysql::StatementError& error) {
      if (error.code() != ER_NO_SUCH_TABLE) throw;
      throw DatabaseError(
          fmt::format("There is no ledger at {}, or only a part of it; create it with `chatload schema apply`.",
                      endpoint.display()));
    }
  });
}

// A run on another node of a cluster holds no lock that shows here.
void require_dead(mysql::Session& session, std::uint64_t load_id, std::string_view not_done, const StopSignal& stop) {
  const auto look_up = [&] { return load::LookedUpLoad{.load = ledger::find_load(session, load_id)}; };
  if (!load::is_dead(look_up, stop)) ledger::refuse_alive(load_id, not_done);
}

// Where there is none, nothing but the ledger knows that its lines are in the table.
void require_key(mysql::Session& session, std::uint64_t load_id) {
  const std::optional<ledger::LoadRecord> load = ledger::find_load(session, load_id);
  if (!load || cli::has_recorded_key(load->plan)) return;
  throw DatabaseError(fmt::format(
      "Load {} was made without a primary_key: if it were forgotten, its files could be loaded again, and their lines "
      "would be in {} twice; if that is meant, add --allow-doubles.",
      load_id, load->table));
}

void forget_references(mysql::Session& session) {
  try {
    ledger::forget_unused_references(session);
  } catch (const mysql::StatementError& error) {
    if (error.code() != ER_NO_SUCH_TABLE) throw;  // of a ledger from before there were any
  }
}

ExitCode forget(mysql::Session& session, const cli::LoadsPlan& plan, const StopSignal& stop) {
  ledger::LoadCatalog catalog(session);
  const std::vector<std::uint64_t> loads =
      plan.load ? std::vector<std::uint64_t>{*plan.load} : catalog.older_than(*plan.older_than);
  if (!plan.allow_doubles) {
    for (const std::uint64_t load : loads) require_key(session, load);
  }
  for (const std::uint64_t load : loads) {
    require_dead(session, load, "forgotten", stop);
    for (const ledger::ForgottenLoad& forgotten : catalog.forget(load)) {
      print(fmt::format("load {} of {}: forgotten, with {} ranges and {} rejected lines; its rows stay\n",
                        forgotten.load, terminal_text(forgotten.source, kSaidBytesMax), format_count(forgotten.ranges),
                        format_count(forgotten.rejects)));
    }
  }
  if (loads.empty()) print("no load is that old\n");
  if (!loads.empty()) forget_references(session);
  return ExitCode::kLoaded;
}

ExitCode release(mysql::Session& session, const cli::LoadsPlan& plan, const StopSignal& stop) {
  require_dead(session, *plan.load, "changed", stop);
  const ledger::Release release = ledger::release_sources(session, *plan.load, plan.sources);
  for (const ledger::SourceRecord& source : release.sources) {
    print(fmt::format("load {}: {} is no part of it any more\n", *plan.load, source.name));
  }
  print(release.is_done ? fmt::format("load {}: it lacks no other file, and is done\n", *plan.load)
                        : fmt::format("load {}: the next run with its other files goes on with it\n", *plan.load));
  if (release.is_done && !table::noted_indexes(session, release.table).missing.empty()) {
    print(
        fmt::format("{} lacks indexes that a load has left out; `chatload schema apply` builds them\n", release.table));
  }
  return ExitCode::kLoaded;
}

// Where exported lines go: the plan's file, or standard output.
class Export {
 public:
  explicit Export(const cli::RejectsPlan& plan) {
    if (!plan.output) return;
    file_.emplace(report::kRejectFileFailure, *plan.output, Placing::kWhenWhole);
    compressed_.emplace(*file_, report::reject_file_options(*plan.output));
  }

  // False where standard output takes no more; errno says why.
  [[nodiscard]] bool write(std::string_view text) {
    if (!compressed_) return std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
    compressed_->write(text);
    return true;
  }

  void close() {
    if (!compressed_) return;
    compressed_->end();
    file_->close();
  }

 private:
  std::optional<PlacedFile> file_;
  std::optional<deflate::CompressedWriter> compressed_;
};

std::string text_of(const ledger::StoredReject& reject, bool raw) {
  if (raw) return std::string(reject.raw) + '\n';
  return report::to_json_line(report::record_of(reject), reject.input);
}

// output_error: the errno of a standard output that took no more.
ExitCode export_rejects(mysql::Session& session, const cli::RejectsPlan& plan, const StopSignal& stop,
                        int& output_error) {
  const ledger::LoadName load = ledger::LoadCatalog(session).name_of(plan.load);
  Export target(plan);
  std::uint64_t lines = 0;
  std::uint64_t cut_lines = 0;
  std::uint64_t lost_lines = 0;
  ledger::read_rejects(session, {plan.load, plan.source}, {}, [&](const ledger::StoredReject& reject) {
    if (stop.requested()) return false;
    // Its two halves, joined, may be JSON again, and would load as a row that lacks what is between them.
    if (plan.raw && reject.raw_is_cut) {
      ++cut_lines;
      return true;
    }
    if (plan.raw && reject.raw_is_lost) {
      ++lost_lines;
      return true;
    }
    if (!target.write(text_of(reject, plan.raw))) {
      output_error = errno;
      return false;
    }
    ++lines;
    return true;
  });
  if (stop.requested()) {
    log_error(fmt::format("Interrupted after {} rejected lines; run the same command again.", format_count(lines)));
    return ExitCode::kInterrupted;
  }
  if (output_error != 0) return ExitCode::kLoaded;
  target.close();
  const std::optional<ledger::LoadRecord> record = ledger::find_load(session, plan.load);
  if (plan.raw && lines > 0 && record && cli::recorded_records(record->plan) != "lines") {
    log_info("These are JSON values, which may be on several lines each: load them with --records values.");
  }
  if (!load.is_done) {
    log_warning(fmt::format("Load {} is not done: these are the lines that it has rejected so far.", plan.load));
  }
  if (cut_lines > 0) {
    log_warning(fmt::format(
        "{} lines were longer than --max-line and are left out: the ledger has only their beginnings and ends. Load "
        "them from the source with a larger --max-line; without --raw they are listed.",
        format_count(cut_lines)));
  }
  if (lost_lines > 0) {
    log_warning(fmt::format(
        "{} lines that the server refused are left out: their files were gone before their texts could be fetched; "
        "without --raw they are listed.",
        format_count(lost_lines)));
  }
  if (plan.output) {
    print(fmt::format("load {}: {} rejected lines in {}\n", plan.load, format_count(lines), plan.output->string()));
  }
  return ExitCode::kLoaded;
}

}  // namespace

ExitCode run_loads(const cli::LoadsPlan& plan, const StopSignal& stop) {
  return with_ledger(plan.endpoint, [&](mysql::Session& session) {
    ledger::LoadCatalog catalog(session);
    if (plan.action == cli::LoadsAction::kForget) return forget(session, plan, stop);
    if (plan.action == cli::LoadsAction::kRelease) return release(session, plan, stop);
    const auto print_list = [&](const auto& list) {
      print(plan.format == cli::ListFormat::kJson ? report::to_json(list) : report::to_table(list));
    };
    if (plan.load) {
      print_list(catalog.sources_of(*plan.load));
    } else {
      print_list(catalog.list());
    }
    return ExitCode::kLoaded;
  });
}

ExitCode run_report(const cli::PagePlan& plan) {
  const report::ReportFacts facts = with_ledger(plan.endpoint, [&](mysql::Session& session) {
    return facts_of_load(session, plan.load, plan.endpoint.display());
  });
  if (plan.output) {
    report::write_html(facts, *plan.output);
  } else {
    print(report::to_html(facts));
  }
  return ExitCode::kLoaded;
}

ExitCode run_rejects(const cli::RejectsPlan& plan, const StopSignal& stop) {
  int output_error = 0;
  const ExitCode exit_code = with_ledger(
      plan.endpoint, [&](mysql::Session& session) { return export_rejects(session, plan, stop, output_error); });
  if (output_error != 0) errno = output_error;  // for flush_answer()
  return exit_code;
}

}  // namespace chatload::command
