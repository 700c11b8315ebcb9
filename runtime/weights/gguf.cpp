#include "runtime/weights/gguf.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <set>

#include "runtime/weights/checkpoint_error.h"
#include "runtime/weights/utf8.h"

namespace lacuna::weights {
namespace {

constexpr std::uint64_t kMaxNameBytes = 256;
constexpr std::uint64_t kMaxAlignment = 64 << 10;
constexpr std::uint64_t kDefaultAlignment = 32;

/// Types of metadata values, by the format's numbers.
enum class ValueType : std::uint32_t { u8, i8, u16, i16, u32, i32, f32, boolean, string, array, u64, i64, f64 };

constexpr std::uint64_t size_of(ValueType type) {
  switch (type) {
    case ValueType::u8:
    case ValueType::i8:
    case ValueType::boolean:
      return 1;
    case ValueType::u16:
    case ValueType::i16:
      return 2;
    case ValueType::u32:
    case ValueType::i32:
    case ValueType::f32:
      return 4;
    case ValueType::u64:
    case ValueType::i64:
    case ValueType::f64:
    case ValueType::string:  // its length alone
      return 8;
    case ValueType::array:
      break;
  }
  return 0;
}

/// a * b + c, or nothing where that does not fit in 63 bits.
std::optional<std::uint64_t> checked(std::uint64_t a, std::uint64_t b, std::uint64_t c = 0) {
  constexpr std::uint64_t kMax = std::numeric_limits<std::int64_t>::max();
  if (c > kMax || (b != 0 && a > (kMax - c) / b)) return std::nullopt;
  return a * b + c;
}

class Parser {
 public:
  Parser(std::span<const std::byte> file, const std::filesystem::path& path, const GgufLimits& limits)
      : file_(file), path_(path), limits_(limits) {}

  GgufHeader parse() {
    if (file_.size() < 4 || std::memcmp(file_.data(), "GGUF", 4) != 0) fail("not a GGUF file: expected it to begin with GGUF");
    at_ = 4;
    GgufHeader header;
    header.version = number<std::uint32_t>("the version");
    if (header.version != 2 && header.version != 3) {
      const bool swapped = header.version == 0x02000000 || header.version == 0x03000000;
      fail("expected GGUF version 2 or 3, got " +
           (swapped ? std::string("a big-endian file") : std::to_string(header.version)));
    }
    const std::uint64_t tensors = count("tensors", limits_.max_tensors, 4 + 8 + 8 + 4 + 8);
    const std::uint64_t values = count("metadata values", limits_.max_values, 8 + 4 + 1);
    for (std::uint64_t i = 0; i < values; ++i) read_value(header);
    const std::uint64_t alignment = read_alignment(header);
    for (std::uint64_t i = 0; i < tensors; ++i) read_tensor(header);
    place_tensors(header, alignment);
    return header;
  }

 private:
  [[noreturn]] void fail(const std::string& message) const { throw CheckpointError(path_, at_, message); }

  std::uint64_t left() const { return file_.size() - at_; }

  template <typename T>
  T number(const char* what) {
    if (left() < sizeof(T)) fail(std::string("the file ends before ") + what + "; is the download complete?");
    T value;
    std::memcpy(&value, file_.data() + at_, sizeof value);
    at_ += sizeof value;
    return value;
  }

  /// A number of things of which each takes at least `least` bytes.
  std::uint64_t count(const char* what, std::uint64_t limit, std::uint64_t least) {
    const auto n = number<std::uint64_t>("a count");
    if (n > limit) {
      at_ -= 8;
      fail("expected at most " + std::to_string(limit) + " " + what + ", got " + std::to_string(n));
    }
    if (n > left() / least) {
      at_ -= 8;
      fail("expected " + std::to_string(n) + " " + what + ", but the file ends after " + std::to_string(left() - 8) +
           " bytes");
    }
    return n;
  }

  std::string_view string(std::uint64_t limit) {
    const auto length = number<std::uint64_t>("the length of a string");
    if (length > limit || length > left()) {
      at_ -= 8;
      fail("expected a string of at most " + std::to_string(std::min(limit, left() - 8)) + " bytes, got a length of " +
           std::to_string(length));
    }
    const std::string_view text(reinterpret_cast<const char*>(file_.data()) + at_, length);
    at_ += length;
    return text;
  }

