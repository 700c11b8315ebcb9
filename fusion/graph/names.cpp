#include "fusion/graph/dtype.h"
#include "fusion/graph/op.h"

namespace lacuna::graph {

std::string_view name_of(DType dtype) {
  switch (dtype) {
    case DType::f32: return "f32";
    case DType::f64: return "f64";
    case DType::f16: return "f16";
    case DType::bf16: return "bf16";
    case DType::i8: return "i8";
    case DType::u8: return "u8";
    case DType::i16: return "i16";
    case DType::i32: return "i32";
    case DType::i64: return "i64";
    case DType::boolean: return "bool";
    case DType::q8_0: return "q8_0";
    case DType::q4_0: return "q4_0";
    case DType::q4_1: return "q4_1";
  }
  return "?";
}

std::string_view name_of(Op op) {
  switch (op) {
    case Op::gather_rows: return "gather_rows";
    case Op::linear: return "linear";
    case Op::matmul: return "matmul";
    case Op::add: return "add";
    case Op::subtract: return "subtract";
    case Op::multiply: return "multiply";
    case Op::affine: return "affine";
    case Op::unary: return "unary";
    case Op::reduce: return "reduce";
    case Op::softmax: return "softmax";
    case Op::reshape: return "reshape";
    case Op::permute: return "permute";
    case Op::slice: return "slice";
    case Op::concat: return "concat";
    case Op::cast: return "cast";
    case Op::argmax: return "argmax";
    case Op::conv2d: return "conv2d";
    case Op::upsample_nearest2x: return "upsample_nearest2x";
    case Op::draw: return "draw";
    case Op::rms_norm: return "rms_norm";
    case Op::layer_norm: return "layer_norm";
    case Op::group_norm: return "group_norm";
    case Op::swiglu: return "swiglu";
    case Op::rope: return "rope";
    case Op::attention: return "attention";
    case Op::propose: return "propose";
    case Op::quantise_nearest: return "quantise_nearest";
    case Op::quantise_sign: return "quantise_sign";
  }
  return "?";
}

std::string_view name_of(Unary function) {
  switch (function) {
    case Unary::negate: return "negate";
    case Unary::exp: return "exp";
    case Unary::log: return "log";
    case Unary::sqrt: return "sqrt";
    case Unary::rsqrt: return "rsqrt";
    case Unary::square: return "square";
    case Unary::sin: return "sin";
    case Unary::cos: return "cos";
    case Unary::tanh: return "tanh";
    case Unary::sigmoid: return "sigmoid";
    case Unary::silu: return "silu";
    case Unary::gelu_erf: return "gelu_erf";
    case Unary::gelu_tanh: return "gelu_tanh";
    case Unary::relu: return "relu";
  }
  return "?";
}

std::string_view name_of(Reduction reduction) {
  switch (reduction) {
    case Reduction::sum: return "sum";
    case Reduction::mean: return "mean";
    case Reduction::max: return "max";
  }
  return "?";
}

}  // namespace lacuna::graph
