#include "load/source_ends.h"

#include <utility>

namespace chatload::load {

ledger::SourceEnd end_of(const pipeline::SourceAccount& account) {
  return {.source = account.ordinal,
          .stamp = account.stamp,
          .digest = account.digest,
          .bytes = account.bytes_compressed,
          .ranges = account.ranges,
          .lines = account.lines()};
}

void SourceEnds::add(const pipeline::SourceAccount& account) {
  ends_.push_back(end_of(account));
  if (Clock::now() - recorded_at_ < kInterval) return;
  const std::vector<ledger::SourceEnd> ends = std::exchange(ends_, {});
  control_.attempt([&](mysql::Session& session) { ledger::record_ends(session, load_.id, load_.owner, ends); });
  recorded_at_ = Clock::now();
}

}  // namespace chatload::load
