#include "report/load_list.h"

#include <gtest/gtest.h>

namespace chatload::report {
namespace {

ledger::LoadEntry done_load() {
  return {.load = 7,
          .state = "done",
          .source = "in\x1b \"1\".json.gz",
          .target_table = "chat_messages",
          .attempt = 2,
          .started_at = "2016-11-22T12:00:00.500000Z",
          .finished_at = "2016-11-22T12:01:00.000000Z",
          .done_share = 1,
          .counts = {.lines = 1'234'567,
                     .inserted = 1'234'000,
                     .updated = 0,
                     .duplicate = 500,
                     .filtered = 60,
                     .rejected = 7,
                     .blank = 0},
          .exit_code = 1,
          .superseded_by = {},
          .runner = "host 12",
          .sources = 3,
          .sources_failed = 0};
}

TEST(LoadList, TableIsAlignedAndEscapesWhatTheSourceHolds) {
  ledger::LoadEntry old = done_load();
  old.load = 12;
  old.superseded_by = 13;
  old.done_share = 0.999;
  ledger::LoadEntry pipe = done_load();
  pipe.done_share.reset();
  pipe.source = "-";
  pipe.sources_failed = 1;
  EXPECT_EQ(to_table({done_load(), old, pipe}),
            "LOAD  STATE       STARTED               DONE      LINES   INSERTED  UPDATED  DUPLICATE  FILTERED  REJECTED"
            "  BLANK      SOURCES  SOURCE\n"
            "   7  done        2016-11-22T12:00:00Z  100%  1,234,567  1,234,000        0        500        60         7"
            "      0            3  in\\x1b \"1\".json.gz\n"
            "  12  superseded  2016-11-22T12:00:00Z   99%  1,234,567  1,234,000        0        500        60         7"
            "      0            3  in\\x1b \"1\".json.gz\n"
            "   7  done        2016-11-22T12:00:00Z     ?  1,234,567  1,234,000        0        500        60         7"
            "      0  3, 1 failed  -\n");
}

TEST(LoadList, JsonHasEveryKeyAndNullWhereThereIsNoValue) {
  ledger::LoadEntry died = done_load();
  died.state = "interrupted";
  died.finished_at.reset();
  died.exit_code.reset();
  died.done_share = 0.25;
  EXPECT_EQ(to_json(std::vector{done_load(), died}),
            R"([
{"load":7,"state":"done","source":"in\u001b \"1\".json.gz","target_table":"chat_messages","attempt":2,"sources":3,"sources_failed":0,)"
            R"("started_at":"2016-11-22T12:00:00.500000Z","finished_at":"2016-11-22T12:01:00.000000Z",)"
            R"("done_share":1.0000,"lines":1234567,"inserted":1234000,"updated":0,"duplicate":500,"filtered":60,)"
            R"("rejected":7,"blank":0,"exit_code":1,"superseded_by":null,"runner":"host 12"},
{"load":7,"state":"interrupted","source":"in\u001b \"1\".json.gz","target_table":"chat_messages","attempt":2,"sources":3,"sources_failed":0,)"
            R"("started_at":"2016-11-22T12:00:00.500000Z","finished_at":null,)"
            R"("done_share":0.2500,"lines":1234567,"inserted":1234000,"updated":0,"duplicate":500,"filtered":60,)"
            R"("rejected":7,"blank":0,"exit_code":null,"superseded_by":null,"runner":"host 12"}
]
)");
}

TEST(LoadList, EmptyLedgerIsAHeaderAndAnEmptyArray) {
  EXPECT_EQ(to_table(std::vector<ledger::LoadEntry>{}).find("LOAD  STATE"), 0U);
  EXPECT_EQ(to_json(std::vector<ledger::LoadEntry>{}), "[]\n");
}

}  // namespace
}  // namespace chatload::report
