#include "fusion/training/export_model.h"

#include <deque>
#include <span>
#include <vector>

#include "runtime/weights/checkpoint.h"
#include "runtime/weights/checkpoint_writer.h"
#include "runtime/weights/convert.h"
#include "runtime/weights/json_file.h"

namespace lacuna::training {
namespace {

/// Tensors of the file and the memory that they point into.
class FileContent {
 public:
  explicit FileContent(const std::string& dtype) : dtype_(dtype) {}

  void add(const std::string& name, const graph::Shape& shape, std::span<const float> values) {
    if (dtype_ == "int8" && shape.rank() >= 2 && shape[0] > 0) {
      const auto outputs = std::size_t(shape[0]);  // a row is what makes one output: of a filter, all its taps
      const auto rows = weights::quantize_rows_int8(values, outputs, values.size() / outputs);
      push(name, graph::DType::i8, shape, as_vector(std::span(rows.values)));
      push(name + "_scale", graph::DType::f32, {shape[0]}, as_vector(std::span(rows.scale)));
      return;
    }
    // Norms and biases are few; rounding them would gain nothing.
    const auto type = dtype_ == "bf16" && shape.rank() >= 2 ? graph::DType::bf16 : graph::DType::f32;
    push(name, type, shape, weights::from_float(values, type));
  }
  std::span<const weights::TensorData> tensors() const { return tensors_; }

 private:
  template <class T>
  static std::vector<std::byte> as_vector(std::span<const T> values) {
    const auto bytes = std::as_bytes(values);
    return {bytes.begin(), bytes.end()};
  }
  void push(const std::string& name, graph::DType dtype, const graph::Shape& shape, std::vector<std::byte> bytes) {
    memory_.push_back(std::move(bytes));
    tensors_.push_back({name, dtype, shape, memory_.back()});
  }

  std::string dtype_;
  std::deque<std::vector<std::byte>> memory_;
  std::vector<weights::TensorData> tensors_;
};

void write(const std::filesystem::path& folder, const weights::Json& config, FileContent& content,
           const ExportOptions& options) {
  const std::uint64_t limit =
      options.shard_size_mb > 0 ? std::uint64_t(options.shard_size_mb) << 20 : weights::kOneShard;
  // The header of a shard counts towards what users mean by its size.
  weights::write_checkpoint(folder, content.tensors(), limit == weights::kOneShard ? limit : limit - (64 << 10));
  weights::write_json_file(folder / "config.json", config);
}

}  // namespace

void export_model_folder(const std::filesystem::path& folder, const weights::Json& config, const TensorMap& tensors,
                         const ExportOptions& options) {
  FileContent content(options.dtype);
  for (const auto& [name, tensor] : tensors) {
    const at::Tensor host = tensor.detach().to(at::kCPU, at::kFloat).contiguous();
    content.add(name, shape_of(host), {host.data_ptr<float>(), std::size_t(host.numel())});
  }
  write(folder, config, content, options);
}

void convert_model_folder(const std::filesystem::path& from, const std::filesystem::path& to,
                          const ExportOptions& options) {
  const auto source = weights::Checkpoint::open(from);
  const auto config = weights::read_json_file(from / "config.json");
  FileContent content(options.dtype);
  for (const std::string& name : source.names()) {
    const graph::WeightView* view = source.find(name);
    content.add(name, view->shape, weights::to_float(*view));
  }
  write(to, config, content, options);
}

}  // namespace lacuna::training
