// A second reader of JSON beside the walker. The walker is fast because simdjson's first stage has found the tokens,
// and that stage tells of a block only whether it is good. This one reads a line byte by byte, so that it knows where
// it is. It only ever sees lines that are bad. The fuzzer and the unit tests hold the two against each other.
//
// What is expected next is one of four states; open containers are bits in a stack of kDepthMax:
//
//   kValue ──scalar──► kAfterValue          kValue ──'{'──► kFirstKey, kKey ──string ':'──► kValue
//   kAfterValue ──','──► kKey or kValue     kAfterValue ──closing──► kAfterValue of the container around it
#include "parse/line_fault.h"

#include <fmt/format.h>

#include <bitset>
#include <cstddef>
#include <optional>

#include "base/byte_order_mark.h"
#include "base/json_scalar.h"
#include "base/utf8.h"
#include "parse/line_walker.h"

namespace chatload::parse {
namespace {

constexpr std::string_view kPunctuation = "{}[]:,";

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20; }

class FaultFinder {
 public:
  explicit FaultFinder(std::string_view line) : line_(line) {}

  LineFault find() {
    while (fault_.kind == LineFaultKind::kNone) {
      while (at_ < line_.size() && is_json_space(line_[at_])) ++at_;
      if (expect_ == Expect::kAfterValue && depth_ == 0) {
        if (at_ < line_.size()) unexpected(root_);
        break;
      }
      switch (expect_) {
        case Expect::kFirstKey:
        case Expect::kKey: read_key(); break;
        case Expect::kFirstItem:
        case Expect::kValue: read_value(); break;
        case Expect::kAfterValue: read_separator(); break;
      }
    }
    return fault_;
  }

 private:
  enum class Expect { kFirstKey, kKey, kFirstItem, kValue, kAfterValue };

  [[nodiscard]] char here() const { return at_ < line_.size() ? line_[at_] : '\0'; }
  [[nodiscard]] bool in_object() const { return depth_ > 0 && is_object_[depth_ - 1]; }

  void fail(LineFaultKind kind, std::size_t at) { fault_ = {kind, static_cast<std::uint32_t>(at)}; }

  // What stands here is not what is expected. Some bytes have a name of their own.
  void unexpected(LineFaultKind kind) {
    if (at_ == line_.size() && depth_ > 0) {
      kind = in_object() ? LineFaultKind::kEndsInObject : LineFaultKind::kEndsInArray;
    } else if (at_ < line_.size() && here() == '\0') {
      kind = LineFaultKind::kNul;
    } else if (at_ < line_.size() && is_control(here())) {
      kind = LineFaultKind::kControlCharacter;
    } else if (line_.substr(at_).starts_with(kByteOrderMark)) {
      kind = LineFaultKind::kByteOrderMark;
    }
    fail(kind, at_);
  }

  void read_key() {
    if (expect_ == Expect::kFirstKey && here() == '}') return close();
    if (here() != '"') return unexpected(LineFaultKind::kNoKey);
    if (!read_string()) return;
    while (at_ < line_.size() && is_json_space(line_[at_])) ++at_;
    if (here() != ':') return unexpected(LineFaultKind::kNoColon);
    ++at_;
    expect_ = Expect::kValue;
  }

  void read_value() {
    const char c = here();
    if (expect_ == Expect::kFirstItem && c == ']') return close();
    if (c == '{' || c == '[') return open(c == '{');
    if (c == '"') {
      if (read_string()) after_scalar();
      return;
    }
    const bool is_word = at_ < line_.size() && !is_control(c) && !line_.substr(at_).starts_with(kByteOrderMark) &&
                         kPunctuation.find(c) == std::string_view::npos;
    return is_word ? read_word() : unexpected(LineFaultKind::kNoValue);
  }

  // A number or a literal: up to white space, punctuation, a quote or a control character.
  void read_word() {
    std::size_t end = at_;
    while (end < line_.size() && line_[end] != ' ' && line_[end] != '"' && !is_control(line_[end]) &&
           kPunctuation.find(line_[end]) == std::string_view::npos) {
      ++end;
    }
    const std::string_view word = line_.substr(at_, end - at_);
    if (word[0] == '-' || (word[0] >= '0' && word[0] <= '9')) {
      if (scan_number(word).size_bytes != word.size()) return fail(LineFaultKind::kBadNumber, at_);
    } else if (word != "true" && word != "false" && word != "null") {
      return fail(LineFaultKind::kBadWord, at_);
    }
    at_ = end;
    after_scalar();
  }

  void after_scalar() {
    if (depth_ == 0) root_ = LineFaultKind::kMoreAfterValue;
    expect_ = Expect::kAfterValue;
  }

  void open(bool is_object) {
    if (depth_ == kDepthMax) return fail(LineFaultKind::kTooDeep, at_);
    if (depth_ == 0) root_ = is_object ? LineFaultKind::kMoreAfterObject : LineFaultKind::kMoreAfterArray;
    is_object_[depth_++] = is_object;
    ++at_;
    expect_ = is_object ? Expect::kFirstKey : Expect::kFirstItem;
  }

