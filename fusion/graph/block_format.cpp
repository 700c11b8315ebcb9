#include "fusion/graph/block_format.h"

#include <bit>

namespace lacuna::graph {

float f32_from_f16_bits(std::uint16_t bits) {
  const std::uint32_t sign = std::uint32_t(bits & 0x8000u) << 16, magnitude = bits & 0x7fffu;
  if (magnitude >= 0x7c00u) return std::bit_cast<float>(sign | 0x7f800000u | (magnitude & 0x3ffu) << 13);
  if (magnitude < 0x0400u) {  // zero and subnormals count in steps of 2^-24
    return std::bit_cast<float>(sign | std::bit_cast<std::uint32_t>(float(magnitude) * 0x1p-24f));
  }
  return std::bit_cast<float>(sign | ((magnitude << 13) + (112u << 23)));
}

std::string block_format_complaint(const WeightView& weight) {
  if (weight.shape.rank() != 2 || weight.shape[1] % kBlock != 0) {
    return "a shape [rows, a multiple of 32], got " + weight.shape.to_string();
  }
  const std::int64_t elements = weight.shape.elements();
  const auto wrong = [](std::size_t expected, std::size_t got, const char* what) {
    return std::to_string(expected) + " " + what + ", got " + std::to_string(got);
  };
  const std::size_t bytes = code_bytes(weight.dtype, elements), blocks = std::size_t(elements / kBlock);
  const std::size_t minimums = weight.dtype == DType::q4_1 ? blocks : 0;
  if (weight.bytes.size() != bytes) return wrong(bytes, weight.bytes.size(), "bytes of codes");
  if (weight.block_scale.size() != blocks) return wrong(blocks, weight.block_scale.size(), "block scales");
  if (weight.block_minimum.size() != minimums) return wrong(minimums, weight.block_minimum.size(), "block minimums");
  return {};
}

void dequantise_block(DType dtype, const std::byte* codes, float scale, float minimum, float* out) {
  constexpr int kHalf = int(kBlock) / 2;
  if (dtype == DType::q8_0) {
    for (int i = 0; i < int(kBlock); ++i) out[i] = float(std::int8_t(codes[i])) * scale;
  } else if (dtype == DType::q4_0) {
    for (int i = 0; i < kHalf; ++i) {
      const int both = int(codes[i]);
      out[i] = float((both & 15) - 8) * scale;
      out[i + kHalf] = float((both >> 4) - 8) * scale;
    }
  } else {
    for (int i = 0; i < kHalf; ++i) {
      const int both = int(codes[i]);
      out[i] = float(both & 15) * scale + minimum;
      out[i + kHalf] = float(both >> 4) * scale + minimum;
    }
  }
}

void dequantise_rows(const WeightView& weight, std::int64_t begin, std::int64_t rows, float* out) {
  const std::int64_t blocks = weight.shape[1] / kBlock;
  const std::size_t step = block_bytes(weight.dtype);
  for (std::int64_t block = begin * blocks; block < (begin + rows) * blocks; ++block, out += kBlock) {
    const float minimum =
        weight.dtype == DType::q4_1 ? f32_from_f16_bits(weight.block_minimum[std::size_t(block)]) : 0.0f;
    dequantise_block(weight.dtype, weight.bytes.data() + std::size_t(block) * step,
                     f32_from_f16_bits(weight.block_scale[std::size_t(block)]), minimum, out);
  }
}

}  // namespace lacuna::graph
