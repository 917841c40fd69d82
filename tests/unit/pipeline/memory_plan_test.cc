#include "pipeline/memory_plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/errors.h"
#include "base/units.h"
#include "deflate/compressed_writer.h"
#include "mapping/mapping_file.h"
#include "parse/range_parser.h"
#include "spill/spill_limits.h"

namespace chatload::pipeline {
namespace {

constexpr std::size_t kColumns = 6;

// Of a machine with so many cores, no flag given but --memory.
cli::ReadPlan on_cores(unsigned cores, std::optional<std::uint64_t> memory_bytes = std::nullopt) {
  cli::ReadPlan read;
  read.split = {.range_bytes = 4 * kMiB, .line_bytes_max = kMiB};
  read.threads = cores;
  read.memory_bytes = memory_bytes;
  return read;
}

Writers writers_on_cores(unsigned cores) { return {std::min(cores, 8U)}; }

cli::ReadPlan fitted(cli::ReadPlan read, Writers writers) {
  read.split = fitting_limits(read, writers);
  return read;
}

// The sum of memory_plan.cc, written down a second time.
struct Sum {
  explicit Sum(split::SplitLimits limits)
      : process_bytes(33 * kMiB + 12 * limits.line_bytes_max),
        range_bytes(5 * limits.range_bytes + 2 * limits.line_bytes_max +
                    parse::ParsedRange::kRejectsMax * sizeof(parse::RejectedLine)),
        stretch_bytes(6 * limits.range_bytes + 2 * limits.line_bytes_max),
        parser_bytes(parse::RangeParser::memory_bytes_max(static_cast<std::uint32_t>(limits.line_bytes_max)) +
                     16 * limits.range_bytes / 57),
        connection_bytes(6 * std::max<std::size_t>(kMiB, 2 * limits.line_bytes_max + 4 * kKiB)),
        journal_bytes(128 * kKiB + 2 * limits.line_bytes_max) {}

  [[nodiscard]] std::size_t parsers(const Workers& workers) const { return (workers.threads + 1) * parser_bytes; }
  [[nodiscard]] std::size_t writers(const Workers& workers) const { return workers.connections * connection_bytes; }

