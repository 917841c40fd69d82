// What finds a load's source again: by content, so that a file that was moved or downloaded again is still known.
//
// The key is cheap and finds the candidate; it does not see the middle of a file. That a candidate is the same in every
// byte is for others to prove: the stamp (nobody has touched the file), the digest of all its bytes, and while a load
// is resumed each range's own digest.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "source/held_file.h"

namespace chatload::source {

struct SourceIdentity {
  std::string key;                     // "file:" or "id:" and 32 hexadecimal digits; empty where can_resume is false
  std::string stamp;                   // file_stamp() from before the key was read
  std::optional<std::uint64_t> bytes;  // of a regular file that was named by its path
  bool can_resume = false;             // another run can find this source again
};

// The key is the digest of source_id where there is one, whatever the input is; else, of a regular file, the digest of
// its size, its first and its last 64 KiB. Standard input and pipes have none without a source_id: their bytes can be
// read once. Throws SourceError.
[[nodiscard]] SourceIdentity identify_source(const HeldFile& file, const std::optional<std::string>& source_id);

// Device and inode of what an INPUT leads to, through links: two names of one file have one place. The name itself of
// what cannot be looked at; nothing of standard input that is a file of which a part has been read.
[[nodiscard]] std::string place_of_input(const std::string& input);

// Standard input, a pipe, a terminal, a socket: an INPUT whose bytes can be read once.
[[nodiscard]] bool is_read_once(const std::string& input);

// "device:inode:size:mtime_ns:ctime_ns" of a regular file as it is now; empty of anything else. A stamp that is the
// same before and after a reading means that the bytes were the same all the while, as far as the file system's clock
// tells times apart (some milliseconds).
[[nodiscard]] std::string file_stamp(const HeldFile& file);

// The same of a path, without opening it: empty of what is no regular file, or cannot be looked at.
[[nodiscard]] std::string stamp_of_path(const std::string& path);

// Whether the file is as it was: hosts, and mounts of one file system, may number its device differently.
[[nodiscard]] bool is_same_stamp(std::string_view a, std::string_view b);

}  // namespace chatload::source
