#include "deflate/compressed_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/errors.h"

namespace chatload::deflate {
namespace {

namespace fs = std::filesystem;

// What stands in front of a number and behind it: "chat-" and ".json.gz".
std::pair<std::string, std::string> parts_of(const fs::path& path) {
  const std::string name = path.filename().string();
  std::size_t end = name.size();
  for (const std::string_view suffix : {".gz", ".zst"}) {
    if (name.ends_with(suffix)) end -= suffix.size();
  }
  const std::size_t dot = name.substr(0, end).rfind('.');
  const std::size_t at = dot == std::string::npos || dot == 0 ? end : dot;
  return {name.substr(0, at) + '-', name.substr(at)};
}

}  // namespace

fs::path numbered_path(const fs::path& path, std::uint64_t number) {
  const auto [before, behind] = parts_of(path);
  fs::path numbered = path;
  return numbered.replace_filename(fmt::format("{}{}{}", before, number, behind));
}

std::vector<NumberedFile> numbered_files(const fs::path& path) {
  std::vector<NumberedFile> files;
  std::error_code error;
  for (fs::directory_iterator file(path.has_parent_path() ? path.parent_path() : ".", error), end;
       !error && file != end; file.increment(error)) {
    const auto [before, behind] = parts_of(path);
    const std::string name = file->path().filename().string();
    if (name.size() <= before.size() + behind.size() || !name.starts_with(before) || !name.ends_with(behind)) continue;
    const char* const digits_end = name.data() + name.size() - behind.size();
    std::uint64_t number = 0;
    const auto read = std::from_chars(name.data() + before.size(), digits_end, number);
    const bool is_ours = read.ec == std::errc() && read.ptr == digits_end && number > 0;
    if (is_ours && numbered_path(path, number).filename() == name)
      files.push_back({number, numbered_path(path, number)});
  }
  std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) { return a.number < b.number; });
  return files;
}

CompressedFiles::CompressedFiles(fs::path path, bool is_split, CompressionOptions options, Begin begin)
    : path_(std::move(path)), is_split_(is_split), options_(options), begin_(std::move(begin)) {
  open();
}

CompressedFiles::~CompressedFiles() = default;

void CompressedFiles::write(std::string_view lines) {
  if (lines.empty()) return;
  if (has_open_line_) {
    writer_->write("\n");
    ++text_bytes_;
  }
  writer_->write(lines);
  text_bytes_ += lines.size();
  has_open_line_ = lines.back() != '\n';
}

void CompressedFiles::begin_next() {
  if (files_.size() == kFilesMax) {
    throw EnvironmentError(
        fmt::format("The copy would be more than {} files; run it again with a larger --split.", kFilesMax));
  }
  end_last();
  open();
}

void CompressedFiles::end() { end_last(); }

void CompressedFiles::place() {
  for (const std::unique_ptr<Output>& file : files_) file->place();
}

void CompressedFiles::open() {
  const fs::path path = is_split_ ? numbered_path(path_, files_.size() + 1) : path_;
  writer_.emplace(*files_.emplace_back(begin_(path)), options_);
  text_bytes_ = 0;
  has_open_line_ = false;
}

void CompressedFiles::end_last() {
  writer_->end();
  bytes_compressed_ += writer_->bytes_compressed();
  writer_.reset();
  files_.back()->end();
}

}  // namespace chatload::deflate
