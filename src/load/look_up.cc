#include "load/look_up.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <span>
#include <utility>

#include "base/digest.h"
#include "base/errors.h"
#include "base/log.h"
#include "base/terminal_text.h"
#include "load/content_digest.h"
#include "load/identify.h"
#include "load/recorded_references.h"
#include "load/source_verifier.h"

namespace chatload::load {
namespace {

using ledger::LoadState;
using ledger::SourceRecord;
using ledger::SourceState;

using ByKey = std::map<std::string, std::vector<SourceRecord>>;  // the latest attempt first

// find(session, some of them) for all of them, each once, in batches; visits what it returns.
template <typename Item, typename Find, typename Visit>
void find_in_batches(Run& run, std::vector<Item> items, Find find, Visit visit) {
  std::sort(items.begin(), items.end());
  items.erase(std::unique(items.begin(), items.end()), items.end());
  for (std::span<const Item> left = items; !left.empty();) {
    const auto some = left.first(std::min(left.size(), ledger::kSourcesAtOnce));
    left = left.subspan(some.size());
    for (auto& found : run.control().run([&](mysql::Session& session) { return find(session, some); })) visit(found);
  }
}

class Looker {
 public:
  Looker(Run& run, const std::set<std::uint64_t>& stays, std::map<std::size_t, std::string>& stream_digests)
      : run_(run),
        stays_(stays),
        stream_digests_(stream_digests),
        same_(run.plan().report.progress, run.stats(), run.stop()) {}

  LookUp look(std::vector<LoadSource> sources) {
    pass_done(sources);
    identify(sources, *run_.plan().read.opener, run_.plan().ledger.source_id, run_.stop());
    if (run_.stop().requested()) throw Interrupted();
    sort_out(std::move(sources));
    return std::move(found_);
  }

 private:
  // By name and stamp alone.
  void pass_done(std::vector<LoadSource>& sources) {
    if (run_.plan().ledger.source_id) return;
    std::vector<std::string> digests;
    for (LoadSource& source : sources) {
      source.identity.stamp = source.file ? source.file->stamp() : run_.plan().read.opener->stamp_of(source.name);
      digests.push_back(digest_hex(source.name));
    }
    find_in_batches(
        run_, std::move(digests),
        [&](mysql::Session& session, auto some) { return ledger::find_by_names(session, run_.table().table, some); },
        [&](SourceRecord& record) {
          std::vector<SourceRecord>& records = by_name_[record.name_digest];
          records.push_back(std::move(record));
        });
    read_loads(by_name_);
    if (run_.plan().ledger.reload) return;
    std::vector<LoadSource> others;
    for (LoadSource& source : sources) {
      const SourceRecord* const done = done_by_stamp(source);
      if (done == nullptr) {
        others.push_back(std::move(source));
        continue;
      }
      passed_.emplace(std::pair(done->load_id, done->source), source.input);
      find_unread(source, done->load_id);
      found_.done.push_back({std::move(source), *done});
    }
    sources = std::move(others);
  }

  // A file that was away for a run, and is back.
  void find_unread(const LoadSource& source, std::uint64_t done_by) {
    const auto records = by_name_.find(digest_hex(source.name));
    if (records == by_name_.end()) return;
    for (const SourceRecord& record : records->second) {
      if (record.is_unread() && record.state != SourceState::kDone && !record.is_superseded)
        found_.unread.push_back({source.input, record, done_by});
    }
  }

  [[nodiscard]] const SourceRecord* done_by_stamp(const LoadSource& source) const {
    const auto records = by_name_.find(digest_hex(source.name));
    if (source.identity.stamp.empty() || records == by_name_.end()) return nullptr;
    const auto done = std::find_if(records->second.begin(), records->second.end(), [&](const SourceRecord& record) {
      return !record.is_superseded && record.state == SourceState::kDone && is_done(record) &&
             source::is_same_stamp(record.stamp, source.identity.stamp);
    });
    return done == records->second.end() ? nullptr : &*done;
  }

