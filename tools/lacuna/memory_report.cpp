#include "tools/lacuna/memory_report.h"

#include <algorithm>

#include "fusion/graph/block_format.h"
#include "fusion/graph/memory_plan.h"
#include "runtime/cpu/cpu_executor.h"
#include "runtime/weights/checkpoint.h"
#include "tools/lacuna/failure.h"
#include "tools/lacuna/system_info.h"
#include "vision/read_vq_config.h"
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

/// Bytes of the weight files of a folder.
std::uint64_t stored_bytes(const std::filesystem::path& folder) {
  std::uint64_t bytes = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.path().extension() == ".safetensors" && entry.is_regular_file()) bytes += entry.file_size();
  }
  return bytes;
}

std::uint64_t elements(const graph::Graph& graph) {
  std::uint64_t count = 0;
  for (const auto& weight : graph.weights()) count += std::uint64_t(weight.shape.elements());
  return count;
}

/// Whether the CPU engine, which packs an element in `element` bytes, uses the file's bytes instead of a copy.
bool stays_stored(const graph::WeightView& view, std::uint64_t element) {
  if (graph::is_block_quantised(view.dtype)) return true;
  const std::size_t least = cpu::CpuOptions{}.streamed_bytes;
  return view.dtype == graph::DType::bf16 && element > 1 &&
         view.bytes.size() >= (element == 4 ? least / cpu::CpuOptions::kWidenedSooner : least);
}

/// Weights that are used as they are stored count with their bytes, others in `element` bytes each.
std::uint64_t held_bytes(const graph::Graph& graph, const graph::WeightSource& source, std::uint64_t element) {
  std::uint64_t bytes = 0;
  for (const auto& weight : graph.weights()) {
    const graph::WeightView* view = source.find(weight.name);
    if (view != nullptr && stays_stored(*view, element)) {
      bytes += view->bytes.size() + view->block_scale.size_bytes() + view->block_minimum.size_bytes();
    } else {
      bytes += element * std::uint64_t(weight.shape.elements());
    }
  }
  return bytes;
}

/// The largest pass of a job.
fusion::DenoiserShape largest_pass(const fusion::ModelFamily& family, const JobSize& size) {
  const auto& sizes = family.sizes();
  const std::int64_t canvases = size.canvases, branches = canvases * (size.guided ? 2 : 1);
  fusion::DenoiserShape shape;
  if (size.text) {
    shape.segments.assign(std::size_t(branches), size.text->context + size.text->answer);
    shape.text = {canvases * size.text->answer, size.guided};
    return shape;
  }
  shape.segments.assign(std::size_t(branches), sizes.total());
  shape.text = {canvases * sizes.text_length, false};
  if (family.tokens().has_images()) shape.image = {canvases * sizes.image_length(), size.guided};
  return shape;
}

/// Logits of the positions that are drawn, where they have to come to the host.
std::uint64_t logit_bytes(const fusion::ModelFamily& family, const fusion::DenoiserShape& shape) {
  const auto bytes = [](const fusion::HeadRows& rows, std::int32_t classes) {
    return 4 * std::uint64_t(rows.count) * std::uint64_t(classes);
  };
  return std::max(bytes(shape.text, family.tokens().text.size), bytes(shape.image, family.tokens().image.size));
}

/// On an engine that holds an element of a weight in `element` bytes.
MemoryNeed count(const fusion::ModelFamily& family, const graph::WeightSource& weights,
                 const std::filesystem::path& folder, const JobSize& size, std::uint64_t element) {
  const fusion::DenoiserShape shape = largest_pass(family, size);
  const graph::Graph denoiser = family.build(shape);
  MemoryNeed need;
  need.weights = held_bytes(denoiser, weights, element);
  need.working = arena(denoiser) + logit_bytes(family, shape);
  if (!family.tokens().has_images()) return need;

  const auto tokenizer = folder / "image_tokenizer";
  const auto config = vision::read_vq_config(tokenizer, weights::Checkpoint::open(tokenizer));
  const vision::VqShape grid{1, family.sizes().grid_height, family.sizes().grid_width};
  const graph::Graph encoder = vision::build_vq_tokeniser(config, grid);
  const vision::Size drawn = size.codes.value_or(vision::Size{int(grid.height), int(grid.width)});
  const graph::Graph decoder = vision::build_vq_detokeniser(config, {1, drawn.height, drawn.width});
  need.weights += element * (elements(encoder) + elements(decoder));
  need.working += std::uint64_t(size.canvases) * std::max(arena(encoder), arena(decoder));
  return need;
}

std::uint64_t element_bytes(const std::string& precision) {
  return precision == "int8" ? 1 : precision == "bf16" ? 2 : 4;
}

}  // namespace

std::string MemoryNeed::line() const {
  return "needs " + mebibytes(double(total())) + " (weights " + mebibytes(double(weights)) +
         ", working " + mebibytes(double(working)) + "), has " + mebibytes(double(available)) +
         (heap.empty() ? "" : " on " + heap);
}

MemoryNeed memory_needed(const fusion::ModelFamily& family, const std::filesystem::path& folder, const JobSize& size) {
  MemoryNeed need = count(family, weights::Checkpoint::open(folder), folder, size, 4);
  need.available = memory_available();
  return need;
}

MemoryNeed memory_needed(const generation::Model& model, const graph::Executor& executor, const JobSize& size) {
  const std::string precision = runtime::precision_of(executor);
  MemoryNeed need = count(*model.family, *model.checkpoint, model.folder, size, element_bytes(precision));
  if (const auto device = runtime::memory_of(executor)) {
    // Weights are held as they are stored, unless products are in another type.
    const std::uint64_t stored = stored_bytes(model.folder);
    need.weights = precision == "f32" ? stored : std::max(stored, need.weights);
    need.available = device->free;
    need.heap = device->device;
    return need;
  }
  need.available = memory_available();
  // The weights are mapped already, so a limit on the address space has to leave room for the rest alone.
  if (const auto room = address_space_left()) {
    need.available = std::min(need.available, *room + stored_bytes(model.folder));
  }
  return need;
}

void check_memory(MemoryNeed need, const JobSize& size, OpenedModel& opened, const ModelFlags& flags,
                  const LogFlags& log) {
  if (need.too_much() && !need.heap.empty() && flags.falls_back()) {
    log.warn("the device has not enough memory: " + need.line() + "; the processor takes over");
    opened.pipeline.reset();  // its plans go before their engine
    opened = open_model_on("cpu", flags, log, opened.fidelity);
    need = memory_needed(opened.model(), *opened.executor, size);
  }
  log.detail("memory: " + need.line());
  if (!need.too_much()) return;
  throw Failure(kUnavailable, "not enough memory: " + need.line() + "; close other programs, or take a smaller model" +
                                  (need.heap.empty() ? " or fewer pictures at once"
                                                     : ", fewer pictures at once or another --device"));
}

}  // namespace lacuna::tools
