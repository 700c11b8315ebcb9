#pragma once

#include "fusion/graph/executor.h"
#include "fusion/graph/signature.h"
#include "runtime/vulkan/arena_plan.h"
#include "runtime/vulkan/descriptor_pool.h"
#include "runtime/vulkan/graph_compiler.h"
#include "runtime/vulkan/time_boxes.h"

namespace lacuna::vulkan {

/// A Program with its memory, recorded into command buffers: one for each time box, submitted in order with one wait
/// at the end.
class VulkanPlan final : public graph::Plan {
 public:
  VulkanPlan(const graph::Graph& graph, Program program, Context& context);
  ~VulkanPlan() override;

  void run(std::span<const graph::HostTensor> inputs, std::span<graph::HostTensor> outputs) override;
  std::size_t scratch_bytes() const override;

  /// Submits of one run, and how long each of them took last time in seconds (0 = no clock).
  std::size_t submits() const { return boxes_->boxes().size(); }
  std::span<const double> box_seconds() const { return measured_; }

 private:
  struct Place {  // of an input or output in the buffer of all
    VkDeviceSize offset = 0;
    bool used = false;
  };
  void place();
  void bind();
  void plan_boxes();
  void record();
  void record_piece(CommandBuffer& commands, const Piece& piece, class Hazards& hazards);
  void wait();
  BufferRange range_of(const Operand& operand) const;

  Context& context_;
  Program program_;
  graph::Signature signature_;
  std::vector<Place> inputs_, outputs_;
  std::vector<std::unique_ptr<Buffer>> arenas_;
  std::unique_ptr<Buffer> upload_, inputs_device_, download_;
  std::vector<ArenaPlace> places_;  // by buffer
  VkDeviceSize input_bytes_ = 0;
  std::unique_ptr<DescriptorPool> descriptors_;
  std::vector<VkDescriptorSet> sets_;  // by dispatch
  std::unique_ptr<TimeBoxes> boxes_;
  std::unique_ptr<TimestampPool> times_;
  std::vector<CommandBuffer> commands_;
  std::vector<VkCommandBuffer> handles_;
  std::vector<double> measured_;
  Fence fence_;
  bool pending_ = false;
};

}  // namespace lacuna::vulkan
