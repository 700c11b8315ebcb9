// torch_forward [threads] [repeats] [wall|cpu]: milliseconds of one bf16 forward of the 12-layer stack of `lacuna bench` in libtorch,
// the yardstick of the engine. Run the two one after the other on one machine.
#include <torch/torch.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <vector>

namespace {

using torch::Tensor;

constexpr int64_t kLayers = 12, kWidth = 768, kHeads = 12, kInner = 3072, kVocabulary = 32000;
constexpr int64_t kHeadDim = kWidth / kHeads;

Tensor matrix(int64_t rows, int64_t columns) { return (torch::randn({rows, columns}) * 0.02).to(torch::kBFloat16); }

struct Layer {
  Tensor q = matrix(kWidth, kWidth), k = matrix(kWidth, kWidth), v = matrix(kWidth, kWidth), o = matrix(kWidth, kWidth);
  Tensor gate = matrix(kInner, kWidth), up = matrix(kInner, kWidth), down = matrix(kWidth, kInner);
  Tensor attention_norm = torch::ones({kWidth}, torch::kBFloat16), ff_norm = torch::ones({kWidth}, torch::kBFloat16);
};

Tensor rms_norm(const Tensor& x, const Tensor& weight) {
  const Tensor wide = x.to(torch::kFloat);
  return (wide * torch::rsqrt(wide.pow(2).mean(-1, true) + 1e-5)).to(torch::kBFloat16) * weight;
}

/// x [heads, tokens, head_dim]
Tensor rope(const Tensor& x, const Tensor& cosine, const Tensor& sine) {
  const auto halves = x.chunk(2, -1);
  return torch::cat({halves[0] * cosine - halves[1] * sine, halves[1] * cosine + halves[0] * sine}, -1);
}

Tensor to_heads(const Tensor& x) { return x.view({x.size(0), kHeads, kHeadDim}).transpose(0, 1); }

Tensor forward(const std::vector<Layer>& layers, const Tensor& embedding, const Tensor& head, const Tensor& norm,
               const Tensor& ids) {
  const int64_t tokens = ids.size(0);
  const Tensor frequency = torch::pow(500000.0, -torch::arange(kHeadDim / 2, torch::kFloat) / double(kHeadDim / 2));
  const Tensor angles = torch::outer(torch::arange(tokens, torch::kFloat), frequency);
  const Tensor cosine = angles.cos().to(torch::kBFloat16), sine = angles.sin().to(torch::kBFloat16);
  Tensor x = torch::embedding(embedding, ids);
  for (const Layer& layer : layers) {
    Tensor h = rms_norm(x, layer.attention_norm);
    const Tensor q = rope(to_heads(torch::linear(h, layer.q)), cosine, sine);
    const Tensor k = rope(to_heads(torch::linear(h, layer.k)), cosine, sine);
    const Tensor v = to_heads(torch::linear(h, layer.v));
    const Tensor scores = torch::softmax(torch::matmul(q, k.transpose(1, 2)) / std::sqrt(double(kHeadDim)), -1);
    x = x + torch::linear(torch::matmul(scores, v).transpose(0, 1).reshape({tokens, kWidth}), layer.o);
    h = rms_norm(x, layer.ff_norm);
    x = x + torch::linear(torch::silu(torch::linear(h, layer.gate)) * torch::linear(h, layer.up), layer.down);
  }
  return torch::linear(rms_norm(x, norm), head);
}

double seconds(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return double(now.tv_sec) + 1e-9 * double(now.tv_nsec);
}

}  // namespace

int main(int argc, char** argv) {
  const clockid_t clock = argc > 3 && std::strcmp(argv[3], "cpu") == 0 ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC;
  const int threads = argc > 1 ? std::atoi(argv[1]) : 2, repeats = argc > 2 ? std::atoi(argv[2]) : 7;
  torch::set_num_threads(threads);
  const torch::InferenceMode guard;
  std::vector<Layer> layers;
  for (int64_t i = 0; i < kLayers; ++i) layers.emplace_back();
  const Tensor embedding = matrix(kVocabulary, kWidth), head = matrix(kVocabulary, kWidth);
  const Tensor norm = torch::ones({kWidth}, torch::kBFloat16);
  for (int64_t tokens : {160, 288, 544}) {
    const Tensor ids = torch::randint(kVocabulary, {tokens}, torch::kLong);
    forward(layers, embedding, head, norm, ids);
    std::vector<double> milliseconds;
    for (int i = 0; i < repeats; ++i) {
      const double begin = seconds(clock);
      forward(layers, embedding, head, norm, ids);
      milliseconds.push_back(1e3 * (seconds(clock) - begin));
    }
    std::sort(milliseconds.begin(), milliseconds.end());
    std::printf("torch bf16 %lld tokens: median %.1f ms, fastest %.1f, slowest %.1f\n", static_cast<long long>(tokens),
                milliseconds[milliseconds.size() / 2], milliseconds.front(), milliseconds.back());
  }
  return 0;
}
