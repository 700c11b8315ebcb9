#include <algorithm>
#include <stdexcept>
#include <string>

#include "runtime/cpu/reference_ops.h"

namespace lacuna::cpu::reference {

void gather_rows(Inputs in, Output out) {
  const std::int64_t rows = in[0].shape[0], width = in[0].shape[1];
  const auto ids = in[1].i32();
  const std::size_t row_bytes = std::size_t(width) * size_of(out.dtype);
  for (std::size_t n = 0; n < ids.size(); ++n) {
    if (ids[n] < 0 || ids[n] >= rows) {
      throw std::invalid_argument("[gather_rows] expected ids in [0, " + std::to_string(rows) + "), got " +
                                  std::to_string(ids[n]) + " at index " + std::to_string(n));
    }
    std::copy_n(in[0].data + std::size_t(ids[n]) * row_bytes, row_bytes, out.data + n * row_bytes);
  }
}

void linear(Inputs in, Output out) {
  const auto x = in[0].f32(), w = in[1].f32(), y = out.f32();
  const std::size_t n_out = std::size_t(in[1].shape[0]), k_in = std::size_t(in[1].shape[1]);
  const std::size_t rows = n_out ? y.size() / n_out : 0;
  for (std::size_t row = 0; row < rows; ++row) {
    for (std::size_t n = 0; n < n_out; ++n) {
      double sum = 0.0;
      for (std::size_t k = 0; k < k_in; ++k) sum += double(x[row * k_in + k]) * double(w[n * k_in + k]);
      if (in.size() == 3) sum += double(in[2].f32()[n]);
      y[row * n_out + n] = float(sum);
    }
  }
}

void matmul(const graph::MatmulAttributes& attributes, Inputs in, Output out) {
  const auto a = in[0].f32(), b = in[1].f32(), y = out.f32();
  const std::size_t rows = std::size_t(out.shape[-2]), columns = std::size_t(out.shape[-1]);
  const std::size_t inner = std::size_t(in[0].shape[-1]);
  const std::size_t plane = rows * columns;
  const std::size_t batches = plane > 0 ? y.size() / plane : 0;
  for (std::size_t batch = 0; batch < batches; ++batch) {
    const auto a_of = [&](std::size_t m, std::size_t k) { return a[(batch * rows + m) * inner + k]; };
    const auto b_of = [&](std::size_t k, std::size_t n) {
      return attributes.transpose_b ? b[(batch * columns + n) * inner + k] : b[(batch * inner + k) * columns + n];
    };
    for (std::size_t m = 0; m < rows; ++m) {
      for (std::size_t n = 0; n < columns; ++n) {
        double sum = 0.0;
        for (std::size_t k = 0; k < inner; ++k) sum += double(a_of(m, k)) * double(b_of(k, n));
        y[(batch * rows + m) * columns + n] = float(sum);
      }
    }
  }
}

void conv2d(const graph::Conv2dAttributes& attributes, Inputs in, Output out) {
  const auto x = in[0].f32(), w = in[1].f32(), y = out.f32();
  const std::int64_t batch = in[0].shape[0], channels = in[0].shape[1], height = in[0].shape[2], width = in[0].shape[3];
  const std::int64_t outputs = in[1].shape[0], kernel_h = in[1].shape[2], kernel_w = in[1].shape[3];
  const std::int64_t out_h = out.shape[2], out_w = out.shape[3];
  std::size_t at = 0;
  for (std::int64_t b = 0; b < batch; ++b) {
    for (std::int64_t o = 0; o < outputs; ++o) {
      for (std::int64_t i = 0; i < out_h; ++i) {
        for (std::int64_t j = 0; j < out_w; ++j) {
          double sum = in.size() == 3 ? double(in[2].f32()[std::size_t(o)]) : 0.0;
          for (std::int64_t c = 0; c < channels; ++c) {
            for (std::int64_t p = 0; p < kernel_h; ++p) {
              const std::int64_t row = i * attributes.stride + p - attributes.pad_top;
              if (row < 0 || row >= height) continue;
              for (std::int64_t q = 0; q < kernel_w; ++q) {
                const std::int64_t column = j * attributes.stride + q - attributes.pad_left;
                if (column < 0 || column >= width) continue;
                sum += double(x[std::size_t(((b * channels + c) * height + row) * width + column)]) *
                       double(w[std::size_t(((o * channels + c) * kernel_h + p) * kernel_w + q)]);
              }
            }
          }
          y[at++] = float(sum);
        }
      }
    }
  }
}

void upsample_nearest2x(Inputs in, Output out) {
  const auto x = in[0].f32(), y = out.f32();
  const std::size_t height = std::size_t(out.shape[2]), width = std::size_t(out.shape[3]);
  const std::size_t planes = std::size_t(out.shape[0] * out.shape[1]);
  for (std::size_t plane = 0; plane < planes; ++plane) {
    for (std::size_t i = 0; i < height; ++i) {
      for (std::size_t j = 0; j < width; ++j) {
        y[(plane * height + i) * width + j] = x[(plane * (height / 2) + i / 2) * (width / 2) + j / 2];
      }
    }
  }
}

}  // namespace lacuna::cpu::reference
