#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>
#include <vector>

#include "fusion/graph/dtype.h"
#include "fusion/graph/shape.h"
#include "fusion/training/shards/shard_index.h"
#include "runtime/weights/safetensors.h"

namespace lacuna::training {

/// Tensors of a shard of R records, V captions, T text ids and N pictures.
namespace tensor {
inline constexpr std::string_view kSplit = "split";                 ///< u8 [R]
inline constexpr std::string_view kWeight = "weight";               ///< f32 [R]
inline constexpr std::string_view kLabel = "label";                 ///< i32 [R]
inline constexpr std::string_view kStyle = "style";                 ///< i32 [R]
inline constexpr std::string_view kSourceLine = "source_line";      ///< i32 [R]
inline constexpr std::string_view kCaptionStart = "caption_start";  ///< i32 [R+1], 0 to V
inline constexpr std::string_view kPictureStart = "picture_start";  ///< i32 [R+1], 0 to N
inline constexpr std::string_view kCaptionProbability = "caption_probability";  ///< f32 [V]
inline constexpr std::string_view kTokenStart = "token_start";  ///< i32 [V+1], 0 to T
inline constexpr std::string_view kTokens = "tokens";           ///< i16 or i32 [T]
inline constexpr std::string_view kPixels = "pixels";           ///< u8 [N, H, W, 3]
inline constexpr std::string_view kIndices = "indices";         ///< u8 [N, H, W]
inline constexpr std::string_view kPalettes = "palettes";       ///< u8 [N, P, 3]
inline constexpr std::string_view kCodes = "codes";             ///< i16 or i32 [N, h * w]
}  // namespace tensor

/// How far from 1 the probabilities of a record's captions may add up to.
inline constexpr double kProbabilityTolerance = 1e-3;

/// The type that ids in [0, count) are stored as: i16 where they fit.
constexpr graph::DType id_dtype(std::int64_t count) {
  return count <= 32'768 ? graph::DType::i16 : graph::DType::i32;
}

/// One shard, mapped, with every number in it checked. The small columns are copied out; pictures
/// stay in the file.
class ShardFile {
 public:
  /// Checks the file against the set's layout, its entry in the index and the number of labels and
  /// styles. Throws weights::IoError, weights::CheckpointError.
  ShardFile(const std::filesystem::path& path, const ShardEntry& entry, const ShardLayout& layout,
            std::int64_t labels, std::int64_t styles);

  std::int64_t records() const { return std::int64_t(splits.size()); }

  std::vector<std::uint8_t> splits;
  std::vector<float> weights;
  std::vector<std::int32_t> labels;
  std::vector<std::int32_t> styles;
  std::vector<std::int32_t> source_lines;
  std::vector<std::int32_t> caption_start;
  std::vector<std::int32_t> picture_start;
  std::vector<float> caption_probability;
  std::vector<std::int32_t> token_start;
  std::vector<std::int32_t> tokens;

  /// Stored bytes of one picture (RGB pixels, palette indices or codes) and of its palette.
  std::span<const std::byte> picture(std::int64_t number) const;
  std::span<const std::byte> palette(std::int64_t number) const;

 private:
  const weights::SafetensorsEntry& entry_of(std::string_view name, graph::DType dtype,
                                            const graph::Shape& shape) const;
  template <typename T>
  std::vector<T> column(std::string_view name, graph::DType dtype, std::int64_t count) const;
  std::vector<std::int32_t> ids(std::string_view name, graph::DType dtype,
                                std::int64_t count) const;
  std::int64_t length_of(std::string_view name) const;
  void check_starts(std::string_view name, const std::vector<std::int32_t>& starts,
                    std::int64_t end, std::int32_t at_least) const;
  void check_range(std::string_view name, std::span<const std::int32_t> values,
                   std::int64_t count) const;
  void check_captions(const ShardLayout& layout) const;
  void check_pictures(const ShardLayout& layout, std::int64_t pictures);
  [[noreturn]] void fail(std::string_view name, const std::string& message) const;

  weights::SafetensorsFile file_;
  std::span<const std::byte> pictures_;
  std::span<const std::byte> palettes_;
  std::size_t picture_bytes_ = 0;
  std::size_t palette_bytes_ = 0;
};

}  // namespace lacuna::training
