// Over 400 lines: what reads, what receives and the chunks between them are one state under one mutex.
//
// Chunks are half-open intervals that do not overlap, by where they begin. `wanted` is their union: what is there or on
// its way; the next range to ask for is the first gap in it from the read position on. A transfer that ends early
// leaves its chunk as long as what has come, and so a gap, which is asked for again.
//
// Transfers are started by who reads, never by the client's thread: signing a request may wait for credentials, and a
// failed one waits for its time in read(), which has nothing else to do.

#include "source/object_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <map>
#include <mutex>
#include <optional>
#include <utility>

#include "base/errors.h"
#include "base/log.h"
#include "base/stop_signal.h"
#include "base/units.h"
#include "source/fetch_retry.h"
#include "source/interval_map.h"
#include "source/object_part.h"

namespace chatload::source {
namespace {

constexpr std::size_t kChunkBytesMax = 8 * kMiB;
constexpr std::size_t kChunkBytesMin = 256 * kKiB;
// Of all memory: so many chunks are on their way or read at a time.
constexpr std::size_t kChunks = 8;
constexpr std::size_t kComingMax = 6;
constexpr std::chrono::minutes kSayAgain{1};
// Longer than the client waits for a connection and then for a byte.
constexpr std::chrono::seconds kSilenceMax{60};

}  // namespace

struct ObjectReader::Chunk {
  Chunk(std::uint64_t its_begin, std::uint64_t its_end)
      : begin(its_begin),
        end(its_end),
        capacity(its_end - its_begin),
        bytes(std::make_unique_for_overwrite<char[]>(capacity)) {}

  const std::uint64_t begin;
  std::uint64_t end;
  const std::size_t capacity;
  const std::unique_ptr<char[]> bytes;  // those that have come do not change any more
  std::size_t filled = 0;
  bool is_coming = true;
  bool is_dropped = false;  // nobody wants more of it
  FetchRetry::Clock::time_point heard_of = FetchRetry::Clock::now();
  std::optional<HttpClient::TransferId> transfer;
};

struct ObjectReader::State {
  explicit State(const Fetching& its_fetching) : fetching(its_fetching), retry(its_fetching.retry_for) {}

  // Which has the offset, or will have it.
  [[nodiscard]] std::shared_ptr<Chunk> chunk_for(std::uint64_t offset) const {
    const auto next = chunks.upper_bound(offset);
    if (next == chunks.begin()) return nullptr;
    const std::shared_ptr<Chunk>& chunk = std::prev(next)->second;
    return offset < chunk->end ? chunk : nullptr;
  }
  [[nodiscard]] std::shared_ptr<Chunk> chunk_at(std::uint64_t offset) const {
    std::shared_ptr<Chunk> chunk = chunk_for(offset);
    return chunk && offset < chunk->begin + chunk->filled ? chunk : nullptr;
  }

  // The chunk that begins there. Returns what it held.
  [[nodiscard]] std::size_t drop(std::uint64_t begin) {
    const auto chunk = std::move(chunks.extract(begin).mapped());
    chunk->is_dropped = true;
    wanted.remove(chunk->begin, chunk->end);
    if (chunk->is_coming) {
      --coming;
      if (chunk->transfer) fetching.client.cancel(*chunk->transfer);
    }
    return chunk->capacity;
  }
  [[nodiscard]] std::size_t drop_all() {
    std::size_t bytes = 0;
    while (!chunks.empty()) bytes += drop(chunks.begin()->first);
    return bytes;
  }
  void give_back(std::uint64_t begin) { fetching.memory.give_back(drop(begin)); }

  // Ends what is on its way to other places than from `begin` to `end`, and keeps what has come: its bytes would come
  // in front of those that are wanted now.
  void leave_all_but(std::uint64_t begin, std::uint64_t end) {
    for (auto next = chunks.begin(); next != chunks.end();) {
      const std::shared_ptr<Chunk> chunk = (next++)->second;
      if (!chunk->is_coming || (chunk->begin < end && begin < chunk->end)) continue;
      if (chunk->filled == 0) {
        give_back(chunk->begin);
        continue;
      }
      chunk->is_dropped = true;
      chunk->is_coming = false;
      --coming;
      if (chunk->transfer) fetching.client.cancel(*chunk->transfer);
      wanted.remove(chunk->begin + chunk->filled, chunk->end);
      chunk->end = chunk->begin + chunk->filled;
    }
  }

