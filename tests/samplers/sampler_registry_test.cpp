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

std::string refusal(std::string_view name, const SamplerOptions& options) {
  try {
    make_sampler(name, options);
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "";
}

TEST(SamplerRegistry, RefusesValuesOutOfRange) {
  EXPECT_NE(refusal("confidence", {{{"randomness", -1}}}).find("randomness"), std::string::npos);
  EXPECT_NE(refusal("confidence", {{{"randomness", NAN}}}), "");
  EXPECT_NE(refusal("confidence", {{{"block", 2.5}}}).find("integer"), std::string::npos);
  for (const SamplerEntry& entry : sampler_registry()) {
    for (const OptionSpec& spec : entry.options) {
      EXPECT_NE(refusal(entry.name, {{{std::string(spec.name), spec.most + 1}}}), "") << entry.name << spec.name;
      EXPECT_EQ(refusal(entry.name, {{{std::string(spec.name), spec.otherwise}}}), "") << entry.name << spec.name;
    }
  }
  EXPECT_NE(refusal("remdm-loop", {{{"t-on", 0.2}, {"t-off", 0.3}}}).find("t-on"), std::string::npos);
}

TEST(SamplerRegistry, AnOptionThatASamplerDoesNotHaveListsThoseItHas) {
  for (const SamplerEntry& entry : sampler_registry()) {
    const std::string message = refusal(entry.name, {{{"sharpness", 1}}});
    EXPECT_NE(message.find(entry.name), std::string::npos);
    EXPECT_NE(message.find("block"), std::string::npos) << message;
    for (const OptionSpec& spec : entry.options) EXPECT_NE(message.find(spec.name), std::string::npos) << message;
  }
  EXPECT_NE(refusal("halton", {{{"randomness", 1}}}), "");
}

}  // namespace
}  // namespace lacuna::samplers
