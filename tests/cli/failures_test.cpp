#include <sys/mount.h>
#include <unistd.h>

#include "tests/cli/cli_fixture.h"
#include "tools/lacuna/failure.h"

/// Every kind of bad input has its documented exit code and a message that names the thing.
namespace lacuna::test {
namespace {

namespace fs = std::filesystem;

class Failures : public Cli {
 protected:
  /// A copy of the tiny model to break.
  std::string copy_model() const {
    fs::copy(tiny_model(), file("model"), fs::copy_options::recursive);
    return file("model");
  }
  RunResult draw_with(const std::string& model) const {
    return run({"generate", "-p", "goat", "-o", file("a.png"), "-m", model});
  }
  RunResult draw(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"generate", "-p", "goat", "-o", file("a.png")});
    return sample(std::move(arguments));
  }
  void edit(const std::string& path, const std::string& from, const std::string& to) const {
    std::string text = get_file(path);
    const std::size_t at = text.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    put_file(path, text.replace(at, from.size(), to));
  }
};

TEST_F(Failures, MissingModel) {
  expect_failure(draw_with(file("nowhere")), 66, "nowhere");
  const auto named = draw_with("no-such-model");
  expect_failure(named, 66, "no-such-model");
  EXPECT_NE(named.err.find("looked at"), std::string::npos);
}

