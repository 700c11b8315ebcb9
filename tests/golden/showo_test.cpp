// Show-o's own code: pictures, pictures grown at their sides, answers. Cases are found by file name.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "fusion/models/seen_rows.h"
#include "fusion/models/showo_family.h"
#include "runtime/generation/denoise_loop.h"
#include "runtime/samplers/sampler_registry.h"
#include "text/chat_template.h"
#include "text/tokenizer_json.h"
#include "tests/golden/recorded_pictures.h"

namespace lacuna::golden {
namespace {

using fusion::Canvas;
using fusion::Modality;
using graph::HostTensor;
using weights::Json;

constexpr PictureTolerances kAllowed{1e-4, 2e-4};

std::vector<std::filesystem::path> showo_cases(const std::string& function) {
  auto files = cases("showo", ".json");
  std::erase_if(files, [&](const auto& file) {
    return file.filename().string().find("." + function + ".") == std::string::npos || !has_model(model_of(file));
  });
  return files;
}

/// Logits of the last rows of one sequence over the whole vocabulary, [rows, V].
std::vector<float> logits_of(const ReleasedModel& model, Engine& engine, const std::vector<std::int32_t>& ids,
                             int first_position, std::int64_t rows) {
  const auto family = model.whole_family();
  const auto count = std::int64_t(ids.size());
  fusion::DenoiserShape shape{{count}, {rows, false}, {}, fusion::DenoiserHead::logits};
  std::vector<std::int32_t> positions(ids.size()), wanted;
  for (std::size_t i = 0; i < ids.size(); ++i) positions[i] = first_position + std::int32_t(i);
  for (std::int64_t i = count - rows; i < count; ++i) wanted.push_back(std::int32_t(i));
  std::vector<HostTensor> inputs;
  inputs.push_back(HostTensor::of({count}, ids));
  inputs.push_back(HostTensor::of({count, 1}, positions));
  inputs.push_back(fusion::attention_bias(*family, ids, shape).value());
  inputs.push_back(HostTensor::of({rows}, wanted));
  HostTensor logits(graph::DType::f32, {rows, std::int64_t(family->tokens().size)});
  engine.executor->prepare(family->build(shape), model.checkpoint)->run(inputs, {&logits, 1});
  return {logits.f32().begin(), logits.f32().end()};
}

/// Recorded logits of some rows, and ours.
struct LogitPair {
  std::vector<float> got;
  std::vector<double> wanted;
  std::size_t vocabulary = 0;
};

/// Every row of logits over the whole vocabulary that this set holds.
int for_recorded_logits(std::vector<Engine> engines, const std::function<void(const LogitPair&)>& check) {
  int count = 0;
  for (const auto& file : showo_cases("t2i_generate")) {
    const RecordedPictures run(file);
    if (!run.has("step0_cond_logits_all_positions")) continue;
    const auto model = ReleasedModel::open(model_of(file));
    const auto shape = run.tensors.shape("step0_cond_logits_all_positions");
    const auto recorded = run.numbers("step0_cond_logits_all_positions");
    for (Engine& engine : engines) {
      SCOPED_TRACE(file.filename().string() + " on " + engine.name);
      for (int row = 0; row < run.batch; ++row) {
        const auto ids = run.valid_row("input_ids", "validity", row);
        const auto values = std::int64_t(ids.size()) * shape[2], end = (row + 1) * shape[1] * shape[2];
        check({logits_of(model, engine, ids, int(shape[1]) - int(ids.size()), std::int64_t(ids.size())),
               {recorded.begin() + (end - values), recorded.begin() + end}, std::size_t(shape[2])});
        ++count;
      }
    }
  }
  for (const auto& file : showo_cases("mmu_generate")) {
    const Json json = read_case(file);
    const Tensors tensors(file.parent_path() / json.at("data").as_string());
    const auto model = ReleasedModel::open(model_of(file));
    const auto recorded = tensors.numbers("first_step_last_row_logits");
    const auto rows = rows_of_ids(json.at("input_ids"));
    const std::size_t vocabulary = recorded.size() / rows.size();
    for (Engine& engine : engines) {
      SCOPED_TRACE(file.filename().string() + " on " + engine.name);
      for (std::size_t r = 0; r < rows.size(); ++r) {
        const auto begin = recorded.begin() + std::ptrdiff_t(r * vocabulary);
        check({logits_of(model, engine, rows[r], 0, 1), {begin, begin + std::ptrdiff_t(vocabulary)}, vocabulary});
        ++count;
      }
    }
  }
  return count;
}

TEST(GoldenShowo, LogitsInFloat32) {
  const int count = for_recorded_logits(float_engines(), [](const LogitPair& pair) {
    ASSERT_EQ(pair.got.size(), pair.wanted.size());
    double largest = 0;
    for (std::size_t i = 0; i < pair.got.size(); ++i) {
      const double difference = std::abs(double(pair.got[i]) - pair.wanted[i]);
      if (!(difference <= largest)) largest = difference;  // keeps a NaN
    }
    EXPECT_LE(largest, kAllowed.logits);
  });
  if (count == 0) GTEST_SKIP() << "no cases in this set";
}

TEST(GoldenShowo, LogitsInBfloat16) {
  const int count = for_recorded_logits(bf16_engines(), [](const LogitPair& pair) {
    ASSERT_EQ(pair.got.size(), pair.wanted.size());
    double squares = 0;
    for (std::size_t i = 0; i < pair.got.size(); ++i) squares += std::pow(double(pair.got[i]) - pair.wanted[i], 2);
    EXPECT_LE(std::sqrt(squares / double(pair.got.size())), 0.15);
    for (std::size_t at = 0; at < pair.got.size(); at += pair.vocabulary) {
      const auto row = std::span(pair.wanted).subspan(at, pair.vocabulary);
      const auto mine = std::span(pair.got).subspan(at, pair.vocabulary);
      std::vector<double> sorted(row.begin(), row.end());
      std::ranges::nth_element(sorted, sorted.begin() + 1, std::greater{});
      if (sorted[0] - sorted[1] <= 1.0) continue;
      EXPECT_EQ(std::ranges::max_element(mine) - mine.begin(), std::ranges::max_element(row) - row.begin());
    }
  });
  if (count == 0) GTEST_SKIP() << "no cases in this set, or no engine computes in bfloat16 on this machine";
}

TEST(GoldenShowo, PicturesGivenTheDraws) {
  int count = 0;
  for (const auto& file : showo_cases("t2i_generate")) {
    const auto model = ReleasedModel::open(model_of(file));
    for (Engine& engine : float_engines()) {
      SCOPED_TRACE(file.filename().string() + " on " + engine.name);
      replay_pictures(RecordedPictures(file), model, engine, kAllowed);
      ++count;
    }
  }
  if (count == 0) GTEST_SKIP() << "no cases in this set";
}

/// Each round of growing a picture through the network; the windows and the result are compared in extension_test.
TEST(GoldenShowo, EveryRoundOfAnExtension) {
  int count = 0;
  for (const auto& file : showo_cases("extrapolation")) {
    const auto model = ReleasedModel::open(model_of(file));
    const Json json = read_case(file);
    const auto& prompts = json.at("prompts").as_array();
    for (std::size_t round = 0; round < prompts.size(); ++round) {
      Json arguments = json;
      arguments.set("texts", Json(Json::Array{prompts[round]}));
      const RecordedPictures run(arguments, file, "round" + std::to_string(round) + ".");
      for (Engine& engine : float_engines()) {
        SCOPED_TRACE(file.filename().string() + " " + run.prefix + " on " + engine.name);
        replay_pictures(run, model, engine, kAllowed);
        ++count;
      }
    }
  }
  if (count == 0) GTEST_SKIP() << "no cases in this set";
}

/// A recorded answer.
struct RecordedAnswer {
  Json json;
  Tensors tensors;
  std::vector<std::int32_t> prompt, generated;

