#include "mapping/mapping_file.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "base/errors.h"
#include "base/lower.h"
#include "base/utf8.h"
#include "chat_mapping_toml.h"
#include "mapping/column_reader.h"
#include "mapping/condition_reader.h"
#include "mapping/node_reader.h"
#include "mapping/path_text.h"
#include "mapping/syntax_error.h"

namespace chatload::mapping {
namespace {

constexpr std::uintmax_t kFileBytesMax = 1 << 20;
constexpr std::size_t kOutlineBytesMax = 32'000;  // quoted, it fits the ledger's TEXT
constexpr std::size_t kDigestBytes = 32;          // of a lookup that is read

bool can_be_indexed(const SqlType& type) {
  const bool is_large = type.name.ends_with("TEXT") || type.name.ends_with("BLOB");
  return type.kind != TypeKind::kJson && !is_large;
}

// What it takes of an index at most; of other charsets the server says.
std::size_t key_bytes_max(const SqlType& type) {
  constexpr std::size_t kDecimalBytesMax = 30;
  if (type.kind == TypeKind::kBytes) return type.bytes_max;
  if (!type.is_text()) return type.kind == TypeKind::kDecimal ? kDecimalBytesMax : 16;
  const bool is_of_four_bytes = type.charset.empty() || type.charset == "utf8mb4";
  return (is_of_four_bytes ? 4 : 1) * type.characters_max;
}

class Reader : NodeReader {
 public:
  Reader(std::string_view file, const std::optional<RecordForm>& records, const DeclaredTypes& types)
      : NodeReader(file), records_(records), types_(types) {}

  Mapping read(const toml::table& root) {
    require_known(root,
                  {"table", "records", "primary_key", "indexes", "time", "kind", "null_if", "on_duplicate", "unknown",
                   "column", "lookup", "only"},
                  "");
    const toml::node& table = required(root, "table", "the mapping");
    mapping_.table = name_of(table, "a table's name");
    if (lower(mapping_.table).starts_with("chatload_")) fail(table, "names that begin with chatload_ are the ledger's");
    if (const toml::node* records = root.get("records")) read_records(*records);
    if (records_) mapping_.records = *records_;
    if (const toml::node* texts = root.get("null_if")) null_if_ = texts_of(*texts);
    if (const toml::node* unknown = root.get("unknown")) read_unknown(*unknown);
    if (const toml::node* lookups = root.get("lookup")) read_lookups(*lookups);
    read_columns(root);
    const bool has_types = std::all_of(mapping_.columns.begin(), mapping_.columns.end(),
                                       [](const Column& column) { return column.type.is_known(); });
    if (!has_types) return std::move(mapping_);
    if (unknown_ != nullptr && !has_origin(mapping_, Origin::kUnknown))
      static_cast<void>(index_of(mapping_, *unknown_));
    for (const Lookup& lookup : mapping_.lookups) {
      if (lookup.fields.empty()) fail(*root.get("lookup"), fmt::format("no column takes a field of '{}'", lookup.name));
    }
    read_key(root);
    if (const toml::node* kind = root.get("kind")) {
      mapping_.kind = index_of(mapping_, *kind);
      const Column& column = mapping_.columns[*mapping_.kind];
      if (!column.type.is_text()) fail(*kind, "the column that says the kind has to be text");
      const bool has_one_path = column.origin == Origin::kRecord && column.paths.front().when.empty();
      if (!has_one_path) fail(*kind, "the column that says the kind has one path for all kinds");
    }
    if (const toml::node* time = root.get("time")) {
      mapping_.time = index_of(mapping_, *time);
      if (!mapping_.columns[*mapping_.time].type.is_time()) {
        fail(*time, "the column that --since and --until compare has to be a DATE, DATETIME or TIMESTAMP");
      }
    }
    if (const toml::node* mode = root.get("on_duplicate")) read_duplicate_mode(*mode);
    if (const toml::node* indexes = root.get("indexes")) read_indexes(*indexes);
    if (const toml::node* only = root.get("only")) ConditionReader(file_, mapping_).read(*only);
    if (kinds_at_ != nullptr && !mapping_.kind) {
      fail(*kinds_at_, "a path by kind needs `kind` at the top, the column that says which");
    }
    std::size_t outline_bytes = mapping_.lookups.size() * kDigestBytes;
    for (const std::string& line : outline_of(mapping_)) outline_bytes += line.size();
    if (outline_bytes > kOutlineBytesMax) {
      fail(root, fmt::format("the mapping is too large for the ledger: what it says comes to {} bytes, and {} are kept",
                             outline_bytes, kOutlineBytesMax));
    }
    return std::move(mapping_);
  }

