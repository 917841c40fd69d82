// An object on a server, as an input.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>

#include "source/input.h"
#include "source/object_reader.h"

namespace chatload::source {

// What a server gives of an object.
struct ObjectLook {
  ObjectVersion version;
  bool has_ranges = true;              // of bytes, all of the same version
  std::optional<std::uint64_t> bytes;  // where has_ranges is false: if the server told
};

// Asks for the first byte. Waits, within retry_for. Throws SourceError: it is refused, or there is no such server.
[[nodiscard]] ObjectLook look_at(const Fetching& fetching, const ObjectAddress& address, int stop_fd);

// It cannot be sought in where the server gives it only whole, or does not tell its versions apart.
class RemoteObject : public Input {
 public:
  RemoteObject(Fetching fetching, std::shared_ptr<const ObjectAddress> address, ObjectLook look);

  [[nodiscard]] const std::string& name() const override { return address_->name(); }
  [[nodiscard]] bool can_seek() const override { return look_.has_ranges; }
  [[nodiscard]] std::unique_ptr<ByteSource> open(int stop_fd) const override;
  [[nodiscard]] std::unique_ptr<ByteSource> open_at(std::uint64_t offset, int stop_fd) const override;
  [[nodiscard]] std::size_t read_at(std::uint64_t offset, std::span<char> out) const override;
  [[nodiscard]] std::uint64_t size_bytes() const override { return look_.version.bytes; }
  // "etag:" and the digest of size and version: the store's word for it, without reading any of its bytes.
  [[nodiscard]] std::string content_key() const override;
  [[nodiscard]] std::string stamp() const override;
  void prefetch() const override;
  [[nodiscard]] bool is_at_hand() const override;

 private:
  class Cursor;

  [[nodiscard]] std::shared_ptr<ObjectReader> reader() const;

  const Fetching fetching_;
  const std::shared_ptr<const ObjectAddress> address_;
  const ObjectLook look_;
  mutable std::mutex mutex_;                      // guards reader_
  mutable std::shared_ptr<ObjectReader> reader_;  // once something is read
};

// RemoteObject::stamp() of a version of the object of that name.
[[nodiscard]] std::string object_stamp(const std::string& name, const ObjectVersion& version);

}  // namespace chatload::source
