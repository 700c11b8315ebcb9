#include "fusion/models/mmada_family.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>
#include <string>
#include <utility>

#include "fusion/image_ids.h"
#include "fusion/models/llada_family.h"

namespace lacuna::fusion {
namespace {

constexpr std::size_t kFixedPrefix = 513;

class MmadaFamily final : public ModelFamily {
 public:
  explicit MmadaFamily(MmadaConfig config) : config_(std::move(config)), layout_(config_.layout_tokens()) {
    config_.validate();
    space_.size = config_.transformer.vocabulary;
    space_.text = {0, space_.size};
    space_.image = config_.codes;
    space_.mask = config_.tokens.mask;
    space_.end_of_text = config_.tokens.end_of_text;
    space_.begin_image = layout_.begin_image;
    space_.end_image = layout_.end_image;
    space_.end_of_turn = config_.tokens.end_of_turn;
    space_.text_end = TextEnd::plain;
    space_.validate();
    sizes_ = {config_.text_length, config_.grid_height, config_.grid_width};
  }

  const TokenSpace& tokens() const override { return space_; }
  const TransformerConfig& transformer() const override { return config_.transformer; }
  const LayoutSizes& sizes() const override { return sizes_; }
  graph::Graph build(const DenoiserShape& shape) const override {
    return build_denoiser(config_.transformer, space_, llada_names(), shape);
  }
  std::vector<std::int32_t> positions(const Canvas& canvas) const override { return counted_positions(canvas); }

  /// Without a question of its own: the words stand where an answer would.
  Canvas caption(std::span<const std::int32_t> codes, std::span<const std::int32_t> prefix) const override {
    const int length = std::max(128, int(prefix.size()));
    return write({{}, prefix, length, codes, config_.grid_height, config_.grid_width});
  }

  Canvas generate(std::span<const std::int32_t> text) const override {
    return infill(text, std::vector<std::int32_t>(std::size_t(sizes_.image_length()), kMaskedCode));
  }

  /// Show-o's procedure: known codes of a text-to-image row stay as they are.
  Canvas infill(std::span<const std::int32_t> text, std::span<const std::int32_t> codes) const override {
    return drawing_canvas(space_, layout_, sizes_, text, codes);
  }

  Canvas joint() const override {
    throw std::invalid_argument("[joint] expected a text or a picture; MMaDA was not trained to draw both at once");
  }

  Canvas write(const TextTask& task) const override {
    Canvas canvas;
    if (!task.codes.empty()) {
      canvas.append_frame(layout_.understand);
      canvas.append_frame(space_.begin_image);
      const auto ids = image_ids(space_, task.codes, task.grid_height * task.grid_width, MaskedCodes::refused);
      canvas.append_span(space_, Modality::image, ids, task.grid_height, task.grid_width);
      canvas.append_frame(space_.end_image);
    }
    append_prompt(space_, task.prompt, canvas);
    append_answer(space_, task, canvas);
    return canvas;
  }

  Branch unconditional(const Canvas& canvas, Modality modality) const override {
    if (modality == Modality::text) return without_prompt(space_, canvas);
    const Span& span = canvas.span(Modality::image);
    const auto image = canvas.ids(Modality::image);
    const MmadaRow row = mmada_row(layout_, MmadaTask::text_to_image, {}, image, config_.text_length);
    if (config_.prefix == PicturePrefix::first_513) return with_fixed_prefix(canvas, row);
    const auto padding = std::size_t(std::ranges::find(row.validity, 1) - row.validity.begin());
    return branch(row.ids, padding, int(row.ids.size()) - span.size - 1 - int(padding) - span.begin);
  }

  std::unique_ptr<ModelFamily> as_released() const override {
    MmadaConfig config = config_;
    config.prefix = PicturePrefix::first_513;
    return make_mmada_family(config);
  }
  weights::Json config_section() const override { return llada_tokens_section(config_.tokens); }
  ChatStyle chat_style() const override { return ChatStyle::mmada; }

 private:
  /// Ids from `padding` on at their places in the padded row.
  static Branch branch(const std::vector<std::int32_t>& padded, std::size_t padding, int shift) {
    Branch result{{padded.begin() + std::ptrdiff_t(padding), padded.end()}, {}, shift};
    result.positions.resize(result.ids.size());
    std::iota(result.positions.begin(), result.positions.end(), std::int32_t(padding));
    return result;
  }

