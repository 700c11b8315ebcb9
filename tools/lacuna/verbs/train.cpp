#include "tools/lacuna/child_process.h"
#include "tools/lacuna/failure.h"
#include "tools/lacuna/trainer_program.h"
#include "tools/lacuna/verbs/verb_list.h"

namespace lacuna::tools {

std::filesystem::path trainer_program() {
  std::error_code error;
  const auto beside = own_executable().parent_path() / "lacuna-train";
  if (std::filesystem::exists(beside, error)) return beside;
  if (const auto found = find_program("lacuna-train")) return *found;
  throw Failure(
      kUnavailable,
      "the trainer lacuna-train is neither in " + beside.parent_path().string() +
          " nor in PATH; it needs libtorch and is built on its own: install libtorch (Debian: apt "
          "install libtorch-dev), then cmake -B build -DLACUNA_BUILD_TRAINER=ON && cmake --build "
          "build "
          "--target lacuna-train");
}

ExitCode forward_to_trainer(const std::vector<std::string>& arguments) { become(trainer_program(), arguments); }

}  // namespace lacuna::tools
