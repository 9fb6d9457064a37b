// SPDX-License-Identifier: Apache-2.0
#include "sense/health.h"

#include <algorithm>

#include "core/json_write.h"
#include "core/limits.h"
#include "sense/source.h"

namespace cityloop {
namespace {

void time_or_null(JsonWriter& out, std::string_view name, Time at) {
  out.key(name);
  if (at == kNoTime) {
    out.null();
  } else {
    out.value(at);
  }
}

}  // namespace

std::string_view health_state(const Health& health) {
  if (health.known_connection && !health.connected) return "disconnected";
  if (health.is_late) return "late";
  return health.last_seen == kNoTime ? "never" : "ok";
}

bool update_lateness(Health& health, Millis expected, Time now) {
  const bool listening = !health.known_connection || health.connected;
  const Time since = std::max(health.last_seen, health.listening_since);
  const bool late = expected.count() > 0 && listening && since != kNoTime && now - since > expected * limits::kStalePeriods;
  return std::exchange(health.is_late, late) != late;
}

RowPut health_row(std::string_view key, const SourceSpec* spec, const Health& health) {
  JsonWriter out(512);
  out.begin_object().member("name", key);
  out.key("title").begin_object().member("zh", spec != nullptr ? spec->title.zh : "");
  out.member("en", spec != nullptr ? spec->title.en : "").end_object();
  out.member("transport", spec != nullptr ? spec->transport_name() : "device");
  out.member("state", health_state(health));
  out.key("connected");
  health.known_connection ? out.value(health.connected) : out.null();
  time_or_null(out, "last_seen", health.last_seen);
  out.member("accepted", health.accepted).member("duplicate", health.duplicate).member("late", health.late);
  out.member("quarantined", health.quarantined).member_or_null("error", health.error);
  if (spec != nullptr) {
    out.member("crs", spec->crs).member_or_null("owner_unit", spec->owner_unit);
    out.member("expected_interval", format_duration(spec->expected_interval)).member_raw("spec", spec->text);
  }
  out.end_object();
  return RowPut{"sources", std::string(key), {}, {{"state", std::string(health_state(health))}}, out.take()};
}

}  // namespace cityloop
