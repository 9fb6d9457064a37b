// SPDX-License-Identifier: Apache-2.0
#include "analyse/why.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>

#include "core/json.h"
#include "core/limits.h"

namespace cityloop {
namespace {

template <class Visit>
void each_program(const UnitPlan& unit, const Visit& visit) {
  for (const LevelPlan& level : unit.levels) visit(level.program);
  for (const Program& program : unit.clear) visit(program);
}

void add_windows(const KindPlan& plan, const UnitPlan& unit, std::uint8_t point, const AssetDetail& detail,
                 std::vector<TrailSample>& samples) {
  const Window* widest = nullptr;
  for (std::size_t i = unit.first_window; i < unit.first_window + unit.windows; ++i) {
    const Window& window = detail.windows[i];
    if (plan.windows[i].point == point && (widest == nullptr || window.width() > widest->width())) widest = &window;
  }
  if (widest == nullptr) return;
  const bool keeps_before = (widest->needs() & window_needs::kRecord) != 0 && widest->before().at != kNever;
  if (keeps_before) samples.push_back({point, Quality::good, widest->before().at, kNever, widest->before().value});
  for (std::size_t i = 0; i < widest->size(); ++i) {
    samples.push_back({point, Quality::good, (*widest)[i].at, kNever, (*widest)[i].value});
  }
}

// A sample that is the point's live value has a known arrival and quality.
void complete(TrailSample& sample, const LiveAsset& live) {
  if (sample.point >= live.points.size()) return;
  const LiveValue& value = live.points[sample.point];
  if (to_ms(value.at) != sample.at) return;
  sample.arrival = to_ms(value.arrival);
  sample.quality = value.quality;
}

void add_last_heard(const UnitPlan& unit, const LiveAsset& live, std::vector<TrailSample>& samples) {
  std::set<std::size_t> points;
  each_program(unit, [&](const Program& program) {
    for (const auto& [point, span] : program.absences) {
      if (point >= 0) points.insert(static_cast<std::size_t>(point));
      if (point >= 0) continue;
      const auto newest = std::ranges::max_element(live.points, {}, &LiveValue::arrival);
      if (newest != live.points.end()) points.insert(static_cast<std::size_t>(newest - live.points.begin()));
    }
  });
  for (const std::size_t point : points) {
    if (point >= live.points.size() || live.points[point].at == kNoTime) continue;
    const LiveValue& value = live.points[point];
    const bool known = std::ranges::any_of(samples, [&](const TrailSample& s) { return s.point == point && s.at == to_ms(value.at); });
    if (known) continue;
    samples.push_back({static_cast<std::uint8_t>(point), value.quality, to_ms(value.at), to_ms(value.arrival), value.value.number()});
  }
}

json::value attribute_json(const AttributeValue& value) {
  return std::visit([](const auto& one) { return json::value(one); }, value);
}

json::array neighbour_list(const KindPlan& plan, const UnitPlan& unit, const WhyContext& context) {
  json::array list;
  for (const WhyNeighbour& one : context.neighbours) {
    json::object values, attributes;
    for (const std::uint8_t point : unit.points) {
      if (one.seen[point].at == kNever) continue;
      values[plan.kind->points[point].name] = json::array{one.seen[point].at, one.seen[point].number};
    }
    for (const auto& [name, value] : attributes_read(plan, unit, *one.attributes)) attributes[name] = attribute_json(value);
    list.push_back(json::object{{"asset", one.id}, {"metres", one.metres}, {"values", std::move(values)},
                                {"attributes", std::move(attributes)}});
  }
  return list;
}

}  // namespace

std::vector<TrailSample> samples_now(const KindPlan& plan, const UnitPlan& unit, const Frame& frame, const AssetDetail& detail,
                                     const LiveAsset& live, std::uint32_t& left_out) {
  std::vector<TrailSample> samples;
  for (const std::uint8_t point : unit.points) {
    const std::size_t first = samples.size();
    add_windows(plan, unit, point, detail, samples);
    const Seen& seen = frame.seen[point];
    const bool shown = samples.size() > first && samples.back().at == seen.at;
    if (seen.at != kNever && !shown) samples.push_back({point, Quality::good, seen.at, kNever, seen.number});
    for (std::size_t i = first; i < samples.size(); ++i) complete(samples[i], live);
  }
  add_last_heard(unit, live, samples);
  std::ranges::stable_sort(samples, {}, &TrailSample::at);
  if (samples.size() > limits::kWhySamples) {
    const std::size_t many = samples.size() - limits::kWhySamples;
    left_out += static_cast<std::uint32_t>(many);
    samples.erase(samples.begin(), samples.begin() + static_cast<std::ptrdiff_t>(many));
  }
  return samples;
}

std::string number_text(double number) {
  const double rounded = std::abs(number) < 1e9 ? std::round(number * 1e6) / 1e6 : number;
  char text[32];
  const auto end = std::to_chars(text, text + sizeof text, rounded == 0 ? 0.0 : rounded).ptr;
  return std::string(text, end);
}

std::string reading_text(const KindPlan& plan, const UnitPlan& unit, const Program& program, const Frame& frame) {
  const auto value = [&](std::uint8_t point) {
    const Known known = frame.known(point);
    return plan.kind->points[point].name + " " +
           (known == Known::missing ? "missing" : number_text(frame.seen[point].number) + (known == Known::stale ? " (stale)" : ""));
  };
  if (program.simple) {
    const Op& op = program.code[0];
    const auto point = static_cast<std::uint8_t>(op.index);
    const auto compare = static_cast<Compare>(op.aux);
    const bool meets = frame.known(point) == Known::yes && holds(compare, frame.seen[point].number, op.number);
    const std::string relation = std::string(compare_text(compare)) + " " + number_text(op.number);
    return value(point) + (meets ? " " : frame.known(point) == Known::yes ? ", not " : ", needed ") + relation;
  }
  std::string values;
  for (const std::uint8_t point : program.points) values += (values.empty() ? "" : ", ") + value(point);
  if (frame.fields != nullptr && unit.record != nullptr) {
    for (const std::uint16_t field : program.fields) {
      const Value& one = frame.fields[field];
      const std::string text = one.known != Known::yes ? "missing" : one.text.empty() ? number_text(one.number) : std::string(one.text);
      values += (values.empty() ? "" : ", ") + unit.record->fields[field].name + " " + text;
    }
  }
  return program.text + (values.empty() ? "" : " (" + values + ")");
}

void add_step(Why& why, std::int64_t t, std::string state, std::string because) {
  if (why.steps.size() >= limits::kWhySteps) why.steps.erase(why.steps.begin() + 1);
  why.steps.push_back({from_ms(t), std::move(state), std::move(because)});
}

std::string text_with_context(const UnitPlan& unit, const KindPlan& plan, const WhyContext& context) {
  std::string text = unit.text;
  json::object more;
  if (context.now != kNever) more["now"] = context.now;
  if (context.from != kNever) more["from"] = context.from;
  if (!context.deaf.empty()) {
    json::array spans;
    for (const auto& [from, to] : context.deaf) spans.push_back(json::array{from, to});
    more["deaf"] = std::move(spans);
  }
  if (!context.neighbours.empty()) more["neighbours"] = neighbour_list(plan, unit, context);
  if (context.left_out > 0) more["left_out"] = context.left_out;
  if (context.record != nullptr) {
    more["record_id"] = context.record->id;
    more["record_at"] = to_ms(context.record->at);
    const auto fields = parse_json(context.record->fields);
    if (fields) more["record_fields"] = *fields;
  }
  if (more.empty()) return text;
  text.pop_back();
  return text + ",\"context\":" + json::serialize(more) + "}";
}

std::vector<WhySample> why_samples(const KindPlan& plan, const std::vector<TrailSample>& trail) {
  std::vector<WhySample> samples;
  samples.reserve(trail.size());
  for (const TrailSample& one : trail) {
    samples.push_back({plan.kind->points[one.point].name, from_ms(one.at), decimal_of(one.value), one.quality,
                       one.arrival == kNever ? kNoTime : from_ms(one.arrival)});
  }
  return samples;
}

Attributes attributes_read(const KindPlan& plan, const UnitPlan& unit, const Attributes& attributes) {
  Attributes read;
  each_program(unit, [&](const Program& program) {
    for (const std::uint16_t index : program.attributes) {
      const auto found = attributes.find(plan.kind->attributes[index].name);
      if (found != attributes.end()) read.insert(*found);
    }
  });
  return read;
}

std::string filled(const std::string& text, const Alarm& alarm, const std::string& point, const std::string& threshold) {
  std::string out;
  std::size_t i = 0;
  for (;;) {
    const std::size_t open = text.find("{{", i);
    const std::size_t close = open == std::string::npos ? open : text.find("}}", open);
    if (close == std::string::npos) return out + text.substr(i);
    out += text.substr(i, open - i);
    std::string word = text.substr(open + 2, close - open - 2);
    std::erase(word, ' ');
    if (word == "value") out += number_text(alarm.value);
    if (word == "asset") out += alarm.asset_name.empty() ? alarm.asset : alarm.asset_name;
    if (word == "point") out += point;
    if (word == "unit") out += alarm.unit;
    if (word == "threshold") out += threshold;
    i = close + 2;
  }
}

}  // namespace cityloop
