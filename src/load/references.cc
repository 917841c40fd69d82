#include "load/references.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/csv_reader.h"
#include "base/errors.h"
#include "base/json_scalar.h"
#include "inflate/decoded_stream.h"
#include "load/reference_filling.h"
#include "mapping/path_text.h"
#include "mapping/syntax_error.h"
#include "mysql/control_connection.h"
#include "mysql/retry_policy.h"
#include "mysql/session.h"
#include "mysql/sql_text.h"
#include "parse/range_parser.h"
#include "pipeline/input_ranges.h"
#include "pipeline/memory_plan.h"
#include "source/input.h"
#include "source/opener.h"

namespace chatload::load {
namespace {

using mapping::Lookup;
using Value = ReferenceFilling::Value;

// What stands in a row for a field that its record does not have: it is no UTF-8, so that no record has it.
constexpr std::string_view kNoValue = "\xff";

// A query may join and sort for a long time before its first row.
constexpr std::uint32_t kQueryTimeoutSeconds = 3'600;

class Reader {
 public:
  Reader(const cli::ReadPlan& read, const ReferenceServer* server, const StopSignal& stop)
      : read_(read), server_(server), stop_(stop) {}

  [[nodiscard]] ReferenceFilling read(const Lookup& lookup, std::size_t bytes_max) const {
    std::string_view bare = lookup.file;
    if (source::is_remote(bare)) bare = bare.substr(0, bare.find('?'));
    for (const std::string_view suffix : {".gz", ".zst"}) {
      if (bare.ends_with(suffix)) bare.remove_suffix(suffix.size());
    }
    if (!lookup.query.empty()) return read_query(lookup, bytes_max);
    if (bare.ends_with(".csv")) return read_csv(lookup, ',', bytes_max);
    if (bare.ends_with(".tsv")) return read_csv(lookup, '\t', bytes_max);
    return read_json(lookup, bytes_max);
  }

 private:
  [[nodiscard]] std::unique_ptr<source::ByteSource> open(const Lookup& lookup) const {
    return read_.opener->open(lookup.file, stop_.fd())->open(stop_.fd());
  }

  void require_no_stop() const {
    if (stop_.requested()) throw Interrupted();
  }

  [[nodiscard]] ReferenceFilling read_csv(const Lookup& lookup, char separator, std::size_t bytes_max) const {
    ReferenceFilling filling(lookup, "line", bytes_max);
    const auto stream = inflate::open_decoded(open(lookup), read_.inflater, {}, pipeline::window_of(read_));
    CsvReader csv([&](std::span<char> out) { return stream->read(out); }, separator, read_.split.line_bytes_max);
    std::vector<CsvField> fields;
    try {
      const bool has_names = csv.next(fields);
      require_no_stop();
      if (!has_names) filling.fail(1, "the names of the fields are missing");
      const std::vector<CsvField> names = fields;
      const auto place_of = [&](const std::string& name) {
        const auto found = std::find_if(names.begin(), names.end(), [&](const auto& one) { return one.text == name; });
        if (found == names.end()) filling.fail(csv.line(), fmt::format("there is no field `{}`", name));
        return static_cast<std::size_t>(found - names.begin());
      };
      const std::size_t key = place_of(lookup.key);
      std::vector<std::size_t> places;
      places.reserve(lookup.fields.size());
      for (const std::string& field : lookup.fields) places.push_back(place_of(field));
      while (csv.next(fields)) {
        require_no_stop();
        if (fields.size() != names.size()) {
          filling.fail(csv.line(),
                       fmt::format("there are {} fields, where the first line has {}", fields.size(), names.size()));
        }
        std::vector<Value> values;
        values.reserve(places.size());
        for (const std::size_t place : places) values.push_back(value_of(fields[place]));
        filling.add(value_of(fields[key]), values, csv.line());
      }
    } catch (const CsvError& error) {
      require_no_stop();
      filling.fail(error.line(), error.what());
    }
    return filling;
  }

  // An empty field without quotes is NULL.
  [[nodiscard]] static Value value_of(const CsvField& field) {
    if (field.text.empty() && !field.is_quoted) return std::nullopt;
    return field.text;
  }

  // Objects that follow one another, or are in an array.
  [[nodiscard]] ReferenceFilling read_json(const Lookup& lookup, std::size_t bytes_max) const {
    ReferenceFilling filling(lookup, "record", bytes_max);
    cli::ReadPlan read = read_;
    read.mapping = std::make_shared<mapping::Mapping>(fields_of(lookup));
    pipeline::InputRanges ranges(open(lookup), read, stop_);
    parse::RangeParser parser(*read.mapping, {}, static_cast<std::uint32_t>(read.split.line_bytes_max));
    parse::ParsedRange parsed;
    std::uint64_t records = 0;
    std::vector<bool> is_there(lookup.fields.size());  // in some record
    while (std::optional<split::Range> next = ranges.next(std::move(parsed.range))) {
      require_no_stop();
      parsed.range = std::move(*next);
      parser.parse(parsed);
      if (!parsed.rejects.empty()) {
        const parse::RejectedLine& reject = parsed.rejects.front();
        filling.fail(records + reject.line.line_index + 1,
                     fmt::format("the record is {}{}", to_string(reject.reason),
                                 reject.field == parse::kNoField
                                     ? ""
                                     : fmt::format(" in `{}`", read.mapping->columns[reject.field].name)));
      }
      for (std::size_t row = 0; row < parsed.rows.rows(); ++row) {
        std::vector<Value> values;
        for (const parse::Cell& cell : parsed.rows.row(row)) {
          values.push_back(cell.is_borrowed() ? Value(cell.as_text()) : std::nullopt);
        }
        for (std::size_t field = 0; field < is_there.size(); ++field) {
          Value& value = values[1 + field];
          if (value == kNoValue) {
            value = std::nullopt;
          } else {
            is_there[field] = true;
          }
        }
        filling.add(values.front(), std::span(values).subspan(1), records + parsed.rows.lines[row].line_index + 1);
      }
      records += parsed.counts.lines;
    }
    require_no_stop();
    const auto absent = std::find(is_there.begin(), is_there.end(), false);
    if (records > 0 && absent != is_there.end()) {
      throw LoadError(
          fmt::format("{}: there is no field `{}`, in any record. Correct it, and run the same command again.",
                      lookup.file, lookup.fields[static_cast<std::size_t>(absent - is_there.begin())]));
    }
    return filling;
  }

