#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "fusion/graph/shape.h"
#include "runtime/cpu/aligned_bytes.h"
#include "runtime/cpu/kernels/kernels.h"
#include "runtime/cpu/worker_pool.h"

namespace lacuna::cpu {

using BufferId = std::int32_t;

/// A piece of memory that steps read and write.
struct Buffer {
  enum class Kind {
    arena,   // planned by liveness
    input,   // the caller's, at run
    output,  // the caller's, at run
    fixed,   // filled before the first run: weights, constants and what follows from them alone
  };
  Kind kind = Kind::arena;
  std::size_t bytes = 0;
  std::size_t position = 0;         // of inputs and outputs: in the caller's list
  const std::byte* data = nullptr;  // of fixed buffers that exist already
};

/// A value in memory: part of a buffer, dense in its layout.
struct Operand {
  BufferId buffer = -1;
  std::int64_t offset = 0;  // elements
  graph::Shape shape;       // the graph's axes, whatever the layout
  Storage storage = Storage::f32;
  Layout layout = Layout::plain;
};

/// What a step sees when it runs.
class RunContext {
 public:
  RunContext(const Kernels& kernels, WorkerPool& workers, std::vector<std::byte*> addresses)
      : kernels(kernels), workers(workers), addresses(std::move(addresses)) {}

  template <class T>
  T* at(BufferId buffer) const {
    return reinterpret_cast<T*>(addresses[std::size_t(buffer)]);
  }
  template <class T>
  T* at(const Operand& x) const {
    return at<T>(x.buffer) + x.offset;
  }
  Reals reals(const Operand& x) const { return Reals{at<std::byte>(x.buffer), x.storage}.from(x.offset); }

  const Kernels& kernels;
  WorkerPool& workers;
  std::vector<std::byte*> addresses;
};

/// One piece of work, done to the end before the next one begins.
struct Step {
  std::vector<BufferId> reads;
  std::vector<BufferId> writes;  // scratch too
  std::function<void(const RunContext&)> run;
};

/// A graph in the engine's own terms.
struct Program {
  std::vector<Buffer> buffers;
  std::vector<Step> preparation;  // run once: what follows from weights and constants alone
  std::vector<Step> steps;
  std::vector<std::shared_ptr<const void>> keep_alive;
};

}  // namespace lacuna::cpu
