#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fusion/training/shards/shard_writer.h"
#include "runtime/preparation/caption_table.h"
#include "text/text_tokenizer.h"
#include "vision/tiling.h"

namespace lacuna::preparation {

/// A colour that captions name.
struct NamedColour {
  std::string_view name;
  vision::Rgb8 colour;
};

/// The twelve colours that masks are drawn with; white and black are among them.
extern const std::array<NamedColour, 12> kNamedColours;

/// Ink and ground of a recoloured mask, as numbers in kNamedColours; never equal.
struct InkAndGround {
  int ink = 0;
  int ground = 0;
  bool operator==(const InkAndGround&) const = default;
};

/// The colours of copy `copy` of the mask in line `line`: the ground is white half the time and one
/// of the eleven others else; the ink is one of the eleven that the ground is not.
InkAndGround draw_colours(std::uint64_t seed, std::int32_t line, int copy);

/// One wording of a caption and how often it is drawn.
struct CaptionVariant {
  std::string text;
  double probability = 0;
};

/// Shares of the wordings. What a row cannot fill goes to the plain ones: without keywords to
/// "style: label" and "label", without a gloss to "label", without a style the style is left out.
struct CaptionMix {
  double style_label = 0.55;    ///< "style: label"
  double label = 0.20;          ///< "label"
  double with_keywords = 0.15;  ///< "style: label, two or three keywords", several draws
  double keywords_only = 0.05;  ///< two or three keywords, several draws
  double gloss = 0.05;          ///< "label: gloss", up to the first semicolon

  /// Throws std::invalid_argument unless all are 0 or more and add up to 1.
  void validate() const;
};

/// The wordings of a row; the first is always "style: label" (or "label"). Different wordings,
/// probabilities above 0 that add up to 1. With `colours` "style: label" becomes
/// "style: INK label on GROUND", in every wording that names the style. The same seed and row give
/// the same draws of keywords.
std::vector<CaptionVariant> caption_variants(const CaptionRow& row, const CaptionMix& mix,
                                             std::uint64_t seed,
                                             const std::optional<InkAndGround>& colours = {});

/// How long captions are, counted before they are cut.
struct CaptionLengths {
  /// Captions by number of text ids.
  std::map<std::size_t, std::int64_t> counts;
  std::int64_t truncated = 0;

  void add(std::size_t ids);
  std::int64_t total() const;
  double mean() const;
  /// The smallest length that at least `share` of the captions do not exceed; 0 without captions.
  std::size_t quantile(double share) const;
};

/// Encodes the wordings and cuts them to `text_length` - 1 ids, so that the end-of-text id fits
/// behind; wordings that become equal are joined. Counts in `lengths`.
std::vector<training::CaptionTokens> encode_captions(const std::vector<CaptionVariant>& variants,
                                                     const text::TextTokenizer& tokenizer,
                                                     int text_length, CaptionLengths& lengths);

/// The wordings of the rows of the train split, to train a text tokenizer on: about ten lines a
/// row, each wording as often as it is drawn but at least once, so that the tokenizer's pieces are
/// chosen on what it will read.
std::vector<std::string> caption_corpus(const std::vector<CaptionRow>& rows, const CaptionMix& mix,
                                        std::uint64_t seed);

}  // namespace lacuna::preparation
