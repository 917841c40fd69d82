// How a load writes, as far as people may choose it.
#pragma once

#include <string_view>

namespace chatload {

// What a line means whose id is in the table already.
enum class OnDuplicate {
  kSkip,     // the first valid line in file order stays; later ones count as duplicate
  kReplace,  // the last one stays; a line that replaces, or is replaced within its batch, counts as updated
  kFail,     // the run ends; committed ranges stay
};

// In which order rows reach the table.
enum class RowOrder {
  kAuto,  // not decided yet
  kFile,  // ranges as they come, each sorted by key
  kKey,   // sorted by key over the whole load
};

// What becomes of the table's secondary indexes while it is loaded.
enum class IndexMode {
  kAuto,   // not decided yet: one of the others, by what the table is when the load begins
  kKeep,   // every row goes into them as it is written
  kDefer,  // dropped before the load and built once after it
};

// How rows go to the server.
enum class WriteMethod {
  kAuto,      // not decided yet: the faster one that the server, the table and the mode allow
  kInsert,    // strict by itself; needs nothing of the server
  kLoadData,  // LOAD DATA LOCAL, where nothing but a duplicate can make it skip a record (table/load_data_conditions.h)
};

[[nodiscard]] constexpr std::string_view to_string(OnDuplicate mode) {
  switch (mode) {
    case OnDuplicate::kSkip: return "skip";
    case OnDuplicate::kReplace: return "replace";
    case OnDuplicate::kFail: return "fail";
  }
  return "";
}

[[nodiscard]] constexpr std::string_view to_string(RowOrder order) {
  switch (order) {
    case RowOrder::kAuto: return "auto";
    case RowOrder::kFile: return "file";
    case RowOrder::kKey: return "key";
  }
  return "";
}

[[nodiscard]] constexpr std::string_view to_string(IndexMode mode) {
  switch (mode) {
    case IndexMode::kAuto: return "auto";
    case IndexMode::kKeep: return "keep";
    case IndexMode::kDefer: return "defer";
  }
  return "";
}

[[nodiscard]] constexpr std::string_view to_string(WriteMethod method) {
  switch (method) {
    case WriteMethod::kAuto: return "auto";
    case WriteMethod::kInsert: return "insert";
    case WriteMethod::kLoadData: return "load-data";
  }
  return "";
}

}  // namespace chatload
