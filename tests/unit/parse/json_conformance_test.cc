// tests/golden/json/cases.txt, which says what its lines mean.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "unit/parse/parse_text.h"

namespace chatload::parse {
namespace {

struct Case {
  char verdict;
  std::string name;
  std::string text;
};

std::string percent_decoded(std::string_view text) {
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      bytes += text[i];
      continue;
    }
    bytes += static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16));
    i += 2;
  }
  return bytes;
}

std::vector<Case> read_cases() {
  const std::filesystem::path tests = std::filesystem::path(__FILE__).parent_path().parent_path().parent_path();
  std::ifstream file(tests / "golden/json/cases.txt");
  std::vector<Case> cases;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with('#')) continue;
    const std::size_t name_end = line.find('\t', 2);
    cases.push_back({line.at(0), line.substr(2, name_end - 2), percent_decoded(line.substr(name_end + 1))});
  }
  return cases;
}

std::string expected_outcome(char verdict) {
  return verdict == 'y' ? "valid" : verdict == 'n' ? "invalid_json" : verdict == 'u' ? "invalid_utf8" : "?";
}

TEST(JsonConformance, CollectionHasAtLeastTwoHundredCases) { EXPECT_GE(read_cases().size(), 200u); }

TEST(JsonConformance, EachTextIsJudgedAsValueOfAnIgnoredKey) {
  for (const Case& c : read_cases()) {
    EXPECT_EQ(outcome_of(line_with_ignored(c.text)), expected_outcome(c.verdict)) << c.name;
  }
}

TEST(JsonConformance, EachTextIsJudgedAlikeWhereverItsKeyStands) {
  for (const Case& c : read_cases()) {
    const LineParts parts{.id = "\"ignored\":" + c.text + ",\"id\":\"a1\""};
    EXPECT_EQ(outcome_of(parts.text()), expected_outcome(c.verdict)) << c.name;
  }
}

TEST(JsonConformance, NeighboursOfABadLineAreValid) {
  std::string text;
  std::uint64_t valid = 0;
  const std::vector<Case> cases = read_cases();
  for (const Case& c : cases) {
    text += LineParts{}.text() + '\n' + line_with_ignored(c.text) + '\n';
    valid += c.verdict == 'y' ? 2 : 1;
  }
  const ParsedRange parsed = parse_text(text);
  EXPECT_EQ(parsed.counts.lines, 2 * cases.size());
  EXPECT_EQ(parsed.counts.valid, valid);
  for (const RejectedLine& reject : parsed.rejects) EXPECT_EQ(reject.line.line_index % 2, 1u);
}

}  // namespace
}  // namespace chatload::parse
