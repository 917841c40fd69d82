// Comma-separated values (RFC 4180), record by record.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace chatload {

// what(): half a sentence, such as "a quoted field does not end".
class CsvError : public std::runtime_error {
 public:
  CsvError(std::uint64_t line, const std::string& what) : std::runtime_error(what), line_(line) {}

  [[nodiscard]] std::uint64_t line() const { return line_; }  // from 1

 private:
  std::uint64_t line_;
};

struct CsvField {
  std::string text;
  bool is_quoted = false;
};

// Lines end with "\n" or "\r\n"; a byte order mark in front is skipped, and so are empty lines.
class CsvReader {
 public:
  // Fills the span with what comes next, and returns how many bytes; 0 at the end.
  using Read = std::function<std::size_t(std::span<char>)>;

  // record_bytes_max: of a record, its separators counted.
  CsvReader(Read read, char separator, std::size_t record_bytes_max);

  // The fields of the next record; false at the end. Throws CsvError, and what `read` throws.
  [[nodiscard]] bool next(std::vector<CsvField>& fields);

  // With which the last record began, from 1.
  [[nodiscard]] std::uint64_t line() const { return record_line_; }

 private:
  static constexpr int kEnd = -1;

  [[nodiscard]] int peek();
  int take();
  void read_field(CsvField& field);
  void append(CsvField& field, int byte);
  void count_byte();
  void read_quoted(CsvField& field);
  [[nodiscard]] bool is_at_line_end();

  const Read read_;
  const char separator_;
  const std::size_t record_bytes_max_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::uint64_t line_ = 1;
  std::uint64_t record_line_ = 0;
  std::size_t record_bytes_ = 0;  // of the record at hand
  bool is_at_front_ = true;
};

}  // namespace chatload
