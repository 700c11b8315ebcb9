#include "runtime/weights/safetensors_writer.h"

#include <algorithm>
#include <bit>
#include <stdexcept>
#include <string_view>

#include "runtime/weights/json.h"
#include "runtime/weights/safetensors_dtype.h"
#include "runtime/weights/utf8.h"

namespace lacuna::weights {
namespace {

static_assert(std::endian::native == std::endian::little, "safetensors data is little-endian");

void check_names(const std::vector<TensorSpec>& tensors) {
  const SafetensorsLimits limits;
  if (tensors.size() > limits.max_tensors) {
    throw std::invalid_argument("[SafetensorsWriter] expected at most " +
                                std::to_string(limits.max_tensors) + " tensors, got " +
                                std::to_string(tensors.size()));
  }
  std::vector<std::string_view> names;
  for (const TensorSpec& tensor : tensors) {
    const std::string_view name = tensor.name;
    const bool control = std::any_of(name.begin(), name.end(), [](char c) {
      return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
    });
    if (name.empty() || name.size() > limits.max_name_bytes || control || name == "__metadata__" ||
        find_invalid_utf8(name) != std::string_view::npos) {
      throw std::invalid_argument(
          "[SafetensorsWriter] expected a printable tensor name of 1 to 512 bytes, got " +
          in_quotes(name));
    }
    names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  if (const auto twice = std::adjacent_find(names.begin(), names.end()); twice != names.end()) {
    throw std::invalid_argument("[SafetensorsWriter] expected each tensor once, got " +
                                in_quotes(*twice) + " twice");
  }
}

std::string header_text(const std::vector<TensorSpec>& tensors, const Metadata& metadata) {
  Json::Object members;
  if (!metadata.empty()) {
    Json values = Json::object();
    for (const auto& [key, value] : metadata) values.set(key, value);
    members.push_back({"__metadata__", std::move(values)});
  }
  std::uint64_t at = 0;
  for (const TensorSpec& tensor : tensors) {
    const std::uint64_t end = at + checked_nbytes(tensor.dtype, tensor.shape.sizes());
    Json sizes = Json::array();
    for (const std::int64_t size : tensor.shape.sizes()) sizes.push_back(size);
    Json entry = Json::object();
    entry.set("dtype", safetensors_name(tensor.dtype));
    entry.set("shape", std::move(sizes));
    entry.set("data_offsets", Json::Array{Json(at), Json(end)});
    members.push_back({tensor.name, std::move(entry)});
    at = end;
  }
  std::string text = Json(std::move(members)).dump();
  text.append((8 - text.size() % 8) % 8, ' ');
  if (text.size() > SafetensorsLimits{}.max_header_bytes) {
    throw std::invalid_argument("[SafetensorsWriter] expected a header of at most 16 MiB, got " +
                                std::to_string(text.size()) + " bytes");
  }
  return text;
}

}  // namespace

SafetensorsWriter::SafetensorsWriter(const std::filesystem::path& path,
                                     std::vector<TensorSpec> tensors, const Metadata& metadata)
    : tensors_(std::move(tensors)), file_(path) {
  check_names(tensors_);
  for (const TensorSpec& tensor : tensors_) {
    sizes_.push_back(checked_nbytes(tensor.dtype, tensor.shape.sizes()));
  }
  const std::string header = header_text(tensors_, metadata);
  std::string length(8, '\0');
  for (std::size_t i = 0; i < 8; ++i) {
    length[i] = static_cast<char>((std::uint64_t{header.size()} >> (8 * i)) & 0xFF);
  }
  file_.write(length);
  file_.write(header);
  skip_complete();
}

void SafetensorsWriter::skip_complete() {
  while (current_ < sizes_.size() && written_ == sizes_[current_]) {
    ++current_;
    written_ = 0;
  }
}

void SafetensorsWriter::write(std::span<const std::byte> bytes) {
  if (bytes.empty()) return;
  if (current_ == sizes_.size() || bytes.size() > sizes_[current_] - written_) {
    const std::string name = current_ == sizes_.size() ? "the end" : tensors_[current_].name;
    throw std::invalid_argument("[SafetensorsWriter::write] expected at most the rest of " +
                                in_quotes(name) + ", got " + std::to_string(bytes.size()) +
                                " bytes");
  }
  file_.write(bytes);
  written_ += bytes.size();
  skip_complete();
}

void SafetensorsWriter::finish() {
  if (current_ != sizes_.size()) {
    throw std::invalid_argument(
        "[SafetensorsWriter::finish] expected the data of " + in_quotes(tensors_[current_].name) +
        ", got " + std::to_string(written_) + " of " + std::to_string(sizes_[current_]) + " bytes");
  }
  file_.commit();
}

}  // namespace lacuna::weights
