#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "fusion/graph/shape.h"
#include "runtime/weights/json.h"
#include "runtime/weights/safetensors.h"

/// Recorded outputs of the original code: see tests/golden/fixtures/README.md.
namespace lacuna::golden {

/// The folder of the fixtures: LACUNA_FIXTURES, or the one of the repository.
std::filesystem::path fixtures();

/// Files of `folder` whose name ends in `suffix`, sorted; none where the folder does not exist.
std::vector<std::filesystem::path> cases(const std::string& folder, std::string_view suffix);

/// The checkpoint that a case is about: its name up to the first dot.
std::string model_of(const std::filesystem::path& file);

/// Tensors of a case.
class Tensors {
 public:
  explicit Tensors(const std::filesystem::path& file) : file_(file) {}

  bool has(std::string_view name) const { return find(name) != nullptr; }
  /// Throws std::runtime_error when there is none of that name.
  graph::Shape shape(std::string_view name) const;
  /// Values of any dtype that a fixture has.
  std::vector<double> numbers(std::string_view name) const;
  std::vector<std::int64_t> integers(std::string_view name) const;

 private:
  const weights::SafetensorsEntry* find(std::string_view name) const;

  weights::SafetensorsFile file_;
};

/// The entries of "cases" in all files of `folder` whose name ends in `suffix`; none where there is no such file.
std::vector<weights::Json> items_of(const std::string& folder, std::string_view suffix);

weights::Json read_case(const std::filesystem::path& file);
std::vector<std::int32_t> ids(const weights::Json& array);
std::vector<std::vector<std::int32_t>> rows_of_ids(const weights::Json& array);

}  // namespace lacuna::golden
