#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "runtime/vulkan/command_buffer.h"

namespace lacuna::vulkan {

/// Workgroups [first, first + count) of a dispatch.
struct Piece {
  std::size_t dispatch = 0;
  Groups first{};
  Groups count{};
  double seconds = 0.0;  // expected
};

/// What one submit holds.
struct Box {
  std::vector<Piece> pieces;
  double seconds = 0.0;  // expected
};

/// Cuts a program into submits of about the target time, and learns from measured times. Pure: needs no device.
class TimeBoxes {
 public:
  struct Item {
    Groups groups{1, 1, 1};
    double seconds = 0.0;  // first guess
    bool divisible = true;
  };
  /// Seconds: what a box aims at, and what none is to exceed.
  TimeBoxes(std::vector<Item> items, double target, double limit);

  const std::vector<Box>& boxes() const { return boxes_; }
  /// Takes the measured seconds of each box, and cuts anew where a box came near the limit or far fewer boxes would do.
  /// Times of 0 (no clock) are left out. True when the boxes have changed.
  bool learn(std::span<const double> measured);
  /// Expected seconds of all.
  double total() const;

 private:
  void cut();

  std::vector<Item> items_;
  double target_, limit_;
  std::vector<Box> boxes_;
};

}  // namespace lacuna::vulkan
