// The memory that the bytes of all objects have, on their way and until they are read.
#pragma once

#include <cstddef>
#include <list>
#include <mutex>
#include <optional>

namespace chatload::source {

// Thread-safe.
class FetchMemory {
 public:
  // Who takes of it.
  class Holder {
   public:
    virtual ~Holder() = default;
    // If nobody reads it now: gives up what it holds, and returns how many bytes those are. Must not wait, nor call
    // FetchMemory.
    [[nodiscard]] virtual std::optional<std::size_t> give_up_if_idle() = 0;

   private:
    friend FetchMemory;
    std::list<Holder*>* list_ = nullptr;  // that has it; the memory's mutex guards it
    std::list<Holder*>::iterator place_;
  };
  enum class Use { kToBeRead, kRead };

  explicit FetchMemory(std::size_t bytes) : bytes_(bytes) {}

  [[nodiscard]] std::size_t total_bytes() const { return bytes_; }

  // False where there is no room for so many.
  [[nodiscard]] bool take(std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    if (used_ + bytes > bytes_) return false;
    used_ += bytes;
    return true;
  }
  // Though there is no room.
  void take_all_the_same(std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    used_ += bytes;
  }
  void give_back(std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    used_ -= bytes;
  }

  // Of one that nobody reads now: until it has given up what it holds, that can be taken back.
  void put(Holder& holder, Use use) {
    const std::lock_guard lock(mutex_);
    take_out(holder);
    const bool is_read = use == Use::kRead;
    holder.list_ = is_read ? &read_ : &to_be_read_;
    holder.place_ = holder.list_->insert(is_read ? read_.end() : to_be_read_.begin(), &holder);
  }
  void remove(Holder& holder) {
    const std::lock_guard lock(mutex_);
    take_out(holder);
  }
  // Takes back what idle holders have until so many bytes are free: of those that were read, the first first; then of
  // those that are yet to be read, the last first. REQUIRES: the caller has no lock of a holder.
  void reclaim(std::size_t bytes) {
    reclaim_read(bytes);
    const std::lock_guard lock(mutex_);
    for (auto next = to_be_read_.begin(); next != to_be_read_.end() && used_ + bytes > bytes_;) give_up(**next++);
  }
  // Of those that were read alone.
  void reclaim_read(std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    for (auto next = read_.begin(); next != read_.end() && used_ + bytes > bytes_;) give_up(**next++);
  }

 private:
  void take_out(Holder& holder) {
    if (holder.list_ != nullptr) holder.list_->erase(holder.place_);
    holder.list_ = nullptr;
  }
  void give_up(Holder& holder) {
    const std::optional<std::size_t> bytes = holder.give_up_if_idle();
    if (!bytes) return;
    used_ -= *bytes;
    take_out(holder);
  }

  const std::size_t bytes_;
  std::mutex mutex_;  // guards all below
  std::size_t used_ = 0;
  std::list<Holder*> to_be_read_;  // the last first
  std::list<Holder*> read_;        // the first first
};

}  // namespace chatload::source
