#include "runtime/cpu/packed_filter.h"

#include <vector>

#include "runtime/cpu/parallel.h"
#include "runtime/cpu/weight_rows.h"

namespace lacuna::cpu {

PackedFilter::PackedFilter(const dnnl::engine& engine, const graph::WeightView& weight, const dnnl::memory::desc& packed)
    : descriptor_(packed), bytes_(packed.get_size()), memory_(packed, engine, bytes_.data()) {
  const OneThread guard;
  const graph::Shape& s = weight.shape;
  std::vector<float> reals(std::size_t(s.elements()));
  read_rows(weight, 0, s[0], reals.data());
  dnnl::memory plain({{s[0], s[1], s[2], s[3]}, dnnl::memory::data_type::f32, dnnl::memory::format_tag::abcd},
                     engine, reals.data());
  dnnl::stream stream(engine);
  dnnl::reorder(plain, memory_).execute(stream, plain, memory_);
}

}  // namespace lacuna::cpu