  // The key and the fields, as texts.
  [[nodiscard]] mapping::Mapping fields_of(const Lookup& lookup) const {
    mapping::Mapping mapping;
    mapping.records.kind = begins_with_array(lookup) ? RecordForm::Kind::kElements : RecordForm::Kind::kValues;
    const auto add = [&](const std::string& name, const std::string& type, std::uint8_t accepts) -> mapping::Column& {
      mapping::Column column;
      column.name = name;
      column.type = mapping::parse_sql_type(type);
      column.accepts = accepts;
      column.paths.push_back({.when = "", .steps = steps_of(lookup, name)});
      return mapping.columns.emplace_back(std::move(column));
    };
    add(lookup.key, "LONGTEXT NOT NULL", mapping::kStrings | mapping::kIntegers);
    for (const std::string& field : lookup.fields) {
      add(field, "LONGTEXT", mapping::kAnyValue & ~mapping::kContainers).type.default_text = kNoValue;
    }
    return mapping;
  }

  // A name that begins with `$` is a path.
  [[nodiscard]] static std::vector<PathStep> steps_of(const Lookup& lookup, const std::string& name) {
    if (!name.starts_with('$')) return {name};
    try {
      return mapping::parse_path(name);
    } catch (const mapping::SyntaxError& error) {
      throw UsageError(fmt::format("{}: `{}` of the lookup '{}': {}.", lookup.file, name, lookup.name, error.what()));
    }
  }

  [[nodiscard]] bool begins_with_array(const Lookup& lookup) const {
    const auto stream = inflate::open_decoded(open(lookup), read_.inflater, {}, pipeline::window_of(read_));
    for (char byte = ' '; stream->read({&byte, 1}) == 1;) {
      const bool is_in_front = is_json_space(byte) || static_cast<unsigned char>(byte) >= 0x80;  // a byte order mark
      if (!is_in_front) return byte == '[';
    }
    return false;
  }

  [[nodiscard]] ReferenceFilling read_query(const Lookup& lookup, std::size_t bytes_max) const {
    if (server_ == nullptr) {
      throw UsageError(fmt::format(
          "The lookup '{}' is a query, and this command has no server that it could ask. Give `check` its server with "
          "--limits-from, or give the lookup a file.",
          lookup.name));
    }
    std::string names = mysql::quote_identifier(lookup.key);
    for (const std::string& field : lookup.fields) names += ", " + mysql::quote_identifier(field);
    std::string query = lookup.query;
    query.resize(query.find_last_not_of("; \t\r\n") + 1);
    const std::string sql = fmt::format("SELECT {} FROM ({}\n) AS `lookup`", names, query);
    mysql::RetryPolicy retry(server_->retry_for, stop_);
    mysql::ControlConnection control([&] { return mysql::Session::connect(server_->endpoint, kQueryTimeoutSeconds); },
                                     retry, stop_);
    // From the beginning where the connection is lost.
    return control.run([&](mysql::Session& session) {
      ReferenceFilling filling(lookup, "row", bytes_max);
      std::uint64_t number = 0;
      try {
        session.for_each(sql, [&](const mysql::Row& row) {
          require_no_stop();
          const std::vector<Value> values(row.begin(), row.end());
          filling.add(values.front(), std::span(values).subspan(1), ++number);
        });
      } catch (const mysql::StatementError& error) {
        if (retry.may_redo(error)) throw;
        throw LoadError(fmt::format("{} is refused by the server: {}. Correct it, and run the same command again.",
                                    name_of_data(lookup), error.what()));
      }
      return filling;
    });
  }

  const cli::ReadPlan& read_;
  const ReferenceServer* server_;
  const StopSignal& stop_;
};

}  // namespace

void read_references(cli::ReadPlan& read, const ReferenceServer* server, const StopSignal& stop) {
  if (read.mapping->lookups.empty()) return;
  auto mapping = std::make_shared<mapping::Mapping>(*read.mapping);
  const Reader reader(read, server, stop);
  std::size_t bytes_left = read.lookup_bytes_max();
  for (std::size_t index = 0; index < mapping->lookups.size(); ++index) {
    ReferenceFilling filling = reader.read(mapping->lookups[index], bytes_left);
    if (stop.requested()) throw Interrupted();
    mapping->lookups[index].take(filling.complete(mapping->columns, index));
    bytes_left -= std::min(bytes_left, mapping->lookups[index].table->memory_bytes());
  }
  read.mapping = std::move(mapping);
}

}  // namespace chatload::load
