// SPDX-License-Identifier: Apache-2.0
// Many assets at once, and areas. A bad row spoils itself only.
#include <algorithm>
#include <set>

#include "core/json.h"
#include "core/limits.h"
#include "sense/asset_form.h"
#include "sense/class_table.h"
#include "sense/csv.h"
#include "sense/roles.h"
#include "sense/sense.h"

namespace cityloop {
namespace {

constexpr std::size_t kErrorsNamed = 1'000;  // more are counted

class ImportAnswer {
 public:
  void fail_row(std::uint64_t index, std::string_view id, const Error& why) {
    ++failed_;
    if (failed_ > kErrorsNamed) return;
    errors_.begin_object().member("index", index).member_or_null("id", id);
    errors_.member("code", why.code->name).member("detail", why.detail).end_object();
  }
  void count(std::uint64_t created, std::uint64_t updated, std::uint64_t unchanged) {
    created_ += created;
    updated_ += updated;
    unchanged_ += unchanged;
  }
  void remove(std::uint64_t count) { removed_ += count; }
  Answer answer() {
    errors_.end_array();
    JsonWriter out;
    out.begin_object().member("created", created_).member("updated", updated_).member("unchanged", unchanged_);
    if (removed_ > 0) out.member("removed", removed_);
    out.member("failed", failed_).member_raw("errors", errors_.text()).end_object();
    return done(out.take());
  }
  ImportAnswer() { errors_.begin_array(); }

