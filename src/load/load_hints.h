// What a load says that people may want to change: a packet's size, the key's collation, a column's length.
#pragma once

#include <cstdint>
#include <string>

#include "cli/plan.h"
#include "mapping/mapping.h"
#include "mysql/control_connection.h"
#include "mysql/session.h"
#include "report/long_texts.h"
#include "report/run_counts.h"
#include "split/line_splitter.h"
#include "table/table_info.h"

namespace chatload::load {

// A line that does not fit into a packet of the server's ends the load, maybe after hours.
void say_if_lines_may_not_fit(const std::string& input, const cli::ReadPlan& read, const mysql::Session& writer);

// Of a table whose key takes different ids for one. respelled: the lines of this run whose id is not in the table byte
// for byte. An earlier run of the load has said so of its own lines.
void say_how_many_respelled(const std::string& input, const mapping::Mapping& mapping, const table::TableInfo& table,
                            mysql::Server server, std::uint64_t respelled, const report::RunCounts& counts);

// Which texts were too long for their columns, the ALTER TABLE that makes room, and how to load them then.
void say_how_to_make_room(const std::string& input, const mapping::Mapping& mapping, const std::string& table,
                          std::uint64_t load_id, const report::LongTexts& texts, mysql::ControlConnection& control);

}  // namespace chatload::load
