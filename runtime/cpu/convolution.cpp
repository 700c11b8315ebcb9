#include "runtime/cpu/convolution.h"

#include <algorithm>

#include "runtime/cpu/parallel.h"

namespace lacuna::cpu {
namespace {

using Descriptor = dnnl::memory::desc;
using Tag = dnnl::memory::format_tag;
using Type = dnnl::memory::data_type;

/// Pixels of a band, and the least number of bands of a larger picture.
constexpr std::int64_t kBandPixels = 1024;
constexpr std::int64_t kBands = 8;

Type type_of(Storage storage) { return storage == Storage::bf16 ? Type::bf16 : Type::f32; }

}  // namespace

Convolution::Convolution(const dnnl::engine& engine, const ConvolutionShape& shape, int threads)
    : engine_(engine), shape_(shape) {
  const OneThread guard;
  const auto unbound = [&](const Descriptor& descriptor) {
    return dnnl::memory(descriptor, engine_, DNNL_MEMORY_NONE);
  };
  const std::int64_t even = (shape.out_height + kBands - 1) / kBands;
  cut(std::clamp<std::int64_t>(kBandPixels / std::max<std::int64_t>(shape.out_width, 1), 1, std::max<std::int64_t>(even, 1)));
  for (const Kind& kind : kinds_) scratch_bytes_ = std::max(scratch_bytes_, kind.scratch.get_size());
  for (int i = 0; i < threads; ++i) {
    streams_.emplace_back(engine_);
    auto& runners = runners_.emplace_back();
    for (const Kind& kind : kinds_) {
      runners.push_back({unbound(kind.in), shape.bias == ConvolutionShape::Bias::present ? unbound(kind.bias) : dnnl::memory(),
                         unbound(kind.out), unbound(kind.scratch)});
    }
  }
}

void Convolution::cut(std::int64_t rows) {
  const auto& a = shape_.attributes;
  for (std::int64_t first = 0; first < shape_.out_height; first += rows) {
    const std::int64_t count = std::min(rows, shape_.out_height - first);
    const std::int64_t begin = first * a.stride - a.pad_top;
    const std::int64_t end = begin + (count - 1) * a.stride + shape_.kernel_height;
    const std::int64_t pad_top = std::max<std::int64_t>(0, -begin);
    const std::int64_t pad_bottom = std::max<std::int64_t>(0, end - shape_.in_height);
    const std::int64_t in_rows = end - begin - pad_top - pad_bottom;
    if (in_rows < 1) {  // a band that lies in the padding altogether: take the picture in one piece
      kinds_.clear();
      bands_.clear();
      return cut(shape_.out_height);
    }
    bands_.push_back({std::max<std::int64_t>(begin, 0), first, kind_of(in_rows, count, pad_top, pad_bottom)});
  }
}

std::size_t Convolution::kind_of(std::int64_t in_rows, std::int64_t out_rows, std::int64_t pad_top,
                                 std::int64_t pad_bottom) {
  for (std::size_t i = 0; i < kinds_.size(); ++i) {
    const Kind& k = kinds_[i];
    if (k.in_rows == in_rows && k.out_rows == out_rows && k.pad_top == pad_top && k.pad_bottom == pad_bottom) return i;
  }
  kinds_.push_back(make_kind(in_rows, out_rows, pad_top, pad_bottom));
  return kinds_.size() - 1;
}

Convolution::Kind Convolution::make_kind(std::int64_t in_rows, std::int64_t out_rows, std::int64_t pad_top,
                                         std::int64_t pad_bottom) const {
  const ConvolutionShape& s = shape_;
  const std::int64_t stride = s.attributes.stride, pad_left = s.attributes.pad_left;
  const std::int64_t pad_right =
      std::max<std::int64_t>(0, (s.out_width - 1) * stride + s.kernel_width - pad_left - s.in_width);
  Kind kind{in_rows, out_rows, pad_top, pad_bottom, {}, {}, {}, {}, {}, {}};
  kind.in = Descriptor({1, s.in_channels, in_rows, s.in_width}, type_of(s.in_storage), Tag::nhwc);
  kind.out = Descriptor({1, s.out_channels, out_rows, s.out_width}, type_of(s.out_storage), Tag::nhwc);
  const Descriptor any({s.out_channels, s.in_channels, s.kernel_height, s.kernel_width}, type_of(s.in_storage), Tag::any);
  const Descriptor filter = kinds_.empty() ? any : kinds_.front().filter;
  if (s.bias == ConvolutionShape::Bias::present) kind.bias = Descriptor({s.out_channels}, Type::f32, Tag::a);
  const auto mode = dnnl::prop_kind::forward_inference;
  const auto algorithm = dnnl::algorithm::convolution_direct;
  const dnnl::memory::dims strides{stride, stride}, before{pad_top, pad_left}, after{pad_bottom, pad_right};
  const auto operation = s.bias == ConvolutionShape::Bias::present
                             ? dnnl::convolution_forward::desc(mode, algorithm, kind.in, filter, kind.bias, kind.out,
                                                               strides, before, after)
                             : dnnl::convolution_forward::desc(mode, algorithm, kind.in, filter, kind.out, strides,
                                                               before, after);
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  const dnnl::convolution_forward::primitive_desc chosen(operation, attributes, engine_);
  kind.primitive = dnnl::convolution_forward(chosen);
  kind.filter = chosen.weights_desc();
  kind.scratch = chosen.scratchpad_desc();
  return kind;
}

void Convolution::run(std::int64_t band, int thread, ConstReals image, const dnnl::memory& filter, const float* bias,
                      Reals out, void* scratch) {
  const Band& b = bands_[std::size_t(band)];
  Runner& r = runners_[std::size_t(thread)][b.kind];
  r.in.set_data_handle(const_cast<void*>(image.from(b.first_in * shape_.in_width * shape_.in_channels).data));
  r.out.set_data_handle(out.from(b.first_out * shape_.out_width * shape_.out_channels).data);
  r.scratch.set_data_handle(scratch);
  dnnl_exec_arg_t arguments[5] = {{DNNL_ARG_SRC, r.in.get()},
                                  {DNNL_ARG_WEIGHTS, filter.get()},
                                  {DNNL_ARG_DST, r.out.get()},
                                  {DNNL_ARG_SCRATCHPAD, r.scratch.get()}};
  int count = 4;
  if (bias != nullptr) {
    r.bias.set_data_handle(const_cast<float*>(bias));
    arguments[count++] = {DNNL_ARG_BIAS, r.bias.get()};
  }
  const auto status = dnnl_primitive_execute(kinds_[b.kind].primitive.get(), streams_[std::size_t(thread)].get(), count,
                                             arguments);
  dnnl::error::wrap_c_api(status, "[conv2d] oneDNN could not run a convolution");
}

}  // namespace lacuna::cpu
