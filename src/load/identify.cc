#include "load/identify.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <thread>
#include <unordered_map>
#include <utility>

#include "base/digest.h"
#include "base/errors.h"
#include "base/log.h"
#include "base/quantity.h"
#include "load/content_digest.h"
#include "source/source_identity.h"

namespace chatload::load {
namespace {

// Identifying is opening a file and reading 128 KiB of it, or asking a server. Both wait more than they compute.
constexpr std::size_t kIdentifiers = 16;

void identify(LoadSource& source, const source::Opener& opener, bool keeps_open,
              const std::optional<std::string>& source_id, const StopSignal& stop) {
  try {
    auto file = source.file ? source.file : opener.open(source.name, stop.fd());
    source.identity = source::identify_source(*file, source_id);
    if (keeps_open || !file->holds_descriptor()) source.file = std::move(file);
  } catch (const Interrupted&) {
    return;
  } catch (const Error& error) {
    source.identity = identity_of_unreadable(source.name);
    source.why_not = error.what();
  }
}

}  // namespace

std::vector<LoadSource> distinct_inputs(const std::vector<std::string>& inputs) {
  std::vector<LoadSource> kept;
  std::unordered_map<std::string, std::string> name_at;
  std::string left_out;
  for (const std::string& input : inputs) {
    const std::string place = source::place_of_input(input);
    const auto [first, is_new] = name_at.try_emplace(place, input);
    if (is_new || place.empty()) {
      LoadSource source;
      source.input = kept.size();
      source.name = input;
      kept.push_back(std::move(source));
    } else if (left_out.empty()) {
      left_out = fmt::format("{} is the same file as {}", input, first->second);
    }
  }
  const std::size_t count = inputs.size() - kept.size();
  if (count == 1) log_info(fmt::format("{}; it is read once.", left_out));
  if (count > 1) {
    log_info(fmt::format("{} of {} inputs are files that were named before ({}); each file is read once.",
                         format_count(count), format_count(inputs.size()), left_out));
  }
  return kept;
}

void identify(std::vector<LoadSource>& sources, const source::Opener& opener,
              const std::optional<std::string>& source_id, const StopSignal& stop) {
  std::atomic<std::size_t> next = 0;
  const auto work = [&] {
    for (std::size_t i = next++; i < sources.size() && !stop.requested(); i = next++) {
      identify(sources[i], opener, i < LoadSource::kHeldMax, source_id, stop);
    }
  };
  const bool asks = std::any_of(sources.begin(), sources.end(),
                                [](const LoadSource& source) { return source::is_remote(source.name); });
  const std::size_t threads = std::min(sources.size(), asks ? source::kObjectsAtOnce : kIdentifiers);
  std::vector<std::jthread> others;
  for (std::size_t i = 1; i < threads; ++i) others.emplace_back(work);
  work();
}

source::SourceIdentity identity_of_unreadable(const std::string& name) {
  return {.key = "name:" + digest_hex(name), .stamp = {}, .bytes = {}, .can_resume = true};
}

std::optional<std::size_t> SameContent::find(const LoadSource& source) {
  std::vector<Seen>& others = seen_[source.identity.key];
  if (!others.empty()) {
    const std::string digest = digest_of(source);
    for (Seen& other : others) {
      if (other.digest.empty()) other.digest = digest_of(other.source);
      if (other.digest == digest) return other.input;
    }
  }
  Seen& seen = others.emplace_back();
  seen.input = source.input;
  seen.source.name = source.name;
  seen.source.identity = source.identity;
  seen.source.file = source.file;
  return std::nullopt;
}

std::string SameContent::digest_of(const LoadSource& source, source::DigestForm form) const {
  return content_digest(*source.open(), form, progress_, stats_, stop_);
}

}  // namespace chatload::load
