// Which JSON value becomes which column of which table: data, so that another log is another file.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/load_modes.h"
#include "base/record_form.h"
#include "mapping/reference_table.h"
#include "mapping/sql_type.h"
#include "mapping/time_format.h"

namespace chatload::mapping {

// Kinds of JSON values, as bits.
enum JsonKinds : std::uint8_t {
  kStrings = 1,
  kIntegers = 2,
  kNumbers = 4,  // with a fraction or an exponent
  kBooleans = 8,
  kContainers = 16,  // objects and arrays
  kAnyValue = 31,
};

// How bytes stand in a JSON string. kNone: as UTF-8.
enum class Decode : std::uint8_t { kNone, kHex, kBase64, kUuid };

// Where a value stands, from the record's root: {"data", "message"} is $.data.message. Used for records whose kind
// (Mapping::kind) equals `when`, or for all where `when` is empty.
struct Path {
  std::string when;
  std::vector<PathStep> steps;
};

// Where a column's value comes from.
enum class Origin : std::uint8_t {
  kRecord,    // what stands at its path in the record
  kDocument,  // what stands at its path in the document, in front of the array of records
  kUnknown,   // the record without what columns take
  kConstant,  // the mapping
  kSource,    // the input's name
  kLine,      // the record's number in its input, from 1
  kOffset,    // the place of the record's first byte in the input's text, from 0
  kLoad,      // the load's number; 0 where there is none
  kLoadedAt,  // when the load began
};

// What becomes of a record with a value that a lookup has no row for.
enum class LookupMissing : std::uint8_t { kReject, kNull, kFilter };

inline constexpr std::array<std::pair<std::string_view, LookupMissing>, 3> kLookupMissing{
    {{"reject", LookupMissing::kReject}, {"null", LookupMissing::kNull}, {"filter", LookupMissing::kFilter}}};

// Reference data (docs/mapping.md).
struct Lookup {
  std::string name;
  std::string file;                 // of CSV or JSON, from the mapping's own folder on, or an object's URL
  std::string query;                // instead
  std::string key;                  // the field whose values are looked up
  std::vector<std::string> fields;  // that columns take
  LookupMissing missing = LookupMissing::kReject;
  std::shared_ptr<const ReferenceTable> table;  // with those fields; null until it is read, and once it is let go of
  std::string digest;                           // of the table that was read

  void take(std::shared_ptr<const ReferenceTable> data) {
    digest = data->digest();
    table = std::move(data);
  }
};

// What a column takes of one.
struct LookupField {
  std::size_t lookup;
  std::size_t field;
};

struct Column {
  std::string name;  // also the field's name in rejects
  // What it is declared as; of a table that is there, what that has (table/table_info.h).
  SqlType type;
  Origin origin = Origin::kRecord;
  std::vector<Path> paths;            // of kRecord
  std::vector<PathStep> outer;        // of kDocument, from the document's root
  std::optional<LookupField> lookup;  // what stands at its path is looked up there
  std::string constant;               // of kConstant
  std::uint8_t accepts = kStrings;    // JsonKinds
  std::vector<TimeFormat> times;      // of a time, tried in order
  bool takes_epoch_texts = false;     // a string of digits is an epoch, too
  Decode decode = Decode::kNone;
  bool is_required = false;          // a record without it is rejected, whatever the type allows
  bool may_be_empty = true;          // an empty string is a reason to reject otherwise
  std::vector<std::string> null_if;  // strings that stand for NULL
  bool has_lost_null = false;        // the table's column refuses NULL, which the declaration allows

  // What stands for a value that is not there: the default, or NULL.
  [[nodiscard]] bool has_substitute() const { return type.is_nullable || type.default_text.has_value(); }
  [[nodiscard]] bool may_be_missing() const { return !is_required && has_substitute(); }
};

// How the values of a key's column become bytes that are equal exactly where the server calls the values equal.
enum class KeyForm : std::uint8_t {
  kBytes,   // text or bytes, as they are
  kPadded,  // text without the spaces at its end
  kNumber,  // an integer
  kTime,
  kNone,  // in no way that is known here
};

// A column of the key.
struct KeyPart {
  std::size_t column;
  KeyForm form;
};

// A record passes where the column's value is one of these.
struct Condition {
  std::string column;
  std::vector<std::string> values;
};

// A record passes where this holds of the column's value, too. Of NULL nothing does but kIsNull, as in SQL.
struct Bound {
  enum class Kind : std::uint8_t { kNotIn, kAbove, kBelow, kAtLeast, kAtMost, kIsNull, kIsNotNull };

