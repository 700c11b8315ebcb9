#include "runtime/weights/conversion.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <optional>
#include <set>
#include <stdexcept>
#include <system_error>

#include "runtime/weights/atomic_file.h"
#include "runtime/weights/checkpoint_error.h"
#include "runtime/weights/checkpoint_index.h"
#include "runtime/weights/conversion_encoder.h"
#include "runtime/weights/io_error.h"
#include "runtime/weights/json_file.h"
#include "runtime/weights/utf8.h"

namespace lacuna::weights {
namespace {

namespace fs = std::filesystem;

constexpr const char* kJournalName = "conversion.journal.json";

std::int64_t height_of(const graph::Shape& shape) { return shape.rank() == 0 ? 1 : shape[0]; }

std::uint64_t stored_bytes(const ConversionTensor& tensor) {
  std::uint64_t bytes = 0;
  for (const TensorSpec& spec : stored_tensors(tensor.name, tensor.shape, tensor.dtype)) {
    bytes += checked_nbytes(spec.dtype, spec.shape.sizes());
  }
  return bytes;
}

/// Tensors [begin, end) of one file.
struct Shard {
  std::string file;
  std::size_t begin = 0, end = 0;
};

std::vector<Shard> plan_shards(std::span<const ConversionTensor> tensors, std::uint64_t max_shard_bytes) {
  std::vector<Shard> shards(1);
  std::uint64_t used = 0;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const std::uint64_t size = stored_bytes(tensors[i]);
    if (shards.back().begin != i && (size > max_shard_bytes || used > max_shard_bytes - size)) {
      shards.push_back({{}, i, i});
      used = 0;
    }
    used += size;
    shards.back().end = i + 1;
  }
  for (std::size_t s = 0; s < shards.size(); ++s) {
    char name[80];
    std::snprintf(name, sizeof name, "model-%05zu-of-%05zu.safetensors", s + 1, shards.size());
    shards[s].file = shards.size() == 1 ? kSingleFileName : name;
  }
  return shards;
}

Json shape_json(const graph::Shape& shape) {
  Json list = Json::array();
  for (const std::int64_t size : shape.sizes()) list.push_back(size);
  return list;
}

/// What has to be the same for a conversion to go on.
Json plan_json(std::span<const ConversionTensor> tensors, const ConversionOptions& options) {
  Json list = Json::array();
  for (const ConversionTensor& tensor : tensors) {
    list.push_back(Json::object()
                       .set("name", tensor.name)
                       .set("shape", shape_json(tensor.shape))
                       .set("dtype", graph::name_of(tensor.dtype)));
  }
  return Json::object()
      .set("identity", options.identity)
      .set("max_shard_bytes", static_cast<std::int64_t>(std::min<std::uint64_t>(options.max_shard_bytes, 1ull << 62)))
      .set("tensors", list);
}

/// Writes one shard and gives the reports of its tensors.
std::vector<TensorReport> write_shard(const fs::path& folder, const Shard& shard,
                                      std::span<const ConversionTensor> tensors, const ConversionOptions& options,
                                      const std::function<void(const TensorReport&)>& finished) {
  std::vector<TensorSpec> specs;
  for (std::size_t i = shard.begin; i < shard.end; ++i) {
    for (TensorSpec& spec : stored_tensors(tensors[i].name, tensors[i].shape, tensors[i].dtype)) {
      specs.push_back(std::move(spec));
    }
  }
  SafetensorsWriter writer(folder / shard.file, std::move(specs), options.metadata);
  std::vector<TensorReport> reports;
  std::vector<float> values;
  for (std::size_t i = shard.begin; i < shard.end; ++i) {
    const ConversionTensor& tensor = tensors[i];
    RowEncoder encoder(tensor.shape, tensor.dtype, options.threads);
    const std::int64_t height = height_of(tensor.shape);
    const std::int64_t width = height == 0 ? 0 : tensor.shape.elements() / height;
    const auto row_bytes = static_cast<std::uint64_t>(std::max<std::int64_t>(width, 1)) * sizeof(float);
    const auto chunk = static_cast<std::int64_t>(std::max<std::uint64_t>(options.chunk_bytes / row_bytes, 1));
    for (std::int64_t row = 0; row < height && width > 0; row += chunk) {
      const std::int64_t rows = std::min(chunk, height - row);
      values.resize(static_cast<std::size_t>(rows * width));
      tensor.read_rows(row, rows, values.data());
      try {
        writer.write(encoder.encode(values, rows));
      } catch (const std::invalid_argument& error) {
        throw std::invalid_argument(std::string(error.what()) + " in the tensor " + in_quotes(tensor.name, 512));
      }
    }
    for (const std::span<const std::byte> plane : encoder.factors()) writer.write(plane);
    reports.push_back({tensor.name, tensor.shape, tensor.dtype, stored_bytes(tensor), encoder.relative_rms(),
                       encoder.largest_error()});
    if (tensor.done) tensor.done();
    if (finished) finished(reports.back());
  }
  writer.finish();
  return reports;
}

/// What earlier calls have completed: the errors of the tensors of each shard.
class Journal {
 public:
  Journal(fs::path folder, Json plan) : folder_(std::move(folder)), plan_(std::move(plan)) {
    std::error_code error;
    if (!fs::exists(path(), error)) return;
    try {
      JsonLimits limits;
      limits.max_bytes = std::size_t{256} << 20;
      const Json json = read_json_file(path(), limits);
      of_other_work_ = !(json.at("plan") == plan_);
      if (!of_other_work_) shards_ = json.at("shards");
    } catch (const CheckpointError&) {  // of an unknown kind: like none
    } catch (const std::invalid_argument&) {
    }
    if (!shards_.is_object()) shards_ = Json::object();
  }

