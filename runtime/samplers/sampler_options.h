#pragma once

#include <map>
#include <string>
#include <string_view>

namespace lacuna::samplers {

/// One number that a sampler can be told.
struct OptionSpec {
  std::string_view name;
  double otherwise = 0.0;  // where it is not given
  double least = 0.0;
  double most = 0.0;
  std::string_view summary;
  bool whole = false;  // an integer
};

/// Options by name, as a caller gives them; the registry checks them and adds what is not given.
struct SamplerOptions {
  std::map<std::string, double, std::less<>> values;

  /// 0 where there is none of this name.
  double at(std::string_view name) const {
    const auto it = values.find(name);
    return it == values.end() ? 0.0 : it->second;
  }
  bool has(std::string_view name) const { return values.contains(name); }
};

}  // namespace lacuna::samplers
