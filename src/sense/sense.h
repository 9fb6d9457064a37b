// SPDX-License-Identifier: Apache-2.0
// The city's senses: gates what arrives, owns the register of assets, areas, units and sources, keeps quarantine.
// City thread only. Decoders (decode.h, source.h) are pure functions that edge threads call before an input exists.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/context.h"
#include "sense/source.h"

namespace cityloop {

class Sense {
 public:
  // Gates one batch in order: asset known and covered by `patterns` (glob list, empty = all), point, unit, range, time, duplicate,
  // correction, lateness. Good values go to `out`; bad ones become QuarantineItem events. The answer is the document
  // of architecture §5: {"accepted","duplicate","corrected","quarantined":[{"index","point"?,"code","detail"}]};
  // counts are messages. A message counts accepted when one value was good, duplicate when all its good values were duplicates.
  Answer take(const ReadingsIn& in, const std::vector<std::string>& patterns, Context& city, std::vector<Observation>& out);
  Answer take(const RecordsIn& in, const std::vector<std::string>& patterns, Context& city, std::vector<Record>& out);

  // Samples of a batch that are older than their point's newest and so need to be looked up in History before the
  // batch is logged (indices into batch.samples, with the point and time to read). Empty for ordinary, in-order data.
  struct Lookup { std::uint32_t sample; std::uint32_t slot; std::uint8_t point; Time at; };
  std::vector<Lookup> lookups(const ReadingsIn& in) const;

  // Verbs: asset.put asset.delete asset.silence asset.unsilence assets.import areas.import unit.put unit.delete
  // source.put source.delete quarantine.reingest quarantine.drop. `out` receives what a re-ingest lets through.
  static bool handles(std::string_view verb);
  Answer act(const ActionIn& in, const Actor& actor, Context& city, std::vector<Observation>& out);

  void presence(const PresenceIn& in, Context& city);  // source and device health rows
  void tick(Context& city);                            // expired silences, source health

  const Register& tables() const { return register_; }
  Register& tables() { return register_; }

  void encode(Writer& out) const;
  void decode(Reader& in);
};

}  // namespace cityloop
