#include "tools/shaders/spirv_to_khr.h"

#include <cstring>
#include <initializer_list>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>

namespace lacuna::shaders {
namespace {

using Words = std::vector<std::uint32_t>;

// Numbers of the registry (SPV_NV_cooperative_matrix, SPV_KHR_cooperative_matrix and the core).
namespace op {
enum : std::uint32_t {
  name = 5, extension = 10, capability = 17, type_int = 21, constant_true = 41, constant_false = 42, constant = 43,
  specialized = 52, nv_type = 5358, nv_load = 5359, nv_store = 5360, nv_multiply_add = 5361, nv_length = 5362, khr_type = 4456,
  khr_load = 4457, khr_store = 4458, khr_multiply_add = 4459, khr_length = 4460,
};
}
constexpr std::uint32_t kMagic = 0x07230203, kHeader = 5, kNvCapability = 5357, kKhrCapability = 6022;
constexpr char kNvExtension[] = "SPV_NV_cooperative_matrix", kKhrExtension[] = "SPV_KHR_cooperative_matrix";
enum : std::uint32_t { kLeft = 0, kRight = 1, kSum = 2, kUses = 3 };  // as SPIR-V counts uses; also layouts by row and by column

[[noreturn]] void fail(const std::string& what) { throw std::invalid_argument("[spirv_to_khr] expected " + what); }

/// One instruction: words()[0] is its length and its code.
struct Instruction {
  std::span<const std::uint32_t> words;
  std::uint32_t code() const { return words[0] & 0xffffu; }
  std::uint32_t at(std::size_t i) const {
    if (i >= words.size()) fail("more operands of instruction " + std::to_string(code()));
    return words[i];
  }
};

std::vector<Instruction> instructions_of(std::span<const std::uint32_t> module) {
  if (module.size() < kHeader || module[0] != kMagic) fail("a SPIR-V module in this machine's byte order");
  std::vector<Instruction> all;
  for (std::size_t at = kHeader; at < module.size();) {
    const std::size_t length = module[at] >> 16;
    if (length == 0 || length > module.size() - at) fail("instructions that end with the module");
    all.push_back({module.subspan(at, length)});
    at += length;
  }
  return all;
}

void append(Words& out, std::uint32_t code, std::initializer_list<std::uint32_t> operands) {
  out.push_back(std::uint32_t(operands.size() + 1) << 16 | code);
  out.insert(out.end(), operands);
}

/// What a module says about its matrices.
class Module {
 public:
  explicit Module(std::span<const std::uint32_t> words) : all_(instructions_of(words)) {
    std::map<std::uint32_t, std::uint32_t> types;  // of values that are matrices, by id
    for (const Instruction& i : all_) {
      if (i.code() == op::nv_type) uses_[i.at(1)];
      if (i.code() == op::constant_false) column_major_[i.at(2)] = false;
      if (i.code() == op::constant_true) column_major_[i.at(2)] = true;
      if (i.code() == op::type_int && i.at(2) == 32 && !int_) int_ = i.at(1);
      if (i.code() != op::name && i.words.size() > 2 && uses_.contains(i.at(1))) types[i.at(2)] = i.at(1);
    }
    if (uses_.empty()) fail("types of cooperative matrices");
    if (!int_) fail("an integer type of 32 bits");
    for (const Instruction& i : all_) {
      if (i.code() != op::nv_multiply_add) continue;
      set_use(i.at(1), kSum);
      for (const std::uint32_t operand : {kLeft, kRight, kSum}) {
        const auto type = types.find(i.at(3 + operand));
        if (type == types.end()) fail("matrices as operands of a multiplication");
        set_use(type->second, operand);
      }
    }
  }

