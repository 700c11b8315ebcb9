#include "tests/golden/fixtures.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <stdexcept>

#include "runtime/weights/convert.h"
#include "runtime/weights/json_file.h"

namespace lacuna::golden {
namespace {

namespace fs = std::filesystem;

template <class T>
std::vector<double> widened(std::span<const std::byte> bytes) {
  std::vector<double> values;
  for (std::size_t i = 0; i + sizeof(T) <= bytes.size(); i += sizeof(T)) {
    T value;
    std::memcpy(&value, bytes.data() + i, sizeof(T));
    values.push_back(double(value));
  }
  return values;
}

}  // namespace

fs::path fixtures() {
  const char* folder = std::getenv("LACUNA_FIXTURES");
  return folder && *folder ? fs::path(folder) : fs::path(LACUNA_SOURCE_DIR) / "tests/golden/fixtures";
}

std::vector<fs::path> cases(const std::string& folder, std::string_view suffix) {
  std::vector<fs::path> files;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(fixtures() / folder, error)) {
    if (entry.path().filename().string().ends_with(suffix)) files.push_back(entry.path());
  }
  std::ranges::sort(files);
  return files;
}

std::string model_of(const fs::path& file) {
  const std::string name = file.filename().string();
  return name.substr(0, name.find('.'));
}

const weights::SafetensorsEntry* Tensors::find(std::string_view name) const {
  const auto& entries = file_.header().entries;
  const auto at = std::ranges::find(entries, name, &weights::SafetensorsEntry::name);
  return at == entries.end() ? nullptr : &*at;
}

graph::Shape Tensors::shape(std::string_view name) const {
  const auto* entry = find(name);
  if (!entry) throw std::runtime_error(file_.path().string() + " has no tensor " + std::string(name));
  return entry->shape;
}

std::vector<double> Tensors::numbers(std::string_view name) const {
  const auto* entry = find(name);
  if (!entry) throw std::runtime_error(file_.path().string() + " has no tensor " + std::string(name));
  const auto bytes = file_.bytes(*entry);
  switch (entry->dtype) {
    case graph::DType::f32: return widened<float>(bytes);
    case graph::DType::f64: return widened<double>(bytes);
    case graph::DType::i64: return widened<std::int64_t>(bytes);
    case graph::DType::i32: return widened<std::int32_t>(bytes);
    case graph::DType::u8:
    case graph::DType::boolean: return widened<std::uint8_t>(bytes);
    case graph::DType::bf16: {
      std::vector<double> values = widened<std::uint16_t>(bytes);
      for (double& v : values) v = weights::bf16_to_float(std::uint16_t(v));
      return values;
    }
    default: throw std::runtime_error(file_.path().string() + ": unexpected dtype of " + std::string(name));
  }
}

std::vector<std::int64_t> Tensors::integers(std::string_view name) const {
  std::vector<std::int64_t> values;
  for (double v : numbers(name)) values.push_back(std::int64_t(v));
  return values;
}

std::vector<weights::Json> items_of(const std::string& folder, std::string_view suffix) {
  std::vector<weights::Json> items;
  for (const fs::path& file : cases(folder, suffix)) {
    const weights::Json json = read_case(file);
    for (const weights::Json& item : json.at("cases").as_array()) items.push_back(item);
  }
  return items;
}

weights::Json read_case(const fs::path& file) { return weights::read_json_file(file); }

std::vector<std::int32_t> ids(const weights::Json& array) {
  std::vector<std::int32_t> list;
  for (const weights::Json& id : array.as_array()) list.push_back(std::int32_t(id.as_integer()));
  return list;
}

std::vector<std::vector<std::int32_t>> rows_of_ids(const weights::Json& array) {
  std::vector<std::vector<std::int32_t>> rows;
  for (const weights::Json& row : array.as_array()) rows.push_back(ids(row));
  return rows;
}

}  // namespace lacuna::golden
