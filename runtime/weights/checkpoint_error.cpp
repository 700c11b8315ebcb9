#include "runtime/weights/checkpoint_error.h"

#include <string>

namespace lacuna::weights {

CheckpointError::CheckpointError(const std::filesystem::path& path, std::string_view message)
    : std::runtime_error(path.string() + ": " + std::string(message)), path_(path) {}

CheckpointError::CheckpointError(const std::filesystem::path& path, std::uint64_t byte_offset,
                                 std::string_view message)
    : std::runtime_error(path.string() + ": byte " + std::to_string(byte_offset) + ": " +
                         std::string(message)),
      path_(path),
      byte_offset_(byte_offset) {}

}  // namespace lacuna::weights
