// torch_reference: one text-to-image step as the reference sampler of MMaDA takes it, in plain PyTorch on random
// weights: both branches of guidance as a batch of two rows padded to the training's length, logits for every position
// over the whole vocabulary, guidance over all of them, then the slice of codes, softmax, draws and the new mask.
// Prints one JSON line. `lacuna bench --against-torch` runs it; a program of its own because lacuna links no libtorch.
#include <torch/torch.h>
#include <torch/version.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <exception>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using torch::Tensor;
using torch::indexing::Slice;

struct Settings {
  std::int64_t width = 4096, heads = 32, layers = 2, mlp = 12288, vocabulary = 8416, codebook = 512;
  std::int64_t room = 512, words = 40, codes = 1024;
  std::int64_t threads = 2, repeats = 3;
  std::string type = "f32";
  clockid_t clock = CLOCK_MONOTONIC;

  std::int64_t tokens() const { return room + 1 + 1 + codes + 1; }
  std::int64_t head_dim() const { return width / heads; }
  torch::ScalarType scalar() const { return type == "bf16" ? torch::kBFloat16 : torch::kFloat; }

  /// A multiply-add counted as two; both rows.
  double flops() const {
    const double n = double(tokens()), d = double(width), l = double(layers);
    const double linear = 2 * n * l * (4 * d * d + 3 * d * double(mlp));
    return 2 * (linear + 4 * n * n * d * l + 2 * n * d * double(vocabulary));
  }
};

Settings parse(int argc, char** argv) {
  Settings s;
  const std::map<std::string, std::int64_t*> numbers = {
      {"--width", &s.width},   {"--heads", &s.heads}, {"--layers", &s.layers}, {"--mlp", &s.mlp},
      {"--vocabulary", &s.vocabulary}, {"--codebook", &s.codebook}, {"--room", &s.room}, {"--words", &s.words},
      {"--codes", &s.codes}, {"--threads", &s.threads}, {"--repeats", &s.repeats}};
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string name = argv[i];
    if (name == "--type") {
      s.type = argv[i + 1];
    } else if (name == "--clock") {
      s.clock = std::strcmp(argv[i + 1], "cpu") == 0 ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC;
    } else if (const auto at = numbers.find(name); at != numbers.end()) {
      *at->second = std::stoll(argv[i + 1]);
    } else {
      throw std::invalid_argument("there is no option " + name);
    }
  }
  if (s.type != "f32" && s.type != "bf16") throw std::invalid_argument("--type: expected f32 or bf16");
  if (s.heads < 1 || s.width % s.heads != 0) throw std::invalid_argument("--heads: expected a divisor of --width");
  return s;
}

struct Layer {
  Tensor q, k, v, o, gate, up, down, attention_norm, ff_norm;
};

class Network {
 public:
  explicit Network(const Settings& s) : s_(s) {
    const std::int64_t d = s.width;
    for (std::int64_t i = 0; i < s.layers; ++i) {
      layers_.push_back({matrix(d, d), matrix(d, d), matrix(d, d), matrix(d, d), matrix(s.mlp, d), matrix(s.mlp, d),
                         matrix(d, s.mlp), ones(d), ones(d)});
    }
    embedding_ = matrix(s.vocabulary, d);
    head_ = matrix(s.vocabulary, d);
    norm_ = ones(d);
    const std::int64_t half = s.head_dim() / 2;
    const Tensor frequency = torch::pow(500000.0, -torch::arange(half, torch::kFloat) / double(half));
    const Tensor angles = torch::outer(torch::arange(s.tokens(), torch::kFloat), frequency);
    cosine_ = torch::cat({angles, angles}, -1).cos();
    sine_ = torch::cat({angles, angles}, -1).sin();
  }

  /// Logits [2, tokens, vocabulary].
  Tensor forward(const Tensor& ids, const Tensor& bias) const {
    Tensor x = torch::embedding(embedding_, ids);
    for (const Layer& layer : layers_) {
      Tensor h = rms_norm(x, layer.attention_norm);
      const Tensor q = rope(to_heads(torch::linear(h, layer.q))), k = rope(to_heads(torch::linear(h, layer.k)));
      const Tensor v = to_heads(torch::linear(h, layer.v));
      const Tensor mixed = attention(q, k, v, bias);
      x = x + torch::linear(mixed.transpose(1, 2).reshape({x.size(0), x.size(1), s_.width}), layer.o);
      h = rms_norm(x, layer.ff_norm);
      x = x + torch::linear(torch::silu(torch::linear(h, layer.gate)) * torch::linear(h, layer.up), layer.down);
    }
    return torch::linear(rms_norm(x, norm_), head_);
  }

 private:
  Tensor matrix(std::int64_t rows, std::int64_t columns) const {
    return (torch::randn({rows, columns}) / std::sqrt(double(columns))).to(s_.scalar());
  }
  Tensor ones(std::int64_t n) const { return torch::ones({n}, s_.scalar()); }