  /// There is a journal, but of other tensors or another source.
  bool of_other_work() const { return of_other_work_; }

  fs::path path() const { return folder_ / kJournalName; }

  /// Reports of a shard that is there and complete.
  std::optional<std::vector<TensorReport>> completed(const Shard& shard,
                                                     std::span<const ConversionTensor> tensors) const {
    const Json* entry = shards_.find(shard.file);
    if (entry == nullptr) return std::nullopt;
    try {
      const SafetensorsFile file(folder_ / shard.file);
      std::size_t expected = 0;
      std::vector<TensorReport> reports;
      for (std::size_t i = shard.begin; i < shard.end; ++i) {
        const ConversionTensor& tensor = tensors[i];
        for (const TensorSpec& spec : stored_tensors(tensor.name, tensor.shape, tensor.dtype)) {
          const auto& entries = file.header().entries;
          if (expected == entries.size() || entries[expected].name != spec.name ||
              entries[expected].dtype != spec.dtype || !(entries[expected].shape == spec.shape)) {
            return std::nullopt;
          }
          ++expected;
        }
        const Json::Array& losses = entry->as_array().at(i - shard.begin).as_array();
        reports.push_back({tensor.name, tensor.shape, tensor.dtype, stored_bytes(tensor), losses.at(0).as_number(),
                           losses.at(1).as_number()});
      }
      return expected == file.header().entries.size() ? std::optional(std::move(reports)) : std::nullopt;
    } catch (const std::exception&) {  // missing, broken or not as noted: to be written again
      return std::nullopt;
    }
  }

  void start() { write_json_file(path(), Json::object().set("plan", plan_).set("shards", shards_)); }

  void note(const Shard& shard, std::span<const TensorReport> reports) {
    Json list = Json::array();
    for (const TensorReport& report : reports) {
      list.push_back(Json::array().push_back(report.relative_rms).push_back(report.largest_error));
    }
    shards_.set(shard.file, list);
    start();
  }

 private:
  fs::path folder_;
  Json plan_;
  Json shards_ = Json::object();
  bool of_other_work_ = false;
};

/// Files of a conversion that is not this one.
void remove_leftovers(const fs::path& folder, std::span<const Shard> shards) {
  std::set<std::string> kept;
  for (const Shard& shard : shards) kept.insert(shard.file);
  std::error_code error;
  std::vector<fs::path> old;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    std::size_t number = 0, of = 0;
    int length = 0;
    const bool shard = std::sscanf(name.c_str(), "model-%5zu-of-%5zu.safetensors%n", &number, &of, &length) == 2 &&
                       static_cast<std::size_t>(length) == name.size();
    if ((shard && !kept.contains(name)) || is_temporary_name(name, "model") || is_temporary_name(name, "conversion")) {
      old.push_back(it->path());
    }
  }
  for (const fs::path& path : old) {
    fs::remove(path, error);
    if (error) throw IoError(path, "remove what an interrupted conversion left", error.value());
  }
}

void write_index(const fs::path& folder, std::span<const Shard> shards, std::span<const ConversionTensor> tensors) {
  std::vector<JsonMember> map;
  std::uint64_t total = 0;
  for (const Shard& shard : shards) {
    for (std::size_t i = shard.begin; i < shard.end; ++i) {
      for (const TensorSpec& spec : stored_tensors(tensors[i].name, tensors[i].shape, tensors[i].dtype)) {
        map.push_back({spec.name, Json(shard.file)});
      }
      total += stored_bytes(tensors[i]);
    }
  }
  std::sort(map.begin(), map.end(), [](const JsonMember& a, const JsonMember& b) { return a.key < b.key; });
  Json index = Json::object();
  index.set("metadata", Json::object().set("total_size", total));
  index.set("weight_map", Json(std::move(map)));
  write_json_file(folder / kIndexFileName, index);
}

