// How a line is made: a generator seeded with the log's seed and the line's number draws first the line's kind, then
// its row, then its text. A duplicate names an earlier plain line by its number and makes that line's row again, so as
// to share its id and to differ from it in every other column: memory does not grow with the log.
//
// The shares and skews give 2,000,000 lines 481 MB of JSON and 110 MB of gzip (v4 ids: 134 MB), like the log that
// the design was measured with (478 and 108):
//   chatgen --lines 2000000 -o /tmp/chat.json.gz; ls -l /tmp/chat.json.gz; gzip -dc /tmp/chat.json.gz | wc -c
#include "chat_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <string_view>

#include "chat_text.h"
#include "odd_line.h"

namespace chatload::bench {

namespace {

constexpr std::int64_t kFirstSecond = 1'479'816'000;  // 2016-11-22T12:00:00Z
constexpr std::int64_t kLastSecond = 2'145'916'800;   // 2038-01-01, inside TIMESTAMP
constexpr std::uint64_t kTicksPerSecond = 10'000'000;
constexpr std::uint64_t kTicksPerLineMax = kTicksPerSecond / 2;
constexpr std::uint64_t kTicksFrom1582To1970 = 0x01b21dd213814000;  // RFC 9562 §5.1

constexpr std::uint32_t kSites = 40;
constexpr std::uint32_t kOperators = 60;
constexpr std::uint32_t kVisitors = 200'000;

constexpr std::string_view kStatuses[] = {"online", "offline", "away", "busy"};

void append_hex(std::uint64_t value, int digits, std::string& out) {
  for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) out += "0123456789abcdef"[(value >> shift) & 15];
}

std::uint64_t per_million(double percent) { return static_cast<std::uint64_t>(std::llround(percent * 1e4)); }

// Small numbers are drawn more often than large ones: some sites and people are busier than others.
std::uint32_t skewed(SplitMix64& random, std::uint32_t bound) {
  const std::uint64_t draw = random.below(bound);
  return 1 + static_cast<std::uint32_t>(draw * random.below(bound) / bound);
}

void append_other_type(const ChatRow& row, SplitMix64& random, std::string& out) {
  switch (random.below(4)) {
    case 0: out += R"("type":"typing","data":{"on":true,"characters":)"; break;
    case 1:
      out += R"("type":"join","data":{"geo":[52.52,13.405],"agent":{"name":"Firefox","version":50},"visit":)";
      break;
    case 2: out += R"("type":"leave","data":null,"rating":{"stars":)"; break;
    default: out += R"("type":"rating","data":{"message":"not a message","stars":)";
  }
  out += fmt::format("{}}}", row.person % 6);
}

}  // namespace

ChatLog::ChatLog(ChatLogShape shape)
    : shape_(shape),
      seed_mixed_(mix(shape.seed + 0x9e3779b97f4a7c15ULL)),
      ticks_per_line_(std::clamp<std::uint64_t>(static_cast<std::uint64_t>(kLastSecond - kFirstSecond) *
                                                    kTicksPerSecond / std::max<std::uint64_t>(shape.lines, 1),
                                                1, kTicksPerLineMax)) {
  const double shares[] = {shape.duplicates_percent, shape.other_types_percent, shape.malformed_percent,
                           shape.malformed_percent, shape.malformed_percent / 10};
  std::uint64_t bound = 0;
  for (std::size_t i = 0; i < std::size(shares); ++i) per_million_[i] = bound += per_million(shares[i]);
}

SplitMix64 ChatLog::random_of(std::uint64_t number) const { return SplitMix64(mix(number + 1) ^ seed_mixed_); }

LineKind ChatLog::kind(std::uint64_t number) const {
  const std::uint64_t draw = random_of(number).below(1'000'000);
  const auto* share = std::upper_bound(std::begin(per_million_), std::end(per_million_), draw);
  return share == std::end(per_million_) ? LineKind::kPlain
                                         : static_cast<LineKind>(1 + std::distance(std::begin(per_million_), share));
}

// 100 ns since kFirstSecond; unique to the line, growing with its number.
std::uint64_t ChatLog::ticks_of(std::uint64_t number) const {
  return number * ticks_per_line_ + mix(number ^ seed_mixed_) % ticks_per_line_;
}

void ChatLog::append_id(std::uint64_t number, std::string& out) const {
  std::uint64_t high = mix(mix(number + 0x1234567) ^ seed_mixed_);
  std::uint64_t low = mix(high ^ number);
  if (shape_.ids == IdKind::kUuidV1) {
    // 128 servers, each with a clock sequence and a node of its own.
    const std::uint64_t server = mix((low & 127) ^ seed_mixed_);
    const std::uint64_t ticks =
        kTicksFrom1582To1970 + static_cast<std::uint64_t>(kFirstSecond) * kTicksPerSecond + ticks_of(number);
    high = (ticks << 32) | ((ticks >> 16) & 0xffff0000) | 0x1000 | (ticks >> 48);
    low = server | (std::uint64_t{1} << 40);  // a multicast node: no real network card's
  } else {
    high = (high & ~std::uint64_t{0xf000}) | 0x4000;
  }
  low = (low & ~(std::uint64_t{3} << 62)) | (std::uint64_t{2} << 62);
  append_hex(high >> 32, 8, out);
  out += '-';
  append_hex(high >> 16, 4, out);
  out += '-';
  append_hex(high, 4, out);
  out += '-';
  append_hex(low >> 48, 4, out);
  out += '-';
  append_hex(low, 12, out);
}

