// An object of a server that does not give parts of it: read in one answer, from front to back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "source/byte_source.h"
#include "source/fetch_retry.h"
#include "source/object_reader.h"

namespace chatload::source {

// Where the connection breaks, the object is asked for again, and what was read is passed over, as long as the server
// can say that it is the same version. Used by one thread at a time.
class ObjectStream : public ByteSource {
 public:
  // bytes: where the server has told.
  ObjectStream(Fetching fetching, std::shared_ptr<const ObjectAddress> address, ObjectVersion version,
               std::optional<std::uint64_t> bytes, int stop_fd);
  ObjectStream(const ObjectStream&) = delete;
  ObjectStream& operator=(const ObjectStream&) = delete;
  ~ObjectStream() override;

  [[nodiscard]] std::size_t read(std::span<char> out) override;
  [[nodiscard]] bool stopped() const override { return stopped_; }
  [[nodiscard]] std::optional<std::uint64_t> size_bytes() const override { return bytes_; }
  [[nodiscard]] const std::string& name() const override { return address_->name(); }

 private:
  class Receiver;

  void begin();
  [[nodiscard]] bool try_again();

  const Fetching fetching_;
  const std::shared_ptr<const ObjectAddress> address_;
  const ObjectVersion version_;
  const std::optional<std::uint64_t> bytes_;
  const int stop_fd_;
  FetchRetry retry_;
  std::uint64_t position_ = 0;
  std::shared_ptr<Receiver> receiver_;
  HttpRequest asked_;
  HttpClient::TransferId transfer_ = 0;
  bool stopped_ = false;
};

}  // namespace chatload::source
