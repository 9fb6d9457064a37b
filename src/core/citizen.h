// SPDX-License-Identifier: Apache-2.0
// People without an account: the principal under which they act, and the bounds of what they may do. The public's page is
// open to anybody who finds it, so each bound has its reason here, as those of core/limits.h have theirs.
#pragma once

#include <cstddef>
#include <string_view>

#include "core/limits.h"

namespace cityloop {

// Holds no role: what it may do is asked for by name in command_citizen.cc, access.cc and command_desk.cc.
inline constexpr std::string_view kPublic = "public";

namespace limits {

inline constexpr Millis kUnsolvedWindow = 24h * 7;       // 没解决 reopens a closed case this long: web.md §1
static_assert(kUnsolvedWindow <= kClosedCaseKept, "a case that has left memory cannot be reopened");
inline constexpr std::size_t kCitizenPhotos = 9;         // of one report: domain.md §3.19
inline constexpr std::size_t kCitizenBodyBytes = 32u << 10;  // a report without its photos: text, place, names of photos
inline constexpr std::size_t kCitizenKeyLeast = 32;      // characters of the key that the page draws: a UUID has 36
inline constexpr std::string_view kCitizenPromise = "5WD";  // where the class has no limit: when to expect an answer
inline constexpr std::size_t kCitizenNearby = 3;         // similar cases shown: web.md §1
inline constexpr std::size_t kCitizenCasesRead = 3'000;  // open cases of one class looked at for them, newest first
inline constexpr std::size_t kCitizenPlaces = 50;        // toilets, car parks, parks of one answer
inline constexpr double kCitizenPlacesRadius_m = 10'000; // beyond it nobody walks; then the district helps

// Of one address. An office or a mobile network shares one, so bursts are wide and what follows is slow.
inline constexpr double kCitizenCallsPerSecond = 10;     // a follow page asks every 20 s
inline constexpr double kCitizenCallsBurst = 300;
inline constexpr double kCitizenReportsPerSecond = 1.0 / 60;  // reports, me-toos, unsolved, ratings
inline constexpr double kCitizenReportsBurst = 20;
inline constexpr double kCitizenPhotosPerSecond = 1.0 / 20;
inline constexpr double kCitizenPhotosBurst = 40;
inline constexpr double kCitizenGuessesPerSecond = 1.0 / 60;  // wrong follow keys
inline constexpr double kCitizenGuessesBurst = 20;
// Of all addresses together: a flood from many addresses must not fill the desk's inbox.
inline constexpr double kCitizenCityReportsPerSecond = 20;
inline constexpr double kCitizenCityReportsBurst = 1'000;

}  // namespace limits
}  // namespace cityloop
