#include "runtime/samplers/sampler_registry.h"

#include <gtest/gtest.h>

#include <cmath>
#include <stdexcept>
#include <string>

namespace lacuna::samplers {
namespace {

TEST(SamplerRegistry, MakesEverySamplerByName) {
  for (const SamplerEntry& entry : sampler_registry()) {
    EXPECT_NE(make_sampler(entry.name), nullptr) << entry.name;
    EXPECT_FALSE(entry.summary.empty()) << entry.name;
  }
}

TEST(SamplerRegistry, AnUnknownNameListsTheKnownOnes) {
  try {
    make_sampler("best");
    FAIL();
  } catch (const std::invalid_argument& error) {
    for (const SamplerEntry& entry : sampler_registry()) {
      EXPECT_NE(std::string(error.what()).find(entry.name), std::string::npos) << error.what();
    }
  }
}

TEST(SamplerRegistry, RefusesBadOptions) {
  EXPECT_THROW(make_sampler("confidence", {-1}), std::invalid_argument);
  EXPECT_THROW(make_sampler("confidence", {NAN}), std::invalid_argument);
}

}  // namespace
}  // namespace lacuna::samplers