  std::string column;
  Kind kind = Kind::kIsNotNull;
  std::vector<std::string> values;  // of kNotIn; of those that order, one: a number as it is written
  std::int64_t microseconds = 0;    // instead, of a time
};

inline constexpr std::size_t kColumnsMax = 250;
inline constexpr std::size_t kKeyBytesMax = 3'072;     // of an index (InnoDB, DYNAMIC rows)
inline constexpr std::size_t kKeyCharactersMax = 768;  // of a text in it, in utf8mb4

// Immutable once it is made. Columns are checked in their order, the kind's first.
struct Mapping {
  std::string table;
  RecordForm records;
  std::vector<Column> columns;
  std::vector<KeyPart> key;         // what makes two records duplicates, in the index's order; empty: nothing does
  std::optional<std::size_t> kind;  // of the column that says what kind of record it is; it is text
  std::optional<std::size_t> time;  // of the column that --since and --until compare
  std::optional<OnDuplicate> on_duplicate;  // where no flag says otherwise
  bool rejects_unknown = false;             // a record with a field that no column takes
  std::vector<Lookup> lookups;
  std::vector<std::vector<std::string>> indexes;
  std::vector<Condition> only;  // all must hold, else the record is filtered
  std::vector<Bound> bounds;    // and all of these

  // The index of the column; nothing where there is none of that name.
  [[nodiscard]] std::optional<std::size_t> column_of(std::string_view name) const;
};

// "lines", "values" or "$.Records[*]"
[[nodiscard]] std::string to_string(const RecordForm& records);

// "$.data.message"
[[nodiscard]] std::string to_string(const Path& path);

// Whether some column's value comes from there.
[[nodiscard]] bool has_origin(const Mapping& mapping, Origin origin);

// What a column has that is not of a record: "source", "line", "offset", "load", "loaded_at".
inline constexpr std::array<std::pair<std::string_view, Origin>, 5> kMetaOrigins{{{"source", Origin::kSource},
                                                                                  {"line", Origin::kLine},
                                                                                  {"offset", Origin::kOffset},
                                                                                  {"load", Origin::kLoad},
                                                                                  {"loaded_at", Origin::kLoadedAt}}};

// The shortest record that passes, with its line end, as far as that is known: a bound for how many a text holds.
[[nodiscard]] std::size_t record_bytes_min(const Mapping& mapping);

// Of how many bytes of text, on average, the records of a range are at least, or it ends earlier, so that rows of short
// records with many columns do not take many times their bytes; 0 where no record is that short. A load records it, as
// it decides where ranges end.
[[nodiscard]] std::size_t bytes_a_record(const Mapping& mapping);

// Of a column that is declared so, with the collation that table_ddl.h gives it; the table says more.
[[nodiscard]] KeyForm key_form(const SqlType& type);

// Whether the bytes of all parts say which keys are equal. False where there is no key.
[[nodiscard]] bool has_exact_key(const Mapping& mapping);

// Whether the key is a text, an id.
[[nodiscard]] bool has_one_text_key(const Mapping& mapping);

// The names of the key's columns.
[[nodiscard]] std::vector<std::string> key_names(const Mapping& mapping);

// In how many columns a part of a record may stand at most, as their paths lead to it or to what holds it.
[[nodiscard]] std::size_t copies_max(const Mapping& mapping);

// What a condition on the column compares for a value that people write: `true` is 1. Nothing where the column never
// has it, and which values it has.
[[nodiscard]] std::optional<std::string> compared_value(const Column& column, std::string_view value);
[[nodiscard]] std::string possible_values(const SqlType& type);

// What an index on these columns is called.
[[nodiscard]] std::string index_name(const std::vector<std::string>& columns);

// A line each for everything that decides what becomes of a record: two mappings are the same where these are.
[[nodiscard]] std::vector<std::string> outline_of(const Mapping& mapping);
inline constexpr std::string_view kLookupOutline = "lookup ";        // begins a lookup's line
inline constexpr std::string_view kDigestOutline = " digest ";       // in front of the end of it
inline constexpr std::string_view kRecordsOutline = "records ";      // begins the line of records that are no lines
inline constexpr std::string_view kNoKeyOutline = "no primary_key";  // the line of a mapping without a key

}  // namespace chatload::mapping
