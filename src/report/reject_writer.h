// Reject records → a compressed JSON-lines file (--rejects FILE.json.gz), and the first few for the terminal.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/placed_file.h"
#include "base/units.h"
#include "deflate/compressed_writer.h"
#include "ledger/reject_reader.h"
#include "mapping/mapping.h"
#include "parse/outcome.h"
#include "parse/row_batch.h"

namespace chatload::report {

// One rejected line, as people and machines see it. Borrows everything.
struct RejectRecord {
  parse::RejectReason reason;
  std::string_view field;        // the column's name; empty where the reason concerns the whole line
  std::string_view detail = {};  // "SQLSTATE 23000: …", "NUL at column 7"; empty where there is none
  LineNumber line;
  ByteOffset offset;                // of the line's first byte in the decompressed stream
  std::string_view raw;             // without its line end; empty where it is not at hand
  bool raw_is_cut = false;          // line_too_long only: raw is the line's beginning and its end, joined
  std::size_t detail_at_bytes = 0;  // which byte of raw the detail is about
};

// The same of a line that the ledger keeps.
[[nodiscard]] RejectRecord record_of(const ledger::StoredReject& reject);

// The same of a line that was parsed. detail: reject.detail(), which it borrows.
[[nodiscard]] RejectRecord record_of(const parse::RawReject& reject, std::string_view detail,
                                     const mapping::Mapping& mapping);

// {"input":…,"reason":…,"field":…|null,"detail":…,"line":…,"offset":…,"raw":…} and a newline; without "detail" where
// there is none; "raw_base64" in place of "raw" where the line is not UTF-8; "raw_cut":true where it is cut.
[[nodiscard]] std::string to_json_line(const RejectRecord& record, std::string_view input);

// One sentence for a terminal: line, byte offset, reason, field, detail, and a piece of the line, control bytes
// escaped. The piece is around what the detail is about; of a line that is cut, its beginning and its end.
[[nodiscard]] std::string to_text(const RejectRecord& record);

// Of a file for rejected lines. A file in which every line is bad must not make the one thread that writes records the
// slowest part, and what is gathered of it takes no more memory than what else a process has.
[[nodiscard]] inline deflate::CompressionOptions reject_file_options(const std::filesystem::path& path) {
  return {.framing = deflate::framing_of(path.string()), .level = 1, .block_bytes = 128 * kKiB};
}
inline constexpr std::string_view kRejectFileFailure = "The rejects cannot be written to";

// Writes records to a file in the order given. Single-threaded. The file is replaced; it is whole only after close().
// Every failure (no such folder, full disk) throws EnvironmentError that names the file and the cause.
class RejectWriter {
 public:
  explicit RejectWriter(const std::filesystem::path& path);
  RejectWriter(const RejectWriter&) = delete;
  RejectWriter& operator=(const RejectWriter&) = delete;
  ~RejectWriter();

  void write(const RejectRecord& record, std::string_view input);
  void close();  // without it the file is ended without a word; call it to learn of a failure

 private:
  PlacedFile file_;
  deflate::CompressedWriter compressed_;
  bool is_closed_ = false;
};

}  // namespace chatload::report
