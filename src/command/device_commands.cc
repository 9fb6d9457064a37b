// SPDX-License-Identifier: Apache-2.0
#include "command/device_commands.h"

#include <algorithm>

#include "command/body.h"
#include "core/json.h"
#include "core/json_write.h"
#include "core/limits.h"

namespace cityloop {
namespace {

constexpr double kShortest = 5, kLongest = 86'400, kUsual = 300;  // seconds in which a device may take it
constexpr std::size_t kWordBytes = 64;

bool is_word(std::string_view text) {
  return !text.empty() && text.size() <= kWordBytes && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
           c == '-';
  });
}

bool may_command(const Actor& actor) {
  return actor.is(Role::dispatcher) || actor.is(Role::shift_leader) || actor.is(Role::admin);
}

Result<DeviceCommand> read(const ActionIn& in) {
  const json::object body = TRY(read_body(in.body));
  TRY(only_keys(body, {"command", "arguments", "reason", "expires_in_s"}, ""));
  DeviceCommand out;
  out.command = TRY(need_text(body, "command", kWordBytes));
  if (!is_word(out.command)) return bad_field("command", "is a word of letters, digits, `_`, `.` and `-`");
  out.reason = TRY(want_text(body, "reason", limits::kTextBytes));
  out.arguments = "{}";
  if (const json::value* arguments = body.if_contains("arguments"); arguments != nullptr && !arguments->is_null()) {
    if (!arguments->is_object()) return fail(errors::kWrongType, "`arguments` must be an object");
    out.arguments = json::serialize(*arguments);
    if (out.arguments.size() > limits::kCommandArguments) return bad_field("arguments", "are longer than 4,096 bytes");
  }
  double seconds = kUsual;
  if (const json::value* given = body.if_contains("expires_in_s"); given != nullptr && !given->is_null())
    seconds = TRY(need_number(body, "expires_in_s"));
  if (!(seconds >= kShortest && seconds <= kLongest)) return bad_field("expires_in_s", "must be 5 to 86400 seconds");
  out.expires = from_ms(static_cast<std::int64_t>(seconds * 1000));  // from when it is sent
  return out;
}

}  // namespace

Answer DeviceCommands::send(const ActionIn& in, const Actor& actor, Context& city) {
  if (!may_command(actor))
    return refuse(errors::kForbidden, "devices are commanded by dispatcher, shift_leader and admin");
  const Asset* asset = city.tables.asset(in.subject);
  if (asset == nullptr)
    return refuse(errors::kNotFound, "there is no asset `" + in.subject.substr(0, limits::kAssetIdBytes) + "`");
  if (!in_scope(actor.area, asset->area, city.tables.root_area()))
    return refuse(errors::kForeignArea, "the asset lies in " + asset->area);
  if (asset->life == Life::retired) return refuse(errors::kNotAllowed, "the asset is retired");
  auto body = read(in);
  if (!body) return refuse(body.error());
  const auto is_waiting = [](const auto& item) { return item.second.state == "waiting"; };
  const auto of_asset = [&](const auto& item) { return is_waiting(item) && item.second.asset == asset->id; };
  if (std::ranges::count_if(commands_, of_asset) >= limits::kCommandsOfAsset)
    return refuse(errors::kRateLimited, "16 commands wait for this device already; it has not taken them");
  if (std::ranges::count_if(commands_, is_waiting) >= limits::kCommandsWaiting)
    return refuse(errors::kRateLimited, "10,000 commands wait for their devices already");
  DeviceCommand command = std::move(*body);
  command.id = city.chance.id("d-");
  command.asset = asset->id;
  command.area = asset->area;
  command.by = actor.id;
  command.state = "waiting";
  command.at = city.now;
  command.expires = city.now + (command.expires - Time{});
  put(command, actor.id, city);
  return done(doc_of(command), 0, 202);
}

void DeviceCommands::put(const DeviceCommand& command, const std::string& by, Context& city) {
  city.emit("device.command", by,
            RowPut{"commands",
                   command.id,
                   command.area,
                   {{"asset", command.asset}, {"state", command.state}, {"at", std::to_string(to_ms(command.at))}},
                   doc_of(command)});
  commands_.insert_or_assign(command.id, command);
}

void DeviceCommands::delivered(const std::string& id, Context& city) {
  const auto found = commands_.find(id);
  if (found == commands_.end() || found->second.state != "waiting") return;
  DeviceCommand command = found->second;
  command.state = "delivered";
  command.delivered_at = city.now;
  put(command, "system", city);
}

void DeviceCommands::answered(const Record& result, Context& city) {
  const auto fields = parse_json(result.fields);
  if (!fields || !fields->is_object()) return;
  const json::object& said = fields->get_object();
  const auto found = commands_.find(text_or(said, "command"));
  if (found == commands_.end() || found->second.asset != result.asset) return;  // of long ago, or another's
  DeviceCommand command = found->second;
  command.state = text_or(said, "status");
  command.detail = text_or(said, "detail");
  if (!command.delivered_at) command.delivered_at = city.now;
  command.answered_at = city.now;
  put(command, "system", city);
}

std::vector<DeviceCommand> DeviceCommands::waiting(Time now) const {
  std::vector<DeviceCommand> out;
  for (const auto& [id, command] : commands_)
    if (command.state == "waiting" && command.expires > now) out.push_back(command);
  std::ranges::stable_sort(out, {}, &DeviceCommand::at);
  return out;
}

void DeviceCommands::tick(Context& city) {
  std::vector<DeviceCommand> over;
  for (const auto& [id, command] : commands_)
    if (command.state == "waiting" && command.expires <= city.now) over.push_back(command);
  for (DeviceCommand& command : over) {
    command.state = "expired";
    command.detail = "the device did not take it in time";
    put(command, "system", city);
  }
  std::erase_if(commands_, [&](const auto& item) { return item.second.expires + limits::kCommandKept <= city.now; });
}

Time DeviceCommands::next_due() const {
  Time due = Time::max();
  for (const auto& [id, command] : commands_)
    due = std::min(due, command.state == "waiting" ? command.expires : command.expires + limits::kCommandKept);
  return due;
}

void DeviceCommands::encode(Writer& out) const { cityloop::encode(out, commands_); }
void DeviceCommands::decode(Reader& in) { cityloop::decode(in, commands_); }

std::string payload_of(const DeviceCommand& command) {
  JsonWriter out;
  out.begin_object()
      .member("id", command.id)
      .member("command", command.command)
      .member_raw("arguments", command.arguments);
  return out.member("at", command.at).member("expires_at", command.expires).end_object().take();
}

std::string doc_of(const DeviceCommand& command) {
  JsonWriter out;
  out.begin_object().member("id", command.id).member("asset", command.asset).member("area", command.area);
  out.member("command", command.command).member_raw("arguments", command.arguments).member("reason", command.reason);
  out.member("by", command.by).member("state", command.state).member_or_null("detail", command.detail);
  out.member("at", command.at).member("expires_at", command.expires);
  out.member_or_null("delivered_at", command.delivered_at).member_or_null("answered_at", command.answered_at);
  return out.end_object().take();
}

}  // namespace cityloop
