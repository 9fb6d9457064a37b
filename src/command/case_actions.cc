// SPDX-License-Identifier: Apache-2.0
// The actions of people on a case: the table rules, this file does. Each action checks everything before it changes
// anything.
#include <algorithm>

#include "command/body.h"
#include "command/case_step.h"
#include "core/decimal.h"
#include "core/json.h"
#include "core/limits.h"

namespace cityloop {

namespace {

constexpr double kAccuracyMost_m = 100'000;  // a phone that knows no better than the city has not found its place

const Code& code_of(const Ruling& ruling) {
  if (ruling.code == "area") return errors::kForeignArea;
  if (ruling.code == "role" || ruling.code == "unit" || ruling.code == "handler") return errors::kForbidden;
  return errors::kNotAllowed;
}

bool is_access(const Ruling& ruling) { return ruling.row == nullptr && &code_of(ruling) != &errors::kNotAllowed; }

// When and where it was done: any action may say so, since what is done without a network arrives later.
bool is_circumstance(std::string_view key) { return key == "done_at" || key == "location" || key == "accuracy_m"; }

// Unknown fields are refused by name, required ones demanded by name. `reason` and `comment` are read by the caller.
Result<void> check_fields(const json::object& body, const Transition& row) {
  for (const auto& item : body) {
    const std::string_view key(item.key());
    const bool known = key == "action" || key == "comment" || is_circumstance(key) ||
                       std::ranges::any_of(row.fields, [&](const FieldNeed& field) { return field.name == key; });
    if (!known)
      return fail(errors::kUnknownField, "`" + std::string(key) + "` is no field of `" + std::string(row.action) + "`");
  }
  for (const FieldNeed& field : row.fields) {
    const json::value* value = body.if_contains(field.name);
    if (!field.required || field.name == "attachments") continue;  // pictures: the guard `proof` asks for them
    if (field.name == "until" || field.name == "standard") continue;  // its action reads it
    if (value == nullptr || value->is_null())
      return fail(errors::kMissingField, "`" + std::string(field.name) + "` is missing");
    TRY(need_text(body, field.name, limits::kTextBytes));
  }
  return {};
}

// As the person's device says it: shown beside the arrival, which alone the clocks and scores go by.
Result<void> read_circumstances(const json::object& body, const Case& file, Time now, TimelineEntry& entry) {
  const std::optional<Time> done_at = TRY(want_time(body, "done_at"));
  if (done_at && *done_at > now + limits::kFutureTolerance) return bad_field("done_at", "lies in the future");
  if (done_at) entry.fields["done_at"] = format_time(*done_at);
  const std::optional<LngLat> place = TRY(want_place(body, "location"));
  if (place) {
    entry.fields["location"] = format_decimal(decimal_of(place->lng)) + "," + format_decimal(decimal_of(place->lat));
    if (file.place)
      entry.fields["distance_m"] = std::to_string(static_cast<long long>(distance_m(*place, *file.place)));
  }
  const std::optional<double> accuracy = TRY(want_number(body, "accuracy_m"));
  if (accuracy && !(*accuracy >= 0 && *accuracy <= kAccuracyMost_m))
    return bad_field("accuracy_m", "must be metres, 0 to 100000");
  if (accuracy) entry.fields["accuracy_m"] = std::to_string(static_cast<long long>(*accuracy + 0.5));
  return {};
}

Result<TimelineEntry> read_entry(const json::object& body, const Transition& row, const Case& file,
                                 const Actor& actor, Time now) {
  TimelineEntry entry;
  entry.actor = actor.id;
  entry.actor_name = actor.person;
  entry.action = row.action;
  entry.from = file.stage;
  entry.comment = TRY(want_text(body, "comment", limits::kTextBytes));
  const std::string reason = TRY(want_text(body, "reason", limits::kTextBytes));
  if (!reason.empty()) {
    entry.fields["reason"] = reason;
    if (entry.comment.empty()) entry.comment = reason;
  }
  entry.attachments = TRY(want_texts(body, "attachments", limits::kActionAttachments));
  TRY(read_circumstances(body, file, now, entry));
  return entry;
}

std::string answer_of(const Case& file) {
  return json::serialize(json::object{{"no", file.no}, {"stage", stage_name(file.stage)}, {"rev", file.rev}});
}

}  // namespace

Answer Command::act_on_case(const ActionIn& in, const Actor& actor, const Agreed& agreed, Context& city,
                            const Persons& persons) {
  const std::string_view action = std::string_view(in.verb).substr(5);
  CaseFile* held = find(in.subject);
  if (held == nullptr) {
    return refuse(errors::kNotFound, "there is no case `" + in.subject.substr(0, 40) + "` that can still be changed");
  }
  if (!in_scope(actor.area, held->file.area, city.tables.root_area())) {
    return refuse(errors::kForeignArea, "The case lies outside your area.");
  }
  if (!is_case_action(action))
    return refuse(errors::kUnknownAction, "there is no action `" + std::string(action) + "`");
  const Result<json::object> body = read_body(in.body);
  if (!body) return refuse(body.error());

  CaseGuards guards = guards_of(held->file, agreed, city.packs, city.tables, settings_.utc_offset);
  guards.children_open = has_open_child(held->file);
  guards.picture_known = !held->attachments.empty();
  guards.worked_on = std::ranges::any_of(held->orders, [&](const Order& order) { return went_to(order, actor); });
  const json::value* pictures = body->if_contains("attachments");
  guards.photo_given = pictures != nullptr && pictures->is_array() && !pictures->get_array().empty();
  const Ruling ruling = rule_on(held->file, action, actor, guards);
  if (is_access(ruling)) return refuse(code_of(ruling), ruling.why_not);
  if (in.if_match == 0) return refuse(errors::kPreconditionRequired, "send If-Match with the case's rev");
  if (in.if_match != held->file.rev) {
    return refuse(errors::kStale,
                  "the case is at rev " + std::to_string(held->file.rev) + ", you saw " + std::to_string(in.if_match));
  }
  if (ruling.row == nullptr) return refuse(code_of(ruling), ruling.why_not);
  if (const auto fields = check_fields(*body, *ruling.row); !fields) return refuse(fields.error());
  Result<TimelineEntry> entry = read_entry(*body, *ruling.row, held->file, actor, city.now);
  if (!entry) return refuse(entry.error());
  if (const auto known = check_attachments(entry->attachments); !known) return refuse(known.error());

  if (agreed.needed) held->file.agreed = agreed.agrees;
  Step step{*held, *ruling.row, actor, *body, persons, city, std::move(*entry), {}};
  const Case before = held->file;
  if (const auto done_ = perform(step); !done_) {
    held->file = before;  // an action that is refused half-way has done nothing
    return refuse(done_.error());
  }
  return done(answer_of(held->file), held->file.rev);
}

Result<void> Command::perform(Step& step) {
  using Perform = Result<void> (Command::*)(Step&);
  static const std::map<std::string_view, Perform> performers = {
      {"verify", &Command::verify},
      {"self_handle", &Command::self_handle},
      {"register", &Command::file_it},
      {"settle", &Command::end},
      {"reject", &Command::end},
      {"cancel", &Command::end},
      {"close", &Command::end},
      {"force_close", &Command::end},
      {"merge", &Command::merge},
      {"unmerge", &Command::unmerge},
      {"split", &Command::split},
      {"dispatch", &Command::dispatch},
      {"recall", &Command::recall},
      {"assign", &Command::assign},
      {"revoke", &Command::revoke},
      {"return", &Command::give_back},
      {"accept", &Command::accept},
      {"arrive", &Command::arrive},
      {"finish", &Command::finish},
      {"request_extension", &Command::ask},
      {"request_suspension", &Command::ask},
      {"endorse", &Command::endorse},
      {"refuse_request", &Command::refuse_request},
      {"extend", &Command::extend},
      {"suspend", &Command::suspend},
      {"resume", &Command::resume},
      {"feedback", &Command::feed_back},
      {"check", &Command::check},
      {"rework", &Command::rework},
      {"reopen", &Command::reopen},
      {"supervise", &Command::supervise},
      {"reply", &Command::reply},
      {"conclude", &Command::conclude},
      {"instruct", &Command::instruct},
      {"look_back", &Command::look_back},
      {"revisit", &Command::revisit},
      {"appeal", &Command::appeal},
      {"uphold_appeal", &Command::uphold_appeal},
      {"refuse_appeal", &Command::refuse_appeal},
  };
  const auto found = performers.find(step.row.action);
  if (found != performers.end()) return (this->*found->second)(step);
  advance(step);  // comment: nothing but the step itself
  return {};
}

// The step itself: stage by the table, pictures linked, recorded; collectors get their tasks and lose those that are
// over. What a unit asked for falls away when the case is no longer with it. `tells` is the type of the notice that
// carries the step's comment; empty: nobody is told.
void Command::advance(Step& step, std::string_view tells) {
  Case& file = step.held.file;
  const std::string comment = step.entry.comment;
  const Stage before = file.stage;
  file.stage = next_stage(step.row, file);
  if (file.stage != Stage::pending_handle && file.stage != Stage::handling) file.course.request.reset();
  if (file.stage != Stage::suspended) file.course.suspended_until.reset();
  note_used_again(step.entry);
  link_attachments(step.entry.attachments, file.area, &step.held, step.city);
  record(step.held, std::move(step.entry), step.city);
  if (file.stage != before) {
    const std::string_view action = step.row.action;
    const bool done_ = action == "verify" || action == "check" || action == "rework" || action == "self_handle";
    end_tasks(step.held, done_ ? "finished" : "revoked", step.city);
    if (file.stage == Stage::verifying) send_collector(step.held, "verify", step.collector, step.city);
    if (file.stage == Stage::checking) send_collector(step.held, "check", step.collector, step.city);
  }
  if (!tells.empty()) notify(file, std::string(tells), comment, step.city);
}

// Whom the acceptor or dispatcher sends: a collector whose area holds the case.
Result<void> Command::name_collector(Step& step) {
  std::string id = TRY(want_text(step.body, "collector", limits::kAssetIdBytes));
  if (id.empty()) return {};
  if (id.find(':') == std::string::npos) id = "user:" + id;
  if (step.persons) {
    const std::optional<Actor> person = step.persons(id);
    if (!person || !person->is(Role::collector)) return bad_field("collector", "names no collector at work");
    if (!in_scope(person->area, step.held.file.area, step.city.tables.root_area()))
      return bad_field("collector", "names a collector of another area");
    step.entry.fields["collector_name"] = person->person;
  }
  step.entry.fields["collector"] = id;
  step.collector = id;
  return {};
}

Result<void> Command::verify(Step& step) {
  if (step.row.to == Stage::reported) {
    const std::string result = TRY(need_text(step.body, "result", 40));
    if (result != "confirmed" && result != "not_found") return bad_field("result", "must be confirmed or not_found");
    step.entry.fields["result"] = result;
    step.held.file.returned_from.clear();
  } else {
    TRY(name_collector(step));
  }
  advance(step);
  return {};
}

// 自行处置: the collector mended it on the spot and shows it by a picture.
Result<void> Command::self_handle(Step& step) {
  TRY(classify(step));
  step.held.file.finished_at = step.city.now;
  step.held.file.proof = true;
  return end(step);
}

// 立案: an acceptor proposes it, a shift leader decides. The class must stand: routing, limit and photo duty follow from it.
Result<void> Command::file_it(Step& step) {
  const std::optional<Urgency> urgency = TRY(want_urgency(step.body, "urgency"));
  TRY(classify(step));
  TRY(choose_standard(step, step.row.to == Stage::pending_dispatch));
  if (urgency) {
    step.entry.fields["urgency"] = urgency_name(*urgency);
    step.held.file.urgency = *urgency;
  }
  advance(step);
  if (step.held.file.stage != Stage::pending_dispatch) return {};
  set_reports(step.held.file, "filed", step.actor.id, step.city);
  auto_dispatch(step.held, step.city);
  return {};
}

// 立结案标准 by its number within the class; the only one there is needs no choosing. Null: none is chosen.
Result<const Condition*> Command::standard_of(const Case& file, std::string_view said, const Register& tables) const {
  const std::vector<const Condition*> all = standards_for(file, tables, settings_.utc_offset);
  if (said.empty()) return file.pack.empty() && all.size() == 1 ? all.front() : nullptr;
  const std::string_view chosen = said.substr(said.rfind('/') + 1);  // the whole key is understood too
  for (const Condition* one : all)
    if (one->id == chosen) return one;
  return bad_field("standard", all.empty() ? "names a condition, and the class has none in force"
                                           : "names no condition of the class that is in force");
}

// The standard's limit is the disposal's.
Result<void> Command::choose_standard(Step& step, bool must) {
  Case& file = step.held.file;
  const std::string said = TRY(want_text(step.body, "standard", 200));
  const std::string grade = TRY(want_text(step.body, "grade", 1));
  if (!grade.empty() && grade != "A" && grade != "B" && grade != "C") return bad_field("grade", "must be A, B or C");
  const Condition* found = TRY(standard_of(file, said, step.city.tables));
  if (found == nullptr && must && file.pack.empty() && file.course.standard.empty()) {
    std::string list;
    for (const Condition* one : standards_for(file, step.city.tables, settings_.utc_offset))
      list += (list.empty() ? "" : "; ") + one->id + " " + one->filing;
    if (!list.empty()) return fail(errors::kMissingField, "`standard` is missing; choose one of: " + list.substr(0, 1000));
  }
  if (!grade.empty()) file.course.grade = grade;
  if (found == nullptr) return {};
  file.course.standard = standard_key(file.klass, found->id);
  step.entry.fields["standard"] = found->filing;
  if (step.row.action == "close") {
    step.entry.fields["closing"] = found->closing;
    return {};
  }
  set_limit(file, limit_of(*found, file.course.grade));
  step.entry.fields["limit"] = file.limit;
  return {};
}

Result<void> Command::classify(Step& step) {
  Case& file = step.held.file;
  const ClassCode given = TRY(want_class(step.body, "class", step.city.packs));
  const ClassCode klass = given.code.empty() ? file.klass : given;
  if (klass.code.empty()) return fail(errors::kMissingField, "`class` is missing: a case is filed under a class");
  if (!file.asset.empty()) {
    const std::string other = index_.of_asset(klass, file.asset);
    if (!other.empty() && other != file.no) {
      return fail(errors::kConflict, "case " + other + " of this class and asset is open: merge into it");
    }
  }
  if (class_key(klass) != class_key(file.klass)) {
    step.entry.fields["class"] = klass.code;
    const Pack* pack = pack_of_class(klass, step.city.packs);
    file.pack = pack == nullptr ? "" : pack->name;
    set_limit(file, pack == nullptr ? "" : pack->the_case->limit);
    file.klass = klass;
    file.course.standard.clear();
  }
  return {};
}

// Every way out: not accepted, cancelled, settled on the spot, closed, closed by force.
Result<void> Command::end(Step& step) {
  Case& file = step.held.file;
  const bool closes = step.row.to == Stage::closed || step.row.to == Stage::forced_close;
  if (step.row.action == "close") TRY(choose_standard(step, true));
  if (closes) file.closed_at = step.city.now;
  const bool on_the_spot = step.row.action == "settle" || step.row.action == "self_handle";
  if (on_the_spot) file.course.settled = step.row.action;
  if (step.row.action == "force_close" && !file.agreed && file.level != Level::none) {
    step.entry.fields["overrides"] = "sensor";
  }
  const std::string comment = step.entry.comment;
  advance(step);
  end_orders(step.held, "revoked", step.city);
  if (on_the_spot) set_reports(file, "filed", step.actor.id, step.city);
  if (closes) {
    notify(file, "city.case.closed", comment, step.city);
  } else {
    set_reports(file, "rejected", step.actor.id, step.city);
  }
  return {};
}

void Command::set_reports(const Case& file, const std::string& state, const std::string& actor, Context& city) {
  for (const std::string& id : file.reports) {
    const auto report = reports_.find(id);
    if (report == reports_.end() || report->second.case_no != file.no || report->second.state == state) continue;
    if (state == "filed" && report->second.state == "merged") continue;
    report->second.state = state;
    city.emit("report.update", actor, report->second);
  }
}

Result<void> Command::dispatch(Step& step) {
  const std::string id = TRY(need_text(step.body, "unit", limits::kAssetIdBytes));
  const Unit* unit = step.city.tables.unit(id);
  if (unit == nullptr || !unit->enabled) return bad_field("unit", "names no unit at work");
  const Case& file = step.held.file;
  if (id == file.returned_from) {
    return fail(errors::kNotAllowed,
                "`" + id + "` returned the case: dispatch it to another unit, or return it to the acceptor");
  }
  for (const Candidate& candidate : file.candidates) {
    if (candidate.unit == id) step.entry.fields["because"] = candidate.because;
  }
  send_to(step.held, id, std::move(step.entry), step.city);
  return {};
}

// 收回: the dispatcher takes it back from the unit, to send it elsewhere (转办). No return of the unit.
Result<void> Command::recall(Step& step) {
  Case& file = step.held.file;
  step.entry.fields["unit"] = file.unit;
  file.handler.clear();
  const std::string comment = step.entry.comment;
  advance(step);
  end_orders(step.held, "revoked", step.city);
  notify(file, "city.case.recalled", comment, step.city);
  return {};
}

Result<void> Command::assign(Step& step) {
  std::string id = TRY(need_text(step.body, "handler", limits::kAssetIdBytes));
  if (id.find(':') == std::string::npos) id = "user:" + id;
  if (step.persons) {
    const std::optional<Actor> person = step.persons(id);
    if (!person || !person->is(Role::handler)) return bad_field("handler", "names no handler at work");
    if (person->unit != step.held.file.unit) return bad_field("handler", "names a handler of another unit");
    step.entry.fields["handler_name"] = person->person;
  }
  step.entry.fields["handler"] = id;
  const bool again = !step.held.file.handler.empty() && step.held.file.handler != id;
  step.held.file.handler = id;
  advance(step);
  if (again) end_orders(step.held, "revoked", step.city);
  if (again || step.held.orders.empty() || step.held.orders.back().state != "sent") {
    put_order(make_order(step.held, "sent", step.city), step.actor.id, step.city);
  } else {
    step.held.orders.back().handler = id;
    put_order(step.held.orders.back(), step.actor.id, step.city);
  }
  return {};
}

// The unit takes the case back from the handler whom it was given to; whoever of the unit is free may take it.
Result<void> Command::revoke(Step& step) {
  step.entry.fields["handler"] = std::exchange(step.held.file.handler, {});
  advance(step);
  end_orders(step.held, "revoked", step.city);
  put_order(make_order(step.held, "sent", step.city), step.actor.id, step.city);
  return {};
}

// 退回: what was known stays; whoever gave it back is remembered until the next step forward.
Result<void> Command::give_back(Step& step) {
  Case& file = step.held.file;
  if (step.row.to == Stage::pending_handle) return revoke(step);  // by the handler, to the unit's desk
  const bool by_unit = step.row.to == Stage::pending_dispatch;
  file.returned_from = by_unit ? file.unit : "dispatcher";
  ++file.returns;
  step.entry.fields["returned_from"] = file.returned_from;
  const std::string comment = step.entry.comment;
  advance(step);
  end_orders(step.held, "returned", step.city);
  notify(file, "city.case.returned", comment, step.city);
  return {};
}

Result<void> Command::accept(Step& step) {
  step.held.file.handler = step.actor.id;
  advance(step);
  if (step.held.orders.empty()) return {};
  Order& order = step.held.orders.back();
  order.state = "accepted";
  order.handler = step.actor.id;
  order.accepted_at = step.city.now;
  put_order(order, step.actor.id, step.city);
  return {};
}

Result<void> Command::arrive(Step& step) {
  const std::optional<LngLat> place = TRY(want_place(step.body, "location"));
  advance(step);
  if (step.held.orders.empty()) return {};
  Order& order = step.held.orders.back();
  order.state = "arrived";
  order.arrived_at = step.city.now;
  order.arrived_place = place;
  put_order(order, step.actor.id, step.city);
  return {};
}

Result<void> Command::finish(Step& step) {
  Case& file = step.held.file;
  file.finished_at = step.city.now;
  file.proof = file.proof || !step.entry.attachments.empty();
  const std::vector<std::string> pictures = step.entry.attachments;
  advance(step);
  if (step.held.orders.empty()) return {};
  Order& order = step.held.orders.back();
  order.state = "finished";
  order.finished_at = step.city.now;
  order.attachments.insert(order.attachments.end(), pictures.begin(), pictures.end());
  put_order(order, step.actor.id, step.city);
  return {};
}

Result<void> Command::feed_back(Step& step) {
  if (step.row.to == Stage::checking) TRY(name_collector(step));
  advance(step);
  return {};
}

Result<void> Command::check(Step& step) {
  const std::string result = TRY(want_text(step.body, "result", 40));
  if (!result.empty() && result != "ok") return bad_field("result", "must be ok; a check that fails is a rework");
  step.entry.fields["result"] = "ok";
  advance(step);
  return {};
}

// 返工: the same unit and handler, a new order, a new proof.
Result<void> Command::rework(Step& step) {
  Case& file = step.held.file;
  ++file.reworks;
  file.proof = false;
  const std::string comment = step.entry.comment;
  advance(step);
  Order& order = make_order(step.held, "accepted", step.city);
  order.accepted_at = step.city.now;
  put_order(order, step.actor.id, step.city);
  notify(file, "city.case.rework", comment, step.city);
  return {};
}

Result<void> Command::reopen(Step& step) {
  Case& file = step.held.file;
  if (!file.asset.empty()) {
    const std::string other = index_.of_asset(file.klass, file.asset);
    if (!other.empty()) return fail(errors::kConflict, "case " + other + " of this class and asset is open");
  }
  file.closed_at.reset();
  file.proof = false;
  ++file.course.reopens;
  file.course.settled.clear();
  file.course.satisfaction.clear();  // asked anew when it is closed anew
  advance(step);
  return {};
}

}  // namespace cityloop
