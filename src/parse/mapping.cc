#include "parse/mapping.h"

namespace chatload::parse {
namespace {

FieldMapping field(std::string column, FieldKind kind, std::uint64_t characters_max) {
  return {.column = column,
          .kind = kind,
          .paths = {{.when = "", .keys = {column}}},
          .may_be_empty = true,
          .limits = {.characters_max = characters_max}};
}

}  // namespace

std::optional<std::size_t> Mapping::field_of(std::string_view column) const {
  for (std::size_t index = 0; index < fields.size(); ++index) {
    if (fields[index].column == column) return index;
  }
  return std::nullopt;
}

Mapping chat_mapping() {
  Mapping mapping;
  mapping.table = "chat_messages";
  mapping.fields = {
      field("type", FieldKind::kText, 50),  field("id", FieldKind::kText, 255),
      field("from", FieldKind::kText, 255), field("site_id", FieldKind::kTextOrInteger, 50),
      field("data", FieldKind::kText, 255), field("timestamp", FieldKind::kEpochSeconds, FieldLimits{}.characters_max),
  };
  mapping.fields[1].may_be_empty = false;
  mapping.fields[4].paths = {{.when = "message", .keys = {"data", "message"}},
                             {.when = "status", .keys = {"data", "status"}}};
  mapping.discriminator = 0;
  mapping.key = 1;
  mapping.site = 3;
  mapping.time = 5;
  return mapping;
}

}  // namespace chatload::parse
