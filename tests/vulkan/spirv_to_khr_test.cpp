#include "tools/shaders/spirv_to_khr.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <stdexcept>
#include <string>

#include "runtime/vulkan/shader_library.h"

namespace lacuna::shaders {
namespace {

using Words = std::vector<std::uint32_t>;

constexpr std::size_t kHeader = 5;

/// Visits instructions: code, words.
template <typename Visit>
void each(std::span<const std::uint32_t> module, Visit visit) {
  for (std::size_t at = kHeader; at < module.size(); at += module[at] >> 16) {
    ASSERT_GT(module[at] >> 16, 0u);
    visit(module[at] & 0xffffu, module.subspan(at, module[at] >> 16));
  }
}

std::multiset<std::uint32_t> codes_of(std::span<const std::uint32_t> module) {
  std::multiset<std::uint32_t> codes;
  each(module, [&](std::uint32_t code, auto) { codes.insert(code); });
  return codes;
}

std::span<const std::uint32_t> nv_module() { return vulkan::find_shader("product_cooperative_nv").words; }

TEST(SpirvToKhr, LeavesNothingOfTheOtherExtension) {
  for (const char* name : {"product_cooperative_khr", "product_cooperative_i8_khr", "product_cooperative_q4_0_khr"}) {
    const auto module = vulkan::find_shader(name).words;
    std::set<std::uint32_t> capabilities;
    std::multiset<std::uint32_t> uses;
    std::map<std::uint32_t, std::uint32_t> constants;
    each(module, [&](std::uint32_t code, auto words) {
      EXPECT_FALSE(code >= 5358 && code <= 5362) << code;
      if (code == 17) capabilities.insert(words[1]);
      if (code == 43 && words.size() == 4) constants[words[2]] = words[3];
      if (code == 10) {
        EXPECT_EQ(std::string(reinterpret_cast<const char*>(&words[1])), "SPV_KHR_cooperative_matrix");
      }
      if (code == 4456) {
        ASSERT_EQ(words.size(), 7u);
        uses.insert(constants.at(words[6]));
      }
    });
    EXPECT_TRUE(capabilities.contains(6022));
    EXPECT_FALSE(capabilities.contains(5357));
    EXPECT_EQ(uses, (std::multiset<std::uint32_t>{0, 1, 2}));
  }
}

TEST(SpirvToKhr, KeepsEveryOtherInstruction) {
  const Words made = spirv_to_khr(nv_module());
  auto before = codes_of(nv_module()), after = codes_of(made);
  EXPECT_EQ(before.size() + 3, after.size());  // three constants
  for (const auto& [nv, khr] : {std::pair{5358u, 4456u}, {5359u, 4457u}, {5360u, 4458u}, {5361u, 4459u}}) {
    EXPECT_GT(before.count(nv), 0u) << nv;
    EXPECT_EQ(before.count(nv), after.count(khr)) << nv;
    before.erase(nv);
    after.erase(khr);
  }
  before.insert({43, 43, 43});
  EXPECT_EQ(before, after);
  EXPECT_EQ(made[3], nv_module()[3] + 3);  // the bound of ids
}

/// What was by column stays so, strides and operands of memory stay what they were.
TEST(SpirvToKhr, MovesTheOperandsOfLoadsAndStores) {
  const Words made = spirv_to_khr(nv_module());
  std::map<std::uint32_t, std::uint32_t> constants;
  std::map<std::uint32_t, bool> truth;
  std::map<std::uint32_t, Words> loads;  // by result
  each(nv_module(), [&](std::uint32_t code, auto words) {
    if (code == 41 || code == 42) truth[words[2]] = code == 41;
    if (code == 5359) loads[words[2]] = Words(words.begin(), words.end());
  });
  std::set<std::uint32_t> layouts;
  each(made, [&](std::uint32_t code, auto words) {
    if (code == 43 && words.size() == 4) constants[words[2]] = words[3];
    if (code != 4457) return;
    const Words& old = loads.at(words[2]);
    ASSERT_EQ(old.size(), words.size());
    EXPECT_EQ(words[3], old[3]);
    EXPECT_EQ(constants.at(words[4]), truth.at(old[5]) ? 1u : 0u);
    EXPECT_EQ(words[5], old[4]);
    EXPECT_TRUE(std::equal(words.begin() + 6, words.end(), old.begin() + 6));
    layouts.insert(constants.at(words[4]));
  });
  EXPECT_EQ(layouts, (std::set<std::uint32_t>{0, 1}));
}

TEST(SpirvToKhr, RefusesWhatItCannotRewrite) {
  EXPECT_THROW(spirv_to_khr({}), std::invalid_argument);
  EXPECT_THROW(spirv_to_khr(vulkan::find_shader("product_halves").words), std::invalid_argument);
  const auto good = nv_module();
  EXPECT_THROW(spirv_to_khr(good.first(kHeader + 1)), std::invalid_argument);
  Words swapped(good.begin(), good.end());
  std::swap(swapped[0], swapped[1]);
  EXPECT_THROW(spirv_to_khr(swapped), std::invalid_argument);
  // The left factor where the right one belongs: one type in two uses.
  Words mixed(good.begin(), good.end());
  each(good, [&](std::uint32_t code, auto words) {
    if (code == 5361) mixed[std::size_t(words.data() - good.data()) + 4] = words[3];
  });
  EXPECT_THROW(spirv_to_khr(mixed), std::invalid_argument);
}

}  // namespace
}  // namespace lacuna::shaders
