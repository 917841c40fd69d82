// Rows → what the server takes, three ways: the text of INSERTs, the records of LOAD DATA, the values of a prepared
// INSERT. MB/s are of the rows' text. Each way must give back the rows that it was given before it is timed.
//
//   chatload_bench --benchmark_filter=Statement --benchmark_repetitions=5 --benchmark_report_aggregates_only
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <array>
#include <numeric>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "mapping/mapping_file.h"
#include "write/record_stream.h"
#include "write/statement_builder.h"

namespace chatload::write {
namespace {

constexpr std::size_t kRows = 20'000;  // a range of 4 MiB has about as many
constexpr std::size_t kBytesMax = 16'000'000;
constexpr char kEndOfValue = '\1';

enum Shape : std::int64_t {
  kSeed,    // as the seed log has them: about 110 bytes, no escapes
  kEscapes  // the same, but with a quote, a backslash and a tab in each message
};

// A range's rows, and what is to be found in whatever is made of them.
struct Rows {
  mapping::Mapping mapping = mapping::chat_mapping();
  std::string texts;
  parse::RowBatch batch;
  std::vector<std::uint32_t> order;
  std::string values;  // each with kEndOfValue behind it
  std::size_t value_bytes = 0;
};

Rows make_rows(Shape shape) {
  std::mt19937_64 random(42);
  Rows rows;
  rows.batch.layout = parse::layout_of(rows.mapping);
  rows.texts.reserve(kRows * 256);  // so that they stay where they are
  rows.order.resize(kRows);
  std::iota(rows.order.begin(), rows.order.end(), 0U);
  const auto add = [&](std::string_view text) {
    const std::size_t begin = rows.texts.size();
    rows.texts += text;
    rows.batch.cells.push_back(parse::Cell::text(std::string_view(rows.texts).substr(begin)));
    rows.values.append(text) += kEndOfValue;
  };
  for (std::size_t row = 0; row < kRows; ++row) {
    for (const mapping::Column& column : rows.mapping.columns) {
      if (column.type.is_time()) {
        rows.batch.cells.push_back(
            parse::Cell::time((1'479'816'000 + static_cast<std::int64_t>(row % 60)) * 1'000'000));
        rows.values += fmt::format("2016-11-22 12:00:{:02}{}", row % 60, kEndOfValue);
      } else if (column.name == "id") {
        add(fmt::format("{:08x}-{:04x}-11e6-{:04x}-{:012x}", random() & 0xffffffff, random() & 0xffff,
                        random() & 0xffff, random() & 0xffffffffffff));
      } else if (column.name == "data") {
        add(shape == kEscapes ? "hello, it's \\ a tab\there, how can I help?"
                              : "hello there, how can I help you today?");
      } else {
        add(fmt::format("{}{}", column.name, random() % 1'000));
      }
    }
    rows.batch.lines.push_back({});
  }
  rows.value_bytes = rows.values.size() - kRows * rows.batch.layout.columns;
  return rows;
}

// The ways: make() calls take(text) for each piece that would be sent; read() gives back a piece's values.

class TextInserts {
 public:
  explicit TextInserts(const Rows& rows)
      : rows_(rows), builder_(rows.mapping, OnDuplicate::kSkip, mysql::Server::kMysql) {}

  template <typename Take>
  void make(const Take& take) {
    for (std::span<const std::uint32_t> rest = rows_.order; !rest.empty();) {
      rest = rest.subspan(builder_.build(rows_.batch, rest, {.rows_max = kRows, .bytes_max = kBytesMax}, sql_));
      take(sql_);
    }
  }

  // Literals, from the first row on to the end of the last.
  static void read(std::string_view sql, std::string& values) {
    sql = sql.substr(sql.find(" VALUES "));
    for (std::size_t at = sql.find('\''); at != std::string_view::npos; at = sql.find('\'', at)) {
      for (++at; sql[at] != '\''; ++at) values += sql[at] == '\\' ? sql[++at] : sql[at];
      ++at;
      values += kEndOfValue;
    }
  }

 private:
  const Rows& rows_;
  StatementBuilder builder_;
  std::string sql_;
};

class LoadDataRecords {
 public:
  explicit LoadDataRecords(const Rows& rows)
      : rows_(rows), builder_(rows.mapping, OnDuplicate::kSkip, mysql::Server::kMysql) {}

  template <typename Take>
  void make(const Take& take) {
    RecordStream records(builder_, rows_.batch, rows_.order, memory_);
    while (const std::size_t bytes = records.read(piece_)) take(std::string_view(piece_).substr(0, bytes));
  }

  static void read(std::string_view text, std::string& values) {
    for (std::size_t at = 0; at < text.size(); ++at) {
      if (text[at] == '\\') {
        values += text[++at] == 't' ? '\t' : text[at];
      } else {
        values += text[at] == '\t' || text[at] == '\n' ? kEndOfValue : text[at];
      }
    }
  }

 private:
  const Rows& rows_;
  StatementBuilder builder_;
  std::string memory_;
  std::string piece_ = std::string(std::size_t{64} * 1024, 0);  // whole records fit
};

// The client library copies the values that it is given into one buffer, each behind its length; so does this.
class BoundValues {
 public:
  explicit BoundValues(const Rows& rows)
      : rows_(rows), builder_(rows.mapping, OnDuplicate::kSkip, mysql::Server::kMariadb) {}

  template <typename Take>
  void make(const Take& take) {
    std::vector<mysql::BoundValue> values(rows_.batch.layout.columns);
    for (std::span<const std::uint32_t> rest = rows_.order; !rest.empty();) {
      const std::size_t rows = builder_.rows_within(rows_.batch, rest, {.rows_max = kRows, .bytes_max = kBytesMax});
      packet_.clear();
      for (const std::uint32_t row : rest.first(rows)) {
        builder_.bind(rows_.batch.row(row), values, times_);
        for (const mysql::BoundValue& value : values) {
          (packet_ += static_cast<char>(value->size())).append(*value);
        }
      }
      take(packet_);
      rest = rest.subspan(rows);
    }
  }

  static void read(std::string_view packet, std::string& values) {
    while (!packet.empty()) {
      const auto bytes = static_cast<unsigned char>(packet[0]);
      values.append(packet.substr(1, bytes)) += kEndOfValue;
      packet.remove_prefix(1 + bytes);
    }
  }

 private:
  const Rows& rows_;
  StatementBuilder builder_;
  std::string times_;
  std::string packet_;
};

template <typename Way>
void BM_Statement(benchmark::State& state) {
  const Rows rows = make_rows(static_cast<Shape>(state.range(0)));
  Way way(rows);
  std::string values;
  way.make([&](std::string_view piece) { Way::read(piece, values); });
  if (values != rows.values) {
    state.SkipWithError("it does not give back the rows");
    return;
  }
  for (auto _ : state) {
    way.make([](std::string_view piece) { benchmark::DoNotOptimize(piece.data()); });
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * rows.value_bytes));
}

BENCHMARK(BM_Statement<TextInserts>)->ArgName("shape")->Arg(kSeed)->Arg(kEscapes);
BENCHMARK(BM_Statement<LoadDataRecords>)->ArgName("shape")->Arg(kSeed)->Arg(kEscapes);
BENCHMARK(BM_Statement<BoundValues>)->ArgName("shape")->Arg(kSeed)->Arg(kEscapes);

}  // namespace
}  // namespace chatload::write
