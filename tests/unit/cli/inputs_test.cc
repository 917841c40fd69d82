#include "cli/inputs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "base/errors.h"
#include "unit/scratch_folder.h"

namespace chatload::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

TEST(Inputs, GlobsAreExpandedInPlaceAndSorted) {
  const ScratchFolder folder;
  for (const char* name : {"b.gz", "a.gz", "c.txt"}) std::ofstream(folder / name) << "x";
  EXPECT_THAT(expand_inputs({"z", folder / "*.gz", "-"}),
              ElementsAre("z", (folder / "a.gz").string(), (folder / "b.gz").string(), "-"));
}

TEST(Inputs, PathThatExistsIsTakenAsItIs) {
  const ScratchFolder folder;
  std::ofstream(folder / "log[1].gz") << "x";
  std::ofstream(folder / "log1.gz") << "x";
  EXPECT_THAT(expand_inputs({folder / "log[1].gz"}), ElementsAre((folder / "log[1].gz").string()));
}

TEST(Inputs, GlobWithoutAMatchIsNamed) {
  EXPECT_THAT([] { (void)expand_inputs({"/nonexistent/*.gz"}); },
              ThrowsMessage<UsageError>("No file matches '/nonexistent/*.gz'."));
}

TEST(Inputs, MissingFileIsLeftToItsReader) { EXPECT_THAT(expand_inputs({"none.gz"}), ElementsAre("none.gz")); }

TEST(Inputs, NoneAndStandardInputTwiceAreRefused) {
  EXPECT_THAT([] { (void)expand_inputs({}); }, ThrowsMessage<UsageError>(HasSubstr("at least one INPUT")));
  EXPECT_THAT([] { (void)expand_inputs({"-", "a", "-"}); }, ThrowsMessage<UsageError>(HasSubstr("twice")));
}

}  // namespace
}  // namespace chatload::cli
