// SPDX-License-Identifier: Apache-2.0
// An expression on the first line, then samples of three bytes (asset and point, seconds on, value). What compiles runs on a whole
// engine: it never fails, its state survives the checkpoint's form byte for byte, and every why that it leaves can be run again and
// agrees (absence, which asks when anything at all was heard, is left to the proof test).
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "analyse/test_city.h"

namespace {

using namespace cityloop;

void check(TestCity& city, bool whys) {
  for (const Event& event : city.events) {
    if (!whys) break;
    const auto* alarm = std::get_if<Alarm>(&event.body);
    if (alarm == nullptr || alarm->state != AlarmState::firing || !alarm->why.steps.back().state.starts_with("firing")) continue;
    if (alarm->why.level != alarm->level) continue;  // a fall keeps the why of the rise
    const auto verdict = verify_why(alarm->why);
    if (verdict && (verdict->agrees || verdict->because.find("left out") != std::string::npos)) continue;
    for (const WhySample& one : alarm->why.samples)
      std::fprintf(stderr, "%s %s at %s\n", one.point.c_str(), format_decimal(one.value).c_str(), format_time(one.at).c_str());
    std::fprintf(stderr, "%s %s\n%s\n", alarm->asset.c_str(),  alarm->why.rule_text.c_str(), verdict ? verdict->because.c_str() : verdict.error().detail.c_str());
    std::abort();
  }
  city.events.clear();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(bytes), size);
  const std::size_t line = std::min(input.find('\n'), size);
  const std::string expression(input.substr(0, line));
  Pack pack = test_pack({test_rule("r", {at_level(Level::yellow, expression, 60), at_level(Level::red, expression, 180)})});
  pack.tables = {{"curve", {{0, 0}, {10, 5}, {50, 100}}}};
  auto packs = Packs::create({pack});
  if (!packs || !Analyse().set_packs(std::make_shared<const Packs>(*packs))) return 0;
  const bool whys = expression.find("absent") == std::string::npos;
  TestCity city(std::move(pack));
  city.add("b", 120);
  for (std::size_t i = line + 1; i + 2 < size; i += 3) {
    city.now += 1 + bytes[i + 1];  // a correction of the same time leaves no trace of what it replaced
    city.see(city.now, bytes[i + 2] / 2.0, bytes[i] % 3, (bytes[i] & 4) != 0 ? "b" : "a");
    if ((bytes[i] & 8) != 0) city.tick(city.now + bytes[i + 1]);
    check(city, whys);
  }
  city.tick(city.now + 600);
  check(city, whys);
  const std::string saved = city.saved();
  Analyse again;
  if (!again.set_packs(city.packs)) std::abort();
  Reader in(saved);
  again.decode(in);
  if (!in.ok() || !in.done() || encoded(again) != saved) std::abort();
  return 0;
}
