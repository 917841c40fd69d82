// What a report says of a load: what the ledger knows of it, and what the run that has just ended knows beside that.
#pragma once

#include <cstdint>
#include <string>

#include "mysql/session.h"
#include "report/html_report.h"

namespace chatload::command {

// Both throw StatementError.

// Of a load that is over, or not. Throws DatabaseError where there is no such load.
// database: its URL.
[[nodiscard]] report::ReportFacts facts_of_load(mysql::Session& session, std::uint64_t load,
                                                const std::string& database);

// Adds what the ledger knows of facts.loads to what a run knows: settings, earlier loads of the table, examples of
// rejected lines.
void add_ledger_facts(mysql::Session& session, report::ReportFacts& facts);

// What to do after a run or a load that ended so. resume_command: empty where nobody knows it. can_resume: the command
// goes on where it ended.
void add_next_step(report::ReportFacts& facts, const std::string& database, const std::string& resume_command,
                   bool can_resume);

}  // namespace chatload::command