  /// The original counts 513 ids of the unconditional row whatever the text length, and takes the rest from the
  /// conditional one, so that with short texts the codes drawn so far never reach the branch.
  Branch with_fixed_prefix(const Canvas& canvas, const MmadaRow& row) const {
    std::vector<std::int32_t> ids = row.ids;
    const auto first = std::size_t(canvas.first_position());
    for (std::size_t i = first; i < ids.size(); ++i) {
      const std::size_t at = i - first;  // both rows have the same length, padding included
      if (i >= kFixedPrefix) {
        ids[i] = canvas.ids()[at];
      } else if (canvas.states()[at] == PositionState::revealed) {
        ids[i] = space_.mask;
      }
    }
    const auto padding = std::size_t(std::ranges::find(row.validity, 1) - row.validity.begin());
    return branch(ids, padding, int(first) - int(padding));
  }

  MmadaConfig config_;
  MmadaTokens layout_;
  TokenSpace space_;
  LayoutSizes sizes_;
};

}  // namespace

MmadaTokens MmadaConfig::layout_tokens() const {
  MmadaTokens t = MmadaTokens::from_reserved(tokens.first_reserved);
  t.begin_of_text = tokens.begin_of_text;
  t.end_of_text = tokens.end_of_text;
  t.end_header = tokens.end_header;
  return t;
}

void MmadaConfig::validate() const {
  transformer.validate();
  const auto require = [](bool ok, const char* rule) {
    if (!ok) throw std::invalid_argument(std::string("[mmada] expected ") + rule);
  };
  require(tokens.begin_of_text >= 0, "a tokenizer with <|startoftext|>");
  require(tokens.first_reserved >= 0, "a tokenizer with <|reserved_token_0|>, the first of the task tokens");
  require(codes.begin >= 0 && codes.end() <= transformer.vocabulary,
          "an embedding with a row for every image code behind the tokenizer's ids");
  require(text_length >= 2 && text_length <= 65536, "a text length from 2 to 65536");
  require(grid_height >= 1 && grid_width >= 1 && grid_height <= 4096 && grid_width <= 4096,
          "an image grid from 1 to 4096 codes along each side");
}

MmadaConfig MmadaConfig::from_json(const weights::Json& json, const std::filesystem::path& file,
                                   const TokenNames* names) {
  weights::ConfigReader c(json, file);
  c.one_of("model_type", {"mmada"});
  MmadaConfig config;
  config.transformer = read_llada_transformer(c);
  config.tokens = read_llada_tokens(c, names, config.transformer.vocabulary);
  config.codes = {config.tokens.count, std::int32_t(c.integer_or("codebook_size", 8192, 1, 1 << 24))};
  if (c.boolean_or("w_clip_vit", false)) c.fail("w_clip_vit", "expected false: pictures come as codes alone");
  if (c.integer_or("num_new_special_tokens", 0, 0, 1 << 20) != 0) {
    c.fail("num_new_special_tokens", "expected 0: task tokens are the tokenizer's reserved ones");
  }
  const auto tokens = int(c.integer_or("num_vq_tokens", 1024, 1, 1 << 20));
  config.grid_height = config.grid_width = int(std::lround(std::sqrt(double(tokens))));
  if (config.grid_height * config.grid_width != tokens) c.fail("num_vq_tokens", "expected a square number");
  if (const weights::Json* section = json.find("lacuna"); section && section->is_object()) {
    weights::ConfigReader s(*section, file);
    config.text_length = int(s.integer_or("text_length", config.text_length, 2, 65536));
    const auto grid = s.integers_or("image_grid", {config.grid_height, config.grid_width}, 1, 4096, 2);
    if (grid.size() != 2) s.fail("image_grid", "expected [rows, columns]");
    config.grid_height = int(grid[0]);
    config.grid_width = int(grid[1]);
  }
  c.ignore({"gradient_checkpointing", "llm_model_path", "llm_vocab_size", "load_from_showo", "new_vocab_size",
            "pretrained_model_path"});
  c.finish();
  try {
    config.validate();
  } catch (const std::invalid_argument& error) {
    c.fail("model_type", error.what());
  }
  return config;
}

std::unique_ptr<ModelFamily> make_mmada_family(const MmadaConfig& config) {
  return std::make_unique<MmadaFamily>(config);
}

Canvas drawing_canvas(const TokenSpace& space, const MmadaTokens& layout, const LayoutSizes& sizes,
                      std::span<const std::int32_t> text, std::span<const std::int32_t> codes) {
  const auto image = image_ids(space, codes, sizes.image_length(), MaskedCodes::allowed);
  const MmadaRow row = mmada_row(layout, MmadaTask::text_to_image, text, image, sizes.text_length);
  const auto padding = std::size_t(std::ranges::find(row.validity, 1) - row.validity.begin());
  Canvas canvas;
  canvas.set_first_position(int(padding));
  const std::size_t image_begin = row.ids.size() - image.size() - 1;
  append_prompt(space, std::span(row.ids).subspan(padding, image_begin - padding), canvas);
  canvas.append_span(space, Modality::image, image, sizes.grid_height, sizes.grid_width);
  canvas.append_frame(space.end_image);
  return canvas;
}

}  // namespace lacuna::fusion
