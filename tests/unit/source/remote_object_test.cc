#include "source/remote_object.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <filesystem>
#include <iterator>
#include <mutex>
#include <random>
#include <set>
#include <vector>

#include "base/errors.h"
#include "unit/source/http_server.h"

namespace chatload::source {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Ne;
using testing::StartsWith;
using testing::ThrowsMessage;

constexpr std::size_t kMemoryBytes = 2 * kMiB;

std::string random_bytes(std::size_t size) {
  std::mt19937 random(3);
  std::string bytes(size, '\0');
  for (char& c : bytes) c = static_cast<char>(random());
  return bytes;
}

class RemoteObjectTest : public testing::Test {
 protected:
  [[nodiscard]] Fetching fetching(std::chrono::milliseconds retry_for = std::chrono::seconds(20)) {
    return {client_, memory_, retry_for};
  }
  [[nodiscard]] std::shared_ptr<const RemoteObject> open(
      const HttpServer& server, std::chrono::milliseconds retry_for = std::chrono::seconds(20)) {
    auto address = std::make_shared<HttpAddress>("log", server.url(), "");
    ObjectLook look = look_at(fetching(retry_for), *address, -1);
    return std::make_shared<const RemoteObject>(fetching(retry_for), address, std::move(look));
  }
  [[nodiscard]] static std::string read_all(const Input& input, std::uint64_t offset = 0) {
    const auto source = offset == 0 ? input.open(-1) : input.open_at(offset, -1);
    std::string bytes;
    std::string buffer(100'000, '\0');
    while (const std::size_t size = source->read(buffer)) bytes.append(buffer, 0, size);
    return bytes;
  }

  FetchMemory memory_{kMemoryBytes};
  HttpClient client_{HttpOptions{.ca_file = {}, .stall_timeout = std::chrono::seconds(2)}};
};

TEST_F(RemoteObjectTest, IsReadWholeFromItsBeginningAndFromAnyByteOn) {
  const std::string bytes = random_bytes(5'000'001);
  const HttpServer server([&](const Asked& asked) { return partial_answer(bytes, asked); });
  const auto object = open(server);
  EXPECT_TRUE(object->can_seek());
  EXPECT_EQ(object->size_bytes(), bytes.size());
  EXPECT_TRUE(read_all(*object) == bytes);
  for (const std::size_t offset : {std::size_t{1}, std::size_t{262'144}, std::size_t{4'999'999}, bytes.size()}) {
    EXPECT_TRUE(read_all(*object, offset) == bytes.substr(offset)) << offset;
  }
}

TEST_F(RemoteObjectTest, TwoReadingsAtOnceGetTheirOwnBytes) {
  const std::string bytes = random_bytes(3'000'000);
  const HttpServer server([&](const Asked& asked) { return partial_answer(bytes, asked); });
  const auto object = open(server);
  const auto front = object->open(-1);
  const auto back = object->open_at(2'000'000, -1);
  std::string from_front;
  std::string from_back;
  std::string buffer(50'000, '\0');
  for (bool is_over = false; !is_over;) {
    is_over = true;
    for (const auto& [source, into] : {std::pair(front.get(), &from_front), std::pair(back.get(), &from_back)}) {
      const std::size_t size = source->read(buffer);
      into->append(buffer, 0, size);
      is_over = is_over && size == 0;
    }
  }
  EXPECT_TRUE(from_front == bytes);
  EXPECT_TRUE(from_back == bytes.substr(2'000'000));
}

TEST_F(RemoteObjectTest, ASeekWaitsForOneRequestAndForNothingInFrontOfIt) {
  const std::string bytes = random_bytes(8'000'000);
  std::mutex mutex;
  std::condition_variable changed;
  bool may_go_on = false;
  const HttpServer server([&](const Asked& asked) {
    if (asked.range().first < 4'000'000 && asked.range().second > 1) {  // the front hangs
      std::unique_lock lock(mutex);
      changed.wait(lock, [&] { return may_go_on; });
    }
    return partial_answer(bytes, asked);
  });
  const auto object = open(server);
  object->prefetch();
  const auto source = object->open_at(6'000'000, -1);
  std::string buffer(1000, '\0');
  const std::size_t size = source->read(buffer);
  EXPECT_EQ(buffer.substr(0, size), bytes.substr(6'000'000, size));
  const std::lock_guard lock(mutex);
  may_go_on = true;
  changed.notify_all();
}

TEST_F(RemoteObjectTest, ASeekEndsWhatIsOnItsWayToOtherPlaces) {
  const std::string bytes = random_bytes(8'000'000);
  std::mutex mutex;
  std::condition_variable changed;
  bool is_over = false;
  std::set<std::size_t> hung;
  const HttpServer server([&](const Asked& asked) {
    const auto [begin, end] = asked.range();
    std::unique_lock lock(mutex);
    const bool hangs = begin < 4'000'000 && end > 1 && hung.insert(begin).second;
    changed.notify_all();
    if (hangs) changed.wait(lock, [&] { return is_over; });
    return partial_answer(bytes, asked);
  });
  const auto end_all = [&](const bool*) {
    const std::lock_guard lock(mutex);
    is_over = true;
    changed.notify_all();
  };
  const std::unique_ptr<const bool, decltype(end_all)> at_the_end(&is_over, end_all);
  // Without a second try: an answer that does not come ends the reading.
  const auto object = open(server, std::chrono::milliseconds(1));
  object->prefetch();
  {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return !hung.empty(); });
  }
  std::string buffer(1000, '\0');
  for (const std::size_t offset : {std::size_t{6'000'000}, std::size_t{0}}) {
    const std::size_t size = object->open_at(offset, -1)->read(buffer);
    EXPECT_EQ(buffer.substr(0, size), bytes.substr(offset, size));
  }
}

TEST_F(RemoteObjectTest, WhatBreaksIsAskedForAgainFromWhereItBroke) {
  const std::string bytes = random_bytes(2'000'000);
  std::mutex mutex;
  std::mt19937 random(5);
  const HttpServer server([&](const Asked& asked) {
    std::string answer = partial_answer(bytes, asked);
    const std::lock_guard lock(mutex);
    switch (random() % 5) {
      case 0: return answer.substr(0, random() % answer.size());  // the connection ends
      case 1: return status_answer("503 Slow Down", "Retry-After: 0\r\n");
      case 2: return partial_answer(bytes, Asked{.method = "GET", .target = "/", .headers = {{"range", "bytes=7-9"}}});
      default: return answer;
    }
  });
  EXPECT_TRUE(read_all(*open(server)) == bytes);
}

TEST_F(RemoteObjectTest, AShorterBodyWithALengthThatFitsItIsNotTheEnd) {
  const std::string bytes = random_bytes(600'000);
  std::atomic<int> asked_times = 0;
  const HttpServer server([&](const Asked& asked) {
    const auto [begin, end] = asked.range();
    if (end - begin < 1000 || asked_times++ > 1) return partial_answer(bytes, asked);
    return "HTTP/1.1 206 Partial Content\r\nETag: \"v1\"\r\nContent-Range: bytes " + std::to_string(begin) + "-" +
           std::to_string(end - 1) + "/600000\r\nContent-Length: 500\r\nConnection: close\r\n\r\n" +
           bytes.substr(begin, 500);
  });
  EXPECT_TRUE(read_all(*open(server)) == bytes);
  EXPECT_GT(asked_times, 2);
}

TEST_F(RemoteObjectTest, AnotherVersionEndsIt) {
  const std::string bytes = random_bytes(3'000'000);
  std::atomic<int> requests = 0;
  const HttpServer server([&](const Asked& asked) {
    if (++requests < 4) return partial_answer(bytes, asked);
    EXPECT_EQ(asked.headers.at("if-match"), "\"v1\"");
    return requests % 2 == 0 ? status_answer("412 Precondition Failed") : partial_answer(bytes, asked, "\"v2\"");
  });
  const auto object = open(server);
  EXPECT_THAT([&] { static_cast<void>(read_all(*object)); },
              ThrowsMessage<SourceError>(HasSubstr("was replaced or written to while it was read")));
}

TEST_F(RemoteObjectTest, APageThatAProxyGivesInsteadIsNotTakenForTheObject) {
  const std::string bytes = random_bytes(700'000);
  for (const bool has_parts : {true, false}) {
    std::atomic<int> requests = 0;
    const HttpServer server([&](Asked asked) {
      const int number = requests++;
      if (number == 1 || number == 2) return "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + std::string(900'000, 'x');
      if (!has_parts) asked.headers.erase("range");
      return partial_answer(bytes, asked);
    });
    EXPECT_TRUE(read_all(*open(server)) == bytes);
    EXPECT_GT(requests, 3);
  }
}

TEST_F(RemoteObjectTest, BytesBesideTheReadingAreOfTheSameVersion) {
  const std::string bytes = random_bytes(3'000);
  std::atomic<bool> is_other = false;
  const HttpServer server([&](const Asked& asked) {
    return is_other ? status_answer("412 Precondition Failed") : partial_answer(bytes, asked);
  });
  const auto object = open(server);
  is_other = true;
  std::string buffer(100, '\0');
  EXPECT_THAT([&] { static_cast<void>(object->read_at(5, buffer)); },
              ThrowsMessage<SourceError>(HasSubstr("was replaced or written to while it was read")));
}

TEST_F(RemoteObjectTest, AServerThatGivesNoPartsIsReadAsAPipe) {
  const std::string bytes = random_bytes(6'000'000);
  std::atomic<int> whole = 0;
  const HttpServer server([&](Asked asked) {
    const bool is_look = asked.headers.contains("range");
    asked.headers.erase("range");
    std::string answer = partial_answer(bytes, asked);
    if (!is_look && whole++ == 0) answer.resize(answer.size() - 1'000'000);  // breaks once
    return answer;
  });
  const auto object = open(server);
  EXPECT_FALSE(object->can_seek());
  EXPECT_TRUE(read_all(*object) == bytes);
  EXPECT_EQ(whole, 2);
}

TEST_F(RemoteObjectTest, WithoutPartsAndVersionABreakIsAnError) {
  const std::string bytes = random_bytes(300'000);
  const HttpServer server([&](const Asked& asked) {
    const std::string head = "HTTP/1.1 200 OK\r\nContent-Length: 300000\r\nConnection: close\r\n\r\n";
    return asked.headers.contains("range") ? head + bytes : head + bytes.substr(0, 200'000);
  });
  EXPECT_THAT([&] { static_cast<void>(read_all(*open(server))); },
              ThrowsMessage<SourceError>(HasSubstr("gives neither parts of it nor a version")));
}

TEST_F(RemoteObjectTest, RefusalsAreSentences) {
  for (const auto& [status, sentence] : {std::pair("404 Not Found", "there is no such object"),
                                         std::pair("403 Forbidden", "does not let this user read it"),
                                         std::pair("401 Unauthorized", "wants to know who asks"),
                                         std::pair("400 Bad Request", "answers with HTTP 400")}) {
    const HttpServer server([its_status = status](const Asked&) { return status_answer(its_status); });
    EXPECT_THAT([&] { static_cast<void>(open(server)); },
                ThrowsMessage<SourceError>(AllOf(StartsWith("log: "), HasSubstr(sentence))));
  }
}

TEST_F(RemoteObjectTest, TroubleThatLastsEndsItWhenItsTimeIsOver) {
  const HttpServer server([](const Asked&) { return status_answer("500 Internal Server Error"); });
  EXPECT_THAT(
      [&] { static_cast<void>(open(server, std::chrono::milliseconds(200))); },
      ThrowsMessage<SourceError>(HasSubstr("it answers with HTTP 500, and nothing has come within --retry-for")));
}

TEST_F(RemoteObjectTest, EmptyObjectsAreEmpty) {
  const HttpServer server([](const Asked&) {
    return status_answer("416 Range Not Satisfiable", "Content-Range: bytes */0\r\nETag: \"0\"\r\n");
  });
  const auto object = open(server);
  EXPECT_TRUE(object->can_seek());
  EXPECT_EQ(read_all(*object), "");
}

TEST_F(RemoteObjectTest, EmptyObjectsOfServersThatDoNotSaySoAreEmpty) {
  const HttpServer server([](const Asked& asked) {
    return status_answer(asked.headers.contains("range") ? "416 Range Not Satisfiable" : "200 OK", "ETag: \"0\"\r\n");
  });
  EXPECT_EQ(read_all(*open(server)), "");
}

TEST_F(RemoteObjectTest, WhatHoldsTokensFollowsNoRedirect) {
  HttpClient client(HttpOptions{.ca_file = {}, .follows_redirects = false});
  const HttpServer server([](const Asked&) { return status_answer("307 Temporary Redirect", "Location: /other\r\n"); });
  EXPECT_EQ(client.fetch({.url = server.url()}).status, 307);
  EXPECT_EQ(server.requests(), 1);
}

TEST_F(RemoteObjectTest, VersionsHaveTheirOwnKeysAndStamps) {
  const std::string bytes = "a line\n";
  std::string etag = "\"v1\"";
  const HttpServer server([&](const Asked& asked) { return partial_answer(bytes, asked, etag); });
  const auto first = open(server);
  EXPECT_EQ(open(server)->content_key(), first->content_key());
  EXPECT_EQ(open(server)->stamp(), first->stamp());
  etag = "\"v2\"";
  EXPECT_NE(open(server)->content_key(), first->content_key());
  EXPECT_THAT(open(server)->stamp(), Ne(first->stamp()));
}

// Looking at the beginning, and then reading, is one request for a small object.
TEST_F(RemoteObjectTest, WhatIsThereIsNotAskedForAgain) {
  const std::string bytes = random_bytes(50'000);
  const HttpServer server([&](const Asked& asked) { return partial_answer(bytes, asked); });
  const auto object = open(server);
  std::string buffer(1000, '\0');
  static_cast<void>(object->open(-1)->read(buffer));
  EXPECT_TRUE(read_all(*object) == bytes);
  EXPECT_EQ(object->read_at(49'999, {buffer.data(), 1}), 1U);
  EXPECT_EQ(server.requests(), 2);
}

TEST_F(RemoteObjectTest, ConnectionsAreUsedAgain) {
  const std::string bytes = random_bytes(200'000);
  const HttpServer server([&](const Asked& asked) {
    std::string answer = partial_answer(bytes, asked);
    return answer.replace(answer.find("Connection: close\r\n"), 19, kKeepAlive);
  });
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(read_all(*open(server)) == bytes);
  EXPECT_EQ(server.requests(), 10);
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(RemoteObjectTest, MemoryOfWhatNobodyReadsGoesToWhoReads) {
  const std::string bytes = random_bytes(4'000'000);
  const HttpServer server([&](const Asked& asked) { return partial_answer(bytes, asked); });
  std::vector<std::shared_ptr<const RemoteObject>> others;
  for (int i = 0; i < 20; ++i) {
    others.push_back(open(server));
    others.back()->prefetch();
  }
  EXPECT_TRUE(read_all(*open(server)) == bytes);
}

TEST_F(RemoteObjectTest, WhatWasReadMakesRoomForWhatIsToBeRead) {
  const std::string bytes = random_bytes(200'000);
  const HttpServer server([&](const Asked& asked) { return partial_answer(bytes, asked); });
  std::vector<std::shared_ptr<const RemoteObject>> objects;
  constexpr int kObjects = 14;
  for (int i = 0; i < kObjects; ++i) objects.push_back(open(server));
  for (std::size_t i = 0; i < 12; ++i) EXPECT_TRUE(read_all(*objects[i]) == bytes);
  objects[12]->prefetch();
  EXPECT_TRUE(read_all(*objects[13]) == bytes);  // with memory of those that were read
  EXPECT_TRUE(read_all(*objects[12]) == bytes);
  EXPECT_EQ(server.requests(), 2 * kObjects) << "each is looked at, and asked for once";
}

TEST_F(RemoteObjectTest, WhatWasReadMakesRoomForSeveralRangesOfALargeObject) {
  const std::string small = random_bytes(200'000);
  const HttpServer server([&](const Asked& asked) { return partial_answer(small, asked); });
  std::vector<std::shared_ptr<const RemoteObject>> objects;
  for (int i = 0; i < 10; ++i) {
    objects.push_back(open(server));
    EXPECT_TRUE(read_all(*objects.back()) == small);
  }
  const std::string large = random_bytes(3'000'000);
  constexpr int kAtOnce = 6;
  std::mutex mutex;
  std::condition_variable changed;
  int asked_for = 0;
  const HttpServer slow_server([&](const Asked& asked) {
    std::unique_lock lock(mutex);
    if (asked.range().second > 1) ++asked_for;
    changed.notify_all();
    // None is answered before all are asked for.
    const bool is_look = asked_for == 0;
    EXPECT_TRUE(is_look || changed.wait_for(lock, std::chrono::minutes(1), [&] { return asked_for >= kAtOnce; }));
    return partial_answer(large, asked);
  });
  EXPECT_TRUE(read_all(*open(slow_server)) == large);
}

TEST_F(RemoteObjectTest, IsAtHandFromWhenAllOfItHasComeUntilItsMemoryIsAnothers) {
  const std::string bytes = random_bytes(200'000);
  std::mutex mutex;
  std::unique_lock hangs(mutex);
  const HttpServer server([&](const Asked& asked) {
    if (asked.range().second > 1) const std::lock_guard waits(mutex);
    return partial_answer(bytes, asked);
  });
  const auto object = open(server);
  EXPECT_FALSE(object->is_at_hand());
  object->prefetch();
  EXPECT_FALSE(object->is_at_hand());
  hangs.unlock();
  {
    const auto source = object->open(-1);
    std::string buffer(bytes.size(), '\0');
    while (source->read(buffer) > 0) continue;
    EXPECT_TRUE(object->is_at_hand());
    memory_.reclaim(kMemoryBytes);
    EXPECT_TRUE(object->is_at_hand()) << "somebody reads it";
  }
  memory_.reclaim(kMemoryBytes);
  EXPECT_FALSE(object->is_at_hand());
}

TEST_F(RemoteObjectTest, LeavesNeitherThreadNorSocketBehind) {
  const auto count = [](const char* folder) {
    return std::distance(std::filesystem::directory_iterator(folder), std::filesystem::directory_iterator());
  };
  const std::string bytes = random_bytes(3'000'000);
  const auto descriptors = count("/proc/self/fd");
  const auto threads = count("/proc/self/task");
  {
    const HttpServer server([&](const Asked& asked) { return partial_answer(bytes, asked); });
    HttpClient client(HttpOptions{});
    FetchMemory memory(kMemoryBytes);
    const Fetching fetching{client, memory, std::chrono::seconds(5)};
    const auto address = std::make_shared<HttpAddress>("log", server.url(), "");
    const RemoteObject object(fetching, address, look_at(fetching, *address, -1));
    std::string buffer(1000, '\0');
    static_cast<void>(object.open(-1)->read(buffer));  // and the rest is on its way
  }
  EXPECT_EQ(count("/proc/self/fd"), descriptors);
  EXPECT_EQ(count("/proc/self/task"), threads);
}

}  // namespace
}  // namespace chatload::source