 private:
  void read_records(const toml::node& node) {
    try {
      mapping_.records = parse_records(text_of(node));
    } catch (const SyntaxError& error) {
      fail_inside(node, error.at_bytes(), error.what());
    }
  }

  void read_columns(const toml::table& root) {
    std::set<std::string> names;
    ColumnReader reader(file_, mapping_, types_, null_if_, unknown_);
    for (const toml::table* table : tables_of(required(root, "column", "the mapping"), "column")) {
      if (mapping_.columns.size() == kColumnsMax)
        fail(*table, fmt::format("a mapping has up to {} columns", kColumnsMax));
      mapping_.columns.push_back(reader.read(*table));
      if (!names.insert(lower(mapping_.columns.back().name)).second) {
        fail(*table->get("name"), fmt::format("the column '{}' is there twice", mapping_.columns.back().name));
      }
    }
    kinds_at_ = reader.kinds_at();
  }

  void read_lookups(const toml::node& node) {
    for (const toml::table* table : tables_of(node, "lookup")) {
      require_known(*table, {"name", "file", "query", "key", "missing"}, " of a lookup");
      Lookup lookup;
      const toml::node& name = required(*table, "name", "the lookup");
      lookup.name = name_of(name, "a lookup's name");
      if (lookup.name.find('.') != std::string::npos) fail(name, "a lookup's name has no point in it");
      const auto has_name = [&](const Lookup& one) { return one.name == lookup.name; };
      if (std::any_of(mapping_.lookups.begin(), mapping_.lookups.end(), has_name)) {
        fail(name, fmt::format("the lookup '{}' is there twice", lookup.name));
      }
      const toml::node* const file = table->get("file");
      const toml::node* const query = table->get("query");
      if ((file == nullptr) == (query == nullptr)) fail(*table, "a lookup has a `file` or a `query`");
      if (file != nullptr) lookup.file = path_from_here(text_of(*file));
      if (query != nullptr) lookup.query = text_of(*query);
      lookup.key = name_of(required(*table, "key", "the lookup"), "the key of a lookup");
      if (const toml::node* missing = table->get("missing")) lookup.missing = missing_of(*missing);
      mapping_.lookups.push_back(std::move(lookup));
    }
  }

  // Beside the mapping, unless it is a URL or an absolute path.
  [[nodiscard]] std::string path_from_here(const std::string& file) const {
    if (file.find("://") != std::string::npos) return file;
    return (std::filesystem::path(file_).parent_path() / file).string();
  }

  [[nodiscard]] LookupMissing missing_of(const toml::node& node) const {
    for (const auto& [name, missing] : kLookupMissing) {
      if (text_of(node) == name) return missing;
    }
    fail(node, fmt::format("there is no '{}'; there are reject, null, filter", text_of(node)));
  }

  void read_unknown(const toml::node& node) {
    const std::string& text = text_of(node);
    mapping_.rejects_unknown = text == "reject";
    if (text != "ignore" && text != "reject") unknown_ = &node;
  }

