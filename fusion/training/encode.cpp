#include "fusion/training/encode.h"

#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>

#include <map>
#include <stdexcept>
#include <vector>

#include "fusion/training/pixel_set.h"
#include "fusion/training/shards/sha256.h"
#include "fusion/training/shards/shard_writer.h"
#include "fusion/training/torch_forward.h"
#include "runtime/weights/checkpoint.h"
#include "runtime/weights/json_file.h"
#include "vision/vq_network.h"

namespace lacuna::training {
namespace {

/// Which picture of the shard being written gets codes from which picture of the source.
struct Job {
  std::size_t record = 0;  // in the shard
  std::size_t picture = 0;
  std::int64_t source_record = 0;
  std::int32_t source_picture = 0;
  std::int64_t key = -1;  // of the augmentation; -1 = none
};

/// The tokenizer on a device.
class Encoder {
 public:
  Encoder(const EncodeOptions& options, const ShardSet& source, at::Device device)
      : options_(options), source_(source), device_(device),
        precision_(options.mixed_precision == "bf16" ? Precision::bf16 : Precision::f32) {
    const std::filesystem::path folder = options.tokenizer;
    config_ = vision::VqConfig::from_json(weights::read_json_file(folder / "config.json"), folder / "config.json");
    const auto checkpoint = weights::Checkpoint::open(folder);
    sha256_ = sha256_of_file(checkpoint.path());
    const int cell = config_.pixels_per_code();
    const ShardLayout& layout = source.layout();
    if (layout.picture_height % cell != 0 || layout.picture_width % cell != 0) {
      throw std::invalid_argument("[encode] expected pictures whose sides are multiples of " + std::to_string(cell) +
                                  " pixels, got " + std::to_string(layout.picture_height) + " x " +
                                  std::to_string(layout.picture_width));
    }
    for (const auto& [name, shape] : graph_of(1).weights()) {
      const graph::WeightView* view = checkpoint.find(name);
      if (view == nullptr) throw std::invalid_argument("[encode] " + checkpoint.path().string() + ": no weight " + name);
      weights_.emplace(name, to_torch(*view, device));
    }
  }

  const vision::VqConfig& config() const { return config_; }
  const std::string& sha256() const { return sha256_; }

  /// Fills the codes of the jobs' pictures.
  void run(std::span<const Job> jobs, std::vector<ShardRecord>& records) {
    const at::NoGradGuard no_grad;
    const auto [height, width] = std::pair(source_.layout().picture_height, source_.layout().picture_width);
    const std::int64_t bytes = std::int64_t(height) * width * 3, count = std::int64_t(jobs.size());
    at::Tensor host = at::empty({count, height, width, 3}, at::TensorOptions().dtype(at::kByte));
    std::vector<std::int64_t> keys;
    for (std::int64_t i = 0; i < count; ++i) {
      const Job& job = jobs[std::size_t(i)];
      source_.read_pixels(job.source_record, job.source_picture,
                          {host.data_ptr<std::uint8_t>() + i * bytes, std::size_t(bytes)});
      keys.push_back(job.key);
    }
    const at::Tensor pixels =
        augment(pixels_to_real(host.to(device_)), std::uint64_t(options_.seed), keys, options_.augmentation);
    const at::Tensor inputs[] = {pixels};
    const at::Tensor codes =
        torch_forward(graph_of(count), weights_, inputs, precision_)[0].to(at::kCPU, at::kInt).contiguous();
    const std::int64_t each = codes.numel() / count;
    for (std::int64_t i = 0; i < count; ++i) {
      const Job& job = jobs[std::size_t(i)];
      const std::int32_t* data = codes.data_ptr<std::int32_t>() + i * each;
      records[job.record].pictures[job.picture].codes.assign(data, data + each);
    }
  }

 private:
  const graph::Graph& graph_of(std::int64_t batch) {
    const auto [entry, fresh] = graphs_.try_emplace(batch);
    const int cell = config_.pixels_per_code();
    if (fresh) {
      entry->second = lower_for_torch(vision::build_vq_tokeniser(
          config_, {batch, source_.layout().picture_height / cell, source_.layout().picture_width / cell}));
    }
    return entry->second;
  }

