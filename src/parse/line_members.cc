#include "parse/line_members.h"

#include <cstddef>
#include <cstdint>

#include "base/padded_buffer.h"
#include "base/trim.h"
#include "parse/token_index.h"

namespace chatload::parse {
std::vector<LineMember> line_members(std::string_view line, std::size_t count_max) {
  PaddedBuffer copy(line.size());
  copy.assign(line);
  TokenIndex index;
  if (!index.index(copy.view())) return {};
  const std::uint32_t* token = index.tokens();
  const auto text_of = [&](const std::uint32_t* at) { return trimmed(line.substr(*at, *(at + 1) - *at)); };
  if (line[*token] != '{') return {};
  std::vector<LineMember> members;
  std::size_t depth = 0;
  for (; *token < line.size() && members.size() < count_max; ++token) {
    const char first = line[*token];
    if (first == '{' || first == '[') ++depth;
    if (first == '}' || first == ']') --depth;
    if (depth == 0) break;
    const bool is_key = depth == 1 && first == '"' && *(token + 1) < line.size() && line[*(token + 1)] == ':' &&
                        *(token + 2) < line.size();
    if (!is_key) continue;
    const std::string_view key = text_of(token);
    const char value = line[*(token + 2)];
    const bool holds_others = value == '{' || value == '[';
    members.push_back(
        {key.substr(1, key.size() - 2), holds_others ? line.substr(*(token + 2), 1) : text_of(token + 2)});
    token += holds_others ? 1 : 2;
  }
  return members;
}

}  // namespace chatload::parse
