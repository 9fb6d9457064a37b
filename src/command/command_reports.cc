// SPDX-License-Identifier: Apache-2.0
// Reports of people and of other systems, and cases opened by hand.
#include <openssl/sha.h>

#include <algorithm>
#include <array>

#include "command/body.h"
#include "command/filing.h"
#include "core/citizen.h"
#include "core/json.h"
#include "core/limits.h"

namespace cityloop {
namespace {

bool may_report(const Actor& actor) {
  return actor.is(Role::collector) || actor.is(Role::acceptor) || actor.is(Role::handler) ||
         actor.is(Role::integrator) || actor.is(Role::admin) || actor.id.starts_with("source:");
}

// First 64 bits of SHA-256: who sends a forged id cannot make another's report look like a repeat.
std::uint64_t external_key(const std::string& source, const std::string& external) {
  const std::string text = source + "\n" + external;
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  std::uint64_t key = 0;
  for (std::size_t i = 0; i < 8; ++i) key = (key << 8) | digest[i];
  return key;
}

std::string report_id(std::uint64_t key) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string id = "r-";
  for (int shift = 60; shift >= 0; shift -= 4) id += kHex[(key >> shift) & 15];
  return id;
}

// The front of a text, cut between characters.
std::string front_of(const std::string& text, std::size_t most) {
  if (text.size() <= most) return text;
  std::size_t end = most;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end);
}

// Where it lies: place and area by what is known of asset, place and the area given, in this order. Empty area:
// nowhere.
template <class Located>
Result<void> locate(const json::object& body, const Register& tables, Located& thing) {
  thing.place = TRY(want_place(body, "location"));
  thing.area = TRY(want_text(body, "area", limits::kAssetIdBytes));
  thing.asset = TRY(want_text(body, "asset", limits::kAssetIdBytes));
  if (!thing.area.empty() && thing.area != tables.root_area() && tables.area(thing.area) == nullptr) {
    return bad_field("area", "names no area");
  }
  const Asset* asset = thing.asset.empty() ? nullptr : tables.asset(thing.asset);
  if (!thing.asset.empty() && asset == nullptr) return bad_field("asset", "names no asset of the register");
  if (!thing.place && asset != nullptr) thing.place = asset->place;
  if (thing.place) {
    const std::string found = tables.area_of(*thing.place);
    if (!found.empty()) thing.area = found;
  }
  if (thing.area.empty() && asset != nullptr) thing.area = asset->area;
  if (thing.area.empty() && (thing.place || asset != nullptr)) thing.area = tables.root_area();
  return {};
}

Result<Report> read_report(const json::object& body, const Actor& actor, const Context& city) {
  TRY(only_keys(body,
                {"title", "text", "location", "address", "class", "asset", "area", "source", "reporter", "attachments",
                 "at", "id", "external", "status_external", "urgency"},
                ""));
  Report report;
  report.title = TRY(want_text(body, "title", limits::kTitleBytes));
  report.text = TRY(want_text(body, "text", limits::kTextBytes));
  if (report.title.empty()) report.title = front_of(report.text, 80);
  if (report.title.empty()) return fail(errors::kMissingField, "`title` is missing");
  TRY(locate(body, city.tables, report));
  report.klass = TRY(want_class(body, "class", city.packs));
  TRY(want_urgency(body, "urgency"));
  report.address = TRY(want_text(body, "address", limits::kTitleBytes));
  report.source = TRY(want_text(body, "source", limits::kAssetIdBytes));
  if (report.source.empty()) {
    report.source = actor.is(Role::collector) || actor.is(Role::handler) ? "inspector"
                    : actor.is(Role::acceptor)                           ? "desk"
                                                                         : "system";
  }
  report.reporter = TRY(want_text(body, "reporter", limits::kAssetIdBytes));
  report.attachments = TRY(want_texts(body, "attachments", limits::kActionAttachments));
  report.external = TRY(want_text(body, "external", limits::kAssetIdBytes));
  if (report.external.empty()) report.external = TRY(want_text(body, "id", limits::kAssetIdBytes));
  report.status_external = TRY(want_text(body, "status_external", limits::kTitleBytes));
  report.received = city.now;
  report.at = TRY(want_time(body, "at")).value_or(city.arrival);
  if (report.at > city.now + limits::kFutureTolerance) return bad_field("at", "lies in the future");
  return report;
}

}  // namespace

