#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace lacuna::test {

/// How a run of the binary ended.
struct RunResult {
  int code = -1;  // exit code, or 128 + signal
  std::string out;
  std::string err;
};

/// How it is started.
struct RunOptions {
  std::string input = {};  // stdin
  /// "LACUNA_STEPS=3", besides PATH, HOME and LACUNA_THREADS.
  std::vector<std::string> environment = {};
  std::filesystem::path folder = {};       // working folder; empty = this one
  std::filesystem::path stdout_file = {};  // instead of collecting stdout
  int signal = 0;                          // sent when `signal_on` appears on stderr
  std::string signal_on = {};
};

/// Runs the real `lacuna` binary of this build and waits for it.
RunResult run_lacuna(const std::vector<std::string>& arguments, const RunOptions& options = {});

/// Folder of the tiny model, made once for each test program.
const std::filesystem::path& tiny_model();

}  // namespace lacuna::test
