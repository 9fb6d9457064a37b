// SPDX-License-Identifier: Apache-2.0
// Whole packs of any bytes: refused with a sentence, or taken; what is taken is the same when read again, and its rules compile or say
// why not. A mended pack must never be worse than a broken one: the engine keeps the packs that it had.
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string_view>

#include "analyse/analyse.h"
#include "core/pack.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace cityloop;
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  Result<Pack> pack = parse_pack("fuzzed", text);
  if (!pack) {
    if (pack.error().detail.empty()) std::abort();
    return 0;
  }
  const Result<Pack> again = parse_pack("fuzzed", pack->text);
  if (!again || again->digest != pack->digest) std::abort();
  Result<Packs> packs = Packs::create({std::move(*pack)});
  if (!packs) return 0;
  Analyse analyse;
  const auto set = analyse.set_packs(std::make_shared<const Packs>(std::move(*packs)));
  if (!set && set.error().detail.empty()) std::abort();
  return 0;
}
