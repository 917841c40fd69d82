#include "report/reject_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <exception>
#include <optional>
#include <utility>

#include "base/json_text.h"
#include "base/quantity.h"
#include "base/terminal_text.h"
#include "base/utf8.h"

namespace chatload::report {
namespace {

constexpr std::size_t kTextDetailBytesMax = 200;
constexpr std::size_t kTextRawBytesMax = 80;

constexpr std::string_view kBase64Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// RFC 4648 §4.
std::string base64(std::string_view bytes) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t begin = 0; begin < bytes.size(); begin += 3) {
    const std::string_view group = bytes.substr(begin, 3);
    unsigned bits = 0;
    for (std::size_t index = 0; index < 3; ++index) {
      bits = bits << 8 | (index < group.size() ? static_cast<unsigned char>(group[index]) : 0U);
    }
    for (std::size_t index = 0; index < 4; ++index) {
      out += index <= group.size() ? kBase64Alphabet[bits >> (18 - 6 * index) & 0x3F] : '=';
    }
  }
  return out;
}

// The most interesting kTextRawBytesMax bytes, cut between characters.
std::string piece_of(const RejectRecord& record) {
  constexpr std::size_t kHalf = kTextRawBytesMax / 2;
  const std::string_view raw = record.raw;
  const auto from = [raw](std::size_t begin) {
    while (begin < raw.size() && continues_character(raw[begin])) ++begin;
    return raw.substr(begin);
  };
  if (record.raw_is_cut && raw.size() > kTextRawBytesMax) {
    return terminal_text(raw, kHalf) + terminal_text(from(raw.size() - kHalf), kHalf);
  }
  if (record.detail_at_bytes <= kHalf || raw.size() <= kTextRawBytesMax) return terminal_text(raw, kTextRawBytesMax);
  const std::size_t begin = std::min(record.detail_at_bytes - kHalf, raw.size() - kTextRawBytesMax);
  return "…" + terminal_text(from(begin), kTextRawBytesMax);
}

}  // namespace

RejectRecord record_of(const ledger::StoredReject& reject) {
  return {.reason = reject.reason,
          .field = reject.field,
          .detail = reject.detail,
          .line = reject.line,
          .offset = reject.offset,
          .raw = reject.raw,
          .raw_is_cut = reject.raw_is_cut};
}

RejectRecord record_of(const parse::RawReject& reject, std::string_view detail, const mapping::Mapping& mapping) {
  return {.reason = reject.reason,
          .field = reject.column(mapping),
          .detail = detail,
          .line = reject.line,
          .offset = reject.offset,
          .raw = reject.raw,
          .raw_is_cut = reject.cut_bytes > 0,
          .detail_at_bytes = reject.fault.at_bytes};
}

std::string to_json_line(const RejectRecord& record, std::string_view input) {
  JsonObject line;
  line.add("input", input);
  line.add("reason", to_string(record.reason));
  line.add("field", record.field.empty() ? std::nullopt : std::optional(record.field));
  if (!record.detail.empty()) line.add("detail", record.detail);
  line.add("line", record.line.value());
  line.add("offset", record.offset.value());
  is_utf8(record.raw) ? line.add("raw", record.raw) : line.add("raw_base64", base64(record.raw));
  if (record.raw_is_cut) line.add_json("raw_cut", "true");
  return std::move(line).str() + '\n';
}

std::string to_text(const RejectRecord& record) {
  const std::string field = record.field.empty() ? "" : fmt::format(" in {}", record.field);
  const std::string detail =
      record.detail.empty() ? "" : fmt::format(" ({})", terminal_text(record.detail, kTextDetailBytesMax));
  const std::string raw = record.raw.empty() ? "" : ": " + piece_of(record);
  return fmt::format("line {} at byte {}: {}{}{}{}", format_count(record.line.value()),
                     format_count(record.offset.value()), to_string(record.reason), field, detail, raw);
}

RejectWriter::RejectWriter(const std::filesystem::path& path)
    : file_(kRejectFileFailure, path, Placing::kAtOnce), compressed_(file_, reject_file_options(path)) {}

RejectWriter::~RejectWriter() {
  try {
    close();
  } catch (const std::exception&) {
    // Whoever wants to know calls close() before.
  }
}

void RejectWriter::write(const RejectRecord& record, std::string_view input) {
  compressed_.write(to_json_line(record, input));
}

void RejectWriter::close() {
  if (std::exchange(is_closed_, true)) return;
  compressed_.end();
  file_.close();
}

}  // namespace chatload::report
