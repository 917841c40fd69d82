// proc(5): /proc/PID/stat has the state in field 3 and the start time, in clock ticks since the boot, in field 22; the
// command in field 2 may hold spaces and parentheses, so fields count from the last ")". A zombie has closed its
// connections. /proc may hide the processes of others (hidepid), so kill(pid, 0) comes first.
//
// The number of a PID namespace that has ended may come again: then the process of that number has another start time.
#include "mysql/runner_name.h"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <system_error>
#include <vector>

#include "base/digest.h"
#include "base/quantity.h"
#include "mysql/control_connection.h"

namespace chatload::mysql {
namespace {

constexpr std::string_view kMark = " @";
constexpr std::string_view kProcess = ", process ";
constexpr std::size_t kMachineDigits = 8;
constexpr std::size_t kStateField = 3;
constexpr std::size_t kStartField = 22;

struct ProcessStat {
  std::string state;
  std::string start_ticks;
};

std::optional<ProcessStat> stat_of(pid_t pid) {
  std::ifstream file(fmt::format("/proc/{}/stat", pid));
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const std::size_t end_of_command = text.rfind(')');
  if (end_of_command == std::string::npos) return std::nullopt;
  std::istringstream rest(text.substr(end_of_command + 1));
  const std::vector<std::string> fields{std::istream_iterator<std::string>(rest), {}};
  if (fields.size() <= kStartField - kStateField) return std::nullopt;
  return ProcessStat{fields[0], fields[kStartField - kStateField]};
}

// Empty where it cannot be told, which is like no other.
std::string this_machine() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string boot;
  std::error_code error;
  const std::filesystem::path processes = std::filesystem::read_symlink("/proc/self/ns/pid", error);
  if (!std::getline(file, boot) || error) return "";
  return digest_hex(boot + '\0' + processes.string()).substr(0, kMachineDigits);
}

bool has_ended(pid_t pid, std::string_view start_ticks) {
  if (kill(pid, 0) != 0 && errno == ESRCH) return true;
  const std::optional<ProcessStat> stat = stat_of(pid);
  return stat && (stat->state == "Z" || stat->state == "X" || stat->start_ticks != start_ticks);
}

template <typename Number>
std::optional<Number> number_of(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// What stands behind the mark, taken apart.
struct Process {
  pid_t pid = 0;
  std::string_view machine;
  std::string_view start_ticks;
  std::string_view connection;
};

std::optional<Process> process_of(std::string_view name) {
  const std::size_t mark = name.rfind(kMark);
  if (mark == std::string_view::npos) return std::nullopt;
  const std::string_view people = name.substr(0, mark);
  const std::string_view marks = name.substr(mark + kMark.size());
  const std::size_t first = marks.find('.');
  const std::size_t last = marks.rfind('.');
  const std::size_t process = people.rfind(kProcess);
  if (first == last || process == std::string_view::npos) return std::nullopt;
  const auto pid = number_of<pid_t>(people.substr(process + kProcess.size()));
  if (!pid || *pid <= 0) return std::nullopt;
  return Process{*pid, marks.substr(0, first), marks.substr(first + 1, last - first - 1), marks.substr(last + 1)};
}

}  // namespace

std::string runner_name(std::uint64_t connection_id) {
  std::array<char, 256> host{};
  if (gethostname(host.data(), host.size() - 1) != 0) host[0] = '?';
  std::string shown = fmt::format("{}{}{}", host.data(), kProcess, getpid());
  const std::string machine = this_machine();
  const std::optional<ProcessStat> stat = stat_of(getpid());
  if (machine.empty() || !stat) return shown;
  return fmt::format("{}{}{}.{}.{}", shown, kMark, machine, stat->start_ticks, connection_id);
}

bool is_gone(std::string_view name) {
  const std::optional<Process> process = process_of(name);
  if (!process) return false;
  const std::string here = this_machine();
  return !here.empty() && process->machine == here && has_ended(process->pid, process->start_ticks);
}

std::string shown_runner(std::string_view name) { return std::string(name.substr(0, name.rfind(kMark))); }

std::string shown_holder(std::string_view name, std::string_view holder) {
  std::string shown = fmt::format("{}, {}", shown_runner(name), holder);
  const std::optional<Process> process = process_of(name);
  if (!process || holder != fmt::format("connection {}", process->connection) || !is_gone(name)) return shown;
  return fmt::format("{}; that process is gone, and the server frees its lock within {}", shown,
                     format_duration(ControlConnection::kIdleMax));
}

}  // namespace chatload::mysql