  void sort_out(std::vector<LoadSource> sources) {
    std::vector<std::string> keys;
    for (const LoadSource& source : sources) {
      if (source.identity.can_resume) keys.push_back(source.identity.key);
    }
    ByKey known;
    find_in_batches(
        run_, std::move(keys),
        [&](mysql::Session& session, auto some) { return ledger::find_by_keys(session, run_.table().table, some); },
        [&](SourceRecord& record) {
          std::vector<SourceRecord>& records = known[record.key];
          records.push_back(std::move(record));
        });
    read_loads(known);
    for (LoadSource& source : sources) {
      try {
        if (source.identity.can_resume && is_same_as_another(source)) continue;
        std::vector<SourceRecord>& records = known[source.identity.key];
        if (source.identity.can_resume && (take_known(source, records, true) || take_known(source, records, false)))
          continue;
      } catch (const SourceError& error) {
        source.why_not = error.what();
      }
      if (is_known_by_name(source, known)) continue;
      add_fresh(std::move(source), known);
    }
  }

  // Where a load has begun with it: an input that cannot be read now, and one that could not be read then, or was
  // mended since.
  bool is_known_by_name(LoadSource& source, ByKey& known) {
    const auto records = by_name_.find(digest_hex(source.name));
    if (records == by_name_.end() || run_.plan().ledger.restart) return false;
    for (const SourceRecord& record : records->second) {
      if (record.has_left() || is_done(record)) continue;
      const auto load = found_.loads.find(record.load_id);
      if (load == found_.loads.end() || load->second.is_superseded) continue;
      source.is_new = source.why_not.empty();
      if (source.is_new && !record.is_unread() && !is_mended(source, record, load->second)) continue;
      if (!taken_.insert({record.load_id, record.source}).second) continue;
      source.ordinal = record.source;
      source.is_done = record.state == SourceState::kDone;
      source.is_in_doubt = source.is_new && !record.is_unread();  // until nobody else writes it
      if (source.is_new) source.attempt = next_attempt(known[source.identity.key], source.identity.key);
      found_.unfinished[record.load_id].push_back({std::move(source), record});
      return true;
    }
    source.is_new = false;
    return false;
  }

  // With --on-duplicate replace those behind it wait for it, so that it takes its place and is no load of its own; and
  // without a key its lines would be there twice. What is loaded of it must stay true.
  [[nodiscard]] bool is_mended(const LoadSource& source, const SourceRecord& record, const ledger::LoadRecord& load) {
    const bool may_go_on = run_.plan().keeps_order() || !run_.table().has_key;
    if (!may_go_on || load.is_frozen || record.state == SourceState::kDone) return false;
    if (!source.identity.can_resume) return false;
    try {
      const cli::LoadPlan plan =
          cli::resumed_plan(with_recorded_references(run_, load), load.plan, load.load_id, "--restart");
      return ranges_with_equal_bytes(run_, source, plan, record).has_value();
    } catch (const UsageError&) {
      return false;  // the load says so when it is gone on with
    } catch (const LoadError&) {
      return false;
    }
  }

  // Without a key nothing tells a line that is loaded twice from one that is there twice.
  void require_no_doubles(const LoadSource& source, const ByKey& known) const {
    if (run_.table().has_key || run_.plan().ledger.allow_doubles || !source.why_not.empty()) return;
    if (!source.identity.can_resume) {
      throw LoadError(fmt::format(
          "{}: it has nothing by which it could be recognised, and without a primary_key its lines would be in the "
          "table again each time; give it a name with --source-id.",
          source.name));
    }
    for (const auto* const records :
         {find_records(by_name_, digest_hex(source.name)), find_records(known, source.identity.key)}) {
      if (records == nullptr) continue;
      for (const SourceRecord& record : *records) require_no_doubles_of(source, record);
    }
  }

