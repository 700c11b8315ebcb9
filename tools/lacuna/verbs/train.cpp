#include "tools/lacuna/child_process.h"
#include "tools/lacuna/failure.h"
#include "tools/lacuna/verbs/verb_list.h"

namespace lacuna::tools {

ExitCode forward_to_trainer(const std::vector<std::string>& arguments) {
  std::error_code error;
  const auto beside = own_executable().parent_path() / "lacuna-train";
  if (std::filesystem::exists(beside, error)) become(beside, arguments);
  if (const auto found = find_program("lacuna-train")) become(*found, arguments);
  throw Failure(
      kUnavailable,
      "the trainer lacuna-train is neither in " + beside.parent_path().string() +
          " nor in PATH; it needs libtorch and is built on its own: install libtorch (Debian: apt "
          "install libtorch-dev), then cmake -B build -DLACUNA_BUILD_TRAINER=ON && cmake --build "
          "build "
          "--target lacuna-train");
}

}  // namespace lacuna::tools
