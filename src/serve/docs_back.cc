// SPDX-License-Identifier: Apache-2.0
#include "core/json.h"
#include "serve/project.h"

namespace cityloop {
namespace {

const json::object kNothing;

const json::object& object_in(const json::object& in, std::string_view key) {
  const json::value* value = in.if_contains(key);
  return value != nullptr && value->is_object() ? value->get_object() : kNothing;
}

template <class Visit>
void each_in(const json::object& in, std::string_view key, Visit&& visit) {
  const json::value* value = in.if_contains(key);
  if (value == nullptr || !value->is_array()) return;
  for (const json::value& item : value->get_array()) visit(item);
}

std::vector<std::string> texts(const json::object& in, std::string_view key) {
  std::vector<std::string> out;
  each_in(in, key, [&](const json::value& item) {
    if (item.is_string()) out.emplace_back(item.get_string());
  });
  return out;
}

bool flag(const json::object& in, std::string_view key) {
  const json::value* value = in.if_contains(key);
  return value != nullptr && value->is_bool() && value->get_bool();
}

double number(const json::object& in, std::string_view key) {
  const json::value* value = in.if_contains(key);
  return value != nullptr && value->is_number() ? value->to_number<double>() : 0;
}

template <class Number>
Number whole(const json::object& in, std::string_view key) {
  const json::value* value = in.if_contains(key);
  if (value == nullptr) return 0;
  if (value->is_int64()) return static_cast<Number>(value->get_int64());
  return value->is_uint64() ? static_cast<Number>(value->get_uint64()) : Number{0};
}

std::optional<Time> time_in(const json::object& in, std::string_view key) {
  const auto time = want_time(in, key);
  return time ? *time : std::nullopt;
}

std::optional<LngLat> place_in(const json::object& in, std::string_view key) {
  std::vector<double> numbers;
  each_in(object_in(in, key), "coordinates", [&](const json::value& item) {
    if (item.is_number()) numbers.push_back(item.to_number<double>());
  });
  if (numbers.size() < 2) return std::nullopt;
  return LngLat{numbers[0], numbers[1]};
}

Attributes attributes_in(const json::object& in, std::string_view key) {
  Attributes out;
  for (const auto& [name, value] : object_in(in, key)) {
    if (value.is_bool())
      out[name] = value.get_bool();
    else if (value.is_string())
      out[name] = std::string(value.get_string());
    else if (value.is_number())
      out[name] = value.to_number<double>();
  }
  return out;
}

Quality quality_in(const json::object& in) {
  const std::string name = text_or(in, "quality");
  for (int i = 0; i <= static_cast<int>(Quality::derived); ++i)
    if (quality_name(static_cast<Quality>(i)) == name) return static_cast<Quality>(i);
  return Quality::good;
}

AlarmState alarm_state_in(const json::object& in) {
  const std::string name = text_or(in, "state");
  for (int i = 0; i <= static_cast<int>(AlarmState::cleared); ++i)
    if (alarm_state_name(static_cast<AlarmState>(i)) == name) return static_cast<AlarmState>(i);
  return AlarmState::pending;
}

Level level_in(const json::object& in, std::string_view key) { return level_of(text_or(in, key)).value_or(Level::none); }
Stage stage_in(const json::object& in, std::string_view key) { return stage_of(text_or(in, key)).value_or(Stage::reported); }

Decimal decimal_in(const json::object& in, std::string_view key) {
  const json::value* value = in.if_contains(key);
  if (value == nullptr || !value->is_number()) return {};
  const auto decimal = parse_decimal(json::serialize(*value));
  return decimal ? *decimal : Decimal{};
}

Result<json::object> object_of(std::string_view doc) {
  json::value value = TRY(parse_json(doc));
  if (!value.is_object()) return fail(errors::kCorrupt, "a stored document is not an object");
  return std::move(value.get_object());
}

void read_why(const json::object& in, Why& why) {
  why.rule = text_or(in, "rule");
  why.pack_version = text_or(in, "pack_version");
  why.rule_text = text_or(in, "rule_text");
  why.expr = text_or(in, "expr");
  why.attributes = attributes_in(in, "attributes");
  why.evaluated_at = time_in(in, "evaluated_at").value_or(kNoTime);
  why.level = level_in(in, "level");
  each_in(in, "samples", [&](const json::value& item) {
    if (!item.is_object()) return;
    const json::object& sample = item.get_object();
    why.samples.push_back({text_or(sample, "point"), time_in(sample, "at").value_or(kNoTime), decimal_in(sample, "value"),
                           quality_in(sample), time_in(sample, "arrival").value_or(kNoTime)});
  });
  each_in(in, "steps", [&](const json::value& item) {
    if (!item.is_object()) return;
    const json::object& step = item.get_object();
    why.steps.push_back({time_in(step, "at").value_or(kNoTime), text_or(step, "state"), text_or(step, "because")});
  });
}

Clock clock_in(const json::object& in) {
  return {stage_in(in, "stage"),   time_in(in, "started").value_or(kNoTime),
          time_in(in, "deadline"), text_or(in, "limit"),
          text_or(in, "note"),     time_in(in, "stopped"),
          flag(in, "paused"),      whole<int>(in, "reminded"),
          flag(in, "working"),     flag(in, "due_soon"),
          flag(in, "overdue")};
}

Course course_in(const json::object& in) {
  Course course;
  if (const json::object& request = object_in(in, "request"); !request.empty()) {
    course.request = {text_or(request, "kind"),    text_or(request, "by"),
                      text_or(request, "reason"),  time_in(request, "at").value_or(kNoTime),
                      time_in(request, "until"),   flag(request, "endorsed")};
  }
  course.extensions = whole<int>(in, "extensions");
  course.first_limit = text_or(in, "first_limit");
  course.suspended_until = time_in(in, "suspended_until");
  course.back_to = stage_in(in, "back_to");
  each_in(in, "supervisions", [&](const json::value& item) {
    if (!item.is_object()) return;
    const json::object& one = item.get_object();
    course.supervisions.push_back({text_or(one, "kind"), text_or(one, "by"), text_or(one, "by_name"),
                                   text_or(one, "requirement"), time_in(one, "at").value_or(kNoTime),
                                   time_in(one, "due"), time_in(one, "replied_at"), text_or(one, "reply"),
                                   time_in(one, "concluded_at"), flag(one, "escalated")});
  });
  if (const json::object& appeal = object_in(in, "appeal"); !appeal.empty()) {
    course.appeal = {text_or(appeal, "by"), text_or(appeal, "reason"), time_in(appeal, "at").value_or(kNoTime),
                     text_or(appeal, "state")};
  }
  course.exempt = flag(in, "exempt");
  course.satisfaction = text_or(in, "satisfaction");
  course.standard = text_or(in, "standard");
  course.grade = text_or(in, "grade");
  course.look_back = text_or(in, "look_back");
  course.settled = text_or(in, "settled");
  course.reopens = whole<int>(in, "reopens");
  course.parent = text_or(in, "parent");
  course.children = texts(in, "children");
  return course;
}

}  // namespace

Result<Case> case_of_doc(std::string_view doc) {
  const json::object in = TRY(object_of(doc));
  Case file;
  file.no = text_or(in, "no");
  file.origin = text_or(in, "origin");
  file.stage = stage_in(in, "stage");
  const json::object& klass = object_in(in, "class");
  file.klass = {text_or(klass, "scheme"), text_or(klass, "type"), text_or(klass, "code")};
  file.urgency = urgency_of(text_or(in, "urgency")).value_or(Urgency::normal);
  file.title = text_or(in, "title");
  file.area = text_or(in, "area");
  file.place = place_in(in, "location");
  file.address = text_or(in, "address");
  file.asset = text_or(in, "asset");
  file.pack = text_or(in, "pack");
  file.alarms = texts(in, "alarms");
  file.reports = texts(in, "reports");
  file.unit = text_or(in, "unit");
  file.handler = text_or(in, "handler");
  each_in(in, "candidates", [&](const json::value& item) {
    if (!item.is_object()) return;
    const json::object& candidate = item.get_object();
    file.candidates.push_back({text_or(candidate, "unit"), number(candidate, "score"), text_or(candidate, "because")});
  });
  file.limit = text_or(in, "limit");
  each_in(in, "clocks", [&](const json::value& item) {
    if (item.is_object()) file.clocks.push_back(clock_in(item.get_object()));
  });
  file.opened_at = time_in(in, "opened_at").value_or(kNoTime);
  file.dispatched_at = time_in(in, "dispatched_at");
  file.finished_at = time_in(in, "finished_at");
  file.closed_at = time_in(in, "closed_at");
  file.level = level_in(in, "level");
  file.returns = whole<int>(in, "returns");
  file.reworks = whole<int>(in, "reworks");
  file.proof = flag(in, "proof");
  file.agreed = flag(in, "agreed");
  file.returned_from = text_or(in, "returned_from");
  file.merged_into = text_or(in, "merged_into");
  file.course = course_in(object_in(in, "course"));
  file.rev = whole<std::uint64_t>(in, "rev");
  file.changed_at = time_in(in, "changed_at").value_or(kNoTime);
  return file;
}

Result<Alarm> alarm_of_doc(std::string_view doc, std::string_view why) {
  const json::object in = TRY(object_of(doc));
  Alarm alarm;
  alarm.id = text_or(in, "id");
  alarm.rule = text_or(in, "rule");
  alarm.asset = text_or(in, "asset");
  alarm.kind = text_or(in, "kind");
  alarm.area = text_or(in, "area");
  alarm.place = place_in(in, "location");
  alarm.state = alarm_state_in(in);
  alarm.level = level_in(in, "level");
  alarm.peak = level_in(in, "peak");
  alarm.acknowledged = flag(in, "acknowledged");
  alarm.acknowledged_by = text_or(in, "acknowledged_by");
  alarm.acknowledged_at = time_in(in, "acknowledged_at");
  alarm.false_alarm = flag(in, "false_alarm");
  alarm.drill = flag(in, "drill");
  alarm.shelved_until = time_in(in, "shelved_until");
  alarm.note = text_or(in, "note");
  alarm.inhibited_by = text_or(in, "inhibited_by");
  alarm.raised_at = time_in(in, "raised_at").value_or(kNoTime);
  alarm.cleared_at = time_in(in, "cleared_at");
  alarm.changed_at = time_in(in, "changed_at").value_or(kNoTime);
  alarm.arrival = time_in(in, "arrival").value_or(kNoTime);
  alarm.point = text_or(in, "point");
  alarm.value = number(in, "value");
  alarm.unit = text_or(in, "unit");
  alarm.title = text_or(in, "title_zh");
  alarm.title_en = text_or(in, "title_en");
  alarm.case_no = text_or(in, "case");
  alarm.asset_name = text_or(in, "asset_name");
  if (!why.empty()) read_why(TRY(object_of(why)), alarm.why);
  return alarm;
}

Result<Asset> asset_of_doc(std::string_view doc) {
  const json::object in = TRY(object_of(doc));
  Asset asset;
  asset.id = text_or(in, "id");
  asset.kind = text_or(in, "kind");
  asset.name = text_or(in, "name");
  asset.place = place_in(in, "location");
  asset.area = text_or(in, "area");
  asset.attributes = attributes_in(in, "attributes");
  asset.component_code = text_or(in, "component_code");
  asset.life = life_of(text_or(in, "life")).value_or(Life::in_use);
  if (const json::object& silence = object_in(in, "silence"); !silence.empty())
    asset.silence = Silence{time_in(silence, "until").value_or(kNoTime), text_or(silence, "reason"), text_or(silence, "by")};
  asset.owner_unit = text_or(in, "owner_unit");
  asset.keeper_unit = text_or(in, "keeper_unit");
  asset.source = text_or(in, "source");
  asset.slot = whole<std::uint32_t>(in, "slot");
  asset.rev = whole<std::uint64_t>(in, "rev");
  return asset;
}

Result<Attachment> attachment_of_doc(std::string_view doc) {
  const json::object in = TRY(object_of(doc));
  Attachment attachment;
  attachment.id = text_or(in, "id");
  attachment.type = text_or(in, "type");
  attachment.bytes = whole<std::uint64_t>(in, "bytes");
  attachment.by = text_or(in, "by");
  attachment.area = text_or(in, "area");
  attachment.at = time_in(in, "at").value_or(kNoTime);
  attachment.taken_place = place_in(in, "taken_place");
  attachment.taken_at = time_in(in, "taken_at");
  attachment.original = text_or(in, "original");
  return attachment;
}

}  // namespace cityloop