  std::string_view name(const char* what) {
    const std::uint64_t before = at_;
    const std::string_view text = string(kMaxNameBytes);
    const bool printable = std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7F; });
    if (text.empty() || !printable || find_invalid_utf8(text) != std::string_view::npos) {
      at_ = before;
      fail(std::string("expected the name of ") + what + " in printable UTF-8, got " + in_quotes(text));
    }
    return text;
  }

  ValueType value_type() {
    const auto type = number<std::uint32_t>("the type of a value");
    if (type > static_cast<std::uint32_t>(ValueType::f64)) {
      at_ -= 4;
      fail("expected a type of value from 0 to 12, got " + std::to_string(type));
    }
    return static_cast<ValueType>(type);
  }

  std::int64_t integer(ValueType type) {
    switch (type) {
      case ValueType::u8:
        return number<std::uint8_t>("a value");
      case ValueType::i8:
        return number<std::int8_t>("a value");
      case ValueType::u16:
        return number<std::uint16_t>("a value");
      case ValueType::i16:
        return number<std::int16_t>("a value");
      case ValueType::u32:
        return number<std::uint32_t>("a value");
      case ValueType::i32:
        return number<std::int32_t>("a value");
      case ValueType::u64: {
        const auto value = number<std::uint64_t>("a value");
        if (!std::in_range<std::int64_t>(value)) fail("expected a number of at most 2^63 - 1, got " + std::to_string(value));
        return static_cast<std::int64_t>(value);
      }
      case ValueType::boolean: {
        const auto value = number<std::uint8_t>("a value");
        if (value > 1) fail("expected true or false as 1 or 0, got " + std::to_string(value));
        return value;
      }
      default:
        return number<std::int64_t>("a value");
    }
  }

  double real(ValueType type) {
    return type == ValueType::f32 ? static_cast<double>(number<float>("a value")) : number<double>("a value");
  }

  GgufArray array() {
    const ValueType type = value_type();
    if (type == ValueType::array) fail("expected a list of numbers or strings, got a list of lists");
    const std::uint64_t n = count("elements of a list", limits_.max_array, size_of(type));
    if (type == ValueType::string) {
      std::vector<std::string_view> list;
      list.reserve(n);
      for (std::uint64_t i = 0; i < n; ++i) list.push_back(string(limits_.max_string_bytes));
      return list;
    }
    if (type == ValueType::f32 || type == ValueType::f64) {
      std::vector<double> list;
      list.reserve(n);
      for (std::uint64_t i = 0; i < n; ++i) list.push_back(real(type));
      return list;
    }
    std::vector<std::int64_t> list;
    list.reserve(n);
    for (std::uint64_t i = 0; i < n; ++i) list.push_back(integer(type));
    return list;
  }

  void read_value(GgufHeader& header) {
    const std::uint64_t before = at_;
    const std::string_view key = name("a metadata value");
    if (!keys_.insert(key).second) {
      at_ = before;
      fail("the metadata value " + in_quotes(key) + " comes twice");
    }
    const ValueType type = value_type();
    if (type == ValueType::array) {
      header.values.emplace_back(key, array());
    } else if (type == ValueType::string) {
      header.values.emplace_back(key, string(limits_.max_string_bytes));
    } else if (type == ValueType::f32 || type == ValueType::f64) {
      header.values.emplace_back(key, real(type));
    } else if (type == ValueType::boolean) {
      header.values.emplace_back(key, integer(type) != 0);
    } else {
      header.values.emplace_back(key, integer(type));
    }
  }

  std::uint64_t read_alignment(const GgufHeader& header) const {
    for (const auto& [key, value] : header.values) {
      if (key != "general.alignment") continue;
      const auto* alignment = std::get_if<std::int64_t>(&value);
      const bool good = alignment != nullptr && *alignment > 0 && std::cmp_less_equal(*alignment, kMaxAlignment) &&
                        std::has_single_bit(static_cast<std::uint64_t>(*alignment));
      if (!good) fail("expected general.alignment to be a power of two up to " + std::to_string(kMaxAlignment));
      return static_cast<std::uint64_t>(*alignment);
    }
    return kDefaultAlignment;
  }

