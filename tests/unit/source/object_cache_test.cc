#include "source/object_cache.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "source/held_file.h"
#include "unit/scratch_folder.h"

namespace chatload::source {
namespace {

// A file as if it were an object, of which some may be on its way.
class Object : public HeldFile {
 public:
  using HeldFile::HeldFile;
  [[nodiscard]] bool is_at_hand() const override { return has_come_; }
  void come(bool has_come) { has_come_ = has_come; }

 private:
  bool has_come_ = false;
};

TEST(ObjectCache, AnObjectIsAtHandWhereItHasComeOrIsKeptWhole) {
  const ScratchFolder folder;
  const std::string content = "{}\n";
  std::ofstream(folder / "object") << content;
  std::filesystem::create_directory(folder / "kept");
  const auto object = std::make_shared<Object>(folder / "object");
  const auto cached_object = cached(object, folder / "kept");
  EXPECT_FALSE(cached_object->is_at_hand());
  object->come(true);
  EXPECT_TRUE(cached_object->is_at_hand());
  object->come(false);
  std::string buffer(100, '\0');
  const auto bytes = cached_object->open(-1);
  while (bytes->read(buffer) > 0) continue;
  EXPECT_TRUE(cached_object->is_at_hand()) << "it is kept";
  const std::filesystem::directory_iterator kept(folder / "kept");
  std::filesystem::resize_file(kept->path(), content.size() - 1);
  EXPECT_FALSE(cached_object->is_at_hand()) << "it was cut off";
}

}  // namespace
}  // namespace chatload::source
