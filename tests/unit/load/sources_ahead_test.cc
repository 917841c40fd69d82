#include "load/sources_ahead.h"

#include <gtest/gtest.h>

#include <deque>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/units.h"
#include "unit/inflate/announced_text.h"
#include "unit/inflate/gzip_text.h"
#include "unit/load/load_files.h"

namespace chatload::load {
namespace {

class SourcesAheadTest : public testing::Test {
 protected:
  LoadSource& add(std::string_view content) {
    sources_.push_back(LoadFiles::identified(files_.write(std::to_string(sources_.size()), content)));
    return sources_.back();
  }
  FetchedFile& add_object(std::string_view content) {
    LoadSource& source = add(content);
    auto object = std::make_shared<FetchedFile>(source.name);
    FetchedFile& fetched = *object;
    source.file = std::move(object);
    return fetched;
  }

  SourcesAhead& ahead(unsigned threads = 8) {
    for (LoadSource& source : sources_) places_.push_back(&source);
    return ahead_.emplace(places_, read_, inflate::ReadAhead{.threads = threads, .bytes = 4 * kMiB}, stop_);
  }

  // Its whole text, of a source that was begun; else "none", or "opened: " and its text.
  std::string take(std::size_t place) {
    auto reading = ahead_->take(sources_[place]);
    if (!reading) return "none";
    std::string text = (reading->head != nullptr ? "" : "opened: ") + inflate::read_to_end(*reading->stream).bytes;
    ahead_->give_back(std::move(reading));
    return text;
  }

  LoadFiles files_;
  cli::ReadPlan read_;
  StopSignal stop_;
  std::deque<LoadSource> sources_;
  std::vector<LoadSource*> places_;
  std::optional<SourcesAhead> ahead_;
};

TEST_F(SourcesAheadTest, GzipsAreBegunAsManyAsThereAreThreads) {
  for (int i = 0; i < 9; ++i) add(inflate::compress(chat_line(std::to_string(i))));
  ahead(3).begin_from(1);
  for (std::size_t place : {1U, 2U, 3U}) EXPECT_EQ(take(place), chat_line(std::to_string(place)));
  EXPECT_EQ(take(4), "none");
  ahead_->begin_from(5);
  EXPECT_EQ(take(5), chat_line("5"));
}

TEST_F(SourcesAheadTest, ThoseInFrontOfAnotherKindAreBegunAndNoneBehindIt) {
  const std::string lines = chat_lines(200);
  const std::string gzip = inflate::compress(lines);
  add(gzip);
  add(inflate::announced_members(inflate::Announcement::kBgzf, lines, 2'000, 1));
  add(gzip);
  add(lines);
  add(gzip);
  add(gzip).recorded.emplace();
  add(gzip);
  std::ofstream(add(gzip).name + ".gzi");
  add(gzip);
  ahead();
  for (std::size_t place = 0; place < sources_.size(); ++place) {
    ahead_->begin_from(place);
    EXPECT_EQ(take(place), place % 2 == 0 ? lines : place < 4 ? "opened: " + lines : "none") << place;
  }
}

TEST_F(SourcesAheadTest, AnObjectIsBegunOnceAllOfItHasCome) {
  FetchedFile& first = add_object(inflate::compress(chat_line("first")));
  add_object(inflate::compress(chat_line("second"))).come();
  ahead().begin_from(0);
  EXPECT_EQ(take(1), "none");
  first.come();
  ahead_->begin_from(0);
  EXPECT_EQ(take(0), chat_line("first"));
  EXPECT_EQ(take(1), chat_line("second"));
}

}  // namespace
}  // namespace chatload::load