  void read_tensor(GgufHeader& header) {
    const std::uint64_t before = at_;
    GgufTensor tensor;
    tensor.name = name("a tensor");
    if (!names_.insert(tensor.name).second) {
      at_ = before;
      fail("the tensor " + in_quotes(tensor.name) + " comes twice");
    }
    const std::string subject = "tensor " + in_quotes(tensor.name, 256) + ": expected ";
    const auto axes = number<std::uint32_t>("the number of axes");
    if (axes < 1 || axes > 4) fail(subject + "1 to 4 axes, got " + std::to_string(axes));
    std::int64_t sizes[4] = {};
    std::uint64_t elements = 1;
    for (std::uint32_t axis = 0; axis < axes; ++axis) {
      const auto size = number<std::uint64_t>("the size of an axis");
      const auto product = checked(elements, size);
      if (size == 0 || !product) fail(subject + "axes whose product fits in 63 bits, got a size of " + std::to_string(size));
      elements = *product;
      sizes[axes - 1 - axis] = static_cast<std::int64_t>(size);
    }
    tensor.shape = graph::Shape(std::span<const std::int64_t>(sizes, axes));
    const auto type = number<std::uint32_t>("the type of a tensor");
    tensor.type = static_cast<GgufType>(type);
    const GgufBlock block = block_of(tensor.type);
    if (block.bytes == 0) {
      at_ -= 4;
      fail(subject + "type F32, F16, BF16, Q8_0, Q4_0, Q4_K or Q6_K, got type number " + std::to_string(type) +
           " of the GGUF format");
    }
    const auto columns = static_cast<std::uint64_t>(tensor.shape[-1]);
    if (block.elements > 1 && axes < 2) fail(subject + "numbers as they are in a vector, got blocks");
    if (columns % block.elements != 0) {
      fail(subject + "rows of a multiple of " + std::to_string(block.elements) + " elements as type " +
           std::string(name_of(tensor.type)) + " has them, got " + std::to_string(columns));
    }
    const auto bytes = checked(elements / block.elements, block.bytes);
    if (!bytes) fail(subject + "a size in bytes that fits in 63 bits, got the shape " + tensor.shape.to_string());
    tensor.size = *bytes;
    tensor.offset = number<std::uint64_t>("the offset of a tensor");  // from the start of the data, for now
    header.tensors.push_back(tensor);
  }

  void place_tensors(GgufHeader& header, std::uint64_t alignment) {
    const auto aligned = [&](std::uint64_t n) -> std::uint64_t {
      const auto padded = checked(n, 1, alignment - 1);
      if (!padded) fail("expected tensors that fit in 63 bits of bytes");
      return *padded / alignment * alignment;
    };
    const std::uint64_t data = aligned(at_);
    std::uint64_t expected = 0;
    std::uint64_t end = header.tensors.empty() ? at_ : data;
    for (GgufTensor& tensor : header.tensors) {
      const std::string subject = "tensor " + in_quotes(tensor.name, 256) + ": expected ";
      if (tensor.offset != expected) {
        fail(subject + "its data right after those before it, at offset " + std::to_string(expected) + ", got " +
             std::to_string(tensor.offset));
      }
      const auto last = checked(data, 1, expected);
      if (!last || *last > file_.size() || tensor.size > file_.size() - *last) {
        fail(subject + std::to_string(tensor.size) + " bytes of data at byte " + std::to_string(data + expected) +
             ", but the file has " + std::to_string(file_.size()) + "; is the download complete?");
      }
      tensor.offset = *last;
      end = *last + tensor.size;
      expected = aligned(expected + tensor.size);
    }
    // Writers may pad the last tensor as well.
    if (file_.size() > std::max(end, aligned(end))) {
      at_ = end;
      fail("expected the end of the file, got " + std::to_string(file_.size() - end) + " bytes more");
    }
  }

  std::span<const std::byte> file_;
  const std::filesystem::path& path_;
  const GgufLimits& limits_;
  std::uint64_t at_ = 0;
  std::set<std::string_view> keys_, names_;
};

}  // namespace