  const Fetching fetching;
  std::mutex mutex;  // guards all of it, and the chunks
  std::condition_variable changed;
  std::map<std::uint64_t, std::shared_ptr<Chunk>> chunks;  // by where they begin
  IntervalMap wanted;
  std::uint64_t position = 0;
  std::size_t coming = 0;
  unsigned readings = 0;
  FetchRetry retry;
  std::optional<FetchRetry::Clock::time_point> said;  // that it is tried again
  std::string failure;                                // a sentence; empty while there is none
};

// Fills a chunk.
class ObjectReader::ChunkReceiver : public HttpReceiver {
 public:
  ChunkReceiver(std::shared_ptr<State> state, std::shared_ptr<Chunk> chunk,
                std::shared_ptr<const ObjectAddress> address, HttpRequest asked, const ObjectVersion& version)
      : state_(std::move(state)),
        chunk_(std::move(chunk)),
        address_(std::move(address)),
        asked_(std::move(asked)),
        version_(version) {}

  Wish on_head(const HttpResponse& head) override {
    answer_ = head;
    const bool has_bytes = head.status == kHttpOk || head.status == kHttpPartialContent;
    if (head.status == kHttpPreconditionFailed || head.status == kHttpRangeNotSatisfiable ||
        (has_bytes && version_.differs(head.headers))) {
      return refuse_other_version();
    }
    if (!has_bytes) return Wish::kMore;  // its body says more
    if (!version_.is_said_by(head.headers)) {
      trouble_ = "its answer does not say of which version it is";
      return Wish::kEnd;
    }
    if (head.status == kHttpPartialContent) {
      const auto range = content_range(head.headers);
      const std::uint64_t asked_end = chunk_->begin + chunk_->capacity;
      if (range && range->object_bytes != version_.bytes) return refuse_other_version();
      if (!range || range->begin != chunk_->begin || range->end != asked_end) {
        trouble_ = fmt::format("its answer is not for the bytes that were asked for ({})",
                               header(head.headers, "content-range"));
        return Wish::kEnd;
      }
    } else {
      // The server has given all of it.
      const auto bytes = parse_digits(header(head.headers, "content-length"));
      if (bytes && *bytes != version_.bytes) return refuse_other_version();
      is_whole_object_ = true;
      skip_ = chunk_->begin;
    }
    takes_ = true;
    return Wish::kMore;
  }

  Wish on_body(std::span<const char> bytes) override {
    if (!takes_) {
      if (answer_.body.size() < HttpClient::kErrorBytesMax) answer_.body.append(bytes.data(), bytes.size());
      return Wish::kMore;
    }
    const auto skipped = static_cast<std::size_t>(std::min<std::uint64_t>(skip_, bytes.size()));
    skip_ -= skipped;
    bytes = bytes.subspan(skipped);
    if (bytes.empty()) return Wish::kMore;
    const std::lock_guard lock(state_->mutex);
    if (chunk_->is_dropped) return Wish::kEnd;
    const std::size_t size = std::min(bytes.size(), chunk_->capacity - chunk_->filled);
    std::memcpy(chunk_->bytes.get() + chunk_->filled, bytes.data(), size);
    chunk_->filled += size;
    chunk_->heard_of = FetchRetry::Clock::now();
    state_->retry.went_well();
    state_->changed.notify_all();
    // An answer that is ended costs its connection; one for the range alone ends by itself.
    const bool has_more = size < bytes.size() || is_whole_object_;
    return has_more && chunk_->filled == chunk_->capacity ? Wish::kEnd : Wish::kMore;
  }

  void on_end(const std::optional<HttpTrouble>& trouble) override {
    const std::lock_guard lock(state_->mutex);
    if (chunk_->is_dropped) return;
    chunk_->is_coming = false;
    --state_->coming;
    if (chunk_->filled < chunk_->capacity) {
      judge(trouble);
      state_->wanted.remove(chunk_->begin + chunk_->filled, chunk_->end);
      chunk_->end = chunk_->begin + chunk_->filled;
      if (chunk_->filled == 0) state_->give_back(chunk_->begin);
    }
    state_->changed.notify_all();
  }

 private:
  Wish refuse_other_version() {
    failure_ = other_version(address_->name());
    return Wish::kEnd;
  }

  void judge(const std::optional<HttpTrouble>& trouble) {
    if (!failure_.empty()) {
      state_->failure = failure_;
    } else if (!trouble_.empty()) {
      state_->retry.failed(trouble_);
    } else if (trouble) {
      if (trouble->is_receiver) return;  // it was cancelled
      if (trouble->may_pass) return state_->retry.failed(trouble->what);
      state_->failure = fmt::format("{}: {}; {}", address_->name(), trouble->what, trouble->remedy);
    } else if (takes_) {
      state_->retry.failed("its answer ended too early");
    } else if (address_->may_pass(asked_, answer_)) {
      state_->retry.failed(fmt::format("it answers with HTTP {}", answer_.status), retry_after(answer_.headers));
    } else {
      state_->failure = address_->refusal(answer_);
    }
  }

