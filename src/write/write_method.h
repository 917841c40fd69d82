// How rows go to the server.
#pragma once

#include <string_view>

namespace chatload::write {

enum class WriteMethod {
  kAuto,      // not decided yet: the faster one that the server, the table and the mode allow
  kInsert,    // strict by itself; needs nothing of the server
  kLoadData,  // LOAD DATA LOCAL, where nothing but a duplicate can make it skip a record (load_data_conditions.h)
};

[[nodiscard]] constexpr std::string_view to_string(WriteMethod method) {
  switch (method) {
    case WriteMethod::kAuto: return "auto";
    case WriteMethod::kInsert: return "insert";
    case WriteMethod::kLoadData: return "load-data";
  }
  return "";
}

}  // namespace chatload::write