GgufHeader parse_gguf(std::span<const std::byte> file, const std::filesystem::path& path, const GgufLimits& limits) {
  return Parser(file, path, limits).parse();
}

GgufFile::GgufFile(const std::filesystem::path& path)
    : path_(path), file_(path), header_(parse_gguf(file_.bytes(), path)) {
  for (std::size_t i = 0; i < header_.tensors.size(); ++i) by_name_.emplace_back(header_.tensors[i].name, i);
  std::ranges::sort(by_name_);
}

const GgufValue* GgufFile::find(std::string_view key) const {
  for (const auto& [name, value] : header_.values) {
    if (name == key) return &value;
  }
  return nullptr;
}

void GgufFile::wrong_type(std::string_view key, const char* expected) const {
  throw CheckpointError(path_, "metadata: expected " + std::string(expected) + " as " + in_quotes(key) + ", got " +
                                   (find(key) == nullptr ? "none" : "another type"));
}

std::optional<std::int64_t> GgufFile::integer_if(std::string_view key, std::int64_t low, std::int64_t high) const {
  if (find(key) == nullptr) return std::nullopt;
  return integer(key, low, high);
}

std::int64_t GgufFile::integer(std::string_view key, std::int64_t low, std::int64_t high) const {
  const GgufValue* value = find(key);
  const auto* number = value == nullptr ? nullptr : std::get_if<std::int64_t>(value);
  if (number == nullptr) wrong_type(key, "a whole number");
  if (*number < low || *number > high) {
    throw CheckpointError(path_, "metadata: expected " + in_quotes(key) + " in [" + std::to_string(low) + ", " +
                                     std::to_string(high) + "], got " + std::to_string(*number));
  }
  return *number;
}

double GgufFile::number(std::string_view key) const {
  const GgufValue* value = find(key);
  if (value != nullptr) {
    if (const auto* real = std::get_if<double>(value)) return *real;
    if (const auto* whole = std::get_if<std::int64_t>(value)) return static_cast<double>(*whole);
  }
  wrong_type(key, "a number");
}

std::string_view GgufFile::text(std::string_view key) const {
  const GgufValue* value = find(key);
  const auto* text = value == nullptr ? nullptr : std::get_if<std::string_view>(value);
  if (text == nullptr) wrong_type(key, "a text");
  return *text;
}

namespace {

template <typename List>
const List* list_of(const GgufValue* value) {
  const auto* array = value == nullptr ? nullptr : std::get_if<GgufArray>(value);
  return array == nullptr ? nullptr : std::get_if<List>(array);
}

}  // namespace

const std::vector<std::string_view>& GgufFile::texts(std::string_view key) const {
  const auto* list = list_of<std::vector<std::string_view>>(find(key));
  if (list == nullptr) wrong_type(key, "a list of texts");
  return *list;
}

const std::vector<std::int64_t>& GgufFile::integers(std::string_view key) const {
  const auto* list = list_of<std::vector<std::int64_t>>(find(key));
  if (list == nullptr) wrong_type(key, "a list of whole numbers");
  return *list;
}

const GgufTensor* GgufFile::tensor(std::string_view name) const {
  const auto found = std::ranges::lower_bound(by_name_, name, {}, [](const auto& row) { return row.first; });
  if (found == by_name_.end() || found->first != name) return nullptr;
  return &header_.tensors[found->second];
}

void GgufFile::read_rows(const GgufTensor& tensor, std::int64_t begin, std::int64_t rows, float* out) const {
  const std::int64_t height = tensor.shape[0], width = tensor.shape.elements() / height;
  const std::uint64_t row_bytes = tensor.size / static_cast<std::uint64_t>(height);
  if (begin < 0 || rows < 0 || begin > height || rows > height - begin) {
    throw std::invalid_argument("[read_rows] expected rows of " + tensor.shape.to_string() + ", got " +
                                std::to_string(begin) + " and " + std::to_string(rows) + " more");
  }
  dequantize_gguf(tensor.type, file_.bytes().data() + tensor.offset + static_cast<std::uint64_t>(begin) * row_bytes, rows,
                  width, out);
}

}  // namespace lacuna::weights