  void read_key(const toml::table& root) {
    const toml::node& node = required(root, "primary_key", "the mapping");
    const toml::array* const names = node.as_array();
    if (names == nullptr) fail(node, "primary_key is a list of columns, such as [\"id\"], or [] where there is no key");
    std::size_t bytes = 0;
    for (const toml::node& name : *names) {
      const std::size_t index = index_of(mapping_, name);
      Column& column = mapping_.columns[index];
      if (!can_be_indexed(column.type)) {
        fail(name, fmt::format("{} cannot be a part of the primary key", type_text(column.type)));
      }
      if (column.type.is_nullable) fail(name, "the primary key's columns have to be NOT NULL");
      if (column.type.default_text) fail(name, "the primary key's columns have no DEFAULT");
      const auto is_this = [&](const KeyPart& part) { return part.column == index; };
      if (std::any_of(mapping_.key.begin(), mapping_.key.end(), is_this)) {
        fail(name, fmt::format("the column '{}' is in the primary key twice", column.name));
      }
      bytes += key_bytes_max(column.type);
      if (bytes > kKeyBytesMax) {
        fail(name, fmt::format("a key holds up to {} bytes, which are {} characters in utf8mb4", kKeyBytesMax,
                               kKeyCharactersMax));
      }
      column.is_required = true;
      mapping_.key.push_back({index, key_form(column.type)});
    }
  }

  void read_duplicate_mode(const toml::node& node) {
    if (mapping_.key.empty()) fail(node, "without a primary_key no record is a duplicate");
    for (const OnDuplicate mode : {OnDuplicate::kSkip, OnDuplicate::kReplace, OnDuplicate::kFail}) {
      if (text_of(node) == to_string(mode)) mapping_.on_duplicate = mode;
    }
    if (!mapping_.on_duplicate)
      fail(node, fmt::format("there is no '{}'; there are skip, replace, fail", text_of(node)));
  }

  void read_indexes(const toml::node& node) {
    const toml::array* const indexes = node.as_array();
    if (indexes == nullptr)
      fail(node, "indexes is a list of lists of columns, such as [[\"time\"], [\"site\", \"time\"]]");
    std::set<std::string> names = {"primary"};
    for (const toml::node& one : *indexes) {
      if (!one.is_array()) fail(one, "an index is a list of columns, such as [\"time\"]");
      std::vector<std::string> columns;
      for (const toml::node* name : some(one)) {
        const Column& column = mapping_.columns[index_of(mapping_, *name)];
        if (!can_be_indexed(column.type)) fail(*name, fmt::format("{} cannot be indexed", type_text(column.type)));
        if (std::find(columns.begin(), columns.end(), column.name) != columns.end()) {
          fail(*name, fmt::format("the column '{}' is in the index twice", column.name));
        }
        columns.push_back(column.name);
      }
      const std::string name = index_name(columns);
      if (count_characters(name) > kNameCharactersMax || !names.insert(lower(name)).second) {
        fail(one, fmt::format("the index would be called '{}', which is too long, or another one's name", name));
      }
      mapping_.indexes.push_back(std::move(columns));
    }
  }

  const std::optional<RecordForm>& records_;  // instead of the file's
  const DeclaredTypes& types_;
  Mapping mapping_;
  std::vector<std::string> null_if_;
  const toml::node* unknown_ = nullptr;   // names the column that takes unknown fields
  const toml::node* kinds_at_ = nullptr;  // the first path that depends on the kind
};

}  // namespace

Mapping parse_mapping(std::string_view text, std::string_view name, const std::optional<RecordForm>& records,
                      const DeclaredTypes& types) {
  toml::table root;
  try {
    root = toml::parse(text);
  } catch (const toml::parse_error& error) {
    throw UsageError(fmt::format("{}:{}:{}: {}.", name, error.source().begin.line, error.source().begin.column,
                                 error.description()));
  }
  return Reader(name, records, types).read(root);
}

Mapping read_mapping(const std::filesystem::path& path, const std::optional<RecordForm>& records,
                     const DeclaredTypes& types) {
  std::error_code error;
  errno = std::filesystem::is_directory(path, error) ? EISDIR : 0;
  std::ifstream file;
  if (errno == 0) file.open(path, std::ios::binary);
  if (!file.is_open()) {
    throw UsageError(fmt::format("The mapping {} cannot be read: {}.", path.string(), std::strerror(errno)));
  }
  std::string text(kFileBytesMax + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > kFileBytesMax) throw UsageError(fmt::format("The mapping {} is larger than 1 MiB.", path.string()));
  return parse_mapping(text, path.string(), records, types);
}

const Mapping& chat_mapping() {
  static const Mapping kMapping = parse_mapping(kChatMappingToml, "chat.toml");
  return kMapping;
}

}  // namespace chatload::mapping
