// What finds a load's source again: by content, so that a file that was moved or downloaded again is still known.
//
// The key is cheap and finds the candidate; it does not see the middle of a file. That a candidate is the same in every
// byte is for others to prove: the stamp (nobody has touched the file), the digest of all its bytes, and while a load
// is resumed each range's own digest.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "source/input.h"

namespace chatload::source {

struct SourceIdentity {
  std::string key;    // content_key(), or "id:" and 32 hexadecimal digits; empty where can_resume is false
  std::string stamp;  // from before the key was read
  std::optional<std::uint64_t> bytes;  // of what can be read again
  bool can_resume = false;             // another run can find this source again
};

// The key is the digest of source_id where there is one, whatever the input is. Standard input and pipes have none
// without a source_id: their bytes can be read once. Throws SourceError.
[[nodiscard]] SourceIdentity identify_source(const Input& input, const std::optional<std::string>& source_id);

// Device and inode of what an INPUT leads to, through links: two names of one file have one place. The name itself of
// what cannot be looked at; nothing of standard input that is a file of which a part has been read.
[[nodiscard]] std::string place_of_input(const std::string& input);

// Standard input, a pipe, a terminal, a socket: an INPUT whose bytes can be read once.
[[nodiscard]] bool is_read_once(const std::string& input);

// HeldFile::stamp() of a file.
[[nodiscard]] std::string file_stamp(const struct stat& status);

// The same of a path, without opening it: empty of what is no regular file, or cannot be looked at.
[[nodiscard]] std::string stamp_of_path(const std::string& path);

// Whether the file is as it was: hosts, and mounts of one file system, may number its device differently.
[[nodiscard]] bool is_same_stamp(std::string_view a, std::string_view b);

}  // namespace chatload::source
