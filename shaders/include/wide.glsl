// Numbers of about 48 bits as the sum of two floats (Dekker 1971; Knuth's two-sum), for sums of probabilities on devices
// with or without float64. `precise` keeps compilers from simplifying; no fma is used, since it need not be fused.
vec2 quick_two_sum(float a, float b) {
  precise const float s = a + b;
  precise const float e = b - (s - a);
  return vec2(s, e);
}
vec2 two_sum(float a, float b) {
  precise const float s = a + b;
  precise const float t = s - a;
  precise const float e = (a - (s - t)) + (b - t);
  return vec2(s, e);
}
vec2 halves(float a) {
  precise const float t = 4097.0 * a;
  precise const float high = t - (t - a);
  precise const float low = a - high;
  return vec2(high, low);
}
vec2 two_product(float a, float b) {
  precise const float p = a * b;
  const vec2 u = halves(a), v = halves(b);
  precise const float e = ((u.x * v.x - p) + u.x * v.y + u.y * v.x) + u.y * v.y;
  return vec2(p, e);
}
vec2 wide_add(vec2 a, vec2 b) {
  vec2 s = two_sum(a.x, b.x);
  const vec2 t = two_sum(a.y, b.y);
  precise const float u = s.y + t.x;
  s = quick_two_sum(s.x, u);
  precise const float v = s.y + t.y;
  return quick_two_sum(s.x, v);
}
vec2 wide_multiply(vec2 a, vec2 b) {
  const vec2 p = two_product(a.x, b.x);
  precise const float low = p.y + (a.x * b.y + a.y * b.x);
  return quick_two_sum(p.x, low);
}
bool wide_less(vec2 a, vec2 b) { return a.x < b.x || (a.x == b.x && a.y < b.y); }

// exp(y) for y <= 0 to a relative error of about 1e-13; 0 below -80, where a class weighs less than 2^-115 of the
// likeliest one.
const float kWideExpFloor = -80.0;
vec2 wide_exp(vec2 y) {
  if (!(y.x > kWideExpFloor)) return vec2(0.0);
  const float k = floor(y.x * 1.44269504 + 0.5);
  // y - k ln 2
  vec2 r = wide_add(y, -wide_multiply(vec2(k, 0.0), vec2(0.6931471824645996, -1.9046542121259336e-09)));
  // Taylor; the last terms are small enough for one float.
  float tail = 1.0 / 479001600.0;
  tail = tail * r.x + 1.0 / 39916800.0;
  tail = tail * r.x + 1.0 / 3628800.0;
  tail = tail * r.x + 1.0 / 362880.0;
  tail = tail * r.x + 1.0 / 40320.0;
  vec2 p = wide_add(vec2(0.00019841270113829523, -2.725596874933456e-12), two_product(tail, r.x));
  p = wide_add(wide_multiply(p, r), vec2(0.0013888889225199819, -3.3631094437103215e-11));
  p = wide_add(wide_multiply(p, r), vec2(0.008333333767950535, -4.34617203337595e-10));
  p = wide_add(wide_multiply(p, r), vec2(0.0416666679084301, -1.2417634698280722e-09));
  p = wide_add(wide_multiply(p, r), vec2(0.1666666716337204, -4.967053879312289e-09));
  p = wide_add(wide_multiply(p, r), vec2(0.5, 0.0));
  p = wide_add(wide_multiply(p, r), vec2(1.0, 0.0));
  p = wide_add(wide_multiply(p, r), vec2(1.0, 0.0));
  return p * uintBitsToFloat(uint(int(k) + 127) << 23);
}
