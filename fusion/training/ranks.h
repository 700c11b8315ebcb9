#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <memory>
#include <string>

namespace lacuna::training {

/// Where this process stands among those that train together: torchrun's RANK, WORLD_SIZE, LOCAL_RANK,
/// MASTER_ADDR and MASTER_PORT.
struct RankOptions {
  int rank = 0;
  int size = 1;
  int local_rank = 0;
  std::string master_address = "127.0.0.1";
  int master_port = 29500;
};

/// The processes of a data-parallel run. One process needs no library and does nothing here.
class Ranks {
 public:
  /// Connects through torch's c10d (gloo). Throws std::runtime_error when this build has no c10d or the
  /// others do not come.
  explicit Ranks(const RankOptions& options = {});
  ~Ranks();
  Ranks(const Ranks&) = delete;
  Ranks& operator=(const Ranks&) = delete;

  int rank() const { return options_.rank; }
  int size() const { return options_.size; }
  bool is_first() const { return options_.rank == 0; }
  const RankOptions& options() const { return options_; }

  /// Replaces `tensor` by the sum over all processes.
  void sum(at::Tensor& tensor);
  /// Returns once every process has come here.
  void barrier();

 private:
  struct Group;
  RankOptions options_;
  std::unique_ptr<Group> group_;
};

}  // namespace lacuna::training
