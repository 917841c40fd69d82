#include "report/reject_writer.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/errors.h"
#include "base/json_text.h"
#include "base/quantity.h"

namespace chatload::report {
namespace {

// Level 1: a file in which every line is bad must not make the one thread that writes records the slowest part.
constexpr const char* kOpenMode = "wb1e";
constexpr unsigned kBufferBytes = 128 * 1024;
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

// Nothing in a log line may move a terminal's cursor: C0, DEL, C1 and bytes that are not UTF-8 come out as \xNN.
std::string printable_beginning(std::string_view raw) {
  std::string out;
  std::size_t taken = 0;
  while (taken < raw.size() && taken < kTextRawBytesMax) {
    const std::string_view rest = raw.substr(taken);
    const auto lead = static_cast<unsigned char>(rest[0]);
    const std::size_t length = utf8_sequence_bytes(rest);
    const bool is_c1 = lead == 0xC2 && length == 2 && static_cast<unsigned char>(rest[1]) < 0xA0;
    const std::string_view character = rest.substr(0, std::max<std::size_t>(length, 1));
    if (length == 0 || lead < 0x20 || lead == 0x7F || is_c1) {
      for (const char byte : character) out += fmt::format("\\x{:02x}", static_cast<unsigned char>(byte));
    } else {
      out += character;
    }
    taken += character.size();
  }
  if (taken < raw.size()) out += "…";
  return out;
}

}  // namespace

std::string to_json_line(const RejectRecord& record, std::string_view input) {
  std::string line = R"({"input":)";
  append_json_string(line, input);
  line += fmt::format(R"(,"reason":"{}","field":)", to_string(record.reason));
  if (record.field.empty()) {
    line += "null";
  } else {
    append_json_string(line, record.field);
  }
  line += fmt::format(R"(,"line":{},"offset":{},)", record.line.value(), record.offset.value());
  if (is_utf8(record.raw)) {
    line += R"("raw":)";
    append_json_string(line, record.raw);
  } else {
    line += fmt::format(R"("raw_base64":"{}")", base64(record.raw));
  }
  if (record.raw_is_cut) line += R"(,"raw_cut":true)";
  line += "}\n";
  return line;
}

std::string to_text(const RejectRecord& record) {
  const std::string field = record.field.empty() ? "" : fmt::format(" in {}", record.field);
  return fmt::format("line {} at byte {}: {}{}: {}", format_count(record.line.value()),
                     format_count(record.offset.value()), to_string(record.reason), field,
                     printable_beginning(record.raw));
}

class RejectWriter::Impl {
 public:
  explicit Impl(const std::filesystem::path& path) : name_(path.string()) {
    errno = 0;
    file_ = gzopen(name_.c_str(), kOpenMode);
    if (file_ == nullptr) fail(errno == 0 ? ENOMEM : errno);
    gzbuffer(file_, kBufferBytes);
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() {
    if (file_ != nullptr) gzclose(file_);
  }

  void write(std::string_view line) {
    errno = 0;
    if (gzfwrite(line.data(), 1, line.size(), file_) != line.size()) fail(errno);
  }

  void close() {
    if (file_ == nullptr) return;
    errno = 0;
    if (gzclose(std::exchange(file_, nullptr)) != Z_OK) fail(errno);
  }

 private:
  [[noreturn]] void fail(int error) const {
    throw EnvironmentError(fmt::format("The rejects cannot be written to {}: {}.", name_,
                                       error == 0 ? "zlib failed" : std::strerror(error)));
  }

  std::string name_;
  gzFile file_ = nullptr;
};

RejectWriter::RejectWriter(const std::filesystem::path& path) : impl_(std::make_unique<Impl>(path)) {}
RejectWriter::~RejectWriter() = default;

void RejectWriter::write(const RejectRecord& record, std::string_view input) {
  impl_->write(to_json_line(record, input));
}

void RejectWriter::close() { impl_->close(); }

}  // namespace chatload::report