  // Of lines of a file that was not read to its end, nobody can tell whether this one has them.
  void require_no_doubles_of(const LoadSource& source, const SourceRecord& record) const {
    if (record.is_superseded || record.is_unread()) return;
    const bool is_done = record.state == SourceState::kDone;
    if (is_done && !has_grown(source, record)) return;
    throw LoadError(fmt::format(
        "{}: load {} {}, and without a primary_key lines that are in both would be in the table twice; {}, or add "
        "--allow-doubles if none of them is there.",
        source.name, record.load_id,
        is_done ? "has read this file when it was shorter" : "has read a part of this file, or of one of its name",
        is_done ? "load what is new as a file of its own" : "restore the old file"));
  }

  // Whether it is a file that was read whole, with more behind that.
  [[nodiscard]] bool has_grown(const LoadSource& source, const SourceRecord& record) const {
    if (!record.bytes || !source.identity.bytes || *source.identity.bytes <= *record.bytes || *record.bytes == 0) {
      return false;
    }
    if (source::form_of(record.digest) != source::DigestForm::kChunks || source::is_remote(source.name)) return false;
    return digest_of_front(*source.open(), *record.bytes, run_.stop()).hex() == record.digest;
  }

  [[nodiscard]] static const std::vector<SourceRecord>* find_records(const ByKey& all, const std::string& key) {
    const auto found = all.find(key);
    return found == all.end() ? nullptr : &found->second;
  }

  void add_fresh(LoadSource source, ByKey& known) {
    require_no_doubles(source, known);
    NewSource fresh;
    if (source.identity.can_resume) {
      if (!source.why_not.empty()) source.identity = identity_of_unreadable(source.name);
      const std::vector<SourceRecord>& records = known[source.identity.key];
      fresh.attempt = next_attempt(records, source.identity.key);
      for (const SourceRecord& record : records) {
        if (is_put_aside(source, record)) fresh.put_aside.push_back(record);
      }
    }
    fresh.source = std::move(source);
    found_.fresh.push_back(std::move(fresh));
  }

  // Behind those in the ledger, and those of this command.
  std::uint64_t next_attempt(const std::vector<SourceRecord>& records, const std::string& key) {
    std::uint64_t& attempt = attempts_[key];
    for (const SourceRecord& record : records) attempt = std::max(attempt, record.attempt);
    return ++attempt;
  }

  // --restart and --reload; and an input that could not be read is tried anew.
  [[nodiscard]] bool is_put_aside(const LoadSource& source, const SourceRecord& record) const {
    if (record.has_left() || stays_.contains(record.load_id) || !found_.loads.contains(record.load_id)) return false;
    const cli::LedgerPlan& plan = run_.plan().ledger;
    return !source.why_not.empty() || record.is_unread() || (is_done(record) ? plan.reload : plan.restart);
  }

  // Whether an input before it in this command has its bytes.
  bool is_same_as_another(const LoadSource& source) {
    if (!source.why_not.empty()) return false;
    const auto other = same_.find(source);
    if (other) found_.same.push_back({source.input, *other});
    return other.has_value();
  }

  // Whether the ledger has the input, and it is not to be loaded anew; the latest attempt counts. One of the same stamp
  // comes before others of the same key.
  bool take_known(LoadSource& source, std::vector<SourceRecord>& records, bool of_same_stamp) {
    for (SourceRecord& record : records) {
      if (of_same_stamp && !source::is_same_stamp(record.stamp, source.identity.stamp)) continue;
      const auto load = found_.loads.find(record.load_id);
      if (record.has_left() || load == found_.loads.end() || load->second.is_superseded) continue;
      if (is_put_aside(source, record) || taken_.contains({record.load_id, record.source})) continue;
      const bool has_ended = load->second.state == LoadState::kDone;
      if (const auto passed = passed_.find({record.load_id, record.source}); passed != passed_.end()) {
        if (digest_as(record, source) != record.digest) continue;
        found_.same.push_back({source.input, passed->second});
        return true;
      }
      const bool is_read = record.state == SourceState::kDone;
      if (is_read && !is_content_of(record, source)) continue;
      taken_.insert({record.load_id, record.source});
      source.is_done = is_read;
      source.ordinal = record.source;
      source.is_in_doubt = !source.is_done && source.identity.stamp != record.stamp &&
                           !source::is_same_stamp(source.identity.stamp, record.stamp);
      if (has_ended) {
        find_unread(source, record.load_id);
        found_.done.push_back({std::move(source), std::move(record)});
      } else {
        std::vector<KnownSource>& unfinished = found_.unfinished[record.load_id];
        unfinished.push_back({std::move(source), std::move(record)});
      }
      return true;
    }
    return false;
  }

