#include "runtime/laboratory/gumbel.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace lacuna::laboratory {

std::string_view name_of(Uniforms uniforms) {
  switch (uniforms) {
    case Uniforms::fine: return "gumbel-fine";
    case Uniforms::coarse: return "gumbel-coarse";
    case Uniforms::truncated: return "gumbel-truncated";
  }
  return "";
}

int gumbel_draw(std::span<const double> weights, Uniforms uniforms, int bits, Words& words) {
  const double step = std::ldexp(1.0, -bits);
  double best = -1;
  int chosen = 0;
  for (std::size_t k = 0; k < weights.size(); ++k) {
    const std::uint64_t word = words.next();
    const double fine = (double(word >> 11) + 0.5) * 0x1.0p-53;
    const double u = uniforms == Uniforms::coarse      ? double(word >> (64 - bits)) * step
                     : uniforms == Uniforms::truncated ? fine * (1 - step)
                                                       : fine;
    const double value = weights[k] / (1e-10 - std::log(u + 1e-10));
    if (value > best) {
      best = value;
      chosen = int(k);
    }
  }
  return chosen;
}

std::vector<double> truncated_gumbel_law(std::span<const double> p, int bits) {
  const double delta = -std::log1p(-std::ldexp(1.0, -bits));
  std::vector<int> order(p.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::sort(order, [&](int a, int b) { return p[std::size_t(a)] < p[std::size_t(b)]; });
  std::vector<double> law(p.size());
  // Ascending: classes join the race one after another, each delta / p late.
  double rest = std::accumulate(p.begin(), p.end(), 0.0), sum = 0, previous = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const double now = p[std::size_t(order[i])], active = double(order.size() - i);
    const double begin = std::exp((active - rest / now) * delta);
    const double end = previous > 0 ? std::exp((active - rest / previous) * delta) : 0.0;
    sum += (begin - end) / rest;
    law[std::size_t(order[i])] = now * sum;
    rest -= now;
    previous = now;
  }
  return law;
}

}  // namespace lacuna::laboratory