 private:
  JsonWriter errors_;
  std::uint64_t created_ = 0, updated_ = 0, unchanged_ = 0, removed_ = 0, failed_ = 0;
};

// Feature ids are wanted in the answer even where the feature is bad.
std::string id_of(const json::value& feature) {
  if (!feature.is_object()) return {};
  const std::string id = text_or(feature.get_object(), "id");
  const json::value* const properties = feature.get_object().if_contains("properties");
  return id.empty() && properties != nullptr && properties->is_object() ? text_or(properties->get_object(), "id") : id;
}

using Store = std::function<void(std::uint64_t index, const std::string& id, Result<Asset> asset)>;

Result<void> read_features(const json::object& collection, const Packs& packs, const Store& store) {
  const Crs crs = TRY(crs_of(collection, Crs::wgs84));
  const json::value* const features = collection.if_contains("features");
  if (features == nullptr || !features->is_array()) return fail(errors::kMissingField, "`features` must be an array");
  if (features->get_array().size() > limits::kBatchMessages) return fail(errors::kTooMany, "at most 100,000 assets are taken at once");
  std::uint64_t index = 0;
  for (const json::value& feature : features->get_array()) {
    store(index++, id_of(feature), asset_of_feature(feature, packs, crs));
  }
  return {};
}

Result<void> read_rows(const json::object& document, const Packs& packs, const Store& store) {
  const Crs crs = TRY(crs_of(document, Crs::wgs84));
  const std::string text = TRY(need_string(document, "text"));
  const std::string delimiter = TRY(want_string(document, "delimiter")).value_or(",");
  if (delimiter.size() != 1) return fail(errors::kBadField, "`delimiter` is one character");
  CsvReader csv(delimiter.front());
  csv.feed(text);
  csv.finish();
  CsvReader::Row header, row;
  if (!csv.next(header) || !header.problem.empty()) return fail(errors::kUndecodable, "the CSV has no header line");
  for (const std::string_view needed : {"id", "kind"}) {
    if (std::ranges::find(header.cells, needed) == header.cells.end()) {
      return fail(errors::kMissingField, "the header has no column `" + std::string(needed) + "`");
    }
  }
  const auto id_column = static_cast<std::size_t>(std::ranges::find(header.cells, "id") - header.cells.begin());
  for (std::uint64_t index = 0; csv.next(row); ++index) {
    if (index == limits::kBatchMessages) return fail(errors::kTooMany, "at most 100,000 assets are taken at once");
    const std::string where = "line " + std::to_string(row.line) + ": ";
    Result<Asset> asset = row.problem.empty() ? asset_of_row(header.cells, row.cells, packs, crs)
                                              : Result<Asset>(fail(errors::kUndecodable, row.problem));
    if (!asset) asset = fail(*asset.error().code, where + asset.error().detail);
    store(index, id_column < row.cells.size() ? row.cells[id_column] : std::string(), std::move(asset));
  }
  return {};
}

}  // namespace

Answer Sense::import_assets(const ActionIn& in, const Actor& actor, Context& city) {
  if (!may_write_register(actor)) return refuse(register_is_closed());
  const Result<json::value> body = parse_json(in.body);
  if (!body) return refuse(body.error());
  if (!body->is_object()) return refuse(errors::kWrongType, "the body must be a GeoJSON FeatureCollection, or {\"format\":\"csv\",\"text\":…}");
  ImportAnswer answer;
  const Store store = [&](std::uint64_t index, const std::string& id, Result<Asset> asset) {
    if (!asset) return answer.fail_row(index, id, asset.error());
    const Result<Change> change = store_asset(std::move(*asset), actor, city);
    if (!change) return answer.fail_row(index, id, change.error());
    answer.count(*change == Change::created, *change == Change::updated, *change == Change::unchanged);
  };
  const json::object& document = body->get_object();
  const std::string format = text_or(document, "format", text_or(document, "type"));
  Result<void> read = fail(errors::kBadField, "send a GeoJSON FeatureCollection, or {\"format\":\"csv\",\"text\":…}");
  if (format == "FeatureCollection") read = read_features(document, city.packs, store);
  if (format == "csv") read = read_rows(document, city.packs, store);
  if (!read) return refuse(read.error());
  return answer.answer();
}

namespace {

bool is_area_code(std::string_view code) {
  return !code.empty() && code.size() <= 32 && std::ranges::all_of(code, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
  });
}

// The longest known code that the new one extends; the root where none does.
std::string parent_of(const std::string& code, const Register& tables) {
  for (std::size_t size = code.size() - 1; size > 0; --size) {
    if (const Area* area = tables.area(std::string_view(code).substr(0, size))) return area->code;
  }
  return tables.root_area();
}

Result<Area> area_of_feature(const json::value& feature, const Register& tables, Crs crs) {
  if (!feature.is_object()) return fail(errors::kWrongType, "a feature must be an object");
  const json::value* const properties = feature.get_object().if_contains("properties");
  if (properties == nullptr || !properties->is_object()) return fail(errors::kMissingField, "`properties` is missing");
  const json::object& p = properties->get_object();
  Area area;
  area.code = TRY(need_string(p, "code"));
  area.name = TRY(need_string(p, "name"));
  area.name_en = TRY(want_string(p, "name_en")).value_or("");
  area.parent = TRY(want_string(p, "parent")).value_or("");
  if (!is_area_code(area.code)) return fail(errors::kBadField, "`code` has 1 to 32 letters, digits or `-`");
  if (area.code == tables.root_area()) {
    if (!area.parent.empty()) return fail(errors::kBadField, "the root area has no parent");
  } else {
    if (area.parent.empty()) area.parent = parent_of(area.code, tables);
    if (tables.area(area.parent) == nullptr) return fail(errors::kBadField, "there is no area `" + area.parent + "`; send parents first");
    if (!area.code.starts_with(area.parent) || area.code == area.parent) {
      return fail(errors::kBadField, "`" + area.code + "` does not extend its parent's code `" + area.parent + "`");
    }
  }
  const json::value* const geometry = feature.get_object().if_contains("geometry");
  if (geometry != nullptr) area.shape = TRY(shape_of_geojson(*geometry, crs));
  return area;
}

RowPut area_row(const Area& area) {
  JsonWriter out(1024);
  out.begin_object().member("code", area.code).member("name", area.name).member("name_en", area.name_en);
  out.member_or_null("parent", area.parent);
  if (!area.shape.parts.empty()) {
    const Box box = area.shape.box();
    out.key("bbox").begin_array().value(box.west).value(box.south).value(box.east).value(box.north).end_array();
    out.member("area_m2", std::round(area.shape.area_m2()));
  }
  out.key("geometry");
  write_shape(out, area.shape);
  out.end_object();
  return RowPut{"areas", area.code, area.code, {{"parent", area.parent}, {"name", area.name}}, out.take()};
}

}  // namespace

