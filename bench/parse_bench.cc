// The parser on one core, beside the two ways of simdjson that it was chosen against: On-Demand and the DOM, a document
// a line. All three check whole lines and must find the same number of rows before any of them is timed.
//
//   chatload_bench --benchmark_filter=Parse --benchmark_repetitions=5 --benchmark_report_aggregates_only
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <simdjson.h>

#include <array>
#include <cstring>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_scalar.h"
#include "mapping/mapping_file.h"
#include "parse/range_parser.h"

namespace chatload::parse {
namespace {

namespace ondemand = simdjson::ondemand;

enum Shape : std::int64_t {
  kSeed,      // as the seed log has them: about 180 bytes, no escapes
  kWide,      // two more keys, which are ignored: about 240 bytes
  kEscapes,   // kWide, every line with an escape
  kMalformed  // kWide, every hundredth line cut short inside a string
};

std::string line_text(Shape shape, std::uint64_t number, std::mt19937_64& random) {
  const std::string id = fmt::format("{:08x}-{:04x}-11e6-{:04x}-{:012x}", random() & 0xffffffff, random() & 0xffff,
                                     random() & 0xffff, random() & 0xffffffffffff);
  const std::string_view message =
      shape == kEscapes ? "hello \\\"there\\\", how can I help you today?" : "hello there, how can I help you today?";
  std::string line = fmt::format(R"({{"id":"{}","type":"message","from":"visitor{}","site_id":"{}","timestamp":{},)",
                                 id, random() % 100'000, random() % 100, 1'479'816'000 + number);
  if (shape != kSeed) line += R"~("agent":"Mozilla/5.0 (X11; Linux)","flags":[1,true,null],)~";
  line += fmt::format(R"("data":{{"message":"{}"}}}})", message);
  if (shape == kMalformed && number % 100 == 0) line.resize(line.size() - 10);
  return line + '\n';
}

ParsedRange make_range(Shape shape) {
  constexpr std::size_t kRangeBytes = 4 * kMiB;
  std::mt19937_64 random(42);
  ParsedRange parsed;
  parsed.range.bytes = PaddedBuffer(kRangeBytes);
  for (std::uint64_t number = 0;; ++number) {
    const std::string line = line_text(shape, number, random);
    const std::span<char> free_space = parsed.range.bytes.free_space();
    if (free_space.size() < line.size()) return parsed;
    std::memcpy(free_space.data(), line.data(), line.size());
    parsed.range.bytes.advance(line.size());
  }
}

std::uint64_t parse_range(RangeParser& parser, ParsedRange& parsed) {
  parser.parse(parsed);
  return parsed.counts.valid;
}

// A row's texts, copied or borrowed; what the two rivals make of a line, without judging lengths and ranges.
struct RivalRow {
  std::array<std::string_view, 6> texts;
  std::size_t found = 0;
  TextArena* copies = nullptr;

  void take(std::string_view text) {
    if (found < texts.size()) texts[found] = copies != nullptr ? copies->store(text) : text;
    ++found;
  }
};

bool is_mapped(std::string_view key) {
  return key == "id" || key == "type" || key == "from" || key == "site_id" || key == "timestamp";
}

// What On-Demand leaves unchecked until it is asked for, asked for; texts are borrowed from the line.
class OnDemandLines {
 public:
  bool accepts(std::string_view line, RivalRow& row) {
    ondemand::document document;
    if (parser_.iterate(line, line.size() + simdjson::SIMDJSON_PADDING).get(document)) return false;
    ondemand::object root;
    return !document.get_object().get(root) && check_object(root, 0, row);
  }

 private:
  bool check_object(ondemand::object& object, int depth, RivalRow& row) {
    for (auto field_or_error : object) {
      ondemand::field field;
      std::string_view key;
      if (std::move(field_or_error).get(field) || field.unescaped_key().get(key)) return false;
      const bool takes = depth == 0 ? is_mapped(key) : depth == 1 && key == "message";
      ondemand::value value = field.value();
      if (takes) row.take(value.raw_json_token());
      if (!check(value, depth + 1, row)) return false;
    }
    return true;
  }

