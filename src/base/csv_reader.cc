#include "base/csv_reader.h"

#include <utility>

#include "base/byte_order_mark.h"

namespace chatload {
namespace {

constexpr std::size_t kBufferBytes = std::size_t{64} * 1024;

}  // namespace

CsvReader::CsvReader(Read read, char separator, std::size_t record_bytes_max)
    : read_(std::move(read)), separator_(separator), record_bytes_max_(record_bytes_max), buffer_(kBufferBytes) {}

bool CsvReader::next(std::vector<CsvField>& fields) {
  if (std::exchange(is_at_front_, false)) {
    for (const char byte : kByteOrderMark) {
      if (peek() != static_cast<unsigned char>(byte)) break;
      take();
    }
  }
  while (is_at_line_end()) take();
  if (peek() == kEnd) return false;
  record_line_ = line_;
  record_bytes_ = 0;
  fields.clear();
  for (;;) {
    read_field(fields.emplace_back());
    if (peek() != static_cast<unsigned char>(separator_)) break;
    count_byte();
    take();
  }
  if (peek() == '\r') take();
  if (peek() != kEnd && take() != '\n') throw CsvError(line_, "there is more after a closing quote");
  return true;
}

void CsvReader::read_field(CsvField& field) {
  if (peek() == '"') return read_quoted(field);
  while (peek() != kEnd && peek() != static_cast<unsigned char>(separator_) && !is_at_line_end()) {
    if (peek() == '"') throw CsvError(line_, "a quote is inside of a field that does not begin with one");
    append(field, take());
  }
}

void CsvReader::append(CsvField& field, int byte) {
  count_byte();
  field.text += static_cast<char>(byte);
}

void CsvReader::count_byte() {
  if (record_bytes_++ < record_bytes_max_) return;
  throw CsvError(record_line_, "a record is too long, or a quoted field does not end");
}

void CsvReader::read_quoted(CsvField& field) {
  const std::uint64_t line = line_;
  field.is_quoted = true;
  take();
  for (;;) {
    const int byte = take();
    if (byte == kEnd) throw CsvError(line, "a quoted field does not end");
    if (byte == '"') {
      if (peek() != '"') return;
      take();
    }
    append(field, byte);
  }
}

// A '\r' is a part of the field unless a line ends with it.
bool CsvReader::is_at_line_end() {
  if (peek() != '\r') return peek() == '\n';
  if (begin_ + 1 == end_) {  // what is behind it is not read yet
    buffer_.front() = '\r';
    begin_ = 0;
    end_ = 1 + read_(std::span(buffer_).subspan(1));
  }
  return begin_ + 1 == end_ || buffer_[begin_ + 1] == '\n';
}

int CsvReader::peek() {
  if (begin_ == end_) {
    begin_ = 0;
    end_ = read_(buffer_);
  }
  return begin_ == end_ ? kEnd : static_cast<unsigned char>(buffer_[begin_]);
}

int CsvReader::take() {
  const int byte = peek();
  if (byte == kEnd) return kEnd;
  ++begin_;
  if (byte == '\n') ++line_;
  return byte;
}

}  // namespace chatload
