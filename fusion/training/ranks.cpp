#include "fusion/training/ranks.h"

#include <stdexcept>

#ifdef LACUNA_WITH_C10D
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#endif

namespace lacuna::training {

#ifdef LACUNA_WITH_C10D

struct Ranks::Group {
  c10::intrusive_ptr<c10d::ProcessGroupGloo> gloo;
};

Ranks::Ranks(const RankOptions& options) : options_(options) {
  if (options.size <= 1) return;
  c10d::TCPStoreOptions store_options;
  store_options.port = std::uint16_t(options.master_port);
  store_options.isServer = options.rank == 0;
  store_options.numWorkers = std::size_t(options.size);
  auto store = c10::make_intrusive<c10d::TCPStore>(options.master_address, store_options);
  auto gloo_options = c10d::ProcessGroupGloo::Options::create();
  // The interface that reaches the master, or gloo may pick one that the others cannot.
  gloo_options->devices.push_back(options.master_address == "127.0.0.1" || options.master_address == "localhost"
                                      ? c10d::ProcessGroupGloo::createDeviceForHostname("127.0.0.1")
                                      : c10d::ProcessGroupGloo::createDefaultDevice());
  group_ = std::make_unique<Group>();
  group_->gloo =
      c10::make_intrusive<c10d::ProcessGroupGloo>(store, options.rank, options.size, gloo_options);
}

void Ranks::sum(at::Tensor& tensor) {
  if (!group_) return;
  // Gloo works on host memory.
  at::Tensor host = tensor.detach().to(at::kCPU).contiguous();
  std::vector<at::Tensor> tensors{host};
  group_->gloo->allreduce(tensors)->wait();
  if (!host.is_same(tensor)) tensor.copy_(tensors[0]);
}

void Ranks::barrier() {
  if (group_) group_->gloo->barrier()->wait();
}

#else

struct Ranks::Group {};

Ranks::Ranks(const RankOptions& options) : options_(options) {
  if (options.size > 1) {
    throw std::runtime_error("this lacuna-train was built without c10d (gloo headers): it trains in one process");
  }
}
void Ranks::sum(at::Tensor&) {}
void Ranks::barrier() {}

#endif

Ranks::~Ranks() = default;

}  // namespace lacuna::training
