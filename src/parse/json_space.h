#pragma once

namespace chatload::parse {

// RFC 8259 §2: what may stand between tokens.
inline bool is_json_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

}  // namespace chatload::parse
