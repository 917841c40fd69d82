// What people write in a chat, as the inside of a JSON string.
#pragma once

#include <cstdint>
#include <string>

#include "splitmix64.h"

namespace chatload::bench {

// Appends a sentence or two of at most 255 characters once unescaped: words, some with escapes (\n, \", \uXXXX,
// surrogate pairs), some with emoji or CJK text as UTF-8.
void append_message_text(SplitMix64& random, std::string& out);

// A page's address, for a key that loaders ignore.
void append_page(SplitMix64& random, std::string& out);

}  // namespace chatload::bench
