#include "tools/lacuna/memory_report.h"

#include <algorithm>

#include "fusion/graph/memory_plan.h"
#include "runtime/weights/json_file.h"
#include "tools/lacuna/failure.h"
#include "tools/lacuna/system_info.h"
#include "vision/vq_network.h"

namespace lacuna::tools {
namespace {

std::uint64_t arena(const graph::Graph& graph) {
  return graph::plan_memory(graph,
                            [](const graph::Graph& g, graph::ValueId id) {
                              return std::size_t(g.value(id).shape.elements()) * 4;
                            })
      .arena_bytes;
}

std::uint64_t elements(const graph::Graph& graph) {
  std::uint64_t count = 0;
  for (const auto& weight : graph.weights()) count += std::uint64_t(weight.shape.elements());
  return count;
}

}  // namespace

std::string MemoryNeed::line() const {
  return "needs " + mebibytes(double(total())) + " (weights " + mebibytes(double(weights)) +
         ", working " + mebibytes(double(working)) + "), has " +
         mebibytes(double(memory_available()));
}

MemoryNeed memory_needed(const fusion::ModelFamily& family, const std::filesystem::path& folder,
                         const JobSize& size) {
  const auto& sizes = family.sizes();
  const int branches = size.canvases * (size.guided ? 2 : 1);
  fusion::DenoiserShape shape;
  shape.segments.assign(std::size_t(branches), sizes.total());
  shape.text = {std::int64_t(size.canvases) * sizes.text_length, false};
  shape.image = {std::int64_t(size.canvases) * sizes.image_length(), size.guided};
  const graph::Graph denoiser = family.build(shape);

  const auto tokenizer = folder / "image_tokenizer";
  const auto config = vision::VqConfig::from_json(
      weights::read_json_file(tokenizer / "config.json"), tokenizer / "config.json");
  const vision::VqShape grid{1, sizes.grid_height, sizes.grid_width};
  const graph::Graph encoder = vision::build_vq_tokeniser(config, grid);
  const graph::Graph decoder = vision::build_vq_detokeniser(config, grid);

  const std::uint64_t bytes = size.precision == "int8" ? 1 : size.precision == "bf16" ? 2 : 4;
  const std::uint64_t pixels = elements(encoder) + elements(decoder);
  const std::uint64_t logits =
      4 * std::uint64_t(size.canvases) *
      std::max(std::uint64_t(sizes.text_length) * std::uint64_t(family.tokens().text.size),
               std::uint64_t(sizes.image_length()) * std::uint64_t(family.tokens().image.size));
  return {bytes * (elements(denoiser) + pixels),
          arena(denoiser) + logits +
              std::uint64_t(size.canvases) * std::max(arena(encoder), arena(decoder))};
}

void check_memory(const MemoryNeed& need, const LogFlags& log) {
  log.detail("memory: " + need.line());
  const std::uint64_t available = memory_available();
  if (available > 0 && need.total() > available) {
    throw Failure(kUnavailable,
                  "not enough memory: " + need.line() +
                      "; close other programs, or take a smaller model or fewer pictures at once");
  }
}

}  // namespace lacuna::tools
