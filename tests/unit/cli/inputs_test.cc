#include "cli/inputs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "base/errors.h"
#include "unit/scratch_folder.h"

namespace chatload::cli {
namespace {

std::vector<std::string> expand(const std::vector<std::string>& arguments) {
  source::Opener opener({});
  return expand_inputs(arguments, opener);
}

using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

TEST(Inputs, GlobsAreExpandedInPlaceAndSorted) {
  const ScratchFolder folder;
  for (const char* name : {"b.gz", "a.gz", "c.txt"}) std::ofstream(folder / name) << "x";
  EXPECT_THAT(expand({"z", folder / "*.gz", "-"}),
              ElementsAre("z", (folder / "a.gz").string(), (folder / "b.gz").string(), "-"));
}

TEST(Inputs, PathThatExistsIsTakenAsItIs) {
  const ScratchFolder folder;
  std::ofstream(folder / "log[1].gz") << "x";
  std::ofstream(folder / "log1.gz") << "x";
  EXPECT_THAT(expand({folder / "log[1].gz"}), ElementsAre((folder / "log[1].gz").string()));
}

TEST(Inputs, GlobWithoutAMatchIsNamed) {
  EXPECT_THAT([] { (void)expand({"/nonexistent/*.gz"}); },
              ThrowsMessage<UsageError>("No file matches '/nonexistent/*.gz'."));
}

TEST(Inputs, UrlsAreTakenAsTheyAreWithoutWhatIsSecretInThem) {
  EXPECT_THAT(expand({"http://h/a*.gz?part=1&token=t", "s3://b/key"}),
              ElementsAre("http://h/a*.gz?part=1", "s3://b/key"));
  EXPECT_THAT(
      [] {
        (void)expand({"http://h/a?token=1", "http://h/a?token=2"});
      },
      ThrowsMessage<UsageError>(HasSubstr("Two INPUTs are both http://h/a")));
  EXPECT_THAT([] { (void)expand({"ftp://h/a.gz"}); },
              ThrowsMessage<UsageError>(HasSubstr("URLs are s3://, http:// or https://")));
}

TEST(Inputs, MissingFileIsLeftToItsReader) { EXPECT_THAT(expand({"none.gz"}), ElementsAre("none.gz")); }

TEST(Inputs, NoneAndStandardInputTwiceAreRefused) {
  EXPECT_THAT([] { (void)expand({}); }, ThrowsMessage<UsageError>(HasSubstr("at least one INPUT")));
  EXPECT_THAT([] { (void)expand({"-", "a", "-"}); }, ThrowsMessage<UsageError>(HasSubstr("twice")));
}

}  // namespace
}  // namespace chatload::cli
