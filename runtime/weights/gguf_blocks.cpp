// The block formats of GGUF files. Every block is read from bytes: nothing in a file is aligned for certain.
#include <cstring>

#include "fusion/graph/block_format.h"
#include "runtime/weights/convert.h"
#include "runtime/weights/gguf.h"

namespace lacuna::weights {
namespace {

constexpr int kSuperBlock = 256;

float half_at(const std::byte* at) {
  std::uint16_t bits;
  std::memcpy(&bits, at, sizeof bits);
  return f16_to_float(bits);
}

unsigned byte_at(const std::byte* at, int i) { return std::to_integer<unsigned>(at[i]); }

void read_q4_0(const std::byte* block, float* out) {
  graph::dequantise_block(graph::DType::q4_0, block + 2, half_at(block), 0, out);
}

void read_q8_0(const std::byte* block, float* out) {
  graph::dequantise_block(graph::DType::q8_0, block + 2, half_at(block), 0, out);
}

/// Factors d and dmin; six-bit scales and minimums of eight blocks of 32 in 12 bytes; 128 bytes of codes, where a run
/// of 32 bytes holds one block in its low halves and the next in its high ones.
void read_q4_k(const std::byte* block, float* out) {
  const float d = half_at(block), d_minimum = half_at(block + 2);
  const std::byte* packed = block + 4;
  for (int b = 0; b < 8; ++b) {
    unsigned scale = 0, minimum = 0;
    if (b < 4) {
      scale = byte_at(packed, b) & 63;
      minimum = byte_at(packed, b + 4) & 63;
    } else {
      scale = (byte_at(packed, b + 4) & 15) | (byte_at(packed, b - 4) >> 6) << 4;
      minimum = byte_at(packed, b + 4) >> 4 | (byte_at(packed, b) >> 6) << 4;
    }
    const float step = d * static_cast<float>(scale), low = d_minimum * static_cast<float>(minimum);
    const std::byte* codes = block + 16 + 32 * (b / 2);
    for (int i = 0; i < 32; ++i) {
      const unsigned code = b % 2 == 0 ? byte_at(codes, i) & 15 : byte_at(codes, i) >> 4;
      out[32 * b + i] = step * static_cast<float>(code) - low;
    }
  }
}

/// 128 bytes of low halves, 64 of two more bits each, 16 signed scales for 16 elements each, factor d. Each half of
/// the block has four runs of 32 that share bytes: two in the low and two in the high halves.
void read_q6_k(const std::byte* block, float* out) {
  const float d = half_at(block + 208);
  for (int half = 0; half < 2; ++half) {
    const std::byte *low = block + 64 * half, *high = block + 128 + 32 * half, *scales = block + 192 + 8 * half;
    for (int run = 0; run < 4; ++run) {
      for (int i = 0; i < 32; ++i) {
        const unsigned both = byte_at(low, 32 * (run % 2) + i);
        const unsigned nibble = run < 2 ? both & 15 : both >> 4;
        const unsigned top = byte_at(high, i) >> (2 * run) & 3;
        const int code = static_cast<int>(nibble | top << 4) - 32;
        const auto scale = static_cast<std::int8_t>(byte_at(scales, 2 * run + i / 16));
        out[128 * half + 32 * run + i] = d * static_cast<float>(scale) * static_cast<float>(code);
      }
    }
  }
}

}  // namespace

GgufBlock block_of(GgufType type) {
  switch (type) {
    case GgufType::f32:
      return {1, 4};
    case GgufType::f16:
    case GgufType::bf16:
      return {1, 2};
    case GgufType::q4_0:
      return {32, 18};
    case GgufType::q8_0:
      return {32, 34};
    case GgufType::q4_k:
      return {kSuperBlock, 144};
    case GgufType::q6_k:
      return {kSuperBlock, 210};
  }
  return {};
}

std::string_view name_of(GgufType type) {
  switch (type) {
    case GgufType::f32:
      return "F32";
    case GgufType::f16:
      return "F16";
    case GgufType::bf16:
      return "BF16";
    case GgufType::q4_0:
      return "Q4_0";
    case GgufType::q8_0:
      return "Q8_0";
    case GgufType::q4_k:
      return "Q4_K";
    case GgufType::q6_k:
      return "Q6_K";
  }
  return "?";
}

void dequantize_gguf(GgufType type, const std::byte* bytes, std::int64_t rows, std::int64_t row_elements, float* out) {
  const GgufBlock block = block_of(type);
  const auto blocks = static_cast<std::uint64_t>(rows * row_elements) / block.elements;
  for (std::uint64_t i = 0; i < blocks; ++i, bytes += block.bytes, out += block.elements) {
    switch (type) {
      case GgufType::f32:
        std::memcpy(out, bytes, sizeof(float));
        break;
      case GgufType::f16:
        *out = half_at(bytes);
        break;
      case GgufType::bf16: {
        std::uint16_t bits;
        std::memcpy(&bits, bytes, sizeof bits);
        *out = bf16_to_float(bits);
        break;
      }
      case GgufType::q4_0:
        read_q4_0(bytes, out);
        break;
      case GgufType::q8_0:
        read_q8_0(bytes, out);
        break;
      case GgufType::q4_k:
        read_q4_k(bytes, out);
        break;
      case GgufType::q6_k:
        read_q6_k(bytes, out);
        break;
    }
  }
}

}  // namespace lacuna::weights
