#include "parse/text_reader.h"

#include <algorithm>

namespace chatload::parse {

std::optional<std::string_view> TextReader::read(std::string_view line, std::size_t column) {
  if (line.size() > kLineBytesMax) return std::nullopt;
  if (line_.capacity() < line.size()) line_ = PaddedBuffer(std::max(line.size(), 2 * line_.capacity()));
  line_.assign(line);
  const PaddedView view = line_.view();
  if (!index_.index(view)) return std::nullopt;
  const std::string_view text = view.text();
  const auto backslash = std::min(text.find('\\'), text.size());
  const WalkedLine walked = walker_.walk({text.data(), index_.tokens(), text, text.data() + backslash});
  if (walked.shape != LineShape::kObject) return std::nullopt;
  const auto value_of = [&](std::size_t wanted, std::string_view kind) -> std::optional<std::string_view> {
    const NodeId node = tree_.node(wanted, kind);
    const bool is_text =
        node != kIgnored && (walker_.at(node).kind == JsonKind::kString || walker_.at(node).kind == JsonKind::kInteger);
    return is_text ? std::optional(walker_.at(node).text) : std::nullopt;
  };
  if (!mapping_.kind) return value_of(column, "");
  const auto kind = value_of(*mapping_.kind, "");
  if (!kind || column == mapping_.kind) return kind;
  return value_of(column, *kind);
}

}  // namespace chatload::parse
