#include "report/reject_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <random>
#include <string>

#include "base/errors.h"
#include "unit/scratch_folder.h"

namespace chatload::report {
namespace {

using parse::RejectReason;
using testing::AllOf;
using testing::HasSubstr;
using testing::ThrowsMessage;

RejectRecord record(std::string_view raw) {
  return {.reason = RejectReason::kTooLong,
          .field = "from",
          .detail = {},
          .line = LineNumber(1234),
          .offset = ByteOffset(56789),
          .raw = raw,
          .raw_is_cut = false,
          .detail_at_bytes = 0};
}

std::string gunzip(const std::filesystem::path& path) {
  std::string text(1 << 22, '\0');
  gzFile file = gzopen(path.c_str(), "rb");
  const int bytes = gzread(file, text.data(), static_cast<unsigned>(text.size()));
  EXPECT_EQ(gzclose(file), Z_OK);
  text.resize(bytes < 0 ? 0 : static_cast<std::size_t>(bytes));
  return text;
}

TEST(RejectWriter, RecordIsOneJsonLine) {
  EXPECT_EQ(to_json_line(record(R"({"from":"x"})"), "in put.gz"),
            R"({"input":"in put.gz","reason":"too_long","field":"from","line":1234,"offset":56789,)"
            R"("raw":"{\"from\":\"x\"}"})"
            "\n");
}

TEST(RejectWriter, ReasonOfTheWholeLineHasNullField) {
  RejectRecord cut = record("x");
  cut.field = {};
  cut.raw_is_cut = true;
  EXPECT_THAT(to_json_line(cut, "-"), AllOf(HasSubstr(R"("field":null)"), HasSubstr(R"("raw":"x","raw_cut":true})")));
}

TEST(RejectWriter, WhatTheServerSaidIsTheDetail) {
  RejectRecord refused = record("x");
  refused.reason = RejectReason::kRefusedByServer;
  refused.field = {};
  refused.detail = "SQLSTATE 45000: \"no\"\x1b";
  EXPECT_THAT(to_json_line(refused, "-"),
              HasSubstr(R"("field":null,"detail":"SQLSTATE 45000: \"no\"\u001b","line":1234)"));
  EXPECT_THAT(to_text(refused), HasSubstr(R"(refused_by_server (SQLSTATE 45000: "no"\x1b): x)"));
}

TEST(RejectWriter, LineThatIsNotUtf8IsBase64) {
  EXPECT_THAT(to_json_line(record("\xFF"), "-"), HasSubstr(R"("raw_base64":"/w=="})"));
  EXPECT_THAT(to_json_line(record("\xFF\xFE"), "-"), HasSubstr(R"("raw_base64":"//4="})"));
  EXPECT_THAT(to_json_line(record("a\xFFz"), "-"), HasSubstr(R"("raw_base64":"Yf96"})"));
}

TEST(RejectWriter, TextEscapesWhatCouldMoveATerminal) {
  EXPECT_EQ(to_text(record("é\x1b[2J\x7f\xC2\x9B\xFF")),
            "line 1,234 at byte 56,789: too_long in from: é\\x1b[2J\\x7f\\xc2\\x9b\\xff");
}

TEST(RejectWriter, TextShowsTheBeginningAndCutsBetweenCharacters) {
  const std::string raw = std::string(79, 'a') + "é" + "tail";
  EXPECT_THAT(to_text(record(raw)), AllOf(testing::EndsWith("aé…"), testing::Not(HasSubstr("tail"))));
}

TEST(RejectWriter, TextShowsThePieceThatTheDetailIsAbout) {
  const std::string raw = std::string(200, 'a') + "HERE" + std::string(200, 'b');
  RejectRecord broken = record(raw);
  broken.reason = RejectReason::kInvalidJson;
  broken.field = {};
  broken.detail = "':' is missing at column 201";
  broken.detail_at_bytes = 200;
  EXPECT_EQ(to_text(broken), "line 1,234 at byte 56,789: invalid_json (':' is missing at column 201): …" +
                                 std::string(40, 'a') + "HERE" + std::string(36, 'b') + "…");
  broken.detail_at_bytes = raw.size();  // it ends too early
  EXPECT_THAT(to_text(broken), testing::EndsWith("): …" + std::string(80, 'b')));
  broken.detail_at_bytes = 40;
  EXPECT_THAT(to_text(broken), testing::EndsWith("): " + std::string(80, 'a') + "…"));
}

TEST(RejectWriter, TextOfAPieceBeginsBetweenCharacters) {
  std::string raw;
  for (int i = 0; i < 100; ++i) raw += "語";
  RejectRecord broken = record(raw);
  for (std::size_t at = 100; at < 200; ++at) {
    broken.detail_at_bytes = at;
    EXPECT_THAT(to_text(broken), testing::Not(HasSubstr("\\x"))) << at;
  }
}

TEST(RejectWriter, TextOfACutLineShowsItsBeginningAndItsEnd) {
  const std::string raw = std::string(500, 'a') + std::string(500, 'b');
  RejectRecord cut = record(raw);
  cut.raw_is_cut = true;
  EXPECT_THAT(to_text(cut), testing::EndsWith(": " + std::string(40, 'a') + "…" + std::string(40, 'b')));
}

TEST(RejectWriter, FileHoldsTheRecordsInOrder) {
  const ScratchFolder folder;
  RejectWriter writer(folder / "rejects.json.gz");
  writer.write(record("first"), "a");
  writer.write(record("second"), "b");
  writer.close();
  EXPECT_EQ(gunzip(folder / "rejects.json.gz"),
            to_json_line(record("first"), "a") + to_json_line(record("second"), "b"));
}

TEST(RejectWriter, FileOfARunThatEndsEarlyIsWholeAllTheSame) {
  const ScratchFolder folder;
  { RejectWriter(folder / "rejects.json.gz").write(record("only"), "a"); }
  EXPECT_EQ(gunzip(folder / "rejects.json.gz"), to_json_line(record("only"), "a"));
}

TEST(RejectWriter, FileThatIsThereIsReplaced) {
  const ScratchFolder folder;
  for (int run = 0; run < 2; ++run) {
    RejectWriter writer(folder / "rejects.json.gz");
    writer.write(record("only"), "a");
    writer.close();
  }
  EXPECT_EQ(gunzip(folder / "rejects.json.gz"), to_json_line(record("only"), "a"));
}

TEST(RejectWriter, WithoutRecordsTheFileIsAnEmptyGzip) {
  const ScratchFolder folder;
  RejectWriter(folder / "rejects.json.gz").close();
  EXPECT_GT(std::filesystem::file_size(folder / "rejects.json.gz"), 0U);
  EXPECT_EQ(gunzip(folder / "rejects.json.gz"), "");
}

TEST(RejectWriter, MissingFolderAndDirectoryAreNamedWithTheirCause) {
  const ScratchFolder folder;
  EXPECT_THAT([&] { RejectWriter writer(folder / "none/rejects.gz"); },
              ThrowsMessage<EnvironmentError>(AllOf(HasSubstr("none/rejects.gz"), HasSubstr("No such file"))));
  EXPECT_THAT([&] { RejectWriter writer(folder.path()); },
              ThrowsMessage<EnvironmentError>(AllOf(HasSubstr(folder.path().string()), HasSubstr("Is a directory"))));
}

TEST(RejectWriter, FullDiskSurfacesAtCloseWhenTheRecordsWereBuffered) {
  RejectWriter writer("/dev/full");
  writer.write(record("small"), "a");
  EXPECT_THAT([&] { writer.close(); },
              ThrowsMessage<EnvironmentError>(AllOf(HasSubstr("/dev/full"), HasSubstr("No space left on device"))));
}

TEST(RejectWriter, FullDiskSurfacesWhileWriting) {
  std::mt19937 random(1);
  std::string noise(1 << 20, '\0');
  for (char& byte : noise) byte = static_cast<char>(random());
  RejectWriter writer("/dev/full");
  EXPECT_THAT([&] { writer.write(record(noise), "a"); },
              ThrowsMessage<EnvironmentError>(HasSubstr("No space left on device")));
}

}  // namespace
}  // namespace chatload::report
