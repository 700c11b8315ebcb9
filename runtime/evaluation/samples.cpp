#include <algorithm>

#include "runtime/evaluation/evaluate.h"
#include "runtime/preparation/data_error.h"
#include "vision/image_io.h"
#include "vision/resize.h"

namespace lacuna::evaluation {
std::vector<Sample> read_samples(const std::filesystem::path& folder, const std::string& split, int limit,
                                 vision::Size size) {
  const std::filesystem::path table = folder / "captions.tsv";
  std::vector<preparation::CaptionRow> rows = preparation::read_caption_table(table);
  std::erase_if(rows, [&](const auto& row) { return training::name_of(row.split) != split; });
  if (rows.empty()) {
    throw preparation::DataError(table, "expected rows of the split \"" + split + "\", there are none");
  }
  const std::size_t wanted = limit > 0 ? std::min(rows.size(), std::size_t(limit)) : rows.size();
  std::vector<Sample> samples;
  for (std::size_t i = 0; i < wanted; ++i) {
    const auto& row = rows[i * rows.size() / wanted];
    const vision::Image picture = vision::to_image(vision::read_image(folder / row.file).image);
    samples.push_back({vision::fit(picture, vision::letterbox(picture.size(), size)), row.label, row.style});
  }
  return samples;
}

}  // namespace lacuna::evaluation
