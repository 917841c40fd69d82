#include "report/html_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

#include "report/html_text.h"
#include "unit/scratch_folder.h"

namespace chatload::report {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kHostile = "<script>alert(1)</script>\"'&\x01\x1b[2J\xff\xe2\x80\xae</pre><!--";

ReportFacts facts_of_success() {
  ReportFacts facts;
  facts.table = "chat_messages";
  facts.state = "done";
  facts.exit_code = ExitCode::kLoaded;
  facts.loads = {7};
  facts.started = "2016-11-22T02:00:00Z";
  facts.seconds = 12.34;
  facts.counts.parsed.lines = 2'000;
  facts.counts.inserted = 1'990;
  facts.counts.duplicate = 10;
  return facts;
}

std::size_t count_of(std::string_view text, std::string_view part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

TEST(HtmlText, IsNeverMarkup) {
  EXPECT_EQ(html_text(kHostile, 1'000),
            "&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;\\x01\\x1b[2J\\xff\xe2\x80\xae&lt;/pre&gt;&lt;!--");
}

TEST(HtmlText, IsCutBetweenCharactersAndEscapesWhole) {
  EXPECT_EQ(html_text("<<<<<<", 3), "&lt;&lt;&lt;…");
  EXPECT_EQ(html_text("aäb", 2), "aä…");
}

TEST(HtmlReport, SaysInOneWordWhatBecameOfIt) {
  ReportFacts facts = facts_of_success();
  EXPECT_THAT(to_html(facts), HasSubstr("<header class=\"good\">\n<p class=\"word\">Loaded</p>\n"
                                        "<h1>chat_messages, load 7</h1>\n<p>1,990 rows inserted, 0 updated, 10 "
                                        "duplicate; 0 of 2,000 lines rejected; in 12.3 s.</p>"));
  facts.exit_code = ExitCode::kFailed;
  facts.failure = "a.gz: the gzip ends at byte 7.";
  EXPECT_THAT(to_html(facts), HasSubstr("<header class=\"bad\">\n<p class=\"word\">Failed</p>\n"
                                        "<h1>chat_messages, load 7</h1>\n<p>a.gz: the gzip ends at byte 7.</p>"));
  facts.exit_code = ExitCode::kInterrupted;
  EXPECT_THAT(to_html(facts), HasSubstr("<header class=\"warn\">\n<p class=\"word\">Interrupted</p>"));
  facts.exit_code = ExitCode::kBudgetExceeded;
  EXPECT_THAT(to_html(facts), HasSubstr("<header class=\"bad\">\n<p class=\"word\">Stopped</p>"));
  facts.exit_code.reset();
  facts.state = "running";
  EXPECT_THAT(to_html(facts), HasSubstr("<header class=\"warn\">\n<p class=\"word\">Running</p>"));
}

TEST(HtmlReport, SaysWhetherTheCountsAddUp) {
  ReportFacts facts = facts_of_success();
  EXPECT_THAT(to_html(facts), HasSubstr("The counts add up."));
  facts.counts.inserted -= 1;
  EXPECT_THAT(to_html(facts), HasSubstr("The counts do not add up: their sum is 1,999."));
}

TEST(HtmlReport, WhatIsNotKnownHasNoSection) {
  const std::string html = to_html(facts_of_success());
  EXPECT_EQ(count_of(html, "<h2>"), 1U);
  EXPECT_THAT(html, HasSubstr("<h2>Lines</h2>"));
}

TEST(HtmlReport, NoTextOfAnyoneIsMarkup) {
  const std::string hostile(kHostile);
  ReportFacts facts = facts_of_success();
  facts.table = facts.failure = facts.next_step = facts.next_command = facts.started = facts.ended = hostile;
  facts.nights = {{.load = 1, .state = hostile, .started = hostile}, {.load = 2, .state = hostile, .started = hostile}};
  facts.rejects = {{.reason = hostile,
                    .lines = 2,
                    .examples = {{.input = hostile, .line = 1, .field = hostile, .detail = hostile, .raw = hostile}}}};
  facts.inputs = {{.name = hostile, .status = InputStatus::kFailed, .why = hostile},
                  {.name = hostile, .status = InputStatus::kSame, .same_as = hostile}};
  facts.settings = {{hostile, hostile, hostile}};
  facts.log.first = {{.time = {}, .level = LogLevel::kError, .message = hostile}};
  facts.unknown = {hostile};
  const std::string html = to_html(facts);
  EXPECT_EQ(count_of(html, "<script"), 0U);
  EXPECT_EQ(count_of(html, "<!--"), 0U);
  EXPECT_EQ(count_of(html, "</pre>"), count_of(html, "<pre>"));
  EXPECT_EQ(html.find('\x01'), std::string::npos);
  EXPECT_EQ(html.find('\x1b'), std::string::npos);
  EXPECT_EQ(html.find('\xff'), std::string::npos);
  EXPECT_GE(count_of(html, "&lt;script&gt;"), 15U);
}

TEST(HtmlReport, NeedsNothingFromElsewhere) {
  const std::string html = to_html(facts_of_success());
  for (const char* part : {"http:", "https:", "src=", "href=", "url(", "@import", "<script"}) {
    EXPECT_THAT(html, Not(HasSubstr(part)));
  }
  EXPECT_THAT(html, HasSubstr("default-src 'none'"));
}

TEST(HtmlReport, LongLinesAreCut) {
  ReportFacts facts = facts_of_success();
  facts.rejects = {{.reason = "too_long", .lines = 1, .examples = {{.input = "a.gz", .raw = std::string(1'000, 'x')}}}};
  const std::string html = to_html(facts);
  EXPECT_THAT(html, HasSubstr(std::string(300, 'x') + "…"));
  EXPECT_THAT(html, Not(HasSubstr(std::string(301, 'x'))));
}

TEST(HtmlReport, OfTwentyThousandInputsTheFailedOnesComeFirstAndTheRestIsCounted) {
  ReportFacts facts = facts_of_success();
  ledger::SourceLines lines;
  lines.lines = 1'000;
  for (int i = 0; i < 20'000; ++i) {
    facts.inputs.push_back({.name = "/var/log/chat/2016/11/22/chat-" + std::to_string(i) + ".json.gz",
                            .status = i == 19'999 ? InputStatus::kFailed : InputStatus::kDone,
                            .why = i == 19'999 ? "cut short" : "",
                            .counts = lines});
  }
  const std::string html = to_html(facts);
  EXPECT_LT(html.size(), 200'000U);
  EXPECT_THAT(html, HasSubstr("19,999 done, 1 failed. The first 1,000 of them"));
  EXPECT_LT(html.find("chat-19999.json.gz"), html.find("chat-0.json.gz"));
  EXPECT_THAT(html, HasSubstr("chat-998.json.gz"));
  EXPECT_THAT(html, Not(HasSubstr("chat-999.json.gz")));
}

TEST(HtmlReport, WritesTheTimesOfALongRunInLittleRoom) {
  ReportFacts facts = facts_of_success();
  Timeline timeline;
  for (int i = 0; i < 100'000; ++i) {
    timeline.add(Phase::kWrite, static_cast<WaitedFor>(i % 3), 0.2 * i, 0.2 * (i + 1), i % 100, 1e6);
  }
  facts.samples = timeline.samples();
  facts.phases = {{Phase::kWrite, 20'000}};
  facts.seconds = 20'010;
  const std::string html = to_html(facts);
  EXPECT_LT(html.size(), 150'000U);
  EXPECT_THAT(html, HasSubstr("MySQL, 33 %"));
  EXPECT_THAT(html, HasSubstr("<td>writes</td><td class=\"n\">5 h 33 min</td>"));
}

TEST(HtmlReport, IsWrittenWhole) {
  const ScratchFolder folder;
  write_html(facts_of_success(), folder / "report.html");
  std::ifstream file(folder / "report.html");
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), to_html(facts_of_success()));
}

}  // namespace
}  // namespace chatload::report
