#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <stdexcept>

#include "fusion/graph/fused_ops.h"
#include "fusion/graph/philox.h"
#include "tests/conformance/case_list.h"
#include "tests/conformance/naive_draw.h"

namespace lacuna::conformance {
namespace {

using graph::SamplingParameters;
using graph::Value;

enum class Guidance { off, on };

/// Every third row bans its likeliest class.
enum class Bans { none, some };

/// Rows of whole-number logits, which every precision holds exactly: a few likely classes, many unlikely ones.
struct Rows {
  std::int64_t count;
  std::int64_t classes;
  std::vector<float> values;

  float at(std::int64_t row, std::int64_t c) const { return values[std::size_t(row * classes + c)]; }
};

Rows peaked_rows(const ProblemBuilder& p, const std::string& name, std::int64_t count, std::int64_t classes) {
  Rows rows{count, classes, {}};
  for (int v : p.whole_numbers(name, std::size_t(count * classes), -7, -3)) rows.values.push_back(float(v));
  for (std::int64_t row = 0; row < count; ++row) {
    const auto likely = p.whole_numbers(name + "/likely/" + std::to_string(row), 3, 0, std::int32_t(classes));
    for (int i = 2; i >= 0; --i) rows.values[std::size_t(row * classes + likely[std::size_t(i)])] = float(7 - i);
  }
  return rows;
}

std::vector<double> guided(const Rows& rows, const std::optional<Rows>& other, std::int64_t row, double scale) {
  std::vector<double> logits;
  for (std::int64_t c = 0; c < rows.classes; ++c) {
    const double u = other ? other->at(row, c) : 0.0, x = rows.at(row, c);
    logits.push_back(other ? u + scale * (x - u) : x);
  }
  return logits;
}

struct Variant {
  std::string name;
  SamplingParameters sampling;
  Guidance guidance = Guidance::off;
  Bans bans = Bans::none;
};

/// Keys whose uniforms stay away from every edge between two classes by 0.02, so that an engine's rounding of
/// the logits cannot change the draw.
std::vector<std::int32_t> safe_keys(const Rows& rows, const std::optional<Rows>& other, const Variant& v) {
  const std::uint64_t seed = 0xfedcba9876543210u;
  std::vector<std::int32_t> keys;
  std::uint32_t position = 0;
  for (std::int64_t row = 0; row < rows.count; ++row) {
    std::vector<double> logits = guided(rows, other, row, double(v.sampling.guidance_scale));
    std::int32_t banned = -1;
    if (v.bans == Bans::some && row % 3 == 0) {
      const auto likeliest = std::ranges::max_element(logits);
      banned = std::int32_t(likeliest - logits.begin());
      *likeliest = -std::numeric_limits<double>::infinity();
    }
    const auto cumulative = naive_cumulative(logits, v.sampling);
    for (const std::uint32_t last = position + 100000;; ++position) {
      if (position == last) throw std::logic_error("[safe_keys] no uniform is far from an edge");
      const double u = graph::uniform_at(seed, graph::RandomStream::token, 5, position);
      const auto below = std::ranges::upper_bound(cumulative, u - 0.02), above = std::ranges::upper_bound(cumulative, u + 0.02);
      if (below == above) break;
    }
    for (std::uint32_t word : {std::uint32_t(seed), std::uint32_t(seed >> 32), 5u, position, std::uint32_t(banned)}) {
      keys.push_back(std::int32_t(word));
    }
    ++position;
  }
  return keys;
}

Value sampling_of(ProblemBuilder& p, const SamplingParameters& s) {
  return p.input("sampling", {4}, {s.temperature, s.guidance_scale, s.top_k, s.top_p});
}

// Numbers that bf16 holds exactly.
const std::vector<Variant>& variants() {
  static const std::vector<Variant> list = {
      {"argmax", {0.0f}},
      {"plain", {1.0f}},
      {"warm", {2.0f}},
      {"cool", {0.5f}},
      {"top_k", {2.0f, 1.0f, 2.0f}},
      {"top_p", {2.0f, 1.0f, 0.0f, 0.75f}},
      {"guided_argmax", {0.0f, 2.0f}, Guidance::on},
      {"guided", {2.0f, 2.0f}, Guidance::on},
      {"guided_top_k_and_p", {4.0f, 3.0f, 3.0f, 0.875f}, Guidance::on},
      {"guidance_of_one", {1.0f, 1.0f}, Guidance::on},
      {"banned", {1.0f}, Guidance::off, Bans::some},
      {"banned_argmax", {0.0f}, Guidance::off, Bans::some},
      {"banned_guided_top_k", {2.0f, 2.0f, 3.0f}, Guidance::on, Bans::some},
  };
  return list;
}

void add_draw(CaseList& list, const Variant& v, std::int64_t rows, std::int64_t classes) {
  const std::string name = "draw_" + v.name + "_" + std::to_string(rows) + "x" + std::to_string(classes);
  list.add("draw", name, {1e-5, 1e-4}, Gradient::none, [=](ProblemBuilder& p) {
    const Rows logits = peaked_rows(p, "logits", rows, classes);
    std::optional<Rows> other;
    std::optional<Value> unconditional;
    const Value x = p.input("logits", {rows, classes}, logits.values);
    if (v.guidance == Guidance::on) {
      other = peaked_rows(p, "unconditional", rows, classes);
      unconditional = p.input("unconditional", {rows, classes}, other->values);
    }
    const Value sampling = sampling_of(p, v.sampling);
    const Value keys = p.integers("keys", {rows, 5}, safe_keys(logits, other, v));
    p.output(p.b.draw(x, unconditional, sampling, keys), "proposals");
  });
}

/// Hidden states that pick one column of the head each, so that logits are whole numbers again.
void add_propose(CaseList& list, const Variant& v, std::int64_t rows, std::int64_t classes, bool sliced) {
  const std::string name = "propose_" + v.name + "_" + std::to_string(rows) + "x" + std::to_string(classes) +
                           (sliced ? "_slice_of_head" : "");
  list.add("propose", name, {1e-5, 1e-2, 6e-2}, Gradient::none, [=](ProblemBuilder& p) {
    constexpr std::int64_t kColumns = 33, kWidth = kColumns + 1;
    const Rows columns = peaked_rows(p, "columns", kColumns, classes);
    const std::int64_t before = sliced ? 17 : 0, all = classes + (sliced ? 40 : 0);
    std::vector<float> head(std::size_t(all * kWidth), 8.0f);  // rows outside the slice would win every draw
    for (std::int64_t c = 0; c < classes; ++c) {
      for (std::int64_t d = 0; d < kColumns; ++d) head[std::size_t((before + c) * kWidth + d)] = columns.at(d, c);
      // Nobody picks the last column; it makes the factor of an i8 row 1/16, so that i8 is exact too.
      head[std::size_t((before + c) * kWidth + kColumns)] = 127.0f / 16.0f;
    }
    const auto states_of = [&](const std::string& which) {
      std::pair<std::vector<float>, Rows> result{std::vector<float>(std::size_t(rows * kWidth)), {rows, classes, {}}};
      const auto picks = p.whole_numbers(which, std::size_t(rows), 0, kColumns);
      for (std::int64_t row = 0; row < rows; ++row) {
        const std::int64_t d = picks[std::size_t(row)];
        result.first[std::size_t(row * kWidth + d)] = 1.0f;
        for (std::int64_t c = 0; c < classes; ++c) result.second.values.push_back(columns.at(d, c));
      }
      return result;
    };
    const auto [hidden, logits] = states_of("hidden");
    const Value x = p.input("hidden", {rows, kWidth}, hidden);
    std::optional<Rows> other;
    std::optional<Value> unconditional;
    if (v.guidance == Guidance::on) {
      auto [states, second] = states_of("unconditional");
      unconditional = p.input("unconditional", {rows, kWidth}, states);
      other = std::move(second);
    }
    Value w = p.weight("head", {all, kWidth}, head);
    if (sliced) w = p.b.slice(w, {0, before, before + classes});
    const Value sampling = sampling_of(p, v.sampling);
    const Value keys = p.integers("keys", {rows, 5}, safe_keys(logits, other, v));
    p.output(propose(p.b, x, unconditional, w, sampling, keys), "proposals");
  });
}

}  // namespace

void add_draw_cases(CaseList& list) {
  for (const Variant& v : variants()) {
    add_draw(list, v, 33, 257);
    add_propose(list, v, 33, 257, false);
  }
  for (const Variant& v : {variants()[1], variants()[7]}) {
    add_draw(list, v, 1, 1);
    add_draw(list, v, 7, 4096);
    add_draw(list, v, 3, 20001);
    add_propose(list, v, 1, 1, false);
    add_propose(list, v, 65, 4096, false);
    add_propose(list, v, 9, 33, true);
    add_propose(list, v, 33, 256, true);
  }
  add_propose(list, variants()[0], 9, 257, true);
  add_propose(list, variants()[10], 9, 257, true);
  // Statistics on logits that are not whole; argmax, so that f32 engines agree on the token.
  list.add("propose", "propose_argmax_of_real_logits", {1e-5, kNotDefined}, Gradient::none, [](ProblemBuilder& p) {
    const Value x = p.input("hidden", {33, 65}, Range{-2, 2}), u = p.input("unconditional", {33, 65}, Range{-2, 2});
    const Value sampling = sampling_of(p, {0.0f, 3.0f});
    p.output(propose(p.b, x, u, p.matrix("head", 257, 65), sampling, p.integers("keys", {33, 5}, 0, 1000)), "proposals");
  });
  list.add("draw", "draw_first_of_equals", {1e-5, 1e-4}, Gradient::none, [](ProblemBuilder& p) {
    std::vector<float> x(3 * 33, 1.0f);
    x[33 + 5] = x[33 + 20] = 3.0f;
    x[66 + 32] = 2.0f;
    p.output(p.b.draw(p.input("logits", {3, 33}, x), std::nullopt, sampling_of(p, {0.0f}), p.integers("keys", {3, 5}, {1, 2, 3, 4, -1, 1, 2, 3, 5, -1, 1, 2, 3, 6, -1})),
             "proposals");
  });
}

}  // namespace lacuna::conformance
