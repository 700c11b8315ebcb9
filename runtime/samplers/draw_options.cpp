#include "runtime/samplers/draw_options.h"

#include <cmath>
#include <stdexcept>
#include <string>

namespace lacuna::samplers {
namespace {

void require(bool ok, const char* field, const char* range, double got) {
  if (!ok) {
    throw std::invalid_argument(std::string("[draw] expected ") + field + " " + range + ", got " +
                                std::to_string(got));
  }
}

}  // namespace

void DrawOptions::validate() const {
  require(temperature >= 0 && std::isfinite(temperature), "temperature", ">= 0", temperature);
  require(guidance_scale >= 0 && std::isfinite(guidance_scale), "guidance scale", ">= 0", guidance_scale);
  require(top_k >= 0, "top-k", ">= 0 (0 = off)", top_k);
  require(top_p > 0 && top_p <= 1, "top-p", "in (0, 1] (1 = off)", top_p);
}

}  // namespace lacuna::samplers
