// The peaks of a whole row from those of its blocks; the includer declares `uint peaks[]`.
struct RowPeaks {
  float first;
  float second;
  uint at;
  bool valid;
};
void add_peak(inout RowPeaks p, uint row, uint b) {
  const uint from = (row * blocks + b) * kPeakWords;
  const float first = uintBitsToFloat(peaks[from]), second = uintBitsToFloat(peaks[from + 1]);
  if (place_of(first) > place_of(p.first)) {
    p.second = at_place(max(place_of(p.first), place_of(second)));
    p.first = first;
    p.at = peaks[from + 2];
  } else {
    p.second = at_place(max(place_of(p.second), place_of(first)));
  }
  p.valid = p.valid && peaks[from + 3] == 0u;
}
RowPeaks row_peaks(uint row) {
  RowPeaks p = RowPeaks(-kInfinity, -kInfinity, 0u, true);
  for (uint b = 0; b < blocks; ++b) add_peak(p, row, b);
  p.valid = p.valid && !is_excluded(p.first);
  return p;
}
