#pragma once

#include <cstdint>

/// Loops over rows for training on the CPU, where a chain of torch calls would read and write every value many
/// times. Plain memory, no libtorch; each is compiled for several instruction sets. Callers split the rows over
/// threads.
namespace lacuna::training::kernels {

/// How values lie in memory.
enum class Element : std::uint8_t { f32, bf16 };

/// A row-major matrix: rows of `columns` values.
struct Rows {
  void* data = nullptr;
  Element element = Element::f32;
  std::int64_t columns = 0;
};

/// y = x * r * w with r = 1 / sqrt(mean(x^2) + epsilon), which goes to inverse[row]. Rows begin to end - 1.
void rms_norm(Rows x, const float* w, float epsilon, Rows y, float* inverse, std::int64_t begin, std::int64_t end);
/// Gradients of rms_norm: dx, and dw [columns], to which the sum over these rows is added. `scratch` has
/// 3 * columns values.
void rms_norm_backward(Rows x, const float* w, const float* inverse, Rows dy, Rows dx, float* dw, float* scratch,
                       std::int64_t begin, std::int64_t end);

/// y = silu(gate) * up, element by element.
void swiglu(Rows gate, Rows up, Rows y, std::int64_t begin, std::int64_t end);
void swiglu_backward(Rows gate, Rows up, Rows dy, Rows dgate, Rows dup, std::int64_t begin, std::int64_t end);

/// Turns the pairs of every head (op.h has the definition); x and y have heads * head_dim columns, cosine and sine
/// are [rows, pairs]. `direction` is 1, or -1 for the gradient, which is the turn back.
struct RopeShape {
  std::int64_t head_dim = 0;
  std::int64_t pairs = 0;
  bool interleaved = false;
  float direction = 1.0f;
};
void rope(Rows x, const float* cosine, const float* sine, const RopeShape& shape, Rows y, std::int64_t begin,
          std::int64_t end);

/// One AdamW step of elements begin to end - 1; gradients are scaled by `clip` first and cleared afterwards.
struct AdamStep {
  float clip, mean_decay, square_decay, mean_factor, root_factor, epsilon, weight_factor, ema_share;
};
void adam_step(float* values, float* gradients, float* mean, float* square, float* ema, const AdamStep& step,
               std::int64_t begin, std::int64_t end);

}  // namespace lacuna::training::kernels
