#version 450
// Multiply-adds in registers and nothing else: the rate that no product can exceed.
#extension GL_EXT_control_flow_attributes : require
layout(local_size_x_id = 0) in;
layout(binding = 0) writeonly buffer Y { float y[]; };
layout(push_constant) uniform Push { uint rounds; float factor; float shift; };

void main() {
  float sums[12];
  [[unroll]] for (int i = 0; i < 12; ++i) sums[i] = float(gl_LocalInvocationID.x) + float(i);
  for (uint round = 0; round < rounds; ++round) {
    [[unroll]] for (int step_ = 0; step_ < 16; ++step_) {  // loops of software Vulkan cost something themselves
      [[unroll]] for (int i = 0; i < 12; ++i) sums[i] = fma(sums[i], factor, shift);
    }
  }
  float sum = 0.0;
  [[unroll]] for (int i = 0; i < 12; ++i) sum += sums[i];
  if (sum == 12345.0) y[0] = sum;  // never, but compilers do not know
}