// ---- reports --------------------------------------------------------------------------------------------------

std::string filing_json(const std::string& id, const std::string& state, const std::string& case_no) {
  json::object answer{{"id", id}, {"case", nullptr}};
  if (!state.empty()) answer["state"] = state;
  if (!case_no.empty()) answer["case"] = case_no;
  return json::serialize(answer);
}

bool Command::is_known(const std::string& source, const std::string& external) const {
  return externals_.contains(external_key(source, external));
}

// The id that a report has by its sender's number, taken for good; `repeated` when it was taken before.
Command::Filing Command::claim(const std::string& source, const std::string& external) {
  const std::uint64_t key = external_key(source, external);
  Filing filing;
  filing.id = report_id(key);
  if (externals_.insert(key).second) return filing;
  filing.repeated = true;
  if (const auto known = reports_.find(filing.id); known != reports_.end()) {
    filing.state = known->second.state;
    filing.case_no = known->second.case_no;
  }
  return filing;
}

Result<Command::Filing> Command::submit(const json::object& body, const Actor& actor, Context& city, bool imported) {
  Report report = TRY(read_report(body, actor, city));
  TRY(check_attachments(report.attachments));
  Filing filing;
  if (report.external.empty()) {
    filing.id = city.chance.id("r-");
  } else {
    filing = claim(report.source, report.external);
    if (filing.repeated) return filing;
  }
  report.id = filing.id;
  if (actor.id == kPublic) report.external.clear();  // no other system's number, and the key's digest is nobody's to see
  // An import knows at best a column for the area: where exactly, somebody has to say.
  const bool nowhere = imported && !report.place && report.asset.empty();
  if (report.area.empty() || nowhere) {
    report.state = "placeless";
    link_attachments(report.attachments, report.area.empty() ? city.tables.root_area() : report.area, nullptr, city);
    city.emit("report.new", actor.id, report);
    reports_.insert_or_assign(filing.id, std::move(report));
    filing.state = "placeless";
    return filing;
  }
  file_report(std::move(report), actor, city, filing);
  return filing;
}

// The open case that a report speaks of: the same asset, or within radius and time; of the same class.
CaseFile* Command::similar(const Report& report, Context& city) {
  if (report.klass.code.empty()) return nullptr;
  if (!report.asset.empty()) {
    if (CaseFile* held = find_open(index_.of_asset(report.klass, report.asset))) return held;
  }
  if (!report.place) return nullptr;
  const ClassStandard* klass = city.tables.standard(report.klass);
  const double radius = klass != nullptr && klass->radius_m > 0 ? klass->radius_m : limits::kSimilarCaseRadius_m;
  const Millis window =
      klass != nullptr && klass->hours > 0 ? std::chrono::hours(klass->hours) : limits::kSimilarCaseWindow;
  for (const std::string& no : index_.near(report.klass, *report.place, radius)) {
    CaseFile* held = find_open(no);
    if (std::chrono::abs(held->seen_at - report.at) <= window) return held;
  }
  return nullptr;
}

// Joins the case that is open for it, or opens one at `reported`.
void Command::file_report(Report report, const Actor& actor, Context& city, Filing& filing) {
  const bool placed = reports_.contains(report.id);
  TimelineEntry entry;
  entry.actor = actor.id;
  entry.actor_name = actor.person;
  entry.comment = report.title;
  entry.fields["report"] = report.id;
  entry.attachments = report.attachments;
  note_used_again(entry);
  CaseFile* held = similar(report, city);
  if (held != nullptr) {
    report.state = "merged";
    entry.action = "report.joined";
    entry.from = held->file.stage;
    join_report(*held, report.id, std::move(entry), city);
  } else {
    report.state = "waiting";
    Case draft;
    draft.origin = "report:" + report.id;
    draft.stage = Stage::reported;
    draft.klass = report.klass;
    draft.title = report.title;
    draft.area = report.area;
    draft.place = report.place;
    draft.address = report.address;
    draft.asset = report.asset;
    draft.reports = {report.id};
    if (const Pack* pack = pack_of_class(report.klass, city.packs)) {
      draft.pack = pack->name;
      draft.limit = pack->the_case->limit;
    }
    entry.action = "open";
    held = &open(std::move(draft), std::move(entry), city);
  }
  keep_report(*held, std::move(report), actor, placed, city, filing);
}

