#include "split/envelope.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <optional>

#include "base/byte_order_mark.h"
#include "base/hex.h"
#include "base/json_scalar.h"
#include "base/terminal_text.h"

namespace chatload::split {
namespace {

constexpr std::size_t kKeptBytesMax = 4096;  // of a key, a number or a word; a longer key is on no path
constexpr std::size_t kShownBytesMax = 20;
constexpr std::size_t kDepthMax = 1024;

constexpr std::string_view kOuterTooLate =
    "a value that the mapping names with `outer` is after the records, where it must be before them";

std::vector<std::vector<PathStep>> paths_of(const RecordForm& form) {
  std::vector<std::vector<PathStep>> paths = {form.array};
  paths.insert(paths.end(), form.outer.begin(), form.outer.end());
  return paths;
}

}  // namespace

Envelope::Envelope(const RecordForm& form)
    : paths_(paths_of(form)), is_misplaced_(form.outer.size()), outer_(form.outer.size()) {
  assert(paths_.size() <= kPathsMax);
}

Envelope::Step Envelope::read(std::string_view text) {
  Step step;
  for (const char c : text) {
    step.fault = take(c, step);
    if (step.fault.empty() && lacks_array_) step.fault = "the document has no array at the path of the records";
    if (!step.fault.empty()) return step;
    ++step.bytes;
    if (step.is_at_array) return step;
  }
  return step;
}

void Envelope::leave_array() {
  has_array_ = true;
  end_value();
}

OuterValues Envelope::outer_values(std::uint32_t first_record) const {
  std::string json = "{";
  for (std::size_t place = 0; place < outer_.size(); ++place) {
    if (outer_[place].empty()) continue;
    json += fmt::format("{}\"{}\":{}", json.size() > 1 ? "," : "", place, outer_[place]);
  }
  return {first_record, json + '}', is_misplaced_};
}

std::string Envelope::fault_at_end() const {
  const bool is_between = state_ == State::kTop && mark_bytes_ == 0;
  if (!is_between) return "the document does not end";
  if (!has_begun_) return "there is no document";
  return "";
}

// Empty, or what is wrong with it.
std::string Envelope::take(char c, Step& step) {
  switch (state_) {
    case State::kString:
    case State::kKeyText:
      if (std::string fault = capture(c); !fault.empty()) return fault;
      return take_string_byte(c);
    case State::kScalar:
      if (!is_json_space(c) && c != ',' && c != ']' && c != '}') {
        if (scalar_.size() == kKeptBytesMax) return "a number or a word is too long";
        scalar_ += c;
        return capture(c);
      }
      if (std::string fault = end_scalar(); !fault.empty()) return fault;
      break;  // the byte is behind it
    case State::kTop:
      if (mark_bytes_ == 0 && (c == '\0' || c == kJsonRecordSeparator)) return "";
      if (mark_bytes_ > 0 || c == kByteOrderMark.front()) {
        if (c != kByteOrderMark[mark_bytes_]) return "a JSON document is missing";
        mark_bytes_ = (mark_bytes_ + 1) % kByteOrderMark.size();
        return "";
      }
      break;
    default: break;
  }
  if (std::string fault = capture(c); !fault.empty()) return fault;
  if (is_json_space(c)) return "";
  switch (state_) {
    case State::kTop:
      has_begun_ = true;
      has_array_ = false;
      std::fill(outer_.begin(), outer_.end(), "");
      is_misplaced_.assign(is_misplaced_.size(), false);
      return begin_value(c, step);
    case State::kValueOrClose:
      if (c == ']') {
        close();
        return "";
      }
      return begin_value(c, step);
    case State::kValue: return begin_value(c, step);
    case State::kKeyOrClose:
      if (c == '}') {
        close();
        return "";
      }
      [[fallthrough]];
    case State::kKey:
      if (c != '"') return "a key in double quotes is missing";
      key_.clear();
      is_key_cut_ = false;
      state_ = State::kKeyText;
      return "";
    case State::kColon:
      if (c != ':') return "a colon is missing";
      state_ = State::kValue;
      return "";
    case State::kAfter: {
      const char closing = open_.back().is_array ? ']' : '}';
      if (c == closing) {
        close();
        return "";
      }
      if (c != ',') return fmt::format("a comma or '{}' is missing", closing);
      if (open_.back().is_array && open_.back().index < UINT32_MAX) ++open_.back().index;
      state_ = open_.back().is_array ? State::kValue : State::kKey;
      return "";
    }
    case State::kString:
    case State::kKeyText:
    case State::kScalar: break;
  }
  return "";
}

std::string Envelope::begin_value(char c, Step& step) {
  if (c == ',' || c == ':' || c == ']' || c == '}') return "a JSON value is missing";
  const Paths leading = leading_here();
  if (leading[0] && open_.size() == paths_.front().size()) {
    if (c != '[') return "the value at the path of the records is no array";
    if (has_array_) return "the path of the records leads to a second array";
    step.is_at_array = true;
    return "";
  }
  if (std::string fault = begin_capture(c, leading); !fault.empty()) return fault;
  if (c == '{' || c == '[') {
    if (open_.size() == kDepthMax) return fmt::format("more than {} containers are open", kDepthMax);
    open_.push_back({.is_array = c == '[', .leading = leading});
    state_ = c == '[' ? State::kValueOrClose : State::kKeyOrClose;
    return "";
  }
  if (c == '"') {
    state_ = State::kString;
    return "";
  }
  if (c != '-' && (c < '0' || c > '9') && c != 't' && c != 'f' && c != 'n') return "a JSON value is missing";
  scalar_.assign(1, c);
  state_ = State::kScalar;
  return "";
}

std::string Envelope::take_string_byte(char c) {
  if (static_cast<unsigned char>(c) < 0x20) return "a string has a control character, or does not end";
  if (state_ == State::kKeyText && (c != '"' || is_escaped_ || hex_digits_left_ > 0)) append_to_key(c);
  if (hex_digits_left_ > 0) {
    --hex_digits_left_;
    return hex_value(c) >= 0 ? "" : "\\u has fewer than four hexadecimal digits";
  }
  if (is_escaped_) {
    is_escaped_ = false;
    if (c == 'u') hex_digits_left_ = 4;
    return std::string_view("\"\\/bfnrtu").find(c) != std::string_view::npos ? "" : "a backslash escapes nothing";
  }
  if (c == '\\') is_escaped_ = true;
  if (c != '"') return "";
  if (state_ == State::kKeyText) {
    state_ = State::kColon;
  } else {
    end_value();
  }
  return "";
}

std::string Envelope::end_scalar() {
  if (scalar_ != "true" && scalar_ != "false" && scalar_ != "null" &&
      scan_number(scalar_).size_bytes != scalar_.size()) {
    return fmt::format("'{}' is no JSON value", terminal_text(scalar_, kShownBytesMax));
  }
  keep(scalar_paths_, scalar_);
  end_value();
  return "";
}

void Envelope::append_to_key(char c) {
  if (key_.size() < kKeptBytesMax) {
    key_ += c;
  } else {
    is_key_cut_ = true;
  }
}

// The paths that lead to the value that begins.
Envelope::Paths Envelope::leading_here() const {
  Paths leading;
  if (open_.empty()) return leading.set();
  const Container& holder = open_.back();
  if (holder.leading.none()) return leading;
  std::string key(key_.size(), '\0');
  const std::optional<std::string_view> text =
      holder.is_array || is_key_cut_ ? std::nullopt : unescape(key_, key.data());
  for (std::size_t path = 0; path < paths_.size(); ++path) {
    if (!holder.leading[path] || open_.size() > paths_[path].size()) continue;
    const PathStep& step = paths_[path][open_.size() - 1];
    const auto* const index = std::get_if<std::uint32_t>(&step);
    leading[path] =
        index != nullptr ? holder.is_array && *index == holder.index : text && *text == std::get<std::string>(step);
  }
  return leading;
}

// Of a value that is at outer paths; the first one of a path counts.
std::string Envelope::begin_capture(char c, const Paths& leading) {
  Paths here;
  for (std::size_t path = 1; path < paths_.size(); ++path) {
    if (!leading[path] || !outer_[path - 1].empty()) continue;
    const bool is_there = open_.size() == paths_[path].size();
    // Where null should hold it, it is null.
    here[path] = is_there || c == 'n';
    if (here[path]) continue;
    const bool is_key = std::holds_alternative<std::string>(paths_[path][open_.size()]);
    if (c != (is_key ? '{' : '[')) is_misplaced_[path - 1] = true;
  }
  scalar_paths_ = {};
  if (here.none()) return "";
  if (has_array_) return std::string(kOuterTooLate);
  if (c == '{' || c == '[' || c == '"') {
    captures_.push_back({.paths = here, .depth = open_.size(), .text = std::string(1, c)});
  } else {
    scalar_paths_ = here;
  }
  return "";
}

// One byte more of the values that are being read.
std::string Envelope::capture(char c) {
  for (Capture& one : captures_) {
    if (one.text.size() == kOuterBytesMax) return "a value that the mapping names with `outer` is longer than 16 KiB";
    one.text += c;
  }
  return "";
}

void Envelope::keep(const Paths& paths, const std::string& text) {
  for (std::size_t path = 1; path < paths_.size(); ++path) {
    if (paths[path]) outer_[path - 1] = text;
  }
}

void Envelope::close() {
  open_.pop_back();
  end_value();
}

void Envelope::end_value() {
  while (!captures_.empty() && captures_.back().depth == open_.size()) {
    keep(captures_.back().paths, captures_.back().text);
    captures_.pop_back();
  }
  state_ = open_.empty() ? State::kTop : State::kAfter;
  lacks_array_ = open_.empty() && !has_array_;
}

}  // namespace chatload::split
