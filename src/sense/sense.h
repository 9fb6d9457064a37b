// SPDX-License-Identifier: Apache-2.0
// The city's senses: gates what arrives, owns the register of assets, areas, units and sources, keeps quarantine.
// City thread only. Decoders (decode.h, source.h) are pure functions that edge threads call before an input exists.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/context.h"
#include "sense/asset_index.h"
#include "sense/findings.h"
#include "sense/gate.h"
#include "sense/health.h"
#include "sense/patterns.h"
#include "sense/quarantine.h"
#include "sense/recent.h"
#include "sense/record_memory.h"
#include "sense/source.h"

namespace cityloop {

class Sense {
 public:
  // Gates one batch in order: asset known, in use, covered by `patterns` (glob list, empty = all) and within `area` (empty = all), time, point, number, sentinel,
  // range, duplicate, correction, lateness. Good values go to `out`; bad ones become QuarantineItem events. The answer is the document
  // of architecture §5: {"accepted","duplicate","corrected","quarantined":[{"index","point"?,"code","detail"}]} with at most 1,000
  // of them named and the rest in "quarantined_more". Counts are messages: accepted when one value was new, else corrected when one had
  // another value than before, else duplicate. A single object with nothing good is refused with 422 and the first code.
  // Imports (in.import) may be old but not in the future; their observations are marked late, so that they raise nothing.
  Answer take(const ReadingsIn& in, const std::vector<std::string>& patterns, Context& city, std::vector<Observation>& out, std::string_view area = {});
  Answer take(const RecordsIn& in, const std::vector<std::string>& patterns, Context& city, std::vector<Record>& out, std::string_view area = {});

  // Samples of a batch that are older than their point's newest and so need to be looked up in History before the
  // batch is logged (indices into batch.samples, with the point and time to read). Empty for ordinary, in-order data.
  struct Lookup { std::uint32_t sample; std::uint32_t slot; std::uint8_t point; Time at; };
  std::vector<Lookup> lookups(const ReadingsIn& in) const;

  // Verbs: asset.put asset.delete asset.silence asset.unsilence assets.import areas.import classes.import classes.ship unit.put unit.delete
  // source.put source.delete quarantine.reingest quarantine.drop (bodies: README.md). `out` and `records` receive what a
  // re-ingest lets through; without `records` a record stays in quarantine.
  static bool handles(std::string_view verb);
  Answer act(const ActionIn& in, const Actor& actor, Context& city, std::vector<Observation>& out,
             std::vector<Record>* records = nullptr);

  void started(const StartedIn& in, Context& city);    // silence before now counts for nothing
  void presence(const PresenceIn& in, Context& city);  // source and device health rows
  void tick(Context& city);                            // expired silences, source health; cheap when nothing is due

  const Register& tables() const { return register_; }
  Register& tables() { return register_; }
  // Connected systems as put; the revision grows with every change, so that the edge sees when to read them again.
  const std::map<std::string, SourceSpec, std::less<>>& sources() const { return sources_; }
  std::uint64_t sources_rev() const { return sources_rev_; }
  const Quarantine& quarantine() const { return quarantine_; }
  Quarantine& quarantine() { return quarantine_; }

  void encode(Writer& out) const;
  void decode(Reader& in);

 private:
  struct Sent {              // what the gate needs to know of an input
    const AssetPatterns* patterns = nullptr;  // null: covers all
    Time arrival{};
    bool import = false;
    std::string_view only_point{};            // of a re-ingest: the others went through before
    std::string_view area{};                  // empty: the whole city
  };
  enum class Placed : std::uint8_t { fresh, late, duplicate, corrected, corrected_late };

  void gate(const ReadingBatch& batch, const Sent& sent, Context& city, Findings& found, std::vector<Observation>& out);
  void gate_message(const ReadingBatch& batch, const ReadingBatch::Message& m, AssetIndex::Entry* asset, const Sent& sent,
                    Findings& found, std::vector<Observation>& out);
  void ready_index(const Context& city);
  const Code* gate_sample(const ReadingBatch::Sample& sample, const PointGate& point, double number, Quality& quality,
                          std::string& detail) const;
  Placed place(Head& head, const Observation& seen, const ReadingBatch& batch, std::uint32_t sample);
  // Calls visit(message, entry or null) for each message in order, and has the next ones' memory fetched meanwhile.
  template <class Visit>
  void each_resolved(const ReadingBatch& batch, Visit&& visit) const;
  void gate_record(const RecordIn& in, const Sent& sent, const Context& city, Findings& found, std::vector<Record>& out);
  const AssetPatterns* patterns_of(const std::string& principal, const std::vector<std::string>& patterns);
  void count_health(std::string_view source, Time arrival, const Findings& found, Context& city);
  void put_health(std::string_view key, Health& health, Context& city);

  // register verbs (register_verbs.cc, register_import.cc, area_verbs.cc, source_verbs.cc, quarantine_verbs.cc)
  Answer put_asset(const ActionIn& in, const Actor& actor, Context& city);
  Answer delete_asset(const ActionIn& in, const Actor& actor, Context& city);
  Answer silence_asset(const ActionIn& in, const Actor& actor, Context& city);
  Answer unsilence_asset(const ActionIn& in, const Actor& actor, Context& city);
  Answer import_assets(const ActionIn& in, const Actor& actor, Context& city);
  Answer import_classes(const ActionIn& in, const Actor& actor, Context& city);
  Answer import_areas(const ActionIn& in, const Actor& actor, Context& city);
  Answer put_unit(const ActionIn& in, const Actor& actor, Context& city);
  Answer delete_unit(const ActionIn& in, const Actor& actor, Context& city);
  Answer put_source(const ActionIn& in, const Actor& actor, Context& city);
  Answer delete_source(const ActionIn& in, const Actor& actor, Context& city);
  Answer reingest(const ActionIn& in, const Actor& actor, Context& city, std::vector<Observation>& out, std::vector<Record>* records);
  Answer drop(const ActionIn& in, const Actor& actor, Context& city);
  enum class Change : std::uint8_t { created, updated, unchanged };
  // Finds the area, checks the actor's scope for the old and the new one, gives revision and slot, emits.
  Result<Change> store_asset(Asset asset, const Actor& actor, Context& city);
  void keep_silence(const Asset& asset, std::optional<Silence> silence, const std::string& by, std::string kind, Context& city);
  void rehome_assets(const std::string& by, Context& city);
  Result<void> reingest_one(const QuarantineItem& item, Context& city, std::vector<Observation>& out, std::vector<Record>* records);

  Register register_;
  Heads heads_;
  RecentSamples recent_;
  RecordMemory records_;
  Quarantine quarantine_;
  std::map<std::string, SourceSpec, std::less<>> sources_;
  std::map<std::string, Health, std::less<>> health_;  // by source name, or `credential:…`
  std::uint64_t sources_rev_ = 0;
  Time last_health_{};

  // Follow from the above.
  KindGates kinds_;
  std::uint64_t kinds_version_ = 0;                    // that index_ knows
  AssetIndex index_;
  std::set<std::pair<Time, std::string>> silences_;    // by end
  std::unordered_map<std::string, AssetPatterns> patterns_;
};

}  // namespace cityloop