void Command::join_report(CaseFile& held, const std::string& report, TimelineEntry entry, Context& city) {
  held.file.reports.push_back(report);
  record(held, std::move(entry), city);
}

// The report is the case's from now on, with its pictures.
void Command::keep_report(CaseFile& held, Report report, const Actor& actor, bool placed, Context& city, Filing& filing) {
  held.seen_at = std::max(report.at, report.state == "merged" ? held.seen_at : report.at);
  report.case_no = held.file.no;
  filing.state = report.state;
  filing.case_no = report.case_no;
  link_attachments(report.attachments, held.file.area, &held, city);
  city.emit(placed ? "report.update" : "report.new", actor.id, report);
  std::string id = report.id;
  reports_.insert_or_assign(std::move(id), std::move(report));
}

Answer Command::submit_report(const ActionIn& in, const Actor& actor, Context& city) {
  if (!may_report(actor))
    return refuse(errors::kForbidden, "reports come from collector, acceptor, handler, integrator or admin");
  const Result<json::object> body = read_body(in.body);
  if (!body) return refuse(body.error());
  const Result<Filing> filing = submit(*body, actor, city);
  if (!filing) return refuse(filing.error());
  return done(filing_json(filing->id, filing->state, filing->case_no), 0, filing->repeated ? 200 : 201);
}

// Body {"reports":[…],"source"?}: each stands for itself, a bad one is told with its index and spoils no other.
Answer Command::import_reports(const ActionIn& in, const Actor& actor, Context& city) {
  if (!actor.is(Role::integrator) && !actor.is(Role::admin) && !actor.id.starts_with("source:")) {
    return refuse(errors::kForbidden, "imports take one of the roles integrator, admin");
  }
  Result<json::object> body = read_body(in.body);
  if (!body) return refuse(body.error());
  if (const auto known = only_keys(*body, {"reports", "source"}, ""); !known) return refuse(known.error());
  const auto source = want_text(*body, "source", limits::kAssetIdBytes);
  if (!source) return refuse(source.error());
  json::value* items = body->if_contains("reports");
  if (items == nullptr || !items->is_array()) return refuse(errors::kMissingField, "`reports` must be an array");
  if (items->get_array().size() > limits::kBatchMessages)
    return refuse(errors::kTooMany, "at most 100000 reports at once");
  std::map<std::string, std::uint64_t> counts{{"waiting", 0}, {"merged", 0}, {"placeless", 0}, {"repeated", 0}};
  json::array errors_;
  for (std::size_t index = 0; index < items->get_array().size(); ++index) {
    json::object* item = items->get_array()[index].if_object();
    Result<Filing> filing = fail(errors::kWrongType, "a report must be an object");
    if (item != nullptr) {
      if (!source->empty() && !item->contains("source")) (*item)["source"] = *source;
      const std::string area = text_or(*item, "area");  // of another city's map: it lies somewhere in ours
      if (!area.empty() && city.tables.area(area) == nullptr) (*item)["area"] = city.tables.root_area();
      filing = submit(*item, actor, city, true);
    }
    if (filing) {
      ++counts[filing->repeated ? "repeated" : filing->state];
    } else {
      errors_.push_back(
          json::object{{"index", index}, {"code", filing.error().code->name}, {"detail", filing.error().detail}});
    }
  }
  json::object answer;
  for (const auto& [name, count] : counts) answer[name] = count;
  answer["errors"] = std::move(errors_);
  return done(json::serialize(answer));
}

