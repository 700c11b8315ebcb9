#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "fusion/graph/executor.h"
#include "fusion/training/shards/shard_index.h"
#include "runtime/preparation/captions.h"
#include "runtime/preparation/selection.h"
#include "text/text_tokenizer.h"
#include "vision/augment.h"
#include "vision/image_tokenizer.h"

namespace lacuna::preparation {

/// Pictures and captions in, shards out.
struct PrepareOptions {
  std::filesystem::path data;       ///< folder with captions.tsv and the pictures it names
  std::filesystem::path output;     ///< folder of the shards; made if it is missing
  std::filesystem::path tokenizer;  ///< tokenizer.model, or a folder that holds one
  /// Folder of a VQ model: shards of codes. Empty: shards of pixels.
  std::filesystem::path image_tokenizer;

  int resolution = 128;    ///< side of the square pictures in pixels, 8 to 4096
  int text_length = 32;    ///< text positions of the model, 2 to 4096
  int end_of_text = -1;    ///< its id in the tokenizer; -1: found, see `find_end_of_text`
  int shard_size_mb = 30;  ///< most MB (10^6 bytes) of a shard file, 1 to 100000
  int palette_colors = 0;  ///< 2 to 256: pixels as indices into that many colours; 0: RGB
  int augment_copies = 1;  ///< pictures of each training row, the first unchanged; 1 to 256
  int mask_copies = 1;     ///< records with other colours of each ink mask; 1 to 256
  std::uint64_t seed = 0;
  Selection selection;
  CaptionMix mix;
  vision::AugmentOptions augment;

  /// Refuses to go on when more than this part of the selected rows has a bad picture; [0, 1].
  double max_bad_fraction = 0.01;
  /// Whether shards that are in `output` may be removed; else they are continued or an error.
  bool overwrite = false;
  int threads = 0;      ///< that decode pictures; 0: as many as there are cores, at most 256
  int batch_size = 16;  ///< pictures that the image tokenizer gets at once, 1 to 4096

  /// Throws std::invalid_argument naming the field.
  void validate() const;
};

/// Where the work stands.
struct PrepareProgress {
  std::int64_t rows = 0;  ///< done, of this run and of those it continues
  std::int64_t all_rows = 0;
  std::int64_t bad = 0;
  std::int64_t shards = 0;  ///< finished files
  std::int64_t all_shards = 0;
};

/// Called every few pictures, on the calling thread; returning false stops the work (what is
/// finished stays and is continued by the next run).
using PrepareCallback = std::function<bool(const PrepareProgress&)>;

/// A picture that was left out.
struct BadPicture {
  std::int32_t line = 0;  ///< in captions.tsv
  std::string file;
  std::string reason;
  bool operator==(const BadPicture&) const = default;
};

/// What came out.
struct PrepareReport {
  bool cancelled = false;
  std::int64_t rows = 0;  ///< selected
  std::int64_t records = 0;
  std::int64_t pictures = 0;
  std::int64_t shards = 0;
  std::uint64_t bytes = 0;          ///< of all shard files
  std::int64_t continued_rows = 0;  ///< that an earlier run had done
  std::array<std::int64_t, training::kSplitNames.size()> split_counts{};
  std::vector<BadPicture> bad;
  CaptionLengths captions;
  /// Selected rows by set and licence.
  std::map<std::pair<std::string, std::string>, std::int64_t> licenses;
};

/// The two tokenizers, opened, and the hashes that shards keep of them.
struct PrepareTokenizers {
  const text::TextTokenizer& text;
  std::string text_sha256;
  vision::ImageTokenizer* pictures = nullptr;  ///< null: shards of pixels
  std::string pictures_sha256;
};

/// The id that ends captions: the piece "</s>", "<eos>" or "<|endoftext|>", which no text encodes
/// to; else "<unk>" where the tokenizer spells unknown characters in bytes and so never produces
/// it. Throws std::invalid_argument when there is none of these.
std::int32_t find_end_of_text(const text::TextTokenizer& tokenizer);

/// Writes shard-NNNNN.safetensors, pieces.json, ATTRIBUTION.md and at last shards.json into
/// `options.output`. Every file is atomic and the finished shards are listed in prepare-state.json:
/// a run that was stopped or killed is continued by the next one with the same options, and the
/// result is byte for byte the one of an uninterrupted run. Does nothing when that run was
/// complete.
///
/// Rows of tier "mask" whose file lies in a folder named mask... are ink masks (255 = ink): those
/// of emoji sets become black on white, others get `mask_copies` records with colours by
/// `draw_colours`.
///
/// Throws std::invalid_argument for options, DataError for the table, too many bad pictures, or
/// shards that other options made; weights::IoError, weights::CheckpointError.
PrepareReport prepare(const PrepareOptions& options, const PrepareTokenizers& tokenizers,
                      const PrepareCallback& progress = {});

/// Opens the tokenizers that the options name, the VQ model on `executor`, copies tokenizer.model
/// beside the shards and calls `prepare`. Throws as `prepare` does.
PrepareReport run_prepare(const PrepareOptions& options, graph::Executor& executor,
                          const PrepareCallback& progress = {});

}  // namespace lacuna::preparation
