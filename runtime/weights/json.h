#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace lacuna::weights {

/// A text is not the JSON that was asked for. `what()` gives the byte, line and column and what was
/// expected there.
class JsonError : public std::runtime_error {
 public:
  JsonError(std::size_t byte_offset, const std::string& message)
      : std::runtime_error(message), byte_offset_(byte_offset) {}
  std::size_t byte_offset() const { return byte_offset_; }

 private:
  std::size_t byte_offset_;
};

/// What `Json::parse` accepts at most.
struct JsonLimits {
  std::size_t max_bytes = std::size_t{16} << 20;
  /// Nesting of arrays and objects; 1 to 512.
  std::size_t max_depth = 64;
  /// Values of all kinds together, nested ones included.
  std::size_t max_values = 1'000'000;
};

struct JsonMember;

/// One JSON value (RFC 8259). Integers that fit in 64 bits stay integers; objects keep the order of
/// their members.
class Json {
 public:
  enum class Type { null, boolean, integer, number, string, array, object };
  using Array = std::vector<Json>;
  using Object = std::vector<JsonMember>;

  Json();
  Json(std::nullptr_t);
  template <typename T>
  requires std::same_as<T, bool> Json(T value) : value_(value) {}
  /// Throws std::invalid_argument for an unsigned value above 2^63 - 1.
  template <std::integral T>
  requires(!std::same_as<T, bool>) Json(T value) : value_(checked_integer(value)) {}
  template <std::floating_point T>
  Json(T value);
  Json(std::string value);
  Json(std::string_view value);
  Json(const char* value);
  Json(Array values);
  Json(Object members);

  static Json array();
  static Json object();

  /// Parses one whole JSON text. Stricter than RFC 8259 asks: refuses duplicate keys, malformed
  /// UTF-8, lone surrogate escapes, a byte-order mark, numbers outside the range of a double, and
  /// anything after the value but white space. Throws JsonError.
  static Json parse(std::string_view text, const JsonLimits& limits = {});

  /// The JSON text: on one line for `indent` < 0, else on many with `indent` spaces a level.
  /// Doubles are written in the shortest form that reads back as the same double. Throws
  /// std::invalid_argument for NaN, infinity or a string that is not UTF-8.
  std::string dump(int indent = -1) const;

  Type type() const { return static_cast<Type>(value_.index()); }
  /// "an object", "a string", ... for messages.
  std::string_view type_name() const;
  /// This value as a user would recognise it in a message, cut to some 80 bytes.
  std::string describe() const;
  bool is_null() const { return type() == Type::null; }
  bool is_boolean() const { return type() == Type::boolean; }
  bool is_integer() const { return type() == Type::integer; }
  /// An integer or a double.
  bool is_number() const { return is_integer() || type() == Type::number; }
  bool is_string() const { return type() == Type::string; }
  bool is_array() const { return type() == Type::array; }
  bool is_object() const { return type() == Type::object; }

  /// The value as that type; `as_number` takes an integer too. Throw std::invalid_argument for
  /// another type.
  bool as_boolean() const;
  std::int64_t as_integer() const;
  double as_number() const;
  const std::string& as_string() const;
  const Array& as_array() const;
  const Object& as_object() const;

  /// Member `key` of an object, or nullptr. Linear in the number of members. Throws
  /// std::invalid_argument when this is no object.
  const Json* find(std::string_view key) const;
  /// As `find`, but throws std::invalid_argument when there is no such member.
  const Json& at(std::string_view key) const;
  /// Number of elements or members; throws std::invalid_argument for other types.
  std::size_t size() const;

  /// Sets or replaces a member; null becomes an object first. Returns *this, to chain.
  Json& set(std::string_view key, Json value);
  /// Appends an element; null becomes an array first. Returns *this, to chain.
  Json& push_back(Json value);

  friend bool operator==(const Json& a, const Json& b);

 private:
  template <std::integral T>
  static std::int64_t checked_integer(T value) {
    if (!std::in_range<std::int64_t>(value)) {
      throw std::invalid_argument("[Json] expected an integer of at most 2^63 - 1");
    }
    return static_cast<std::int64_t>(value);
  }

  std::variant<std::nullptr_t, bool, std::int64_t, double, std::string, Array, Object> value_;
};

/// One name and value of an object.
struct JsonMember {
  std::string key;
  Json value;

  friend bool operator==(const JsonMember& a, const JsonMember& b) = default;
};

// Defined where JsonMember is complete, as the variant's constructors and destructor ask.
inline Json::Json() = default;
inline Json::Json(std::nullptr_t) {}
template <std::floating_point T>
Json::Json(T value) : value_(static_cast<double>(value)) {}
inline Json::Json(std::string value) : value_(std::move(value)) {}
inline Json::Json(std::string_view value) : value_(std::string(value)) {}
inline Json::Json(const char* value) : value_(std::string(value)) {}
inline Json::Json(Array values) : value_(std::move(values)) {}
inline Json::Json(Object members) : value_(std::move(members)) {}
inline Json Json::array() { return Json(Array{}); }
inline Json Json::object() { return Json(Object{}); }

}  // namespace lacuna::weights
