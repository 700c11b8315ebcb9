#pragma once

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

namespace lacuna::graph {

/// Expects `action` to throw std::invalid_argument whose message starts with "[op] expected" and names `got`.
template <class Action>
void expect_error(Action&& action, const std::string& op, const std::string& got) {
  try {
    action();
    ADD_FAILURE() << "[" << op << "] did not refuse " << got;
  } catch (const std::invalid_argument& error) {
    const std::string message = error.what();
    EXPECT_EQ(message.rfind("[" + op + "] expected ", 0), 0u) << message;
    const std::size_t at = message.find(", got ");
    EXPECT_NE(at, std::string::npos) << message;
    EXPECT_NE(message.find(got, at == std::string::npos ? 0 : at), std::string::npos) << message << "; wanted " << got;
  }
}

}  // namespace lacuna::graph
