#include "load/sources_ahead.h"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/errors.h"

namespace chatload::load {
namespace {

// How much larger a log is than its gzip, mostly: where it is more, the rest is inflated in its turn.
constexpr std::uint64_t kTimesLarger = 8;
// Of the memory, for one source at most: one is read while the next two are inflated.
constexpr std::size_t kShares = 3;

}  // namespace

SourcesAhead::SourcesAhead(const std::vector<LoadSource*>& sources, const cli::ReadPlan& read, inflate::ReadAhead ahead,
                           const StopSignal& stop)
    : sources_(sources),
      read_(read),
      ahead_(ahead),
      stop_(stop),
      buffers_(ahead.bytes),
      workers_(std::max(1U, ahead.threads), std::min<std::size_t>(kAtOnceMax, std::max(1U, ahead.threads)),
               [] { return [](inflate::HeadStart*& head) { head->run(); }; }) {}

SourcesAhead::~SourcesAhead() {
  for (const auto& reading : begun_) {
    if (reading->head != nullptr) reading->head->claim();
  }
}

std::unique_ptr<SourceReading> SourcesAhead::take(const LoadSource& source) {
  if (begun_.empty() || &begun_.front()->source != &source) return nullptr;
  std::unique_ptr<SourceReading> reading = std::move(begun_.front());
  begun_.pop_front();
  if (reading->head != nullptr) {
    reading->head->claim();
    static_cast<void>(workers_.pop());
  }
  return reading;
}

void SourcesAhead::begin_from(std::size_t place) {
  if (ahead_.threads < 2 || read_.save_index) return;
  if (!begun_.empty() && begun_.back()->head == nullptr) return;
  for (place += begun_.size(); place < sources_.size() && workers_.has_room(); ++place) {
    LoadSource& source = *sources_[place];
    if (&source == none_ || (source.file && !source.file->is_at_hand()) || !begin(source)) return;
  }
}

bool SourcesAhead::begin(LoadSource& source) {
  const std::uint64_t wanted = source.identity.bytes.value_or(0) * kTimesLarger;
  PaddedBuffer buffer = buffers_.lend(static_cast<std::size_t>(
      std::clamp<std::uint64_t>(wanted, inflate::PieceBuffers::kStepBytes, ahead_.bytes / kShares)));
  if (buffer.capacity() == 0) return false;
  std::unique_ptr<SourceReading> reading = open(source);
  if (!reading) {
    none_ = &source;
    buffers_.give_back(std::move(buffer));
    return false;
  }
  const bool is_serial =
      reading->stream->compression() == inflate::Compression::kGzip && !reading->stream->reads_ahead();
  if (is_serial) {
    reading->give_head_start(std::move(buffer), read_);
  } else {
    buffers_.give_back(std::move(buffer));
  }
  begun_.push_back(std::move(reading));
  if (is_serial) workers_.push(begun_.back()->head);
  return is_serial;
}

// Null where what there is before its first byte says that it is none of them. What is wrong with it shows when its
// turn comes.
std::unique_ptr<SourceReading> SourcesAhead::open(LoadSource& source) const {
  if (source.recorded || source.identity.stamp.empty()) return nullptr;
  std::error_code error;
  const auto index = index_place(source.name, read_);
  if (index && std::filesystem::exists(*index, error)) return nullptr;
  try {
    std::shared_ptr<const source::Input> file = source.open();
    auto bytes = file->open(stop_.fd());
    return std::make_unique<SourceReading>(source, std::move(file), nullptr, std::move(bytes), read_, ahead_);
  } catch (const Error&) {
    return nullptr;
  }
}

void SourcesAhead::give_back(std::unique_ptr<SourceReading> reading) {
  if (reading->head != nullptr) buffers_.give_back(std::move(*reading->head).take_buffer());
}

}  // namespace chatload::load
