#include "tools/lacuna/describe.h"

#include <algorithm>
#include <fstream>
#include <map>

#include "fusion/models/model_registry.h"
#include "fusion/training/shards/sha256.h"
#include "fusion/models/model_registry.h"
#include "runtime/generation/model.h"
#include "runtime/weights/checkpoint.h"
#include "runtime/weights/json_file.h"
#include "tools/lacuna/failure.h"
#include "tools/lacuna/log.h"
#include "tools/lacuna/memory_report.h"
#include "tools/lacuna/model_files.h"
#include "tools/lacuna/model_finder.h"
#include "text/byte_tokenizer.h"
#include "text/vocabulary_files.h"
#include "vision/image_io.h"
#include "vision/read_vq_config.h"

namespace lacuna::tools {
namespace {

namespace fs = std::filesystem;
using weights::Json;

/// Number of parameters, bytes and how many tensors there are of each dtype.
Json weights_of(const weights::Checkpoint& checkpoint) {
  std::int64_t parameters = 0;
  std::map<std::string, int> dtypes;
  for (const std::string& name : checkpoint.names()) {
    const graph::WeightView* view = checkpoint.find(name);
    parameters += view->shape.elements();
    ++dtypes[std::string(graph::name_of(view->dtype))];
  }
  std::string kinds;
  for (const auto& [dtype, count] : dtypes) {
    kinds += (kinds.empty() ? "" : ", ") + std::to_string(count) + " " + dtype;
  }
  return Json::object()
      .set("parameters", parameters)
      .set("tensors", kinds)
      .set("bytes", checkpoint.total_bytes());
}

std::string text_or(const std::string& text, const char* otherwise) {
  return text.empty() ? otherwise : text;
}

/// What few models have is said only of those.
Json describe_transformer(const fusion::ModelFamily& family) {
  const fusion::TransformerConfig& t = family.transformer();
  Json json = Json::object()
                  .set("layers", t.layers)
                  .set("width", t.width)
                  .set("heads", t.heads)
                  .set("key_value_heads", t.kv_heads)
                  .set("mlp_width", t.mlp_width);
  if (family.noise() == fusion::NoiseKind::uniform) json.set("noise", "uniform");
  if (t.time != fusion::TimeInput::absent) json.set("time_input", true);
  if (const auto habit = family.writing_habit(); habit && habit->block > 0) json.set("block_length", habit->block);
  return json;
}

std::string describe_tokenizer(const fs::path& folder) {
  if (fs::exists(folder / "tokenizer.model")) return "SentencePiece";
  if (fs::exists(folder / "tokenizer.json")) return "tokenizer.json";
  if (text::has_vocabulary_files(folder)) return "vocab.json";
  try {
    text::ByteTokenizer::open(folder / text::ByteTokenizer::kFileName);
    return "bytes";
  } catch (const std::runtime_error&) {
    return "none; lacuna complete takes one with --tokenizer";
  }
}

Json describe_tokens(const fusion::TokenSpace& tokens) {
  return Json::object()
      .set("size", tokens.size)
      .set("text", tokens.text.size)
      .set("codebook", tokens.image.size)
      .set("mask_id", tokens.mask)
      .set("end_of_text_id", tokens.end_of_text);
}

Json describe_memory(const fusion::ModelFamily& family, const fs::path& folder) {
  const MemoryNeed caption = memory_needed(family, folder, {1, false});
  if (!family.tokens().has_images()) return Json::object().set("write_bytes", caption.total());
  const MemoryNeed generate = memory_needed(family, folder, {1, true});
  return Json::object()
      .set("caption_bytes", caption.total())
      .set("generate_bytes", generate.total());
}

bool is_picture(const fs::path& path) {
  std::string extension = path.extension().string();
  std::ranges::transform(extension, extension.begin(),
                         [](unsigned char c) { return char(std::tolower(c)); });
  return extension == ".png" || extension == ".jpg" || extension == ".jpeg" || extension == ".bmp";
}

std::string show(const std::string& key, const Json& value) {
  if (value.is_string()) return value.as_string();
  if (key.ends_with("bytes") && value.is_integer()) return mebibytes(double(value.as_integer()));
  return value.dump();
}

void append_table(const Json& object, std::size_t indent, std::string& out) {
  std::size_t widest = 0;
  for (const auto& member : object.as_object()) widest = std::max(widest, member.key.size());
  for (const auto& [key, value] : object.as_object()) {
    out.append(indent, ' ');
    out += key;
    if (value.is_object()) {
      out += '\n';
      append_table(value, indent + 2, out);
      continue;
    }
    out.append(widest - key.size() + 2, ' ');
    // Further lines of a text stand under its first.
    for (const char c : show(key, value)) {
      out += c;
      if (c == '\n') out.append(indent + widest + 2, ' ');
    }
    out += '\n';
  }
}

}  // namespace

Json describe_image_tokenizer(const fs::path& folder) {
  const weights::Checkpoint checkpoint = weights::Checkpoint::open(folder);
  const vision::VqConfig config = vision::read_vq_config(folder, checkpoint);
  return Json::object()
      .set("kind", "image tokenizer")
      .set("codebook", config.codebook_size)
      .set("pixels_per_code", config.pixels_per_code())
      .set("quantiser", config.quantiser == vision::Quantiser::sign ? "sign" : "nearest")
      .set("latent_channels", config.latent_channels)
      .set("weights", weights_of(checkpoint));
}

Json describe_model(const fs::path& folder) {
  const Json config = weights::read_json_file(folder / "config.json");
  const auto family = generation::open_family(folder);
  const bool has_images = family->tokens().has_images();
  const auto& sizes = family->sizes();
  const weights::Checkpoint checkpoint = weights::Checkpoint::open(folder);
  Json json =
      Json::object()
          .set("kind", "model")
          .set("name", model_name(folder))
          .set("path", folder.string())
          .set("architecture", fusion::model_type_of(config, folder / "config.json"))
          .set("license", text_or(model_license(folder), "not stated"));
  if (has_images) {
    const Json image_tokenizer = describe_image_tokenizer(folder / "image_tokenizer");
    const int cell = int(image_tokenizer.at("pixels_per_code").as_integer());
    json.set("picture", std::to_string(sizes.grid_width * cell) + "x" + std::to_string(sizes.grid_height * cell) +
                            " pixels, " + std::to_string(sizes.grid_width) + "x" +
                            std::to_string(sizes.grid_height) + " codes");
    json.set("image_tokenizer", image_tokenizer);
  }
  json.set("text_tokens", sizes.text_length)
      .set("transformer", describe_transformer(*family))
      .set("vocabulary", describe_tokens(family->tokens()))
      .set("weights", weights_of(checkpoint))
      .set("tokenizer", describe_tokenizer(folder))
      .set("memory_needed", describe_memory(*family, folder));
  Json files = Json::object();
  for (const fs::path& name : model_files(folder)) {
    files.set(name.generic_string(), training::sha256_of_file(folder / name));
  }
  return json.set("sha256", model_sha256(folder)).set("files_sha256", std::move(files));
}

Json describe_checkpoint(const fs::path& path) {
  const weights::Checkpoint checkpoint = weights::Checkpoint::open(path);
  Json json = Json::object().set("kind", "checkpoint").set("path", checkpoint.path().string());
  if (!checkpoint.metadata().empty()) {
    Json metadata = Json::object();
    for (const auto& [key, value] : checkpoint.metadata()) metadata.set(key, value);
    json.set("metadata", std::move(metadata));
  }
  return json.set("weights", weights_of(checkpoint))
      .set("sha256", training::sha256_of_file(checkpoint.path()));
}

Json describe_picture(const fs::path& path) {
  const vision::DecodedImage picture = vision::read_image(path);
  Json json = Json::object()
                  .set("kind", "picture")
                  .set("path", path.string())
                  .set("format", vision::to_string(picture.format))
                  .set("width", picture.image.width())
                  .set("height", picture.image.height())
                  .set("bits_per_channel", picture.bit_depth)
                  .set("alpha", picture.had_alpha);
  if (picture.format != vision::ImageFormat::png) return json;
  for (const vision::PngText& text : vision::read_image_texts(path)) {
    Json value(text.value);
    if (text.key == vision::kPngLacunaKey) {
      try {
        value = Json::parse(text.value);
      } catch (const weights::JsonError&) {
        // Shown as the text it is.
      }
    }
    json.set(text.key, std::move(value));
  }
  return json;
}

Json describe(const std::string& what) {
  std::error_code error;
  const fs::path path(what);
  if (fs::is_directory(path, error)) {
    const fs::path file = path / "config.json";
    if (!fs::exists(file, error)) return describe_checkpoint(path);
    const Json config = weights::read_json_file(file);
    const auto says = [&](const char* key, const char* value) {
      const Json* field = config.is_object() ? config.find(key) : nullptr;
      return field && field->is_string() && field->as_string() == value;
    };
    const bool is_images = says("model_type", "vq_image_tokenizer") || says("_class_name", "MAGVITv2");
    return is_images ? describe_image_tokenizer(path) : describe_model(path);
  }
  if (is_picture(path)) return describe_picture(path);
  if (fs::exists(path, error)) return describe_checkpoint(path);
  if (what.find('/') != std::string::npos || path.has_extension()) {
    throw Failure(kMissingFile, what + ": there is no such file or folder");
  }
  return describe_model(find_model(what));
}

std::string table_of(const Json& object) {
  std::string out;
  append_table(object, 0, out);
  return out;
}

}  // namespace lacuna::tools
