#include "load/load_hints.h"

#include <fmt/format.h>

#include "base/log.h"
#include "base/quantity.h"
#include "mysql/sql_text.h"
#include "pipeline/memory_plan.h"
#include "table/column_room.h"

namespace chatload::load {

void say_if_lines_may_not_fit(const std::string& input, const cli::ReadPlan& read, const mysql::Session& writer) {
  const std::size_t wanted_bytes = pipeline::line_statement_bytes(read);
  const std::size_t bytes = writer.statement_bytes_max(wanted_bytes);
  if (bytes == wanted_bytes) return;
  log_warning(fmt::format(
      "{}: a line may take a statement of {} (--max-line {}), and the server's max_allowed_packet allows {}; "
      "raise it, or load with --restart and a lower --max-line: a line that does not fit ends the load.",
      input, format_size(wanted_bytes), format_size(read.split.line_bytes_max), format_size(bytes)));
}

void say_how_many_respelled(const std::string& input, const mapping::Mapping& mapping, const table::TableInfo& table,
                            mysql::Server server, std::uint64_t respelled, const report::RunCounts& counts) {
  const std::uint64_t repeated = counts.duplicate + counts.updated;
  if (repeated == 0) return;
  const std::string key = mysql::quote_identifier(mapping.columns[mapping.key.front().column].name);
  const std::string what =
      counts.updated > 0
          ? fmt::format("In this run {} ids lost their row to a different id", format_count(respelled))
          : fmt::format("{} of the {} duplicates of this run have an id that is not in the table byte for byte",
                        format_count(respelled), format_count(repeated));
  if (respelled == 0) {
    log_info(fmt::format("{}: {}.", input, what));
    return;
  }
  const bool is_mysql = server == mysql::Server::kMysql;
  log_warning(fmt::format(
      "{}: {}: the collation of {} ({}) calls the two equal. To keep each of them, give {} the collation {} and load "
      "with --reload.",
      input, what, key, table.key_collation, key, is_mysql ? "utf8mb4_0900_bin" : "utf8mb4_nopad_bin"));
}

// A server that is gone by now has no definition to give: then the numbers must do.
void say_how_to_make_room(const std::string& input, const mapping::Mapping& mapping, const std::string& table,
                          std::uint64_t load_id, const report::LongTexts& texts, mysql::ControlConnection& control) {
  for (const report::LongText& text : texts.many()) {
    table::RoomChange change;
    const bool has_answered = control.attempt([&](mysql::Session& session) {
      change = table::alter_for_room(table::table_definition(session, table), table, mapping.columns[text.field].name,
                                     text.characters, text.bytes);
    });
    if (!has_answered) {
      log_warning(fmt::format("{}: {}.", input, to_text(text, mapping)));
    } else if (change.why_none.empty()) {
      log_warning(
          fmt::format("{}: {}. To load them: {}; then `chatload rejects {} --raw -o FILE.json.gz` and `chatload load "
                      "FILE.json.gz{}`.",
                      input, to_text(text, mapping), change.statement, load_id,
                      mapping.records.is_lines() ? "" : " --records values"));
    } else {
      log_warning(fmt::format("{}: {}. {}. `chatload rejects {} --raw -o FILE.json.gz` has the lines.", input,
                              to_text(text, mapping), change.why_none, load_id));
    }
  }
}

}  // namespace chatload::load
