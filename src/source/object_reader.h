// An object's bytes, fetched by ranges ahead of where they are read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "source/fetching.h"
#include "source/object_address.h"
#include "source/object_version.h"

namespace chatload::source {

// Several ranges are on their way at once, each to a chunk of memory of its own, of which what has come can be read. A
// read somewhere else moves them there, and keeps what has come as long as nothing needs its memory. What fails is
// asked for again from where it failed. All bytes are the version's. Thread-safe.
class ObjectReader : private FetchMemory::Holder {
 public:
  ObjectReader(Fetching fetching, std::shared_ptr<const ObjectAddress> address, ObjectVersion version);
  ObjectReader(const ObjectReader&) = delete;
  ObjectReader& operator=(const ObjectReader&) = delete;
  ~ObjectReader() override;

  // 1 to out.size() bytes from the offset on; 0 at the object's end, or after a stop (stop_fd: as of open_input()).
  // Waits. Throws SourceError: it is another version now, is refused, or nothing has come for too long.
  [[nodiscard]] std::size_t read(std::uint64_t offset, std::span<char> out, int stop_fd);

  // Fills `out`, or up to the object's end, without moving what is fetched; asks for what is not there. Waits and
  // throws as read() does.
  [[nodiscard]] std::size_t read_beside(std::uint64_t offset, std::span<char> out);

  // Begins with its first bytes, if there is memory for them.
  void prefetch();
  // Whether all bytes have come, and are still there.
  [[nodiscard]] bool has_all() const;

  // Each reading counts; the memory of an object that nobody reads may be taken away.
  void begin_reading();
  void end_reading();

 private:
  struct Chunk;
  struct State;
  class ChunkReceiver;

  [[nodiscard]] std::optional<std::size_t> give_up_if_idle() override;
  void fetch_ahead();
  [[nodiscard]] std::shared_ptr<Chunk> next_chunk();
  [[nodiscard]] bool has_room(std::size_t bytes, std::uint64_t offset);
  void start(const std::shared_ptr<Chunk>& chunk);

  const Fetching fetching_;
  const std::shared_ptr<const ObjectAddress> address_;
  const ObjectVersion version_;
  const std::size_t chunk_bytes_;
  const std::shared_ptr<State> state_;  // receivers have it, too
};

}  // namespace chatload::source
