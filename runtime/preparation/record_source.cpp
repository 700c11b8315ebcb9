#include "runtime/preparation/record_source.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "fusion/graph/philox.h"
#include "runtime/preparation/palette.h"
#include "runtime/preparation/parallel.h"
#include "runtime/weights/io_error.h"
#include "vision/colour.h"
#include "vision/image_io.h"
#include "vision/resize.h"

namespace lacuna::preparation {
namespace {

using training::PictureKind;
using training::PixelEncoding;
using training::ShardPicture;
using training::ShardRecord;

/// Keeps the seeds of augmentation apart from the draws of captions.cpp, which share the stream.
constexpr std::uint32_t kAugmentStep = std::uint32_t{16} << 24;

std::vector<std::string> distinct(const std::vector<CaptionRow>& rows,
                                  std::string CaptionRow::*name) {
  std::vector<std::string> out;
  out.reserve(rows.size());
  for (const CaptionRow& row : rows) out.push_back(row.*name);
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

std::int32_t number_of(const std::vector<std::string>& names, const std::string& name) {
  return std::int32_t(std::lower_bound(names.begin(), names.end(), name) - names.begin());
}

std::uint64_t augment_seed(std::uint64_t seed, std::int32_t line, int copy) {
  const auto r = graph::philox4x32({std::uint32_t(seed), std::uint32_t(seed >> 32)},
                                   {std::uint32_t(line), kAugmentStep | std::uint32_t(copy),
                                    static_cast<std::uint32_t>(graph::RandomStream::data), 0});
  return (std::uint64_t{r[0]} << 32) | r[1];
}

bool has_emoji(std::string_view name) { return name.find("emoji") != std::string_view::npos; }

}  // namespace

RecordSource::RecordSource(const PrepareOptions& options, const PrepareTokenizers& tokenizers,
                           const training::ShardLayout& layout, const std::vector<CaptionRow>& rows)
    : options_(options),
      tokenizers_(tokenizers),
      layout_(layout),
      labels_(distinct(rows, &CaptionRow::label)),
      styles_(distinct(rows, &CaptionRow::style)) {}

bool RecordSource::is_ink_mask(const CaptionRow& row) const {
  return row.tier == "mask" && row.file.starts_with("mask") &&
         row.file.find('/') != std::string::npos;
}

std::optional<InkAndGround> RecordSource::colours(const CaptionRow& row, int copy) const {
  if (!is_ink_mask(row) || has_emoji(row.set) || has_emoji(row.style)) return std::nullopt;
  return draw_colours(options_.seed, row.line, copy);
}

int RecordSource::record_count(const CaptionRow& row) const {
  return colours(row, 0) ? options_.mask_copies : 1;
}

int RecordSource::picture_count(const CaptionRow& row) const {
  return row.split == training::Split::train ? options_.augment_copies : 1;
}

std::vector<ShardRecord> RecordSource::outline(const CaptionRow& row,
                                               CaptionLengths& lengths) const {
  std::vector<ShardRecord> out;
  const int count = record_count(row);
  for (int copy = 0; copy < count; ++copy) {
    ShardRecord record;
    record.split = row.split;
    record.label = number_of(labels_, row.label);
    record.style = number_of(styles_, row.style);
    record.weight = row.weight / float(count);
    record.source_line = row.line;
    record.captions =
        encode_captions(caption_variants(row, options_.mix, options_.seed, colours(row, copy)),
                        tokenizers_.text, options_.text_length, lengths);
    record.pictures.resize(std::size_t(picture_count(row)));
    out.push_back(std::move(record));
  }
  return out;
}

std::vector<vision::Image8> RecordSource::load(const CaptionRow& row) const {
  const vision::Size size{layout_.picture_height, layout_.picture_width};
  const vision::Image8 stored = vision::read_image(options_.data / row.file).image;
  std::vector<vision::Image8> out;
  for (int copy = 0; copy < record_count(row); ++copy) {
    vision::Image8 picture = stored;
    vision::Rgb8 ground;
    if (is_ink_mask(row)) {
      vision::Rgb8 ink{0, 0, 0};
      if (const auto drawn = colours(row, copy)) {
        ink = kNamedColours[std::size_t(drawn->ink)].colour;
        ground = kNamedColours[std::size_t(drawn->ground)].colour;
      }
      picture = vision::recolour(stored, ink, ground);
    }
    vision::Image fitted = vision::fit(picture, vision::letterbox(picture.size(), size), ground);
    vision::AugmentOptions change = options_.augment;
    change.background = ground;
    for (int k = 0; k < picture_count(row); ++k) {
      out.push_back(vision::to_image8(
          k == 0 ? fitted
                 : vision::augment(fitted, change,
                                   augment_seed(options_.seed, row.line, copy * 256 + k))));
    }
  }
  return out;
}

RecordSource::Loaded RecordSource::try_load(const CaptionRow& row) const {
  try {
    return load(row);
  } catch (const vision::ImageError& error) {
    return BadPicture{row.line, row.file, error.reason()};
  } catch (const weights::IoError& error) {
    return BadPicture{row.line, row.file, error.what()};
  }
}

void RecordSource::store_pixels(const vision::Image8& picture, ShardPicture& out) const {
  if (layout_.encoding == PixelEncoding::palette) {
    PalettePicture reduced = reduce_colors(picture, layout_.palette_colors);
    out.pixels = std::move(reduced.indices);
    out.palette = std::move(reduced.palette);
  } else {
    out.pixels.assign(picture.bytes().begin(), picture.bytes().end());
  }
}

void RecordSource::encode(std::span<const vision::Image8> pictures,
                          std::span<ShardPicture*> out) const {
  std::vector<vision::Image> batch;
  batch.reserve(pictures.size());
  for (const vision::Image8& picture : pictures) batch.push_back(vision::to_image(picture));
  const auto grids = tokenizers_.pictures->encode(batch);
  for (std::size_t i = 0; i < out.size(); ++i) {
    vision::validate_codes(grids.at(i), layout_.codebook_size);
    const auto cells = grids[i].cells();
    out[i]->codes.assign(cells.begin(), cells.end());
  }
}

void RecordSource::append(std::span<const CaptionRow> rows, std::vector<ShardRecord>& records,
                          std::vector<BadPicture>& bad) const {
  std::vector<Loaded> loaded(rows.size());
  std::vector<std::vector<ShardRecord>> made(rows.size());
  const bool pixels = layout_.kind == PictureKind::pixels;
  parallel_for(rows.size(), options_.threads, [&](std::size_t i) {
    CaptionLengths ignored;
    loaded[i] = try_load(rows[i]);
    if (std::holds_alternative<BadPicture>(loaded[i])) return;
    made[i] = outline(rows[i], ignored);
    if (!pixels) return;
    auto& pictures = std::get<std::vector<vision::Image8>>(loaded[i]);
    std::size_t next = 0;
    for (ShardRecord& record : made[i]) {
      for (ShardPicture& picture : record.pictures) store_pixels(pictures[next++], picture);
    }
    pictures.clear();
  });

  std::vector<vision::Image8> waiting;
  std::vector<ShardPicture*> targets;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (auto* reason = std::get_if<BadPicture>(&loaded[i])) {
      bad.push_back(std::move(*reason));
      continue;
    }
    if (pixels) continue;
    for (vision::Image8& picture : std::get<std::vector<vision::Image8>>(loaded[i])) {
      waiting.push_back(std::move(picture));
    }
    for (ShardRecord& record : made[i]) {
      for (ShardPicture& picture : record.pictures) targets.push_back(&picture);
    }
  }
  const auto batch = std::size_t(options_.batch_size);
  for (std::size_t first = 0; first < waiting.size(); first += batch) {
    const std::size_t count = std::min(batch, waiting.size() - first);
    encode(std::span(waiting).subspan(first, count), std::span(targets).subspan(first, count));
  }
  for (auto& row : made) std::move(row.begin(), row.end(), std::back_inserter(records));
}

}  // namespace lacuna::preparation
