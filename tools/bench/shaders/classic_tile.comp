#version 450
// y = x w [rows, depth] [depth, columns] as textbooks have it: blocks of 64 x 64 and 16 deep in shared memory, 4 x 4 results
// an invocation, two barriers a block. What the engine's kernels are compared with; sizes are multiples of the blocks.
#extension GL_EXT_control_flow_attributes : require
layout(local_size_x = 16, local_size_y = 16) in;
layout(binding = 0) readonly buffer X { float x[]; };
layout(binding = 1) readonly buffer W { float w[]; };
layout(binding = 2) writeonly buffer Y { float y[]; };
layout(push_constant) uniform Push { int columns; int depth; };
const int SIDE = 64, DEPTH = 16;
shared float xs[DEPTH][SIDE + 4];
shared float ws[DEPTH][SIDE + 4];

void main() {
  const int across = int(gl_LocalInvocationID.x), down = int(gl_LocalInvocationID.y), t = down * 16 + across;
  const int row = int(gl_WorkGroupID.y) * SIDE, column = int(gl_WorkGroupID.x) * SIDE;
  float sums[4][4];
  [[unroll]] for (int r = 0; r < 4; ++r) [[unroll]] for (int c = 0; c < 4; ++c) sums[r][c] = 0.0;
  for (int first = 0; first < depth; first += DEPTH) {
    [[unroll]] for (int i = 0; i < 4; ++i) {
      const int at = t + 256 * i;
      xs[at % DEPTH][at / DEPTH] = x[(row + at / DEPTH) * depth + first + at % DEPTH];
      ws[at / SIDE][at % SIDE] = w[(first + at / SIDE) * columns + column + at % SIDE];
    }
    barrier();
    [[unroll]] for (int k = 0; k < DEPTH; ++k) {
      float a[4], b[4];
      [[unroll]] for (int i = 0; i < 4; ++i) {
        a[i] = xs[k][down * 4 + i];
        b[i] = ws[k][across + 16 * i];
      }
      [[unroll]] for (int r = 0; r < 4; ++r) [[unroll]] for (int c = 0; c < 4; ++c) sums[r][c] = fma(a[r], b[c], sums[r][c]);
    }
    barrier();
  }
  [[unroll]] for (int r = 0; r < 4; ++r) {
    [[unroll]] for (int c = 0; c < 4; ++c) y[(row + down * 4 + r) * columns + column + across + 16 * c] = sums[r][c];
  }
}
