#include "runtime/weights/conversion_encoder.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <exception>
#include <stdexcept>
#include <thread>

#include "fusion/graph/block_format.h"
#include "runtime/weights/block_quantize.h"
#include "runtime/weights/convert.h"

namespace lacuna::weights {
namespace {

using graph::DType;

std::int64_t width_of(const graph::Shape& shape) {
  std::int64_t width = 1;
  for (int axis = 1; axis < shape.rank(); ++axis) width *= shape[axis];
  return width;
}

std::int64_t height_of(const graph::Shape& shape) { return shape.rank() == 0 ? 1 : shape[0]; }

}  // namespace

std::vector<TensorSpec> stored_tensors(const std::string& name, const graph::Shape& shape, DType dtype) {
  const auto fail = [&](const std::string& expected) {
    throw std::invalid_argument("[convert_tensors] expected " + expected + " for " + name + ", got " +
                                std::string(name_of(dtype)) + shape.to_string());
  };
  if (dtype == DType::f32 || dtype == DType::bf16 || dtype == DType::f16) return {{name, dtype, shape}};
  if (dtype == DType::i8) {
    if (shape.rank() != 2) fail("two axes");
    return {{name, dtype, shape}, {name + "_scale", DType::f32, {shape[0]}}};
  }
  if (!graph::is_block_quantised(dtype)) fail("f32, bf16, f16, i8, q8_0, q4_0 or q4_1");
  if (shape.rank() != 2 || shape[1] % graph::kBlock != 0) fail("two axes and a multiple of 32 columns");
  const graph::Shape factors{shape[0], shape[1] / graph::kBlock};
  std::vector<TensorSpec> specs;
  if (dtype == DType::q8_0) {
    specs.push_back({name, DType::i8, shape});
  } else {
    specs.push_back({name, DType::u8, {shape[0], shape[1] / 2}});
  }
  specs.push_back({name + "_scale", DType::f16, factors});
  if (dtype == DType::q4_1) specs.push_back({name + "_minimum", DType::f16, factors});
  return specs;
}

RowEncoder::RowEncoder(const graph::Shape& shape, DType dtype, int threads)
    : dtype_(dtype), width_(width_of(shape)), threads_(std::max(threads, 1)) {
  const auto rows = static_cast<std::size_t>(height_of(shape));
  if (dtype == DType::i8) row_scale_.resize(rows);
  if (graph::is_block_quantised(dtype)) {
    const std::size_t blocks = rows * static_cast<std::size_t>(width_ / graph::kBlock);
    block_scale_.resize(blocks);
    if (dtype == DType::q4_1) block_minimum_.resize(blocks);
  }
}

/// Rows [first, first + rows) of this chunk. Threads work on different rows.
RowEncoder::Loss RowEncoder::encode_rows(std::span<const float> values, std::int64_t first, std::int64_t rows) {
  const auto width = static_cast<std::size_t>(width_);
  const std::size_t row_bytes = graph::code_bytes(dtype_, width_);
  std::vector<float> back(width);
  Loss loss;
  for (auto r = static_cast<std::size_t>(first); r < static_cast<std::size_t>(first + rows); ++r) {
    const std::span<const float> row = values.subspan(r * width, width);
    std::byte* out = codes_.data() + r * row_bytes;
    const auto at = static_cast<std::size_t>(rows_done_) + r;
    if (graph::is_block_quantised(dtype_)) {
      constexpr auto kBlock = static_cast<std::size_t>(graph::kBlock);
      const std::size_t blocks = width / kBlock, step = graph::block_bytes(dtype_);
      for (std::size_t b = 0; b < blocks; ++b) {
        std::uint16_t minimum = 0;
        quantize_block(dtype_, row.data() + b * kBlock, out + b * step, block_scale_[at * blocks + b], minimum);
        if (dtype_ == DType::q4_1) block_minimum_[at * blocks + b] = minimum;
        graph::dequantise_block(dtype_, out + b * step, f16_to_float(block_scale_[at * blocks + b]),
                                f16_to_float(minimum), back.data() + b * kBlock);
      }
    } else if (dtype_ == DType::i8) {
      const QuantizedRows quantised = quantize_rows_int8(row, 1, width);
      std::memcpy(out, quantised.values.data(), width);
      row_scale_[at] = quantised.scale[0];
      for (std::size_t i = 0; i < width; ++i) back[i] = static_cast<float>(quantised.values[i]) * quantised.scale[0];
    } else {
      const std::vector<std::byte> bytes = from_float(row, dtype_);
      std::memcpy(out, bytes.data(), bytes.size());
      to_float({dtype_, {static_cast<std::int64_t>(width)}, bytes, {}, {}, {}}, back);
    }
    for (std::size_t i = 0; i < width; ++i) {
      if (!std::isfinite(row[i]) || !std::isfinite(back[i])) {
        throw std::invalid_argument("[convert_tensors] expected values that are finite in " +
                                    std::string(name_of(dtype_)) + ", got " + std::to_string(row[i]));
      }
      const double error = static_cast<double>(back[i]) - static_cast<double>(row[i]);
      loss.error += error * error;
      loss.power += static_cast<double>(row[i]) * static_cast<double>(row[i]);
      loss.largest = std::max(loss.largest, std::fabs(error));
    }
  }
  return loss;
}

std::span<const std::byte> RowEncoder::encode(std::span<const float> values, std::int64_t rows) {
  codes_.resize(static_cast<std::size_t>(rows) * graph::code_bytes(dtype_, width_));
  const std::int64_t parts = std::clamp<std::int64_t>(threads_, 1, std::max<std::int64_t>(rows, 1));
  std::vector<Loss> losses(static_cast<std::size_t>(parts));
  std::vector<std::exception_ptr> errors(static_cast<std::size_t>(parts));
  const auto work = [&](std::int64_t part) {
    try {
      const std::int64_t begin = rows * part / parts, end = rows * (part + 1) / parts;
      losses[static_cast<std::size_t>(part)] = encode_rows(values, begin, end - begin);
    } catch (...) {
      errors[static_cast<std::size_t>(part)] = std::current_exception();
    }
  };
  {
    std::vector<std::jthread> threads;
    for (std::int64_t part = 1; part < parts; ++part) threads.emplace_back(work, part);
    work(0);
  }
  for (const std::exception_ptr& error : errors) {
    if (error) std::rethrow_exception(error);
  }
  for (const Loss& loss : losses) {
    error_ += loss.error;
    power_ += loss.power;
    largest_error_ = std::max(largest_error_, loss.largest);
  }
  rows_done_ += rows;
  return codes_;
}

std::vector<std::span<const std::byte>> RowEncoder::factors() const {
  std::vector<std::span<const std::byte>> planes;
  if (!row_scale_.empty()) planes.push_back(std::as_bytes(std::span(row_scale_)));
  if (!block_scale_.empty()) planes.push_back(std::as_bytes(std::span(block_scale_)));
  if (!block_minimum_.empty()) planes.push_back(std::as_bytes(std::span(block_minimum_)));
  return planes;
}

double RowEncoder::relative_rms() const { return power_ == 0 ? 0 : std::sqrt(error_ / power_); }

}  // namespace lacuna::weights