  const std::vector<Instruction>& instructions() const { return all_; }
  std::uint32_t int_type() const { return *int_; }
  std::uint32_t use_of(std::uint32_t type) const {
    const auto& use = uses_.at(type);
    if (!use) fail("every matrix type in a multiplication, got one that is in none");
    return *use;
  }
  /// 0 by row, 1 by column.
  std::uint32_t layout_of(std::uint32_t id) const {
    const auto found = column_major_.find(id);
    if (found == column_major_.end()) fail("a constant that says how a matrix lies in memory");
    return found->second ? 1 : 0;
  }

 private:
  void set_use(std::uint32_t type, std::uint32_t use) {
    auto& known = uses_.at(type);
    if (known && *known != use) fail("one use of each matrix type, got two; give their sizes constants of their own");
    known = use;
  }

  std::vector<Instruction> all_;
  std::map<std::uint32_t, std::optional<std::uint32_t>> uses_;  // by type
  std::map<std::uint32_t, bool> column_major_;                  // constants
  std::optional<std::uint32_t> int_;
};

void append_extension(Words& out, const char* name) {
  const std::size_t words = std::strlen(name) / 4 + 1;
  out.push_back(std::uint32_t(words + 1) << 16 | op::extension);
  out.resize(out.size() + words);
  std::memcpy(out.data() + out.size() - words, name, std::strlen(name));
}

/// Operands from `first` on, as they are.
void append_rest(Words& out, std::size_t begin, const Instruction& from, std::size_t first) {
  out.insert(out.end(), from.words.begin() + std::ptrdiff_t(first), from.words.end());
  out[begin] = std::uint32_t(out.size() - begin) << 16 | (out[begin] & 0xffffu);
}

}  // namespace

std::vector<std::uint32_t> spirv_to_khr(std::span<const std::uint32_t> words) {
  const Module module(words);
  Words out(words.begin(), words.begin() + kHeader);
  const std::uint32_t numbers = out[3];  // ids of the constants 0, 1, 2
  out[3] += kUses;
  for (const Instruction& i : module.instructions()) {
    const std::size_t begin = out.size();
    switch (i.code()) {
      case op::capability:
        append(out, op::capability, {i.at(1) == kNvCapability ? kKhrCapability : i.at(1)});
        break;
      case op::extension: {
        const std::size_t most = (i.words.size() - 1) * 4;
        const bool nv = most > sizeof kNvExtension - 1 && std::memcmp(&i.words[1], kNvExtension, sizeof kNvExtension) == 0;
        if (nv) append_extension(out, kKhrExtension);
        if (!nv) out.insert(out.end(), i.words.begin(), i.words.end());
        break;
      }
      case op::type_int:
        out.insert(out.end(), i.words.begin(), i.words.end());
        for (std::uint32_t n = 0; n < kUses && i.at(1) == module.int_type(); ++n) {
          append(out, op::constant, {module.int_type(), numbers + n, n});
        }
        break;
      case op::nv_type:
        append(out, op::khr_type, {i.at(1), i.at(2), i.at(3), i.at(4), i.at(5), numbers + module.use_of(i.at(1))});
        break;
      case op::nv_load:
        append(out, op::khr_load, {i.at(1), i.at(2), i.at(3), numbers + module.layout_of(i.at(5)), i.at(4)});
        append_rest(out, begin, i, 6);
        break;
      case op::nv_store:
        append(out, op::khr_store, {i.at(1), i.at(2), numbers + module.layout_of(i.at(4)), i.at(3)});
        append_rest(out, begin, i, 5);
        break;
      case op::nv_multiply_add:
        append(out, op::khr_multiply_add, {i.at(1), i.at(2), i.at(3), i.at(4), i.at(5)});
        break;
      case op::nv_length:
        append(out, op::khr_length, {i.at(1), i.at(2), i.at(3)});
        break;
      default:
        out.insert(out.end(), i.words.begin(), i.words.end());
        if (i.code() == op::specialized && i.at(3) == op::nv_length) out[begin + 3] = op::khr_length;
    }
  }
  return out;
}

}  // namespace lacuna::shaders
