#include "fusion/training/objective.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <stdexcept>
#include <string>

namespace lacuna::training {

const std::vector<std::string_view>& objective_names() {
  static const std::vector<std::string_view> names{"mdm-token", "mdm-elbo", "maskgit",     "mask-predict",
                                                   "any-order", "ar",       "multi-token", "d3pm-uniform"};
  return names;
}

Objective objective_named(std::string_view name) {
  const auto& names = objective_names();
  const auto found = std::ranges::find(names, name);
  if (found != names.end()) return Objective(found - names.begin());
  std::string known;
  for (const auto other : names) known += (known.empty() ? "" : ", ") + std::string(other);
  throw std::invalid_argument("[objective] expected one of " + known + ", got \"" + std::string(name) + "\"");
}

std::string_view name_of(Objective objective) { return objective_names()[std::size_t(objective)]; }

MaskCount mask_count(Objective objective, double time, int length, int least) {
  const double part = objective == Objective::maskgit ? std::cos(std::numbers::pi / 2 * time) : time;
  const int count = std::clamp(int(std::ceil(part * length)), least, length);
  if (objective == Objective::mask_predict) return {count, 2.0 * length / (length + 1)};
  return {count, double(length) / count};
}

}  // namespace lacuna::training
