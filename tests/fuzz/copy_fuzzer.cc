// chatload copy against gzip -dc: whatever lines an input has, and however they are framed, the copy that keeps all of
// them is the input's text. The first bytes choose members, level, range size and how the input is cut into members;
// the rest is text behind a line that makes it a log.
#include <fmt/format.h>
#include <unistd.h>
#include <zlib.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "base/stop_signal.h"
#include "cli/plan.h"
#include "load/copy.h"
#include "mapping/mapping_file.h"
#include "unit/inflate/gzip_text.h"

namespace chatload::load {
namespace {

namespace fs = std::filesystem;

// A file's text, by zlib.
std::string read_gzip(const fs::path& path) {
  std::string text;
  char buffer[4096];
  gzFile file = gzopen(path.c_str(), "rb");
  for (int size = 0; (size = gzread(file, buffer, sizeof buffer)) > 0;)
    text.append(buffer, static_cast<std::size_t>(size));
  if (gzclose(file) != Z_OK) std::abort();
  return text;
}

struct Files {
  Files() { fs::create_directories(folder); }
  Files(const Files&) = delete;
  Files& operator=(const Files&) = delete;
  ~Files() { fs::remove_all(folder); }
  const fs::path folder = fs::temp_directory_path() / fmt::format("chatload_copy_fuzzer.{}", getpid());
};

void require_copy(std::string_view text, deflate::CompressionOptions compression, std::size_t range_bytes,
                  std::size_t member_bytes) {
  static const Files files;
  static const StopSignal stop;
  const fs::path in = files.folder / "in.json.gz";
  std::string members;
  for (std::size_t at = 0; at < text.size(); at += member_bytes) {
    members += inflate::compress(std::string(text.substr(at, member_bytes)));
  }
  std::ofstream(in, std::ios::binary) << members;
  cli::CopyPlan plan;
  plan.inputs = {in.string()};
  plan.output = files.folder / "out.json.gz";
  plan.compression = compression;
  plan.keep_rejected = true;
  plan.read.split.range_bytes = range_bytes;
  plan.read.is_range_size_given = true;
  plan.read.threads = 2;
  plan.read.filter.only.clear();
  plan.report.progress.mode = report::ProgressMode::kNone;
  plan.report.reject_limit.may_be_all = true;
  const Verdict verdict = copy_inputs(plan, mapping::chat_mapping(), nullptr, stop);
  if (verdict.status != report::RunStatus::kDone || read_gzip(plan.output) != text) std::abort();
}

}  // namespace
}  // namespace chatload::load

constexpr std::string_view kFirstLine =
    R"({"id":"1","type":"message","from":"v","site_id":"1","timestamp":1479816000,"data":{"message":"hi"}})"
    "\n";

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 6) return 0;
  const chatload::deflate::CompressionOptions compression{
      .framing = static_cast<chatload::deflate::Framing>(data[0] % 3), .level = 1 + data[1] % 12};
  const std::string text = std::string(kFirstLine).append(reinterpret_cast<const char*>(data) + 5, size - 5);
  chatload::load::require_copy(text, compression, 1 + data[2] + 16U * data[3], 1 + 8U * data[4]);
  return 0;
}
