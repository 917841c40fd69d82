// The inputs of a command → what the ledger has of each, in a few queries, whatever their number.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "ledger/load_ledger.h"
#include "ledger/source_ledger.h"
#include "load/run.h"
#include "load/source.h"

namespace chatload::load {

// An input that the ledger knows.
struct KnownSource {
  LoadSource source;
  ledger::SourceRecord record;
};

// One that a load is to begin with.
struct NewSource {
  LoadSource source;
  std::uint64_t attempt = 1;
  std::vector<ledger::SourceRecord> put_aside;  // by --restart or --reload
};

// One whose bytes are those of another.
struct SameSource {
  std::size_t input = 0;
  std::size_t same_as = 0;  // the input that stands for both
};

// One of which a load says that no file of that name could be read, where another one has read it.
struct UnreadSource {
  std::size_t input = 0;
  ledger::SourceRecord record;
  std::uint64_t done_by = 0;  // that other load
};

struct LookUp {
  std::vector<KnownSource> done;                                 // their loads are done
  std::map<std::uint64_t, std::vector<KnownSource>> unfinished;  // by load
  std::vector<NewSource> fresh;                                  // in the order given
  std::vector<SameSource> same;
  std::vector<UnreadSource> unread;                   // of those that are done
  std::map<std::uint64_t, ledger::LoadRecord> loads;  // of all records above
};

// A file that is done, and has the name and stamp that the ledger knows, is not opened. The others are identified by
// several threads, and then looked up by what they hold. All bytes are compared where two inputs have one identity, or
// one that is done was touched since. Throws what ends the run, and Interrupted after a stop; what is wrong with an
// input is in its why_not.
//
// inputs: distinct_inputs(), or some of them. stays: loads that this command has begun or finished, which --restart and
// --reload leave be. stream_digests: by input, of those that can be read once and were read to be compared, by this
// call or one before.
[[nodiscard]] LookUp look_up(Run& run, std::vector<LoadSource> inputs, const std::set<std::uint64_t>& stays,
                             std::map<std::size_t, std::string>& stream_digests);

}  // namespace chatload::load
