// SPDX-License-Identifier: Apache-2.0
// The hot path: one look-up of the asset, a short scan for the point, one head each. Nothing is allocated for a good value.
#include <algorithm>
#include <array>
#include <cmath>

#include "core/json_write.h"
#include "core/limits.h"
#include "sense/body.h"
#include "sense/sense.h"

namespace cityloop {
namespace {

constexpr std::size_t kPatternsKept = 50'000;  // principals; beyond, the cache starts anew

// The message as it would be sent over HTTP, where its raw text was not kept.
std::string payload_of(const ReadingBatch& batch, const ReadingBatch::Message& m) {
  if (m.raw_size > 0) return std::string(batch.raw_of(m));
  JsonWriter out(128);
  out.begin_object().member("asset", batch.asset_of(m));
  if (m.at != kNoTime) out.member("at", m.at);
  out.key("values").begin_object();
  for (std::uint32_t i = m.first; i < m.first + m.count; ++i) {
    const ReadingBatch::Sample& s = batch.samples[i];
    if (s.flaw == 0) out.member(batch.point_of(s), Decimal{s.mantissa, s.scale});
  }
  out.end_object().end_object();
  return cut_raw(out.text());
}

void refuse_message(const ReadingBatch& batch, const ReadingBatch::Message& m, std::string_view point, const Code& code,
                    std::string detail, Findings& found) {
  if (!found.count(code.name)) return;
  found.refused.push_back({m.index, std::string(point), std::string(code.name), std::move(detail), std::string(batch.asset_of(m)),
                           payload_of(batch, m)});
}

void refuse_flaw(const ReadingBatch::Flaw& flaw, Findings& found) {
  if (!found.count(flaw.code)) return;
  found.refused.push_back({flaw.index, {}, flaw.code, flaw.detail, {}, flaw.raw});
}

std::string number_text(double number) {
  char text[40];
  const auto end = std::to_chars(text, text + sizeof text, number).ptr;
  return {text, end};
}

Decimal value_of(const ReadingBatch::Sample& sample) { return {sample.mantissa, sample.scale}; }

const ReadingBatch::Known* known_of(const ReadingBatch& batch, std::uint32_t sample) {
  const auto found = std::lower_bound(batch.known.begin(), batch.known.end(), sample,
                                      [](const ReadingBatch::Known& known, std::uint32_t s) { return known.sample < s; });
  return found == batch.known.end() || found->sample != sample || !found->exists ? nullptr : &*found;
}

}  // namespace

Answer Sense::take(const ReadingsIn& in, const std::vector<std::string>& patterns, Context& city, std::vector<Observation>& out, std::string_view area) {
  const Sent sent{patterns.empty() ? nullptr : patterns_of(in.principal, patterns), in.arrival, in.import, {}, area};
  Findings found;
  gate(in.batch, sent, city, found, out);
  quarantine_.keep(found, in.principal, in.source, in.arrival, city);
  if (!in.source.empty()) count_health(in.source, in.arrival, found, city);
  return answer_of(found, in.batch.single);
}

void Sense::ready_index(const Context& city) {
  kinds_.refresh(city.packs, city.turn);
  index_.follow(register_);
  if (kinds_version_ == kinds_.version()) return;
  kinds_version_ = kinds_.version();
  index_.forget_kinds();
}

template <class Visit>
void Sense::each_resolved(const ReadingBatch& batch, Visit&& visit) const {
  constexpr std::size_t kAhead = 16;  // enough misses in flight to hide them, few enough to stay in the first cache
  std::array<std::uint64_t, kAhead> hashes;
  const auto& messages = batch.messages;
  for (std::size_t from = 0; from < messages.size(); from += kAhead) {
    const std::size_t count = std::min(kAhead, messages.size() - from);
    for (std::size_t i = 0; i < count; ++i) {
      hashes[i] = AssetIndex::hash(batch.asset_of(messages[from + i]));
      index_.prefetch(hashes[i]);
    }
    for (std::size_t i = 0; i < count; ++i) {
      const AssetIndex::Entry* const entry = index_.likely(hashes[i]);
      if (entry == nullptr) continue;
      index_.prefetch_id(*entry);
      if (entry->heads != AssetIndex::kNoHeads) __builtin_prefetch(heads_.at(entry->heads), 1);
    }
    for (std::size_t i = 0; i < count; ++i) {
      const ReadingBatch::Message& m = messages[from + i];
      visit(m, index_.find(batch.asset_of(m), hashes[i]));
    }
  }
}

void Sense::gate(const ReadingBatch& batch, const Sent& sent, Context& city, Findings& found, std::vector<Observation>& out) {
  ready_index(city);
  out.reserve(out.size() + batch.samples.size());
  auto flaw = batch.flaws.begin();
  each_resolved(batch, [&](const ReadingBatch::Message& m, const AssetIndex::Entry* asset) {
    for (; flaw != batch.flaws.end() && flaw->index < m.index; ++flaw) refuse_flaw(*flaw, found);
    gate_message(batch, m, const_cast<AssetIndex::Entry*>(asset), sent, found, out);
  });
  for (; flaw != batch.flaws.end(); ++flaw) refuse_flaw(*flaw, found);
}

void Sense::gate_message(const ReadingBatch& batch, const ReadingBatch::Message& m, AssetIndex::Entry* asset, const Sent& sent,
                         Findings& found, std::vector<Observation>& out) {
  const std::string_view id = batch.asset_of(m);
  const auto refuse_all = [&](const Code& code, std::string detail) { refuse_message(batch, m, {}, code, std::move(detail), found); };
  if (asset == nullptr) return refuse_all(errors::kUnknownAsset, "`" + std::string(id) + "` is not in the register");
  if (asset->life == Life::retired) return refuse_all(errors::kRetiredAsset, "`" + std::string(id) + "` is retired");
  if (sent.patterns != nullptr && !sent.patterns->covers(id)) {
    return refuse_all(errors::kForeignAsset, "this credential does not cover `" + std::string(id) + "`");
  }
  if (!sent.area.empty() && !in_scope(sent.area, register_.asset_at(asset->slot)->area, register_.root_area()))
    return refuse_all(errors::kForeignArea, "`" + std::string(id) + "` lies outside your area");
  const Time at = m.at == kNoTime ? sent.arrival : m.at;
  if (at > sent.arrival + limits::kFutureTolerance) {
    return refuse_all(errors::kFuture, format_time(at) + " is more than 5 minutes after its arrival");
  }
  if (!sent.import && at < sent.arrival - limits::kPastTolerance) {
    return refuse_all(errors::kTooOld, format_time(at) + " is more than 7 days before its arrival; older data is imported");
  }
  if (m.count == 0) return refuse_all(errors::kEmptyReading, "`values` has no value");
  if (asset->kind == AssetIndex::kUnasked) {
    asset->kind = static_cast<std::int16_t>(kinds_.index(register_.asset_at(asset->slot)->kind));
    if (asset->kind >= 0) asset->heads = heads_.first(asset->slot, kinds_.at(asset->kind).points.size());
  }
  if (asset->kind < 0) {
    return refuse_all(errors::kUnknownKind, "no pack describes the kind `" + register_.asset_at(asset->slot)->kind + "`");
  }
  const KindGate& kind = kinds_.at(asset->kind);
  Head* const heads = heads_.at(asset->heads);
  bool fresh = false, corrected = false, duplicate = false;
  for (std::uint32_t i = m.first; i < m.first + m.count; ++i) {
    const ReadingBatch::Sample& sample = batch.samples[i];
    const std::string_view name = batch.point_of(sample);
    if (!sent.only_point.empty() && name != sent.only_point) continue;
    const int point = kind.find(name);
    if (point < 0 || kind.points[static_cast<std::size_t>(point)].derived) {
      refuse_message(batch, m, name, errors::kUnknownPoint,
                     point < 0 ? "`" + kind.kind + "` has no point `" + std::string(name) + "`"
                               : "`" + std::string(name) + "` is computed here and not taken from outside",
                     found);
      continue;
    }
    Observation seen{asset->slot, static_cast<std::uint8_t>(point), Quality::good, false, at, sent.arrival, value_of(sample), 0};
    seen.number = seen.value.number();
    std::string detail;
    const Code* const bad = gate_sample(sample, kind.points[static_cast<std::size_t>(point)], seen.number, seen.quality, detail);
    if (bad != nullptr) {
      refuse_message(batch, m, name, *bad, std::move(detail), found);
      continue;
    }
    const Placed placed = place(heads[point], seen, batch, i);
    if (placed == Placed::duplicate) {
      duplicate = true;
      continue;
    }
    const bool late = placed == Placed::late || placed == Placed::corrected_late;
    (placed == Placed::fresh || placed == Placed::late ? fresh : corrected) = true;
    seen.late = late || sent.import;
    if (late && !sent.import) {
      ++found.late;
      if (seen.quality == Quality::good) seen.quality = Quality::late;
    }
    recent_.add(seen.slot, seen.point, seen.at, seen.value);
    out.push_back(seen);
  }
  if (fresh) {
    ++found.accepted;
  } else if (corrected) {
    ++found.corrected;
  } else if (duplicate) {
    ++found.duplicate;
  }
}

// Null when the value is good. A value at or beyond the sensor's own end is kept whatever the physical range says: a
// saturated gas sensor must be heard.
const Code* Sense::gate_sample(const ReadingBatch::Sample& sample, const PointGate& point, double number, Quality& quality,
                               std::string& detail) const {
  switch (sample.flaw) {
    case 0: break;
    case 1: detail = "the value is not a finite number"; return &errors::kNotANumber;
    case 3: detail = "the value is the source's sign for missing"; return &errors::kSentinel;
    default: detail = "the value must be a number"; return &errors::kWrongType;
  }
  if (!point.sentinels.empty() && std::ranges::find(point.sentinels, number) != point.sentinels.end()) {
    detail = number_text(number) + " stands for a missing value";
    return &errors::kSentinel;
  }
  if (number >= point.limit_high || number <= point.limit_low) {
    quality = Quality::at_limit;
  } else if (number < point.least || number > point.most) {
    detail = number_text(number) + " is outside " + number_text(point.least) + " .. " + number_text(point.most);
    return &errors::kOutOfRange;
  } else if (number < point.plausible_low || number > point.plausible_high) {
    quality = Quality::suspect;
  }
  return nullptr;
}

// Before the head: what came in the last turns decides, then what History held; what neither knows is new.
Sense::Placed Sense::place(Head& head, const Observation& seen, const ReadingBatch& batch, std::uint32_t sample) {
  const std::int64_t at = to_ms(seen.at);
  if (at >= head.at) {
    const bool same_time = at == head.at;
    if (same_time && head.value() == seen.value) return Placed::duplicate;
    head = {at, seen.value.mantissa, seen.value.scale};
    return same_time ? Placed::corrected : Placed::fresh;
  }
  std::optional<Decimal> before = recent_.find(seen.slot, seen.point, seen.at);
  if (!before) {
    if (const ReadingBatch::Known* known = known_of(batch, sample)) before = known->value;
  }
  if (!before) return Placed::late;
  return *before == seen.value ? Placed::duplicate : Placed::corrected_late;
}

const AssetPatterns* Sense::patterns_of(const std::string& principal, const std::vector<std::string>& patterns) {
  if (const auto found = patterns_.find(principal); found != patterns_.end()) {
    if (found->second.patterns() != patterns) found->second = AssetPatterns(patterns);
    return &found->second;
  }
  if (patterns_.size() >= kPatternsKept) patterns_.clear();
  return &patterns_.emplace(principal, AssetPatterns(patterns)).first->second;
}

std::vector<Sense::Lookup> Sense::lookups(const ReadingsIn& in) const {
  std::vector<Lookup> wanted;
  each_resolved(in.batch, [&](const ReadingBatch::Message& m, const AssetIndex::Entry* asset) {
    if (asset == nullptr) return;
    // Heads may be older than the index: after a restart.
    const int kind_index = asset->kind != AssetIndex::kUnasked ? asset->kind : kinds_.index(register_.asset_at(asset->slot)->kind);
    if (kind_index < 0 || !heads_.has(asset->slot, kinds_.at(kind_index).points.size())) return;
    const Time at = m.at == kNoTime ? in.arrival : m.at;
    if (!in.import && at < in.arrival - limits::kPastTolerance) return;
    const KindGate& kind = kinds_.at(kind_index);
    const Head* const heads = heads_.at(asset->heads != AssetIndex::kNoHeads ? asset->heads : heads_.first(asset->slot));
    for (std::uint32_t i = m.first; i < m.first + m.count; ++i) {
      const int point = kind.find(in.batch.point_of(in.batch.samples[i]));
      if (point < 0 || in.batch.samples[i].flaw != 0 || to_ms(at) >= heads[point].at) continue;
      if (recent_.find(asset->slot, static_cast<std::uint8_t>(point), at)) continue;
      wanted.push_back({i, asset->slot, static_cast<std::uint8_t>(point), at});
    }
  });
  return wanted;
}

}  // namespace cityloop
