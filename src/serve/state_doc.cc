// SPDX-License-Identifier: Apache-2.0
#include "serve/state_doc.h"

#include <algorithm>

#include "core/limits.h"

namespace cityloop::serve {

void put_state(JsonWriter& out, std::string_view asset, std::string_view kind_name, const KindSpec* kind, const LiveAsset* live, Time now) {
  out.begin_object().member("asset", asset).member("kind", kind_name);
  out.member("level", level_name(live == nullptr ? Level::none : live->level)).key("values").begin_object();
  const std::size_t points = live == nullptr || kind == nullptr ? 0 : std::min(live->points.size(), kind->points.size());
  for (std::size_t i = 0; i < points; ++i) {
    const LiveValue& value = live->points[i];
    if (value.at == kNoTime) continue;
    const PointSpec& spec = kind->points[i];
    const Millis age = std::max(Millis{0}, now - value.at);
    out.key(spec.name).begin_object().member("at", value.at).member("value", value.value);
    out.member("quality", quality_name(value.quality)).member("unit", spec.unit).member("age_s", age.count() / 1000);
    out.member("stale", spec.interval.count() > 0 && age > spec.interval * limits::kStalePeriods).end_object();
  }
  out.end_object().end_object();
}

const LiveValue* main_value(const LiveAsset& live) {
  for (const LiveValue& value : live.points)
    if (value.at != kNoTime) return &value;
  return nullptr;
}

}  // namespace cityloop::serve
