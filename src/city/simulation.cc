// SPDX-License-Identifier: Apache-2.0
#include "city/simulation.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/json.h"

namespace cityloop {

namespace {

constexpr Millis kTroubled = std::chrono::seconds(10);
constexpr Millis kDay = std::chrono::hours(24);

LngLat place_in(const MultiPolygon& shape, const std::function<double()>& uniform) {
  const Box box = shape.box();
  LngLat place;
  for (int attempt = 0; attempt < 1000; ++attempt) {
    place = {box.west + uniform() * (box.east - box.west), box.south + uniform() * (box.north - box.south)};
    if (shape.contains(place)) break;
  }
  return {std::round(place.lng * 1e6) / 1e6, std::round(place.lat * 1e6) / 1e6};
}

json::value json_of(const AttributeValue& value) {
  return std::visit([](const auto& inner) { return json::value(inner); }, value);
}

}  // namespace

Simulation::Simulation(std::shared_ptr<const Packs> packs, Options options) : packs_(std::move(packs)), chance_(options.seed) {
  std::vector<const Area*> areas;
  for (const Area& area : options.areas)
    if (!area.shape.parts.empty()) areas.push_back(&area);
  CHECK(!areas.empty());
  for (const Pack& pack : packs_->all()) {
    for (const SimulateSpec& spec : pack.simulate) {
      const KindSpec* kind = packs_->kind(spec.kind);
      CHECK(kind);
      std::vector<const Area*> where;
      for (const Area* area : areas)
        if (area->code.starts_with(spec.area)) where.push_back(area);
      if (where.empty()) where = areas;
      const auto count = std::max<std::size_t>(1, static_cast<std::size_t>(std::llround(static_cast<double>(spec.count) * options.scale)));
      for (std::size_t i = 0; i < count; ++i) {
        const Area& area = *where[chance_.next() % where.size()];
        Device device;
        std::string number = std::to_string(i + 1);
        number.insert(0, number.size() < 4 ? 4 - number.size() : 0, '0');
        device.id = spec.kind.substr(0, spec.kind.find('_')) + "-" + area.code + "-" + number;
        device.name = area.name + " " + kind->title.zh + " " + number;
        device.kind = spec.kind;
        device.place = place_in(area.shape, [this] { return uniform(); });
        device.area = area.code;
        device.spec = &spec;
        device.phase = uniform() * 0.1;
        device.interval = spec.interval;
        for (const SimulatePoint& point : spec.points) {
          const int index = kind->point_index(point.point);
          CHECK(index >= 0);
          const PointSpec& described = kind->points[static_cast<std::size_t>(index)];
          if (device.interval == Millis{0}) device.interval = described.interval;
          device.points.push_back({&point, described.decimals, described.least.value_or(-1e9), described.most.value_or(1e9), 0, {}, point.event_rise});
        }
        if (device.interval <= Millis{0}) device.interval = std::chrono::minutes(5);
        assets_.push_back(std::move(device));
      }
    }
  }
}

std::string Simulation::assets_geojson() const {
  json::array features;
  for (const Device& device : assets_) {
    json::object attributes{{"simulated", true}};
    const KindSpec* kind = packs_->kind(device.kind);
    const bool declared = std::any_of(kind->attributes.begin(), kind->attributes.end(), [](const auto& a) { return a.name == "simulated"; });
    if (!declared) attributes.clear();
    for (const auto& [name, value] : device.spec->attributes) attributes[name] = json_of(value);
    features.push_back(json::object{
        {"type", "Feature"},
        {"id", device.id},
        {"geometry", {{"type", "Point"}, {"coordinates", json::array{device.place.lng, device.place.lat}}}},
        {"properties", {{"kind", device.kind}, {"name", device.name}, {"attributes", attributes}}}});
  }
  return json::serialize(json::object{{"type", "FeatureCollection"}, {"features", std::move(features)}});
}

double Simulation::uniform() { return static_cast<double>(chance_.next() >> 11) * 0x1.0p-53; }

double Simulation::normal() {  // sum of twelve uniforms: normal enough for a sensor, the same on every machine
  double sum = -6;
  for (int i = 0; i < 12; ++i) sum += uniform();
  return sum;
}

Time Simulation::next_event(const SimulatePoint& spec, Time after) {
  if (spec.event_per_day <= 0) return Time::max();
  const double days = -std::log(1 - uniform()) / spec.event_per_day;
  return after + Millis{static_cast<std::int64_t>(days * static_cast<double>(kDay.count()))};
}

void Simulation::begin(Time start) {
  due_ = {};
  for (std::size_t i = 0; i < assets_.size(); ++i) {
    for (PointState& point : assets_[i].points) point.event = next_event(*point.spec, start);
    due_.emplace(start + Millis{static_cast<std::int64_t>(uniform() * static_cast<double>(assets_[i].interval.count()))}, i);
  }
}

void Simulation::provoke(std::size_t index, Time at) {
  assets_[index].interval = std::min<Millis>(assets_[index].interval, kTroubled);  // a sensor in trouble reports more often
  due_.emplace(at, index);
  for (PointState& point : assets_[index].points) {
    if (point.spec->event_per_day <= 0 && point.spec->event_peak == 0) continue;
    point.event = at;
    point.rise = std::min<Millis>(point.rise, kTroubled);
    return;
  }
}

std::vector<std::size_t> Simulation::of_kind(std::string_view kind) const {
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < assets_.size(); ++i)
    if (assets_[i].kind == kind) out.push_back(i);
  return out;
}

