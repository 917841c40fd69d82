// chatload index: the seek indexes of gzips, made or shown.
#include <fmt/format.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "base/errors.h"
#include "base/log.h"
#include "base/quantity.h"
#include "base/terminal_text.h"
#include "command/commands.h"
#include "command/print.h"
#include "inflate/index_maker.h"
#include "inflate/seek_index.h"
#include "report/index_text.h"
#include "source/input.h"

namespace chatload::command {
namespace {

constexpr std::size_t kNameBytesMax = 200;

// The index at `path`, if a sum proves all of it, windows too. Others are made again, a file that is none aside.
std::optional<inflate::SeekIndex> proven_index(const std::filesystem::path& path, const source::Input& gzip) {
  try {
    std::optional<inflate::SeekIndex> index = inflate::SeekIndex::open(path, gzip);
    if (!index || index->proof() != inflate::IndexProof::kSum) return std::nullopt;
    for (std::size_t point = 0; point < index->table().points.size(); ++point) {
      static_cast<void>(index->window(point));
    }
    return index;
  } catch (const inflate::OtherFileError&) {
    throw;
  } catch (const inflate::SeekIndexError&) {
    return std::nullopt;
  }
}

void make(const std::string& input, const cli::IndexPlan& plan, const StopSignal& stop) {
  const std::shared_ptr<const source::Input> opened = plan.opener->open(input, stop.fd());
  const source::Input& gzip = *opened;
  inflate::require_regular_file(gzip);
  const std::filesystem::path path = inflate::index_path(input, plan.index_dir);
  const std::string name = terminal_text(input, kNameBytesMax);
  if (const auto index = proven_index(path, gzip)) {
    print(fmt::format("{}: has its index, {} points in {}\n", name, format_count(index->table().points.size()),
                      terminal_text(path.string(), kNameBytesMax)));
    return;
  }
  const auto start = std::chrono::steady_clock::now();
  const inflate::MadeIndex made = inflate::make_index(gzip, path, [&] { return stop.requested(); });
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  print(fmt::format("{}: {} points in {}, {} ({:.2f}% of the gzip), {} lines, {:.3f} s\n", name,
                    format_count(made.points), terminal_text(path.string(), kNameBytesMax),
                    format_size(made.index_bytes),
                    100.0 * static_cast<double>(made.index_bytes) / static_cast<double>(made.compressed_bytes),
                    format_count(made.lines), seconds));
}

void show(const std::string& input, const cli::IndexPlan& plan) {
  const std::filesystem::path path = inflate::index_path(input, plan.index_dir);
  const auto index = inflate::SeekIndex::open(path, *plan.opener->open(input, -1));
  if (!index) {
    throw SourceError(
        fmt::format("{} has no seek index: there is no file {}; make it with `chatload index`", input, path.string()));
  }
  print(plan.format == cli::ListFormat::kJson ? report::to_json(*index, input) : report::to_table(*index));
}

}  // namespace

ExitCode run_index(const cli::IndexPlan& plan, const StopSignal& stop) {
  ExitCode exit_code = ExitCode::kLoaded;
  for (const std::string& input : plan.inputs) {
    if (stop.requested()) throw Interrupted();
    try {
      plan.show ? show(input, plan) : make(input, plan, stop);
    } catch (const Interrupted&) {
      throw;
    } catch (const Error& error) {
      log_error(error.what());
      exit_code = worse(exit_code, error.exit_code());
    }
  }
  return exit_code;
}

}  // namespace chatload::command
