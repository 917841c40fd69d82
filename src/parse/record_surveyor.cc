// LineWalker says first whether a line is JSON; then its tokens can be trusted.
#include "parse/record_surveyor.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>
#include <limits>
#include <utility>

#include "base/digest.h"
#include "base/json_scalar.h"
#include "base/number_text.h"
#include "base/trim.h"
#include "base/utf8.h"
#include "mapping/mapping.h"
#include "mapping/time_format.h"

namespace chatload::parse {
namespace {

constexpr std::size_t kMembersMax = 250;
constexpr std::size_t kExampleBytesMax = 60;
// Hashes are sorted, to find two that are equal, when there are so many, and then twice as many each time.
constexpr std::size_t kFirstSort = 1'024;

// guessed_times(), understood.
const std::vector<mapping::TimeFormat>& time_formats() {
  static const std::vector<mapping::TimeFormat> kFormats = [] {
    std::vector<mapping::TimeFormat> formats;
    std::transform(mapping::guessed_times().begin(), mapping::guessed_times().end(), std::back_inserter(formats),
                   [](const std::string& name) { return mapping::time_format(name).value(); });
    return formats;
  }();
  return kFormats;
}

void see_times(std::string_view text, mapping::FieldValues& values) {
  constexpr std::int64_t kYear1000 = -30'610'224'000'000'000;
  const std::vector<mapping::TimeFormat>& formats = time_formats();
  for (std::size_t i = 0; i < formats.size() && values.times != 0; ++i) {
    const auto bit = static_cast<mapping::TimeMask>(1U << i);
    if ((values.times & bit) == 0) continue;
    const mapping::TimeRead read = mapping::read_time(formats[i], text);
    if (read.fault != mapping::TimeFault::kNone || read.microseconds < kYear1000) {
      values.times = static_cast<mapping::TimeMask>(values.times & ~bit);
    }
  }
  const std::size_t point = text.find('.');
  if ((values.times & 1U) == 0 || point == std::string_view::npos) return;
  const std::size_t end = std::min(text.find_first_not_of("0123456789", point + 1), text.size());
  values.second_digits_max = std::max(values.second_digits_max, static_cast<unsigned>(end - point - 1));
}

void see_integer(std::string_view text, mapping::FieldValues& values) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{}) {
    values.is_beyond_64_bits = true;
    return;
  }
  values.least = std::min(values.least, value);
  values.most = std::max(values.most, value);
}

// Numbers of no more digits than that come back from a double as they went in, unless they are tiny.
constexpr std::size_t kDigitsOfAnyDouble = std::numeric_limits<double>::digits10;

bool is_kept_by_double(std::string_view number) {
  double value = 0;
  if (std::from_chars(number.data(), number.data() + number.size(), value).ec != std::errc{}) return false;
  std::array<char, 32> shortest{};
  const char* const end = std::to_chars(shortest.data(), shortest.data() + shortest.size(), value).ptr;
  return compare_numbers(number, {shortest.data(), end}) == 0;
}

void see_digits(std::string_view text, mapping::FieldValues& values) {
  const std::size_t exponent = text.find_first_of("eE");
  values.has_exponent = values.has_exponent || exponent != std::string_view::npos;
  std::string_view mantissa = text.substr(0, exponent);
  if (mantissa.starts_with('-')) mantissa.remove_prefix(1);
  const std::size_t point = std::min(mantissa.find('.'), mantissa.size());
  values.whole_digits_max = std::max(values.whole_digits_max, static_cast<unsigned>(point));
  const std::size_t behind = mantissa.size() - std::min(point + 1, mantissa.size());
  values.fraction_digits_max = std::max(values.fraction_digits_max, static_cast<unsigned>(behind));
  const bool is_surely_kept = exponent == std::string_view::npos && mantissa.size() <= kDigitsOfAnyDouble;
  if (!is_surely_kept) values.is_beyond_double = values.is_beyond_double || !is_kept_by_double(text);
}

}  // namespace

struct RecordSurveyor::Node {
  std::string key;
  mapping::FieldValues values;
  std::uint64_t objects = 0;                   // with members, which are fields
  std::uint64_t empties = 0;                   // objects without
  std::uint64_t last = 0;                      // the record, from 1, in which it was seen last
  bool is_whole = false;                       // it has too many members for them to be fields
  std::vector<std::unique_ptr<Node>> members;  // in the order in which they were first seen
  std::unordered_map<std::string_view, Node*> by_key;
  std::vector<std::uint64_t> hashes;
  std::size_t next_sort = kFirstSort;

  // Null where there are too many.
  Node* member(std::string_view name) {
    if (const auto known = by_key.find(name); known != by_key.end()) return known->second;
    is_whole = is_whole || members.size() == kMembersMax;
    if (is_whole) return nullptr;
    Node* const node = members.emplace_back(std::make_unique<Node>()).get();
    node->key = name;
    by_key.emplace(node->key, node);
    return node;
  }

  [[nodiscard]] bool has_huge_integer() const {
    return values.is_beyond_64_bits || values.has_huge_inside ||
           std::any_of(members.begin(), members.end(), [](const auto& one) { return one->has_huge_integer(); });
  }

  // Whether two of the hashes are equal.
  bool has_twice() {
    std::sort(hashes.begin(), hashes.end());
    return std::adjacent_find(hashes.begin(), hashes.end()) != hashes.end();
  }

  // Nothing of it is remembered any more; returns how much that was.
  std::size_t forget() {
    values.is_unique = false;
    return std::exchange(hashes, {}).size();
  }
};

