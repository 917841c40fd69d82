#include "inflate/json_shape.h"

namespace chatload::inflate {
namespace {

bool is_scalar_byte(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '+' || c == '.';
}

}  // namespace

JsonShape::JsonShape(std::string_view text) : text_(text) {
  while (at_ < text_.size() && is_sound()) {
    const char c = text_[at_];
    if (c == '\n') see_line_end();
    if (c == '\n' || c == ' ' || c == '\t' || c == '\r') {
      ++at_;
    } else {
      step();
    }
  }
  if (is_closed() && line_is_lone_object_) ++object_lines;  // a last line without a line end is a line
}

void JsonShape::see_line_end() {
  if (open_.empty()) {
    ++line_ends_between;
    if (line_is_lone_object_) ++object_lines;
  } else {
    ++line_ends_inside;
    is_one_line_ = false;
  }
  line_is_lone_object_ = false;
  values_in_line_ = 0;
}

void JsonShape::step() {
  const char c = text_[at_];
  switch (state_) {
    case State::kTop:
      if (values > 0 && values_in_line_ > 0) ++joints;
      line_is_lone_object_ = false;
      is_one_line_ = true;
      [[fallthrough]];
    case State::kValueOrEnd:
    case State::kValue:
      if (c == ']' && state_ == State::kValueOrEnd) return close(c);
      if (c == '{') return open(c, State::kKeyOrEnd);
      if (c == '[') return open(c, State::kValueOrEnd);
      // A text of bare words is no JSON that anybody would convert.
      if (open_.empty() || !(c == '"' ? take_string() : take_scalar())) {
        state_ = State::kFault;
        return;
      }
      state_ = State::kAfter;
      return;
    case State::kKeyOrEnd:
      if (c == '}') return close(c);
      [[fallthrough]];
    case State::kKey: {
      const std::size_t begin = at_ + 1;
      if (c != '"' || !take_string()) {
        state_ = State::kFault;
        return;
      }
      if (open_.size() == 1 && at_ > begin) key_ = text_.substr(begin, at_ - 1 - begin);
      state_ = State::kColon;
      return;
    }
    case State::kColon: break;
    case State::kAfter:
      if (c == ']' || c == '}') return close(c);
      break;
    case State::kFault: return;
  }
  const bool is_colon = state_ == State::kColon;
  const State next = is_colon || open_.back() == '[' ? State::kValue : State::kKey;
  state_ = c == (is_colon ? ':' : ',') ? next : State::kFault;
  ++at_;
}

void JsonShape::open(char bracket, State next) {
  const bool begins_rows = bracket == '{' && open_.size() == 2 && open_[0] == '{' && state_ == State::kValueOrEnd;
  if (begins_rows && values == 0 && ++row_arrays == 1) rows_key = key_;
  open_.push_back(bracket);
  state_ = next;
  ++at_;
}

void JsonShape::close(char bracket) {
  if (open_.back() != (bracket == ']' ? '[' : '{')) {
    state_ = State::kFault;
    return;
  }
  open_.pop_back();
  ++at_;
  state_ = State::kAfter;
  if (open_.size() == 1 && open_[0] == '[') ++elements;
  if (!open_.empty()) return;
  state_ = State::kTop;
  ++values;
  ++values_in_line_;
  line_is_lone_object_ = bracket == '}' && is_one_line_ && values_in_line_ == 1;
}

// The string that begins here, as far as it is there.
bool JsonShape::take_string() {
  for (++at_; at_ < text_.size(); ++at_) {
    const char c = text_[at_];
    if (c == '"') {
      ++at_;
      return true;
    }
    if (static_cast<unsigned char>(c) < 0x20) return false;
    if (c == '\\') ++at_;
  }
  at_ = text_.size();
  return true;
}

bool JsonShape::take_scalar() {
  const std::size_t begin = at_;
  while (at_ < text_.size() && is_scalar_byte(text_[at_])) ++at_;
  return at_ > begin;
}

}  // namespace chatload::inflate