  void close() {
    --depth_;
    ++at_;
    expect_ = Expect::kAfterValue;
  }

  void read_separator() {
    if (here() == (in_object() ? '}' : ']')) return close();
    if (here() != ',') {
      return unexpected(in_object() ? LineFaultKind::kNoCommaInObject : LineFaultKind::kNoCommaInArray);
    }
    ++at_;
    expect_ = in_object() ? Expect::kKey : Expect::kValue;
  }

  // From its opening quote to behind its closing quote; false after a fault.
  bool read_string() {
    ++at_;
    for (; at_ < line_.size(); ++at_) {
      const char c = line_[at_];
      if (c == '"') {
        ++at_;
        return true;
      }
      if (is_control(c)) {
        fail(c == '\0' ? LineFaultKind::kNul : LineFaultKind::kControlCharacter, at_);
        return false;
      }
      if (c == '\\' && !read_escape()) return false;
    }
    fail(LineFaultKind::kEndsInString, at_);
    return false;
  }

  // From the backslash to the escape's last byte; false after a fault.
  bool read_escape() {
    const std::size_t begin = at_;
    if (begin + 1 == line_.size()) return true;  // the string's end is missing
    if (line_[begin + 1] != 'u') {
      at_ = begin + 1;
      if (std::string_view("\"\\/bfnrt").find(line_[at_]) != std::string_view::npos) return true;
      fail(LineFaultKind::kBadEscape, begin);
      return false;
    }
    const std::optional<std::uint32_t> unit = hex4(line_.substr(begin + 2));
    if (!unit) {
      fail(LineFaultKind::kBadEscape, begin);
      return false;
    }
    at_ = begin + 5;
    if (*unit < 0xd800 || *unit > 0xdfff) return true;
    const std::string_view partner = line_.substr(at_ + 1);
    const std::optional<std::uint32_t> low = partner.starts_with("\\u") ? hex4(partner.substr(2)) : std::nullopt;
    if (*unit >= 0xdc00 || !low || *low < 0xdc00 || *low > 0xdfff) {
      fail(LineFaultKind::kLoneSurrogate, begin);
      return false;
    }
    at_ += 6;
    return true;
  }

  const std::string_view line_;
  std::size_t at_ = 0;
  Expect expect_ = Expect::kValue;
  std::bitset<kDepthMax> is_object_;  // of each open container, from the outermost
  std::size_t depth_ = 0;
  LineFaultKind root_ = LineFaultKind::kMoreAfterValue;  // what more text after the line's value is
  LineFault fault_;
};

std::string_view words_of(LineFaultKind kind) {
  switch (kind) {
    case LineFaultKind::kNone: return "";
    case LineFaultKind::kNotUtf8: return "not UTF-8";
    case LineFaultKind::kByteOrderMark: return "byte order mark";
    case LineFaultKind::kNul: return "NUL";
    case LineFaultKind::kControlCharacter: return "control character";
    case LineFaultKind::kBadEscape: return "bad escape";
    case LineFaultKind::kLoneSurrogate: return "lone surrogate";
    case LineFaultKind::kBadNumber: return "bad number";
    case LineFaultKind::kBadWord: return "not a JSON value";
    case LineFaultKind::kNoValue: return "a value is missing";
    case LineFaultKind::kNoKey: return "a key in double quotes is missing";
    case LineFaultKind::kNoColon: return "':' is missing";
    case LineFaultKind::kNoCommaInObject: return "',' or '}' is missing";
    case LineFaultKind::kNoCommaInArray: return "',' or ']' is missing";
    case LineFaultKind::kTooDeep: return "nested too deep";
    case LineFaultKind::kMoreAfterObject: return "more behind the object";
    case LineFaultKind::kMoreAfterArray: return "more behind the array";
    case LineFaultKind::kMoreAfterValue: return "more behind the value";
    case LineFaultKind::kUnknownField: return "unknown field";
    case LineFaultKind::kEndsInString: return "ends inside a string";
    case LineFaultKind::kEndsInObject: return "ends inside an object";
    case LineFaultKind::kEndsInArray: return "ends inside an array";
  }
  return "";
}

}  // namespace

LineFault find_utf8_fault(std::string_view line) {
  const std::size_t at = utf8_beginning(line).size();
  return at == line.size() ? LineFault{} : LineFault{LineFaultKind::kNotUtf8, static_cast<std::uint32_t>(at)};
}

LineFault find_json_fault(std::string_view line) { return FaultFinder(line).find(); }

std::string to_string(LineFault fault) {
  const std::string_view words = words_of(fault.kind);
  if (fault.kind == LineFaultKind::kNone || fault.kind >= LineFaultKind::kEndsInString) return std::string(words);
  return fmt::format("{} at column {}", words, fault.at_bytes + 1);
}

}  // namespace chatload::parse
