#include "load/copy.h"

#include <fmt/format.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/log.h"
#include "deflate/compressed_files.h"
#include "load/input_reader.h"
#include "pipeline/copy_sink.h"

namespace chatload::load {
namespace {

namespace fs = std::filesystem;

// Of an input that cannot be read there will be no copy, so that its size is no matter.
std::uint64_t bytes_of(const std::vector<std::string>& inputs, const source::Opener& opener) {
  std::uint64_t bytes = 0;
  for (const std::string& input : inputs) bytes += opener.size_of(input).value_or(0);
  return bytes;
}

pipeline::CopyOptions options_of(const cli::CopyPlan& plan) {
  pipeline::CopyOptions options{.keeps_rejected = plan.keep_rejected};
  if (plan.split_files) {
    options.files = *plan.split_files;
    options.input_bytes = bytes_of(plan.inputs, *plan.read.opener);
  }
  options.file_text_bytes = plan.split_bytes.value_or(0);
  return options;
}

// Whoever reads the files by a glob would read these, too.
void warn_of_older_files(const fs::path& output, std::uint64_t count) {
  for (const deflate::NumberedFile& file : deflate::numbered_files(output)) {
    if (file.number <= count) continue;
    log_warning(fmt::format("{} is no part of this copy, which has {} files; remove it if an earlier copy left it.",
                            file.path.string(), count));
    return;
  }
}

}  // namespace

Verdict copy_inputs(const cli::CopyPlan& plan, const mapping::Mapping& mapping, report::RejectWriter* rejects,
                    const StopSignal& stop) {
  InputReader reader(plan.inputs, plan.read, plan.report, mapping,
                     {.is_check = false, .keeps_rejected = plan.keep_rejected, .compression = plan.compression});
  deflate::CompressionOptions compression = plan.compression;
  compression.threads = reader.threads();
  deflate::CompressedFiles files(plan.output, plan.is_split(), compression, [&](const fs::path& path) {
    return plan.read.opener->create("The copy cannot be written to", path.string(), stop.fd());
  });
  pipeline::CopySink sink(files, options_of(plan));
  Verdict verdict = reader.run(sink, rejects, stop);
  sink.finish();
  if (verdict.status != report::RunStatus::kDone) {
    log_error(fmt::format("{} is not written, since not all of the input could be copied.", plan.output.string()));
    return verdict;
  }
  while (plan.split_files && files.count() < *plan.split_files) files.begin_next();
  files.end();
  if (rejects != nullptr) rejects->close();  // what keeps it from being whole keeps the copy from its place
  files.place();
  if (plan.is_split()) warn_of_older_files(plan.output, files.count());
  verdict.counts.files_written = files.count();
  verdict.counts.bytes_written = files.bytes_compressed();
  return verdict;
}

}  // namespace chatload::load
