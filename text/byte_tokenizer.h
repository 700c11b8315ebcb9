#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "text/text_tokenizer.h"

namespace lacuna::text {

/// One id for each byte that a training text had: what lacuna-train makes of a plain text file and notes in the model
/// folder's pieces.json as "<0x41>", with the ids that print as nothing as controls.
class ByteTokenizer final : public TextTokenizer {
 public:
  /// The file in a model folder.
  static constexpr const char* kFileName = "pieces.json";

  /// Reads `path`. Throws weights::IoError; weights::CheckpointError where the pieces are not single bytes.
  static ByteTokenizer open(const std::filesystem::path& path);

  /// Throws std::invalid_argument also for a byte that the training text did not have.
  std::vector<std::int32_t> encode(std::string_view text) const override;
  std::string decode(std::span<const std::int32_t> ids) const override;
  std::string piece(std::int32_t id) const override;
  std::int32_t size() const override { return std::int32_t(pieces_.size()); }

 private:
  std::vector<std::string> pieces_;  // as the file spells them
  std::vector<int> bytes_;           // of each id; -1 = a control
  std::array<std::int32_t, 256> ids_{};
};

}  // namespace lacuna::text