  Tensor rms_norm(const Tensor& x, const Tensor& weight) const {
    const Tensor wide = x.to(torch::kFloat);
    return (wide * torch::rsqrt(wide.pow(2).mean(-1, true) + 1e-5)).to(x.scalar_type()) * weight;
  }
  Tensor to_heads(const Tensor& x) const {
    return x.view({x.size(0), x.size(1), s_.heads, s_.head_dim()}).transpose(1, 2);
  }
  Tensor rope(const Tensor& x) const {
    const Tensor wide = x.to(torch::kFloat);
    const auto halves = wide.chunk(2, -1);
    return (wide * cosine_ + torch::cat({-halves[1], halves[0]}, -1) * sine_).to(x.scalar_type());
  }
  Tensor attention(const Tensor& q, const Tensor& k, const Tensor& v, const Tensor& bias) const {
#if TORCH_VERSION_MAJOR >= 2
    return at::scaled_dot_product_attention(q, k, v, bias);
#else
    const Tensor scores = torch::matmul(q, k.transpose(-2, -1)) / std::sqrt(double(s_.head_dim())) + bias;
    return torch::matmul(torch::softmax(scores, -1), v);
#endif
  }

  Settings s_;
  std::vector<Layer> layers_;
  Tensor embedding_, head_, norm_, cosine_, sine_;
};

/// Where padding is no key and no query, 0; else the smallest number of the type.
Tensor padding_bias(const Settings& s) {
  Tensor valid = torch::ones({2, s.tokens()}, torch::kBool);
  valid.index_put_({0, Slice(0, s.room - s.words)}, false);
  valid.index_put_({1, Slice(0, s.room - 2)}, false);
  const Tensor both = valid.unsqueeze(1).logical_and(valid.unsqueeze(2)).unsqueeze(1);
  const double least = s.type == "bf16" ? -3.3895e38 : -3.4028e38;
  return torch::zeros({2, 1, s.tokens(), s.tokens()}, s.scalar()).masked_fill_(both.logical_not(), least);
}

/// The ids of both rows after the step.
Tensor step(const Network& network, const Settings& s, const Tensor& ids, const Tensor& bias, double ratio,
            double guidance) {
  const std::int64_t offset = s.vocabulary - s.codebook, mask = 0;
  const Tensor both = network.forward(ids, bias);
  const auto branches = both.chunk(2, 0);
  const Tensor logits = (1 + guidance) * branches[0] - guidance * branches[1];
  const Tensor codes = logits.index({Slice(), Slice(-(s.codes + 1), -1), Slice(offset, offset + s.codebook)});
  const Tensor probabilities = torch::softmax(codes, -1);
  const Tensor drawn = torch::multinomial(probabilities.reshape({-1, s.codebook}).to(torch::kFloat), 1).view({1, -1});
  const Tensor now = ids.index({Slice(0, 1), Slice(-(s.codes + 1), -1)});
  const Tensor unknown = now == mask;
  const Tensor sampled = torch::where(unknown, drawn + offset, now);
  Tensor chosen = probabilities.gather(-1, drawn.unsqueeze(-1)).squeeze(-1).to(torch::kFloat);
  chosen = torch::where(unknown, chosen, torch::full_like(chosen, 3e38));
  const Tensor noise = -torch::log(-torch::log(torch::rand_like(chosen).clamp_min(1e-20)).clamp_min(1e-20));
  const Tensor confidence = torch::log(chosen.clamp_min(1e-20)) + (1 - ratio) * noise;
  const auto kept = std::int64_t(std::floor(double(s.codes) * std::cos(ratio * M_PI / 2)));
  const Tensor cutoff = std::get<0>(confidence.sort(-1)).index({Slice(), Slice(kept, kept + 1)});
  Tensor next = ids.clone();
  next.index_put_({Slice(), Slice(-(s.codes + 1), -1)},
                  torch::where(confidence < cutoff, torch::full_like(sampled, mask), sampled).expand({2, -1}));
  return next;
}

double milliseconds_now(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return 1e3 * double(now.tv_sec) + 1e-6 * double(now.tv_nsec);
}

void run(const Settings& s) {
  torch::set_num_threads(int(s.threads));
  torch::manual_seed(1);
  const torch::InferenceMode guard;
  const Network network(s);
  const Tensor bias = padding_bias(s);
  Tensor ids = torch::randint(1, s.vocabulary, {2, s.tokens()}, torch::kLong);
  ids.index_put_({Slice(), Slice(-(s.codes + 1), -1 - s.codes / 3)}, 0);
  std::vector<double> times;
  for (std::int64_t i = 0; i <= s.repeats; ++i) {
    const double begin = milliseconds_now(s.clock);
    const Tensor next = step(network, s, ids, bias, 0.4, 3.5);
    if (i > 0) times.push_back(milliseconds_now(s.clock) - begin);
    if (next.numel() != ids.numel()) throw std::runtime_error("a step lost positions");
  }
  std::printf("{\"milliseconds\": %.3f, \"tflop\": %.6f, \"torch\": \"%s\"}\n", *std::ranges::min_element(times),
              s.flops() * 1e-12, TORCH_VERSION);
}

}  // namespace

int main(int argc, char** argv) try {
  run(parse(argc, argv));
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "torch_reference: %s\n", error.what());
  return 1;
}
