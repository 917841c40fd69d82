#include "report/index_text.h"

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "base/json_text.h"
#include "base/quantity.h"

namespace chatload::report {
namespace {

std::optional<std::uint64_t> line_of(const inflate::SeekPoint& point) {
  return point.line > 0 ? std::optional(point.line) : std::nullopt;
}

}  // namespace

std::string to_table(const inflate::SeekIndex& index) {
  const inflate::SeekTable& table = index.table();
  const bool has_sum = index.proof() == inflate::IndexProof::kSum;
  std::string text =
      fmt::format("{}: format of {}, version {}, {}\n", index.path().string(), inflate::to_string(table.format),
                  table.version, has_sum ? "proven by its sum" : "without a sum");
  text += fmt::format("  {} decompressed bytes, {} lines, {} points, {} bytes of index\n",
                      format_count(table.decompressed_bytes), table.lines ? format_count(*table.lines) : "unknown",
                      format_count(table.points.size()), format_count(table.index_bytes));
  text += fmt::format("{:>8} {:>18} {:>4} {:>18} {:>16} {:>6}\n", "POINT", "COMPRESSED", "BITS", "DECOMPRESSED", "LINE",
                      "WINDOW");
  for (std::size_t i = 0; i < table.points.size(); ++i) {
    const inflate::SeekPoint& point = table.points[i];
    text += fmt::format("{:>8} {:>18} {:>4} {:>18} {:>16} {:>6}\n", i + 1, format_count(point.compressed), point.bits,
                        format_count(point.decompressed), point.line > 0 ? format_count(point.line) : "-",
                        point.window_bytes);
  }
  return text;
}

std::string to_json(const inflate::SeekIndex& index, const std::string& input) {
  const inflate::SeekTable& table = index.table();
  JsonObject json;
  json.add("input", input);
  json.add("index", index.path().string());
  json.add("format", inflate::to_string(table.format));
  json.add("version", std::uint64_t{table.version});
  json.add("proof", index.proof() == inflate::IndexProof::kSum ? "sum" : "none");
  json.add("compressed_bytes", table.compressed_bytes);
  json.add("decompressed_bytes", table.decompressed_bytes);
  json.add("lines", table.lines);
  json.add("index_bytes", table.index_bytes);
  std::string points;
  for (const inflate::SeekPoint& at : table.points) {
    JsonObject point;
    point.add("compressed", at.compressed);
    point.add("bits", std::uint64_t{at.bits});
    point.add("decompressed", at.decompressed);
    point.add("line", line_of(at));
    point.add("window_bytes", std::uint64_t{at.window_bytes});
    points += (points.empty() ? '[' : ',') + std::move(point).str();
  }
  json.add_json("points", points + ']');
  return std::move(json).str() + '\n';
}

}  // namespace chatload::report
