// Asks by opening: only that counts the descriptors that were inherited.

#include "base/descriptors.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

#include "base/errors.h"

namespace chatload {

void require_free_descriptors(std::size_t count, std::string_view remedy) {
  std::vector<int> opened;
  opened.reserve(count);
  while (opened.size() < count) {
    const int descriptor = ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
    if (descriptor < 0) break;
    opened.push_back(descriptor);
  }
  std::for_each(opened.begin(), opened.end(), ::close);
  if (opened.size() == count) return;
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  const std::size_t needed = limit.rlim_cur - opened.size() + count;
  throw EnvironmentError(fmt::format(
      "The limit on open files is {} (ulimit -n), and this command needs {}. Raise it with `ulimit -n {}`{}.",
      limit.rlim_cur, needed, needed, remedy));
}

}  // namespace chatload
