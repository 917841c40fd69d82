// The first bytes of an input → what it is, where that is surely not JSON lines, and the command that makes them of it.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/units.h"
#include "inflate/decoded_stream.h"

namespace chatload::inflate {

// Enough to see a kind in. A look is no longer than this.
inline constexpr std::size_t kContentLookBytes = 64 * kKiB;

// Something that is not JSON lines in UTF-8.
struct ForeignContent {
  std::string name;  // "a JSON array", as in "it is ..."
  // A command that reads it from standard input and writes JSON lines, or what is nearer to them; empty where none
  // does.
  std::string filter;
  // Where there is none: what to do instead, a whole sentence in which {} stands for the input.
  std::string advice;
  std::string records = {};  // of JSON: what --records calls what stands in it (base/record_form.h); else empty
};

// What a text that begins with `head` surely is; nothing in case of doubt. So a text in which a whole
// line of `head` is a JSON object is not condemned, nor one whose first lines are only bad: unless its first line is
// longer than `head`, and an array or many objects as far as that goes. is_whole: there is no more of it than `head`.
// compression: what the bytes came out of. Pure.
[[nodiscard]] std::optional<ForeignContent> foreign_content(std::string_view head, bool is_whole,
                                                            Compression compression);

// Whether the first byte that is no white space begins an object or an array; a byte order mark does not count.
[[nodiscard]] bool begins_json(std::string_view head);

// One sentence for people: what the input is, where that shows, and what to type. name: the input's.
[[nodiscard]] std::string to_sentence(const ForeignContent& content, std::string_view name, std::string_view head,
                                      Compression compression);

}  // namespace chatload::inflate
