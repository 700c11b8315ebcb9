// sine and cosine by Cody-Waite reduction to [-pi/4, pi/4], good for |v| up to some 10^5.
float sine_of(float v, int quarter_turns) {
  const float k = floor(v * 0.636619772 + 0.5);
  precise float r = v - k * 1.5703125;
  r = r - k * 4.83751297e-4;
  r = r - k * 7.54978942e-8;
  r = r - k * 5.39030253e-15;
  const int q = (int(k) + quarter_turns) & 3;
  const float z = r * r;
  const float s = r + r * z * (-1.6666654611e-1 + z * (8.3321608736e-3 + z * -1.9515295891e-4));
  const float c = 1.0 - 0.5 * z + z * z * (4.166664568298827e-2 + z * (-1.388731625493765e-3 + z * 2.443315711809948e-5));
  const float w = (q & 1) == 0 ? s : c;
  return (q & 2) == 0 ? w : -w;
}
