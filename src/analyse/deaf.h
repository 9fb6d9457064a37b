// SPDX-License-Identifier: Apache-2.0
// Time in which nobody was listening, city-wide (principal "") or to one connection. It counts neither as absence nor as
// staleness (architecture §1, silence).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/codec.h"
#include "core/words.h"

namespace cityloop {

class DeafTimes {
 public:
  using Span = std::pair<std::int64_t, std::int64_t>;  // [from, to) in epoch ms

  void add(std::int64_t from, std::int64_t to, const std::string& principal);
  bool empty() const { return spans_.empty(); }

  // to - from without the time deaf to this asset: the city's own, its source's and its credential's.
  std::int64_t listened(std::int64_t from, std::int64_t to, const Asset* asset) const;
  // The moment at which `span` ms have been listened since `from`.
  std::int64_t after(std::int64_t from, std::int64_t span, const Asset* asset) const;

  std::vector<Span> spans_for(const Asset* asset, std::int64_t from) const;  // merged, ascending, ending after `from`

  void encode(Writer& out) const { cityloop::encode(out, spans_); }
  void decode(Reader& in) { cityloop::decode(in, spans_); }

 private:
  std::map<std::string, std::vector<Span>, std::less<>> spans_;  // by principal: disjoint, ascending
};

}  // namespace cityloop
