#include "base/ordered_workers.h"

#include <gtest/gtest.h>

#include <latch>
#include <memory>
#include <stdexcept>

namespace chatload {
namespace {

using Number = std::unique_ptr<int>;  // a task need not be copyable

OrderedWorkers<Number>::Worker make_doubler() {
  return [](Number& number) { *number *= 2; };
}

TEST(OrderedWorkers, HandTasksBackInTheOrderGiven) {
  OrderedWorkers<Number> workers(4, 8, make_doubler);
  int next = 0;
  for (int given = 0; given < 10'000; ++given) {
    if (!workers.has_room()) {
      EXPECT_EQ(*workers.pop(), 2 * next++);
    }
    workers.push(std::make_unique<int>(given));
  }
  while (workers.size() > 0) EXPECT_EQ(*workers.pop(), 2 * next++);
  EXPECT_EQ(next, 10'000);
}

TEST(OrderedWorkers, WorkSideBySide) {
  std::latch both(2);
  OrderedWorkers<int> workers(2, 2, [&both] { return [&both](int&) { both.arrive_and_wait(); }; });
  workers.push(1);
  workers.push(2);
  EXPECT_EQ(workers.pop(), 1);
  EXPECT_EQ(workers.pop(), 2);
}

TEST(OrderedWorkers, TakeNoMoreThanTheyHaveRoomFor) {
  OrderedWorkers<int> workers(1, 2, [] { return [](int&) {}; });
  workers.push(1);
  EXPECT_TRUE(workers.has_room());
  workers.push(2);
  EXPECT_FALSE(workers.has_room());
  EXPECT_EQ(workers.pop(), 1);
  EXPECT_TRUE(workers.has_room());
}

TEST(OrderedWorkers, ThrowWhatATaskThrewAndGoOnBehindIt) {
  OrderedWorkers<int> workers(2, 3, [] {
    return [](int& number) {
      if (number == 2) throw std::runtime_error("two");
    };
  });
  for (const int number : {1, 2, 3}) workers.push(number);
  EXPECT_EQ(workers.pop(), 1);
  EXPECT_THROW(static_cast<void>(workers.pop()), std::runtime_error);
  EXPECT_EQ(workers.pop(), 3);
}

}  // namespace
}  // namespace chatload
