// SPDX-License-Identifier: Apache-2.0
#include "core/notice_text.h"

#include <algorithm>
#include <cmath>

#include "core/json.h"

namespace cityloop {
namespace {

constexpr std::string_view kCut = "…";

struct Words {
  bool zh;
  std::string_view operator()(std::string_view chinese, std::string_view english) const { return zh ? chinese : english; }
};

std::string_view level_word(std::string_view level, const Words& w) {
  if (level == "red") return w("红色Ⅰ级", "Red");
  if (level == "orange") return w("橙色Ⅱ级", "Orange");
  if (level == "yellow") return w("黄色Ⅲ级", "Yellow");
  if (level == "blue") return w("蓝色Ⅳ级", "Blue");
  return "";
}

std::string type_word(const std::string& type, const Words& w) {
  const auto found = std::ranges::find(notice_types(), type, &NoticeType::name);
  return std::string(found == notice_types().end() ? std::string_view(type) : w(found->zh, found->en));
}

// What was written elsewhere stays in its line.
std::string one_line(std::string_view text) {
  std::string out;
  for (const char c : text) out.push_back(static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c);
  return out;
}

std::string local_clock(std::string_view utc, Millis utc_offset) {
  const auto at = parse_time(utc);
  if (!at) return "";
  std::string text = format_time(*at + utc_offset).substr(0, 16);  // 2022-08-22T14:00
  text[10] = ' ';
  return text;
}

std::string measured(const json::object& data) {
  const json::value* value = data.if_contains("value");
  if (value == nullptr || !value->is_number()) return "";
  const double number = value->to_number<double>();
  const auto tenths = static_cast<long long>(std::llround(std::abs(number) * 10));
  std::string text = (number < 0 && tenths != 0 ? "-" : "") + std::to_string(tenths / 10);
  if (tenths % 10 != 0) text += "." + std::to_string(tenths % 10);
  return text + (text_or(data, "unit").empty() ? "" : " " + text_or(data, "unit"));
}

struct Writer {
  const json::object& data;
  const Words w;
  NoticeText& out;
  void line(std::string_view zh, std::string_view en, std::string_view value) const {
    if (!value.empty()) out.lines.emplace_back(w(zh, en), cut_bytes(one_line(value), 600));
  }
  // The first of these members that says something.
  std::string first(std::initializer_list<std::string_view> names) const {
    for (const std::string_view name : names)
      if (std::string text = text_or(data, name); !text.empty()) return text;
    return "";
  }
};

void case_lines(const Writer& to, Millis utc_offset) {
  to.line("编号", "Case", text_or(to.data, "no"));
  to.line("地点", "Place", to.first({"address", "asset_name", "asset"}));
  to.line("区域", "Area", to.w.zh ? to.first({"area_name", "area"}) : to.first({"area_name_en", "area_name", "area"}));
  to.line("单位", "Unit", to.first({"unit_name", "unit"}));
  to.line("立案", "Opened", local_clock(text_or(to.data, "opened_at"), utc_offset));
}

void alarm_lines(const Writer& to, Millis utc_offset) {
  to.line("对象", "Asset", to.first({"asset_name", "asset"}));
  to.line("数值", "Value", measured(to.data));
  to.line("区域", "Area", to.w.zh ? to.first({"area_name", "area"}) : to.first({"area_name_en", "area_name", "area"}));
  to.line("报警时间", "Raised", local_clock(text_or(to.data, "raised_at"), utc_offset));
  to.line("案件", "Case", text_or(to.data, "case"));
}

std::string waited(const json::object& data, const Words& w) {
  const json::value* minutes = data.if_contains("waited_minutes");
  if (minutes == nullptr || !minutes->is_int64()) return "";
  return std::to_string(minutes->get_int64()) + std::string(w(" 分钟", " minutes"));
}

}  // namespace

const std::vector<NoticeType>& notice_types() {
  static const std::vector<NoticeType> kTypes{
      {"city.case.new", "新案件", "New case"},
      {"city.case.dispatched", "派单", "Case dispatched"},
      {"city.case.returned", "案件退回", "Case returned"},
      {"city.case.rework", "案件返工", "Case sent back for rework"},
      {"city.case.overdue", "案件超期", "Case overdue"},
      {"city.case.closed", "案件结案", "Case closed"},
      {"city.case.recalled", "案件收回", "Case taken back"},
      {"city.case.requested", "申请延期或挂账", "Extension or suspension asked for"},
      {"city.case.request_refused", "申请被驳回", "Request refused"},
      {"city.case.extended", "批准延期", "Extension granted"},
      {"city.case.suspended", "案件挂账", "Case suspended"},
      {"city.case.resumed", "挂账恢复", "Case resumed"},
      {"city.case.supervised", "督办", "Case under supervision"},
      {"city.case.supervision_replied", "督办已回复", "Supervision replied to"},
      {"city.case.escalated", "督办逾期未回复", "Supervision escalated"},
      {"city.case.instructed", "领导批示", "Leader's instruction"},
      {"city.case.appealed", "案件申诉", "Appeal made"},
      {"city.case.unaccepted", "派单无人接单", "Order not accepted"},
      {"city.alarm.raised", "报警", "Alarm"},
      {"city.alarm.notify", "报警通知", "Alarm notice"},
      {"city.alarm.unacknowledged", "报警无人确认", "Alarm not acknowledged"},
  };
  return kTypes;
}

std::string alarm_notice_data(const Alarm& alarm, std::string_view comment, const Area* area) {
  json::object data{{"alarm", alarm.id}, {"rule", alarm.rule}, {"level", level_name(alarm.level)},
                    {"state", alarm_state_name(alarm.state)}, {"title", alarm.title}, {"title_en", alarm.title_en},
                    {"asset", alarm.asset}, {"asset_name", alarm.asset_name}, {"area", alarm.area},
                    {"value", alarm.value}, {"unit", alarm.unit}, {"raised_at", format_time(alarm.raised_at)},
                    {"case", alarm.case_no}, {"drill", alarm.drill}, {"comment", comment}};
  if (area != nullptr) {
    data["area_name"] = area->name;
    if (!area->name_en.empty()) data["area_name_en"] = area->name_en;
  }
  return json::serialize(data);
}

NoticeText notice_text(const Notice& notice, std::string_view language, Millis utc_offset) {
  const Words w{language != "en"};
  NoticeText out;
  json::object data;
  if (auto parsed = parse_json(notice.data); parsed && parsed->is_object()) data = std::move(parsed->get_object());
  const Writer to{data, w, out};
  const std::string type = type_word(notice.type, w);
  const std::string about = w.zh ? to.first({"title", "title_en"}) : to.first({"title_en", "title"});
  const std::string_view level = level_word(level_name(notice.level), w);
  if (const json::value* drill = data.if_contains("drill"); drill && drill->is_bool() && drill->get_bool())
    out.title = w("【演练】", "[Drill] ");
  if (!level.empty()) out.title += w.zh ? "【" + std::string(level) + "】" : "[" + std::string(level) + "] ";
  out.title += type;
  if (!about.empty()) out.title += std::string(w("\uFF1A", ": ")) + about;
  out.title = cut_bytes(one_line(out.title), 300);
  if (data.contains("alarm")) alarm_lines(to, utc_offset);
  else case_lines(to, utc_offset);
  to.line("已等待", "Waited", waited(data, w));
  to.line("说明", "Note", text_or(data, "comment"));
  if (out.lines.empty()) to.line("对象", "Subject", notice.subject);
  return out;
}

std::string plain_text(const NoticeText& text, std::string_view language) {
  const std::string_view colon = language == "en" ? ": " : "\uFF1A";
  std::string out = text.title + "\n\n";
  for (const auto& [label, value] : text.lines) out.append(label).append(colon).append(value).append("\n");
  if (!text.link.empty()) out.append("\n").append(language == "en" ? "Confirm that you have read it" : "确认已读").append(colon).append(text.link).append("\n");
  return out;
}

std::string short_text(const NoticeText& text, std::size_t most) {
  std::string out = text.title;
  for (const auto& [label, value] : text.lines) out.append(" ").append(label).append(" ").append(value);
  const auto starts = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; };
  const std::size_t tail = text.link.empty() ? 0 : text.link.size() + 1;
  const std::size_t room = most > tail ? most - tail : 1;
  std::size_t characters = 0, end = 0, before = 0;
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (!starts(out[i])) continue;
    if (characters == room - 1) before = i;
    if (++characters > room) {
      end = before;
      break;
    }
  }
  if (characters > room) out = out.substr(0, end) + std::string(kCut);
  return tail == 0 ? out : out + " " + text.link;
}

std::string cut_bytes(std::string_view text, std::size_t most) {
  if (text.size() <= most) return std::string(text);
  std::size_t end = most > kCut.size() ? most - kCut.size() : 0;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return std::string(text.substr(0, end)) + std::string(kCut);
}

}  // namespace cityloop
