#include "runtime/weights/tensor_source.h"

#include <algorithm>
#include <cstring>
#include <fstream>
#include <stdexcept>

#include "fusion/graph/block_format.h"
#include "runtime/weights/checkpoint.h"
#include "runtime/weights/convert.h"
#include "runtime/weights/gguf.h"
#include "runtime/weights/utf8.h"

namespace lacuna::weights {
namespace {

[[noreturn]] void no_such(const std::filesystem::path& path, std::string_view name) {
  throw std::invalid_argument("[read_rows] expected a tensor of " + path.string() + ", got " + in_quotes(name, 512));
}

class GgufSource final : public TensorSource {
 public:
  explicit GgufSource(std::shared_ptr<const GgufFile> file) : file_(std::move(file)) {}

  std::vector<std::string> names() const override {
    std::vector<std::string> names;
    for (const GgufTensor& tensor : file_->header().tensors) names.emplace_back(tensor.name);
    std::sort(names.begin(), names.end());
    return names;
  }
  std::optional<StoredTensor> find(std::string_view name) const override {
    const GgufTensor* tensor = file_->tensor(name);
    if (tensor == nullptr) return std::nullopt;
    return StoredTensor{tensor->shape, std::string(name_of(tensor->type)), nearest(tensor->type)};
  }
  void read_rows(std::string_view name, std::int64_t begin, std::int64_t rows, float* out) const override {
    const GgufTensor* tensor = file_->tensor(name);
    if (tensor == nullptr) no_such(path(), name);
    file_->read_rows(*tensor, begin, rows, out);
  }
  void release(std::string_view name) const override {
    if (const GgufTensor* tensor = file_->tensor(name)) file_->release(*tensor);
  }
  const std::filesystem::path& path() const override { return file_->path(); }

 private:
  static graph::DType nearest(GgufType type) {
    switch (type) {
      case GgufType::f16:
        return graph::DType::f16;
      case GgufType::bf16:
        return graph::DType::bf16;
      case GgufType::q8_0:
      case GgufType::q6_k:
        return graph::DType::q8_0;
      case GgufType::q4_0:
        return graph::DType::q4_0;
      case GgufType::q4_k:
        return graph::DType::q4_1;
      case GgufType::f32:
        break;
    }
    return graph::DType::f32;
  }

  std::shared_ptr<const GgufFile> file_;
};

class CheckpointSource final : public TensorSource {
 public:
  explicit CheckpointSource(std::shared_ptr<const Checkpoint> checkpoint) : checkpoint_(std::move(checkpoint)) {}

  std::vector<std::string> names() const override {
    return {checkpoint_->names().begin(), checkpoint_->names().end()};
  }
  std::optional<StoredTensor> find(std::string_view name) const override {
    const graph::WeightView* view = checkpoint_->find(name);
    if (view == nullptr) return std::nullopt;
    const bool rows = !view->row_scale.empty();
    // int8 rows in blocks lose next to nothing more.
    return StoredTensor{view->shape, std::string(graph::name_of(view->dtype)) + (rows ? " rows" : ""),
                        rows ? graph::DType::q8_0 : view->dtype};
  }
  void read_rows(std::string_view name, std::int64_t begin, std::int64_t rows, float* out) const override {
    const graph::WeightView* view = checkpoint_->find(name);
    if (view == nullptr) no_such(path(), name);
    const std::int64_t height = view->shape.rank() == 0 ? 1 : view->shape[0];
    if (begin < 0 || rows < 0 || begin > height || rows > height - begin) {
      throw std::invalid_argument("[read_rows] expected rows of " + in_quotes(name, 512) + " " +
                                  view->shape.to_string() + ", got " + std::to_string(begin) + " and " +
                                  std::to_string(rows) + " more");
    }
    if (rows == 0) return;
    if (graph::is_block_quantised(view->dtype)) return graph::dequantise_rows(*view, begin, rows, out);
    const std::int64_t width = view->shape.elements() / height;
    graph::WeightView part = *view;
    part.shape = graph::Shape{rows, width};
    const std::size_t row_bytes = static_cast<std::size_t>(width) * graph::size_of(view->dtype);
    part.bytes = view->bytes.subspan(static_cast<std::size_t>(begin) * row_bytes, static_cast<std::size_t>(rows) * row_bytes);
    if (!view->row_scale.empty()) {
      part.row_scale = view->row_scale.subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(rows));
    }
    to_float(part, {out, static_cast<std::size_t>(rows * width)});
  }
  void release(std::string_view name) const override { checkpoint_->release_pages(name); }
  const std::filesystem::path& path() const override { return checkpoint_->path(); }

 private:
  std::shared_ptr<const Checkpoint> checkpoint_;
};

}  // namespace

std::unique_ptr<TensorSource> tensor_source_of(std::shared_ptr<const GgufFile> file) {
  return std::make_unique<GgufSource>(std::move(file));
}

std::unique_ptr<TensorSource> tensor_source_of(std::shared_ptr<const Checkpoint> checkpoint) {
  return std::make_unique<CheckpointSource>(std::move(checkpoint));
}

bool is_gguf(const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) return false;
  std::ifstream file(path, std::ios::binary);
  char begin[4] = {};
  return file.read(begin, sizeof begin) && std::memcmp(begin, "GGUF", 4) == 0;
}

std::unique_ptr<TensorSource> open_tensor_source(const std::filesystem::path& path) {
  if (is_gguf(path)) return tensor_source_of(std::make_shared<const GgufFile>(path));
  return tensor_source_of(std::make_shared<const Checkpoint>(Checkpoint::open(path)));
}

}  // namespace lacuna::weights