  bool check(ondemand::value value, int depth, RivalRow& row) {
    ondemand::json_type type;
    if (value.type().get(type)) return false;
    switch (type) {
      case ondemand::json_type::object: {
        ondemand::object object;
        return !value.get_object().get(object) && check_object(object, depth, row);
      }
      case ondemand::json_type::array: {
        ondemand::array array;
        if (value.get_array().get(array)) return false;
        for (auto element : array) {
          ondemand::value inner;
          if (std::move(element).get(inner) || !check(inner, depth + 1, row)) return false;
        }
        return true;
      }
      case ondemand::json_type::string: {
        std::string_view text = value.raw_json_token();
        if (std::memchr(text.data(), '\\', text.size()) != nullptr) return !value.get_string().get(text);
        ondemand::raw_json_string raw;
        return !value.get_raw_json_string().get(raw);
      }
      case ondemand::json_type::number: return scan_number(value.raw_json_token()).size_bytes > 0;
      case ondemand::json_type::boolean: return !value.get_bool().error();
      case ondemand::json_type::null: return !value.is_null().error();
    }
    return false;
  }

  ondemand::parser parser_;
};

// The DOM's texts are its own until the next line, so they are copied.
class DomLines {
 public:
  bool accepts(std::string_view line, RivalRow& row) {
    simdjson::dom::object root;
    if (parser_.parse(line.data(), line.size(), false).get(root)) return false;
    row.copies = &copies_;
    for (const auto [key, value] : root) {
      std::string_view text;
      std::int64_t seconds = 0;
      if (is_mapped(key)) {
        if (!value.get(seconds)) {
          ++row.found;
        } else if (!value.get(text)) {
          row.take(text);
        }
      } else if (key == "data" && !value["message"].get(text)) {
        row.take(text);
      }
    }
    return true;
  }
  void next_range() { copies_.clear(); }

 private:
  simdjson::dom::parser parser_;
  TextArena copies_;
};

template <typename Lines>
std::uint64_t count_rival_rows(Lines& lines, std::string_view text, std::vector<RivalRow>& rows) {
  rows.clear();
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    RivalRow row;
    if (lines.accepts(text.substr(0, end), row) && row.found == row.texts.size()) rows.push_back(row);
    text.remove_prefix(end + 1);
  }
  return rows.size();
}

template <typename CountRows>
void time_range(benchmark::State& state, CountRows count_rows) {
  ParsedRange parsed = make_range(static_cast<Shape>(state.range(0)));
  RangeParser parser(mapping::chat_mapping(), {}, static_cast<std::uint32_t>(kMiB));
  const std::uint64_t rows_expected = parse_range(parser, parsed);
  if (rows_expected == 0 || count_rows(parsed) != rows_expected) {
    state.SkipWithError("finds other rows");
    return;
  }
  for (auto _ : state) benchmark::DoNotOptimize(count_rows(parsed));
  const auto bytes = static_cast<std::int64_t>(parsed.range.bytes.size());
  const auto lines = static_cast<std::int64_t>(parsed.counts.lines);
  state.SetBytesProcessed(state.iterations() * bytes);
  state.SetItemsProcessed(state.iterations() * lines);
}

void BM_ParseRange(benchmark::State& state) {
  RangeParser parser(mapping::chat_mapping(), {}, static_cast<std::uint32_t>(kMiB));
  time_range(state, [&](ParsedRange& parsed) { return parse_range(parser, parsed); });
}

void BM_ParseWithOnDemand(benchmark::State& state) {
  OnDemandLines lines;
  std::vector<RivalRow> rows;
  time_range(state, [&](const ParsedRange& parsed) {
    return count_rival_rows(lines, parsed.range.bytes.view().text(), rows);
  });
}

void BM_ParseWithDom(benchmark::State& state) {
  DomLines lines;
  std::vector<RivalRow> rows;
  time_range(state, [&](const ParsedRange& parsed) {
    lines.next_range();
    return count_rival_rows(lines, parsed.range.bytes.view().text(), rows);
  });
}

BENCHMARK(BM_ParseRange)->Arg(kSeed)->Arg(kWide)->Arg(kEscapes)->Arg(kMalformed)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_ParseWithOnDemand)->Arg(kSeed)->Arg(kWide)->Arg(kEscapes)->Arg(kMalformed)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_ParseWithDom)->Arg(kSeed)->Arg(kWide)->Arg(kEscapes)->Arg(kMalformed)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace chatload::parse
