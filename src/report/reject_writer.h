// Reject records → a gzipped JSON-lines file (--rejects FILE.json.gz), and the first few for the terminal.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "base/units.h"
#include "parse/outcome.h"

namespace chatload::report {

// One rejected line, as people and machines see it. Borrows everything.
struct RejectRecord {
  parse::RejectReason reason;
  std::string_view field;  // the column's name; empty where the reason concerns the whole line
  LineNumber line;
  ByteOffset offset;        // of the line's first byte in the decompressed stream
  std::string_view raw;     // without its line end
  bool raw_is_cut = false;  // line_too_long only
};

// {"input":…,"reason":…,"field":…|null,"line":…,"offset":…,"raw":…} and a newline; "raw_base64" in place of "raw" where
// the line is not UTF-8; "raw_cut":true where it is cut.
[[nodiscard]] std::string to_json_line(const RejectRecord& record, std::string_view input);

// One sentence for a terminal: line, byte offset, reason, field, and the line's beginning, control bytes escaped.
[[nodiscard]] std::string to_text(const RejectRecord& record);

// Writes records to a file in the order given. Single-threaded. The file is replaced; it is whole only after close().
// Every failure (no such folder, full disk) throws EnvironmentError that names the file and the cause.
class RejectWriter {
 public:
  explicit RejectWriter(const std::filesystem::path& path);
  RejectWriter(const RejectWriter&) = delete;
  RejectWriter& operator=(const RejectWriter&) = delete;
  ~RejectWriter();  // closes without a word; call close() to learn of a failure

  void write(const RejectRecord& record, std::string_view input);
  void close();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace chatload::report
