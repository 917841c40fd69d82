// Any stream, any sizes: ranges cover every byte once, end where the definition says, and do not depend on read sizes.
#include <cstdint>
#include <string_view>

#include "base/line_lead.h"
#include "fuzz/fuzz_stream.h"
#include "split/cut_line.h"
#include "split/line_splitter.h"

namespace {

using namespace chatload;

// The last line's lead may be shortened and its middle cut; all else is kept as it stands in the stream.
void require_lines(const split::Range& range, std::string_view stream, std::size_t line_bytes_max) {
  const std::string_view kept = range.bytes.view().text();
  std::string_view line = stream;
  if (line.ends_with('\n')) line.remove_suffix(1);
  const std::size_t line_begin = line.rfind('\n') + 1;
  require(kept.substr(0, line_begin) == stream.substr(0, line_begin));
  line.remove_prefix(line_begin);
  if (stream.ends_with('\n') && line.ends_with('\r')) line.remove_suffix(1);
  const std::size_t lead_bytes = line_lead_bytes(line);
  line.remove_prefix(lead_bytes);
  const std::uint64_t begin = line_begin + lead_bytes;
  if (line.size() <= line_bytes_max) {
    require(range.drained_bytes == 0);
    if (lead_bytes == 0 || !line.empty()) require(kept.substr(range.held_at(begin)).starts_with(line));
    require(line_lead_bytes(kept.substr(line_begin)) >= (lead_bytes > 0 ? 1 : 0));
    return;
  }
  const split::CutLine cut = split::cut_line(range, begin, line_bytes_max);
  const std::size_t tail_bytes = split::tail_bytes(line_bytes_max);
  require(cut.head == line.substr(0, line_bytes_max - tail_bytes));
  require(cut.tail == line.substr(line.size() - tail_bytes));
  require(cut.cut_bytes == line.size() - line_bytes_max);
}

std::size_t end_of_range(std::string_view text, std::size_t begin, const split::SplitLimits& limits) {
  std::size_t lines_left = limits.bytes_a_record > 0 ? limits.records_max() : text.size();
  for (std::size_t end = begin; end < text.size(); ++end) {
    if (text[end] == '\n' && (--lines_left == 0 || end - begin >= limits.range_bytes)) return end + 1;
  }
  return text.size();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3) return 0;
  const split::SplitLimits limits{
      .range_bytes = 1 + data[0] % 64u, .line_bytes_max = 1 + data[1] % 32u, .bytes_a_record = data[1] / 32u};
  const std::size_t read_bytes_max = 1 + data[2];
  const std::string_view text(reinterpret_cast<const char*>(data) + 3, size - 3);

  FuzzStream stream(text, read_bytes_max);
  split::LineSplitter splitter(stream, limits);
  std::size_t begin = 0;
  while (auto range = splitter.next(PaddedBuffer(limits.buffer_bytes()))) {
    require(range->begin.value() == begin);
    const std::size_t end = end_of_range(text, begin, limits);
    require(range->length_bytes() == end - begin);
    require_lines(*range, text.substr(begin, end - begin), limits.line_bytes_max);
    begin = end;
  }
  require(begin == text.size());
  return 0;
}
