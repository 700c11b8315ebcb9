#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <fstream>
#include <sstream>
#include <thread>

#include "fusion/models/model_registry.h"
#include "fusion/training/shards/shard_set.h"
#include "fusion/training/torch_executor.h"
#include "runtime/weights/checkpoint.h"
#include "runtime/weights/json_file.h"
#include "runtime/weights/manifest.h"
#include "runtime/weights/mapped_file.h"
#include "tests/training/toy_shards.h"
#include "tests/training/toy_tokens.h"
#include "tests/training/train_process.h"
#include "vision/vq_tokenizer.h"

namespace lacuna::training {
namespace {

namespace fs = std::filesystem;
using Arguments = std::vector<std::string>;

class LacunaTrain : public testing::Test {
 protected:
  LacunaTrain() {
    fs::remove_all(root_);
    fs::create_directories(root_);
  }
  ~LacunaTrain() override { fs::remove_all(root_); }
  std::string at(const std::string& name) const { return (root_ / name).string(); }
  std::string file(const std::string& name) const { return weights::read_regular_file(root_ / name, 1 << 26); }

  /// A denoiser that trains in seconds on toy tokens.
  Arguments small_denoiser(const std::string& output, const Arguments& more) const {
    Arguments all{"denoiser", "--data", at("tokens"), "--output-dir", at(output), "--device", "cpu", "--mixed-precision", "no",
                  "--threads", "1", "--width", "32", "--layers", "2", "--heads", "2", "--mlp-width", "64",
                  "--train-batch-size", "8", "--learning-rate", "3e-3", "--lr-warmup-steps", "5", "--caption-limit", "2",
                  "--validation-limit", "2", "--sample-count", "0", "--log-steps", "2", "--checkpoints-total-limit", "20"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  void expect_same_checkpoint(const std::string& a, const std::string& b) const {
    for (const char* part : {"model.safetensors", "ema.safetensors", "optimizer.safetensors", "trainer_state.json"}) {
      EXPECT_TRUE(file(a + "/" + part) == file(b + "/" + part)) << a << " " << b << " " << part;
    }
  }
  /// Column `name` of a log.
  static std::vector<double> column(const fs::path& path, const std::string& name) {
    std::ifstream stream(path);
    std::string line, cell;
    std::getline(stream, line);
    std::istringstream header(line);
    int index = 0, wanted = -1;
    for (; std::getline(header, cell, ','); ++index) {
      if (cell == name) wanted = index;
    }
    std::vector<double> values;
    while (std::getline(stream, line)) {
      std::istringstream cells(line);
      for (int i = 0; i <= wanted; ++i) std::getline(cells, cell, ',');
      values.push_back(std::stod(cell));
    }
    return values;
  }

  fs::path root_ = fs::temp_directory_path() / (std::string("lacuna_train_") +
                                                testing::UnitTest::GetInstance()->current_test_info()->name());
};

TEST_F(LacunaTrain, FromPicturesToADenoiserThatTheRuntimeOpens) {
  write_toy_shards(root_ / "pixels");
  std::string text;
  ASSERT_EQ(run_train({"vq", "--data", at("pixels"), "--output-dir", at("vq"), "--device", "cpu", "--threads", "1", "--max-train-steps", "60",
                       "--train-batch-size", "12", "--channels", "8", "--multipliers", "1,2", "--encoder-blocks", "1,1",
                       "--decoder-blocks", "1,1", "--norm-groups", "4", "--codebook-size", "32", "--latent-channels", "4",
                       "--learning-rate", "5e-3", "--lr-warmup-steps", "5", "--validation-steps", "20",
                       "--code-restart-steps", "5", "--ema-decay", "0.9", "--log-steps", "10"},
                      &text), 0) << text;
  const auto psnr = column(root_ / "vq/validation.csv", "val_psnr");
  ASSERT_EQ(psnr.size(), 3U);
  EXPECT_GT(psnr.back(), psnr.front());

  // A decoder that learns on alone leaves the meaning of the codes as it is.
  const Arguments more{"vq", "--data", at("pixels"), "--output-dir", at("decoder"), "--device", "cpu", "--threads", "1", "--max-train-steps", "4",
                       "--train-batch-size", "12", "--channels", "8", "--multipliers", "1,2", "--encoder-blocks", "1,1",
                       "--decoder-blocks", "1,1", "--norm-groups", "4", "--codebook-size", "32", "--latent-channels", "4",
                       "--ema-decay", "0", "--decoder-only"};
  EXPECT_NE(run_train(more, &text), 0);
  EXPECT_NE(text.find("--init-from"), std::string::npos) << text;
  Arguments from = more;
  from.insert(from.end(), {"--init-from", at("vq/model")});
  ASSERT_EQ(run_train(from, &text), 0) << text;
  const auto old_weights = weights::Checkpoint::open(root_ / "vq/model"), new_weights = weights::Checkpoint::open(root_ / "decoder/model");
  ASSERT_TRUE(std::ranges::equal(old_weights.names(), new_weights.names()));
  int changed = 0;
  for (const std::string& name : old_weights.names()) {
    const bool same = std::ranges::equal(old_weights.find(name)->bytes, new_weights.find(name)->bytes);
    changed += !same;
    EXPECT_TRUE(same || name.starts_with("decoder.") || name.starts_with("post_quant_conv.")) << name;
  }
  EXPECT_GT(changed, 0);

  ASSERT_EQ(run_train({"encode", "--data", at("pixels"), "--tokenizer", at("vq/model"), "--output-dir", at("tokens"),
                       "--device", "cpu", "--threads", "1", "--copies", "3", "--batch-size", "7"}, &text), 0) << text;
  const ShardSet pixels = ShardSet::open(root_ / "pixels"), tokens = ShardSet::open(root_ / "tokens", ShardCheck::hashes);
  ASSERT_EQ(tokens.size(), pixels.size());
  EXPECT_EQ(tokens.layout().code_count(), 64);

  // The first copy of each picture has the codes that the runtime's tokenizer gives it.
  TorchExecutor executor{::at::Device(::at::kCPU)};
  const auto tokenizer = vision::open_vq_tokenizer(root_ / "vq/model", executor);
  int differ = 0, compared = 0;
  for (std::int64_t record = 0; record < tokens.size(); ++record) {
    const RecordInfo before = pixels.info(record), after = tokens.info(record);
    EXPECT_EQ(after.pictures, before.pictures * (before.split == Split::train ? 3 : 1));
    EXPECT_EQ(after.captions, before.captions);
    std::vector<std::uint8_t> bytes(16 * 16 * 3);
    pixels.read_pixels(record, 0, bytes);
    vision::Image image({16, 16});
    for (std::size_t i = 0; i < bytes.size(); ++i) image.pixels()[i] = vision::to_unit(bytes[i]);
    const auto grid = tokenizer->encode(std::span(&image, 1))[0];
    std::vector<std::int32_t> codes(64);
    tokens.read_codes(record, 0, codes);
    for (std::size_t i = 0; i < 64; ++i) {
      differ += codes[i] != grid.cells()[i];
      ++compared;
    }
  }
  EXPECT_LE(differ, compared / 50);  // near ties

  ASSERT_EQ(run_train({"denoiser", "--data", at("tokens"), "--tokenizer", at("vq/model"), "--output-dir", at("den"), "--device",
                       "cpu", "--threads", "1", "--max-train-steps", "12", "--train-batch-size", "8", "--width", "32", "--layers", "1",
                       "--heads", "2", "--mlp-width", "64", "--validation-steps", "6", "--sample-count", "4",
                       "--caption-limit", "4", "--log-steps", "3"}, &text), 0) << text;
  for (const char* name : {"den/samples/step-12-captions.tsv", "den/samples/step-12-pictures.png", "den/loss.svg",
                           "den/config.toml", "vq/samples/step-60-reconstruction.png"}) {
    EXPECT_GT(fs::file_size(root_ / name), 50U) << name;
  }
  for (const char* dtype : {"bf16", "int8"}) {
    ASSERT_EQ(run_train({"export", "--model", at("den/model"), "--output-dir", at(dtype), "--dtype", dtype}, &text), 0) << text;
    const auto config = weights::read_json_file(root_ / dtype / "config.json");
    const auto family = fusion::open_model_family(config, root_ / dtype / "config.json");
    fusion::DenoiserShape shape{{family->sizes().total()}, {1, false}, {1, false}, fusion::DenoiserHead::logits};
    const auto checkpoint = weights::Checkpoint::open(root_ / dtype);
    weights::check_manifest(family->build(shape).weights(), checkpoint, checkpoint.path());
  }
}

TEST_F(LacunaTrain, KillNineAtAnyMomentLosesNothing) {
  write_toy_tokens(root_ / "tokens", 10, 2);
  const Arguments more{"--max-train-steps", "60", "--checkpointing-steps", "1", "--validation-steps", "10"};
  ASSERT_EQ(run_train(small_denoiser("whole", more)), 0);
  Arguments resume = more;
  resume.insert(resume.end(), {"--resume-from-checkpoint", "latest"});
  int kills = 0;
  for (int round = 0; round < 30; ++round) {
    TrainProcess process(small_denoiser("killed", resume), root_ / "output");
    // Past the start of the program, then at an arbitrary moment of a step or a save.
    const auto began = std::chrono::steady_clock::now();
    const std::size_t seen = [&] {
      std::error_code error;
      const auto count = [&] { return fs::exists(root_ / "killed/checkpoints/latest") ? file("killed/checkpoints/latest") : ""; };
      const std::string before = count();
      while (process.is_running() && count() == before &&
             std::chrono::steady_clock::now() - began < std::chrono::seconds(30)) {
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
      }
      return before.size();
    }();
    (void)seen;
    if (kills < 4) std::this_thread::sleep_for(std::chrono::microseconds(1000 + 3713 * round));
    if (kills < 4 && process.is_running()) {
      process.kill(SIGKILL);
      process.wait();
      ++kills;
      continue;
    }
    ASSERT_EQ(process.wait(), 0) << file("output");
    break;
  }
  EXPECT_GE(kills, 2);
  expect_same_checkpoint("killed/checkpoints/step-60", "whole/checkpoints/step-60");
  EXPECT_EQ(file("killed/validation.csv"), file("whole/validation.csv"));
  for (const auto& entry : fs::directory_iterator(root_ / "killed/checkpoints")) EXPECT_NE(entry.path().extension(), ".tmp");
}

TEST_F(LacunaTrain, SigtermWritesACheckpoint) {
  write_toy_tokens(root_ / "tokens", 10, 2);
  TrainProcess process(small_denoiser("run", {"--max-train-steps", "1000000"}), root_ / "output");
  for (int i = 0; i < 600 && !fs::exists(root_ / "run/train.csv"); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  process.kill(SIGTERM);
  EXPECT_EQ(process.wait(), 143);
  EXPECT_TRUE(fs::exists(root_ / "run/checkpoints/latest")) << file("output");
  EXPECT_TRUE(fs::exists(root_ / "run/model/model.safetensors"));
}

TEST_F(LacunaTrain, TwoProcessesAreOne) {
  write_toy_tokens(root_ / "tokens", 10, 2);
  const auto run_two = [&](const std::string& output, const Arguments& more) {
    Arguments all = small_denoiser(output, more);
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (all[i] == "--train-batch-size") all[i + 1] = "4";
    }
    const std::string port = std::to_string(20000 + ::getpid() % 20000);
    const auto environment = [&](const char* rank) {
      return std::map<std::string, std::string>{
          {"RANK", rank}, {"LOCAL_RANK", rank}, {"WORLD_SIZE", "2"}, {"MASTER_ADDR", "127.0.0.1"}, {"MASTER_PORT", port}};
    };
    TrainProcess first(all, root_ / "rank0", environment("0")), second(all, root_ / "rank1", environment("1"));
    return std::pair(first.wait(), second.wait());
  };
  const auto status = run_two("two", {"--max-train-steps", "12", "--checkpointing-steps", "5"});
  if (status.first == 1 && file("rank0").find("without c10d") != std::string::npos) GTEST_SKIP() << file("rank0");
  ASSERT_EQ(status, std::pair(0, 0)) << file("rank0") << file("rank1");
  ASSERT_EQ(run_train(small_denoiser("one", {"--max-train-steps", "12", "--checkpointing-steps", "5"})), 0);
  const auto one = column(root_ / "one/train.csv", "loss"), two = column(root_ / "two/train.csv", "loss");
  ASSERT_EQ(one.size(), two.size());
  for (std::size_t i = 0; i < one.size(); ++i) EXPECT_NEAR(one[i], two[i], 1e-5 * std::abs(one[i]));
  // Stopped at step 5 and resumed, both of them.
  fs::create_directories(root_ / "resumed/checkpoints");
  fs::copy(root_ / "two/checkpoints/step-5", root_ / "resumed/checkpoints/step-5", fs::copy_options::recursive);
  ASSERT_EQ(run_two("resumed", {"--max-train-steps", "12", "--checkpointing-steps", "5", "--resume-from-checkpoint", "latest"}),
            std::pair(0, 0)) << file("rank0");
  expect_same_checkpoint("resumed/checkpoints/step-12", "two/checkpoints/step-12");
}

TEST_F(LacunaTrain, LossCurveIsTheOneOnRecord) {
  write_toy_tokens(root_ / "tokens", 10, 2);
  ASSERT_EQ(run_train(small_denoiser("run", {"--max-train-steps", "40", "--log-steps", "4", "--seed", "3"})), 0);
  const auto got = column(root_ / "run/train.csv", "loss");
  const fs::path golden = fs::path(LACUNA_SOURCE_DIR) / "tests/golden/training/denoiser_loss.csv";
  const auto expected = column(golden, "loss");
  ASSERT_EQ(got.size(), expected.size());
  ASSERT_EQ(got.size(), 10U);
  for (std::size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], expected[i], 2e-3 * expected[i]) << i;
  EXPECT_LT(got.back(), 0.9 * got.front());
}

TEST_F(LacunaTrain, LearnsToCaptionAFewPictures) {
  write_toy_tokens(root_ / "tokens", 4, 2);  // too few for a held-out part: measured on what it learns
  ASSERT_EQ(run_train(small_denoiser("run", {"--max-train-steps", "500", "--caption-limit", "4", "--captioning-weight", "1",
                                             "--validation-steps", "500", "--ema-decay", "0.95", "--mixed-precision",
                                             "bf16", "--log-steps", "50"})), 0);
  EXPECT_EQ(column(root_ / "run/validation.csv", "val_caption_accuracy").back(), 1.0);
}

TEST_F(LacunaTrain, BadCallsHaveTheirExitCodesAndMessages) {
  write_toy_tokens(root_ / "tokens", 10, 2);
  write_toy_shards(root_ / "pixels");
  std::ofstream(root_ / "bad.toml") << "[run]\nlearning-rate = 1e-3\n";
  const struct {
    Arguments arguments;
    int status;
    const char* message;
  } cases[] = {
      {{}, 2, "expected a verb"},
      {{"paint"}, 2, "unknown verb \"paint\""},
      {{"help"}, 0, "denoiser"},
      {{"denoiser", "--help"}, 0, "--cond-dropout-prob"},
      {{"denoiser"}, 64, "--data"},
      {{"denoiser", "--frobnicate", "1"}, 64, "unknown flag --frobnicate"},
      {{"denoiser", "--learning-rate", "fast"}, 64, "expected a number"},
      {{"denoiser", "--config", at("bad.toml")}, 64, "bad.toml:2: unknown setting \"learning-rate\" in [run]"},
      {{"denoiser", "--config", at("missing.toml")}, 66, "missing.toml"},
      {{"denoiser", "--data", at("nowhere")}, 66, "nowhere"},
      {{"denoiser", "--data", at("pixels"), "--output-dir", at("x"), "--device", "cpu"}, 64, "shards of codes"},
      {{"vq", "--data", at("tokens"), "--output-dir", at("x"), "--device", "cpu"}, 64, "shards of pixels"},
      {{"vq", "--data", at("pixels"), "--output-dir", at("x"), "--device", "cpu", "--multipliers", "1,x"}, 64, "--multipliers"},
      {{"encode", "--data", at("pixels"), "--tokenizer", at("nowhere"), "--output-dir", at("x"), "--device", "cpu"}, 66, "nowhere"},
      {{"export", "--model", at("nowhere"), "--output-dir", at("x")}, 66, "nowhere"},
  };
  for (const auto& c : cases) {
    std::string text;
    EXPECT_EQ(run_train(c.arguments, &text), c.status) << text;
    EXPECT_NE(text.find(c.message), std::string::npos) << text;
  }
}

}  // namespace
}  // namespace lacuna::training
