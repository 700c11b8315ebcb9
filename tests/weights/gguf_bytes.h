#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/weights/gguf.h"

namespace lacuna::test {

/// Writes GGUF files from the format's description, for tests alone.
class GgufBytes {
 public:
  explicit GgufBytes(std::uint64_t alignment = 32) : alignment_(alignment) {
    if (alignment != 32) value("general.alignment", std::uint32_t(alignment));
  }

  GgufBytes& value(std::string_view key, std::uint32_t v) { return entry(key, 4, raw(v)); }
  GgufBytes& value(std::string_view key, float v) { return entry(key, 6, raw(v)); }
  GgufBytes& value(std::string_view key, bool v) { return entry(key, 7, raw(std::uint8_t(v))); }
  GgufBytes& value(std::string_view key, std::string_view v) { return entry(key, 8, text(v)); }
  GgufBytes& value(std::string_view key, const char* v) { return value(key, std::string_view(v)); }
  GgufBytes& value(std::string_view key, const std::vector<std::string>& list) {
    std::string bytes = raw(std::uint32_t(8)) + raw(std::uint64_t(list.size()));
    for (const std::string& s : list) bytes += text(s);
    return entry(key, 9, bytes);
  }
  GgufBytes& value(std::string_view key, const std::vector<std::int32_t>& list) {
    std::string bytes = raw(std::uint32_t(5)) + raw(std::uint64_t(list.size()));
    for (const std::int32_t i : list) bytes += raw(i);
    return entry(key, 9, bytes);
  }
  /// Any entry: `type` and the bytes of its value.
  GgufBytes& entry(std::string_view key, std::uint32_t type, const std::string& bytes) {
    values_ += text(key) + raw(type) + bytes;
    ++value_count_;
    return *this;
  }

  /// `sizes` row-major.
  GgufBytes& tensor(std::string_view name, std::vector<std::uint64_t> sizes, weights::GgufType type,
                    const std::string& data) {
    data_.resize((data_.size() + alignment_ - 1) / alignment_ * alignment_, '\0');
    tensors_ += text(name) + raw(std::uint32_t(sizes.size()));
    for (auto size = sizes.rbegin(); size != sizes.rend(); ++size) tensors_ += raw(*size);
    tensors_ += raw(std::uint32_t(type)) + raw(std::uint64_t(data_.size()));
    data_ += data;
    ++tensor_count_;
    return *this;
  }

  std::string bytes() const {
    std::string file = "GGUF" + raw(std::uint32_t(3)) + raw(tensor_count_) + raw(value_count_) + values_ + tensors_;
    if (tensor_count_ > 0) file.resize((file.size() + alignment_ - 1) / alignment_ * alignment_, '\0');
    return file + data_;
  }

  template <typename T>
  static std::string raw(T v) {
    return {reinterpret_cast<const char*>(&v), sizeof v};
  }
  static std::string text(std::string_view s) { return raw(std::uint64_t(s.size())) + std::string(s); }

 private:
  std::uint64_t alignment_;
  std::uint64_t value_count_ = 0, tensor_count_ = 0;
  std::string values_, tensors_, data_;
};

}  // namespace lacuna::test
