// SPDX-License-Identifier: Apache-2.0
// A made-up city from the packs' `simulate` sections and one seed: its assets, and what their sensors would say. Pure: the demo,
// the seeded simulation and the benches drive it with their own time. Everything it makes is marked simulated.
#pragma once

#include <cstdint>
#include <memory>
#include <queue>
#include <string>
#include <vector>

#include "core/context.h"

namespace cityloop {

class Simulation {
 public:
  struct Options {
    std::uint64_t seed = 1;
    double scale = 1;             // of every pack's suggested count; at least one asset a kind
    std::vector<Area> areas;      // with shapes; assets are laid inside them
  };
  struct Troubled {               // an event that the generator makes happen, for tests and stories
    std::string asset;
    Time from{};
  };

  Simulation(std::shared_ptr<const Packs> packs, Options options);

  // GeoJSON FeatureCollection for the verb `assets.import`.
  std::string assets_geojson() const;
  std::size_t asset_count() const { return assets_.size(); }
  const std::string& asset_id(std::size_t index) const { return assets_[index].id; }

  // Starts every sensor at `start`, spread over its own interval.
  void begin(Time start);
  // Appends to `out` all messages whose own time is before `until`, ascending by time; at most `most` messages.
  // Returns true when more are due.
  bool readings(Time until, std::size_t most, ReadingBatch& out);
  // Makes the first event-capable point of this asset rise now.
  void provoke(std::size_t index, Time at);
  std::vector<std::size_t> of_kind(std::string_view kind) const;

 private:
  struct PointState {
    const SimulatePoint* spec = nullptr;
    int decimals = 2;
    double least = 0, most = 0;
    double wander = 0;      // slow noise
    Time event{};           // next or current event's start
    Millis rise{0};         // of this event
  };
  struct Device {
    std::string id, name, kind;
    LngLat place;
    std::string area;
    const SimulateSpec* spec = nullptr;
    Millis interval{0};
    double phase = 0;
    std::vector<PointState> points;
  };

  double value(Device& device, PointState& point, Time at);
  double uniform();
  double normal();
  Time next_event(const SimulatePoint& spec, Time after);

  std::shared_ptr<const Packs> packs_;
  Chance chance_;
  std::vector<Device> assets_;
  using Due = std::pair<Time, std::size_t>;
  std::priority_queue<Due, std::vector<Due>, std::greater<>> due_;
};

// Adds one message to a batch; values with exact decimals. For everything in the program that makes batches itself.
void add_message(ReadingBatch& batch, std::string_view asset, Time at, const std::vector<std::pair<std::string_view, Decimal>>& values);

}  // namespace cityloop
