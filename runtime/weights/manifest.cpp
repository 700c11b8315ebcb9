#include "runtime/weights/manifest.h"

#include <string>

#include "fusion/graph/block_format.h"
#include "runtime/weights/checkpoint_error.h"
#include "runtime/weights/utf8.h"

namespace lacuna::weights {
namespace {

constexpr std::size_t kMaxListed = 5;

bool holds_real_numbers(const graph::WeightView& view) {
  switch (view.dtype) {
    case graph::DType::f64:
    case graph::DType::f32:
    case graph::DType::f16:
    case graph::DType::bf16:
      return true;
    case graph::DType::i8:
      return !view.row_scale.empty();
    case graph::DType::q8_0:
    case graph::DType::q4_0:
    case graph::DType::q4_1:
      return graph::block_format_complaint(view).empty();
    default:
      return false;
  }
}

/// What is wrong with one weight; empty when nothing is.
std::string complaint(const graph::NamedShape& wanted, const graph::WeightView* found) {
  if (found == nullptr) return "is missing (expected " + wanted.shape.to_string() + ")";
  if (found->shape != wanted.shape) {
    return "has shape " + found->shape.to_string() + " (expected " + wanted.shape.to_string() + ")";
  }
  if (!holds_real_numbers(*found)) {
    return "has dtype " + std::string(graph::name_of(found->dtype)) +
           (found->dtype == graph::DType::i8 ? " without a row scale" : "") +
           " (expected f64, f32, f16, bf16, i8 with a row scale, q8_0, q4_0 or q4_1)";
  }
  return {};
}

}  // namespace

void check_manifest(std::span<const graph::NamedShape> manifest, const graph::WeightSource& source,
                    const std::filesystem::path& path) {
  std::string list;
  std::size_t wrong = 0;
  for (const graph::NamedShape& wanted : manifest) {
    const std::string what = complaint(wanted, source.find(wanted.name));
    if (what.empty()) continue;
    if (++wrong <= kMaxListed) list += "\n  " + in_quotes(wanted.name, 512) + " " + what;
  }
  if (wrong == 0) return;
  std::string message = "does not fit the model's config.json: " + std::to_string(wrong) + " of " +
                        std::to_string(manifest.size()) + " weights are missing or wrong:" + list;
  if (wrong > kMaxListed) message += "\n  ... and " + std::to_string(wrong - kMaxListed) + " more";
  throw CheckpointError(path, message);
}

}  // namespace lacuna::weights
