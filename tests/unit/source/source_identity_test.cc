#include "source/source_identity.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <string_view>

#include "base/digest.h"
#include "base/errors.h"
#include "base/units.h"
#include "source/held_file.h"
#include "unit/scratch_folder.h"
#include "unit/unprivileged.h"

namespace chatload::source {
namespace {

using testing::IsEmpty;
using testing::MatchesRegex;

constexpr std::size_t kFileBytes = 300 * kKiB;

class SourceIdentityTest : public testing::Test {
 protected:
  [[nodiscard]] std::string file(const char* name, std::string_view content) const {
    const auto path = folder_ / name;
    std::ofstream(path, std::ios::binary) << content;
    return path.string();
  }

  [[nodiscard]] std::string key_of(std::string_view content) const {
    return identify_source(HeldFile(file("key_of", content)), std::nullopt).key;
  }

  // kFileBytes of text with another byte at one place.
  [[nodiscard]] static std::string content(std::size_t changed_at = kFileBytes) {
    std::string text(kFileBytes + 1, 'x');
    text[changed_at] = 'y';
    text.pop_back();
    return text;
  }

  [[nodiscard]] static std::string refusal(const std::string& input) {
    try {
      (void)identify_source(HeldFile(input), std::nullopt);
    } catch (const SourceError& error) {
      return error.what();
    }
    return "identified";
  }

