#include "runtime/weights/io_error.h"

#include <string>
#include <system_error>

namespace lacuna::weights {

IoError::IoError(const std::filesystem::path& path, std::string_view operation, int error)
    : std::runtime_error(path.string() + ": cannot " + std::string(operation) + ": " +
                         std::generic_category().message(error)),
      path_(path),
      error_(error) {}

}  // namespace lacuna::weights
