#include "runtime/weights/json_file.h"

#include "runtime/weights/atomic_file.h"
#include "runtime/weights/checkpoint_error.h"
#include "runtime/weights/mapped_file.h"

namespace lacuna::weights {

Json read_json_file(const std::filesystem::path& path, const JsonLimits& limits) {
  const std::string text = read_regular_file(path, limits.max_bytes);
  try {
    return Json::parse(text, limits);
  } catch (const JsonError& error) {
    throw CheckpointError(path, error.byte_offset(),
                          std::string("not valid JSON: ") + error.what());
  }
}

void write_json_file(const std::filesystem::path& path, const Json& value) {
  write_file_atomic(path, value.dump(2) + "\n");
}

}  // namespace lacuna::weights
