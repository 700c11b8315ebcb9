#pragma once

#include <dnnl.hpp>
#include <memory>
#include <optional>
#include <vector>

#include "fusion/graph/op.h"
#include "runtime/cpu/program.h"

namespace lacuna::cpu {

/// Sizes of a convolution of one channels-last image.
struct ConvolutionShape {
  std::int64_t in_channels = 0, in_height = 0, in_width = 0;
  std::int64_t out_channels = 0, out_height = 0, out_width = 0;
  std::int64_t kernel_height = 0, kernel_width = 0;
  graph::Conv2dAttributes attributes;
  Storage in_storage = Storage::f32;
  Storage out_storage = Storage::f32;
  enum class Bias { none, present } bias = Bias::none;
};

/// A convolution cut into bands of output rows. Each band is a oneDNN primitive made for one thread that reads its
/// rows (and their neighbours) in place; bands are cut by shape alone, so the result does not depend on threads.
class Convolution {
 public:
  Convolution(const dnnl::engine& engine, const ConvolutionShape& shape, int threads);

  /// How the filter wants to lie in memory.
  dnnl::memory::desc packed_filter() const { return kinds_.front().filter; }
  std::int64_t bands() const { return std::int64_t(bands_.size()); }
  /// Bytes of scratch for each thread.
  std::size_t scratch_bytes() const { return scratch_bytes_; }
  /// Computes one band of one image. `bias` may be null.
  void run(std::int64_t band, int thread, ConstReals image, const dnnl::memory& filter, const float* bias, Reals out,
           void* scratch);

 private:
  /// Bands of equal geometry share a primitive.
  struct Kind {
    std::int64_t in_rows = 0, out_rows = 0, pad_top = 0, pad_bottom = 0;
    dnnl::convolution_forward primitive;
    dnnl::memory::desc in, filter, bias, out, scratch;
  };
  struct Band {
    std::int64_t first_in = 0;
    std::int64_t first_out = 0;
    std::size_t kind = 0;
  };
  struct Runner {
    dnnl::memory in, bias, out, scratch;
  };
  void cut(std::int64_t rows);
  std::size_t kind_of(std::int64_t in_rows, std::int64_t out_rows, std::int64_t pad_top, std::int64_t pad_bottom);
  Kind make_kind(std::int64_t in_rows, std::int64_t out_rows, std::int64_t pad_top, std::int64_t pad_bottom) const;

  dnnl::engine engine_;
  ConvolutionShape shape_;
  std::vector<Kind> kinds_;
  std::vector<Band> bands_;
  std::vector<dnnl::stream> streams_;         // by thread
  std::vector<std::vector<Runner>> runners_;  // by thread, then by kind
  std::size_t scratch_bytes_ = 0;
};

}  // namespace lacuna::cpu