  explicit RecordedAnswer(const std::filesystem::path& file)
      : json(read_case(file)), tensors(file.parent_path() / json.at("data").as_string()),
        prompt(rows_of_ids(json.at("input_ids")).at(0)), generated(ids(json.at("generated"))) {}

  std::int32_t end() const {
    const Json& token = json.at("eot_token");
    return token.is_null() ? -1 : std::int32_t(token.as_integer());
  }
};

/// The canvas of an answer through the family's layout, from codes and words.
Canvas canvas_of(const RecordedAnswer& run, const fusion::ModelFamily& family, const ReleasedModel& model) {
  const auto& space = family.tokens();
  std::vector<std::int32_t> codes;
  for (std::size_t i = 2; space.image.contains(run.prompt.at(i)); ++i) codes.push_back(run.prompt[i] - space.image.begin);
  const int side = int(std::lround(std::sqrt(double(codes.size()))));
  const auto tokenizer = text::open_tokenizer_json(model.tokenizer);
  std::vector<std::int32_t> words(run.prompt.begin() + std::ptrdiff_t(codes.size()) + 4, run.prompt.end());
  EXPECT_EQ(tokenizer.encode_with_specials(run.json.at("text").as_string()), words);
  words.insert(words.begin(), run.prompt.at(codes.size() + 3));
  const Canvas canvas =
      family.write({words, {}, int(run.json.at("max_new_tokens").as_integer()), codes, side, side});
  const std::vector<std::int32_t> head(canvas.ids().begin(), canvas.ids().begin() + std::ptrdiff_t(run.prompt.size()));
  EXPECT_EQ(head, run.prompt);
  return canvas;
}

TEST(GoldenShowo, QuestionsAreLaidOutAsTheOriginal) {
  for (const auto& file : showo_cases("mmu_generate")) {
    SCOPED_TRACE(file.filename().string());
    const RecordedAnswer run(file);
    const auto model = ReleasedModel::open(model_of(file));
    const auto tokenizer = text::open_tokenizer_json(model.tokenizer);
    const auto family = model.family();
    const auto allowed = run.tensors.integers("attention_allowed");
    const auto seen = family->seen(run.prompt);
    for (std::size_t i = 0; i < seen.size(); ++i) {
      for (std::size_t j = 0; j < seen.size(); ++j) {
        EXPECT_EQ(std::int64_t(j < std::size_t(seen[i])), allowed[i * seen.size() + j]) << i << " sees " << j;
      }
    }
    const std::string& text = run.json.at("text").as_string();
    const std::string begin = "USER: \n", end = " ASSISTANT:";
    if (!text.starts_with(begin) || !text.ends_with(end)) continue;
    const text::ChatMessage question{"user", text.substr(begin.size(), text.size() - begin.size() - end.size())};
    const auto got = text::encode_chat(text::ChatTemplate::showo, {&question, 1}, tokenizer);
    const std::vector<std::int32_t> tail(run.prompt.end() - std::ptrdiff_t(got.size()), run.prompt.end());
    EXPECT_EQ(got, tail);
  }
}

/// Written from left to right by the loop, each word drawn greedily; with and without the rule that an end fills the
/// rest, which must not change what stands before it.
TEST(GoldenShowo, GreedyAnswers) {
  int count = 0;
  for (const auto& file : showo_cases("mmu_generate")) {
    const RecordedAnswer run(file);
    ASSERT_EQ(run.json.at("top_k").as_integer(), 1) << file;
    const auto model = ReleasedModel::open(model_of(file));
    const auto released = model.whole_family();
    auto config = fusion::ShowoConfig::from_json(model.config, fixtures() / "models" / model.name / "config.json",
                                                 &model.names);
    if (run.end() >= 0) config.end_of_text = run.end();
    const std::shared_ptr<const fusion::ModelFamily> usual = fusion::make_showo_family(config);
    for (const auto& family : {released, usual}) {
      for (Engine& engine : float_engines()) {
        SCOPED_TRACE(file.filename().string() + " on " + engine.name);
        generation::Denoiser denoiser(family, *engine.executor, model.checkpoint);
        Canvas canvas = canvas_of(run, *family, model);
        generation::LoopOptions loop;
        loop.steps = int(run.json.at("max_new_tokens").as_integer());
        loop.draws.text.temperature = 0.0f;
        const std::uint64_t seed = 0;
        int step = 0;
        const auto compare = [&](const generation::StepReport& report) {
          const auto answer = report.canvases.front().ids(Modality::text);
          for (int i = 0; i <= step && i < int(run.generated.size()); ++i) {
            EXPECT_EQ(answer[std::size_t(i)], run.generated[std::size_t(i)]) << "step " << step << " word " << i;
          }
          ++step;
          return generation::Continue::yes;
        };
        denoise(denoiser, *samplers::make_sampler("left-to-right"), {&canvas, 1}, {&seed, 1}, loop, compare);
        const auto answer = canvas.ids(Modality::text);
        if (family == usual && run.end() >= 0 && run.generated.back() == run.end()) {
          EXPECT_EQ(std::size_t(step), run.generated.size());  // stops there
          for (std::size_t i = run.generated.size(); i < answer.size(); ++i) EXPECT_EQ(answer[i], run.end());
        } else if (run.end() < 0) {
          EXPECT_EQ(answer.size(), run.generated.size());
        }
        ++count;
      }
    }
  }
  if (count == 0) GTEST_SKIP() << "no cases in this set";
}

}  // namespace
}  // namespace lacuna::golden