  // Whether a source that is done is this one, in every byte. One that was touched since is known by its new stamp from
  // then on.
  bool is_content_of(SourceRecord& record, const LoadSource& source) {
    const bool is_file = !source.identity.stamp.empty();
    const bool is_untouched = is_file && source::is_same_stamp(record.stamp, source.identity.stamp);
    if (!is_untouched) {
      if (!std::exchange(has_said_that_it_compares_, true)) {
        log_info(fmt::format("{}: looks like the source of load {}, which has read it all; comparing all of its bytes.",
                             source.name, record.load_id));
      }
      if (digest_as(record, source) != record.digest) {
        if (is_file) return false;
        throw LoadError(fmt::format(
            "{}: holds other bytes than the source of that name which load {} has read; load it under another "
            "--source-id, or with {}.",
            source.name, record.load_id, is_done(record) ? "--reload" : "--restart"));
      }
      if (!is_file) return true;
    }
    const std::string name = terminal_text(source.name, kNameBytesMax);
    const std::string name_digest = digest_hex(source.name);
    if (is_untouched && record.name_digest == name_digest) return true;
    record.stamp = source.identity.stamp;
    // Rows of an unfinished load may have the old one.
    if (is_done(record) || !has_origin(run_.mapping(), mapping::Origin::kSource)) {
      record.name = name;
      record.name_digest = name_digest;
    }
    run_.control().run([&](mysql::Session& session) { ledger::record_place(session, record); });
    return true;
  }

  [[nodiscard]] std::string digest_as(const SourceRecord& record, const LoadSource& source) {
    if (!source.identity.stamp.empty()) return same_.digest_of(source, source::form_of(record.digest));
    std::string& digest = stream_digests_[source.input];
    if (digest.empty()) digest = same_.digest_of(source, source::form_of(record.digest));
    return digest;
  }

  [[nodiscard]] bool is_done(const SourceRecord& record) const {
    const auto load = found_.loads.find(record.load_id);
    return load != found_.loads.end() && load->second.state == LoadState::kDone;
  }

  void read_loads(const ByKey& known) {
    std::vector<std::uint64_t> ids;
    for (const auto& [key, records] : known) {
      for (const SourceRecord& record : records) {
        if (!found_.loads.contains(record.load_id)) ids.push_back(record.load_id);
      }
    }
    find_in_batches(
        run_, std::move(ids), [](mysql::Session& session, auto some) { return ledger::find_loads(session, some); },
        [&](ledger::LoadRecord& load) {
          const std::uint64_t load_id = load.load_id;
          found_.loads.insert_or_assign(load_id, std::move(load));
        });
  }

  Run& run_;
  const std::set<std::uint64_t>& stays_;
  std::map<std::size_t, std::string>& stream_digests_;
  SameContent same_;
  LookUp found_;
  ByKey by_name_;
  std::map<std::pair<std::uint64_t, SourceOrdinal>, std::size_t> passed_;  // inputs that are known by name and stamp
  std::map<std::string, std::uint64_t> attempts_;                          // by key, of the fresh inputs
  bool has_said_that_it_compares_ = false;
  std::set<std::pair<std::uint64_t, SourceOrdinal>> taken_;
};

}  // namespace

LookUp look_up(Run& run, std::vector<LoadSource> inputs, const std::set<std::uint64_t>& stays,
               std::map<std::size_t, std::string>& stream_digests) {
  return Looker(run, stays, stream_digests).look(std::move(inputs));
}

}  // namespace chatload::load
