#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "runtime/weights/conversion.h"
#include "runtime/weights/safetensors_writer.h"

namespace lacuna::weights {

/// The tensors of a safetensors file that one weight becomes, in the order in which they are written: its values or
/// codes, then its factors. Throws std::invalid_argument for a dtype and shape that do not go together.
std::vector<TensorSpec> stored_tensors(const std::string& name, const graph::Shape& shape, graph::DType dtype);

/// Turns rows of one weight into the bytes that are stored, and adds up what they lose.
class RowEncoder {
 public:
  RowEncoder(const graph::Shape& shape, graph::DType dtype, int threads);

  /// Values or codes of `rows` rows that follow the ones before. Valid until the next call. Throws
  /// std::invalid_argument for values that are not finite.
  std::span<const std::byte> encode(std::span<const float> values, std::int64_t rows);
  /// After the last row: the factors to write, none, one or two planes.
  std::vector<std::span<const std::byte>> factors() const;

  double relative_rms() const;
  double largest_error() const { return largest_error_; }

 private:
  struct Loss {
    double error = 0, power = 0, largest = 0;
  };
  Loss encode_rows(std::span<const float> values, std::int64_t first, std::int64_t rows);

  graph::DType dtype_;
  std::int64_t width_;
  int threads_;
  std::int64_t rows_done_ = 0;
  std::vector<std::byte> codes_;
  std::vector<float> row_scale_;                      // i8
  std::vector<std::uint16_t> block_scale_, block_minimum_;
  double error_ = 0, power_ = 0, largest_error_ = 0;
};

}  // namespace lacuna::weights
