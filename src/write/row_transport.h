// How a statement carries rows to the server.
#pragma once

namespace chatload::write {

enum class RowTransport {
  kText,      // a multi-row INSERT
  kBound,     // a prepared INSERT, done for an array of rows: MariaDB, and a table without triggers
  kLoadData,  // where load_data_conditions.h has nothing against it
};

}  // namespace chatload::write
