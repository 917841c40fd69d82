#include "split/envelope.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/byte_order_mark.h"
#include "base/hex.h"
#include "base/json_scalar.h"
#include "base/terminal_text.h"

namespace chatload::split {
namespace {

constexpr std::size_t kKeptBytesMax = 4096;  // of a key, a number or a word; a longer key is on no path
constexpr std::size_t kShownBytesMax = 20;
constexpr std::size_t kDepthMax = 1024;

// Whether a key as it is written is that one.
bool is_key(std::string_view raw, std::string_view key) {
  std::string text(raw.size(), '\0');
  return unescape(raw, text.data()) == key;
}

}  // namespace

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
    case State::kKeyText: return take_string_byte(c);
    case State::kScalar:
      if (!is_json_space(c) && c != ',' && c != ']' && c != '}') {
        if (scalar_.size() == kKeptBytesMax) return "a number or a word is too long";
        scalar_ += c;
        return "";
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
  if (is_json_space(c)) return "";
  switch (state_) {
    case State::kTop:
      has_begun_ = true;
      has_array_ = false;
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
  const bool is_on_path = is_wanted();
  if (is_on_path && open_.size() == path_.size()) {
    if (c != '[') return "the value at the path of the records is no array";
    if (has_array_) return "the path of the records leads to a second array";
    step.is_at_array = true;
    return "";
  }
  if (c == '{' || c == '[') {
    if (open_.size() == kDepthMax) return fmt::format("more than {} containers are open", kDepthMax);
    open_.push_back({.is_array = c == '[', .is_on_path = is_on_path});
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

// Whether the value that begins stands on the path.
bool Envelope::is_wanted() const {
  if (open_.empty()) return true;
  const Container& holder = open_.back();
  if (!holder.is_on_path || open_.size() > path_.size()) return false;
  const PathStep& step = path_[open_.size() - 1];
  if (const auto* index = std::get_if<std::uint32_t>(&step)) return holder.is_array && *index == holder.index;
  return !holder.is_array && !is_key_cut_ && is_key(key_, std::get<std::string>(step));
}

void Envelope::close() {
  open_.pop_back();
  end_value();
}

void Envelope::end_value() {
  state_ = open_.empty() ? State::kTop : State::kAfter;
  lacks_array_ = open_.empty() && !has_array_;
}

}  // namespace chatload::split
