#include "runtime/cpu/convolution.h"
#include "runtime/cpu/ops/op_table.h"
#include "runtime/cpu/parallel.h"

namespace lacuna::cpu {

using graph::Node;

void emit_conv2d(GraphCompiler& compiler, const Node& node) {
  const auto weight = compiler.as_weight(node.inputs[1]);
  if (!weight || weight->begin != 0 || weight->end != weight->shape[0]) {
    throw graph::DeviceError(graph::DeviceError::Kind::unsupported,
                             "[conv2d] expected a whole named weight as filter, got a computed one");
  }
  const Machine& machine = compiler.machine();
  const bool narrow = machine.precision != Precision::f32 && machine.features.bf16_dot;
  const Operand x = compiler.read(node.inputs[0], narrow ? Storage::bf16 : Storage::f32, Layout::channels_last);
  std::optional<Operand> bias;
  std::vector<BufferId> reads{x.buffer};
  if (node.inputs.size() == 3) {
    bias = compiler.read(node.inputs[2], Storage::f32);
    reads.push_back(bias->buffer);
  }
  const graph::Shape& result = compiler.shape(node.output);
  if (result.elements() == 0) {
    compiler.write(node.output, Storage::f32);
    return;
  }
  const Operand y = compiler.write(node.output, compiler.preferred(node.output), Layout::channels_last);

  ConvolutionShape shape;
  shape.in_channels = x.shape[1], shape.in_height = x.shape[2], shape.in_width = x.shape[3];
  shape.out_channels = result[1], shape.out_height = result[2], shape.out_width = result[3];
  shape.kernel_height = weight->shape[2], shape.kernel_width = weight->shape[3];
  shape.attributes = node.as<graph::Conv2dAttributes>();
  shape.in_storage = x.storage;
  shape.out_storage = y.storage;
  shape.bias = bias ? ConvolutionShape::Bias::present : ConvolutionShape::Bias::none;
  auto convolution = std::make_shared<Convolution>(compiler.weights().engine(), shape, machine.threads);
  const auto filter =
      compiler.weights().filter(compiler.source(), weight->name, weight->shape, convolution->packed_filter());
  const std::size_t scratch_bytes = (convolution->scratch_bytes() + 63) / 64 * 64;
  const BufferId scratch = compiler.scratch(scratch_bytes * std::size_t(machine.threads));
  compiler.add_step(reads, {y.buffer, scratch}, [=](const RunContext& context) {
    const std::int64_t bands = convolution->bands();
    const std::int64_t in_size = x.shape.elements() / x.shape[0], out_size = y.shape.elements() / y.shape[0];
    parallel_for(context.workers, x.shape[0] * bands, [&](std::int64_t i, int thread) {
      convolution->run(i % bands, thread, ConstReals(context.reals(x)).from(i / bands * in_size), filter->memory(),
                       bias ? context.at<float>(*bias) : nullptr, context.reals(y).from(i / bands * out_size),
                       context.at<std::byte>(scratch) + std::size_t(thread) * scratch_bytes);
    });
  });
}

}  // namespace lacuna::cpu
