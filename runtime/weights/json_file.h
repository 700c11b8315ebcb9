#pragma once

#include <filesystem>

#include "runtime/weights/json.h"

namespace lacuna::weights {

/// Reads one JSON file. Throws IoError when it cannot be read and CheckpointError with the byte
/// offset when it is not JSON within `limits`.
Json read_json_file(const std::filesystem::path& path, const JsonLimits& limits = {});

/// Writes `value` indented by two spaces with a final newline, atomically. Throws IoError, and
/// std::invalid_argument for a value that JSON cannot hold (see Json::dump).
void write_json_file(const std::filesystem::path& path, const Json& value);

}  // namespace lacuna::weights
