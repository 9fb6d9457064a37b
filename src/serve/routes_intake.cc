// SPDX-License-Identifier: Apache-2.0
// What the hotline wants to know while somebody speaks: who has called before, and which places are reported again and again.
#include <algorithm>
#include <cmath>
#include <map>

#include "core/limits_desk.h"
#include "serve/engine.h"
#include "serve/list.h"
#include "serve/persons.h"

namespace cityloop::serve {
namespace {

constexpr double kSamePlace_m = 50;        // domain.md §1.8: reports of one class join within it
constexpr auto kRepeatWindow = std::chrono::hours(24 * 90);
constexpr std::uint64_t kRepeatLeast = 3;  // of one class at one place: 反复投诉点位

// ---- the same caller again

Result<HttpResponse> reports_of_caller(const Call& call, const std::string& digits) {
  Query persons{"persons", {{"phone", Where::Op::equal, {call.city().phone_digest(digits)}}}};
  persons.limit = limits::kPageMost;
  Where of_them{"reporter", Where::Op::in, {}};
  for (const Row& row : TRY(call.city().journal->list(persons)).rows) of_them.values.emplace_back(row.key);
  std::string items;
  std::uint64_t total = 0;
  if (!of_them.values.empty()) {
    Query query{"reports", {std::move(of_them)}};
    TRY(apply_area(call, query));
    query.order = "at";
    query.descending = true;
    query.limit = limits::kCallerReports;
    query.count = true;
    Page page = TRY(call.city().journal->list(query));
    total = page.total.value_or(0);
    for (Row& row : page.rows) {
      mask_reporter(call, row.doc);
      items += (items.empty() ? "" : ",") + row.doc;
    }
  }
  return json_response(200, "{\"items\":[" + items + "],\"next\":null,\"total\":" + std::to_string(total) + "}");
}

// The number comes in the body, so that no log of addresses keeps it.
void show_caller(Call& call) {
  const auto work = [&]() -> Result<HttpResponse> {
    const json::object body = TRY(call.body());
    TRY(only_keys(body, {"phone"}, ""));
    const std::string digits = phone_digits(TRY(need_string(body, "phone")));
    if (digits.empty()) return fail(errors::kBadField, "`phone` must have at least 7 digits");
    return reports_of_caller(call, digits);
  };
  call.settle(work());
}

// ---- the same place again

struct Complaint {
  std::string id, title, klass, address, area, case_no, at;
  LngLat place;
};

std::optional<Complaint> complaint_of(const Row& row) {
  const auto doc = parse_json(row.doc);
  if (!doc || !doc->is_object()) return std::nullopt;
  const json::object& report = doc->get_object();
  const std::string source = text_or(report, "source");
  if (source == "camera" || source == "system") return std::nullopt;  // nobody complained
  const json::value* klass = report.if_contains("class");
  const json::value* location = report.if_contains("location");
  if (klass == nullptr || !klass->is_object() || location == nullptr || !location->is_object()) return std::nullopt;
  const json::array& at = location->get_object().at("coordinates").as_array();
  return Complaint{row.key, text_or(report, "title"), text_or(klass->get_object(), "code"), text_or(report, "address"),
                   text_or(report, "area"), text_or(report, "case"), text_or(report, "at"),
                   LngLat{at.at(0).to_number<double>(), at.at(1).to_number<double>()}};
}

struct Point {
  Complaint newest;
  std::string first_at;
  std::uint64_t reports = 0;
  std::vector<std::string> cases;
};

// Complaints come newest first; each belongs to the nearest known point of its class within kSamePlace_m, or begins one.
class Points {
 public:
  void add(Complaint one) {
    if (one.klass.empty()) return;
    Point& point = at(one);
    point.first_at = one.at;
    ++point.reports;
    if (!one.case_no.empty() && std::find(point.cases.begin(), point.cases.end(), one.case_no) == point.cases.end())
      point.cases.push_back(one.case_no);
  }
  std::vector<const Point*> most(std::uint64_t least) const {
    std::vector<const Point*> out;
    for (const auto& [cell, points] : cells_)
      for (const Point& point : points)
        if (point.reports >= least) out.push_back(&point);
    std::sort(out.begin(), out.end(), [](const Point* a, const Point* b) {
      return std::tie(b->reports, b->newest.at, b->newest.id) < std::tie(a->reports, a->newest.at, a->newest.id);
    });
    return out;
  }

