#include "cli/output_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/errors.h"
#include "base/placed_file.h"

namespace chatload::cli {
namespace {

namespace fs = std::filesystem;

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

}  // namespace

void check_output_file(std::string_view flag, const fs::path& path, const std::vector<FileRead>& files) {
  if (path.empty()) throw UsageError(fmt::format("{} takes the path of a file.", flag));
  if (path == "-") {
    throw UsageError(fmt::format("{0} takes the path of a file, not -; a file of that name is {0} ./-.", flag));
  }
  if (const std::string name = path.filename().string(); name.ends_with(".gzi") || name.ends_with(".gzi.sum")) {
    throw UsageError(fmt::format("{} takes no name of a seek index, as {} is.", flag, path.string()));
  }
  for (const FileRead& file : files) {
    if (is_same_file(path, file.path)) {
      throw UsageError(fmt::format("{} {} would overwrite {}.", flag, path.string(), file.what));
    }
  }
  std::error_code error;
  if (path.has_parent_path() && !fs::is_directory(path.parent_path(), error)) {
    throw UsageError(fmt::format("{} {} cannot be written: there is no folder {}.", flag, path.string(),
                                 path.parent_path().string()));
  }
}

void check_whole_file_can_be_written(std::string_view flag, const fs::path& path) {
  std::error_code error;
  if (fs::is_directory(path, error)) {
    throw UsageError(fmt::format("{} {} cannot be written: it is a directory.", flag, path.string()));
  }
  const fs::path target = replaced_file(path);
  if (target.empty()) return;
  fs::path folder = target.parent_path();
  if (folder.empty()) folder = ".";
  if (::faccessat(AT_FDCWD, folder.c_str(), W_OK | X_OK, AT_EACCESS) != 0) {
    throw UsageError(fmt::format("{} {} cannot be written: the folder {} takes no new file ({}).", flag, path.string(),
                                 folder.string(), std::strerror(errno)));
  }
}

}  // namespace chatload::cli
