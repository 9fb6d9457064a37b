// SPDX-License-Identifier: Apache-2.0
#include "supervise/calendar_book.h"

#include <algorithm>

#include "core/codec.h"
#include "core/json.h"

namespace cityloop {
namespace {

bool is_name(std::string_view name) {
  const auto fits = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-'; };
  return !name.empty() && name.size() <= 64 && std::ranges::all_of(name, fits);
}

}  // namespace

std::optional<Answer> CalendarBook::take(const ActionIn& in, const Actor& actor, Context& city) {
  const bool ships = in.verb == "calendar.ship";
  if (ships && actor.id != "system") return refuse(errors::kForbidden, "the program itself ships a calendar");
  const std::string& root = city.tables.root_area();
  if (!actor.is(Role::admin) || (actor.id != "system" && !in_scope(actor.area, root, root)))
    return refuse(errors::kForbidden, "the working calendar is the whole city's; its administrators change it");
  if (ships && calendar_ && !shipped_) return refuse(errors::kConflict, "the city has a calendar of its own");
  if (!is_name(in.subject)) return refuse(errors::kBadField, "a calendar's name is a-z, 0-9, _ and -, at most 64");
  Result<Calendar> parsed = Calendar::parse(in.body, utc_offset_);
  if (!parsed) return refuse(parsed.error());
  calendar_ = std::move(*parsed);
  if (!name_.empty() && name_ != in.subject) city.emit("rev.config", actor.id, Removed{"calendars", name_});
  name_ = in.subject;
  text_ = in.body;
  by_ = actor.id;
  at_ = city.now;
  shipped_ = ships;
  json::object doc = calendar_->describe();
  doc["name"] = name_;
  doc["shipped"] = shipped_;
  doc["changed_by"] = by_;
  doc["changed_at"] = format_time(at_);
  doc["rev"] = ++rev_;
  doc["source"] = text_;
  city.emit("rev.config", actor.id, RowPut{"calendars", name_, "", {}, json::serialize(doc)});
  return std::nullopt;
}

void CalendarBook::encode(Writer& out) const {
  for (const std::string* text : {&name_, &text_, &by_}) cityloop::encode(out, *text);
  cityloop::encode(out, at_);
  cityloop::encode(out, shipped_);
  cityloop::encode(out, rev_);
}

void CalendarBook::decode(Reader& in) {
  for (std::string* text : {&name_, &text_, &by_}) cityloop::decode(in, *text);
  cityloop::decode(in, at_);
  cityloop::decode(in, shipped_);
  cityloop::decode(in, rev_);
  calendar_.reset();
  if (name_.empty()) return;
  Result<Calendar> parsed = Calendar::parse(text_, utc_offset_);
  if (!parsed) return in.spoil();
  calendar_ = std::move(*parsed);
}

}  // namespace cityloop
