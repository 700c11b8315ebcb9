// Weights as panels of 32 columns, read as texels: texel (panel * inner + k) * 8 + lane holds row k of the columns
// 4 lane .. 4 lane + 3 of the panel (panels.h). One of STORED_F32, STORED_F16, STORED_BF16, STORED_I8, STORED_Q8_0,
// STORED_Q4; factors of i8 columns are the includer's business. STORED_Q4 has 8 k of a column in a component, and the q
// dtypes have the factors (STORED_Q4: and the minima) of 32 k in texels of their own.
#define kLanes 8  // invocations of a workgroup, texels of a panel's row
#define kRows 8   // rows of the result an invocation works on
#if defined(STORED_BF16) || defined(STORED_Q4)
layout(binding = 1) uniform usamplerBuffer W;
#elif defined(STORED_I8) || defined(STORED_Q8_0)
layout(binding = 1) uniform isamplerBuffer W;
#else
layout(binding = 1) uniform samplerBuffer W;
#endif
#if defined(STORED_Q8_0) || defined(STORED_Q4)
layout(binding = 5) uniform samplerBuffer Factors;
#endif

// Rows `row` .. `row` + 3 of the panels, row = panel * inner + k, a multiple of four.
void panel_rows(int row, int lane, out vec4 w[4]) {
#if defined(STORED_Q4)
  const uvec4 codes = texelFetch(W, row / 8 * kLanes + lane) >> uint(row % 8 * 4);
  const int block = (row / 32 * kLanes + lane) * 2;
  const vec4 factor = texelFetch(Factors, block), minimum = texelFetch(Factors, block + 1);
  [[unroll]] for (int q = 0; q < 4; ++q) w[q] = vec4(codes >> uint(4 * q) & 15u) * factor + minimum;
#elif defined(STORED_Q8_0)
  const vec4 factor = texelFetch(Factors, row / 32 * kLanes + lane);
  [[unroll]] for (int q = 0; q < 4; ++q) w[q] = vec4(texelFetch(W, (row + q) * kLanes + lane)) * factor;
#else
  [[unroll]] for (int q = 0; q < 4; ++q) {
#if defined(STORED_BF16)
    w[q] = uintBitsToFloat(texelFetch(W, (row + q) * kLanes + lane) << 16);
#else
    w[q] = vec4(texelFetch(W, (row + q) * kLanes + lane));
#endif
  }
#endif
}
