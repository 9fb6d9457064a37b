// SPDX-License-Identifier: Apache-2.0
#include "sense/sense.h"

#include <algorithm>
#include <array>

namespace cityloop {
namespace {

constexpr auto kVerbs = std::to_array<std::string_view>({
    "asset.put", "asset.delete", "asset.silence", "asset.unsilence", "assets.import",       "areas.import", "classes.import", "classes.ship",
    "unit.put",  "unit.delete",  "source.put",    "source.delete",   "quarantine.reingest", "quarantine.drop"});

}  // namespace

bool Sense::handles(std::string_view verb) { return std::ranges::find(kVerbs, verb) != kVerbs.end(); }

Answer Sense::act(const ActionIn& in, const Actor& actor, Context& city, std::vector<Observation>& out, std::vector<Record>* records) {
  if (in.verb == "asset.put") return put_asset(in, actor, city);
  if (in.verb == "asset.delete") return delete_asset(in, actor, city);
  if (in.verb == "asset.silence") return silence_asset(in, actor, city);
  if (in.verb == "asset.unsilence") return unsilence_asset(in, actor, city);
  if (in.verb == "assets.import") return import_assets(in, actor, city);
  if (in.verb == "classes.import" || in.verb == "classes.ship") return import_classes(in, actor, city);
  if (in.verb == "areas.import") return import_areas(in, actor, city);
  if (in.verb == "unit.put") return put_unit(in, actor, city);
  if (in.verb == "unit.delete") return delete_unit(in, actor, city);
  if (in.verb == "source.put") return put_source(in, actor, city);
  if (in.verb == "source.delete") return delete_source(in, actor, city);
  if (in.verb == "quarantine.reingest") return reingest(in, actor, city, out, records);
  if (in.verb == "quarantine.drop") return drop(in, actor, city);
  return refuse(errors::kUnknownAction, "there is no action " + in.verb);
}

void Sense::encode(Writer& out) const {
  register_.encode(out);
  heads_.encode(out);
  recent_.encode(out);
  records_.encode(out);
  quarantine_.encode(out);
  cityloop::encode(out, static_cast<std::uint32_t>(sources_.size()));
  for (const auto& [name, spec] : sources_) {
    cityloop::encode(out, name);
    cityloop::encode(out, spec.text);
  }
  cityloop::encode(out, health_);
  cityloop::encode(out, sources_rev_);
  cityloop::encode(out, last_health_);
}

void Sense::decode(Reader& in) {
  *this = Sense{};
  register_.decode(in);
  heads_.decode(in);
  recent_.decode(in);
  records_.decode(in);
  quarantine_.decode(in);
  std::uint32_t sources = 0;
  cityloop::decode(in, sources);
  for (std::uint32_t i = 0; i < sources && in.ok(); ++i) {
    std::string name, text;
    cityloop::decode(in, name);
    cityloop::decode(in, text);
    Result<SourceSpec> spec = parse_source(name, text);
    if (!spec) return in.spoil();
    sources_.emplace(std::move(name), std::move(*spec));
  }
  cityloop::decode(in, health_);
  cityloop::decode(in, sources_rev_);
  cityloop::decode(in, last_health_);
  register_.each_asset([&](const Asset& asset) {
    if (asset.silence) silences_.emplace(asset.silence->until, asset.id);
  });
}

}  // namespace cityloop