  ScratchFolder folder_;
};

TEST_F(SourceIdentityTest, AMovedOrCopiedFileIsTheSame) {
  const std::string path = file("a", content());
  const SourceIdentity before = identify_source(HeldFile(path), std::nullopt);
  EXPECT_THAT(before.key, MatchesRegex("file:[0-9a-f]{32}"));
  EXPECT_TRUE(before.can_resume);
  EXPECT_EQ(before.bytes, kFileBytes);
  const std::string moved = (folder_ / "b").string();
  std::filesystem::rename(path, moved);
  EXPECT_EQ(identify_source(HeldFile(moved), std::nullopt).key, before.key);
  const SourceIdentity copy = identify_source(HeldFile(file("c", content())), std::nullopt);
  EXPECT_EQ(copy.key, before.key);
  EXPECT_NE(copy.stamp, before.stamp);
}

TEST_F(SourceIdentityTest, AnotherSizeHeadOrTailIsAnotherKey) {
  const std::string key = key_of(content());
  EXPECT_NE(key_of(content() + "x"), key);
  EXPECT_NE(key_of(content(0)), key);
  EXPECT_NE(key_of(content(64 * kKiB - 1)), key);
  EXPECT_NE(key_of(content(kFileBytes - 64 * kKiB)), key);
  EXPECT_NE(key_of(content(kFileBytes - 1)), key);
}

TEST_F(SourceIdentityTest, AnotherMiddleHasTheSameKey) {
  const std::string path = file("a", content());
  const std::string other = file("b", content(kFileBytes / 2));
  EXPECT_EQ(identify_source(HeldFile(other), std::nullopt).key, identify_source(HeldFile(path), std::nullopt).key);
}

TEST_F(SourceIdentityTest, SmallFilesThatDifferHaveDifferentKeys) {
  EXPECT_NE(key_of("a"), key_of("b"));
  EXPECT_NE(key_of(""), key_of(std::string(1, '\0')));
  EXPECT_NE(key_of("ab"), key_of("ba"));
}

TEST_F(SourceIdentityTest, TheStampStaysUntilTheFileIsTouched) {
  const std::string path = file("a", content());
  const std::string stamp = identify_source(HeldFile(path), std::nullopt).stamp;
  EXPECT_THAT(stamp, MatchesRegex("[0-9]+:[0-9]+:307200:[0-9]+:[0-9]+"));
  EXPECT_EQ(HeldFile(path).stamp(), stamp);

  // Whoever sets the time of the last change back cannot hide it: ctime is the kernel's own. Its clock ticks slowly.
  const auto written = std::filesystem::last_write_time(path);
  for (int tries = 0; tries < 10'000 && HeldFile(path).stamp() == stamp; ++tries) {
    std::fstream(path, std::ios::in | std::ios::out) << 'z';
    std::filesystem::last_write_time(path, written);
  }
  const std::string changed = HeldFile(path).stamp();
  EXPECT_NE(changed, stamp);
  EXPECT_EQ(changed.substr(0, changed.rfind(':')), stamp.substr(0, stamp.rfind(':')));

  std::filesystem::rename(file("b", content()), path);
  EXPECT_NE(HeldFile(path).stamp(), changed);
}

TEST_F(SourceIdentityTest, StampOfAPathIsThatOfItsFile) {
  const std::string path = file("a", content());
  EXPECT_EQ(stamp_of_path(path), HeldFile(path).stamp());
  const std::string link = (folder_ / "link").string();
  std::filesystem::create_symlink("a", link);
  EXPECT_EQ(stamp_of_path(link), stamp_of_path(path));
  const std::string before = stamp_of_path(path);
  std::filesystem::rename(file("b", content()), path);
  EXPECT_NE(stamp_of_path(path), before);
}

TEST_F(SourceIdentityTest, WhatIsNoFileHasNoStamp) {
  const std::string fifo = (folder_ / "fifo").string();
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  std::filesystem::create_symlink("nowhere", folder_ / "broken");
  for (const std::string& path :
       {std::string("-"), std::string(), std::string("/dev/null"), fifo, folder_.path().string(),
        (folder_ / "absent").string(), (folder_ / "broken").string()}) {
    EXPECT_THAT(stamp_of_path(path), IsEmpty()) << path;
  }
}

TEST_F(SourceIdentityTest, StampsThatDifferInTheDeviceAloneAreTheSame) {
  EXPECT_TRUE(is_same_stamp("1:2:3:4:5", "1:2:3:4:5"));
  EXPECT_TRUE(is_same_stamp("1:2:3:4:5", "66305:2:3:4:5"));
  for (const char* other : {"1:9:3:4:5", "1:2:9:4:5", "1:2:3:9:5", "1:2:3:4:9", "1:2:3:4", "1:2:3:4:55", ""}) {
    EXPECT_FALSE(is_same_stamp("1:2:3:4:5", other)) << other;
    EXPECT_FALSE(is_same_stamp(other, "1:2:3:4:5")) << other;
  }
}

TEST_F(SourceIdentityTest, NoStampIsLikeNone) {
  EXPECT_FALSE(is_same_stamp("", ""));
  EXPECT_FALSE(is_same_stamp("no stamp", "1:2:3:4:5"));
}

TEST_F(SourceIdentityTest, ASourceIdNamesAnyInput) {
  const SourceIdentity of_file = identify_source(HeldFile(file("a", content())), "export of Tuesday");
  EXPECT_EQ(of_file.key, "id:" + digest_hex("export of Tuesday"));
  EXPECT_TRUE(of_file.can_resume);
  EXPECT_EQ(of_file.bytes, kFileBytes);
  EXPECT_THAT(of_file.stamp, Not(IsEmpty()));

  const SourceIdentity of_pipe = identify_source(HeldFile("-"), "export of Tuesday");
  EXPECT_EQ(of_pipe.key, of_file.key);
  EXPECT_TRUE(of_pipe.can_resume);
  EXPECT_NE(identify_source(HeldFile("-"), "export of Wednesday").key, of_pipe.key);
}

TEST_F(SourceIdentityTest, StandardInputCannotBeFoundAgain) {
  const SourceIdentity identity = identify_source(HeldFile("-"), std::nullopt);
  EXPECT_THAT(identity.key, IsEmpty());
  EXPECT_THAT(identity.stamp, IsEmpty());
  EXPECT_EQ(identity.bytes, std::nullopt);
  EXPECT_FALSE(identity.can_resume);
  EXPECT_THAT(HeldFile("-").stamp(), IsEmpty());
}

// Its writer waits in open() until a reader opens; a reader that opens and closes again leaves it to die of SIGPIPE.
TEST_F(SourceIdentityTest, ANamedPipeIsNotOpened) {
  const std::string path = (folder_ / "fifo").string();
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  const int openings = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  ASSERT_GE(inotify_add_watch(openings, path.c_str(), IN_OPEN), 0);
  EXPECT_FALSE(identify_source(HeldFile(path), std::nullopt).can_resume);
  std::array<char, 4096> event{};
  EXPECT_LT(::read(openings, event.data(), event.size()), 0);
  close(open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  EXPECT_GT(::read(openings, event.data(), event.size()), 0);
  close(openings);
}

TEST_F(SourceIdentityTest, WhatCannotBeOpenedIsRefusedAsByOpening) {
  const std::string absent = (folder_ / "absent").string();
  EXPECT_EQ(refusal(absent), absent + ": there is no such file; check the path");
  EXPECT_EQ(refusal(folder_.path().string()), folder_.path().string() + " is a directory; name the files in it");
  const std::string secret = file("secret", "text");
  chmod(secret.c_str(), 0);
  std::filesystem::permissions(folder_.path(), std::filesystem::perms(0711));
  const Unprivileged nobody;
  EXPECT_EQ(refusal(secret), secret + ": permission denied; make it readable for this user");
}

}  // namespace
}  // namespace chatload::source