double Simulation::value(Device& device, PointState& point, Time at) {
  const SimulatePoint& spec = *point.spec;
  const double day = static_cast<double>(to_ms(at) % kDay.count()) / static_cast<double>(kDay.count());
  point.wander = 0.9 * point.wander + spec.noise * normal() * 0.4;
  double value = spec.base + spec.daily * std::sin(2 * std::numbers::pi * (day + device.phase)) + point.wander;
  if (point.event <= at) {
    const Millis since = at - point.event;
    const Millis full = point.rise + spec.event_hold;
    double share = 0;
    if (since < point.rise) {
      share = static_cast<double>(since.count()) / static_cast<double>(point.rise.count());
    } else if (since < full) {
      share = 1;
    } else if (since < full + spec.event_fall) {
      share = 1 - static_cast<double>((since - full).count()) / static_cast<double>(spec.event_fall.count());
    } else {
      point.event = next_event(spec, at);
      point.rise = spec.event_rise;
    }
    value += share * (spec.event_peak - value);
  }
  return std::clamp(value, point.least, point.most);
}

bool Simulation::readings(Time until, std::size_t most, ReadingBatch& out) {
  std::vector<std::pair<std::string_view, Decimal>> values;
  while (!due_.empty() && due_.top().first < until) {
    if (out.messages.size() >= most) return true;
    const auto [at, index] = due_.top();
    due_.pop();
    Device& device = assets_[index];
    values.clear();
    for (PointState& point : device.points) {
      const double unit = std::pow(10.0, point.decimals);
      values.emplace_back(point.spec->point, decimal_of(std::round(value(device, point, at) * unit) / unit));
    }
    add_message(out, device.id, at, values);
    due_.emplace(at + device.interval, index);
  }
  return false;
}

void add_message(ReadingBatch& batch, std::string_view asset, Time at, const std::vector<std::pair<std::string_view, Decimal>>& values) {
  ReadingBatch::Message message;
  auto put = [&](std::string_view text) {
    const auto offset = static_cast<std::uint32_t>(batch.text.size());
    batch.text += text;
    return offset;
  };
  message.asset = put(asset);
  message.asset_size = static_cast<std::uint32_t>(asset.size());
  message.first = static_cast<std::uint32_t>(batch.samples.size());
  message.count = static_cast<std::uint32_t>(values.size());
  message.index = static_cast<std::uint32_t>(batch.messages.size());
  message.at = at;
  for (const auto& [name, value] : values) {
    ReadingBatch::Sample sample;
    sample.point = put(name);
    sample.point_size = static_cast<std::uint32_t>(name.size());
    sample.mantissa = value.mantissa;
    sample.scale = value.scale;
    batch.samples.push_back(sample);
  }
  batch.messages.push_back(message);
}

}  // namespace cityloop
