// SPDX-License-Identifier: Apache-2.0
// 外部系统: the numbers that other systems' desks give to our cases (architecture §5). A number of a system stands for
// one case, a case has one number in a system; said again, both are known.
#include <algorithm>
#include <cctype>

#include "command/body.h"
#include "command/command.h"
#include "core/json.h"
#include "core/limits.h"

namespace cityloop {
namespace {

struct Reference {
  std::string system, number;
};

bool is_system(std::string_view name) {
  return std::ranges::all_of(name, [](unsigned char c) { return std::isalnum(c) != 0 || c == '.' || c == '-' || c == '_'; });
}

std::string doc_of(const Reference& reference, const Case& file, const Actor& actor, Time now) {
  return json::serialize(json::object{{"system", reference.system}, {"number", reference.number}, {"case", file.no},
                                      {"area", file.area}, {"by", actor.id}, {"at", format_time(now)}});
}

Result<Reference> read_reference(const ActionIn& in) {
  const json::object body = TRY(read_body(in.body));
  TRY(only_keys(body, {"system", "number"}, ""));
  Reference out{TRY(need_text(body, "system", limits::kAssetIdBytes)), TRY(need_text(body, "number", limits::kAssetIdBytes))};
  if (!is_system(out.system)) return bad_field("system", "must be letters, digits, dots, dashes and underscores");
  return out;
}

}  // namespace

Answer Command::put_reference(const ActionIn& in, const Actor& actor, Context& city) {
  const Result<Reference> said = read_reference(in);
  if (!said) return refuse(said.error());
  CaseFile* held = find(in.subject);
  if (held == nullptr) return refuse(errors::kNotFound, "there is no case of this number at work");
  const Case& file = held->file;
  if (!in_scope(actor.area, file.area, city.tables.root_area()))
    return refuse(errors::kForeignArea, "The case lies outside your area.");
  const bool desk = actor.is(Role::dispatcher) || actor.is(Role::acceptor) || actor.is(Role::integrator) || actor.is(Role::admin);
  if (!desk && !(actor.is(Role::unit_desk) && actor.unit == file.unit))
    return refuse(errors::kForbidden, "numbers of other systems are given by the unit that has the case, the desk or an integrator");
  const std::string answer = doc_of(*said, file, actor, city.now);
  const std::string key = reference_key(said->system, said->number);
  if (const auto known = references_.find(key); known != references_.end()) {
    if (known->second == file.no) return done(answer, 0, 200);
    return refuse(errors::kConflict, "`" + said->number + "` of " + said->system + " stands for case " + known->second);
  }
  if (const auto other = held->references.find(said->system); other != held->references.end())
    return refuse(errors::kConflict, "the case has the number " + other->second + " in " + said->system);
  held->references.emplace(said->system, said->number);
  references_.emplace(key, file.no);
  city.emit("case.reference", actor.id,
            RowPut{"case_references", key, file.area, {{"case_no", file.no}, {"system", said->system}, {"number", said->number}}, answer});
  TimelineEntry entry;
  entry.actor = actor.id;
  entry.actor_name = actor.person;
  entry.action = "reference";
  entry.from = file.stage;
  entry.comment = said->system + " " + said->number;
  entry.fields["system"] = said->system;
  entry.fields["number"] = said->number;
  note(*held, std::move(entry), city);
  return done(answer, 0, 201);
}

// A system's name has no colon.
std::string Command::reference_key(std::string_view system, std::string_view number) {
  return std::string(system) + ":" + std::string(number);
}

}  // namespace cityloop