Answer Sense::import_areas(const ActionIn& in, const Actor& actor, Context& city) {
  if (!may_write_register(actor)) return refuse(register_is_closed());
  if (!in_scope(actor.area, register_.root_area(), register_.root_area())) return refuse(errors::kForeignArea, "areas are imported by whole-city actors");
  const Result<json::value> body = parse_json(in.body);
  if (!body) return refuse(body.error());
  if (!body->is_object()) return refuse(errors::kWrongType, "the body must be an object with `features`");
  const json::object& document = body->get_object();
  const std::string root = text_or(document, "root", register_.root_area());
  if (root != register_.root_area()) {
    return refuse(errors::kConflict, "the root area of this city is " + register_.root_area() + " for as long as it lives");
  }
  const Result<Crs> crs = crs_of(document, Crs::wgs84);
  if (!crs) return refuse(crs.error());
  const json::value* const features = document.if_contains("features");
  if (features == nullptr || !features->is_array()) return refuse(errors::kMissingField, "`features` must be an array");
  if (features->get_array().size() > limits::kBatchMessages) return refuse(errors::kTooMany, "at most 100,000 areas are taken at once");
  ImportAnswer answer;
  std::uint64_t index = 0;
  bool changed = false;
  for (const json::value& feature : features->get_array()) {
    const std::uint64_t here = index++;
    Result<Area> area = area_of_feature(feature, register_, *crs);
    if (!area) {
      answer.fail_row(here, id_of(feature), area.error());
      continue;
    }
    const Area* const old = register_.area(area->code);
    if (old != nullptr && encoded(*old) == encoded(*area)) {
      answer.count(0, 0, 1);
      continue;
    }
    answer.count(old == nullptr, old != nullptr, 0);
    changed = true;
    city.emit("area.put", actor.id, area_row(*area));
    register_.put_area(std::move(*area));
  }
  if (changed) rehome_assets(actor.id, city);
  return answer.answer();
}

// Assets that came before their areas, or whose border moved.
void Sense::rehome_assets(const std::string& by, Context& city) {
  std::vector<Asset> moved;
  register_.each_asset([&](const Asset& asset) {
    if (!asset.place) return;
    std::string area = register_.area_of(*asset.place);
    if (area.empty() || asset.area.starts_with(area)) return;
    Asset& copy = moved.emplace_back(asset);
    copy.area = std::move(area);
    ++copy.rev;
  });
  for (Asset& asset : moved) {
    const Asset& kept = register_.put_asset(std::move(asset));
    index_.put(kept, register_);
    city.emit("asset.put", by, kept);
  }
}

// Body {"format":"csv","text","replace"?}. With replace, classes of the file's schemes that it does not have are removed;
// not when a line of it is bad. `classes.ship` is the program's own table: into a city that has none.
Answer Sense::import_classes(const ActionIn& in, const Actor& actor, Context& city) {
  if (in.verb == "classes.ship") {
    if (actor.id != "system") return refuse(errors::kForbidden, "the program ships its own table");
    if (!register_.standards().empty()) return done("{}");
  }
  if (!may_write_register(actor)) return refuse(register_is_closed());
  if (!in_scope(actor.area, register_.root_area(), register_.root_area()))
    return refuse(errors::kForeignArea, "class standards are imported by whole-city actors");
  const Result<json::value> body = parse_json(in.body);
  if (!body) return refuse(body.error());
  if (!body->is_object() || text_or(body->get_object(), "format") != "csv")
    return refuse(errors::kBadField, "send {\"format\":\"csv\",\"text\":…}");
  const json::value* const replaces = body->get_object().if_contains("replace");
  const Result<ClassTable> table = read_class_table(text_or(body->get_object(), "text"));
  if (!table) return refuse(table.error());
  ImportAnswer answer;
  for (const BadRow& row : table->bad)
    answer.fail_row(row.line, row.klass, Error{row.why.code, "line " + std::to_string(row.line) + ": " + row.why.detail});
  std::set<std::string> kept, schemes;
  for (const ClassStandard& klass : table->classes) {
    kept.insert(class_key(klass.code));
    schemes.insert(klass.code.scheme);
    const ClassStandard* const old = register_.standard(klass.code);
    const bool same = old != nullptr && encoded(*old) == encoded(klass);
    answer.count(old == nullptr, old != nullptr && !same, same);
    if (same) continue;
    city.emit("rev.config", actor.id,
              RowPut{"classes", class_key(klass.code), "",
                     {{"scheme", klass.code.scheme}, {"type", klass.code.type}, {"code", klass.code.code},
                      {"duty", klass.duty}, {"words", klass.code.code + " " + klass.name + " " + klass.name_en}},
                     class_doc(klass)});
    register_.put_standard(klass);
  }
  if (replaces != nullptr && replaces->is_bool() && replaces->get_bool() && table->bad.empty()) {
    std::vector<ClassCode> gone;
    for (const auto& [key, klass] : register_.standards())
      if (schemes.contains(klass.code.scheme) && !kept.contains(key)) gone.push_back(klass.code);
    for (const ClassCode& klass : gone) {
      city.emit("rev.config", actor.id, Removed{"classes", class_key(klass)});
      register_.remove_standard(klass);
    }
    answer.remove(gone.size());
  }
  return answer.answer();
}

}  // namespace cityloop
