#include "source/remote_object.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/digest.h"
#include "base/errors.h"
#include "base/log.h"
#include "source/fetch_retry.h"
#include "source/object_stream.h"

namespace chatload::source {
namespace {

// A name server may be away for a moment; a host that nobody knows is a wrong URL.
constexpr std::chrono::milliseconds kUnknownHostMax{10'000};

ObjectVersion version_of(const HttpHeaders& headers, std::uint64_t bytes) {
  return {bytes, std::string(header(headers, "etag")), std::string(header(headers, "last-modified"))};
}

// Of an answer that is neither a refusal nor trouble; nothing of one that makes no sense.
std::optional<ObjectLook> look_of(const HttpResponse& answer) {
  ObjectLook look;
  if (answer.status == kHttpPartialContent) {
    const auto range = content_range(answer.headers);
    if (!range || range->begin != 0) return std::nullopt;
    look.version = version_of(answer.headers, range->object_bytes);
    look.has_ranges = look.version.can_be_pinned();
    look.bytes = range->object_bytes;
  } else if (answer.status == kHttpRangeNotSatisfiable) {
    // Only an empty object has no first byte, but not every server says so: then it is asked for as a whole.
    const bool is_empty = header(answer.headers, "content-range") == "bytes */0";
    if (is_empty) {
      look.version = version_of(answer.headers, 0);
      look.bytes = 0;
    }
    look.has_ranges = is_empty && look.version.can_be_pinned();
  } else {
    look.bytes = parse_digits(header(answer.headers, "content-length"));
    look.version = version_of(answer.headers, look.bytes.value_or(0));
    look.has_ranges = look.bytes == 0 && look.version.can_be_pinned();
  }
  return look;
}

}  // namespace

ObjectLook look_at(const Fetching& fetching, const ObjectAddress& address, int stop_fd) {
  FetchRetry retry(fetching.retry_for);
  FetchRetry names(std::min(fetching.retry_for, kUnknownHostMax));
  for (bool is_first = true;; is_first = false) {
    const HttpRequest asked = address.get({range_header(0, 1)});
    try {
      const HttpResponse answer = fetching.client.look(asked, stop_fd);
      if (answer.status / 100 == 2 || answer.status == kHttpRangeNotSatisfiable) {
        auto look = look_of(answer);
        if (look) {
          if (!look->has_ranges) {
            log_info(
                fmt::format("{}: its server gives it only as a whole, so it is read as from a pipe.", address.name()));
          }
          return std::move(*look);
        }
        retry.failed(fmt::format("its answer is not for the bytes that were asked for ({})",
                                 header(answer.headers, "content-range")));
      } else if (address.may_pass(asked, answer)) {
        retry.failed(fmt::format("it answers with HTTP {}", answer.status), retry_after(answer.headers));
      } else {
        throw SourceError(address.refusal(answer));
      }
    } catch (const HttpTroubleError& error) {
      const HttpTrouble& trouble = error.trouble();
      if (trouble.is_unknown_host) names.failed(trouble.what);
      if (!trouble.may_pass || (trouble.is_unknown_host && names.is_over())) {
        throw SourceError(fmt::format("{}: {}", address.name(), error.what()));
      }
      retry.failed(trouble.what);
    }
    if (retry.is_over()) {
      throw SourceError(fmt::format("{}: {}", address.name(), retry.over()));
    }
    if (is_first) log_warning(fmt::format("{}: {}; it is asked again.", address.name(), retry.trouble()));
    if (!retry.wait(stop_fd)) throw Interrupted();
  }
}

// Where it is read.
class RemoteObject::Cursor : public ByteSource {
 public:
  Cursor(std::shared_ptr<ObjectReader> reader, std::string name, std::uint64_t bytes, std::uint64_t position,
         int stop_fd)
      : reader_(std::move(reader)), name_(std::move(name)), bytes_(bytes), position_(position), stop_fd_(stop_fd) {
    reader_->begin_reading();
  }
  Cursor(const Cursor&) = delete;
  Cursor& operator=(const Cursor&) = delete;
  ~Cursor() override { reader_->end_reading(); }

  [[nodiscard]] std::size_t read(std::span<char> out) override {
    const std::size_t size = reader_->read(position_, out, stop_fd_);
    position_ += size;
    stopped_ = size == 0 && position_ < bytes_;
    return size;
  }
  [[nodiscard]] bool stopped() const override { return stopped_; }
  [[nodiscard]] std::optional<std::uint64_t> size_bytes() const override { return bytes_; }
  [[nodiscard]] const std::string& name() const override { return name_; }

 private:
  const std::shared_ptr<ObjectReader> reader_;
  const std::string name_;
  const std::uint64_t bytes_;
  std::uint64_t position_;
  const int stop_fd_;
  bool stopped_ = false;
};

RemoteObject::RemoteObject(Fetching fetching, std::shared_ptr<const ObjectAddress> address, ObjectLook look)
    : fetching_(fetching), address_(std::move(address)), look_(std::move(look)) {}

std::shared_ptr<ObjectReader> RemoteObject::reader() const {
  const std::lock_guard lock(mutex_);
  if (!reader_) reader_ = std::make_shared<ObjectReader>(fetching_, address_, look_.version);
  return reader_;
}

std::unique_ptr<ByteSource> RemoteObject::open(int stop_fd) const {
  if (can_seek()) return open_at(0, stop_fd);
  return std::make_unique<ObjectStream>(fetching_, address_, look_.version, look_.bytes, stop_fd);
}

std::unique_ptr<ByteSource> RemoteObject::open_at(std::uint64_t offset, int stop_fd) const {
  return std::make_unique<Cursor>(reader(), name(), size_bytes(), offset, stop_fd);
}

std::size_t RemoteObject::read_at(std::uint64_t offset, std::span<char> out) const {
  return reader()->read_beside(offset, out);
}

void RemoteObject::prefetch() const {
  if (can_seek()) reader()->prefetch();
}

bool RemoteObject::is_at_hand() const { return can_seek() && reader()->has_all(); }

std::string RemoteObject::content_key() const {
  const ObjectVersion& version = look_.version;
  return "etag:" +
         digest_hex(fmt::format("{}\n{}", version.bytes, version.etag.empty() ? version.last_modified : version.etag));
}

std::string RemoteObject::stamp() const { return can_seek() ? object_stamp(name(), look_.version) : std::string(); }

std::string object_stamp(const std::string& name, const ObjectVersion& version) {
  return "object:" + digest_hex(fmt::format("{}\n{}\n{}", name, version.bytes,
                                            version.etag.empty() ? version.last_modified : version.etag));
}

}  // namespace chatload::source