void check_names(std::span<const ConversionTensor> tensors) {
  std::set<std::string> names;
  for (const ConversionTensor& tensor : tensors) {
    for (const TensorSpec& spec : stored_tensors(tensor.name, tensor.shape, tensor.dtype)) {
      if (names.insert(spec.name).second) continue;
      throw std::invalid_argument("[convert_tensors] expected each tensor once, got " + in_quotes(spec.name, 512) +
                                  " twice");
    }
  }
}

}  // namespace

ConversionTensor conversion_of(std::shared_ptr<const TensorSource> source, const std::string& name, std::string new_name,
                               graph::DType dtype, std::vector<std::int64_t> row_order) {
  const std::optional<StoredTensor> stored = source->find(name);
  if (!stored) {
    throw std::invalid_argument("[conversion_of] expected a tensor of " + source->path().string() + ", got " +
                                in_quotes(name, 512));
  }
  const std::int64_t height = height_of(stored->shape);
  ConversionTensor tensor{std::move(new_name), stored->shape, dtype, {}, [source, name] { source->release(name); }};
  if (row_order.empty()) {
    tensor.read_rows = [source, name](std::int64_t begin, std::int64_t rows, float* out) {
      source->read_rows(name, begin, rows, out);
    };
    return tensor;
  }
  if (std::cmp_not_equal(row_order.size(), height) ||
      std::ranges::any_of(row_order, [&](std::int64_t row) { return row < 0 || row >= height; })) {
    throw std::invalid_argument("[conversion_of] expected an order of " + std::to_string(height) + " rows for " +
                                in_quotes(name, 512) + ", got one of " + std::to_string(row_order.size()));
  }
  const std::int64_t width = height == 0 ? 0 : stored->shape.elements() / height;
  tensor.read_rows = [source, name, width, order = std::move(row_order)](std::int64_t begin, std::int64_t rows, float* out) {
    for (std::int64_t r = 0; r < rows; ++r) {
      source->read_rows(name, order[static_cast<std::size_t>(begin + r)], 1, out + r * width);
    }
  };
  return tensor;
}

std::vector<std::int64_t> rotary_half_order(std::int64_t heads, std::int64_t head_dim) {
  std::vector<std::int64_t> order;
  const std::int64_t half = head_dim / 2;
  for (std::int64_t head = 0; head < heads; ++head) {
    for (std::int64_t t = 0; t < 2; ++t) {
      for (std::int64_t j = 0; j < half; ++j) order.push_back(head * head_dim + 2 * j + t);
    }
  }
  return order;
}

std::uint64_t converted_bytes(std::span<const ConversionTensor> tensors) {
  std::uint64_t bytes = 0;
  for (const ConversionTensor& tensor : tensors) bytes += stored_bytes(tensor);
  return bytes;
}

std::vector<TensorReport> convert_tensors(const fs::path& folder, std::span<const ConversionTensor> tensors,
                                          const ConversionOptions& options) {
  if (tensors.empty()) throw std::invalid_argument("[convert_tensors] expected at least one tensor, got none");
  check_names(tensors);
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw IoError(folder, "create the folder", error.value());
  const std::vector<Shard> shards = plan_shards(tensors, options.max_shard_bytes);
  Journal journal(folder, plan_json(tensors, options));
  if (!fs::exists(journal.path(), error)) {
    for (const char* name : {kSingleFileName, kIndexFileName}) {
      if (fs::exists(folder / name, error)) throw IoError(folder / name, "write a new checkpoint over", EEXIST);
    }
  }
  if (journal.of_other_work()) {
    // Index first: shards that it names must not change under it.
    for (const char* name : {kIndexFileName, kSingleFileName}) fs::remove(folder / name, error);
  }
  remove_leftovers(folder, shards);

  std::vector<std::optional<std::vector<TensorReport>>> reports;
  std::uint64_t missing = 0;
  for (const Shard& shard : shards) {
    reports.push_back(journal.completed(shard, tensors));
    if (!reports.back()) missing += converted_bytes(tensors.subspan(shard.begin, shard.end - shard.begin));
  }
  const fs::space_info space = fs::space(folder, error);
  if (!error && space.available < missing) {
    throw IoError(folder, "write " + std::to_string(missing >> 20) + " MiB where " +
                              std::to_string(space.available >> 20) + " MiB are free", ENOSPC);
  }
  journal.start();

  std::vector<TensorReport> all;
  for (std::size_t s = 0; s < shards.size(); ++s) {
    const auto progress = [&](const TensorReport& report) {
      all.push_back(report);
      if (options.progress) options.progress(report, all.size(), tensors.size());
    };
    if (reports[s]) {
      for (const TensorReport& report : *reports[s]) progress(report);
      continue;
    }
    journal.note(shards[s], write_shard(folder, shards[s], tensors, options, progress));
  }
  if (shards.size() > 1) write_index(folder, shards, tensors);
  fs::remove(journal.path(), error);
  if (error) throw IoError(journal.path(), "remove the finished conversion's journal", error.value());
  return all;
}

}  // namespace lacuna::weights
