// Weights as panels of 32 columns, read as texels: texel (panel * inner + k) * 8 + lane holds row k of the columns
// 4 lane .. 4 lane + 3 of the panel (panels.h). One of STORED_F32, STORED_F16, STORED_BF16, STORED_I8; factors of i8
// columns are the includer's business.
#define kLanes 8  // invocations of a workgroup, texels of a panel's row
#define kRows 8   // rows of the result an invocation works on
#if defined(STORED_BF16)
layout(binding = 1) uniform usamplerBuffer W;
vec4 panel_texel(int at) { return uintBitsToFloat(texelFetch(W, at) << 16); }
#elif defined(STORED_I8)
layout(binding = 1) uniform isamplerBuffer W;
vec4 panel_texel(int at) { return vec4(texelFetch(W, at)); }
#else
layout(binding = 1) uniform samplerBuffer W;
vec4 panel_texel(int at) { return texelFetch(W, at); }
#endif
