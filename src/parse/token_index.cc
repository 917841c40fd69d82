#include "parse/token_index.h"

#include <simdjson.h>

#include <new>

namespace chatload::parse {

static_assert(kPaddingBytes == simdjson::SIMDJSON_PADDING);
static_assert(simdjson::SIMDJSON_VERSION_MAJOR == 3,
              "stage 1 is not simdjson's public interface: run the parser's tests");

// simdjson's code for processors without vector instructions that it knows looks for bad UTF-8 in strings only, and not
// at all at what a backslash escapes, be it a newline. So it gets single lines, checked before.
//
//   SIMDJSON_FORCE_IMPLEMENTATION=fallback chatload_unit_tests
struct TokenIndex::Stage {
  bool is_fallback = simdjson::get_active_implementation()->name() == "fallback";
  std::unique_ptr<simdjson::internal::dom_parser_implementation> simdjson;
};

TokenIndex::TokenIndex() : stage_(std::make_unique<Stage>()) {
  // A depth is needed to build one of these, but only the second stage, which we do not run, heeds it.
  constexpr std::size_t kUnusedDepth = 1;
  if (simdjson::get_active_implementation()->create_dom_parser_implementation(0, kUnusedDepth, stage_->simdjson)) {
    throw std::bad_alloc();
  }
}

TokenIndex::TokenIndex(TokenIndex&&) noexcept = default;
TokenIndex& TokenIndex::operator=(TokenIndex&&) noexcept = default;
TokenIndex::~TokenIndex() = default;

bool TokenIndex::index(PaddedView lines) {
  if (stage_->is_fallback && (lines.text().find('\n') != std::string_view::npos || !is_utf8(lines.text())))
    return false;
  auto& simdjson = *stage_->simdjson;
  if (lines.size() > simdjson.capacity()) {
    // To nothing first, which frees the old index before the new one is made.
    if (simdjson.set_capacity(0) || simdjson.set_capacity(lines.size())) throw std::bad_alloc();
  }
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(lines.text().data());
  return simdjson.stage1(bytes, lines.size(), simdjson::stage1_mode::regular) == simdjson::SUCCESS;
}

const std::uint32_t* TokenIndex::tokens() const { return stage_->simdjson->structural_indexes.get(); }

bool is_utf8(std::string_view text) { return simdjson::validate_utf8(text.data(), text.size()); }

}  // namespace chatload::parse