// Somebody gives a placeless report its place, area or asset.
Answer Command::place_report(const ActionIn& in, const Actor& actor, Context& city) {
  const bool may = actor.is(Role::acceptor) || actor.is(Role::shift_leader) || actor.is(Role::dispatcher) ||
                   actor.is(Role::collector) || actor.is(Role::admin);
  if (!may)
    return refuse(errors::kForbidden,
                  "this takes one of the roles acceptor, shift_leader, dispatcher, collector, admin");
  const auto found = reports_.find(in.subject);
  if (found == reports_.end())
    return refuse(errors::kNotFound, "there is no report `" + in.subject.substr(0, 40) + "` that waits for a place");
  if (!in_scope(actor.area, found->second.area, city.tables.root_area()))
    return refuse(errors::kForeignArea, "The report lies outside your area.");
  if (found->second.state != "placeless")
    return refuse(errors::kNotAllowed, "the report has a place; it is " + found->second.state);
  const Result<json::object> body = read_body(in.body);
  if (!body) return refuse(body.error());
  if (const auto known = only_keys(*body, {"location", "area", "asset", "address"}, ""); !known)
    return refuse(known.error());
  Report report = found->second;
  if (const auto located = locate(*body, city.tables, report); !located) return refuse(located.error());
  if (report.area.empty()) return refuse(errors::kMissingField, "`location` is missing: give location, area or asset");
  if (!in_scope(actor.area, report.area, city.tables.root_area()))
    return refuse(errors::kForeignArea, "The place lies outside your area.");
  const auto address = want_text(*body, "address", limits::kTitleBytes);
  if (!address) return refuse(address.error());
  if (!address->empty()) report.address = *address;
  Filing filing;
  filing.id = report.id;
  file_report(std::move(report), actor, city, filing);
  return done(filing_json(filing.id, filing.state, filing.case_no));
}

// ---- by hand --------------------------------------------------------------------------------------------------

// POST /cases. A shift leader, dispatcher or admin files and opens in one; an acceptor's case is still to be filed.
Answer Command::open_by_hand(const ActionIn& in, const Actor& actor, Context& city) {
  const bool files = actor.is(Role::shift_leader) || actor.is(Role::dispatcher) || actor.is(Role::admin);
  if (!files && !actor.is(Role::acceptor)) {
    return refuse(errors::kForbidden, "this takes one of the roles acceptor, shift_leader, dispatcher, admin");
  }
  const Result<json::object> body = read_body(in.body);
  if (!body) return refuse(body.error());
  const auto draft = [&]() -> Result<std::pair<Case, std::string>> {
    TRY(only_keys(*body, {"title", "class", "location", "address", "asset", "area", "urgency", "standard", "comment"}, ""));
    Case file;
    file.title = TRY(need_text(*body, "title", limits::kTitleBytes));
    file.klass = TRY(want_class(*body, "class", city.packs));
    if (file.klass.code.empty() && files)
      return fail(errors::kMissingField, "`class` is missing: a case is filed under a class");
    TRY(locate(*body, city.tables, file));
    if (file.area.empty()) return fail(errors::kMissingField, "`location` is missing: give location, area or asset");
    file.address = TRY(want_text(*body, "address", limits::kTitleBytes));
    file.urgency = TRY(want_urgency(*body, "urgency")).value_or(Urgency::normal);
    return std::pair{std::move(file), TRY(want_text(*body, "comment", limits::kTextBytes))};
  }();
  if (!draft) return refuse(draft.error());
  Case file = draft->first;
  if (!in_scope(actor.area, file.area, city.tables.root_area()))
    return refuse(errors::kForeignArea, "The place lies outside your area.");
  if (!file.asset.empty() && !file.klass.code.empty()) {
    const std::string other = index_.of_asset(file.klass, file.asset);
    if (!other.empty()) return refuse(errors::kConflict, "case " + other + " of this class and asset is open");
  }
  // Not the Idempotency-Key itself: it may be used again after a day, and an origin never.
  file.origin = "desk:" + city.chance.id("d-");
  file.stage = files ? Stage::pending_dispatch : Stage::reported;
  if (const Pack* pack = pack_of_class(file.klass, city.packs)) {
    file.pack = pack->name;
    file.limit = pack->the_case->limit;
  }
  file.opened_at = city.now;
  const auto said = want_text(*body, "standard", 200);
  if (!said) return refuse(said.error());
  const auto standard = standard_of(file, *said, city.tables);
  if (!standard) return refuse(standard.error());
  if (const Condition* chosen = *standard) {
    file.course.standard = standard_key(file.klass, chosen->id);
    file.limit = chosen->limit;
  }
  TimelineEntry entry;
  entry.actor = actor.id;
  entry.actor_name = actor.person;
  entry.action = "open";
  entry.comment = draft->second;
  CaseFile& held = open(std::move(file), std::move(entry), city);
  auto_dispatch(held, city);
  json::object answer{{"no", held.file.no}, {"stage", stage_name(held.file.stage)}, {"rev", held.file.rev}};
  return done(json::serialize(answer), held.file.rev, 201);
}

}  // namespace cityloop