  const EncodeOptions& options_;
  const ShardSet& source_;
  at::Device device_;
  Precision precision_;
  vision::VqConfig config_;
  std::string sha256_;
  TensorMap weights_;
  std::map<std::int64_t, graph::Graph> graphs_;
};

ShardLayout token_layout(const ShardLayout& pixels, const vision::VqConfig& config) {
  ShardLayout layout = pixels;
  layout.kind = PictureKind::tokens;
  layout.palette_colors = 0;
  layout.encoding = PixelEncoding::rgb;
  layout.code_height = pixels.picture_height / config.pixels_per_code();
  layout.code_width = pixels.picture_width / config.pixels_per_code();
  layout.codebook_size = config.codebook_size;
  return layout;
}

/// The record with room for its codes, and the jobs that fill it.
ShardRecord plan_record(const ShardSet& source, std::int64_t number, std::int64_t copies, std::size_t place,
                        std::vector<Job>& jobs) {
  const RecordInfo info = source.info(number);
  ShardRecord record;
  record.split = info.split;
  record.label = info.label;
  record.style = info.style;
  record.weight = info.weight;
  record.source_line = info.source_line;
  const auto probabilities = source.caption_probabilities(number);
  for (std::int32_t c = 0; c < info.captions; ++c) {
    const auto ids = source.caption(number, c);
    record.captions.push_back({{ids.begin(), ids.end()}, probabilities[std::size_t(c)]});
  }
  const std::int64_t each = info.split == Split::train ? copies : 1;
  for (std::int32_t p = 0; p < info.pictures; ++p) {
    for (std::int64_t copy = 0; copy < each; ++copy) {
      const std::int64_t key = copy == 0 ? -1 : (number * 4096 + p) * 4096 + copy;
      jobs.push_back({place, record.pictures.size(), number, p, key});
      record.pictures.emplace_back();
    }
  }
  return record;
}

}  // namespace

void EncodeOptions::describe(OptionTable& table) {
  table.section("encode");
  table.add("data", data, "folder of pixel shards");
  table.add("tokenizer", tokenizer, "folder of the trained image tokenizer");
  table.add("output-dir", output_dir, "folder for the token shards");
  table.add("device", device, "where to compute", {"auto", "cpu", "cuda"});
  table.add("mixed-precision", mixed_precision, "arithmetic of the network", {"no", "bf16"});
  table.add("copies", copies, {1, 4095}, "versions of each training picture, the first as it is");
  table.add("batch-size", batch_size, {1, 1e6}, "pictures at a time");
  table.add("seed", seed, {0, 9e15}, "key of the augmentation");
  table.add("shard-size-mb", shard_size_mb, {1, 4096}, "largest shard file");
  table.add("threads", threads, {0, 1024}, "threads of torch on the CPU; 0 = its choice");
  augmentation.describe(table);
}

void encode_shards(const EncodeOptions& options, at::Device device,
                   const std::function<void(const std::string&)>& progress) {
  const ShardSet source = ShardSet::open(options.data);
  if (source.layout().kind != PictureKind::pixels) {
    throw std::invalid_argument("[encode] " + options.data + ": expected shards of pixels, these hold codes");
  }
  if (options.threads > 0) at::set_num_threads(int(options.threads));
  at::globalContext().setFloat32MatmulPrecision("high");
  Encoder encoder(options, source, device);
  const std::filesystem::path folder = options.output_dir;
  std::filesystem::create_directories(folder);
  ShardIndex index = source.index();
  index.layout = token_layout(source.layout(), encoder.config());
  index.image_tokenizer_sha256 = encoder.sha256();
  index.shards.clear();
  weights::Json settings = weights::Json::object();
  settings.set("pixels", source.index().settings).set("copies", options.copies).set("seed", options.seed);
  index.settings = std::move(settings);

  const std::uint64_t limit = std::uint64_t(options.shard_size_mb) << 20;
  std::int64_t next = 0;
  while (next < source.size()) {
    std::vector<ShardRecord> records;
    std::vector<Job> jobs;
    std::uint64_t bytes = 1 << 16;  // the header
    for (; next < source.size(); ++next) {
      std::vector<Job> more;
      ShardRecord record = plan_record(source, next, options.copies, records.size(), more);
      const std::uint64_t size = stored_bytes(index.layout, record);
      if (!records.empty() && bytes + size > limit) break;
      bytes += size;
      records.push_back(std::move(record));
      jobs.insert(jobs.end(), more.begin(), more.end());
    }
    const auto batch = std::size_t(options.batch_size);
    for (std::size_t begin = 0; begin < jobs.size(); begin += batch) {
      encoder.run(std::span(jobs).subspan(begin, std::min(batch, jobs.size() - begin)), records);
    }
    index.shards.push_back(write_shard(folder, shard_file_name(index.shards.size()), index.layout, records));
    progress("encoded " + std::to_string(next) + " of " + std::to_string(source.size()) + " records");
  }
  write_piece_table(folder, source.pieces());
  write_shard_index(folder, index);
}

}  // namespace lacuna::training
