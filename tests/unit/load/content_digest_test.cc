#include "load/content_digest.h"

#include <gtest/gtest.h>

#include <csignal>
#include <fstream>
#include <string>

#include "base/digest.h"
#include "base/errors.h"
#include "base/units.h"
#include "source/held_file.h"
#include "unit/scratch_folder.h"

namespace chatload::load {
namespace {

class ContentDigestTest : public testing::Test {
 protected:
  [[nodiscard]] std::string digest_of(const std::string& content) {
    const std::string path = folder_.path() / "log.json";
    std::ofstream(path) << content;
    report::ProgressOptions quiet;
    quiet.mode = report::ProgressMode::kNone;
    return content_digest(source::HeldFile(path), source::DigestForm::kWhole, quiet, stats_, stop_);
  }

  ScratchFolder folder_;
  StopSignal stop_;
  report::LiveStats stats_;
};

TEST_F(ContentDigestTest, IsThatOfEveryByte) {
  std::string content(3 * kMiB, 'x');
  EXPECT_EQ(digest_of(content), digest_hex(content));
  EXPECT_EQ(stats_.source_read, content.size());
  content[kMiB + 7] = 'y';
  EXPECT_EQ(digest_of(content), digest_hex(content));
}

TEST_F(ContentDigestTest, IsNotToBeHadAfterAStop) {
  std::raise(SIGTERM);
  EXPECT_THROW(static_cast<void>(digest_of("text")), Interrupted);
}

}  // namespace
}  // namespace chatload::load
