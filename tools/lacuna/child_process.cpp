#include "tools/lacuna/child_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "tools/lacuna/failure.h"

namespace lacuna::tools {
namespace {

namespace fs = std::filesystem;

std::vector<char*> argument_pointers(const std::string& program,
                                     const std::vector<std::string>& arguments) {
  std::vector<char*> pointers = {const_cast<char*>(program.c_str())};
  for (const std::string& argument : arguments)
    pointers.push_back(const_cast<char*>(argument.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

std::string read_all(int fd) {
  std::string text;
  char buffer[4096];
  for (;;) {
    const ssize_t count = read(fd, buffer, sizeof buffer);
    if (count > 0) text.append(buffer, std::size_t(count));
    if (count == 0 || (count < 0 && errno != EINTR)) return text;
  }
}

}  // namespace

fs::path own_executable() {
  std::error_code error;
  return fs::read_symlink("/proc/self/exe", error);
}

std::optional<fs::path> find_program(const std::string& name) {
  const char* variable = std::getenv("PATH");
  std::string_view folders = variable ? variable : "/usr/local/bin:/usr/bin:/bin";
  while (!folders.empty()) {
    const std::string_view folder = folders.substr(0, folders.find(':'));
    folders.remove_prefix(std::min(folders.size(), folder.size() + 1));
    const fs::path path = fs::path(folder.empty() ? "." : folder) / name;
    std::error_code error;
    if (fs::is_regular_file(path, error) && access(path.c_str(), X_OK) == 0) return path;
  }
  return std::nullopt;
}

std::optional<std::string> capture(const fs::path& program, const std::vector<std::string>& arguments,
                                   Stream stream) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return std::nullopt;
  const std::string name = program.string();
  const std::vector<char*> pointers = argument_pointers(name, arguments);
  const pid_t child = fork();
  if (child == 0) {
    const int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    dup2(nothing, STDIN_FILENO);
    dup2(stream == Stream::results ? ends[1] : nothing, STDOUT_FILENO);
    dup2(stream == Stream::messages ? ends[1] : nothing, STDERR_FILENO);
    execv(name.c_str(), pointers.data());
    _exit(127);
  }
  close(ends[1]);
  std::string text = child > 0 ? read_all(ends[0]) : "";
  close(ends[0]);
  int status = 0;
  while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (child < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0) return std::nullopt;
  return text;
}

std::optional<int> run_to_end(const fs::path& program, const std::vector<std::string>& arguments, const fs::path& log,
                              const std::function<bool()>& stop) {
  const std::string name = program.string();
  const std::vector<char*> pointers = argument_pointers(name, arguments);
  const int output = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (output < 0) throw Failure(kInputOutput, log.string() + ": cannot be written: " + std::strerror(errno));
  const pid_t child = fork();
  if (child == 0) {
    dup2(output, STDOUT_FILENO);
    dup2(output, STDERR_FILENO);
    execv(name.c_str(), pointers.data());
    _exit(127);
  }
  close(output);
  if (child < 0) throw Failure(kUnavailable, name + ": cannot be started: " + std::strerror(errno));
  bool stopping = false;
  int status = 0;
  for (;;) {
    const pid_t ended = waitpid(child, &status, WNOHANG);
    if (ended == child) break;
    if (!stopping && stop()) {
      stopping = true;
      kill(child, SIGTERM);
    }
    usleep(20'000);
  }
  if (stopping) return std::nullopt;
  const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  if (code == 127) throw Failure(kUnavailable, name + ": cannot be started");
  return code;
}

void become(const fs::path& program, const std::vector<std::string>& arguments) {
  const std::string name = program.string();
  execv(name.c_str(), argument_pointers(name, arguments).data());
  throw Failure(kUnavailable, name + ": cannot be started: " + std::strerror(errno));
}

}  // namespace lacuna::tools
