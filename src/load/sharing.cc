#include "load/sharing.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "base/errors.h"
#include "base/log.h"
#include "ledger/load_ledger.h"
#include "ledger/source_ledger.h"

namespace chatload::load {
Sharing::Sharing(Run& run, const std::vector<report::InputEnd>& inputs)
    : run_(run), inputs_(inputs), waiting_(inputs.size()) {
  std::iota(waiting_.begin(), waiting_.end(), std::size_t{0});
}

Inputs Sharing::next() { return waiting_.empty() ? next_without_run() : next_some(); }

// So that each input is looked up about once, however many loads they come to.
Inputs Sharing::next_some() {
  Inputs some;
  for (std::uint64_t left = *run_.plan().ledger.share_bytes;
       !waiting_.empty() && some.size() < ledger::kSourcesAtOnce;) {
    const std::uint64_t bytes = run_.plan().read.opener->size_of(inputs_.at(waiting_.front()).name).value_or(0);
    if (!some.empty() && bytes > left) break;
    left -= std::min(left, bytes);
    some.push_back(waiting_.front());
    waiting_.pop_front();
  }
  return some;
}

Inputs Sharing::next_without_run() {
  bool has_said = false;
  while (!theirs_.empty()) {
    std::vector<std::uint64_t> ids;
    for (const auto& [load_id, inputs] : theirs_) ids.push_back(load_id);
    const std::uint64_t connection = run_.control().times_opened();
    const std::vector<ledger::LoadRecord> loads =
        run_.control().run([&](mysql::Session& session) { return ledger::find_loads(session, ids); });
    std::set<std::uint64_t> gone(ids.begin(), ids.end());
    const ledger::LoadRecord* unknown = nullptr;
    for (const ledger::LoadRecord& load : loads) {
      const Life life = watch_.look(load, connection, BeatWatch::Clock::now());
      if (life == Life::kUnknown) unknown = &load;
      if (life != Life::kDead) gone.erase(load.load_id);
    }
    Inputs some;
    for (const std::uint64_t load_id : gone) {
      if (some.size() >= ledger::kSourcesAtOnce) break;
      free_.insert(load_id);
      const Inputs inputs = std::move(theirs_.extract(load_id).mapped());
      some.insert(some.end(), inputs.begin(), inputs.end());
    }
    if (!some.empty()) return some;
    if (unknown == nullptr) return {};
    if (!std::exchange(has_said, true)) {
      log_info(watched_text(*unknown));
    }
    if (run_.stop().wait_for(BeatWatch::kPoll)) throw Interrupted();
  }
  return {};
}

void Sharing::put_back(const Inputs& inputs) { waiting_.insert(waiting_.begin(), inputs.begin(), inputs.end()); }

void Sharing::leave(std::uint64_t load_id, const Inputs& inputs) {
  Inputs& theirs = theirs_[load_id];
  theirs.insert(theirs.end(), inputs.begin(), inputs.end());
}

}  // namespace chatload::load