ChatRow ChatLog::plain_row(std::uint64_t number, SplitMix64& random) const {
  ChatRow row;
  row.id_of_line = number;
  row.is_status = random.below(100) < 12;
  row.from_operator = row.is_status || random.below(100) < 45;
  row.person = skewed(random, row.from_operator ? kOperators : kVisitors);
  row.site = skewed(random, kSites);
  row.timestamp_seconds = kFirstSecond + static_cast<std::int64_t>(ticks_of(number) / kTicksPerSecond);
  return row;
}

// Distances: within any range, within or next to a small one, about a 4 MiB range away, anywhere before.
ChatRow ChatLog::duplicate_row(std::uint64_t number, SplitMix64& random) const {
  ChatRow row = plain_row(number, random);
  for (int attempt = 0; attempt < 32 && number > 0; ++attempt) {
    std::uint64_t distance = 0;
    switch (random.below(4)) {
      case 0: distance = 1 + random.below(8); break;
      case 1: distance = 100 + random.below(500); break;
      case 2: distance = 15'000 + random.below(10'000); break;
      default: distance = 1 + random.below(number);
    }
    if (distance > number) distance = 1 + random.below(number);
    const std::uint64_t source = number - distance;
    if (kind(source) != LineKind::kPlain) continue;
    SplitMix64 source_random = random_of(source);
    source_random.next();  // the draw of its kind
    const ChatRow original = plain_row(source, source_random);
    row.id_of_line = source;
    row.is_status = !original.is_status;
    if (row.is_status) row.from_operator = true;
    if (row.from_operator == original.from_operator && row.person == original.person) ++row.person;
    if (row.site == original.site) ++row.site;
    if (row.timestamp_seconds == original.timestamp_seconds) ++row.timestamp_seconds;
    break;
  }
  return row;
}

void ChatLog::append_line(std::uint64_t number, std::string& out) const {
  const LineKind line_kind = kind(number);
  SplitMix64 random = random_of(number);
  random.next();  // the draw of its kind
  const ChatRow row = line_kind == LineKind::kDuplicate ? duplicate_row(number, random) : plain_row(number, random);

  if (line_kind == LineKind::kMalformed || line_kind == LineKind::kOdd) {
    // A rejected line often bears the id of a sound line after it, which it must not own.
    const bool borrows = line_kind == LineKind::kMalformed && random.once_in(2);
    std::string id;
    append_id(borrows ? number + 1 + random.below(50) : number, id);
    const SoundLine sound{id, row.person, row.site, row.timestamp_seconds};
    line_kind == LineKind::kOdd ? append_odd(sound, random, out) : append_malformed(sound, random, out);
  } else if (line_kind == LineKind::kBlank) {
    append_blank(random, out);
  } else {
    out += R"({"id":")";
    append_id(row.id_of_line, out);
    out += R"(",)";
    if (line_kind == LineKind::kOtherType) {
      append_other_type(row, random, out);
    } else if (row.is_status) {
      out += R"("type":"status")";
    } else {
      out += R"("type":"message")";
    }
    const fmt::format_int person(row.person);
    const fmt::format_int site(row.site);
    const fmt::format_int timestamp(row.timestamp_seconds);
    const auto append = [&out](const fmt::format_int& integer) { out.append(integer.data(), integer.size()); };
    out += row.from_operator ? R"(,"from":"operator)" : R"(,"from":"visitor)";
    append(person);
    const bool site_is_integer = random.once_in(10);
    out += site_is_integer ? R"(","site_id":)" : R"(","site_id":")";
    append(site);
    const bool timestamp_is_string = random.once_in(4);
    out += site_is_integer ? R"(,"timestamp":)" : R"(","timestamp":)";
    if (timestamp_is_string) out += '"';
    append(timestamp);
    if (timestamp_is_string) out += '"';
    if (line_kind != LineKind::kOtherType) {
      if (row.is_status) {
        out += R"(,"data":{"status":")";
        out += kStatuses[random.below(std::size(kStatuses))];
        out += R"("})";
      } else {
        out += R"(,"data":{"message":")";
        append_message_text(random, out);
        out += R"("})";
      }
    }
    if (!row.from_operator) {
      out += R"(,"page":")";
      append_page(random, out);
      out += '"';
    }
    out += '}';
  }
  out += '\n';
}

}  // namespace chatload::bench