 private:
  using Cell = std::tuple<std::string, int, int>;  // of half a thousandth of a degree: at least 47 m at the latitude of China
  static constexpr double kCells = 2'000;

  Point& at(const Complaint& one) {
    const int x = static_cast<int>(std::floor(one.place.lng * kCells)), y = static_cast<int>(std::floor(one.place.lat * kCells));
    Point* best = nullptr;
    double least = kSamePlace_m;
    for (int dx = -2; dx <= 2; ++dx) {
      for (int dy = -2; dy <= 2; ++dy) {
        const auto known = cells_.find(Cell{one.klass, x + dx, y + dy});
        if (known == cells_.end()) continue;
        for (Point& point : known->second) {
          const double distance = distance_m(point.newest.place, one.place);
          if (distance > least) continue;
          least = distance;
          best = &point;
        }
      }
    }
    if (best != nullptr) return *best;
    auto& cell = cells_[Cell{one.klass, x, y}];
    cell.push_back(Point{one, one.at, 0, {}});
    return cell.back();
  }

  std::map<Cell, std::vector<Point>> cells_;
};

std::string point_doc(const Point& point) {
  JsonWriter out;
  out.begin_object().member("class", point.newest.klass).member("location", point.newest.place).member("area", point.newest.area);
  out.member("address", point.newest.address).member("title", point.newest.title).member("reports", point.reports);
  return out.member("first_at", point.first_at).member("last_at", point.newest.at).list("cases", point.cases).end_object().take();
}

Result<HttpResponse> repeat_points(const Call& call) {
  static constexpr Filter kFilters[] = {{"to", "at", Filter::Type::until}};
  Query query{"reports"};
  TRY(apply_filters(call, kFilters, query));
  TRY(apply_area(call, query));
  const Time from = TRY(time_parameter(call, "from", call.now() - kRepeatWindow));
  const auto only = parameter(call, "class");
  const std::uint64_t least = TRY(number_parameter(call, "least", kRepeatLeast, 1'000));
  const std::size_t most = TRY(number_parameter(call, "limit", limits::kPageDefault, limits::kPageMost));
  query.where.push_back({"at", Where::Op::at_least, {std::int64_t{to_ms(from)}}});
  query.order = "at";
  query.descending = true;
  query.limit = limits::kPageMost;
  Points points;
  std::size_t read = 0;
  do {
    const Page page = TRY(call.city().journal->list(query));
    for (const Row& row : page.rows)
      if (auto one = complaint_of(row); one && (!only || one->klass == *only)) points.add(std::move(*one));
    read += page.rows.size();
    query.cursor = page.next;
  } while (!query.cursor.empty() && read < limits::kCsvRows);
  std::string out = "{\"items\":[";
  std::size_t shown = 0;
  for (const Point* point : points.most(least))
    if (shown++ < most) out += (out.back() == '[' ? "" : ",") + point_doc(*point);
  return json_response(200, out + "],\"next\":null,\"total\":" + std::to_string(shown) + "}");
}

void list_repeat_points(Call& call) { call.settle(repeat_points(call)); }

}  // namespace

void add_intake_routes(std::vector<Route>& out) {
  constexpr RoleSet kHotline = roles(Role::acceptor, Role::shift_leader, Role::admin);
  out.insert(out.end(), {
    {"POST", "/api/v1/reports:caller", "What a caller has reported before, by the phone number; who it was stays masked", kHotline, Scope::any, "", "Caller", "[]Report", show_caller},
    {"GET", "/api/v1/repeat-points", "Places where people report the same again (反复投诉点位): one class within 50 m, of 90 days", kDesk | roles(Role::inspector, Role::leader, Role::evaluator), Scope::list,
     "area class least from to limit", "", "[]RepeatPoint", list_repeat_points, true},
  });
}

}  // namespace cityloop::serve
