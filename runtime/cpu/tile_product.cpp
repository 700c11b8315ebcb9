#include "runtime/cpu/tile_product.h"

#include "runtime/cpu/parallel.h"

namespace lacuna::cpu {
namespace {

using Descriptor = dnnl::memory::desc;
using Tag = dnnl::memory::format_tag;
using Type = dnnl::memory::data_type;

Type left_type(ProductType type) {
  return type == ProductType::f32 ? Type::f32 : type == ProductType::bf16 ? Type::bf16 : Type::u8;
}
Type right_type(ProductType type) {
  return type == ProductType::f32 ? Type::f32 : type == ProductType::bf16 ? Type::bf16 : Type::s8;
}

/// Panels of 64 columns: for each word of depth (one f32, two bf16, four int8) 64 words, as AVX-512 kernels want them.
bool is_word_panels(const Descriptor& packed, ProductType type, std::int64_t depth, std::int64_t columns) {
  constexpr std::int64_t kPanel = 64;
  const std::int64_t unit = type == ProductType::f32 ? 16 : type == ProductType::bf16 ? 32 : 64;
  if (columns % kPanel != 0 || depth % unit != 0) return false;
  const Tag tag = type == ProductType::f32 ? Tag::BA16a64b : type == ProductType::bf16 ? Tag::BA16a64b2a : Tag::BA16a64b4a;
  // In int8 oneDNN may append sums of its own to a tile; then the sizes differ.
  const Descriptor wanted({depth, columns}, right_type(type), tag);
  return packed == wanted && packed.get_size() == wanted.get_size();
}

}  // namespace

TileProduct::TileProduct(const dnnl::engine& engine, ProductType type, std::int64_t depth, std::int64_t columns)
    : engine_(engine), type_(type), depth_(depth), columns_(columns), sums_stride_(columns) {
  const OneThread guard;
  a_ = Descriptor({kRows, depth}, left_type(type), Tag::ab);
  sums_ = Descriptor({kRows, columns}, type == ProductType::int8 ? Type::s32 : Type::f32, Tag::ab);
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  const dnnl::matmul::desc operation(a_, Descriptor({depth, columns}, right_type(type), Tag::any), sums_);
  const dnnl::matmul::primitive_desc chosen(operation, attributes, engine_);
  packed_ = chosen.weights_desc();
  word_panels_ = is_word_panels(packed_, type, depth, columns);
  scratch_ = chosen.scratchpad_desc();
  scratch_bytes_ = scratch_.get_size();
  matmul_ = dnnl::matmul(chosen);
  rows_ = Descriptor({depth, columns}, right_type(type), Tag::ba);
  reorder_ = dnnl::reorder(dnnl::reorder::primitive_desc(engine_, rows_, engine_, packed_));
}

TileProduct::TileProduct(const dnnl::engine& engine, const Kernels& kernels, std::int64_t depth, std::int64_t columns)
    : engine_(engine), type_(ProductType::f32), depth_(depth), columns_(columns), panels_(kernels) {
  const std::int64_t panel = kernels.panel_columns;
  sums_stride_ = (columns + panel - 1) / panel * panel;
  packed_ = Descriptor({sums_stride_ * depth}, Type::f32, Tag::a);
  word_panels_ = true;
}

void TileProduct::pack(const void* rows, dnnl::memory& packed) const {
  if (panels_) {
    return panels_->pack_transposed({rows, Storage::f32}, columns_, depth_, depth_, packed.get_data_handle());
  }
  const OneThread guard;
  dnnl::memory from(rows_, engine_, const_cast<void*>(rows));
  dnnl::stream stream(engine_);
  reorder_.execute(stream, from, packed);
}

TileRunner::TileRunner(std::shared_ptr<const TileProduct> product)
    : product_(std::move(product)), stream_(product_->engine_) {
  if (product_->panels_) return;
  b_ = dnnl::memory(product_->packed_, product_->engine_, DNNL_MEMORY_NONE);
  rows_ = dnnl::memory(product_->rows_, product_->engine_, DNNL_MEMORY_NONE);
  a_ = dnnl::memory(product_->a_, product_->engine_, DNNL_MEMORY_NONE);
  sums_ = dnnl::memory(product_->sums_, product_->engine_, DNNL_MEMORY_NONE);
  scratch_ = dnnl::memory(product_->scratch_, product_->engine_, DNNL_MEMORY_NONE);
}

void TileRunner::pack(const void* rows, void* packed) {
  if (product_->panels_) {
    return product_->panels_->pack_transposed({rows, Storage::f32}, product_->columns_, product_->depth_,
                                              product_->depth_, packed);
  }
  rows_.set_data_handle(const_cast<void*>(rows));
  b_.set_data_handle(packed);
  const dnnl_exec_arg_t arguments[] = {{DNNL_ARG_FROM, rows_.get()}, {DNNL_ARG_TO, b_.get()}};
  dnnl::error::wrap_c_api(dnnl_primitive_execute(product_->reorder_.get(), stream_.get(), 2, arguments),
                          "[linear] oneDNN could not pack a tile");
}

void TileRunner::run(const void* a, const void* packed, void* sums, void* scratch) {
  if (product_->panels_) {
    PanelProduct p;
    p.a = a;
    p.a_stride = p.depth = product_->depth_;
    p.panels = packed;
    p.panel_stride = product_->depth_ * product_->panels_->panel_columns;
    p.rows = TileProduct::kRows;
    p.columns = product_->columns_;
    p.c = static_cast<float*>(sums);
    p.c_stride = product_->sums_stride_;
    return product_->panels_->multiply_panels(p);
  }
  a_.set_data_handle(const_cast<void*>(a));
  b_.set_data_handle(const_cast<void*>(packed));
  sums_.set_data_handle(sums);
  scratch_.set_data_handle(scratch);
  // The C interface, because the C++ one builds a map for every call.
  const dnnl_exec_arg_t arguments[] = {{DNNL_ARG_SRC, a_.get()},
                                       {DNNL_ARG_WEIGHTS, b_.get()},
                                       {DNNL_ARG_DST, sums_.get()},
                                       {DNNL_ARG_SCRATCHPAD, scratch_.get()}};
  dnnl::error::wrap_c_api(dnnl_primitive_execute(product_->matmul_.get(), stream_.get(), 4, arguments),
                          "[linear] oneDNN could not run a matrix product");
}

std::shared_ptr<const TileProduct> TileProducts::get(ProductType type, std::int64_t depth, std::int64_t columns) {
  const std::scoped_lock lock(mutex_);
  auto& product = products_[{type, depth, columns}];
  if (product) return product;
  product = type == ProductType::f32 && !features_.avx512
                ? std::make_shared<const TileProduct>(engine_, kernels_, depth, columns)
                : std::make_shared<const TileProduct>(engine_, type, depth, columns);
  return product;
}

}  // namespace lacuna::cpu
