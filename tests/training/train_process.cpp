#include "tests/training/train_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

namespace lacuna::training {

TrainProcess::TrainProcess(const std::vector<std::string>& arguments, const std::filesystem::path& output,
                           const std::map<std::string, std::string>& environment) {
  std::vector<std::string> words{LACUNA_TRAIN};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (auto& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  pid_ = ::fork();
  if (pid_ != 0) return;
  for (const auto& [name, value] : environment) ::setenv(name.c_str(), value.c_str(), 1);
  ::setenv("OMP_NUM_THREADS", "1", 1);
  const int fd = ::open(output.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
  ::dup2(fd, 1);
  ::dup2(fd, 2);
  ::execv(argv[0], argv.data());
  ::_exit(127);
}

TrainProcess::~TrainProcess() {
  if (is_running()) {
    kill(SIGKILL);
    wait();
  }
}

bool TrainProcess::is_running() {
  if (status_ >= 0) return false;
  int status = 0;
  if (::waitpid(pid_, &status, WNOHANG) == 0) return true;
  status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return false;
}

int TrainProcess::wait() {
  if (status_ < 0) {
    int status = 0;
    ::waitpid(pid_, &status, 0);
    status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  return status_;
}

void TrainProcess::kill(int signal) {
  if (is_running()) ::kill(pid_, signal);
}

int run_train(const std::vector<std::string>& arguments, std::string* text) {
  const auto output = std::filesystem::temp_directory_path() / ("lacuna_train_output_" + std::to_string(::getpid()));
  const int status = TrainProcess(arguments, output).wait();
  std::ostringstream content;
  content << std::ifstream(output).rdbuf();
  if (text != nullptr) *text = content.str();
  std::filesystem::remove(output);
  return status;
}

}  // namespace lacuna::training
