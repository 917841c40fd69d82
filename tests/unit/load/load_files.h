// Files of chat lines, as a load or a check finds them.
#pragma once

#include <cstddef>
#include <fstream>
#include <string>
#include <string_view>

#include "load/source.h"
#include "report/progress.h"
#include "source/held_file.h"
#include "source/source_identity.h"
#include "unit/scratch_folder.h"

namespace chatload::load {

// A valid line with that id.
inline std::string chat_line(std::string_view id) {
  return R"({"id":")" + std::string(id) +
         R"(","type":"message","from":"v","site_id":"1","timestamp":1479816000,"data":{"message":"hi"}})"
         "\n";
}

inline std::string chat_lines(std::size_t count, const std::string& prefix = "id-") {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += chat_line(prefix + std::to_string(i));
  return text;
}

inline report::ProgressOptions no_progress() {
  report::ProgressOptions quiet;
  quiet.mode = report::ProgressMode::kNone;
  return quiet;
}

// A file as if it were an object in a store, of which some may be on its way.
class FetchedFile : public source::HeldFile {
 public:
  using HeldFile::HeldFile;
  [[nodiscard]] bool is_at_hand() const override { return has_come_; }
  void come() { has_come_ = true; }

 private:
  bool has_come_ = false;
};

class LoadFiles {
 public:
  [[nodiscard]] std::string path(const std::string& name) const { return folder_ / name.c_str(); }

  std::string write(const std::string& name, std::string_view content) const {
    std::ofstream(path(name), std::ios::binary) << content;
    return path(name);
  }

  // As it is identified, and not kept open.
  [[nodiscard]] static LoadSource identified(const std::string& path) {
    LoadSource source;
    source.name = path;
    source.identity = source::identify_source(source::HeldFile(path), std::nullopt);
    return source;
  }

 private:
  ScratchFolder folder_;
};

}  // namespace chatload::load
