#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>

#include "runtime/samplers/sampler_registry.h"
#include "runtime/samplers/scoped_run.h"

/// Remasking diffusion (ReMDM, arXiv 2503.00307): in a step from t to s a revealed token is masked again with
/// probability sigma <= (1 - alpha_s) / alpha_t, and a masked one is revealed with probability
/// (alpha_s - (1 - sigma) alpha_t) / (1 - alpha_t), which keeps the marginals of the noise process. The four variants
/// differ in sigma.
namespace lacuna::samplers {
namespace {

using fusion::Modality;
using fusion::PositionState;

/// One step of one modality: the share that is revealed before and after.
struct Interval {
  double alpha_t = 0, alpha_s = 1;
  double t = 1;

  double largest_sigma() const { return alpha_t > 0 ? std::min(1.0, (1.0 - alpha_s) / alpha_t) : 1.0; }
};

/// A variant: alpha over time where it is not that of the schedule, and sigma of a step.
struct Variant {
  std::function<double(double t)> alpha;                // empty: 1 - mask rate of the schedule
  std::function<double(const Interval&)> sigma;
  bool by_confidence = false;  // sigma is shared out by softmax(-probability when revealed) over revealed tokens
};

class RemdmRun final : public ScopedRun {
 public:
  RemdmRun(const fusion::Canvas& canvas, RunInfo info, const Variant& variant)
      : ScopedRun(canvas, std::move(info)), variant_(variant) {}

  std::optional<Wanted> next(const fusion::Canvas& canvas) override {
    // The coins of a step do not depend on the network: steps in which nothing happens cost no call.
    while (step_ < info().steps) {
      plan(canvas);
      if (!reveal_.empty() || !remask_.empty()) return Wanted{reveal_};
      ++step_;
    }
    reveal_ = masked(canvas);
    remask_.clear();
    if (reveal_.empty()) return std::nullopt;
    return Wanted{reveal_};
  }

  Moves decide(const fusion::Canvas&, std::span<const PositionProposal> proposals) override {
    Moves moves;
    for (const PositionProposal& p : proposals) {
      moves.reveal.push_back({p.position, p.token});
      probability_[p.position] = std::exp(double(p.log_prob));
    }
    moves.remask = remask_;
    ++step_;
    return moves;
  }

 private:
  double alpha(Modality m, double t) const {
    return variant_.alpha ? variant_.alpha(t) : 1.0 - info().schedules[int(m)].mask_rate(t);
  }

  void plan(const fusion::Canvas& canvas) {
    reveal_.clear();
    remask_.clear();
    const double t = 1.0 - double(step_) / info().steps, s = 1.0 - double(step_ + 1) / info().steps;
    for (Modality m : kModalities) {
      const Interval interval{alpha(m, t), step_ + 1 == info().steps ? 1.0 : alpha(m, s), t};
      const double sigma = std::min(variant_.sigma(interval), interval.largest_sigma());
      const double total = variant_.by_confidence ? confidence_sum(canvas, m) : 1.0;
      const double masked_sigma = variant_.by_confidence ? 0.0 : sigma;
      const double reveal = interval.alpha_t >= 1.0
                                ? 1.0
                                : (interval.alpha_s - (1.0 - masked_sigma) * interval.alpha_t) / (1.0 - interval.alpha_t);
      for (int p : scope(m)) {
        const PositionState state = canvas.states()[std::size_t(p)];
        const double u = uniform(graph::RandomStream::order, step_ + 1, p);
        if (state == PositionState::masked && (step_ + 1 == info().steps || u < reveal)) reveal_.push_back(p);
        if (state != PositionState::revealed) continue;
        const double share = variant_.by_confidence ? std::exp(-probability(p)) / total : 1.0;
        if (u < sigma * share) remask_.push_back(p);
      }
    }
    std::ranges::sort(reveal_);
  }

  double probability(int position) const {
    const auto it = probability_.find(position);
    return it == probability_.end() ? 1.0 : it->second;
  }

  double confidence_sum(const fusion::Canvas& canvas, Modality m) const {
    double sum = 0;
    for (int p : scope(m)) {
      if (canvas.states()[std::size_t(p)] == PositionState::revealed) sum += std::exp(-probability(p));
    }
    return sum;
  }

  Variant variant_;
  int step_ = 0;
  std::vector<int> reveal_, remask_;
  std::map<int, double> probability_;  // of each token when it was revealed
};

class RemdmSampler final : public Sampler {
 public:
  explicit RemdmSampler(Variant variant) : variant_(std::move(variant)) {}

  std::unique_ptr<SamplerRun> start(const fusion::Canvas& canvas, RunInfo info) const override {
    return std::make_unique<RemdmRun>(canvas, std::move(info), variant_);
  }

 private:
  Variant variant_;
};

/// The loop's alpha: up to alpha_on at t_on, held until t_off, up to 1 at 0.
double loop_alpha(double t, double t_on, double t_off, double alpha_on) {
  if (t >= t_on) return t_on < 1.0 ? (1.0 - t) * alpha_on / (1.0 - t_on) : 0.0;
  if (t >= t_off) return alpha_on;
  return 1.0 - t * (1.0 - alpha_on) / t_off;
}

}  // namespace

std::unique_ptr<Sampler> make_remdm_cap_sampler(const SamplerOptions& options) {
  return std::make_unique<RemdmSampler>(Variant{{}, [eta = options.at("eta")](const Interval&) { return eta; }});
}

std::unique_ptr<Sampler> make_remdm_rescale_sampler(const SamplerOptions& options) {
  return std::make_unique<RemdmSampler>(
      Variant{{}, [eta = options.at("eta")](const Interval& i) { return eta * i.largest_sigma(); }});
}

std::unique_ptr<Sampler> make_remdm_conf_sampler(const SamplerOptions&) {
  return std::make_unique<RemdmSampler>(Variant{{}, [](const Interval& i) { return i.largest_sigma(); }, true});
}

std::unique_ptr<Sampler> make_remdm_loop_sampler(const SamplerOptions& options) {
  const double eta = options.at("eta"), on = options.at("t-on"), off = options.at("t-off");
  const double alpha_on = options.at("alpha-on");
  if (!(off < on)) {
    throw std::invalid_argument("[sampler] expected the option t-off of remdm-loop below t-on, got " +
                                std::to_string(off) + " and " + std::to_string(on));
  }
  return std::make_unique<RemdmSampler>(
      Variant{[=](double t) { return loop_alpha(t, on, off, alpha_on); },
              [=](const Interval& i) { return i.t <= on && i.t > off ? eta : 0.0; }});
}

}  // namespace lacuna::samplers
