#include <memory>

#include "tools/lacuna/completion_scripts.h"
#include "tools/lacuna/failure.h"
#include "tools/lacuna/log.h"
#include "tools/lacuna/verbs/verb_list.h"

namespace lacuna::tools {

Action declare_completion(Options& options) {
  const auto shells = std::make_shared<std::vector<std::string>>();
  options.positional("SHELL", *shells, "bash, zsh or fish");
  return [shells] {
    if (shells->size() != 1) throw Failure(kUsage, "name one shell: bash, zsh or fish");
    const std::string& shell = shells->front();
    if (shell == "bash") {
      print_bytes(bash_completion());
    } else if (shell == "zsh") {
      print_bytes(zsh_completion());
    } else if (shell == "fish") {
      print_bytes(fish_completion());
    } else {
      throw Failure(kUsage,
                    "there is no completion for \"" + shell + "\"; expected bash, zsh or fish");
    }
    return kOk;
  };
}

}  // namespace lacuna::tools
