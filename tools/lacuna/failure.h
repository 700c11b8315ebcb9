#pragma once

#include <exception>
#include <stdexcept>
#include <string>

#include "tools/lacuna/exit_code.h"

namespace lacuna::tools {

/// A failure that already knows its exit code and message.
class Failure : public std::runtime_error {
 public:
  Failure(ExitCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  ExitCode code() const { return code_; }

 private:
  ExitCode code_;
};

/// A flag's value that is out of range: "--steps: expected an integer >= 1, got 0".
Failure bad_flag(const std::string& flag, const std::string& expected, const std::string& got);

/// A library's message without the name of its function, "[denoise] expected ...": users do not
/// know it.
std::string without_function(const std::string& message);

/// The exit code for an exception that reached main, and the line to print.
struct Report {
  ExitCode code = kInternalError;
  std::string message;
};
Report report_of(const std::exception& error);

}  // namespace lacuna::tools
