// Gzip made by zlib, and streams read to their end, for tests.
#pragma once

#include <zlib.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/errors.h"
#include "inflate/decoded_stream.h"
#include "unit/source/string_source.h"

namespace chatload::inflate {

inline constexpr int kGzipWindowBits = 16 + MAX_WBITS;
inline constexpr int kRawWindowBits = -MAX_WBITS;

// text as one gzip member, or as bare deflate data with kRawWindowBits. memory_level 1 makes many small blocks.
inline std::string compress(std::string text, int level = 6, int window_bits = kGzipWindowBits,
                            int strategy = Z_DEFAULT_STRATEGY, int memory_level = 8) {
  z_stream stream{};
  if (deflateInit2(&stream, level, Z_DEFLATED, window_bits, memory_level, strategy) != Z_OK)
    throw std::runtime_error("deflate");
  std::string compressed(deflateBound(&stream, static_cast<uLong>(text.size())) + 32, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(text.data());
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(compressed.data());
  stream.avail_out = static_cast<uInt>(compressed.size());
  const int result = ::deflate(&stream, Z_FINISH);
  compressed.resize(compressed.size() - stream.avail_out);
  deflateEnd(&stream);
  if (result != Z_STREAM_END) throw std::runtime_error("deflate did not finish");
  return compressed;
}

inline std::string little_endian(std::uint32_t value, unsigned bytes = 4) {
  std::string text;
  for (unsigned i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * i) & 0xff);
  return text;
}

inline std::uint32_t zlib_crc32(std::string_view bytes) {
  return static_cast<std::uint32_t>(crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

// Lines that look like the real ones, repeat and vary.
inline std::string sample_lines(std::size_t lines) {
  std::string text;
  std::uint32_t random = 1;
  for (std::size_t i = 0; i < lines; ++i) {
    random = random * 1664525 + 1013904223;
    text += R"({"id":"c0ffee-)" + std::to_string(i) + R"(","type":"message","from":"visitor)" +
            std::to_string(random >> 20) + R"(","site_id":"3","timestamp":)" + std::to_string(1479816000 + i) +
            R"(,"data":{"message":")" + std::to_string(random) + "\"}}\n";
  }
  return text;
}

// What a stream gives until it ends or throws; `error` is then the sentence, else empty.
struct ReadResult {
  std::string bytes;
  std::string error;
};

inline ReadResult read_to_end(DecodedStream& stream, std::size_t read_size = 64 * 1024) {
  ReadResult result;
  std::string buffer(read_size, '\0');
  try {
    while (const std::size_t size = stream.read(buffer)) result.bytes.append(buffer, 0, size);
  } catch (const CorruptInputError& error) {
    result.error = error.what();
  }
  return result;
}

inline std::unique_ptr<DecodedStream> open_string(std::string input, Inflater inflater,
                                                  std::vector<std::size_t> read_sizes = {},
                                                  std::string name = "log.json.gz") {
  return open_decoded(std::make_unique<source::StringSource>(std::move(input), std::move(read_sizes), std::move(name)),
                      inflater);
}

inline ReadResult read_string(std::string input, Inflater inflater, std::size_t source_read_size = 1 << 20,
                              std::size_t read_size = 64 * 1024) {
  try {
    return read_to_end(*open_string(std::move(input), inflater, {source_read_size}), read_size);
  } catch (const CorruptInputError& error) {
    return {{}, error.what()};
  }
}

}  // namespace chatload::inflate
