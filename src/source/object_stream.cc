#include "source/object_stream.h"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <utility>

#include "base/errors.h"
#include "base/log.h"
#include "base/stop_signal.h"
#include "base/units.h"

namespace chatload::source {
namespace {

// Beyond what one call brings: where the reader is slower than the server, the connection waits.
constexpr std::size_t kWaitingBytesMax = 4 * kMiB;

}  // namespace

class ObjectStream::Receiver : public HttpReceiver {
 public:
  Receiver(std::uint64_t skip, const ObjectStream& stream)
      : skip_(skip), address_(stream.address_), version_(stream.version_) {}

  Wish on_head(const HttpResponse& head) override {
    answer_ = head;
    const bool is_whole = head.status == kHttpOk;
    is_other_version_ = head.status == kHttpPreconditionFailed || (is_whole && version_.differs(head.headers));
    is_unknown_version_ = is_whole && version_.can_be_pinned() && !version_.is_said_by(head.headers);
    return is_other_version_ || is_unknown_version_ ? Wish::kEnd : Wish::kMore;
  }

  Wish on_body(std::span<const char> bytes) override {
    const std::lock_guard lock(mutex_);
    if (is_over_) return Wish::kEnd;
    if (!is_good()) {
      if (answer_.body.size() < HttpClient::kErrorBytesMax) answer_.body.append(bytes.data(), bytes.size());
      return Wish::kMore;
    }
    if (waiting_.size() >= kWaitingBytesMax) {
      is_paused_ = true;
      return Wish::kPause;
    }
    const auto skipped = static_cast<std::size_t>(std::min<std::uint64_t>(skip_, bytes.size()));
    skip_ -= skipped;
    waiting_.append(bytes.data() + skipped, bytes.size() - skipped);
    changed_.notify_one();
    return Wish::kMore;
  }

  void on_end(const std::optional<HttpTrouble>& trouble) override {
    const std::lock_guard lock(mutex_);
    has_ended_ = true;
    trouble_ = trouble;
    changed_.notify_one();
  }

  // Whether there is something: bytes, or the end.
  [[nodiscard]] bool wait(std::chrono::milliseconds time) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, time, [this] { return has_ended_ || used_ < waiting_.size(); });
  }

  // should_resume: becomes whether the connection waits for this.
  [[nodiscard]] std::size_t take(std::span<char> out, bool& should_resume) {
    const std::lock_guard lock(mutex_);
    const std::size_t size = std::min(out.size(), waiting_.size() - used_);
    std::copy_n(waiting_.data() + used_, size, out.data());
    used_ += size;
    if (used_ == waiting_.size()) {
      waiting_.clear();
      used_ = 0;
    }
    should_resume = waiting_.empty() && std::exchange(is_paused_, false);
    return size;
  }

  void leave() {
    const std::lock_guard lock(mutex_);
    is_over_ = true;
  }

  // Behind the end.
  [[nodiscard]] bool is_good() const { return answer_.status == kHttpOk && !is_other_version_; }
  [[nodiscard]] bool is_other_version() const { return is_other_version_; }
  [[nodiscard]] bool is_unknown_version() const { return is_unknown_version_; }
  [[nodiscard]] bool is_skipping() const { return skip_ > 0; }
  [[nodiscard]] const std::optional<HttpTrouble>& trouble() const { return trouble_; }
  [[nodiscard]] const HttpResponse& answer() const { return answer_; }

 private:
  std::mutex mutex_;  // guards all of it while the transfer runs
  std::condition_variable changed_;
  std::uint64_t skip_;
  const std::shared_ptr<const ObjectAddress> address_;
  const ObjectVersion version_;
  HttpResponse answer_;
  std::string waiting_;
  std::size_t used_ = 0;  // of it
  bool is_paused_ = false;
  bool is_over_ = false;
  bool has_ended_ = false;
  bool is_other_version_ = false;
  bool is_unknown_version_ = false;
  std::optional<HttpTrouble> trouble_;
};

ObjectStream::ObjectStream(Fetching fetching, std::shared_ptr<const ObjectAddress> address, ObjectVersion version,
                           std::optional<std::uint64_t> bytes, int stop_fd)
    : fetching_(fetching),
      address_(std::move(address)),
      version_(std::move(version)),
      bytes_(bytes),
      stop_fd_(stop_fd),
      retry_(fetching.retry_for) {}

ObjectStream::~ObjectStream() {
  if (!receiver_) return;
  receiver_->leave();
  fetching_.client.cancel(transfer_);
}

void ObjectStream::begin() {
  receiver_ = std::make_shared<Receiver>(position_, *this);
  asked_ = address_->get(version_.conditions());
  transfer_ = fetching_.client.start(asked_, receiver_);
}

// After the end of a transfer: whether another one is worth it. Throws SourceError where it is not.
bool ObjectStream::try_again() {
  const Receiver& ended = *receiver_;
  const std::optional<HttpTrouble>& trouble = ended.trouble();
  if (ended.is_other_version()) {
    throw SourceError(other_version(name()));
  }
  if (ended.is_good() && !trouble && !ended.is_skipping() && (!bytes_ || *bytes_ == position_)) return false;
  if (!trouble && !ended.is_good() && !address_->may_pass(asked_, ended.answer())) {
    throw SourceError(address_->refusal(ended.answer()));
  }
  const std::string what = ended.is_unknown_version() ? "its answer does not say of which version it is"
                           : trouble                  ? trouble->what
                           : ended.is_good()          ? "its answer ended too early"
                                                      : fmt::format("it answers with HTTP {}", ended.answer().status);
  if (trouble && !trouble->may_pass && !ended.is_unknown_version())
    throw SourceError(fmt::format("{}: {}; {}", name(), what, trouble->remedy));
  if (position_ > 0 && !version_.can_be_pinned()) {
    throw SourceError(fmt::format(
        "{}: {} after {} bytes, and the server gives neither parts of it nor a version (ETag) to go on with; "
        "run the same command again, or save it to a file first.",
        name(), what, position_));
  }
  retry_.failed(what, retry_after(ended.answer().headers));
  if (retry_.is_over()) {
    throw SourceError(fmt::format("{}: {}", name(), retry_.over()));
  }
  log_warning(fmt::format("{}: {} after {} bytes; it is asked for again from its beginning.", name(), what, position_));
  return true;
}

std::size_t ObjectStream::read(std::span<char> out) {
  if (!receiver_) begin();
  for (;;) {
    while (!receiver_->wait(kStopPoll)) {
      if (!is_stop(stop_fd_)) continue;
      stopped_ = true;
      return 0;
    }
    bool should_resume = false;
    const std::size_t size = receiver_->take(out, should_resume);
    if (should_resume) fetching_.client.resume(transfer_);
    if (size > 0) {
      position_ += size;
      retry_.went_well();
      return size;
    }
    if (should_resume) continue;
    if (!try_again()) return 0;
    if (!retry_.wait(stop_fd_)) {
      stopped_ = true;
      return 0;
    }
    begin();
  }
}

}  // namespace chatload::source
