#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace lacuna::tools {

/// The executable of this process.
std::filesystem::path own_executable();
/// The first executable file called `name` in the folders of PATH.
std::optional<std::filesystem::path> find_program(const std::string& name);
enum class Stream { results, messages };  // stdout, stderr
/// Runs a program and returns what it wrote to one of its streams, the other is dropped; nothing when it failed or
/// could not be started.
std::optional<std::string> capture(const std::filesystem::path& program, const std::vector<std::string>& arguments,
                                   Stream stream = Stream::results);
/// Runs a program to its end; what it prints goes to `log`. Returns its exit status (128 + number for a signal), or
/// nothing when `stop` said so: the program then gets SIGTERM and is waited for. Throws Failure (kUnavailable) when it
/// cannot be started.
std::optional<int> run_to_end(const std::filesystem::path& program, const std::vector<std::string>& arguments,
                              const std::filesystem::path& log, const std::function<bool()>& stop);
/// Becomes that program; returns only by throwing Failure (kUnavailable).
[[noreturn]] void become(const std::filesystem::path& program,
                         const std::vector<std::string>& arguments);

}  // namespace lacuna::tools
