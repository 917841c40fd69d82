// Any text, any sizes: ranges cover every byte once, neither they nor faults depend on read sizes, and where simdjson
// takes the text for an array, the records are its elements.
#include <simdjson.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/errors.h"
#include "fuzz/fuzz_stream.h"
#include "split/range_splitter.h"

namespace {

using namespace chatload;

struct Cut {
  std::vector<std::string> records;
  std::vector<std::size_t> ends;  // of the ranges
  std::string fault;              // empty where the text is whole
  bool operator==(const Cut&) const = default;
};

Cut cut(std::string_view text, split::SplitLimits limits, const RecordForm& form, std::size_t read_bytes_max) {
  FuzzStream stream(text, read_bytes_max);
  const auto splitter = split::make_splitter(stream, limits, form, "text");
  Cut cut;
  std::size_t begin = 0;
  try {
    while (const auto range = splitter->next(PaddedBuffer(limits.buffer_bytes()))) {
      const std::string_view bytes = range->bytes.view().text();
      require(range->begin.value() == begin && bytes == text.substr(begin, bytes.size()));
      begin += bytes.size();
      cut.ends.push_back(begin);
      for (const split::RecordSpan& record : *range->records) {
        require(record.size_bytes <= limits.line_bytes_max);
        cut.records.emplace_back(bytes.substr(record.begin, record.size_bytes));
      }
    }
    require(begin == text.size());
  } catch (const CorruptInputError& error) {
    cut.fault = error.what();
  }
  return cut;
}

std::string minified(simdjson::dom::element element) { return simdjson::to_string(element); }

// As simdjson writes them; nothing where the text is no array.
std::optional<std::vector<std::string>> elements_of(std::string_view text) {
  simdjson::dom::parser parser;
  simdjson::dom::array array;
  if (parser.parse(simdjson::padded_string(text)).get(array) != simdjson::SUCCESS) return std::nullopt;
  std::vector<std::string> elements;
  for (const simdjson::dom::element element : array) elements.push_back(minified(element));
  return elements;
}

void require_equal(const std::vector<std::string>& records, const std::vector<std::string>& elements) {
  require(records.size() == elements.size());
  for (std::size_t i = 0; i < records.size(); ++i) {
    simdjson::dom::parser parser;
    simdjson::dom::element record;
    require(parser.parse(simdjson::padded_string(records[i])).get(record) == simdjson::SUCCESS);
    require(minified(record) == elements[i]);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3) return 0;
  const split::SplitLimits limits{.range_bytes = 1 + data[0] % 64u, .line_bytes_max = 1 + data[2] % 64u};
  const std::size_t read_bytes_max = 1 + data[1] % 100u;
  const std::string_view text(reinterpret_cast<const char*>(data) + 3, size - 3);
  const RecordForm elements{.kind = RecordForm::Kind::kElements, .array = {}};
  const RecordForm values{.kind = RecordForm::Kind::kValues, .array = {}};
  const RecordForm nested{.kind = RecordForm::Kind::kElements, .array = {"r"}};

  for (const RecordForm& form : {elements, values, nested}) {
    require(cut(text, limits, form, read_bytes_max) == cut(text, limits, form, 1 << 20));
  }
  if (const auto expected = elements_of(text)) {
    const Cut whole =
        cut(text, {.range_bytes = limits.range_bytes, .line_bytes_max = 1 << 20}, elements, read_bytes_max);
    require(whole.fault.empty());
    require_equal(whole.records, *expected);
  }
  return 0;
}
