// A mapping for a log that nobody has described: what was seen of it → a file that people read and change.
#pragma once

#include <string>
#include <string_view>

#include "base/record_form.h"
#include "mapping/field_survey.h"
#include "mapping/mapping.h"

namespace chatload::mapping {

// The text of a mapping file, which takes each record that was surveyed, with a comment for each column of what was
// seen. table: its name. Throws LoadError where no field can be the key.
[[nodiscard]] std::string guessed_mapping(const FieldSurvey& survey, std::string_view table, const RecordForm& records);

// What is new in the log: columns for fields that the mapping has none for, as they could stand in its file, and
// comments that name the columns whose values were in no record.
[[nodiscard]] std::string guessed_difference(const FieldSurvey& survey, const Mapping& mapping);

// "logs/app-2024.json.gz" → "app_2024": a name for an input's table, which a mapping may have.
[[nodiscard]] std::string table_name_of(std::string_view input);

}  // namespace chatload::mapping
