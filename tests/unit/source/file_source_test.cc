#include "source/file_source.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <future>
#include <iterator>
#include <string_view>
#include <thread>

#include "base/errors.h"
#include "unit/scratch_folder.h"
#include "unit/unprivileged.h"

namespace chatload::source {
namespace {

using testing::HasSubstr;

struct Pipe {
  Pipe() { EXPECT_EQ(pipe2(ends.data(), O_CLOEXEC), 0); }
  ~Pipe() {
    close_write();
    close(ends[0]);
  }
  void write(std::string_view text) const {
    EXPECT_EQ(::write(ends[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  void close_write() {
    if (ends[1] >= 0) close(ends[1]);
    ends[1] = -1;
  }
  [[nodiscard]] std::string path() const { return "/dev/fd/" + std::to_string(ends[0]); }

  std::array<int, 2> ends{};
};

// Standard input is another descriptor while one lives.
class StandardInput {
 public:
  explicit StandardInput(int fd) : former_(dup(STDIN_FILENO)) { dup2(fd, STDIN_FILENO); }
  ~StandardInput() {
    dup2(former_, STDIN_FILENO);
    close(former_);
  }

 private:
  int former_;
};

class FileSourceTest : public testing::Test {
 protected:
  [[nodiscard]] std::string file(const std::string& name, std::string_view content) const {
    const auto path = folder_.path() / name;
    std::ofstream(path, std::ios::binary) << content;
    return path.string();
  }

  ScratchFolder folder_;
};

std::string read_all(ByteSource& source) {
  std::string text;
  std::array<char, 7> buffer{};
  while (const std::size_t size = source.read(buffer)) text.append(buffer.data(), size);
  return text;
}

std::string refusal(const std::string& path) {
  try {
    (void)open_input(path, -1);
  } catch (const SourceError& error) {
    return error.what();
  }
  return "opened";
}

TEST_F(FileSourceTest, AFileIsReadToItsEndAndItsSizeIsKnown) {
  const std::string path = file("a.json", std::string_view("some text\n\0more", 15));
  const auto source = open_input(path, -1);
  EXPECT_EQ(source->size_bytes(), 15U);
  EXPECT_EQ(source->name(), path);
  EXPECT_EQ(read_all(*source), std::string("some text\n\0more", 15));
  EXPECT_FALSE(source->stopped());
}

TEST_F(FileSourceTest, WhatCannotBeOpenedIsNamedWithItsReason) {
  EXPECT_EQ(refusal((folder_ / "absent").string()),
            (folder_ / "absent").string() + ": there is no such file; check the path");
  EXPECT_EQ(refusal(folder_.path().string()), folder_.path().string() + " is a directory; name the files in it");
  EXPECT_THAT(refusal((folder_ / "absent/file").string()), HasSubstr("no such file"));
  EXPECT_THAT(refusal(file("a", "") + "/b"), HasSubstr("cannot be opened: Not a directory"));
  EXPECT_THAT(refusal(""), HasSubstr("no such file"));
}

TEST_F(FileSourceTest, AFileWithoutPermissionIsNamedWithItsReason) {
  const std::string path = file("secret", "text");
  chmod(path.c_str(), 0);
  std::filesystem::permissions(folder_.path(), std::filesystem::perms(0711));
  const Unprivileged nobody;
  EXPECT_EQ(refusal(path), path + ": permission denied; make it readable for this user");
}

TEST_F(FileSourceTest, AFailingReadIsReportedWithItsOffset) {
  const auto source = open_input("/proc/self/mem", -1);  // its first page is never mapped
  std::array<char, 8> buffer{};
  try {
    (void)source->read(buffer);
    FAIL() << "read";
  } catch (const SourceError& error) {
    EXPECT_THAT(error.what(), HasSubstr("/proc/self/mem cannot be read after byte 0: Input/output error"));
  }
}

TEST_F(FileSourceTest, StandardInputIsReadAndNamed) {
  Pipe pipe;
  pipe.write("from a pipe");
  pipe.close_write();
  const StandardInput input(pipe.ends[0]);
  const auto source = open_input("-", -1);
  EXPECT_EQ(source->name(), "standard input");
  EXPECT_EQ(source->size_bytes(), std::nullopt);
  EXPECT_EQ(read_all(*source), "from a pipe");
}

TEST_F(FileSourceTest, AFileAsStandardInputIsReadFromWhereItStands) {
  const int fd = open(file("a", "0123456789").c_str(), O_RDONLY | O_CLOEXEC);
  lseek(fd, 4, SEEK_SET);
  const StandardInput input(fd);
  close(fd);
  const auto source = open_input("-", -1);
  EXPECT_EQ(source->size_bytes(), 6U);
  EXPECT_EQ(read_all(*source), "456789");
}

TEST_F(FileSourceTest, ADirectoryAsStandardInputIsRefused) {
  const int fd = open(folder_.path().c_str(), O_RDONLY | O_CLOEXEC);
  const StandardInput input(fd);
  close(fd);
  EXPECT_EQ(refusal("-"), "standard input is a directory; name the files in it");
}

TEST_F(FileSourceTest, AStopEndsTheWaitForAPipe) {
  Pipe pipe;
  Pipe stop;
  pipe.write("text");
  const auto source = open_input(pipe.path(), stop.ends[0]);
  std::array<char, 100> buffer{};
  EXPECT_EQ(source->read(buffer), 4U);
  EXPECT_FALSE(source->stopped());
  auto waiting = std::async(std::launch::async, [&] { return source->read(buffer); });
  stop.write("!");
  EXPECT_EQ(waiting.get(), 0U);
  EXPECT_TRUE(source->stopped());
}

TEST_F(FileSourceTest, AStopDoesNotCutAFile) {
  Pipe stop;
  stop.write("!");
  const auto source = open_input(file("a", "0123456789"), stop.ends[0]);
  EXPECT_EQ(read_all(*source), "0123456789");
  EXPECT_FALSE(source->stopped());
}

TEST_F(FileSourceTest, ANamedPipeWaitsForItsWriterAndEndsWithIt) {
  const std::string path = (folder_ / "fifo").string();
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  const auto source = open_input(path, -1);
  auto reading = std::async(std::launch::async, [&] { return read_all(*source); });
  {
    std::ofstream writer(path);
    writer << "through a named pipe";
  }
  EXPECT_EQ(reading.get(), "through a named pipe");
}

TEST_F(FileSourceTest, ANamedPipeWithoutAWriterCanBeStopped) {
  const std::string path = (folder_ / "fifo").string();
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  Pipe stop;
  const auto source = open_input(path, stop.ends[0]);
  stop.write("!");
  EXPECT_EQ(read_all(*source), "");
  EXPECT_TRUE(source->stopped());
}

std::atomic<int> signals_handled{0};

// True once the kernel has put the thread to sleep (man 5 proc: stat, third field).
bool is_asleep(pid_t thread) {
  std::ifstream stat("/proc/self/task/" + std::to_string(thread) + "/stat");
  const std::string text((std::istreambuf_iterator<char>(stat)), {});
  return text.find(") S ") != std::string::npos;
}

TEST_F(FileSourceTest, SignalsDoNotDisturbAWait) {
  struct sigaction counting {};
  struct sigaction former {};
  counting.sa_handler = [](int) { ++signals_handled; };
  sigaction(SIGUSR1, &counting, &former);
  Pipe pipe;
  const auto source = open_input(pipe.path(), -1);
  std::promise<pid_t> reader;
  auto reading = std::async(std::launch::async, [&] {
    reader.set_value(gettid());
    return read_all(*source);
  });
  const pid_t thread = reader.get_future().get();
  for (int i = 0; i < 20; ++i) {
    while (!is_asleep(thread)) std::this_thread::yield();
    const int before = signals_handled;
    tgkill(getpid(), thread, SIGUSR1);
    while (signals_handled == before) std::this_thread::yield();
  }
  pipe.write("text");
  pipe.close_write();
  EXPECT_EQ(reading.get(), "text");
  sigaction(SIGUSR1, &former, nullptr);
}

}  // namespace
}  // namespace chatload::source