TEST_F(Failures, TruncatedModel) {
  const std::string model = copy_model();
  fs::resize_file(model + "/model.safetensors", 20'000);
  expect_failure(draw_with(model), 65, "model.safetensors");
}

TEST_F(Failures, EmptyWeights) {
  const std::string model = copy_model();
  fs::resize_file(model + "/image_tokenizer/model.safetensors", 0);
  expect_failure(draw_with(model), 65, "image_tokenizer/model.safetensors");
}

TEST_F(Failures, MissingPartOfAModel) {
  const std::string model = copy_model();
  fs::remove(model + "/tokenizer.model");
  expect_failure(draw_with(model), 66, "tokenizer.model");
}

TEST_F(Failures, WrongShapes) {
  const std::string model = copy_model();
  edit(model + "/config.json", "\"intermediate_size\": 32", "\"intermediate_size\": 48");
  expect_failure(draw_with(model), 65, "[48, 16]");
}

TEST_F(Failures, PartsOfDifferentModels) {
  const std::string model = copy_model();
  edit(model + "/image_tokenizer/config.json", "\"codebook_size\": 64", "\"codebook_size\": 65");
  expect_failure(draw_with(model), 65, "image_tokenizer");
}

TEST_F(Failures, UnknownConfigKey) {
  const std::string model = copy_model();
  edit(model + "/config.json", "\"qk_norm\"", "\"qk_nrom\"");
  expect_failure(draw_with(model), 65, "qk_nrom");
}

TEST_F(Failures, ConfigThatIsNoJson) {
  const std::string model = copy_model();
  put_file(model + "/config.json", "{\"model_type\": ");
  expect_failure(draw_with(model), 65, "config.json");
}

TEST_F(Failures, UnknownModelType) {
  const std::string model = copy_model();
  edit(model + "/config.json", "\"lacuna\"", "\"llama\"");
  expect_failure(draw_with(model), 65, "llama");
}

TEST_F(Failures, WeightsThatAreNoNumbers) {
  const std::string model = copy_model();
  std::string bytes = get_file(model + "/model.safetensors");
  std::fill(bytes.end() - 4000, bytes.end(), '\xFF');
  put_file(model + "/model.safetensors", bytes);
  expect_failure(draw_with(model), 69, "weights are damaged");
  EXPECT_FALSE(fs::exists(file("a.png")));
}

TEST_F(Failures, BadPictures) {
  put_file(file("empty.png"), "");
  put_picture("whole.png", {40, 40});
  const std::string whole = get_file(file("whole.png"));
  put_file(file("cut.png"), whole.substr(0, whole.size() / 2));
  put_file(file("huge.png"), png_claiming(100'000, 100'000));
  put_file(file("cmyk.jpg"), jpeg_cmyk());
  put_file(file("text.png"), "hello");
  expect_failure(sample({"caption", file("empty.png")}), 65, "empty.png");
  expect_failure(sample({"caption", file("cut.png")}), 65, "cut.png");
  expect_failure(sample({"caption", file("huge.png")}), 65, "100000x100000");
  expect_failure(sample({"caption", file("cmyk.jpg")}), 65, "cmyk.jpg");
  expect_failure(sample({"caption", file("text.png")}), 65, "text.png");
  expect_failure(sample({"caption", file("none.png")}), 66, "none.png");
  expect_failure(sample({"caption", folder_.path().string()}), 74, folder_.path().string());
}

TEST_F(Failures, SixteenBitPicturesAreRead) {
  put_file(file("deep.png"), png_of_16_bits());
  const auto result = sample({"caption", file("deep.png")});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_NE(run({"info", file("deep.png")}).out.find("16"), std::string::npos);
}

TEST_F(Failures, PromptLongerThanTheCanvas) {
  std::string words;
  for (int i = 0; i < 60; ++i) words += "goat ";
  const auto result = sample({"generate", "-p", words, "-o", file("a.png")});
  expect_failure(result, 64, "16 text tokens");
  EXPECT_NE(result.err.find("shorten"), std::string::npos);
  put_picture("p.png", {16, 16});
  expect_failure(sample({"caption", file("p.png"), "-p", words}), 64, "16 text tokens");
  expect_failure(sample({"infill", "--text", "[MASK:17]"}), 64, "16 text tokens");
}

TEST_F(Failures, InvalidUtf8) {
  expect_failure(sample({"generate", "-p",
                         "go\xFF"
                         "at"}),
                 64, "--prompt");
  put_file(file("p.txt"), "goat\nx\xC3\n");
  expect_failure(sample({"generate", "--prompt-file", file("p.txt")}), 64, "line 2");
  expect_failure(sample({"infill", "--text", "\xED\xA0\x80 [MASK]"}), 64, "--text");
}

TEST_F(Failures, ValuesOutOfRange) {
  expect_failure(draw({"--steps", "0"}), 64, "--steps");
  expect_failure(draw({"--steps", "-3"}), 64, "--steps");
  expect_failure(draw({"--steps", "two"}), 64, "--steps");
  expect_failure(draw({"--steps", "99999999999999999999"}), 64, "--steps");
  expect_failure(draw({"--temp", "nan"}), 64, "--temp");
  expect_failure(draw({"--temp", "inf"}), 64, "--temp");
  expect_failure(draw({"--temp", "-1"}), 64, "--temp");
  expect_failure(draw({"--cfg-scale", "nan"}), 64, "--cfg-scale");
  expect_failure(draw({"--top-p", "0"}), 64, "--top-p");
  expect_failure(draw({"--top-p", "1.5"}), 64, "--top-p");
  expect_failure(draw({"--top-k", "-1"}), 64, "--top-k");
  expect_failure(draw({"--top-k", "99999999999"}), 64, "10^9");
  expect_failure(draw({"--steps="}), 64, "--steps: expected an integer, got \"\"");
  expect_failure(draw({"--randomness", "-1"}), 64, "--randomness");
  expect_failure(draw({"--remask", "best"}), 64, "halton");
  expect_failure(draw({"--schedule", "sine"}), 64, "cosine");
  expect_failure(draw({"--batch-count", "0"}), 64, "--batch-count");
  expect_failure(draw({"--threads", "-1"}), 64, "--threads");
  expect_failure(draw({"--precision", "f8"}), 64, "--precision");
  expect_failure(draw({"--progress", "loud"}), 64, "--progress");
  expect_failure(draw({"--seed", "9223372036854775807"}), 64, "--seed");
  expect_failure(draw({"--preview", "a.gif"}), 64, "--preview");
  expect_failure(draw({"--preview-interval", "0"}), 64, "--preview-interval");
}

TEST_F(Failures, WrongUsage) {
  expect_failure(sample({"generate"}), 2, "--prompt-file");
  expect_failure(draw({"--no-such-flag"}), 2, "--no-such-flag");
  expect_failure(draw({"-n", "4"}), 2, "--batch-count");
  expect_failure(draw({"-W", "512"}), 2, "the model decides the size");
  expect_failure(run({"generate", "-p", "goat", "-m", tiny_model().string(), "--steps"}), 2,
                 "--steps");
  expect_failure(draw({"stray"}), 2, "stray");
  expect_failure(sample({"caption"}), 2, "picture");
  expect_failure(run({"frobnicate"}), 2, "frobnicate");
  expect_failure(run({}), 2, "usage");
  expect_failure(draw({"--from", "x.png", "--prompt-file", "y"}), 2, "exclude");
}

TEST_F(Failures, StdinIsReadByOneInput) {
  const std::string picture = put_picture("p.png", {16, 16});
  const std::string mask = put_mask("m.png", {16, 16}, 0, 8);
  const RunOptions piped{.input = get_file(picture)};
  expect_failure(sample({"caption", "-", "-"}, piped), 2, "stdin");
  expect_failure(sample({"caption", "-", "-p", "-"}, piped), 2, "stdin");
  expect_failure(sample({"infill", "-i", "-", "--mask", mask, "-p", "-"}, piped), 2, "stdin");
  expect_failure(sample({"infill", "-i", picture, "--mask", "-"}, piped), 2, "--mask");
  EXPECT_EQ(sample({"caption", "-"}, piped).code, 0);
}

TEST_F(Failures, OutpaintingIntoMoreThanFitsInMemory) {
  expect_failure(sample({"infill", "-i", put_picture("p.png", {16, 16}), "--outpaint",
                         "16384,16384,16384,16384"}),
                 64, "--outpaint");
}

TEST_F(Failures, UnknownDevice) { expect_failure(draw({"--device", "cuda"}), 69, "cuda"); }

TEST_F(Failures, PicturesWithoutSettings) {
  expect_failure(sample({"generate", "--from", put_picture("plain.png", {8, 8})}), 65,
                 "holds no settings");
  vision::write_image(file("odd.png"), sample_picture({8, 8}),
                      {.png_texts = {{"lacuna", "{\"format\": 9}"}}});
  expect_failure(sample({"generate", "--from", file("odd.png")}), 65, "odd.png");
  vision::write_image(file("odd.png"), sample_picture({8, 8}), {.png_texts = {{"lacuna", "[[["}}});
  expect_failure(sample({"generate", "--from", file("odd.png")}), 65, "odd.png");
}

TEST_F(Failures, OutputThatCannotBeWritten) {
  expect_failure(sample({"generate", "-p", "goat", "-o", file("no/such/a.png")}), 66, "no/such");
  expect_failure(sample({"generate", "-p", "goat", "-o", file("a.gif")}), 64, "gif");
  expect_failure(sample({"generate", "-p", "goat", "-o", file("%d-%d.png"), "--batch-count", "2"}),
                 64, "%d");
  fs::create_directory(file("folder.png"));
  expect_failure(sample({"generate", "-p", "goat", "-o", file("folder.png")}), 74, "folder.png");
  expect_failure(sample({"generate", "-p", "goat", "-o", "-", "--batch-count", "2"}), 64,
                 "several");
  if (geteuid() != 0) {
    fs::create_directory(file("closed"));
    fs::permissions(file("closed"), fs::perms::owner_read | fs::perms::owner_exec);
    expect_failure(sample({"generate", "-p", "goat", "-o", file("closed/a.png")}), 74,
                   "not writable");
  }
}

TEST_F(Failures, FullStdout) {
  if (!fs::exists("/dev/full")) GTEST_SKIP() << "no /dev/full here";
  const RunOptions full{.stdout_file = "/dev/full"};
  expect_failure(sample({"generate", "-p", "goat", "-o", "-", "--steps", "2"}, full), 74,
                 "No space left");
  expect_failure(sample({"caption", put_picture("a.png", {8, 8})}, full), 74, "No space left");
  expect_failure(run({"help"}, full), 74, "No space left");
}

TEST_F(Failures, FullDisk) {
  const std::string disk = file("disk");
  fs::create_directory(disk);
  if (mount("tmpfs", disk.c_str(), "tmpfs", 0, "size=4k") != 0)
    GTEST_SKIP() << "tmpfs cannot be mounted here";
  const std::string picture = put_picture("a.png", {200, 200});
  const std::string mask = put_mask("m.png", {200, 200}, 0, 40);
  const auto result =
      sample({"infill", "-i", picture, "--mask", mask, "-p", "goat", "-o", disk + "/b.png"});
  const auto left = files_in(disk);
  umount(disk.c_str());
  expect_failure(result, 74, "No space left");
  EXPECT_NE(result.err.find("b.png"), std::string::npos);
  EXPECT_EQ(left, 0u) << "nothing half is left behind";
}

TEST_F(Failures, OfTheFileSystemNameThePath) {
  const auto report = [](const char* path, std::errc error) {
    return tools::report_of(
        fs::filesystem_error("cannot remove", path, std::make_error_code(error)));
  };
  const tools::Report denied = report("/data/shards", std::errc::permission_denied);
  EXPECT_EQ(denied.code, tools::kInputOutput);
  EXPECT_EQ(denied.message, "/data/shards: Permission denied");
  EXPECT_EQ(report("gone", std::errc::no_such_file_or_directory).code, tools::kMissingFile);
}

TEST_F(Failures, TrainerThatIsNotThere) {
  // A copy of the binary has no lacuna-train beside it.
  const auto result = run({"train", "--help"}, {.environment = {"PATH=/nonexistent"}});
  if (fs::exists(fs::path(LACUNA_BINARY).parent_path() / "lacuna-train"))
    GTEST_SKIP() << "the trainer is built";
  expect_failure(result, 69, "lacuna-train");
}

}  // namespace
}  // namespace lacuna::test