RecordSurveyor::RecordSurveyor(std::size_t values_max)
    : no_keys_(mapping::Mapping{}), walker_(no_keys_), root_(std::make_unique<Node>()), values_left_(values_max) {}

RecordSurveyor::~RecordSurveyor() = default;

void RecordSurveyor::add(PaddedView line) {
  const std::string_view text = line.text();
  if (is_blank(text)) return;
  const auto backslash = std::min(text.find('\\'), text.size());
  const bool is_object =
      index_.index(line) &&
      walker_.walk({text.data(), index_.tokens(), text, text.data() + backslash}).shape == LineShape::kObject;
  if (!is_object) {
    ++others_;
    return;
  }
  ++records_;
  line_ = text;
  static_cast<void>(add_members(index_.tokens(), *root_));
}

std::string_view RecordSurveyor::text_of(Token token) const {
  return trimmed(line_.substr(*token, *(token + 1) - *token));
}

// `token` is the object's '{'.
RecordSurveyor::Token RecordSurveyor::add_members(Token token, Node& node) {
  ++token;
  if (line_[*token] == '}') {
    ++node.empties;
    return token + 1;
  }
  ++node.objects;
  for (;; ++token) {
    std::string_view key = text_of(token);
    key = key.substr(1, key.size() - 2);
    std::string unescaped;
    if (key.find('\\') != std::string_view::npos) {
      unescaped.resize(key.size());
      key = unescape(key, unescaped.data()).value_or("");
    }
    token += 2;  // the key and its colon
    Node* const member = node.member(key);
    const bool is_first = member != nullptr && std::exchange(member->last, records_) != records_;
    token = is_first ? add_value(token, *member) : skip(token);
    if (line_[*token] == '}') return token + 1;
  }
}

RecordSurveyor::Token RecordSurveyor::skip(Token token) const {
  std::size_t depth = 0;
  for (;; ++token) {
    const char first = line_[*token];
    if (first == '{' || first == '[') ++depth;
    if (first == '}' || first == ']') --depth;
    if (depth == 0) return token + 1;
  }
}

RecordSurveyor::Token RecordSurveyor::add_value(Token token, Node& node) {
  mapping::FieldValues& values = node.values;
  const char first = line_[*token];
  if (first == '{' && !node.is_whole) return add_members(token, node);
  if (first == '{' || first == '[') {
    const Token end = skip(token);
    const std::string_view text = line_.substr(*token, *(end - 1) - *token + 1);
    ++values.containers;
    values.has_huge_inside = values.has_huge_inside || has_huge_integer(text);
    if (values.example.empty()) values.example = text.substr(0, kExampleBytesMax);
    return end;
  }
  const std::string_view text = text_of(token);
  if (first == 'n') {
    ++values.nulls;
    return token + 1;
  }
  if (values.example.empty()) values.example = utf8_beginning(text.substr(0, kExampleBytesMax));
  if (first == 't' || first == 'f') {
    ++values.booleans;
  } else if (first == '"') {
    add_string(text.substr(1, text.size() - 2), node);
  } else {
    add_number(text, node);
  }
  return token + 1;
}

void RecordSurveyor::add_string(std::string_view raw, Node& node) {
  mapping::FieldValues& values = node.values;
  ++values.strings;
  std::string_view text = raw;
  if (raw.find('\\') != std::string_view::npos) {
    scratch_.resize(raw.size());
    text = unescape(raw, scratch_.data()).value_or("");
  }
  values.characters_max = std::max(values.characters_max, count_characters(text));
  values.bytes_max = std::max(values.bytes_max, text.size());
  values.has_empty = values.has_empty || text.empty();
  if (values.times != 0) see_times(text, values);
  remember(node, text);
}

void RecordSurveyor::add_number(std::string_view text, Node& node) {
  mapping::FieldValues& values = node.values;
  values.text_bytes_max = std::max(values.text_bytes_max, text.size());
  if (scan_number(text).is_integer) {
    ++values.integers;
    see_integer(text, values);
    remember(node, text == "-0" ? "0" : text);
  } else {
    ++values.numbers;
  }
  see_digits(text, values);
}

// As a key both a string and an integer are text: so "7" and 7 are equal.
void RecordSurveyor::remember(Node& node, std::string_view value) {
  if (!node.values.is_unique) return;
  if (values_left_ == 0) {
    values_left_ += node.forget();
    return;
  }
  --values_left_;
  node.hashes.push_back(checksum(value, 0));
  if (node.hashes.size() < node.next_sort) return;
  node.next_sort *= 2;
  if (node.has_twice()) values_left_ += node.forget();
}

// A node that is now an object and now something else is one field.
void RecordSurveyor::collect(const Node& node, std::vector<std::string>& keys, mapping::FieldSurvey& survey) const {
  for (const std::unique_ptr<Node>& member : node.members) {
    keys.push_back(member->key);
    const bool is_object_only = member->objects > 0 && member->values.seen() == member->values.nulls;
    if (is_object_only && !member->is_whole) {
      collect(*member, keys, survey);
    } else {
      mapping::Field field{.keys = keys, .values = member->values};
      field.values.containers += member->objects + member->empties;
      field.values.has_huge_inside = member->has_huge_integer();
      field.values.is_unique = member->values.is_unique && !member->has_twice();
      survey.fields.push_back(std::move(field));
    }
    keys.pop_back();
  }
}

mapping::FieldSurvey RecordSurveyor::survey() const {
  mapping::FieldSurvey survey{.records = records_, .others = others_, .fields = {}};
  std::vector<std::string> keys;
  collect(*root_, keys, survey);
  survey.has_all_fields = !root_->is_whole;
  return survey;
}

}  // namespace chatload::parse
