// What a run learns beside its counts, for the metrics and the report. It is there before the run, and has whatever the
// run came to when it ends.
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "report/timeline.h"
#include "write/slow_transactions.h"

namespace chatload::report {

// A setting that the run has chosen itself.
struct Choice {
  std::string name;  // the flag without its dashes
  std::string value;
  std::string why;  // half a sentence, or empty
};

struct RunTrace {
  Timeline timeline;
  write::SlowTransactions slow;
  std::string server;           // "MySQL 9.7.0"; empty where there was no connection
  std::vector<Choice> choices;  // of the last load; the main thread's

  void choose(Choice choice) {
    std::erase_if(choices, [&](const Choice& earlier) { return earlier.name == choice.name; });
    choices.push_back(std::move(choice));
  }
};

}  // namespace chatload::report
