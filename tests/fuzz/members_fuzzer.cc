// Members inflated side by side against one GzipReader: the same bytes, and the same error in the same words. The
// source gives all at once, as how far ISA-L gets in front of a fault depends on how its input is cut; and what it
// makes of a match that reaches in front of its member depends on what it has decoded before, so that in front of an
// error the number of bytes must be the same.
//
// The first bytes choose what is read and how:
//   byte 0, low bit   0: the rest is a gzip file as it stands; 1: the rest is text, which becomes members that announce
//                     their sizes, and bytes 2 to 4 then change the file
//   byte 1            sizes of the members' texts
//   bytes 2 to 4      a place in the file, a 256th of it each, whose byte is changed by the byte before; 0: none

#include <cstdint>
#include <memory>
#include <string>

#include "fuzz_read.h"
#include "inflate/gzip_reader.h"
#include "inflate/member_cutter.h"
#include "inflate/parallel_reader.h"
#include "unit/inflate/announced_text.h"

namespace chatload::inflate {
namespace {

constexpr std::size_t kMembersMax = 24;
// A piece, so that a small file has several.
constexpr PieceSizes kOneMember{.compressed_bytes = 1, .inflated_bytes = 1};

void same_from_both(const std::string& file, Inflater inflater) {
  ParallelReader parallel(input_of(file), std::make_unique<MemberCutter>(inflater, kOneMember), {2, kAheadBytesMin});
  GzipReader serial(input_of(file), make_deflate_decoder(inflater));
  const ReadResult found = read_up_to_max(parallel);
  const ReadResult expected = read_up_to_max(serial);
  check(found.error == expected.error, (found.error + "\n" + expected.error).c_str());
  check(found.bytes.size() == expected.bytes.size(), "another number of bytes");
  check(found.bytes == expected.bytes || (inflater == Inflater::kIsal && !expected.error.empty()), "other bytes");
  if (found.error.empty()) check(parallel.compressed_bytes() == serial.compressed_bytes(), "another place");
}

std::string members_of(const std::string& text, std::size_t member_bytes) {
  static constexpr Announcement kKinds[] = {Announcement::kBgzf, Announcement::kMigz, Announcement::kPgzip};
  std::string file;
  for (std::size_t begin = 0; begin <= text.size(); begin += member_bytes) {
    file += announced(kKinds[begin % 3], text.substr(begin, member_bytes), static_cast<int>(begin % 10),
                      begin % 4 == 0 ? "name" : "");
  }
  return file;
}

}  // namespace
}  // namespace chatload::inflate

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace chatload::inflate;
  constexpr std::size_t kControlBytes = 5;
  if (size < kControlBytes) return 0;
  std::string file(reinterpret_cast<const char*>(data) + kControlBytes, size - kControlBytes);
  if ((data[0] & 1) != 0) {
    file = members_of(file, std::size_t{1} + data[1] + file.size() / kMembersMax);
    change_bytes(file, data + 1);
  }
  for (const Inflater inflater : {Inflater::kIsal, Inflater::kZlib}) same_from_both(file, inflater);
  return 0;
}
