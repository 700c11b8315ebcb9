#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "fusion/models/mmada_layout.h"
#include "runtime/samplers/mask_ratio.h"
#include "runtime/samplers/tempered_confidence.h"
#include "tests/golden/fixtures.h"
#include "text/tokenizer_json.h"

namespace lacuna::golden {
namespace {

using fusion::MmadaTask;
using weights::Json;

TEST(GoldenSchedules, RatiosAndCountsOfEveryStep) {
  const auto items = items_of("sampling_image", "schedules.json");
  if (items.empty()) GTEST_SKIP() << "no cases in this set";
  for (const Json& item : items) {
    const std::string name = item.at("schedule").as_string();
    const int tokens = int(item.at("image_tokens").as_integer()), steps = int(item.at("steps").as_integer());
    SCOPED_TRACE(name + " " + std::to_string(tokens) + " in " + std::to_string(steps));
    const auto ratio = samplers::MaskRatio::named(name);
    const auto& ratios = item.at("mask_ratio_f32").as_array();
    const auto floors = ids(item.at("floor_tokens_times_ratio"));
    const auto left = ids(item.at("still_masked_after_step"));
    int masked = tokens;
    for (int step = 0; step < steps; ++step) {
      const float share = ratio(float(double(step + 1) / steps));
      EXPECT_NEAR(share, ratios[std::size_t(step)].as_number(), 1e-7) << "step " << step;
      EXPECT_EQ(int(std::floor(float(tokens) * share)), floors[std::size_t(step)]) << "step " << step;
      masked = samplers::released_keep_count(ratio, tokens, masked, step, steps);
      EXPECT_EQ(masked, left[std::size_t(step)]) << "step " << step;
    }
  }
}

TEST(GoldenSchedules, RemaskingByTemperedConfidence) {
  std::vector<std::pair<std::filesystem::path, Json>> items;
  for (const auto& file : cases("sampling_image", "mask_by_random_topk.json")) {
    const Json json = read_case(file);
    for (const Json& item : json.at("cases").as_array()) items.emplace_back(file, item);
  }
  if (items.empty()) GTEST_SKIP() << "no cases in this set";
  for (const auto& [file, item] : items) {
    const Tensors tensors(std::filesystem::path(file).replace_extension(".safetensors"));
    const std::string prefix = "case" + std::to_string(item.at("case").as_integer()) + ".";
    SCOPED_TRACE(prefix + item.at("kind").as_string());
    const auto probabilities = tensors.numbers(prefix + "probs"), uniforms = tensors.numbers(prefix + "uniforms");
    const auto gumbel = tensors.numbers(prefix + "gumbel"), wanted = tensors.numbers(prefix + "confidence");
    const auto remasked = tensors.integers(prefix + "remasked"), keep = tensors.integers(prefix + "keep_masked");
    const auto shape = tensors.shape(prefix + "probs");
    const auto temperature = float(item.at("temperature").as_number());
    for (std::int64_t row = 0; row < shape[0]; ++row) {
      std::vector<float> confidence;
      for (std::int64_t i = 0; i < shape[1]; ++i) {
        const auto at = std::size_t(row * shape[1] + i);
        const double size = std::max(1.0, std::abs(gumbel[at]));
        EXPECT_NEAR(samplers::gumbel_f32(float(uniforms[at])), gumbel[at], 1e-6 * size) << at;
        confidence.push_back(
            samplers::tempered_confidence(float(probabilities[at]), temperature, float(uniforms[at])));
        EXPECT_NEAR(confidence.back(), wanted[at], 1e-6 * std::max(1.0, std::abs(wanted[at]))) << at;
      }
      const auto got = samplers::remask_below(confidence, int(keep[std::size_t(row)]));
      if (const Json* counts = item.find("remasked_per_row")) {
        EXPECT_EQ(std::ranges::count(got, std::uint8_t(1)), ids(*counts)[std::size_t(row)]) << row;
      }
      for (std::int64_t i = 0; i < shape[1]; ++i) {
        EXPECT_EQ(std::int64_t(got[std::size_t(i)]), remasked[std::size_t(row * shape[1] + i)]) << row << ' ' << i;
      }
    }
  }
}

std::vector<std::int32_t> widened(const std::vector<std::uint8_t>& flags) { return {flags.begin(), flags.end()}; }

void expect_layouts(const std::filesystem::path& file) {
  const Json json = read_case(file);
  const auto tokenizer =
      text::open_tokenizer_json(fixtures() / json.at("tokenizer").as_string() / "tokenizer.json");
  const auto id = [&](const char* name) { return std::int32_t(json.at("task_ids").at(name).as_integer()); };
  auto tokens = fusion::MmadaTokens::from_reserved(id("<|soi|>"));
  tokens.begin_of_text = id("<|sot|>");
  tokens.end_of_text = id("<|eot|>");
  tokens.end_header = id("<|end_header_id|>");
  EXPECT_EQ(tokens.end_image, id("<|eoi|>"));
  EXPECT_EQ(tokens.text_to_image, id("<|t2i|>"));
  EXPECT_EQ(tokens.understand, id("<|mmu|>"));
  EXPECT_EQ(tokens.reason_to_image, id("<|r2i|>"));
  EXPECT_EQ(tokens.pad, id("[iPAD]"));
  const int length = int(json.at("max_text_tokens").as_integer());
  const std::pair<const char*, MmadaTask> tasks[] = {{"t2i_gen", MmadaTask::text_to_image},
                                                     {"t2i", MmadaTask::text_to_image},
                                                     {"mmu", MmadaTask::understand},
                                                     {"lm", MmadaTask::text},
                                                     {"lm_chat", MmadaTask::chat},
                                                     {"r2i", MmadaTask::reason_to_image}};
  for (const Json& item : json.at("cases").as_array()) {
    const auto words = tokenizer.encode_with_specials(item.at("text").as_string());
    const auto image = ids(item.at("image_ids"));
    for (const auto& [name, task] : tasks) {
      SCOPED_TRACE(std::string(name) + ": " + item.at("text").as_string());
      const Json& wanted = item.at(name);
      const auto row = fusion::mmada_row(tokens, task, words, image, length);
      EXPECT_EQ(row.ids, ids(wanted.at("ids")));
      if (const Json* labels = wanted.find("labels")) { EXPECT_EQ(row.labels, ids(*labels)); }
      if (const Json* prompt = wanted.find("prompt_mask")) { EXPECT_EQ(widened(row.prompt), ids(*prompt)); }
      if (const Json* valid = wanted.find("validity")) { EXPECT_EQ(widened(row.validity), ids(*valid)); }
    }
  }
}

TEST(GoldenLayouts, EveryTaskOfMmada) {
  const auto files = cases("sampling_image", "prompt_layouts.json");
  if (files.empty()) GTEST_SKIP() << "no cases in this set";
  for (const auto& file : files) {
    SCOPED_TRACE(file.filename().string());
    expect_layouts(file);
  }
}

}  // namespace
}  // namespace lacuna::golden
