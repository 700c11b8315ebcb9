#pragma once

#include <span>
#include <string>
#include <vector>

#include "fusion/graph/graph.h"
#include "fusion/training/tensors.h"

namespace lacuna::training {

/// Values of a weight that depend on seed, name and element alone. Host tensors, float32.
at::Tensor initial_uniform(std::uint64_t seed, const std::string& name, const graph::Shape& shape, double bound);
at::Tensor initial_normal(std::uint64_t seed, const std::string& name, const graph::Shape& shape, double deviation);

/// A convolutional network: kernels and their biases uniform within 1 / sqrt(fan-in), norms 1 and 0.
std::vector<NamedTensor> initial_convolutional(std::uint64_t seed, std::span<const graph::NamedShape> weights);

/// Gives the embeddings of image codes, `rows` [K, D], the geometry of the image tokenizer's codebook [K, C]: codes
/// that look alike start alike. A random projection of the centred codebook is mixed into what is there; the
/// deviation of an element stays what it was.
void embed_codebook(std::uint64_t seed, const at::Tensor& codebook, at::Tensor rows);

/// A transformer (GPT-2's rule): normal with deviation 0.02, the layers that write into the residual stream
/// divided by sqrt(2 layers); norms 1, biases 0.
std::vector<NamedTensor> initial_transformer(std::uint64_t seed, std::span<const graph::NamedShape> weights,
                                             int layers);

}  // namespace lacuna::training
