#include <vector>

#include "runtime/evaluation/evaluate.h"
#include "runtime/evaluation/timing.h"
#include "vision/metrics.h"
#include "vision/resize.h"

namespace lacuna::evaluation {

std::optional<Evaluation> evaluate_reconstruct(generation::Pipeline& pipeline, const NearestNeighbour&,
                                               std::span<const Sample> samples, const SuiteOptions&,
                                               const SampleCallback& callback) {
  const Stopwatch watch;
  const auto& sizes = pipeline.model().family->sizes();
  std::vector<double> psnr, ssim, baseline;
  for (const Sample& sample : samples) {
    const auto codes = pipeline.encode({&sample.picture, 1});
    const vision::Image again = pipeline.model().images->decode(codes).front();
    psnr.push_back(vision::psnr(sample.picture, again));
    ssim.push_back(vision::ssim(sample.picture, again));
    const vision::Image coarse = vision::resize(sample.picture, {sizes.grid_height, sizes.grid_width});
    baseline.push_back(vision::psnr(sample.picture, vision::resize(coarse, sample.picture.size())));
    if (callback && callback(int(psnr.size()), int(samples.size())) == generation::Continue::no) return std::nullopt;
  }
  return Evaluation{"reconstruct", "PSNR in dB",
                    mean(psnr),    "one colour a code, enlarged bicubically",
                    mean(baseline).value, int(samples.size()), watch.seconds(), {{"ssim", mean(ssim).value}}};
}

}  // namespace lacuna::evaluation
