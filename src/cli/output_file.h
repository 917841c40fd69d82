// Paths of files to write: what can be known to fail at the end of a run is refused before it.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace chatload::cli {

// A file that the command reads, which no output may overwrite.
struct FileRead {
  std::string_view what;  // for the message: "the input"
  std::string path;       // - is standard input
};

// Each throws UsageError, one sentence that begins with the flag.

// Refuses no path, -, a path that leads to one of the files, by whatever name, and one in a folder that is not there.
void check_output_file(std::string_view flag, const std::filesystem::path& path, const std::vector<FileRead>& files);

// Of a file that is written beside its final place and renamed at the end: refuses a directory, and a folder that takes
// no new file. A device or a pipe is written as it stands.
void check_whole_file_can_be_written(std::string_view flag, const std::filesystem::path& path);

}  // namespace chatload::cli