  std::size_t process_bytes;
  std::size_t range_bytes;
  std::size_t stretch_bytes;
  std::size_t parser_bytes;
  std::size_t connection_bytes;
  std::size_t journal_bytes;
};

std::size_t window_bytes(const MemoryPlan& plan) { return plan.window.bytes_max + inflate::kWindowSpareBytes; }

struct TableRow {
  unsigned cores;
  std::size_t range_mib;
  Workers in_file_order;
  std::size_t ranges_in_file_order;
  std::size_t ahead_in_file_order_mib;
  Workers in_key_order;
  std::size_t ranges_in_key_order;
  std::size_t builder_mib;
  std::size_t ahead_in_key_order_mib;
  std::size_t stretches;
  std::size_t merge_mib;
};

// The one at the top of memory_plan.cc.
TEST(MemoryPlan, OfTheDefaultFlagsIsTheTable) {
  constexpr std::array kTable = {
      TableRow{2, 4, {2, 2}, 6, 16, {2, 2}, 3, 47, 16, 3, 107}, TableRow{3, 2, {3, 3}, 9, 16, {3, 3}, 6, 27, 16, 6, 90},
      TableRow{4, 2, {4, 4}, 8, 16, {4, 4}, 6, 19, 16, 5, 92},  TableRow{8, 1, {5, 6}, 11, 9, {8, 8}, 9, 8, 12, 9, 42},
      TableRow{16, 1, {5, 6}, 11, 9, {8, 8}, 9, 8, 12, 9, 42},  TableRow{64, 1, {5, 6}, 11, 9, {8, 8}, 9, 8, 12, 9, 42},
  };
  for (const TableRow& row : kTable) {
    SCOPED_TRACE(row.cores);
    const Writers writers = writers_on_cores(row.cores);
    const cli::ReadPlan read = fitted(on_cores(row.cores), writers);
    const MemoryPlan file_order = plan_memory(read, writers);
    const KeyOrderMemoryPlan key_order = plan_key_order_memory(read, writers);
    EXPECT_EQ(read.split.range_bytes, row.range_mib * kMiB);
    EXPECT_EQ(file_order.workers, row.in_file_order);
    EXPECT_EQ(file_order.ranges_in_flight_max, row.ranges_in_file_order);
    EXPECT_EQ(file_order.ahead.bytes / kMiB, row.ahead_in_file_order_mib);
    EXPECT_EQ(key_order.reading.ahead.bytes / kMiB, row.ahead_in_key_order_mib);
    EXPECT_EQ(key_order.reading.workers, row.in_key_order);
    EXPECT_EQ(key_order.reading.ranges_in_flight_max, row.ranges_in_key_order);
    EXPECT_EQ(key_order.spill.buffer_bytes / kMiB, row.builder_mib);
    EXPECT_EQ(key_order.stretches_in_flight_max, row.stretches);
    EXPECT_EQ(key_order.spill.merge_bytes / kMiB, row.merge_mib);
  }
}

// Up to 64 cores, and what of them threads and connections come to, each alone.
class OnAnyNumberOfCores : public testing::TestWithParam<std::size_t> {
 protected:
  template <typename Check>
  static void for_each_number(Check check) {
    for (unsigned threads = 1; threads <= 64; ++threads) {
      for (unsigned connections = 1; connections <= 8; ++connections) {
        SCOPED_TRACE(testing::Message() << threads << " threads, " << connections << " connections");
        const Writers writers{connections};
        const cli::ReadPlan read = fitted(on_cores(threads, GetParam()), writers);
        check(read, plan_memory(read, writers), plan_key_order_memory(read, writers));
      }
    }
  }
};

TEST_P(OnAnyNumberOfCores, TheSumStaysWithinTheBound) {
  for_each_number([](const cli::ReadPlan& read, const MemoryPlan& file_order, const KeyOrderMemoryPlan& key_order) {
    const Sum sum(read.split);
    EXPECT_LE(sum.process_bytes + sum.parsers(file_order.workers) + sum.writers(file_order.workers) +
                  file_order.ahead.bytes + window_bytes(file_order) + file_order.ranges_in_flight_max * sum.range_bytes,
              GetParam());
    const MemoryPlan& reading = key_order.reading;
    EXPECT_LE(sum.process_bytes + sum.parsers(reading.workers) + sum.journal_bytes + reading.ahead.bytes +
                  window_bytes(reading) + reading.ranges_in_flight_max * sum.range_bytes +
                  reading.workers.threads * key_order.spill.buffer_bytes,
              GetParam());
    EXPECT_LE(sum.process_bytes + sum.writers(reading.workers) + 16 * read.split.range_bytes / 57 +
                  key_order.stretches_in_flight_max * sum.stretch_bytes + key_order.spill.merge_bytes,
              GetParam());
  });
}

TEST_P(OnAnyNumberOfCores, WhateverWorksHasARangeOrAStretchToWorkOn) {
  for_each_number([](const cli::ReadPlan& read, const MemoryPlan& file_order, const KeyOrderMemoryPlan& key_order) {
    EXPECT_GE(file_order.ranges_in_flight_max, file_order.workers.threads + file_order.workers.connections);
    EXPECT_LE(file_order.workers.threads, read.threads);
    EXPECT_GT(key_order.reading.ranges_in_flight_max, key_order.reading.workers.threads);
    EXPECT_GT(key_order.stretches_in_flight_max, key_order.reading.workers.connections);
    EXPECT_GE(key_order.spill.buffer_bytes, 7 * kMiB);
    EXPECT_GE(key_order.spill.merge_bytes, 15 * kMiB);
  });
}

INSTANTIATE_TEST_SUITE_P(MemoryPlan, OnAnyNumberOfCores, testing::Values(128 * kMiB, 256 * kMiB, 512 * kMiB, 4 * kGiB));

TEST_P(OnAnyNumberOfCores, AWindowOfTheUsualLevelsHasItsRoom) {
  for_each_number([](const cli::ReadPlan&, const MemoryPlan& file_order, const KeyOrderMemoryPlan& key_order) {
    EXPECT_GE(file_order.window.bytes_max, inflate::kWindowBytesUsual);
    EXPECT_GE(key_order.reading.window.bytes_max, inflate::kWindowBytesUsual);
  });
}

TEST(MemoryPlan, TheMemoryThatAWindowIsSaidToNeedHasRoomForIt) {
  for (const std::uint64_t window : {9 * kMiB, 128 * kMiB, kGiB, 2 * kGiB}) {
    for (unsigned cores = 1; cores <= 64; cores += cores < 8 ? 1 : 7) {
      for (const std::optional<std::uint64_t> memory : {std::optional<std::uint64_t>(), std::optional(150 * kMiB)}) {
        for (const Writers writers : {writers_on_cores(cores), Writers{}}) {
          SCOPED_TRACE(testing::Message() << window << " bytes, " << cores << " cores");
          const auto plan_with = [&](std::optional<std::uint64_t> bytes) {
            const cli::ReadPlan read = fitted(on_cores(cores, bytes), writers);
            return std::pair(plan_memory(read, writers).window,
                             writers.connections_max == 0 ? plan_memory(read, writers).window
                                                          : plan_key_order_memory(read, writers).reading.window);
          };
          const auto [file_order, key_order] = plan_with(memory);
          for (const inflate::WindowRoom& room : {file_order, key_order}) {
            const auto [more, more_in_key_order] = plan_with(room.memory_mib(window) * kMiB);
            EXPECT_GE(more.bytes_max, window);
            EXPECT_GE(more_in_key_order.bytes_max, window);
          }
        }
      }
    }
  }
}

TEST(MemoryPlan, WhileNothingElseIsAtWorkAWindowHasTheRest) {
  const inflate::WindowRoom room = window_of(on_cores(4, 256 * kMiB));
  EXPECT_GT(room.bytes_max, 128 * kMiB);
  EXPECT_LT(room.bytes_max, 224 * kMiB);
  EXPECT_EQ(window_of(on_cores(4, room.memory_mib(2 * kGiB) * kMiB)).bytes_max, 2 * kGiB);
}

TEST(MemoryPlan, WhatCompressesACopyIsInTheSum) {
  for (const auto& [framing, level] : {std::pair(deflate::Framing::kMigz, 6), std::pair(deflate::Framing::kMigz, 12),
                                       std::pair(deflate::Framing::kZstd, 3), std::pair(deflate::Framing::kZstd, 19)}) {
    for (const std::size_t memory_bytes : {128 * kMiB, 256 * kMiB, kGiB}) {
      for (unsigned cores = 1; cores <= 64; cores *= 2) {
        SCOPED_TRACE(testing::Message() << cores << " cores, " << memory_bytes << " bytes");
        deflate::CompressionOptions compression{.framing = framing, .level = level};
        const Writers writers{.compression = compression};
        const cli::ReadPlan read = fitted(on_cores(cores, memory_bytes), writers);
        const MemoryPlan plan = plan_memory(read, writers);
        compression.threads = plan.workers.threads;
        const Sum sum(read.split);
        EXPECT_LE(sum.process_bytes + sum.parsers(plan.workers) +
                      deflate::CompressedWriter::memory_bytes_max(compression) +
                      plan.ranges_in_flight_max * sum.range_bytes,
                  memory_bytes);
        EXPECT_GT(plan.ranges_in_flight_max, plan.workers.threads);
      }
    }
  }
}

TEST(MemoryPlan, WhereSeveralParseSeveralInflateByDefault) {
  for (unsigned cores = 1; cores <= 64; ++cores) {
    for (const Writers writers : {writers_on_cores(cores), Writers{}}) {
      const MemoryPlan plan = plan_memory(fitted(on_cores(cores), writers), writers);
      EXPECT_EQ(plan.ahead.threads, plan.workers.threads) << cores;
      EXPECT_EQ(plan.ahead.bytes >= inflate::kAheadBytesMin, cores > 1) << cores;
    }
    const inflate::ReadAhead sorting =
        plan_key_order_memory(fitted(on_cores(cores), writers_on_cores(cores)), writers_on_cores(cores)).reading.ahead;
    EXPECT_EQ(sorting.bytes >= inflate::kAheadBytesMin, cores > 1) << cores;
  }
}

TEST(MemoryPlan, OfACheckInflatesLargePiecesSideBySideByDefault) {
  for (const unsigned cores : {2U, 4U}) {
    const MemoryPlan plan = plan_memory(fitted(on_cores(cores), {}), {});
    EXPECT_EQ(plan.ahead.bytes, std::size_t{12} * cores * kMiB) << cores;
    EXPECT_GT(plan.ranges_in_flight_max, plan.workers.threads) << cores;
  }
}

TEST(MemoryPlan, WithoutMemoryForSeveralPiecesTheReaderInflates) {
  cli::ReadPlan read = on_cores(2, 110 * kMiB);
  read.is_threads_given = true;
  const MemoryPlan plan = plan_memory(fitted(read, {2, true}), {2, true});
  EXPECT_EQ(plan.ahead.threads, 1U);
  EXPECT_EQ(plan.ahead.bytes, 0U);
}

TEST(MemoryPlan, MoreCoresNeverMeanFewerWorkers) {
  Workers before;
  for (unsigned cores = 1; cores <= 64; ++cores) {
    const Writers writers = writers_on_cores(cores);
    const Workers workers = plan_memory(fitted(on_cores(cores), writers), writers).workers;
    EXPECT_GE(workers.threads, before.threads) << cores;
    EXPECT_GE(workers.connections, before.connections) << cores;
    before = workers;
  }
}

// A row of all of them takes 900 bytes, and a record without any value two.
TEST(MemoryPlan, DefaultHoldsARangeForEachWorkerWhereRecordsHaveManyColumnsThatCanBeMissing) {
  std::string text = "table = 't'\nprimary_key = []\n";
  for (int column = 0; column < 50; ++column) {
    text += "[[column]]\nname = 'c" + std::to_string(column) + "'\nsql = 'VARCHAR(100)'\n";
  }
  cli::ReadPlan read = on_cores(2);
  read.mapping = std::make_shared<mapping::Mapping>(mapping::parse_mapping(text, "m"));
  read.split.bytes_a_record = bytes_a_record(*read.mapping);
  read = fitted(read, {2});
  EXPECT_GE(read.split.range_bytes, 2 * kMiB);
  const MemoryPlan plan = plan_memory(read, {2});
  EXPECT_EQ(plan.memory_bytes, 256 * kMiB);
  EXPECT_EQ(plan.workers, (Workers{2, 2}));
  EXPECT_GE(plan.ranges_in_flight_max, 4U);
}

TEST(MemoryPlan, DefaultIs256MiBOnAnyNumberOfCores) {
  for (const unsigned cores : {1U, 2U, 64U, 256U}) {
    const Writers writers = writers_on_cores(cores);
    EXPECT_EQ(plan_memory(fitted(on_cores(cores), writers), writers).memory_bytes, 256 * kMiB) << cores;
  }
}

TEST(MemoryPlan, DefaultGrowsToWhatTwoRangesThatWereAskedForNeed) {
  cli::ReadPlan read = on_cores(8);
  read.split.range_bytes = 64 * kMiB;
  read.is_range_size_given = true;
  const MemoryPlan plan = plan_memory(read, {8});
  EXPECT_EQ(plan.ranges_in_flight_max, 2U);
  EXPECT_EQ(plan.workers.threads, 1U);
  EXPECT_EQ(plan.workers.connections, 1U);
  EXPECT_GT(plan.memory_bytes, 256 * kMiB);
}

TEST(MemoryPlan, DefaultGrowsToWhatThreadsAndConnectionsThatWereAskedForNeed) {
  cli::ReadPlan read = on_cores(32);
  read.is_threads_given = true;
  const Writers writers{32, true};
  read = fitted(read, writers);
  EXPECT_EQ(read.split.range_bytes, kMiB);
  const MemoryPlan plan = plan_memory(read, writers);
  EXPECT_EQ(plan.workers.threads, 32U);
  EXPECT_EQ(plan.workers.connections, 32U);
  EXPECT_GE(plan.ranges_in_flight_max, 64U);
  EXPECT_GT(plan.memory_bytes, 256 * kMiB);
}

TEST(MemoryPlan, WhatWasNotAskedForMakesRoomForWhatWas) {
  cli::ReadPlan read = on_cores(12);
  read.is_threads_given = true;
  const MemoryPlan more_threads = plan_memory(fitted(read, {8}), {8});
  EXPECT_EQ(more_threads.workers.threads, 12U);
  EXPECT_LT(more_threads.workers.connections, 8U);
  EXPECT_EQ(more_threads.memory_bytes, 256 * kMiB);
  const MemoryPlan more_connections = plan_memory(fitted(on_cores(16), {8, true}), {8, true});
  EXPECT_EQ(more_connections.workers.connections, 8U);
  EXPECT_LT(more_connections.workers.threads, 16U);
}

TEST(MemoryPlan, GivenMemoryThatHoldsNoTwoRangesIsRefused) {
  EXPECT_THROW(static_cast<void>(plan_memory(on_cores(2, 16 * kMiB), {2})), UsageError);
  EXPECT_THROW(static_cast<void>(plan_key_order_memory(on_cores(2, 16 * kMiB), {2})), UsageError);
  cli::ReadPlan many = on_cores(64, 256 * kMiB);
  many.is_threads_given = true;
  EXPECT_THROW(static_cast<void>(plan_memory(fitted(many, {8}), {8})), UsageError);
}

TEST(MemoryPlan, ThreadsThatWereAskedForAndFindNoRangeHaveNoBuilder) {
  cli::ReadPlan read = on_cores(8, 160 * kMiB);
  read.is_threads_given = true;
  const Writers writers{1, true};
  read = fitted(read, writers);
  const KeyOrderMemoryPlan plan = plan_key_order_memory(read, writers);
  EXPECT_EQ(plan.reading.workers.threads + 1, plan.reading.ranges_in_flight_max);
  EXPECT_LT(plan.reading.workers.threads, 8U);
  EXPECT_GE(plan.spill.buffer_bytes, spill::least_limits(kMiB, kColumns).buffer_bytes);
}

TEST(MemoryPlan, ConnectionsThatWereAskedForHaveTheStretchesThatFit) {
  const cli::ReadPlan read = fitted(on_cores(1, 180 * kMiB), {8, true});
  const KeyOrderMemoryPlan plan = plan_key_order_memory(read, {8, true});
  EXPECT_EQ(plan.reading.workers.connections, 8U);
  EXPECT_GE(plan.stretches_in_flight_max, 2U);
  EXPECT_LT(plan.stretches_in_flight_max, 9U);
  EXPECT_GE(plan.spill.merge_bytes, spill::least_limits(kMiB, kColumns).merge_bytes);
  EXPECT_LT(plan.spill.merge_bytes, 180 * kMiB);
}

TEST(MemoryPlan, RangesThatNobodyAskedForShrinkUntilTheyFit) {
  EXPECT_EQ(fitting_limits(on_cores(2), {2}).range_bytes, 4 * kMiB);
  EXPECT_EQ(fitting_limits(on_cores(2, 160 * kMiB), {2}).range_bytes, 2 * kMiB);
  EXPECT_EQ(fitting_limits(on_cores(2, 16 * kMiB), {2}).range_bytes, kMiB);
  cli::ReadPlan given = on_cores(2, 160 * kMiB);
  given.is_range_size_given = true;
  EXPECT_EQ(fitting_limits(given, {2}).range_bytes, 4 * kMiB);
}

// A load keeps the ranges that it began with on a machine with fewer cores, or with more memory.
TEST(MemoryPlan, RangesOfAnotherMachineStayAndFewerThreadsWork) {
  cli::ReadPlan resumed = on_cores(16);
  resumed.split = fitting_limits(on_cores(2), {2});
  const KeyOrderMemoryPlan plan = plan_key_order_memory(resumed, {8});
  EXPECT_EQ(plan.reading.memory_bytes, 256 * kMiB);
  EXPECT_GE(plan.reading.workers.threads, 2U);
  EXPECT_GE(plan.reading.workers.connections, 2U);
  EXPECT_GT(plan.reading.ranges_in_flight_max, plan.reading.workers.threads);
}

TEST(MemoryPlan, LessMemoryMeansFewerRanges) {
  const std::size_t many = plan_memory(on_cores(8, kGiB), {8}).ranges_in_flight_max;
  const std::size_t few = plan_memory(on_cores(8, 256 * kMiB), {8}).ranges_in_flight_max;
  EXPECT_LT(few, many);
  EXPECT_GE(few, 2U);
}

TEST(MemoryPlan, MoreRangesThanWorkersCanUseAreNotHeld) {
  EXPECT_EQ(plan_memory(on_cores(2, 64 * kGiB), {2}).ranges_in_flight_max,
            plan_memory(on_cores(2, 32 * kGiB), {2}).ranges_in_flight_max);
}

}  // namespace
}  // namespace chatload::pipeline
