#include "source/object_cache.h"

#include <fmt/format.h>

#include <atomic>
#include <string>
#include <system_error>
#include <utility>

#include "base/errors.h"
#include "base/log.h"
#include "base/placed_file.h"
#include "source/held_file.h"

namespace chatload::source {
namespace {

// A file that is read in the object's place.
class KeptSource : public ByteSource {
 public:
  KeptSource(std::unique_ptr<ByteSource> file, std::string name) : file_(std::move(file)), name_(std::move(name)) {}

  [[nodiscard]] std::size_t read(std::span<char> out) override { return file_->read(out); }
  [[nodiscard]] std::optional<std::uint64_t> size_bytes() const override { return file_->size_bytes(); }
  [[nodiscard]] const std::string& name() const override { return name_; }

 private:
  const std::unique_ptr<ByteSource> file_;
  const std::string name_;
};

// Keeps what is read through it.
class KeepingSource : public ByteSource {
 public:
  // is_said: whether a warning has said that the object cannot be kept; all its readings have it.
  KeepingSource(std::unique_ptr<ByteSource> source, const std::filesystem::path& path, std::uint64_t bytes,
                std::shared_ptr<std::atomic<bool>> is_said)
      : source_(std::move(source)), left_(bytes), is_said_(std::move(is_said)) {
    attempt([&] { file_.emplace("The object cannot be kept in", path, Placing::kWhenWhole); });
  }

  [[nodiscard]] std::size_t read(std::span<char> out) override {
    const std::size_t size = source_->read(out);
    left_ -= size;
    if (file_ && size > 0) attempt([&] { file_->write({out.data(), size}); });
    if (file_ && left_ == 0) {
      attempt([&] { file_->close(); });
      file_.reset();
    }
    return size;
  }
  [[nodiscard]] bool stopped() const override { return source_->stopped(); }
  [[nodiscard]] std::optional<std::uint64_t> size_bytes() const override { return source_->size_bytes(); }
  [[nodiscard]] const std::string& name() const override { return source_->name(); }

 private:
  template <typename Step>
  void attempt(Step step) {
    try {
      step();
    } catch (const EnvironmentError& error) {
      file_.reset();
      if (!is_said_->exchange(true)) log_warning(fmt::format("{} It is read all the same.", error.what()));
    }
  }

  const std::unique_ptr<ByteSource> source_;
  std::uint64_t left_;  // of the object's bytes
  const std::shared_ptr<std::atomic<bool>> is_said_;
  std::optional<PlacedFile> file_;  // until it is whole, or cannot be written
};

class CachedObject : public Input {
 public:
  CachedObject(std::shared_ptr<const Input> object, std::filesystem::path path)
      : object_(std::move(object)), path_(std::move(path)) {}

  [[nodiscard]] const std::string& name() const override { return object_->name(); }
  [[nodiscard]] bool can_seek() const override { return true; }
  [[nodiscard]] std::unique_ptr<ByteSource> open(int stop_fd) const override { return open_at(0, stop_fd); }
  [[nodiscard]] std::unique_ptr<ByteSource> open_at(std::uint64_t offset, int stop_fd) const override {
    if (const auto file = kept()) return std::make_unique<KeptSource>(file->open_at(offset, stop_fd), name());
    auto bytes = object_->open_at(offset, stop_fd);
    if (offset > 0) return bytes;
    return std::make_unique<KeepingSource>(std::move(bytes), path_, size_bytes(), is_said_);
  }
  [[nodiscard]] std::size_t read_at(std::uint64_t offset, std::span<char> out) const override {
    const auto file = kept();
    return file ? file->read_at(offset, out) : object_->read_at(offset, out);
  }
  [[nodiscard]] std::uint64_t size_bytes() const override { return object_->size_bytes(); }
  [[nodiscard]] std::string content_key() const override { return object_->content_key(); }
  [[nodiscard]] std::string stamp() const override { return object_->stamp(); }
  void prefetch() const override {
    if (!kept()) object_->prefetch();
  }
  [[nodiscard]] bool is_at_hand() const override { return object_->is_at_hand() || kept() != nullptr; }

 private:
  // Null where there is none, or one that was cut off since.
  [[nodiscard]] std::unique_ptr<const HeldFile> kept() const {
    std::error_code error;
    if (std::filesystem::file_size(path_, error) != size_bytes() || error) return nullptr;
    try {
      return std::make_unique<const HeldFile>(path_.string());
    } catch (const SourceError&) {
      return nullptr;
    }
  }

  const std::shared_ptr<const Input> object_;
  const std::filesystem::path path_;
  const std::shared_ptr<std::atomic<bool>> is_said_ = std::make_shared<std::atomic<bool>>(false);
};

}  // namespace

std::shared_ptr<const Input> cached(std::shared_ptr<const Input> object, const std::filesystem::path& folder) {
  // "object:" and a digest of name, size and version
  const std::string stamp = object->stamp();
  return std::make_shared<const CachedObject>(std::move(object), folder / stamp.substr(stamp.find(':') + 1));
}

}  // namespace chatload::source
