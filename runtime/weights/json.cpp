#include "runtime/weights/json.h"

#include <charconv>
#include <cmath>

#include "runtime/weights/utf8.h"

namespace lacuna::weights {
namespace {

[[noreturn]] void wrong_type(const char* function, const char* expected, const Json& value) {
  throw std::invalid_argument(std::string("[Json::") + function + "] expected " + expected +
                              ", got " + std::string(value.type_name()));
}

void append_string(std::string& out, std::string_view text) {
  if (find_invalid_utf8(text) != std::string_view::npos) {
    throw std::invalid_argument("[Json::dump] expected UTF-8, got " + in_quotes(text));
  }
  constexpr char kHex[] = "0123456789abcdef";
  out += '"';
  for (const char c : text) {
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        if (const auto byte = static_cast<unsigned char>(c); byte < 0x20) {
          out += "\\u00";
          out += kHex[byte >> 4];
          out += kHex[byte & 15];
        } else {
          out += c;
        }
    }
  }
  out += '"';
}

void append_double(std::string& out, double value) {
  if (!std::isfinite(value)) {
    throw std::invalid_argument("[Json::dump] expected a finite number, got NaN or infinity");
  }
  char buffer[32];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
  const std::string_view digits(buffer, static_cast<std::size_t>(end - buffer));
  out += digits;
  // So that it reads back as a double and not as an integer.
  if (digits.find_first_of(".e") == std::string_view::npos) out += ".0";
}

void append_break(std::string& out, int indent, int level) {
  if (indent < 0) return;
  out += '\n';
  out.append(static_cast<std::size_t>(indent) * static_cast<std::size_t>(level), ' ');
}

void append_value(std::string& out, const Json& value, int indent, int level) {
  switch (value.type()) {
    case Json::Type::null:
      out += "null";
      return;
    case Json::Type::boolean:
      out += value.as_boolean() ? "true" : "false";
      return;
    case Json::Type::integer:
      out += std::to_string(value.as_integer());
      return;
    case Json::Type::number:
      append_double(out, value.as_number());
      return;
    case Json::Type::string:
      append_string(out, value.as_string());
      return;
    case Json::Type::array: {
      const char* separator = "[";
      for (const Json& element : value.as_array()) {
        out += separator;
        append_break(out, indent, level + 1);
        append_value(out, element, indent, level + 1);
        separator = ",";
      }
      if (value.size() == 0) {
        out += '[';
      } else {
        append_break(out, indent, level);
      }
      out += ']';
      return;
    }
    case Json::Type::object: {
      const char* separator = "{";
      for (const JsonMember& member : value.as_object()) {
        out += separator;
        append_break(out, indent, level + 1);
        append_string(out, member.key);
        out += indent < 0 ? ":" : ": ";
        append_value(out, member.value, indent, level + 1);
        separator = ",";
      }
      if (value.size() == 0) {
        out += '{';
      } else {
        append_break(out, indent, level);
      }
      out += '}';
      return;
    }
  }
}

}  // namespace

std::string Json::dump(int indent) const {
  std::string out;
  append_value(out, *this, indent, 0);
  return out;
}

std::string_view Json::type_name() const {
  switch (type()) {
    case Type::null:
      return "null";
    case Type::boolean:
      return "a boolean";
    case Type::integer:
      return "an integer";
    case Type::number:
      return "a number";
    case Type::string:
      return "a string";
    case Type::array:
      return "an array";
    case Type::object:
      return "an object";
  }
  return "nothing";
}

std::string Json::describe() const {
  switch (type()) {
    case Type::string:
      return in_quotes(as_string());
    case Type::array:
      return "an array of " + std::to_string(size());
    case Type::object:
      return "an object";
    case Type::number:
      return std::isfinite(as_number()) ? dump() : "NaN or infinity";
    default:
      return dump();
  }
}

bool Json::as_boolean() const {
  if (!is_boolean()) wrong_type("as_boolean", "a boolean", *this);
  return std::get<bool>(value_);
}

std::int64_t Json::as_integer() const {
  if (!is_integer()) wrong_type("as_integer", "an integer", *this);
  return std::get<std::int64_t>(value_);
}

double Json::as_number() const {
  if (is_integer()) return static_cast<double>(std::get<std::int64_t>(value_));
  if (type() != Type::number) wrong_type("as_number", "a number", *this);
  return std::get<double>(value_);
}

const std::string& Json::as_string() const {
  if (!is_string()) wrong_type("as_string", "a string", *this);
  return std::get<std::string>(value_);
}

const Json::Array& Json::as_array() const {
  if (!is_array()) wrong_type("as_array", "an array", *this);
  return std::get<Array>(value_);
}

const Json::Object& Json::as_object() const {
  if (!is_object()) wrong_type("as_object", "an object", *this);
  return std::get<Object>(value_);
}

const Json* Json::find(std::string_view key) const {
  for (const JsonMember& member : as_object()) {
    if (member.key == key) return &member.value;
  }
  return nullptr;
}

const Json& Json::at(std::string_view key) const {
  if (const Json* value = find(key)) return *value;
  throw std::invalid_argument("[Json::at] expected a member " + in_quotes(key) + ", got none");
}

std::size_t Json::size() const {
  if (is_object()) return as_object().size();
  if (!is_array()) wrong_type("size", "an array or an object", *this);
  return as_array().size();
}

Json& Json::set(std::string_view key, Json value) {
  if (is_null()) value_ = Object{};
  if (!is_object()) wrong_type("set", "an object", *this);
  auto& members = std::get<Object>(value_);
  for (JsonMember& member : members) {
    if (member.key == key) {
      member.value = std::move(value);
      return *this;
    }
  }
  members.push_back({std::string(key), std::move(value)});
  return *this;
}

Json& Json::push_back(Json value) {
  if (is_null()) value_ = Array{};
  if (!is_array()) wrong_type("push_back", "an array", *this);
  std::get<Array>(value_).push_back(std::move(value));
  return *this;
}

bool operator==(const Json& a, const Json& b) { return a.value_ == b.value_; }

}  // namespace lacuna::weights
