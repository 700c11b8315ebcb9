#include "tests/cli/run_lacuna.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/select.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include "tests/support/tiny_model.h"
#include "tests/weights/temp_folder.h"

namespace lacuna::test {
namespace {

struct Pipe {
  int ends[2];
  Pipe() {
    if (pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("pipe2");
  }
};

std::vector<char*> pointers_to(const std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  for (const std::string& text : strings) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

/// Appends what can be read; false at the end.
bool read_some(int fd, std::string& text) {
  std::array<char, 1 << 16> buffer;
  const ssize_t count = read(fd, buffer.data(), buffer.size());
  if (count > 0) text.append(buffer.data(), std::size_t(count));
  return count > 0;
}

[[noreturn]] void become_lacuna(const RunOptions& options, const std::vector<char*>& arguments,
                                const std::vector<char*>& environment, int in, int out, int err) {
  if (!options.stdout_file.empty())
    out = open(options.stdout_file.c_str(), O_WRONLY | O_CREAT, 0644);
  dup2(in, STDIN_FILENO);
  dup2(out, STDOUT_FILENO);
  dup2(err, STDERR_FILENO);
  if (!options.folder.empty() && chdir(options.folder.c_str()) != 0) _exit(126);
  execve(arguments[0], arguments.data(), environment.data());
  _exit(127);
}

}  // namespace

RunResult run_lacuna(const std::vector<std::string>& arguments, const RunOptions& options) {
  std::vector<std::string> all = {LACUNA_BINARY};
  all.insert(all.end(), arguments.begin(), arguments.end());
  // The first of two entries of one name counts. One thread: tests run beside each other, and this
  // model is too small to share.
  std::vector<std::string> environment = options.environment;
  environment.insert(environment.end(),
                     {"PATH=/usr/bin:/bin", "HOME=/nonexistent", "LACUNA_THREADS=1"});
  const auto argument_pointers = pointers_to(all), environment_pointers = pointers_to(environment);

  signal(SIGPIPE, SIG_IGN);
  Pipe in, out, err;
  const pid_t child = fork();
  if (child == 0) {
    signal(SIGPIPE, SIG_DFL);
    become_lacuna(options, argument_pointers, environment_pointers, in.ends[0], out.ends[1],
                  err.ends[1]);
  }
  if (child < 0) throw std::runtime_error("fork");
  for (const int fd : {in.ends[0], out.ends[1], err.ends[1]}) close(fd);
  // Inputs of the tests are smaller than a pipe's buffer.
  if (write(in.ends[1], options.input.data(), options.input.size()) < 0) {
    // A program that does not read its input is fine.
  }
  close(in.ends[1]);

  RunResult result;
  bool out_open = true, err_open = true, signalled = false;
  while (out_open || err_open) {
    fd_set set;
    FD_ZERO(&set);
    if (out_open) FD_SET(out.ends[0], &set);
    if (err_open) FD_SET(err.ends[0], &set);
    if (select(std::max(out.ends[0], err.ends[0]) + 1, &set, nullptr, nullptr, nullptr) < 0)
      continue;
    if (out_open && FD_ISSET(out.ends[0], &set)) out_open = read_some(out.ends[0], result.out);
    if (err_open && FD_ISSET(err.ends[0], &set)) err_open = read_some(err.ends[0], result.err);
    if (options.signal && !signalled && result.err.find(options.signal_on) != std::string::npos) {
      kill(child, options.signal);
      signalled = true;
    }
  }
  close(out.ends[0]);
  close(err.ends[0]);
  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
  }
  result.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return result;
}

const std::filesystem::path& tiny_model() {
  static const TempFolder folder;
  static const std::filesystem::path model = [] {
    testing_support::write_tiny_model(folder / "tiny");
    return folder / "tiny";
  }();
  return model;
}

}  // namespace lacuna::test