  const std::shared_ptr<State> state_;
  const std::shared_ptr<Chunk> chunk_;
  const std::shared_ptr<const ObjectAddress> address_;
  const HttpRequest asked_;
  const ObjectVersion version_;
  HttpResponse answer_;
  bool takes_ = false;
  bool is_whole_object_ = false;
  std::uint64_t skip_ = 0;
  std::string trouble_;
  std::string failure_;
};

ObjectReader::ObjectReader(Fetching fetching, std::shared_ptr<const ObjectAddress> address, ObjectVersion version)
    : fetching_(fetching),
      address_(std::move(address)),
      version_(std::move(version)),
      chunk_bytes_(std::clamp(fetching.memory.total_bytes() / kChunks, kChunkBytesMin, kChunkBytesMax)),
      state_(std::make_shared<State>(fetching)) {}

ObjectReader::~ObjectReader() {
  fetching_.memory.remove(*this);
  const std::lock_guard lock(state_->mutex);
  fetching_.memory.give_back(state_->drop_all());
}

std::optional<std::size_t> ObjectReader::give_up_if_idle() {
  const std::unique_lock lock(state_->mutex, std::try_to_lock);
  if (!lock || state_->readings > 0) return std::nullopt;
  return state_->drop_all();
}

void ObjectReader::begin_reading() {
  const std::lock_guard lock(state_->mutex);
  ++state_->readings;
}

void ObjectReader::end_reading() {
  {
    const std::lock_guard lock(state_->mutex);
    if (--state_->readings > 0) return;
  }
  fetching_.memory.put(*this, FetchMemory::Use::kRead);
}

std::size_t ObjectReader::read(std::uint64_t offset, std::span<char> out, int stop_fd) {
  if (offset >= version_.bytes) return 0;
  for (;;) {
    std::shared_ptr<Chunk> chunk;
    std::size_t has = 0;
    {
      const std::lock_guard lock(state_->mutex);
      state_->position = offset;
      chunk = state_->chunk_at(offset);
      if (chunk) has = chunk->begin + chunk->filled - offset;
      // Two that read in different places would end each other's.
      const bool is_seek = !state_->chunk_for(offset) && state_->readings <= 1;
      if (is_seek) state_->leave_all_but(offset, offset + kComingMax * chunk_bytes_);
    }
    fetch_ahead();
    if (chunk) {
      const std::size_t size = std::min(out.size(), has);
      std::memcpy(out.data(), chunk->bytes.get() + (offset - chunk->begin), size);
      return size;
    }
    if (is_stop(stop_fd)) return 0;
    std::unique_lock lock(state_->mutex);
    if (state_->chunk_at(offset)) continue;
    if (!state_->failure.empty()) throw SourceError(state_->failure);
    const FetchRetry::Clock::time_point now = FetchRetry::Clock::now();
    FetchRetry::Clock::time_point until = now + kStopPoll;
    const std::shared_ptr<Chunk> awaited = state_->chunk_for(offset);
    if (awaited && now - awaited->heard_of > kSilenceMax) {
      state_->give_back(awaited->begin);
      state_->retry.failed(fmt::format("nothing came for {} s", kSilenceMax.count()));
    }
    if (state_->retry.next_try() > now) {
      if (state_->retry.is_over()) throw SourceError(fmt::format("{}: {}", address_->name(), state_->retry.over()));
      if (!state_->said || now - *state_->said > kSayAgain) {
        state_->said = now;
        log_warning(fmt::format("{}: {}; it is asked again.", address_->name(), state_->retry.trouble()));
      }
      until = std::min(until, state_->retry.next_try());
    }
    state_->changed.wait_until(lock, until);
  }
}

std::size_t ObjectReader::read_beside(std::uint64_t offset, std::span<char> out) {
  const std::uint64_t end = std::min(version_.bytes, offset + out.size());
  if (offset >= end) return 0;
  const auto size = static_cast<std::size_t>(end - offset);
  {
    const std::lock_guard lock(state_->mutex);
    const std::shared_ptr<Chunk> chunk = state_->chunk_at(offset);
    if (chunk && chunk->begin + chunk->filled >= end) {
      std::memcpy(out.data(), chunk->bytes.get() + (offset - chunk->begin), size);
      return size;
    }
  }
  fetch_part(fetching_, *address_, version_, offset, out.first(size));
  return size;
}

void ObjectReader::prefetch() {
  std::size_t bytes = 0;
  {
    const std::lock_guard lock(state_->mutex);
    if (!state_->chunks.empty() || version_.bytes == 0) return;
    bytes = static_cast<std::size_t>(std::min<std::uint64_t>(chunk_bytes_, version_.bytes));
  }
  fetching_.memory.reclaim_read(bytes);
  if (!fetching_.memory.take(bytes)) return;
  fetching_.memory.give_back(bytes);
  fetching_.memory.put(*this, FetchMemory::Use::kToBeRead);
  try {
    if (const std::shared_ptr<Chunk> chunk = next_chunk()) start(chunk);
  } catch (const SourceError&) {
    // whoever reads it says so
  }
}

bool ObjectReader::has_all() const {
  const std::lock_guard lock(state_->mutex);
  std::uint64_t has = 0;
  for (const auto& [begin, chunk] : state_->chunks) {
    if (begin == has) has += chunk->filled;
  }
  return has == version_.bytes;
}

void ObjectReader::fetch_ahead() {
  while (const std::shared_ptr<Chunk> chunk = next_chunk()) start(chunk);
}

// What is to be asked for now, in its place; null where nothing is.
std::shared_ptr<ObjectReader::Chunk> ObjectReader::next_chunk() {
  for (bool has_reclaimed = false;; has_reclaimed = true) {
    std::uint64_t begin = 0;
    std::size_t size = 0;
    bool is_needed_now = false;
    {
      const std::lock_guard lock(state_->mutex);
      begin = state_->wanted.next_gap(state_->position);
      is_needed_now = begin == state_->position;
      if (begin >= version_.bytes || !state_->failure.empty()) return nullptr;
      if (FetchRetry::Clock::now() < state_->retry.next_try()) return nullptr;
      if (state_->coming >= kComingMax) {
        if (!is_needed_now) return nullptr;
        const auto farthest = std::find_if(state_->chunks.rbegin(), state_->chunks.rend(),
                                           [](const auto& one) { return one.second->is_coming; });
        state_->give_back(farthest->first);
      }
      size = static_cast<std::size_t>(
          std::min({begin + chunk_bytes_, state_->wanted.next_covered(begin), version_.bytes}) - begin);
      const bool has_nothing = is_needed_now && has_reclaimed;
      if (has_nothing) size = std::min(size, kChunkBytesMin);
      const bool is_taken = has_room(size, begin);
      if (is_taken || has_nothing) {
        if (!is_taken) fetching_.memory.take_all_the_same(size);
        auto chunk = std::make_shared<Chunk>(begin, begin + size);
        state_->chunks.emplace(begin, chunk);
        state_->wanted.add(begin, begin + size);
        ++state_->coming;
        state_->retry.begins();
        return chunk;
      }
      if (!is_needed_now && has_reclaimed) return nullptr;
    }
    if (is_needed_now) {
      fetching_.memory.reclaim(size);
    } else {
      fetching_.memory.reclaim_read(size);
    }
  }
}

// Takes it, for what begins at the offset: of those behind the reader first, then of those that are read last.
bool ObjectReader::has_room(std::size_t bytes, std::uint64_t offset) {
  while (!fetching_.memory.take(bytes)) {
    if (state_->chunks.empty()) return false;
    const std::shared_ptr<Chunk> first = state_->chunks.begin()->second;
    const std::shared_ptr<Chunk> last = state_->chunks.rbegin()->second;
    const bool is_first_behind = first->end <= state_->position;
    if (!is_first_behind && last->begin <= offset) return false;
    state_->give_back((is_first_behind ? first : last)->begin);
  }
  return true;
}

void ObjectReader::start(const std::shared_ptr<Chunk>& chunk) {
  try {
    HttpHeaders headers = version_.conditions();
    headers.push_back(range_header(chunk->begin, chunk->begin + chunk->capacity));
    HttpRequest request = address_->get(std::move(headers));
    const auto receiver = std::make_shared<ChunkReceiver>(state_, chunk, address_, request, version_);
    const HttpClient::TransferId transfer = fetching_.client.start(std::move(request), receiver);
    const std::lock_guard lock(state_->mutex);
    chunk->transfer = transfer;
    if (chunk->is_dropped) fetching_.client.cancel(transfer);
  } catch (...) {
    const std::lock_guard lock(state_->mutex);
    if (!chunk->is_dropped) state_->give_back(chunk->begin);
    throw;
  }
}

}  // namespace chatload::source
