#pragma once

#include <optional>
#include <vector>

#include "fusion/canvas.h"
#include "tests/golden/fixtures.h"
#include "tests/golden/released_model.h"

namespace lacuna::golden {

/// Allowed for float32, by family: the fixtures' README.
struct PictureTolerances {
  double logits = 5e-4;
  double probabilities = 2e-4;
};

/// A recorded run of t2i_generate (MMaDA, Show-o): a JSON with the arguments, tensors beside it.
struct RecordedPictures {
  weights::Json json;
  Tensors tensors;
  int steps = 0, batch = 0, codes = 0;
  std::string prefix;  // of the tensors' names, for files with several runs

  /// `json` as read from `file`; tensors are called `prefix` + name.
  RecordedPictures(weights::Json json, const std::filesystem::path& file, std::string prefix = {});
  explicit RecordedPictures(const std::filesystem::path& file) : RecordedPictures(read_case(file), file) {}

  bool has(const std::string& name) const { return tensors.has(prefix + name); }
  std::vector<double> numbers(const std::string& name) const { return tensors.numbers(prefix + name); }
  std::vector<std::int64_t> integers(const std::string& name) const { return tensors.integers(prefix + name); }
  /// Index into a tensor [K, B, N].
  std::size_t at(std::size_t step, std::size_t row, std::size_t place) const {
    return (step * std::size_t(batch) + row) * std::size_t(codes) + place;
  }
  /// One row of ids [B, T] from its first on that is no padding: after `validity`, or Show-o's [PAD], the tenth id before
  /// the codes.
  std::vector<std::int32_t> valid_row(const std::string& ids, const std::string& validity, int row) const;
};

/// Replays all rows as one ragged batch with the recorded draws and compares everything that was recorded about the run.
void replay_pictures(const RecordedPictures& run, const ReleasedModel& model, Engine& engine,
                     const PictureTolerances& allowed = {});

}  // namespace lacuna::golden
