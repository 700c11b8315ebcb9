#pragma once

#include <sys/types.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace lacuna::training {

/// A lacuna-train that runs beside the test.
class TrainProcess {
 public:
  /// Starts it with `arguments`; stdout and stderr go to `output`.
  TrainProcess(const std::vector<std::string>& arguments, const std::filesystem::path& output,
               const std::map<std::string, std::string>& environment = {});
  TrainProcess(TrainProcess&&) = delete;
  /// Kills it when it still runs.
  ~TrainProcess();

  /// The exit status; 128 + number when a signal ended it.
  int wait();
  void kill(int signal);
  bool is_running();

 private:
  pid_t pid_ = -1;
  int status_ = -1;
};

/// Runs lacuna-train to its end; `*text` gets what it printed.
int run_train(const std::vector<std::string>& arguments, std::string* text = nullptr);

}  // namespace lacuna::training
