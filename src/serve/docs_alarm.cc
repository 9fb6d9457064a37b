// SPDX-License-Identifier: Apache-2.0
#include "core/json_write.h"
#include "serve/project.h"

namespace cityloop {
namespace {

void put(JsonWriter& out, std::string_view name, const Attributes& attributes) {
  out.key(name).begin_object();
  for (const auto& [key, value] : attributes) {
    out.key(key);
    std::visit([&](const auto& v) { out.value(v); }, value);
  }
  out.end_object();
}

}  // namespace

std::string doc_of(const Alarm& alarm) {
  JsonWriter out(1024);
  out.begin_object().member("id", alarm.id);
  out.member("state", alarm_state_name(alarm.state)).member("level", level_name(alarm.level));
  out.member("peak", level_name(alarm.peak)).member("acknowledged", alarm.acknowledged);
  out.member_or_null("acknowledged_by", alarm.acknowledged_by).member_or_null("acknowledged_at", alarm.acknowledged_at);
  out.member("rule", alarm.rule).member("asset", alarm.asset).member("asset_name", alarm.asset_name);
  out.member("kind", alarm.kind).member("area", alarm.area).member_or_null("location", alarm.place);
  out.member("raised_at", alarm.raised_at).member_or_null("cleared_at", alarm.cleared_at);
  out.member("changed_at", alarm.changed_at).member("arrival", alarm.arrival);
  out.member("point", alarm.point).member("value", alarm.value).member("unit", alarm.unit);
  out.member("title_zh", alarm.title).member("title_en", alarm.title_en).member_or_null("case", alarm.case_no);
  out.member("drill", alarm.drill).member("false_alarm", alarm.false_alarm);
  out.member_or_null("shelved_until", alarm.shelved_until).member_or_null("note", alarm.note);
  out.member_or_null("inhibited_by", alarm.inhibited_by);
  return out.end_object().take();
}

std::string why_doc(const Alarm& alarm) {
  const Why& why = alarm.why;
  JsonWriter out(2048);
  out.begin_object().member("alarm", alarm.id).member("rule", why.rule).member("pack_version", why.pack_version);
  out.member("expr", why.expr).member("level", level_name(why.level)).member("evaluated_at", why.evaluated_at);
  out.member("rule_text", why.rule_text);
  put(out, "attributes", why.attributes);
  out.key("samples").begin_array();
  for (const WhySample& sample : why.samples) {
    out.begin_object().member("point", sample.point).member("at", sample.at).member("value", sample.value);
    out.member("quality", quality_name(sample.quality)).member("arrival", sample.arrival).end_object();
  }
  out.end_array().key("steps").begin_array();
  for (const WhyStep& step : why.steps)
    out.begin_object().member("at", step.at).member("state", step.state).member("because", step.because).end_object();
  return out.end_array().end_object().take();
}

std::string doc_of(const Asset& asset) {
  JsonWriter out;
  out.begin_object().member("id", asset.id).member("kind", asset.kind).member("name", asset.name);
  out.member_or_null("location", asset.place).member("area", asset.area);
  put(out, "attributes", asset.attributes);
  out.member_or_null("component_code", asset.component_code).member("life", life_name(asset.life)).key("silence");
  if (asset.silence) {
    out.begin_object().member("until", asset.silence->until).member("reason", asset.silence->reason);
    out.member("by", asset.silence->by).end_object();
  } else {
    out.null();
  }
  out.member_or_null("owner_unit", asset.owner_unit).member_or_null("keeper_unit", asset.keeper_unit);
  out.member_or_null("source", asset.source).member("slot", asset.slot).member("rev", asset.rev);
  return out.end_object().take();
}

std::string doc_of(const Record& record) {
  JsonWriter out;
  out.begin_object().member("id", record.id).member("asset", record.asset).member("kind", record.kind);
  out.member("at", record.at).member("arrival", record.arrival);
  out.member_raw("fields", record.fields.empty() ? "{}" : record.fields).list("evidence", record.evidence);
  return out.end_object().take();
}

std::string doc_of(const QuarantineItem& item) {
  JsonWriter out;
  out.begin_object().member("id", item.id).member("at", item.at).member("principal", item.principal);
  out.member_or_null("source", item.source).member_or_null("asset", item.asset).member_or_null("point", item.point);
  out.member("code", item.code).member("detail", item.detail).member("payload", item.payload);
  return out.member("state", item.state).end_object().take();
}

}  // namespace cityloop
